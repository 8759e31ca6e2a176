//! Batches that fail, come back, get lost or come too late, and workers that do not want them.

use std::time::Duration;

use durascope_proto::AbandonEntityTaskRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityFilter;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationFilter;
use durascope_proto::TaskFailureDetails;
use durascope_proto::WorkItemFilters;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::entities::Batch;
use durascope_tests::entities::failure;
use durascope_tests::entities::sends;
use durascope_tests::entities::success;
use durascope_tests::events;
use tokio::time::Instant;

use super::Server;

/// The shortest pause before a worker gets again what it gave back.
const PAUSE: Duration = Duration::from_secs(1);

async fn abandon(client: &RawClient, batch: &Batch) {
    let request = AbandonEntityTaskRequest {
        completion_token: batch.token.clone(),
    };
    let mut rpc = client.rpc.clone();
    rpc.abandon_task_entity_work_item(request).await.unwrap();
}

async fn state(client: &RawClient, id: &str) -> Option<String> {
    let entity = client.entity(id).await.unwrap();
    entity.and_then(|entity| entity.serialized_state)
}

#[tokio::test]
async fn failed_operations_reach_their_caller_as_they_are_and_spare_the_others() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let sent = vec![
        actions::call(1, "@counter@a", "add", None),
        actions::signal(2, "@counter@a", "break", None),
        actions::call(3, "@counter@a", "break", None),
        actions::call(4, "@counter@a", "add", None),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    let details = TaskFailureDetails {
        error_type: "System.InvalidOperationException".to_owned(),
        error_message: "Ä: 'x' cannot be \"y\"\n".to_owned(),
        stack_trace: Some("at line 1".to_owned()),
        is_non_retriable: true,
        inner_failure: Some(Box::new(durascope_tests::entities::details("inner"))),
        ..Default::default()
    };
    let batch = worker.entity().await.unwrap();
    let results = vec![
        success(Some("1")),
        failure(details.clone()),
        failure(details.clone()),
        success(Some("2")),
    ];
    client
        .complete_batch(batch.response(Some("2"), results))
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    let (one, three, four) = (actions::guid(1), actions::guid(3), actions::guid(4));
    assert_eq!(
        events::replies(&turn.request.new_events),
        [
            (&*one, Ok(Some("1"))),
            (&*three, Err(&details)),
            (&*four, Ok(Some("2")))
        ]
    );
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_goes_to_another_worker_at_once() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "set", None).await.unwrap();
    worker.answer_entity(Some("7"), None).await.unwrap();
    client.signal("@counter@a", "add", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let mut failed = batch.failed("no such entity here");
    failed.results = vec![success(Some("nothing of this counts"))];
    failed.actions = vec![sends("@other@k", "nor this", None)];
    let began = Instant::now();
    client.complete_batch(failed).await.unwrap();
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("7"));

    let mut other = RawWorker::open(client).await.unwrap();
    let again = other.entity().await.unwrap();
    assert!(began.elapsed() < PAUSE, "it need not wait");
    assert_eq!(again.names(), ["add"]);
    assert_eq!(again.state(), Some("7"));
    assert_ne!(again.token, batch.token);
    client
        .complete_batch(again.done(Some("8"), None))
        .await
        .unwrap();
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("8"));
    assert_eq!(client.transient("@other@k").await.unwrap(), None);
}

#[tokio::test]
async fn the_worker_that_failed_or_gave_back_gets_the_same_batch_after_a_pause() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "add", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    client
        .complete_batch(batch.failed("not now"))
        .await
        .unwrap();
    let began = Instant::now();
    let again = worker.entity().await.unwrap();
    assert!(began.elapsed() >= PAUSE * 9 / 10, "{:?}", began.elapsed());
    assert_eq!(again.names(), ["add"]);

    abandon(client, &again).await;
    let mut other = RawWorker::open(client).await.unwrap();
    let third = other.entity().await.unwrap();
    assert_eq!(third.names(), ["add"], "at once for another worker");
    assert_ne!(third.token, again.token);
}

