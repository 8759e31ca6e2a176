//! Lanes and streams of one task hub, and who gets what next.

use std::collections::HashSet;

use super::Assignment;
use super::GroupKey;
use super::Lane;
use super::Notes;
use super::ReadyEntity;
use super::ReadyTurn;
use super::Stream;
use super::StreamId;
use super::Task;
use super::WorkKind;
use crate::live::EntityKey;
use crate::live::InstanceKey;
use crate::live::LiveQueue;
use crate::live::LiveWorker;

/// Lanes and streams of one hub.
#[derive(Debug, Default)]
pub(crate) struct HubDispatch {
    pub(crate) turns: Lane<ReadyTurn>,
    pub(crate) activities: Lane<Task>,
    pub(crate) entities: Lane<ReadyEntity>,
    /// What is in the lane of entities, each of them once.
    entities_waiting: HashSet<EntityKey>,
    pub(crate) streams: Vec<Stream>,
    /// Who came and went.
    pub(crate) notes: Notes,
    next_stream: usize,
}

impl HubDispatch {
    /// The next item for a stream with room, streams taking turns.
    pub(crate) fn next(&mut self, now_us: i64) -> Option<Assignment> {
        for step in 0..self.streams.len() {
            let index = (self.next_stream + step) % self.streams.len();
            let assignment = self.next_for(now_us, index);
            if assignment.is_some() {
                self.next_stream = index + 1;
                return assignment;
            }
        }
        None
    }

    fn next_for(&mut self, now_us: i64, index: usize) -> Option<Assignment> {
        let stream = self.streams.get(index)?;
        let id = stream.id;
        if stream.has_room(WorkKind::Turn)
            && let Some(turn) = self
                .turns
                .take(now_us, id, |group| stream.accepts(WorkKind::Turn, group))
        {
            return Some(Assignment::Turn(id, turn));
        }
        if stream.has_room(WorkKind::Entity)
            && let Some(entity) = self
                .entities
                .take(now_us, id, |group| stream.accepts(WorkKind::Entity, group))
        {
            self.entities_waiting.remove(&entity.key);
            return Some(Assignment::Entity(id, entity));
        }
        if stream.has_room(WorkKind::Activity)
            && let Some(task) = self.activities.take(now_us, id, |group| {
                stream.accepts(WorkKind::Activity, group)
            })
        {
            return Some(Assignment::Activity(id, task));
        }
        None
    }

    /// Whether a stream could take anything at all.
    pub(crate) fn has_work(&self) -> bool {
        let idle = self.turns.is_empty() && self.activities.is_empty() && self.entities.is_empty();
        !idle && !self.streams.is_empty()
    }

    pub(crate) fn stream(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }

    /// Whether a worker that reads large histories would take such a turn.
    pub(crate) fn takes_large(&self, group: &GroupKey) -> bool {
        let mut streams = self.streams.iter();
        streams.any(|it| it.reads_large() && it.accepts(WorkKind::Turn, group))
    }

    /// An entity has something to do; nothing changes if it waits already.
    pub(crate) fn push_entity(&mut self, now_us: i64, entity: ReadyEntity) {
        if self.entities_waiting.insert(entity.key) {
            self.entities.push(now_us, entity);
        }
    }

    pub(crate) fn push_entity_front(&mut self, now_us: i64, entity: ReadyEntity) {
        if self.entities_waiting.insert(entity.key) {
            self.entities.push_front(now_us, entity);
        }
    }

    pub(crate) fn defer_entity(&mut self, now_us: i64, from: StreamId, entity: ReadyEntity) {
        if self.entities_waiting.insert(entity.key) {
            self.entities.defer(now_us, from, entity);
        }
    }

    /// When deferred work becomes free for everybody again.
    pub(crate) fn next_deferred_us(&self) -> Option<i64> {
        [
            self.turns.next_deferred_us(),
            self.activities.next_deferred_us(),
            self.entities.next_deferred_us(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Deferred work whose pause is over waits like any other again.
    pub(crate) fn ripen(&mut self, now_us: i64) {
        self.turns.ripen(now_us);
        self.activities.ripen(now_us);
        self.entities.ripen(now_us);
    }

    /// Forgets what waits of instances that are gone.
    pub(crate) fn forget(&mut self, keys: &HashSet<InstanceKey>) {
        self.turns.retain(|turn| !keys.contains(&turn.key));
        self.activities
            .retain(|task| !keys.contains(&task.origin.key));
    }

    /// Forgets everything but the streams.
    pub(crate) fn clear(&mut self) {
        self.turns = Lane::default();
        self.activities = Lane::default();
        self.entities = Lane::default();
        self.entities_waiting.clear();
    }

    pub(crate) fn live_queue(&self, kind: WorkKind) -> LiveQueue {
        let out = self.streams.iter().map(|it| u64::from(it.out(kind))).sum();
        let accepted = |group: &GroupKey| {
            self.streams
                .iter()
                .any(|stream| stream.accepts(kind, group))
        };
        match kind {
            WorkKind::Turn => self.turns.live(out, accepted),
            WorkKind::Activity => self.activities.live(out, accepted),
            WorkKind::Entity => self.entities.live(out, accepted),
        }
    }

    pub(crate) fn live_workers(&self) -> Vec<LiveWorker> {
        self.streams.iter().map(Stream::live).collect()
    }
}
