//! Batches of operations: order, rollback, and what becomes of bad names, inputs and states.

use std::cell::Cell;
use std::time::Duration;

use durascope_proto as proto;
use durascope_proto::EntityBatchRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityRequest;
use durascope_proto::HistoryEvent;
use durascope_proto::OperationRequest;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_action::OperationActionType;
use durascope_proto::operation_result::ResultType;
use serde::Deserialize;

use super::*;
use crate::error::OperationError;
use crate::names::Entity;
use crate::names::Operation;
use crate::names::Orchestration;

const COUNTER: Entity = Entity::named("Counter");
const ADD: Operation<u64, u64> = Operation::named("Add");
const GET: Operation<(), u64> = Operation::named("Get");
const TELL: Operation<String, String> = Operation::named("Tell");
const FORGET: Operation<(), ()> = Operation::named("Forget");
const SLOW: Operation<u64, u64> = Operation::named("Slow");
const WHO: Operation<(), (String, Option<String>)> = Operation::named("Who");
const AUDIT: Orchestration<u64, ()> = Orchestration::named("Audit");

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    count: u64,
}

impl EntityState for Counter {
    fn operations(operations: &mut Operations<Self>) {
        operations
            .on(&ADD, Self::add)
            .on(&GET, |state, _ctx, ()| Ok::<_, OperationError>(state.count))
            .on(&TELL, Self::tell)
            .on(&FORGET, |_state, ctx, ()| {
                ctx.delete_state();
                Ok::<_, OperationError>(())
            })
            .on(&WHO, |_state, ctx, ()| {
                let caller = ctx.caller().map(ToOwned::to_owned);
                assert_eq!(ctx.is_call(), caller.is_some());
                Ok::<_, OperationError>((ctx.operation().to_owned(), caller))
            })
            .on_async(&SLOW, |state, _ctx, amount| {
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    state.count += amount;
                    Ok::<_, OperationError>(state.count)
                })
            });
    }
}

impl Counter {
    /// Adds first and complains afterwards, so that there is something to take back.
    fn add(&mut self, ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
        self.count += amount;
        ctx.signal(&COUNTER.id("mirror"), &ADD, amount)?;
        match amount {
            13 => Err(OperationError::new("Superstition", "not that one")),
            99 => panic!("spilt"),
            _ => Ok(self.count),
        }
    }

    fn tell(&mut self, ctx: &EntityContext, id: String) -> Result<String, OperationError> {
        let later = ctx.started() + Duration::from_secs(60);
        ctx.signal_at(ctx.id(), &ADD, self.count, later)?;
        let options = EntityStartOptions::new()
            .instance_id(id)
            .version("2")
            .scheduled_start(later);
        Ok(ctx.start_with(&AUDIT, self.count, options)?)
    }
}

fn signal(operation: &str, input: &str) -> HistoryEvent {
    let event = proto::EntityOperationSignaledEvent {
        request_id: format!("signal-{operation}"),
        operation: operation.to_owned(),
        input: Some(input.to_owned()).filter(|input| !input.is_empty()),
        ..Default::default()
    };
    HistoryEvent {
        event_id: -1,
        timestamp: None,
        event_type: Some(EventType::EntityOperationSignaled(event)),
    }
}

fn call(operation: &str) -> HistoryEvent {
    let event = proto::EntityOperationCalledEvent {
        request_id: format!("call-{operation}"),
        operation: operation.to_owned(),
        parent_instance_id: Some("order-1".to_owned()),
        parent_execution_id: Some("e1".to_owned()),
        ..Default::default()
    };
    HistoryEvent {
        event_id: -1,
        timestamp: None,
        event_type: Some(EventType::EntityOperationCalled(event)),
    }
}

fn batch(state: Option<&str>, operations: impl IntoIterator<Item = HistoryEvent>) -> Batch {
    Batch::from(EntityRequest {
        instance_id: "@counter@a".to_owned(),
        execution_id: "e".to_owned(),
        entity_state: state.map(ToOwned::to_owned),
        operation_requests: operations.into_iter().collect(),
    })
}

