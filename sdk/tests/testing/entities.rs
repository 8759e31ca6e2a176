//! Entities in memory: calls, signals, states, failures, and what operations set going.

use std::time::Duration;
use std::time::SystemTime;

use durascope_sdk::Activity;
use durascope_sdk::Entity;
use durascope_sdk::EntityContext;
use durascope_sdk::EntityId;
use durascope_sdk::EntityOperation;
use durascope_sdk::EntityStartOptions;
use durascope_sdk::EntityState;
use durascope_sdk::FanOutError;
use durascope_sdk::Functions;
use durascope_sdk::Operation;
use durascope_sdk::OperationError;
use durascope_sdk::Operations;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::Progress;
use durascope_sdk::TaskFailed;
use durascope_sdk::progress;
use durascope_sdk::progress::PROGRESS_TRACKER;
use durascope_sdk::progress::ProgressTracker;
use durascope_sdk::schedules;
use durascope_sdk::testing::CallKind;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::History;
use durascope_sdk::testing::HostError;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);

const COUNTER: Entity = Entity::named("Counter");
const LEDGER: Entity = Entity::named("Ledger");
const NOWHERE: Entity = Entity::named("Nowhere");
const ADD: Operation<i64, i64> = Operation::named("Add");
const LATER: Operation<i64, ()> = Operation::named("Later");
const ORDER_MORE: Operation<u64, String> = Operation::named("OrderMore");
const DELETE: Operation<(), ()> = Operation::named("delete");
const NOTE: Operation<String, usize> = Operation::named("Note");

const PRINT: Activity<u32, u32> = Activity::named("PrintLabel");
const COUNT: Orchestration<Vec<i64>, Vec<String>> = Orchestration::named("Count");
const TELL: Orchestration<String, ()> = Orchestration::named("Tell");
const LOST: Orchestration<(), String> = Orchestration::named("Lost");
const REFILL: Orchestration<u64, u64> = Orchestration::named("Refill");
const LABELS: Orchestration<u32, usize> = Orchestration::named("PrintLabels");

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter {
    value: i64,
    touched: Option<SystemTime>,
}

impl EntityState for Counter {
    fn operations(operations: &mut Operations<Self>) {
        operations
            .on(&ADD, Self::add)
            .on(&LATER, Self::later)
            .on(&ORDER_MORE, Self::order_more);
    }
}

impl Counter {
    fn add(&mut self, ctx: &EntityContext, amount: i64) -> Result<i64, OperationError> {
        self.value += amount;
        if self.value < 0 {
            return Err(OperationError::new("Overdrawn", "too little").with_property("by", 3));
        }
        self.touched = Some(ctx.started());
        ctx.signal(&LEDGER.id("all"), &NOTE, format!("{amount:+}"))?;
        Ok(self.value)
    }

    /// Tells itself after a minute.
    fn later(&mut self, ctx: &EntityContext, amount: i64) -> Result<(), OperationError> {
        Ok(ctx.signal_at(ctx.id(), &ADD, amount, ctx.started() + 60 * SECOND)?)
    }

    fn order_more(&mut self, ctx: &EntityContext, wanted: u64) -> Result<String, OperationError> {
        if wanted > 100 {
            let options = EntityStartOptions::new()
                .instance_id("large")
                .scheduled_start(ctx.started() + 60 * SECOND);
            return Ok(ctx.start_with(&REFILL, wanted, options)?);
        }
        Ok(ctx.start(&REFILL, wanted)?)
    }
}

async fn ledger(operation: EntityOperation) -> Result<usize, OperationError> {
    let mut lines: Vec<String> = operation.state()?.unwrap_or_default();
    match operation.name() {
        "note" => lines.push(operation.input()?),
        _ => return Err(operation.unknown(&["Note"])),
    }
    operation.set_state(&lines)?;
    Ok(lines.len())
}

