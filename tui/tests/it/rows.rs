//! Rows of the list: families at every level, time left, what polled rows wait for, and why there
//! is no connection.

use std::sync::Arc;

use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::model::Model;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::window;
use durascope::data::tree::Node;
use durascope::data::tree::NodeKey;
use durascope::format::SECOND;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WaitFacts;

use crate::fixtures::*;
use crate::views_data::later;
use crate::views_data::made;
use crate::views_data::on_tab;
use crate::views_data::waves;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn shows(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn cursor(model: &Model) -> &str {
    &model.target().expect("a row").instance_id
}

fn child(id: &str, parent: &str) -> InstanceRow {
    InstanceRow {
        parent_instance_id: parent.to_owned(),
        ..row(id, "ShipParcel", OrchestrationStatus::Running)
    }
}

/// The server tells of the instance that is watched now.
fn tells_of(model: &mut Model, children: Vec<InstanceRow>, total: u64) {
    let id = window::wanted(model).instance_id;
    let mut update = answer(model, rows());
    update.tree = Some(InstanceTree {
        found: true,
        instance: Some(child(&id, "")),
        instance_id: id,
        children,
        children_total: total,
        ..InstanceTree::default()
    });
    arrives(model, update);
}

/// A root with four children, one of which has three of 1,237 children of its own on screen.
fn deep(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, "ljj");
    let mut update = answer(&model, rows());
    let mut tree = tree();
    tree.children[1].children = progress(1_237, 0, 0);
    update.tree = Some(tree);
    arrives(&mut model, update);
    press(&mut model, "l");
    assert_eq!(window::wanted(&model).instance_id, "ship-asia");
    let mut grandchildren: Vec<_> = (1..=3)
        .map(|at| child(&format!("leg-{at}"), "ship-asia"))
        .collect();
    grandchildren[1].children = progress(7, 2, 0);
    tells_of(&mut model, grandchildren, 1_237);
    model
}

#[test]
fn children_unfold_at_every_level() {
    let mut model = deep(120, 36);
    assert_eq!(cursor(&model), "ship-asia");
    press(&mut model, "jj");
    assert_eq!(cursor(&model), "leg-2");
    assert_eq!(
        window::wanted(&model).instance_id,
        "ship-asia",
        "who tells of the children around the cursor"
    );
    press(&mut model, "l");
    assert_eq!(window::wanted(&model).instance_id, "leg-2");
    tells_of(&mut model, vec![child("stop-1", "leg-2")], 1);
    press(&mut model, "j");
    assert_eq!(cursor(&model), "stop-1");
    press(&mut model, "h");
    assert_eq!(cursor(&model), "leg-2", "up a level");
    press(&mut model, "h");
    press(&mut model, "j");
    assert_eq!(cursor(&model), "leg-3", "folded");
    press(&mut model, "h");
    assert_eq!(cursor(&model), "ship-asia");
    press(&mut model, "hh");
    assert_eq!(cursor(&model), "batch-2026-11-24");
    press(&mut model, "h");
    press(&mut model, "j");
    assert_eq!(cursor(&model), "chk-77120");
}

#[test]
fn children_that_were_not_sent_are_counted_in_a_line_of_their_own() {
    let mut model = deep(120, 36);
    press(&mut model, "jjjj");
    assert!(
        drawn(&model, COLOR).contains("… 1 234 more children of ship-asia: Enter opens it"),
        "{}",
        drawn(&model, COLOR)
    );
    assert_eq!(cursor(&model), "ship-asia", "whom actions are about");
    assert_eq!(window::wanted(&model).instance_id, "ship-asia");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "ship-asia");
    press_key(&mut model, Code::Esc);
    press(&mut model, "j");
    assert_eq!(cursor(&model), "ship-us");
    press(&mut model, "kh");
    assert_eq!(cursor(&model), "ship-asia", "to the parent");
}