async fn ran<const N: usize>(
    state: Option<&str>,
    operations: [(&str, &str); N],
) -> EntityBatchResult {
    let operations = operations.map(|(operation, input)| signal(operation, input));
    let (entity, mistake) = typed::<Counter>();
    assert_eq!(mistake, None);
    run(&entity, COUNTER.id("a"), batch(state, operations), || false).await
}

/// Each result in short: its JSON, or type and text of the failure.
fn outcomes(result: &EntityBatchResult) -> Vec<String> {
    let short = |result: &proto::OperationResult| match result.result_type.as_ref().unwrap() {
        ResultType::Success(it) => it.result.clone().unwrap_or_default(),
        ResultType::Failure(it) => {
            let details = it.failure_details.as_ref().unwrap();
            format!("{}: {}", details.error_type, details.error_message)
        }
    };
    result.results.iter().map(short).collect()
}

#[tokio::test]
async fn operations_run_in_order_and_the_last_state_holds() {
    let result = ran(
        None,
        [("Add", "1"), ("ADD", "2"), ("slow", "3"), ("get", "")],
    )
    .await;
    assert_eq!(outcomes(&result), ["1", "3", "6", "6"]);
    assert_eq!(result.entity_state.as_deref(), Some(r#"{"count":6}"#));
    assert_eq!(result.actions.len(), 2);
    assert_eq!(
        result.actions.iter().map(|it| it.id).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(result.operation_infos[3].request_id, "signal-get");
}

#[tokio::test]
async fn state_that_is_only_read_stays_as_it_was_written() {
    let result = ran(None, [("Get", "")]).await;
    assert_eq!(
        (outcomes(&result), result.entity_state),
        (vec!["0".into()], None)
    );
    let foreign = r#"{ "count": 4, "more": [1, 2] }"#;
    let result = ran(Some(foreign), [("Get", ""), ("Add", "0")]).await;
    assert_eq!(outcomes(&result), ["4", "4"]);
    assert_eq!(result.entity_state.as_deref(), Some(foreign));
}

#[tokio::test]
async fn failure_takes_back_state_and_signals_of_its_operation_alone() {
    let state = Some(r#"{"count":1}"#);
    let result = ran(state, [("Add", "2"), ("Add", "13"), ("Add", "4")]).await;
    assert_eq!(outcomes(&result), ["3", "Superstition: not that one", "7"]);
    assert_eq!(result.entity_state.as_deref(), Some(r#"{"count":7}"#));
    let inputs = result
        .actions
        .iter()
        .map(|action| match &action.operation_action_type {
            Some(OperationActionType::SendSignal(it)) => it.input.clone().unwrap(),
            other => panic!("no signal: {other:?}"),
        });
    assert_eq!(inputs.collect::<Vec<_>>(), ["2", "4"]);
    // The first one of all: nothing exists afterwards.
    let result = ran(None, [("Add", "13")]).await;
    assert_eq!((result.actions.len(), result.entity_state), (0, None));
}

#[tokio::test]
async fn panic_is_a_failure_with_its_place_and_changes_nothing() {
    let result = ran(None, [("Add", "99"), ("Add", "1")]).await;
    let outcomes = outcomes(&result);
    assert!(outcomes[0].starts_with("Panic: spilt (at "), "{outcomes:?}");
    assert!(outcomes[0].contains("tests.rs:"), "{outcomes:?}");
    assert_eq!(outcomes[1], "1");
    assert_eq!(result.actions.len(), 1);
}

#[tokio::test]
async fn names_and_inputs_that_do_not_fit_are_named() {
    let result = ran(None, [("Ad", "1"), ("Add", "\"x\""), ("Add", "")]).await;
    let expected = [
        "OperationNotFound: entity \"@counter@a\" has no operation \"Ad\"; \
         it has Add, Forget, Get, Slow, Tell, Who, delete",
        "PayloadError: input of operation \"Add\" of entity \"@counter@a\": \
         invalid type: string \"x\", expected u64",
        "PayloadError: input of operation \"Add\" of entity \"@counter@a\": \
         invalid type: null, expected u64",
    ];
    for (outcome, expected) in outcomes(&result).iter().zip(expected) {
        assert!(outcome.starts_with(expected), "{outcome}");
    }
}

#[tokio::test]
async fn state_that_does_not_parse_stays_and_can_be_deleted() {
    let broken = r#"{"count":"many"}"#;
    let result = ran(Some(broken), [("Get", ""), ("Add", "1")]).await;
    for outcome in outcomes(&result) {
        let expected = "PayloadError: state of entity \"@counter@a\": count: invalid type: string";
        assert!(outcome.starts_with(expected), "{outcome}");
    }
    assert_eq!(result.entity_state.as_deref(), Some(broken));
    let result = ran(Some(broken), [("Get", ""), ("Delete", ""), ("Add", "1")]).await;
    assert_eq!(outcomes(&result)[1..], ["", "1"]);
    assert_eq!(result.entity_state.as_deref(), Some(r#"{"count":1}"#));
}

#[tokio::test]
async fn deletion_ends_the_state_and_the_next_operation_begins_anew() {
    let state = Some(r#"{"count":5}"#);
    for delete in ["delete", "DELETE", "forget"] {
        let result = ran(state, [("Add", "1"), (delete, "")]).await;
        assert_eq!(result.entity_state, None, "{delete}");
        let result = ran(state, [(delete, ""), ("Get", ""), ("Add", "2")]).await;
        assert_eq!(outcomes(&result), ["", "0", "2"], "{delete}");
    }
}

#[tokio::test]
async fn starts_and_delayed_signals_say_when_and_what() {
    let result = ran(Some(r#"{"count":5}"#), [("Tell", "\"audit:1+2\"")]).await;
    assert_eq!(outcomes(&result), ["\"audit:1+2\""]);
    let mut actions = result
        .actions
        .into_iter()
        .filter_map(|it| it.operation_action_type);
    let Some(OperationActionType::SendSignal(signal)) = actions.next() else {
        panic!("no signal");
    };
    let Some(OperationActionType::StartNewOrchestration(start)) = actions.next() else {
        panic!("no start");
    };
    assert_eq!(signal.instance_id, "@counter@a");
    assert_eq!(
        (signal.name.as_str(), signal.input.as_deref()),
        ("Add", Some("5"))
    );
    assert_eq!(
        (start.name.as_str(), start.input.as_deref()),
        ("Audit", Some("5"))
    );
    assert_eq!(start.version.as_deref(), Some("2"));
    assert!(signal.scheduled_time.is_some());
    assert_eq!(signal.scheduled_time, start.scheduled_time);
    assert!(signal.request_time.is_some() && start.request_time.is_some());

    for id in ["", "@counter@a", &"x".repeat(101)] {
        let result = ran(None, [("Tell", &serde_json::to_string(id).unwrap())]).await;
        let outcome = &outcomes(&result)[0];
        assert!(
            outcome.contains("an instance id has 1 to 100 characters"),
            "{outcome}"
        );
        assert_eq!(result.actions.len(), 0);
    }
}

#[tokio::test]
async fn calls_carry_their_caller_there_and_back() {
    let (entity, _) = typed::<Counter>();
    let events = [call("Who"), signal("who", "")];
    let result = run(&entity, COUNTER.id("a"), batch(None, events), || false).await;
    assert_eq!(
        outcomes(&result),
        [r#"["Who","order-1"]"#, r#"["who",null]"#]
    );
    let destination = result.operation_infos[0].response_destination.as_ref();
    let destination = destination.unwrap();
    assert_eq!(destination.instance_id, "order-1");
    assert_eq!(destination.execution_id.as_deref(), Some("e1"));
    assert_eq!(result.operation_infos[1].response_destination, None);
}

#[tokio::test]
async fn worker_that_stops_answers_for_what_is_done() {
    let (entity, _) = typed::<Counter>();
    let events = [signal("Add", "1"), signal("Add", "2"), signal("Add", "4")];
    let asked = Cell::new(0);
    let is_stopping = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let result = run(
        &entity,
        COUNTER.id("a"),
        batch(None, events.clone()),
        is_stopping,
    )
    .await;
    assert_eq!(outcomes(&result), ["1", "3"]);
    assert_eq!((result.operation_infos.len(), result.actions.len()), (2, 2));
    assert_eq!(result.entity_state.as_deref(), Some(r#"{"count":3}"#));
    // Something is always done: an empty answer would move nothing.
    let result = run(&entity, COUNTER.id("a"), batch(None, events), || true).await;
    assert_eq!(outcomes(&result), ["1"]);
}

#[tokio::test]
async fn unknown_entity_fails_each_operation_and_keeps_the_state() {
    let events = [signal("Add", "1"), call("Get")];
    let result = not_found(Some(&COUNTER.id("a")), batch(Some("7"), events));
    let text = "EntityTaskNotFound: no entity named \"counter\" is registered with this worker";
    assert_eq!(outcomes(&result), [text, text]);
    assert_eq!(result.entity_state.as_deref(), Some("7"));
    assert_eq!(result.operation_infos.len(), 2);
}

#[tokio::test]
async fn older_requests_are_served_and_a_state_kept_back_is_asked_for() {
    let request = EntityBatchRequest {
        instance_id: "@counter@a".to_owned(),
        entity_state: None,
        operations: vec![OperationRequest {
            operation: "Add".to_owned(),
            request_id: "r".to_owned(),
            input: Some("3".to_owned()),
            trace_context: None,
        }],
        ..EntityBatchRequest::default()
    };
    let (entity, _) = typed::<Counter>();
    let result = run(&entity, COUNTER.id("a"), request.clone().into(), || false).await;
    assert_eq!(outcomes(&result), ["3"]);
    assert_eq!(result.operation_infos, []);

    let mut kept_back = request;
    let no = prost_types::value::Kind::BoolValue(false);
    let no = prost_types::Value { kind: Some(no) };
    kept_back.properties.insert("IncludeState".to_owned(), no);
    let result = run(&entity, COUNTER.id("a"), kept_back.into(), || false).await;
    assert!(result.requires_state);
    assert_eq!(result.results, []);
}

#[tokio::test]
async fn function_gets_every_operation_and_sets_the_state_itself() {
    async fn counter(operation: EntityOperation) -> Result<Option<u64>, OperationError> {
        let count: u64 = operation.state()?.unwrap_or_default();
        match operation.name() {
            "add" => operation.set_state(&(count + operation.input::<u64>()?))?,
            "fail" => {
                operation.set_state("spoilt")?;
                return Err(OperationError::new("Boom", "no"));
            }
            "delete" => operation.delete_state(),
            "get" => {}
            _ => return Err(operation.unknown(&["Add", "Get"])),
        }
        Ok(operation.state()?)
    }
    let entity = function("Counter", counter);
    let ran = async |state: Option<&str>, operations: &[(&str, &str)]| {
        let operations = operations.iter().map(|(name, input)| signal(name, input));
        run(&entity, COUNTER.id("a"), batch(state, operations), || false).await
    };
    let result = ran(
        None,
        &[("Add", "2"), ("fail", ""), ("ADD", "3"), ("get", "")],
    )
    .await;
    assert_eq!(outcomes(&result), ["2", "Boom: no", "5", "5"]);
    assert_eq!(result.entity_state.as_deref(), Some("5"));
    let result = ran(Some("5"), &[("delete", ""), ("sub", "1")]).await;
    let outcomes = outcomes(&result);
    assert_eq!(outcomes[0], "");
    assert!(
        outcomes[1].ends_with("no operation \"sub\"; it has Add, Get"),
        "{outcomes:?}"
    );
    assert_eq!(result.entity_state, None);
}

#[test]
fn operation_named_twice_or_not_at_all_is_a_mistake() {
    #[derive(Default, Serialize, Deserialize)]
    struct Twice;
    impl EntityState for Twice {
        fn operations(operations: &mut Operations<Self>) {
            const OTHER: Operation<(), ()> = Operation::named("GET");
            operations
                .on(&GET, |_, _, ()| Ok::<_, OperationError>(0))
                .on(&OTHER, |_, _, ()| Ok::<_, OperationError>(()));
        }
    }
    assert_eq!(typed::<Twice>().1, Some(Mistake::Twice("GET".to_owned())));

    #[derive(Default, Serialize, Deserialize)]
    struct Nameless;
    impl EntityState for Nameless {
        fn operations(operations: &mut Operations<Self>) {
            const NONE: Operation<(), ()> = Operation::named("");
            operations.on(&NONE, |_, _, ()| Ok::<_, OperationError>(()));
        }
    }
    assert_eq!(typed::<Nameless>().1, Some(Mistake::Empty));
}
