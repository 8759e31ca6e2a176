//! Histories recorded from official clients: read without loss, and replayed against code that
//! does the same and against code that does not.
//!
//! They are written anew by
//! `DURASCOPE_HISTORIES=write cargo test -p durascope-tests --test it interop`.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use durascope_sdk::FailureDetails;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::proto::ExecutionCompletedEvent;
use durascope_sdk::proto::history_event::EventType;
use durascope_sdk::testing::History;
use durascope_sdk::testing::ReplayError;
use durascope_sdk::testing::replay;
use serde_json::Value;
use serde_json::json;

use programs::Program;

const LANGUAGES: [&str; 2] = ["javascript", "python"];

/// What there is a history of, in both languages.
const OF_BOTH: [&str; 17] = [
    "caught",
    "custom_status",
    "eldest",
    "entities",
    "events",
    "failing",
    "family",
    "fan_out",
    "generations",
    "locks",
    "nothing",
    "retried",
    "rewound",
    "sends",
    "suspended",
    "terminated",
    "timers",
];

/// Of calls across languages: the parent is theirs, or ours.
const ACROSS: [(&str, [&str; 2]); 2] = [
    (
        "javascript",
        ["RustCallsJavaScript", "javascript_calls_rust"],
    ),
    ("python", ["RustCallsPython", "python_calls_rust"]),
];

fn folder(language: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    root.join(language)
}

