//! The architecture's rules, read off the sources: every breach is listed in one run.
//!
//! Checks are string searches on purpose; the code is written so that they suffice (one `use`
//! a line, `crate::` paths in full).

use std::fs;
use std::path::Path;

use durascope_tests::binaries;

const FILE_LINES_MAX: usize = 800;
const FRONT_PAGE_LINES_MAX: usize = 200;

/// Folders whose modules know only each other and these.
///
/// A row names a folder or a file without its ending; an allowed name with `::` in it is a path
/// of which the module may see no more.
const MODULES: &[(&str, &[&str])] = &[
    // Keys of hubs and instances, and the views that are published; everybody may name them.
    ("emulator/src/live", &[]),
    ("emulator/src/store", &["store", "live", "clock"]),
    (
        "emulator/src/dispatch",
        &["dispatch", "live", "clock", "tasks"],
    ),
    (
        "emulator/src/hub",
        &[
            "hub", "live", "store", "dispatch", "clock", "tasks", "config", "logging",
        ],
    ),
    // A reader of what the hub has and the store keeps; the hub does not know it.
    (
        "emulator/src/monitor",
        &[
            "monitor",
            "hub",
            "live",
            "store::Db",
            "store::reader",
            "store::entity_list",
            "store::entity_pages",
            "store::failures",
            "store::family",
            "store::history",
            "store::instances",
            "store::pages",
            "store::reports",
            "store::waits",
            "store::window",
            "store::StoreError",
            "clock",
            "tasks",
            "config",
        ],
    ),
    (
        "emulator/src/service",
        &[
            "service",
            "hub",
            "live",
            "monitor",
            "clock",
            "tasks",
            "config",
            "logging",
            // What it translates: an error to a status, a request to a worker's limits, and which
            // of the three calls gives a work item back.
            "store::StoreError",
            "dispatch::WorkerProfile",
            "dispatch::WorkKind",
        ],
    ),
    ("emulator/src/clock", &[]),
    ("emulator/src/config", &["store::Durability"]),
    ("sdk/src/error", &["failure"]),
    ("sdk/src/failure", &["error"]),
    ("sdk/src/data", &[]),
    ("sdk/src/panics", &["error", "failure"]),
    ("sdk/src/versioning", &[]),
    ("sdk/src/payloads", &["payloads", "failure"]),
    (
        "sdk/src/trace",
        &["trace", "activity::ActivityContext", "failure", "clock"],
    ),
    ("sdk/src/retry", &["error", "failure"]),
    ("sdk/src/names", &[]),
    (
        "sdk/src/transport",
        &["transport", "data", "failure", "payloads", "BoxError"],
    ),
    (
        "sdk/src/client",
        &[
            "client",
            "transport",
            "data",
            "failure",
            "names",
            "payloads",
            "trace",
            "clock",
        ],
    ),
    (
        "sdk/src/orchestration",
        &[
            "orchestration",
            "error",
            "failure",
            "panics",
            "data",
            "names",
            "retry",
            "trace",
            "clock",
        ],
    ),
    ("sdk/src/progress", &["clock", "entity", "error", "names"]),
    (
        "sdk/src/entity",
        &[
            "entity",
            "orchestration::EntityError",
            "orchestration::payload_failure",
            "error",
            "failure",
            "data",
            "names",
            "clock",
            "panics",
        ],
    ),
    // A scheduler and a worker in one, for tests; nothing that ships knows it.
    (
        "sdk/src/testing",
        &[
            "testing",
            "worker::Functions",
            "worker::Mismatch",
            "orchestration",
            "client",
            "data",
            "failure",
            "names",
            "clock",
        ],
    ),
    ("tui/src/data", &["data", "format", "text"]),
    ("tui/src/app", &["app", "data", "format", "text"]),
    ("tui/src/ui", &["ui", "app", "data", "format", "text"]),
    (
        "tui/src/io",
        &["io", "app", "data", "format", "text", "config"],
    ),
    ("tui/src/format", &["text"]),
    ("tui/src/text", &[]),
];

const FLOOR: &str = "tests/benches/goals/floor";
const LOADER: &str = "tests/benches/goals/rows/loader";

