//! The core by tables: what happens, what is wished for, what is remembered.

use durascope::app::action;
use durascope::app::dialogs::Dialog;
use durascope::app::effect::Call;
use durascope::app::effect::Effect;
use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Link;
use durascope::app::event::Reply;
use durascope::app::model::Model;
use durascope::app::place::HubTab;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::update::update;
use durascope::app::window::DEBOUNCE;
use durascope::format::SECOND;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::PreviewPurgeResponse;
use durascope_proto::monitor::SortColumn;

use crate::fixtures::*;

fn calls(effects: &[Effect]) -> Vec<&Call> {
    effects
        .iter()
        .filter_map(|it| match it {
            Effect::Call { call, .. } => Some(call),
            _ => None,
        })
        .collect()
}

fn cursor(model: &Model) -> Option<&str> {
    model.screens.overview.selection.id()
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|it| it.text.as_str()).collect()
}

#[test]
fn the_first_window_goes_out_at_once_and_later_ones_are_gathered() {
    let mut model = model(80, 24);
    let effects = update(&mut model, Event::Wake, NOW);
    assert!(matches!(effects[..], [Effect::Watch(_)]));
    let mut sent = Vec::new();
    for (at, it) in "/abc".chars().enumerate() {
        let now = NOW + i64::try_from(at).unwrap() * 1_000;
        let key = durascope::app::event::Key::char(it);
        sent.extend(update(&mut model, Event::Key(key), now));
    }
    assert!(sent.is_empty(), "typing sends nothing by itself: {sent:?}");
    assert_eq!(model.next_wakeup(), Some(NOW + 1_000 + DEBOUNCE));
    let sent = update(&mut model, Event::Wake, NOW + 1_000 + DEBOUNCE);
    let [Effect::Watch(spec)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(spec.window.text, "abc");
    assert_eq!(model.next_wakeup(), None, "nothing more to do");
}

#[test]
fn back_restores_filter_sort_cursor_and_scroll() {
    let mut model = on_overview(80, 14);
    press(&mut model, "/e");
    press_key(&mut model, Code::Enter);
    press(&mut model, ">ijjj");
    let before = model.screens.overview.clone();
    press_key(&mut model, Code::Enter);
    assert!(model.screens.top_instance().is_some());
    press(&mut model, "jj");
    press_key(&mut model, Code::Esc);
    assert!(model.screens.top_instance().is_none());
    let after = &model.screens.overview;
    assert_eq!(after.selection, before.selection);
    assert_eq!(
        (after.filter.text(), after.sort, after.reverse),
        ("e", SortColumn::Created, true)
    );
    assert_eq!(before.filter.text(), "e");
}

#[test]
fn the_cursor_stays_on_its_instance_while_rows_move_and_says_when_it_goes() {
    let mut model = on_overview(80, 24);
    press(&mut model, "jj");
    assert_eq!(cursor(&model), Some("appr-5511"));
    for seed in 0..500_usize {
        let mut rows = rows();
        let turn = seed % rows.len();
        rows.rotate_left(turn);
        let update = answer(&model, rows);
        arrives(&mut model, update);
        assert_eq!(cursor(&model), Some("appr-5511"));
    }
    let gone: Vec<_> = rows()
        .into_iter()
        .filter(|it| it.instance_id != "appr-5511")
        .collect();
    let update = answer(&model, gone);
    arrives(&mut model, update);
    assert_ne!(cursor(&model), Some("appr-5511"));
    assert_eq!(toasts(&model), ["appr-5511 has left this list"]);
}

#[test]
fn of_a_list_that_is_loaded_in_part_nothing_is_said_to_have_left_it() {
    let mut model = on_overview(80, 24);
    press(&mut model, "jj");
    let rest: Vec<_> = rows()
        .into_iter()
        .filter(|it| it.instance_id != "appr-5511")
        .collect();
    let mut update = answer(&model, rest);
    update.instances.as_mut().unwrap().matching = 5_000;
    arrives(&mut model, update);
    assert_eq!(toasts(&model), ["appr-5511 has left this part of the list"]);
}

#[test]
fn another_filter_without_the_chosen_row_begins_at_the_top() {
    let mut model = on_overview(80, 24);
    press(&mut model, "jjjj/chk");
    press_key(&mut model, Code::Enter);
    let found: Vec<_> = (0..9)
        .map(|at| {
            row(
                &format!("chk-{at}"),
                "Checkout",
                OrchestrationStatus::Running,
            )
        })
        .collect();
    let update = answer(&model, found);
    arrives(&mut model, update);
    assert_eq!(cursor(&model), Some("chk-0"));
    assert!(
        toasts(&model).is_empty(),
        "nothing has left: the question changed"
    );
}

#[test]
fn an_event_is_sent_only_with_a_name_and_json() {
    let mut model = on_overview(120, 36);
    press(&mut model, "e");
    assert!(press_ctrl(&mut model, 's').is_empty(), "no name");
    press(&mut model, "Approved");
    press_key(&mut model, Code::Tab);
    press(&mut model, "{\"by\":");
    assert!(press_ctrl(&mut model, 's').is_empty(), "no JSON");
    let Some(Dialog::RaiseEvent(dialog)) = model.dialogs.last() else {
        panic!("closed")
    };
    assert!(dialog.refused.as_ref().unwrap().contains("line 1 column 6"));
    press(&mut model, "1}");
    let sent = press_ctrl(&mut model, 's');
    let call = Call::RaiseEvent {
        instance_id: "batch-2026-11-24".to_owned(),
        name: "Approved".to_owned(),
        payload: Some("{\"by\":1}".to_owned()),
    };
    assert_eq!(calls(&sent), [&call]);
    assert!(model.dialogs.is_empty());
    let outcome = Err("not found: no such instance".to_owned());
    happens(&mut model, Event::Reply(Reply { id: 1, outcome }));
    assert_eq!(
        toasts(&model),
        ["raise event batch-2026-11-24: not found: no such instance"]
    );
}

#[test]
fn terminate_needs_its_own_key_and_takes_the_children_only_if_wanted() {
    let mut model = on_overview(120, 36);
    press(&mut model, "t");
    assert!(
        press_key(&mut model, Code::Enter).is_empty(),
        "Enter cancels"
    );
    assert!(model.dialogs.is_empty());
    press(&mut model, "t");
    press_key(&mut model, Code::Tab);
    press(&mut model, "ny");
    press_key(&mut model, Code::Enter);
    let sent = press(&mut model, " y");
    let call = Call::Terminate {
        instance_id: "batch-2026-11-24".to_owned(),
        reason: Some("ny".to_owned()),
        recursive: false,
    };
    assert_eq!(calls(&sent), [&call]);
}

#[test]
fn purge_counts_first_and_refuses_what_has_not_ended() {
    let mut model = on_overview(120, 36);
    assert!(press(&mut model, "x").is_empty());
    assert!(toasts(&model)[0].contains("batch-2026-11-24 is running: only ended"));
    let asked = press(&mut model, "jx");
    assert!(matches!(
        calls(&asked)[..],
        [Call::PreviewPurge {
            recursive: true,
            ..
        }]
    ));
    assert!(
        calls(&press(&mut model, "y")).is_empty(),
        "the count is not known yet"
    );
    let id = model.calls[0].id;
    let count = PreviewPurgeResponse {
        deleted: 5,
        kept: 0,
        unknown: 0,
    };
    happens(
        &mut model,
        Event::Reply(Reply {
            id,
            outcome: Ok(Answer::PurgePreview(count)),
        }),
    );
    let sent = press(&mut model, "y");
    assert!(matches!(
        calls(&sent)[..],
        [Call::Purge {
            recursive: true,
            ..
        }]
    ));
    let id = model.calls[0].id;
    happens(
        &mut model,
        Event::Reply(Reply {
            id,
            outcome: Ok(Answer::Purged { deleted: 5 }),
        }),
    );
    assert_eq!(
        toasts(&model).last(),
        Some(&"purged 5 instances with chk-77120")
    );
}

#[test]
fn suspend_becomes_resume() {
    let mut model = on_overview(120, 36);
    let sent = press(&mut model, "z");
    assert!(matches!(calls(&sent)[..], [Call::Suspend { .. }]));
    press(&mut model, "jjjj");
    assert_eq!(model.target_status(), Some(OrchestrationStatus::Suspended));
    let sent = press(&mut model, "z");
    assert!(matches!(calls(&sent)[..], [Call::Resume { .. }]));
}

#[test]
fn read_only_sends_nothing_and_says_so() {
    let mut model = on_overview(120, 36);
    model.settings.read_only = true;
    let changes: Vec<_> = action::all()
        .filter(|it| it.risk != action::Risk::View && it.is_here(&model))
        .collect();
    for action in changes {
        model.toasts.clear();
        let sent = happens(&mut model, Event::Key(action.keys[0]));
        assert!(
            sent.is_empty() && model.dialogs.is_empty(),
            "{:?}",
            action.id
        );
        assert!(toasts(&model)[0].contains("read-only"), "{:?}", action.id);
    }
}

#[test]
fn nothing_is_sent_while_disconnected_and_r_retries_at_once() {
    let mut model = on_overview(120, 36);
    breaks(&mut model);
    assert!(calls(&press(&mut model, "tz")).is_empty());
    assert!(toasts(&model)[0].contains("not connected"));
    assert_eq!(press(&mut model, "r"), [Effect::RetryNow]);
    assert_eq!(model.link, Link::Connecting { attempt: 4 });
}

#[test]
fn a_child_opens_and_the_parent_is_gone_back_to() {
    let mut model = on_instance(120, 36, tree());
    let child = |it: &durascope::data::tree::Node| matches!(&it.key, durascope::data::tree::NodeKey::Child { instance_id } if instance_id == "ship-asia");
    let at = model
        .screens
        .top_instance()
        .unwrap()
        .nodes
        .iter()
        .position(child)
        .unwrap();
    for _ in 0..=at {
        press(&mut model, "j");
    }
    let before = model.screens.top_instance().unwrap().index;
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "ship-asia");
    model.now += SECOND;
    let sent = happens(&mut model, Event::Wake);
    assert!(matches!(&sent[..], [Effect::Watch(it)] if it.instance_id == "ship-asia"));
    let mut update = answer(&model, rows());
    let row = tree().children[1].clone();
    update.tree = Some(InstanceTree {
        found: true,
        instance_id: "ship-asia".to_owned(),
        instance: Some(row),
        ..InstanceTree::default()
    });
    arrives(&mut model, update);
    press(&mut model, "P");
    let top = model.screens.top_instance().unwrap();
    assert_eq!((top.id.as_str(), top.index), ("batch-2026-11-24", before));
    assert!(top.tree().is_some(), "what was seen of it is still there");
}