fn files(language: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder(language)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn history(language: &str, name: &str) -> History {
    History::read(folder(language).join(format!("{name}.json"))).unwrap()
}

#[test]
fn every_kind_is_there_in_both_languages() {
    for (language, across) in ACROSS {
        let wanted = OF_BOTH.iter().chain(&across);
        let wanted = wanted.map(|name| folder(language).join(format!("{name}.json")));
        assert_eq!(files(language), wanted.collect(), "{language}");
    }
}

#[test]
fn histories_are_read_without_loss() {
    for path in LANGUAGES.into_iter().flat_map(files) {
        let text = fs::read_to_string(&path).unwrap();
        let read = History::read(&path).unwrap();
        assert_eq!(read.to_json().unwrap(), text, "{}", path.display());
        let lines = text.lines().filter(|line| line.contains("\"timestamp\":"));
        assert_eq!(read.events().len(), lines.count(), "{}", path.display());
        let id = path.file_stem().unwrap().to_string_lossy();
        assert_eq!((read.instance_id(), read.name()), (&*id, &*id));
    }
}

/// Stack traces name files: the program, which is a text, and the client, wherever that is.
#[test]
fn histories_do_not_say_where_they_were_recorded() {
    for path in LANGUAGES.into_iter().flat_map(files) {
        let text = fs::read_to_string(&path).unwrap();
        let known = [
            "file://",
            "/clients/python/",
            "/clients/javascript/",
            "/python/",
        ];
        let text = known.iter().fold(text, |text, it| text.replace(it, ""));
        for before in ["File \\\"", "(", "at ", " async "] {
            let absolute = format!("{before}/");
            assert!(!text.contains(&absolute), "{}", path.display());
        }
        for place in ["/home/", "/root/", "/Users/", "/tmp/", "target/"] {
            assert!(!text.contains(place), "{}: {place}", path.display());
        }
    }
}

/// What the history says of its end.
fn end(history: &History) -> &ExecutionCompletedEvent {
    match &history.events().last().unwrap().event_type {
        Some(EventType::ExecutionCompleted(end)) => end,
        other => panic!("{history} end with {other:?}"),
    }
}

/// The same steps make the history's status and output; other steps are told at their place.
fn check(language: &str, program: &Program) {
    let history = history(language, program.name);
    let at = format!("{language}/{}", program.name);
    let state = replay(&history, &program.same()).unwrap();
    let end = end(&history);
    let status = end.orchestration_status().as_str_name();
    let status = status.trim_start_matches("ORCHESTRATION_STATUS_");
    assert_eq!(state.status.to_string(), status, "{at}");
    if state.status == OrchestrationStatus::Completed {
        let output: Value = serde_json::from_str(end.result.as_deref().unwrap_or("null")).unwrap();
        assert_eq!(state.output::<Value>().unwrap(), output, "{at}");
    }
    let failed = end.failure_details.is_some();
    assert_eq!(state.failure.is_some(), failed, "{at}");

    let ReplayError::NonDeterminism { difference, .. } =
        replay(&history, &program.changed()).expect_err(&at)
    else {
        panic!("{at}: the change is no difference");
    };
    let (event_id, expected, found) = program.difference;
    assert_eq!(difference.event_id, event_id, "{at}: {difference}");
    assert!(
        difference.expected.starts_with(expected),
        "{at}: {difference}"
    );
    assert!(difference.found.starts_with(found), "{at}: {difference}");
}

/// Python repeats a call under the id that it had, and unlocks entities in any order.
const NOT_BY_PYTHON: [&str; 2] = ["retried", "locks"];

#[test]
fn histories_of_python_are_replayed_and_changes_are_found_out() {
    let programs = programs::all();
    let replayed = programs
        .iter()
        .filter(|it| !NOT_BY_PYTHON.contains(&it.name));
    replayed.for_each(|program| check("python", program));
    check("python", &programs::calls_rust("python_calls_rust"));
    check("python", &programs::rust_calls("RustCallsPython"));
}

#[test]
fn histories_of_javascript_are_replayed_and_changes_are_found_out() {
    let programs = programs::all();
    let names: BTreeSet<&str> = programs.iter().map(|it| it.name).collect();
    assert_eq!(names, OF_BOTH.into(), "each kind has its program");
    programs.iter().for_each(|it| check("javascript", it));
    check("javascript", &programs::calls_rust("javascript_calls_rust"));
    check("javascript", &programs::rust_calls("RustCallsJavaScript"));
}

/// Nobody is told that a history is fine which this SDK could not have made.
#[test]
fn what_python_repeats_under_the_same_id_is_told() {
    let history = history("python", "retried");
    let programs = programs::all();
    let program = programs.iter().find(|it| it.name == "retried").unwrap();
    let ReplayError::NonDeterminism { difference, .. } =
        replay(&history, &program.same()).unwrap_err()
    else {
        panic!("another error");
    };
    assert_eq!(difference.event_id, 1);
    assert_eq!(difference.expected, "activity \"break_twice\"");
}

/// A failure and those in it, from the outermost to the innermost: type and text.
fn chain(failure: &FailureDetails) -> Vec<(&str, &str)> {
    let mut chain = Vec::new();
    let mut next = Some(failure);
    while let Some(failure) = next {
        assert!(failure.stack_trace.is_some(), "{}", failure.message);
        chain.push((failure.error_type.as_str(), failure.message.as_str()));
        next = failure.inner.as_deref();
    }
    chain
}

/// What failed in the child, as our code sees it.
fn failure_of_the_child(language: &str) -> Box<FailureDetails> {
    let programs = programs::all();
    let program = programs.iter().find(|it| it.name == "failing").unwrap();
    let state = replay(&history(language, "failing"), &program.same()).unwrap();
    state.failure.unwrap().inner.unwrap()
}

#[test]
fn inner_failures_are_there_down_to_the_cause() {
    let python = [
        (
            "durabletask.task.TaskFailedError",
            "failing:0001: Activity task #1 failed: order o-1 is lost",
        ),
        ("__main__.OrderLost", "order o-1 is lost"),
        ("builtins.KeyError", "'o-1'"),
    ];
    assert_eq!(chain(&failure_of_the_child("python")), python);
    // This client keeps the text of what failed in an orchestration, and nothing else.
    let javascript = [(
        "TaskFailedError",
        "Activity task #1 failed: order o-1 is lost",
    )];
    assert_eq!(chain(&failure_of_the_child("javascript")), javascript);
}

#[test]
fn replayed_states_have_what_the_histories_have() {
    let programs = programs::all();
    let state = |language: &str, name: &str| {
        let program = programs.iter().find(|it| it.name == name).unwrap();
        replay(&history(language, name), &program.same()).unwrap()
    };
    for language in LANGUAGES {
        let labelled = state(language, "custom_status");
        assert_eq!(labelled.version.as_deref(), Some("1.2"));
        let tags: Vec<_> = labelled.tags.into_iter().collect();
        assert_eq!(json!(tags), json!([["", ""], ["team", "tea"]]));
        assert_eq!(labelled.raw_custom_status.as_deref(), Some("\"„done“\""));
        let delayed = state(language, "timers");
        assert!(delayed.scheduled_start_at.unwrap() < delayed.created_at);
        let ended = state(language, "terminated");
        let why: Value = serde_json::from_str(&ended.raw_output.unwrap()).unwrap();
        assert_eq!(why, json!({"why": "enough"}));
        assert_eq!(ended.raw_custom_status.as_deref(), Some("\"waiting\""));
    }
}
