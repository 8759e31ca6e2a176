//! Scenario tests: given an instance, when a message or an answer comes, then this is committed.

mod batches;
mod completion;
mod delivery;
mod renewal;
mod rewind;
mod sizes;
mod skipping;
mod starts;
mod turns;

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::CreateTimerAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SendEventAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::time;
use prost::Message as _;

use crate::Instance;
use crate::Kind;
use crate::deliver::Delivery;
use crate::deliver::Entry;
use crate::deliver::Message;
use crate::history;
use crate::start;
use crate::start::NewInstance;
use crate::turn;
use crate::turn::Answer;
use crate::turn::Commit;
use crate::turn::Surroundings;
use crate::turn::Turn;
use crate::turn::TurnMessage;

const EXECUTION: &str = "0123456789abcdef0123456789abcdef";
const NEXT_EXECUTION: &str = "ffffffffffffffffffffffffffffffff";

/// An instance with its inbox, driven as the hub drives it.
struct Scenario {
    now_us: i64,
    instance: Instance,
    inbox: Vec<TurnMessage>,
}

impl Scenario {
    fn started(id: &str) -> Self {
        Self::from_new(1_000, new_instance(1_000, id))
    }

    /// After its first turn, which did nothing.
    fn running(id: &str) -> Self {
        let mut scenario = Self::started(id);
        scenario.turn([]);
        scenario
    }

    fn from_new(now_us: i64, new: NewInstance) -> Self {
        let mut scenario = Self {
            now_us,
            instance: new.instance,
            inbox: Vec::new(),
        };
        scenario.put(new.entry);
        scenario
    }

    fn put(&mut self, entry: Entry) {
        self.now_us += 1;
        self.inbox.push(TurnMessage {
            at_us: entry.visible_us.unwrap_or(self.now_us),
            seq: self.now_us,
            kind: entry.kind,
            scheduled: entry.visible_us.is_some(),
            event: entry.event,
        });
    }

    fn deliver(&mut self, message: Message) -> bool {
        self.now_us += 1;
        match self.instance.deliver(self.now_us, message) {
            Delivery::Accepted { after, entry } => {
                self.instance = after;
                self.put(entry);
                true
            }
            Delivery::Ignored | Delivery::EndsUnstarted { .. } => false,
        }
    }

    /// Hands out everything that waits and applies these actions.
    fn turn<const N: usize>(&mut self, actions: [OrchestratorAction; N]) -> Commit {
        self.answer(Answer {
            actions: actions.into(),
            ..Default::default()
        })
    }

    fn answer(&mut self, answer: Answer) -> Commit {
        self.now_us += 1;
        let messages = std::mem::take(&mut self.inbox);
        let turn = Turn::new(self.now_us, &self.instance, messages);
        let commit = self.apply(&turn, answer, Surroundings::default());
        self.inbox = turn.messages[commit.consumed..].to_vec();
        for entry in commit.first_entries.iter().chain(&commit.entries) {
            self.put(entry.clone());
        }
        self.instance = commit.after.clone();
        commit
    }

    fn apply(&mut self, turn: &Turn, answer: Answer, surroundings: Surroundings) -> Commit {
        self.now_us += 1;
        turn::apply(
            self.now_us,
            &self.instance,
            turn,
            answer,
            surroundings,
            NEXT_EXECUTION,
        )
    }
}

fn request(id: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: "Order".to_owned(),
        input: Some("1".to_owned()),
        ..Default::default()
    }
}

fn new_instance(now_us: i64, id: &str) -> NewInstance {
    *start::request(now_us, request(id), None, EXECUTION)
        .unwrap()
        .new
}

fn action(id: i32, kind: OrchestratorActionType) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(kind),
    }
}

fn schedule(id: i32, name: &str) -> OrchestratorAction {
    let task = ScheduleTaskAction {
        name: name.to_owned(),
        ..Default::default()
    };
    action(id, OrchestratorActionType::ScheduleTask(task))
}

fn timer(id: i32, fire_at_us: i64) -> OrchestratorAction {
    let fire_at = Some(time::from_micros(fire_at_us));
    action(
        id,
        OrchestratorActionType::CreateTimer(CreateTimerAction { fire_at }),
    )
}

fn child(id: i32, instance_id: &str) -> OrchestratorAction {
    let child = CreateSubOrchestrationAction {
        instance_id: instance_id.to_owned(),
        name: "Child".to_owned(),
        ..Default::default()
    };
    action(id, OrchestratorActionType::CreateSubOrchestration(child))
}

fn send(id: i32, target: &str, name: &str) -> OrchestratorAction {
    let send = SendEventAction {
        instance: Some(OrchestrationInstance {
            instance_id: target.to_owned(),
            execution_id: None,
        }),
        name: name.to_owned(),
        data: Some("7".to_owned()),
    };
    action(id, OrchestratorActionType::SendEvent(send))
}

fn complete(id: i32, status: OrchestrationStatus, result: &str) -> OrchestratorAction {
    let complete = CompleteOrchestrationAction {
        orchestration_status: status as i32,
        result: Some(result.to_owned()),
        ..Default::default()
    };
    action(id, OrchestratorActionType::CompleteOrchestration(complete))
}

fn raised(name: &str) -> Message {
    Message::Raised {
        name: name.to_owned(),
        input: None,
    }
}

fn terminate(recurse: bool) -> Message {
    Message::Terminate {
        output: Some("\"stop\"".to_owned()),
        recurse,
    }
}

/// The committed events of a turn.
fn events(commit: &Commit) -> Vec<HistoryEvent> {
    let chunks = commit.chunks.iter();
    chunks
        .flat_map(|chunk| history::events(&chunk.data).collect::<Vec<_>>())
        .map(|event| HistoryEvent::decode(event).unwrap())
        .collect()
}

/// Ids and short names of the committed events.
fn shape(commit: &Commit) -> Vec<(i32, &'static str)> {
    events(commit)
        .iter()
        .map(|event| (event.event_id, name(event)))
        .collect()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names only what it knows"
)]
fn name(event: &HistoryEvent) -> &'static str {
    match event.event_type.as_ref().unwrap() {
        EventType::OrchestratorStarted(_) => "turn",
        EventType::ExecutionStarted(_) => "started",
        EventType::ExecutionCompleted(_) => "completed",
        EventType::ExecutionTerminated(_) => "terminated",
        EventType::ExecutionSuspended(_) => "suspended",
        EventType::ExecutionResumed(_) => "resumed",
        EventType::TaskScheduled(_) => "task",
        EventType::TaskCompleted(_) => "task completed",
        EventType::TaskFailed(_) => "task failed",
        EventType::TimerCreated(_) => "timer",
        EventType::TimerFired(_) => "timer fired",
        EventType::SubOrchestrationInstanceCreated(_) => "child",
        EventType::EventSent(_) => "sent",
        EventType::EventRaised(_) => "raised",
        EventType::ExecutionRewound(_) => "rewound",
        EventType::SubOrchestrationInstanceCompleted(_) => "child completed",
        EventType::SubOrchestrationInstanceFailed(_) => "child failed",
        other => panic!("unexpected event {other:?}"),
    }
}

fn kinds(entries: &[Entry]) -> Vec<Kind> {
    entries.iter().map(|entry| entry.kind).collect()
}
