//! Marked instances, by id: they stay marked wherever their rows go.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;

use crate::app::deed::Plan;
use crate::app::deed::Scope;
use crate::app::deed::Target;
use crate::app::purge_query::PurgeQuery;

/// What is marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    them: BTreeMap<String, Target>,
    /// How many of each status; kept, as the footer asks at every frame.
    counts: Vec<(OrchestrationStatus, usize)>,
    /// Where a range begins.
    anchor: Option<String>,
    /// All that matched this filter were marked at once.
    by_filter: Option<String>,
    /// Whether one call can purge them, while they are exactly what matched: its filter, or what
    /// it cannot say.
    query: Option<Result<PurgeQuery, String>>,
    /// The call that brings them, while it is out.
    pub asked: Option<u64>,
}

impl Marks {
    /// How many are marked.
    pub fn len(&self) -> usize {
        self.them.len()
    }

    /// True when none is marked.
    pub fn is_empty(&self) -> bool {
        self.them.is_empty()
    }

    /// True when there is something to clear: marks, the beginning of a range, a question.
    pub fn is_used(&self) -> bool {
        !self.is_empty() || self.anchor.is_some() || self.asked.is_some()
    }

    /// True for marked ids.
    pub fn has(&self, id: &str) -> bool {
        self.them.contains_key(id)
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.them.keys().map(String::as_str)
    }

    /// Where a range begins, if one does.
    pub fn anchor(&self) -> Option<&str> {
        self.anchor.as_deref()
    }

    /// The filter whose matches were marked at once.
    pub fn by_filter(&self) -> Option<&str> {
        self.by_filter.as_deref()
    }

    /// Marks `row`, or takes its mark away.
    pub fn toggle(&mut self, row: &InstanceRow) {
        self.query = None;
        if self.them.remove(&row.instance_id).is_none() {
            self.add(row);
        }
        self.recount();
    }

    /// How many of each status are marked.
    pub fn counts(&self) -> &[(OrchestrationStatus, usize)] {
        &self.counts
    }

    fn recount(&mut self) {
        self.counts.clear();
        for it in self.them.values() {
            match self
                .counts
                .iter_mut()
                .find(|(status, _)| *status == it.status)
            {
                Some((_, count)) => *count += 1,
                None => self.counts.push((it.status, 1)),
            }
        }
        if self.them.is_empty() {
            self.by_filter = None;
        }
    }

    /// Takes the mark of what does not exist any more away.
    pub fn remove(&mut self, id: &str) {
        if self.them.remove(id).is_some() {
            self.recount();
        }
    }

    fn add(&mut self, row: &InstanceRow) {
        self.them.insert(row.instance_id.clone(), Target::of(row));
    }

    /// Begins a range at `id`, or marks from where it began up to `id`. Answers false when the
    /// beginning is not among `rows` any more.
    pub fn range(&mut self, rows: &[InstanceRow], id: &str) -> bool {
        let Some(anchor) = self.anchor.take() else {
            self.anchor = Some(id.to_owned());
            return true;
        };
        let at = |wanted: &str| rows.iter().position(|it| it.instance_id == wanted);
        let (Some(from), Some(to)) = (at(&anchor), at(id)) else {
            return false;
        };
        self.query = None;
        for row in &rows[from.min(to)..=from.max(to)] {
            self.add(row);
        }
        self.recount();
        true
    }

    /// Marks everything that matched `filter`.
    pub fn set_matching(
        &mut self,
        filter: String,
        targets: Vec<Target>,
        query: Option<Result<PurgeQuery, String>>,
    ) {
        self.query = query;
        self.anchor = None;
        self.asked = None;
        self.by_filter = Some(filter);
        self.them = targets
            .into_iter()
            .map(|it| (it.instance_id.clone(), it))
            .collect();
        self.recount();
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is newly known of marked instances.
    pub fn on_rows(&mut self, rows: &[InstanceRow]) {
        if self.them.is_empty() {
            return;
        }
        for row in rows {
            if let Some(it) = self.them.get_mut(&row.instance_id) {
                *it = Target::of(row);
            }
        }
        self.recount();
    }

    /// What is newly known of marked instances, by other ways; ids in `gone` do not exist any
    /// more.
    pub fn on_targets(&mut self, targets: &[Target], gone: &[String]) {
        for it in targets {
            if let Some(known) = self.them.get_mut(&it.instance_id) {
                *known = it.clone();
            }
        }
        for id in gone {
            self.them.remove(id);
        }
        self.recount();
    }

    /// Marked ids that are not among `rows`, so that what is known of them may be old.
    pub fn unseen(&self, rows: &[InstanceRow]) -> Vec<String> {
        let seen: BTreeSet<_> = rows.iter().map(|it| it.instance_id.as_str()).collect();
        self.them
            .keys()
            .filter(|it| !seen.contains(it.as_str()))
            .cloned()
            .collect()
    }

    /// What would be acted on.
    pub fn plan(&self) -> Plan {
        let scope = match self.by_filter {
            Some(_) => Scope::Matching,
            None => Scope::Marked,
        };
        let mut plan = Plan::new(scope, self.them.values().cloned().collect());
        plan.query.clone_from(&self.query);
        plan
    }
}
