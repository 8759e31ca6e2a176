//! How large what goes to clients and workers may be, and what that means for what comes in: a
//! payload that no message could carry on is refused where it arrives. What only the Azure service
//! would refuse is judged in the same places.

use std::collections::BTreeMap;
use std::fmt;

use durascope_engine::Instance;
use durascope_engine::entity;
use durascope_engine::entity::EntityCommit;
use durascope_engine::entity::Operation;
use durascope_engine::start;
use durascope_engine::turn;
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
use crate::config::AzureLimits;
use crate::live::HubKey;
use crate::live::LiveCounters;

/// Room in a message for what stands around a payload: names, ids, tags, trace context.
const HEADROOM: usize = 64 * 1024;

/// Histories above this size go by StreamInstanceHistory where the worker says that it can.
const EMBEDDED_HISTORY_MAX: usize = 1024 * 1024;

/// Pages are cut here, as most clients refuse messages above 4 MiB.
const PAGE_BYTES_MAX: usize = 3_500_000;

/// Largest payload that the Azure service takes.
const AZURE_PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// A finding of one kind is told once in this time, and counted always.
const TELL_EVERY_US: i64 = 60_000_000;

/// What the configuration allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest message to a client or a worker.
    pub sent_bytes_max: usize,
    pub azure: AzureLimits,
}

/// What becomes of something that has a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Fits,
    /// It counts here, and the Azure service would refuse it.
    Finding(String),
    /// It is refused, for the sake of the Azure service if `azure`.
    Refused {
        problem: String,
        azure: bool,
    },
}

/// When findings of each kind were last told.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<&'static str, i64>);

impl Findings {
    fn is_due(&mut self, kind: &'static str, now_us: i64) -> bool {
        let told_us = self.0.get(kind).copied();
        let due = told_us.is_none_or(|told_us| now_us - told_us >= TELL_EVERY_US);
        if due {
            self.0.insert(kind, now_us);
        }
        due
    }
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

    /// Whether a payload can be sent on, here and there.
    fn judge(self, payload: &Payload) -> Verdict {
        let limit = match payload.whole {
            // The envelope takes room as well, and not as much as is left for it.
            true => self.payload_bytes_max() + HEADROOM / 2,
            false => self.payload_bytes_max(),
        };
        let bytes = payload.bytes;
        if bytes > limit {
            let problem = format!(
                "{payload} has {bytes} bytes, the limit is {limit}: a message to a client or a \
                 worker has at most {} bytes, set by --max-sent-message-bytes",
                self.sent_bytes_max
            );
            let azure = false;
            return Verdict::Refused { problem, azure };
        }
        if payload.whole || bytes <= AZURE_PAYLOAD_BYTES_MAX {
            return Verdict::Fits;
        }
        self.beyond_azure(format_args!(
            "{payload} has {bytes} bytes, the Azure service takes {AZURE_PAYLOAD_BYTES_MAX}"
        ))
    }

