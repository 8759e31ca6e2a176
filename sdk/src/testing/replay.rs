//! A stored history against the code of today, without a server.

use std::time::SystemTime;

use durascope_proto as proto;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;

use super::History;
use super::history::started;
use super::turns::Turn;
use super::turns::turns;
use crate::client::OrchestrationState;
use crate::client::OrchestrationStatus;
use crate::clock::system_time;
use crate::failure::FailureDetails;
use crate::orchestration::NonDeterminism;
use crate::orchestration::replay;
use crate::orchestration::replay::Replay;
use crate::worker::Functions;
use crate::worker::Mismatch;

/// Failures that a worker or a server reports, not the code: with them a history may end anywhere.
const NOT_BY_THE_CODE: [&str; 6] = [
    "OrchestratorTaskNotFound",
    "NotDurable",
    "HistoryTooLarge",
    "PayloadTooLarge",
    "MalformedOrchestratorResponse",
    "OrchestrationFailed",
];

/// The code does not repeat a history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It does something else than the history has. Instances with such a history would fail
    /// with this code.
    #[error("turn {turn} of {turns}: {difference}")]
    NonDeterminism {
        /// The turn, from 1.
        turn: usize,
        /// How many turns the history has.
        turns: usize,
        /// What differs; the first difference there is.
        difference: NonDeterminism,
    },
    /// The history's orchestration is not among the functions.
    #[error("no orchestration named {name:?} is registered")]
    NotRegistered {
        /// Its name.
        name: String,
    },
    /// A worker with these functions does not take the history's version: it would fail the
    /// instance, or leave it to another worker.
    #[error("no turn is made: {problem}")]
    VersionMismatch {
        /// Which version is taken, and which it is.
        problem: String,
    },
    /// A mistake in registering the functions.
    #[error("the functions cannot be run: {mistake}")]
    Functions {
        /// The mistake.
        mistake: String,
    },
}

/// Replays a history against the code that is registered today.
///
/// Each turn is made as it was made then, from what the code was told in it, and must decide what
/// the history says: the same calls by kind and name under the same ids, and an end where it has
/// one, with the same status. Then the whole is replayed again as a worker does that starts anew,
/// with [`is_replaying`](crate::OrchestrationContext::is_replaying) true throughout. Histories
/// may be of instances that completed, failed, were terminated, or still run; they may have been
/// suspended, rewound (what was before the last rewind is replayed as one), or be of one of many
/// generations. Activities are not run; their results come from the history.
///
/// The state that is returned is what the code of today makes of the history: its status, output,
/// failure and custom status. Inputs of calls, and outputs, are not compared; a test that wants
/// them the same compares them with the state. Where the history ends by a failure that the
/// worker or the server reported rather than the code, such as a non-determinism, the code may go
/// on.
///
/// Only histories whose ids count from 1 can be replayed: those of this SDK, and of the official
/// ones for Python and JavaScript; of Python only where nothing was retried, as its retries repeat
/// the id, and where no section locked several entities, as it unlocks them in any order.
///
/// # Errors
/// [`ReplayError::NonDeterminism`] with turn, event id, expected and found; or the orchestration
/// is not among `functions`, they do not take its version, or they were registered wrongly.
///
/// ```
/// use durascope_sdk::testing::{History, ReplayError, replay};
/// use durascope_sdk::{Activity, Functions, Orchestration, OrchestrationContext, TaskFailed};
///
/// const CHARGE: Activity<u64, u64> = Activity::named("Charge");
/// const REFUND: Activity<u64, u64> = Activity::named("Refund");
/// const ORDER: Orchestration<u64, u64> = Orchestration::named("Order");
///
/// async fn order(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
///     ctx.call(&CHARGE, amount).await
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = r#"{
/// #   "instanceId": "order-1", "executionId": "e", "name": "Order",
/// #   "events": [
/// #     {"eventId": -1, "timestamp": "2026-01-01T00:00:00Z", "orchestratorStarted": {}},
/// #     {"timestamp": "2026-01-01T00:00:00Z", "executionStarted": {"name": "Order", "input": "7",
/// #       "orchestrationInstance": {"instanceId": "order-1", "executionId": "e"}}},
/// #     {"eventId": 1, "timestamp": "2026-01-01T00:00:00Z", "taskScheduled": {"name": "Charge"}},
/// #     {"eventId": -1, "timestamp": "2026-01-01T00:00:01Z", "orchestratorStarted": {}},
/// #     {"eventId": -1, "timestamp": "2026-01-01T00:00:01Z",
/// #       "taskCompleted": {"taskScheduledId": 1, "result": "14"}},
/// #     {"eventId": 2, "timestamp": "2026-01-01T00:00:01Z", "executionCompleted":
/// #       {"orchestrationStatus": "ORCHESTRATION_STATUS_COMPLETED", "result": "14"}}
/// #   ]
/// # }"#;
/// # let path = std::env::temp_dir().join(format!("order-{}.json", std::process::id()));
/// # std::fs::write(&path, text)?;
/// let history = History::read(&path)?;
/// # std::fs::remove_file(&path)?;
/// let state = replay(&history, &Functions::new().orchestration(&ORDER, order))?;
/// assert_eq!(state.output::<u64>()?, 14);
///
/// // Somebody changes the code while instances run ...
/// let changed = Functions::new().orchestration(&ORDER, |ctx: OrchestrationContext, amount| async move {
///     ctx.call(&REFUND, amount).await
/// });
/// // ... and is told.
/// let Err(ReplayError::NonDeterminism { turn: 1, difference, .. }) = replay(&history, &changed) else {
///     panic!("the change went unseen");
/// };
/// assert_eq!(difference.event_id, 1);
/// assert_eq!(difference.expected, r#"activity "Charge""#);
/// assert_eq!(difference.found, r#"activity "Refund""#);
/// # Ok(())
/// # }
/// ```
pub fn replay(history: &History, functions: &Functions) -> Result<OrchestrationState, ReplayError> {
    if let Some(mistake) = functions.mistake() {
        return Err(ReplayError::Functions {
            mistake: mistake.to_string(),
        });
    }
    if functions
        .find_orchestration(history.name(), history.version())
        .is_none()
    {
        return Err(ReplayError::NotRegistered {
            name: history.name().to_owned(),
        });
    }
    if let Some(Mismatch { problem, .. }) = functions.mismatch(history.version()) {
        return Err(ReplayError::VersionMismatch { problem });
    }
    let state = walk(history, functions, Told::Now)?;
    walk(history, functions, Told::Before)?;
    Ok(state)
}

