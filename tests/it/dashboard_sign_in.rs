//! The dashboard signs in: tokens of a stand-in for `az` on the PATH, through TLS, to the real
//! emulator behind a check of every call.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use durascope_proto::OrchestrationStatus;
use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::Front;
use durascope_tests::RawClient;
use durascope_tests::Terminal;
use durascope_tests::front::Mishap;
use durascope_tests::front::Seen;
use tempfile::TempDir;

const HUB: &str = "guarded";
const SIZE: (u16, u16) = (30, 120);
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";

/// So long that the front never takes a token for too old.
const LONG: Duration = Duration::from_secs(3_600);
/// More than any test has given out.
const TOKENS: usize = 100;

/// Answers like the command line of Azure: with one token after the other, good for `seconds` as
/// it says, if somebody has signed in.
const AZ: &str = r#"#!/bin/sh
folder=$(dirname "$0")
echo "$*" >> "$folder/asked"
if [ ! -f "$folder/signed-in" ]; then
    echo "ERROR: Please run 'az login' to setup account." >&2
    exit 1
fi
number=$(($(wc -l < "$folder/asked") + $(cat "$folder/revoked")))
end=$(($(date +%s) + $(cat "$folder/seconds")))
printf '{"accessToken": "token-%s", "expires_on": %s, "tokenType": "Bearer"}\n' "$number" "$end"
"#;

/// A front, and a machine with an `az` whose tokens it takes.
struct Guarded {
    front: Front,
    folder: TempDir,
    root: PathBuf,
}

impl Guarded {
    async fn before(emulator: &Emulator, seconds: u32) -> Self {
        let front = Front::start(emulator.endpoint(), HUB).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let az = folder.path().join("az");
        fs::write(&az, AZ).unwrap();
        fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
        let root = folder.path().join("root.pem");
        fs::write(&root, front.root()).unwrap();
        let guarded = Self {
            front,
            folder,
            root,
        };
        guarded.write("seconds", &seconds.to_string());
        guarded.write("revoked", "0");
        guarded.issue();
        guarded
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn issue(&self) {
        for _ in 0..TOKENS {
            self.front.tokens().issue(LONG);
        }
    }

    /// As if `az login` had been run.
    fn sign_in(&self) {
        self.write("signed-in", "");
    }

    fn sign_out(&self) {
        fs::remove_file(self.folder.path().join("signed-in")).unwrap();
    }

    /// No token is good any more that was given out so far, and streams opened with one end.
    fn revoke(&self) {
        self.write("revoked", &TOKENS.to_string());
        self.front.tokens().revoke();
        self.issue();
    }

    /// The lines that `az` was called with.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.folder.path().join("asked")).unwrap();
        asked.lines().map(str::to_owned).collect()
    }

    fn dashboard(&self) -> Terminal {
        let connection = format!(
            "Endpoint={};TaskHub={HUB};Authentication=AzureCli",
            self.front.endpoint()
        );
        let arguments = ["--connection-string", &connection];
        start(&arguments, Some(self.folder.path()), Some(&self.root))
    }
}

fn start(arguments: &[&str], tools: Option<&Path>, root: Option<&Path>) -> Terminal {
    let known = std::env::var("PATH").unwrap();
    let path = match tools {
        Some(tools) => format!("{}:{known}", tools.display()),
        None => known,
    };
    let mut environment = vec![("LC_ALL", "C.UTF-8"), ("PATH", path.as_str())];
    let root = root.map(|it| it.to_str().unwrap());
    environment.extend(root.map(|it| ("SSL_CERT_FILE", it)));
    let program = Binary::Dashboard.path().unwrap();
    Terminal::start(&program, arguments, &environment, SIZE).unwrap()
}

fn leave(mut terminal: Terminal) {
    terminal.send("q").unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
}

async fn direct(emulator: &Emulator) -> RawClient {
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.hub(HUB).unwrap()
}

