//! Two executions of one orchestration side by side, group by group.

use std::collections::BTreeMap;

use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::data::batches;
use crate::data::batches::Wave;
use crate::data::siblings::percentile;
use crate::data::siblings::took;
use crate::data::tasks::Tasks;
use crate::data::timeline::span;
use crate::format::MILLI;
use crate::format::Micros;

/// More waves of one name than this are compared as one.
const WAVES_MAX: usize = 8;
/// Times differ when one is at least half as long again as the other …
const FACTOR_TENTHS: i64 = 15;
/// … and by more than this.
const DIFFERENCE_MIN: Micros = 100 * MILLI;

/// What one instance has of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    pub count: usize,
    pub open: usize,
    pub failed: usize,
    /// From the first that was scheduled to the last that finished, or until now.
    pub wall: Micros,
    pub p50: Option<Micros>,
    pub max: Option<Micros>,
}

/// What differs enough to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differs {
    pub count: bool,
    pub failed: bool,
    pub wall: bool,
    pub p50: bool,
    pub max: bool,
}

impl Differs {
    fn between(left: &Side, right: &Side) -> Self {
        Self {
            count: left.count != right.count,
            failed: left.failed != right.failed,
            wall: apart(Some(left.wall), Some(right.wall)),
            p50: apart(left.p50, right.p50),
            max: apart(left.max, right.max),
        }
    }

    /// True when anything does.
    pub fn any(&self) -> bool {
        self.count || self.failed || self.wall || self.p50 || self.max
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub kind: Kind,
    pub name: String,
    /// Which wave of its name, from 1; absent where all of a name are one line.
    pub wave: Option<usize>,
    pub left: Option<Side>,
    pub right: Option<Side>,
    pub differs: Differs,
}

impl Row {
    /// True when anything differs, also that only one of the two has it.
    pub fn is_different(&self) -> bool {
        self.left.is_none() || self.right.is_none() || self.differs.any()
    }
}

/// Both, and what they are in total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub rows: Vec<Row>,
    pub left: Side,
    pub right: Side,
    pub turns: [u64; 2],
    pub differs: Differs,
}

/// Compares `left` with `right`, as of `now`.
pub fn compare(left: &Tasks, right: &Tasks, now: Micros) -> Comparison {
    let (lefts, rights) = (Groups::of(left), Groups::of(right));
    let mut rows: Vec<Row> = Vec::new();
    let mut names: Vec<&(Kind, String)> = lefts.order.iter().collect();
    names.extend(
        rights
            .order
            .iter()
            .filter(|it| !lefts.waves.contains_key(it)),
    );
    for key in names {
        let (one, other) = (lefts.get(key), rights.get(key));
        let split = one.len().max(other.len());
        if split > WAVES_MAX || split <= 1 {
            let side = |tasks: &Tasks, waves: &[Wave]| {
                let members: Vec<_> = waves.iter().flat_map(|it| &it.members).copied().collect();
                (!members.is_empty()).then(|| side(tasks, &members, now))
            };
            rows.push(row(key, None, side(left, one), side(right, other)));
            continue;
        }
        for at in 0..split {
            let of = |tasks: &Tasks, waves: &[Wave]| {
                waves.get(at).map(|it| side(tasks, &it.members, now))
            };
            rows.push(row(key, Some(at + 1), of(left, one), of(right, other)));
        }
    }
    let whole = |tasks: &Tasks| {
        let count = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
        side(tasks, &(0..count).collect::<Vec<_>>(), now)
    };
    let (one, other) = (whole(left), whole(right));
    Comparison {
        rows,
        left: one,
        right: other,
        turns: [left.turns, right.turns],
        differs: Differs::between(&one, &other),
    }
}

fn row(key: &(Kind, String), wave: Option<usize>, left: Option<Side>, right: Option<Side>) -> Row {
    let differs = match (&left, &right) {
        (Some(left), Some(right)) => Differs::between(left, right),
        _ => Differs::default(),
    };
    Row {
        kind: key.0,
        name: key.1.clone(),
        wave,
        left,
        right,
        differs,
    }
}

