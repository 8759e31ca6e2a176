//! Worker streams that are slow, idle or full, and what is published of them.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::time;

use super::PATIENCE;
use super::fresh;
use super::next;
use super::next_or_end;
use super::start;
use super::turn;
use super::worker;
use crate::clock;
use crate::dispatch;
use crate::dispatch::StreamId;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerProfile;
use crate::dispatch::wire;
use crate::hub::queries::Texts;

#[tokio::test]
async fn a_turn_for_which_an_unread_stream_has_no_room_comes_on_another_stream() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 1).await;
    // Each replacement frees the slot of the turn before, which stays in the stream unread.
    let policy = OrchestrationIdReusePolicy {
        replaceable_status: (0..8).collect(),
    };
    for _ in 0..30 {
        let request = CreateInstanceRequest {
            orchestration_id_reuse_policy: Some(policy.clone()),
            ..start("order")
        };
        hub.start(key, request).await.unwrap();
    }
    let state = hub.instance(key, "order", Texts::Blank).await;
    let current = state.unwrap().unwrap().execution_id;
    assert!(current.is_some());
    let mut streams = 1;
    loop {
        match next_or_end(&mut items).await {
            Some(item) if turn(&item).execution_id == current => break,
            Some(_) => {}
            None => {
                assert!(streams < 3, "a new stream has room");
                items = worker(&hub, key, 1).await;
                streams += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_turn_that_only_time_made_ready_is_published_when_it_is_handed_out() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    let soon = clock::wall_us() + 300_000;
    let request = CreateInstanceRequest {
        scheduled_start_timestamp: Some(time::from_micros(soon)),
        ..start("order")
    };
    hub.start(key, request).await.unwrap();
    let item = next(&mut items).await;
    assert_eq!(turn(&item).instance_id, "order");
    // No command comes any more that could be the reason to publish.
    let mut live = hub.live();
    let is_out = live.wait_for(|live| live.hubs[&key].turns.out == 1);
    let published = tokio::time::timeout(PATIENCE, is_out).await;
    published.expect("the turn shows as out").unwrap();
}

#[test]
fn signs_of_life_on_an_unread_stream_leave_room_for_all_items() {
    let profile = WorkerProfile {
        worker_id: "w".to_owned(),
        peer: String::new(),
        user_agent: "test".to_owned(),
        sticky: 0,
        request: GetWorkItemsRequest {
            max_concurrent_orchestration_work_items: 1,
            max_concurrent_activity_work_items: 1,
            max_concurrent_entity_work_items: 1,
            ..Default::default()
        },
    };
    let (mut stream, _items) = dispatch::open(0, StreamId(1), profile);
    for minute in 0..60 {
        stream.ping(minute * 60_000_000, wire::health_ping());
    }
    for kind in [WorkKind::Turn, WorkKind::Activity, WorkKind::Entity] {
        let item = wire::health_ping();
        assert!(stream.hand_out(0, kind, item), "an item has no room");
    }
}
