//! Continue-as-new: a new execution that loses and repeats no event.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use prost::Message as _;

use super::NEXT_EXECUTION;
use super::Scenario;
use super::action;
use super::kinds;
use super::name;
use super::raised;
use super::schedule;
use super::send;
use super::terminate;
use super::timer;
use crate::Kind;
use crate::Phase;
use crate::deliver;
use crate::deliver::Message;
use crate::instance::Outcomes;
use crate::turn::Answer;
use crate::turn::PayloadChange;
use crate::turn::Surroundings;
use crate::turn::Turn;
use crate::turn::started_event;

fn renew(carryover: Vec<HistoryEvent>) -> OrchestratorAction {
    let complete = CompleteOrchestrationAction {
        orchestration_status: Status::ContinuedAsNew as i32,
        result: Some("2".to_owned()),
        carryover_events: carryover,
        new_version: Some("1.1".to_owned()),
        ..Default::default()
    };
    action(9, OrchestratorActionType::CompleteOrchestration(complete))
}

#[test]
fn the_new_execution_begins_with_start_carried_events_and_what_it_sent_itself() {
    let mut scenario = Scenario::started("order-1");
    let carried = deliver::raised(77, "kept".to_owned(), Some("x".to_owned()));
    let commit = scenario.turn([
        schedule(1, "A"),
        timer(2, 9_000_000),
        send(3, "order-1", "again"),
        renew(vec![carried.clone()]),
    ]);
    assert!(commit.renews && commit.ended.is_none());
    assert!(commit.chunks.is_empty(), "the old history goes");
    assert_eq!(
        kinds(&commit.first_entries),
        [Kind::Start, Kind::Event, Kind::Event]
    );
    assert!(commit.entries.is_empty(), "the timer is dropped");
    assert_eq!(commit.activities.len(), 1, "the activity still runs");
    assert_eq!(
        commit.payloads,
        [PayloadChange::Input(Some("2".to_owned()))]
    );

    let started = started_event(&commit.first_entries[0].event).unwrap();
    assert_eq!(started.input.as_deref(), Some("2"));
    assert_eq!(started.version.as_deref(), Some("1.1"));
    let identity = started.orchestration_instance.unwrap();
    assert_eq!(identity.execution_id.as_deref(), Some(NEXT_EXECUTION));
    assert_eq!(commit.first_entries[1].event, carried.encode_to_vec());

    let after = commit.after;
    assert_eq!(&*after.execution, NEXT_EXECUTION);
    assert_eq!(
        (after.status, after.phase),
        (Status::Running, Phase::Renewed)
    );
    assert_eq!(after.version.as_deref(), Some("1.1"));
    assert_eq!(after.counters.activities, Outcomes::default());
    assert_eq!(after.counters.messages_waiting, 3);
    assert_eq!(after.created_us, 1_000);
}

#[test]
fn results_of_the_old_execution_do_not_reach_the_new_one() {
    let mut scenario = Scenario::started("order-1");
    scenario.turn([schedule(1, "A")]);
    let old = scenario.instance.execution.clone();
    let started = durascope_proto::ExecutionStartedEvent::default();
    let turn = Turn::new(scenario.now_us, &scenario.instance, Vec::new());
    let surroundings = Surroundings {
        started: Some(started),
        unbound_waiting: 4,
    };
    let answer = Answer {
        actions: vec![renew(vec![])],
        ..Answer::default()
    };
    let commit = scenario.apply(&turn, answer, surroundings);
    assert_eq!(
        commit.after.counters.messages_waiting, 5,
        "what waits stays"
    );
    scenario.instance = commit.after;
    let result = deliver::TaskResult::Completed(None);
    assert!(!scenario.deliver(Message::ActivityResult {
        execution: old,
        task_id: 1,
        result
    }));
    assert!(scenario.deliver(raised("later")));
}

#[test]
fn a_suspended_execution_stays_suspended_across_renewal() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(Message::Suspend { reason: None });
    let started = durascope_proto::ExecutionStartedEvent::default();
    let turn = Turn::new(scenario.now_us, &scenario.instance, scenario.inbox.clone());
    let surroundings = Surroundings {
        started: Some(started),
        unbound_waiting: 0,
    };
    let answer = Answer {
        actions: vec![renew(vec![])],
        ..Answer::default()
    };
    let commit = scenario.apply(&turn, answer, surroundings);
    assert_eq!(commit.after.status, Status::Suspended);
    assert_eq!(kinds(&commit.first_entries), [Kind::Start, Kind::Suspend]);
    let suspended = HistoryEvent::decode(commit.first_entries[1].event.clone()).unwrap();
    assert_eq!(name(&suspended), "suspended");
}

#[test]
fn a_terminated_turn_cannot_continue_as_new() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(terminate(false));
    let commit = scenario.turn([renew(vec![])]);
    assert_eq!(commit.after.status, Status::Terminated);
}