#[test]
fn the_tree_counts_the_children_that_were_not_sent_and_leads_to_the_grid() {
    let more = InstanceTree {
        children_total: 1_204,
        ..tree()
    };
    let mut model = on_instance(120, 36, more);
    let rest = |it: &Node| it.key == NodeKey::RestOfChildren;
    let nodes = &model.screens.top_instance().unwrap().nodes;
    let at = nodes.iter().position(rest).unwrap();
    press(&mut model, &"j".repeat(at + 1));
    let picture = drawn(&model, COLOR);
    assert!(
        picture.contains("… 1 200 more children (Enter: grid)"),
        "{picture}"
    );
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Grid));
}

#[test]
fn the_child_under_the_cursor_is_gone_with_the_parent_it_was_below() {
    let mut model = deep(120, 36);
    press(&mut model, "jj");
    assert_eq!(cursor(&model), "leg-2");
    tells_of(&mut model, vec![child("leg-9", "ship-asia")], 1);
    assert_eq!(cursor(&model), "batch-2026-11-24");
}

/// Ten seconds of a hub in which three instances make progress.
fn moving(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    let fast = |done: u64| InstanceRow {
        activities: progress(2_001, 1_640 + done, 3),
        ..batch_row()
    };
    let import = |done: u64| {
        let mut row = import_row();
        let report = row.reported.as_mut().expect("it reports");
        report.finished = 521 + done;
        row
    };
    let slow = |done: u64| InstanceRow {
        activities: progress(90, 40 + done / 25, 0),
        batch: progress(90, 40 + done / 25, 0),
        ..row("slow-1", "Crawl", OrchestrationStatus::Running)
    };
    for seconds in [10, 7, 4, 0] {
        model.now = NOW - seconds * SECOND;
        let done = u64::try_from((10 - seconds) * 10).expect("a small number");
        let mut update = answer(&model, vec![import(done), fast(done), slow(done)]);
        update.server_time = ago(seconds);
        update.tree = Some(reporting_tree(import(done), "{}"));
        arrives(&mut model, update);
    }
    model
}

#[test]
fn time_left_is_told_where_counters_moved_and_counts_down() {
    let mut model = moving(120, 36);
    let picture = drawn(&model, COLOR);
    let line = |picture: &str, id: &str| {
        let line = picture.lines().find(|it| it.contains(id));
        line.unwrap_or_default().to_owned()
    };
    // 1,379 of its own report at ten a second; 255 that are scheduled.
    assert!(line(&picture, "import-1 ").contains("~2m "), "{picture}");
    assert!(line(&picture, "batch-2026").contains("~25s+"), "{picture}");
    assert!(!line(&picture, "slow-1").contains('~'), "{picture}");
    model.now += 10 * SECOND;
    happens(&mut model, Event::Wake);
    let picture = drawn(&model, COLOR);
    assert!(line(&picture, "batch-2026").contains("~15s+"), "{picture}");
    model.now += 30 * SECOND;
    happens(&mut model, Event::Wake);
    let picture = drawn(&model, COLOR);
    assert!(!line(&picture, "batch-2026").contains('~'), "{picture}");
}

/// The waves of the views as an instance that tells its total.
fn reporting_waves(width: u16, height: u16) -> Model {
    let mut model = on_tab(width, height, 2, made(waves(), 700));
    let mut update = (*model.data.as_ref().expect("it has data").update).clone();
    let row = update.tree.as_mut().and_then(|it| it.instance.as_mut());
    row.expect("it has a row").reported = {
        let mut report = import_row().reported.expect("it reports");
        report.finished = 656;
        Some(report)
    };
    let topic = model.topic.clone();
    let data = Some(Data {
        update: Arc::new(update),
        received_at: model.now,
    });
    let link = Link::Live(Mode::Feed);
    happens(&mut model, Event::Feed(Feed { link, data, topic }));
    later(&mut model, 1);
    model
}

#[test]
fn a_report_makes_the_time_left_one_of_the_whole_run() {
    let picture = drawn(&reporting_waves(120, 36), COLOR);
    assert!(
        picture.contains("1 344 of 2 000 to go by its report"),
        "{picture}"
    );
    let silent = drawn(&on_tab(120, 36, 2, made(waves(), 700)), COLOR);
    assert!(
        silent.contains("nobody told whether more will follow"),
        "{silent}"
    );
}

