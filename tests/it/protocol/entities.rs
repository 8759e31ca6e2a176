//! Messages for entities become batches: content, order, one at a time; results become replies
//! and state.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use durascope_proto::SignalEntityRequest;
use durascope_proto::history_event::EventType;
use durascope_proto::time;
use durascope_tests::actions;
use durascope_tests::entities::Operation;
use durascope_tests::entities::success;
use durascope_tests::events;
use tonic::Code;

use super::Server;

pub(super) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

#[tokio::test]
async fn signal_reaches_an_entity_that_nobody_created() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let request = SignalEntityRequest {
        instance_id: "@Counter@User@A".to_owned(),
        name: "Add".to_owned(),
        input: Some(" {\"by\": 1} ".to_owned()),
        request_id: "6F9619FF-8b86-d011-b42d-00cf4fc964ff".to_owned(),
        ..Default::default()
    };
    client.signal_with(request.clone()).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert!(!batch.token.is_empty());
    assert_eq!(batch.request.instance_id, "@counter@User@A");
    assert!(!batch.request.execution_id.is_empty());
    assert_eq!(batch.request.entity_state, None);
    let [event] = &batch.request.operation_requests[..] else {
        panic!("one operation: {batch:?}");
    };
    assert_eq!(event.event_id, -1);
    let said_at = time::to_micros(event.timestamp.as_ref().unwrap());
    assert!(said_at > 0 && said_at <= now_us(), "{said_at}");
    let Some(EventType::EntityOperationSignaled(signal)) = &event.event_type else {
        panic!("a signal: {event:?}");
    };
    assert_eq!(signal.operation, "Add");
    assert_eq!(signal.input, request.input);
    assert_eq!(signal.request_id, request.request_id, "byte for byte");
    assert_eq!(signal.scheduled_time, None);
}

#[tokio::test]
async fn call_names_its_caller_although_the_caller_does_not() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let state = "{\"ä\": [1,  2]}\n";
    client.signal("@counter@a", "set", None).await.unwrap();
    worker.answer_entity(Some(state), None).await.unwrap();
    let calls = vec![
        actions::call(1, "@Counter@a", "get", None),
        actions::call(2, "@counter@a", "add", Some("")),
    ];
    client.complete_turn(&turn, calls).await.unwrap();

    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.state(), Some(state), "as the worker gave it");
    let operations = batch.operations();
    let [Operation::Call(get), Operation::Call(add)] = &operations[..] else {
        panic!("two calls: {operations:?}");
    };
    for call in [get, add] {
        assert_eq!(call.parent_instance_id.as_deref(), Some("order"));
        assert_eq!(call.parent_execution_id, turn.request.execution_id);
    }
    assert_eq!(
        (&*get.operation, &*get.request_id),
        ("get", &*actions::guid(1))
    );
    assert_eq!((&get.input, &add.input), (&None, &Some(String::new())));

    let results = vec![success(Some("41")), success(None)];
    client
        .complete_batch(batch.response(Some(state), results))
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    let replies = events::replies(&turn.request.new_events);
    let expected = [
        (actions::guid(1), Ok(Some("41"))),
        (actions::guid(2), Ok(None)),
    ];
    let expected = expected
        .each_ref()
        .map(|(id, result)| (id.as_str(), *result));
    assert_eq!(replies, expected);
    assert!(
        turn.request
            .new_events
            .iter()
            .all(|it| it.timestamp.is_some())
    );
}

