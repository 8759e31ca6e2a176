//! The inner tabs of an instance: clicks and the wheel, zoom, runs of events, cells with words.

use std::sync::Arc;

use durascope::app::effect::Effect;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::hit::Hit;
use durascope::app::hit::Mouse;
use durascope::app::look::Theme;
use durascope::app::model::Model;
use durascope::app::topic::Told;
use durascope::ui::Look;
use durascope::ui::hits;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::TaskCompletedEvent;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::history::HistoryIndex;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::read_history_request::Order;
use durascope_proto::monitor::task::State;

use crate::fixtures::*;
use crate::list_fixtures::event;
use crate::list_fixtures::on_history;
use crate::list_fixtures::request_of;
use crate::list_fixtures::tells;
use crate::views_data::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];
const PLAIN: Look = Look {
    theme: Theme::Mono,
    ascii: true,
};

fn pictures(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn mouse(model: &mut Model, mouse: Mouse, x: u16, y: u16) -> Option<Hit> {
    let hit = hits::at(model, COLOR, x, y);
    happens(model, Event::Mouse { mouse, x, y, hit });
    hit
}

/// Where `text` is on screen.
fn place_of(model: &Model, text: &str) -> (u16, u16) {
    let picture = drawn(model, COLOR);
    let found = picture.lines().enumerate().find_map(|(y, line)| {
        let at = line.find(text)?;
        // Lines stand in quotes.
        Some((line[..at].chars().count() - 1, y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("{text} is not on screen: {picture}"));
    let of = |it: usize| u16::try_from(it).expect("on screen");
    (of(x), of(y))
}

/// A fan-out of `count`: one turn schedules all, and then each result has its turn, but for the
/// last `count / 2`, which come together.
fn fan_out_history(count: i32) -> Vec<HistoryEvent> {
    let mut all = Vec::new();
    let mut add = |id: i32, what: EventType| {
        let second = i64::try_from(all.len()).expect("few events");
        all.push(event(id, 3_600 - second, what));
    };
    let turn = || EventType::OrchestratorStarted(OrchestratorStartedEvent {});
    let done = |id: i32| {
        EventType::TaskCompleted(TaskCompletedEvent {
            task_scheduled_id: id,
            result: Some("{\"ok\":true}".to_owned()),
        })
    };
    add(-1, turn());
    for id in 1..=count {
        let scheduled = TaskScheduledEvent {
            name: "ProcessItem".to_owned(),
            input: Some(format!("{{\"id\":\"item-{id:04}\"}}")),
            ..TaskScheduledEvent::default()
        };
        add(id, EventType::TaskScheduled(scheduled));
    }
    for id in 1..=count {
        if id <= count / 2 {
            add(-1, turn());
        }
        add(-1, done(id));
    }
    all
}

/// The answer of a server to what the history asks.
fn answers(model: &mut Model, events: &[HistoryEvent]) -> Arc<HistoryPage> {
    let mut index = HistoryIndex::default();
    events.iter().for_each(|event| index.push(event));
    let page = index.page(&request_of(model), |number| {
        let at = usize::try_from(number - 1).ok()?;
        events.get(at).cloned()
    });
    let page = Arc::new(HistoryPage {
        execution_id: "6f0c".to_owned(),
        ..page
    });
    tells(model, Told::History(Arc::clone(&page)));
    page
}

/// Presses keys, and lets the server answer what is asked then.
fn goes(model: &mut Model, keys: &str, events: &[HistoryEvent]) {
    press(model, keys);
    answers(model, events);
    answers(model, events);
}

fn on_runs(width: u16, height: u16, events: &[HistoryEvent]) -> Model {
    let mut model = on_history(width, height, 0);
    answers(&mut model, events);
    model
}

/// Number of the selected event, and whether it stands for a folded run.
fn selected(model: &Model) -> (u64, bool) {
    let instance = model.screens.top_instance().expect("an instance");
    let entry = instance.history.selected().expect("an event");
    (entry.number, entry.run.is_some_and(|it| it.folded))
}

#[test]
fn pictures_of_runs() {
    let events = fan_out_history(1_000);
    pictures("history_runs", |width, height| {
        let mut model = on_runs(width, height, &events);
        goes(&mut model, "ssjj", &events);
        press(&mut model, "s");
        answers(&mut model, &events);
        press(&mut model, "j");
        model
    });
    pictures("history_runs_unfolded", |width, height| {
        let mut model = on_runs(width, height, &events);
        goes(&mut model, "", &events);
        press_key(&mut model, Code::Enter);
        answers(&mut model, &events);
        press(&mut model, "jj");
        model
    });
}

#[test]
fn a_run_is_one_line_until_it_is_unfolded() {
    let events = fan_out_history(1_000);
    let mut model = on_runs(80, 24, &events);
    let all = u64::try_from(events.len()).unwrap();
    assert_eq!(
        selected(&model),
        (all - 500, true),
        "the newest 500 results"
    );
    // Unfolded, newest first, the cursor is on the newest of them.
    press_key(&mut model, Code::Enter);
    answers(&mut model, &events);
    assert_eq!(selected(&model), (all, false));
    goes(&mut model, "jjj", &events);
    assert_eq!(selected(&model), (all - 3, false));
    // Folded again, the run's line has the cursor, and is left as one line.
    goes(&mut model, "h", &events);
    assert_eq!(selected(&model), (all - 500, true));
    goes(&mut model, "j", &events);
    assert_eq!(selected(&model), (all - 501, false));
    goes(&mut model, "G", &events);
    assert_eq!(selected(&model), (1, false));
    goes(&mut model, "k", &events);
    assert_eq!(selected(&model), (2, true));
    // All of them at once: the cursor keeps its event.
    goes(&mut model, "c", &events);
    assert_eq!(selected(&model), (2, false));
    goes(&mut model, "kkk", &events);
    assert_eq!(selected(&model), (5, false));
    goes(&mut model, "c", &events);
    assert_eq!(selected(&model), (2, true));
    // By size, each event is alone.
    goes(&mut model, "ss", &events);
    assert_eq!(request_of(&model).order(), Order::LargestFirst);
    assert!(!request_of(&model).fold_runs);
    assert!(!selected(&model).1);
}

#[test]
fn a_pair_is_found_in_a_run_and_a_growing_run_keeps_the_cursor() {
    let events = fan_out_history(6);
    // 1 turn, 2–7 scheduled, then turns with a result each, and 3 results together.
    let mut model = on_runs(120, 36, &events);
    goes(&mut model, "jj", &events);
    let before = selected(&model);
    assert!(!before.1, "{before:?}");
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", &events);
    let instance = model.screens.top_instance().unwrap();
    let pair = instance.history.selected().unwrap();
    assert_eq!((pair.pair, pair.run.is_some()), (before.0, true));
    // Back again.
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", &events);
    assert_eq!(selected(&model), before);

    // Two results are two lines; with the third they are one, which has the cursor.
    let mut model = on_runs(120, 36, &events[..events.len() - 2]);
    goes(&mut model, "j", &events[..events.len() - 2]);
    assert_eq!(selected(&model), (13, false));
    answers(&mut model, &events[..events.len() - 1]);
    assert!(selected(&model).1);
}

#[test]
fn an_event_is_written_to_a_file_of_its_own() {
    let mut model = on_history(80, 24, 120);
    let kept = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|it| match it {
            Effect::Keep { name, content } => Some((name, content)),
            _ => None,
        })
    };
    let (name, content) = kept(press(&mut model, "W")).expect("a file");
    assert_eq!(name, "batch-2026-11-24-event-120.json");
    assert!(content.contains("\"kind\": \"TaskScheduled\""), "{content}");
    assert!(content.contains("12.340000000000000001"), "{content}");
    let events = fan_out_history(1_000);
    let mut model = on_runs(80, 24, &events);
    assert_eq!(kept(press(&mut model, "W")), None, "a run is no event");
}

#[test]
fn lists_take_clicks_and_the_wheel() {
    // The history: a line, its text, and a fold in it.
    let mut model = on_history(120, 36, 120);
    let (x, y) = place_of(&model, "117 17:06");
    mouse(&mut model, Mouse::Click, x, y);
    assert_eq!(selected(&model).0, 117);
    let (x, y) = place_of(&model, "members");
    mouse(&mut model, Mouse::Click, x, y);
    mouse(&mut model, Mouse::Click, x, y);
    assert!(!drawn(&model, COLOR).contains("sku: "), "folded");
    let (x, y) = place_of(&model, "119 17:06");
    mouse(&mut model, Mouse::WheelDown, x, y);
    assert_eq!(selected(&model).0, 114, "the wheel moves what is under it");
    mouse(&mut model, Mouse::Click, x, y);
    assert_eq!(selected(&model).0, 119);
    let (x, y) = place_of(&model, "newest first");
    mouse(&mut model, Mouse::Click, x, y);
    assert_eq!(request_of(&model).order(), Order::OldestFirst);

    // Batches and timeline: a line.
    let mut model = on_tab(120, 36, 2, made(waves(), 9));
    let top = |model: &Model| model.screens.top_instance().unwrap().batches.index;
    press(&mut model, "g");
    let (x, y) = place_of(&model, "▌");
    mouse(&mut model, Mouse::Click, x + 4, y + 2);
    assert_eq!(top(&model), 2);
    mouse(&mut model, Mouse::WheelUp, x + 4, y);
    assert_eq!(top(&model), 0);
    let mut model = on_tab(120, 36, 3, made(few(), 6));
    press(&mut model, "g");
    let (x, y) = place_of(&model, "▌");
    mouse(&mut model, Mouse::Click, x + 60, y + 2);
    assert_eq!(model.screens.top_instance().unwrap().timeline.index, 2);
}

#[test]
fn cells_take_clicks_with_words_and_without() {
    let cell = |model: &Model| {
        let it = model.screens.top_instance().unwrap();
        it.grid.cell(it.tasks.as_ref().unwrap())
    };
    let mut model = on_tab(120, 36, 1, made(few(), 6));
    let (x, y) = place_of(&model, "#3 ");
    mouse(&mut model, Mouse::Click, x + 2, y);
    assert_eq!(cell(&model), 2);
    mouse(&mut model, Mouse::Click, x + 2, y);
    let tab = model.screens.top_instance().unwrap().tab;
    assert_eq!(tab.title(), "Tree", "a second click opens");

    let mut model = on_tab(100, 30, 1, made(fan_out(), 412));
    let columns = model.screens.top_instance().unwrap().grid.layout.columns;
    press(&mut model, "g");
    let (x, y) = place_of(&model, "◓");
    mouse(&mut model, Mouse::Click, x + 7, y + 2);
    assert_eq!(cell(&model), 4 * columns + 7);
    mouse(&mut model, Mouse::WheelDown, x, y);
    assert_eq!(cell(&model), 7 * columns + 7);
    // Beyond the last cell there is nothing.
    let before = cell(&model);
    let bottom = model.screens.top_instance().unwrap().grid.cells.len() / columns / 2;
    mouse(
        &mut model,
        Mouse::Click,
        x,
        y + u16::try_from(bottom).unwrap() + 1,
    );
    assert_eq!(cell(&model), before);
}

#[test]
fn what_is_marked_is_compared() {
    let sides = |keys: &str| {
        let mut model = on_overview(120, 36);
        press(&mut model, keys);
        let it = model.screens.top_compare();
        let sides = it.map(|it| [it.left.clone(), it.right.clone()]);
        (sides, model)
    };
    let ids: Vec<String> = rows()
        .into_iter()
        .map(|it| it.instance_id)
        .take(3)
        .collect();
    // Space marks and goes on: two marked, wherever the cursor is.
    let mut two = [ids[0].clone(), ids[1].clone()];
    two.sort();
    assert_eq!(sides("g  G=").0, Some(two));
    // One marked, and the cursor elsewhere.
    let one = [ids[0].clone(), ids[2].clone()];
    assert_eq!(sides("g j=").0, Some(one));
    // The marked one alone: with which?
    let (none, model) = sides("g k=");
    assert!(none.is_none() && model.dialogs.len() == 1);
    let (none, model) = sides("g   =");
    assert!(none.is_none());
    let said = model.toasts.last().map(|it| it.text.as_str());
    assert_eq!(said, Some("3 are marked; two can be compared"));
}

#[test]
fn a_theme_without_colours_gives_each_cell_a_sign() {
    let mut model = on_tab(100, 30, 1, made(fan_out(), 412));
    let halves = |model: &Model| model.screens.top_instance().unwrap().grid.layout.halves;
    assert!(halves(&model));
    press(&mut model, ":theme mono");
    press_key(&mut model, Code::Enter);
    assert!(!halves(&model), "as soon as it is chosen");
    let picture = drawn(&model, PLAIN);
    assert!(picture.contains('='), "running: {picture}");
}

#[test]
fn pictures_of_few_cells_and_of_zoom() {
    pictures("grid_few", |width, height| {
        let mut model = on_tab(width, height, 1, made(few(), 6));
        press(&mut model, "jj");
        model
    });
    pictures("grid_some", |width, height| {
        on_tab(width, height, 1, made(some(150), 6))
    });
    pictures("zoomed_grid", |width, height| {
        let mut model = on_tab(width, height, 1, made(some(150), 6));
        press(&mut model, "Z");
        model
    });
    pictures("zoomed_timeline", |width, height| {
        let mut model = on_tab(width, height, 3, made(few(), 6));
        press(&mut model, "Z");
        model
    });
    pictures("zoomed_batches", |width, height| {
        let mut model = on_tab(width, height, 2, made(waves(), 9));
        press(&mut model, "Z");
        model
    });
    pictures("zoomed_history", |width, height| {
        let mut model = on_history(width, height, 120);
        press(&mut model, "Z");
        model
    });
}

/// So many tasks that a cell of words has room for little.
fn some(count: usize) -> Plan {
    let mut plan = few();
    while plan.tasks.len() < count {
        let at = plan.tasks.len();
        let took = f64::from(u32::try_from(at % 7).expect("small")) / 2.0 + 0.5;
        let state = if at.is_multiple_of(31) {
            State::Failed
        } else {
            State::Completed
        };
        plan.add("ProcessItem", 2, state, [20.0, 10.0, 10.0 - took]);
    }
    plan
}
