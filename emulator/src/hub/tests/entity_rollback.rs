//! A transaction that fails takes back what it did to entities, their batches and their locks.

use std::path::Path;

use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::WorkItem;
use durascope_proto::purge_instances_request::Request as PurgeTarget;
use futures_util::poll;

use super::POISON;
use super::answers::answer;
use super::answers::end;
use super::answers::response;
use super::entities::A;
use super::entities::B;
use super::entities::batch;
use super::entities::call;
use super::entities::done;
use super::entities::granted;
use super::entities::lock;
use super::entities::names;
use super::entities::replies;
use super::entities::rows;
use super::entities::signal;
use super::entities::state;
use super::fresh;
use super::next;
use super::next_or_end;
use super::read;
use super::rollback::Stall;
use super::rollback::is_rolled_back;
use super::start;
use super::turn;
use super::worker;
use crate::dispatch::StreamId;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::hub::Hub;
use crate::hub::command::Command;
use crate::live::HubKey;

const TRIGGER: &str = "CREATE TRIGGER poisoned_entity BEFORE UPDATE ON entity
    BEGIN SELECT raise(ABORT, 'poisoned'); END";

fn poison(path: &Path, trigger: &str) {
    read(path, |db| db.execute_batch(trigger).unwrap());
}

fn cure(path: &Path) {
    read(path, |db| {
        db.execute_batch("DROP TRIGGER poisoned_entity").unwrap();
    });
}

/// A worker with room for a single batch, which shows a slot that is not given back.
async fn one_at_a_time(hub: &Hub, key: HubKey) -> WorkerItems {
    let profile = WorkerProfile {
        worker_id: "w".to_owned(),
        peer: String::new(),
        user_agent: "test".to_owned(),
        sticky: 0,
        request: GetWorkItemsRequest {
            max_concurrent_entity_work_items: 1,
            ..Default::default()
        },
    };
    hub.connect_worker(key, profile).await.unwrap()
}

/// The batch that an orchestration's call is in.
async fn called(hub: &Hub, key: HubKey, items: &mut WorkerItems) -> WorkItem {
    hub.start(key, start("order")).await.unwrap();
    let first = next(items).await;
    answer(hub, key, &first, [call(A, "get", "1", None)]).await;
    next(items).await
}

#[tokio::test]
async fn an_answer_that_could_not_be_stored_counts_at_the_second_try_and_once() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = one_at_a_time(&hub, key).await;
    let item = called(&hub, key, &mut items).await;
    poison(&path, TRIGGER);
    let failed = hub.complete_entity(key, done(&item, Some("1"))).await;
    assert!(is_rolled_back(&failed), "{failed:?}");
    assert_eq!(state(&hub, key, A).await, None);
    cure(&path);
    hub.signal_entity(key, signal(A, "add")).await.unwrap();
    hub.complete_entity(key, done(&item, Some("1")))
        .await
        .unwrap();
    assert_eq!(state(&hub, key, A).await.as_deref(), Some("1"));
    let reply = next(&mut items).await;
    assert_eq!(replies(&reply), 1);
    answer(&hub, key, &reply, [end(Status::Completed)]).await;
    let second = next(&mut items).await;
    assert_eq!(names(&second), ["add"]);
    hub.complete_entity(key, done(&second, None)).await.unwrap();
    assert_eq!(rows(&path), (0, 0));
}

#[tokio::test]
async fn a_batch_whose_stream_ends_while_its_answer_is_rolled_back_comes_again() {
    let (_folder, path, hub, key) = fresh().await;
    poison(&path, POISON);
    let mut items = one_at_a_time(&hub, key).await;
    hub.signal_entity(key, signal(A, "add")).await.unwrap();
    let item = next(&mut items).await;

    let stall = Stall::begin(&hub, key, &path).await;
    let mut completed = Box::pin(hub.complete_entity(key, done(&item, Some("1"))));
    assert!(poll!(&mut completed).is_pending());
    let gone = Command::Disconnect {
        hub: key,
        stream: StreamId(1),
    };
    hub.commands.try_send(gone).unwrap();
    let mut poisoned = Box::pin(hub.start(key, start("poison")));
    assert!(poll!(&mut poisoned).is_pending());
    stall.end().await;
    let (completed, poisoned) = (completed.await, poisoned.await);
    assert!(is_rolled_back(&completed), "{completed:?}");
    assert!(is_rolled_back(&poisoned), "{poisoned:?}");
    assert!(next_or_end(&mut items).await.is_none(), "it has ended");

    let mut items = one_at_a_time(&hub, key).await;
    let again = next(&mut items).await;
    assert_eq!(names(&again), ["add"]);
    hub.complete_entity(key, done(&again, Some("2")))
        .await
        .unwrap();
    assert_eq!(state(&hub, key, A).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn signals_and_purges_that_fail_with_their_neighbours_have_not_been() {
    let (_folder, path, hub, key) = fresh().await;
    poison(&path, POISON);
    let mut items = one_at_a_time(&hub, key).await;
    let item = called(&hub, key, &mut items).await;

    let stall = Stall::begin(&hub, key, &path).await;
    let mut signalled = Box::pin(hub.signal_entity(key, signal(B, "add")));
    assert!(poll!(&mut signalled).is_pending());
    let request = PurgeInstancesRequest {
        request: Some(PurgeTarget::InstanceId(A.to_owned())),
        ..Default::default()
    };
    let mut purged = Box::pin(hub.purge(key, request));
    assert!(poll!(&mut purged).is_pending());
    let mut emptied = Box::pin(hub.create_task_hub("default", true));
    assert!(poll!(&mut emptied).is_pending());
    let mut poisoned = Box::pin(hub.start(key, start("poison")));
    assert!(poll!(&mut poisoned).is_pending());
    stall.end().await;
    assert!(is_rolled_back(&signalled.await));
    assert!(is_rolled_back(&purged.await));
    assert!(is_rolled_back(&emptied.await));
    assert!(is_rolled_back(&poisoned.await));

    assert_eq!(rows(&path), (1, 1));
    hub.signal_entity(key, signal(A, "add")).await.unwrap();
    hub.complete_entity(key, done(&item, Some("1")))
        .await
        .unwrap();
    let reply = next(&mut items).await;
    assert_eq!((replies(&reply), &*turn(&reply).instance_id), (1, "order"));
    let second = next(&mut items).await;
    assert_eq!(
        (names(&second), &*batch(&second).instance_id),
        (vec!["add"], A)
    );
}

#[tokio::test]
async fn a_section_whose_begin_could_not_be_stored_begins_at_the_second_try() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    poison(&path, TRIGGER);
    let asked = response(&first, [lock("s", &[A, B])]);
    let failed = hub.complete_turn(key, asked.clone()).await;
    assert!(is_rolled_back(&failed), "{failed:?}");
    assert_eq!(rows(&path), (0, 0));
    cure(&path);
    hub.complete_turn(key, asked).await.unwrap();
    let turn = next(&mut items).await;
    assert_eq!(granted(&turn), ["s"]);

    // And one whose end could not be stored is held until then.
    poison(&path, TRIGGER);
    let ended = response(&turn, [end(Status::Completed)]);
    let failed = hub.complete_turn(key, ended.clone()).await;
    assert!(is_rolled_back(&failed), "{failed:?}");
    hub.signal_entity(key, signal(A, "add")).await.unwrap();
    cure(&path);
    hub.complete_turn(key, ended).await.unwrap();
    let item = next(&mut items).await;
    assert_eq!(names(&item), ["add"]);
    hub.complete_entity(key, done(&item, None)).await.unwrap();
    assert_eq!(rows(&path), (0, 0));
}
