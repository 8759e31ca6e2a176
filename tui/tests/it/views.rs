//! The views of an instance by what keys and messages do to them.

use durascope::app::action;
use durascope::app::dialogs::Dialog;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Key;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::screens::instance::Instance;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::window;
use durascope::data::tree::NodeKey;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::TasksUpdate;

use crate::fixtures::*;
use crate::views_data::*;

fn top(model: &Model) -> &Instance {
    model.screens.top_instance().expect("an instance is open")
}

fn cell(model: &Model) -> usize {
    let it = top(model);
    it.grid.cell(it.tasks.as_ref().expect("tasks are known"))
}

fn shown(model: &Model) -> i32 {
    let it = top(model);
    let index = it
        .grid
        .shown(it, model.server_now())
        .expect("there are tasks");
    let tasks = it.tasks.as_ref().expect("tasks are known");
    tasks.get(index).expect("it is one of them").id
}

#[test]
fn the_cursor_of_the_grid_goes_in_two_dimensions_and_stays_inside() {
    let mut model = on_tab(120, 36, 1, made(fan_out(), 412));
    let columns = top(&model).grid.layout.columns;
    let count = top(&model).grid.cells.len();
    assert_eq!(
        top(&model).grid.layout.per_cell,
        1,
        "2 005 tasks have a cell each"
    );
    for (keys, expected) in [
        ("k", 0),
        ("h", 0),
        ("l", 1),
        ("j", columns + 1),
        ("jjl", 3 * columns + 2),
        ("kh", 2 * columns + 1),
        ("G", count - 1),
        ("j", count - 1),
        ("l", count - 1),
        ("g", 0),
    ] {
        press(&mut model, keys);
        assert_eq!(cell(&model), expected, "after {keys}");
    }
    press_key(&mut model, Code::End);
    assert_eq!(cell(&model), count - 1);
    press_key(&mut model, Code::Home);
    press_key(&mut model, Code::Right);
    press_key(&mut model, Code::Down);
    assert_eq!(cell(&model), columns + 1);
}

#[test]
fn a_bucket_tells_its_worst_and_the_cursor_keeps_its_task_when_cells_change() {
    let mut model = on_tab(120, 36, 1, made(fan_out(), 412));
    press(&mut model, "F");
    let first = shown(&model);
    assert_eq!(first, 1_103);
    happens(
        &mut model,
        Event::Resize(Size {
            width: 40,
            height: 12,
        }),
    );
    assert!(top(&model).grid.layout.per_cell > 1);
    assert_eq!(shown(&model), first, "another size, the same task");
    press(&mut model, "lh");
    assert_eq!(shown(&model), first, "its cell shows the worst");
    press(&mut model, "F");
    assert_eq!(shown(&model), 1_108);
}

#[test]
fn updates_reach_the_grid_and_the_cursor_stays_until_another_execution_begins() {
    let mut model = on_tab(120, 36, 1, made(fan_out(), 412));
    press(&mut model, "G");
    let id = shown(&model);
    let mut plan = fan_out();
    for _ in 0..50 {
        plan.add(
            "More",
            413,
            durascope_proto::monitor::task::State::Queued,
            [1.0, -1.0, -1.0],
        );
    }
    told(&mut model, Told::Tasks(made(plan, 413)));
    assert_eq!(shown(&model), id);
    assert_eq!(top(&model).grid.cells.len(), 2_055);
    let mut tasks = made(few(), 6);
    tasks.apply(TasksUpdate {
        execution_id: "another".to_owned(),
        ..few().update(6)
    });
    told(&mut model, Told::Tasks(tasks));
    assert_eq!((cell(&model), top(&model).grid.cells.len()), (0, 5));
}

#[test]
fn a_stream_that_begins_anew_with_the_same_revision_is_not_taken_for_the_old_one() {
    let mut model = on_tab(120, 36, 1, made(few(), 6));
    assert_eq!(top(&model).grid.cells.len(), 5);
    told(&mut model, Told::Tasks(made(waves(), 6)));
    assert_eq!(top(&model).grid.cells.len(), 675);
}

#[test]
fn a_straggler_shows_once_it_is_one() {
    let mut model = on_tab(120, 36, 2, made(waves(), 700));
    press(&mut model, "[");
    let late = |model: &Model| top(model).grid.totals[1];
    assert_eq!(late(&model), 0);
    later(&mut model, 60);
    assert_eq!(
        late(&model),
        12,
        "they run for a minute, their siblings took three seconds"
    );
}

#[test]
fn enter_on_a_cell_shows_the_task_in_the_tree_or_opens_the_child() {
    let mut model = on_tab(120, 36, 1, made(fan_out(), 412));
    press(&mut model, "FF");
    let id = shown(&model);
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Tree));
    assert_eq!(top(&model).selected().unwrap().key, NodeKey::Task { id });
    press(&mut model, "]G");
    press_key(&mut model, Code::Enter);
    assert_eq!(top(&model).id, "ship-asia");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Grid));
    assert_eq!(shown(&model), 2_005);
}

