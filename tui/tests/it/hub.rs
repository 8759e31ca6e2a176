//! What the tabs of the hub share: actions on groups of failures, the way from a finding to its
//! proof and back, and the mouse.

use std::sync::Arc;

use durascope::app::deed::Target;
use durascope::app::dialogs::Dialog;
use durascope::app::dialogs::confirm::Confirm;
use durascope::app::effect::Call;
use durascope::app::effect::Effect;
use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Reply;
use durascope::app::event::Size;
use durascope::app::hit::Mouse;
use durascope::app::model::Model;
use durascope::app::place::HubTab;
use durascope::app::place::Place;
use durascope::app::saved::Change;
use durascope::app::screens::entities::selected_entity;
use durascope::app::screens::failures;
use durascope::app::screens::work;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::window;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::LockWait;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::WatchUpdate;

use crate::fixtures::*;
use crate::list_fixtures::*;
use crate::session::click;
use crate::session::mouse_at;
use crate::session::place_of;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn confirm(model: &Model) -> &Confirm {
    match model.dialogs.last() {
        Some(Dialog::Confirm(it)) => it,
        other => panic!("{other:?}"),
    }
}

fn calls(effects: &[Effect]) -> Vec<(u64, Call)> {
    let calls = effects.iter().filter_map(|it| match it {
        Effect::Call { id, call } => Some((*id, call.clone())),
        _ => None,
    });
    calls.collect()
}

/// Answers the question how the targets are now: all failed but `ended`, and `gone` are gone.
fn looked(model: &mut Model, effects: &[Effect], ended: &str, gone: &str) {
    let calls = calls(effects);
    let [(id, Call::Look { instance_ids })] = &calls[..] else {
        panic!("{calls:?}")
    };
    let there = instance_ids.iter().filter(|it| *it != gone);
    let targets = there.map(|id| Target {
        instance_id: id.clone(),
        name: "Checkout".to_owned(),
        status: if id == ended {
            OrchestrationStatus::Completed
        } else {
            OrchestrationStatus::Failed
        },
        open_children: 0,
        open_activities: 0,
    });
    let answer = Answer::Looked {
        targets: targets.collect(),
        gone: vec![gone.to_owned()],
    };
    let outcome = Ok(answer);
    happens(model, Event::Reply(Reply { id: *id, outcome }));
}

#[test]
fn an_action_on_failures_is_about_the_group_as_it_is_now() {
    let mut model = on_tab(120, 36, "2", failures());
    let asked = press(&mut model, "w");
    assert_eq!(confirm(&model).plan.targets.len(), 9);
    assert!(press(&mut model, "y").is_empty(), "it is looked at first");
    looked(&mut model, &asked, "chk-77098", "chk-77120");
    let deed = confirm(&model).deed();
    assert_eq!(confirm(&model).plan.acting_count(&deed), 7);
    let sent = calls(&press(&mut model, "y"));
    assert_eq!(sent.len(), 7);
    for (_, call) in sent {
        assert!(matches!(call, Call::Rewind { .. }), "{call:?}");
        assert_ne!(call.instance_id(), "chk-77120");
    }
}

#[test]
fn marked_groups_are_acted_on_together_and_one_instance_alone() {
    let mut model = on_tab(120, 36, "2", failures());
    press(&mut model, "j j j");
    let plan = failures::plan(&model).unwrap();
    // The same instances failed in both: each once.
    assert_eq!(plan.targets.len(), 9);
    assert!(plan.note.unwrap().contains("2 groups"));
    press(&mut model, "u");
    press_key(&mut model, Code::Enter);
    assert_eq!(failures::plan(&model).unwrap().targets.len(), 1);
    press_key(&mut model, Code::Esc);
    press_ctrl(&mut model, 'a');
    assert_eq!(failures::plan(&model).unwrap().targets.len(), 9);
    press_key(&mut model, Code::Esc);
    assert!(!model.screens.failures.has_marks());
    press_key(&mut model, Code::Tab);
    let plan = failures::plan(&model).unwrap();
    assert_eq!((plan.targets.len(), plan.note), (1, None));
}

#[test]
fn groups_are_acted_on_in_a_dialog_that_fits() {
    for (width, height) in SIZES {
        let mut model = on_tab(width, height, "2", failures());
        press(&mut model, " j ");
        let asked = press(&mut model, "w");
        looked(&mut model, &asked, "chk-77098", "none");
        let picture = drawn(&model, COLOR);
        insta::assert_snapshot!(format!("failures_rewind_{width}x{height}"), picture);
        press_key(&mut model, Code::Esc);
        let picture = drawn(&model, COLOR);
        insta::assert_snapshot!(format!("failures_marked_{width}x{height}"), picture);
    }
}

