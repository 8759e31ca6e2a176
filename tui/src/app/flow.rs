//! Standing still: the user's pause, and the position of a replay.

use std::sync::Arc;

use crate::app::effect::Effect;
use crate::app::effect::Playing;
use crate::app::event::Data;
use crate::app::event::Feed;
use crate::app::model::Model;
use crate::app::toast::Kind;
use crate::app::topic::TopicData;
use crate::app::window;
use crate::format::Micros;
use crate::format::SECOND;

/// How far an arrow goes.
const STEP: Micros = 10 * SECOND;

/// The speeds of a replay.
const SPEEDS: [u32; 4] = [1, 2, 4, 8];

/// Data goes on coming and waits.
#[derive(Clone, Debug)]
pub struct Pause {
    pub since: Micros,
    data: Option<Data>,
    topic: Option<Arc<TopicData>>,
    /// Updates that wait.
    pub changes: u64,
}

/// Where a replay is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// When the recording began, on its own clock.
    pub begun: Micros,
    pub length: Micros,
    /// The position was `at` when the local clock was `since`.
    at: Micros,
    since: Micros,
    pub speed: u32,
    pub paused: bool,
}

impl Replay {
    /// A replay that begins to run `now`.
    pub fn new(begun: Micros, length: Micros, now: Micros) -> Self {
        Self {
            begun,
            length,
            at: 0,
            since: now,
            speed: 1,
            paused: false,
        }
    }

    /// Time since the beginning of the recording.
    pub fn position(&self, now: Micros) -> Micros {
        let passed = if self.paused { 0 } else { now - self.since };
        let passed = passed.saturating_mul(i64::from(self.speed));
        self.at.saturating_add(passed).clamp(0, self.length)
    }

    /// True when there is nothing more to come.
    pub fn is_over(&self, now: Micros) -> bool {
        self.position(now) >= self.length
    }

    /// When its clock shows the next second, on the local clock.
    pub fn next_label(&self, now: Micros) -> Option<Micros> {
        if self.paused || self.is_over(now) {
            return None;
        }
        let position = self.position(now);
        let shown = self.begun.saturating_add(position).rem_euclid(SECOND);
        let left = (SECOND - shown).min(self.length - position);
        let left = left / i64::from(self.speed.max(1));
        Some(now + left.max(1))
    }

    fn set(&mut self, now: Micros, change: impl FnOnce(&mut Self)) -> Playing {
        self.at = self.position(now);
        self.since = now;
        change(self);
        self.at = self.at.clamp(0, self.length);
        Playing {
            at: self.at,
            speed: if self.paused { 0 } else { self.speed },
        }
    }
}

/// Takes what the feed brings while it is paused; false when it is not.
pub fn holds(model: &mut Model, feed: &Feed) -> bool {
    if model.pause.is_none() {
        return false;
    }
    let wanted = window::wanted(model);
    let answers = |data: Option<&Data>| {
        data.is_some_and(|it| {
            let tree = it.update.tree.as_ref().map_or("", |it| &it.instance_id);
            let page = it.update.instances.as_ref();
            let window = page.and_then(|it| it.window.as_ref());
            tree == wanted.instance_id && window == Some(&wanted.window)
        })
    };
    // Of what the user goes to while it is paused, the first picture is shown.
    let shows_data = answers(feed.data.as_ref()) && !answers(model.data.as_ref());
    let about = |topic: Option<&Arc<TopicData>>| topic.is_some_and(|it| it.topic == wanted.topic);
    let shows_topic = about(feed.topic.as_ref()) && !about(model.topic.as_ref());
    let Some(pause) = &mut model.pause else {
        return false;
    };
    let is_new = |old: Option<&Data>, new: Option<&Data>| match (old, new) {
        (Some(old), Some(new)) => !Arc::ptr_eq(&old.update, &new.update),
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let known = pause.data.as_ref().or(model.data.as_ref());
    if is_new(known, feed.data.as_ref()) {
        pause.changes += 1;
    }
    pause.data.clone_from(&feed.data);
    pause.topic.clone_from(&feed.topic);
    if shows_topic {
        model.topic.clone_from(&feed.topic);
    }
    if shows_data && let Some(data) = feed.data.clone() {
        model.set_data(data);
    }
    true
}

/// Pauses, or goes on; answers what has waited.
pub fn toggle_pause(model: &mut Model) -> Option<Feed> {
    let Some(pause) = model.pause.take() else {
        model.pause = Some(Pause {
            since: model.now,
            data: None,
            topic: None,
            changes: 0,
        });
        return None;
    };
    Some(Feed {
        link: model.link.clone(),
        topic: pause.topic.or_else(|| model.topic.clone()),
        data: pause.data,
    })
}

/// What a key does to a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    Pause,
    Back,
    Forward,
    Faster,
    Slower,
}

/// Steers the replay, if there is one.
pub fn steer(model: &mut Model, steer: Steer, effects: &mut Vec<Effect>) {
    let now = model.now;
    let Some(replay) = &mut model.replay else {
        return;
    };
    let speed = |it: &Replay, step: isize| {
        let at = SPEEDS.iter().position(|speed| *speed == it.speed);
        let at = at.unwrap_or(0).saturating_add_signed(step);
        SPEEDS[at.min(SPEEDS.len() - 1)]
    };
    let playing = replay.set(now, |it| match steer {
        // At its end there is only the beginning to go on from.
        Steer::Pause if it.at >= it.length => {
            it.at = 0;
            it.paused = false;
        }
        Steer::Pause => it.paused = !it.paused,
        Steer::Back => it.at -= STEP,
        Steer::Forward => it.at += STEP,
        Steer::Faster => it.speed = speed(it, 1),
        Steer::Slower => it.speed = speed(it, -1),
    });
    effects.push(Effect::Play(playing));
    if matches!(steer, Steer::Faster | Steer::Slower) {
        let text = format!("replay at {}×", replay.speed);
        model.toast(Kind::Note, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_keeps_its_position_through_pauses_seeks_and_speeds() {
        let mut it = Replay::new(0, 60 * SECOND, 100);
        assert_eq!(it.position(100 + 5 * SECOND), 5 * SECOND);
        let now = 100 + 5 * SECOND;
        assert_eq!(it.set(now, |it| it.paused = true).speed, 0);
        assert_eq!(it.position(now + 9 * SECOND), 5 * SECOND);
        it.set(now, |it| it.at -= STEP);
        assert_eq!(it.position(now), 0, "not before the beginning");
        it.set(now, |it| {
            it.paused = false;
            it.speed = 8;
        });
        assert_eq!(it.position(now + 2 * SECOND), 16 * SECOND);
        assert_eq!(it.position(now + 20 * SECOND), 60 * SECOND, "the end");
        assert!(it.is_over(now + 20 * SECOND));
    }
}