/// Words that only some places may use.
const CONFINED: &[(&str, &[&str])] = &[
    (
        "tonic::",
        &[
            "emulator/src/service",
            "emulator/src/start",
            "sdk/src/transport",
            "sdk/src/client",
            "sdk/src/worker",
            // Streams of messages have no payloads of their own.
            "sdk/src/payloads/walk",
            "sdk/proto",
            "tui/src/io",
            "tests",
        ],
    ),
    ("hyper::", &["sdk/src/transport"]),
    ("h2::", &["sdk/src/transport"]),
    ("rustls::", &["sdk/src/transport"]),
    ("opentelemetry::", &["sdk/src/trace", "tests"]),
    ("opentelemetry_sdk::", &["sdk/src/trace", "tests"]),
    ("tracing_opentelemetry::", &["sdk/src/trace", "tests"]),
    ("azure_core::", &["sdk/src/transport/azure"]),
    ("azure_identity::", &["sdk/src/transport/azure"]),
    ("ratatui::", &["tui/src/ui", "tui/src/term", "tui/benches"]),
    ("toml::", &["tui/src/config"]),
    (
        "etcetera::",
        &["tui/src/config", "tui/src/io/saved", "emulator/src/cli"],
    ),
    ("csv::", &["tui/src/data/export"]),
    ("nucleo_matcher::", &["tui/src/app/commands"]),
    // The dump compares everything that is stored before and after a refused call, which no
    // service shows; like a user with a database tool, it only reads.
    // The benchmarks have a database of their own, the floor, and fill ours with a million rows.
    (
        "rusqlite::",
        &["emulator/src/store", "tests/harness/dump", FLOOR, LOADER],
    ),
    (
        "SELECT ",
        &["emulator/src/store", "tests/harness/dump", FLOOR, LOADER],
    ),
    ("INSERT INTO", &["emulator/src/store", FLOOR, LOADER]),
    ("DELETE FROM", &["emulator/src/store"]),
    ("CREATE TABLE", &["emulator/src/store", FLOOR]),
    ("PRAGMA ", &["emulator/src/store", FLOOR, LOADER]),
    (
        "durascope_emulator::",
        &["emulator", "tui/src/cli", "tui/src/demo", "tests"],
    ),
    ("durascope_sdk::", &["sdk", "tui", "tests"]),
    // Examples: what they show is shown, and nothing is built on them.
    (
        "durascope_patterns::",
        &["sdk/patterns", "tui/src/demo", "tests"],
    ),
];

/// Pure code: no clock, no files, no runtime.
const PURE: &[&str] = &[
    "emulator/engine/src",
    "sdk/src/orchestration/replay",
    "tui/src/app",
    "tui/src/data",
];
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "HashMap",
    "HashSet",
];

/// Packages and all that their normal dependencies may be.
const PACKAGES_WITH_ONLY: &[(&str, &[&str])] = &[(
    "emulator/engine",
    &["durascope-proto", "prost", "prost-types", "thiserror"],
)];

/// Packages and what they must not depend on in any way, development included.
const PACKAGES_WITHOUT: &[(&str, &[&str])] = &[
    (
        "sdk/proto",
        &[
            "durascope-sdk",
            "durascope-engine",
            "durascope-emulator",
            "durascope",
        ],
    ),
    (
        "sdk",
        &[
            "durascope-engine",
            "durascope-emulator",
            "durascope",
            "rusqlite",
            "ratatui",
        ],
    ),
    (
        "emulator/engine",
        &[
            "durascope-sdk",
            "durascope-emulator",
            "durascope",
            "tokio",
            "tonic",
        ],
    ),
    (
        "emulator",
        &["durascope-sdk", "durascope", "ratatui", "crossterm"],
    ),
    ("tui", &["durascope-engine", "rusqlite"]),
];

struct Source {
    /// From the root, with `/`.
    path: String,
    text: String,
}

#[test]
fn sources_follow_the_architecture() {
    let root = binaries::workspace_dir();
    let mut files = Vec::new();
    collect(root, root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let rust: Vec<&Source> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .collect();
    assert!(
        rust.len() > 50,
        "only {} sources were found in {}",
        rust.len(),
        root.display()
    );

    let mut problems = Vec::new();
    for source in &rust {
        check_shape(source, &mut problems);
        check_words(source, &mut problems);
        check_modules(source, &mut problems);
    }
    for file in &files {
        check_leftovers(file, &mut problems);
    }
    check_packages(&files, &mut problems);
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

/// Text files of the project; generated code and snapshots are not ours to tidy.
fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    const KINDS: [&str; 8] = ["rs", "toml", "md", "py", "sql", "proto", "txt", "svg"];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let skipped = name.starts_with("target") || name == "generated" || name == ".git";
        if path.is_dir() {
            if !skipped && !name.starts_with("__") {
                collect(root, &path, files);
            }
            continue;
        }
        let kind = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let script = path
            .parent()
            .is_some_and(|folder| folder.file_name() == Some(".ci".as_ref()));
        if !KINDS.contains(&kind.as_str()) && !script {
            continue;
        }
        let relative = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        files.push(Source {
            path: relative,
            text: fs::read_to_string(&path).unwrap(),
        });
    }
}

impl Source {
    fn is_in(&self, place: &str) -> bool {
        let rest = self.path.strip_prefix(place);
        rest.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    }

    fn is_test_file(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// Lines of code with their numbers, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Code that ships: what comes before the unit tests of the file.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = !self.is_test_file();
        self.code()
            .take_while(move |(_, line)| all && line.trim() != "#[cfg(test)]")
    }

    /// Code of tests: what `shipped` leaves out.
    fn tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = self.is_test_file();
        self.code()
            .skip_while(move |(_, line)| !all && line.trim() != "#[cfg(test)]")
    }
}

