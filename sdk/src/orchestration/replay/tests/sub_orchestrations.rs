//! Sub-orchestrations: ids, results, failures, retries.

use std::time::Duration;

use super::*;
use crate::error::TaskFailed;
use crate::orchestration::SubOptions;
use crate::retry::RetryPolicy;

async fn parent(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call_sub(&CHILD, amount).await
}

fn child_of(turn: &Turn) -> proto::CreateSubOrchestrationAction {
    let Some(OrchestratorActionType::CreateSubOrchestration(child)) =
        turn.actions[0].orchestrator_action_type.clone()
    else {
        panic!("{:?}", turn.actions);
    };
    child
}

#[test]
fn child_pending_gets_an_id_that_no_other_generation_has() {
    let turn = Scenario::of(parent).when([turn(1), started()]);
    let child = child_of(&turn);
    assert_eq!(child.name, "Child");
    assert_eq!(child.instance_id, format!("{EXECUTION}:0001"));
    assert_eq!(child.input.as_deref(), Some("7"));
}

#[test]
fn child_completed_replayed_and_failed() {
    let scenario = || Scenario::of(parent).given([turn(1), started(), child_created(1, "Child")]);
    assert_eq!(
        scenario().when([turn(2), child_completed(1, "9")]).output(),
        9
    );
    assert_eq!(
        scenario().when([turn(2), completed(1, "9")]).summary(),
        [""; 0]
    );
    let failed = scenario().when([turn(2), child_failed(1, "lost")]);
    assert_eq!(
        failed.failure().error_message,
        "sub-orchestration \"Child\" #1 failed: lost"
    );
}

#[test]
fn child_is_retried_under_the_same_instance_id() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let options = SubOptions::new()
            .retry(RetryPolicy::new(2, Duration::from_secs(1)))
            .version("3")
            .tag("k", "v");
        ctx.call_sub_with(&CHILD, amount, options).await
    }
    let first = child_of(&Scenario::of(code).when([turn(1), started()]));
    let second = Scenario::of(code)
        .given([
            turn(1),
            started(),
            child_created(1, "Child"),
            turn(2),
            child_failed(1, "lost"),
            timer_created(2),
        ])
        .when([turn(4), timer_fired(2)]);
    assert_eq!(second.summary(), ["child 3 Child"]);
    assert_eq!(child_of(&second), first);
    assert_eq!(first.version.as_deref(), Some("3"));
    assert_eq!(first.tags["k"], "v");
}

#[test]
fn child_id_can_be_chosen() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
        let id = format!("{}-child", ctx.instance_id());
        ctx.call_sub_by_name("Child", amount, SubOptions::new().instance_id(id))
            .await
    }
    let turn = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(child_of(&turn).instance_id, "order-1-child");
}

#[test]
fn parent_is_known_to_its_child() {
    async fn code(ctx: OrchestrationContext, _: u64) -> Result<String, TaskFailed> {
        let parent = ctx.parent().unwrap();
        Ok(format!(
            "{} {:?} {}",
            parent.instance_id, parent.name, parent.task_id
        ))
    }
    let mut started = started();
    let Some(EventType::ExecutionStarted(it)) = &mut started.event_type else {
        return;
    };
    it.parent_instance = Some(proto::ParentInstanceInfo {
        task_scheduled_id: 4,
        name: Some("Parent".into()),
        version: None,
        orchestration_instance: Some(proto::OrchestrationInstance {
            instance_id: "p".into(),
            execution_id: None,
        }),
    });
    let turn = Scenario::of(code).when([turn(1), started]);
    assert_eq!(turn.output(), "p Some(\"Parent\") 4");
}
