//! Orchestrations in memory: what a test host does with time, calls, events and control.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::RetryPolicy;
use durascope_sdk::StartOptions;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::testing::CallKind;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::History;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;
use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::join_all;
use futures_util::future::select;
use futures_util::future::try_join_all;
use futures_util::stream;

const SECOND: Duration = Duration::from_secs(1);

const SQUARE: Activity<u64, u64> = Activity::named("Square");
const SUM: Orchestration<Vec<u64>, u64> = Orchestration::named("Sum");
const PATIENT: Orchestration<u64, u64> = Orchestration::named("Patient");
const IN_TIME: Orchestration<u64, String> = Orchestration::named("InTime");
const PARENT: Orchestration<Vec<u64>, Vec<String>> = Orchestration::named("Parent");
const CHILD: Orchestration<u64, u64> = Orchestration::named("Child");
const COLLECT: Orchestration<Vec<u64>, Vec<u64>> = Orchestration::named("Collect");
const WINDOW: Orchestration<u64, Vec<u64>> = Orchestration::named("Window");
const PING: Orchestration<String, u64> = Orchestration::named("Ping");
const PONG: Orchestration<(), u64> = Orchestration::named("Pong");
const ITEM: ExternalEvent<u64> = ExternalEvent::named("Item");

async fn square(_: ActivityContext, number: u64) -> Result<u64, ActivityError> {
    // A real activity may need its runtime.
    tokio::task::yield_now().await;
    if number == 13 {
        return Err(ActivityError::new("Unlucky", "thirteen").with_property("number", 13));
    }
    Ok(number * number)
}

async fn sum(ctx: OrchestrationContext, numbers: Vec<u64>) -> Result<u64, TaskFailed> {
    let squares = numbers.into_iter().map(|number| ctx.call(&SQUARE, number));
    Ok(try_join_all(squares).await?.into_iter().sum())
}

async fn patient(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    let policy = RetryPolicy::new(4, 10 * SECOND).backoff_coefficient(3.0);
    ctx.call_with(&SQUARE, number, policy).await
}

async fn in_time(ctx: OrchestrationContext, number: u64) -> Result<String, TaskFailed> {
    let call = ctx.call(&SQUARE, number);
    Ok(match select(call, ctx.timer(60 * SECOND)).await {
        Either::Left((square, _)) => square?.to_string(),
        Either::Right(((), _)) => "too late".to_owned(),
    })
}

async fn parent(ctx: OrchestrationContext, numbers: Vec<u64>) -> Result<Vec<String>, TaskFailed> {
    let children = numbers.into_iter().map(|number| {
        let id = format!("{}-{number}", ctx.instance_id());
        ctx.call_sub_with(&CHILD, number, SubOptions::new().instance_id(id))
    });
    let ended = join_all(children).await.into_iter();
    Ok(ended
        .map(|ended| match ended {
            Ok(number) => number.to_string(),
            Err(failed) => failed.details.to_string(),
        })
        .collect())
}

async fn child(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    ctx.timer(Duration::from_secs(number)).await;
    ctx.call(&SQUARE, number).await
}

async fn collect(
    ctx: OrchestrationContext,
    mut seen: Vec<u64>,
) -> Result<Vec<u64>, OrchestrationError> {
    ctx.set_custom_status(&seen.len())?;
    seen.push(ctx.wait_for_event(&ITEM).await?);
    if seen.len() < 3 {
        return ctx.continue_as_new(seen);
    }
    Ok(seen)
}

async fn window(ctx: OrchestrationContext, count: u64) -> Result<Vec<u64>, TaskFailed> {
    let calls = stream::iter(0..count).map(|number| ctx.call(&SQUARE, number));
    let results: Vec<_> = calls.buffer_unordered(2).collect().await;
    results.into_iter().collect()
}

async fn ping(ctx: OrchestrationContext, to: String) -> Result<u64, OrchestrationError> {
    ctx.send_event(&to, &ITEM, 7)?;
    ctx.send_event("nobody", &ITEM, 8)?;
    Ok(ctx.wait_for_event(&ITEM).await?)
}