#[test]
fn states_of_the_tree_unfold_to_single_tasks_page_by_page() {
    let mut model = on_tab(120, 36, 0, made(fan_out(), 412));
    let items = |model: &Model| {
        let is_task = |it: &&durascope::data::tree::Node| matches!(it.key, NodeKey::Task { .. });
        top(model).nodes.iter().filter(is_task).count()
    };
    assert_eq!(items(&model), 5, "a glance at what runs longest");
    let is_more = |it: &durascope::data::tree::Node| matches!(it.key, NodeKey::More { .. });
    let at = top(&model)
        .nodes
        .iter()
        .position(is_more)
        .expect("3 more run");
    press(&mut model, &"j".repeat(at + 1));
    press_key(&mut model, Code::Enter);
    assert_eq!(items(&model), 8);
    assert!(matches!(
        top(&model).selected().unwrap().key,
        NodeKey::Task { .. }
    ));
    // The queue: fifty, then a hundred.
    let queued = |it: &durascope::data::tree::Node| matches!(&it.key, NodeKey::State { state, .. } if *state == durascope::data::tree::TaskState::Queued);
    let at = top(&model).nodes.iter().position(queued).unwrap();
    press(&mut model, "g");
    press(&mut model, &"j".repeat(at + 1));
    press(&mut model, "l");
    assert_eq!(items(&model), 58);
    press(&mut model, &"j".repeat(51));
    press_key(&mut model, Code::Enter);
    assert_eq!(items(&model), 108);
}

#[test]
fn s_and_f_open_what_is_folded_and_go_there() {
    let mut model = on_tab(120, 36, 0, made(fan_out(), 412));
    press(&mut model, "S");
    assert_eq!(
        top(&model).selected().unwrap().key,
        NodeKey::Task { id: 1_015 }
    );
    press(&mut model, "g");
    for id in [1_103, 1_108, 1_392] {
        press(&mut model, "F");
        assert_eq!(top(&model).selected().unwrap().key, NodeKey::Task { id });
    }
    press(&mut model, "F");
    assert!(matches!(
        &top(&model).selected().unwrap().key,
        NodeKey::Child { instance_id } if instance_id == "ship-eu"
    ));
    // A done task far beyond its page.
    press(&mut model, "]");
    for _ in 0..9 {
        press(&mut model, "j");
    }
    let id = shown(&model);
    press_key(&mut model, Code::Enter);
    assert_eq!(top(&model).selected().unwrap().key, NodeKey::Task { id });
}

#[test]
fn the_newest_batch_is_selected_until_another_is_chosen() {
    let mut model = on_tab(120, 36, 2, made(waves(), 700));
    let selected = |model: &Model| top(model).batches.selected().unwrap().turn_first;
    assert_eq!(selected(&model), 700);
    assert!(matches!(top(&model).batches.left, Some(Ok(_))));
    press(&mut model, "F");
    assert_eq!(selected(&model), 302);
    assert_eq!(top(&model).batches.left, None, "it is over");
    let mut plan = waves();
    for _ in 0..20 {
        plan.add(
            "Next",
            701,
            durascope_proto::monitor::task::State::Queued,
            [0.0, -1.0, -1.0],
        );
    }
    told(&mut model, Told::Tasks(made(plan, 701)));
    assert_eq!(selected(&model), 302, "what was chosen stays");
    press(&mut model, "G");
    assert_eq!(selected(&model), 701);
    assert!(
        matches!(top(&model).batches.left, Some(Err(_))),
        "nothing runs"
    );
    press(&mut model, "k");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Grid));
    assert_eq!(shown(&model), 580, "the first of the batch");
}

#[test]
fn the_timeline_zooms_pans_and_comes_back_to_all_of_it() {
    let mut model = on_tab(120, 36, 3, made(few(), 6));
    let span = |model: &Model| {
        let axis = &top(model).timeline.axis;
        (axis.from, axis.to)
    };
    let whole = span(&model);
    press(&mut model, "l");
    assert_eq!(span(&model), whole, "there is nothing beyond all of it");
    press(&mut model, "++");
    let near = span(&model);
    assert!(near.1 - near.0 < (whole.1 - whole.0) / 3);
    press(&mut model, "l");
    assert!(span(&model).0 > near.0);
    press(&mut model, &"h".repeat(99));
    assert_eq!(span(&model).0, whole.0);
    press(&mut model, &"+".repeat(99));
    let closest = span(&model);
    assert!(closest.1 > closest.0);
    press(&mut model, &"-".repeat(99));
    assert_eq!(span(&model), whole);
    press(&mut model, "+0");
    assert_eq!(span(&model), whole);
    assert!(top(&model).timeline.axis.parts.iter().any(|it| it.folded));
    press(&mut model, "i");
    assert!(!top(&model).timeline.axis.parts.iter().any(|it| it.folded));
}

