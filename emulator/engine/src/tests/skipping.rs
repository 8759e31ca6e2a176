//! Terminations that skip the orchestrator.

use durascope_proto::OrchestrationStatus as Status;

use super::Scenario;
use super::new_instance;
use super::schedule;
use super::shape;
use crate::deliver::TaskResult;
use crate::turn;
use crate::turn::Answer;
use crate::turn::PayloadChange;

#[test]
fn what_runs_ends_with_what_its_history_lacks() {
    let mut scenario = Scenario::running("order-1");
    scenario.answer(Answer {
        actions: vec![schedule(1, "A")],
        custom_status: Some("\"half\"".to_owned()),
        ..Answer::default()
    });
    let before = scenario.instance.counters;
    let reason = Some("\"stop\"".to_owned());
    let commit = turn::end_now(9_000_000, &scenario.instance, None, reason.clone());
    assert_eq!(
        shape(&commit),
        [(-1, "turn"), (-1, "terminated"), (-1, "completed")]
    );
    assert_eq!(commit.after.status, Status::Terminated);
    assert_eq!(commit.payloads, [PayloadChange::Output(reason)]);
    let counters = commit.after.counters;
    assert_eq!(counters.history_events, before.history_events + 3);
    assert_eq!((counters.messages_waiting, counters.timers_pending), (0, 0));
    let ended = commit.ended.unwrap();
    assert!(matches!(ended.result, TaskResult::Failed(_)));
    assert_eq!(ended.terminate_children, None);
}

#[test]
fn what_never_ran_also_says_that_it_was_started() {
    let new = new_instance(1_000, "order-1");
    let commit = turn::end_now(2_000, &new.instance, Some(&new.entry.event), None);
    assert_eq!(
        shape(&commit),
        [
            (-1, "turn"),
            (0, "started"),
            (-1, "terminated"),
            (-1, "completed")
        ]
    );
    assert_eq!(commit.payloads, []);
}