/// An open instance that waits for the lock of an entity.
fn waits_for_lock() -> Model {
    let mut tree = tree();
    let row = tree.instance.as_mut().expect("it is there");
    row.waits = Some(WaitFacts {
        locks: vec![LockWait {
            entity_id: "@cart@user-8812".to_owned(),
            held_by: "transfer-991".to_owned(),
            held_since: ago(60),
        }],
        ..WaitFacts::default()
    });
    on_instance(120, 36, tree)
}

fn state(model: &Model) -> String {
    let top = model.screens.top_instance().expect("an instance");
    format!("{:?} {} {} {:?}", top.tab, top.index, top.top, top.pane)
}

fn to_evidence(model: &mut Model, words: &str) {
    press(model, "v");
    let Some(Dialog::Verdict(it)) = model.dialogs.last() else {
        panic!("no verdict")
    };
    let found = durascope::app::verdict::of_id(model, &it.instance_id);
    let at = found.iter().position(|it| it.evidence.words() == words);
    let at = at.unwrap_or_else(|| panic!("{words:?} is none of {found:?}"));
    press(model, &"j".repeat(at));
    press_key(model, Code::Enter);
}

#[test]
fn a_lock_leads_to_its_entity_and_esc_back_to_where_it_was_asked() {
    let mut model = waits_for_lock();
    press(&mut model, "jjj");
    let before = state(&model);
    // The tab of entities has its own filter and cursor.
    to_evidence(&mut model, "entity @cart@user-8812");
    assert_eq!(model.screens.place(), Place::Hub(HubTab::Entities));
    let Topic::Entities(asked) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(
        (asked.entity_id.as_str(), asked.locate),
        ("@cart@user-8812", true)
    );
    let Told::Entities(page) = entities() else {
        unreachable!()
    };
    let mut page = EntityPage::clone(&page);
    page.detail = page.rows.last().cloned();
    tells(&mut model, Told::Entities(Arc::new(page)));
    assert_eq!(selected_entity(&model).as_deref(), Some("@cart@user-8812"));
    assert!(drawn(&model, COLOR).contains("Esc goes back to"));
    press_key(&mut model, Code::Esc);
    assert_eq!(state(&model), before);
}

#[test]
fn an_entity_that_is_not_loaded_is_gone_to_by_its_place() {
    let mut model = waits_for_lock();
    to_evidence(&mut model, "entity @cart@user-8812");
    let Told::Entities(page) = entities() else {
        unreachable!()
    };
    let cart = page.rows.last().cloned();
    let first = EntityPage {
        matching: 5_000,
        rows: page.rows[..2].to_vec(),
        detail: cart.clone(),
        detail_at: 4_001,
        ..EntityPage::default()
    };
    tells(&mut model, Told::Entities(Arc::new(first)));
    assert_eq!(selected_entity(&model), None);
    let Topic::Entities(asked) = window::topic(&model) else {
        panic!()
    };
    assert!((3_900..4_000).contains(&asked.offset), "{asked:?}");
    let mut rows = vec![entity("@x@other", 0, "1"); 300];
    rows[usize::try_from(4_000 - asked.offset).unwrap()] = cart.clone().unwrap();
    let second = EntityPage {
        matching: 5_000,
        offset: asked.offset,
        rows,
        detail: cart,
        detail_at: 4_001,
    };
    tells(&mut model, Told::Entities(Arc::new(second)));
    assert_eq!(selected_entity(&model).as_deref(), Some("@cart@user-8812"));

    let mut model = waits_for_lock();
    to_evidence(&mut model, "entity @cart@user-8812");
    tells(&mut model, Told::Entities(Arc::default()));
    assert!(model.toasts[0].text.contains("is not listed"));
}

#[test]
fn a_visit_leaves_the_tab_as_it_was() {
    let mut model = on_tab(120, 36, "3", entities());
    press(&mut model, "jss/count");
    press_key(&mut model, Code::Enter);
    let view = |model: &Model| {
        let list = &model.screens.entities.list;
        (
            list.search.text().to_owned(),
            list.order,
            list.selection.clone(),
        )
    };
    let before = view(&model);
    // From a visit, through the holder of a lock, and back by a number key.
    for leave in ["esc", "3"] {
        press(&mut model, "1");
        press_key(&mut model, Code::Enter);
        waits(&mut model);
        to_evidence(&mut model, "entity @cart@user-8812");
        press(&mut model, "s");
        assert_ne!(view(&model).0, before.0);
        if leave == "esc" {
            press_key(&mut model, Code::Esc);
            press_key(&mut model, Code::Esc);
        }
        press(&mut model, "3");
        assert_eq!(view(&model), before, "{leave}");
    }
}

