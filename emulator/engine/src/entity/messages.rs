//! What clients, orchestrations and entities send to entities, as inbox entries.

use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::SendSignalAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::history_event::EventType;
use durascope_proto::time;
use prost::Message as _;

use super::Caller;
use super::EntityId;
use super::Entry;
use super::Kind;
use crate::error::Rejected;
use crate::error::shown;
use crate::history::event;

/// A client's signal. `fresh_request` is used when the client gives no id.
///
/// # Errors
/// [`Rejected::Invalid`] for a bad entity id, a missing operation name, or a request id that is
/// no GUID, which workers could not read.
pub fn signal_of_client(
    now_us: i64,
    request: SignalEntityRequest,
    fresh_request: &str,
) -> Result<(EntityId, Entry), Rejected> {
    if request.name.is_empty() {
        return Err(Rejected::Invalid("name must not be empty".to_owned()));
    }
    let request_id = match request.request_id {
        id if id.is_empty() => fresh_request.to_owned(),
        id if is_guid(&id) => id,
        id => {
            return Err(Rejected::Invalid(format!(
                "requestId must be a GUID, but is {}",
                shown(&id)
            )));
        }
    };
    let signal = EntityOperationSignaledEvent {
        request_id,
        operation: request.name,
        scheduled_time: request.scheduled_time,
        input: request.input,
        target_instance_id: Some(request.instance_id),
    };
    signal_to(now_us, signal, "instanceId")
}

/// An entity's signal, which has no request id of its own.
///
/// # Errors
/// [`Rejected::Invalid`] for a bad entity id.
pub fn signal_of_entity(
    now_us: i64,
    signal: SendSignalAction,
    fresh_request: &str,
) -> Result<(EntityId, Entry), Rejected> {
    let signal = EntityOperationSignaledEvent {
        request_id: fresh_request.to_owned(),
        operation: signal.name,
        scheduled_time: signal.scheduled_time,
        input: signal.input,
        target_instance_id: Some(signal.instance_id),
    };
    signal_to(now_us, signal, "instanceId")
}

/// An orchestration's signal.
///
/// # Errors
/// [`Rejected::Invalid`] for a bad entity id.
pub fn signal(
    now_us: i64,
    signal: EntityOperationSignaledEvent,
) -> Result<(EntityId, Entry), Rejected> {
    signal_to(now_us, signal, "targetInstanceId")
}

fn signal_to(
    now_us: i64,
    signal: EntityOperationSignaledEvent,
    what: &str,
) -> Result<(EntityId, Entry), Rejected> {
    let id = EntityId::parse(
        what,
        signal.target_instance_id.as_deref().unwrap_or_default(),
    )?;
    let later = signal.scheduled_time.as_ref().map(time::to_micros);
    let entry = Entry {
        kind: Kind::Signal,
        caller: None,
        request: signal.request_id.as_str().into(),
        visible_us: later.filter(|at_us| *at_us > now_us),
        event: event(-1, now_us, EventType::EntityOperationSignaled(signal))
            .encode_to_vec()
            .into(),
    };
    Ok((id, entry))
}

/// An orchestration's call, which carries who waits for the result.
///
/// # Errors
/// [`Rejected::Invalid`] for a bad entity id.
pub fn call(
    now_us: i64,
    caller: Caller,
    call: EntityOperationCalledEvent,
) -> Result<(EntityId, Entry), Rejected> {
    let target = call.target_instance_id.as_deref().unwrap_or_default();
    let id = EntityId::parse("targetInstanceId", target)?;
    let entry = Entry {
        kind: Kind::Call,
        caller: Some(caller),
        request: call.request_id.as_str().into(),
        visible_us: None,
        event: event(-1, now_us, EventType::EntityOperationCalled(call))
            .encode_to_vec()
            .into(),
    };
    Ok((id, entry))
}

/// 32 hex digits, alone or in the groups 8-4-4-4-12.
fn is_guid(text: &str) -> bool {
    let hex = |text: &str| text.chars().all(|digit| digit.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    (lengths == [32] || lengths == [8, 4, 4, 4, 12]) && groups.iter().all(|group| hex(group))
}

#[cfg(test)]
mod unit {
    use super::*;
    use prost_types::Timestamp;

    #[test]
    fn request_ids_that_workers_cannot_read_are_refused() {
        let good = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        assert!(is_guid(good) && is_guid(&good.replace('-', "")));
        for bad in ["1", "6f9619ff8b86-d011-b42d-00cf4fc964ff", "x"] {
            assert!(!is_guid(bad), "{bad}");
            let request = SignalEntityRequest {
                instance_id: "@c@k".to_owned(),
                name: "add".to_owned(),
                request_id: bad.to_owned(),
                ..Default::default()
            };
            let refused = signal_of_client(1, request, good).unwrap_err();
            assert!(refused.to_string().contains("requestId"), "{refused}");
        }
    }

    #[test]
    fn only_a_time_to_come_delays_a_signal_and_never_by_too_little() {
        let at = |seconds, nanos| {
            let signal = EntityOperationSignaledEvent {
                scheduled_time: Some(Timestamp { seconds, nanos }),
                target_instance_id: Some("@c@k".to_owned()),
                ..Default::default()
            };
            super::signal(2_000_000, signal).unwrap().1.visible_us
        };
        assert_eq!(at(2, 0), None);
        assert_eq!(at(1, 999_999_000), None);
        assert_eq!(at(2, 1), Some(2_000_001));
        assert_eq!(at(3, 500), Some(3_000_001));
    }
}