async fn pong(ctx: OrchestrationContext, (): ()) -> Result<u64, OrchestrationError> {
    let number = ctx.wait_for_event(&ITEM).await?;
    ctx.send_event("ping", &ITEM, number + 1)?;
    Ok(number)
}

fn functions() -> Functions {
    Functions::new()
        .activity(&SQUARE, square)
        .orchestration(&SUM, sum)
        .orchestration(&PATIENT, patient)
        .orchestration(&IN_TIME, in_time)
        .orchestration(&PARENT, parent)
        .orchestration(&CHILD, child)
        .orchestration(&COLLECT, collect)
        .orchestration(&WINDOW, window)
        .orchestration(&PING, ping)
        .orchestration(&PONG, pong)
}

/// What every history of a host is good for.
fn assert_replays(host: &TestHost) {
    for id in host.instance_ids() {
        for history in host.generations(id) {
            let state = replay(&history, &functions()).unwrap();
            let again = history.to_json().unwrap().parse::<History>().unwrap();
            assert_eq!(again, history, "{state:?}");
        }
        let last = host.history(id).unwrap();
        let (now, then) = (replay(&last, &functions()).unwrap(), host.get(id).unwrap());
        assert_eq!((now.status, now.raw_output), (then.status, then.raw_output));
        assert_eq!(now.failure, then.failure);
    }
}

#[test]
fn fan_out_takes_two_turns_and_no_time() {
    let mut host = TestHost::new(functions());
    let id = host.start(&SUM, (14..=113).collect()).unwrap();
    assert_eq!(id, "Sum-1");
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.output::<u64>().unwrap(), 486_550);
    assert_eq!((host.turns(&id), host.elapsed()), (2, Duration::ZERO));
    assert_eq!(
        host.inputs(&SQUARE).unwrap(),
        (14..=113).collect::<Vec<_>>()
    );
    assert_replays(&host);
}

#[test]
fn failure_of_a_real_activity_reaches_the_code_with_its_details() {
    let mut host = TestHost::new(functions());
    let id = host.start(&SUM, vec![12, 13]).unwrap();
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.status, OrchestrationStatus::Failed);
    let inner = state.failure.unwrap().inner.unwrap();
    assert_eq!(
        (inner.error_type.as_str(), inner.message.as_str()),
        ("Unlucky", "thirteen")
    );
    assert_eq!(inner.properties["number"], 13.0);
    assert_replays(&host);
}

#[test]
fn retries_wait_in_virtual_time_and_meet_one_outcome_each() {
    let mut host = TestHost::new(functions());
    host.fake(
        &SQUARE,
        Fake::outcomes([Err("a"), Err("b"), Err("c"), Ok(49)]),
    );
    assert_eq!(host.run(&PATIENT, 7).unwrap(), 49);
    let at: Vec<u64> = host
        .calls()
        .iter()
        .map(|call| {
            call.at
                .duration_since(host.calls()[0].at)
                .unwrap()
                .as_secs()
        })
        .collect();
    assert_eq!(at, [0, 10, 10 + 30, 10 + 30 + 90]);
    assert_eq!(host.elapsed(), 130 * SECOND);
    assert_replays(&host);

    let mut host = TestHost::new(functions());
    host.fake(&SQUARE, Fake::failing("down"));
    let id = host.start(&PATIENT, 7).unwrap();
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.failure.unwrap().inner.unwrap().message, "down");
    assert_eq!(host.calls().len(), 4);
    assert_replays(&host);
}

#[test]
fn slow_fake_loses_against_a_timer_and_a_quick_one_wins() {
    for (seconds, expected) in [(59, "49"), (61, "too late"), (1_000_000, "too late")] {
        let mut host = TestHost::new(functions());
        host.fake(
            &SQUARE,
            Fake::with(|number| number * number).taking(seconds * SECOND),
        );
        assert_eq!(host.run(&IN_TIME, 7).unwrap(), expected);
        assert_eq!(host.elapsed(), seconds.min(60) * SECOND);
        assert_replays(&host);
    }
    let mut host = TestHost::new(functions());
    host.fake(&SQUARE, Fake::never());
    assert_eq!(host.run(&IN_TIME, 7).unwrap(), "too late");
}

