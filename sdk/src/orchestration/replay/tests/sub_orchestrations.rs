//! Sub-orchestrations: ids, results, failures, retries.

use std::time::Duration;

use super::*;
use crate::error::TaskFailed;
use crate::orchestration::CallOptions;
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

#[test]
fn an_id_or_a_name_that_no_server_takes_fails_the_call_where_it_is_made() {
    let rows = [
        ("x".repeat(101), "has 101 characters, limit 100"),
        (String::new(), "is empty or begins with '@'"),
        ("@counter@1".to_owned(), "is empty or begins with '@'"),
    ];
    for (child, expected) in rows {
        let turn = Scenario::of(move |ctx, _| {
            let options = SubOptions::new().instance_id(child.clone());
            async move {
                let failed = ctx.call_sub_with(&CHILD, 1, options).await.unwrap_err();
                // The id is used up, and what follows has the next one.
                let next = ctx.call(&CHARGE, 1);
                drop(next);
                Ok::<_, BoxError>(failed.to_string())
            }
        })
        .when([started()]);
        assert!(
            turn.output().as_str().unwrap().contains(expected),
            "{:?}",
            turn.output()
        );
        assert_eq!(turn.actions[0].id, 2);
    }
    let nameless = Scenario::of(|ctx, _| async move {
        let call = ctx.call_by_name::<()>("", 1, CallOptions::new());
        Ok::<_, BoxError>(call.await.unwrap_err().to_string())
    });
    let output = nameless.when([started()]).output();
    assert!(
        output.as_str().unwrap().contains("needs a name"),
        "{output}"
    );
}

#[test]
fn a_history_passes_its_budget_in_one_turn_only() {
    use crate::orchestration::HistoryBudget;
    let code = erased(|ctx, _| async move {
        for _ in 0..3 {
            ctx.call(&CHARGE, 1).await?;
        }
        Ok::<_, BoxError>(())
    });
    let budget = HistoryBudget::events(3);
    let mut past = Vec::new();
    let mut passed = Vec::new();
    for turn in 0..4 {
        let news = match turn {
            0 => vec![started()],
            id => vec![completed(id, "1")],
        };
        let mut replay = replay_of(&code);
        drop(replay.turn(past.clone(), news.clone()));
        passed.push(replay.has_passed(budget).is_some());
        past.extend(news);
        past.push(scheduled(turn + 1, "Charge"));
    }
    assert_eq!(passed, [false, false, true, false]);
}
