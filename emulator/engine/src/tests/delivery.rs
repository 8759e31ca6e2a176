//! Messages that arrive: what is accepted, what is ignored, and what changes at once.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TaskFailureDetails;
use durascope_proto::time;

use super::EXECUTION;
use super::Scenario;
use super::complete;
use super::raised;
use super::request;
use super::schedule;
use super::terminate;
use crate::Kind;
use crate::deliver::Delivery;
use crate::deliver::Message;
use crate::deliver::TaskResult;
use crate::instance::Outcomes;
use crate::start;

fn result(execution: &str, task_id: i32, result: TaskResult) -> Message {
    Message::ActivityResult {
        execution: execution.into(),
        task_id,
        result,
    }
}

fn suspend() -> Message {
    Message::Suspend { reason: None }
}

fn resume() -> Message {
    Message::Resume { reason: None }
}

#[test]
fn an_ended_instance_ignores_everything() {
    let mut scenario = Scenario::running("order-1");
    scenario.turn([complete(1, Status::Completed, "2")]);
    let before = scenario.instance.clone();
    for message in [raised("Approved"), suspend(), resume(), terminate(true)] {
        assert!(!scenario.deliver(message));
    }
    assert_eq!(scenario.instance, before);
}

#[test]
fn results_count_when_accepted_and_those_of_another_execution_are_dropped() {
    let mut scenario = Scenario::started("order-1");
    scenario.turn([schedule(1, "A"), schedule(2, "A"), schedule(3, "A")]);
    assert!(scenario.deliver(result(EXECUTION, 1, TaskResult::Completed(None))));
    let failure = TaskResult::Failed(TaskFailureDetails::default());
    assert!(scenario.deliver(result(EXECUTION, 2, failure)));
    let old = result("an older execution", 3, TaskResult::Completed(None));
    assert!(!scenario.deliver(old));
    let counters = scenario.instance.counters;
    let expected = Outcomes {
        scheduled: 3,
        completed: 1,
        failed: 1,
    };
    assert_eq!(counters.activities, expected);
    assert_eq!(counters.batch, expected);
    assert_eq!(counters.messages_waiting, 2);
}

#[test]
fn results_of_earlier_batches_do_not_count_in_the_current_one() {
    let mut scenario = Scenario::started("order-1");
    scenario.turn([schedule(1, "A"), schedule(2, "A")]);
    scenario.deliver(result(EXECUTION, 1, TaskResult::Completed(None)));
    scenario.turn([schedule(3, "B")]);
    scenario.deliver(result(EXECUTION, 2, TaskResult::Completed(None)));
    let counters = scenario.instance.counters;
    assert_eq!(
        counters.batch,
        Outcomes {
            scheduled: 1,
            completed: 0,
            failed: 0
        }
    );
    assert_eq!(counters.activities.completed, 2);
    assert_eq!(counters.batch_turn, 2);
}

#[test]
fn suspend_and_resume_change_the_status_at_once_and_repeat_without_effect() {
    let mut scenario = Scenario::running("order-1");
    assert!(!scenario.deliver(resume()));
    assert!(scenario.deliver(suspend()));
    assert_eq!(scenario.instance.status, Status::Suspended);
    assert!(!scenario.deliver(suspend()));
    assert!(scenario.deliver(resume()));
    assert_eq!(scenario.instance.status, Status::Running);
    let kinds: Vec<Kind> = scenario.inbox.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [Kind::Suspend, Kind::Resume]);
}

#[test]
fn resume_before_the_first_turn_is_pending_again() {
    let mut scenario = Scenario::started("order-1");
    scenario.deliver(suspend());
    assert_eq!(scenario.instance.status, Status::Suspended);
    scenario.deliver(resume());
    assert_eq!(scenario.instance.status, Status::Pending);
}

#[test]
fn terminate_before_a_scheduled_start_needs_no_worker() {
    let later = CreateInstanceRequest {
        scheduled_start_timestamp: Some(time::from_micros(9_000)),
        ..request("order-1")
    };
    let new = start::request(1_000, later, None, EXECUTION).unwrap().new;
    let delivery = new.instance.deliver(2_000, terminate(false));
    let Delivery::EndsUnstarted { output, recurse } = delivery else {
        panic!("not ended: {delivery:?}")
    };
    let commit =
        crate::turn::end_unstarted(2_000, &new.instance, &new.entry.event, output, recurse);
    assert_eq!(
        super::shape(&commit),
        [
            (-1, "turn"),
            (0, "started"),
            (-1, "terminated"),
            (-1, "completed")
        ]
    );
    assert_eq!(commit.after.status, Status::Terminated);
    // Once its time has come it is asked like any other.
    assert!(matches!(
        new.instance.deliver(9_001, terminate(false)),
        Delivery::Accepted { .. }
    ));
}
