//! Actions on many at once by the keys of the dashboard, on the real emulator: a whole group of
//! failures, and all that match a query in one call.

use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::actions;
use durascope_tests::entities;
use durascope_tests::events;
use durascope_tests::terminal::Modes;

const SIZE: (u16, u16) = (36, 130);
const CTRL_A: &str = "\x01";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const PLAIN: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];

fn dashboard(endpoint: &str) -> Terminal {
    let arguments = ["--endpoint", endpoint];
    Terminal::start(&Binary::Dashboard.path().unwrap(), &arguments, &PLAIN, SIZE).unwrap()
}

fn leaves_clean(mut terminal: Terminal) {
    terminal.send("q").unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
}

fn without(terminal: &Terminal, text: &str) {
    terminal
        .wait_until(&format!("{text:?} left the screen"), |screen| {
            !screen.contains(text)
        })
        .unwrap();
}

/// `Done` completes; `Card` and `Address` fail, each in its way, until they are rewound.
fn turn(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    let all: Vec<_> = [&request.past_events[..], &request.new_events].concat();
    let name = events::execution_started(&all).map_or("", |it| it.name.as_str());
    let is_rewound = |events| events::kinds(events).contains(&"ExecutionRewound".to_owned());
    if name == "Done" || is_rewound(&all) && !is_rewound(&request.new_events) {
        return vec![actions::succeed(0, "\"at last\"")];
    }
    if is_rewound(&request.new_events) {
        let history = actions::without_failures(request, &actions::guid(7));
        return vec![actions::rewind(history)];
    }
    let why = if name == "Card" {
        "no card"
    } else {
        "no address"
    };
    vec![actions::fail(0, entities::details(why))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_group_of_failures_is_rewound() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let worker = RawWorker::open(&client).await.unwrap();
    let _worker = worker.serve(turn, |_| "1".to_owned());
    let ids = ["card-1", "card-2", "card-3", "card-4"];
    for id in ids {
        client.start("Card", id, None).await.unwrap();
        client.ended(id).await.unwrap();
    }
    client.start("Address", "address-1", None).await.unwrap();
    client.ended("address-1").await.unwrap();

    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("card-4").unwrap();
    terminal.send("2").unwrap();
    terminal.wait_for("2 groups").unwrap();
    // The newest is on top.
    terminal.send("j").unwrap();
    terminal.wait_for("card-1").unwrap();
    terminal.send("w").unwrap();
    terminal.wait_for("Rewind 4 orchestrations?").unwrap();
    terminal.wait_for("the 4 instances of the group").unwrap();
    // How they are now is asked first.
    without(&terminal, "looking at");
    terminal.send("y").unwrap();
    terminal.wait_for("✓ 4 done").unwrap();
    for id in ids {
        let state = client.ended(id).await.unwrap();
        assert_eq!(state.orchestration_status(), OrchestrationStatus::Completed);
    }
    let state = client.ended("address-1").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    terminal.send(ESCAPE).unwrap();
    without(&terminal, "results");
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_match_a_query_that_the_server_knows_go_in_one_call() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let worker = RawWorker::open(&client).await.unwrap();
    let _worker = worker.serve(turn, |_| "1".to_owned());
    for id in ["done-1", "done-2", "done-3"] {
        client.start("Done", id, None).await.unwrap();
        client.ended(id).await.unwrap();
    }
    client.start("Card", "card-1", None).await.unwrap();
    client.ended("card-1").await.unwrap();
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("card-1").unwrap();
    terminal.send("/status:completed roots:no").unwrap();
    terminal.send(ENTER).unwrap();
    without(&terminal, "card-1");
    terminal.send(CTRL_A).unwrap();
    terminal.wait_for("3 marked").unwrap();
    terminal.send("x").unwrap();
    terminal.wait_for("by query: all that match").unwrap();
    terminal.wait_for("deletes 3 instances").unwrap();
    terminal.send("3y").unwrap();
    terminal.wait_for("purged 3 instances by one call").unwrap();
    assert_eq!(client.state("done-2").await.unwrap(), None);
    assert!(client.state("card-1").await.unwrap().is_some());
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_task_hub_is_shown_and_the_first_one_again() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Wait", "first-1", None).await.unwrap();
    let other = client.hub("orders").unwrap();
    other.start("Wait", "second-1", None).await.unwrap();
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("first-1").unwrap();
    terminal.send(":hub ").unwrap();
    terminal.wait_for("Go to task hub orders").unwrap();
    terminal.send("ord").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("second-1").unwrap();
    without(&terminal, "first-1");
    // What is sent goes there too.
    terminal.send("tf").unwrap();
    terminal
        .wait_for("Force to end this orchestration?")
        .unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("second-1 was ended in storage").unwrap();
    let status = other.status("second-1").await.unwrap();
    assert_eq!(status, OrchestrationStatus::Terminated);
    terminal.send(":hub default").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("first-1").unwrap();
    leaves_clean(terminal);
}
