//! The generated part of `docs/performance.md`: a table of all goals, and a section for each row.
//!
//! A row that was measured replaces what was there of it; the others stay, each with the commit
//! and the machine of its own run.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use anyhow::Result;
use durascope_tests::binaries;

use crate::report::Section;
use crate::rows::Row;

const BEGIN: &str = "<!-- goals: begin; written by the benchmark, do not edit -->";
const END: &str = "<!-- goals: end -->";
const HEAD: &str = "| row | goal | measured: median (range) | met |\n|---|---|---|---|\n";

/// What is in the generated part, by the place of its row.
#[derive(Default)]
struct Content {
    verdicts: BTreeMap<usize, Vec<String>>,
    sections: BTreeMap<usize, String>,
}

/// Puts the row into the document.
///
/// # Errors
/// When the document cannot be read or written or has no place for it.
pub(crate) fn write(row: Row, section: &Section, machine: &str) -> Result<()> {
    let path = binaries::workspace_dir()
        .join("docs")
        .join("performance.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let replaced = replaced(&text, row, section, machine)
        .with_context(|| format!("{} has no {BEGIN}", path.display()))?;
    fs::write(&path, replaced).with_context(|| path.display().to_string())
}

fn replaced(text: &str, row: Row, section: &Section, machine: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (old, after) = rest.split_once(END)?;
    let mut content = Content::read(old);
    let lines = section.verdicts.iter().map(|verdict| {
        let [goal, measured, met] = verdict.cells();
        format!("| {} | {goal} | {measured} | {met} |", row.name())
    });
    content.verdicts.insert(row.place(), lines.collect());
    let name = row.name();
    let body = format!("### {name}. {}\n\n{section}\n{machine}\n", row.title());
    content.sections.insert(row.place(), body);
    Some(format!("{before}{BEGIN}\n\n{}{END}{after}", content.text()))
}

impl Content {
    fn read(text: &str) -> Self {
        let mut content = Self::default();
        let (table, sections) = match text.find("### ") {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        for line in table.lines() {
            let name = line.trim_start_matches("| ").split(" | ").next();
            if let Some(row) = name.and_then(Row::named) {
                let lines = content.verdicts.entry(row.place()).or_default();
                lines.push(line.to_owned());
            }
        }
        for section in sections.split("### ").filter(|it| !it.is_empty()) {
            let name = section.split(". ").next().unwrap_or_default();
            if let Some(row) = Row::named(name) {
                let body = format!("### {}\n", section.trim_end());
                content.sections.insert(row.place(), body);
            }
        }
        content
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for line in self.verdicts.values().flatten() {
            text.push_str(line);
            text.push('\n');
        }
        for section in self.sections.values() {
            text.push('\n');
            text.push_str(section);
        }
        text.push('\n');
        text
    }
}
