//! ListFailures: what failed in the hub, grouped by cause and place.

use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HubFailure;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::hub_failure::Place;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use durascope_tests::actions;
use durascope_tests::entities;
use tonic::Code;

use super::Stage;
use super::answer_of;
use super::asked;

async fn list(stage: &Stage, request: ListFailuresRequest) -> FailureList {
    let list = stage.monitor.clone().list_failures(asked(request)).await;
    list.unwrap().into_inner()
}

fn find<'l>(list: &'l FailureList, place: Place, name: &str) -> &'l HubFailure {
    let mut groups = list.groups.iter();
    let found = groups.find(|it| it.place() == place && it.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {list:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_of_activities_children_and_instances_are_grouped_by_cause() {
    let stage = Stage::new().await;
    let empty = list(&stage, ListFailuresRequest::default()).await;
    assert_eq!(empty, FailureList::default());
    let mut worker = stage.worker().await;
    for order in ["order-1", "order-2"] {
        stage.client.start("Order", order, None).await.unwrap();
        let two = vec![
            actions::schedule(0, "Charge", None),
            actions::schedule(1, "Charge", None),
        ];
        answer_of(&stage.client, &mut worker, order, two).await;
        for attempt in 1..=2 {
            let charge = worker.activity().await.unwrap();
            let message = format!("card 4711-{attempt} of '{order}' was declined\nsecond line");
            let details = TaskFailureDetails {
                stack_trace: Some("at charge".to_owned()),
                ..entities::details(&message)
            };
            stage.client.fail_activity(&charge, details).await.unwrap();
        }
        // Nothing has consumed them yet, and they count.
    }
    let found = list(&stage, ListFailuresRequest::default()).await;
    assert_eq!((found.instances, found.more), (2, false));
    let charge = find(&found, Place::Activity, "Charge");
    assert_eq!(charge.shape, "card ‹…› of ‹…› was declined");
    assert_eq!(
        (charge.error_type.as_str(), charge.count, charge.instances),
        ("Boom", 4, 2)
    );
    assert_eq!(
        charge.sample.as_ref().unwrap().stack_trace.as_deref(),
        Some("at charge")
    );
    assert!(to_micros(&charge.first_at.unwrap()) < to_micros(&charge.last_at.unwrap()));
    assert_eq!(charge.history.len(), 20);
    assert_eq!(charge.history.iter().sum::<u32>(), 4);
    let [newest, oldest] = charge.affected.as_slice() else {
        panic!("{charge:#?}")
    };
    assert_eq!(
        (newest.instance_id.as_str(), oldest.instance_id.as_str()),
        ("order-2", "order-1")
    );
    assert_eq!(newest.task_id, Some(1));
    assert_eq!(newest.message, "card 4711-2 of 'order-2' was declined");
    assert_eq!(
        (newest.name.as_str(), newest.status()),
        ("Order", OrchestrationStatus::Running)
    );

    // Of a child: the parent's task, and the child itself.
    stage.client.start("Parent", "parent", None).await.unwrap();
    let mut answered = 0;
    while answered < 2 {
        let turn = worker.turn().await.unwrap();
        let actions = match turn.request.instance_id.as_str() {
            "parent" if answered == 0 => vec![actions::child(0, "child", "Child", None)],
            "child" => vec![actions::fail(0, entities::details("no stock for 17"))],
            _ => vec![],
        };
        answered += usize::from(!actions.is_empty());
        stage.client.complete_turn(&turn, actions).await.unwrap();
    }
    stage.client.ended("child").await.unwrap();
    let found = list(&stage, ListFailuresRequest::default()).await;
    let of_parent = find(&found, Place::Child, "Child");
    assert_eq!(of_parent.affected[0].instance_id, "parent");
    let own = find(&found, Place::Orchestration, "Child");
    assert_eq!(own.shape, "no stock for ‹…›");
    assert_eq!(own.affected[0].instance_id, "child");
    assert_eq!(own.affected[0].task_id, None);
    assert_eq!(own.affected[0].status(), OrchestrationStatus::Failed);
    // The same again, from what was kept: nothing is counted twice.
    assert_eq!(list(&stage, ListFailuresRequest::default()).await, found);

    let texts = [("DECLINED", 1), ("child", 2), ("boom", 3), ("%", 0)];
    for (text, groups) in texts {
        let request = ListFailuresRequest {
            text: text.to_owned(),
            ..ListFailuresRequest::default()
        };
        assert_eq!(list(&stage, request).await.groups.len(), groups, "{text}");
    }
    let since = to_micros(&of_parent.first_at.unwrap());
    let request = ListFailuresRequest {
        since: Some(from_micros(since)),
        ..ListFailuresRequest::default()
    };
    let later = list(&stage, request).await;
    assert!(
        later.groups.iter().all(|it| it.name != "Charge"),
        "{later:#?}"
    );
    find(&later, Place::Child, "Child");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_failures_are_cut_so_that_the_answer_fits_a_message() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    let many =
        (0..120).map(|id| actions::schedule(id, &format!("Work{}", "x".repeat(id as usize)), None));
    worker.answer_turn(many.collect()).await.unwrap();
    for _ in 0..100 {
        let work = worker.activity().await.unwrap();
        let details = TaskFailureDetails {
            stack_trace: Some("at x\n".repeat(10_000)),
            ..entities::details("broken")
        };
        stage.client.fail_activity(&work, details).await.unwrap();
    }
    let found = list(&stage, ListFailuresRequest::default()).await;
    assert_eq!(found.groups.len(), 100);
    let stack = |it: &HubFailure| {
        it.sample
            .as_ref()
            .unwrap()
            .stack_trace
            .as_ref()
            .unwrap()
            .len()
    };
    assert_eq!(stack(&found.groups[0]), 50_000);
    assert!(found.groups.iter().all(|it| stack(it) > 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_texts_are_refused() {
    let stage = Stage::new().await;
    let request = ListFailuresRequest {
        text: "x".repeat(3_000),
        ..ListFailuresRequest::default()
    };
    let refused = stage.monitor.clone().list_failures(request).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused
            .message()
            .contains("text has 3000 bytes, limit 2048")
    );
}
