//! The official clients, unchanged, against the real emulator, which is killed in the middle.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;

use durascope_tests::Emulator;
use durascope_tests::official;
use durascope_tests::official::Language;
use durascope_tests::official::Report;
use durascope_tests::official::Table;
use prost::Message as _;

/// Set to `write` to write the table anew.
const WRITE: &str = "DURASCOPE_COMPATIBILITY";

#[test]
fn official_clients_run_unchanged_and_do_what_the_table_says() {
    // Two at a time: they mostly wait, and so do their emulators.
    let reports: Vec<Report> = [
        [Language::Java, Language::Python],
        [Language::JavaScript, Language::Go],
    ]
    .into_iter()
    .flat_map(both)
    .collect();
    let failures: Vec<String> = reports
        .iter()
        .flat_map(|report| {
            let name = report.language.name();
            report
                .failures
                .iter()
                .map(move |it| format!("{name}: {it}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for report in &reports {
        let cases: usize = report.passed.values().sum();
        println!(
            "{}: {cases} cases in {:?}",
            report.language.name(),
            report.took
        );
    }

    let methods = methods();
    let table = Table::of(&reports, &methods);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/compatibility.md");
    let languages: Vec<Language> = reports.iter().map(|report| report.language).collect();
    if std::env::var(WRITE).as_deref() == Ok("write") {
        assert_eq!(languages.len(), Language::ALL.len(), "a client is missing");
        let text = table.text(&reports, &methods).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let misses = Table::parse(&committed).misses(&table, &languages);
    assert!(
        misses.is_empty(),
        "docs/compatibility.md is not what this run shows; {WRITE}=write writes it anew:\n{}",
        misses.join("\n")
    );
}

fn both(languages: [Language; 2]) -> Vec<Report> {
    thread::scope(|scope| {
        let running = languages.map(|language| scope.spawn(move || official::run(language)));
        running
            .into_iter()
            .filter_map(|it| it.join().unwrap().unwrap())
            .collect()
    })
}

/// Every method of the official service.
fn methods() -> BTreeSet<String> {
    let files =
        prost_types::FileDescriptorSet::decode(durascope_proto::FILE_DESCRIPTOR_SET).unwrap();
    files
        .file
        .iter()
        .flat_map(|file| &file.service)
        .filter(|service| service.name() == "TaskHubSidecarService")
        .flat_map(|service| &service.method)
        .map(|method| method.name().to_owned())
        .collect()
}

/// What the README shows is what a newcomer will paste.
#[test]
fn readme_quick_start_in_python_works_as_it_stands() {
    let readme = include_str!("../../README.md");
    let program = readme
        .split("```python\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let emulator = Emulator::ephemeral().unwrap();
    let program = program
        .unwrap()
        .replace("http://localhost:8080", emulator.endpoint());
    let Some(output) = official::python_runs(&program).unwrap() else {
        return;
    };
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "14",
        "{complaints}"
    );
}
