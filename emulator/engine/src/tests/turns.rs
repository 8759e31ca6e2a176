//! Answers that do not end the execution: history, side effects, order, counters.

use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::history_event::EventType;

use super::Scenario;
use super::child;
use super::events;
use super::kinds;
use super::raised;
use super::schedule;
use super::send;
use super::shape;
use super::timer;
use crate::Kind;
use crate::Phase;
use crate::instance::Outcomes;
use crate::turn::Answer;
use crate::turn::PayloadChange;
use crate::turn::Turn;

#[test]
fn the_first_turn_makes_it_running_and_activities_point_into_the_history() {
    let mut scenario = Scenario::started("order-1");
    let commit = scenario.turn([schedule(1, "Charge"), schedule(2, "Ship")]);
    assert_eq!(
        shape(&commit),
        [(-1, "turn"), (0, "started"), (1, "task"), (2, "task")]
    );
    assert_eq!(commit.after.status, Status::Running);
    assert_eq!(commit.after.phase, Phase::Running);
    let scheduled: Vec<_> = commit
        .activities
        .iter()
        .map(|it| (it.task_id, it.name.to_string()))
        .collect();
    assert_eq!(
        scheduled,
        [(1, "Charge".to_owned()), (2, "Ship".to_owned())]
    );
    let encoded = prost::Message::encode_to_vec(&events(&commit)[3]);
    assert_eq!(commit.activities[1].event, encoded);
    let counters = commit.after.counters;
    assert_eq!(
        counters.activities,
        Outcomes {
            scheduled: 2,
            completed: 0,
            failed: 0
        }
    );
    assert_eq!((counters.history_events, counters.history_chunks), (4, 1));
    assert_eq!(counters.history_bytes, commit.chunks[0].data.len() as u64);
    assert_eq!(counters.messages_waiting, 0);
}

#[test]
fn actions_apply_in_the_order_of_their_ids() {
    let mut scenario = Scenario::started("order-1");
    let commit = scenario.turn([schedule(3, "C"), timer(1, 0), schedule(2, "B")]);
    assert_eq!(
        shape(&commit),
        [
            (-1, "turn"),
            (0, "started"),
            (1, "timer"),
            (2, "task"),
            (3, "task")
        ]
    );
}

#[test]
fn the_same_id_may_be_scheduled_twice() {
    let mut scenario = Scenario::running("order-1");
    scenario.turn([schedule(1, "A")]);
    let commit = scenario.turn([schedule(1, "A")]);
    assert_eq!(commit.activities.len(), 1);
    assert_eq!(commit.after.counters.activities.scheduled, 2);
}

#[test]
fn timers_fire_in_the_order_of_their_times_a_millisecond_later() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([timer(1, 5_000_000), timer(2, 7)]);
    assert_eq!(kinds(&commit.entries), [Kind::Timer, Kind::Timer]);
    // Overdue as it is, it comes first.
    assert_eq!(commit.entries[0].visible_us, Some(1_007));
    assert_eq!(commit.entries[1].visible_us, Some(5_001_000));
    assert_eq!(commit.after.counters.timers_pending, 2);
}

#[test]
fn a_turn_is_later_than_the_last_one_and_than_every_timer_in_it() {
    let mut scenario = Scenario::running("order-1");
    scenario.turn([timer(1, 5_000_000)]);
    let before = scenario.instance.counters.history_last_us;
    let turn = Turn::new(before - 10, &scenario.instance, Vec::new());
    assert_eq!(turn.started_us, before + 1);
    let turn = Turn::new(before, &scenario.instance, scenario.inbox.clone());
    assert_eq!(turn.started_us, 5_001_001);
}

#[test]
fn a_child_without_an_id_gets_one_from_its_parent_and_action() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([child(10, ""), child(11, "own")]);
    let ids: Vec<&str> = commit
        .children
        .iter()
        .map(|child| child.action.instance_id.as_str())
        .collect();
    assert_eq!(ids, ["order-1:000a", "own"]);
    let EventType::SubOrchestrationInstanceCreated(created) =
        events(&commit)[1].event_type.clone().unwrap()
    else {
        panic!("no child event")
    };
    assert_eq!(created.instance_id, "order-1:000a");
    assert_eq!(commit.after.counters.children.scheduled, 2);
}

#[test]
fn events_to_others_are_sent_and_events_to_itself_wait_in_its_inbox() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([send(1, "other", "Ready"), send(2, "order-1", "Again")]);
    assert_eq!(shape(&commit), [(-1, "turn"), (1, "sent"), (2, "sent")]);
    assert_eq!(commit.sent.len(), 1);
    assert_eq!(commit.sent[0].instance_id, "other");
    assert_eq!(kinds(&commit.entries), [Kind::Event]);
    assert_eq!(commit.after.counters.messages_waiting, 1);
}

#[test]
fn custom_status_is_written_when_it_changes_and_empty_clears_it() {
    let mut scenario = Scenario::running("order-1");
    let say = |text: &str| Answer {
        custom_status: Some(text.to_owned()),
        ..Answer::default()
    };
    let first = scenario.answer(say("\"a\""));
    assert_eq!(
        first.payloads,
        [PayloadChange::CustomStatus(Some("\"a\"".to_owned()))]
    );
    assert_eq!(scenario.answer(say("\"a\"")).payloads, []);
    // JavaScript's empty text is the JSON of it, and no absence.
    let quoted = scenario.answer(say("\"\""));
    assert_eq!(
        quoted.payloads,
        [PayloadChange::CustomStatus(Some("\"\"".to_owned()))]
    );
    assert_eq!(
        scenario.answer(say("")).payloads,
        [PayloadChange::CustomStatus(None)]
    );
    assert_eq!(scenario.answer(Answer::default()).payloads, []);
}

#[test]
fn events_that_the_worker_did_not_process_stay_in_the_inbox() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(raised("one"));
    scenario.deliver(raised("two"));
    let commit = scenario.answer(Answer {
        events_processed: Some(2),
        ..Answer::default()
    });
    assert_eq!(shape(&commit), [(-1, "turn"), (-1, "raised")]);
    assert_eq!(commit.consumed, 1);
    assert_eq!(commit.after.counters.messages_waiting, 1);
    // 0 means nothing further, as the last chunk of an answer says it.
    let commit = scenario.answer(Answer {
        events_processed: Some(0),
        ..Answer::default()
    });
    assert_eq!(commit.consumed, 1);
}

#[test]
fn a_malformed_action_fails_the_instance_with_its_reason() {
    let unknown = OrchestratorAction {
        id: 4,
        orchestrator_action_type: None,
    };
    for (bad, expected) in [
        (unknown, "action 4 has no type"),
        (send(5, "", "E"), "action 5"),
    ] {
        let mut scenario = Scenario::running("order-1");
        let commit = scenario.turn([schedule(1, "A"), bad]);
        assert_eq!(commit.after.status, Status::Failed);
        assert!(commit.activities.is_empty());
        let line = commit.after.failure_line.unwrap();
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_suspend_turn_leaves_the_status_suspended() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(crate::deliver::Message::Suspend { reason: None });
    let commit = scenario.turn([]);
    assert_eq!(shape(&commit), [(-1, "turn"), (-1, "suspended")]);
    assert_eq!(commit.after.status, Status::Suspended);
    assert_eq!(commit.after.phase, Phase::Suspended);
    scenario.deliver(crate::deliver::Message::Resume { reason: None });
    let commit = scenario.turn([]);
    assert_eq!(
        (commit.after.status, commit.after.phase),
        (Status::Running, Phase::Running)
    );
}
