//! Purging entities, cleaning that has nothing to clean, and orchestration calls on entity ids.

use durascope_proto::CleanEntityStorageRequest;
use durascope_proto::CleanEntityStorageResponse;
use durascope_proto::CreateTaskHubRequest;
use durascope_proto::InstanceBatch;
use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::PurgeInstanceFilter;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::purge_instances_request::Request;
use durascope_tests::RawClient;
use durascope_tests::actions;
use durascope_tests::entities::sends;
use durascope_tests::events;
use tonic::Code;

use super::Server;

async fn purge(client: &RawClient, is_orchestration: bool, request: Request) -> i32 {
    let request = PurgeInstancesRequest {
        is_orchestration,
        request: Some(request),
        ..Default::default()
    };
    let mut rpc = client.rpc.clone();
    let purged = rpc.purge_instances(request).await.unwrap().into_inner();
    purged.deleted_instance_count
}

async fn purge_entity(client: &RawClient, id: &str) -> i32 {
    purge(client, false, Request::InstanceId(id.to_owned())).await
}

#[tokio::test]
async fn purged_entities_are_counted_and_gone() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    for id in ["@counter@a", "@counter@b"] {
        client.signal(id, "add", None).await.unwrap();
        worker.answer_entity(Some("7"), None).await.unwrap();
    }
    assert_eq!(purge_entity(client, "@counter@nobody").await, 0);
    assert_eq!(purge_entity(client, "@malformed").await, 0);
    let id = Request::InstanceId("@counter@a".to_owned());
    assert_eq!(purge(client, true, id).await, 0, "it is no orchestration");
    assert!(client.entity("@counter@a").await.unwrap().is_some());

    assert_eq!(purge_entity(client, "@Counter@a").await, 1);
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
    assert_eq!(purge_entity(client, "@counter@a").await, 0);
    // A purge by filter means orchestrations.
    let everything = Request::PurgeInstanceFilter(PurgeInstanceFilter::default());
    assert_eq!(purge(client, false, everything).await, 0);
    assert!(client.entity("@counter@b").await.unwrap().is_some());
    // Begun anew.
    client.signal("@counter@a", "add", None).await.unwrap();
    assert_eq!(worker.entity().await.unwrap().state(), None);
}

#[tokio::test]
async fn calls_that_wait_at_a_purged_entity_fail_and_its_batch_is_worth_nothing() {
    let (server, mut worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let call = vec![actions::call(1, "@counter@a", "get", None)];
    client.complete_turn(&turn, call).await.unwrap();
    let out = worker.entity().await.unwrap();
    client.raise("order", "E", None).await.unwrap();
    let call = vec![actions::call(2, "@counter@a", "get", None)];
    worker.answer_turn(call).await.unwrap();
    client.signal("@counter@a", "add", None).await.unwrap();

    assert_eq!(purge_entity(client, "@counter@a").await, 1);
    let mut failed = Vec::new();
    while failed.len() < 2 {
        let turn = worker.answer_turn(Vec::new()).await.unwrap();
        for (request, reply) in events::replies(&turn.request.new_events) {
            let message = &reply.unwrap_err().error_message;
            assert!(message.contains("@counter@a"), "{message}");
            failed.push(request.to_owned());
        }
    }
    assert_eq!(failed, [actions::guid(1), actions::guid(2)]);
    let mut late = out.done(Some("late"), Some("late"));
    late.actions = vec![sends("@other@k", "late", None)];
    client.complete_batch(late).await.unwrap();
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
    assert_eq!(client.transient("@other@k").await.unwrap(), None);
    client.signal("@counter@a", "again", None).await.unwrap();
    assert_eq!(worker.entity().await.unwrap().names(), ["again"]);
}

#[tokio::test]
async fn sections_that_wait_for_a_purged_entity_go_on() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let set = ["@counter@a", "@counter@b"];
    let turn = server.first_turn(&mut worker, "holder").await;
    client
        .complete_turn(&turn, vec![actions::lock(1, "s", &set)])
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(events::granted(&turn.request.new_events), ["s"]);
    let waits = server.first_turn(&mut worker, "waits").await;
    let ask = vec![actions::lock(1, "t", &set[..1])];
    client.complete_turn(&waits, ask).await.unwrap();

    assert_eq!(purge_entity(client, "@counter@a").await, 1);
    let granted = worker.turn().await.unwrap();
    assert_eq!(granted.request.instance_id, "waits");
    assert_eq!(events::granted(&granted.request.new_events), ["t"]);
    // The holder knows nothing of it; its unlock is not one of the section that is there now.
    let unlocks = vec![
        actions::unlock(2, "s", "@counter@a"),
        actions::unlock(3, "s", "@counter@b"),
        actions::succeed(4, "null"),
    ];
    client.complete_turn(&turn, unlocks).await.unwrap();
    let entity = client.transient("@counter@a").await.unwrap().unwrap();
    assert_eq!(entity.locked_by.as_deref(), Some("waits"));
    assert_eq!(client.transient("@counter@b").await.unwrap(), None);
}

