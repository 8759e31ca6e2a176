//! The live feed over the wire.

use std::time::Duration;

use durascope_proto::TerminateRequest;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::PreviewPurgeRequest;
use durascope_proto::monitor::SortColumn;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::monitor_client::MonitorClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

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

#[tokio::test]
async fn idle_feed_gives_signs_of_life() {
    let served = Served::ephemeral().await;
    let mut monitor = MonitorClient::new(served.channel.clone());
    // A watcher that says no more after its first request still watches.
    let mut feed = monitor
        .watch(tokio_stream::iter([WatchRequest::default()]))
        .await
        .unwrap()
        .into_inner();
    let first = until(&mut feed, |_| true).await;
    let second = until(&mut feed, |_| true).await;
    assert!(second.sequence > first.sequence);
    assert_ne!(second.server_time, first.server_time);
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
