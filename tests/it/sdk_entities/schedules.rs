//! Schedules of the Rust SDK, and of the official Python client, on the same hub.

use std::time::Duration;
use std::time::SystemTime;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::client::InstanceQuery;
use durascope_sdk::schedules;
use durascope_sdk::schedules::Schedule;
use durascope_sdk::schedules::ScheduleError;
use durascope_sdk::schedules::ScheduleOptions;
use durascope_sdk::schedules::ScheduleQuery;
use durascope_sdk::schedules::ScheduleStatus;
use durascope_sdk::schedules::ScheduleUpdate;
use durascope_sdk::schedules::Schedules;
use durascope_tests::official;
use futures_util::TryStreamExt;
use serde_json::Value;
use serde_json::json;

use super::*;

const WORK: Orchestration<Value, Value> = Orchestration::named("scheduled_work");
const DONE: Activity<Value, Value> = Activity::named("Done");
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Schedules, and an orchestration that tells of its runs: its id and its input.
fn scheduled(builder: WorkerBuilder, tell: UnboundedSender<(String, Value)>) -> WorkerBuilder {
    builder
        .functions(schedules::functions())
        .orchestration(
            &WORK,
            |ctx: OrchestrationContext, input: Value| async move { ctx.call(&DONE, input).await },
        )
        .activity(&DONE, move |ctx: ActivityContext, input: Value| {
            tell.send((ctx.instance_id().to_owned(), input.clone()))
                .unwrap();
            async move { Ok::<_, String>(input) }
        })
}

async fn get(schedules: &Schedules, id: &str) -> Schedule {
    let schedule = schedules.get(id).await.unwrap();
    schedule.unwrap_or_else(|| panic!("no schedule {id}"))
}

