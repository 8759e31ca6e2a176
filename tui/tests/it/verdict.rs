//! Why it is not done: the list of findings and the way to their proofs; children below their
//! roots; filters that are kept.

use std::sync::Arc;

use durascope::app::dialogs::Dialog;
use durascope::app::effect::Effect;
use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::place::HubTab;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::saved::Change;
use durascope::app::saved::SavedFilter;
use durascope::app::verdict;
use durascope::data::tree::NodeKey;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::WaitFacts;

use crate::fixtures::*;

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

fn key_under_cursor(model: &Model) -> Option<NodeKey> {
    let top = model.screens.top_instance().expect("an open instance");
    top.selected().map(|it| it.key.clone())
}

/// The same data again, with the tree of what is watched now.
fn fed(model: &mut Model) {
    let mut update = answer(model, rows());
    update.tree = Some(tree());
    arrives(model, update);
}

fn saved(name: &str, filter: &str) -> SavedFilter {
    SavedFilter {
        name: name.to_owned(),
        filter: filter.to_owned(),
        sort: "failures".to_owned(),
        reverse: true,
        tab: String::new(),
        time: String::new(),
    }
}

#[test]
fn the_list_and_the_instance_say_the_same() {
    let list = on_overview(120, 36);
    let instance = on_instance(120, 36, tree());
    let of = |model: &Model| verdict::of_id(model, "batch-2026-11-24");
    assert_eq!(of(&list), of(&instance));
    assert_eq!(of(&list)[0].short, "247 ProcessItem queued");
}

#[test]
fn enter_on_a_finding_goes_to_its_proof() {
    let proof = |steps: &str| {
        let mut model = on_overview(120, 36);
        press(&mut model, "v");
        press(&mut model, steps);
        press_key(&mut model, Code::Enter);
        assert!(model.dialogs.is_empty());
        model
    };
    let group = proof("");
    assert!(matches!(
        key_under_cursor(&group),
        Some(NodeKey::Group { name, .. }) if name == "ProcessItem"
    ));
    let task = proof("j");
    assert_eq!(key_under_cursor(&task), Some(NodeKey::Task { id: 1_014 }));
    let child = proof("jj");
    assert_eq!(child.screens.top_instance().unwrap().id, "ship-eu");
    let errors = proof("jjj");
    assert_eq!(key_under_cursor(&errors), Some(NodeKey::Failures));
}

#[test]
fn a_proof_that_is_folded_away_or_not_known_yet_is_found() {
    let mut model = on_instance(120, 36, tree());
    // Folds the group of the straggler, from another place.
    press(&mut model, "jjjhG");
    press(&mut model, "vj");
    press_key(&mut model, Code::Enter);
    assert_eq!(key_under_cursor(&model), Some(NodeKey::Task { id: 1_014 }));

    let mut model = model_with_big_history();
    press(&mut model, "v");
    press_key(&mut model, Code::Enter);
    let place = Place::Instance(InstanceTab::History);
    assert_eq!(model.screens.place(), place);
}

fn model_with_big_history() -> Model {
    let mut model = model(120, 36);
    let big = durascope_proto::monitor::InstanceRow {
        history_events: 20_000,
        updated_at: ago(0),
        ..row("big", "Big", OrchestrationStatus::Running)
    };
    let update = answer(&model, vec![big]);
    arrives(&mut model, update);
    model
}

#[test]
fn unserved_work_leads_to_the_workers_and_actions_act_from_the_list() {
    let mut model = model(120, 36);
    let pending = row("rf-1", "Refund", OrchestrationStatus::Pending);
    let waiting = row("appr-1", "Approval", OrchestrationStatus::Running);
    let mut update = answer(&model, vec![pending, waiting]);
    let hub = update.hub.as_mut().unwrap();
    hub.turns.as_mut().unwrap().unserved = vec!["Refund".to_owned()];
    arrives(&mut model, update);
    press(&mut model, "v");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.place(), Place::Hub(HubTab::Work));
    press_key(&mut model, Code::Esc);
    press(&mut model, "jve");
    assert!(matches!(model.dialogs[..], [Dialog::RaiseEvent(_)]));
}