/// The open instance waits for a lock too.
fn waits(model: &mut Model) {
    let other = waits_for_lock();
    let mut update = WatchUpdate::clone(&other.data.as_ref().expect("data").update);
    let id = &model.screens.top_instance().expect("an instance").id;
    let tree = update.tree.as_mut().expect("a tree");
    tree.instance_id.clone_from(id);
    tree.instance
        .as_mut()
        .expect("a row")
        .instance_id
        .clone_from(id);
    arrives(model, update);
}

fn wheel(model: &mut Model, text: &str) {
    let (x, y) = place_of(model, text);
    mouse_at(model, Mouse::WheelDown, x, y);
}

#[test]
fn clicks_choose_and_open_and_titles_sort() {
    let mut model = on_tab(120, 36, "2", failures());
    click(&mut model, "LoadPage");
    assert_eq!(model.screens.failures.selected().unwrap().name, "LoadPage");
    click(&mut model, "COUNT");
    let counts = |model: &Model| -> Vec<u64> {
        let view = &model.screens.failures;
        (0..4).map(|at| view.group(at).unwrap().count).collect()
    };
    assert_eq!(counts(&model), [1_600, 9, 3, 1]);
    assert_eq!(model.screens.failures.selected().unwrap().name, "LoadPage");
    click(&mut model, "COUNT");
    assert_eq!(counts(&model), [1, 3, 9, 1_600]);
    press(&mut model, "s");
    assert!(drawn(&model, COLOR).contains("sort: instances"));
    click(&mut model, "chk-77076");
    assert_eq!(model.screens.failures.pane, failures::Pane::Instances);
    click(&mut model, "chk-77076");
    assert_eq!(model.screens.top_instance().unwrap().id, "chk-77076");
    press_key(&mut model, Code::Esc);
    // The wheel goes where the pointer is, and the keys stay.
    wheel(&mut model, "ChargeCard");
    assert_eq!(model.screens.failures.pane, failures::Pane::Instances);

    let mut model = on_tab(120, 36, "3", entities());
    click(&mut model, "MODIFIED");
    click(&mut model, "MODIFIED");
    let Topic::Entities(asked) = window::topic(&model) else {
        panic!()
    };
    assert!(asked.reverse && asked.sort == 2, "{asked:?}");

    let mut model = on_tab(120, 36, "4", work());
    click(&mut model, "OLDEST");
    assert_eq!(model.screens.work.order(work::Pane::Queues).at, 4);
    assert_eq!(model.screens.work.order(work::Pane::Workers).at, 0);
    click(&mut model, "w-02c4");
    assert_eq!(model.screens.work.pane, work::Pane::Workers);

    let mut model = on_tab(120, 36, "5", schedules());
    let ids = |model: &Model| -> Vec<String> {
        let rows = &model.screens.schedules.rows;
        rows.iter().map(|it| it.id.clone()).collect()
    };
    let before = ids(&model);
    click(&mut model, "SCHEDULE ");
    let reversed: Vec<_> = before.into_iter().rev().collect();
    assert_eq!(ids(&model), reversed);
}

fn commands(model: &mut Model, line: &str) -> Vec<Effect> {
    let mut effects = press(model, ":");
    effects.extend(press(model, line));
    effects.extend(press_key(model, Code::Enter));
    effects
}

#[test]
fn another_task_hub_is_gone_to_and_back_to_where_one_was() {
    let mut model = on_overview(120, 36);
    press(&mut model, "jj/status:failed");
    press_key(&mut model, Code::Enter);
    let update = answer(&model, rows());
    arrives(&mut model, update);
    press(&mut model, "j ");
    let cursor = |model: &Model| model.screens.overview.selection.clone();
    let before = (cursor(&model), model.marks.clone());
    let effects = commands(&mut model, "hub ");
    let asked = calls(&effects);
    let [(id, Call::ListHubs)] = asked[..] else {
        panic!("{asked:?}")
    };
    let names = ["default", "orders"].map(str::to_owned).to_vec();
    let outcome = Ok(Answer::Hubs(names));
    happens(&mut model, Event::Reply(Reply { id, outcome }));
    assert!(drawn(&model, COLOR).contains("Go to task hub orders"));
    press(&mut model, "ord");
    let effects = press_key(&mut model, Code::Enter);
    assert!(effects.contains(&Effect::Hub("orders".to_owned())));
    // What it shows is asked for at once.
    assert!(effects.iter().any(|it| matches!(it, Effect::Watch(_))));
    assert!(model.data.is_none() && model.marks.is_empty());
    assert!(model.screens.overview.filter.text().is_empty());
    assert!(drawn(&model, COLOR).contains("localhost:8080/orders"));
    let effects = commands(&mut model, "hub default");
    assert!(effects.contains(&Effect::Hub("default".to_owned())));
    assert_eq!((cursor(&model), model.marks.clone()), before);
    assert_eq!(model.screens.overview.filter.text(), "status:failed");
    // A name that the server has not told is tried; one that cannot be sent is not.
    let effects = commands(&mut model, "hub other");
    assert!(effects.contains(&Effect::Hub("other".to_owned())));
    let effects = commands(&mut model, "hub näme");
    assert!(!effects.iter().any(|it| matches!(it, Effect::Hub(_))));
}