/// Whether a turn's messages are news to the code, or repeated.
#[derive(Clone, Copy)]
enum Told {
    Now,
    Before,
}

/// Makes turn after turn and compares each with what the history says.
fn walk(
    history: &History,
    functions: &Functions,
    told: Told,
) -> Result<OrchestrationState, ReplayError> {
    let lookup = functions.lookup();
    let instance_id = history.instance_id().to_owned();
    let execution_id = history.execution_id().to_owned();
    let mut replay = Replay::new(instance_id, execution_id, lookup);
    replay.set_default_version(functions.sub_default_version());

    let mut turns = turns(history.events());
    let count = turns.len();
    let first = turns.iter().rposition(Turn::rewinds).map_or(0, |at| at + 1);
    let whole = turns.split_off(first);
    let mut made = replay::Turn::default();
    let mut was_suspended = false;
    if first > 0 {
        // A rewind wrote these anew: no turn of them was ever made as they are now.
        let rewritten: Vec<HistoryEvent> = turns.into_iter().flat_map(Turn::into_events).collect();
        made = replay.turn(rewritten, Vec::new());
        was_suspended = replay.is_suspended();
    }
    for (turn, number) in whole.into_iter().zip(first + 1..) {
        made = match told {
            Told::Now => replay.turn(Vec::new(), turn.told),
            Told::Before => replay.turn(turn.told, Vec::new()),
        };
        was_suspended = replay.is_suspended();
        let open = replay.open();
        let end = end_of(&turn.decided);
        let confirmed = turn.decided.into_iter().filter(|event| !is_end(event));
        replay.turn(confirmed.collect(), Vec::new());
        let differs = replay.difference().cloned();
        let difference = match &end {
            // It says nothing of what the code decided in this turn.
            Some(end) if end.is_not_by_the_code() => differs,
            _ => differs
                .or_else(|| replay.unconfirmed())
                .or_else(|| difference_of_ends(end, completion(&made), &open, number < count)),
        };
        if let Some(difference) = difference {
            return Err(ReplayError::NonDeterminism {
                turn: number,
                turns: count,
                difference,
            });
        }
    }
    Ok(state(history, &made, was_suspended))
}

/// The id and the content of the action that ends the execution, if the turn has one.
fn completion(made: &replay::Turn) -> Option<(i32, &CompleteOrchestrationAction)> {
    let last = made.actions.last()?;
    match &last.orchestrator_action_type {
        Some(OrchestratorActionType::CompleteOrchestration(it)) => Some((last.id, it)),
        Some(_) | None => None,
    }
}

