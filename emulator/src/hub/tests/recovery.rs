//! Random walks over a hub that is lost and opened again: nothing is lost, nothing is doubled,
//! and the counters agree with the history. A failure prints its seed.

use std::collections::BTreeMap;
use std::path::Path;

use durascope_engine::history;
use durascope_engine::status::is_terminal;
use durascope_proto::ActivityResponse;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateTimerAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::work_item::Request;
use prost::Message as _;
use prost::bytes::Bytes;

use super::hub;
use super::next;
use super::read;
use super::start;
use super::worker;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerItems;
use crate::hub::Hub;
use crate::hub::queries::Texts;
use crate::live::HubKey;

const INSTANCES: usize = 6;
const ACTIVITIES: i32 = 12;
const WAVES: i32 = 3;

/// A small generator with a seed, so that a walk can be repeated.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[tokio::test]
async fn lost_hubs_go_on_where_they_were() {
    for seed in 1..=12 {
        walk(seed).await;
    }
}

async fn walk(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut lives = 0;
    loop {
        lives += 1;
        let (hub, key) = hub(&path).await;
        if lives == 1 {
            begin(&hub, key).await;
        }
        check_counters(&path, seed);
        let mut items = worker(&hub, key, 4).await;
        // The last life works until everything has ended.
        let steps = if lives < 6 { Some(dice.roll(40)) } else { None };
        if work(&hub, key, &mut items, &mut dice, steps).await {
            break;
        }
        // No shutdown: what is in memory is lost with the handles.
    }
    check_counters(&path, seed);
    check_results(&path, seed);
}

async fn begin(hub: &Hub, key: HubKey) {
    for index in 0..INSTANCES {
        let id = format!("order-{index}");
        hub.start(key, start(&id)).await.unwrap();
        let event = RaiseEventRequest {
            instance_id: id,
            name: "Begin".to_owned(),
            input: Some(index.to_string()),
        };
        hub.raise_event(key, event).await.unwrap();
    }
}

/// Answers work items until the steps are used up or everything has ended, which it tells.
async fn work(
    hub: &Hub,
    key: HubKey,
    items: &mut WorkerItems,
    dice: &mut Dice,
    mut steps: Option<u64>,
) -> bool {
    while !all_ended(hub, key).await {
        if steps == Some(0) {
            return false;
        }
        steps = steps.map(|steps| steps - 1);
        let item = next(items).await;
        let token = item.completion_token;
        match (item.request, dice.roll(8)) {
            (Some(Request::OrchestratorRequest(_)), 0) => {
                hub.abandon(key, token, WorkKind::Turn).await.unwrap();
                // It comes back to this worker only after a pause: take a new stream.
                *items = worker(hub, key, 4).await;
            }
            (Some(Request::OrchestratorRequest(turn)), _) => {
                let response = OrchestratorResponse {
                    completion_token: token,
                    ..answer(&turn)
                };
                hub.complete_turn(key, response).await.unwrap();
            }
            // The result is lost: the stream ends without an answer.
            (Some(Request::ActivityRequest(_)), 0) => *items = worker(hub, key, 4).await,
            (Some(Request::ActivityRequest(request)), roll) => {
                let response = ActivityResponse {
                    completion_token: token,
                    task_id: request.task_id,
                    result: Some("1".to_owned()),
                    failure_details: (roll == 1).then(TaskFailureDetails::default),
                    ..Default::default()
                };
                hub.complete_activity(key, response.clone()).await.unwrap();
                // The same answer again changes nothing.
                hub.complete_activity(key, response).await.unwrap();
            }
            other => panic!("unexpected work item {other:?}"),
        }
    }
    true
}

async fn all_ended(hub: &Hub, key: HubKey) -> bool {
    for index in 0..INSTANCES {
        let state = hub
            .instance(key, &format!("order-{index}"), Texts::Blank)
            .await
            .unwrap()
            .unwrap();
        if !is_terminal(Status::try_from(state.orchestration_status).unwrap()) {
            return false;
        }
    }
    true
}

