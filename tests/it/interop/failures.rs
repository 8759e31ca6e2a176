//! Failures that nobody catches, through orchestrations of several languages: kinds, texts, stack
//! traces and causes arrive at the top.

use anyhow::Context;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::CallOptions;
use durascope_sdk::FailureDetails;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use serde_json::Value;
use serde_json::json;

use super::Language;
use super::World;
use super::line;

const PARENT: Orchestration<Vec<String>, Value> = Orchestration::named("RustParent");
const BREAKS: Activity<String, ()> = Activity::named("RustBreaks");
const REFUSES: Activity<String, ()> = Activity::named("RustRefuses");

/// Calls the first with the others; the last is an activity. What fails is not caught.
async fn parent(ctx: OrchestrationContext, names: Vec<String>) -> Result<Value, TaskFailed> {
    match names.split_first() {
        Some((name, [])) => ctx.call_by_name(name, "o-1", CallOptions::new()).await,
        Some((name, rest)) => ctx.call_sub_by_name(name, rest, SubOptions::new()).await,
        None => Ok(Value::Null),
    }
}

async fn breaks(_: ActivityContext, order: String) -> anyhow::Result<()> {
    let number: Result<u64, _> = order.parse();
    number.with_context(|| format!("order {order} is lost"))?;
    Ok(())
}

async fn refuses(_: ActivityContext, order: String) -> Result<(), ActivityError> {
    let refused = ActivityError::new("Refused", "not today").non_retriable();
    let refused = refused.with_property("order", order);
    Err(refused.with_property("limits", json!({"a": [1.5, null, true, "€"]})))
}

fn functions() -> Functions {
    Functions::new()
        .orchestration(&PARENT, parent)
        .activity(&BREAKS, breaks)
        .activity(&REFUSES, refuses)
}

