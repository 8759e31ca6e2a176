//! A hub that the official Python client fills on our emulator: each tab says what is there, live
//! and from a recording.

use durascope_tests::Emulator;
use durascope_tests::official::Program;

use super::*;

#[test]
fn every_tab_tells_what_the_official_client_left() {
    let emulator = Emulator::ephemeral().unwrap();
    let program = include_str!("hub.py").replace("@ENDPOINT@", emulator.endpoint());
    let Some(mut program) = Program::python(&program).unwrap() else {
        return;
    };
    assert_eq!(program.line().unwrap(), "ready");
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("session.rec");
    let endpoint = emulator.endpoint();
    let terminal = dashboard(&["--endpoint", endpoint, "--record", text_of(&recording)]);
    terminal.wait_for("● REC").unwrap();
    hub_tabs(&terminal);
    instance_tabs(&terminal);
    leaves_clean(terminal);
    drop(program);
    drop(emulator);

    // The same walk, by who was not there and has no server.
    let terminal = dashboard(&["--replay", text_of(&recording)]);
    terminal.wait_for("REPLAY").unwrap();
    replayed(&terminal);
    leaves_clean(terminal);
}

fn hub_tabs(terminal: &Terminal) {
    shows_line(terminal, &["running", "orders-1", "40/40"]);
    shows_line(terminal, &["failed", "ship-1030", "KeyError"]);
    shows_line(
        terminal,
        &["running", "transfer-2", "lock held by transfer-1"],
    );
    lists(terminal);
    press(terminal, &["4"]);
    terminal.wait_for("[4 Workers 1]").unwrap();
    shows_line(terminal, &["Workers: 1 connected"]);
    shows_line(terminal, &["vm", "everything"]);
    terminal.wait_for("connected: takes everything").unwrap();
    press(terminal, &["5"]);
    terminal.wait_for("[5 Schedules 1]").unwrap();
    schedule(terminal);
}

/// Failures and entities.
fn lists(terminal: &Terminal) {
    press(terminal, &["2"]);
    terminal.wait_for("[2 Failures").unwrap();
    shows_line(terminal, &["4 failures in 2 instances · 2 groups"]);
    shows_line(
        terminal,
        &["2", "__main__.OrderLost: order ‹…› is lost", "ship"],
    );
    // The group of the activity, and the end of its sample: what caused it.
    let screen = terminal.screen();
    let rows = |text: &str| screen.lines().position(|it| it.contains(text));
    if rows("OrderLost: order ‹…›") > rows("TaskFailedError: ship-‹…›") {
        press(terminal, &["j"]);
    }
    shows(
        terminal,
        &["▾ failure: __main__.OrderLost", "order 1030 is lost"],
    );
    press(terminal, &[TAB, TAB, "G"]);
    shows(
        terminal,
        &["▾ inner failure 1: builtins.KeyError", "'tray 17'"],
    );
    press(terminal, &["3"]);
    terminal.wait_for("[3 Entities").unwrap();
    shows_line(terminal, &["account", "acc-1", "transfer-1", "1 wait"]);
    shows_line(terminal, &["schedule", "nightly-import"]);
    shows_line(terminal, &["locked by", "transfer-1"]);
    shows_line(terminal, &["1. in line", "transfer-2"]);
}

fn schedule(terminal: &Terminal) {
    shows_line(
        terminal,
        &["nightly-import", "nightly", "active", "1h00m", "in "],
    );
    shows_line(terminal, &["orchestration", "nightly"]);
    shows_line(terminal, &["last instance", "nightly-import-20"]);
}

fn instance_tabs(terminal: &Terminal) {
    open(terminal, "orders-1");
    shows_line(terminal, &["activities", "40/40", "children", "2/2"]);
    shows_line(terminal, &["parcel ×2", "2/2"]);
    shows_line(terminal, &["orders-1-parcel-1", "3/3"]);
    shows_line(terminal, &["weigh ×40", "40/40"]);
    press(terminal, &["]"]);
    shows(terminal, &["[Grid]", "█ 42 done", "task 1 of 42"]);
    press(terminal, &["]"]);
    shows(terminal, &["[Batches]", "turn 1 · weigh ×40 activities"]);
    shows_line(terminal, &["1", "parcel", "2/2"]);
    shows_line(terminal, &["1", "weigh", "40/40"]);
    press(terminal, &["]"]);
    shows(terminal, &["[Timeline]", "1 of 42 lanes"]);
    shows_line(terminal, &["✓ weigh item-7", "█"]);
    press(terminal, &["]"]);
    history(terminal);
    press(terminal, &["]"]);
    shows(terminal, &["[Data]", "processed: 40", "total: 40"]);
    shows_line(terminal, &["team", "blue"]);
}

fn history(terminal: &Terminal) {
    shows(terminal, &["[History]", "newest first, following"]);
    shows_line(
        terminal,
        &["events: TaskScheduled", "×40", "TaskCompleted", "×40"],
    );
    shows_line(terminal, &["TaskCompleted", "weigh"]);
}

/// What was on screen, in a taller terminal and while the clock has gone on.
fn replayed(terminal: &Terminal) {
    terminal.resize(50, 150).unwrap();
    // To the end of the recording, where everything was seen.
    for _ in 0..12 {
        press(terminal, &["\x1b[C"]);
    }
    terminal.wait_for("orders-1").unwrap();
    lists(terminal);
    press(terminal, &["4"]);
    shows_line(terminal, &["Workers: 1 connected"]);
    press(terminal, &["5"]);
    schedule(terminal);
    open(terminal, "orders-1");
    press(terminal, &["]", "]", "]", "]"]);
    history(terminal);
    press(terminal, &["]"]);
    shows(terminal, &["[Data]", "processed: 40"]);
}
