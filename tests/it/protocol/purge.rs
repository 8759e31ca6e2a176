//! Purge: exact counts, and nothing left of what went.

use durascope_proto::InstanceBatch;
use durascope_proto::OrchestrationStatus;
use durascope_proto::PurgeInstanceFilter;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::PurgeInstancesResponse;
use durascope_proto::purge_instances_request::Request;
use durascope_tests::RawClient;
use durascope_tests::actions;
use tonic::Code;
use tonic::Status;

use super::Server;

/// The most ids that one request may name.
const BATCH_MAX: usize = 500;

async fn purge(
    client: &RawClient,
    recursive: bool,
    request: Option<Request>,
) -> Result<PurgeInstancesResponse, Status> {
    let request = PurgeInstancesRequest {
        recursive,
        is_orchestration: true,
        request,
    };
    Ok(client
        .rpc
        .clone()
        .purge_instances(request)
        .await?
        .into_inner())
}

fn one(id: &str) -> Option<Request> {
    Some(Request::InstanceId(id.to_owned()))
}

fn batch(ids: impl IntoIterator<Item = String>) -> Option<Request> {
    Some(Request::InstanceBatch(InstanceBatch {
        instance_ids: ids.into_iter().collect(),
    }))
}

fn done(count: i32) -> PurgeInstancesResponse {
    PurgeInstancesResponse {
        deleted_instance_count: count,
        is_complete: Some(true),
    }
}

#[tokio::test]
async fn only_ended_instances_go() {
    let server = Server::start().await;
    let client = &server.client;
    client.start("Order", "pending", None).await.unwrap();
    assert_eq!(purge(client, true, one("pending")).await.unwrap(), done(0));
    assert_eq!(purge(client, true, one("nobody")).await.unwrap(), done(0));
    let _worker = server.finish_everything().await;
    client.ended("pending").await.unwrap();
    assert_eq!(purge(client, false, one("pending")).await.unwrap(), done(1));
    assert_eq!(client.state("pending").await.unwrap(), None);
    assert_eq!(client.history("pending").await.unwrap(), []);
    let status = client.raise("pending", "Go", None).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(purge(client, false, one("pending")).await.unwrap(), done(0));
}

#[tokio::test]
async fn batch_counts_what_went_and_has_a_limit() {
    let server = Server::start().await;
    let client = &server.client;
    let _worker = server.finish_everything().await;
    for id in ["a", "b", "c"] {
        client.start("Order", id, None).await.unwrap();
        client.ended(id).await.unwrap();
    }
    let ids = ["a", "nobody", "c"].map(str::to_owned);
    assert_eq!(purge(client, false, batch(ids)).await.unwrap(), done(2));
    assert_eq!(
        client.status("b").await.unwrap(),
        OrchestrationStatus::Completed
    );

    let many = |count: usize| batch((0..count).map(|number| format!("x-{number}")));
    assert_eq!(
        purge(client, false, many(BATCH_MAX)).await.unwrap(),
        done(0)
    );
    let status = purge(client, false, many(BATCH_MAX + 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("500"), "{}", status.message());
    let status = purge(client, false, None).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn filter_counts_exactly() {
    let server = Server::start().await;
    let client = &server.client;
    {
        let _worker = server.finish_everything().await;
        for id in ["a", "b", "c"] {
            client.start("Order", id, None).await.unwrap();
            client.ended(id).await.unwrap();
        }
    }
    client.start("Order", "pending", None).await.unwrap();
    let created = client.state("b").await.unwrap().unwrap().created_timestamp;
    let filter = |filter: PurgeInstanceFilter| Some(Request::PurgeInstanceFilter(filter));

    let failed = PurgeInstanceFilter {
        runtime_status: vec![OrchestrationStatus::Failed.into()],
        ..Default::default()
    };
    assert_eq!(purge(client, false, filter(failed)).await.unwrap(), done(0));
    let pending = PurgeInstanceFilter {
        runtime_status: vec![OrchestrationStatus::Pending.into()],
        ..Default::default()
    };
    assert_eq!(
        purge(client, false, filter(pending)).await.unwrap(),
        done(0)
    );
    let since = PurgeInstanceFilter {
        created_time_from: created,
        ..Default::default()
    };
    assert_eq!(purge(client, false, filter(since)).await.unwrap(), done(2));
    let all = PurgeInstanceFilter::default();
    assert_eq!(purge(client, false, filter(all)).await.unwrap(), done(1));
    assert_eq!(
        client.status("pending").await.unwrap(),
        OrchestrationStatus::Pending
    );
}

#[tokio::test]
async fn descendants_go_with_their_root_unless_they_still_run() {
    let (server, mut worker, turn) = Server::with_first_turn("root").await;
    let client = &server.client;
    let children = vec![
        actions::child(0, "ended", "Kid", None),
        actions::child(1, "running", "Kid", None),
        actions::succeed(2, "1"),
    ];
    client.complete_turn(&turn, children).await.unwrap();
    for _ in 0..2 {
        let turn = worker.turn().await.unwrap();
        let answer = match turn.request.instance_id.as_str() {
            "ended" => {
                vec![
                    actions::child(0, "grandchild", "Kid", None),
                    actions::succeed(1, "1"),
                ]
            }
            _ => vec![],
        };
        client.complete_turn(&turn, answer).await.unwrap();
    }
    let grandchild = worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    assert_eq!(grandchild.request.instance_id, "grandchild");
    for id in ["root", "ended", "grandchild"] {
        client.ended(id).await.unwrap();
    }
    assert_eq!(purge(client, true, one("root")).await.unwrap(), done(3));
    for id in ["root", "ended", "grandchild"] {
        assert_eq!(client.state(id).await.unwrap(), None, "{id}");
    }
    assert_eq!(
        client.status("running").await.unwrap(),
        OrchestrationStatus::Running
    );
}

#[tokio::test]
async fn root_alone_goes_without_recursion() {
    let (server, mut worker, turn) = Server::with_first_turn("root").await;
    let client = &server.client;
    client
        .complete_turn(
            &turn,
            vec![
                actions::child(0, "kid", "Kid", None),
                actions::succeed(1, "1"),
            ],
        )
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::succeed(0, "1")])
        .await
        .unwrap();
    client.ended("kid").await.unwrap();
    assert_eq!(purge(client, false, one("root")).await.unwrap(), done(1));
    assert_eq!(
        client.status("kid").await.unwrap(),
        OrchestrationStatus::Completed
    );
}
