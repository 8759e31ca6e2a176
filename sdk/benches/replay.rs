//! Replay alone: a stored history against its code, turn by turn and then as one.
//!
//! `cargo bench -p durascope-sdk --bench replay`

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use durascope_sdk::Activity;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::proto::ExecutionStartedEvent;
use durascope_sdk::proto::HistoryEvent;
use durascope_sdk::proto::OrchestrationInstance;
use durascope_sdk::proto::OrchestratorStartedEvent;
use durascope_sdk::proto::TaskCompletedEvent;
use durascope_sdk::proto::TaskScheduledEvent;
use durascope_sdk::proto::history_event::EventType;
use durascope_sdk::testing::History;
use durascope_sdk::testing::replay;
use futures_util::future::try_join_all;

const ECHO: Activity<i32, i32> = Activity::named("Echo");
const FAN_OUT: Orchestration<i32, i64> = Orchestration::named("FanOut");
const CHAIN: Orchestration<i32, i64> = Orchestration::named("Chain");
const WIDE: i32 = 10_000;
const LONG: i32 = 200;

async fn fan_out(ctx: OrchestrationContext, size: i32) -> Result<i64, TaskFailed> {
    let calls = (0..size).map(|number| ctx.call(&ECHO, number));
    Ok(try_join_all(calls).await?.into_iter().map(i64::from).sum())
}

async fn chain(ctx: OrchestrationContext, size: i32) -> Result<i64, TaskFailed> {
    let mut sum = 0;
    for number in 0..size {
        sum += i64::from(ctx.call(&ECHO, number).await?);
    }
    Ok(sum)
}

/// A history that has everything but its end.
struct Writer(Vec<HistoryEvent>);

impl Writer {
    fn started(name: &str, input: i32) -> Self {
        let mut writer = Self(Vec::new());
        writer.turn();
        writer.push(
            -1,
            EventType::ExecutionStarted(ExecutionStartedEvent {
                name: name.to_owned(),
                input: Some(input.to_string()),
                orchestration_instance: Some(OrchestrationInstance {
                    instance_id: "bench".to_owned(),
                    execution_id: Some("e".to_owned()),
                }),
                ..Default::default()
            }),
        );
        writer
    }

    fn turn(&mut self) {
        self.push(
            -1,
            EventType::OrchestratorStarted(OrchestratorStartedEvent {}),
        );
    }

    fn scheduled(&mut self, id: i32) {
        let scheduled = TaskScheduledEvent {
            name: "Echo".to_owned(),
            input: Some((id - 1).to_string()),
            ..Default::default()
        };
        self.push(id, EventType::TaskScheduled(scheduled));
    }

    fn completed(&mut self, id: i32) {
        let completed = TaskCompletedEvent {
            task_scheduled_id: id,
            result: Some((id - 1).to_string()),
        };
        self.push(-1, EventType::TaskCompleted(completed));
    }

    fn push(&mut self, event_id: i32, event: EventType) {
        self.0.push(HistoryEvent {
            event_id,
            timestamp: Some(Default::default()),
            event_type: Some(event),
        });
    }

    fn history(self) -> History {
        History::of(self.0).expect("it was started")
    }
}

/// All results but the last in one turn, so that it still waits.
fn wide() -> History {
    let mut writer = Writer::started("FanOut", WIDE);
    (1..=WIDE).for_each(|id| writer.scheduled(id));
    writer.turn();
    (1..WIDE).for_each(|id| writer.completed(id));
    writer.history()
}

/// A turn a step; the last one waits.
fn long() -> History {
    let mut writer = Writer::started("Chain", LONG);
    for id in 1..LONG {
        writer.scheduled(id);
        writer.turn();
        writer.completed(id);
    }
    writer.scheduled(LONG);
    writer.history()
}

fn replays(criterion: &mut Criterion) {
    let functions = Functions::new()
        .orchestration(&FAN_OUT, fan_out)
        .orchestration(&CHAIN, chain);
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(20);
    for (name, history) in [("a fan-out of 10,000", wide()), ("a chain of 200", long())] {
        let events = u64::try_from(history.events().len()).unwrap_or(u64::MAX);
        group.throughput(Throughput::Elements(events));
        group.bench_function(name, |bencher| {
            bencher.iter(|| replay(&history, &functions).expect("the same code"));
        });
    }
    group.finish();
}

criterion_group!(benches, replays);
criterion_main!(benches);
