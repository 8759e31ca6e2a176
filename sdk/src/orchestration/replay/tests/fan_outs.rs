//! Fan-outs at their edges: nothing to do, one item, all that fails at once, cancelled early.

use std::time::Duration;

use futures_util::StreamExt;
use serde::Serializer;
use serde_json::json;

use super::*;
use crate::error::TaskFailed;
use crate::fan_out::FanOutError;
use crate::fan_out::Progress;
use crate::fan_out::Tolerance;
use crate::retry::RetryPolicy;

const STOP: ExternalEvent<()> = ExternalEvent::named("Stop");
const MERGE: Activity<Vec<u64>, u64> = Activity::named("Merge");
const REFUSED: Activity<Unwritable, u64> = Activity::named("Refused");

/// A payload that cannot be written as JSON.
#[derive(Clone, Debug)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

fn everything_scheduled(count: i32) -> Vec<HistoryEvent> {
    let mut past = vec![turn(1), started()];
    past.extend((1..=count).map(|id| scheduled(id, "Charge")));
    past
}

#[test]
fn no_items_end_at_once_whatever_the_last_word() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let none = || {
            ctx.fan_out(&CHARGE, [])
                .retry(RetryPolicy::new(3, Duration::from_secs(1)))
                .timeout(Duration::from_secs(1))
                .batches(5)
                .concurrency(2)
                .progress(Progress::in_status())
                .cancel_on(&STOP)
        };
        let kept = none().tolerate(Tolerance::failures(0)).await?;
        Ok(json!([
            none().all().await?,
            none().fail_fast().await?,
            none().outcomes().await?.len(),
            kept.outcomes.len() + kept.unfinished.len(),
            none().stream()?.count().await,
            none().sum().await?,
            none().fold(7, |sum, one| sum + one).await?,
            ctx.reduce(&MERGE, []).await?,
        ]))
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["COMPLETED 1"]);
    assert_eq!(turn.output(), json!([[], [], 0, 0, 0, 0, 7, null]));
}

#[test]
fn one_item_is_one_call_and_one_value_needs_no_reduce() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let charged = ctx.fan_out(&CHARGE, [5]).batches(10).concurrency(10);
        let all = charged.all().await?;
        Ok(json!([all, ctx.reduce(&MERGE, [8]).await?]))
    }
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(first.summary(), ["schedule 1 Charge"]);
    let last = Scenario::of(code)
        .given(everything_scheduled(1))
        .when([turn(2), completed(1, "6")]);
    assert_eq!(last.output(), json!([[6], 8]));
}

#[test]
fn a_single_batch_is_shown_as_one_of_one() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        ctx.fan_out(&CHARGE, 0..3).batches(10).all().await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    let status: Value = serde_json::from_str(&turn.custom_status.unwrap()).unwrap();
    assert_eq!(
        status,
        json!({"progress": {
            "label": "Charge", "finished": 0, "failed": 0, "total": 3, "batch": 1, "batches": 1
        }})
    );
}

#[test]
fn items_that_cannot_be_sent_fail_all_at_once_and_by_name() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let refused = || ctx.fan_out(&REFUSED, vec![Unwritable; 7]);
        let all = refused().batches(3).concurrency(2).all().await;
        let fast = refused()
            .retry(RetryPolicy::new(3, Duration::from_secs(1)))
            .fail_fast()
            .await;
        let broken = refused().tolerate(Tolerance::failures(2)).await;
        let kept = refused().concurrency(1).outcomes().await?;
        let texts = [all.unwrap_err(), fast.unwrap_err(), broken.unwrap_err()];
        Ok(json!([
            texts.map(|it| it.to_string()),
            kept.failed(),
            kept.errors_by_type()
        ]))
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    let why = "activity \"Refused\"";
    let output = turn.output();
    let text = |at: usize| output[0][at].as_str().unwrap().to_owned();
    assert!(
        text(0).starts_with("7 of 7 items failed, the first is item 0: ") && text(0).contains(why)
    );
    assert!(text(0).contains("not today"), "{output}");
    assert!(text(1).starts_with("1 of 7 items failed"), "{output}");
    assert!(
        text(2).starts_with("3 of 7 items failed, at most 2 may"),
        "{output}"
    );
    assert_eq!(output[1], 7);
    assert_eq!(output[2], json!({"PayloadError": 7}));
    assert_eq!(turn.summary().len(), 1, "nothing was sent");
}

#[test]
fn an_event_that_came_before_the_start_cancels_before_anything_starts() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        ctx.fan_out(&CHARGE, 0..5).cancel_on(&STOP).all().await
    }
    let turn = Scenario::of(code).when([turn(1), raised("Stop", "null"), started()]);
    assert_eq!(turn.summary(), ["FAILED 1"]);
    assert_eq!(
        turn.failure().error_message,
        "cancelled by event \"Stop\" after 0 of 5 items"
    );
}

