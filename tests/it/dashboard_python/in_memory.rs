//! The in-memory backend of the official Python package: a server that is not ours, without our
//! feed.

use durascope_tests::official::Program;

use super::*;

#[test]
fn the_in_memory_backend_is_watched_and_acted_upon_from_the_keyboard() {
    let Some(mut program) = Program::python(include_str!("in_memory.py")).unwrap() else {
        return;
    };
    let endpoint = program.line().unwrap();
    let terminal = dashboard(&["--endpoint", &endpoint]);
    shows(&terminal, &["● live, polling every", "(no feed)"]);
    shows_line(&terminal, &["failed", "stuck", "pick_all", "20/20"]);
    shows_line(&terminal, &["running", "approval-1", "approval"]);
    shows_line(&terminal, &["completed", "picked", "pick_all"]);

    press(&terminal, &["2"]);
    terminal.wait_for("[2 Failures]").unwrap();
    shows_line(&terminal, &["TaskFailedError", "pick_all (code)"]);
    shows_line(
        &terminal,
        &["stuck: Activity task #14 failed: tray 13 is stuck"],
    );

    open(&terminal, "stuck");
    shows_line(&terminal, &["! Failed:", "tray 13 is stuck"]);
    shows_line(&terminal, &["✗ pick ×20", "20/20"]);
    shows_line(
        &terminal,
        &["1× pick builtins.ValueError: tray 13 is stuck", "ago"],
    );
    press(&terminal, &["]", "]", "]", "]"]);
    let screen = shows(&terminal, &["[History]", "ExecutionCompleted"]);
    // Its events have no times of their own: they have that of their turn, and never the epoch's.
    assert!(!screen.contains("1970"), "{screen}");
    press(&terminal, &["/", "TaskFailed", ENTER]);
    shows_line(&terminal, &["TaskFailed", "pick", "builtins.ValueError"]);
    press(&terminal, &["["]);
    let screen = shows(&terminal, &["[Timeline]", "pick 13"]);
    assert!(!screen.contains("20781d"), "{screen}");

    // The verdict, then the event that it speaks of, by the dialog.
    open(&terminal, "approval-1");
    shows(&terminal, &["it probably waits for an external event"]);
    press(&terminal, &["e"]);
    terminal.wait_for("Raise event").unwrap();
    press(&terminal, &["Approved", TAB, "{\"by\": \"Ann\"}"]);
    terminal.wait_for("valid").unwrap();
    press(&terminal, &[CTRL_S]);
    program.say("approval-1").unwrap();
    assert_eq!(program.line().unwrap(), "COMPLETED {\"by\": \"Ann\"}");
    shows_line(&terminal, &["approval-1", "✓ completed"]);

    open(&terminal, "sleeper-1");
    shows(
        &terminal,
        &["Nothing but 1 timer is open; the next fires in 59m"],
    );
    press(&terminal, &["t"]);
    terminal.wait_for("Terminate this orchestration?").unwrap();
    press(&terminal, &["y"]);
    program.say("sleeper-1").unwrap();
    assert!(program.line().unwrap().starts_with("TERMINATED"));
    terminal.wait_for("terminated").unwrap();
    leaves_clean(terminal);
}
