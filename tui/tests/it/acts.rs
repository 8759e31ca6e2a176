//! Actions on one and on many, by tables: marks, confirmations, runs, forms, what is copied.

use durascope::app::action;
use durascope::app::action::Risk;
use durascope::app::deed::Target;
use durascope::app::dialogs::Dialog;
use durascope::app::effect::Call;
use durascope::app::effect::Effect;
use durascope::app::effect::Start;
use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Reply;
use durascope::app::model::Model;
use durascope::app::run::OUT_MAX;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::PreviewPurgeResponse;

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

fn copied(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|it| match it {
        Effect::Copy { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|it| it.text.as_str()).collect()
}

fn is_marked(model: &Model) -> Vec<&str> {
    let rows = &model.page().expect("the list is loaded").rows;
    rows.iter()
        .map(|it| it.instance_id.as_str())
        .filter(|it| model.marks.has(it))
        .collect()
}

fn answers(model: &mut Model, outcome: Result<Answer, String>) -> Vec<Effect> {
    let id = model.calls[0].id;
    happens(model, Event::Reply(Reply { id, outcome }))
}

/// `count` running instances and one that has ended, of more that match.
fn many(count: usize) -> Model {
    let mut model = on_overview(120, 36);
    let rows = (0..count)
        .map(|at| row(&format!("o-{at:03}"), "Order", OrchestrationStatus::Running))
        .chain([row("z-done", "Order", OrchestrationStatus::Completed)])
        .collect();
    let update = answer(&model, rows);
    arrives(&mut model, update);
    model
}

#[test]
fn marks_follow_their_instances_and_esc_takes_the_filter_before_them() {
    let mut model = on_overview(120, 36);
    press(&mut model, "  ");
    assert_eq!(is_marked(&model), ["batch-2026-11-24", "chk-77120"]);
    let mut turned = rows();
    turned.rotate_left(1);
    let update = answer(&model, turned);
    arrives(&mut model, update);
    assert_eq!(model.marks.len(), 2);
    assert!(model.marks.has("chk-77120"));
    press(&mut model, "/x");
    press_key(&mut model, Code::Enter);
    press_key(&mut model, Code::Esc);
    assert_eq!(model.marks.len(), 2, "Esc took the filter");
    press(&mut model, "t");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.marks.len(), 2, "Esc closed the dialog");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.marks.len(), 0);
}

#[test]
fn a_range_is_marked_from_its_beginning_to_the_cursor() {
    let mut model = on_overview(120, 36);
    press(&mut model, "jVjjV");
    assert_eq!(is_marked(&model), ["chk-77120", "appr-5511", "rf-90021"]);
    press(&mut model, "uV");
    let update = answer(&model, rows()[..2].to_vec());
    arrives(&mut model, update);
    press(&mut model, "V");
    assert!(
        toasts(&model)
            .last()
            .unwrap()
            .contains("beginning of the range")
    );
}

#[test]
fn all_that_match_are_marked_beyond_what_is_loaded() {
    let mut model = on_overview(120, 36);
    assert!(
        calls(&press_ctrl(&mut model, 'a')).is_empty(),
        "all are loaded"
    );
    assert_eq!(model.marks.len(), 6);
    press(&mut model, "u");
    let mut update = answer(&model, rows());
    update.instances.as_mut().unwrap().matching = 900;
    arrives(&mut model, update);
    let sent = press_ctrl(&mut model, 'a');
    let [Call::ListMatching(window)] = calls(&sent)[..] else {
        panic!("{sent:?}")
    };
    assert!(window.roots_only);
    let targets: Vec<_> = (0..900)
        .map(|at| {
            Target::of(&row(
                &format!("o-{at}"),
                "Order",
                OrchestrationStatus::Running,
            ))
        })
        .collect();
    let outcome = Ok(Answer::Matching {
        targets,
        more: false,
    });
    answers(&mut model, outcome);
    assert_eq!(model.marks.len(), 900);
    // Those who are not on screen are looked at before anything is done to them.
    let sent = press(&mut model, "t");
    assert!(matches!(calls(&sent)[..], [Call::Look { instance_ids }] if instance_ids.len() == 900));
    press(&mut model, "900");
    assert!(
        calls(&press(&mut model, "y")).is_empty(),
        "they are still looked at"
    );
    let ended = Target::of(&row("o-7", "Order", OrchestrationStatus::Completed));
    let outcome = Ok(Answer::Looked {
        targets: vec![ended],
        gone: vec!["o-8".to_owned()],
    });
    answers(&mut model, outcome);
    assert!(
        calls(&press(&mut model, "900y")).is_empty(),
        "there are 898"
    );
    let Some(Dialog::Confirm(dialog)) = model.dialogs.last() else {
        panic!("closed")
    };
    assert_eq!(dialog.plan.to_type(&dialog.deed()), Some(898));
}