/// Waves by name, and the names in order of scheduling.
struct Groups {
    order: Vec<(Kind, String)>,
    waves: BTreeMap<(Kind, String), Vec<Wave>>,
}

impl Groups {
    fn of(tasks: &Tasks) -> Self {
        let mut order = Vec::new();
        let mut waves: BTreeMap<_, Vec<Wave>> = BTreeMap::new();
        for wave in batches::waves(tasks) {
            let key = (wave.kind, tasks.name_at(wave.name).to_owned());
            let known = waves.entry(key.clone()).or_default();
            if known.is_empty() {
                order.push(key);
            }
            known.push(wave);
        }
        Self { order, waves }
    }

    fn get(&self, key: &(Kind, String)) -> &[Wave] {
        self.waves.get(key).map_or(&[], Vec::as_slice)
    }
}

fn side(tasks: &Tasks, members: &[u32], now: Micros) -> Side {
    let mut side = Side {
        count: members.len(),
        ..Side::default()
    };
    let mut times = Vec::new();
    let mut bounds: Option<(Micros, Micros)> = None;
    for task in members.iter().filter_map(|it| batches::member(tasks, *it)) {
        let (from, to) = span(task, now);
        bounds = Some(bounds.map_or((from, to), |it| (it.0.min(from), it.1.max(to))));
        side.open += usize::from(!task.is_over());
        side.failed += usize::from(task.state == State::Failed);
        if matches!(task.state, State::Completed | State::Failed) {
            times.extend(took(tasks, task, now));
        }
    }
    side.wall = bounds.map_or(0, |(from, to)| to - from);
    side.max = times.iter().max().copied();
    side.p50 = percentile(&mut times, 50);
    side
}

fn apart(one: Option<Micros>, other: Option<Micros>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_some() != other.is_some();
    };
    let (less, more) = (one.min(other), one.max(other));
    more - less > DIFFERENCE_MIN && more.saturating_mul(10) >= less.saturating_mul(FACTOR_TENTHS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tasks::tests::Made;
    use crate::format::SECOND;

    #[test]
    fn what_differs_is_marked_and_what_one_lacks_has_a_line() {
        let mut one = Made::new("Load");
        let mut other = Made::new("Load");
        for _ in 0..10 {
            one.ran(0, 2);
            other.ran(0, 3);
        }
        one.named("Ship");
        one.ran(3, 1);
        other.named("Extra");
        other.failed(4, 1);
        let result = compare(&one.tasks(), &other.tasks(), one.at(60));
        let names: Vec<_> = result.rows.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["Load", "Ship", "Extra"]);
        let load = &result.rows[0];
        assert_eq!(
            load.differs,
            Differs {
                wall: true,
                p50: true,
                max: true,
                ..Differs::default()
            }
        );
        assert_eq!(load.left.unwrap().p50, Some(2 * SECOND));
        assert!(result.rows[1].right.is_none() && result.rows[2].left.is_none());
        assert_eq!(
            (result.left.wall, result.right.wall),
            (4 * SECOND, 5 * SECOND)
        );
        assert!(result.differs.failed && !result.differs.wall);
    }

    #[test]
    fn the_same_is_the_same_and_a_few_waves_stand_by_number() {
        let mut made = Made::new("Page");
        for turn in 1..=3 {
            made.turn = turn;
            for _ in 0..12 {
                made.ran(0, 1);
            }
        }
        let tasks = made.tasks();
        let result = compare(&tasks, &tasks, made.at(9));
        let waves: Vec<_> = result.rows.iter().map(|it| it.wave).collect();
        assert_eq!(waves, [Some(1), Some(2), Some(3)]);
        assert!(result.rows.iter().all(|it| !it.is_different()));
    }
}
