//! What is too large to be sent: less room for a turn, payloads by name, ends by the server.

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateOrchestrationAction;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;

use super::Scenario;
use super::action;
use super::child;
use super::complete;
use super::raised;
use super::schedule;
use super::send;
use super::shape;
use super::terminate;
use super::timer;
use crate::Kind;
use crate::batch::Forming;
use crate::batch::Offer;
use crate::deliver::TaskResult;
use crate::turn;
use crate::turn::Answer;
use crate::turn::PayloadChange;
use crate::turn::Turn;

fn too_large() -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: "HistoryTooLarge".to_owned(),
        error_message: "9 bytes".to_owned(),
        ..Default::default()
    }
}

/// The turn that everything that waits would make.
fn next_turn(scenario: &mut Scenario) -> Turn {
    scenario.now_us += 1;
    let messages = std::mem::take(&mut scenario.inbox);
    Turn::new(scenario.now_us, &scenario.instance, messages)
}

#[test]
fn a_batch_with_less_room_is_cut_earlier_but_never_empty() {
    let mut forming = Forming::open().within(10);
    assert_eq!(forming.offer(Kind::Event, 50), Offer::Take);
    assert_eq!(forming.offer(Kind::Event, 1), Offer::Stop);
    let mut forming = Forming::with_lead(Kind::Start, 5).within(10);
    assert_eq!(forming.offer(Kind::Event, 5), Offer::Take);
    assert_eq!(forming.offer(Kind::Event, 1), Offer::Stop);
}

#[test]
fn a_turn_that_cannot_be_sent_is_the_last_thing_that_happens() {
    let mut scenario = Scenario::running("order-1");
    scenario.turn([schedule(0, "Charge"), timer(1, 9_000_000)]);
    scenario.deliver(raised("Approve"));
    let turn = next_turn(&mut scenario);
    let commit = turn::fail(scenario.now_us, &scenario.instance, &turn, too_large());
    let shape: Vec<&str> = shape(&commit).into_iter().map(|(_, name)| name).collect();
    let [.., before, last] = shape.as_slice() else {
        panic!("{shape:?}")
    };
    assert_eq!((*before, *last), ("raised", "completed"));
    assert_eq!(commit.consumed, turn.messages.len());
    assert_eq!(commit.after.status, Status::Failed);
    assert_eq!(commit.after.counters.timers_pending, 0);
    assert_eq!(commit.after.counters.messages_waiting, 0);
    let line = commit.after.failure_line.as_deref();
    assert_eq!(line, Some("HistoryTooLarge: 9 bytes"));
    assert_eq!(
        commit.payloads,
        [PayloadChange::Failure(Some(too_large()))],
        "who asks for the instance sees why"
    );
    assert_eq!(
        commit.ended.unwrap().result,
        TaskResult::Failed(too_large())
    );
}

#[test]
fn who_terminates_what_cannot_be_sent_gets_it_terminated() {
    let mut scenario = Scenario::running("order-1");
    scenario.deliver(terminate(true));
    let turn = next_turn(&mut scenario);
    let commit = turn::fail(scenario.now_us, &scenario.instance, &turn, too_large());
    assert_eq!(commit.after.status, Status::Terminated);
    assert_eq!(
        commit.payloads,
        [PayloadChange::Output(Some("\"stop\"".to_owned()))]
    );
    let ended = commit.ended.unwrap();
    assert_eq!(ended.terminate_children, Some(Some("\"stop\"".to_owned())));
}

#[test]
fn every_payload_of_an_answer_is_found_under_the_name_of_its_action() {
    let call = EntityOperationCalledEvent {
        input: Some("1234".to_owned()),
        ..Default::default()
    };
    let call = SendEntityMessageAction {
        entity_message_type: Some(EntityMessageType::EntityOperationCalled(call)),
    };
    let stop = TerminateOrchestrationAction {
        instance_id: "other".to_owned(),
        reason: Some("12".to_owned()),
        recurse: false,
    };
    let failed = CompleteOrchestrationAction {
        orchestration_status: Status::Failed as i32,
        failure_details: Some(too_large()),
        ..Default::default()
    };
    let answer = Answer {
        actions: vec![
            schedule(3, "Charge"),
            child(4, "kid"),
            send(5, "other", "Done"),
            action(6, OrchestratorActionType::SendEntityMessage(call)),
            action(7, OrchestratorActionType::TerminateOrchestration(stop)),
            complete(8, Status::Completed, "123456"),
            action(9, OrchestratorActionType::CompleteOrchestration(failed)),
        ],
        custom_status: Some("12345".to_owned()),
        ..Default::default()
    };
    let found = answer.payloads();
    let texts: Vec<(String, usize)> = found
        .iter()
        .filter(|payload| !payload.whole && payload.bytes > 0)
        .map(|payload| (payload.to_string(), payload.bytes))
        .collect();
    let expected = [
        ("customStatus", 5),
        ("action 5: data of sendEvent", 1),
        ("action 6: input of entityOperationCalled", 4),
        ("action 7: reason of terminateOrchestration", 2),
        ("action 8: result of completeOrchestration", 6),
    ];
    assert_eq!(
        texts,
        expected.map(|(name, bytes)| (name.to_owned(), bytes))
    );
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    for name in [
        "action 3: input of scheduleTask",
        "action 4: input of createSubOrchestration",
        "action 9: failureDetails of completeOrchestration",
    ] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
}