#[test]
fn many_are_done_sixteen_at_a_time_with_a_result_for_each() {
    let mut model = many(40);
    press_ctrl(&mut model, 'a');
    press(&mut model, "t");
    assert!(
        calls(&press(&mut model, "y")).is_empty(),
        "the number is not typed"
    );
    assert!(
        calls(&press(&mut model, "41y")).is_empty(),
        "one of them has ended"
    );
    press_key(&mut model, Code::Backspace);
    press_key(&mut model, Code::Backspace);
    let sent = press(&mut model, "40y");
    assert_eq!(calls(&sent).len(), OUT_MAX);
    assert!(calls(&sent).iter().all(|it| it.destroys()));
    let sent = answers(&mut model, Err("not found: no such instance".to_owned()));
    assert_eq!(calls(&sent).len(), 1);
    for _ in 0..20 {
        answers(&mut model, Ok(Answer::Done));
    }
    // Esc stops what has not begun; what is out is waited for.
    press_key(&mut model, Code::Esc);
    assert!(matches!(model.dialogs.last(), Some(Dialog::Results(_))));
    while !model.calls.is_empty() {
        assert!(calls(&answers(&mut model, Ok(Answer::Done))).is_empty());
    }
    let run = model.run.as_ref().unwrap();
    assert!(run.is_over());
    assert_eq!(run.counts(), (36, 1, 4, 41));
    let picture = drawn(&model, COLOR);
    assert!(picture.contains("no such instance"), "{picture}");
    let all = copied(&press(&mut model, "Y")).unwrap().to_owned();
    assert_eq!(all.lines().count(), 41);
    press_key(&mut model, Code::Esc);
    assert!(model.run.is_none() && model.dialogs.is_empty());
}

#[test]
fn a_run_begins_nothing_after_the_connection_is_lost() {
    let mut model = many(40);
    press_ctrl(&mut model, 'a');
    press(&mut model, "t40y");
    breaks(&mut model);
    let sent = answers(&mut model, Err("unavailable".to_owned()));
    assert!(calls(&sent).is_empty());
    let (_, failed, left, _) = model.run.as_ref().unwrap().counts();
    assert_eq!((failed, left), (1, 25));
}

