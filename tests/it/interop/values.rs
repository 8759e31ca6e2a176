//! Values that languages like to change, through activities and children of each other: what
//! comes back, to the character.

use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use serde_json::Value;
use serde_json::json;

use super::Language;
use super::World;
use super::calls;
use super::line;
use super::output;

const PYTHON: Orchestration<Value, Value> = Orchestration::named("RustReturnsPython");
const JAVASCRIPT: Orchestration<Value, Value> = Orchestration::named("RustReturnsJavaScript");

/// The value, and what the other language makes of it.
async fn returns(
    ctx: OrchestrationContext,
    value: Value,
    language: Language,
) -> Result<Value, TaskFailed> {
    let (echo, child) = calls::to(&ctx, language.folder(), &value).await?;
    Ok(json!([value, echo, child]))
}

fn functions() -> Functions {
    calls::functions()
        .orchestration(&PYTHON, |ctx, value| returns(ctx, value, Language::Python))
        .orchestration(&JAVASCRIPT, |ctx, value| {
            returns(ctx, value, Language::JavaScript)
        })
}

/// Numbers as they are written, and what JavaScript makes of them, which has floats only and no
/// minus before a zero.
const NUMBERS: [(&str, &str); 17] = [
    ("0", "0"),
    ("-1", "-1"),
    ("-0.0", "0"),
    ("0.1", "0.1"),
    ("0.30000000000000004", "0.30000000000000004"),
    ("1e308", "1e308"),
    ("1.7976931348623157e308", "1.7976931348623157e308"),
    ("-1e308", "-1e308"),
    ("5e-324", "5e-324"),
    ("2.2250738585072014e-308", "2.2250738585072014e-308"),
    ("9007199254740991", "9007199254740991"),
    ("9007199254740992", "9007199254740992"),
    ("9007199254740993", "9007199254740992"),
    ("-9007199254740993", "-9007199254740992"),
    ("9223372036854775807", "9223372036854776000"),
    ("-9223372036854775808", "-9.223372036854776e18"),
    ("18446744073709551615", "1.8446744073709552e19"),
];

/// The numbers one by one and all together, in the first writing or the second.
fn numbers(written: fn(&(&'static str, &'static str)) -> &'static str) -> Vec<Value> {
    let numbers = NUMBERS.iter().map(written);
    let numbers = numbers.map(|text| serde_json::from_str(text).unwrap());
    let numbers: Vec<Value> = numbers.collect();
    let together = json!({"all": numbers});
    numbers.into_iter().chain([together]).collect()
}

/// What no language changes.
fn others() -> Vec<Value> {
    let long = "Grüße, 世界 \u{1f980}\u{200d}\u{10ffff} \u{0}\u{1f}\u{7f}\u{2028}\u{feff}\\\"/ ";
    let mut deep = json!("bottom");
    for level in 0..60 {
        deep = json!({"level": level, "list": [deep, null]});
    }
    vec![
        Value::Null,
        json!(""),
        json!(" "),
        json!(false),
        json!([]),
        json!({}),
        json!([null, "", [], {}]),
        // JavaScript puts keys that are numbers first.
        json!({"0": "b", "": "", "null": null, "__proto__": 1, "a b": {"": null}}),
        json!(long.repeat(2_500)),
        json!({long: long}),
        deep,
    ]
}

/// Each value through the other language by way of our orchestration, and through ours by way of
/// theirs.
async fn both_ways(language: Language, ours: &str, sent: Vec<Value>, expected: Vec<Value>) {
    let world = World::with(functions());
    let mut ids = Vec::new();
    for (index, value) in sent.iter().enumerate() {
        let theirs = format!("{}_returns", language.folder());
        for (name, kind) in [(ours, "ours"), (&theirs, "theirs")] {
            let id = format!("{kind}-{index}");
            world.start(name, &id, value).await;
            ids.push(id);
        }
    }
    let Some(lines) = world.peer(language, &ids).await else {
        return;
    };
    for (index, (sent, expected)) in sent.iter().zip(&expected).enumerate() {
        // Texts, as -0.0 equals 0.
        let came_back = |id: String| output(&lines, &id).to_string();
        let child = json!({"child": expected});
        // A payload that is null is not sent, and that is no null to JavaScript: its objects
        // leave it out.
        let is_left_out = expected.is_null() && language == Language::JavaScript;
        let their_child = if is_left_out { &json!({}) } else { &child };
        let changed = json!([sent, expected, their_child]).to_string();
        assert_eq!(came_back(format!("ours-{index}")), changed);
        // Theirs has read it before it does anything.
        let changed = json!([expected, expected, child]).to_string();
        assert_eq!(came_back(format!("theirs-{index}")), changed);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_and_rust_change_no_value() {
    let values: Vec<Value> = numbers(|it| it.0).into_iter().chain(others()).collect();
    both_ways(Language::Python, PYTHON.name(), values.clone(), values).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_changes_what_its_numbers_cannot_hold_and_nothing_else() {
    let with = |numbers: Vec<Value>| numbers.into_iter().chain(others()).collect();
    let (sent, expected) = (with(numbers(|it| it.0)), with(numbers(|it| it.1)));
    both_ways(Language::JavaScript, JAVASCRIPT.name(), sent, expected).await;
}

/// What is nested too deep for us is a failure that says so, where it is called.
async fn too_deep(language: Language) {
    let world = World::with(functions());
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let name = format!("{}_catches", language.folder());
    let options = durascope_sdk::StartOptions::new().instance_id("deep");
    let started = world.client.start_raw(&name, Some(deep), options).await;
    started.unwrap();
    let Some(lines) = world.peer(language, &["deep".to_owned()]).await else {
        return;
    };
    line(&lines, "deep", "COMPLETED");
    let failure = output(&lines, "deep");
    let message = failure["message"].as_str().unwrap();
    assert!(
        message.contains("input of activity \"RustEcho\""),
        "{message}"
    );
    assert!(message.contains("recursion limit exceeded"), "{message}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_are_nested_too_deep_for_us_fail_the_call() {
    too_deep(Language::Python).await;
    too_deep(Language::JavaScript).await;
}
