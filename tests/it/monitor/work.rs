//! ListWork: queues by name, the workers and what they hold, and who came and went.

use durascope_proto::ActivityFilter;
use durascope_proto::EntityFilter;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationFilter;
use durascope_proto::WorkItemFilters;
use durascope_proto::monitor::ListWorkRequest;
use durascope_proto::monitor::WorkKind;
use durascope_proto::monitor::WorkList;
use durascope_tests::actions;
use tonic::Code;

use super::Stage;
use super::asked;

async fn list(stage: &Stage, worker_id: &str) -> WorkList {
    let request = ListWorkRequest {
        worker_id: worker_id.to_owned(),
    };
    let list = stage.monitor.clone().list_work(asked(request)).await;
    list.unwrap().into_inner()
}

fn filters(orchestration: &str, activity: &str, entity: &str) -> WorkItemFilters {
    WorkItemFilters {
        orchestrations: vec![OrchestrationFilter {
            name: orchestration.to_owned(),
            versions: vec![],
        }],
        activities: vec![ActivityFilter {
            name: activity.to_owned(),
            versions: vec![],
        }],
        entities: vec![EntityFilter {
            name: entity.to_owned(),
        }],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_workers_held_items_and_notes_are_told() {
    let stage = Stage::new().await;
    let request = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 1,
        work_item_filters: Some(filters("Order", "Ship", "Counter")),
        ..GetWorkItemsRequest::default()
    };
    let mut picky = stage.named("picky", request).await;
    stage.client.start("Order", "order", None).await.unwrap();
    let work = vec![
        actions::schedule(0, "Ship", None),
        actions::schedule(1, "Ship", None),
        actions::schedule(2, "Refund", None),
        actions::schedule(3, "Refund", None),
    ];
    picky.answer_turn(work).await.unwrap();
    let ship = picky.activity().await.unwrap();
    stage
        .client
        .signal("@counter@a", "add", None)
        .await
        .unwrap();
    picky.entity().await.unwrap();

    let work = list(&stage, "").await;
    let queues: Vec<_> = work
        .queues
        .iter()
        .map(|it| {
            (
                it.kind(),
                it.name.as_str(),
                it.waiting,
                it.out,
                it.served,
                it.workers,
            )
        })
        .collect();
    assert_eq!(
        queues,
        [
            (WorkKind::Activity, "Refund", 2, 0, false, 0),
            (WorkKind::Activity, "Ship", 1, 1, true, 1),
            (WorkKind::Entity, "counter", 0, 1, true, 1),
        ]
    );
    assert!(work.queues[0].oldest_waiting.is_some());
    let row = &work.workers[0];
    let worker = row.worker.as_ref().unwrap();
    assert_eq!(worker.worker_id, "picky");
    assert_eq!((worker.activities_out, worker.activities_max), (1, 1));
    assert!(row.peer.starts_with("127.0.0.1:"), "{}", row.peer);
    assert!(!row.takes_everything);
    assert_eq!(row.orchestrations, ["Order"]);
    assert_eq!(row.activities, ["Ship"]);
    assert_eq!(row.entities, ["Counter"]);
    assert_eq!(row.answered, 1);
    assert!(row.last_heard.is_some());
    let held: Vec<_> = work
        .held
        .iter()
        .map(|it| {
            (
                it.kind(),
                it.name.as_str(),
                it.instance_id.as_str(),
                it.task_id,
            )
        })
        .collect();
    assert_eq!(
        held,
        [
            (WorkKind::Activity, "Ship", "order", ship.request.task_id),
            (WorkKind::Entity, "counter", "@counter@a", 0),
        ]
    );
    assert!(work.held.iter().all(|it| it.worker_id == "picky"));

    // Another one, whose items come first when it is asked about.
    let mut greedy = stage.named("greedy", GetWorkItemsRequest::default()).await;
    greedy.activity().await.unwrap();
    let work = list(&stage, "greedy").await;
    assert_eq!(work.held[0].worker_id, "greedy");
    assert!(work.workers.iter().any(|it| it.takes_everything));
    let work = list(&stage, "").await;
    assert_eq!(work.held[0].worker_id, "picky");

    drop(picky);
    let gone = async {
        loop {
            let work = list(&stage, "").await;
            if work.notes[0].text.starts_with("gone") {
                return work;
            }
            tokio::task::yield_now().await;
        }
    };
    let work = tokio::time::timeout(durascope_tests::DEADLINE, gone)
        .await
        .unwrap();
    let notes: Vec<_> = work
        .notes
        .iter()
        .map(|it| (it.worker_id.as_str(), it.text.as_str()))
        .collect();
    assert_eq!(
        notes,
        [
            ("picky", "gone: 2 work items given back"),
            ("greedy", "connected: takes everything"),
            (
                "picky",
                "connected: takes 1 orchestrations, 1 activities, 1 entities"
            ),
        ]
    );
    assert_eq!(work.workers.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_id_that_cannot_be_one_is_refused() {
    let stage = Stage::new().await;
    let request = ListWorkRequest {
        worker_id: "x".repeat(5_000),
    };
    let refused = stage.monitor.clone().list_work(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let said = refused.message();
    assert!(
        said.contains("worker_id has 5000 bytes, limit 2048"),
        "{said}"
    );
}
