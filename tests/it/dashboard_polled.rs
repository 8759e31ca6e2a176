//! The dashboard on a server without our feed: the official service is polled, the header says
//! so, and the keys do what they do elsewhere.

use durascope_proto::OrchestrationStatus;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::actions;
use durascope_tests::events;

const SIZE: (u16, u16) = (36, 130);
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];

/// Waits for a screen on which all of these are.
fn shows(terminal: &Terminal, texts: &[&str]) {
    let all = |screen: &str| texts.iter().all(|text| screen.contains(text));
    terminal.wait_until(&format!("{texts:?}"), all).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_feed_a_fan_out_is_watched_and_ended_from_the_keyboard() {
    let emulator = Emulator::start(&["--ephemeral", "--no-feed"]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    client.start("FanOut", "order-1", None).await.unwrap();
    client.start("Other", "other-1", None).await.unwrap();
    let three = (0..3).map(|id| actions::schedule(id, "Charge", None));
    worker.answer_turn(three.collect()).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();

    let program = Binary::Dashboard.path().unwrap();
    let arguments = ["--endpoint", emulator.endpoint()];
    let mut terminal = Terminal::start(&program, &arguments, &LOCALE, SIZE).unwrap();
    shows(
        &terminal,
        &["● live, polling every", "(no feed)", "order-1"],
    );
    terminal.send("/order-1").unwrap();
    terminal.send(ENTER).unwrap();
    terminal
        .wait_until("the filter holds", |screen| !screen.contains("other-1"))
        .unwrap();
    terminal.send(ENTER).unwrap();
    shows(&terminal, &["Charge ×3", "0/3"]);
    worker.answer_activity("1").await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    shows(&terminal, &["Charge ×3", "1/3"]);

    terminal.send("z").unwrap();
    shows(&terminal, &["suspend accepted for order-1", "suspended"]);
    worker.answer_turn(vec![]).await.unwrap();
    terminal.send("z").unwrap();
    terminal.wait_for("resume accepted for order-1").unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    terminal.send("e").unwrap();
    terminal.wait_for("Raise event").unwrap();
    terminal.send("Go").unwrap();
    terminal.send(CTRL_S).unwrap();
    let turn = worker.answer_turn(vec![]).await.unwrap();
    let raised = events::raised(&turn.request.new_events);
    assert_eq!(raised, [("Go".to_owned(), None)]);
    terminal.send("t").unwrap();
    terminal.wait_for("Terminate this orchestration?").unwrap();
    terminal.send("y").unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let ended = client.ended("order-1").await.unwrap();
    assert_eq!(
        ended.orchestration_status(),
        OrchestrationStatus::Terminated
    );
    shows(&terminal, &["terminated"]);

    // What the feed would count before is not known, and it is purged all the same.
    terminal.send("x").unwrap();
    terminal.wait_for("the count is not known").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("purged order-1").unwrap();
    assert_eq!(client.state("order-1").await.unwrap(), None);
    terminal.send(ESCAPE).unwrap();
    terminal.wait_for("Nothing matches").unwrap();
    terminal.send("q").unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_feed_every_row_on_screen_says_what_it_waits_for() {
    let emulator = Emulator::start(&["--ephemeral", "--no-feed"]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    for at in 1..=6 {
        client
            .start("Approval", &format!("waits-{at}"), None)
            .await
            .unwrap();
        worker.answer_turn(vec![]).await.unwrap();
    }
    client.start("FanOut", "order-1", None).await.unwrap();
    let three = (0..3).map(|id| actions::schedule(id, "Charge", None));
    worker.answer_turn(three.collect()).await.unwrap();

    let program = Binary::Dashboard.path().unwrap();
    let arguments = ["--endpoint", emulator.endpoint()];
    let terminal = Terminal::start(&program, &arguments, &LOCALE, SIZE).unwrap();
    // Not only the one under the cursor; a few more at each interval.
    terminal
        .wait_until("what each of them waits for", |screen| {
            let line = |id: &str| screen.lines().find(|it| it.contains(id));
            let waits = |at: u32| {
                let line = line(&format!("waits-{at}"));
                line.is_some_and(|it| it.contains("nothing open: external event?"))
            };
            (1..=6).all(waits) && line("order-1").is_some_and(|it| it.contains("3 Charge open"))
        })
        .unwrap();
}
