//! Code that differs from its history, and what must be the same on every replay.

use std::time::Duration;

use super::*;
use crate::error::TaskFailed;

async fn charge(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call(&CHARGE, amount).await
}

async fn charge_twice(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    let first = ctx.call(&CHARGE, amount);
    let second = ctx.call(&CHARGE, amount);
    Ok(first.await? + second.await?)
}

async fn at_once(_: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
    Ok(0)
}

async fn nap(ctx: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
    ctx.timer(Duration::from_secs(1)).await;
    Ok(0)
}

async fn child(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call_sub(&CHILD, amount).await
}

async fn send(ctx: OrchestrationContext, amount: u64) -> Result<u64, BoxError> {
    ctx.send_event("other", &GO, amount)?;
    Ok(ctx.wait_for_event(&GO).await?)
}

fn difference(scenario: Scenario, recorded: HistoryEvent) -> String {
    let turn = scenario
        .given([turn(1), started(), recorded])
        .when([turn(2), completed(1, "1")]);
    let failure = turn.failure();
    assert_eq!(failure.error_type, "NonDeterminism");
    assert!(failure.is_non_retriable);
    assert_eq!(
        turn.actions.len(),
        1,
        "nothing else must be done: {:?}",
        turn.summary()
    );
    failure.error_message.clone()
}

#[test]
fn every_mismatch_names_the_event_what_was_expected_and_what_was_found() {
    let rows: [(Scenario, HistoryEvent, &str); 9] = [
        (
            Scenario::of(charge),
            scheduled(1, "Refund"),
            "event 1: expected activity \"Refund\" as in the history, found activity \"Charge\"",
        ),
        (
            Scenario::of(charge),
            timer_created(1),
            "event 1: expected a timer as in the history, found activity \"Charge\"",
        ),
        (
            Scenario::of(nap),
            scheduled(1, "Charge"),
            "event 1: expected activity \"Charge\" as in the history, found a timer",
        ),
        (
            Scenario::of(child),
            child_created(1, "Other"),
            "expected sub-orchestration \"Other\" as in the history, found sub-orchestration \"Child\"",
        ),
        (
            Scenario::of(send),
            sent(1, "nobody", "Go"),
            "expected event \"Go\" sent to \"nobody\" as in the history, found event \"Go\" sent to \"other\"",
        ),
        (
            Scenario::of(at_once),
            scheduled(1, "Charge"),
            "event 1: expected activity \"Charge\" as in the history, found no such call",
        ),
        (
            Scenario::of(charge),
            scheduled(7, "Charge"),
            "event 7: expected activity \"Charge\" as in the history, found no such call",
        ),
        (
            Scenario::of(charge_twice),
            scheduled(1, "Charge"),
            "event 2: expected no call as in the history, found activity \"Charge\"",
        ),
        (
            Scenario::of(at_once),
            raised("Go", "1"),
            "event 1: expected another turn as in the history, found the end of the orchestration",
        ),
    ];
    for (scenario, recorded, expected) in rows {
        let message = difference(scenario, recorded);
        assert!(message.contains(expected), "{message}\n  lacks {expected}");
    }
}

#[test]
fn same_code_on_its_own_history_is_no_mismatch() {
    let turn = Scenario::of(charge_twice)
        .given([
            turn(1),
            started(),
            scheduled(1, "Charge"),
            scheduled(2, "Charge"),
        ])
        .when([turn(2), completed(2, "1"), completed(1, "2")]);
    assert_eq!(turn.output(), 3);
}

#[test]
fn time_ids_and_identity_are_the_same_on_every_replay() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<Value, TaskFailed> {
        let first = (
            ctx.new_uuid(),
            ctx.new_uuid(),
            ctx.current_time(),
            ctx.is_replaying(),
        );
        let (mut one, mut other) = (ctx.random(), ctx.random());
        let numbers = [one.next_u64(), one.next_u64(), other.next_u64()];
        ctx.call(&CHARGE, amount).await?;
        let second = (ctx.new_uuid(), ctx.current_time(), ctx.is_replaying());
        assert_ne!(first.0, first.1);
        assert_eq!(first.0.get_version_num(), 5);
        assert!(second.1 > first.2);
        let ids = [ctx.instance_id(), ctx.execution_id(), ctx.name()].map(str::to_owned);
        Ok(serde_json::json!([
            ids,
            first.0.to_string(),
            second.0.to_string(),
            first.3,
            second.2,
            numbers
        ]))
    }
    let past = [turn(1), started(), scheduled(1, "Charge")];
    let run = || {
        Scenario::of(code)
            .given(past.clone())
            .when([turn(2), completed(1, "1")])
            .output()
    };
    let output = run();
    assert_eq!(output, run());
    let numbers = output[5].as_array().unwrap();
    assert!(numbers[0] != numbers[1] && numbers[0] != numbers[2]);
    assert_eq!(output[0], serde_json::json!([INSTANCE, EXECUTION, "Test"]));
    assert_eq!(
        (&output[3], &output[4]),
        (&Value::Bool(true), &Value::Bool(false))
    );
}

#[test]
fn events_of_an_unknown_kind_are_passed_over() {
    let unknown = HistoryEvent {
        event_id: -1,
        timestamp: None,
        event_type: None,
    };
    let completed_turn = event(
        -1,
        EventType::OrchestratorCompleted(proto::OrchestratorCompletedEvent {}),
    );
    let turn = Scenario::of(charge)
        .given([
            turn(1),
            started(),
            unknown,
            completed_turn,
            scheduled(1, "Charge"),
        ])
        .when([turn(2), completed(1, "1")]);
    assert_eq!(turn.output(), 1);
}
