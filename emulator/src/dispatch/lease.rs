//! What is with a worker, found by the completion token that went with it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use durascope_engine::entity::Operation;
use durascope_engine::turn::Turn;
use durascope_proto::OrchestratorResponse;
use uuid::Uuid;

use super::GroupKey;
use super::ReadyEntity;
use super::StreamId;
use super::Task;
use super::WorkKind;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;

/// Identifies one hand-out of one work item; a second hand-out has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token(u128);

impl Token {
    pub(crate) fn fresh() -> Self {
        Self(Uuid::new_v4().as_u128())
    }

    /// The token in a worker's answer; `None` for anything that we did not make.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(uuid.as_u128()))
    }

    pub(crate) fn text(self) -> String {
        Uuid::from_u128(self.0).simple().to_string()
    }
}

/// A work item with a worker.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) hub: HubKey,
    pub(crate) stream: StreamId,
    pub(crate) since_us: i64,
    pub(crate) held: Held,
}

#[derive(Debug)]
pub(crate) enum Held {
    Turn {
        key: InstanceKey,
        instance_id: Arc<str>,
        group: Arc<GroupKey>,
        abandoned: u32,
        turn: Turn,
        /// Whether the messages are everything visible up to the last one.
        prefix: bool,
        /// The worker keeps the execution after the turn.
        sticky: bool,
        /// The worker had the execution from an earlier turn, so its past was left out.
        without_past: bool,
        /// Chunks of an answer that comes in several parts, by number.
        parts: BTreeMap<i32, OrchestratorResponse>,
    },
    Activity(Task),
    Entity {
        entity: ReadyEntity,
        /// The operations that went out, in order.
        batch: Vec<Operation>,
    },
}

impl Lease {
    /// Its stream, if the worker there keeps the execution after the turn.
    pub(crate) fn keeper(&self) -> Option<StreamId> {
        match self.held {
            Held::Turn { sticky, .. } => sticky.then_some(self.stream),
            Held::Activity(_) | Held::Entity { .. } => None,
        }
    }
}

impl Held {
    pub(crate) fn kind(&self) -> WorkKind {
        match self {
            Self::Turn { .. } => WorkKind::Turn,
            Self::Activity(_) => WorkKind::Activity,
            Self::Entity { .. } => WorkKind::Entity,
        }
    }

    /// The orchestration instance that it belongs to.
    pub(crate) fn instance(&self) -> Option<InstanceKey> {
        match self {
            Self::Turn { key, .. } => Some(*key),
            Self::Activity(task) => Some(task.origin.key),
            Self::Entity { .. } => None,
        }
    }
}

/// All leases of the process.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    by_token: HashMap<Token, Lease>,
    /// At most one batch of an entity is out.
    entities: HashMap<EntityKey, Token>,
}

impl Leases {
    pub(crate) fn insert(&mut self, token: Token, lease: Lease) {
        if let Held::Entity { entity, .. } = &lease.held {
            self.entities.insert(entity.key, token);
        }
        self.by_token.insert(token, lease);
    }

    pub(crate) fn get_mut(&mut self, token: Token) -> Option<&mut Lease> {
        self.by_token.get_mut(&token)
    }

    pub(crate) fn take(&mut self, token: Token) -> Option<Lease> {
        let lease = self.by_token.remove(&token)?;
        if let Held::Entity { entity, .. } = &lease.held {
            self.entities.remove(&entity.key);
        }
        Some(lease)
    }

    /// The batch of this entity that is out.
    pub(crate) fn of_entity(&self, key: EntityKey) -> Option<Token> {
        self.entities.get(&key).copied()
    }

    /// The same as it is held.
    pub(crate) fn batch_of(&self, key: EntityKey) -> Option<&Lease> {
        let token = self.of_entity(key)?;
        self.by_token.get(&token)
    }

    /// How many operations of this entity are out.
    pub(crate) fn operations_out(&self, key: EntityKey) -> usize {
        match self.batch_of(key).map(|lease| &lease.held) {
            Some(Held::Entity { batch, .. }) => batch.len(),
            _ => 0,
        }
    }

    /// The turn of this instance that is out: Go sends no tokens.
    pub(crate) fn turn_of(&self, hub: HubKey, instance_id: &str) -> Option<Token> {
        self.find(|lease| match &lease.held {
            Held::Turn {
                instance_id: id, ..
            } => lease.hub == hub && **id == *instance_id,
            Held::Activity(_) | Held::Entity { .. } => false,
        })
    }

    /// The activity of this instance that is out; the oldest, where an earlier execution has left
    /// one under the same id: workers without tokens answer in the order of their items.
    pub(crate) fn activity_of(
        &self,
        hub: HubKey,
        instance_id: &str,
        task_id: i32,
    ) -> Option<Token> {
        let is_it = |lease: &Lease| match &lease.held {
            Held::Activity(task) => {
                lease.hub == hub
                    && *task.origin.instance_id == *instance_id
                    && task.activity.task_id == task_id
            }
            Held::Turn { .. } | Held::Entity { .. } => false,
        };
        self.by_token
            .iter()
            .filter(|(_, lease)| is_it(lease))
            .min_by_key(|(_, lease)| lease.since_us)
            .map(|(token, _)| *token)
    }

    fn find(&self, matches: impl Fn(&Lease) -> bool) -> Option<Token> {
        self.by_token
            .iter()
            .find(|(_, lease)| matches(lease))
            .map(|(token, _)| *token)
    }

    /// Takes everything that a stream held, oldest first.
    pub(crate) fn take_stream(&mut self, stream: StreamId) -> Vec<Lease> {
        let tokens: Vec<Token> = self
            .by_token
            .iter()
            .filter(|(_, lease)| lease.stream == stream)
            .map(|(token, _)| *token)
            .collect();
        let mut leases: Vec<Lease> = tokens
            .into_iter()
            .filter_map(|token| self.take(token))
            .collect();
        leases.sort_by_key(|lease| lease.since_us);
        leases
    }

    /// Takes everything of these instances.
    pub(crate) fn take_instances(&mut self, keys: &HashSet<InstanceKey>) -> Vec<Lease> {
        let gone = self.by_token.extract_if(|_, lease| {
            let instance = lease.held.instance();
            instance.is_some_and(|key| keys.contains(&key))
        });
        gone.map(|(_, lease)| lease).collect()
    }

    /// Takes every batch of a hub's entities.
    pub(crate) fn take_entities(&mut self, hub: HubKey) -> Vec<Lease> {
        let of_hub = |lease: &Lease| lease.hub == hub && lease.held.kind() == WorkKind::Entity;
        let tokens: Vec<Token> = self
            .by_token
            .iter()
            .filter(|(_, lease)| of_hub(lease))
            .map(|(token, _)| *token)
            .collect();
        let taken = tokens.into_iter().filter_map(|token| self.take(token));
        taken.collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lease> {
        self.by_token.values()
    }

    pub(crate) fn of_hub(&self, hub: HubKey) -> impl Iterator<Item = &Lease> {
        self.iter().filter(move |lease| lease.hub == hub)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Lease> {
        self.by_token.values_mut()
    }

    /// Forgets everything of a hub.
    pub(crate) fn forget_hub(&mut self, hub: HubKey) {
        self.by_token.retain(|_, lease| lease.hub != hub);
        self.entities
            .retain(|_, token| self.by_token.contains_key(token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_their_text_and_foreign_ones_are_none() {
        let token = Token::fresh();
        assert_eq!(Token::parse(&token.text()), Some(token));
        assert_eq!(Token::parse("made up"), None);
        assert_eq!(Token::parse(""), None);
    }
}
