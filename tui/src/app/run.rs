//! A deed on many: at most so many calls at a time, and what became of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::deed::Target;

/// Calls of a run that are out at a time.
pub const OUT_MAX: usize = 16;

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In words.
    Done(String),
    /// The server's words.
    Failed(String),
    Skipped(&'static str),
    /// It was not begun, and why.
    NotBegun(&'static str),
}

/// A run of a deed over its targets.
#[derive(Clone, Debug)]
pub struct Run {
    pub deed: Deed,
    targets: Arc<[Target]>,
    outcomes: Vec<Option<Outcome>>,
    next: usize,
    /// Position of the target that a call is about.
    out: BTreeMap<u64, usize>,
    failed: Vec<usize>,
    done: Vec<usize>,
    left: Vec<usize>,
    /// Why nothing more begins.
    stopped: Option<&'static str>,
}

impl Run {
    /// A run that has not begun.
    pub fn new(deed: Deed, plan: &Plan) -> Self {
        Self {
            deed,
            targets: Arc::clone(&plan.targets),
            outcomes: vec![None; plan.targets.len()],
            next: 0,
            out: BTreeMap::new(),
            failed: Vec::new(),
            done: Vec::new(),
            left: Vec::new(),
            stopped: None,
        }
    }

    /// The next target whose call can go out now, if any.
    pub fn take_next(&mut self) -> Option<(usize, String)> {
        while self.out.len() < OUT_MAX && self.stopped.is_none() {
            let at = self.next;
            let target = self.targets.get(at)?;
            self.next += 1;
            match self.deed.skips(target.status) {
                Some(why) => self.settle(at, Outcome::Skipped(why)),
                None => return Some((at, target.instance_id.clone())),
            }
        }
        None
    }

    /// The call `id` is out for the target at `at`.
    pub fn sent(&mut self, at: usize, id: u64) {
        self.out.insert(id, at);
    }

    /// True when the call `id` belongs to it.
    pub fn owns(&self, id: u64) -> bool {
        self.out.contains_key(&id)
    }

    /// The call `id` was answered.
    pub fn answered(&mut self, id: u64, outcome: Outcome) {
        if let Some(at) = self.out.remove(&id) {
            self.settle(at, outcome);
        }
    }

    /// Nothing more begins; what is out is waited for.
    pub fn stop(&mut self, why: &'static str) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(why);
        while self.next < self.targets.len() {
            let at = self.next;
            self.next += 1;
            let outcome = match self.deed.skips(self.targets[at].status) {
                Some(why) => Outcome::Skipped(why),
                None => Outcome::NotBegun(why),
            };
            self.settle(at, outcome);
        }
    }

    fn settle(&mut self, at: usize, outcome: Outcome) {
        match outcome {
            Outcome::Failed(_) => self.failed.push(at),
            Outcome::Done(_) => self.done.push(at),
            Outcome::Skipped(_) | Outcome::NotBegun(_) => self.left.push(at),
        }
        self.outcomes[at] = Some(outcome);
    }

    /// True when nothing is out and nothing will begin.
    pub fn is_over(&self) -> bool {
        self.out.is_empty() && self.next >= self.targets.len()
    }

    /// Why it was stopped, if it was.
    pub fn stopped(&self) -> Option<&'static str> {
        self.stopped
    }

    /// Finished, failed, left out, and all.
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        (
            self.done.len(),
            self.failed.len(),
            self.left.len(),
            self.targets.len(),
        )
    }

    /// Results so far.
    pub fn result_count(&self) -> usize {
        self.failed.len() + self.done.len() + self.left.len()
    }

    /// The `index`-th result: failed ones first, then done ones, then what was left out.
    pub fn result(&self, index: usize) -> Option<(&str, &Outcome)> {
        let mut index = index;
        for part in [&self.failed, &self.done, &self.left] {
            if let Some(at) = part.get(index) {
                let outcome = self.outcomes[*at].as_ref()?;
                return Some((&self.targets[*at].instance_id, outcome));
            }
            index -= part.len();
        }
        None
    }

    /// All results as text, a line each.
    pub fn text(&self) -> String {
        let lines = (0..self.result_count()).filter_map(|at| self.result(at));
        lines
            .map(|(id, outcome)| {
                let (word, said) = outcome.words();
                format!("{id}\t{word}\t{said}\n")
            })
            .collect()
    }
}

impl Outcome {
    /// What happened in a word, and more about it.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Done(said) => ("done", said),
            Self::Failed(said) => ("failed", said),
            Self::Skipped(why) => ("skipped", why),
            Self::NotBegun(why) => ("not begun", why),
        }
    }
}

#[cfg(test)]
mod tests {
    use durascope_proto::OrchestrationStatus as S;

    use super::*;
    use crate::app::deed::Scope;

    fn run(count: usize) -> Run {
        let targets = (0..count)
            .map(|at| Target {
                instance_id: format!("i{at}"),
                name: "Order".to_owned(),
                status: if at % 10 == 9 {
                    S::Completed
                } else {
                    S::Running
                },
                open_children: 0,
                open_activities: 0,
            })
            .collect();
        let plan = Plan::new(Scope::Marked, targets);
        Run::new(Deed::Suspend { reason: None }, &plan)
    }

    #[test]
    fn at_most_sixteen_are_out_and_failures_come_first() {
        let mut run = run(40);
        let mut id = 0;
        let mut out = Vec::new();
        loop {
            while let Some((at, _)) = run.take_next() {
                run.sent(at, id);
                out.push(id);
                id += 1;
            }
            assert!(out.len() <= OUT_MAX);
            let Some(first) = out.pop() else { break };
            let outcome = if first == 20 {
                Outcome::Failed("gone".to_owned())
            } else {
                Outcome::Done("accepted".to_owned())
            };
            run.answered(first, outcome);
        }
        assert!(run.is_over());
        assert_eq!(run.counts(), (35, 1, 4, 40));
        assert!(matches!(run.result(0), Some((_, Outcome::Failed(_)))));
        assert!(matches!(run.result(39), Some((_, Outcome::Skipped(_)))));
        assert_eq!(run.result(40), None);
    }

    #[test]
    fn a_stop_lets_what_is_out_end_and_begins_nothing() {
        let mut run = run(40);
        for id in 0..16 {
            let (at, _) = run.take_next().expect("there is room");
            run.sent(at, id);
        }
        run.stop("stopped");
        assert_eq!(run.take_next(), None);
        assert!(!run.is_over());
        for id in 0..16 {
            run.answered(id, Outcome::Done(String::new()));
        }
        assert!(run.is_over());
        assert_eq!(run.counts(), (16, 0, 24, 40));
    }
}