#[tokio::test]
async fn the_history_has_every_message_under_the_id_of_its_action() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let parameters = turn.request.entity_parameters.as_ref().unwrap();
    assert!(
        parameters.entity_message_reorder_window.is_some(),
        "for .NET"
    );
    let sent = vec![
        actions::signal(3, "@counter@a", "add", None),
        actions::call(4, "@counter@b", "get", None),
        actions::lock(5, "s", &["@counter@c"]),
        actions::unlock(6, "s", "@counter@c"),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    for _ in 0..2 {
        worker.answer_entity(None, None).await.unwrap();
    }
    let history = client.history("order").await.unwrap();
    let of_entities: Vec<_> = history.iter().filter(|it| it.event_id > 0).collect();
    assert_eq!(
        of_entities.iter().map(|it| it.event_id).collect::<Vec<_>>(),
        [3, 4, 5, 6]
    );
    let targets: Vec<_> = of_entities
        .iter()
        .map(|event| match event.event_type.as_ref().unwrap() {
            EventType::EntityOperationSignaled(it) => it.target_instance_id.clone(),
            EventType::EntityOperationCalled(it) => it.target_instance_id.clone(),
            EventType::EntityLockRequested(it) => Some(it.lock_set.join(",")),
            EventType::EntityUnlockSent(it) => it.target_instance_id.clone(),
            other => panic!("unexpected {other:?}"),
        })
        .map(Option::unwrap)
        .collect();
    assert_eq!(
        targets,
        ["@counter@a", "@counter@b", "@counter@c", "@counter@c"]
    );
}

#[tokio::test]
async fn an_entity_has_one_batch_at_a_time_in_the_order_of_arrival() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "1", None).await.unwrap();
    let first = worker.entity().await.unwrap();
    for name in ["2", "3", "4"] {
        client.signal("@counter@a", name, None).await.unwrap();
    }
    client.signal("@counter@b", "other", None).await.unwrap();
    let other = worker.entity().await.unwrap();
    assert_eq!(other.request.instance_id, "@counter@b", "one at a time");
    client
        .complete_batch(first.done(Some("s"), None))
        .await
        .unwrap();
    let second = worker.entity().await.unwrap();
    assert_eq!(second.names(), ["2", "3", "4"]);
    assert_eq!(second.state(), Some("s"));
    assert_ne!(second.token, first.token);
}

#[tokio::test]
async fn large_backlogs_come_in_batches_that_are_bounded_and_in_order() {
    let server = Server::start().await;
    let client = &server.client;
    let names: Vec<String> = (0..450).map(|number| number.to_string()).collect();
    for name in &names {
        client.signal("@counter@a", name, None).await.unwrap();
    }
    let mut worker = durascope_tests::RawWorker::open(client).await.unwrap();
    let mut seen: Vec<String> = Vec::new();
    while seen.len() < names.len() {
        let batch = worker.answer_entity(Some("s"), None).await.unwrap();
        assert!(batch.names().len() <= 200, "{}", batch.names().len());
        seen.extend(batch.names().into_iter().map(str::to_owned));
    }
    assert_eq!(seen, names);
}

#[tokio::test]
async fn what_a_partial_answer_leaves_comes_again_before_newer_messages() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let calls = (1..=3).map(|id| actions::call(id, "@counter@a", &format!("{id}"), None));
    client.complete_turn(&turn, calls.collect()).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.names(), ["1", "2", "3"]);
    client.signal("@counter@a", "later", None).await.unwrap();
    let partial = batch.response(Some("one"), vec![success(Some("r1"))]);
    client.complete_batch(partial).await.unwrap();

    let turn = worker.turn().await.unwrap();
    let first = actions::guid(1);
    assert_eq!(
        events::replies(&turn.request.new_events),
        [(first.as_str(), Ok(Some("r1")))]
    );
    let rest = worker.entity().await.unwrap();
    assert_eq!(rest.names(), ["2", "3", "later"]);
    assert_eq!(rest.state(), Some("one"));
    // More results than operations: the surplus is nobody's.
    let surplus = vec![success(None); 5];
    client
        .complete_batch(rest.response(Some("all"), surplus))
        .await
        .unwrap();
    let state = client.entity("@counter@a").await.unwrap().unwrap();
    assert_eq!(state.serialized_state.as_deref(), Some("all"));
    assert_eq!(state.backlog_queue_size, 0);
}

#[tokio::test]
async fn results_belong_to_the_operations_that_the_worker_names() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let calls = vec![
        actions::call(1, "@counter@a", "get", None),
        actions::call(2, "@counter@a", "get", None),
    ];
    client.complete_turn(&turn, calls).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let results = vec![success(Some("of 2")), success(Some("of 1"))];
    let mut response = batch.response(None, results);
    response.operation_infos.reverse();
    client.complete_batch(response).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let mut replies = events::replies(&turn.request.new_events);
    replies.sort_by_key(|(request, _)| request.to_owned());
    let (one, two) = (actions::guid(1), actions::guid(2));
    assert_eq!(
        replies,
        [(&*one, Ok(Some("of 1"))), (&*two, Ok(Some("of 2")))]
    );
}