#[test]
fn the_cursor_of_the_list_stays_on_its_finding() {
    let mut model = on_overview(120, 36);
    press(&mut model, "vj");
    let chosen = |model: &Model| {
        let found = verdict::of_id(model, "batch-2026-11-24");
        let Some(Dialog::Verdict(dialog)) = model.dialogs.last() else {
            panic!("no list")
        };
        found[dialog.index(&found)].clone()
    };
    let straggler = chosen(&model);
    let mut update = answer(&model, rows());
    let mut calm = tree();
    // Slots are free again: what stood above is gone.
    update.hub.as_mut().unwrap().workers[0].activities_out = 1;
    calm.instance.as_mut().unwrap().updated_at = ago(0);
    update.tree = Some(calm);
    arrives(&mut model, update);
    assert_eq!(chosen(&model), straggler);
    assert_eq!(verdict::of_id(&model, "batch-2026-11-24")[0], straggler);
}

#[test]
fn children_unfold_below_their_root_and_the_cursor_walks_over_them() {
    let mut model = on_overview(120, 36);
    press(&mut model, "l");
    assert_eq!(cursor(&model), "batch-2026-11-24");
    press(&mut model, "jj");
    assert_eq!(cursor(&model), "ship-asia");
    fed(&mut model);
    assert_eq!(cursor(&model), "ship-asia");
    // What is watched stays the root, which tells of its children.
    assert_eq!(
        durascope::app::window::wanted(&model).instance_id,
        "batch-2026-11-24"
    );
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "ship-asia");
    press_key(&mut model, Code::Esc);
    assert_eq!(cursor(&model), "ship-asia");
    press(&mut model, "jjj");
    assert_eq!(cursor(&model), "chk-77120", "four children, then the next");
    press(&mut model, "kkh");
    assert_eq!(cursor(&model), "batch-2026-11-24", "to the parent");
    press(&mut model, "h");
    press(&mut model, "j");
    assert_eq!(cursor(&model), "chk-77120", "folded");
    press(&mut model, "lg");
    assert_eq!(cursor(&model), "batch-2026-11-24");
    assert!(
        model
            .toasts
            .iter()
            .any(|it| it.text.contains("no children"))
    );
    press(&mut model, "lG");
    assert_eq!(cursor(&model), "import-2026-11-23");
}

#[test]
fn a_child_that_is_gone_gives_the_cursor_to_its_root() {
    let mut model = on_overview(120, 36);
    press(&mut model, "ljj");
    let mut update = answer(&model, rows());
    let mut smaller = tree();
    smaller.children.remove(1);
    update.tree = Some(smaller);
    arrives(&mut model, update);
    assert_eq!(cursor(&model), "batch-2026-11-24");
}

#[test]
fn the_cursor_is_on_screen_among_many_children() {
    let mut model = on_overview(80, 15);
    let mut update = answer(&model, rows());
    let mut big = tree();
    big.children = (0..150)
        .map(|at| {
            row(
                &format!("ship-{at:03}"),
                "Ship",
                OrchestrationStatus::Running,
            )
        })
        .collect();
    update.tree = Some(big);
    press(&mut model, "l");
    arrives(&mut model, update);
    for _ in 0..149 {
        press(&mut model, "j");
        let id = cursor(&model).to_owned();
        assert!(drawn(&model, COLOR).contains(&id), "{id}");
    }
    press(&mut model, "jj");
    assert_eq!(cursor(&model), "chk-77120");
}

