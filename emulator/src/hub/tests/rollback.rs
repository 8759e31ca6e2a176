//! A transaction that fails takes everything back that its commands did in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;

use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::WorkItem;
use durascope_proto::work_item::Request;
use futures_util::poll;
use rusqlite::Connection;

use super::POISON;
use super::answers::answer;
use super::answers::end;
use super::answers::response;
use super::answers::task;
use super::event;
use super::fresh;
use super::hub;
use super::next;
use super::next_or_end;
use super::read;
use super::start;
use super::status;
use super::turn;
use super::worker;
use crate::dispatch::StreamId;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::hub::command::Command;
use crate::live::HubKey;

/// Keeps the core waiting for the database, so that the commands sent meanwhile are one group.
pub(super) struct Stall<'hub> {
    lock: Connection,
    asked: Pin<Box<dyn Future<Output = ()> + 'hub>>,
}

impl<'hub> Stall<'hub> {
    pub(super) async fn begin(hub: &'hub Hub, key: HubKey, path: &Path) -> Self {
        let lock = Connection::open(path).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut asked = Box::pin(async move {
            hub.inspect(key, "nobody").await.unwrap();
        });
        assert!(poll!(&mut asked).is_pending());
        // The core has taken the command, whose transaction cannot begin.
        while hub.commands.capacity() < hub.commands.max_capacity() {
            tokio::task::yield_now().await;
        }
        Self { lock, asked }
    }

    pub(super) async fn end(self) {
        self.lock.execute_batch("ROLLBACK").unwrap();
        self.asked.await;
    }
}

fn request(item: &WorkItem) -> &Request {
    item.request.as_ref().unwrap()
}

pub(super) fn is_rolled_back<T>(result: &Result<T, HubError>) -> bool {
    matches!(result, Err(HubError::NotCommitted(_)))
}

#[tokio::test]
async fn a_turn_whose_stream_ends_while_its_completion_is_rolled_back_comes_again() {
    let (_folder, path, hub, key) = fresh().await;
    read(&path, |db| db.execute_batch(POISON).unwrap());
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;

    let stall = Stall::begin(&hub, key, &path).await;
    let completion = response(&first, [end(Status::Completed)]);
    let mut completed = Box::pin(hub.complete_turn(key, completion));
    assert!(poll!(&mut completed).is_pending());
    // What a stream says when it is dropped. One that is closed already would be found before
    // this group.
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

    let mut items = worker(&hub, key, 4).await;
    let again = next(&mut items).await;
    assert_eq!(turn(&again).instance_id, "order");
    answer(&hub, key, &again, [end(Status::Completed)]).await;
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
}

#[tokio::test]
async fn a_task_hub_that_could_not_be_deleted_still_works() {
    let (_folder, path, hub, key) = fresh().await;
    hub.start(key, start("order")).await.unwrap();
    let poison = "CREATE TRIGGER poison BEFORE DELETE ON task_hub
        BEGIN SELECT raise(ABORT, 'poisoned'); END";
    read(&path, |db| db.execute_batch(poison).unwrap());
    let deleted = hub.delete_task_hub("default").await;
    assert!(is_rolled_back(&deleted), "{deleted:?}");

    assert_eq!(hub.resolve("default").await.unwrap(), key);
    let mut items = worker(&hub, key, 4).await;
    let first = next(&mut items).await;
    answer(&hub, key, &first, [end(Status::Completed)]).await;
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
}

#[tokio::test]
async fn a_task_hub_whose_deletion_fails_with_its_neighbours_still_works() {
    let (_folder, path, hub, key) = fresh().await;
    let other = hub.resolve("other").await.unwrap();
    hub.start(key, start("order")).await.unwrap();
    read(&path, |db| db.execute_batch(POISON).unwrap());

    let stall = Stall::begin(&hub, other, &path).await;
    let mut deleted = Box::pin(hub.delete_task_hub("default"));
    assert!(poll!(&mut deleted).is_pending());
    let mut poisoned = Box::pin(hub.start(other, start("poison")));
    assert!(poll!(&mut poisoned).is_pending());
    stall.end().await;
    let (deleted, poisoned) = (deleted.await, poisoned.await);
    assert!(is_rolled_back(&deleted), "{deleted:?}");
    assert!(is_rolled_back(&poisoned), "{poisoned:?}");

    assert_eq!(hub.resolve("default").await.unwrap(), key);
    let mut items = worker(&hub, key, 4).await;
    let first = next(&mut items).await;
    answer(&hub, key, &first, [end(Status::Completed)]).await;
    assert_eq!(status(&hub, key, "order").await, Status::Completed);
}

#[tokio::test]
async fn open_activities_of_an_instance_that_ends_at_the_second_try_survive_a_restart() {
    let (_folder, path, one, key) = fresh().await;
    // One of the two activities is with the worker, the other waits.
    let mut items = worker(&one, key, 1).await;
    one.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&one, key, &first, [task("A"), task("B")]).await;
    one.raise_event(key, event("order", "E")).await.unwrap();
    let both = [next(&mut items).await, next(&mut items).await];
    let is_turn = |item: &&WorkItem| matches!(request(item), Request::OrchestratorRequest(_));
    let second = both.iter().find(is_turn).unwrap();

    let poison = "CREATE TRIGGER poison BEFORE UPDATE OF status ON instance
        BEGIN SELECT raise(ABORT, 'poisoned'); END";
    read(&path, |db| db.execute_batch(poison).unwrap());
    let failed = one.complete_turn(key, response(second, [end(Status::Completed)]));
    let failed = failed.await;
    assert!(is_rolled_back(&failed), "{failed:?}");
    read(&path, |db| db.execute_batch("DROP TRIGGER poison").unwrap());
    answer(&one, key, second, [end(Status::Completed)]).await;
    assert_eq!(status(&one, key, "order").await, Status::Completed);
    one.shutdown().await;

    let (two, key) = hub(&path).await;
    let mut items = worker(&two, key, 2).await;
    let both = [next(&mut items).await, next(&mut items).await];
    let names: BTreeSet<&str> = both
        .iter()
        .map(|item| match request(item) {
            Request::ActivityRequest(request) => request.name.as_str(),
            other => panic!("not an activity: {other:?}"),
        })
        .collect();
    assert_eq!(names, BTreeSet::from(["A", "B"]));
}
