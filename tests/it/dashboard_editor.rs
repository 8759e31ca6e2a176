//! The user's editor in the middle of a dialog: a small script that writes JSON, and one that fails.

use std::os::unix::fs::PermissionsExt;

use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::events;
use durascope_tests::terminal::Modes;

const CTRL_E: &str = "\x05";
const CTRL_S: &str = "\x13";

/// Writes into an empty file, moved over it as many editors do; with anything else it ends badly.
const EDITOR: &str = r#"#!/bin/sh
if [ -s "$1" ] && [ "$(cat "$1")" != "" ]; then
    echo changed > "$1"
    exit 3
fi
printf '{\n  "by": "the editor"\n}\n' > "$1.new"
mv "$1.new" "$1"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_comes_back_from_the_editor_and_not_from_one_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    std::fs::write(&editor, EDITOR).unwrap();
    std::fs::set_permissions(&editor, PermissionsExt::from_mode(0o755)).unwrap();

    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    client.start("Approval", "appr-1", None).await.unwrap();
    worker.answer_turn(Vec::new()).await.unwrap();

    let arguments = ["--endpoint", emulator.endpoint()];
    let variables = [
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("VISUAL", ""),
        ("EDITOR", editor.to_str().unwrap()),
    ];
    let program = Binary::Dashboard.path().unwrap();
    let mut terminal = Terminal::start(&program, &arguments, &variables, (36, 130)).unwrap();
    terminal.wait_for("appr-1 · Approval").unwrap();
    terminal.send("eGo").unwrap();
    terminal.wait_for("--event Go").unwrap();
    terminal.send(CTRL_E).unwrap();
    terminal.wait_for("the editor").unwrap();
    terminal.wait_for("valid").unwrap();
    terminal.send(CTRL_E).unwrap();
    terminal.wait_for("ended with exit status: 3").unwrap();
    terminal.wait_for("the editor").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("event “Go” raised").unwrap();
    let turn = worker.answer_turn(Vec::new()).await.unwrap();
    let payload = "{\n  \"by\": \"the editor\"\n}".to_owned();
    assert_eq!(
        events::raised(&turn.request.new_events),
        [("Go".to_owned(), Some(payload))]
    );
    terminal.send("q").unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
}
