//! What a row found out: verdicts on its goals, tables, and remarks, as Markdown.

use std::fmt;

use crate::alternate::Run;
use crate::alternate::Series;
use crate::figures::Figure;
use crate::figures::short;
use crate::figures::shown;

/// One goal and what was measured of it.
pub(crate) struct Verdict {
    pub(crate) goal: String,
    pub(crate) measured: String,
    /// `None`: not measured, because something is missing.
    pub(crate) met: Option<bool>,
}

impl Verdict {
    pub(crate) fn at_least(goal: impl Into<String>, least: f64, figure: Option<Figure>) -> Self {
        Self::judged(goal, figure, |median| median >= least)
    }

    pub(crate) fn at_most(goal: impl Into<String>, most: f64, figure: Option<Figure>) -> Self {
        Self::judged(goal, figure, |median| median <= most)
    }

    fn judged(
        goal: impl Into<String>,
        figure: Option<Figure>,
        holds: impl Fn(f64) -> bool,
    ) -> Self {
        Self {
            goal: goal.into(),
            measured: shown(figure),
            met: figure.map(|figure| holds(figure.median)),
        }
    }

    pub(crate) fn missing(goal: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            goal: goal.into(),
            measured: why.into(),
            met: None,
        }
    }

    pub(crate) fn cells(&self) -> [&str; 3] {
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not measured",
        };
        [&self.goal, &self.measured, met]
    }
}

/// Rows under a head.
#[derive(Default)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|&it| it.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// What a series of runs comes to.
    pub(crate) fn of_runs(series: &[&Series]) -> Self {
        let mut table = Self::new(&[
            "side",
            "items",
            "seconds",
            "items/s",
            "server CPU µs/item",
            "written B/item",
            "peak MB",
            "failed",
        ]);
        for it in series {
            let items = it.runs.iter().flatten().next().map_or(0, |run| run.items);
            let median = |of: fn(&Run) -> f64| {
                let figure = it.figure(of);
                figure.map_or_else(|| "–".to_owned(), |figure| short(figure.median))
            };
            table.row([
                it.name.clone(),
                short(f64::from(items)),
                shown(it.figure(|run| run.seconds)),
                median(Run::rate),
                median(Run::server_us),
                median(Run::written),
                median(Run::peak_mb),
                it.failures.len().to_string(),
            ]);
        }
        table
    }
}

/// A row of the goals as it goes into the document.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) tables: Vec<Table>,
    pub(crate) notes: Vec<String>,
}

impl Section {
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The different things that went wrong.
    pub(crate) fn note_failures(&mut self, series: &[&Series]) {
        for it in series {
            let mut said: Vec<&String> = it.failures.iter().collect();
            said.sort();
            said.dedup();
            for failure in said {
                let first = failure.lines().next().unwrap_or_default();
                self.notes.push(format!("{} failed: {first}", it.name));
            }
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.verdicts {
            let [goal, measured, met] = verdict.cells();
            writeln!(f, "- {goal}: **{measured}** — {met}")?;
        }
        for table in &self.tables {
            writeln!(f)?;
            writeln!(f, "| {} |", table.head.join(" | "))?;
            writeln!(f, "|{}", "---|".repeat(table.head.len()))?;
            for row in &table.rows {
                writeln!(f, "| {} |", row.join(" | "))?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "- {note}")?;
        }
        Ok(())
    }
}
