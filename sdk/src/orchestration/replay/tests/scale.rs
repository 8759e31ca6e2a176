//! Cost of a turn: it grows with the history as a line does, counted in polls.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use futures_util::future::poll_fn;
use futures_util::future::try_join_all;

use super::*;
use crate::error::TaskFailed;
use crate::fan_out::FanOutError;
use crate::fan_out::Progress;

/// `future`, each poll of it counted.
async fn counted<F: Future>(polls: Arc<AtomicUsize>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(move |cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(cx)
    })
    .await
}

/// Polls of the orchestration, and of all its activities together, in the last turn of a
/// fan-out of `count`.
fn polls(count: i32) -> (usize, usize) {
    let (whole, parts) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let function = {
        let (whole, parts) = (Arc::clone(&whole), Arc::clone(&parts));
        move |ctx: OrchestrationContext, count: u64| {
            let parts = Arc::clone(&parts);
            counted(Arc::clone(&whole), async move {
                let calls = (0..count).map(|it| counted(Arc::clone(&parts), ctx.call(&CHARGE, it)));
                let results = try_join_all(calls).await?;
                Ok::<u64, TaskFailed>(results.into_iter().sum())
            })
        }
    };
    let mut past = vec![turn(1), started_with(count)];
    past.extend((1..=count).map(|id| scheduled(id, "Charge")));
    past.push(turn(2));
    // The order in which they were scheduled is the friendliest; the reverse the least.
    past.extend((2..=count).rev().map(|id| completed(id, "1")));
    let scenario = Scenario::of(function).given(past);
    let last = scenario.when([turn(3), completed(1, "1")]);
    assert_eq!(last.output(), count);
    (whole.load(Ordering::Relaxed), parts.load(Ordering::Relaxed))
}

#[test]
fn a_result_wakes_the_one_future_that_waits_for_it() {
    let (small_whole, small_parts) = polls(1_000);
    let (large_whole, large_parts) = polls(2_000);
    // Each activity is polled when it is called and when its result is there, never between.
    assert_eq!((small_parts, large_parts), (2_000, 4_000));
    // And the orchestration at its start and once for each result.
    assert_eq!(large_whole - small_whole, 1_000);
}

/// Polls of a fan-out with a window in its last turn, whose history it fills.
fn polls_of_a_window(count: i32) -> usize {
    let whole = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&whole);
    let function = move |ctx: OrchestrationContext, count: u64| {
        let fan_out = ctx.fan_out(&CHARGE, 0..count).concurrency(50);
        let fan_out = fan_out.progress(Progress::in_status());
        counted(Arc::clone(&counter), async move {
            Ok::<usize, FanOutError>(fan_out.all().await?.len())
        })
    };
    let mut past = vec![turn(1), started_with(count)];
    past.extend((1..=50).map(|id| scheduled(id, "Charge")));
    for ended in 1..count {
        past.push(completed(ended, "1"));
        past.extend((ended + 50 <= count).then(|| scheduled(ended + 50, "Charge")));
    }
    let last = Scenario::of(function).given(past);
    let last = last.when([turn(3), completed(count, "1")]);
    assert_eq!(last.output(), count);
    whole.load(Ordering::Relaxed)
}

#[test]
fn a_window_is_polled_once_for_each_result() {
    assert_eq!(polls_of_a_window(2_000) - polls_of_a_window(1_000), 1_000);
}

#[test]
fn a_hundred_thousand_items_are_cancelled_in_one_go() {
    async fn code(ctx: OrchestrationContext, count: u64) -> Result<usize, FanOutError> {
        let fan_out = ctx.fan_out(&CHARGE, 0..count).cancel_on(&GO);
        Ok(fan_out.outcomes().await?.errors_by_type()[TaskFailed::CANCELED])
    }
    // If each item looked for its place from the beginning this would take minutes.
    let mut past = vec![turn(1), started_with(100_000)];
    past.extend((1..=100_000).map(|id| scheduled(id, "Charge")));
    let last = Scenario::of(code)
        .given(past)
        .when([turn(2), raised("Go", "1")]);
    assert_eq!(last.output(), 100_000);
}

fn started_with(count: i32) -> HistoryEvent {
    let mut begin = started();
    if let Some(EventType::ExecutionStarted(it)) = &mut begin.event_type {
        it.input = Some(count.to_string());
    }
    begin
}
