//! Terminations that skip the orchestrator, and restarts, in one transaction or not at all.

use durascope_proto::InstanceBatch;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::RestartInstanceRequest;
use durascope_proto::SkipGracefulOrchestrationTerminationsRequest as SkipRequest;
use durascope_proto::WorkItem;
use durascope_proto::work_item::Request;

use super::answers::answer;
use super::answers::child;
use super::answers::end;
use super::answers::task;
use super::event;
use super::fresh;
use super::hub;
use super::news;
use super::next;
use super::read;
use super::start;
use super::started;
use super::status;
use super::turn;
use super::worker;
use crate::hub::HubError;
use crate::hub::queries::Texts;

const POISON: &str = "CREATE TRIGGER poison BEFORE INSERT ON history
    BEGIN SELECT raise(ABORT, 'poisoned'); END";

fn skip(ids: &[&str]) -> SkipRequest {
    SkipRequest {
        instance_batch: Some(InstanceBatch {
            instance_ids: ids.iter().map(|&id| id.to_owned()).collect(),
        }),
        reason: Some("\"enough\"".to_owned()),
    }
}

fn is_turn(item: &WorkItem) -> bool {
    matches!(item.request, Some(Request::OrchestratorRequest(_)))
}

#[tokio::test]
async fn an_end_that_was_rolled_back_leaves_all_of_the_batch_running() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    hub.start(key, start("one")).await.unwrap();
    hub.start(key, start("two")).await.unwrap();
    let turns = [next(&mut items).await, next(&mut items).await];
    read(&path, |db| db.execute_batch(POISON).unwrap());
    let refused = hub
        .skip_graceful_terminations(key, skip(&["one", "two"]))
        .await;
    assert!(
        matches!(refused, Err(HubError::NotCommitted(_))),
        "{refused:?}"
    );
    read(&path, |db| db.execute_batch("DROP TRIGGER poison").unwrap());
    for item in &turns {
        answer(&hub, key, item, [end(Status::Completed)]).await;
    }
    assert_eq!(status(&hub, key, "one").await, Status::Completed);
    assert_eq!(status(&hub, key, "two").await, Status::Completed);
}

#[tokio::test]
async fn an_instance_that_was_ended_stays_so_and_its_activities_run_on() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 1).await;
    one.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&one, key, &first, [task("A"), task("B")]).await;
    one.raise_event(key, event("order", "E")).await.unwrap();
    let both = [next(&mut items).await, next(&mut items).await];
    let second = both.iter().find(|item| is_turn(item)).unwrap();
    let left = one.skip_graceful_terminations(key, skip(&["order"])).await;
    assert_eq!(left.unwrap(), Vec::<String>::new());
    // The turn that was out is worth nothing.
    answer(&one, key, second, [task("C"), end(Status::Completed)]).await;
    assert_eq!(status(&one, key, "order").await, Status::Terminated);
    drop((items, one));

    let (two, key) = hub(&path).await;
    assert_eq!(status(&two, key, "order").await, Status::Terminated);
    let mut items = worker(&two, key, 9).await;
    let both = [next(&mut items).await, next(&mut items).await];
    assert!(!both.iter().any(is_turn));
}

#[tokio::test]
async fn what_waits_for_it_hears_of_an_end_that_skipped_the_orchestrator() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&hub, key, &first, [child("kid")]).await;
    let _kid = next(&mut items).await;
    let waiter = hub.wait_ended(key, "kid", Texts::Blank);
    let (waited, left) = tokio::join!(waiter, hub.skip_graceful_terminations(key, skip(&["kid"])));
    waited.unwrap();
    assert_eq!(left.unwrap(), Vec::<String>::new());
    let told = next(&mut items).await;
    assert_eq!(turn(&told).instance_id, "order");
    assert_eq!(news(turn(&told)).count(), 2);
}

#[tokio::test]
async fn a_restart_that_was_rolled_back_leaves_what_was_there() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    let request = || durascope_proto::CreateInstanceRequest {
        input: Some("7".to_owned()),
        ..start("order")
    };
    hub.start(key, request()).await.unwrap();
    let first = next(&mut items).await;
    answer(&hub, key, &first, [end(Status::Completed)]).await;
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON inbox
        BEGIN SELECT raise(ABORT, 'poisoned'); END";
    read(&path, |db| db.execute_batch(poison).unwrap());
    let restart = || RestartInstanceRequest {
        instance_id: "order".to_owned(),
        restart_with_new_instance_id: false,
    };
    let refused = hub.restart(key, restart()).await;
    assert!(
        matches!(refused, Err(HubError::NotCommitted(_))),
        "{refused:?}"
    );
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
    read(&path, |db| db.execute_batch("DROP TRIGGER poison").unwrap());
    assert_eq!(hub.restart(key, restart()).await.unwrap(), "order");
    assert_eq!(status(&hub, key, "order").await, Status::Pending);
    let again = next(&mut items).await;
    assert_eq!(started(turn(&again)).input.as_deref(), Some("7"));
}
