//! Work items as wire bytes: stored history is spliced in without being decoded.

use durascope_engine::Kind;
use durascope_engine::entity::Operation;
use durascope_engine::history;
use durascope_engine::turn::Turn;
use durascope_proto::ActivityRequest;
use durascope_proto::EncodedWorkItem;
use durascope_proto::EntityRequest;
use durascope_proto::HealthPing;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationInstance;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorEntityParameters;
use durascope_proto::OrchestratorRequest;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::sticky::Preceding;
use durascope_proto::work_item::Request;
use prost::Message as _;
use prost::bytes::Bytes;
use prost::encoding::encode_varint;
use prost::encoding::encoded_len_varint;
use prost_types::Duration;

use super::Task;
use super::Token;

/// Field 3 of OrchestratorRequest, length-delimited.
const PAST_EVENTS: u8 = 0x1A;
/// Field 4 of OrchestratorRequest, length-delimited.
const NEW_EVENTS: u8 = 0x22;
/// Field 1 of WorkItem, length-delimited.
const ORCHESTRATOR_REQUEST: u8 = 0x0A;
/// Field 5 of WorkItem, length-delimited.
const ENTITY_REQUEST_V2: u8 = 0x2A;
/// Field 4 of EntityRequest, length-delimited.
const OPERATION_REQUESTS: u8 = 0x22;

/// The rest of a work item: a completion token, a flag, and the lengths of what is inside.
const ENVELOPE_BYTES: usize = 64;

/// The head of a turn's work item.
#[derive(Debug)]
pub(crate) struct TurnHead {
    pub(crate) instance_id: String,
    pub(crate) execution: String,
    pub(crate) trace: Option<OrchestrationTraceContext>,
    /// The history is not inside; the worker streams it.
    pub(crate) streams_history: bool,
    /// The history is not inside as the worker has it in memory.
    pub(crate) kept: Option<Preceding>,
}

impl TurnHead {
    fn request(&self) -> OrchestratorRequest {
        OrchestratorRequest {
            instance_id: self.instance_id.clone(),
            execution_id: Some(self.execution.clone()),
            requires_history_streaming: self.streams_history,
            properties: self.kept.map(Preceding::properties).unwrap_or_default(),
            orchestration_trace_context: self.trace.clone(),
            // .NET takes its absence, or that of the window, for a server without entities.
            entity_parameters: Some(OrchestratorEntityParameters {
                entity_message_reorder_window: Some(Duration::default()),
            }),
            ..Default::default()
        }
    }
}

/// The encoded new events of a turn.
fn new_events(turn: &Turn) -> impl Iterator<Item = &Bytes> {
    // A replay has no event.
    let messages = turn.messages.iter().filter(|it| it.kind != Kind::Replay);
    std::iter::once(&turn.started).chain(messages.map(|message| &message.event))
}

/// At most so many bytes has the work item of this turn without its past; the past takes as many
/// as it does in the store.
pub(crate) fn turn_bytes(head: &TurnHead, turn: &Turn) -> usize {
    let record = |event: &Bytes| 1 + encoded_len_varint(event.len() as u64) + event.len();
    let news: usize = new_events(turn).map(record).sum();
    head.request().encoded_len() + news + ENVELOPE_BYTES
}

/// A turn with its past as stored chunks.
pub(crate) fn turn_item(
    head: &TurnHead,
    past: &[Bytes],
    turn: &Turn,
    token: Token,
) -> EncodedWorkItem {
    let mut body = head.request().encode_to_vec();
    for chunk in past {
        for event in history::events(chunk) {
            push(&mut body, PAST_EVENTS, &event);
        }
    }
    for event in new_events(turn) {
        push(&mut body, NEW_EVENTS, event);
    }
    wrapped(ORCHESTRATOR_REQUEST, &body, token)
}

/// A work item around an encoded request.
fn wrapped(tag: u8, body: &[u8], token: Token) -> EncodedWorkItem {
    let rest = WorkItem {
        request: None,
        completion_token: token.text(),
    };
    let mut item = Vec::with_capacity(body.len() + rest.encoded_len() + 8);
    push(&mut item, tag, body);
    rest.encode_raw(&mut item);
    EncodedWorkItem(item.into())
}