#[tokio::test]
async fn a_batch_is_one_of_orchestrations() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "add", None).await.unwrap();
    worker.answer_entity(Some("7"), None).await.unwrap();
    let turn = server.first_turn(&mut worker, "order").await;
    client
        .complete_turn(&turn, vec![actions::succeed(0, "null")])
        .await
        .unwrap();
    let batch = InstanceBatch {
        instance_ids: ["order", "@counter@a", "nobody"]
            .map(str::to_owned)
            .to_vec(),
    };
    let purged = purge(client, false, Request::InstanceBatch(batch)).await;
    assert_eq!(purged, 1);
    assert!(client.entity("@counter@a").await.unwrap().is_some());
}

#[tokio::test]
async fn there_is_never_anything_to_clean() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "delete", None).await.unwrap();
    worker.answer_entity(None, None).await.unwrap();
    for flag in [true, false] {
        let request = CleanEntityStorageRequest {
            remove_empty_entities: flag,
            release_orphaned_locks: flag,
            continuation_token: None,
        };
        let cleaned = client.rpc.clone().clean_entity_storage(request).await;
        let expected = CleanEntityStorageResponse::default();
        assert_eq!(
            cleaned.unwrap().into_inner(),
            expected,
            "zeros and no token"
        );
    }
}

#[tokio::test]
async fn entities_are_no_instances() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let id = "@counter@a";
    client.signal(id, "add", None).await.unwrap();
    worker.answer_entity(Some("7"), None).await.unwrap();
    let turn = server.first_turn(&mut worker, "order").await;
    let events_to_it = vec![
        actions::send_event(1, id, "E", None),
        actions::terminate(2, id, "no", true),
        actions::succeed(3, "null"),
    ];
    client.complete_turn(&turn, events_to_it).await.unwrap();

    let mut rpc = client.rpc.clone();
    let page = rpc.query_instances(QueryInstancesRequest::default()).await;
    let ids: Vec<String> = page
        .unwrap()
        .into_inner()
        .orchestration_state
        .into_iter()
        .map(|state| state.instance_id)
        .collect();
    assert_eq!(ids, ["order"]);
    let page = rpc.list_instance_ids(ListInstanceIdsRequest {
        page_size: 10,
        ..Default::default()
    });
    assert_eq!(page.await.unwrap().into_inner().instance_ids, ["order"]);
    assert_eq!(client.state(id).await.unwrap(), None);

    let refused = client.start("Order", id, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("instanceId"), "{refused}");
    let answers = [
        client.raise(id, "E", None).await,
        client.terminate(id, None, true).await,
        rpc.suspend_instance(SuspendRequest {
            instance_id: id.to_owned(),
            reason: None,
        })
        .await
        .map(drop),
        rpc.resume_instance(ResumeRequest {
            instance_id: id.to_owned(),
            reason: None,
        })
        .await
        .map(drop),
    ];
    for answer in answers {
        assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    }
    let history = client.history(id).await;
    assert_eq!(history.unwrap_err().code(), Code::NotFound);
    let state = client.entity(id).await.unwrap().unwrap();
    assert_eq!(state.serialized_state.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_batch_from_before_its_hub_was_emptied_is_worth_nothing() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal("@counter@a", "add", None).await.unwrap();
    let old = worker.entity().await.unwrap();
    let recreate = CreateTaskHubRequest {
        recreate_if_exists: true,
    };
    client.rpc.clone().create_task_hub(recreate).await.unwrap();
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
    let mut late = old.done(Some("late"), None);
    late.actions = vec![sends("@other@k", "late", None)];
    client.complete_batch(late).await.unwrap();
    assert_eq!(client.transient("@counter@a").await.unwrap(), None);
    assert_eq!(client.transient("@other@k").await.unwrap(), None);
    client.signal("@counter@a", "again", None).await.unwrap();
    let batch = worker.answer_entity(Some("s"), None).await.unwrap();
    assert_eq!(batch.names(), ["again"]);
}
