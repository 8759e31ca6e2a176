//! Fan-outs of sub-orchestrations: their ids, and their end when nobody waits for them any more.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::select;

use super::*;
use crate::error::OrchestrationError;
use crate::fan_out::FanOutError;
use crate::fan_out::Tolerance;

fn children(count: i32) -> Vec<HistoryEvent> {
    let mut past = vec![turn(1), started()];
    past.extend((1..=count).map(|id| child_created(id, "Child")));
    past
}

/// Ids of the sub-orchestrations that a turn creates.
fn created(turn: &Turn) -> Vec<String> {
    let ids =
        turn.actions
            .iter()
            .filter_map(|it| match it.orchestrator_action_type.as_ref().unwrap() {
                OrchestratorActionType::CreateSubOrchestration(it) => Some(it.instance_id.clone()),
                _ => None,
            });
    ids.collect()
}

/// Ids of the instances that a turn terminates.
fn terminated_ids(turn: &Turn) -> Vec<String> {
    let ids =
        turn.actions
            .iter()
            .filter_map(|it| match it.orchestrator_action_type.as_ref().unwrap() {
                OrchestratorActionType::TerminateOrchestration(it) => Some(it.instance_id.clone()),
                _ => None,
            });
    ids.collect()
}

#[test]
fn children_without_ids_of_their_own_are_terminated_too() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        let fan_out = ctx.fan_out(&CHILD, 0..3).terminate_children();
        fan_out.fail_fast().await
    }
    let first = created(&Scenario::of(code).when([turn(1), started()]));
    let scenario = Scenario::of(code).given(children(3));
    let last = scenario.when([turn(2), child_failed(2, "no")]);
    assert_eq!(
        terminated_ids(&last),
        [first[0].as_str(), first[2].as_str()]
    );
    assert!(last.failure().error_message.contains("item 1"));
}

#[test]
fn children_end_with_the_fan_out_however_it_ends() {
    async fn raced(ctx: OrchestrationContext, _: u64) -> Result<&'static str, FanOutError> {
        let children = ctx.fan_out(&CHILD, 0..3).child_ids("c");
        let children = children.terminate_children().all();
        let timer = ctx.timer(Duration::from_secs(5));
        match select(Box::pin(children), timer).await {
            Either::Left(_) => Ok("done"),
            Either::Right(_) => Ok("late"),
        }
    }
    async fn streamed(ctx: OrchestrationContext, _: u64) -> Result<usize, FanOutError> {
        let children = ctx.fan_out(&CHILD, 0..3).child_ids("c");
        let mut stream = children.terminate_children().stream()?;
        Ok(stream.next().await.map_or(9, |outcome| outcome.index))
    }
    async fn continued(ctx: OrchestrationContext, _: u64) -> Result<u64, OrchestrationError> {
        let children = ctx.fan_out(&CHILD, 0..3).child_ids("c");
        let mut stream = children.terminate_children().stream()?;
        stream.next().await;
        ctx.continue_as_new(1)
    }
    async fn enough(ctx: OrchestrationContext, _: u64) -> Result<usize, FanOutError> {
        let children = ctx.fan_out(&CHILD, 0..3).child_ids("c");
        let children = children.terminate_children();
        let partial = children.tolerate(Tolerance::at_least(1)).await?;
        Ok(partial.unfinished.len())
    }
    let rows = [
        ("raced", Scenario::of(raced), true, vec!["0", "1", "2"]),
        ("streamed", Scenario::of(streamed), false, vec!["0", "2"]),
        ("continued", Scenario::of(continued), false, vec!["0", "2"]),
        ("enough", Scenario::of(enough), false, vec!["0", "2"]),
    ];
    for (name, scenario, by_timer, expected) in rows {
        let mut past = children(3);
        past.extend(by_timer.then(|| timer_created(4)));
        let event = if by_timer {
            timer_fired(4)
        } else {
            child_completed(2, "1")
        };
        let scenario = scenario.given(past);
        let ended = terminated_ids(&scenario.when([turn(6), event]));
        let expected: Vec<_> = expected
            .iter()
            .map(|it| format!("order-1-c-{it}"))
            .collect();
        assert_eq!(ended, expected, "{name}");
    }
}

#[test]
fn children_go_on_unless_they_are_to_be_terminated() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        ctx.fan_out(&CHILD, 0..3).child_ids("c").fail_fast().await
    }
    let scenario = Scenario::of(code).given(children(3));
    let last = scenario.when([turn(2), child_failed(2, "no")]);
    assert!(terminated_ids(&last).is_empty());
}

#[test]
fn one_id_for_two_children_is_an_error_before_anything_starts() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        let children = ctx.fan_out(&CHILD, 0..4);
        let children = children.child_ids_by(|_, item| format!("order-{}", item % 3));
        children.all().await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["FAILED 1"]);
    assert_eq!(
        turn.failure().error_message,
        "child of item 3: instance id \"order-0\" is that of item 0 already"
    );
}

#[test]
fn an_id_that_is_too_long_is_an_error_before_anything_starts() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<Vec<u64>, FanOutError> {
        let label = "l".repeat(90);
        ctx.fan_out(&CHILD, 0..11).child_ids(label).all().await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(turn.summary(), ["FAILED 1"]);
    let message = &turn.failure().error_message;
    assert!(message.starts_with("child of item 10: "), "{message}");
    assert!(message.contains("101 characters, limit 100"), "{message}");
}