#[test]
fn a_view_is_kept_with_its_tab_and_shown_again() {
    let mut model = on_tab(120, 36, "2", failures());
    press(&mut model, "shh/card");
    press_key(&mut model, Code::Enter);
    let effects = commands(&mut model, "save cards");
    let saved = effects.iter().find_map(|it| match it {
        Effect::Save(Change::Keep(it)) => Some(it.clone()),
        _ => None,
    });
    let saved = saved.expect("it is kept");
    assert_eq!(saved.hub_tab(), HubTab::Failures);
    assert_eq!(
        (
            saved.filter.as_str(),
            saved.sort.as_str(),
            saved.time.as_str()
        ),
        ("card", "count", "all")
    );
    happens(&mut model, Event::Saved(Ok(vec![saved])));

    let mut other = on_overview(120, 36);
    other.saved.clone_from(&model.saved);
    press(&mut other, ":view ");
    assert!(drawn(&other, COLOR).contains("Show the view “cards”"));
    press_key(&mut other, Code::Enter);
    assert_eq!(other.screens.place(), Place::Hub(HubTab::Failures));
    assert_eq!(window::topic(&other), window::topic(&model));
    let view = &other.screens.failures;
    assert_eq!((view.order.at, view.search.text()), (1, "card"));
    // The menu shows it on each tab.
    press(&mut other, "5f");
    assert!(drawn(&other, COLOR).contains("Failures /card"));
}

/// All that match `filter` are marked, and a purge of them is asked about.
fn purges(filter: &str) -> Model {
    let mut model = on_overview(120, 36);
    press(&mut model, &format!("/{filter}"));
    press_key(&mut model, Code::Enter);
    model.now += 1_000_000;
    happens(&mut model, Event::Wake);
    let rows = ["done-1", "done-2"].map(|id| row(id, "Order", OrchestrationStatus::Completed));
    let update = answer(&model, rows.to_vec());
    arrives(&mut model, update);
    press_ctrl(&mut model, 'a');
    for (id, call) in calls(&press(&mut model, "x")) {
        assert!(matches!(call, Call::PreviewPurge { .. }), "{call:?}");
        let outcome = Err("too busy".to_owned());
        happens(&mut model, Event::Reply(Reply { id, outcome }));
    }
    press(&mut model, "2");
    model
}

#[test]
fn what_the_filter_of_a_purge_can_say_goes_in_one_call() {
    let mut model = purges("status:ended age>1h roots:no");
    assert!(drawn(&model, COLOR).contains("completed, failed, terminated, created before"));
    let sent = calls(&press(&mut model, "y"));
    let [(id, Call::PurgeMatching { query, recursive })] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert!(*recursive && query.created_from.is_none());
    assert!(query.created_to < NOW - 3_000 * 1_000_000, "{query:?}");
    let outcome = Ok(Answer::Purged { deleted: 7 });
    happens(&mut model, Event::Reply(Reply { id: *id, outcome }));
    assert_eq!(
        model.toasts.last().unwrap().text,
        "purged 7 instances by one call"
    );
    assert!(model.marks.is_empty());

    let mut model = purges("status:ended roots:no");
    press(&mut model, "o");
    let sent = calls(&press(&mut model, "y"));
    assert!(
        matches!(&sent[..], [(_, Call::Purge { .. }), _]),
        "{sent:?}"
    );

    let mut model = purges("name:Order* roots:no");
    assert!(drawn(&model, COLOR).contains("a purge by query has no name:"));
    let sent = calls(&press(&mut model, "y"));
    assert!(
        matches!(&sent[..], [(_, Call::Purge { .. }), _]),
        "{sent:?}"
    );
}

#[test]
fn the_dialog_of_a_purge_by_query_fits() {
    for (width, height) in SIZES {
        let mut model = purges("status:ended age>1h roots:no");
        happens(&mut model, Event::Resize(Size { width, height }));
        let picture = drawn(&model, COLOR);
        insta::assert_snapshot!(format!("purge_by_query_{width}x{height}"), picture);
    }
}
