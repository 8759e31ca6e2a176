//! The web service of the examples: start, status, and what it says of ids it does not know.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

use durascope_tests::Binary;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use serde_json::Value;
use serde_json::json;

struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(emulator: &Emulator) -> Self {
        let connection = format!(
            "Endpoint={};TaskHub=http;Authentication=None",
            emulator.endpoint()
        );
        let mut child = Command::new(Binary::HttpExample.path().unwrap())
            .arg("127.0.0.1:0")
            .env("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", connection)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Status code, `location` header, and body of one request.
    fn request(&self, method: &str, path: &str, body: &str) -> (u16, Option<String>, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (code, location.map(str::to_owned), body)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn an_orchestration_is_started_and_watched_over_http() {
    let emulator = Emulator::ephemeral().unwrap();
    let service = Service::start(&emulator);

    let (code, location, started) =
        service.request("POST", "/crawls", r#"{"pages":30,"at_a_time":4}"#);
    assert_eq!(code, 202, "{started}");
    let url = started["statusUrl"].as_str().unwrap();
    assert_eq!(location.as_deref(), Some(url));
    assert!(url.ends_with(started["instanceId"].as_str().unwrap()));

    let begun = Instant::now();
    let state = loop {
        let (code, _, state) = service.request("GET", url, "");
        assert_eq!(code, 200, "{state}");
        if state["status"] == "COMPLETED" {
            break state;
        }
        assert!(begun.elapsed() < DEADLINE, "{state}");
    };
    assert_eq!(state["output"], json!(465_000));
    let progress = json!({"label": "FetchPage", "finished": 30, "failed": 0, "total": 30});
    assert_eq!(state["progress"], progress);
    assert_eq!(state["failure"], Value::Null);
}

#[test]
fn what_cannot_be_answered_has_the_status_that_says_why() {
    let emulator = Emulator::ephemeral().unwrap();
    let service = Service::start(&emulator);
    let (code, _, body) = service.request("GET", "/crawls/nobody", "");
    assert_eq!(code, 404);
    assert_eq!(body["error"], "no orchestration has the id \"nobody\"");
    let (code, _, _) = service.request("POST", "/crawls", r#"{"pages":"many"}"#);
    assert_eq!(code, 422);
    let (code, _, _) = service.request("POST", "/crawls", "{");
    assert_eq!(code, 400);
}
