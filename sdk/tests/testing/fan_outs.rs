//! Fan-outs in memory: when they begin, and how their errors go on.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityError;
use durascope_sdk::ExternalEvent;
use durascope_sdk::FanOutError;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::RetryPolicy;
use durascope_sdk::TaskFailed;
use durascope_sdk::TaskKind;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;

const SECOND: Duration = Duration::from_secs(1);

const WORK: Activity<u64, u64> = Activity::named("Work");
const STOP: ExternalEvent<()> = ExternalEvent::named("Stop");
const BOTH: Orchestration<(), Vec<u64>> = Orchestration::named("Both");
const GROUPS: Orchestration<Vec<Vec<u64>>, u64> = Orchestration::named("Groups");
const STOPPED: Orchestration<(), String> = Orchestration::named("Stopped");
const NAMELESS: Orchestration<(), String> = Orchestration::named("Nameless");

/// Awaits one fan-out after the other; each is begun before.
async fn both(ctx: OrchestrationContext, (): ()) -> Result<Vec<u64>, TaskFailed> {
    let step = |ctx: OrchestrationContext, number: u64| async move {
        let once = ctx.call(&WORK, number).await?;
        ctx.call(&WORK, once).await
    };
    let first = ctx.fan_out_with("Twice", [1, 2], step).all();
    let second = ctx.fan_out_with("Twice", [3], step).all();
    let third = ctx.fan_out(&WORK, [4]).all();
    let mut all = first.await?;
    all.extend(second.await?);
    all.extend(third.await?);
    Ok(all)
}

/// A fan-out in each item of a fan-out, all errors passed on as they come.
async fn groups(ctx: OrchestrationContext, groups: Vec<Vec<u64>>) -> Result<u64, TaskFailed> {
    let group = |ctx: OrchestrationContext, numbers: Vec<u64>| async move {
        Ok(ctx.fan_out(&WORK, numbers).sum().await?)
    };
    let retry = RetryPolicy::new(2, SECOND);
    let sums = ctx.fan_out_with("Group", groups, group).retry(retry);
    Ok(sums.sum().await?)
}

async fn stopped(ctx: OrchestrationContext, (): ()) -> Result<String, TaskFailed> {
    let work = ctx.fan_out(&WORK, [1, 2]).cancel_on(&STOP).all().await;
    let failed = TaskFailed::from(work.unwrap_err());
    assert!(failed.is_canceled() && failed.details.non_retriable);
    Ok(failed.to_string())
}

async fn nameless(ctx: OrchestrationContext, (): ()) -> Result<String, TaskFailed> {
    let waited = ctx.wait_for_event_by_name::<()>("").await;
    Ok(waited.unwrap_err().to_string())
}

fn functions() -> Functions {
    Functions::new()
        .orchestration(&BOTH, both)
        .orchestration(&GROUPS, groups)
        .orchestration(&STOPPED, stopped)
        .orchestration(&NAMELESS, nameless)
}

fn host(work: Fake<u64, u64>) -> TestHost {
    let mut host = TestHost::new(functions());
    host.fake(&WORK, work.taking(10 * SECOND));
    host
}

#[test]
fn steps_begin_with_the_last_word_as_calls_do() {
    let mut host = host(Fake::with(|number| number));
    let id = host.start(&BOTH, ()).unwrap();
    host.settle().unwrap();
    assert_eq!(host.inputs(&WORK).unwrap(), [1, 2, 3, 4]);
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.output::<Vec<u64>>().unwrap(), [1, 2, 3, 4]);
    // What follows in the second fan-out waits until the first one is over.
    assert_eq!(host.elapsed(), 30 * SECOND);
    replay(&host.history(&id).unwrap(), &functions()).unwrap();
}

#[test]
fn error_of_a_fan_out_goes_on_as_that_of_a_task() {
    let mut host = host(Fake::try_with(|number: u64| match number {
        0 => Err(ActivityError::new("Zero", "nothing to do")),
        _ => Ok(number),
    }));
    assert_eq!(host.run(&GROUPS, vec![vec![1, 2], vec![3]]).unwrap(), 6);
    let id = host.start(&GROUPS, vec![vec![1], vec![2, 0, 0]]).unwrap();
    let failure = host.run_to_end(&id).unwrap().failure.unwrap();
    assert_eq!(failure.error_type, "TaskFailed");
    let outer = r#"step "fan-out" #0 failed: 1 of 2 items failed, the first is item 1: "#;
    let inner = r#"step "fan-out" #0 failed: 2 of 3 items failed, the first is item 1: "#;
    // The group was tried twice.
    let call = r#"activity "Work" #7 failed: nothing to do"#;
    assert_eq!(failure.message, format!("{outer}{inner}{call}"));
    let tried = host.inputs(&WORK).unwrap().split_off(3);
    assert_eq!(tried, [1, 2, 0, 0, 2, 0, 0]);
    // Down to what the activity said.
    let mut deepest = &failure;
    while let Some(inner) = &deepest.inner {
        deepest = inner;
    }
    assert_eq!(deepest.error_type, "Zero");
}

#[test]
fn cancelled_fan_out_is_a_cancelled_task() {
    let mut host = host(Fake::never());
    let id = host.start(&STOPPED, ()).unwrap();
    host.after(SECOND).raise_event(&id, &STOP, ()).unwrap();
    let told = host.run_to_end(&id).unwrap().output::<String>().unwrap();
    let expected = r#"step "fan-out" #0 failed: cancelled by event "Stop" after 0 of 2 items"#;
    assert_eq!(told, expected);

    let impossible = FanOutError::Impossible {
        wanted: 3,
        total: 2,
    };
    let failed = TaskFailed::from(impossible);
    assert_eq!((failed.kind, failed.is_canceled()), (TaskKind::Step, false));
    assert!(failed.details.non_retriable);
}

#[test]
fn event_without_a_name_cannot_be_waited_for() {
    let told = host(Fake::never()).run(&NAMELESS, ()).unwrap();
    assert_eq!(
        told,
        r#"external event "" #0 failed: the name of an external event must not be empty"#
    );
}

#[test]
#[should_panic(expected = "the name of an external event must not be empty")]
fn event_without_a_name_is_not_even_named() {
    let name = std::hint::black_box("");
    let _ = ExternalEvent::<()>::named(name);
}
