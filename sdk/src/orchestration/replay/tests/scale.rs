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
    let mut begin = started();
    if let Some(EventType::ExecutionStarted(it)) = &mut begin.event_type {
        it.input = Some(count.to_string());
    }
    let mut past = vec![turn(1), begin];
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