#[tokio::test]
async fn after_five_tries_calls_fail_signals_go_and_the_state_stays() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.signal("@counter@a", "set", None).await.unwrap();
    worker.answer_entity(Some("7"), None).await.unwrap();
    let sent = vec![
        actions::signal(1, "@counter@a", "break", None),
        actions::call(2, "@counter@a", "break", None),
    ];
    client.complete_turn(&turn, sent).await.unwrap();
    // A new worker each time, for whom there is no pause.
    for attempt in 1..=5 {
        let batch = worker.entity().await.unwrap();
        assert_eq!(batch.names(), ["break", "break"], "attempt {attempt}");
        let failed = match attempt {
            // No result at all for operations that were sent.
            3 => batch.response(None, Vec::new()),
            _ => batch.failed(&format!("attempt {attempt}")),
        };
        client.complete_batch(failed).await.unwrap();
        if attempt < 5 {
            worker = RawWorker::open(client).await.unwrap();
        }
    }
    let turn = worker.turn().await.unwrap();
    let replies = events::replies(&turn.request.new_events);
    let [(request, Err(details))] = &replies[..] else {
        panic!("one failure: {replies:?}");
    };
    assert_eq!(*request, actions::guid(2));
    assert_eq!(details.error_message, "attempt 5");
    let entity = client.entity("@counter@a").await.unwrap().unwrap();
    assert_eq!(entity.serialized_state.as_deref(), Some("7"));
    assert_eq!(entity.backlog_queue_size, 0);
    // The next batch has all its tries again.
    client.signal("@counter@a", "add", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.names(), ["add"]);
    client.complete_batch(batch.failed("again")).await.unwrap();
    let mut other = RawWorker::open(client).await.unwrap();
    other.answer_entity(Some("8"), None).await.unwrap();
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("8"));
}

#[tokio::test]
async fn a_worker_that_wants_the_state_gets_the_batch_again() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "add", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let mut wants = batch.done(Some("not to be applied"), None);
    wants.requires_state = true;
    client.complete_batch(wants).await.unwrap();
    assert_eq!(state(client, "@counter@a").await, None);
    let mut other = RawWorker::open(client).await.unwrap();
    assert_eq!(other.entity().await.unwrap().names(), ["add"]);
}

#[tokio::test]
async fn what_a_lost_stream_held_comes_again_in_front() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    for name in ["1", "2"] {
        client.signal("@counter@a", name, None).await.unwrap();
    }
    let first = worker.entity().await.unwrap();
    client.signal("@counter@a", "3", None).await.unwrap();
    drop(worker);
    let mut other = RawWorker::open(client).await.unwrap();
    let again = other.entity().await.unwrap();
    assert_eq!(again.names(), ["1", "2", "3"]);
    assert_ne!(again.token, first.token);
    // The first worker lives on and answers all the same.
    client
        .complete_batch(first.done(Some("stale"), None))
        .await
        .unwrap();
    assert_eq!(state(client, "@counter@a").await, None);
    client
        .complete_batch(again.done(Some("3"), None))
        .await
        .unwrap();
    client
        .complete_batch(again.done(Some("twice"), None))
        .await
        .unwrap();
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("3"));
}

#[tokio::test]
async fn answers_without_a_current_token_are_accepted_and_change_nothing() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    client.signal("@counter@a", "add", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    for token in [
        "",
        "made up",
        "00000000000000000000000000000000",
        &turn.token,
    ] {
        let response = EntityBatchResult {
            completion_token: token.to_owned(),
            ..batch.done(Some("wrong"), None)
        };
        client.complete_batch(response).await.unwrap();
        let mut wrong = batch.clone();
        wrong.token = token.to_owned();
        abandon(client, &wrong).await;
    }
    assert_eq!(state(client, "@counter@a").await, None);
    client
        .complete_batch(batch.done(Some("1"), None))
        .await
        .unwrap();
    assert_eq!(state(client, "@counter@a").await.as_deref(), Some("1"));
    // The turn's token was not used up by it.
    client
        .complete_turn(&turn, vec![actions::succeed(1, "null")])
        .await
        .unwrap();
    client.ended("order").await.unwrap();
}

