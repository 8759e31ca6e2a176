//! The log of calls, as a program reads it: which rpc was used by whom, and how it was answered.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use serde_json::Value;
use tonic::Code;
use tonic::Request;
use tonic::transport::Channel;

use crate::process::emulator;

/// The program with this filter of its log; ended whatever the test does.
struct Logging(Child);

impl Logging {
    async fn start(filter: &str) -> (Self, TaskHubSidecarServiceClient<Channel>) {
        let mut child = emulator(&["--ephemeral", "--log-format", "json"])
            .env("RUST_LOG", filter)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let endpoint = ready["endpoint"].as_str().unwrap().to_owned();
        let channel = Channel::from_shared(endpoint).unwrap();
        let client = TaskHubSidecarServiceClient::new(channel.connect().await.unwrap());
        (Self(child), client)
    }

    /// Ends it; every line that it logged about calls.
    fn calls(mut self) -> Vec<Value> {
        self.0.kill().unwrap();
        let log = BufReader::new(self.0.stderr.take().unwrap());
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines
            .filter(|line| line["target"] == "durascope_emulator::calls")
            .collect()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn order(id: &str, name: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        ..CreateInstanceRequest::default()
    }
}

#[tokio::test]
async fn every_call_is_one_line_with_its_status_and_who_made_it() {
    let (process, mut client) = Logging::start("durascope_emulator::calls=debug").await;
    let mut named = Request::new(order("a", "Order"));
    let agent = "durabletask-test/1.2".parse().unwrap();
    named.metadata_mut().insert("x-user-agent", agent);
    client.start_instance(named).await.unwrap();
    let refused = client.start_instance(order("b", "")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let event = RaiseEventRequest {
        instance_id: "nobody".to_owned(),
        name: "E".to_owned(),
        input: None,
    };
    client.raise_event(event).await.unwrap_err();
    let mut items = client
        .get_work_items(GetWorkItemsRequest::default())
        .await
        .unwrap()
        .into_inner();
    items.message().await.unwrap();
    let mut waiting = Request::new(GetInstanceRequest {
        instance_id: "a".to_owned(),
        get_inputs_and_outputs: false,
    });
    waiting.set_timeout(std::time::Duration::from_millis(50));
    client
        .wait_for_instance_completion(waiting)
        .await
        .unwrap_err();
    client.hello(()).await.unwrap();

    let calls = process.calls();
    let text = |call: &Value, field: &str| call["fields"][field].as_str().unwrap().to_owned();
    // The wait ends by itself, so its place among the lines is a matter of chance; and on a busy
    // machine the caller may leave before it is answered.
    let (waits, others): (Vec<&Value>, Vec<&Value>) = calls
        .iter()
        .partition(|call| text(call, "method") == "WaitForInstanceCompletion");
    assert_eq!(waits.len(), 1, "{calls:?}");
    let ended = text(waits[0], "status");
    assert!(
        ["DEADLINE_EXCEEDED", "CANCELLED"].contains(&&*ended),
        "{ended}"
    );
    assert!(waits[0]["fields"]["micros"].as_u64().unwrap() >= 10_000);
    let seen: Vec<(String, String)> = others
        .iter()
        .map(|call| (text(call, "method"), text(call, "status")))
        .collect();
    let expected = [
        ("StartInstance", "OK"),
        ("StartInstance", "INVALID_ARGUMENT"),
        ("RaiseEvent", "NOT_FOUND"),
        ("GetWorkItems", "OK"),
        ("Hello", "OK"),
    ];
    let expected = expected.map(|(method, status)| (method.to_owned(), status.to_owned()));
    assert_eq!(seen, expected, "{calls:?}");
    assert_eq!(text(others[0], "user_agent"), "durabletask-test/1.2");
    assert!(text(others[1], "user_agent").contains("tonic"), "{calls:?}");
    assert!(calls.iter().all(|call| call["level"] == "DEBUG"));
}

#[tokio::test]
async fn without_being_asked_for_calls_are_not_logged() {
    let (process, mut client) = Logging::start("info").await;
    client.start_instance(order("a", "Order")).await.unwrap();
    assert_eq!(process.calls(), Vec::<Value>::new());
}
