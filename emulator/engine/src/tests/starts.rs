//! Start requests: what is checked, and which existing instances they replace.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::OldReuseAction;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::time;

use super::EXECUTION;
use super::Scenario;
use super::new_instance;
use super::request;
use crate::Kind;
use crate::Rejected;
use crate::start;

#[test]
fn a_start_is_pending_with_its_event_in_the_inbox() {
    let new = new_instance(5, "order-1");
    assert_eq!(new.instance.status, Status::Pending);
    assert_eq!(&*new.instance.execution, EXECUTION);
    assert_eq!(new.input.as_deref(), Some("1"));
    assert_eq!((new.entry.kind, new.entry.visible_us), (Kind::Start, None));
    assert_eq!(new.instance.counters.messages_waiting, 1);
}

#[test]
fn a_start_time_in_the_past_is_now_and_one_in_the_future_waits() {
    // JavaScript sends the epoch when it means now.
    for (at_us, expected) in [(0, None), (1_000, None), (1_001, Some(1_001))] {
        let scheduled = CreateInstanceRequest {
            scheduled_start_timestamp: Some(time::from_micros(at_us)),
            ..request("order-1")
        };
        let new = start::request(1_000, scheduled, None, EXECUTION)
            .unwrap()
            .new;
        assert_eq!(new.entry.visible_us, expected, "{at_us}");
        assert_eq!(new.instance.scheduled_start_us, expected, "{at_us}");
    }
}

#[test]
fn bad_ids_and_names_are_refused_with_field_and_limit() {
    let long = "x".repeat(101);
    let cases = [
        ("", "Order", "instanceId must not be empty"),
        (
            &*long,
            "Order",
            "instanceId has a length of 101 characters, the limit is 100",
        ),
        ("@counter@a", "Order", "instanceId must not start with '@'"),
        ("order-1", "", "name must not be empty"),
    ];
    for (id, name, expected) in cases {
        let bad = CreateInstanceRequest {
            name: name.to_owned(),
            ..request(id)
        };
        let Err(Rejected::Invalid(text)) = start::request(1, bad, None, EXECUTION) else {
            panic!("{id:?} {name:?} was accepted")
        };
        assert!(text.starts_with(expected), "{text}");
    }
    let longest = "ü".repeat(100);
    assert!(start::request(1, request(&longest), None, EXECUTION).is_ok());
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Replaces,
    Exists,
    Invalid,
}

#[test]
fn the_reuse_policy_decides_about_a_taken_id() {
    use Outcome::Exists;
    use Outcome::Invalid;
    use Outcome::Replaces;
    let all_but_terminated = vec![Status::Completed, Status::Failed, Status::Running];
    let cases = [
        (None, Status::Completed, Replaces),
        (None, Status::Running, Exists),
        (None, Status::Suspended, Exists),
        (Some(vec![]), Status::Completed, Exists),
        (Some(vec![Status::Completed]), Status::Completed, Replaces),
        (Some(vec![Status::Completed]), Status::Failed, Exists),
        (
            Some(vec![Status::Running, Status::Terminated]),
            Status::Running,
            Replaces,
        ),
        (Some(all_but_terminated.clone()), Status::Running, Invalid),
        // The rule counts only when something would have to be terminated.
        (Some(all_but_terminated), Status::Completed, Replaces),
    ];
    for (policy, status, expected) in cases {
        let mut existing = Scenario::started("order-1").instance;
        existing.status = status;
        let policy = policy.map(|statuses| OrchestrationIdReusePolicy {
            replaceable_status: statuses.iter().map(|status| *status as i32).collect(),
        });
        let case = format!("{policy:?} on {status:?}");
        let again = CreateInstanceRequest {
            orchestration_id_reuse_policy: policy,
            ..request("order-1")
        };
        let outcome = match start::request(2_000, again, Some(&existing), EXECUTION) {
            Ok(started) => {
                assert!(started.replaces, "{case}");
                Replaces
            }
            Err(Rejected::AlreadyExists(text)) => {
                assert!(
                    text.contains("orchestration instance already exists"),
                    "{text}"
                );
                Exists
            }
            Err(Rejected::Invalid(text)) => {
                assert!(text.contains("Invalid reusable statuses"), "{text}");
                Invalid
            }
            Err(other @ Rejected::WrongState(_)) => panic!("{case}: {other}"),
        };
        assert_eq!(outcome, expected, "{case}");
    }
}

#[test]
fn the_action_of_the_older_contract_counts_for_the_statuses_that_are_listed() {
    use OldReuseAction::Error;
    use OldReuseAction::Ignore;
    use OldReuseAction::Terminate;
    use Status::Completed;
    use Status::Running;
    // What is kept; what is replaced, as far as it is not kept.
    let cases: &[(OldReuseAction, &[Status], Status, bool, bool)] = &[
        (Ignore, &[Completed, Running], Completed, true, false),
        (Ignore, &[Completed, Running], Running, true, false),
        (Ignore, &[Completed], Running, false, false),
        (Ignore, &[], Completed, false, false),
        (Terminate, &[Completed], Completed, false, true),
        // Without TERMINATED in the list, as the action says that already.
        (Terminate, &[Running], Running, false, true),
        (Terminate, &[Completed], Running, false, false),
        (Error, &[Completed], Completed, false, true),
        (Error, &[Running], Running, false, false),
    ];
    for &(action, listed, status, kept, replaced) in cases {
        let case = format!("{action:?} {listed:?} on {status:?}");
        let mut existing = Scenario::started("order-1").instance;
        existing.status = status;
        let mut again = CreateInstanceRequest {
            orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy {
                replaceable_status: listed.iter().map(|status| *status as i32).collect(),
            }),
            ..request("order-1")
        };
        let keeps = start::heed_old_action(&existing, action, &mut again);
        assert_eq!(keeps, kept, "{case}");
        if !keeps {
            let outcome = start::request(2_000, again, Some(&existing), EXECUTION);
            assert_eq!(outcome.is_ok(), replaced, "{case}: {outcome:?}");
        }
    }
}