#[tokio::test]
async fn replies_for_an_earlier_execution_are_nobodys() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let leaving = vec![
        actions::call(1, "@counter@a", "get", None),
        actions::continue_as_new(2, "null", Vec::new()),
    ];
    client.complete_turn(&turn, leaving).await.unwrap();
    let second = worker.turn().await.unwrap();
    assert_ne!(second.request.execution_id, turn.request.execution_id);
    let again = vec![actions::call(1, "@counter@b", "get", None)];
    client.complete_turn(&second, again).await.unwrap();
    // The same request id in both executions, as deterministic ids may be.
    let stale = worker.answer_entity(None, Some("stale")).await.unwrap();
    assert_eq!(stale.request.instance_id, "@counter@a");
    worker.answer_entity(None, Some("current")).await.unwrap();
    let third = worker.turn().await.unwrap();
    let one = actions::guid(1);
    assert_eq!(
        events::replies(&third.request.new_events),
        [(&*one, Ok(Some("current")))]
    );
}

#[tokio::test]
async fn replies_for_an_instance_that_ended_or_was_replaced_are_nobodys() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let leaving = vec![
        actions::call(1, "@counter@a", "get", None),
        actions::succeed(2, "null"),
    ];
    client.complete_turn(&turn, leaving).await.unwrap();
    let stale = worker.entity().await.unwrap();
    let turn = server.first_turn(&mut worker, "order").await;
    let again = vec![actions::call(1, "@counter@b", "get", None)];
    client.complete_turn(&turn, again).await.unwrap();
    client
        .complete_batch(stale.done(None, Some("stale")))
        .await
        .unwrap();
    worker.answer_entity(None, Some("current")).await.unwrap();
    let second = worker.turn().await.unwrap();
    let one = actions::guid(1);
    assert_eq!(
        events::replies(&second.request.new_events),
        [(&*one, Ok(Some("current")))]
    );
}

fn only(entities: &[&str]) -> GetWorkItemsRequest {
    let entities = entities.iter().map(|name| EntityFilter {
        name: (*name).to_owned(),
    });
    GetWorkItemsRequest {
        work_item_filters: Some(WorkItemFilters {
            entities: entities.collect(),
            orchestrations: vec![OrchestrationFilter {
                name: "Order".to_owned(),
                versions: Vec::new(),
            }],
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn workers_get_the_entities_that_they_list_and_others_do_not_stand_in_the_way() {
    let server = Server::start().await;
    let client = &server.client;
    let mut picky = RawWorker::open_with(client, only(&["counter"]))
        .await
        .unwrap();
    client.signal("@other@k", "1", None).await.unwrap();
    client.signal("@Counter@a", "2", None).await.unwrap();
    let batch = picky.answer_entity(Some("s"), None).await.unwrap();
    assert_eq!(batch.request.instance_id, "@counter@a");
    let waiting = client.transient("@other@k").await.unwrap().unwrap();
    assert_eq!(waiting.backlog_queue_size, 1);

    // Filters that list no entity want none.
    let mut none = RawWorker::open_with(client, only(&[])).await.unwrap();
    drop(picky);
    client.signal("@counter@a", "3", None).await.unwrap();
    server.client.start("Order", "order", None).await.unwrap();
    none.answer_turn(vec![actions::succeed(0, "null")])
        .await
        .unwrap();
    drop(none);
    // No filters want everything.
    let mut all = RawWorker::open(client).await.unwrap();
    let mut seen = [all.entity().await.unwrap(), all.entity().await.unwrap()];
    seen.sort_by_key(|batch| batch.request.instance_id.clone());
    assert_eq!(seen[0].names(), ["3"]);
    assert_eq!(seen[1].names(), ["1"]);
}

#[tokio::test]
async fn a_worker_holds_no_more_batches_than_it_asked_for() {
    let server = Server::start().await;
    let client = &server.client;
    let request = GetWorkItemsRequest {
        max_concurrent_entity_work_items: 1,
        ..Default::default()
    };
    let mut worker = RawWorker::open_with(client, request).await.unwrap();
    client.signal("@counter@a", "1", None).await.unwrap();
    client.signal("@counter@b", "2", None).await.unwrap();
    let first = worker.entity().await.unwrap();
    // Turns have a limit of their own.
    server.first_turn(&mut worker, "order").await;
    let waiting = client.transient("@counter@b").await.unwrap().unwrap();
    assert_eq!(waiting.backlog_queue_size, 1);
    client.complete_batch(first.done(None, None)).await.unwrap();
    assert_eq!(worker.entity().await.unwrap().names(), ["2"]);
}
