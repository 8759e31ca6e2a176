//! From the failures of many instances to the groups of the feed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor as proto;
use durascope_proto::monitor::hub_failure;
use durascope_proto::time::from_micros;
use prost::Message;

use crate::monitor::failures::fold::Cause;
use crate::monitor::failures::fold::Failures;
use crate::monitor::failures::fold::Place;
use crate::store::instances::InstanceRow;

const GROUPS_MAX: usize = 200;
const AFFECTED_MAX: usize = 50;
/// Of groups for which there is little room.
const AFFECTED_LEAST: usize = 5;
const MESSAGE_CHARS_MAX: usize = 200;

/// Groups of one answer: with the rest of the message less than the 4 MiB that clients take. The
/// first ones have room for their samples and instances, the last ones for little.
const LIST_BYTES_MAX: usize = 3 * 1024 * 1024;
const STACK_BYTES_LEAST: usize = 1_024;

/// Parts of the time that a group's failures are counted in.
const PARTS: usize = 20;
const HOUR_US: i64 = 3_600_000_000;

/// Failures as they are put together.
pub(super) struct Listing {
    since_us: Option<i64>,
    now_us: i64,
    text: String,
    groups: BTreeMap<Cause, Group>,
    instances: u64,
}

/// One cause in many instances.
struct Group {
    count: u64,
    instances: u64,
    first_us: i64,
    last_us: i64,
    sample: Arc<TaskFailureDetails>,
    affected: Vec<Affected>,
    history: [u32; PARTS],
}

/// The newest failure of one cause in one instance.
struct Affected {
    at_us: i64,
    id: String,
    name: String,
    status: i32,
    task_id: Option<i32>,
    newest: Arc<TaskFailureDetails>,
}

impl Listing {
    pub(super) fn new(since_us: Option<i64>, now_us: i64, text: &str) -> Self {
        Self {
            since_us,
            now_us,
            text: text.to_lowercase(),
            groups: BTreeMap::new(),
            instances: 0,
        }
    }

    /// Takes in what failed in one instance.
    pub(super) fn add(&mut self, row: &InstanceRow, causes: &[&BTreeMap<Cause, Failures>]) {
        self.instances += 1;
        for (cause, failures) in causes.iter().flat_map(|it| it.iter()) {
            if self.has_text(cause, failures) {
                self.add_cause(row, cause, failures);
            }
        }
    }

    fn has_text(&self, cause: &Cause, failures: &Failures) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        self.text.is_empty()
            || has(&cause.name)
            || has(&cause.error_type)
            || has(&cause.shape)
            || has(&failures.newest.error_message)
    }

    fn add_cause(&mut self, row: &InstanceRow, cause: &Cause, failures: &Failures) {
        let since_us = self.since_us.unwrap_or(i64::MIN);
        let times = failures.times_us.iter().copied();
        let mut times = times.filter(|at_us| *at_us >= since_us).peekable();
        if times.peek().is_none() {
            return;
        }
        let (from_us, to_us) = (self.since_us.unwrap_or(self.now_us - HOUR_US), self.now_us);
        let group = match self.groups.get_mut(cause) {
            Some(group) => group,
            None => self.groups.entry(cause.clone()).or_insert_with(|| Group {
                count: 0,
                instances: 0,
                first_us: i64::MAX,
                last_us: i64::MIN,
                sample: Arc::clone(&failures.newest),
                affected: Vec::new(),
                history: [0; PARTS],
            }),
        };
        for at_us in times {
            group.count += 1;
            group.first_us = group.first_us.min(at_us);
            if let Some(part) = part(at_us, from_us, to_us) {
                group.history[part] = group.history[part].saturating_add(1);
            }
        }
        group.instances += 1;
        if failures.newest_at_us > group.last_us {
            group.last_us = failures.newest_at_us;
            group.sample = Arc::clone(&failures.newest);
        }
        group.affected.push(Affected {
            at_us: failures.newest_at_us,
            id: row.id.clone(),
            name: row.name.clone(),
            status: row.status,
            task_id: failures.task_id,
            newest: Arc::clone(&failures.newest),
        });
        // Only the newest are shown: the others need not be kept until the end.
        if group.affected.len() >= 4 * AFFECTED_MAX {
            group.keep_newest();
        }
    }

    /// The newest groups, with as much of each as there is room for.
    pub(super) fn finish(self, mut more: bool) -> proto::FailureList {
        let mut groups: Vec<(Cause, Group)> = self.groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| Reverse(group.last_us));
        more |= groups.len() > GROUPS_MAX;
        groups.truncate(GROUPS_MAX);
        let mut list = proto::FailureList {
            instances: self.instances,
            ..proto::FailureList::default()
        };
        let mut left = LIST_BYTES_MAX;
        for (cause, group) in groups {
            let mut group = group.finish(cause);
            // Half of what is left for one group at most, so that there is room for the others.
            if group.encoded_len() > left / 2 {
                shorten(&mut group);
            }
            let bytes = group.encoded_len();
            if bytes > left {
                more = true;
                break;
            }
            left -= bytes;
            list.groups.push(group);
        }
        list.more = more;
        list
    }
}