/// A server without the feed: of some rows the histories were read.
fn polled(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    let mut all = rows();
    for row in &mut all {
        let waits = WaitFacts {
            last_turn: row.updated_at,
            ..WaitFacts::default()
        };
        row.waits = Some(waits);
    }
    let bare = InstanceRow {
        history_events: 0,
        history_bytes: 0,
        turns: 0,
        ..row("import-9", "NightlyImport", OrchestrationStatus::Running)
    };
    all.insert(1, bare);
    let mut update = answer(&model, all);
    update.hub = Some(HubSummary::default());
    let link = Link::Live(Mode::Poll {
        loaded: 7,
        more: false,
        every_ms: 1_000,
    });
    let data = Some(Data {
        update: Arc::new(update),
        received_at: model.now,
    });
    let feed = Feed {
        link,
        data,
        topic: None,
    };
    happens(&mut model, Event::Feed(feed));
    model
}

#[test]
fn polled_rows_say_what_they_wait_for_or_that_it_was_not_read() {
    let model = polled(120, 36);
    let picture = drawn(&model, COLOR);
    for said in ["nothing open: external event?", "not read; Enter reads it"] {
        assert!(picture.contains(said), "{said}: {picture}");
    }
    assert_eq!(window::wanted(&model).on_screen, Some((0, 19)));
    let fed = on_overview(120, 36);
    assert_eq!(window::wanted(&fed).on_screen, None);
}

/// Data is old, and the next attempt to connect is on its way.
fn connecting(width: u16, height: u16) -> Model {
    let mut model = on_overview(width, height);
    model.now += 19 * SECOND;
    breaks(&mut model);
    let link = Link::Connecting { attempt: 4 };
    let data = model.data.clone();
    let topic = None;
    happens(&mut model, Event::Feed(Feed { link, data, topic }));
    model
}

#[test]
fn why_the_connection_was_lost_is_told_until_there_is_one() {
    for (width, height) in SIZES {
        let mut model = connecting(width, height);
        let header = |model: &Model| {
            let picture = drawn(model, COLOR);
            picture.lines().next().unwrap_or_default().to_owned()
        };
        assert!(
            header(&model).contains("Connection re"),
            "{}",
            header(&model)
        );
        breaks(&mut model);
        assert!(
            header(&model).contains("Connection re"),
            "{}",
            header(&model)
        );
        let update = answer(&model, rows());
        arrives(&mut model, update);
        assert!(!header(&model).contains("Connection"), "{}", header(&model));
    }
    let mut model = model(80, 24);
    breaks(&mut model);
    press(&mut model, "r");
    let picture = drawn(&model, COLOR);
    assert!(picture.contains("connecting to localhost:8080"));
    assert!(picture.contains("Connection refused"), "{picture}");
}

#[test]
fn a_wave_that_is_younger_than_a_second_says_so() {
    let mut plan = crate::views_data::Plan::default();
    for _ in 0..20 {
        let state = durascope_proto::monitor::task::State::Running;
        plan.add("Young", 1, state, [0.0, 0.0, -1.0]);
    }
    let picture = drawn(&on_tab(120, 36, 2, made(plan, 1)), COLOR);
    for young in ["wall 0ms", "ran 0ms", "max 0ms", "idle"] {
        assert!(!picture.contains(young), "{young}: {picture}");
    }
    assert!(picture.contains("wall <1s"), "{picture}");
}

#[test]
fn pictures() {
    shows("rows_deep", |width, height| {
        let mut model = deep(width, height);
        press(&mut model, "jj");
        model
    });
    shows("rows_deep_rest", |width, height| {
        let mut model = deep(width, height);
        press(&mut model, "jjjj");
        model
    });
    shows("rows_moving", moving);
    shows("rows_polled", polled);
    shows("rows_connecting", connecting);
    shows("batches_reported", reporting_waves);
}
