//! An orchestration in one language calls an activity and a child in the other, and the other way
//! round, with the same JSON and the failures intact.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::CallOptions;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use serde_json::Value;
use serde_json::json;

use super::Language;
use super::World;
use super::histories::keep_or_compare;
use super::output;

const ECHO: Activity<Value, Value> = Activity::named("RustEcho");
const CHILD: Orchestration<Value, Value> = Orchestration::named("RustChild");
const FAILS: Activity<String, ()> = Activity::named("RustFails");
const CALLS_PYTHON: Orchestration<Value, Value> = Orchestration::named("RustCallsPython");
const CALLS_JAVASCRIPT: Orchestration<Value, Value> = Orchestration::named("RustCallsJavaScript");

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

/// Calls an activity and a child of the other language that return the value.
pub(super) async fn to(
    ctx: &OrchestrationContext,
    language: &str,
    value: &Value,
) -> Result<(Value, Value), TaskFailed> {
    let (echo, child) = (format!("{language}_echo"), format!("{language}_child"));
    let echo = ctx.call_by_name(&echo, value, CallOptions::new()).await?;
    let child = ctx.call_sub_by_name(&child, value, SubOptions::new());
    Ok((echo, child.await?))
}

async fn calls_other(
    ctx: OrchestrationContext,
    value: Value,
    language: &str,
) -> Result<Value, TaskFailed> {
    let (echo, child) = to(&ctx, language, &value).await?;
    let fails = format!("{language}_fails");
    let failed = ctx
        .call_by_name::<Value>(&fails, "sums", CallOptions::new())
        .await
        .unwrap_err();
    let details = failed.details;
    let has_trace = details
        .stack_trace
        .is_some_and(|trace| trace.contains(&fails));
    Ok(json!([
        echo,
        child,
        [details.error_type, details.message],
        has_trace
    ]))
}

/// An activity and a child that return the value.
pub(super) fn functions() -> Functions {
    Functions::new()
        .activity(&ECHO, echo)
        .orchestration(&CHILD, child)
}

fn all_functions() -> Functions {
    functions()
        .activity(&FAILS, fails)
        .orchestration(&CALLS_PYTHON, |ctx, value| {
            calls_other(ctx, value, "python")
        })
        .orchestration(&CALLS_JAVASCRIPT, |ctx, value| {
            calls_other(ctx, value, "javascript")
        })
}

/// What JSON can hold and languages like to change.
fn payload(large: i64) -> Value {
    json!({
        "text": "Grüße, 世界 \u{1f980} \"quoted\" \\ \n",
        "nested": {"list": [1, [2, {"deep": null}]], "empty": {}},
        "large": large,
        "negative": -1,
        "float": 0.1,
        "yes": true,
        "nothing": null,
    })
}

/// Runs the program, which starts both instances with this value, and compares what they come to.
async fn both_ways(
    language: Language,
    program: &str,
    [theirs, ours]: [&str; 2],
    value: Value,
    error_type: &str,
) {
    let world = World::with(all_functions());
    let text = value.to_string();
    let places = [("@PAYLOAD@", text.as_str())];
    let Some(lines) = world.run(language, program, &places).await else {
        return;
    };
    let child = json!({"child": value});
    let failure = json!(["TooHard", "rust cannot do sums"]);
    assert_eq!(output(&lines, theirs), json!([value, child, failure]));
    let failure = json!([error_type, format!("{} cannot do sums", language.folder())]);
    assert_eq!(output(&lines, ours), json!([value, child, failure, true]));
    for id in [theirs, ours] {
        keep_or_compare(&world.client, language, id).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_and_rust_call_each_other_with_the_same_json() {
    let program = include_str!("programs/calls.py");
    let ids = ["python_calls_rust", "RustCallsPython"];
    // One more than the largest integer up to which floats have them all.
    let value = payload(9_007_199_254_740_993);
    both_ways(Language::Python, program, ids, value, "builtins.ValueError").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_and_rust_call_each_other_with_the_same_json() {
    let program = include_str!("programs/calls.mjs");
    let ids = ["javascript_calls_rust", "RustCallsJavaScript"];
    // The largest integer that this language has without loss.
    let value = payload(9_007_199_254_740_991);
    both_ways(Language::JavaScript, program, ids, value, "RangeError").await;
}