/// A failure of a chain: its kind, how its text begins, and something in its stack trace.
type Link = (&'static str, &'static str, &'static str);

const OF_PYTHON: Link = (
    "durabletask.task.TaskFailedError",
    "Sub-orchestration task #1 failed: ",
    "in python_parent",
);

/// Compares the failures from the outermost to the innermost. The texts of the orchestrations
/// end with the text of what failed in the end.
fn check(details: &FailureDetails, parents: &[Link], error: &[Link]) {
    let mut next = Some(details);
    for (index, (kind, text, in_trace)) in parents.iter().chain(error).enumerate() {
        let found = next.unwrap_or_else(|| panic!("no {kind}: {details:#?}"));
        let trace = found.stack_trace.clone().unwrap_or_default();
        assert_eq!(found.error_type, *kind, "{details:#?}");
        assert!(found.message.starts_with(text), "{text}: {details:#?}");
        assert!(trace.contains(in_trace), "{in_trace}: {details:#?}");
        if index < parents.len() {
            assert!(found.message.ends_with(error[0].1), "{details:#?}");
        }
        next = found.inner.as_deref();
    }
    assert_eq!(next, None, "{details:#?}");
}

/// What a program says of a failure as ours.
fn details(told: &Value) -> FailureDetails {
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let mut details = FailureDetails::new(text("type").unwrap(), text("message").unwrap());
    details.stack_trace = text("stack");
    details.inner = told["inner"]
        .is_object()
        .then(|| Box::new(self::details(&told["inner"])));
    details
}

/// Starts a chain of orchestrations and returns its failure, as our client sees it and as the
/// program does.
async fn failure(
    world: &World,
    language: Language,
    names: &[&str],
) -> Option<(FailureDetails, Value)> {
    let (first, rest) = names.split_first().unwrap();
    let id = names.join("-");
    world.start(first, &id, &json!(rest)).await;
    let lines = world.peer(language, std::slice::from_ref(&id)).await?;
    let seen = line(&lines, &id, "FAILED")["failure"].clone();
    let state = world.ended(&id).await;
    assert_eq!(state.status, OrchestrationStatus::Failed);
    Some((state.failure.unwrap(), seen))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_of_python_keeps_its_causes_through_four_orchestrations() {
    let world = World::with(functions());
    let names = [
        "RustParent",
        "python_parent",
        "RustParent",
        "python_parent",
        "python_breaks",
    ];
    let Some((ours, theirs)) = failure(&world, Language::Python, &names).await else {
        return;
    };
    let of_rust = (
        "TaskFailed",
        "sub-orchestration \"python_parent\" #1 failed: ",
        "",
    );
    let in_activity = (OF_PYTHON.0, "", OF_PYTHON.2);
    let parents = [of_rust, OF_PYTHON, of_rust, in_activity];
    let error = [
        (
            "__main__.OrderLost",
            "order o-1 is lost",
            "in python_breaks",
        ),
        ("builtins.KeyError", "'o-1'", "in python_breaks"),
    ];
    check(&ours, &parents, &error);
    assert_eq!(details(&theirs), ours);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_failure_keeps_its_causes_and_properties_through_orchestrations_of_python() {
    let world = World::with(functions());
    let names = ["python_parent", "RustParent", "python_parent", "RustBreaks"];
    let Some((ours, theirs)) = failure(&world, Language::Python, &names).await else {
        return;
    };
    let of_rust = (
        "TaskFailed",
        "sub-orchestration \"python_parent\" #1 failed: ",
        "",
    );
    let in_activity = (OF_PYTHON.0, "", OF_PYTHON.2);
    let error = [
        (
            "anyhow::Error",
            "order o-1 is lost",
            "caused by: invalid digit",
        ),
        ("Error", "invalid digit found in string", ""),
    ];
    check(&ours, &[OF_PYTHON, of_rust, in_activity], &error);
    assert_eq!(details(&theirs), ours);

    let names = ["python_parent", "RustRefuses"];
    let (ours, theirs) = failure(&world, Language::Python, &names).await.unwrap();
    let refused = ours.inner.unwrap();
    let properties = json!({"limits": {"a": [1.5, null, true, "€"]}, "order": "o-1"});
    assert_eq!(json!(refused.properties), properties);
    assert_eq!(theirs["inner"]["properties"], properties);
    assert!(refused.non_retriable);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_of_javascript_reaches_us_with_its_cause() {
    let world = World::with(functions());
    let names = ["RustParent", "RustParent", "javascript_breaks"];
    let Some((ours, theirs)) = failure(&world, Language::JavaScript, &names).await else {
        return;
    };
    let parents = [
        (
            "TaskFailed",
            "sub-orchestration \"RustParent\" #1 failed: ",
            "",
        ),
        (
            "TaskFailed",
            "activity \"javascript_breaks\" #1 failed: ",
            "",
        ),
    ];
    let error = [
        ("OrderLost", "order o-1 is lost", "javascript_breaks"),
        ("RangeError", "o-1", "javascript_breaks"),
    ];
    check(&ours, &parents, &error);
    assert_eq!(theirs["type"], "TaskFailed");
    assert_eq!(theirs["message"], ours.message);
    world.stop().await;
}

/// Of what failed in a child or an activity, its orchestrations keep the text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orchestrations_of_javascript_keep_the_text_of_our_failure() {
    let world = World::with(functions());
    let names = [
        "RustParent",
        "javascript_parent",
        "RustParent",
        "RustBreaks",
    ];
    let Some((ours, theirs)) = failure(&world, Language::JavaScript, &names).await else {
        return;
    };
    let parents = [(
        "TaskFailed",
        "sub-orchestration \"javascript_parent\" #1 failed: ",
        "",
    )];
    let text = "Sub-orchestration task #1 failed: \
                activity \"RustBreaks\" #1 failed: order o-1 is lost";
    let error = [("TaskFailedError", text, "TaskFailedError: ")];
    check(&ours, &parents, &error);
    assert_eq!(theirs["message"], ours.message);
    world.stop().await;
}