#[test]
fn cancellation_says_how_many_items_were_finished() {
    async fn all(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        ctx.fan_out(&CHARGE, 0..3).cancel_on(&STOP).all().await
    }
    async fn fail_fast(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        ctx.fan_out(&CHARGE, 0..3)
            .cancel_on(&STOP)
            .fail_fast()
            .await
    }
    async fn tolerate(ctx: OrchestrationContext, _: u64) -> Result<usize, FanOutError> {
        let tolerance = Tolerance::failures(1).wait_for_rest();
        let partial = ctx.fan_out(&CHARGE, 0..3).cancel_on(&STOP);
        Ok(partial.tolerate(tolerance).await?.outcomes.len())
    }
    let rows = [
        ("all", Scenario::of(all)),
        ("fail_fast", Scenario::of(fail_fast)),
        ("tolerate", Scenario::of(tolerate)),
    ];
    for (name, scenario) in rows {
        let scenario = scenario.given(everything_scheduled(3));
        let turn = scenario.when([turn(2), completed(2, "1"), raised("Stop", "null")]);
        assert_eq!(
            turn.failure().error_message,
            "cancelled by event \"Stop\" after 1 of 3 items",
            "{name}"
        );
    }
}

#[test]
fn a_cancelled_fan_out_keeps_what_is_finished_and_marks_the_rest() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let outcomes = ctx.fan_out(&CHARGE, 0..4).cancel_on(&STOP);
        let outcomes = outcomes.outcomes().await?;
        let canceled: Vec<_> = outcomes
            .failures()
            .filter(|(_, failed)| failed.is_canceled())
            .map(|(item, _)| *item)
            .collect();
        Ok(json!([outcomes.succeeded(), canceled]))
    }
    let turn = Scenario::of(code).given(everything_scheduled(4)).when([
        turn(2),
        completed(3, "1"),
        raised("Stop", "null"),
    ]);
    assert_eq!(turn.output(), json!([1, [0, 1, 3]]));
}

#[test]
fn the_event_of_a_fan_out_that_ends_by_itself_is_left_for_others() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<&'static str, TaskFailed> {
        let fan_out = ctx.fan_out(&CHARGE, [1]).cancel_on(&STOP).all();
        let ended = fan_out.await.is_ok();
        ctx.wait_for_event(&STOP).await?;
        Ok(if ended { "stopped later" } else { "cancelled" })
    }
    let scenario = Scenario::of(code).given(everything_scheduled(1));
    let turn = scenario.when([turn(2), completed(1, "1"), raised("Stop", "null")]);
    assert_eq!(turn.output(), "stopped later");
}

#[test]
fn what_cannot_succeed_starts_nothing() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<usize, FanOutError> {
        let partial = ctx.fan_out(&CHARGE, 0..3).tolerate(Tolerance::at_least(4));
        Ok(partial.await?.outcomes.len())
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["FAILED 1"]);
    assert_eq!(turn.failure().error_message, "4 of 3 items cannot succeed");
}

#[test]
fn items_that_start_together_share_one_timer() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let limited = ctx.fan_out(&CHARGE, 0..6).timeout(Duration::from_secs(9));
        let outcomes = limited.concurrency(3).outcomes().await?;
        Ok(json!(outcomes.errors_by_type()))
    }
    let first = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(
        first.summary(),
        [
            "schedule 1 Charge",
            "timer 2",
            "schedule 3 Charge",
            "schedule 4 Charge"
        ]
    );
    let mut past = vec![turn(1), started(), scheduled(1, "Charge"), timer_created(2)];
    past.extend([scheduled(3, "Charge"), scheduled(4, "Charge")]);
    let second = Scenario::of(code).given(past.clone()).when([
        turn(2),
        completed(1, "1"),
        completed(4, "1"),
    ]);
    assert_eq!(
        second.summary(),
        ["schedule 5 Charge", "timer 6", "schedule 7 Charge"]
    );
    past.extend([turn(2), completed(1, "1"), completed(4, "1")]);
    past.extend([
        scheduled(5, "Charge"),
        timer_created(6),
        scheduled(7, "Charge"),
    ]);
    // The first timer is that of item 1 alone now; its place goes to item 5.
    let third = Scenario::of(code)
        .given(past)
        .when([turn(10), timer_fired(2)]);
    assert_eq!(third.summary(), ["schedule 8 Charge", "timer 9"]);
}

#[test]
fn a_tolerance_of_everything_waits_for_everything() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Value, FanOutError> {
        let partial = ctx.fan_out(&CHARGE, 0..2).tolerate(Tolerance::share(1.0));
        let partial = partial.await?;
        Ok(json!([
            partial.outcomes.succeeded(),
            partial.outcomes.failed(),
            partial.unfinished
        ]))
    }
    let scenario = Scenario::of(code).given(everything_scheduled(2));
    let open = scenario.when([turn(2), failed(1, "no")]);
    assert!(open.actions.is_empty(), "{:?}", open.summary());
    let turn = scenario.when([turn(2), failed(1, "no"), completed(2, "5")]);
    assert_eq!(turn.output(), json!([1, 1, []]));
}
