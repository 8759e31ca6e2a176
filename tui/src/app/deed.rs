//! What can be done to instances, to whom of many it can be done, and the calls that do it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;

use crate::app::command::Line;
use crate::app::effect::Call;
use crate::app::purge_query::PurgeQuery;
use crate::data::status;

/// Targets above which a deed that destroys wants their number typed.
pub const TYPED_ABOVE: usize = 20;

/// Ids that the dialog names of each status.
const SAMPLE_MAX: usize = 4;

/// An instance that something is done to, as it was when it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub instance_id: String,
    pub name: String,
    pub status: OrchestrationStatus,
    pub open_children: u64,
    pub open_activities: u64,
}

impl Target {
    /// The target that `row` tells of.
    pub fn of(row: &InstanceRow) -> Self {
        Self {
            instance_id: row.instance_id.clone(),
            name: row.name.clone(),
            status: status::of(row.status),
            open_children: status::open(row.children.as_ref()),
            open_activities: status::open(row.activities.as_ref()),
        }
    }
}

/// What is done, with its choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    RaiseEvent {
        name: String,
        payload: Option<String>,
    },
    Terminate {
        reason: Option<String>,
        recursive: bool,
        /// At once and in storage, without its code.
        force: bool,
    },
    Purge {
        recursive: bool,
    },
    Suspend {
        reason: Option<String>,
    },
    Resume {
        reason: Option<String>,
    },
    Restart {
        new_id: bool,
    },
    Rewind {
        reason: Option<String>,
    },
}

impl Deed {
    /// What is being done, for people.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::RaiseEvent { .. } => "raise event",
            Self::Terminate { force: true, .. } => "force to end",
            Self::Terminate { .. } => "terminate",
            Self::Purge { .. } => "purge",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::Restart { .. } => "restart",
            Self::Rewind { .. } => "rewind",
        }
    }

    /// What will have been done, for people.
    pub fn done(&self) -> &'static str {
        match self {
            Self::RaiseEvent { .. } => "get the event",
            Self::Terminate { force: true, .. } => "be ended at once",
            Self::Terminate { .. } => "be terminated",
            Self::Purge { .. } => "be deleted",
            Self::Suspend { .. } => "be suspended",
            Self::Resume { .. } => "be resumed",
            Self::Restart { new_id: false } => "be replaced by a new run",
            Self::Restart { new_id: true } => "run again beside themselves",
            Self::Rewind { .. } => "go back to before the failure",
        }
    }

    /// True when what was there before is lost.
    pub fn destroys(&self) -> bool {
        matches!(
            self,
            Self::Terminate { .. } | Self::Purge { .. } | Self::Restart { new_id: false }
        )
    }

    /// Why an instance in `status` is left out; nothing when it is not.
    pub fn skips(&self, it: OrchestrationStatus) -> Option<&'static str> {
        let ended = status::has_ended(it);
        match self {
            Self::RaiseEvent { .. } if ended => Some("it has ended, nobody would receive it"),
            Self::Terminate { .. } if ended => Some("it has ended"),
            Self::Suspend { .. } if ended => Some("it has ended"),
            Self::Suspend { .. } if it == OrchestrationStatus::Suspended => {
                Some("it is suspended already")
            }
            Self::Resume { .. } if it != OrchestrationStatus::Suspended => {
                Some("it is not suspended")
            }
            Self::Purge { .. } if !ended => Some("only ended ones can be purged"),
            Self::Restart { new_id: false } if !ended => {
                Some("only ended ones restart under their own id")
            }
            Self::Rewind { .. } if it != OrchestrationStatus::Failed => {
                Some("only failed ones can be rewound")
            }
            _ => None,
        }
    }

    /// The call that does it to one instance.
    pub fn call(&self, instance_id: &str) -> Call {
        let instance_id = instance_id.to_owned();
        match self.clone() {
            Self::RaiseEvent { name, payload } => Call::RaiseEvent {
                instance_id,
                name,
                payload,
            },
            Self::Terminate {
                reason,
                force: true,
                ..
            } => Call::ForceTerminate {
                instance_id,
                reason,
            },
            Self::Terminate {
                reason, recursive, ..
            } => Call::Terminate {
                instance_id,
                reason,
                recursive,
            },
            Self::Purge { recursive } => Call::Purge {
                instance_id,
                recursive,
            },
            Self::Suspend { reason } => Call::Suspend {
                instance_id,
                reason,
            },
            Self::Resume { reason } => Call::Resume {
                instance_id,
                reason,
            },
            Self::Restart { new_id } => Call::Restart {
                instance_id,
                new_id,
            },
            Self::Rewind { reason } => Call::Rewind {
                instance_id,
                reason,
            },
        }
    }

    /// The command that does it to `ids`, of which it names `shown`.
    pub fn command<'a>(&self, ids: impl Iterator<Item = &'a str>, shown: usize) -> Line {
        let verb = match self {
            Self::RaiseEvent { .. } => "instances raise",
            Self::Terminate { .. } => "instances terminate",
            Self::Purge { .. } => "instances purge",
            Self::Suspend { .. } => "instances suspend",
            Self::Resume { .. } => "instances resume",
            Self::Restart { .. } => "instances restart",
            Self::Rewind { .. } => "instances rewind",
        };
        let line = Line::new(verb).subjects(ids, shown);
        match self {
            Self::RaiseEvent { name, payload } => line
                .option("--event", Some(name))
                .option("--input", payload.as_deref()),
            Self::Terminate {
                reason,
                recursive,
                force,
            } => line
                .option("--reason", reason.as_deref())
                .flag("--recursive", *recursive && !force)
                .flag("--force", *force),
            Self::Purge { recursive } => line.flag("--recursive", *recursive),
            Self::Suspend { reason } | Self::Resume { reason } | Self::Rewind { reason } => {
                line.option("--reason", reason.as_deref())
            }
            Self::Restart { new_id } => line.flag("--new-id", *new_id),
        }
    }
}

