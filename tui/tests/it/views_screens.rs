//! The views of an instance as pictures, and no panic at any size.

use durascope::app::event::Event;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::topic::Told;
use durascope::data::tasks::Tasks;
use durascope::ui::Look;
use durascope::ui::theme::Theme;
use durascope_proto::monitor::TasksUpdate;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::fixtures::*;
use crate::views_data::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];
const PLAIN: Look = Look {
    theme: Theme::Mono,
    ascii: true,
};

fn shows(name: &str, look: Look, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let mut model = make(width, height);
        model.theme = look.theme;
        model.ascii = look.ascii;
        happens(&mut model, Event::Resize(Size { width, height }));
        let picture = drawn(&model, look);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn empty() -> Tasks {
    let mut tasks = Tasks::new(true);
    tasks.apply(TasksUpdate {
        found: true,
        reset: true,
        execution_id: EXECUTION.to_owned(),
        ..TasksUpdate::default()
    });
    tasks
}

fn refused() -> Told {
    Told::Refused("this server does not tell that; the durascope emulator does".to_owned())
}

/// The views with their names and how far right of the tree they are.
const TABS: [(&str, usize); 3] = [("grid", 1), ("batches", 2), ("timeline", 3)];

#[test]
fn views_without_tasks_say_why() {
    for (name, steps) in TABS {
        shows(&format!("{name}_empty"), COLOR, |width, height| {
            on_tab(width, height, steps, empty())
        });
        shows(&format!("{name}_refused"), COLOR, |width, height| {
            let mut model = on_instance(width, height, tree());
            press(&mut model, &"]".repeat(steps));
            told(&mut model, refused());
            model
        });
    }
}

#[test]
fn views_of_a_fan_out() {
    for (name, steps) in TABS {
        shows(&format!("{name}_normal"), COLOR, |width, height| {
            let mut model = on_tab(width, height, steps, made(fan_out(), 412));
            press(&mut model, "S");
            model
        });
        shows(&format!("{name}_plain"), PLAIN, |width, height| {
            on_tab(width, height, steps, made(fan_out(), 412))
        });
    }
    shows("grid_latency", PLAIN, |width, height| {
        let mut model = on_tab(width, height, 1, made(fan_out(), 412));
        press(&mut model, "cF");
        model
    });
}

#[test]
fn views_of_waves() {
    for (name, steps) in TABS {
        shows(&format!("{name}_waves"), COLOR, |width, height| {
            on_tab(width, height, steps, made(waves(), 700))
        });
    }
    shows("timeline_few", COLOR, |width, height| {
        let mut model = on_tab(width, height, 3, made(few(), 6));
        press(&mut model, "j");
        model
    });
    shows("timeline_zoomed", COLOR, |width, height| {
        let mut model = on_tab(width, height, 3, made(few(), 6));
        press(&mut model, "++l");
        model
    });
    shows("timeline_without_starts", COLOR, |width, height| {
        let mut tasks = Tasks::new(false);
        let mut plan = few();
        for task in &mut plan.tasks {
            task.started_at = 0;
            task.worker = 0;
            if task.state == durascope_proto::monitor::task::State::Running as i32 {
                task.state = durascope_proto::monitor::task::State::Queued as i32;
            }
        }
        tasks.apply(plan.update(6));
        on_tab(width, height, 3, tasks)
    });
}

#[test]
fn views_of_a_hundred_thousand() {
    let tasks = made(huge(), 10);
    for (name, steps) in TABS {
        shows(&format!("{name}_huge"), COLOR, |width, height| {
            let mut model = on_tab(width, height, steps, tasks.clone());
            press(&mut model, "F");
            model
        });
    }
}

#[test]
fn the_tree_with_single_tasks() {
    shows("tree_items", COLOR, |width, height| {
        on_tab(width, height, 0, made(fan_out(), 412))
    });
    shows("tree_failure", COLOR, |width, height| {
        let mut model = on_tab(width, height, 0, made(fan_out(), 412));
        press(&mut model, "F");
        model
    });
    shows("tree_slowest", COLOR, |width, height| {
        let mut model = on_tab(width, height, 0, made(fan_out(), 412));
        press(&mut model, "S");
        model
    });
}

fn comparing(width: u16, height: u16, answer: Option<Told>) -> Model {
    let mut model = on_tab(width, height, 0, made(fan_out(), 412));
    press(&mut model, "=batch-2026-11-23");
    press_key(&mut model, durascope::app::event::Code::Enter);
    if let Some(answer) = answer {
        told(&mut model, answer);
    }
    model
}

#[test]
fn comparisons() {
    shows("compare_asks", COLOR, |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "=");
        model
    });
    shows("compare_normal", COLOR, |width, height| {
        let mut other = fan_out();
        other.tasks.truncate(1_990);
        for task in &mut other.tasks[500..] {
            task.finished_at += 900;
        }
        let answer = Told::Compare(made(fan_out(), 412), made(other, 380));
        comparing(width, height, Some(answer))
    });
    shows("compare_huge", COLOR, |width, height| {
        let answer = Told::Compare(made(huge(), 10), made(waves(), 700));
        comparing(width, height, Some(answer))
    });
    shows("compare_empty", COLOR, |width, height| {
        comparing(width, height, Some(Told::Compare(empty(), empty())))
    });
    shows("compare_missing", COLOR, |width, height| {
        let answer = Told::Compare(made(few(), 6), Tasks::new(true));
        comparing(width, height, Some(answer))
    });
    shows("compare_refused", COLOR, |width, height| {
        comparing(width, height, Some(refused()))
    });
}

