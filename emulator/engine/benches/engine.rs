//! The scheduler's decisions alone: results accepted, turns applied, history appended and read.
//!
//! `cargo bench -p durascope-engine --bench engine`

use std::hint::black_box;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use durascope_engine::Instance;
use durascope_engine::Kind;
use durascope_engine::deliver::Delivery;
use durascope_engine::deliver::Message;
use durascope_engine::deliver::TaskResult;
use durascope_engine::history;
use durascope_engine::history::ChunkWriter;
use durascope_engine::start;
use durascope_engine::turn;
use durascope_engine::turn::Answer;
use durascope_engine::turn::Surroundings;
use durascope_engine::turn::Turn;
use durascope_engine::turn::TurnMessage;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestratorAction;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;

const EXECUTION: &str = "0123456789abcdef0123456789abcdef";
const ACTIVITIES: i32 = 1_000;
const NOW_US: i64 = 1_700_000_000_000_000;

/// A new instance and the message that starts it.
fn started() -> (Instance, TurnMessage) {
    let request = CreateInstanceRequest {
        instance_id: "fan-out".to_owned(),
        name: "FanOut".to_owned(),
        input: Some("1000".to_owned()),
        ..Default::default()
    };
    let new = start::request(NOW_US, request, None, EXECUTION).expect("it is a good request");
    let message = TurnMessage {
        at_us: NOW_US,
        seq: NOW_US,
        kind: new.new.entry.kind,
        scheduled: false,
        event: new.new.entry.event,
    };
    (new.new.instance, message)
}

fn fan_out() -> Answer {
    let action = |id: i32| OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: "Echo".to_owned(),
            input: Some(id.to_string()),
            ..Default::default()
        })),
    };
    Answer {
        actions: (1..=ACTIVITIES).map(action).collect(),
        ..Default::default()
    }
}

/// The instance after its first turn, and everything that comes back.
fn running() -> (Instance, Vec<TurnMessage>) {
    let (instance, message) = started();
    let turn = Turn::new(NOW_US + 1, &instance, vec![message]);
    let surroundings = Surroundings::default();
    let commit = turn::apply(
        NOW_US + 2,
        &instance,
        &turn,
        fan_out(),
        surroundings,
        EXECUTION,
    );
    let mut instance = commit.after;
    let mut messages = Vec::new();
    for task_id in 1..=ACTIVITIES {
        let at_us = NOW_US + 10 + i64::from(task_id);
        if let Delivery::Accepted { after, entry } = instance.deliver(at_us, result(task_id)) {
            instance = after;
            messages.push(TurnMessage {
                at_us,
                seq: at_us,
                kind: Kind::ActivityResult,
                scheduled: false,
                event: entry.event,
            });
        }
    }
    (instance, messages)
}

fn result(task_id: i32) -> Message {
    Message::ActivityResult {
        execution: EXECUTION.into(),
        task_id,
        result: TaskResult::Completed(Some(task_id.to_string())),
    }
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    let (running, results) = running();
    group.bench_function("a result is accepted", |bencher| {
        bencher.iter_batched(
            || result(7),
            |message| running.deliver(NOW_US, message),
            BatchSize::SmallInput,
        );
    });

    group.throughput(Throughput::Elements(u64::from(ACTIVITIES.unsigned_abs())));
    let (instance, message) = started();
    let first = Turn::new(NOW_US, &instance, vec![message]);
    group.bench_function("a turn schedules 1,000 activities", |bencher| {
        bencher.iter_batched(
            fan_out,
            |answer| applied(&instance, &first, answer),
            BatchSize::LargeInput,
        );
    });
    let last = Turn::new(NOW_US, &running, results.clone());
    group.bench_function("a turn takes 1,000 results", |bencher| {
        bencher.iter(|| applied(&running, &last, Answer::default()));
    });
    group.bench_function("1,000 events are appended to a history", |bencher| {
        bencher.iter(|| chunks(&results));
    });
    let stored = chunks(&results);
    group.bench_function("1,000 events are read off a history, encoded", |bencher| {
        bencher.iter(|| {
            for chunk in &stored {
                for event in history::events(&chunk.data) {
                    black_box(event);
                }
            }
        });
    });
    group.finish();
}

fn applied(instance: &Instance, turn: &Turn, answer: Answer) -> turn::Commit {
    let surroundings = Surroundings::default();
    turn::apply(
        NOW_US + 5_000,
        instance,
        turn,
        answer,
        surroundings,
        EXECUTION,
    )
}

fn chunks(events: &[TurnMessage]) -> Vec<history::Chunk> {
    let mut writer = ChunkWriter::default();
    for message in events {
        writer.push_encoded(&message.event);
    }
    writer.finish()
}

criterion_group!(benches, engine);
criterion_main!(benches);