/// How a history ends.
struct Recorded {
    event_id: i32,
    status: Status,
    failure: Option<TaskFailureDetails>,
}

fn end_of(decided: &[HistoryEvent]) -> Option<Recorded> {
    let (event, (status, failure)) = decided.iter().find_map(|event| {
        let end = match event.event_type.as_ref()? {
            EventType::ExecutionCompleted(it) => {
                (it.orchestration_status(), it.failure_details.clone())
            }
            EventType::ContinueAsNew(_) => (Status::ContinuedAsNew, None),
            _ => return None,
        };
        Some((event, end))
    })?;
    Some(Recorded {
        event_id: event.event_id,
        status,
        failure,
    })
}

fn is_end(event: &HistoryEvent) -> bool {
    matches!(
        event.event_type,
        Some(EventType::ExecutionCompleted(_) | EventType::ContinueAsNew(_))
    )
}

fn difference_of_ends(
    recorded: Option<Recorded>,
    made: Option<(i32, &CompleteOrchestrationAction)>,
    open: &[replay::Open],
    goes_on: bool,
) -> Option<NonDeterminism> {
    match (recorded, made) {
        (None, None) => None,
        (Some(recorded), Some((_, end))) if end.orchestration_status() == recorded.status => None,
        (Some(recorded), Some((_, end))) => Some(NonDeterminism {
            event_id: recorded.event_id,
            expected: end_text(recorded.status, recorded.failure.as_ref()),
            found: end_text(end.orchestration_status(), end.failure_details.as_ref()),
        }),
        (Some(recorded), None) => Some(NonDeterminism {
            event_id: recorded.event_id,
            expected: end_text(recorded.status, recorded.failure.as_ref()),
            found: waiting_text(open),
        }),
        (None, Some((id, end))) => Some(NonDeterminism {
            event_id: id,
            expected: if goes_on { "another turn" } else { "a wait" }.to_owned(),
            found: end_text(end.orchestration_status(), end.failure_details.as_ref()),
        }),
    }
}

impl Recorded {
    fn is_not_by_the_code(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| {
            let kind = failure.error_type.as_str();
            NOT_BY_THE_CODE.contains(&kind) || kind.contains("NonDeterminis")
        })
    }
}

fn end_text(status: Status, failure: Option<&TaskFailureDetails>) -> String {
    let status = OrchestrationStatus::from_proto(status.into());
    match failure.filter(|_| status == OrchestrationStatus::Failed) {
        Some(it) => format!(
            "the end of the orchestration ({status}: {}: {})",
            it.error_type, it.error_message
        ),
        None => format!("the end of the orchestration ({status})"),
    }
}

fn waiting_text(open: &[replay::Open]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = open.iter().take(SHOWN).map(ToString::to_string).collect();
    if open.len() > SHOWN {
        shown.push(format!("{} more", open.len() - SHOWN));
    }
    format!("a wait for {}", shown.join(", "))
}

/// What the code makes of the history.
fn state(history: &History, made: &replay::Turn, is_suspended: bool) -> OrchestrationState {
    let start = started(history.events()).cloned().unwrap_or_default();
    let time = |event: Option<&HistoryEvent>| {
        let timestamp = event.and_then(|event| event.timestamp.as_ref());
        timestamp.map_or(SystemTime::UNIX_EPOCH, system_time)
    };
    let last = time(history.events().last());
    let end = completion(made).map(|(_, end)| end);
    let status = match end {
        Some(end) => OrchestrationStatus::from_proto(end.orchestration_status),
        None if is_suspended => OrchestrationStatus::Suspended,
        None => OrchestrationStatus::Running,
    };
    let parent: Option<proto::ParentInstanceInfo> = start.parent_instance;
    let parent = parent.and_then(|parent| parent.orchestration_instance);
    OrchestrationState {
        instance_id: history.instance_id().to_owned(),
        execution_id: Some(history.execution_id().to_owned()).filter(|id| !id.is_empty()),
        name: start.name,
        version: start.version,
        status,
        created_at: time(history.events().first()),
        last_updated_at: last,
        completed_at: end.map(|_| last),
        scheduled_start_at: start.scheduled_start_timestamp.as_ref().map(system_time),
        raw_input: start.input,
        raw_output: end.and_then(|end| end.result.clone()),
        raw_custom_status: made.custom_status.clone(),
        failure: end
            .and_then(|end| end.failure_details.clone())
            .map(FailureDetails::from_proto),
        parent_instance_id: parent.map(|parent| parent.instance_id),
        tags: start.tags,
    }
}