#[test]
fn filters_are_kept_under_names_and_chosen_again() {
    let mut model = on_overview(120, 36);
    press(&mut model, "/status:failed age>5m");
    press_key(&mut model, Code::Enter);
    press(&mut model, "S");
    let refused = press_key(&mut model, Code::Enter);
    assert!(refused.is_empty() && model.dialogs.len() == 1, "no name");
    press(&mut model, "red");
    let sent = press_key(&mut model, Code::Enter);
    let [Effect::Save(Change::Keep(kept))] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(
        (kept.name.as_str(), kept.filter.as_str()),
        ("red", "status:failed age>5m")
    );
    happens(&mut model, Event::Saved(Ok(vec![saved("red", "failed>2")])));
    assert!(
        model
            .toasts
            .iter()
            .any(|it| it.text.contains("kept as “red”"))
    );
    press(&mut model, "f");
    press_key(&mut model, Code::Enter);
    let window = durascope::app::window::wanted(&model).window;
    assert_eq!(window.failures_min, 3);
    assert!(window.reverse);
    // Forgetting asks for the key twice.
    press(&mut model, "f");
    assert!(press(&mut model, "xj").is_empty());
    assert!(press(&mut model, "x").is_empty());
    let sent = press(&mut model, "x");
    assert!(matches!(&sent[..], [Effect::Save(Change::Forget(name))] if name == "red"));
}

/// A model of a server without the feed.
fn polled(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    press(&mut model, "/hist>1MB");
    press_key(&mut model, Code::Enter);
    let mut bare = rows();
    for row in &mut bare {
        row.history_events = 0;
        row.turns = 0;
        row.history_bytes = 0;
        row.activities = None;
        row.children = None;
        row.batch = None;
    }
    let mut update = answer(&model, bare);
    update.hub = Some(HubSummary::default());
    update.tree = Some(InstanceTree {
        instance_id: "appr-5511".to_owned(),
        ..tree()
    });
    let link = Link::Live(Mode::Poll {
        loaded: 6,
        more: false,
        every_ms: 1_000,
    });
    let data = Some(Data {
        update: Arc::new(update),
        received_at: model.now,
    });
    happens(
        &mut model,
        Event::Feed(Feed {
            link,
            data,
            topic: None,
        }),
    );
    model
}

#[test]
fn what_a_polled_server_does_not_tell_is_said() {
    let picture = drawn(&polled(120, 36), COLOR);
    assert!(
        picture.contains("hist: not told without the feed"),
        "{picture}"
    );
    assert!(!picture.contains("no worker"), "{picture}");
}

#[test]
fn pictures() {
    shows("verdict_list", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "vj");
        model
    });
    shows("verdict_nothing", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "Gv");
        model
    });
    shows("verdict_children", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "ljj");
        model
    });
    shows("verdict_children_old", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "lG");
        model
    });
    shows("verdict_polled", polled);
    shows("filters_saved", |width, height| {
        let mut model = on_overview(width, height);
        let kept = vec![
            saved("red team", "tag:team=red age<1d"),
            saved("slow", "idle>10m"),
        ];
        happens(&mut model, Event::Saved(Ok(kept)));
        press(&mut model, "fj");
        model
    });
    shows("filters_save", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "/name:Order* idle>10m");
        press_key(&mut model, Code::Enter);
        press(&mut model, "Sslow orders");
        model
    });
    shows("filter_refused", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "/stauts:failed");
        model
    });
}

#[test]
fn no_size_panics() {
    for keys in ["v", "vjj", "l", "ljjj", "lG", "f", "S", "Sxx"] {
        let mut model = on_overview(120, 36);
        press(&mut model, keys);
        for width in (1..=140).step_by(7) {
            for height in (1..=50).step_by(7) {
                happens(&mut model, Event::Resize(Size { width, height }));
                drawn(&model, COLOR);
            }
        }
    }
}

#[test]
fn hostile_facts_are_escaped() {
    let mut model = model(120, 36);
    let text = "\u{1b}[2J\u{202e}x";
    let mut bad = row(text, text, OrchestrationStatus::Suspended);
    bad.waits = Some(WaitFacts {
        suspended_reason: text.to_owned(),
        ..WaitFacts::default()
    });
    let update = answer(&model, vec![bad]);
    arrives(&mut model, update);
    press(&mut model, "v");
    let picture = drawn(&model, COLOR);
    assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'));
    assert!(picture.contains("^[[2J<U+202E>x"), "{picture}");
}
