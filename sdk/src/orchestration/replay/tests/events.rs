//! External events: order, buffering, cancelled waits, events to others.

use std::time::Duration;

use futures_util::future::Either;
use futures_util::future::join;
use futures_util::future::select;

use super::*;
use crate::error::TaskFailed;

async fn two(ctx: OrchestrationContext, _: u64) -> Result<(u64, u64), TaskFailed> {
    let first = ctx.wait_for_event(&GO);
    let second = ctx.wait_for_event(&GO);
    // Polled in the other order: who waits first is served first all the same.
    let (second, first) = join(second, first).await;
    Ok((first?, second?))
}

#[test]
fn event_pending_makes_no_action_and_is_not_taken_for_stuck() {
    assert_eq!(
        Scenario::of(two).when([turn(1), started()]).summary(),
        [""; 0]
    );
}

#[test]
fn events_are_served_first_in_first_out_without_regard_to_case() {
    let turn = Scenario::of(two).given([turn(1), started()]).when([
        turn(2),
        raised("GO", "1"),
        raised("go", "2"),
        raised("Go", "3"),
    ]);
    assert_eq!(turn.output(), serde_json::json!([1, 2]));
}

#[test]
fn events_that_come_early_are_kept_and_replayed_in_order() {
    async fn late(ctx: OrchestrationContext, amount: u64) -> Result<(u64, u64), TaskFailed> {
        ctx.call(&CHARGE, amount).await?;
        Ok((
            ctx.wait_for_event(&GO).await?,
            ctx.wait_for_event(&GO).await?,
        ))
    }
    let turn = Scenario::of(late)
        .given([
            turn(1),
            started(),
            raised("Go", "1"),
            scheduled(1, "Charge"),
            turn(2),
            raised("Go", "2"),
        ])
        .when([turn(3), completed(1, "0")]);
    assert_eq!(turn.output(), serde_json::json!([1, 2]));
}

#[test]
fn event_with_another_payload_fails_only_its_wait() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
        let failed = ctx.wait_for_event(&GO).await.unwrap_err();
        assert_eq!(failed.details.error_type, "PayloadError");
        ctx.wait_for_event(&GO).await
    }
    let turn = Scenario::of(code).when([
        turn(1),
        started(),
        raised("Go", "\"text\""),
        raised("Go", "5"),
    ]);
    assert_eq!(turn.output(), 5);
}

#[test]
fn event_that_loses_a_race_goes_to_the_next_wait() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
        match select(ctx.timer(Duration::from_secs(1)), ctx.wait_for_event(&GO)).await {
            Either::Left(((), event)) => drop(event),
            Either::Right(_) => return Ok(0),
        }
        ctx.wait_for_event(&GO).await
    }
    let turn = Scenario::of(code)
        .given([turn(1), started(), timer_created(1)])
        .when([turn(3), timer_fired(1), raised("Go", "5")]);
    assert_eq!(turn.output(), 5);
}

#[test]
fn event_delivered_but_never_looked_at_is_not_lost() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<(u64, u64), TaskFailed> {
        let unused = ctx.wait_for_event(&GO);
        ctx.call(&CHARGE, amount).await?;
        drop(unused);
        Ok((
            ctx.wait_for_event(&GO).await?,
            ctx.wait_for_event(&GO).await?,
        ))
    }
    let turn = Scenario::of(code)
        .given([turn(1), started(), scheduled(1, "Charge")])
        .when([
            turn(2),
            raised("Go", "1"),
            raised("Go", "2"),
            completed(1, "0"),
        ]);
    assert_eq!(turn.output(), serde_json::json!([1, 2]));
}

async fn notify(ctx: OrchestrationContext, amount: u64) -> Result<u64, BoxError> {
    ctx.send_event("other", &GO, amount)?;
    Ok(ctx.call(&CHARGE, amount).await?)
}

#[test]
fn event_sent_is_an_action_and_confirmed_on_replay() {
    let first = Scenario::of(notify).when([turn(1), started()]);
    assert_eq!(first.summary(), ["send 1 Go", "schedule 2 Charge"]);
    let second = Scenario::of(notify)
        .given([
            turn(1),
            started(),
            sent(1, "other", "go"),
            scheduled(2, "Charge"),
        ])
        .when([turn(2), completed(2, "3")]);
    assert_eq!(second.output(), 3);
}