/// How the targets were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The open instance, or the one under the cursor.
    One,
    /// Marked one by one.
    Marked,
    /// Everything that matched the filter.
    Matching,
}

/// The targets of one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub status: OrchestrationStatus,
    pub count: usize,
    /// The first of them.
    pub sample: Vec<String>,
    pub open_children: u64,
    pub open_activities: u64,
}

/// Whom something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub scope: Scope,
    pub targets: Arc<[Target]>,
    /// By status, the largest first.
    pub groups: Vec<Group>,
    /// What the dialog says about them beside that.
    pub note: Option<String>,
    /// Whether one call can purge all that matched: its filter, or what it cannot say; nothing
    /// where they were chosen otherwise.
    pub query: Option<Result<PurgeQuery, String>>,
}

impl Plan {
    /// A plan for `targets`.
    pub fn new(scope: Scope, targets: Vec<Target>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for it in &targets {
            let at = groups.iter().position(|group| group.status == it.status);
            let at = at.unwrap_or_else(|| {
                groups.push(Group {
                    status: it.status,
                    count: 0,
                    sample: Vec::new(),
                    open_children: 0,
                    open_activities: 0,
                });
                groups.len() - 1
            });
            let group = &mut groups[at];
            group.count += 1;
            group.open_children = group.open_children.saturating_add(it.open_children);
            group.open_activities = group.open_activities.saturating_add(it.open_activities);
            if group.sample.len() < SAMPLE_MAX {
                group.sample.push(it.instance_id.clone());
            }
        }
        groups.sort_by_key(|it| std::cmp::Reverse(it.count));
        Self {
            scope,
            targets: targets.into(),
            groups,
            note: None,
            query: None,
        }
    }

    /// The same plan with what is newly known of its targets; those in `gone` do not exist any
    /// more.
    #[must_use]
    pub fn looked(&self, newest: &[Target], gone: &[String]) -> Self {
        let known: BTreeMap<&str, &Target> = newest
            .iter()
            .map(|it| (it.instance_id.as_str(), it))
            .collect();
        let gone: BTreeSet<&str> = gone.iter().map(String::as_str).collect();
        let there = self.targets.iter();
        let there = there.filter(|it| !gone.contains(it.instance_id.as_str()));
        let targets = there.map(|it| known.get(it.instance_id.as_str()).copied().unwrap_or(it));
        Self {
            note: self.note.clone(),
            query: self.query.clone(),
            ..Self::new(self.scope, targets.cloned().collect())
        }
    }

