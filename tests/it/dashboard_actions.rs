//! Every action of the dashboard, by its keys in a real terminal, on the real emulator: on one,
//! on the marked, on all that match, and on a server without the feed.

use durascope::app::effect::Call;
use durascope::config::Server;
use durascope::io::calls;
use durascope::io::wire::Address;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_sdk::ConnectOptions;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::Terminal;
use durascope_tests::actions;
use durascope_tests::entities;
use durascope_tests::events;
use durascope_tests::terminal::Modes;
use durascope_tests::worker::Serving;

const SIZE: (u16, u16) = (36, 130);
const CTRL_A: &str = "\x01";
const CTRL_R: &str = "\x12";
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const TAB: &str = "\t";
/// A terminal without a desktop: copies go by the terminal alone.
const ALONE: [(&str, &str); 4] = [
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("DISPLAY", ""),
    ("WAYLAND_DISPLAY", ""),
];

fn dashboard(endpoint: &str) -> Terminal {
    let arguments = ["--endpoint", endpoint];
    Terminal::start(&Binary::Dashboard.path().unwrap(), &arguments, &ALONE, SIZE).unwrap()
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

/// `Wait` waits for ever, `Done` completes, `Fails` fails until it is rewound.
fn turn(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    let all: Vec<_> = [&request.past_events[..], &request.new_events].concat();
    let name = events::execution_started(&all).map_or("", |it| it.name.as_str());
    let is_rewound = |events| events::kinds(events).contains(&"ExecutionRewound".to_owned());
    match name {
        "Done" => vec![actions::succeed(0, "\"done\"")],
        "Fails" if is_rewound(&request.new_events) => {
            let history = actions::without_failures(request, &actions::guid(7));
            vec![actions::rewind(history)]
        }
        "Fails" if is_rewound(&all) => vec![actions::succeed(0, "\"at last\"")],
        "Fails" => vec![actions::fail(0, entities::details("no card"))],
        _ => Vec::new(),
    }
}

async fn worker(client: &RawClient) -> Serving {
    let worker = RawWorker::open(client).await.unwrap();
    worker.serve(turn, |_| "1".to_owned())
}

async fn status(client: &RawClient, id: &str) -> OrchestrationStatus {
    client.status(id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_raised_by_a_completed_name_and_its_last_payload() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    client.start("Approval", "appr-1", None).await.unwrap();
    worker.answer_turn(Vec::new()).await.unwrap();
    client.raise("appr-1", "Approved", Some("1")).await.unwrap();
    worker.answer_turn(Vec::new()).await.unwrap();

    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("appr-1").unwrap();
    // The tree that names the event is that of the preview.
    terminal.wait_for("appr-1 · Approval").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("Approved").unwrap();
    terminal.send("eapp").unwrap();
    terminal.wait_for("known: Approved").unwrap();
    terminal.send(TAB).unwrap();
    terminal.wait_for("--event Approved").unwrap();
    terminal.send(TAB).unwrap();
    terminal.send("{\"by\": \"it's me\"").unwrap();
    terminal.wait_for("line 1 column").unwrap();
    terminal.send("}").unwrap();
    terminal.wait_for("valid").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("event “Approved” raised").unwrap();
    let payload = Some("{\"by\": \"it's me\"}".to_owned());
    let turn = worker.answer_turn(Vec::new()).await.unwrap();
    let raised = events::raised(&turn.request.new_events);
    assert_eq!(raised, [("Approved".to_owned(), payload.clone())]);

    terminal.send("e").unwrap();
    terminal.wait_for("known: Approved").unwrap();
    terminal.send(TAB).unwrap();
    terminal.send(CTRL_R).unwrap();
    terminal.wait_for("valid").unwrap();
    terminal.send(CTRL_S).unwrap();
    let turn = worker.answer_turn(Vec::new()).await.unwrap();
    let raised = events::raised(&turn.request.new_events);
    assert_eq!(raised, [("Approved".to_owned(), payload)]);
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_marked_are_terminated_and_the_fourth_is_not() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let _worker = worker(&client).await;
    for id in ["kill-1", "kill-2", "kill-3", "keep-1"] {
        client.start("Wait", id, None).await.unwrap();
        client.started(id).await.unwrap();
    }
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("keep-1").unwrap();
    terminal.send("/kill").unwrap();
    terminal.send(ENTER).unwrap();
    without(&terminal, "keep-1");
    terminal.send("   ").unwrap();
    terminal.wait_for("3 marked").unwrap();
    // Marks stay where the filter does not show them.
    terminal.send(ESCAPE).unwrap();
    terminal.wait_for("keep-1").unwrap();
    terminal.send("t").unwrap();
    terminal.wait_for("Terminate 3 orchestrations?").unwrap();
    terminal.send(TAB).unwrap();
    terminal.send("stuck in test").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("--reason 'stuck in test'").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("✓ 3 done").unwrap();
    for id in ["kill-1", "kill-2", "kill-3"] {
        let state = client.ended(id).await.unwrap();
        assert_eq!(
            state.orchestration_status(),
            OrchestrationStatus::Terminated
        );
        assert_eq!(state.output.as_deref(), Some("\"stuck in test\""));
    }
    assert_eq!(
        status(&client, "keep-1").await,
        OrchestrationStatus::Running
    );
    terminal.send(ESCAPE).unwrap();
    without(&terminal, "results");
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_match_are_purged_when_their_number_is_typed() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let _worker = worker(&client).await;
    // More than a window holds, so that not all of them are loaded.
    for at in 0..130 {
        client
            .start("Done", &format!("old-{at:03}"), None)
            .await
            .unwrap();
    }
    for at in 0..130 {
        client.ended(&format!("old-{at:03}")).await.unwrap();
    }
    client.start("Wait", "old-open", None).await.unwrap();
    client.start("Done", "new-1", None).await.unwrap();
    client.ended("new-1").await.unwrap();

    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("old-").unwrap();
    terminal.send("/old-").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("131 · sort").unwrap();
    terminal.send(CTRL_A).unwrap();
    terminal.wait_for("131 marked").unwrap();
    terminal.send("x").unwrap();
    terminal.wait_for("deletes 130 instances").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("type 130 to confirm").unwrap();
    terminal.send("130y").unwrap();
    terminal.wait_for("✓ 130 done").unwrap();
    terminal.wait_for("· 1 left out").unwrap();
    assert_eq!(client.state("old-007").await.unwrap(), None);
    assert!(client.state("old-open").await.unwrap().is_some());
    assert!(client.state("new-1").await.unwrap().is_some());
    terminal.send(ESCAPE).unwrap();
    without(&terminal, "results");
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_ones_restart_and_failed_ones_are_rewound() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let _worker = worker(&client).await;
    client.start("Done", "done-1", Some("5")).await.unwrap();
    let first = client.ended("done-1").await.unwrap();
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("completed").unwrap();
    terminal.send("R").unwrap();
    terminal.wait_for("Restart this orchestration?").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("done-1 runs again").unwrap();
    let second = client.ended("done-1").await.unwrap();
    assert_ne!(first.execution_id, second.execution_id);
    assert_eq!(second.input.as_deref(), Some("5"));
    terminal.send("R").unwrap();
    // What the screen knows of it may be older than what the client knows.
    let screen = terminal.wait_for("Restart this orchestration?").unwrap();
    if !screen.contains("stays as it is") {
        terminal.send(" ").unwrap();
    }
    terminal.wait_for("stays as it is").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("done-1 runs again as ").unwrap();
    terminal.wait_for("2 · sort").unwrap();

    client.start("Fails", "bad-1", None).await.unwrap();
    let state = client.ended("bad-1").await.unwrap();
    assert_eq!(state.orchestration_status(), OrchestrationStatus::Failed);
    terminal.send("/bad-1").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("1 · sort").unwrap();
    terminal.wait_for("no card").unwrap();
    terminal.send("w").unwrap();
    terminal.wait_for("Rewind this orchestration?").unwrap();
    terminal.send(TAB).unwrap();
    terminal.send("card works").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("rewind accepted").unwrap();
    let state = client.ended("bad-1").await.unwrap();
    assert_eq!(
        (state.orchestration_status(), state.output.as_deref()),
        (OrchestrationStatus::Completed, Some("\"at last\""))
    );
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_one_is_started_and_one_like_it() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("No orchestrations").unwrap();
    terminal.send("n").unwrap();
    terminal.wait_for("Start an orchestration").unwrap();
    for text in ["Wait", "first", "2.0", "team=a"] {
        terminal.send(text).unwrap();
        terminal.send(ENTER).unwrap();
    }
    terminal.send("{\"n\": 1}").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("Wait started as first").unwrap();
    let state = client.state("first").await.unwrap().unwrap();
    assert_eq!(
        (
            state.name.as_str(),
            state.version.as_deref(),
            state.input.as_deref()
        ),
        ("Wait", Some("2.0"), Some("{\"n\": 1}"))
    );
    assert_eq!(state.tags.get("team").map(String::as_str), Some("a"));

    // Nothing takes the place of one that has this id.
    terminal.wait_for("1 · sort").unwrap();
    terminal.send("A").unwrap();
    terminal.wait_for("team=a").unwrap();
    terminal.send("\x1b[Z\x1b[Z\x1b[Zfirst").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("exists already").unwrap();

    terminal.send("A").unwrap();
    terminal.wait_for("Start one like first").unwrap();
    terminal.wait_for("team=a").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("2 · sort").unwrap();
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_suspended_and_resumed_and_one_is_forced_to_end() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let serving = worker(&client).await;
    let ids = ["order-1", "order-2", "order-3"];
    for id in ids {
        client.start("Wait", id, None).await.unwrap();
        client.started(id).await.unwrap();
    }
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("3 · sort").unwrap();
    terminal.send(CTRL_A).unwrap();
    for (question, wanted) in [
        ("Suspend 3 of all", OrchestrationStatus::Suspended),
        ("Resume 3 of all", OrchestrationStatus::Running),
    ] {
        terminal.send("z").unwrap();
        terminal.wait_for(question).unwrap();
        terminal.send("y").unwrap();
        terminal.wait_for("✓ 3 done").unwrap();
        terminal.send(ESCAPE).unwrap();
        without(&terminal, "results");
        let word = format!(
            "3 {}",
            if wanted == OrchestrationStatus::Running {
                "running"
            } else {
                "suspended"
            }
        );
        terminal
            .wait_for(&format!("3 marked · all that there are · {word}"))
            .unwrap();
        for id in ids {
            assert_eq!(status(&client, id).await, wanted, "{id}");
        }
    }
    drop(serving);
    terminal.send("u").unwrap();
    without(&terminal, "marked");
    terminal.send("/order-2").unwrap();
    terminal.send(ENTER).unwrap();
    terminal.wait_for("1 · sort").unwrap();
    terminal.send("tf").unwrap();
    terminal
        .wait_for("Force to end this orchestration?")
        .unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("order-2 was ended in storage").unwrap();
    assert_eq!(
        status(&client, "order-2").await,
        OrchestrationStatus::Terminated
    );
    assert_eq!(
        status(&client, "order-1").await,
        OrchestrationStatus::Running
    );
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_feed_the_official_calls_do_it_all() {
    let emulator = Emulator::start(&["--ephemeral", "--no-feed"]).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let _worker = worker(&client).await;
    for at in 0..3 {
        let id = format!("old-{at}");
        client.start("Done", &id, None).await.unwrap();
        client.ended(&id).await.unwrap();
    }
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("old-2").unwrap();
    terminal.wait_for("no feed").unwrap();
    terminal.send(CTRL_A).unwrap();
    terminal.wait_for("3 marked").unwrap();
    terminal.send("x").unwrap();
    terminal.wait_for("the count is not known").unwrap();
    terminal.send("3y").unwrap();
    terminal.wait_for("✓ 3 done").unwrap();
    assert_eq!(client.state("old-1").await.unwrap(), None);
    terminal.send(ESCAPE).unwrap();
    terminal.wait_for("No orchestrations").unwrap();
    terminal.send("n").unwrap();
    terminal.wait_for("Start an orchestration").unwrap();
    for text in ["Wait", "new"] {
        terminal.send(text).unwrap();
        terminal.send(ENTER).unwrap();
    }
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("1 · sort").unwrap();
    client.started("new").await.unwrap();
    terminal.send("ty").unwrap();
    assert_eq!(
        client.ended("new").await.unwrap().orchestration_status(),
        OrchestrationStatus::Terminated
    );
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_go_to_the_terminal_and_the_way_is_told() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Wait", "it's 1", None).await.unwrap();
    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("it's 1").unwrap();
    terminal.send("y").unwrap();
    terminal
        .wait_for("it's 1 (6 B) given to the terminal's clipboard")
        .unwrap();
    terminal.send("tY").unwrap();
    terminal.wait_for("the command (").unwrap();
    let raw = terminal.raw();
    let raw = String::from_utf8_lossy(&raw);
    assert!(raw.contains("\x1b]52;c;aXQncyAx"), "the id in base64");
    // durascope instances terminate …, quoted.
    assert!(raw.contains("\x1b]52;c;ZHVyYXNjb3BlIGluc3RhbmNlcyB0ZXJtaW5hdGUgJ2l0J1wnJ3MgMSc"));
    terminal.send(ESCAPE).unwrap();
    without(&terminal, "Terminate this");
    leaves_clean(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entities_are_signalled_and_their_storage_is_cleaned() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    let server = Server {
        options: ConnectOptions::new(emulator.endpoint(), "default").unwrap(),
    };
    let hub = || Address::new(&server).unwrap().lazy();
    let signal = Call::SignalEntity {
        entity_id: "@counter@a".to_owned(),
        operation: "add".to_owned(),
        input: Some("5".to_owned()),
    };
    calls::make(hub(), 1, signal).await.outcome.unwrap();
    let batch = worker.answer_entity(Some("5"), Some("5")).await.unwrap();
    assert_eq!(batch.names(), ["add"]);
    let clean = Call::CleanEntities {
        remove_empty: true,
        release_locks: true,
    };
    calls::make(hub(), 2, clean).await.outcome.unwrap();
    assert!(client.entity("@counter@a").await.unwrap().is_some());

    let terminal = dashboard(emulator.endpoint());
    terminal.wait_for("No orchestrations").unwrap();
    terminal.send("3C").unwrap();
    terminal
        .wait_for("Clean the storage of all entities?")
        .unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("entity storage is clean").unwrap();
    leaves_clean(terminal);
}
