//! Failures across the hub, from the instances that the official service lists as failed.
//!
//! Only the failure of an instance itself is listed there: what its code caught, and which activity
//! it came from, is in the histories, which nobody reads for all instances.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use durascope_proto::OrchestrationState;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::FailedInstance;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HubFailure;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::hub_failure::Place;
use durascope_proto::shape::message_shape;
use prost_types::Timestamp;

use crate::data::status;
use crate::format::Micros;

const GROUPS_MAX: usize = 200;
const AFFECTED_MAX: usize = 50;
const MESSAGE_CHARS_MAX: usize = 200;
/// Parts of the asked time that are counted, and the time when none is asked.
const PARTS: usize = 20;
const HOUR: Micros = 3_600_000_000;

struct Failed<'s> {
    state: &'s OrchestrationState,
    details: TaskFailureDetails,
    at: Option<Timestamp>,
}

/// The failures of `states` that `request` asks for, in groups; `more` says that the server has
/// instances that are not among them.
pub fn list(
    states: &[OrchestrationState],
    request: &ListFailuresRequest,
    more: bool,
    now: Micros,
) -> FailureList {
    let since = status::micros(request.since.as_ref());
    let text = request.text.to_lowercase();
    let mut groups: BTreeMap<(String, String, &str), Vec<Failed<'_>>> = BTreeMap::new();
    for state in states {
        let details = state.failure_details.clone().unwrap_or_default();
        let at = state.completed_timestamp.or(state.last_updated_timestamp);
        let is_recent = since.is_none_or(|since| status::micros(at.as_ref()) >= Some(since));
        let fields = [&details.error_type, &details.error_message, &state.name];
        if !is_recent || !fields.iter().any(|it| it.to_lowercase().contains(&text)) {
            continue;
        }
        let shape = message_shape(&details.error_message);
        let key = (details.error_type.clone(), shape, state.name.as_str());
        groups
            .entry(key)
            .or_default()
            .push(Failed { state, details, at });
    }
    let begin = since.unwrap_or(now.saturating_sub(HOUR));
    let mut list = FailureList {
        instances: u64::try_from(states.len()).unwrap_or(u64::MAX),
        more,
        groups: groups
            .into_iter()
            .map(|((error_type, shape, name), failed)| HubFailure {
                error_type,
                shape,
                name: name.to_owned(),
                place: Place::Orchestration.into(),
                ..group(failed, begin, now)
            })
            .collect(),
    };
    list.groups
        .sort_by_key(|it| Reverse(status::micros(it.last_at.as_ref())));
    list.groups.truncate(GROUPS_MAX);
    list
}

fn group(mut failed: Vec<Failed<'_>>, begin: Micros, now: Micros) -> HubFailure {
    failed.sort_by_key(|it| Reverse(status::micros(it.at.as_ref())));
    let count = u64::try_from(failed.len()).unwrap_or(u64::MAX);
    let mut history = vec![0; PARTS];
    for at in failed
        .iter()
        .filter_map(|it| status::micros(it.at.as_ref()))
    {
        if let Some(part) = part(at, begin, now).and_then(|part| history.get_mut(part)) {
            *part += 1;
        }
    }
    HubFailure {
        count,
        instances: count,
        first_at: failed.last().and_then(|it| it.at),
        last_at: failed.first().and_then(|it| it.at),
        affected: failed.iter().take(AFFECTED_MAX).map(affected).collect(),
        sample: failed.into_iter().next().map(|it| it.details),
        history,
        ..HubFailure::default()
    }
}

/// Which of the parts between `begin` and `now` a moment is in.
fn part(at: Micros, begin: Micros, now: Micros) -> Option<usize> {
    let after = usize::try_from(at.checked_sub(begin)?).ok()?;
    let span = usize::try_from(now.saturating_sub(begin)).ok()?.max(1);
    Some((after.saturating_mul(PARTS) / span).min(PARTS - 1))
}

fn affected(failed: &Failed<'_>) -> FailedInstance {
    let message = failed
        .details
        .error_message
        .lines()
        .next()
        .unwrap_or_default();
    FailedInstance {
        instance_id: failed.state.instance_id.clone(),
        name: failed.state.name.clone(),
        status: failed.state.orchestration_status,
        at: failed.at,
        message: message.chars().take(MESSAGE_CHARS_MAX).collect(),
        task_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(id: &str, name: &str, message: &str, seconds: i64) -> OrchestrationState {
        OrchestrationState {
            instance_id: id.to_owned(),
            name: name.to_owned(),
            last_updated_timestamp: Some(Timestamp { seconds, nanos: 0 }),
            failure_details: Some(TaskFailureDetails {
                error_type: "Timeout".to_owned(),
                error_message: message.to_owned(),
                ..TaskFailureDetails::default()
            }),
            ..OrchestrationState::default()
        }
    }

    #[test]
    fn failures_of_one_shape_and_name_are_one_group_newest_first() {
        let states = [
            failed("a", "Order", "page 17 after 60s\nat line 5", 1_000),
            failed("b", "Order", "page 4711 after 5s", 4_000),
            failed("c", "Import", "page 1 after 5s", 2_000),
            failed("d", "Order", "no paper", 3_000),
        ];
        let now = 4_700_000_000;
        let list = list(&states, &ListFailuresRequest::default(), true, now);
        let names: Vec<(&str, u64)> = list
            .groups
            .iter()
            .map(|it| (it.name.as_str(), it.count))
            .collect();
        assert_eq!(names, [("Order", 2), ("Order", 1), ("Import", 1)]);
        assert_eq!((list.instances, list.more), (4, true));
        let first = &list.groups[0];
        assert_eq!(first.affected[0].instance_id, "b");
        assert_eq!(first.affected[1].message, "page 17 after 60s");
        assert_eq!(
            first.sample.as_ref().unwrap().error_message,
            "page 4711 after 5s"
        );
        // One of the two failed within the last hour.
        assert_eq!(
            (first.history.iter().sum::<u32>(), first.history[16]),
            (1, 1)
        );
    }

    #[test]
    fn only_what_is_asked_for_is_listed() {
        let states = [
            failed("a", "Order", "x", 1_000),
            failed("b", "Order", "y", 4_000),
        ];
        let ask = |since: Option<i64>, text: &str| {
            let request = ListFailuresRequest {
                since: since.map(|seconds| Timestamp { seconds, nanos: 0 }),
                text: text.to_owned(),
            };
            list(&states, &request, false, 5_000_000_000).groups.len()
        };
        assert_eq!(ask(None, "TIMEOUT"), 2);
        assert_eq!(ask(Some(2_000), ""), 1);
        assert_eq!(ask(None, "y"), 1);
        assert_eq!(ask(None, "nothing"), 0);
    }
}
