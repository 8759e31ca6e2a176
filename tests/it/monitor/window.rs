//! The window's filters over the wire, and refusals of what no filter needs.

use std::collections::BTreeMap;

use durascope_proto::CreateInstanceRequest;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::SortColumn;
use durascope_proto::monitor::WatchRequest;
use tonic::Code;

use super::Stage;

fn window(change: impl FnOnce(&mut InstanceWindow)) -> InstanceWindow {
    let mut window = InstanceWindow {
        sort: SortColumn::InstanceId.into(),
        ..InstanceWindow::default()
    };
    change(&mut window);
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_leave_what_matches_and_rows_carry_their_tags() {
    let stage = Stage::new().await;
    for (id, name, team) in [
        ("a-1", "Order", "red"),
        ("a%2", "OrderBatch", "blue"),
        ("b_3", "Mail", "red"),
    ] {
        let request = CreateInstanceRequest {
            instance_id: id.to_owned(),
            name: name.to_owned(),
            tags: [("team".to_owned(), team.to_owned())].into(),
            ..CreateInstanceRequest::default()
        };
        stage.client.start_with(request).await.unwrap();
    }
    let mut feed = stage.feed(window(|_| ()), "").await;
    let all = feed
        .until(|update| update.instances.as_ref().is_some_and(|it| it.matching == 3))
        .await;
    let rows = all.instances.unwrap().rows;
    assert_eq!(rows[0].tags["team"], "blue");
    let created = rows[1].created_at;
    assert_eq!(rows[1].instance_id, "a-1");

    let tags = |value: &str| BTreeMap::from([("team".to_owned(), value.to_owned())]);
    let cases: [(InstanceWindow, &[&str]); 9] = [
        (window(|it| it.name = "order*".to_owned()), &["a%2", "a-1"]),
        (window(|it| it.name = "order".to_owned()), &["a-1"]),
        (window(|it| it.id = "a%*".to_owned()), &["a%2"]),
        (window(|it| it.id = "_*".to_owned()), &[]),
        (window(|it| it.tags = tags("red")), &["a-1", "b_3"]),
        (window(|it| it.tags = tags("' OR 1=1 --")), &[]),
        (window(|it| it.created_before = created), &[]),
        (
            window(|it| {
                it.created_after = created;
                it.text = "a".to_owned();
            }),
            &["a%2", "a-1", "b_3"],
        ),
        (window(|it| it.failures_min = 1), &[]),
    ];
    for (window, expected) in cases {
        let request = WatchRequest {
            window: Some(window.clone()),
            instance_id: String::new(),
        };
        feed.requests.send(request).await.unwrap();
        let update = feed
            .until(|it| it.instances.as_ref().unwrap().window.as_ref() == Some(&window))
            .await;
        let page = update.instances.unwrap();
        let ids: Vec<&str> = page.rows.iter().map(|it| it.instance_id.as_str()).collect();
        assert_eq!(ids, expected, "{window:?}");
        assert_eq!(page.matching, expected.len() as u64, "{window:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_no_filter_needs_are_refused_with_field_and_limit() {
    let stage = Stage::new().await;
    let long = "x".repeat(10_000);
    let many = (0..30).map(|at| (at.to_string(), String::new())).collect();
    let cases = [
        (
            window(|it| it.name.clone_from(&long)),
            "window.name has 10000 bytes, limit 2048",
        ),
        (window(|it| it.id.clone_from(&long)), "window.id has"),
        (window(|it| it.text.clone_from(&long)), "window.text has"),
        (
            window(|it| it.tags = many),
            "window.tags has 30 entries, limit 20",
        ),
    ];
    for (window, expected) in cases {
        let request = WatchRequest {
            window: Some(window),
            instance_id: String::new(),
        };
        let mut monitor = stage.monitor.clone();
        let mut updates = monitor
            .watch(tokio_stream::once(request))
            .await
            .unwrap()
            .into_inner();
        let refused = updates.message().await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains(expected), "{refused:?}");
    }
}
