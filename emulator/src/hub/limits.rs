//! How large what goes to clients and workers may be, and what that means for what comes in: a
//! payload that no message could carry on is refused where it arrives.

use durascope_engine::entity;
use durascope_engine::entity::EntityCommit;
use durascope_engine::entity::Operation;
use durascope_engine::turn::Answer;
use durascope_engine::turn::Payload;
use durascope_proto::EntityBatchResult;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultFailure;
use durascope_proto::TaskFailureDetails;
use durascope_proto::operation_action::OperationActionType;
use durascope_proto::operation_result::ResultType;
use prost::Message as _;

use super::HubError;
use super::core::Core;
use crate::live::HubKey;

/// Room in a message for what stands around a payload: names, ids, tags, trace context.
const HEADROOM: usize = 64 * 1024;

/// Histories above this size go by StreamInstanceHistory where the worker says that it can.
const EMBEDDED_HISTORY_MAX: usize = 1024 * 1024;

/// Pages are cut here, as most clients refuse messages above 4 MiB.
const PAGE_BYTES_MAX: usize = 3_500_000;

/// The sizes that the configuration allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest message to a client or a worker.
    pub sent_bytes_max: usize,
}

impl Limits {
    /// Largest payload that is let in.
    pub(super) fn payload_bytes_max(self) -> usize {
        self.sent_bytes_max.saturating_sub(HEADROOM)
    }

    /// Largest sum of what a page lists.
    pub(super) fn page_bytes_max(self) -> usize {
        PAGE_BYTES_MAX.min(self.payload_bytes_max())
    }

    /// Largest history that is sent to a worker that could read it as a stream.
    pub(super) fn embedded_history_max(self) -> usize {
        EMBEDDED_HISTORY_MAX.min(self.sent_bytes_max / 4)
    }

    /// Largest sum of messages in a turn that carries so much history with it. A single message is
    /// never held back.
    pub(super) fn turn_bytes_max(self, history_bytes: usize) -> usize {
        let room = self.payload_bytes_max().saturating_sub(history_bytes);
        room.min(self.sent_bytes_max / 2)
    }

    /// Whether a payload can be sent on.
    fn judge(self, payload: &Payload) -> Result<(), String> {
        let limit = match payload.whole {
            // The envelope takes room as well, and not as much as is left for it.
            true => self.payload_bytes_max() + HEADROOM / 2,
            false => self.payload_bytes_max(),
        };
        if payload.bytes <= limit {
            return Ok(());
        }
        Err(format!(
            "{payload} has {} bytes, the limit is {limit}: a message to a client or a worker has \
             at most {} bytes, set by --max-sent-message-bytes",
            payload.bytes, self.sent_bytes_max
        ))
    }

    /// Refuses an answer that its caller could not receive; `instead` says what to ask.
    pub(super) fn check_answer(self, bytes: usize, instead: &str) -> Result<(), HubError> {
        // Some bytes for the message around it.
        let all = bytes + 16;
        if all <= self.sent_bytes_max {
            return Ok(());
        }
        Err(HubError::LimitReached(format!(
            "the answer has {all} bytes, the limit for a message to a client is {} bytes, set by \
             --max-sent-message-bytes: {instead}",
            self.sent_bytes_max
        )))
    }
}

/// Details for whoever waits for what was too large.
pub(super) fn payload_too_large(problem: String) -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: "PayloadTooLarge".to_owned(),
        error_message: problem,
        is_non_retriable: true,
        ..Default::default()
    }
}

impl Core {
    /// The first of these that is too large, in words.
    fn too_large(&mut self, _hub: HubKey, payloads: &[Payload]) -> Option<String> {
        let judged = payloads.iter().map(|payload| self.limits.judge(payload));
        judged.filter_map(Result::err).next()
    }

    /// Refuses a request that is too large, or that has a text that is.
    pub(super) fn admit_text(
        &mut self,
        hub: HubKey,
        field: &'static str,
        text: Option<&String>,
        request_bytes: usize,
    ) -> Result<(), HubError> {
        let request = Payload::whole("the request", request_bytes);
        let problem = self.too_large(hub, &[Payload::text(field, text), request]);
        problem.map_or(Ok(()), |problem| Err(HubError::Invalid(problem)))
    }

