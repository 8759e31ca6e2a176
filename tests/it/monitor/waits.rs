//! What an unfinished instance waits for: one real situation for each fact.

use durascope_proto::ActivityFilter;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationFilter;
use durascope_proto::SuspendRequest;
use durascope_proto::WorkItemFilters;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::OpenWork;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::task_group::Kind;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use durascope_tests::actions;
use durascope_tests::entities;

use super::Stage;
use super::row;

/// Long after any test has ended.
const FAR_US: i64 = 4_000_000_000_000_000;

fn only(facts: &WaitFacts) -> Option<&OpenWork> {
    match facts.open.as_slice() {
        [open] => Some(open),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_no_worker_takes_is_not_served() {
    let stage = Stage::new().await;
    let filters = WorkItemFilters {
        orchestrations: vec![OrchestrationFilter {
            name: "Order".to_owned(),
            versions: vec![],
        }],
        activities: vec![ActivityFilter {
            name: "Ship".to_owned(),
            versions: vec![],
        }],
        entities: vec![],
    };
    let request = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 3,
        work_item_filters: Some(filters),
        ..GetWorkItemsRequest::default()
    };
    let mut worker = stage.named("picky", request).await;
    stage.client.start("Order", "order", None).await.unwrap();
    let both = vec![
        actions::schedule(0, "Refund", Some("1")),
        actions::schedule(1, "Refund", Some("2")),
        actions::schedule(2, "Ship", None),
    ];
    worker.answer_turn(both).await.unwrap();
    worker.activity().await.unwrap();
    let facts = stage
        .facts("order", |facts| {
            facts.open.len() == 2 && facts.open[1].running == 1 && facts.open[1].slots_out == 1
        })
        .await;
    let [refund, ship] = facts.open.as_slice() else {
        panic!("{facts:?}")
    };
    assert_eq!(
        (refund.kind(), refund.name.as_str()),
        (Kind::Activity, "Refund")
    );
    assert!(!refund.served && ship.served);
    assert_eq!((refund.queued, refund.running, refund.slots), (2, 0, 0));
    assert!(refund.oldest_queued.is_some() && refund.oldest_running.is_none());
    assert_eq!((ship.queued, ship.running, ship.slots), (0, 1, 3));
    assert_eq!(ship.oldest_running.as_ref().unwrap().worker_id, "picky");
    assert!(facts.last_turn.is_some() && facts.turn_queued_since.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_work_behind_busy_slots_and_what_was_answered_is_counted() {
    let stage = Stage::new().await;
    let request = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 2,
        ..GetWorkItemsRequest::default()
    };
    let mut worker = stage.named("busy", request).await;
    stage.client.start("Batch", "batch", None).await.unwrap();
    let all = (0..5).map(|id| actions::schedule(id, "Price", Some(&format!("item {id}"))));
    worker.answer_turn(all.collect()).await.unwrap();
    let held = worker.activity().await.unwrap();
    worker.activity().await.unwrap();
    let saturated = |facts: &WaitFacts| {
        only(facts).is_some_and(|it| (it.queued, it.running, it.slots_out) == (3, 2, 2))
    };
    let facts = stage.facts("batch", saturated).await;
    let open = only(&facts).unwrap();
    assert_eq!((open.slots, open.served), (2, true));
    assert_eq!(open.oldest_running.as_ref().unwrap().label, "item 0");

    // A result counts once it is accepted, though no turn has seen it.
    stage.client.complete_activity(&held, "1").await.unwrap();
    let facts = stage
        .facts("batch", |facts| {
            only(facts).is_some_and(|it| (it.queued, it.running) == (2, 2))
        })
        .await;
    assert!(facts.next_timer.is_none() && facts.retries.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turn_that_waits_or_is_out_says_since_when_and_how_often_it_came_back() {
    let stage = Stage::new().await;
    stage.client.start("Order", "order", None).await.unwrap();
    let queued = |facts: &WaitFacts| facts.turn_queued_since.is_some();
    let facts = stage.facts("order", queued).await;
    assert!(facts.open.is_empty() && facts.last_turn.is_none());
    assert_eq!(facts.turn_given_back, 0);
    for came_back in 1..=2 {
        let mut worker = stage.worker().await;
        worker.turn().await.unwrap();
        drop(worker);
        let again = |facts: &WaitFacts| queued(facts) && facts.turn_given_back == came_back;
        stage.facts("order", again).await;
    }
    let mut worker = stage.named("slow", GetWorkItemsRequest::default()).await;
    let turn = worker.turn().await.unwrap();
    let out = |facts: &WaitFacts| facts.turn_worker == "slow";
    let facts = stage.facts("order", out).await;
    assert!(facts.turn_since.is_some() && facts.turn_queued_since.is_none());
    assert_eq!(facts.turn_given_back, 2);
    let one = vec![actions::schedule(0, "A", None)];
    stage.client.complete_turn(&turn, one).await.unwrap();
    let done = |facts: &WaitFacts| facts.turn_worker.is_empty() && facts.last_turn.is_some();
    let facts = stage.facts("order", done).await;
    assert_eq!(facts.turn_given_back, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_that_kills_its_workers_is_known_by_how_often_it_came_back() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    let two = vec![
        actions::schedule(0, "Poison", None),
        actions::schedule(1, "Poison", None),
    ];
    worker.answer_turn(two).await.unwrap();
    worker.activity().await.unwrap();
    worker.activity().await.unwrap();
    drop(worker);
    let given_back =
        |times| move |facts: &WaitFacts| only(facts).is_some_and(|it| it.given_back == times);
    let unserved = |facts: &WaitFacts| {
        given_back(1)(facts) && only(facts).is_some_and(|it| !it.served && it.slots == 0)
    };
    let facts = stage.facts("order", unserved).await;
    let open = only(&facts).unwrap();
    assert_eq!((open.queued, open.running), (2, 0));
    let request = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 1,
        ..GetWorkItemsRequest::default()
    };
    let mut worker = stage.named("next", request.clone()).await;
    worker.activity().await.unwrap();
    drop(worker);
    stage.facts("order", given_back(2)).await;
    let mut worker = stage.named("last", request).await;
    worker.activity().await.unwrap();
    let facts = stage
        .facts("order", |facts| {
            only(facts).is_some_and(|it| it.running == 1)
        })
        .await;
    assert_eq!(only(&facts).unwrap().given_back, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timer_alone_is_a_timer_and_after_a_failure_a_retry() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    let first = vec![actions::schedule(0, "Charge", Some("7"))];
    worker.answer_turn(first).await.unwrap();
    let details = || entities::details("declined");
    let charge = worker.activity().await.unwrap();
    stage
        .client
        .fail_activity(&charge, details())
        .await
        .unwrap();
    let soon_us = 1_000_000;
    worker
        .answer_turn(vec![actions::timer(1, soon_us)])
        .await
        .unwrap();
    // The timer was due: the second attempt, with the same input.
    let second = vec![actions::schedule(2, "Charge", Some("7"))];
    worker.answer_turn(second).await.unwrap();
    let charge = worker.activity().await.unwrap();
    stage
        .client
        .fail_activity(&charge, details())
        .await
        .unwrap();
    worker
        .answer_turn(vec![actions::timer(3, FAR_US)])
        .await
        .unwrap();
    let retries = |facts: &WaitFacts| !facts.retries.is_empty();
    let facts = stage.facts("order", retries).await;
    assert_eq!(
        (facts.retries.as_str(), facts.failed_attempts),
        ("Charge", 2)
    );
    assert_eq!(facts.next_timer, Some(from_micros(FAR_US)));
    assert!(facts.open.is_empty());

    // What is made beside other work is no retry, and neither is a timer without a failure.
    stage.client.start("Nap", "nap", None).await.unwrap();
    worker
        .answer_turn(vec![actions::timer(0, FAR_US)])
        .await
        .unwrap();
    let facts = stage.facts("nap", |facts| facts.next_timer.is_some()).await;
    assert!(facts.retries.is_empty());
    stage.client.raise("order", "Go", None).await.unwrap();
    worker
        .answer_turn(vec![actions::schedule(4, "Ship", None)])
        .await
        .unwrap();
    let facts = stage.facts("order", |facts| facts.open.len() == 1).await;
    assert!(facts.retries.is_empty() && facts.next_timer.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspension_tells_its_reason_before_and_after_its_turn() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let request = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: Some("maintenance".to_owned()),
    };
    let mut rpc = stage.client.rpc.clone();
    rpc.suspend_instance(request).await.unwrap();
    let suspended = |facts: &WaitFacts| facts.suspended_reason == "maintenance";
    let before = stage.facts("order", suspended).await;
    assert!(before.suspended_at.is_some());
    worker.answer_turn(vec![]).await.unwrap();
    let told = |facts: &WaitFacts| suspended(facts) && facts.turn_worker.is_empty();
    let after = stage.facts("order", told).await;
    assert!(after.suspended_at.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_that_others_hold_are_named_with_their_holder() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    let (first, second) = (actions::guid(1), actions::guid(2));
    stage.client.start("Move", "holder", None).await.unwrap();
    let lock = vec![actions::lock(0, &first, &["@account@a"])];
    worker.answer_turn(lock).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    stage.client.start("Move", "waiter", None).await.unwrap();
    let lock = vec![actions::lock(0, &second, &["@account@a", "@account@b"])];
    worker.answer_turn(lock).await.unwrap();
    let facts = stage.facts("waiter", |facts| facts.locks.len() == 2).await;
    assert_eq!(facts.locks[0].entity_id, "@account@a");
    assert_eq!(facts.locks[0].held_by, "holder");
    assert!(facts.locks[0].held_since.is_some());
    assert_eq!(facts.locks[1].entity_id, "@account@b");
    assert_eq!(facts.locks[1].held_by, "");
    let facts = stage.facts("holder", |_| true).await;
    assert!(facts.locks.is_empty());

    // A call of an entity that nobody has answered.
    stage.client.raise("holder", "Go", None).await.unwrap();
    let call = vec![actions::call(5, "@account@a", "Get", None)];
    worker.answer_turn(call).await.unwrap();
    stage.facts("holder", |facts| facts.entity_calls == 1).await;
    worker.answer_entity(None, Some("3")).await.unwrap();
    stage.facts("holder", |facts| facts.entity_calls == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_event_is_known_as_soon_as_it_is_accepted() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let facts = stage
        .facts("order", |facts| facts.last_turn.is_some())
        .await;
    assert!(facts.last_event.is_empty() && facts.last_event_at.is_none());
    stage.client.raise("order", "Aproved", None).await.unwrap();
    let named = |facts: &WaitFacts| facts.last_event == "Aproved";
    let before = stage.facts("order", named).await;
    worker.answer_turn(vec![]).await.unwrap();
    let told = |facts: &WaitFacts| named(facts) && facts.last_turn != before.last_turn;
    let after = stage.facts("order", told).await;
    assert_eq!(before.last_event_at, after.last_event_at);
    assert!(after.open.is_empty() && after.next_timer.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_are_open_until_they_end_and_the_oldest_is_named() {
    let stage = Stage::new().await;
    let filters = WorkItemFilters {
        orchestrations: vec![OrchestrationFilter {
            name: "Parent".to_owned(),
            versions: vec![],
        }],
        ..WorkItemFilters::default()
    };
    let request = GetWorkItemsRequest {
        work_item_filters: Some(filters),
        ..GetWorkItemsRequest::default()
    };
    let mut parents = stage.named("parents", request).await;
    stage.client.start("Parent", "parent", None).await.unwrap();
    let children = vec![
        actions::child(0, "child-0", "Child", None),
        actions::child(1, "child-1", "Child", None),
    ];
    parents.answer_turn(children).await.unwrap();
    let open = |queued, running| {
        move |facts: &WaitFacts| {
            only(facts).is_some_and(|it| (it.queued, it.running) == (queued, running))
        }
    };
    let facts = stage.facts("parent", open(2, 0)).await;
    let line = only(&facts).unwrap();
    assert_eq!((line.kind(), line.served), (Kind::Child, false));
    assert_eq!(facts.oldest_child, "child-0");

    let mut worker = stage.worker().await;
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, "child-0");
    stage.client.complete_turn(&turn, vec![]).await.unwrap();
    let served = |facts: &WaitFacts| open(1, 1)(facts) && only(facts).is_some_and(|it| it.served);
    stage.facts("parent", served).await;
    stage
        .client
        .terminate("child-0", None, false)
        .await
        .unwrap();
    let turns = async {
        loop {
            let turn = worker.turn().await.unwrap();
            let of_child = turn.request.instance_id == "child-0";
            stage.client.complete_turn(&turn, vec![]).await.unwrap();
            if of_child {
                return;
            }
        }
    };
    turns.await;
    stage.client.ended("child-0").await.unwrap();
    let next = |facts: &WaitFacts| facts.oldest_child == "child-1";
    stage.facts("parent", next).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_histories_are_folded_a_little_at_a_time_and_ended_rows_have_no_facts() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "large", None).await.unwrap();
    // Several updates' worth of history.
    let input = "x".repeat(400_000);
    let turns = 9;
    for turn in 0..turns {
        let work = vec![actions::schedule(turn, "Work", Some(&input))];
        worker.answer_turn(work).await.unwrap();
        if turn + 1 < turns {
            worker.answer_activity("1").await.unwrap();
        }
    }
    let mut feed = stage.feed(InstanceWindow::default(), "").await;
    let first = feed.until(|_| true).await;
    assert!(row(&first, "large").unwrap().waits.is_none(), "not at once");
    let update = feed
        .until(|update| row(update, "large").is_some_and(|row| row.waits.is_some()))
        .await;
    let facts = row(&update, "large").unwrap().waits.clone().unwrap();
    assert_eq!(only(&facts).unwrap().running, 1);
    let last = to_micros(&facts.last_turn.unwrap());
    assert!(last <= to_micros(&update.server_time.unwrap()));

    worker.answer_activity("1").await.unwrap();
    let done = vec![actions::succeed(99, "1")];
    worker.answer_turn(done).await.unwrap();
    let ended = feed
        .until(|update| row(update, "large").is_some_and(|row| row.completed_at.is_some()))
        .await;
    assert!(row(&ended, "large").unwrap().waits.is_none());
}
