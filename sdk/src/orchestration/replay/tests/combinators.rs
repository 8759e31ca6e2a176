//! The combinators of `futures`: woken one by one, in history order, on every replay.

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::future::try_join_all;
use futures_util::stream;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::error::TaskFailed;

fn history(count: i32) -> Vec<HistoryEvent> {
    let mut past = vec![turn(1), started()];
    past.extend((1..=count).map(|id| scheduled(id, "Charge")));
    past
}

#[test]
fn join_all_schedules_in_call_order_and_keeps_the_order_of_results() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
        let calls = (0..40).map(|number| ctx.call(&CHARGE, number));
        join_all(calls).await.into_iter().collect()
    }
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(first.actions.len(), 40);
    assert_eq!(
        first.actions.iter().map(|it| it.id).collect::<Vec<_>>(),
        (1..=40).collect::<Vec<_>>()
    );
    let results = (1..=40).rev().map(|id| completed(id, &id.to_string()));
    let turn = Scenario::of(code)
        .given(history(40))
        .when([turn(2)].into_iter().chain(results));
    assert_eq!(
        turn.output(),
        serde_json::json!((1..=40).collect::<Vec<_>>())
    );
}

#[test]
fn try_join_all_fails_with_the_first_failure_of_the_history() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
        try_join_all((0..20).map(|number| ctx.call(&CHARGE, number))).await
    }
    let turn = Scenario::of(code).given(history(20)).when([
        turn(2),
        failed(13, "thirteen"),
        failed(2, "two"),
    ]);
    assert_eq!(
        turn.failure().error_message,
        "activity \"Charge\" #13 failed: thirteen"
    );
}

#[test]
fn futures_unordered_yields_in_the_order_of_completion() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
        let calls: FuturesUnordered<_> = (0..5).map(|number| ctx.call(&CHARGE, number)).collect();
        calls.collect::<Vec<_>>().await.into_iter().collect()
    }
    let order = [3, 1, 5, 2, 4];
    let results: Vec<_> = order
        .iter()
        .map(|id| completed(*id, &id.to_string()))
        .collect();
    let one_turn = Scenario::of(code)
        .given(history(5))
        .when([turn(2)].into_iter().chain(results.clone()));
    assert_eq!(one_turn.output(), serde_json::json!(order));
    let mut past = history(5);
    for (second, result) in (2..).zip(&results[..4]) {
        past.extend([turn(second), result.clone()]);
    }
    let many_turns = Scenario::of(code)
        .given(past)
        .when([turn(9), results[4].clone()]);
    assert_eq!(many_turns.output(), serde_json::json!(order));
}

#[test]
fn buffer_unordered_calls_the_next_when_one_ends_and_no_sooner() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
        let calls = stream::iter(0..5).map(|number| ctx.call(&CHARGE, number));
        calls
            .buffer_unordered(2)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect()
    }
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(first.summary(), ["schedule 1 Charge", "schedule 2 Charge"]);
    let second = Scenario::of(code)
        .given(history(2))
        .when([turn(2), completed(2, "2")]);
    assert_eq!(second.summary(), ["schedule 3 Charge"]);
    let mut past = history(2);
    past.extend([turn(2), completed(2, "2"), scheduled(3, "Charge")]);
    let third =
        Scenario::of(code)
            .given(past)
            .when([turn(3), completed(3, "3"), completed(1, "1")]);
    assert_eq!(third.summary(), ["schedule 4 Charge", "schedule 5 Charge"]);
}

#[test]
fn select_macro_takes_the_durable_futures_as_they_are() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<Vec<u64>, TaskFailed> {
        let (mut charge, mut go) = (ctx.call(&CHARGE, amount), ctx.wait_for_event(&GO));
        let mut order = Vec::new();
        loop {
            futures_util::select! {
                charged = charge => order.push(charged?),
                event = go => order.push(event?),
                complete => return Ok(order),
            }
        }
    }
    let turn =
        Scenario::of(code)
            .given(history(1))
            .when([turn(2), raised("Go", "1"), completed(1, "2")]);
    assert_eq!(turn.output(), serde_json::json!([1, 2]));
}

#[test]
fn shared_results_wake_everyone_who_waits() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let charge = ctx.call(&CHARGE, amount).shared();
        let both = join_all([charge.clone(), charge]).await;
        Ok(both.into_iter().flatten().sum())
    }
    let turn = Scenario::of(code)
        .given(history(1))
        .when([turn(2), completed(1, "4")]);
    assert_eq!(turn.output(), 8);
}
