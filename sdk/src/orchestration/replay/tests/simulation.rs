//! A seeded server: whatever the order of results, a live execution and a full replay agree.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::join_all;
use futures_util::future::select;
use futures_util::stream;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::error::TaskFailed;
use crate::fan_out::FanOutError;
use crate::fan_out::Progress;
use crate::fan_out::Tolerance;
use crate::retry::RetryPolicy;

const STOP: ExternalEvent<()> = ExternalEvent::named("Stop");

/// Small and seeded: the same run for the same seed everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

async fn windowed(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
    let policy = RetryPolicy::new(3, Duration::from_secs(1));
    let calls = stream::iter(0..12).map(|number| ctx.call_with(&CHARGE, number, policy.clone()));
    Ok(calls
        .buffer_unordered(4)
        .filter_map(|it| async { it.ok() })
        .collect()
        .await)
}

async fn races(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
    let mut log = Vec::new();
    for round in 0..6 {
        let work = join_all([ctx.call(&CHARGE, round), ctx.call(&REFUND, round)]);
        match select(work, ctx.timer(Duration::from_secs(1))).await {
            Either::Left((results, _)) => log.push(results.iter().flatten().sum()),
            Either::Right(((), work)) => {
                log.push(1_000);
                log.extend(work.await.into_iter().flatten());
            }
        }
        ctx.set_custom_status(&log).unwrap();
    }
    Ok(log)
}

async fn mixed(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, TaskFailed> {
    let mut log = Vec::new();
    let mut calls: FuturesUnordered<_> = (0..5)
        .map(|number| {
            let ctx = ctx.clone();
            async move {
                let charged = ctx.call(&CHARGE, number).await.unwrap_or(99);
                charged + ctx.call_sub(&CHILD, number).await.unwrap_or(77)
            }
        })
        .collect();
    while let Some(value) = calls.next().await {
        log.push(value);
        log.push(ctx.wait_for_event(&GO).await.unwrap_or(5));
    }
    Ok(log)
}

/// Everything that can be said of a fan-out, in one.
async fn fanned(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
    let outcomes = ctx
        .fan_out(&CHARGE, 0..14)
        .retry(RetryPolicy::new(2, Duration::from_secs(1)))
        .timeout(Duration::from_secs(5))
        .batches_by(|item| if *item < 6 { 6 } else { 3 })
        .concurrency(2)
        .progress(Progress::in_status().label("charges"))
        .cancel_on(&STOP)
        .outcomes()
        .await?;
    let mut log: Vec<u64> = vec![outcomes.failed() as u64];
    let children = ctx
        .fan_out(&CHILD, outcomes.into_successes())
        .child_ids("c")
        .concurrency(3)
        .terminate_children()
        .tolerate(Tolerance::share(0.4))
        .await;
    match children {
        Ok(partial) => {
            log.push(partial.unfinished.len() as u64);
            log.extend(partial.outcomes.into_successes());
        }
        Err(failed) => log.push(failed.to_string().len() as u64),
    }
    let steps = ctx.fan_out_with("Step", 0..4, |ctx, item: u64| async move {
        let charged = ctx.call(&CHARGE, item).await?;
        ctx.timer(Duration::from_secs(charged)).await;
        ctx.call(&REFUND, charged).await
    });
    let mut steps = steps.concurrency(2).stream()?;
    while let Some(outcome) = steps.next().await {
        log.push(outcome.index as u64);
    }
    Ok(log)
}

/// Runs one orchestration to its end against a server that answers in random order.
fn run(function: &OrchestrationFn, seed: u64) -> Turn {
    let mut random = Random(seed);
    let mut live = replay_of(function);
    let mut history: Vec<HistoryEvent> = Vec::new();
    let mut inbox = vec![started()];
    let mut outstanding: Vec<OrchestratorAction> = Vec::new();
    let mut confirmed: Vec<HistoryEvent> = Vec::new();
    for second in 1..10_000 {
        let mut new = vec![turn(second)];
        new.append(&mut inbox);
        let from_live = live.turn(std::mem::take(&mut confirmed), new.clone());
        let from_scratch = replay_of(function).turn(history.clone(), new.clone());
        assert_eq!(from_live, from_scratch, "seed {seed}, turn {second}");
        let is_over = from_live
            .summary()
            .last()
            .is_some_and(|it| it.starts_with("COMPLETED"));
        if is_over {
            return from_live;
        }
        confirmed = from_live.actions.iter().filter_map(confirmation).collect();
        history.extend(new);
        history.extend(confirmed.iter().cloned());
        let awaited = |it: &OrchestratorAction| confirmation(it).is_some();
        outstanding.extend(from_live.actions.into_iter().filter(awaited));
        for _ in 0..=random.below(3) {
            if random.below(3) == 0 {
                inbox.push(raised("Go", &random.below(10).to_string()));
            }
            if random.below(30) == 0 {
                inbox.push(raised("Stop", "null"));
            }
            if !outstanding.is_empty() {
                let action = outstanding.swap_remove(random.below(outstanding.len()));
                inbox.push(answer(&action, &mut random));
            }
        }
    }
    panic!("seed {seed} does not end");
}

fn confirmation(action: &OrchestratorAction) -> Option<HistoryEvent> {
    match action.orchestrator_action_type.as_ref().unwrap() {
        OrchestratorActionType::ScheduleTask(it) => Some(scheduled(action.id, &it.name)),
        OrchestratorActionType::CreateTimer(_) => Some(timer_created(action.id)),
        OrchestratorActionType::CreateSubOrchestration(it) => {
            Some(child_created(action.id, &it.name))
        }
        OrchestratorActionType::TerminateOrchestration(_) => None,
        other => panic!("{other:?}"),
    }
}

fn answer(action: &OrchestratorAction, random: &mut Random) -> HistoryEvent {
    let fails = random.below(4) == 0;
    let value = random.below(50).to_string();
    match action.orchestrator_action_type.as_ref().unwrap() {
        OrchestratorActionType::CreateTimer(_) => timer_fired(action.id),
        OrchestratorActionType::CreateSubOrchestration(_) if fails => child_failed(action.id, "x"),
        OrchestratorActionType::CreateSubOrchestration(_) => child_completed(action.id, &value),
        _ if fails => failed(action.id, "x"),
        _ => completed(action.id, &value),
    }
}

#[test]
fn a_live_execution_and_a_full_replay_make_the_same_turns_for_any_order_of_results() {
    let functions = [
        ("windowed", erased(windowed)),
        ("races", erased(races)),
        ("mixed", erased(mixed)),
        ("fanned", erased(fanned)),
    ];
    for (name, function) in &functions {
        for seed in 0..60 {
            let turn = run(function, seed);
            assert!(turn.output().is_array(), "{name}, seed {seed}");
        }
    }
}
