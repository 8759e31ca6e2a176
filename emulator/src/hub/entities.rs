//! Entities: messages arrive, batches go to workers, and their answers are committed.

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_engine::deliver::Message;
use durascope_engine::entity;
use durascope_engine::entity::Caller;
use durascope_engine::entity::EntityCommit;
use durascope_engine::entity::EntityId;
use durascope_engine::entity::Entry;
use durascope_engine::entity::Kind;
use durascope_engine::entity::Operation;
use durascope_engine::entity::Outcome;
use durascope_engine::entity::Reply;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::EntityBatchResult;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::SendSignalAction;
use durascope_proto::SignalEntityRequest;
use durascope_proto::StartNewOrchestrationAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::operation_action::OperationActionType;
use prost::Message as _;
use uuid::Uuid;

use super::HubError;
use super::core::Core;
use super::effects::Effect;
use super::effects::Waking;
use super::instances::FollowUp;
use crate::dispatch::GroupKey;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyEntity;
use crate::dispatch::StreamId;
use crate::dispatch::Token;
use crate::dispatch::WorkKind;
use crate::dispatch::wire;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::entities;

impl Core {
    /// A client signals an entity, which needs not exist.
    pub(super) fn signal_entity(
        &mut self,
        hub: HubKey,
        request: SignalEntityRequest,
    ) -> Result<(), HubError> {
        self.check_hub(hub)?;
        let bytes = request.encoded_len();
        self.admit_text(hub, "input", request.input.as_ref(), bytes)?;
        let now_us = self.clock.tick();
        let (id, entry) = entity::signal_of_client(now_us, request, &fresh_request())?;
        let mut follow_ups = VecDeque::new();
        self.put_entity(hub, &id, &entry, &mut follow_ups)?;
        Ok(self.settle(follow_ups)?)
    }

    /// An entity signals another one, or itself.
    pub(super) fn signal_from_entity(
        &mut self,
        hub: HubKey,
        signal: SendSignalAction,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let now_us = self.clock.tick();
        match entity::signal_of_entity(now_us, signal, &fresh_request()) {
            Ok((id, entry)) => self.put_entity(hub, &id, &entry, follow_ups),
            Err(refused) => {
                tracing::warn!(%refused, "a signal of an entity goes nowhere");
                Ok(())
            }
        }
    }

    /// Puts a message into an entity's inbox, to be noticed once it is durable and visible.
    pub(super) fn put_entity(
        &mut self,
        hub: HubKey,
        id: &EntityId,
        entry: &Entry,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let seq = self.clock.tick();
        let (key, lock) = match entities::by_id(&self.db, hub, id)? {
            Some(entity) => (entity.key, entity.lock),
            None => (entities::insert(&self.db, hub, id, seq)?, None),
        };
        // The end of the section looks at what waits for it.
        let waits = lock.is_some_and(|lock| !lock.admits(entry.kind, entry.caller.as_ref()));
        let at_us = entry
            .visible_us
            .map_or(seq, |visible_us| visible_us.max(seq));
        entities::insert_message(&self.db, key, at_us, seq, entry)?;
        match (entry.visible_us, entry.kind) {
            (Some(_), _) => {
                let key = Waking::Entity(key);
                self.effect(Effect::Due { at_us, key });
            }
            (None, _) if waits => {}
            (None, Kind::Lock) => follow_ups.push_back(FollowUp::Consider(key)),
            (None, Kind::Signal | Kind::Call) => self.effect_ready(hub, key, id),
        }
        Ok(())
    }

    fn effect_ready(&mut self, hub: HubKey, key: EntityKey, id: &EntityId) {
        let name = id.name().into();
        self.effect(Effect::EntityReady { hub, key, name });
    }

    /// What is durable is queued, unless a batch is out: its end looks again.
    pub(super) fn entity_ready(&mut self, hub: HubKey, key: EntityKey, name: Arc<str>) {
        if self.dispatch.leases.of_entity(key).is_some() {
            return;
        }
        let now_us = self.clock.tick();
        let group = GroupKey {
            name,
            version: None,
            fallback: None,
            large: false,
        };
        let entity = ReadyEntity {
            key,
            group: Arc::new(group),
            abandoned: 0,
            failures: 0,
        };
        self.dispatch.hub(hub).push_entity(now_us, entity);
    }

