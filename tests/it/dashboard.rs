//! The dashboard in a real terminal on the real emulator: keys in, screens out.

#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

use durascope::term::guard;
use durascope::term::guard::Guard;
use durascope_proto::OrchestrationStatus;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::actions;
use durascope_tests::events;
use durascope_tests::terminal::Modes;

const SIZE: (u16, u16) = (36, 130);
const CTRL_C: &str = "\x03";
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const TAB: &str = "\t";
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];

/// Set where a test may panic in the terminal that it runs in.
const MAY_PANIC: &str = "DURASCOPE_TEST_MAY_PANIC";
const PANIC: &str = "the dashboard has a defect";
const ENTER_SCREEN: &str = "\x1b[?1049h";
const LEAVE_SCREEN: &str = "\x1b[?1049l";

fn dashboard(endpoint: &str, more: &[&str], size: (u16, u16)) -> Terminal {
    let arguments = [&["--endpoint", endpoint], more].concat();
    Terminal::start(
        &Binary::Dashboard.path().unwrap(),
        &arguments,
        &LOCALE,
        size,
    )
    .unwrap()
}

fn leaves_clean(mut terminal: Terminal, keys: &str) {
    terminal.send(keys).unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
}

/// Answers this many activities, and the turns that they cause.
async fn advance(client: &RawClient, worker: &mut RawWorker, count: usize) {
    for _ in 0..count {
        worker.answer_activity("1").await.unwrap();
    }
    let mut answered = 0;
    while answered < count {
        let turn = worker.turn().await.unwrap();
        answered += events::answered_ids(&turn.request.new_events).len();
        client.complete_turn(&turn, vec![]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fan_out_is_watched_and_ended_from_the_keyboard() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    client
        .start("FanOut", "big-order", Some("\"twenty\""))
        .await
        .unwrap();
    let twenty = (0..20)
        .map(|id| actions::schedule(id, "Charge", None))
        .collect();
    worker.answer_turn(twenty).await.unwrap();
    advance(&client, &mut worker, 7).await;

    let terminal = dashboard(emulator.endpoint(), &[], SIZE);
    terminal.wait_for("big-order").unwrap();
    terminal.wait_for("7/20").unwrap();
    advance(&client, &mut worker, 8).await;
    terminal.wait_for("15/20").unwrap();

    terminal.send(ENTER).unwrap();
    terminal.wait_for("Charge ×20").unwrap();
    advance(&client, &mut worker, 3).await;
    terminal.wait_for("18/20").unwrap();

    terminal.send("e").unwrap();
    terminal.wait_for("Raise event").unwrap();
    terminal.send("Approval").unwrap();
    terminal.send(TAB).unwrap();
    terminal.send("{\"by\": ").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("not sent").unwrap();
    terminal.send("\"Ann\"}").unwrap();
    terminal.wait_for("valid").unwrap();
    terminal.send(CTRL_S).unwrap();
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(
        events::raised(&turn.request.new_events),
        [("Approval".to_owned(), Some("{\"by\": \"Ann\"}".to_owned()))]
    );
    terminal
        .wait_until("no dialog", |screen| !screen.contains("Payload"))
        .unwrap();

    terminal.send("t").unwrap();
    terminal.wait_for("Terminate this orchestration?").unwrap();
    terminal.send(ENTER).unwrap();
    terminal
        .wait_until("Enter confirms nothing", |screen| {
            !screen.contains("Terminate this")
        })
        .unwrap();
    assert_eq!(
        client.status("big-order").await.unwrap(),
        OrchestrationStatus::Running
    );
    terminal.send("t").unwrap();
    terminal.wait_for("Terminate this orchestration?").unwrap();
    terminal.send("y").unwrap();
    let turn = worker.answer_turn(vec![]).await.unwrap();
    assert_eq!(
        events::kinds(&turn.request.new_events),
        ["OrchestratorStarted", "ExecutionTerminated"]
    );
    client.ended("big-order").await.unwrap();
    terminal
        .wait_until("the end is shown", |screen| {
            screen
                .to_lowercase()
                .lines()
                .take(3)
                .any(|line| line.contains("terminated"))
        })
        .unwrap();

    terminal.send("x").unwrap();
    terminal.wait_for("deletes 1 instance").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("was purged").unwrap();
    assert_eq!(client.state("big-order").await.unwrap(), None);
    terminal.send(ESCAPE).unwrap();
    terminal.wait_for("No orchestrations in task hub").unwrap();
    leaves_clean(terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_is_not_there_is_found_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut emulator = Emulator::on_file(&folder.path().join("emulator.db")).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "kept-order", None).await.unwrap();
    emulator.kill().unwrap();

    let terminal = dashboard(emulator.endpoint(), &[], SIZE);
    terminal.wait_for("No data from").unwrap();
    emulator.restart().unwrap();
    terminal.wait_for("kept-order").unwrap();
    emulator.kill().unwrap();
    terminal
        .wait_until("the loss is shown", |screen| {
            let screen = screen.to_lowercase();
            ["disconnected", "no data from", "lost", "reconnect"]
                .iter()
                .any(|word| screen.contains(word))
        })
        .unwrap();
    leaves_clean(terminal, CTRL_C);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_terminal_shows_what_matters_and_help_lists_the_keys() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order-1", None).await.unwrap();
    client.start("Order", "order-2", None).await.unwrap();
    let terminal = dashboard(emulator.endpoint(), &[], (15, 60));
    terminal.wait_for("order-1").unwrap();
    terminal.send("?").unwrap();
    terminal.wait_for("Help").unwrap();
    terminal.send(ESCAPE).unwrap();
    terminal
        .wait_until("no help", |screen| !screen.contains("Help ·"))
        .unwrap();
    terminal.send("/order-2").unwrap();
    terminal
        .wait_until("the filter leaves one", |screen| {
            !screen.contains("order-1") && screen.contains("order-2")
        })
        .unwrap();
    terminal.send(ESCAPE).unwrap();
    terminal.wait_for("order-1").unwrap();
    terminal.resize(36, 130).unwrap();
    terminal.wait_for("INSTANCE ID").unwrap();
    leaves_clean(terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_dashboard_changes_nothing() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order-1", None).await.unwrap();
    let terminal = dashboard(emulator.endpoint(), &["--read-only"], SIZE);
    terminal.wait_for("order-1").unwrap();
    for (key, refusal) in [
        ("t", "terminate: off, the dashboard is read-only"),
        ("e", "raise event: off, the dashboard is read-only"),
        ("z", "suspend: off, the dashboard is read-only"),
    ] {
        terminal.send(key).unwrap();
        terminal.wait_for(refusal).unwrap();
    }
    assert_eq!(
        client.status("order-1").await.unwrap(),
        OrchestrationStatus::Pending
    );
    leaves_clean(terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_from_others_cannot_command_the_terminal() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let hostile = "\x1b]0;stolen title\x07\x1b[2Jorder";
    client
        .start("Order", hostile, Some("\"\x1b[31mred\""))
        .await
        .unwrap();
    let terminal = dashboard(emulator.endpoint(), &[], SIZE);
    terminal.wait_for("Order").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("input").unwrap();
    let raw = terminal.raw();
    let text = String::from_utf8_lossy(&raw);
    assert!(
        !text.contains("\x1b]0;stolen"),
        "the title was set by an instance id"
    );
    assert!(
        !text.contains("\x1b[2Jorder"),
        "the screen was cleared by an instance id"
    );
    leaves_clean(terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_endpoint_that_speaks_no_tls_is_a_lost_connection() {
    let emulator = Emulator::ephemeral().unwrap();
    let endpoint = emulator.endpoint().replace("http://", "https://");
    let terminal = dashboard(&endpoint, &[], SIZE);
    terminal.wait_for("No data from").unwrap();
    leaves_clean(terminal, "q");
}

/// Starts the dashboard as a child that a shell has told the number of, in a file.
#[cfg(unix)]
fn dashboard_with_pid(endpoint: &str, pid_file: &Path) -> Terminal {
    let program = Binary::Dashboard.path().unwrap();
    let arguments = [
        "-c",
        "echo $$ > \"$0\" && exec \"$@\"",
        pid_file.to_str().unwrap(),
        program.to_str().unwrap(),
        "--endpoint",
        endpoint,
    ];
    Terminal::start(Path::new("/bin/sh"), &arguments, &LOCALE, SIZE).unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_that_end_the_dashboard_give_the_terminal_back() {
    let emulator = Emulator::ephemeral().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-HUP", "-INT"] {
        let pid_file = folder.path().join(signal);
        let mut terminal = dashboard_with_pid(emulator.endpoint(), &pid_file);
        terminal.wait_for("No orchestrations in task hub").unwrap();
        assert!(terminal.modes().alternate_screen);
        let pid = std::fs::read_to_string(&pid_file).unwrap();
        let sent = Command::new("kill").args([signal, pid.trim()]).status();
        assert!(sent.unwrap().success());
        terminal.wait_exit().unwrap();
        assert_eq!(terminal.modes(), Modes::CLEAN, "after {signal}");
    }
}

#[test]
fn panic_gives_the_terminal_back_before_it_reports() {
    if std::env::var_os(MAY_PANIC).is_some() {
        guard::restore_before_panic_report();
        let _guard = Guard::enter().unwrap();
        panic!("{PANIC}");
    }
    // This test once more, in a terminal of its own, where it panics.
    let name = "dashboard::panic_gives_the_terminal_back_before_it_reports";
    let mut terminal = Terminal::start(
        &std::env::current_exe().unwrap(),
        &["--exact", name, "--nocapture"],
        &[(MAY_PANIC, "1")],
        SIZE,
    )
    .unwrap();
    assert_ne!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let at = |text: &str| {
        raw.find(text)
            .unwrap_or_else(|| panic!("no {text:?} in {raw:?}"))
    };
    assert!(at(ENTER_SCREEN) < at(LEAVE_SCREEN));
    assert!(
        at(LEAVE_SCREEN) < at(PANIC),
        "the report went to the screen that vanishes"
    );
    assert!(terminal.screen().contains(PANIC));
}
