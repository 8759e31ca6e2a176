//! Calls and signals to entities: what is sent, what answers bring, and what history confirms.

use std::time::Duration;
use std::time::SystemTime;

use durascope_proto as proto;
use durascope_proto::HistoryEvent;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::*;
use crate::error::OrchestrationError;
use crate::error::TaskFailed;
use crate::error::TaskKind;
use crate::names::Entity;
use crate::names::EntityId;
use crate::names::Operation;

pub(super) const COUNTER: Entity = Entity::named("Counter");
pub(super) const ADD: Operation<u64, u64> = Operation::named("Add");

pub(super) fn short(id: i32, action: &SendEntityMessageAction) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match action.entity_message_type.as_ref().unwrap() {
        EntityMessageType::EntityOperationCalled(it) => {
            format!(
                "call {id} {} {}",
                text(&it.target_instance_id),
                it.operation
            )
        }
        EntityMessageType::EntityOperationSignaled(it) => {
            let target = text(&it.target_instance_id);
            format!("signal {id} {target} {}", it.operation)
        }
        EntityMessageType::EntityLockRequested(it) => {
            format!("lock {id} {}", it.lock_set.join(" "))
        }
        EntityMessageType::EntityUnlockSent(it) => {
            format!("unlock {id} {}", text(&it.target_instance_id))
        }
    }
}

pub(super) fn message(turn: &Turn, index: usize) -> &EntityMessageType {
    let action = &turn.actions[index].orchestrator_action_type;
    let Some(OrchestratorActionType::SendEntityMessage(action)) = action else {
        panic!("no message to an entity: {action:?}");
    };
    action.entity_message_type.as_ref().unwrap()
}

/// The event by which the server confirms the message at `index` of a turn's actions.
pub(super) fn confirmed(turn: &Turn, index: usize) -> HistoryEvent {
    let event_type = match message(turn, index).clone() {
        EntityMessageType::EntityOperationCalled(it) => EventType::EntityOperationCalled(it),
        EntityMessageType::EntityOperationSignaled(it) => EventType::EntityOperationSignaled(it),
        EntityMessageType::EntityLockRequested(it) => EventType::EntityLockRequested(it),
        EntityMessageType::EntityUnlockSent(it) => EventType::EntityUnlockSent(it),
    };
    event(turn.actions[index].id, event_type)
}

pub(super) fn request_id(turn: &Turn, index: usize) -> &str {
    match message(turn, index) {
        EntityMessageType::EntityOperationCalled(it) => &it.request_id,
        EntityMessageType::EntityOperationSignaled(it) => &it.request_id,
        EntityMessageType::EntityLockRequested(it) => &it.critical_section_id,
        EntityMessageType::EntityUnlockSent(it) => &it.critical_section_id,
    }
}

pub(super) fn answered(request_id: &str, output: &str) -> HistoryEvent {
    let it = proto::EntityOperationCompletedEvent {
        request_id: request_id.to_owned(),
        output: Some(output.to_owned()),
    };
    event(-1, EventType::EntityOperationCompleted(it))
}

fn refused(request_id: &str, text: &str) -> HistoryEvent {
    let it = proto::EntityOperationFailedEvent {
        request_id: request_id.to_owned(),
        failure_details: details(text),
    };
    event(-1, EventType::EntityOperationFailed(it))
}

async fn add(ctx: OrchestrationContext, amount: u64) -> Result<u64, TaskFailed> {
    ctx.call_entity(&COUNTER.id("a"), &ADD, amount).await
}

#[test]
fn call_says_who_asks_and_its_answer_comes_by_request_id() {
    let scenario = Scenario::of(add);
    let first = scenario.when([turn(1), started()]);
    assert_eq!(first.summary(), ["call 1 @counter@a Add"]);
    let EntityMessageType::EntityOperationCalled(call) = message(&first, 0) else {
        panic!("no call: {first:?}");
    };
    assert_eq!(call.input.as_deref(), Some("7"));
    assert_eq!(call.parent_instance_id.as_deref(), Some(INSTANCE));
    assert_eq!(call.parent_execution_id.as_deref(), Some(EXECUTION));
    let id = Uuid::parse_str(&call.request_id).unwrap();
    assert_eq!(call.request_id, id.hyphenated().to_string());

    let past = [turn(1), started(), confirmed(&first, 0)];
    let scenario = scenario.given(past);
    let unknown = Uuid::nil().to_string();
    let second = scenario.when([
        turn(2),
        answered(&unknown, "1"),
        answered("not an id", "2"),
        refused(&unknown, "3"),
    ]);
    assert_eq!(second.summary(), [""; 0]);
    let third = scenario.when([
        turn(2),
        answered(&call.request_id.to_uppercase(), "12"),
        answered(&call.request_id, "13"),
    ]);
    assert_eq!(third.output(), 12);
}

