//! Answers that end the instance: completed, failed, terminated.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TaskFailureDetails;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::Scenario;
use super::action;
use super::complete;
use super::schedule;
use super::send;
use super::shape;
use super::terminate;
use super::timer;
use crate::deliver::TaskResult;
use crate::turn::PayloadChange;

fn fail(id: i32, details: Option<TaskFailureDetails>) -> durascope_proto::OrchestratorAction {
    let complete = CompleteOrchestrationAction {
        orchestration_status: Status::Failed as i32,
        failure_details: details,
        ..Default::default()
    };
    action(id, OrchestratorActionType::CompleteOrchestration(complete))
}

#[test]
fn completion_is_last_whatever_its_id_and_other_actions_still_happen() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([
        complete(1, Status::Completed, "42"),
        schedule(2, "Cleanup"),
        send(3, "other", "Done"),
        timer(4, 9_000_000),
    ]);
    let shape = shape(&commit);
    assert_eq!(shape.last(), Some(&(1, "completed")));
    assert_eq!(shape.len(), 5);
    assert_eq!((commit.activities.len(), commit.sent.len()), (1, 1));
    assert!(
        commit.entries.is_empty(),
        "timers of an ended instance do not fire"
    );
    assert_eq!(
        commit.payloads,
        [PayloadChange::Output(Some("42".to_owned()))]
    );
    let ended = commit.ended.unwrap();
    assert_eq!(ended.result, TaskResult::Completed(Some("42".to_owned())));
    assert_eq!(commit.after.counters.timers_pending, 0);
    assert_eq!(commit.after.completed_us, Some(commit.after.updated_us));
}

#[test]
fn only_the_first_of_several_completions_counts() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([
        complete(2, Status::Terminated, "late"),
        complete(1, Status::Completed, "first"),
    ]);
    assert_eq!(commit.after.status, Status::Completed);
    assert_eq!(
        shape(&commit)
            .iter()
            .filter(|(_, name)| *name == "completed")
            .count(),
        1
    );
}

#[test]
fn failure_details_are_kept_whole_and_never_missing() {
    let inner = TaskFailureDetails {
        error_type: "KeyError".to_owned(),
        error_message: "first line\nsecond line".to_owned(),
        inner_failure: Some(Box::default()),
        ..Default::default()
    };
    let details = TaskFailureDetails {
        error_type: "ValueError".to_owned(),
        error_message: "a task failed".to_owned(),
        inner_failure: Some(Box::new(inner)),
        ..Default::default()
    };
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([fail(1, Some(details.clone()))]);
    assert_eq!(
        commit.after.failure_line.as_deref(),
        Some("KeyError: first line"),
        "the first cause that says something"
    );
    assert_eq!(
        commit.payloads,
        [PayloadChange::Failure(Some(details.clone()))]
    );
    assert_eq!(commit.ended.unwrap().result, TaskResult::Failed(details));

    let mut scenario = Scenario::running("order-2");
    let commit = scenario.turn([fail(1, None)]);
    assert!(matches!(
        commit.ended.unwrap().result,
        TaskResult::Failed(_)
    ));
    assert!(commit.after.failure_line.is_some());
}

#[test]
fn the_worker_completes_a_terminate_and_silence_is_completed_for_it() {
    let answers = [Some(complete(-1, Status::Terminated, "\"stop\"")), None];
    for answer in answers {
        let mut scenario = Scenario::running("order-1");
        scenario.deliver(terminate(true));
        let commit = match answer {
            Some(action) => scenario.turn([action]),
            None => scenario.turn([schedule(9, "Late")]),
        };
        assert_eq!(commit.after.status, Status::Terminated);
        assert_eq!(
            commit.payloads,
            [PayloadChange::Output(Some("\"stop\"".to_owned()))]
        );
        let ended = commit.ended.unwrap();
        assert_eq!(ended.terminate_children, Some(Some("\"stop\"".to_owned())));
        let TaskResult::Failed(details) = ended.result else {
            panic!("a parent saw success")
        };
        assert_eq!(details.error_type, "SubOrchestrationTerminated");
        assert!(
            details.error_message.contains("order-1"),
            "{}",
            details.error_message
        );
    }
}

#[test]
fn a_terminate_without_recursion_leaves_children_alone() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(terminate(false));
    let commit = scenario.turn([]);
    assert_eq!(commit.ended.unwrap().terminate_children, None);
}

#[test]
fn a_completion_with_a_status_that_ends_nothing_fails_the_instance() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([complete(1, Status::Running, "")]);
    assert_eq!(commit.after.status, Status::Failed);
}
