//! A worker answers a batch of operations: its answer becomes one commit, or none.

use std::sync::Arc;

use durascope_proto::EntityBatchResult;
use durascope_proto::OperationAction;
use durascope_proto::OperationInfo;
use durascope_proto::OperationResult;
use durascope_proto::TaskFailureDetails;
use durascope_proto::operation_result::ResultType;

use super::ATTEMPTS_MAX;
use super::Caller;
use super::Operation;
use crate::deliver::TaskResult;
use crate::failure::bounded;

/// What the answer of a worker means.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It counts.
    Commit(EntityCommit),
    /// Nothing of it counts; the same operations are to be tried again, later or elsewhere.
    Again { problem: String },
}

/// Everything that one answer changes, to be written in one transaction or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityCommit {
    /// The new state; `None` leaves it as it is.
    pub state: Option<Answer>,
    /// Which operations of the batch are done, by their place in it.
    pub done: Vec<usize>,
    /// For those who wait.
    pub replies: Vec<Reply>,
    pub actions: Vec<OperationAction>,
    /// Operations that failed.
    pub failed: u64,
}

/// The state that an entity has after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    State(String),
    /// It does not exist any more.
    Deleted,
}

/// A result for the orchestration that called.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub caller: Caller,
    pub request: Arc<str>,
    pub result: TaskResult,
}

/// Operations that no worker could carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub replies: Vec<Reply>,
    /// Signals have nobody who waits for them.
    pub signals_dropped: usize,
}

/// Decides about the answer to `batch`, which has been tried `attempts` times before.
///
/// The server's own record of what it sent is what counts; the echo in the answer only tells
/// which result belongs to which operation.
pub fn complete(batch: &[Operation], result: EntityBatchResult, attempts: u32) -> Outcome {
    if let Some(details) = result.failure_details {
        // Without a state in it: taking it at its word would delete the entity.
        return give_up_or_retry(batch, details, attempts);
    }
    if result.requires_state {
        return Outcome::Again {
            problem: "the worker asks for the state, which it was sent".to_owned(),
        };
    }
    if result.results.is_empty() && !batch.is_empty() {
        let details = TaskFailureDetails {
            error_type: "EntityBatchWithoutResults".to_owned(),
            error_message: "the worker answered a batch without any result".to_owned(),
            ..Default::default()
        };
        return give_up_or_retry(batch, details, attempts);
    }
    let mut commit = EntityCommit {
        // Python cannot send an empty text apart from none at all.
        state: Some(match result.entity_state {
            Some(state) if !state.is_empty() => Answer::State(state),
            _ => Answer::Deleted,
        }),
        done: Vec::with_capacity(result.results.len()),
        replies: Vec::new(),
        actions: result.actions,
        failed: 0,
    };
    for (index, outcome) in result.results.into_iter().enumerate() {
        let place = place_of(batch, &result.operation_infos, index);
        let Some(operation) = batch.get(place) else {
            continue;
        };
        if commit.done.contains(&place) {
            continue;
        }
        commit.done.push(place);
        let outcome = task_result(outcome);
        commit.failed += u64::from(matches!(outcome, TaskResult::Failed(_)));
        commit.replies.extend(reply(operation, outcome));
    }
    Outcome::Commit(commit)
}

/// Which operation result `index` is of: the one with the id that the worker names, else the one
/// that was sent at this place.
fn place_of(batch: &[Operation], infos: &[OperationInfo], index: usize) -> usize {
    let Some(named) = infos.get(index).map(|info| info.request_id.as_str()) else {
        return index;
    };
    let is_it = |place: usize| batch.get(place).is_some_and(|it| *it.request == *named);
    if named.is_empty() || is_it(index) {
        return index;
    }
    (0..batch.len())
        .find(|place| is_it(*place))
        .unwrap_or(index)
}

fn task_result(outcome: OperationResult) -> TaskResult {
    match outcome.result_type {
        Some(ResultType::Success(success)) => TaskResult::Completed(success.result),
        Some(ResultType::Failure(failure)) => {
            TaskResult::Failed(bounded(failure.failure_details.unwrap_or_default()))
        }
        None => TaskResult::Failed(TaskFailureDetails {
            error_type: "EntityOperationWithoutResult".to_owned(),
            error_message: "the worker answered an operation with neither result nor failure"
                .to_owned(),
            ..Default::default()
        }),
    }
}

fn reply(operation: &Operation, result: TaskResult) -> Option<Reply> {
    let caller = operation.caller.clone()?;
    Some(Reply {
        caller,
        request: Arc::clone(&operation.request),
        result,
    })
}

fn give_up_or_retry(batch: &[Operation], details: TaskFailureDetails, attempts: u32) -> Outcome {
    if attempts + 1 < ATTEMPTS_MAX {
        let problem = format!("{}: {}", details.error_type, details.error_message);
        return Outcome::Again { problem };
    }
    Outcome::Commit(give_up(batch, bounded(details)))
}

/// Every operation of the batch fails, and nothing else changes.
pub fn give_up(batch: &[Operation], details: TaskFailureDetails) -> EntityCommit {
    EntityCommit {
        state: None,
        done: (0..batch.len()).collect(),
        replies: refuse(batch, &details).replies,
        actions: Vec::new(),
        failed: batch.len() as u64,
    }
}

/// All of these operations fail for the same reason.
pub fn refuse(batch: &[Operation], details: &TaskFailureDetails) -> Refused {
    let replies: Vec<Reply> = batch
        .iter()
        .filter_map(|operation| reply(operation, TaskResult::Failed(details.clone())))
        .collect();
    Refused {
        signals_dropped: batch.len() - replies.len(),
        replies,
    }
}