    fn beyond_azure(self, problem: fmt::Arguments<'_>) -> Verdict {
        match self.azure {
            AzureLimits::Off => Verdict::Fits,
            AzureLimits::Warn => Verdict::Finding(problem.to_string()),
            AzureLimits::Strict => Verdict::Refused {
                problem: format!("{problem}, and --azure-limits is strict"),
                azure: true,
            },
        }
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
    fn too_large(&mut self, hub: HubKey, payloads: &[Payload]) -> Option<String> {
        payloads.iter().find_map(|payload| {
            let verdict = self.limits.judge(payload);
            self.refused(hub, payload.field, verdict)
        })
    }

    /// Why something is refused, if it is; what the Azure service would refuse is counted.
    fn refused(&mut self, hub: HubKey, kind: &'static str, verdict: Verdict) -> Option<String> {
        if matches!(
            verdict,
            Verdict::Finding(_) | Verdict::Refused { azure: true, .. }
        ) {
            let count = |counters: &mut LiveCounters| counters.azure_findings += 1;
            self.publisher.count(hub, count);
        }
        match verdict {
            Verdict::Fits => None,
            Verdict::Finding(problem) => {
                if self.findings.is_due(kind, self.clock.now()) {
                    tracing::warn!(
                        task_hub = self.publisher.name(hub),
                        problem,
                        "beyond a limit of the Azure service; for a minute this is only counted"
                    );
                }
                None
            }
            Verdict::Refused { problem, .. } => Some(problem),
        }
    }

    /// Why a sub-orchestration cannot have this id, if so. One that the server derived from its
    /// parent's grows with each generation, and nobody chose it.
    pub(super) fn refuse_child_id(
        &mut self,
        hub: HubKey,
        parent: &Instance,
        task_id: i32,
        id: &str,
    ) -> Option<String> {
        const WHAT: &str = "instanceId of the sub-orchestration";
        let refused = start::check_instance_id(WHAT, id).err()?;
        if id != turn::derived_child_id(parent, task_id) {
            return Some(refused.to_string());
        }
        let verdict = self.limits.beyond_azure(format_args!("{refused}"));
        self.refused(hub, WHAT, verdict)
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
            let limits = Limits {
                sent_bytes_max,
                azure: AzureLimits::Off,
            };
            assert!(limits.payload_bytes_max() < sent_bytes_max);
            assert!(limits.page_bytes_max() < sent_bytes_max);
            let embedded = limits.embedded_history_max();
            assert!(embedded + limits.turn_bytes_max(embedded) <= limits.payload_bytes_max());
            assert!(durascope_engine::history::CHUNK_BYTES * 2 < sent_bytes_max);
        }
        assert_eq!(limits(AzureLimits::Off).turn_bytes_max(5 * MIB), 0);
    }

    fn limits(azure: AzureLimits) -> Limits {
        Limits {
            sent_bytes_max: 4 * MIB,
            azure,
        }
    }

    #[test]
    fn refusals_name_field_size_limit_and_flag() {
        let limits = limits(AzureLimits::Off);
        let most = 4 * MIB - HEADROOM;
        assert_eq!(limits.judge(&Payload::field("input", most)), Verdict::Fits);
        let judged = limits.judge(&Payload::field("input", most + 1));
        let Verdict::Refused { problem, azure } = judged else {
            panic!("{judged:?}")
        };
        assert!(!azure);
        for part in [
            "input",
            "4128769",
            "4128768",
            "4194304",
            "--max-sent-message-bytes",
        ] {
            assert!(problem.contains(part), "{part} in {problem}");
        }
    }

    #[test]
    fn what_azure_refuses_is_found_or_refused_as_the_mode_says() {
        let most = Payload::field("input", MIB);
        let more = Payload::field("input", MIB + 1);
        let whole = Payload::whole("the request", 3 * MIB);
        for mode in [AzureLimits::Off, AzureLimits::Warn, AzureLimits::Strict] {
            assert_eq!(limits(mode).judge(&most), Verdict::Fits);
            assert_eq!(limits(mode).judge(&whole), Verdict::Fits);
        }
        assert_eq!(limits(AzureLimits::Off).judge(&more), Verdict::Fits);
        let text = "input has 1048577 bytes, the Azure service takes 1048576";
        let warned = limits(AzureLimits::Warn).judge(&more);
        assert_eq!(warned, Verdict::Finding(text.to_owned()));
        let refused = limits(AzureLimits::Strict).judge(&more);
        let problem = format!("{text}, and --azure-limits is strict");
        let azure = true;
        assert_eq!(refused, Verdict::Refused { problem, azure });
    }

    #[test]
    fn findings_of_a_kind_are_told_once_a_minute() {
        let mut findings = Findings::default();
        assert!(findings.is_due("input", 5));
        assert!(!findings.is_due("input", 4 + TELL_EVERY_US));
        assert!(findings.is_due("output", 6));
        assert!(findings.is_due("input", 5 + TELL_EVERY_US));
    }
}
