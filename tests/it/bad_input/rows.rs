//! A table of calls that change nothing, each with what it must be answered.

use std::time::Duration;

use durascope_tests::dump::Dump;
use prost::Message;
use tonic::Code;
use tonic::Status;

use super::raw;
use super::raw::Call;
use super::world::World;

/// The task hub that rows mean unless they say otherwise.
const HUB: &str = "default";

/// How long a wait must stay open to be believed.
const STILL_WAITING: Duration = Duration::from_millis(200);

/// Rows of one theme.
#[derive(Debug, Default)]
pub(super) struct Table(pub(super) Vec<Row>);

/// One call; whatever the answer is, what is stored stays as it is.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) case: String,
    pub(super) call: Call,
    pub(super) expected: Expected,
}

#[derive(Debug)]
pub(super) enum Expected {
    /// The call succeeds with just these messages.
    Answer(Vec<Vec<u8>>),
    /// The call is refused with this code and a text that has these words.
    Refusal(Code, Vec<String>),
    /// The call waits until its deadline.
    Wait,
}

impl Table {
    fn push(&mut self, rpc: &str, case: &str, request: &impl Message, expected: Expected) {
        let call = Call {
            rpc: rpc.to_owned(),
            hub: Some(HUB.into()),
            deadline: None,
            body: request.encode_to_vec(),
        };
        self.add(case, call, expected);
    }

    pub(super) fn add(&mut self, case: &str, call: Call, expected: Expected) {
        self.0.push(Row {
            case: case.to_owned(),
            call,
            expected,
        });
    }

    /// A request that is not as it must be.
    pub(super) fn invalid(
        &mut self,
        rpc: &str,
        case: &str,
        request: &impl Message,
        words: &[&str],
    ) {
        self.refused(rpc, case, request, Code::InvalidArgument, words);
    }

    pub(super) fn refused(
        &mut self,
        rpc: &str,
        case: &str,
        request: &impl Message,
        code: Code,
        words: &[&str],
    ) {
        self.push(rpc, case, request, refusal(code, words));
    }

    /// A call that is answered although nothing happens.
    pub(super) fn answered(
        &mut self,
        rpc: &str,
        case: &str,
        request: &impl Message,
        answer: &impl Message,
    ) {
        let answer = Expected::Answer(vec![answer.encode_to_vec()]);
        self.push(rpc, case, request, answer);
    }

    /// A stream that ends without a message.
    pub(super) fn empty(&mut self, rpc: &str, case: &str, request: &impl Message) {
        self.push(rpc, case, request, Expected::Answer(Vec::new()));
    }

    /// A call that waits until its deadline.
    pub(super) fn waits(&mut self, rpc: &str, case: &str, request: &impl Message) {
        self.push(rpc, case, request, Expected::Wait);
        if let Some(row) = self.0.last_mut() {
            row.call.deadline = Some(STILL_WAITING);
        }
    }

    /// Makes every call against one emulator; all breaches are told in one run.
    pub(super) async fn check(self, world: &World) {
        let mut problems = Vec::new();
        let count = self.0.len();
        let mut before = world.dump();
        for row in self.0 {
            let answer = raw::call(&world.client, &row.call).await;
            let name = format!("{}, {}", row.call.rpc, row.case);
            if let Some(problem) = row.expected.problem(answer) {
                problems.push(format!("{name}: {problem}"));
            }
            let after = world.dump();
            problems.extend(changes(&name, &before, &after));
            before = after;
        }
        assert!(
            problems.is_empty(),
            "{} problems in {count} rows:\n{}",
            problems.len(),
            problems.join("\n")
        );
    }
}

pub(super) fn refusal(code: Code, words: &[&str]) -> Expected {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    Expected::Refusal(code, words)
}

fn changes(name: &str, before: &Dump, after: &Dump) -> Option<String> {
    let changes = before.differences(after);
    (!changes.is_empty()).then(|| format!("{name}: it changed\n  {}", changes.join("\n  ")))
}

impl Expected {
    /// What is wrong with this answer, if anything is.
    fn problem(&self, answer: Result<Vec<Vec<u8>>, Status>) -> Option<String> {
        match (self, answer) {
            (Self::Answer(expected), Ok(answer)) => (*expected != answer)
                .then(|| format!("answered {} not {}", shown(&answer), shown(expected))),
            (Self::Refusal(code, words), Err(status)) => {
                let missing: Vec<&String> = words
                    .iter()
                    .filter(|word| !status.message().contains(word.as_str()))
                    .collect();
                let wrong = status.code() != *code || !missing.is_empty();
                wrong.then(|| {
                    format!(
                        "refused with {:?} {:?}, not {code:?}; missing {missing:?}",
                        status.code(),
                        status.message()
                    )
                })
            }
            // Which of both deadlines passes first, ours or the transport's, is chance.
            (Self::Wait, Err(status))
                if matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled) =>
            {
                None
            }
            (Self::Answer(_) | Self::Wait, Err(status)) => Some(format!("refused with {status:?}")),
            (Self::Refusal(..) | Self::Wait, Ok(answer)) => {
                Some(format!("answered {}, not refused", shown(&answer)))
            }
        }
    }
}

fn shown(messages: &[Vec<u8>]) -> String {
    let texts: Vec<String> = messages
        .iter()
        .map(|message| message.escape_ascii().to_string())
        .collect();
    format!("{texts:?}")
}
