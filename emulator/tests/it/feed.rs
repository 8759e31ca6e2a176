//! The live feed over the wire.

use std::time::Duration;

use durascope_proto::ActivityResponse;
use durascope_proto::DeleteTaskHubRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultFailure;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateRequest;
use durascope_proto::WorkItem;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::PreviewPurgeRequest;
use durascope_proto::monitor::ReportedProgress;
use durascope_proto::monitor::SortColumn;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_proto::operation_result::ResultType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use durascope_proto::time::to_micros;
use durascope_proto::work_item::Request as Work;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::Request;
use tonic::Streaming;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

use crate::Served;

/// Longer than any update takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Updates until one is as expected.
async fn until(
    feed: &mut Streaming<WatchUpdate>,
    expected: impl Fn(&WatchUpdate) -> bool,
) -> WatchUpdate {
    let wait = async {
        loop {
            let update = feed.message().await.unwrap().unwrap();
            if expected(&update) {
                return update;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

fn rows(update: &WatchUpdate) -> Vec<&str> {
    let page = update.instances.as_ref().unwrap();
    page.rows
        .iter()
        .map(|row| row.instance_id.as_str())
        .collect()
}

#[tokio::test]
async fn feed_follows_the_hub_and_what_is_watched() {
    let served = Served::ephemeral().await;
    served.start("order-1", "Order").await;
    let (requests, receiver) = mpsc::channel(4);
    let ask = |text: &str, instance_id: &str| WatchRequest {
        window: Some(InstanceWindow {
            text: text.to_owned(),
            sort: SortColumn::InstanceId.into(),
            ..InstanceWindow::default()
        }),
        instance_id: instance_id.to_owned(),
    };
    requests.send(ask("", "")).await.unwrap();
    let mut monitor = MonitorClient::new(served.channel.clone());
    let mut feed = monitor
        .watch(ReceiverStream::new(receiver))
        .await
        .unwrap()
        .into_inner();

    let first = until(&mut feed, |update| rows(update) == ["order-1"]).await;
    assert!(first.tree.is_none() && first.server_time.is_some());
    let hub = first.hub.unwrap();
    assert_eq!(hub.task_hub, "default");
    assert!(hub.database.is_empty(), "an ephemeral database has no name");
    assert!(!hub.server_version.is_empty());

    served.start("mail-1", "Mail").await;
    let second = until(&mut feed, |update| rows(update) == ["mail-1", "order-1"]).await;
    assert!(second.sequence > first.sequence);
    assert_eq!(second.instances.unwrap().matching, 2);

    requests.send(ask("ORDER", "order-1")).await.unwrap();
    let third = until(&mut feed, |update| update.tree.is_some()).await;
    assert_eq!(rows(&third), ["order-1"]);
    assert_eq!(third.instances.unwrap().matching, 1);
    let tree = third.tree.unwrap();
    assert!(tree.found);
    let input = tree.input.unwrap();
    assert_eq!(input.text.as_deref(), Some("\"input of order-1\""));
    assert!(tree.groups.is_empty() && tree.output.is_none());

    requests.send(ask("", "nobody")).await.unwrap();
    let fourth = until(&mut feed, |update| {
        update
            .tree
            .as_ref()
            .is_some_and(|tree| tree.instance_id == "nobody")
    })
    .await;
    assert!(!fourth.tree.unwrap().found);
    drop(feed);
    served.running.stop().await;
}

/// The next work item of a stream that is no health ping.
async fn next_item(items: &mut Streaming<WorkItem>) -> (Work, String) {
    let wait = async {
        loop {
            let item = items.message().await.unwrap().unwrap();
            match item.request {
                Some(Work::HealthPing(_)) | None => {}
                Some(work) => return (work, item.completion_token),
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

fn schedule(id: i32) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: "Process".to_owned(),
            input: Some(format!("item {id}")),
            ..ScheduleTaskAction::default()
        })),
    }
}

#[tokio::test]
async fn tree_shows_a_fan_out_as_it_moves() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut client = served.client();
    let mut request = Request::new(GetWorkItemsRequest {
        max_concurrent_activity_work_items: 2,
        ..GetWorkItemsRequest::default()
    });
    request
        .metadata_mut()
        .insert("workerid", MetadataValue::from_static("bench-1"));
    let mut items = client.get_work_items(request).await.unwrap().into_inner();
    let mut monitor = MonitorClient::new(served.channel.clone());
    let watch = WatchRequest {
        window: Some(InstanceWindow::default()),
        instance_id: "order".to_owned(),
    };
    let mut feed = monitor
        .watch(tokio_stream::iter([watch]))
        .await
        .unwrap()
        .into_inner();

    let (work, token) = next_item(&mut items).await;
    let Work::OrchestratorRequest(_) = work else {
        panic!("{work:?}")
    };
    let update = until(&mut feed, |update| {
        update
            .tree
            .as_ref()
            .is_some_and(|tree| tree.turn_out_worker == "bench-1")
    })
    .await;
    assert!(update.tree.unwrap().instance.unwrap().turn_out);
    let response = OrchestratorResponse {
        instance_id: "order".to_owned(),
        completion_token: token,
        actions: (0..5).map(schedule).collect(),
        ..OrchestratorResponse::default()
    };
    client.complete_orchestrator_task(response).await.unwrap();

    // The worker takes two at a time: three wait.
    let held = [next_item(&mut items).await, next_item(&mut items).await];
    let group = |update: &WatchUpdate| update.tree.as_ref()?.groups.first().cloned();
    let update = until(&mut feed, |update| {
        group(update).is_some_and(|group| group.running == 2)
    })
    .await;
    let shown = group(&update).unwrap();
    assert_eq!((shown.scheduled, shown.queued, shown.turn_first), (5, 3, 1));
    assert_eq!(shown.oldest_running[0].label, "item 0");
    assert_eq!(shown.oldest_running[0].worker_id, "bench-1");
    let hub = update.hub.unwrap();
    assert_eq!(hub.workers[0].activities_max, 2);
    assert_eq!(hub.activities.unwrap().out, 2);

    let [first, second] = held.map(|(work, token)| match work {
        Work::ActivityRequest(request) => (request.task_id, token),
        other => panic!("{other:?}"),
    });
    let answer = |(task_id, completion_token): (i32, String), failure| ActivityResponse {
        instance_id: "order".to_owned(),
        task_id,
        completion_token,
        failure_details: failure,
        ..ActivityResponse::default()
    };
    let failure = TaskFailureDetails {
        error_type: "Jammed".to_owned(),
        error_message: "paper".to_owned(),
        ..TaskFailureDetails::default()
    };
    client
        .complete_activity_task(answer(first, None))
        .await
        .unwrap();
    let failed = answer(second, Some(failure.clone()));
    client.complete_activity_task(failed).await.unwrap();

    // Results count when they are accepted, though no turn has consumed them.
    let update = until(&mut feed, |update| {
        group(update).is_some_and(|group| (group.completed, group.failed) == (1, 1))
    })
    .await;
    let tree = update.tree.unwrap();
    assert_eq!(tree.failures[0].error_type, "Jammed");
    assert_eq!(tree.failures[0].sample.as_ref(), Some(&failure));
    let row = tree.instance.unwrap();
    let activities = row.activities.unwrap();
    assert_eq!((activities.completed, activities.failed), (1, 1));
    assert_eq!(row.batch.unwrap().scheduled, 5);
    drop((feed, items));
    served.running.stop().await;
}

#[tokio::test]
async fn idle_feed_gives_signs_of_life_and_no_more() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    let request = WatchRequest {
        window: Some(InstanceWindow::default()),
        instance_id: "order".to_owned(),
    };
    // A watcher that says no more after its first request still watches.
    let mut feed = monitor
        .watch(tokio_stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let mut times_us = Vec::new();
    for sequence in 1..=5 {
        let update = until(&mut feed, |_| true).await;
        assert_eq!(update.sequence, sequence);
        match update.tree {
            Some(tree) => assert!(tree.found),
            None => assert!(update.tree_unchanged && sequence > 1),
        }
        times_us.push(to_micros(&update.server_time.unwrap()));
    }
    // The first ones may tell of the start: its rows, then its tree.
    let gap_us = times_us[4] - times_us[3];
    assert!(gap_us >= 1_900_000, "looking is no news: {times_us:?}");
    drop(feed);
    served.running.stop().await;
}

#[tokio::test]
async fn purge_preview_counts_what_would_go_and_changes_nothing() {
    let served = Served::ephemeral().await;
    served.start("open", "Order").await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    for _ in 0..2 {
        let preview = monitor
            .preview_purge(PreviewPurgeRequest {
                instance_ids: vec!["open".to_owned(), "nobody".to_owned()],
                recursive: true,
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!((preview.deleted, preview.kept, preview.unknown), (0, 1, 1));
    }
    // It is still there to be told something.
    let request = TerminateRequest {
        instance_id: "open".to_owned(),
        ..TerminateRequest::default()
    };
    served.client().terminate_instance(request).await.unwrap();
    served.running.stop().await;
}

#[tokio::test]
async fn feed_of_a_deleted_hub_ends_and_the_next_one_shows_its_successor() {
    let served = Served::ephemeral().await;
    served.start("order-1", "Order").await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    let mut feed = watch_all(&mut monitor).await;
    until(&mut feed, |update| rows(update) == ["order-1"]).await;

    let mut client = TaskHubSidecarServiceClient::new(served.channel.clone());
    client
        .delete_task_hub(DeleteTaskHubRequest {})
        .await
        .unwrap();
    served.start("order-2", "Order").await;
    let end = async {
        loop {
            if let Err(status) = feed.message().await {
                return status;
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, end).await.unwrap();
    assert_eq!(end.code(), Code::NotFound, "{end:?}");
    let mut feed = watch_all(&mut monitor).await;
    until(&mut feed, |update| rows(update) == ["order-2"]).await;
    drop(feed);
    served.running.stop().await;
}

/// A feed of everything; what is watched does not change.
async fn watch_all(monitor: &mut MonitorClient<Channel>) -> Streaming<WatchUpdate> {
    let request = WatchRequest {
        window: Some(InstanceWindow::default()),
        instance_id: String::new(),
    };
    let requests = tokio_stream::once(request);
    monitor.watch(requests).await.unwrap().into_inner()
}

#[tokio::test]
async fn feed_shows_entities_and_what_azure_would_refuse() {
    let served = Served::ephemeral().await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    let (requests, receiver) = mpsc::channel(1);
    requests.send(WatchRequest::default()).await.unwrap();
    let watched = monitor.watch(ReceiverStream::new(receiver)).await;
    let mut feed = watched.unwrap().into_inner();
    let signal = SignalEntityRequest {
        instance_id: "@list@a".to_owned(),
        name: "add".to_owned(),
        input: Some("x".repeat(2 * 1024 * 1024)),
        ..SignalEntityRequest::default()
    };
    served.client().signal_entity(signal).await.unwrap();
    let waiting = until(&mut feed, |update| {
        let entities = update.hub.as_ref().and_then(|hub| hub.entities.clone());
        entities.is_some_and(|entities| entities.waiting == 1)
    });
    let hub = waiting.await.hub.unwrap();
    assert_eq!(hub.entities.unwrap().unserved, ["list"]);
    assert_eq!(hub.counters.unwrap().azure_findings, 1);

    let request = GetWorkItemsRequest {
        max_concurrent_entity_work_items: 7,
        ..GetWorkItemsRequest::default()
    };
    let items = served.client().get_work_items(request).await;
    let mut items = items.unwrap().into_inner();
    let (_batch, completion_token) = next_item(&mut items).await;
    let out = until(&mut feed, |update| {
        let hub = update.hub.as_ref().unwrap();
        hub.workers.first().is_some_and(|it| it.entities_out == 1)
    });
    assert_eq!(out.await.hub.unwrap().workers[0].entities_max, 7);

    let failure = OperationResultFailure::default();
    let result = EntityBatchResult {
        completion_token,
        results: vec![OperationResult {
            result_type: Some(ResultType::Failure(failure)),
        }],
        ..EntityBatchResult::default()
    };
    served.client().complete_entity_task(result).await.unwrap();
    until(&mut feed, |update| {
        let counters = update.hub.as_ref().unwrap().counters.unwrap();
        (
            counters.entity_operations,
            counters.entity_operations_failed,
        ) == (1, 1)
    })
    .await;
    drop(feed);
    served.running.stop().await;
}

/// Takes the only turn there is, and answers with a custom status and one more activity.
async fn say_status(served: &Served, items: &mut Streaming<WorkItem>, id: i32, status: &str) {
    let (work, completion_token) = next_item(items).await;
    let Work::OrchestratorRequest(turn) = work else {
        panic!("{work:?}")
    };
    let response = OrchestratorResponse {
        instance_id: turn.instance_id,
        completion_token,
        custom_status: Some(status.to_owned()),
        actions: vec![schedule(id)],
        ..OrchestratorResponse::default()
    };
    let answered = served.client().complete_orchestrator_task(response).await;
    answered.unwrap();
}

async fn wake(served: &Served, id: &str) {
    let event = RaiseEventRequest {
        instance_id: id.to_owned(),
        name: "Go".to_owned(),
        input: None,
    };
    served.client().raise_event(event).await.unwrap();
}

/// What both the list and the tree say; they are read one after the other.
fn report(update: &WatchUpdate) -> Option<ReportedProgress> {
    let listed = update.instances.as_ref()?.rows[0].reported.clone();
    let in_tree = update.tree.as_ref()?.instance.as_ref()?.reported.clone();
    in_tree.filter(|it| listed.as_ref() == Some(it))
}

#[tokio::test]
async fn rows_carry_what_the_instance_reports_whatever_the_counters_say() {
    let served = Served::ephemeral().await;
    served.start("crawl-1", "Crawl").await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    let watch = WatchRequest {
        window: Some(InstanceWindow::default()),
        instance_id: "crawl-1".to_owned(),
    };
    let watched = monitor.watch(tokio_stream::iter([watch])).await;
    let mut feed = watched.unwrap().into_inner();
    let request = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 100,
        ..GetWorkItemsRequest::default()
    };
    let items = served.client().get_work_items(request).await;
    let mut items = items.unwrap().into_inner();

    let first = r#"{"progress":{"label":"FetchPage","finished":1,"failed":0,"total":400}}"#;
    say_status(&served, &mut items, 0, first).await;
    let update = until(&mut feed, |update| report(update).is_some()).await;
    let expected = ReportedProgress {
        label: "FetchPage".to_owned(),
        finished: 1,
        total: 400,
        ..ReportedProgress::default()
    };
    assert_eq!(report(&update), Some(expected));
    let (Work::ActivityRequest(_), _) = next_item(&mut items).await else {
        panic!("the activity comes before the next turn")
    };

    // A tracker does not count beside a status that reports.
    let signal = SignalEntityRequest {
        instance_id: "@progresstracker@crawl-1".to_owned(),
        name: "initialise".to_owned(),
        ..SignalEntityRequest::default()
    };
    served.client().signal_entity(signal).await.unwrap();
    let (Work::EntityRequestV2(_), completion_token) = next_item(&mut items).await else {
        panic!("a signal is the only work")
    };
    let state = r#"{"total":50,"processed":20,"failed":2,"startedAt":"x"}"#;
    let result = EntityBatchResult {
        completion_token,
        results: vec![OperationResult {
            result_type: Some(ResultType::Success(OperationResultSuccess::default())),
        }],
        entity_state: Some(state.to_owned()),
        ..EntityBatchResult::default()
    };
    served.client().complete_entity_task(result).await.unwrap();
    wake(&served, "crawl-1").await;
    let second = r#"{"progress":{"label":"FetchPage","finished":9,"failed":1,"total":400,"batch":2,"batches":4}}"#;
    say_status(&served, &mut items, 1, second).await;
    let update = until(&mut feed, |update| {
        report(update).is_some_and(|it| it.finished != 1)
    })
    .await;
    let shown = report(&update).unwrap();
    assert_eq!(
        (shown.finished, shown.failed, shown.batch, shown.batches),
        (9, 1, 2, 4)
    );
    assert!(!shown.by_tracker);

    // With another status, plain to read, the tracker is all there is.
    wake(&served, "crawl-1").await;
    let (Work::ActivityRequest(_), _) = next_item(&mut items).await else {
        panic!("the activity comes before the next turn")
    };
    say_status(&served, &mut items, 2, "\"batch 3 of 4\"").await;
    let update = until(&mut feed, |update| {
        report(update).is_some_and(|it| it.by_tracker)
    })
    .await;
    let shown = report(&update).unwrap();
    assert_eq!((shown.finished, shown.failed, shown.total), (20, 2, 50));

    // How far it got stays to be seen.
    let terminate = TerminateRequest {
        instance_id: "crawl-1".to_owned(),
        ..TerminateRequest::default()
    };
    served.client().terminate_instance(terminate).await.unwrap();
    let (Work::ActivityRequest(_), _) = next_item(&mut items).await else {
        panic!("the activity comes before the next turn")
    };
    let (_turn, completion_token) = next_item(&mut items).await;
    let response = OrchestratorResponse {
        instance_id: "crawl-1".to_owned(),
        completion_token,
        custom_status: Some(first.to_owned()),
        ..OrchestratorResponse::default()
    };
    let answered = served.client().complete_orchestrator_task(response).await;
    answered.unwrap();
    let update = until(&mut feed, |update| {
        let rows = &update.instances.as_ref().unwrap().rows;
        rows[0].status == OrchestrationStatus::Terminated as i32 && update.tree.is_some()
    })
    .await;
    assert_eq!(report(&update).map(|it| it.finished), Some(1));
    drop((feed, items));
    served.running.stop().await;
}
