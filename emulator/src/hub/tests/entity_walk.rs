//! Random walks of orchestrations that lock, call, signal, unlock and end, over a hub that is lost
//! and opened again: no update is lost, nobody waits for good, each call has one answer, and
//! nothing is left. A failure prints its seed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use durascope_engine::status::is_terminal;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::EntityOperationSignaledEvent;
use durascope_proto::EntityRequest;
use durascope_proto::OperationInfo;
use durascope_proto::OperationResult;
use durascope_proto::OperationResultSuccess;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateRequest;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::operation_result::ResultType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use durascope_proto::send_entity_message_action::EntityMessageType;
use durascope_proto::work_item::Request;

use super::answers::response;
use super::entities::call;
use super::entities::lock;
use super::entities::rows;
use super::entities::state;
use super::entities::to_entity;
use super::entities::unlock;
use super::hub;
use super::next;
use super::read;
use super::recovery::Dice;
use super::start;
use super::status;
use super::worker;
use crate::dispatch::WorkKind;
use crate::hub::Hub;
use crate::live::HubKey;

const INSTANCES: u64 = 5;
const ROUNDS: u64 = 4;
const ENTITIES: [&str; 3] = ["@counter@a", "@counter@b", "@counter@c"];
const LIVES: u64 = 6;

#[tokio::test]
async fn lost_hubs_go_on_with_entities_and_sections() {
    for seed in 1..=16 {
        Walk::new(seed).run().await;
    }
}

/// What an orchestration does in one of its executions, drawn from its number and the round.
struct Plan {
    /// Locked and raised by one in three steps: lock, read, write.
    locked: Vec<&'static str>,
    /// Raised by a call, which is one step.
    called: Option<&'static str>,
    /// Raised by a signal, also while this execution has it locked.
    signalled: Option<&'static str>,
    /// Whether the section's end is said or left to the server.
    unlocks: bool,
    ends: bool,
}

impl Plan {
    fn new(index: u64, round: u64) -> Self {
        let mut dice = Dice((index + 1) * 7919 + (round + 1) * 104_729);
        // The first numbers of so small a seed are alike.
        for _ in 0..20 {
            dice.roll(2);
        }
        let set = dice.roll(8);
        let mut locked: Vec<_> = (0..3)
            .filter(|bit| set & (1 << bit) != 0)
            .map(|bit| ENTITIES[bit])
            .collect();
        if index % 2 == 1 {
            locked.reverse();
        }
        let mut pick = || {
            ENTITIES
                .get(usize::try_from(dice.roll(5)).unwrap())
                .copied()
        };
        Self {
            called: pick().filter(|_| locked.is_empty()),
            signalled: pick(),
            locked,
            unlocks: dice.roll(2) == 0,
            ends: round + 1 == ROUNDS,
        }
    }

    /// How much it adds to an entity.
    fn adds(&self, id: &str) -> u64 {
        let named = |it: Option<&str>| u64::from(it == Some(id));
        let locked = u64::from(self.locked.contains(&id));
        locked + named(self.called) + named(self.signalled)
    }
}

