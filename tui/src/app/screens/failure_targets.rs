//! Whom an action on failures is about: the instances of one group or of several, or one of them.

use std::collections::BTreeSet;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::FailedInstance;
use durascope_proto::monitor::HubFailure;

use crate::app::deed::Plan;
use crate::app::deed::Scope;
use crate::app::deed::Target;
use crate::data::status;
use crate::format;

/// The instances, as the list of failures told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    them: Vec<Target>,
    /// How many of each status; kept, as the footer asks at every frame.
    counts: Vec<(OrchestrationStatus, usize)>,
    /// Groups that they are of; 0 for one instance alone.
    groups: usize,
    /// Instances of these groups beyond those that the server tells of.
    untold: u64,
}

/// The instances of `groups`, each once, in the order of the groups.
pub fn of_groups(groups: &[&HubFailure]) -> Targets {
    let mut seen = BTreeSet::new();
    let mut targets = Targets {
        groups: groups.len(),
        ..Targets::default()
    };
    for group in groups {
        let mut own = BTreeSet::new();
        for it in &group.affected {
            own.insert(it.instance_id.as_str());
            if seen.insert(it.instance_id.as_str()) {
                targets.add(it);
            }
        }
        let told = u64::try_from(own.len()).unwrap_or(u64::MAX);
        targets.untold += group.instances.saturating_sub(told);
    }
    targets
}

/// One instance alone.
pub fn of_one(it: Option<&FailedInstance>) -> Targets {
    let mut targets = Targets::default();
    if let Some(it) = it {
        targets.add(it);
    }
    targets
}

impl Targets {
    fn add(&mut self, it: &FailedInstance) {
        let status = status::of(it.status);
        self.them.push(Target {
            instance_id: it.instance_id.clone(),
            name: it.name.clone(),
            status,
            open_children: 0,
            open_activities: 0,
        });
        match self.counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((status, 1)),
        }
    }

    /// How many of each status.
    pub fn counts(&self) -> &[(OrchestrationStatus, usize)] {
        &self.counts
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.them.len()
    }

    /// True when there is nobody.
    pub fn is_empty(&self) -> bool {
        self.them.is_empty()
    }

    /// Whom they are, in words: `9 instances of 2 groups`.
    pub fn words(&self) -> String {
        let count = |it: usize| format::count(u64::try_from(it).unwrap_or(u64::MAX));
        let some = |it: usize, one: &str, many: &str| {
            format!("{} {}", count(it), if it == 1 { one } else { many })
        };
        let them = some(self.len(), "instance", "instances");
        match self.groups {
            0 => them,
            1 => format!("{them} of the group"),
            groups => format!("{them} of {}", some(groups, "group", "groups")),
        }
    }

    /// What would be acted on.
    pub fn plan(&self) -> Option<Plan> {
        if self.is_empty() {
            return None;
        }
        let mut plan = Plan::new(Scope::Marked, self.them.clone());
        if self.groups > 0 {
            let mut note = format!("the {} of failures", self.words());
            if self.untold > 0 {
                note = format!(
                    "the newest {}; {} more are not listed: do it again for them",
                    self.words(),
                    format::count(self.untold)
                );
            }
            plan.note = Some(note);
        }
        Some(plan)
    }
}
