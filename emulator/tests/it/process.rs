//! The program: its ready line, its exit codes, and what it leaves behind.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

pub(crate) fn emulator(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_durascope-emulator"));
    command
        .args(["--listen", "127.0.0.1:0", "--ready-json"])
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A process that is ended whatever the test does.
struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = emulator(arguments).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    #[cfg(unix)]
    fn signal(&mut self, name: &str) -> Option<i32> {
        let kill = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[cfg(unix)]
#[test]
fn signals_end_it_cleanly_and_nothing_of_an_ephemeral_one_stays() {
    for signal in ["TERM", "INT"] {
        let mut process = Process::start(&["--ephemeral"]);
        let endpoint = process.ready["endpoint"].as_str().unwrap();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
        assert_eq!(process.ready["pid"], process.child.id());
        let database = process.ready["db"].as_str().unwrap().to_owned();
        assert!(Path::new(&database).exists());
        assert_eq!(process.signal(signal), Some(0), "{signal}");
        assert!(!Path::new(&database).parent().unwrap().exists());
    }
}

#[cfg(unix)]
#[test]
fn second_process_on_one_database_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("emulator.db");
    let mut first = Process::start(&["--db", path(&database)]);
    let second = emulator(&["--db", path(&database)]).output().unwrap();
    assert_eq!(second.status.code(), Some(75));
    let said = text(&second);
    let endpoint = first.ready["endpoint"].as_str().unwrap().to_owned();
    assert!(said.contains(&first.child.id().to_string()), "{said}");
    assert!(
        said.contains(&endpoint) && said.contains("hint: "),
        "{said}"
    );
    assert_eq!(first.signal("TERM"), Some(0));
    let mut third = Process::start(&["--db", path(&database)]);
    assert_eq!(third.signal("TERM"), Some(0), "the file is free again");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("newer.db");
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection
        .execute_batch("PRAGMA application_id = 0x44757261; PRAGMA user_version = 99;")
        .unwrap();
    drop(connection);
    let other = folder.path().join("other.db");
    std::fs::write(&other, "not a database, whatever its name says").unwrap();
    let no_folder = other.join("emulator.db");
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--db", path(&newer)], 74, "version 99"),
        (&["--db", path(&other)], 74, "not a Durascope database"),
        (&["--db", path(&no_folder)], 73, "hint: "),
        (&["--durability", "maybe"], 2, "--durability"),
    ];
    for (arguments, code, words) in cases {
        let output = emulator(arguments).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_shows_the_variable_of_every_flag() {
    let output = emulator(&["--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in [
        "DURASCOPE_LISTEN",
        "DURASCOPE_DB",
        "DURASCOPE_EPHEMERAL",
        "DTS_TASK_HUB_NAMES",
        "DTS_USE_DYNAMIC_TASK_HUBS",
        "DURASCOPE_STRICT_HUBS",
        "DURASCOPE_DURABILITY",
        "DURASCOPE_LOG_FORMAT",
        "DURASCOPE_READY_JSON",
        "DURASCOPE_MAX_MESSAGE_BYTES",
        "DURASCOPE_MAX_SENT_MESSAGE_BYTES",
        "DURASCOPE_AZURE_LIMITS",
    ] {
        assert!(help.contains(name), "{name}");
    }
}