#[test]
fn folds_and_cursor_of_the_tree_survive_updates() {
    let mut model = on_instance(120, 36, tree());
    press(&mut model, "jjj");
    let selected = |model: &Model| {
        model
            .screens
            .top_instance()
            .unwrap()
            .selected()
            .unwrap()
            .clone()
    };
    assert!(matches!(
        &selected(&model).key,
        durascope::data::tree::NodeKey::Group { name, .. } if name == "ProcessItem"
    ));
    press(&mut model, "h");
    let folded = model.screens.top_instance().unwrap().line_count();
    let mut grown = tree();
    grown.groups.insert(0, grown.groups[0].clone());
    grown.groups[0].name = "Earlier".to_owned();
    let mut update = answer(&model, rows());
    update.tree = Some(grown);
    arrives(&mut model, update);
    assert!(matches!(
        &selected(&model).key,
        durascope::data::tree::NodeKey::Group { name, .. } if name == "ProcessItem"
    ));
    assert_eq!(selected(&model).unfolded, Some(false));
    assert_eq!(
        model.screens.top_instance().unwrap().line_count(),
        folded + 1
    );
}

#[test]
fn every_key_in_the_table_acts_on_its_screen_and_no_other_letter_does() {
    for (place, make) in [
        (
            Place::Hub(HubTab::Instances),
            (|| on_overview(120, 36)) as fn() -> Model,
        ),
        (Place::Instance(InstanceTab::Tree), || {
            on_instance(120, 36, tree())
        }),
    ] {
        for it in ('!'..='~').chain([' ']) {
            let key = durascope::app::event::Key::char(it);
            let known =
                action::all().any(|action| action.place.holds(place) && action.keys.contains(&key));
            let mut model = make();
            let before = format!("{:?}", (&model.screens, &model.dialogs, &model.toasts));
            let effects = happens(&mut model, Event::Key(key));
            let after = format!("{:?}", (&model.screens, &model.dialogs, &model.toasts));
            let acted = before != after || !effects.is_empty();
            assert!(known || !acted, "{it:?} acts without being in the table");
        }
    }
}
