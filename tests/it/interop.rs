//! Orchestrations and activities across languages: the official Python client and the Rust SDK on
//! one hub call each other, with the same JSON and the failures intact.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::CallOptions;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;
use durascope_sdk::testing::History;
use durascope_tests::Emulator;
use durascope_tests::binaries::workspace_dir;
use durascope_tests::official;
use futures_util::TryStreamExt;
use serde_json::Value;
use serde_json::json;

/// Set to `write` to record the histories that the SDK's tests replay.
const WRITE: &str = "DURASCOPE_HISTORIES";

/// A worker with an activity and orchestrations of its own. Each line of its output is what an
/// instance came to.
const PROGRAM: &str = r#"
import json
from durabletask import task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

ENDPOINT = "@ENDPOINT@"
PAYLOAD = json.loads(r'''@PAYLOAD@''')

def python_echo(ctx: task.ActivityContext, value):
    return value

def python_fails(ctx: task.ActivityContext, value):
    raise ValueError(f"python cannot do {value}")

def python_child(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity("python_echo", input=value)
    return {"child": result}

def python_calls_rust(ctx: task.OrchestrationContext, value):
    echo = yield ctx.call_activity("RustEcho", input=value)
    child = yield ctx.call_sub_orchestrator("RustChild", input=value)
    try:
        yield ctx.call_activity("RustFails", input="sums")
    except task.TaskFailedError as error:
        failure = [error.details.error_type, error.details.message]
    return [echo, child, failure]

worker = DurableTaskSchedulerWorker(
    host_address=ENDPOINT, secure_channel=False, taskhub="default", token_credential=None)
with worker:
    worker.add_activity(python_echo)
    worker.add_activity(python_fails)
    worker.add_orchestrator(python_child)
    worker.add_orchestrator(python_calls_rust)
    worker.use_work_item_filters()
    worker.start()
    client = DurableTaskSchedulerClient(
        host_address=ENDPOINT, secure_channel=False, taskhub="default", token_credential=None)
    for name in ("python_calls_rust", "RustCallsPython"):
        instance = client.schedule_new_orchestration(name, input=PAYLOAD, instance_id=name)
        state = client.wait_for_orchestration_completion(instance, timeout=30)
        print(state.serialized_output or state.failure_details, flush=True)
"#;

const ECHO: Activity<Value, Value> = Activity::named("RustEcho");
const FAILS: Activity<String, ()> = Activity::named("RustFails");
const CHILD: Orchestration<Value, Value> = Orchestration::named("RustChild");
const CALLS_PYTHON: Orchestration<Value, Value> = Orchestration::named("RustCallsPython");

async fn echo(_: ActivityContext, value: Value) -> Result<Value, ActivityError> {
    Ok(value)
}

async fn fails(_: ActivityContext, what: String) -> Result<(), ActivityError> {
    Err(ActivityError::new(
        "TooHard",
        format!("rust cannot do {what}"),
    ))
}

async fn child(ctx: OrchestrationContext, value: Value) -> Result<Value, TaskFailed> {
    Ok(json!({"child": ctx.call(&ECHO, value).await?}))
}

async fn calls_python(ctx: OrchestrationContext, value: Value) -> Result<Value, TaskFailed> {
    let options = CallOptions::new;
    let echo: Value = ctx.call_by_name("python_echo", &value, options()).await?;
    let child: Value = ctx
        .call_sub_by_name("python_child", &value, SubOptions::new())
        .await?;
    let failed = ctx
        .call_by_name::<Value>("python_fails", "sums", options())
        .await
        .unwrap_err();
    let details = failed.details;
    let has_trace = details
        .stack_trace
        .is_some_and(|trace| trace.contains("python_fails"));
    Ok(json!([
        echo,
        child,
        [details.error_type, details.message],
        has_trace
    ]))
}

/// What JSON can hold and languages like to change.
fn payload() -> Value {
    json!({
        "text": "Grüße, 世界 \u{1f980} \"quoted\" \\ \n",
        "nested": {"list": [1, [2, {"deep": null}]], "empty": {}},
        "large": 9_007_199_254_740_993_i64,
        "negative": -1,
        "float": 0.1,
        "yes": true,
        "nothing": null,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_and_rust_call_each_other_with_the_same_json() {
    let emulator = Emulator::ephemeral().unwrap();
    let options = ConnectOptions::new(emulator.endpoint(), "default").unwrap();
    let client = Client::connect(options).unwrap();
    let worker = Worker::builder(&client)
        .activity(&ECHO, echo)
        .activity(&FAILS, fails)
        .orchestration(&CHILD, child)
        .orchestration(&CALLS_PYTHON, calls_python)
        .only_registered()
        .build()
        .unwrap()
        .start();
    let program = PROGRAM
        .replace("@ENDPOINT@", emulator.endpoint())
        .replace("@PAYLOAD@", &payload().to_string());
    let ran = tokio::task::spawn_blocking(move || official::python_runs(&program));
    let Some(output) = ran.await.unwrap().unwrap() else {
        return;
    };
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default())
        .collect();
    let both = |failure: Value| vec![payload(), json!({"child": payload()}), failure];
    let [python, rust] = lines.as_slice() else {
        panic!("{out}\n{err}");
    };
    assert_eq!(
        *python,
        json!(both(json!(["TooHard", "rust cannot do sums"]))),
        "{err}"
    );
    let mut expected = both(json!(["builtins.ValueError", "python cannot do sums"]));
    expected.push(json!(true));
    assert_eq!(*rust, json!(expected), "{err}");
    if std::env::var(WRITE).as_deref() == Ok("write") {
        for id in ["python_calls_rust", "RustCallsPython"] {
            write_history(&client, "python", id).await;
        }
    }
    worker.stop().await.unwrap();
}

/// An orchestration with activities, a timer, an event, a custom status, and a caught failure.
const JAVASCRIPT: &str = r#"
import { TaskHubGrpcClient, TaskHubGrpcWorker, whenAll } from "@microsoft/durabletask-js";
const host = "@HOST@";
const greet = async (_ctx, name) => `Hello ${name}!`;
const fails = async () => { throw new Error("javascript cannot do this"); };
const greetings = async function* greetings(ctx, names) {
  const said = yield whenAll(names.map((name) => ctx.callActivity("greet", name)));
  ctx.setCustomStatus({ said: said.length });
  yield ctx.createTimer(0.05);
  const by = yield ctx.waitForExternalEvent("Approved");
  try {
    yield ctx.callActivity("fails");
  } catch (error) {
    return { said, by };
  }
};
const worker = new TaskHubGrpcWorker({ hostAddress: host });
worker.addNamedActivity("greet", greet);
worker.addNamedActivity("fails", fails);
worker.addNamedOrchestrator("greetings", greetings);
await worker.start();
const client = new TaskHubGrpcClient({ hostAddress: host });
await client.scheduleNewOrchestration("greetings", ["Zoë", "世界"], "greetings");
await client.raiseOrchestrationEvent("greetings", "Approved", { by: "Grace" });
const state = await client.waitForOrchestrationCompletion("greetings", undefined, 30);
console.log(state.serializedOutput);
await worker.stop();
await client.stop();
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_of_javascript_is_one_that_we_can_replay() {
    let emulator = Emulator::ephemeral().unwrap();
    let options = ConnectOptions::new(emulator.endpoint(), "default").unwrap();
    let client = Client::connect(options).unwrap();
    let host = emulator.endpoint().replace("http://", "");
    let program = JAVASCRIPT.replace("@HOST@", &host);
    let ran = tokio::task::spawn_blocking(move || official::javascript_runs(&program));
    let Some(output) = ran.await.unwrap().unwrap() else {
        return;
    };
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        out.contains(r#""said":["Hello Zoë!","Hello 世界!"]"#),
        "{out}\n{err}"
    );
    if std::env::var(WRITE).as_deref() == Ok("write") {
        write_history(&client, "javascript", "greetings").await;
    }
}

/// Keeps a history as test data of the SDK.
async fn write_history(client: &Client, language: &str, id: &str) {
    let events: Vec<_> = client
        .history(id)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let folder = workspace_dir().join("sdk/tests/histories").join(language);
    std::fs::create_dir_all(&folder).unwrap();
    let history = History::of(events).unwrap();
    history.write(folder.join(format!("{id}.json"))).unwrap();
}