#[test]
fn a_purge_of_all_that_match_wants_its_number_even_for_few() {
    let mut model = on_overview(120, 36);
    press_ctrl(&mut model, 'a');
    let sent = press(&mut model, "x");
    let [Call::PreviewPurge { instance_ids, .. }] = calls(&sent)[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(instance_ids.len(), 2, "only ended ones");
    let count = PreviewPurgeResponse {
        deleted: 5,
        ..PreviewPurgeResponse::default()
    };
    answers(&mut model, Ok(Answer::PurgePreview(count)));
    assert!(calls(&press(&mut model, "y")).is_empty());
    let sent = press(&mut model, "2y");
    assert_eq!(calls(&sent).len(), 2);
    while !model.calls.is_empty() {
        answers(&mut model, Ok(Answer::Purged { deleted: 1 }));
    }
    assert_eq!(model.marks.len(), 4, "what is gone is not marked any more");
}

#[test]
fn a_server_that_cannot_count_does_not_stop_a_purge() {
    let mut model = on_overview(120, 36);
    press(&mut model, "jx");
    answers(&mut model, Err("this server cannot do that".to_owned()));
    assert!(drawn(&model, COLOR).contains("the count is not known"));
    assert!(matches!(
        calls(&press(&mut model, "y"))[..],
        [Call::Purge { .. }]
    ));
}

#[test]
fn each_action_on_one_becomes_its_call() {
    let id = || "chk-77120".to_owned();
    let rows: [(&str, Call); 5] = [
        (
            "Ry",
            Call::Restart {
                instance_id: id(),
                new_id: false,
            },
        ),
        (
            "R y",
            Call::Restart {
                instance_id: id(),
                new_id: true,
            },
        ),
        (
            "w\ty\ny",
            Call::Rewind {
                instance_id: id(),
                reason: Some("y".to_owned()),
            },
        ),
        ("A\x01", Call::ReadStart { instance_id: id() }),
        (
            "kt fy",
            Call::ForceTerminate {
                instance_id: "batch-2026-11-24".to_owned(),
                reason: None,
            },
        ),
    ];
    for (keys, wanted) in rows {
        let mut model = on_overview(120, 36);
        press(&mut model, "j");
        let mut sent = Vec::new();
        for it in keys.chars() {
            sent.extend(match it {
                '\t' => press_key(&mut model, Code::Tab),
                '\n' => press_key(&mut model, Code::Enter),
                '\x01' => Vec::new(),
                it => press(&mut model, &it.to_string()),
            });
        }
        assert_eq!(calls(&sent), [&wanted], "{keys:?}");
    }
}

#[test]
fn restart_of_an_open_one_is_offered_under_a_new_id_only() {
    let mut model = on_overview(120, 36);
    press(&mut model, "R ");
    assert!(calls(&press(&mut model, "y")).is_empty(), "it still runs");
    let sent = press(&mut model, " y");
    assert!(matches!(
        calls(&sent)[..],
        [Call::Restart { new_id: true, .. }]
    ));
}

#[test]
fn names_of_events_complete_and_the_last_payload_comes_back() {
    let mut model = on_overview(120, 36);
    press(&mut model, "epri");
    press_key(&mut model, Code::Tab);
    press_key(&mut model, Code::Tab);
    press(&mut model, "{\"a\":1}");
    let sent = press_ctrl(&mut model, 's');
    assert!(
        matches!(calls(&sent)[..], [Call::RaiseEvent { name, .. }] if name == "PriceListChanged")
    );
    press(&mut model, "jje");
    press_key(&mut model, Code::Tab);
    press_ctrl(&mut model, 'r');
    let sent = press_ctrl(&mut model, 's');
    let [
        Call::RaiseEvent {
            instance_id,
            payload,
            ..
        },
    ] = calls(&sent)[..]
    else {
        panic!("{sent:?}")
    };
    assert_eq!(
        (instance_id.as_str(), payload.as_deref()),
        ("appr-5511", Some("{\"a\":1}"))
    );
}

#[test]
fn an_event_goes_to_all_that_are_marked_and_open() {
    let mut model = on_overview(120, 36);
    press(&mut model, "   eGo");
    let sent = press_ctrl(&mut model, 's');
    let ids: Vec<_> = calls(&sent).iter().map(|it| it.instance_id()).collect();
    assert_eq!(ids, ["appr-5511", "batch-2026-11-24"], "one has failed");
    assert_eq!(model.run.as_ref().unwrap().counts().2, 1);
}

#[test]
fn a_new_one_is_started_and_another_like_the_selected() {
    let mut model = on_overview(120, 36);
    press(&mut model, "nChe");
    press_key(&mut model, Code::Tab);
    let sent = press_ctrl(&mut model, 's');
    assert!(matches!(calls(&sent)[..], [Call::Start(it)] if it.name == "Checkout"));
    let outcome = Ok(Answer::Started {
        instance_id: "abc".to_owned(),
    });
    answers(&mut model, outcome);
    assert_eq!(toasts(&model), ["Checkout started as abc"]);

    press(&mut model, "A");
    assert!(
        calls(&press_ctrl(&mut model, 's')).is_empty(),
        "it is still read"
    );
    let start = Start {
        name: "OrderBatch".to_owned(),
        version: Some("2".to_owned()),
        tags: [("team".to_owned(), "a".to_owned())].into(),
        input: Some("{\"items\":1000}".to_owned()),
        ..Start::default()
    };
    answers(&mut model, Ok(Answer::StartedWith(Box::new(start.clone()))));
    let sent = press_ctrl(&mut model, 's');
    let [Call::Start(sent)] = calls(&sent)[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(
        (&sent.name, &sent.tags, &sent.version),
        (&start.name, &start.tags, &start.version)
    );
    assert_eq!(sent.input.as_deref(), Some("{\n  \"items\": 1000\n}"));
}

#[test]
fn marked_suspended_and_running_ones_are_suspended_or_resumed() {
    let mut model = on_overview(120, 36);
    press_ctrl(&mut model, 'a');
    press(&mut model, "z");
    let sent = press(&mut model, "y");
    assert_eq!(calls(&sent).len(), 3);
    assert!(
        calls(&sent)
            .iter()
            .all(|it| matches!(it, Call::Suspend { .. }))
    );
    while !model.calls.is_empty() {
        answers(&mut model, Ok(Answer::Done));
    }
    press_key(&mut model, Code::Esc);
    press(&mut model, "z ");
    let sent = press(&mut model, "y");
    assert!(matches!(calls(&sent)[..], [Call::Resume { .. }]));
}

#[test]
fn dialogs_copy_their_command_and_lists_the_id() {
    let mut model = on_overview(120, 36);
    assert_eq!(copied(&press(&mut model, "y")), Some("batch-2026-11-24"));
    press(&mut model, "t");
    press_key(&mut model, Code::Tab);
    press(&mut model, "it's over");
    press_key(&mut model, Code::Enter);
    assert_eq!(
        copied(&press(&mut model, "Y")),
        Some(r"durascope instances terminate batch-2026-11-24 --reason 'it'\''s over' --recursive")
    );
    press_key(&mut model, Code::Esc);
    press(&mut model, "eA Y");
    let sent = press_ctrl(&mut model, 'y');
    assert_eq!(
        copied(&sent),
        Some("durascope instances raise batch-2026-11-24 --event 'A Y'")
    );
    happens(
        &mut model,
        Event::Said {
            kind: durascope::app::toast::Kind::Done,
            text: "copied it (OSC 52)".to_owned(),
        },
    );
    assert_eq!(toasts(&model), ["copied it (OSC 52)"]);
}

#[test]
fn the_menu_does_what_can_be_done_and_says_why_not() {
    let mut model = on_overview(120, 36);
    press(&mut model, "a");
    let picture = drawn(&model, COLOR);
    assert!(
        picture.contains("off: batch-2026-11-24 is running: only failed"),
        "{picture}"
    );
    press(&mut model, "x");
    assert!(toasts(&model)[0].contains("only ended instances"));
    press(&mut model, "t");
    assert!(matches!(model.dialogs[..], [Dialog::Confirm(_)]));
}

#[test]
fn a_dashboard_that_only_reads_hides_and_sends_nothing() {
    let mut model = on_overview(120, 36);
    model.settings.read_only = true;
    press(&mut model, "  ");
    let here = model.screens.place();
    let risky = action::all().filter(|it| it.risk != Risk::View && it.place.holds(here));
    for action in risky {
        for key in action.keys {
            let sent = happens(&mut model, Event::Key(*key));
            assert!(
                calls(&sent).is_empty() && model.dialogs.is_empty(),
                "{:?}",
                action.id
            );
        }
    }
    model.toasts.clear();
    press(&mut model, "a");
    let picture = drawn(&model, COLOR);
    assert!(picture.contains("read-only: "), "{picture}");
    assert!(!picture.contains("terminate"), "{picture}");
    press(&mut model, "t");
    press_key(&mut model, Code::Esc);
    press(&mut model, "?");
    assert!(!drawn(&model, COLOR).contains("purge"));
    for it in ["y", "Y"] {
        assert!(calls(&press(&mut model, it)).is_empty());
    }
    // A dialog that was open when the rule came would not help either.
    model.settings.read_only = false;
    model.dialogs.clear();
    press(&mut model, "ut");
    model.settings.read_only = true;
    assert!(calls(&press(&mut model, "y")).is_empty());
}
