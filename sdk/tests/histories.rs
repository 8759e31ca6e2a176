//! Histories recorded from official clients: read without loss, and replayed against code that
//! does the same.
//!
//! They are written anew by `DURASCOPE_HISTORIES=write cargo test -p durascope-tests --test it interop`.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use durascope_sdk::CallOptions;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::testing::History;
use durascope_sdk::testing::ReplayError;
use durascope_sdk::testing::replay;
use futures_util::future::try_join_all;
use serde_json::Value;
use serde_json::json;

const BY_PYTHON: Orchestration<Value, Value> = Orchestration::named("python_calls_rust");

/// The steps of the Python program: an activity, a child, and one that fails.
async fn by_python(ctx: OrchestrationContext, value: Value) -> Result<Value, TaskFailed> {
    let options = CallOptions::new;
    let echo: Value = ctx.call_by_name("RustEcho", &value, options()).await?;
    let child: Value = ctx
        .call_sub_by_name("RustChild", &value, SubOptions::new())
        .await?;
    let failed = ctx
        .call_by_name::<Value>("RustFails", "sums", options())
        .await
        .unwrap_err();
    let details = failed.details;
    Ok(json!([echo, child, [details.error_type, details.message]]))
}

/// The same, but the child comes first.
async fn in_another_order(ctx: OrchestrationContext, value: Value) -> Result<Value, TaskFailed> {
    ctx.call_sub_by_name("RustChild", &value, SubOptions::new())
        .await
}

const BY_JAVASCRIPT: Orchestration<Vec<String>, Value> = Orchestration::named("greetings");

/// The steps of the JavaScript program.
async fn by_javascript(
    ctx: OrchestrationContext,
    names: Vec<String>,
) -> Result<Value, OrchestrationError> {
    let calls = names
        .iter()
        .map(|name| ctx.call_by_name("greet", name, CallOptions::new()));
    let said: Vec<String> = try_join_all(calls).await?;
    ctx.timer(Duration::from_millis(50)).await;
    let by: Value = ctx.wait_for_event_by_name("Approved").await?;
    let failed = ctx
        .call_by_name::<()>("fails", (), CallOptions::new())
        .await;
    assert!(failed.is_err());
    Ok(json!({"said": said, "by": by}))
}

fn recorded() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let folders = fs::read_dir(root).unwrap().map(|it| it.unwrap().path());
    let files = folders.flat_map(|it| fs::read_dir(it).unwrap().map(|it| it.unwrap().path()));
    files.collect()
}

fn history(name: &str) -> History {
    let found = recorded().into_iter().find(|path| path.ends_with(name));
    History::read(found.unwrap()).unwrap()
}

#[test]
fn histories_are_read_without_loss() {
    assert!(recorded().len() >= 3);
    for path in recorded() {
        let text = fs::read_to_string(&path).unwrap();
        let read = History::read(&path).unwrap();
        assert_eq!(read.to_json().unwrap(), text, "{}", path.display());
        assert!(!read.events().is_empty());
    }
}

#[test]
fn a_history_of_python_is_replayed_and_a_change_is_found_out() {
    let history = history("python/python_calls_rust.json");
    let same = Functions::new().orchestration(&BY_PYTHON, by_python);
    let state = replay(&history, &same).unwrap();
    let output: Value = state.output().unwrap();
    assert_eq!(output[2], json!(["TooHard", "rust cannot do sums"]));

    let changed = Functions::new().orchestration(&BY_PYTHON, in_another_order);
    let Err(ReplayError::NonDeterminism { difference, .. }) = replay(&history, &changed) else {
        panic!("the change went unseen");
    };
    assert_eq!(difference.event_id, 1);
    assert_eq!(difference.expected, "activity \"RustEcho\"");
    assert_eq!(difference.found, "sub-orchestration \"RustChild\"");
}

#[test]
fn a_history_of_javascript_is_replayed_and_a_change_is_found_out() {
    let history = history("javascript/greetings.json");
    let same = Functions::new().orchestration(&BY_JAVASCRIPT, by_javascript);
    let output: Value = replay(&history, &same).unwrap().output().unwrap();
    assert_eq!(output["said"], json!(["Hello Zoë!", "Hello 世界!"]));
    assert_eq!(output["by"], json!({"by": "Grace"}));

    let eager = |ctx: OrchestrationContext, _: Vec<String>| async move {
        ctx.timer(Duration::ZERO).await;
        Ok::<_, OrchestrationError>(Value::Null)
    };
    let changed = Functions::new().orchestration(&BY_JAVASCRIPT, eager);
    let Err(ReplayError::NonDeterminism { difference, .. }) = replay(&history, &changed) else {
        panic!("the change went unseen");
    };
    assert_eq!(
        (difference.event_id, difference.found.as_str()),
        (1, "a timer")
    );
}