    /// The only target, if it is one.
    pub fn single(&self) -> Option<&Target> {
        match &*self.targets {
            [it] => Some(it),
            _ => None,
        }
    }

    /// Targets that `deed` does not skip.
    pub fn acting<'a>(&'a self, deed: &'a Deed) -> impl Iterator<Item = &'a Target> {
        self.targets
            .iter()
            .filter(|it| deed.skips(it.status).is_none())
    }

    /// How many `deed` does not skip.
    pub fn acting_count(&self, deed: &Deed) -> usize {
        self.acting_groups(deed).map(|it| it.count).sum()
    }

    /// The statuses that `deed` does not skip.
    pub fn acting_groups<'a>(&'a self, deed: &'a Deed) -> impl Iterator<Item = &'a Group> {
        self.groups
            .iter()
            .filter(|it| deed.skips(it.status).is_none())
    }

    /// The number that has to be typed before `deed`, if one has.
    pub fn to_type(&self, deed: &Deed) -> Option<usize> {
        let count = self.acting_count(deed);
        let by_filter = matches!(deed, Deed::Purge { .. }) && self.scope == Scope::Matching;
        (count > 0 && (count > TYPED_ABOVE || by_filter)).then_some(count)
    }

    /// The command that does `deed` to them.
    pub fn command(&self, deed: &Deed, shown: usize) -> Line {
        match self.single() {
            // Also where it cannot be done now: it may be possible when the command is used.
            Some(it) => deed.command([it.instance_id.as_str()].into_iter(), shown),
            None => {
                let ids = self.acting(deed).map(|it| it.instance_id.as_str());
                deed.command(ids, shown)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use OrchestrationStatus as S;

    fn target(id: &str, status: S) -> Target {
        Target {
            instance_id: id.to_owned(),
            name: "Order".to_owned(),
            status,
            open_children: 2,
            open_activities: 3,
        }
    }

    #[test]
    fn each_deed_skips_what_it_cannot_be_done_to() {
        let all = [
            S::Running,
            S::Pending,
            S::Suspended,
            S::Completed,
            S::Failed,
            S::Terminated,
        ];
        let none = None::<String>;
        let terminate = Deed::Terminate {
            reason: none.clone(),
            recursive: true,
            force: false,
        };
        let raise = Deed::RaiseEvent {
            name: "A".to_owned(),
            payload: none.clone(),
        };
        let suspend = Deed::Suspend {
            reason: none.clone(),
        };
        let resume = Deed::Resume {
            reason: none.clone(),
        };
        let rewind = Deed::Rewind { reason: none };
        let rows: [(&Deed, &[S]); 8] = [
            (&raise, &all[..3]),
            (&terminate, &all[..3]),
            (&Deed::Purge { recursive: true }, &all[3..]),
            (&suspend, &all[..2]),
            (&resume, &all[2..3]),
            (&Deed::Restart { new_id: false }, &all[3..]),
            (&Deed::Restart { new_id: true }, &all),
            (&rewind, &all[4..5]),
        ];
        for (deed, wanted) in rows {
            let acts: Vec<_> = all
                .into_iter()
                .filter(|it| deed.skips(*it).is_none())
                .collect();
            assert_eq!(acts, wanted, "{deed:?}");
        }
    }

    #[test]
    fn a_plan_counts_by_status_and_wants_the_number_of_many_or_of_a_filter() {
        let targets = |count: usize| {
            let mut them: Vec<_> = (0..count)
                .map(|at| target(&format!("done-{at}"), S::Completed))
                .collect();
            them.push(target("open", S::Running));
            them
        };
        let purge = Deed::Purge { recursive: true };
        let plan = Plan::new(Scope::Marked, targets(21));
        assert_eq!(plan.groups[0].count, 21);
        assert_eq!(plan.groups[0].sample.len(), SAMPLE_MAX);
        assert_eq!(plan.acting_count(&purge), 21);
        assert_eq!(plan.to_type(&purge), Some(21));
        assert_eq!(Plan::new(Scope::Marked, targets(20)).to_type(&purge), None);
        let few = Plan::new(Scope::Matching, targets(2));
        assert_eq!(few.to_type(&purge), Some(2));
        assert_eq!(few.to_type(&Deed::Restart { new_id: true }), None);
    }
}