struct Walk {
    seed: u64,
    dice: Dice,
    /// Instances that were told to end.
    terminated: BTreeSet<String>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            terminated: BTreeSet::new(),
        }
    }

    async fn run(mut self) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let mut lives = 0;
        let (hub, key) = loop {
            lives += 1;
            let (hub, key) = hub(&path).await;
            if lives == 1 {
                begin(&hub, key).await;
            }
            // The last life works until everything has ended.
            let steps = (lives < LIVES).then(|| self.dice.roll(60));
            if self.work(&hub, key, &path, steps).await {
                break (hub, key);
            }
            // No shutdown: what is in memory is lost with the handles.
        };
        self.check(&hub, key, &path).await;
    }

    /// Answers work items until the steps are used up or everything is done, which it tells.
    async fn work(&mut self, hub: &Hub, key: HubKey, path: &Path, steps: Option<u64>) -> bool {
        let mut items = worker(hub, key, 3).await;
        let mut left = steps;
        while !all_done(hub, key, path).await {
            if left == Some(0) {
                return false;
            }
            left = left.map(|left| left - 1);
            if self.seed % 2 == 1 && self.dice.roll(60) == 0 {
                self.terminate(hub, key).await;
            }
            let item = next(&mut items).await;
            if self.answer(hub, key, item).await {
                items = worker(hub, key, 3).await;
            }
        }
        true
    }

    async fn terminate(&mut self, hub: &Hub, key: HubKey) {
        let id = format!("order-{}", self.dice.roll(INSTANCES));
        let request = TerminateRequest {
            instance_id: id.clone(),
            ..Default::default()
        };
        hub.terminate(key, request).await.unwrap();
        self.terminated.insert(id);
    }

    /// True when the stream is to be replaced: an answer was lost, or the item comes back to this
    /// worker only after a pause.
    async fn answer(&mut self, hub: &Hub, key: HubKey, item: WorkItem) -> bool {
        let token = item.completion_token.clone();
        let roll = self.dice.roll(12);
        match (&item.request, roll) {
            (Some(_), 0) => return true,
            (Some(Request::OrchestratorRequest(_)), 1) => {
                hub.abandon(key, token, WorkKind::Turn).await.unwrap();
                return true;
            }
            (Some(Request::OrchestratorRequest(turn)), _) => {
                let actions = self.orchestrate(turn);
                let response = response(&item, actions);
                hub.complete_turn(key, response.clone()).await.unwrap();
                hub.complete_turn(key, response).await.unwrap();
            }
            (Some(Request::EntityRequestV2(_)), 1) => {
                hub.abandon(key, token, WorkKind::Entity).await.unwrap();
                return true;
            }
            (Some(Request::EntityRequestV2(_)), 2) => {
                let failed = EntityBatchResult {
                    failure_details: Some(TaskFailureDetails::default()),
                    completion_token: token,
                    ..Default::default()
                };
                // Not so often that the operations are given up.
                if self.dice.roll(3) == 0 {
                    hub.complete_entity(key, failed).await.unwrap();
                }
                return true;
            }
            (Some(Request::EntityRequestV2(batch)), roll) => {
                // Now and then only a part of it.
                let all = batch.operation_requests.len();
                let count = if roll == 3 { all.div_ceil(2) } else { all };
                let mut result = self.operate(batch, count);
                result.completion_token = token;
                hub.complete_entity(key, result.clone()).await.unwrap();
                hub.complete_entity(key, result).await.unwrap();
            }
            other => panic!("unexpected work item {other:?}"),
        }
        false
    }

    /// The orchestrator, as a function of its history.
    fn orchestrate(&self, turn: &OrchestratorRequest) -> Vec<Action> {
        let seed = self.seed;
        let id = &turn.instance_id;
        let index: u64 = id.rsplit('-').next().unwrap().parse().unwrap();
        let (mut round, mut locked, mut granted) = (0, 0, 0);
        let mut values: BTreeMap<String, Option<u64>> = BTreeMap::new();
        let mut calls: Vec<(String, String)> = Vec::new();
        for event in turn.past_events.iter().chain(&turn.new_events) {
            match event.event_type.as_ref().unwrap() {
                EventType::ExecutionStarted(it) => {
                    round = it.input.as_deref().unwrap().parse().unwrap();
                }
                EventType::EntityLockRequested(_) => locked += 1,
                EventType::EntityLockGranted(_) => granted += 1,
                EventType::EntityOperationCalled(it) => {
                    values.insert(it.request_id.clone(), None);
                    calls.push((
                        it.request_id.clone(),
                        it.target_instance_id.clone().unwrap(),
                    ));
                }
                EventType::EntityOperationCompleted(it) => {
                    let value = it.output.as_deref().unwrap().parse().unwrap();
                    let before = values.insert(it.request_id.clone(), Some(value));
                    assert_eq!(
                        before,
                        Some(None),
                        "seed {seed}: {id} was not waiting for it"
                    );
                }
                EventType::EntityOperationFailed(it) => panic!("seed {seed}: {id}: {it:?}"),
                EventType::ExecutionTerminated(_) => return Vec::new(),
                _ => {}
            }
        }
        let plan = Plan::new(index, round);
        assert!(granted <= locked, "seed {seed}: {id}");
        let section = format!("{index}.{round}");
        let request = |number: usize| format!("{index}.{round}.{number}");
        let answered = values.values().filter(|value| value.is_some()).count();
        if !plan.locked.is_empty() && locked == 0 {
            return vec![lock(&section, &plan.locked)];
        }
        if granted < locked || answered < calls.len() {
            return Vec::new();
        }
        let width = plan.locked.len();
        let mut actions = Vec::new();
        match calls.len() {
            0 if width > 0 => {
                let reads = plan.locked.iter().zip(0..);
                return reads
                    .map(|(target, number)| call(target, "get", &request(number), None))
                    .collect();
            }
            read if width > 0 && read == width => {
                for (number, (asked, target)) in (width..).zip(&calls) {
                    let value = values[asked].unwrap() + 1;
                    let value = Some(value.to_string());
                    actions.push(call(target, "set", &request(number), value));
                }
                return actions;
            }
            0 => {
                if let Some(target) = plan.called {
                    return vec![call(target, "add", &request(0), None)];
                }
            }
            _ => {}
        }
        if let Some(target) = plan.signalled {
            let signal = EntityOperationSignaledEvent {
                request_id: request(99),
                operation: "add".to_owned(),
                target_instance_id: Some(target.to_owned()),
                ..Default::default()
            };
            actions.push(to_entity(EntityMessageType::EntityOperationSignaled(
                signal,
            )));
        }
        if plan.unlocks {
            actions.extend(plan.locked.iter().map(|target| unlock(&section, target)));
        }
        let status = if plan.ends {
            Status::Completed
        } else {
            Status::ContinuedAsNew
        };
        actions.push(Action::CompleteOrchestration(CompleteOrchestrationAction {
            orchestration_status: status as i32,
            result: Some((round + 1).to_string()),
            ..Default::default()
        }));
        actions
    }

    /// The counter: the first operations of a batch.
    fn operate(&self, batch: &EntityRequest, count: usize) -> EntityBatchResult {
        let mut state: u64 = batch
            .entity_state
            .as_ref()
            .map_or(0, |text| text.parse().unwrap());
        let mut result = EntityBatchResult::default();
        for event in &batch.operation_requests[..count] {
            let (request, operation) = match event.event_type.as_ref().unwrap() {
                EventType::EntityOperationSignaled(it) => (&it.request_id, &it.operation),
                EventType::EntityOperationCalled(it) => {
                    if it.operation == "set" {
                        let value = it.input.as_ref().unwrap().parse().unwrap();
                        let by = it.parent_instance_id.as_ref().unwrap();
                        // Its section is over if its caller is.
                        if !self.terminated.contains(by) {
                            assert_eq!(
                                value,
                                state + 1,
                                "seed {}: somebody came between {by}'s reading and writing of {}",
                                self.seed,
                                batch.instance_id
                            );
                        }
                        state = value;
                    }
                    (&it.request_id, &it.operation)
                }
                other => panic!("seed {}: {other:?}", self.seed),
            };
            state += u64::from(operation == "add");
            result.results.push(OperationResult {
                result_type: Some(ResultType::Success(OperationResultSuccess {
                    result: Some(state.to_string()),
                    ..Default::default()
                })),
            });
            result.operation_infos.push(OperationInfo {
                request_id: request.clone(),
                response_destination: None,
            });
        }
        result.entity_state = Some(state.to_string());
        result
    }

    async fn check(&self, hub: &Hub, key: HubKey, path: &Path) {
        let seed = self.seed;
        let left: i64 = read(path, |db| {
            let left = "SELECT count(*) FROM entity WHERE state IS NULL OR owner IS NOT NULL";
            db.query_row(left, [], |row| row.get(0)).unwrap()
        });
        assert_eq!(left, 0, "seed {seed}: locks or rows without a state");
        if !self.terminated.is_empty() {
            return;
        }
        for id in ENTITIES {
            let rounds = (0..INSTANCES).flat_map(|index| (0..ROUNDS).map(move |it| (index, it)));
            let expected: u64 = rounds
                .map(|(index, round)| Plan::new(index, round).adds(id))
                .sum();
            assert!(expected > 0, "the plans leave {id} out");
            let state = state(hub, key, id).await;
            assert_eq!(state, Some(expected.to_string()), "seed {seed}: {id}");
        }
    }
}

async fn begin(hub: &Hub, key: HubKey) {
    for index in 0..INSTANCES {
        let request = CreateInstanceRequest {
            input: Some("0".to_owned()),
            ..start(&format!("order-{index}"))
        };
        hub.start(key, request).await.unwrap();
    }
}

async fn all_done(hub: &Hub, key: HubKey, path: &Path) -> bool {
    for index in 0..INSTANCES {
        let status = status(hub, key, &format!("order-{index}")).await;
        if !is_terminal(status) {
            return false;
        }
    }
    rows(path).1 == 0
}
