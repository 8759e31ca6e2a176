//! The dialogs of the actions as pictures, and no panic at any size.

use durascope::app::dialogs::Dialog;
use durascope::app::dialogs::clean::Clean;
use durascope::app::dialogs::form::Form;
use durascope::app::effect::Start;
use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Reply;
use durascope::app::event::Size;
use durascope::app::memory::Sent;
use durascope::app::model::Model;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::PreviewPurgeResponse;

use crate::fixtures::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn answers(model: &mut Model, outcome: Result<Answer, String>) {
    let id = model.calls[0].id;
    happens(model, Event::Reply(Reply { id, outcome }));
}

fn marked(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, "   ");
    model
}

fn matching(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    press_ctrl(&mut model, 'a');
    model
}

fn purge_matching(width: u16, height: u16) -> Model {
    let mut model = matching(width, height);
    press(&mut model, "x");
    let count = PreviewPurgeResponse {
        deleted: 1_205,
        kept: 3,
        unknown: 2,
    };
    answers(&mut model, Ok(Answer::PurgePreview(count)));
    press(&mut model, "2");
    model
}

fn running(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    let rows = (0..40)
        .map(|at| {
            row(
                &format!("order-{at:03}"),
                "Order",
                OrchestrationStatus::Running,
            )
        })
        .chain([row("z-done", "Order", OrchestrationStatus::Completed)])
        .collect();
    let update = answer(&model, rows);
    arrives(&mut model, update);
    press_ctrl(&mut model, 'a');
    press(&mut model, "t40y");
    answers(&mut model, Err("not found: no such instance".to_owned()));
    for _ in 0..9 {
        answers(&mut model, Ok(Answer::Done));
    }
    model
}

fn results(width: u16, height: u16) -> Model {
    let mut model = running(width, height);
    while !model.calls.is_empty() {
        answers(&mut model, Ok(Answer::Done));
    }
    press(&mut model, "jj");
    model
}

fn raise_marked(width: u16, height: u16) -> Model {
    let mut model = marked(width, height);
    press(&mut model, "ePriceListChanged");
    press_key(&mut model, Code::Tab);
    press(&mut model, "{\"by\": \"sam\",");
    model
}

fn start_again(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, "A");
    let start = Start {
        name: "OrderBatch".to_owned(),
        version: Some("2.1".to_owned()),
        tags: [("team".to_owned(), "orders".to_owned())].into(),
        input: Some("{\"batch\":\"2026-11-24\",\"items\":1000}".to_owned()),
        ..Start::default()
    };
    answers(&mut model, Ok(Answer::StartedWith(Box::new(start))));
    model
}

fn with(dialog: Dialog, width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    model.dialogs.push(dialog);
    model
}

fn signal(width: u16, height: u16) -> Model {
    let known = vec!["add".to_owned(), "reset".to_owned()];
    let form = Form::signal("@counter@global".to_owned(), known, Sent::default());
    let mut model = with(Dialog::Form(form), width, height);
    press(&mut model, "add");
    press_key(&mut model, Code::Tab);
    press(&mut model, "5");
    model
}

fn opened(keys: &str, width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, keys);
    model
}

fn read_only(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    model.settings.read_only = true;
    press(&mut model, "a");
    model
}

type Make = fn(u16, u16) -> Model;

const ALL: [(&str, Make); 19] = [
    ("marked", marked),
    ("marked_matching", matching),
    ("terminate_marked", |width, height| {
        let mut model = marked(width, height);
        press(&mut model, "t");
        model
    }),
    ("purge_matching", purge_matching),
    ("suspend_matching", |width, height| {
        let mut model = matching(width, height);
        press(&mut model, "z");
        model
    }),
    ("run", running),
    ("results", results),
    ("raise_marked", raise_marked),
    ("restart", |width, height| opened("jR", width, height)),
    ("restart_new_id", |width, height| opened("R", width, height)),
    ("rewind", |width, height| opened("jw", width, height)),
    ("force", |width, height| opened("tf", width, height)),
    ("start_new", |width, height| opened("n", width, height)),
    ("start_again_reading", |width, height| {
        opened("A", width, height)
    }),
    ("start_again", start_again),
    ("signal", signal),
    ("clean", |width, height| {
        with(Dialog::Clean(Clean::default()), width, height)
    }),
    ("menu", |width, height| opened("a", width, height)),
    ("menu_read_only", read_only),
];

#[test]
fn dialogs_of_actions() {
    for (name, make) in ALL {
        for (width, height) in SIZES {
            let picture = drawn(&make(width, height), COLOR);
            insta::assert_snapshot!(format!("act_{name}_{width}x{height}"), picture);
        }
    }
}

#[test]
fn no_size_is_too_small_for_a_dialog() {
    for (_, make) in ALL {
        let mut model = make(100, 30);
        for width in (1..140).step_by(7) {
            for height in (1..50).step_by(4) {
                happens(&mut model, Event::Resize(Size { width, height }));
                drawn(&model, COLOR);
            }
        }
    }
}
