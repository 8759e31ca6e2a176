//! Random walks over parents and children whose activities fail: they are rewound until they
//! complete, by workers that make the new history and by others, in hubs that are lost and opened
//! again. A failure prints its seed.

use std::path::Path;

use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use durascope_proto::work_item::Request;

use super::answers::end;
use super::hub;
use super::next;
use super::recovery::Dice;
use super::recovery::check_counters;
use super::recovery::stored_events;
use super::rewind::finish;
use super::rewind::is_rewind;
use super::rewind::request;
use super::rewind::rewound;
use super::start;
use super::status;
use super::worker;
use crate::dispatch::WorkerItems;
use crate::hub::Hub;
use crate::live::HubKey;

const INSTANCES: usize = 4;
const ACTIVITIES: i32 = 4;
const LIVES: usize = 6;

#[tokio::test]
async fn lost_hubs_rewind_until_everything_has_completed() {
    for seed in 1..=10 {
        walk(seed).await;
    }
}

async fn walk(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    for life in 1..=LIVES {
        let (hub, key) = hub(&path).await;
        if life == 1 {
            for index in 0..INSTANCES {
                let id = format!("order-{index}");
                hub.start(key, start(&id)).await.unwrap();
            }
        }
        check_counters(&path, seed);
        let mut items = worker(&hub, key, 4).await;
        // In the last life nothing fails, and it works until the end.
        let steps = (life < LIVES).then(|| dice.roll(50));
        work(&hub, key, &mut items, &mut dice, steps).await;
    }
    check_counters(&path, seed);
    check_histories(&path, seed);
}

async fn work(
    hub: &Hub,
    key: HubKey,
    items: &mut WorkerItems,
    dice: &mut Dice,
    mut steps: Option<u64>,
) {
    let may_fail = steps.is_some();
    while rewind_failed(hub, key).await && steps != Some(0) {
        steps = steps.map(|steps| steps - 1);
        let item = next(items).await;
        match (&item.request, dice.roll(6)) {
            (Some(Request::OrchestratorRequest(turn)), roll) => {
                let response = OrchestratorResponse {
                    completion_token: item.completion_token.clone(),
                    actions: answer(turn, roll),
                    ..Default::default()
                };
                hub.complete_turn(key, response).await.unwrap();
            }
            // The result is lost: the stream ends without an answer.
            (Some(Request::ActivityRequest(_)), 0) => *items = worker(hub, key, 4).await,
            (Some(Request::ActivityRequest(_)), roll) => {
                finish(hub, key, &item, may_fail && roll < 3).await;
            }
            other => panic!("unexpected work item {other:?}"),
        }
    }
}

/// Rewinds the parents that have failed; false when all have completed.
async fn rewind_failed(hub: &Hub, key: HubKey) -> bool {
    let mut working = false;
    for index in 0..INSTANCES {
        let id = format!("order-{index}");
        let status = status(hub, key, &id).await;
        if status == Status::Failed {
            hub.rewind(key, request(&id)).await.unwrap();
        }
        working |= status != Status::Completed;
    }
    working
}

/// Activities side by side, and a child that does the same; any failure ends it.
fn answer(turn: &OrchestratorRequest, roll: u64) -> Vec<OrchestratorAction> {
    if is_rewind(turn) {
        // Half of the workers do not know what that is.
        let knows = roll < 3;
        let execution = format!("{}-{}", turn.instance_id, turn.past_events.len());
        let made = knows.then(|| rewound(turn, &execution));
        return vec![action(-1, made.unwrap_or_else(|| end(Status::Failed)))];
    }
    let is_child = turn.instance_id.ends_with("-kid");
    let events = || turn.past_events.iter().chain(&turn.new_events);
    let has = |wanted: &dyn Fn(&HistoryEvent) -> bool| events().any(wanted);
    let failed = has(&|event| {
        matches!(
            event.event_type,
            Some(EventType::TaskFailed(_) | EventType::SubOrchestrationInstanceFailed(_))
        )
    });
    let mut actions = Vec::new();
    let mut finished = 0;
    for id in 1..=ACTIVITIES {
        finished += i32::from(has(&|event| {
            matches!(&event.event_type,
                Some(EventType::TaskCompleted(it)) if it.task_scheduled_id == id)
        }));
        let scheduled = has(&|event| {
            event.event_id == id && matches!(event.event_type, Some(EventType::TaskScheduled(_)))
        });
        if !scheduled {
            let task = ScheduleTaskAction {
                name: "Step".to_owned(),
                ..Default::default()
            };
            actions.push(action(id, Action::ScheduleTask(task)));
        }
    }
    let mut wanted = ACTIVITIES;
    if !is_child {
        wanted += 1;
        finished += i32::from(has(&|event| {
            matches!(
                event.event_type,
                Some(EventType::SubOrchestrationInstanceCompleted(_))
            )
        }));
        let created = has(&|event| {
            matches!(
                event.event_type,
                Some(EventType::SubOrchestrationInstanceCreated(_))
            )
        });
        if !created {
            let kid = CreateSubOrchestrationAction {
                instance_id: format!("{}-kid", turn.instance_id),
                name: "Kid".to_owned(),
                ..Default::default()
            };
            actions.push(action(wanted, Action::CreateSubOrchestration(kid)));
        }
    }
    if failed {
        actions.push(action(wanted + 1, end(Status::Failed)));
    } else if finished == wanted {
        actions.push(action(wanted + 1, end(Status::Completed)));
    }
    actions
}

fn action(id: i32, kind: Action) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(kind),
    }
}

/// No failure is left, and everything was scheduled once and has one result.
fn check_histories(path: &Path, seed: u64) {
    let histories = stored_events(path);
    assert_eq!(histories.len(), 2 * INSTANCES, "seed {seed}");
    for (instance, events) in histories {
        let count = |wanted: fn(&EventType) -> bool| {
            let matching = events.iter().filter_map(|it| it.event_type.as_ref());
            i32::try_from(matching.filter(|kind| wanted(kind)).count()).unwrap()
        };
        let counts = [
            count(|it| matches!(it, EventType::TaskScheduled(_))),
            count(|it| matches!(it, EventType::TaskCompleted(_))),
            count(|it| matches!(it, EventType::TaskFailed(_))),
            count(|it| matches!(it, EventType::SubOrchestrationInstanceFailed(_))),
            count(|it| matches!(it, EventType::ExecutionCompleted(_))),
        ];
        let told = format!("seed {seed}, instance {instance}: {events:#?}");
        assert_eq!(counts, [ACTIVITIES, ACTIVITIES, 0, 0, 1], "{told}");
        let created = count(|it| matches!(it, EventType::SubOrchestrationInstanceCreated(_)));
        let completed = count(|it| matches!(it, EventType::SubOrchestrationInstanceCompleted(_)));
        assert_eq!(created, completed, "{told}");
    }
}