#[tokio::test]
async fn deleted_entities_do_not_exist_and_begin_anew() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    // Python sends an empty text for no state.
    for deleted in [None, Some("")] {
        client.signal("@counter@a", "set", None).await.unwrap();
        let batch = worker.answer_entity(Some("7"), None).await.unwrap();
        assert_eq!(batch.state(), None, "nothing of the one before");
        let entity = client.entity("@counter@a").await.unwrap().unwrap();
        assert_eq!(entity.serialized_state.as_deref(), Some("7"));
        client.signal("@counter@a", "delete", None).await.unwrap();
        worker.answer_entity(deleted, None).await.unwrap();
        assert_eq!(client.entity("@counter@a").await.unwrap(), None);
        assert_eq!(client.transient("@counter@a").await.unwrap(), None);
    }
    // From nothing to nothing.
    client.signal("@counter@a", "get", None).await.unwrap();
    worker.answer_entity(None, None).await.unwrap();
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
}

#[tokio::test]
async fn a_caller_that_has_its_result_can_read_what_the_call_did() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let call = vec![actions::call(1, "@counter@a", "add", None)];
    client.complete_turn(&turn, call).await.unwrap();
    worker.answer_entity(Some("1"), Some("1")).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(events::replies(&turn.request.new_events).len(), 1);
    let entity = client.entity("@counter@a").await.unwrap().unwrap();
    assert_eq!(entity.serialized_state.as_deref(), Some("1"));
}

#[tokio::test]
async fn messages_of_one_sender_keep_their_order_and_completion_sends_them_too() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let sent = vec![
        actions::signal(1, "@counter@a", "first", None),
        actions::call(2, "@counter@a", "second", None),
        actions::signal(3, "@counter@a", "third", None),
        actions::succeed(4, "null"),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    let batch = worker.answer_entity(Some("s"), None).await.unwrap();
    assert_eq!(batch.names(), ["first", "second", "third"]);
}

#[tokio::test]
async fn calls_to_what_is_no_entity_fail_and_signals_go_nowhere() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let sent = vec![
        actions::signal(1, "no entity", "add", None),
        actions::call(2, "@counter", "add", None),
        actions::call(3, &format!("@c@{}", "k".repeat(98)), "add", None),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    let turn = worker.turn().await.unwrap();
    let replies = events::replies(&turn.request.new_events);
    assert_eq!(replies.len(), 2, "{replies:?}");
    for (_, reply) in replies {
        let details = reply.unwrap_err();
        assert!(
            details.error_message.contains("targetInstanceId"),
            "{details:?}"
        );
    }
}

#[tokio::test]
async fn bad_signals_are_refused_with_the_name_of_the_field() {
    let server = Server::start().await;
    let long = format!("@c@{}", "k".repeat(98));
    let signal = |id: &str, name: &str, request: &str| SignalEntityRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        request_id: request.to_owned(),
        ..Default::default()
    };
    let cases = [
        (signal(&long, "add", ""), "instanceId", "limit is 100"),
        (signal("", "add", ""), "instanceId", "@name@key"),
        (signal("order", "add", ""), "instanceId", "@name@key"),
        (signal("@counter", "add", ""), "instanceId", "@name@key"),
        (signal("@@key", "add", ""), "instanceId", "@name@key"),
        (signal("@c@k", "", ""), "name", "empty"),
        (signal("@c@k", "add", "17"), "requestId", "GUID"),
    ];
    for (request, field, says) in cases {
        let status = server
            .client
            .signal_with(request.clone())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{request:?}");
        let message = status.message();
        assert!(
            message.contains(field) && message.contains(says),
            "{message}"
        );
    }
    // 100 characters, not bytes.
    let id = format!("@c@{}", "ä".repeat(97));
    server.client.signal(&id, "add", None).await.unwrap();
    assert!(server.client.transient(&id).await.unwrap().is_some());
}