/// Waves of activities, each behind a timer: the whole orchestrator, as a function of its history.
fn answer(turn: &OrchestratorRequest) -> OrchestratorResponse {
    let events = turn.past_events.iter().chain(&turn.new_events);
    let (mut scheduled, mut finished, mut timers, mut fired) = (0, 0, 0, 0);
    let mut begun = false;
    for event in events {
        match event.event_type.as_ref().unwrap() {
            EventType::TaskScheduled(_) => scheduled += 1,
            EventType::TaskCompleted(_) | EventType::TaskFailed(_) => finished += 1,
            EventType::TimerCreated(_) => timers += 1,
            EventType::TimerFired(_) => fired += 1,
            EventType::EventRaised(_) => begun = true,
            _ => {}
        }
    }
    assert!(
        begun,
        "the event that was raised before the first turn is there"
    );
    let wave = scheduled / ACTIVITIES;
    let base = wave * (ACTIVITIES + 1);
    let mut actions = Vec::new();
    if finished == scheduled && wave == WAVES {
        let complete = CompleteOrchestrationAction {
            orchestration_status: Status::Completed as i32,
            ..Default::default()
        };
        actions.push(OrchestratorActionType::CompleteOrchestration(complete));
    } else if finished == scheduled && timers == wave {
        actions.push(OrchestratorActionType::CreateTimer(
            CreateTimerAction::default(),
        ));
    } else if finished == scheduled && fired == timers {
        let task = ScheduleTaskAction {
            name: "Step".to_owned(),
            ..Default::default()
        };
        let task = OrchestratorActionType::ScheduleTask(task);
        actions.extend(std::iter::repeat_n(
            task,
            usize::try_from(ACTIVITIES).unwrap(),
        ));
    }
    let ids = if fired > wave { base + 1.. } else { base.. };
    OrchestratorResponse {
        actions: ids
            .zip(actions)
            .map(|(id, kind)| OrchestratorAction {
                id,
                orchestrator_action_type: Some(kind),
            })
            .collect(),
        ..Default::default()
    }
}

pub(super) fn stored_events(path: &Path) -> BTreeMap<i64, Vec<HistoryEvent>> {
    read(path, |db| {
        let mut statement = db
            .prepare("SELECT instance, data FROM history ORDER BY instance, chunk")
            .unwrap();
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .unwrap();
        let mut events: BTreeMap<i64, Vec<HistoryEvent>> = BTreeMap::new();
        for row in rows {
            let (instance, data) = row.unwrap();
            let decoded = history::events(&Bytes::from(data));
            let decoded = decoded.map(|event| HistoryEvent::decode(event).unwrap());
            events.entry(instance).or_default().extend(decoded);
        }
        events
    })
}

/// Counters on the row equal what a full read of history and inbox gives. What has failed may
/// have accepted results that it never knew.
pub(super) fn check_counters(path: &Path, seed: u64) {
    let events = stored_events(path);
    let rows: Vec<(i64, [i64; 7])> = read(path, |db| {
        let mut statement = db
            .prepare(
                "SELECT instance, history_events, history_bytes, turns, act_scheduled,
                    act_completed - (SELECT count(*) FROM inbox
                        WHERE inbox.instance = instance.instance AND kind = 2) + act_failed,
                    timers_pending, messages_waiting - (SELECT count(*) FROM inbox
                        WHERE inbox.instance = instance.instance AND scheduled = 0)
                 FROM instance WHERE status <> 3",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            let mut counts = [0; 7];
            for (index, count) in counts.iter_mut().enumerate() {
                *count = row.get(index + 1)?;
            }
            Ok((row.get(0)?, counts))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    });
    for (instance, counters) in rows {
        let events = events.get(&instance).map_or(&[][..], Vec::as_slice);
        let count = |wanted: fn(&EventType) -> bool| {
            let matching = events.iter().filter_map(|it| it.event_type.as_ref());
            i64::try_from(matching.filter(|kind| wanted(kind)).count()).unwrap()
        };
        let finished =
            count(|it| matches!(it, EventType::TaskCompleted(_) | EventType::TaskFailed(_)));
        let pending = count(|it| matches!(it, EventType::TimerCreated(_)))
            - count(|it| matches!(it, EventType::TimerFired(_)));
        let bytes: i64 = read(path, |db| {
            let sum = "SELECT coalesce(sum(length(data)), 0) FROM history WHERE instance = ?1";
            db.query_row(sum, [instance], |row| row.get(0)).unwrap()
        });
        let expected = [
            i64::try_from(events.len()).unwrap(),
            bytes,
            count(|it| matches!(it, EventType::OrchestratorStarted(_))),
            count(|it| matches!(it, EventType::TaskScheduled(_))),
            finished,
            pending,
            0,
        ];
        assert_eq!(counters, expected, "seed {seed}, instance {instance}");
    }
}

/// Every scheduled activity of a completed instance has exactly one result.
fn check_results(path: &Path, seed: u64) {
    for (instance, events) in stored_events(path) {
        let mut open: BTreeMap<i32, i32> = BTreeMap::new();
        for event in &events {
            match event.event_type.as_ref().unwrap() {
                EventType::TaskScheduled(_) => *open.entry(event.event_id).or_default() += 1,
                EventType::TaskCompleted(it) => {
                    *open.entry(it.task_scheduled_id).or_default() -= 1;
                }
                EventType::TaskFailed(it) => *open.entry(it.task_scheduled_id).or_default() -= 1,
                _ => {}
            }
        }
        assert_eq!(open.len(), usize::try_from(ACTIVITIES * WAVES).unwrap());
        assert!(
            open.values().all(|open| *open == 0),
            "seed {seed}, {instance}: {open:?}"
        );
        let ends = events
            .iter()
            .filter(|it| matches!(it.event_type, Some(EventType::ExecutionCompleted(_))))
            .count();
        assert_eq!(ends, 1, "seed {seed}, instance {instance}");
    }
}