fn through<'a>(seen: &'a [Seen], method: &str) -> Vec<&'a Seen> {
    let calls = seen.iter().filter(|it| it.method == method);
    calls.filter(|it| it.let_through).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feed_and_keys_carry_the_token_and_come_back_when_it_ends() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = direct(&emulator).await;
    client.start("Order", "order-1", None).await.unwrap();
    let guarded = Guarded::before(&emulator, 3_600).await;
    guarded.sign_in();
    let terminal = guarded.dashboard();
    terminal.wait_for("order-1").unwrap();
    terminal.wait_for("● live").unwrap();
    terminal.send("t").unwrap();
    terminal.wait_for("Terminate this orchestration?").unwrap();
    terminal.send("y").unwrap();
    terminal.wait_for("terminate accepted for order-1").unwrap();

    let front = &guarded.front;
    let seen = front.seen();
    for call in &seen {
        assert_eq!(call.header("authorization"), "Bearer token-1", "{call:?}");
        assert_eq!(call.header("taskhub"), HUB);
        let agent = call.header("x-user-agent");
        assert!(agent.starts_with("durascope/"), "{call:?}");
    }
    assert_eq!(through(&seen, "Watch").len(), 1);
    assert_eq!(through(&seen, "TerminateInstance").len(), 1);
    // One token for both connections, for the service of Azure.
    assert_eq!(
        guarded.asked(),
        ["account get-access-token -o json --scope https://durabletask.io/.default"]
    );

    guarded.revoke();
    front
        .until(|seen| through(seen, "Watch").len() == 2)
        .await
        .unwrap();
    client.start("Order", "order-2", None).await.unwrap();
    terminal.wait_for("order-2").unwrap();
    front.relay().cut();
    front
        .until(|seen| through(seen, "Watch").len() == 3)
        .await
        .unwrap();
    client.start("Order", "order-3", None).await.unwrap();
    terminal.wait_for("order-3").unwrap();

    // What was seen stays, and why nothing follows stands in the header.
    guarded.sign_out();
    front.tokens().revoke();
    terminal
        .wait_until("order-3 and the reason", |screen| {
            screen.contains("not signed in: sign in") && screen.contains("order-3")
        })
        .unwrap();
    leave(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_asks_for_is_done_again_only_where_that_does_no_harm() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = direct(&emulator).await;
    client.start("Order", "order-1", None).await.unwrap();
    let guarded = Guarded::before(&emulator, 3_600).await;
    guarded.sign_in();
    let front = &guarded.front;
    let terminal = guarded.dashboard();
    terminal.wait_for("order-1").unwrap();

    front.next("RaiseEvent", Mishap::AnswerLost);
    terminal.send("e").unwrap();
    terminal.wait_for("Raise event").unwrap();
    terminal.send("Go").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal
        .wait_for("it is not known whether the call was carried out")
        .unwrap();
    assert_eq!(front.count("RaiseEvent"), 1);

    front.next("SuspendInstance", Mishap::AnswerLost);
    terminal.send("z").unwrap();
    terminal.wait_for("suspend accepted for order-1").unwrap();
    assert_eq!(front.count("SuspendInstance"), 2);
    leave(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_signed_in_reads_how_to_and_is_let_in_after() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = direct(&emulator).await;
    client.start("Order", "order-1", None).await.unwrap();
    let guarded = Guarded::before(&emulator, 3_600).await;
    let terminal = guarded.dashboard();
    terminal.wait_for("No data from localhost").unwrap();
    let screen = terminal
        .wait_for("not signed in: sign in with `az login`")
        .unwrap();
    // What the tool itself said is there too.
    assert!(screen.contains("ERROR: Please run 'az"), "{screen}");
    assert!(guarded.front.seen().is_empty(), "nothing to send");
    guarded.sign_in();
    terminal.send("r").unwrap();
    terminal.wait_for("order-1").unwrap();
    leave(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_a_token_from_nobody_and_one_that_refuses_it_say_so() {
    let emulator = Emulator::ephemeral().unwrap();
    let guarded = Guarded::before(&emulator, 3_600).await;
    let endpoint = guarded.front.endpoint();
    let nobody = [
        "--endpoint",
        &endpoint,
        "--task-hub",
        HUB,
        "--authentication",
        "None",
    ];
    let terminal = start(&nobody, None, Some(&guarded.root));
    terminal
        .wait_for("not signed in: the server wants to know who asks: --authentication")
        .unwrap();
    leave(terminal);

    guarded.sign_in();
    // No token that is given out from here on is good.
    guarded.write("revoked", "100000");
    let terminal = guarded.dashboard();
    terminal
        .wait_for("not signed in: the server does not take this identity's token")
        .unwrap();
    leave(terminal);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_renews_the_token_before_its_end() {
    let emulator = Emulator::start(&["--ephemeral", "--no-feed"]).unwrap();
    let client = direct(&emulator).await;
    client.start("Order", "order-1", None).await.unwrap();
    let guarded = Guarded::before(&emulator, 4).await;
    guarded.sign_in();
    let terminal = guarded.dashboard();
    terminal.wait_for("order-1").unwrap();
    terminal.wait_for("polling every 1.0s (no feed)").unwrap();
    let front = &guarded.front;
    let third = |it: &Seen| it.header("authorization") == "Bearer token-3";
    front.until(|seen| seen.iter().any(third)).await.unwrap();
    assert!(front.seen().iter().all(|it| it.let_through));

    terminal.send(ENTER).unwrap();
    terminal.send("z").unwrap();
    terminal.wait_for("suspend accepted for order-1").unwrap();
    assert_eq!(through(&front.seen(), "SuspendInstance").len(), 1);
    assert_ne!(
        client.status("order-1").await.unwrap(),
        OrchestrationStatus::Completed
    );
    leave(terminal);
}

#[test]
fn what_cannot_sign_in_is_refused_before_the_screen_opens() {
    let rows = [
        (
            "Endpoint=https://h;TaskHub=x;Authentication=VisualStudio",
            "sign in with `az login` and use AzureCli",
        ),
        (
            "Endpoint=http://scheduler;TaskHub=x;Authentication=AzureCli",
            "refusing to send credentials unencrypted",
        ),
        (
            "Endpoint=https://h;TaskHub=x;Authentication=Magic",
            "AzureDeveloperCli",
        ),
    ];
    for (connection, words) in rows {
        let mut terminal = start(&["--connection-string", connection], None, None);
        assert_eq!(terminal.wait_exit().unwrap(), 2, "{connection}");
        let screen = terminal.screen().replace('\n', "");
        assert!(screen.contains(words), "{screen}");
        assert!(!screen.contains("ConnectOptions"), "{screen}");
    }
}
