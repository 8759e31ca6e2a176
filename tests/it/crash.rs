//! kill -9 at a bad moment: after the restart nothing is lost and nothing happens twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;

const FAN_OUT: i32 = 500;

struct Disk {
    /// Deleted when the test ends.
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emulator.db");
        Self {
            _folder: folder,
            path,
        }
    }
}

async fn connect(emulator: &Emulator) -> RawClient {
    RawClient::connect(emulator.endpoint()).await.unwrap()
}

/// The orchestrator as a function of its history: schedules all at first, ends when all are back.
fn fan_out(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    if events::execution_started(&request.new_events).is_some() {
        return (0..FAN_OUT)
            .map(|id| actions::schedule(id, "Charge", Some("1")))
            .collect();
    }
    let answered = events::answered_ids(&request.past_events).len()
        + events::answered_ids(&request.new_events).len();
    if answered == usize::try_from(FAN_OUT).unwrap() {
        return vec![actions::succeed(FAN_OUT, &answered.to_string())];
    }
    vec![]
}

#[tokio::test]
async fn fan_out_survives_kill_in_the_middle() {
    let disk = Disk::new();
    let mut emulator = Emulator::on_file(&disk.path).unwrap();
    let client = connect(&emulator).await;
    client.start("FanOut", "order", Some("500")).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let turn = worker.turn().await.unwrap();
    client
        .complete_turn(&turn, fan_out(&turn.request))
        .await
        .unwrap();

    // Half of the activities are answered; turns are taken and answered in between.
    let mut answered = 0;
    while answered < FAN_OUT / 2 {
        let activity = worker.activity().await.unwrap();
        client.complete_activity(&activity, "1").await.unwrap();
        answered += 1;
        if answered % 50 == 0 {
            let turn = worker.turn().await.unwrap();
            client
                .complete_turn(&turn, fan_out(&turn.request))
                .await
                .unwrap();
        }
    }
    // These are in the worker's hands at the moment of the crash.
    let lost = worker.activity().await.unwrap();
    emulator.kill().unwrap();
    drop(worker);
    emulator.restart().unwrap();

    let client = connect(&emulator).await;
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Running
    );
    client
        .complete_activity(&lost, "\"from before the crash\"")
        .await
        .unwrap();
    let worker = RawWorker::open(&client).await.unwrap();
    let _serving = worker.serve(fan_out, |_| "1".to_owned());
    let state = client.ended("order").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    assert_eq!(state.output.as_deref(), Some("500"));

    let history = client.history("order").await.unwrap();
    let mut answers: BTreeMap<i32, usize> = BTreeMap::new();
    for id in events::answered_ids(&history) {
        *answers.entry(id).or_default() += 1;
    }
    let scheduled = events::scheduled_ids(&history);
    assert_eq!(
        scheduled,
        (0..FAN_OUT).collect::<Vec<_>>(),
        "scheduled once each, in order"
    );
    let expected: BTreeMap<i32, usize> = (0..FAN_OUT).map(|id| (id, 1)).collect();
    assert_eq!(answers, expected, "one result each");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill() {
    let disk = Disk::new();
    let mut emulator = Emulator::on_file(&disk.path).unwrap();
    let client = connect(&emulator).await;
    for number in 0..50 {
        let id = format!("order-{number}");
        client
            .start("Order", &id, Some(&number.to_string()))
            .await
            .unwrap();
        client.raise(&id, "First", Some("1")).await.unwrap();
        client.raise(&id, "Second", Some("2")).await.unwrap();
    }
    client
        .terminate("order-49", Some("\"end\""), false)
        .await
        .unwrap();
    let before = client.state("order-7").await.unwrap().unwrap();
    emulator.kill().unwrap();
    emulator.restart().unwrap();

    let client = connect(&emulator).await;
    assert_eq!(client.state("order-7").await.unwrap().unwrap(), before);
    let mut worker = RawWorker::open(&client).await.unwrap();
    for _ in 0..50 {
        let turn = worker.turn().await.unwrap();
        let id = &turn.request.instance_id;
        let started = events::execution_started(&turn.request.new_events).unwrap();
        assert_eq!(format!("order-{}", started.input.as_deref().unwrap()), *id);
        let raised = events::raised(&turn.request.new_events);
        let names: Vec<&str> = raised.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(names, ["First", "Second"], "events of {id}");
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(turn.request.instance_id, "order-49");
    let state = client.ended("order-49").await.unwrap();
    assert_eq!(
        state.orchestration_status(),
        OrchestrationStatus::Terminated
    );
}

#[tokio::test]
async fn timers_children_and_waits_go_on_after_kill() {
    let disk = Disk::new();
    let mut emulator = Emulator::on_file(&disk.path).unwrap();
    let client = connect(&emulator).await;
    client.start("Order", "order", None).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let due =
        durascope_proto::time::to_micros(turn.request.new_events[0].timestamp.as_ref().unwrap())
            + 400_000;
    let answer = vec![
        actions::timer(0, due),
        actions::child(1, "kid", "Kid", Some("3")),
    ];
    client.complete_turn(&turn, answer).await.unwrap();
    let held = worker.turn().await.unwrap();
    assert_eq!(held.request.instance_id, "kid");
    emulator.kill().unwrap();
    emulator.restart().unwrap();

    let client = connect(&emulator).await;
    let mut worker = RawWorker::open(&client).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let turn = worker.turn().await.unwrap();
        if turn.request.instance_id == "kid" {
            client
                .complete_turn(&turn, vec![actions::succeed(0, "3")])
                .await
                .unwrap();
            continue;
        }
        seen.extend(events::kinds(&turn.request.new_events[1..]));
        let answer = if seen.len() == 2 {
            vec![actions::succeed(2, "1")]
        } else {
            vec![]
        };
        client.complete_turn(&turn, answer).await.unwrap();
    }
    seen.sort();
    assert_eq!(
        seen,
        ["SubOrchestrationInstanceCompleted", "TimerFired"],
        "each once"
    );
    client.ended("order").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clean_stop_keeps_everything_and_exits_with_zero() {
    let disk = Disk::new();
    let mut emulator = Emulator::on_file(&disk.path).unwrap();
    let client = connect(&emulator).await;
    client.start("Order", "order", None).await.unwrap();
    let worker = RawWorker::open(&client).await.unwrap();
    let waiter = {
        let client = client.clone();
        tokio::spawn(async move { client.ended("order").await })
    };
    let status = emulator.terminate().unwrap();
    assert_eq!(status.code(), Some(0), "{}", emulator.log());
    assert!(
        waiter.await.unwrap().is_err(),
        "an open wait must not keep the process alive"
    );
    drop(worker);
    emulator.restart().unwrap();
    let client = connect(&emulator).await;
    assert_eq!(
        client.status("order").await.unwrap(),
        OrchestrationStatus::Pending
    );
}

/// Chains of activity, child, timer and event, interrupted wherever the kill finds them.
fn chain(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    let all = [&request.past_events[..], &request.new_events[..]].concat();
    if events::execution_started(&all).is_some_and(|started| started.name == "Kid") {
        return vec![actions::succeed(0, "1")];
    }
    let now = request.new_events[0]
        .timestamp
        .as_ref()
        .map(durascope_proto::time::to_micros);
    let count = |kind: &str| events::kinds(&all).iter().filter(|it| *it == kind).count();
    let scheduled = [
        "TaskScheduled",
        "SubOrchestrationInstanceCreated",
        "TimerCreated",
    ]
    .map(count);
    let answered = [
        "TaskCompleted",
        "SubOrchestrationInstanceCompleted",
        "TimerFired",
    ]
    .map(count);
    let steps = i32::try_from(scheduled.iter().sum::<usize>()).unwrap();
    if scheduled != answered {
        return vec![];
    }
    match steps {
        12 if events::raised(&all).len() == 2 => vec![actions::succeed(steps, "1")],
        12 => vec![],
        _ => vec![match steps % 3 {
            0 => actions::schedule(steps, "Charge", None),
            1 => actions::child(steps, "", "Kid", None),
            _ => actions::timer(steps, now.unwrap() + 20_000),
        }],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_kills_wherever_they_strike_lose_nothing() {
    const INSTANCES: usize = 40;
    const KILLS: usize = 6;
    let disk = Disk::new();
    let mut emulator = Emulator::on_file(&disk.path).unwrap();
    let client = connect(&emulator).await;
    for number in 0..INSTANCES {
        let id = format!("order-{number}");
        client.start("Chain", &id, None).await.unwrap();
        client.raise(&id, "First", Some("1")).await.unwrap();
    }
    for kill in 0..=KILLS {
        let client = connect(&emulator).await;
        let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
        let worker = RawWorker::open(&client).await.unwrap();
        let _serving = worker.serve(
            move |request| {
                // The test listens only until it kills.
                tx.send(()).ok();
                chain(request)
            },
            |_| "1".to_owned(),
        );
        if kill == KILLS {
            for number in 0..INSTANCES {
                client
                    .raise(&format!("order-{number}"), "Second", Some("2"))
                    .await
                    .unwrap();
            }
            for number in 0..INSTANCES {
                let id = format!("order-{number}");
                let state = client.ended(&id).await.unwrap();
                assert_eq!(
                    state.orchestration_status(),
                    OrchestrationStatus::Completed,
                    "{id}"
                );
                whole(&id, &client.history(&id).await.unwrap());
            }
            return;
        }
        // Somewhere among the turns, each time elsewhere.
        for _ in 0..(17 + 23 * kill) {
            tokio::time::timeout(durascope_tests::DEADLINE, rx.recv())
                .await
                .unwrap()
                .unwrap();
        }
        emulator.kill().unwrap();
        emulator.restart().unwrap();
    }
}

/// Every step once and in order, every event once.
fn whole(id: &str, history: &[durascope_proto::HistoryEvent]) {
    let raised: Vec<String> = events::raised(history).into_iter().map(|it| it.0).collect();
    assert_eq!(raised, ["First", "Second"], "{id}");
    assert_eq!(events::scheduled_ids(history), [0, 3, 6, 9], "{id}");
    assert_eq!(events::answered_ids(history), [0, 3, 6, 9], "{id}");
    let kinds = events::kinds(history);
    for kind in ["SubOrchestrationInstanceCompleted", "TimerFired"] {
        assert_eq!(
            kinds.iter().filter(|it| *it == kind).count(),
            4,
            "{kind} of {id}"
        );
    }
}