async fn count(ctx: OrchestrationContext, amounts: Vec<i64>) -> Result<Vec<String>, TaskFailed> {
    let counter = COUNTER.id("tea");
    let mut results = Vec::new();
    for amount in amounts {
        results.push(match ctx.call_entity(&counter, &ADD, amount).await {
            Ok(value) => value.to_string(),
            Err(failed) => format!("{failed} {:?}", failed.details.properties),
        });
    }
    Ok(results)
}

async fn tell(ctx: OrchestrationContext, key: String) -> Result<(), OrchestrationError> {
    let counter = COUNTER.id(key);
    ctx.signal_entity(&counter, &ADD, 1)?;
    let midnight = ctx.current_time() + 3_600 * SECOND;
    ctx.signal_entity_at(&counter, &ADD, 10, midnight)?;
    Ok(())
}

async fn lost(ctx: OrchestrationContext, (): ()) -> Result<String, OrchestrationError> {
    ctx.signal_entity(&NOWHERE.id(1), &ADD, 1)?;
    let called = ctx.call_entity(&NOWHERE.id(1), &ADD, 1).await;
    Ok(called.unwrap_err().details.to_string())
}

async fn refill(ctx: OrchestrationContext, wanted: u64) -> Result<u64, TaskFailed> {
    ctx.timer(Duration::from_secs(wanted)).await;
    Ok(wanted)
}

async fn print_labels(ctx: OrchestrationContext, labels: u32) -> Result<usize, FanOutError> {
    let tracker = PROGRESS_TRACKER.id(ctx.instance_id());
    let shown = Progress::in_tracker(&tracker);
    let printed = ctx.fan_out(&PRINT, 0..labels).progress(shown).outcomes();
    Ok(printed.await?.succeeded())
}

fn functions() -> Functions {
    Functions::new()
        .entity::<Counter>(&COUNTER)
        .entity_fn(&LEDGER, ledger)
        .entity::<ProgressTracker>(&PROGRESS_TRACKER)
        .orchestration(&COUNT, count)
        .orchestration(&TELL, tell)
        .orchestration(&LOST, lost)
        .orchestration(&REFILL, refill)
        .orchestration(&LABELS, print_labels)
}

fn value(host: &TestHost, id: &EntityId) -> i64 {
    let state: Option<Counter> = host.entity_state(id).unwrap();
    state.map_or(0, |state| state.value)
}

