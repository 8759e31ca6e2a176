//! Events of one kind and name that follow each other, in words.

use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryRun;

use crate::data::history;
use crate::data::outline::Section;
use crate::data::outline::fact;
use crate::data::sections::of_event;
use crate::format;

/// The run that an entry stands for as a whole.
pub fn folded(entry: &HistoryEntry) -> Option<&HistoryRun> {
    entry.run.as_ref().filter(|it| it.folded)
}

/// What a folded run says, on one line: `×1 000 · ids 1–1000 · 120 B each`.
pub fn note(entry: &HistoryEntry, run: &HistoryRun) -> String {
    let last = run.first + run.events.saturating_sub(1);
    let first_id = entry.event.as_ref().map_or(-1, |it| it.event_id);
    // Answers have no ids of their own.
    let which = if first_id >= 0 && run.last_id >= first_id {
        format!("ids {first_id}–{}", run.last_id)
    } else {
        format!("{}–{last}", run.first)
    };
    let each = run.bytes / run.events.max(1);
    format!(
        "×{} · {which} · {} each",
        format::count(run.events),
        format::bytes(each)
    )
}

/// The run that an entry stands for, and then its first event in full.
pub fn sections(entry: &HistoryEntry, run: &HistoryRun) -> Vec<Section> {
    let kind = entry.event.as_ref().map_or("", history::kind);
    let last = run.first + run.events.saturating_sub(1);
    let facts = vec![
        fact("events", format!("{}–{last} (l unfolds)", run.first)),
        fact("together", note(entry, run)),
        fact("size", format::bytes(run.bytes)),
    ];
    let title = format!("{} events · {kind}", format::count(run.events));
    let mut sections = vec![Section::facts(title, facts)];
    let first = HistoryEntry {
        run: None,
        // Of the run's end.
        cumulative_bytes: (entry.cumulative_bytes + u64::from(entry.bytes))
            .saturating_sub(run.bytes),
        ..entry.clone()
    };
    sections.extend(of_event(&first));
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use durascope_proto::HistoryEvent;

    #[test]
    fn a_run_tells_which_events_and_how_large() {
        let run = HistoryRun {
            first: 3,
            events: 1_000,
            bytes: 120_000,
            folded: true,
            last_id: 1_000,
        };
        let entry = |event_id| HistoryEntry {
            number: 3,
            bytes: 120,
            cumulative_bytes: 120_300,
            event: Some(HistoryEvent {
                event_id,
                ..HistoryEvent::default()
            }),
            run: Some(run),
            ..HistoryEntry::default()
        };
        assert_eq!(note(&entry(1), &run), "×1 000 · ids 1–1000 · 120 B each");
        assert_eq!(note(&entry(-1), &run), "×1 000 · 3–1002 · 120 B each");
        let sections = sections(&entry(1), &run);
        assert_eq!(sections.len(), 2, "the run and its first event");
    }
}
