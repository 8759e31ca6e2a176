//! Events and custom status across languages: what one raises and shows, the other gets and sees.

use durascope_sdk::ExternalEvent;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use serde_json::Value;
use serde_json::json;

use super::Language;
use super::World;
use super::line;
use super::output;

const WAITS: Orchestration<Vec<String>, Value> = Orchestration::named("RustWaits");
const SENDS: Orchestration<String, ()> = Orchestration::named("RustSends");
const GO: ExternalEvent<Value> = ExternalEvent::named("Go");

/// Shows which event it waits for, and returns the payloads.
async fn waits(ctx: OrchestrationContext, names: Vec<String>) -> Result<Value, OrchestrationError> {
    let mut payloads = Vec::new();
    for (seen, name) in names.iter().enumerate() {
        ctx.set_custom_status(&json!({"waits for": name, "„seen“": names[..seen]}))?;
        payloads.push(ctx.wait_for_event_by_name::<Value>(name).await?);
    }
    Ok(payloads.into())
}

async fn sends(ctx: OrchestrationContext, to: String) -> Result<(), OrchestrationError> {
    Ok(ctx.send_event(&to, &GO, json!(["sent", null, "€"]))?)
}

fn functions() -> Functions {
    Functions::new()
        .orchestration(&WAITS, waits)
        .orchestration(&SENDS, sends)
}

async fn they_raise(language: Language, program: &str) {
    let world = World::with(functions());
    let payload = json!({"by": "Zoë 世界 \u{1f980}", "amount": 0.1, "note": null});
    let text = payload.to_string();
    let places = [("@PAYLOAD@", text.as_str())];
    let Some(lines) = world.run(language, program, &places).await else {
        return;
    };
    assert_eq!(output(&lines, "waits"), json!([payload, null]));
    let shown = line(&lines, "waits", "COMPLETED")["customStatus"].as_str();
    let shown: Value = serde_json::from_str(shown.unwrap()).unwrap();
    assert_eq!(shown, json!({"waits for": "Empty", "„seen“": ["Approved"]}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_sees_our_custom_status_and_raises_and_sends_our_events() {
    they_raise(Language::Python, include_str!("programs/events.py")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_sees_our_custom_status_and_raises_and_sends_our_events() {
    they_raise(Language::JavaScript, include_str!("programs/events.mjs")).await;
}

async fn we_raise(language: Language) {
    let world = World::with(functions());
    let name = format!("{}_waits", language.folder());
    world.start(&name, "theirs", &json!(["Item", "Go"])).await;
    let payload = json!({"n": [1, {"deep": "Grüße"}], "none": null});
    let client = &world.client;
    let raised = client.raise_event_by_name("theirs", "item", &payload);
    raised.await.unwrap();
    world.start(SENDS.name(), "sends", &json!("theirs")).await;
    let Some(lines) = world.peer(language, &["theirs".to_owned()]).await else {
        return;
    };
    let expected = json!([payload, ["sent", null, "€"]]);
    assert_eq!(output(&lines, "theirs"), expected);
    let state = world.ended("theirs").await;
    assert_eq!(state.output::<Value>().unwrap(), expected);
    let shown: Option<Value> = state.custom_status().unwrap();
    assert_eq!(shown, Some(json!({"waits for": "Go"})));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_gets_our_events_and_we_see_its_custom_status() {
    we_raise(Language::Python).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_gets_our_events_and_we_see_its_custom_status() {
    we_raise(Language::JavaScript).await;
}