#[test]
fn failed_call_names_operation_and_entity() {
    let first = Scenario::of(add).when([turn(1), started()]);
    async fn caught(ctx: OrchestrationContext, amount: u64) -> Result<String, OrchestrationError> {
        let failed = add(ctx, amount).await.unwrap_err();
        assert_eq!(failed.kind, TaskKind::Entity);
        assert_eq!(failed.target.as_deref(), Some("@counter@a"));
        assert_eq!(failed.details.error_type, "Boom");
        Ok(failed.to_string())
    }
    let scenario = Scenario::of(caught).given([turn(1), started(), confirmed(&first, 0)]);
    let second = scenario.when([turn(2), refused(request_id(&first, 0), "too many")]);
    let text = "entity operation \"Add\" of \"@counter@a\" #1 failed: too many";
    assert_eq!(second.output(), text);
}

#[test]
fn answers_wait_while_the_instance_is_suspended() {
    let first = Scenario::of(add).when([turn(1), started()]);
    let answer = answered(request_id(&first, 0), "12");
    let past = [turn(1), started(), confirmed(&first, 0)];
    let scenario = Scenario::of(add).given(past);
    let held = scenario.when([turn(2), suspended(), answer.clone()]);
    assert_eq!(held.summary(), [""; 0]);
    let done = scenario.when([turn(2), suspended(), answer, resumed()]);
    assert_eq!(done.output(), 12);
}

#[test]
fn ids_of_requests_are_the_same_on_every_replay_and_differ_from_each_other() {
    async fn three(ctx: OrchestrationContext, amount: u64) -> Result<u64, OrchestrationError> {
        let calls = ["a", "b", "a"].map(|key| ctx.call_entity(&COUNTER.id(key), &ADD, amount));
        Ok(try_join_all(calls).await?.into_iter().sum())
    }
    let scenario = Scenario::of(three);
    let first = scenario.when([turn(1), started()]);
    assert_eq!(first, scenario.when([turn(1), started()]));
    let ids: Vec<&str> = (0..3).map(|index| request_id(&first, index)).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);

    let confirmations = (0..3).map(|index| confirmed(&first, index));
    let past = [turn(1), started()].into_iter().chain(confirmations);
    let answers = [(2, "30"), (0, "1"), (1, "20")].map(|(at, it)| answered(ids[at], it));
    let last = scenario
        .given(past)
        .when([turn(2)].into_iter().chain(answers));
    assert_eq!(last.output(), 51);
}

#[test]
fn history_has_the_last_word_on_a_request_id() {
    let first = Scenario::of(add).when([turn(1), started()]);
    let mut sent = confirmed(&first, 0);
    let other = Uuid::from_u128(7).to_string();
    if let Some(EventType::EntityOperationCalled(it)) = &mut sent.event_type {
        it.request_id.clone_from(&other);
    }
    let scenario = Scenario::of(add).given([turn(1), started(), sent]);
    let second = scenario.when([turn(2), answered(&other, "12")]);
    assert_eq!(second.output(), 12);
}

async fn tell(ctx: OrchestrationContext, amount: u64) -> Result<u64, OrchestrationError> {
    ctx.signal_entity(&COUNTER.id("a"), &ADD, amount)?;
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
    ctx.signal_entity_at(&COUNTER.id("b"), &ADD, amount, later)?;
    Ok(amount)
}

