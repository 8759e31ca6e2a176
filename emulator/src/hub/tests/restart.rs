//! What is accepted in one life of the hub is understood in the next.

use durascope_proto::ActivityFilter;
use durascope_proto::ActivityResponse;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TaskFailureDetails;
use durascope_proto::WorkItemFilters;
use durascope_proto::history_event::EventType;
use durascope_proto::work_item::Request;
use prost::Message as _;

use super::answers::answer;
use super::answers::end;
use super::answers::task;
use super::event;
use super::fresh;
use super::hub;
use super::news;
use super::next;
use super::raised;
use super::read;
use super::start;
use super::turn;
use super::worker;
use crate::dispatch::WorkerProfile;

#[tokio::test]
async fn messages_keep_their_order_when_the_clock_goes_back_between_two_lives() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 4).await;
    one.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&one, key, &first, []).await;
    drop(items);
    one.raise_event(key, event("order", "early")).await.unwrap();
    one.shutdown().await;
    // As if the clock of that life had been an hour ahead; only the inbox shows it.
    let ahead = "UPDATE inbox SET at_us = at_us + 3600000000, seq = seq + 3600000000";
    let changed = read(&path, |db| db.execute(ahead, []).unwrap());
    assert_eq!(changed, 1);

    let (two, key) = hub(&path).await;
    two.raise_event(key, event("order", "late")).await.unwrap();
    let mut items = worker(&two, key, 4).await;
    let item = next(&mut items).await;
    assert_eq!(raised(turn(&item)), ["early", "late"]);
}

#[tokio::test]
async fn activities_of_an_ended_execution_keep_its_version_for_filters_after_a_restart() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 1).await;
    let request = CreateInstanceRequest {
        version: Some("3.0.0".to_owned()),
        ..start("order")
    };
    one.start(key, request).await.unwrap();
    let first = next(&mut items).await;
    answer(&one, key, &first, [task("A"), end(Status::Completed)]).await;
    one.shutdown().await;

    let (two, key) = hub(&path).await;
    let filter = ActivityFilter {
        name: "A".to_owned(),
        versions: vec!["3.0.0".to_owned()],
    };
    let filters = WorkItemFilters {
        activities: vec![filter],
        ..Default::default()
    };
    let profile = WorkerProfile {
        worker_id: "w".to_owned(),
        peer: String::new(),
        user_agent: "test".to_owned(),
        sticky: 0,
        request: GetWorkItemsRequest {
            work_item_filters: Some(filters),
            ..Default::default()
        },
    };
    let mut items = two.connect_worker(key, profile).await.unwrap();
    let item = next(&mut items).await;
    assert!(
        matches!(&item.request, Some(Request::ActivityRequest(it)) if it.name == "A"),
        "{item:?}"
    );
}

/// As deep as the transport takes it.
fn nested_failure() -> TaskFailureDetails {
    (0..99).fold(TaskFailureDetails::default(), |inner, _| {
        TaskFailureDetails {
            error_type: "E".to_owned(),
            inner_failure: Some(Box::new(inner)),
            ..Default::default()
        }
    })
}

#[tokio::test]
async fn an_activity_with_a_deeply_nested_failure_is_told_after_a_restart() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 4).await;
    one.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    // The second one stays open, so that the restart reads the history for it.
    answer(&one, key, &first, [task("A"), task("B")]).await;
    let item = next(&mut items).await;
    let Some(Request::ActivityRequest(request)) = &item.request else {
        panic!("not an activity: {item:?}");
    };
    let response = ActivityResponse {
        completion_token: item.completion_token.clone(),
        task_id: request.task_id,
        failure_details: Some(nested_failure()),
        ..Default::default()
    };
    let taken = ActivityResponse::decode(&*response.encode_to_vec()).unwrap();
    one.complete_activity(key, taken).await.unwrap();
    one.shutdown().await;

    let (two, key) = hub(&path).await;
    let mut items = worker(&two, key, 4).await;
    loop {
        let item = next(&mut items).await;
        if let Some(Request::OrchestratorRequest(turn)) = &item.request {
            let mut news = news(turn);
            assert!(news.any(|it| matches!(it, EventType::TaskFailed(_))));
            break;
        }
    }
}