#[test]
fn a_lane_keeps_the_cursor_while_lanes_come_and_go() {
    let mut model = on_tab(120, 36, 3, made(fan_out(), 412));
    press(&mut model, "F");
    let id = |model: &Model| {
        let it = top(model);
        it.tasks
            .as_ref()
            .unwrap()
            .get(it.timeline.task().unwrap())
            .unwrap()
            .id
    };
    let chosen = id(&model);
    let mut plan = fan_out();
    let late = &mut plan.tasks[1_600];
    late.state = durascope_proto::monitor::task::State::Failed as i32;
    late.finished_at = before(0.0);
    told(&mut model, Told::Tasks(made(plan, 412)));
    assert_eq!(id(&model), chosen);
    press(&mut model, "S");
    assert_eq!(id(&model), 1_015);
}

#[test]
fn the_other_instance_is_the_last_one_of_the_name_or_asked_for() {
    let mut model = on_tab(120, 36, 0, made(fan_out(), 412));
    press(&mut model, "=");
    assert!(matches!(model.dialogs.last(), Some(Dialog::CompareWith(_))));
    press_key(&mut model, Code::Enter);
    assert!(!model.dialogs.is_empty(), "an empty id is no id");
    press(&mut model, "b-2");
    press_key(&mut model, Code::Enter);
    let pair = Topic::Compare {
        left: "batch-2026-11-24".to_owned(),
        right: "b-2".to_owned(),
    };
    assert_eq!(window::topic(&model), pair);
    press_key(&mut model, Code::Tab);
    press_key(&mut model, Code::Enter);
    assert_eq!(top(&model).id, "b-2");
    let mut update = answer(&model, rows());
    let mut other = tree();
    other.instance_id = "b-2".to_owned();
    other.instance.as_mut().unwrap().instance_id = "b-2".to_owned();
    update.tree = Some(other);
    arrives(&mut model, update);
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.place(), Place::Compare);
    press_key(&mut model, Code::Esc);
    press(&mut model, "=");
    assert_eq!(window::topic(&model), pair, "b-2 was looked at last");
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Esc);
    press(&mut model, "=");
    assert_eq!(window::topic(&model), pair, "also from the list");
}

#[test]
fn zero_climbs_to_the_root() {
    let child = |id: &str, parent: &str| {
        let mut row = row(id, "Step", durascope_proto::OrchestrationStatus::Running);
        row.parent_instance_id = parent.to_owned();
        InstanceTree {
            found: true,
            instance_id: id.to_owned(),
            instance: Some(row),
            ..InstanceTree::default()
        }
    };
    let mut start = child("batch-2026-11-24", "middle");
    start.instance.as_mut().unwrap().name = "OrderBatch".to_owned();
    let mut model = on_instance(120, 36, start);
    press(&mut model, "0");
    assert_eq!(top(&model).id, "middle");
    for (id, parent) in [("middle", "root"), ("root", "")] {
        let mut update = answer(&model, rows());
        update.tree = Some(child(id, parent));
        arrives(&mut model, update);
    }
    assert_eq!(top(&model).id, "root");
    let trail: Vec<_> = model.screens.trail().collect();
    assert_eq!(trail, ["batch-2026-11-24", "middle", "root"]);
    press(&mut model, "0");
    assert!(model.toasts.iter().any(|it| it.text.contains("no parent")));
}

#[test]
fn every_key_of_the_views_is_in_the_table_and_acts() {
    let views: Vec<fn() -> Model> = vec![
        || on_tab(120, 36, 0, made(fan_out(), 412)),
        || on_tab(120, 36, 1, made(fan_out(), 412)),
        || on_tab(120, 36, 2, made(waves(), 700)),
        || on_tab(120, 36, 3, made(few(), 6)),
        || {
            let mut model = on_tab(120, 36, 0, made(few(), 6));
            press(&mut model, "=other");
            press_key(&mut model, Code::Enter);
            told(&mut model, Told::Compare(made(few(), 6), made(waves(), 7)));
            model
        },
    ];
    for make in views {
        let place = make().screens.place();
        let state = |model: &Model| {
            let picture = drawn(model, COLOR);
            format!("{picture}{:?}{:?}", model.dialogs, model.toasts)
        };
        for it in ('!'..='~').chain([' ']) {
            let key = Key::char(it);
            let known =
                action::all().any(|action| action.place.holds(place) && action.keys.contains(&key));
            let mut model = make();
            let before = state(&model);
            let effects = happens(&mut model, Event::Key(key));
            let acted = before != state(&model) || !effects.is_empty();
            assert!(
                known || !acted,
                "{it:?} acts on {place:?} without being in the table"
            );
        }
        for action in action::all().filter(|it| it.place.holds(place)) {
            for key in action.keys {
                assert!(!durascope::app::keymap::name(*key).is_empty());
            }
        }
    }
}

#[test]
fn an_idle_view_wakes_at_whole_seconds_only() {
    for steps in 1..4 {
        let mut model = on_tab(120, 36, steps, made(fan_out(), 412));
        model.toasts.clear();
        let mut now = NOW + 1_000_000;
        durascope::app::update::update(&mut model, Event::Wake, now);
        for _ in 0..5 {
            let at = model.next_wakeup().expect("ages roll over");
            assert!(at > now && (at - NOW) % 1_000_000 == 0);
            now = at;
            durascope::app::update::update(&mut model, Event::Wake, now);
        }
    }
}