#[test]
fn signals_go_out_with_the_completion() {
    let only = Scenario::of(tell).when([turn(1), started()]);
    assert_eq!(
        only.summary(),
        [
            "signal 1 @counter@a Add",
            "signal 2 @counter@b Add",
            "COMPLETED 3"
        ]
    );
    let EntityMessageType::EntityOperationSignaled(first) = message(&only, 0) else {
        panic!("no signal: {only:?}");
    };
    assert_eq!(first.scheduled_time, None);
    let EntityMessageType::EntityOperationSignaled(second) = message(&only, 1) else {
        panic!("no signal: {only:?}");
    };
    assert_eq!(second.scheduled_time, Some(from_micros(60_000_000)));
    assert_ne!(first.request_id, second.request_id);
}

#[test]
fn signals_go_out_however_the_orchestration_ends() {
    async fn renewed(ctx: OrchestrationContext, amount: u64) -> Result<u64, OrchestrationError> {
        ctx.signal_entity(&COUNTER.id("a"), &ADD, amount)?;
        ctx.continue_as_new(amount)
    }
    let turn_of = Scenario::of(renewed).when([turn(1), started()]);
    assert_eq!(
        turn_of.summary(),
        ["signal 1 @counter@a Add", "CONTINUED_AS_NEW 2"]
    );

    async fn failing(ctx: OrchestrationContext, amount: u64) -> Result<u64, OrchestrationError> {
        ctx.signal_entity(&COUNTER.id("a"), &ADD, amount)?;
        Err(OrchestrationError::new("Boom", "no"))
    }
    let turn_of = Scenario::of(failing).when([turn(1), started()]);
    assert_eq!(turn_of.summary(), ["signal 1 @counter@a Add", "FAILED 2"]);

    async fn waiting(ctx: OrchestrationContext, amount: u64) -> Result<u64, OrchestrationError> {
        ctx.signal_entity(&COUNTER.id("a"), &ADD, amount)?;
        Ok(ctx.call(&CHARGE, amount).await?)
    }
    let turn_of = Scenario::of(waiting).when([turn(1), started(), terminated("null")]);
    assert_eq!(
        turn_of.summary(),
        ["signal 1 @counter@a Add", "TERMINATED 3"]
    );
}

#[test]
fn what_cannot_be_sent_takes_an_id_and_the_code_goes_on() {
    async fn code(ctx: OrchestrationContext, amount: u64) -> Result<String, OrchestrationError> {
        let long = COUNTER.id("k".repeat(100));
        let signal = ctx.signal_entity(&long, &ADD, amount).unwrap_err();
        let call = ctx.call_entity(&long, &ADD, amount).await.unwrap_err();
        let lock = ctx.lock([&long]).await.unwrap_err();
        let bad = std::collections::BTreeMap::from([((1, 2), 3)]);
        let payload = ctx.signal_entity_by_name(&COUNTER.id("a"), "Add", &bad, None);
        ctx.call(&CHARGE, amount).await?;
        Ok(format!(
            "{signal}\n{call}\n{lock}\n{}",
            payload.unwrap_err()
        ))
    }
    let scenario = Scenario::of(code);
    let first = scenario.when([turn(1), started()]);
    assert_eq!(first.summary(), ["schedule 5 Charge"]);
    let past = [turn(1), started(), scheduled(5, "Charge")];
    let second = scenario.given(past).when([turn(2), completed(5, "1")]);
    let output = second.output();
    let text = output.as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[..3] {
        assert!(
            line.ends_with("has a length of 109 characters, the limit is 100"),
            "{text}"
        );
    }
    assert!(lines[3].contains("\"Add\" cannot be written"), "{text}");
}

#[test]
fn history_that_differs_is_named() {
    let other: EntityId = COUNTER.id("b");
    let sent = event(
        1,
        EventType::EntityOperationSignaled(proto::EntityOperationSignaledEvent {
            operation: "Add".into(),
            target_instance_id: Some(other.to_string()),
            ..Default::default()
        }),
    );
    let scenario = Scenario::of(add).given([turn(1), started(), sent.clone()]);
    let text = scenario.when([turn(2)]).failure().error_message.clone();
    assert!(
        text.contains(
            "event 1: expected signal \"Add\" to entity \"@counter@b\" as in the history, \
             found call of \"Add\" on entity \"@counter@a\""
        ),
        "{text}"
    );
    // The target alone makes the difference, the case of the operation none.
    let scenario = Scenario::of(tell).given([turn(1), started(), sent]);
    assert!(
        scenario
            .when([turn(2)])
            .completion()
            .failure_details
            .is_some()
    );
}