fn push(buffer: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    let length = bytes.len() as u64;
    buffer.reserve(1 + encoded_len_varint(length) + bytes.len());
    buffer.push(tag);
    encode_varint(length, buffer);
    buffer.extend_from_slice(bytes);
}

/// An activity's request as its TaskScheduled event describes it.
pub(crate) fn activity_request(task: &Task) -> ActivityRequest {
    let identity = OrchestrationInstance {
        instance_id: task.origin.instance_id.to_string(),
        execution_id: Some(task.origin.execution.to_string()),
    };
    let decoded = HistoryEvent::decode(task.activity.event.clone()).ok();
    let mut request = ActivityRequest {
        name: task.activity.name.to_string(),
        version: task.activity.version.as_deref().map(str::to_owned),
        orchestration_instance: Some(identity),
        task_id: task.activity.task_id,
        ..Default::default()
    };
    if let Some(EventType::TaskScheduled(scheduled)) = decoded.and_then(|event| event.event_type) {
        request.input = scheduled.input;
        request.parent_trace_context = scheduled.parent_trace_context;
        request.tags = scheduled.tags;
    }
    request
}

pub(crate) fn activity_item(request: ActivityRequest, token: Token) -> EncodedWorkItem {
    let item = WorkItem {
        request: Some(Request::ActivityRequest(request)),
        completion_token: token.text(),
    };
    EncodedWorkItem::from(&item)
}

/// A batch of operations of an entity, in the form that schedulers send.
pub(crate) fn entity_item(
    entity_id: &str,
    state: Option<String>,
    batch: &[Operation],
    token: Token,
) -> EncodedWorkItem {
    let head = EntityRequest {
        instance_id: entity_id.to_owned(),
        // Nobody uses it, and some expect one; entities have no executions.
        execution_id: entity_id.to_owned(),
        entity_state: state,
        operation_requests: Vec::new(),
    };
    let mut body = head.encode_to_vec();
    for operation in batch {
        push(&mut body, OPERATION_REQUESTS, &operation.event);
    }
    wrapped(ENTITY_REQUEST_V2, &body, token)
}

/// A sign of life: no token, no answer.
pub(crate) fn health_ping() -> EncodedWorkItem {
    let item = WorkItem {
        request: Some(Request::HealthPing(HealthPing {})),
        completion_token: String::new(),
    };
    EncodedWorkItem::from(&item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use durascope_engine::history::ChunkWriter;
    use durascope_engine::history::event;
    use durascope_engine::turn::TurnMessage;
    use durascope_proto::EventRaisedEvent;

    #[test]
    fn a_spliced_turn_decodes_to_the_same_events() {
        let raised = |name: &str| {
            let raised = EventRaisedEvent {
                name: name.to_owned(),
                input: None,
            };
            event(-1, 5, EventType::EventRaised(raised))
        };
        let mut writer = ChunkWriter::default();
        writer.push(&raised("past 1"));
        writer.push(&raised("past 2"));
        let chunks: Vec<Bytes> = writer
            .finish()
            .into_iter()
            .map(|chunk| chunk.data)
            .collect();
        let turn = Turn {
            started_us: 9,
            started: raised("started").encode_to_vec().into(),
            messages: vec![TurnMessage {
                at_us: 7,
                seq: 7,
                kind: Kind::Event,
                scheduled: false,
                event: raised("new").encode_to_vec().into(),
            }],
        };
        let head = TurnHead {
            instance_id: "i".to_owned(),
            execution: "e".to_owned(),
            trace: None,
            streams_history: false,
            kept: None,
        };
        let token = Token::fresh();
        let item = turn_item(&head, &chunks, &turn, token);
        let past: usize = chunks.iter().map(Bytes::len).sum();
        assert!(item.0.len() <= turn_bytes(&head, &turn) + past);
        let decoded = WorkItem::decode(item.0).unwrap();
        assert_eq!(decoded.completion_token, token.text());
        let Some(Request::OrchestratorRequest(request)) = decoded.request else {
            panic!("not a turn: {decoded:?}")
        };
        assert_eq!(request.instance_id, "i");
        assert_eq!(request.execution_id.as_deref(), Some("e"));
        assert_eq!(request.past_events, [raised("past 1"), raised("past 2")]);
        assert_eq!(request.new_events, [raised("started"), raised("new")]);
    }
}