impl Group {
    fn keep_newest(&mut self) {
        self.affected.sort_by_key(|it| Reverse(it.at_us));
        self.affected.truncate(AFFECTED_MAX);
    }

    fn finish(mut self, cause: Cause) -> proto::HubFailure {
        self.keep_newest();
        let place = match cause.place {
            Place::Activity => hub_failure::Place::Activity,
            Place::Child => hub_failure::Place::Child,
            Place::Orchestration => hub_failure::Place::Orchestration,
        };
        proto::HubFailure {
            error_type: cause.error_type,
            shape: cause.shape,
            name: cause.name,
            place: place.into(),
            count: self.count,
            instances: self.instances,
            first_at: Some(from_micros(self.first_us)),
            last_at: Some(from_micros(self.last_us)),
            sample: Some(TaskFailureDetails::clone(&self.sample)),
            affected: self.affected.into_iter().map(Affected::finish).collect(),
            history: self.history.to_vec(),
        }
    }
}

impl Affected {
    fn finish(self) -> proto::FailedInstance {
        let line = self.newest.error_message.lines().next();
        let message = line.unwrap_or_default().chars().take(MESSAGE_CHARS_MAX);
        proto::FailedInstance {
            instance_id: self.id,
            name: self.name,
            status: self.status,
            at: Some(from_micros(self.at_us)),
            message: message.collect(),
            task_id: self.task_id,
        }
    }
}

/// Little of a group that is large.
fn shorten(group: &mut proto::HubFailure) {
    group.affected.truncate(AFFECTED_LEAST);
    if let Some(sample) = &mut group.sample {
        sample.inner_failure = None;
        sample.properties.clear();
        let cut = |text: &mut String| text.truncate(text.floor_char_boundary(STACK_BYTES_LEAST));
        cut(&mut sample.error_message);
        sample.stack_trace.as_mut().map(cut);
    }
}

/// In which part of the time this is, if in any.
fn part(at_us: i64, from_us: i64, to_us: i64) -> Option<usize> {
    if at_us < from_us || at_us > to_us {
        return None;
    }
    let all = i128::from(to_us) - i128::from(from_us) + 1;
    let at = i128::from(at_us) - i128::from(from_us);
    usize::try_from(at * PARTS as i128 / all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_time_and_nothing_else() {
        assert_eq!(part(9, 10, 29), None);
        assert_eq!(part(10, 10, 29), Some(0));
        assert_eq!(part(19, 10, 29), Some(9));
        assert_eq!(part(29, 10, 29), Some(19));
        assert_eq!(part(30, 10, 29), None);
        assert_eq!(part(5, 5, 5), Some(0));
        assert_eq!(part(0, i64::MIN, i64::MAX), Some(10));
    }
}
