//! When a turn should run, and which work a worker accepts.

use crate::batch::Kind;

/// What a turn waits for, most patient first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Patience {
    /// Results of tasks: more of them are on their way while others run.
    ForResults,
    /// Timers and external events, which somebody expects soon.
    Short,
    /// Starts and controls.
    None,
}

impl Patience {
    /// How patient a message of this kind is.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::ActivityResult | Kind::ChildResult => Self::ForResults,
            Kind::Event | Kind::Timer | Kind::EntityReply | Kind::LockGranted => Self::Short,
            Kind::Start
            | Kind::Suspend
            | Kind::Resume
            | Kind::Terminate
            | Kind::Rewind
            | Kind::Replay => Self::None,
        }
    }

    fn longest_us(self) -> i64 {
        match self {
            Self::ForResults => 250_000,
            Self::Short => 50_000,
            Self::None => 0,
        }
    }
}

/// How long to hold back a turn that is ready, so that more results join it. The history is
/// replayed in each turn, so turns that take long should be few: an instance whose tasks are
/// still running gets its turns at most half of the time, within the limits of its patience.
/// Without open tasks nothing is held.
///
/// `last_turn_us` is how long the worker had the last turn; `ended_us` when it was committed.
pub fn hold_until_us(open_tasks: u64, last_turn_us: i64, ended_us: i64, patience: Patience) -> i64 {
    if open_tasks == 0 || patience == Patience::None {
        return i64::MIN;
    }
    ended_us.saturating_add(last_turn_us.clamp(0, patience.longest_us()))
}

/// What a worker accepts of one kind of work: names, each with the versions it wants.
/// No filter accepts everything; an empty list accepts nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    entries: Vec<(String, Vec<String>)>,
}

impl Filter {
    /// From the wire: names compare without case, no versions mean any.
    pub fn new(entries: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let lower = |text: String| text.to_lowercase();
        let entries = entries
            .into_iter()
            .map(|(name, versions)| (lower(name), versions.into_iter().map(lower).collect()))
            .collect();
        Self { entries }
    }

    /// Whether work with this name and one of these versions is accepted. An absent version is
    /// the empty one; an activity without a version also counts under its orchestration's.
    pub fn accepts(&self, name: &str, versions: &[Option<&str>]) -> bool {
        let name = name.to_lowercase();
        self.entries
            .iter()
            .filter(|(listed, _)| *listed == name)
            .any(|(_, wanted)| {
                wanted.is_empty()
                    || versions.iter().any(|version| {
                        let version = version.unwrap_or_default().to_lowercase();
                        wanted.contains(&version)
                    })
            })
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn turns_are_held_only_while_tasks_run_and_never_longer_than_they_take() {
        use Patience::ForResults;
        use Patience::Short;
        assert_eq!(hold_until_us(0, 5_000, 100, ForResults), i64::MIN);
        assert_eq!(hold_until_us(3, 5_000, 100, ForResults), 5_100);
        assert_eq!(hold_until_us(3, 60_000_000, 0, ForResults), 250_000);
        assert_eq!(hold_until_us(3, 60_000_000, 0, Short), 50_000);
        assert_eq!(hold_until_us(3, 5_000, 100, Patience::None), i64::MIN);
        assert_eq!(hold_until_us(3, -4, 7, ForResults), 7);
    }

    #[test]
    fn filters_match_names_without_case_and_versions_as_listed() {
        let filter = Filter::new([
            ("Greet".to_owned(), vec![]),
            ("Pay".to_owned(), vec!["1.0".to_owned(), String::new()]),
        ]);
        let cases = [
            ("greet", vec![Some("9")], true),
            ("greet", vec![None], true),
            ("pay", vec![Some("1.0")], true),
            ("pay", vec![None], true),
            ("pay", vec![Some("2.0")], false),
            ("pay", vec![Some("2.0"), Some("1.0")], true),
            ("other", vec![None], false),
        ];
        for (name, versions, expected) in cases {
            assert_eq!(
                filter.accepts(name, &versions),
                expected,
                "{name} {versions:?}"
            );
        }
    }
}