    /// A delayed signal is due.
    pub(super) fn entity_due(&mut self, key: EntityKey) {
        match entities::by_key(&self.db, key) {
            Ok(Some(entity)) => self.entity_ready(entity.hub, key, entity.id.name().into()),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "an entity could not be read, and is tried again");
                self.retry(Waking::Entity(key));
            }
        }
    }

    /// Sends a batch to a stream. Without operations there is none, and the entity is idle.
    pub(super) fn send_entity(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: ReadyEntity,
    ) {
        if let Err(error) = self.try_send_entity(hub, now_us, stream, &ready) {
            tracing::error!(%error, "a batch could not be read and waits");
            self.dispatch.hub(hub).defer_entity(now_us, stream, ready);
        }
    }

    fn try_send_entity(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: &ReadyEntity,
    ) -> Result<(), StoreError> {
        let Some(entity) = entities::by_key(&self.db, ready.key)? else {
            return Ok(());
        };
        let bytes_max = self.limits.payload_bytes_max();
        let batch = entities::next_batch(&self.db, &entity, now_us, bytes_max)?;
        let Some(first) = batch.first() else {
            return Ok(());
        };
        let state = match entity.state_bytes {
            Some(_) => entities::state(&self.db, ready.key)?,
            None => None,
        };
        let Some(target) = self.dispatch.hub(hub).stream(stream) else {
            return Ok(());
        };
        let token = Token::fresh();
        let item = wire::entity_item(entity.id.text(), state, &batch, token);
        if item.0.len() > self.limits.sent_bytes_max {
            // Batches are cut to fit, so it is a single operation with the state.
            self.refuse_operation(hub, now_us, stream, ready, first, item.0.len());
            return Ok(());
        }
        let sent = target.hand_out(now_us, WorkKind::Entity, item);
        let lease = Lease {
            hub,
            stream,
            since_us: now_us,
            held: Held::Entity {
                entity: ready.clone(),
                batch,
            },
        };
        self.dispatch.leases.insert(token, lease);
        if !sent {
            self.disconnect(hub, stream);
        }
        Ok(())
    }

    pub(super) fn complete_entity(
        &mut self,
        hub: HubKey,
        mut result: EntityBatchResult,
    ) -> Result<(), HubError> {
        let current = Token::parse(&result.completion_token).filter(|token| {
            let lease = self.dispatch.leases.get_mut(*token);
            lease.is_some_and(|it| it.hub == hub && it.held.kind() == WorkKind::Entity)
        });
        let lease = current.and_then(|token| Some((token, self.dispatch.leases.take(token)?)));
        let Some((token, mut lease)) = lease else {
            tracing::debug!("a completion without a current token changes nothing");
            return Ok(());
        };
        let Held::Entity { entity, batch } = &mut lease.held else {
            return Ok(());
        };
        let key = entity.key;
        let outcome = match self.refuse_batch(hub, batch, &mut result) {
            Some(failed) => Outcome::Commit(failed),
            None => entity::complete(batch, result, entity.failures),
        };
        let commit = match outcome {
            Outcome::Commit(commit) => commit,
            Outcome::Again { problem } => {
                tracing::warn!(problem, "a batch of an entity is tried again");
                entity.failures += 1;
                self.put_aside(lease);
                return Ok(());
            }
        };
        let mut follow_ups = VecDeque::new();
        let applied = match entities::by_key(&self.db, key) {
            Ok(Some(_)) => self.commit_batch(hub, key, batch, commit, &mut follow_ups),
            // Its hub was emptied in this very transaction.
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.effect(Effect::Freed {
            token,
            lease: Box::new(lease),
        });
        applied?;
        follow_ups.push_back(FollowUp::Consider(key));
        Ok(self.settle(follow_ups)?)
    }

    /// State first, then what others are told, then what the operations asked for: a caller that
    /// has its result sees everything that the call did.
    pub(super) fn commit_batch(
        &mut self,
        hub: HubKey,
        key: EntityKey,
        batch: &[Operation],
        commit: EntityCommit,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let EntityCommit {
            state,
            done,
            replies,
            actions,
            failed,
        } = commit;
        let now_us = self.clock.tick();
        if let Some(state) = &state {
            entities::set_state(&self.db, key, state, now_us)?;
        }
        for operation in done.iter().filter_map(|place| batch.get(*place)) {
            entities::delete_operation(&self.db, key, operation)?;
        }
        self.publisher.count(hub, |counters| {
            counters.entity_operations += done.len() as u64;
            counters.entity_operations_failed += failed;
        });
        for action in actions {
            match action.operation_action_type {
                Some(OperationActionType::SendSignal(signal)) => {
                    follow_ups.push_back(FollowUp::Signal { hub, signal });
                }
                Some(OperationActionType::StartNewOrchestration(start)) => {
                    let request = Box::new(start_request(start));
                    follow_ups.push_back(FollowUp::Start { hub, request });
                }
                None => tracing::warn!("an action of an entity has no type that is known"),
            }
        }
        for reply in replies {
            follow_ups.push_back(answer(reply));
        }
        Ok(())
    }

    /// An entity starts an orchestration. One that runs under this id already stays: schedules
    /// with a fixed id ask again at each interval.
    pub(super) fn start_from_entity(
        &mut self,
        hub: HubKey,
        request: CreateInstanceRequest,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        match self.start_with(hub, request, follow_ups) {
            Ok(_id) => Ok(()),
            Err(HubError::Store(error)) => Err(error),
            Err(refused) => {
                tracing::warn!(%refused, "an entity did not start an orchestration");
                Ok(())
            }
        }
    }

    /// Deletes what an entity has. Calls that wait fail, and sections that wait for it go on.
    pub(super) fn purge_entity(
        &mut self,
        hub: HubKey,
        id: &str,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<bool, HubError> {
        let Ok(id) = EntityId::parse("instanceId", id) else {
            return Ok(false);
        };
        let Some(entity) = entities::by_id(&self.db, hub, &id)? else {
            return Ok(false);
        };
        let key = entity.key;
        let waiting = entities::operations(&self.db, key)?;
        for operation in &waiting {
            entities::delete_operation(&self.db, key, operation)?;
        }
        let details = TaskFailureDetails {
            error_type: "EntityPurged".to_owned(),
            error_message: format!("entity '{}' was purged before the operation ran", id.text()),
            ..Default::default()
        };
        let refused = entity::refuse(&waiting, &details);
        follow_ups.extend(refused.replies.into_iter().map(answer));
        let now_us = self.clock.tick();
        entities::set_state(&self.db, key, &entity::Answer::Deleted, now_us)?;
        entities::set_lock(&self.db, key, None, now_us)?;
        // A batch that is out is worth nothing any more.
        let leases = &mut self.dispatch.leases;
        let out = leases.of_entity(key);
        if let Some((token, lease)) = out.and_then(|token| Some((token, leases.take(token)?))) {
            let lease = Box::new(lease);
            self.effect(Effect::Freed { token, lease });
        }
        follow_ups.push_back(FollowUp::Consider(key));
        Ok(true)
    }

    /// How many operations wait at each of these entities, those with a worker left out.
    pub(super) fn backlogs(&mut self, keys: &[i64]) -> Result<Vec<i32>, HubError> {
        let now_us = self.clock.now();
        let mut backlogs = Vec::with_capacity(keys.len());
        for key in keys {
            let key = EntityKey(*key);
            let due = entities::backlog(&self.db, key, now_us)?;
            let waiting = due.saturating_sub(self.dispatch.leases.operations_out(key));
            backlogs.push(i32::try_from(waiting).unwrap_or(i32::MAX));
        }
        Ok(backlogs)
    }

    /// After a start: delayed signals are waited for.
    pub(super) fn recover_entities(&mut self) -> Result<(), StoreError> {
        for (at_us, key) in entities::scheduled(&self.db)? {
            let key = Waking::Entity(key);
            self.effect(Effect::Due { at_us, key });
        }
        Ok(())
    }
}

/// The result of a call, on its way to who made it.
pub(super) fn answer(reply: Reply) -> FollowUp {
    let Caller { key, execution } = reply.caller;
    FollowUp::Deliver {
        key: InstanceKey(key),
        message: Message::EntityReply {
            execution,
            request: reply.request,
            result: reply.result,
        },
    }
}

/// A fresh id of a request, in the form that every worker reads.
pub(super) fn fresh_request() -> String {
    Uuid::new_v4().hyphenated().to_string()
}

fn start_request(start: StartNewOrchestrationAction) -> CreateInstanceRequest {
    use durascope_proto::OrchestrationStatus as Status;
    let ended = [
        Status::Completed,
        Status::Failed,
        Status::Terminated,
        Status::Canceled,
    ];
    CreateInstanceRequest {
        instance_id: start.instance_id,
        name: start.name,
        version: start.version,
        input: start.input,
        scheduled_start_timestamp: start.scheduled_time,
        parent_trace_context: start.parent_trace_context,
        request_time: start.request_time,
        orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy {
            replaceable_status: ended.map(|status| status as i32).to_vec(),
        }),
        ..Default::default()
    }
}