#[test]
fn calls_keep_the_state_between_them_and_a_failed_one_leaves_no_trace() {
    let mut host = TestHost::new(functions());
    let results = host.run(&COUNT, vec![5, -7, 2]).unwrap();
    assert_eq!((results[0].as_str(), results[2].as_str()), ("5", "7"));
    assert!(
        results[1].contains(r#""Add" of "@counter@tea" #2 failed: too little"#),
        "{results:?}"
    );
    assert!(results[1].contains(r#"{"by": Number(3"#), "{results:?}");
    host.settle().unwrap();
    // What operations told others, and what they were told themselves.
    let ledger: Vec<String> = host.entity_state(&LEDGER.id("all")).unwrap().unwrap();
    assert_eq!(ledger, ["+5", "+2"]);
    assert_eq!(
        host.entity_inputs(&COUNTER.id("tea"), &ADD).unwrap(),
        [5, -7, 2]
    );
    let senders: Vec<(&str, CallKind)> = host
        .calls()
        .iter()
        .filter(|call| call.kind == CallKind::Signal)
        .map(|call| (call.instance_id.as_str(), call.kind))
        .collect();
    assert_eq!(senders, [("@counter@tea", CallKind::Signal); 2]);

    // Another instance meets the same entity, and the histories of both are good.
    assert_eq!(host.run(&COUNT, vec![1]).unwrap(), ["8"]);
    for id in ["Count-1", "Count-2"] {
        let history = host.history(id).unwrap();
        replay(&history, &functions()).unwrap();
        let again: History = history.to_json().unwrap().parse().unwrap();
        assert_eq!(again, history);
    }
}

#[test]
fn signals_arrive_at_their_time_also_when_their_sender_has_ended() {
    let mut host = TestHost::new(functions());
    let counter = COUNTER.id("tea");
    host.run(&TELL, "tea".to_owned()).unwrap();
    assert_eq!(host.elapsed(), Duration::ZERO);
    host.settle().unwrap();
    assert_eq!(value(&host, &counter), 1);
    host.advance(3_599 * SECOND).unwrap();
    assert_eq!(value(&host, &counter), 1);
    host.advance(SECOND).unwrap();
    let state: Counter = host.entity_state(&counter).unwrap().unwrap();
    assert_eq!((state.value, state.touched), (11, Some(host.now())));
}

#[test]
fn signals_come_from_outside_and_states_are_read_there() {
    let mut host = TestHost::new(functions());
    let (tea, milk) = (COUNTER.id("tea"), COUNTER.id("milk"));
    host.signal_entity(&tea, &LATER, 4).unwrap();
    host.after(30 * SECOND)
        .signal_entity(&tea, &ADD, 3)
        .unwrap();
    host.after(30 * SECOND)
        .signal_entity(&milk, &ADD, 2)
        .unwrap();
    assert!(host.entity(&tea).is_none());
    host.advance(59 * SECOND).unwrap();
    assert_eq!((value(&host, &tea), value(&host, &milk)), (3, 2));
    let ids: Vec<&str> = host.entity_ids().map(EntityId::as_str).collect();
    assert_eq!(ids, ["@counter@milk", "@counter@tea", "@ledger@all"]);
    host.advance(SECOND).unwrap();
    assert_eq!(value(&host, &tea), 7);
    assert_eq!(host.entity(&tea).unwrap().last_modified, host.now());
    host.signal_entity(&tea, &DELETE, ()).unwrap();
    host.settle().unwrap();
    assert!(host.entity(&tea).is_none());
    // Another type than that of the state.
    let error = host.entity_state::<u64>(&milk).unwrap_err().to_string();
    assert!(error.contains(r#"entity "@counter@milk""#), "{error}");
}

#[test]
fn entity_starts_an_orchestration_now_later_or_not_at_all() {
    let mut host = TestHost::new(functions());
    let counter = COUNTER.id("tea");
    host.signal_entity(&counter, &ORDER_MORE, 7).unwrap();
    host.settle().unwrap();
    let started = host.calls()[0].clone();
    assert_eq!(started.kind, CallKind::SubOrchestration);
    assert_eq!(started.instance_id, "@counter@tea");
    let id = started.target.unwrap();
    assert_eq!(host.run_to_end(&id).unwrap().output::<u64>().unwrap(), 7);
    assert_eq!(host.elapsed(), 7 * SECOND);

    // Under an id of its own choice it starts one at a time.
    for wanted in [101, 102] {
        host.signal_entity(&counter, &ORDER_MORE, wanted).unwrap();
    }
    host.settle().unwrap();
    let state = host.get("large").unwrap();
    assert_eq!(state.status, OrchestrationStatus::Pending);
    assert_eq!(
        host.run_to_end("large").unwrap().output::<u64>().unwrap(),
        101
    );
    assert_eq!(host.elapsed(), (7 + 60 + 101) * SECOND);

    // With a fake there is no instance.
    host.fake(&REFILL, Fake::returning(0));
    host.signal_entity(&counter, &ORDER_MORE, 8).unwrap();
    host.settle().unwrap();
    assert_eq!(host.inputs(&REFILL).unwrap(), [7, 101, 102, 8]);
    assert_eq!(host.instance_ids().count(), 2);

    // Two runs give the same ids.
    let mut again = TestHost::new(functions());
    again.signal_entity(&counter, &ORDER_MORE, 7).unwrap();
    again.settle().unwrap();
    assert_eq!(again.calls()[0].target.as_deref(), Some(id.as_str()));
}

#[test]
fn progress_in_a_tracker_is_told_by_signals() {
    let mut host = TestHost::new(functions());
    host.fake(
        &PRINT,
        Fake::try_with(|label: u32| match label {
            13 => Err("paper jam"),
            _ => Ok(label),
        })
        .taking_by(|label| Duration::from_secs(u64::from(*label) + 1)),
    );
    let id = host.start(&LABELS, 50).unwrap();
    let tracker = PROGRESS_TRACKER.id(&id);
    host.advance(20 * SECOND).unwrap();
    let shown =
        |host: &TestHost| -> progress::Progress { host.entity_state(&tracker).unwrap().unwrap() };
    let progress = shown(&host);
    assert_eq!(
        (progress.total, progress.processed, progress.failed),
        (50, 20, 1)
    );
    let began = host.now() - 20 * SECOND;
    assert_eq!(progress.started_at, Some(began));
    assert_eq!(progress.updated_at, Some(host.now()));
    assert_eq!(host.run_to_end(&id).unwrap().output::<usize>().unwrap(), 49);
    host.settle().unwrap();
    assert_eq!(shown(&host).processed, 50);
    let told = host.entity_inputs(&tracker, &ProgressTracker::INITIALIZE);
    assert_eq!(told.unwrap(), [50]);
}

#[test]
fn schedule_runs_on_virtual_time() {
    const SCHEDULE: Entity = Entity::named("Schedule");
    const CREATE: Operation<Value, ()> = Operation::named("create_schedule");
    const PAUSE: Operation<(), ()> = Operation::named("pause_schedule");
    let mut host = TestHost::new(functions().and(schedules::functions()));
    let nightly = SCHEDULE.id("nightly");
    let schedule = json!({
        "schedule_id": "nightly",
        "orchestration_name": "Refill",
        "orchestration_input": 5,
        "interval_seconds": 86_400,
    });
    host.signal_entity(&nightly, &CREATE, schedule).unwrap();
    host.advance(10 * 86_400 * SECOND).unwrap();
    assert_eq!(host.inputs(&REFILL).unwrap(), [5; 10]);
    host.signal_entity(&nightly, &PAUSE, ()).unwrap();
    host.advance(10 * 86_400 * SECOND).unwrap();
    assert_eq!(host.instance_ids().count(), 10);
}

#[test]
fn unknown_entities_fail_as_on_a_worker_but_a_test_that_signals_one_is_told() {
    let mut host = TestHost::new(functions());
    let failure = host.run(&LOST, ()).unwrap();
    assert_eq!(
        failure,
        r#"EntityTaskNotFound: no entity named "nowhere" is registered with this worker"#
    );
    let error = host.signal_entity(&NOWHERE.id(1), &ADD, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"no entity named "nowhere" is registered, and the test signals "@nowhere@1""#
    );
    let long = COUNTER.id("x".repeat(100));
    let error = host.signal_entity(&long, &ADD, 1).unwrap_err();
    assert!(matches!(error, HostError::InvalidId { .. }), "{error:?}");
}

#[test]
fn entity_that_never_rests_makes_no_eternal_test() {
    const TICK: Operation<(), ()> = Operation::named("Tick");
    const CLOCK: Entity = Entity::named("Clock");
    let tick = |operation: EntityOperation| async move {
        let ctx = operation.context();
        ctx.signal(ctx.id(), &TICK, ())
            .map_err(OperationError::from)
    };
    let mut host = TestHost::new(Functions::new().entity_fn(&CLOCK, tick)).max_turns(20);
    host.signal_entity(&CLOCK.id(1), &TICK, ()).unwrap();
    let error = host.settle().unwrap_err();
    assert!(
        matches!(error, HostError::TooManyTurns { limit: 20 }),
        "{error:?}"
    );
}