#[test]
fn results_come_in_the_order_of_their_virtual_times() {
    let mut host = TestHost::new(functions());
    let slower_first = |number: &u64| Duration::from_secs(10 - number);
    host.fake(&SQUARE, Fake::with(|number| number).taking_by(slower_first));
    // Two at a time: 0 takes 10 s, 1 takes 9 s, 2 begins then and takes 8 s, …
    assert_eq!(host.run(&WINDOW, 5).unwrap(), [1, 0, 2, 3, 4]);
    assert_eq!(host.elapsed(), Duration::from_secs(9 + 8 + 6));
    assert_replays(&host);
}

#[test]
fn children_run_on_the_same_clock_or_are_faked() {
    let mut host = TestHost::new(functions());
    let id = host
        .start_with(
            &PARENT,
            vec![3, 13, 1],
            StartOptions::new().instance_id("p"),
        )
        .unwrap();
    let state = host.run_to_end(&id).unwrap();
    let ended = state.output::<Vec<String>>().unwrap();
    assert_eq!((ended[0].as_str(), ended[2].as_str()), ("9", "1"));
    assert!(
        ended[1].contains("\"Square\" #2 failed: thirteen"),
        "{}",
        ended[1]
    );
    assert_eq!(host.elapsed(), 13 * SECOND);
    let child = host.get("p-13").unwrap();
    assert_eq!(child.status, OrchestrationStatus::Failed);
    assert_eq!(child.parent_instance_id.as_deref(), Some("p"));
    assert_eq!(host.inputs(&CHILD).unwrap(), [3, 13, 1]);
    assert_eq!(host.calls()[0].target.as_deref(), Some("p-3"));
    assert_replays(&host);

    host.fake(
        &CHILD,
        Fake::try_with(|number: u64| number.checked_sub(2).ok_or("too small")),
    );
    let ended = host.run(&PARENT, vec![5, 1]).unwrap();
    assert_eq!(ended, ["3", "Error: too small"]);
    assert!(host.get("Parent-2-5").is_none());
}

#[test]
fn events_keep_their_order_over_generations_and_come_at_their_time() {
    let mut host = TestHost::new(functions());
    let id = host.start(&COLLECT, vec![]).unwrap();
    host.raise_event(&id, &ITEM, 1).unwrap();
    host.raise_event(&id, &ITEM, 2).unwrap();
    host.after(3_600 * SECOND)
        .raise_event(&id, &ITEM, 3)
        .unwrap();
    host.settle().unwrap();
    let state = host.get(&id).unwrap();
    assert_eq!(state.status, OrchestrationStatus::Running);
    assert_eq!(state.custom_status::<u64>().unwrap(), Some(2));
    host.advance(3_599 * SECOND).unwrap();
    assert_eq!(host.get(&id).unwrap().status, OrchestrationStatus::Running);
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.output::<Vec<u64>>().unwrap(), [1, 2, 3]);
    assert_eq!(host.elapsed(), 3_600 * SECOND);

    let generations = host.generations(&id);
    assert_eq!(generations.len(), 3);
    assert_ne!(generations[0].execution_id(), generations[1].execution_id());
    assert_replays(&host);
}

#[test]
fn instances_talk_to_each_other() {
    let mut host = TestHost::new(functions());
    let pong = host.start(&PONG, ()).unwrap();
    let ping = host
        .start_with(&PING, pong.clone(), StartOptions::new().instance_id("ping"))
        .unwrap();
    assert_eq!(host.run_to_end(&ping).unwrap().output::<u64>().unwrap(), 8);
    assert_eq!(host.run_to_end(&pong).unwrap().output::<u64>().unwrap(), 7);
    let sent: Vec<_> = host
        .calls()
        .iter()
        .map(|call| (call.kind, call.target.as_deref()))
        .collect();
    let event = |to| (CallKind::Event, Some(to));
    assert_eq!(sent, [event("Pong-1"), event("nobody"), event("ping")]);
    assert_eq!(host.calls()[2].input::<u64>().unwrap(), 8);
    assert_replays(&host);
}