fn refusal(result: Result<(), ScheduleError>) -> String {
    match result {
        Err(ScheduleError::Refused { details, .. }) => details.message.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedule_runs_rests_changes_and_goes() {
    let (tell, mut runs) = Heard::new();
    let world = World::start(|builder| scheduled(builder, tell));
    let schedules = Schedules::of(&world.client);
    let began = now();
    let every_second = ScheduleOptions::every(SECOND).start_immediately_if_late();
    schedules
        .create("beat", &WORK, json!({"n": 1}), every_second)
        .await
        .unwrap();

    let mut due = Vec::new();
    for _run in 0..3 {
        let (id, input) = runs.next().await;
        assert_eq!(input, json!({"n": 1}));
        assert_eq!(world.end(&id).await.status, OrchestrationStatus::Completed);
        let time = id.strip_prefix("beat-").unwrap().to_owned();
        assert!(time.ends_with("+00:00"), "{time}");
        due.push(time);
    }
    // The first is due at once, the others at whole intervals from the creation on.
    assert_eq!(
        due[1].split_once('.').map(|it| it.1),
        due[2].split_once('.').map(|it| it.1)
    );

    let schedule = get(&schedules, "beat").await;
    assert_eq!(
        (schedule.id.as_str(), schedule.status),
        ("beat", ScheduleStatus::Active)
    );
    assert_eq!(schedule.orchestration_name, "scheduled_work");
    assert_eq!(
        (schedule.interval, schedule.input::<Value>().unwrap()),
        (SECOND, json!({"n": 1}))
    );
    assert!(schedule.created_at.unwrap() + SECOND > began);
    assert!(schedule.next_run_at > schedule.last_run_at);

    schedules.pause("beat").await.unwrap();
    let schedule = get(&schedules, "beat").await;
    assert_eq!(
        (schedule.status, schedule.next_run_at),
        (ScheduleStatus::Paused, None)
    );
    let text = refusal(schedules.pause("beat").await);
    assert_eq!(text, "schedule \"beat\" is paused, it cannot be paused");
    let text = refusal(schedules.resume("never").await);
    assert_eq!(text, "there is no schedule \"never\" that could be resumed");
    assert_eq!(schedules.get("never").await.unwrap(), None);

    let update = ScheduleUpdate::new()
        .interval(SECOND * 2)
        .input("two")
        .unwrap();
    schedules.update("beat", update).await.unwrap();
    let schedule = get(&schedules, "beat").await;
    assert_eq!(
        (schedule.status, schedule.interval),
        (ScheduleStatus::Paused, SECOND * 2)
    );
    while !runs.is_silent() {
        runs.next().await;
    }
    schedules.resume("beat").await.unwrap();
    assert_eq!(runs.next().await.1, json!("two"));

    schedules.delete("beat").await.unwrap();
    assert_eq!(schedules.get("beat").await.unwrap(), None);
    schedules.delete("beat").await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_are_listed_and_what_cannot_run_is_refused_at_once() {
    let (tell, mut runs) = Heard::new();
    let world = World::start(|builder| scheduled(builder, tell));
    let schedules = Schedules::of(&world.client);
    let hourly = || ScheduleOptions::every(HOUR);
    for id in ["a_1", "a_2", "b"] {
        schedules
            .create(id, &WORK, Value::Null, hourly())
            .await
            .unwrap();
    }
    schedules.pause("a_2").await.unwrap();
    let list = async |query: ScheduleQuery| -> Vec<String> {
        let found: Vec<Schedule> = schedules.list(query).try_collect().await.unwrap();
        found.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(
        list(ScheduleQuery::new().page_size(2)).await,
        ["a_1", "a_2", "b"]
    );
    assert_eq!(
        list(ScheduleQuery::new().id_prefix("a_")).await,
        ["a_1", "a_2"]
    );
    let active = ScheduleQuery::new().status(ScheduleStatus::Active);
    assert_eq!(list(active.created_from(now() - HOUR)).await, ["a_1", "b"]);
    assert_eq!(
        list(ScheduleQuery::new().created_to(now() - HOUR)).await,
        [""; 0]
    );

    let refused = [
        (
            hourly().end_at(SystemTime::UNIX_EPOCH).start_at(now()),
            "x",
            "cannot end at 1970",
        ),
        (
            ScheduleOptions::every(SECOND / 2),
            "x",
            "the interval of a schedule is 500ms",
        ),
        (hourly(), "", "the id of a schedule must not be empty"),
        (hourly().instance_id("@a@b"), "x", "do not begin with '@'"),
    ];
    for (options, id, expected) in refused {
        let error = schedules
            .create(id, &WORK, Value::Null, options)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let long = "s".repeat(80);
    let error = schedules
        .create(&long, &WORK, Value::Null, hourly())
        .await
        .unwrap_err();
    assert!(
        matches!(error, ScheduleError::RunId { length: 113, .. }),
        "{error:?}"
    );

    // All runs under one id: it may be longer, and the next run replaces the last.
    let always = ScheduleOptions::every(SECOND)
        .instance_id("always")
        .start_immediately_if_late();
    schedules
        .create(&long, &WORK, json!(7), always)
        .await
        .unwrap();
    for _run in 0..2 {
        assert_eq!(runs.next().await, ("always".to_owned(), json!(7)));
    }
    world.stop().await;
}

const READ_AND_MAKE: &str = r#"
import json
from datetime import datetime, timedelta, timezone
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.scheduled import ScheduleCreationOptions, ScheduledTaskClient

client = DurableTaskSchedulerClient(
    host_address="@ENDPOINT@", secure_channel=False, taskhub="default", token_credential=None)
schedules = ScheduledTaskClient(client, operation_timeout=30)
ours = schedules.get_schedule_client("rust-made")
it = ours.describe()
print(json.dumps([
    it.schedule_id, it.orchestration_name, it.orchestration_input, it.interval.total_seconds(),
    it.start_at.isoformat(), it.status.value, it.start_immediately_if_late]))
ours.pause()
print(ours.describe().status.value)
try:
    ours.pause()
except RuntimeError as error:
    print(error)
schedules.create_schedule(ScheduleCreationOptions(
    schedule_id="python-made", orchestration_name="scheduled_work",
    interval=timedelta(seconds=1.5), orchestration_input={"from": "python", "n": [1, 2.5]},
    end_at=datetime(2100, 1, 1, tzinfo=timezone.utc), start_immediately_if_late=True))
print([it.schedule_id for it in schedules.list_schedules()])
"#;

async fn python(world: &World, program: &str) -> Option<Vec<String>> {
    let program = program.replace("@ENDPOINT@", world.emulator.endpoint());
    let ran = tokio::task::spawn_blocking(move || official::python_runs(&program));
    let output = ran.await.unwrap().unwrap()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(text.lines().map(ToOwned::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_client_reads_and_changes_our_schedules_and_we_read_its() {
    let (tell, mut runs) = Heard::new();
    let world = World::start(|builder| scheduled(builder, tell));
    let schedules = Schedules::of(&world.client);
    let start_at = SystemTime::UNIX_EPOCH + Duration::from_micros(4_102_444_800_000_250);
    let options = ScheduleOptions::every(HOUR + SECOND / 4).start_at(start_at);
    let input = json!({"a": [1, null]});
    schedules
        .create("rust-made", &WORK, input, options)
        .await
        .unwrap();

    let Some(lines) = python(&world, READ_AND_MAKE).await else {
        return;
    };
    let expected = concat!(
        r#"["rust-made", "scheduled_work", {"a": [1, null]}, 3600.25, "#,
        r#""2100-01-01T00:00:00.000250+00:00", "Active", false]"#
    );
    assert_eq!(lines[..2], [expected, "Paused"]);
    assert!(
        lines[2].contains("schedule \"rust-made\" is paused"),
        "{lines:?}"
    );
    assert_eq!(lines[3], "['python-made', 'rust-made']");

    let schedule = get(&schedules, "rust-made").await;
    assert_eq!(
        (schedule.status, schedule.start_at),
        (ScheduleStatus::Paused, Some(start_at))
    );
    let schedule = get(&schedules, "python-made").await;
    assert_eq!(schedule.interval, Duration::from_millis(1_500));
    assert_eq!(
        schedule.input::<Value>().unwrap(),
        json!({"from": "python", "n": [1, 2.5]})
    );
    let end_at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
    assert_eq!(schedule.end_at, Some(end_at));
    let (id, input) = runs.next().await;
    assert!(id.starts_with("python-made-"), "{id}");
    assert_eq!(input, json!({"from": "python", "n": [1, 2.5]}));
    schedules.pause("python-made").await.unwrap();
    schedules.delete("python-made").await.unwrap();
    world.stop().await;
}

const WORK_UNTIL_STOPPED: &str = r#"
from durabletask import task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.scheduled import ScheduledTaskClient

def scheduled_work(ctx: task.OrchestrationContext, text):
    return ["python", text]

def until_told(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("stop")

place = dict(
    host_address="@ENDPOINT@", secure_channel=False, taskhub="default", token_credential=None)
client = DurableTaskSchedulerClient(**place)
with DurableTaskSchedulerWorker(**place) as worker:
    worker.add_orchestrator(scheduled_work)
    worker.add_orchestrator(until_told)
    worker.configure_scheduled_tasks()
    client.schedule_new_orchestration(until_told, instance_id="until-told")
    worker.start()
    client.wait_for_orchestration_completion("until-told", timeout=60)
    print(ScheduledTaskClient(client).get_schedule("shared").status.value)
"#;

/// Outputs of the finished runs of a schedule, once there are `count`.
async fn outputs(world: &World, schedule: &str, count: usize) -> Vec<Value> {
    let query = InstanceQuery::new()
        .id_prefix(format!("{schedule}-"))
        .status(OrchestrationStatus::Completed)
        .with_payloads();
    let mut often = tokio::time::interval(Duration::from_millis(50));
    let found = async {
        loop {
            often.tick().await;
            let found = world.client.query(query.clone());
            let found: Vec<OrchestrationState> = found.try_collect().await.unwrap();
            if found.len() >= count {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(DEADLINE, found).await.unwrap();
    found.iter().map(|run| run.output().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_worker_runs_our_schedules_and_ours_goes_on_with_them() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let (tell, mut runs) = Heard::new();
    let world = World {
        // No schedules here, until the other worker is gone.
        worker: worker(&client, WorkerBuilder::only_registered),
        client,
        emulator,
    };
    let schedules = Schedules::of(&world.client);
    let changes = async {
        let options = ScheduleOptions::every(SECOND).start_immediately_if_late();
        schedules
            .create("shared", &WORK, json!("x"), options)
            .await?;
        let runs = outputs(&world, "shared", 2).await;
        assert_eq!(runs[..2], [json!(["python", "x"]), json!(["python", "x"])]);
        schedules.pause("shared").await?;
        let text = refusal(schedules.pause("shared").await);
        assert!(text.contains("Invalid state transition"), "{text}");
        let update = ScheduleUpdate::new().input("y")?.instance_id("shared-run");
        schedules.update("shared", update).await?;
        let told = world.client.raise_event_by_name("until-told", "stop", ());
        told.await.map_err(ScheduleError::from)
    };
    let (lines, changed) = tokio::join!(python(&world, WORK_UNTIL_STOPPED), async {
        // Without a Python there is nobody who would carry it out.
        match official::python_runs("") {
            Ok(Some(_)) => changes.await,
            Ok(None) | Err(_) => Ok(()),
        }
    });
    let Some(lines) = lines else { return };
    changed.unwrap();
    assert_eq!(lines, ["Paused"]);

    let ours = worker(&world.client, |builder| scheduled(builder, tell));
    let schedule = get(&schedules, "shared").await;
    assert_eq!(
        (schedule.status, schedule.interval),
        (ScheduleStatus::Paused, SECOND)
    );
    schedules.resume("shared").await.unwrap();
    assert_eq!(runs.next().await, ("shared-run".to_owned(), json!("y")));
    schedules.delete("shared").await.unwrap();
    ours.stop().await.unwrap();
    world.stop().await;
}
