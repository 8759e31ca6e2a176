//! Folding and unfolding of runs, and going to an event that may be in one.

use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::HistoryRun;
use durascope_proto::monitor::read_history_request::Order;

use crate::app::screens::history::HistoryView;
use crate::app::screens::history::Seek;
use crate::app::screens::history::Shape;
use crate::app::screens::history::offset_of;
use crate::app::screens::history::rows_of;
use crate::data::runs;

/// Runs that are unfolded at once; the ones unfolded first fold again.
const UNFOLDED_MAX: usize = 64;

impl HistoryView {
    /// Runs are folded now: not by size, and not what a filter leaves over.
    pub fn folds_runs(&self) -> bool {
        self.folds && self.order != Order::LargestFirst && self.search.text().is_empty()
    }

    /// What the lines of `page` are known by: the number of their event, and for a run that has
    /// the event of the cursor in it, that one's.
    pub(super) fn ids(&self, page: &HistoryPage) -> Vec<String> {
        let chosen: Option<u64> = self.selection.id().and_then(|it| it.parse().ok());
        let entries = page.entries.iter().map(|it| {
            let run = runs::folded(it);
            let held = chosen.filter(|number| run.is_some_and(|run| holds(run, *number)));
            held.unwrap_or(it.number).to_string()
        });
        entries.collect()
    }

    fn is_newest_first(&self) -> bool {
        self.order == Order::NewestFirst
    }

    /// How many lines below its run's first line an event is when the run is unfolded.
    fn place_in(&self, run: &HistoryRun, number: u64) -> usize {
        let below = if self.is_newest_first() {
            (run.first + run.events.saturating_sub(1)).saturating_sub(number)
        } else {
            number.saturating_sub(run.first)
        };
        usize::try_from(below).unwrap_or(0)
    }

    /// Unfolds the run under the cursor, which stays on its first line; false when there is none.
    pub(super) fn unfold_run(&mut self, shape: Shape) -> bool {
        let Some(run) = self.selected().and_then(runs::folded).copied() else {
            return false;
        };
        let top = if self.is_newest_first() {
            run.first + run.events.saturating_sub(1)
        } else {
            run.first
        };
        self.unfold(&run);
        self.put(top, self.selection.index(), shape);
        true
    }

    fn unfold(&mut self, run: &HistoryRun) {
        self.unfolded.retain(|it| *it != run.first);
        self.unfolded.push(run.first);
        if self.unfolded.len() > UNFOLDED_MAX {
            self.unfolded.remove(0);
        }
    }

    /// Folds the run that the event under the cursor is in; false when it is in none.
    pub(super) fn fold_run(&mut self, shape: Shape) -> bool {
        let Some((number, run)) = self.selected().and_then(|it| Some((it.number, it.run?))) else {
            return false;
        };
        if run.folded {
            return true;
        }
        self.unfolded.retain(|it| *it != run.first);
        let index = self.selection.index();
        let first = index.saturating_sub(self.place_in(&run, number));
        self.put(number, first, shape);
        true
    }

    /// Folds all runs, or none; the cursor stays on its event, or on the run that has it.
    pub(super) fn fold_all(&mut self, shape: Shape) {
        let number = self.selected().map(|it| it.number);
        self.folds = !self.folds;
        self.unfolded.clear();
        if let Some(number) = number.filter(|_| self.shows_all()) {
            self.seek(number, false, shape);
        }
    }

    /// Every event has its own line, in order.
    fn shows_all(&self) -> bool {
        self.order != Order::LargestFirst && self.search.text().is_empty()
    }

    /// Goes to the event with this number, if need be in another order than the present one, and
    /// out of its run.
    pub(super) fn go_to(&mut self, number: u64, shape: Shape) {
        if !self.shows_all() {
            self.search.clear();
            self.order = Order::OldestFirst;
            self.answered = None;
        }
        self.seek(number, true, shape);
    }

    fn seek(&mut self, number: u64, unfolds: bool, shape: Shape) {
        if self.folds {
            // Where it is among folded runs, only the server can tell.
            self.seek = Some(Seek { number, unfolds });
        } else {
            self.put_by_number(number, shape);
        }
    }

    /// Puts the cursor on what was sought; the page that was asked for has come.
    pub(super) fn arrive(&mut self, seek: Seek, shape: Shape) {
        let Seek { number, unfolds } = seek;
        let Some(page) = self.page.clone() else {
            return;
        };
        let found = page.entries.iter().enumerate().find_map(|(at, it)| {
            let run = runs::folded(it).filter(|run| holds(run, number));
            (it.number == number || run.is_some()).then_some((at, run))
        });
        let Some((at, run)) = found else {
            // A server that folds nothing.
            self.folds = false;
            return self.put_by_number(number, shape);
        };
        let mut index = offset_of(&page) + at;
        if let Some(run) = run.filter(|_| unfolds) {
            index += self.place_in(run, number);
            self.unfold(run);
        }
        self.put(number, index, shape);
    }

    fn put_by_number(&mut self, number: u64, shape: Shape) {
        let events = self.page.as_ref().map_or(0, |it| it.events);
        let index = if self.is_newest_first() {
            events.saturating_sub(number)
        } else {
            number.saturating_sub(1)
        };
        self.put(number, usize::try_from(index).unwrap_or(usize::MAX), shape);
    }

    /// Puts the cursor on an event that is or will be at `index`.
    fn put(&mut self, number: u64, index: usize, shape: Shape) {
        let events = self.page.as_ref().map_or(0, |it| it.events);
        let rows = self.page.as_ref().map_or(0, |it| rows_of(it));
        // Unfolded, there may be as many lines as events.
        let total = usize::try_from(events).unwrap_or(usize::MAX).max(rows);
        self.short = 0;
        self.selection
            .go_to(number.to_string(), index, shape.lines(), total);
    }
}

/// The run has the event with this number in it.
fn holds(run: &HistoryRun, number: u64) -> bool {
    (run.first..run.first.saturating_add(run.events)).contains(&number)
}