#[test]
fn suspended_instance_hears_of_nothing_until_it_is_resumed() {
    let mut host = TestHost::new(functions());
    let id = host.start(&COLLECT, vec![5, 5]).unwrap();
    host.settle().unwrap();
    host.suspend(&id, "lunch").unwrap();
    host.raise_event(&id, &ITEM, 1).unwrap();
    host.advance(SECOND).unwrap();
    assert_eq!(
        host.get(&id).unwrap().status,
        OrchestrationStatus::Suspended
    );
    assert_eq!(
        replay(&host.history(&id).unwrap(), &functions())
            .unwrap()
            .status,
        OrchestrationStatus::Suspended
    );
    let stuck = host.run_to_end(&id).unwrap_err().to_string();
    assert!(stuck.contains("it waits for its resumption"), "{stuck}");
    host.after(SECOND).resume(&id, "back");
    assert_eq!(
        host.run_to_end(&id).unwrap().output::<Vec<u64>>().unwrap(),
        [5, 5, 1]
    );
    assert_eq!(host.elapsed(), 2 * SECOND);
    assert_replays(&host);
}

#[test]
fn terminated_instance_ends_with_the_given_output_and_its_children_if_asked() {
    let mut host = TestHost::new(functions());
    host.fake(&SQUARE, Fake::never());
    for recursive in [false, true] {
        let id = host.start(&PARENT, vec![0]).unwrap();
        host.settle().unwrap();
        if recursive {
            host.terminate_recursive(&id, "enough").unwrap();
        } else {
            host.terminate(&id, "enough").unwrap();
        }
        let state = host.run_to_end(&id).unwrap();
        host.settle().unwrap();
        assert_eq!(state.status, OrchestrationStatus::Terminated);
        assert_eq!(state.raw_output.as_deref(), Some("\"enough\""));
        let child = host.get(&format!("{id}-0")).unwrap();
        assert_eq!(child.status == OrchestrationStatus::Terminated, recursive);
    }
    let id = host.start(&PARENT, vec![0]).unwrap();
    host.after(SECOND).terminate(&format!("{id}-0"), 7).unwrap();
    let ended = host
        .run_to_end(&id)
        .unwrap()
        .output::<Vec<String>>()
        .unwrap();
    assert!(
        ended[0].starts_with("SubOrchestrationTerminated: "),
        "{ended:?}"
    );
    assert_replays(&host);
}

#[test]
fn fan_out_that_fails_fast_terminates_its_children() {
    const FAST: Orchestration<Vec<u64>, Vec<u64>> = Orchestration::named("Fast");
    let fast = |ctx: OrchestrationContext, numbers: Vec<u64>| async move {
        let children = ctx.fan_out(&CHILD, numbers).child_ids("c");
        children.terminate_children().fail_fast().await
    };
    let mut host = TestHost::new(functions().orchestration(&FAST, fast));
    let id = host.start(&FAST, vec![13, 100]).unwrap();
    let state = host.run_to_end(&id).unwrap();
    assert_eq!(state.status, OrchestrationStatus::Failed);
    host.settle().unwrap();
    let child = host.get(&format!("{id}-c-1")).unwrap();
    assert_eq!(child.status, OrchestrationStatus::Terminated);
    assert_eq!(host.elapsed(), 13 * SECOND);
}

#[test]
fn start_that_is_put_off_waits_for_its_time() {
    let mut host = TestHost::new(functions()).beginning_at(SystemTime::UNIX_EPOCH);
    let later = StartOptions::new().scheduled_start(host.now() + 60 * SECOND);
    let id = host.start_with(&SUM, vec![2], later.clone()).unwrap();
    let never = host.start_with(&SUM, vec![2], later).unwrap();
    host.terminate(&never, ()).unwrap();
    host.advance(59 * SECOND).unwrap();
    assert_eq!(host.get(&id).unwrap().status, OrchestrationStatus::Pending);
    assert_eq!(host.run_to_end(&id).unwrap().output::<u64>().unwrap(), 4);
    assert_eq!(host.now(), SystemTime::UNIX_EPOCH + 60 * SECOND);
    let never_ran = host.get(&never).unwrap();
    assert_eq!(never_ran.status, OrchestrationStatus::Terminated);
    assert_eq!(host.turns(&never), 0);
}

