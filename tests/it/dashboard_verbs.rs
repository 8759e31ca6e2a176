//! What the dialogs of the dashboard show as a command line, carried out as one.

use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use durascope::app::deed::Deed;
use durascope_proto::OrchestrationStatus;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;

const REFUSED: i32 = 1;
const NOTHING_DONE: i32 = 2;
const NOT_CONNECTED: i32 = 3;

/// The line as a shell runs it, with the command of this build.
fn shell(line: &str, endpoint: &str) -> Output {
    let binary = Binary::Dashboard.path().unwrap();
    let rest = line.strip_prefix("durascope ").unwrap();
    Command::new("sh")
        .arg("-c")
        .arg(format!("\"$DURASCOPE\" {rest}"))
        .env("DURASCOPE", binary)
        .env("ENDPOINT", endpoint)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |it: &[u8]| String::from_utf8(it.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The command line of a dialog.
fn line(deed: &Deed, ids: &[&str]) -> String {
    let settings = durascope::app::model::Settings {
        endpoint: "localhost:8080".to_owned(),
        url: "http://localhost:8080".to_owned(),
        task_hub: "default".to_owned(),
        read_only: false,
    };
    deed.command(ids.iter().copied(), usize::MAX)
        .text(&settings)
}

async fn status(client: &RawClient, id: &str) -> OrchestrationStatus {
    client.ended(id).await.unwrap().orchestration_status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_lines_of_dialogs_do_what_the_dialogs_do() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let endpoint = emulator.endpoint();
    let start =
        "durascope instances start Order --id \"it's 1\" --input '{\"n\":1}' --tag team=red";
    let (out, err) = said(&shell(start, endpoint));
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("Order: started as it's 1\n", "")
    );
    let again = shell(start, endpoint);
    assert_eq!(again.status.code(), Some(REFUSED), "an id that is taken");
    client.start("Order", "-x", None).await.unwrap();
    client.start("Order", "gone", None).await.unwrap();

    let raise = Deed::RaiseEvent {
        name: "Go on".to_owned(),
        payload: Some("{\"by\":\"o'neill $HOME\"}".to_owned()),
    };
    let (out, err) = said(&shell(&line(&raise, &["it's 1", "-x"]), endpoint));
    assert_eq!(err, "");
    assert_eq!(out.lines().count(), 2, "{out}");
    let suspend = Deed::Suspend {
        reason: Some("a  b".to_owned()),
    };
    assert!(
        shell(&line(&suspend, &["it's 1"]), endpoint)
            .status
            .success()
    );
    let resume = Deed::Resume { reason: None };
    assert!(
        shell(&line(&resume, &["it's 1"]), endpoint)
            .status
            .success()
    );

    // What destroys is not done unasked.
    let terminate = Deed::Terminate {
        reason: Some("no longer".to_owned()),
        recursive: true,
        force: false,
    };
    let line_of = line(&terminate, &["it's 1", "nobody"]);
    let refused = shell(&line_of, endpoint);
    assert_eq!(refused.status.code(), Some(NOTHING_DONE));
    assert!(said(&refused).1.contains("--yes"), "{refused:?}");
    let force = Deed::Terminate {
        reason: None,
        recursive: false,
        force: true,
    };
    let forced = line(&force, &["gone"]).replace("terminate", "terminate --yes");
    assert!(shell(&forced, endpoint).status.success());
    assert_eq!(
        status(&client, "gone").await,
        OrchestrationStatus::Terminated
    );
    let some = shell(&line_of.replace("terminate", "terminate --yes"), endpoint);
    let (out, err) = said(&some);
    assert_eq!(some.status.code(), Some(REFUSED));
    assert!(out.starts_with("it's 1: "), "{out}");
    assert!(err.starts_with("nobody: not found"), "{err}");
    let purge = Deed::Purge { recursive: true };
    let purged = line(&purge, &["gone"]).replace("purge", "purge --yes");
    let (out, err) = said(&shell(&purged, endpoint));
    assert_eq!(
        (out.contains("1 deleted"), err.as_str()),
        (true, ""),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entities_are_signalled_and_bad_input_is_named() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let endpoint = emulator.endpoint();
    let signal = shell(
        "durascope entities signal @counter@a add --input 5",
        endpoint,
    );
    assert!(signal.status.success(), "{signal:?}");
    let mut worker = RawWorker::open(&client).await.unwrap();
    let batch = worker.answer_entity(Some("5"), Some("5")).await.unwrap();
    assert_eq!(batch.names(), ["add"]);
    let clean = "durascope entities clean --remove-empty --release-locks";
    let (out, _) = said(&shell(clean, endpoint));
    assert!(out.contains("0 removed"), "{out}");

    let bad = shell("durascope instances start X --input oops", endpoint);
    assert_eq!(bad.status.code(), Some(NOTHING_DONE));
    assert!(said(&bad).1.contains("--input is no JSON"), "{bad:?}");
    let nowhere = shell("durascope instances resume x", "http://127.0.0.1:1");
    assert_eq!(nowhere.status.code(), Some(NOT_CONNECTED), "{nowhere:?}");
}