fn check_shape(source: &Source, problems: &mut Vec<String>) {
    let path = &source.path;
    if !source.text.starts_with("//! ") {
        problems.push(format!("{path}:1: a file begins with its purpose (//!)"));
    }
    let lines = source.text.lines().count();
    let front = !source.is_test_file() && (path.ends_with("/mod.rs") || path.ends_with("/lib.rs"));
    let most = if front {
        FRONT_PAGE_LINES_MAX
    } else {
        FILE_LINES_MAX
    };
    if lines > most {
        problems.push(format!("{path}:{lines}: {lines} lines, at most {most}"));
    }
}

fn check_words(source: &Source, problems: &mut Vec<String>) {
    let path = &source.path;
    // This file has the words in its tables.
    if path.ends_with("it/tidy.rs") {
        return;
    }
    // The package of tests ships nothing, but what may know what holds for it as well.
    let confined: Vec<(usize, &str)> = if source.path.starts_with("tests/") {
        source.code().collect()
    } else {
        source.shipped().collect()
    };
    for (number, line) in confined {
        for (word, places) in CONFINED {
            if has_word(line, word) && !places.iter().any(|place| source.is_in(place)) {
                problems.push(format!(
                    "{path}:{number}: {word:?} belongs in {}",
                    places.join(", ")
                ));
            }
        }
    }
    for (number, line) in source.shipped() {
        for word in IMPURE
            .iter()
            .filter(|_| PURE.iter().any(|place| source.is_in(place)))
        {
            if line.contains(word) {
                problems.push(format!("{path}:{number}: {word} in code that must be pure"));
            }
        }
    }
    for (number, line) in source.code() {
        if line.contains("use crate::{") {
            problems.push(format!(
                "{path}:{number}: one `use crate::…` a line, never grouped"
            ));
        }
    }
    for (number, line) in source.tests() {
        if line.contains("sleep(") {
            problems.push(format!(
                "{path}:{number}: tests wait for events, they do not sleep"
            ));
        }
    }
}

/// `tonic::` is not in `durascope_tonic::`, and a path is the same with a leading `::`.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn check_modules(source: &Source, problems: &mut Vec<String>) {
    let path = &source.path;
    for (place, allowed) in MODULES.iter().filter(|(place, _)| source.is_in(place)) {
        for (number, line) in source.shipped() {
            for (at, _) in line.match_indices("crate::") {
                let used = &line[at + "crate::".len()..];
                let own = line[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric());
                if own && !allowed.iter().any(|allowed| is_below(used, allowed)) {
                    let used = used.trim_end_matches(';');
                    problems.push(format!(
                        "{path}:{number}: {place} must not use crate::{used}"
                    ));
                }
            }
        }
    }
}

/// Whether the path `used` is `allowed` or something in it.
fn is_below(used: &str, allowed: &str) -> bool {
    let rest = used.strip_prefix(allowed);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// What must not stay behind, spelled in pieces so that this file does not find itself.
fn check_leftovers(file: &Source, problems: &mut Vec<String>) {
    let leftovers = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X:"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["Place", "holder."],
        ["/wo", "rk/"],
        ["/.lib", "rary"],
        ["/tmp/", "t-"],
    ];
    for (index, line) in file.text.lines().enumerate() {
        for word in leftovers.iter().map(|pieces| pieces.concat()) {
            if line.contains(&word) {
                problems.push(format!(
                    "{}:{}: {word:?} was left behind",
                    file.path,
                    index + 1
                ));
            }
        }
    }
}

fn check_packages(files: &[Source], problems: &mut Vec<String>) {
    let manifest = |package: &str| {
        let path = format!("{package}/Cargo.toml");
        files
            .iter()
            .find(|file| file.path == path)
            .unwrap_or_else(|| panic!("no {path}"))
    };
    for (package, allowed) in PACKAGES_WITH_ONLY {
        let manifest = manifest(package);
        for (number, section, name) in dependencies(manifest) {
            if section == "[dependencies]" && !allowed.contains(&name) {
                problems.push(format!(
                    "{}:{number}: {package} must not need {name}",
                    manifest.path
                ));
            }
        }
    }
    for (package, forbidden) in PACKAGES_WITHOUT {
        let manifest = manifest(package);
        for (number, _, name) in dependencies(manifest) {
            if forbidden.contains(&name) {
                problems.push(format!(
                    "{}:{number}: {package} must not need {name}",
                    manifest.path
                ));
            }
        }
    }
}

/// Line number, section and name of each dependency in a manifest.
fn dependencies(manifest: &Source) -> Vec<(usize, &str, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in manifest.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            found.push((
                index + 1,
                section,
                name.trim().trim_end_matches(".workspace"),
            ));
        }
    }
    found
}

#[test]
fn paths_are_compared_by_whole_names() {
    assert!(is_below("store::reader::Reader;", "store::reader"));
    assert!(is_below("clock;", "clock"));
    assert!(!is_below("storehouse::x", "store"));
    assert!(!is_below("store::writer::Writer", "store::reader"));
    assert!(has_word("use tonic::Status;", "tonic::"));
    assert!(!has_word("use my_tonic::Status;", "tonic::"));
}