fn everything() -> Vec<Model> {
    let mut models = Vec::new();
    for steps in 0..4 {
        for plan in [fan_out(), waves(), few()] {
            let mut model = on_tab(100, 30, steps, made(plan, 9));
            press(&mut model, "SjF");
            models.push(model);
        }
        models.push(on_tab(100, 30, steps, empty()));
    }
    let answer = Told::Compare(made(fan_out(), 412), made(waves(), 380));
    models.push(comparing(100, 30, Some(answer)));
    let mut asking = on_instance(100, 30, tree());
    press(&mut asking, "=");
    models.push(asking);
    models
}

#[test]
fn no_size_panics_and_no_line_is_too_long() {
    for model in &mut everything() {
        for width in (1..=140).step_by(13) {
            for height in (1..=50).step_by(7) {
                happens(model, Event::Resize(Size { width, height }));
                drawn(model, COLOR);
                model.ascii = true;
                happens(model, Event::Resize(Size { width, height }));
                drawn(model, PLAIN);
                model.ascii = false;
            }
        }
    }
}

#[test]
fn plain_views_are_plain_and_tell_the_states_apart() {
    for model in &mut everything() {
        model.ascii = true;
        happens(
            model,
            Event::Resize(Size {
                width: 120,
                height: 36,
            }),
        );
        let text = drawn(model, PLAIN);
        assert!(text.is_ascii(), "{text}");
    }
    let mut model = on_tab(120, 36, 1, made(fan_out(), 412));
    model.ascii = true;
    let size = model.size;
    happens(&mut model, Event::Resize(size));
    let text = drawn(&model, PLAIN);
    for sign in [
        "x 4 failed",
        "! 1 straggling",
        "= 8 running",
        ". 248 queued",
        "# 1 744 done",
    ] {
        assert!(text.contains(sign), "{sign} is missing: {text}");
    }
}

#[test]
fn the_two_tasks_of_one_character_have_their_own_colours() {
    let model = on_tab(100, 30, 1, made(fan_out(), 412));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
    durascope::ui::view(&model, COLOR, &mut buffer);
    let colours = |x: u16, y: u16| (buffer[(x, y)].fg, buffer[(x, y)].bg);
    let failed = (0..30)
        .flat_map(|y| (0..100).map(move |x| (x, y)))
        .filter(|(x, y)| {
            buffer[(*x, *y)].symbol() == "▀" && {
                let (upper, lower) = colours(*x, *y);
                upper == ratatui::style::Color::Red || lower == ratatui::style::Color::Red
            }
        })
        .count();
    assert_eq!(failed, 4, "each failed task is red, above or below");
    let cursor = buffer.content.iter().find(|it| it.symbol() == "◓");
    assert!(cursor.is_some_and(|it| it.modifier.contains(Modifier::REVERSED)));
}