    /// Why an orchestrator's answer cannot count, if something in it is too large.
    pub(super) fn refuse_answer(
        &mut self,
        hub: HubKey,
        answer: &Answer,
    ) -> Option<TaskFailureDetails> {
        self.too_large(hub, &answer.payloads())
            .map(payload_too_large)
    }

    /// What an activity failed with instead of a result or details that are too large.
    pub(super) fn refuse_result(
        &mut self,
        hub: HubKey,
        result: Option<&String>,
        details: Option<&TaskFailureDetails>,
    ) -> Option<TaskFailureDetails> {
        let payloads = [
            Payload::text("result of the activity", result),
            Payload::whole(
                "failureDetails of the activity",
                details.map_or(0, |it| it.encoded_len()),
            ),
        ];
        self.too_large(hub, &payloads).map(payload_too_large)
    }

    /// Replaces results of operations that are too large by failures. A state or an action that is
    /// too large fails the whole batch: without them its operations did not do what they said.
    pub(super) fn refuse_batch(
        &mut self,
        hub: HubKey,
        batch: &[Operation],
        result: &mut EntityBatchResult,
    ) -> Option<EntityCommit> {
        let mut parts = vec![Payload::text(
            "entityState of the batch",
            result.entity_state.as_ref(),
        )];
        if let Some(details) = &result.failure_details {
            let bytes = details.encoded_len();
            parts.push(Payload::whole("failureDetails of the batch", bytes));
        }
        for action in &result.actions {
            match &action.operation_action_type {
                Some(OperationActionType::SendSignal(signal)) => {
                    parts.push(Payload::text("input of sendSignal", signal.input.as_ref()));
                    parts.push(Payload::whole("sendSignal", signal.encoded_len()));
                }
                Some(OperationActionType::StartNewOrchestration(start)) => {
                    let input = start.input.as_ref();
                    parts.push(Payload::text("input of startNewOrchestration", input));
                    parts.push(Payload::whole("startNewOrchestration", start.encoded_len()));
                }
                None => {}
            }
        }
        if let Some(problem) = self.too_large(hub, &parts) {
            tracing::warn!(problem, "a batch of an entity fails");
            return Some(entity::give_up(batch, payload_too_large(problem)));
        }
        for outcome in &mut result.results {
            let bytes = outcome.encoded_len();
            let payload = match &outcome.result_type {
                Some(ResultType::Success(success)) => {
                    Payload::text("result of the operation", success.result.as_ref())
                }
                Some(ResultType::Failure(_)) => {
                    Payload::whole("failureDetails of the operation", bytes)
                }
                None => continue,
            };
            if let Some(problem) = self.too_large(hub, &[payload]) {
                *outcome = failure(payload_too_large(format!(
                    "the operation ran, but {problem}"
                )));
            }
        }
        None
    }
}

fn failure(details: TaskFailureDetails) -> OperationResult {
    OperationResult {
        result_type: Some(ResultType::Failure(OperationResultFailure {
            failure_details: Some(details),
            ..Default::default()
        })),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn everything_that_is_cut_fits_a_message_of_any_limit() {
        for sent_bytes_max in [MIB, 4 * MIB, 256 * MIB] {
            let limits = Limits { sent_bytes_max };
            assert!(limits.payload_bytes_max() < sent_bytes_max);
            assert!(limits.page_bytes_max() < sent_bytes_max);
            let embedded = limits.embedded_history_max();
            assert!(embedded + limits.turn_bytes_max(embedded) <= limits.payload_bytes_max());
            assert!(durascope_engine::history::CHUNK_BYTES * 2 < sent_bytes_max);
        }
        let limits = Limits {
            sent_bytes_max: 4 * MIB,
        };
        assert_eq!(limits.turn_bytes_max(5 * MIB), 0);
    }

    #[test]
    fn refusals_name_field_size_limit_and_flag() {
        let limits = Limits {
            sent_bytes_max: MIB,
        };
        let most = MIB - HEADROOM;
        assert_eq!(limits.judge(&Payload::field("input", most)), Ok(()));
        let said = limits
            .judge(&Payload::field("input", most + 1))
            .unwrap_err();
        for part in [
            "input",
            "983041",
            "983040",
            "1048576",
            "--max-sent-message-bytes",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
