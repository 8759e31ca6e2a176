//! Suspension, termination, continue-as-new, custom status, panics, unknown names, rewind.

use super::super::is_rewind;
use super::super::rewind;
use super::*;
use crate::error::OrchestrationError;
use crate::error::TaskFailed;
use crate::orchestration::ContinueOptions;

async fn charge(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call(&CHARGE, amount).await
}

#[test]
fn suspended_code_does_not_see_what_comes_until_it_is_resumed() {
    let past = [
        turn(1),
        started(),
        scheduled(1, "Charge"),
        turn(2),
        suspended(),
    ];
    let held = Scenario::of(charge)
        .given(past.clone())
        .when([turn(3), completed(1, "8")]);
    assert_eq!(held.summary(), [""; 0]);
    let resumed_now =
        Scenario::of(charge)
            .given(past.clone())
            .when([turn(3), resumed(), completed(1, "8")]);
    assert_eq!(resumed_now.output(), 8);
    let past = past.into_iter().chain([turn(3), completed(1, "8")]);
    let resumed_later = Scenario::of(charge).given(past).when([turn(4), resumed()]);
    assert_eq!(resumed_later.output(), 8);
}

#[test]
fn suspension_before_the_confirmation_makes_no_second_call() {
    let turn = Scenario::of(charge)
        .given([turn(1), started(), suspended(), scheduled(1, "Charge")])
        .when([turn(2), raised("Go", "1")]);
    assert_eq!(turn.summary(), [""; 0]);
}

#[test]
fn termination_ends_with_its_output_even_while_suspended() {
    let rows = [vec![], vec![turn(2), suspended()]];
    for extra in rows {
        let past = [turn(1), started(), scheduled(1, "Charge")]
            .into_iter()
            .chain(extra);
        let turn = Scenario::of(charge)
            .given(past)
            .when([turn(3), terminated("\"bye\"")]);
        assert_eq!(turn.summary(), ["TERMINATED 2"]);
        assert_eq!(turn.completion().result.as_deref(), Some("\"bye\""));
    }
}

async fn counter(ctx: OrchestrationContext, count: u64) -> Result<u64, OrchestrationError> {
    let step = ctx.wait_for_event(&GO).await?;
    if step == 0 {
        return Ok(count);
    }
    ctx.continue_as_new(count + step)
}

#[test]
fn continue_as_new_carries_unprocessed_events_over_in_order() {
    let turn = Scenario::of(counter).when([
        turn(1),
        started(),
        raised("Go", "1"),
        raised("Other", "2"),
        raised("Go", "3"),
    ]);
    assert_eq!(turn.summary(), ["CONTINUED_AS_NEW 1"]);
    let completion = turn.completion();
    assert_eq!(completion.result.as_deref(), Some("8"));
    assert_eq!(
        completion.carryover_events,
        [raised("Other", "2"), raised("Go", "3")]
    );
}

#[test]
fn continue_as_new_can_drop_events_and_change_the_version() {
    async fn code(ctx: OrchestrationContext, count: u64) -> anyhow::Result<u64> {
        ctx.wait_for_event(&GO).await?;
        let options = ContinueOptions::new()
            .discard_unprocessed_events()
            .version("2");
        let next: Result<u64, BoxError> = ctx
            .continue_as_new_with(count, options)
            .map_err(BoxError::from);
        next.map_err(anyhow::Error::from_boxed)
    }
    let turn = Scenario::of(code).when([turn(1), started(), raised("Go", "1"), raised("Go", "2")]);
    let completion = turn.completion();
    assert_eq!(turn.summary(), ["CONTINUED_AS_NEW 1"]);
    assert_eq!(completion.new_version.as_deref(), Some("2"));
    assert!(completion.carryover_events.is_empty());
}

#[test]
fn failure_after_continue_as_new_is_a_failure() {
    async fn code(ctx: OrchestrationContext, count: u64) -> Result<u64, OrchestrationError> {
        drop(ctx.continue_as_new::<u64>(count));
        Err(OrchestrationError::new("Late", "changed my mind"))
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.failure().error_type, "Late");
}

#[test]
fn custom_status_is_that_of_the_last_call_on_every_turn() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, BoxError> {
        ctx.set_custom_status("charging")?;
        let charged = ctx.call(&CHARGE, amount).await?;
        ctx.clear_custom_status();
        Ok(charged)
    }
    let past = [turn(1), started(), scheduled(1, "Charge")];
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(first.custom_status.as_deref(), Some("\"charging\""));
    let waiting = Scenario::of(code)
        .given(past.clone())
        .when([turn(2), raised("Go", "1")]);
    assert_eq!(waiting.custom_status.as_deref(), Some("\"charging\""));
    let done = Scenario::of(code)
        .given(past)
        .when([turn(2), completed(1, "1")]);
    assert_eq!(done.custom_status, None);
}

#[test]
fn panic_fails_the_orchestration_with_its_text() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let charged = ctx.call(&CHARGE, amount).await?;
        assert_eq!(charged, 0, "must be free");
        Ok(charged)
    }
    let turn = Scenario::of(code)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([turn(2), completed(1, "1")]);
    let failure = turn.failure();
    assert_eq!(failure.error_type, "Panic");
    assert!(
        failure.error_message.contains("must be free"),
        "{}",
        failure.error_message
    );
}

#[test]
fn unknown_name_fails_and_names_it() {
    let mut other = started();
    let Some(EventType::ExecutionStarted(it)) = &mut other.event_type else {
        return;
    };
    it.name = "Ordre".into();
    let turn = Scenario::of(charge).when([turn(1), other]);
    let failure = turn.failure();
    assert_eq!(failure.error_type, "OrchestratorTaskNotFound");
    assert!(failure.error_message.contains("\"Ordre\""));
    assert!(failure.is_non_retriable);
}

#[test]
fn code_that_awaits_what_is_not_durable_fails_instead_of_hanging() {
    async fn code(_: OrchestrationContext, _: u64) -> Result<(), TaskFailed> {
        std::future::pending().await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.failure().error_type, "NotDurable");
}

#[test]
fn rewind_cuts_the_failures_out_and_the_rest_replays() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let charged = ctx.call(&CHARGE, amount).await?;
        ctx.call(&REFUND, charged).await
    }
    let execution_completed = event(
        3,
        EventType::ExecutionCompleted(proto::ExecutionCompletedEvent::default()),
    );
    let rewound = event(
        -1,
        EventType::ExecutionRewound(proto::ExecutionRewoundEvent::default()),
    );
    let past = vec![
        turn(1),
        started(),
        scheduled(1, "Charge"),
        turn(2),
        completed(1, "8"),
        scheduled(2, "Refund"),
        turn(3),
        failed(2, "down"),
        execution_completed,
    ];
    let new = vec![turn(9), rewound];
    assert!(is_rewind(&past, &new));
    assert!(!is_rewind(&past[..8], &new[..1]));
    let answer = rewind(past, new, "fresh");
    assert_eq!(answer.actions[0].id, -1);
    let Some(OrchestratorActionType::RewindOrchestration(action)) =
        answer.actions[0].orchestrator_action_type.clone()
    else {
        panic!("{:?}", answer.actions);
    };
    let Some(EventType::ExecutionStarted(it)) = &action.new_history[1].event_type else {
        panic!("{:?}", action.new_history);
    };
    assert_eq!(
        it.orchestration_instance
            .clone()
            .unwrap()
            .execution_id
            .unwrap(),
        "fresh"
    );
    let again = Scenario::of(code)
        .given(action.new_history)
        .when([turn(10)]);
    assert_eq!(again.summary(), ["schedule 2 Refund"]);
}
