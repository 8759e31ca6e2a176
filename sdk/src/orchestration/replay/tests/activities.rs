//! Activities and their retries.

use std::time::Duration;

use super::*;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::orchestration::CallOptions;
use crate::retry::RetryPolicy;

async fn charge(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call(&CHARGE, amount).await
}

#[test]
fn activity_pending_is_scheduled_with_its_input() {
    let turn = Scenario::of(charge).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["schedule 1 Charge"]);
    let Some(OrchestratorActionType::ScheduleTask(task)) =
        &turn.actions[0].orchestrator_action_type
    else {
        panic!("{:?}", turn.actions);
    };
    assert_eq!(task.input.as_deref(), Some("7"));
    assert_eq!(task.version, None);
}

#[test]
fn activity_completed_ends_the_orchestration() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), completed(1, "8")]);
    assert_eq!(turn.summary(), ["COMPLETED 2"]);
    assert_eq!(turn.output(), 8);
}

#[test]
fn activity_replayed_while_pending_is_not_scheduled_again() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), raised("Other", "1")]);
    assert_eq!(turn.summary(), [""; 0]);
}

#[test]
fn activity_failed_fails_the_orchestration_with_what_went_wrong_inside() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), failed(1, "card declined")]);
    let failure = turn.failure();
    assert_eq!(
        failure.error_message,
        "activity \"Charge\" #1 failed: card declined"
    );
    assert!(
        failure.error_type.ends_with("TaskFailed"),
        "{}",
        failure.error_type
    );
    assert_eq!(failure.inner_failure.as_ref().unwrap().error_type, "Boom");
}

#[test]
fn activity_failed_can_be_caught_and_compensated() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<String, TaskFailed> {
        match ctx.call(&CHARGE, amount).await {
            Ok(_) => Ok("charged".into()),
            Err(failed) => {
                assert_eq!(failed.kind, TaskKind::Activity);
                ctx.call(&REFUND, amount).await?;
                Ok(failed.details.message.clone())
            }
        }
    }
    let scenario = Scenario::of(code).given([
        turn(1),
        started(),
        scheduled(1, "Charge"),
        turn(2),
        failed(1, "no funds"),
        scheduled(2, "Refund"),
    ]);
    assert_eq!(
        scenario.when([turn(3), completed(2, "7")]).output(),
        "no funds"
    );
}

#[test]
fn activity_result_of_another_type_is_a_failure_that_is_not_retried() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), completed(1, "\"text\"")]);
    let inner = turn.failure().inner_failure.clone().unwrap();
    assert_eq!(inner.error_type, "PayloadError");
    assert!(inner.is_non_retriable);
}

#[test]
fn unknown_and_repeated_results_are_ignored() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([
            turn(2),
            completed(9, "1"),
            timer_fired(1),
            completed(1, "2"),
            completed(1, "3"),
        ]);
    assert_eq!(turn.output(), 2);
}

#[test]
fn activity_is_scheduled_when_called_even_if_never_awaited() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<(), TaskFailed> {
        drop(ctx.call(&CHARGE, amount));
        Ok(())
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["schedule 1 Charge", "COMPLETED 2"]);
}

#[test]
fn call_options_reach_the_action() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<Value, TaskFailed> {
        let options = CallOptions::new().version("2.0").tag("team", "billing");
        ctx.call_by_name("Dynamic", amount, options).await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    let Some(OrchestratorActionType::ScheduleTask(task)) =
        &turn.actions[0].orchestrator_action_type
    else {
        panic!("{:?}", turn.actions);
    };
    assert_eq!(task.name, "Dynamic");
    assert_eq!(task.version.as_deref(), Some("2.0"));
    assert_eq!(task.tags["team"], "billing");
}

#[test]
fn input_that_cannot_be_encoded_fails_the_call_the_same_way_on_replay() {
    const BAD: Activity<std::collections::BTreeMap<Vec<u8>, u8>, ()> = Activity::named("Bad");
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let bad = std::collections::BTreeMap::from([(vec![1], 1)]);
        let failed = ctx.call(&BAD, bad).await.unwrap_err();
        assert_eq!(failed.task_id, 1);
        ctx.call(&CHARGE, amount).await
    }
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(first.summary(), ["schedule 2 Charge"]);
    let second = Scenario::of(code)
        .given([turn(1), started(), scheduled(2, "Charge")])
        .when([turn(2), completed(2, "5")]);
    assert_eq!(second.output(), 5);
}

async fn persistent(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    let policy = RetryPolicy::new(3, Duration::from_secs(10)).backoff_coefficient(2.0);
    ctx.call_with(&CHARGE, amount, policy).await
}

#[test]
fn retry_waits_on_a_durable_timer_and_calls_again_under_a_new_id() {
    let after_failure = Scenario::of(persistent)
        .given([turn(100), started(), scheduled(1, "Charge")])
        .when([turn(105), failed(1, "busy")]);
    assert_eq!(after_failure.summary(), ["timer 2"]);
    let Some(OrchestratorActionType::CreateTimer(timer)) =
        &after_failure.actions[0].orchestrator_action_type
    else {
        panic!("{:?}", after_failure.actions);
    };
    assert_eq!(timer.fire_at, Some(from_micros(115_000_000)));

    let past = [
        turn(100),
        started(),
        scheduled(1, "Charge"),
        turn(105),
        failed(1, "busy"),
        timer_created(2),
    ];
    let after_timer = Scenario::of(persistent)
        .given(past.clone())
        .when([turn(116), timer_fired(2)]);
    assert_eq!(after_timer.summary(), ["schedule 3 Charge"]);

    let past = past
        .into_iter()
        .chain([turn(116), timer_fired(2), scheduled(3, "Charge")]);
    let succeeded = Scenario::of(persistent)
        .given(past)
        .when([turn(117), completed(3, "4")]);
    assert_eq!(succeeded.output(), 4);
}

#[test]
fn retry_gives_up_after_its_attempts_with_the_last_failure() {
    let turn = Scenario::of(persistent)
        .given([
            turn(1),
            started(),
            scheduled(1, "Charge"),
            turn(2),
            failed(1, "first"),
            timer_created(2),
            turn(20),
            timer_fired(2),
            scheduled(3, "Charge"),
            turn(21),
            failed(3, "second"),
            timer_created(4),
            turn(60),
            timer_fired(4),
            scheduled(5, "Charge"),
        ])
        .when([turn(61), failed(5, "third")]);
    assert_eq!(
        turn.failure().error_message,
        "activity \"Charge\" #5 failed: third"
    );
}

#[test]
fn retry_does_not_touch_what_must_not_be_retried() {
    let fatal = FailureDetails::non_retriable("Fatal", "no").into_proto();
    let it = proto::TaskFailedEvent {
        task_scheduled_id: 1,
        failure_details: Some(fatal),
    };
    let turn = Scenario::of(persistent)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), event(-1, EventType::TaskFailed(it))]);
    assert_eq!(turn.summary(), ["FAILED 2"]);
}
