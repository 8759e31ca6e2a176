//! Durable timers and the time of a turn.

use std::time::Duration;
use std::time::SystemTime;

use futures_util::future::Either;
use futures_util::future::select;

use super::*;
use crate::error::TaskFailed;

async fn nap(ctx: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
    ctx.timer(Duration::from_secs(5)).await;
    let now = ctx
        .current_time()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Ok(now.as_secs())
}

#[test]
fn timer_pending_is_created_relative_to_the_turn() {
    let turn = Scenario::of(nap).when([turn(10), started()]);
    assert_eq!(turn.summary(), ["timer 1"]);
    let Some(OrchestratorActionType::CreateTimer(timer)) =
        &turn.actions[0].orchestrator_action_type
    else {
        panic!("{:?}", turn.actions);
    };
    assert_eq!(timer.fire_at, Some(from_micros(15_000_000)));
}

#[test]
fn timer_completed_lets_the_code_go_on_at_the_time_of_that_turn() {
    let turn = Scenario::of(nap)
        .given([turn(10), started(), timer_created(1)])
        .when([turn(16), timer_fired(1)]);
    assert_eq!(turn.output(), 16);
}

#[test]
fn timer_replayed_while_pending_is_not_created_again() {
    let turn = Scenario::of(nap)
        .given([turn(10), started(), timer_created(1)])
        .when([turn(11), raised("Other", "1")]);
    assert_eq!(turn.summary(), [""; 0]);
}

#[test]
fn timer_of_any_length_is_one_timer() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<(), TaskFailed> {
        ctx.timer(Duration::MAX).await;
        Ok(())
    }
    assert_eq!(
        Scenario::of(code).when([turn(1), started()]).summary(),
        ["timer 1"]
    );
}

#[test]
fn timer_dropped_before_due_is_ignored_when_it_fires() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let winner = select(ctx.call(&CHARGE, amount), ctx.timer(Duration::from_secs(9))).await;
        let Either::Left((charged, _timer)) = winner else {
            return Ok(0);
        };
        Ok(charged? + ctx.call(&REFUND, amount).await?)
    }
    let past = [
        turn(1),
        started(),
        scheduled(1, "Charge"),
        timer_created(2),
        turn(2),
        completed(1, "1"),
        scheduled(3, "Refund"),
        turn(10),
        timer_fired(2),
    ];
    let turn = Scenario::of(code)
        .given(past)
        .when([turn(11), completed(3, "2")]);
    assert_eq!(turn.output(), 3);
}