#[test]
fn ended_instance_is_replaced_and_its_late_results_are_not_told_to_the_new_one() {
    let mut host = TestHost::new(functions());
    host.fake(&SQUARE, Fake::with(|number| number).taking(100 * SECOND));
    let one = StartOptions::new().instance_id("one");
    host.start_with(&IN_TIME, 1, one.clone()).unwrap();
    assert_eq!(
        host.run_to_end("one").unwrap().output::<String>().unwrap(),
        "too late"
    );
    host.start_with(&COLLECT, vec![1, 2], one).unwrap();
    host.advance(200 * SECOND).unwrap();
    assert_eq!(host.turns("one"), 1);
    host.raise_event("one", &ITEM, 3).unwrap();
    assert_eq!(
        host.run_to_end("one")
            .unwrap()
            .output::<Vec<u64>>()
            .unwrap(),
        [1, 2, 3]
    );
}

#[test]
fn two_runs_of_one_test_are_the_same_to_the_byte() {
    let run = || {
        let mut host = TestHost::new(functions());
        host.fake(
            &SQUARE,
            Fake::with(|number| number).taking_by(|it: &u64| Duration::from_secs(it % 3)),
        );
        host.run(&PARENT, (0..9).collect()).unwrap();
        let ids: Vec<String> = host.instance_ids().map(str::to_owned).collect();
        ids.iter()
            .map(|id| host.history(id).unwrap().to_json().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn code_that_is_not_deterministic_fails_as_on_a_worker() {
    let names = Arc::new(Mutex::new(vec!["A", "B"]));
    let fickle = move |ctx: OrchestrationContext, (): ()| {
        let name = names.lock().unwrap().pop().unwrap_or("C");
        async move {
            ctx.call_by_name::<u64>(name, (), durascope_sdk::CallOptions::new())
                .await
        }
    };
    const FICKLE: Orchestration<(), u64> = Orchestration::named("Fickle");
    const B: Activity<(), u64> = Activity::named("B");
    let mut host = TestHost::new(Functions::new().orchestration(&FICKLE, fickle));
    host.fake(&B, Fake::returning(1));
    let id = host.start(&FICKLE, ()).unwrap();
    let failure = host.run_to_end(&id).unwrap().failure.unwrap();
    assert_eq!(failure.error_type, "NonDeterminism");
    assert!(
        failure.message.contains("expected activity \"B\""),
        "{failure}"
    );
}

#[tokio::test]
async fn host_runs_within_a_runtime_too() {
    let mut host = TestHost::new(functions());
    assert_eq!(host.run(&SUM, vec![3, 4]).unwrap(), 25);
}

#[test]
fn panic_of_a_real_activity_is_its_failure() {
    const PANIC: Activity<(), ()> = Activity::named("Panic");
    const CALLER: Orchestration<(), ()> = Orchestration::named("Caller");
    let functions = Functions::new()
        .blocking_activity(&PANIC, |_, ()| -> Result<(), String> { panic!("oh no") })
        .orchestration(&CALLER, |ctx: OrchestrationContext, ()| async move {
            ctx.call(&PANIC, ()).await
        });
    let mut host = TestHost::new(functions);
    let id = host.start(&CALLER, ()).unwrap();
    let inner = host
        .run_to_end(&id)
        .unwrap()
        .failure
        .unwrap()
        .inner
        .unwrap();
    assert!(inner.message.contains("oh no"), "{inner}");
}

#[test]
#[should_panic(expected = "of all numbers")]
fn panic_of_a_fake_ends_the_test() {
    let mut host = TestHost::new(functions());
    host.fake(
        &SQUARE,
        Fake::with(|number| {
            assert_ne!(number, 7, "of all numbers");
            number
        }),
    );
    host.run(&SUM, vec![6, 7]).ok();
}
