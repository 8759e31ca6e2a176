//! Histories that the official clients leave behind, as test data of the SDK: recorded where a
//! variable asks for it, and else compared with what is kept.

use std::fs;
use std::path::PathBuf;

use durascope_sdk::Client;
use durascope_sdk::testing::History;
use durascope_tests::binaries;
use durascope_tests::official;
use futures_util::TryStreamExt;
use serde_json::Value;
use serde_json::json;

use super::Language;
use super::World;
use super::line;
use super::output;

/// Set to `write` to record the histories anew.
const WRITE: &str = "DURASCOPE_HISTORIES";

/// What the programs have an orchestration for, and how each ends.
const RECORDED: [(&str, &str); 17] = [
    ("caught", "COMPLETED"),
    ("custom_status", "COMPLETED"),
    ("eldest", "COMPLETED"),
    ("entities", "COMPLETED"),
    ("events", "COMPLETED"),
    ("failing", "FAILED"),
    ("family", "COMPLETED"),
    ("fan_out", "COMPLETED"),
    ("generations", "COMPLETED"),
    ("locks", "COMPLETED"),
    ("nothing", "COMPLETED"),
    ("retried", "COMPLETED"),
    ("rewound", "COMPLETED"),
    ("sends", "COMPLETED"),
    ("suspended", "COMPLETED"),
    ("terminated", "TERMINATED"),
    ("timers", "COMPLETED"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_python_are_those_that_are_kept() {
    every_kind(Language::Python, include_str!("programs/histories.py")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_javascript_are_those_that_are_kept() {
    every_kind(Language::JavaScript, include_str!("programs/histories.mjs")).await;
}

async fn every_kind(language: Language, program: &str) {
    let world = World::new();
    let Some(lines) = world.run(language, program, &[]).await else {
        return;
    };
    // A child has no line of its own.
    for (id, status) in RECORDED.into_iter().filter(|it| it.0 != "eldest") {
        line(&lines, id, status);
    }
    assert_eq!(output(&lines, "entities"), json!([7, 6]));
    assert_eq!(output(&lines, "locks"), json!([-3, 3]));
    assert_eq!(output(&lines, "events"), json!([{"n": 1}, null, "yes"]));
    assert_eq!(output(&lines, "rewound"), json!([9, "pipe works"]));
    for (id, _) in RECORDED {
        keep_or_compare(&world.client, language, id).await;
    }
}

/// Keeps a history as test data of the SDK, or sees that what is kept has the same events. Turns
/// are not compared: how many there are depends on how fast results come.
pub(super) async fn keep_or_compare(client: &Client, language: Language, id: &str) {
    let events = client.history(id).await.unwrap();
    let events: Vec<_> = events.try_collect().await.unwrap();
    let history = History::of(events).unwrap();
    let read: History = history.to_json().unwrap().parse().unwrap();
    assert_eq!(read, history);

    let file = file(language, id);
    if std::env::var(WRITE).as_deref() == Ok("write") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, without_paths(&history.to_json().unwrap())).unwrap();
    } else {
        let kept = History::read(&file).unwrap();
        assert_eq!(kinds(&kept), kinds(&history), "{}", file.display());
    }
}

fn file(language: Language, id: &str) -> PathBuf {
    let folder = binaries::workspace_dir().join("sdk/tests/histories");
    folder.join(language.folder()).join(format!("{id}.json"))
}

/// The kinds of its events with the fields that each has, sorted.
fn kinds(history: &History) -> Vec<String> {
    let file: Value = serde_json::from_str(&history.to_json().unwrap()).unwrap();
    let events = file["events"].as_array().unwrap().iter();
    let mut kinds: Vec<String> = events
        .flat_map(|event| event.as_object().unwrap())
        .filter(|(key, _)| !["eventId", "timestamp", "orchestratorStarted"].contains(&key.as_str()))
        .map(|(kind, content)| {
            let fields: Vec<_> = content.as_object().unwrap().keys().collect();
            format!("{kind} {fields:?}")
        })
        .collect();
    kinds.sort();
    kinds
}

/// Stack traces name where the clients and their languages are installed, which is nobody's
/// business and another place elsewhere.
fn without_paths(text: &str) -> String {
    let installed = binaries::target_dir().unwrap().join("clients");
    let mut text = text.replace(&*installed.to_string_lossy(), "/clients");
    for name in ["python", "javascript"] {
        // The folder's name ends with a fingerprint of what is in it.
        let folder = format!("/clients/{name}-");
        while let Some(at) = text.find(&folder) {
            let end = at + folder.len();
            let rest = text[end..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
            text = format!("{}/clients/{name}{rest}", &text[..at]);
        }
    }
    if let Some(output) = official::python_runs("import sys; print(sys.base_prefix)").unwrap() {
        text = text.replace(String::from_utf8_lossy(&output.stdout).trim(), "/python");
    }
    text
}
