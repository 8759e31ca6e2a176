//! The official Python client, unchanged, against the real emulator.

use std::time::Instant;

use durascope_tests::Emulator;
use durascope_tests::python::Python;

/// Fewer cases than this would mean that the suite lost some.
const CASES_MIN: usize = 45;

#[test]
fn official_python_client_runs_its_suite() {
    let Some(python) = Python::with_official_client().unwrap() else {
        return;
    };
    let emulator = Emulator::ephemeral().unwrap();
    let began = Instant::now();
    let output = python.run_suite(emulator.endpoint(), "default").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);

    let (mut passed, mut failures) = (0, Vec::new());
    for line in said.lines() {
        let case: serde_json::Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error} in {line:?}\n{said}\n{complaints}"));
        if case["ok"] == true {
            passed += 1;
        } else {
            failures.push(format!("{}: {}", case["name"], case["error"]));
        }
    }
    assert!(
        failures.is_empty() && output.status.success(),
        "{} of {} cases failed ({}):\n{}\n\nstandard error of the suite:\n{complaints}",
        failures.len(),
        passed + failures.len(),
        output.status,
        failures.join("\n"),
    );
    assert!(passed >= CASES_MIN, "only {passed} cases ran:\n{said}");
    println!(
        "{passed} cases of the official Python client in {:?}",
        began.elapsed()
    );
}

/// What the README shows is what a newcomer will paste.
#[test]
fn readme_quick_start_in_python_works_as_it_stands() {
    let Some(python) = Python::with_official_client().unwrap() else {
        return;
    };
    let readme = include_str!("../../README.md");
    let program = readme
        .split("```python\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let emulator = Emulator::ephemeral().unwrap();
    let program = program
        .unwrap()
        .replace("http://localhost:8080", emulator.endpoint());
    let output = python.run_text(&program).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "14",
        "{complaints}"
    );
}
