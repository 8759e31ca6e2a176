//! Programs of the official Python and JavaScript clients on one hub with the Rust SDK: they call
//! each other, and what they leave behind is kept for the SDK's own tests.

mod calls;
mod events;
mod failures;
mod histories;
mod values;

use std::process::Output;

use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Functions;
use durascope_sdk::OrchestrationState;
use durascope_sdk::StartOptions;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerHandle;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use durascope_tests::official;
use serde_json::Value;

/// Whose official client runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    JavaScript,
}

impl Language {
    /// The folder of its histories.
    fn folder(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
        }
    }

    fn prelude(self) -> &'static str {
        match self {
            Self::Python => include_str!("programs/prelude.py"),
            Self::JavaScript => include_str!("programs/prelude.mjs"),
        }
    }

    /// What its client makes of the program; `None` where this machine lacks the language.
    fn runs(self, program: &str) -> Option<Output> {
        let run = match self {
            Self::Python => official::python_runs,
            Self::JavaScript => official::javascript_runs,
        };
        run(program).unwrap()
    }
}

/// A hub of its own, and a worker of ours on it.
struct World {
    emulator: Emulator,
    client: Client,
    worker: Option<WorkerHandle>,
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let options = ConnectOptions::new(emulator.endpoint(), "default").unwrap();
        Self {
            client: Client::connect(options).unwrap(),
            emulator,
            worker: None,
        }
    }

    fn with(functions: Functions) -> Self {
        let mut world = Self::new();
        let worker = Worker::builder(&world.client)
            .functions(functions)
            .only_registered();
        world.worker = Some(worker.build().unwrap().start());
        world
    }

    /// Runs a program beside our worker, with these texts in its places, to its end. Each line of
    /// its output is what an instance came to; `None` where this machine lacks the language.
    async fn run(
        &self,
        language: Language,
        program: &str,
        places: &[(&str, &str)],
    ) -> Option<Vec<Value>> {
        let mut text = format!("{}\n{program}", language.prelude());
        text = text.replace("@ENDPOINT@", self.emulator.endpoint());
        for (place, filling) in places {
            assert!(text.contains(place), "{place}");
            text = text.replace(place, filling);
        }
        let output = tokio::task::spawn_blocking(move || language.runs(&text));
        let output = output.await.unwrap()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}\n{complaints}");
        let lines = said.lines().map(serde_json::from_str);
        Some(lines.collect::<Result<_, _>>().unwrap())
    }

    async fn start(&self, name: &str, id: &str, input: &Value) {
        let options = StartOptions::new().instance_id(id);
        let started = self.client.start_by_name(name, input, options).await;
        started.unwrap();
    }

    /// Runs the worker of a language until all these have ended, and gives what it says of them.
    async fn peer(&self, language: Language, ids: &[String]) -> Option<Vec<Value>> {
        let program = match language {
            Language::Python => include_str!("programs/peer.py"),
            Language::JavaScript => include_str!("programs/peer.mjs"),
        };
        let ids = Value::from(ids).to_string();
        self.run(language, program, &[("@IDS@", &ids)]).await
    }

    async fn ended(&self, id: &str) -> OrchestrationState {
        self.client.wait_for_completion(id, DEADLINE).await.unwrap()
    }

    async fn stop(self) {
        if let Some(worker) = self.worker {
            worker.stop().await.unwrap();
        }
    }
}

/// The line of a program about an instance, which must have ended in this way.
fn line<'a>(lines: &'a [Value], id: &str, status: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["id"] == id);
    let line = found.unwrap_or_else(|| panic!("nothing is said of {id}: {lines:#?}"));
    assert_eq!(line["status"], status, "{line:#}");
    line
}

/// The output of an instance by the line about it.
fn output(lines: &[Value], id: &str) -> Value {
    let text = line(lines, id, "COMPLETED")["output"].as_str();
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}
