//! What is known of each event of a history without the event itself, and pages made of that.
//!
//! Pure, for a server that keeps the events elsewhere and for who has them all: both give the same
//! page for the same question.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::VecDeque;

use prost::Message;

use crate::HistoryEvent;
use crate::history_event::EventType;
use crate::monitor::HistoryEntry;
use crate::monitor::HistoryPage;
use crate::monitor::HistoryRun;
use crate::monitor::KindSize;
use crate::monitor::ReadHistoryRequest;
use crate::monitor::read_history_request::Order;
use crate::runs;
use crate::runs::Run;
use crate::runs::Runs;

const LIMIT_DEFAULT: usize = 200;
const LIMIT_MAX: usize = 1_000;

/// Events of one page stay below this, as most clients take 4 MiB with what is around them.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024 - 64 * 1024;

/// Longest payload of an event in a page, in bytes; what is longer is cut.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// One event.
#[derive(Clone, Copy, Debug)]
struct Row {
    kind: &'static str,
    /// Index into the names plus one; 0 for none.
    name: u32,
    turn: u32,
    bytes: u32,
    /// Index of the event that scheduled this one or finished it, plus one; 0 for none.
    pair: u32,
    /// The event's own id.
    id: i32,
    cumulative: u64,
}

/// What is on a page.
struct Lines {
    offset: usize,
    /// Indexes of the events, with their runs.
    lines: Vec<(usize, Option<Run>)>,
    matching: u64,
    /// Lines of the whole list.
    rows: u64,
}

/// What ties an event to the one that scheduled it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Task(i32),
    Child(i32),
    Timer(i32),
    Operation(String),
    Section(String),
}

/// What a page needs to know of all events of one execution, in their order.
#[derive(Clone, Debug, Default)]
pub struct HistoryIndex {
    rows: Vec<Row>,
    names: Vec<String>,
    numbers: BTreeMap<String, u32>,
    runs: Runs,
    /// Scheduled and not finished, oldest first.
    open: BTreeMap<Tie, VecDeque<u32>>,
    turn: u32,
    bytes: u64,
    replayed: u64,
    /// Events before the last turn began.
    before: u64,
    /// Of the last turn, the events that were there when it ran.
    read: u64,
}

impl HistoryIndex {
    /// Takes in the next event.
    pub fn push(&mut self, event: &HistoryEvent) {
        let what = event.event_type.as_ref();
        let kind = what.map_or("Unknown", kind);
        if matches!(what, Some(EventType::OrchestratorStarted(_))) {
            self.turn += 1;
            self.replayed += self.before + self.read;
            self.before = self.len();
            self.read = 0;
        }
        if self.turn > 0 && !what.is_some_and(is_written_by_a_turn) {
            self.read += 1;
        }
        let bytes = u32::try_from(event.encoded_len()).unwrap_or(u32::MAX);
        self.bytes += u64::from(bytes);
        let index = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let mut row = Row {
            kind,
            name: 0,
            turn: self.turn,
            bytes,
            pair: 0,
            id: event.event_id,
            cumulative: self.bytes,
        };
        if let Some(name) = what.and_then(name) {
            row.name = self.number(name) + 1;
        }
        if let Some(tie) = what.and_then(|what| begins(event.event_id, what)) {
            self.open.entry(tie).or_default().push_back(index);
        }
        if let Some(tie) = what.and_then(ends)
            && let Some(begun) = self.open.get_mut(&tie)
            && let Some(first) = begun.pop_front()
        {
            if begun.is_empty() {
                self.open.remove(&tie);
            }
            row.pair = first + 1;
            if let Some(first) = usize::try_from(first)
                .ok()
                .and_then(|at| self.rows.get_mut(at))
            {
                first.pair = index + 1;
                row.name = first.name;
            }
        }
        let before = self.rows.last();
        let goes_on = before.is_some_and(|it| (it.kind, it.name) == (row.kind, row.name));
        self.runs.push(goes_on);
        self.rows.push(row);
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Events so far.
    pub fn len(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    /// True when there is no event.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The page that `request` asks for; `event` gives the event of a number, from 1. A page ends
    /// before an event that is not given.
    pub fn page(
        &self,
        request: &ReadHistoryRequest,
        mut event: impl FnMut(u64) -> Option<HistoryEvent>,
    ) -> HistoryPage {
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let limit = match usize::try_from(request.limit).unwrap_or(LIMIT_MAX) {
            0 => LIMIT_DEFAULT,
            limit => limit.min(LIMIT_MAX),
        };
        let Lines {
            offset,
            lines,
            matching,
            rows,
        } = self.lines(request, offset, limit);
        let mut page = HistoryPage {
            found: true,
            matching,
            rows,
            events: self.len(),
            bytes: self.bytes,
            turns: self.turn.into(),
            kinds: self.kinds(),
            replayed_events: self.replayed + self.before + self.read,
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            ..HistoryPage::default()
        };
        let mut bytes = 0;
        for (index, run) in lines {
            let Some(mut entry) = self.entry(index, &mut event) else {
                break;
            };
            if let Some(run) = run {
                self.add_run(&mut entry, run);
            }
            bytes += entry.encoded_len();
            if bytes > PAGE_BYTES_MAX && !page.entries.is_empty() {
                break;
            }
            page.entries.push(entry);
        }
        page
    }

    /// What is on a page.
    fn lines(&self, request: &ReadHistoryRequest, offset: usize, limit: usize) -> Lines {
        let order = request.order();
        if request.fold_runs && request.text.is_empty() && order != Order::LargestFirst {
            let newest = order == Order::NewestFirst;
            let unfolded = request.unfolded.get(..runs::UNFOLDED_MAX);
            let unfolded = unfolded.unwrap_or(&request.unfolded);
            let offset = match request.around {
                0 => offset,
                number => {
                    let line = self.runs.line_of(number, unfolded, newest);
                    line.saturating_sub(limit / 2)
                }
            };
            let (lines, rows) = self.runs.lines(unfolded, newest, offset, limit);
            let index = |number: u64| usize::try_from(number - 1).unwrap_or(usize::MAX);
            let lines = lines.into_iter().map(|it| (index(it.number), it.run));
            return Lines {
                offset,
                lines: lines.collect(),
                matching: self.len(),
                rows,
            };
        }
        let matching = self.matching(request);
        let count = u64::try_from(matching.len()).unwrap_or(u64::MAX);
        let page = matching.into_iter().skip(offset).take(limit);
        Lines {
            offset,
            lines: page.map(|it| (it, None)).collect(),
            matching: count,
            rows: count,
        }
    }

    /// Says of which run an entry is.
    fn add_run(&self, entry: &mut HistoryEntry, run: Run) {
        let row = |number: u64| {
            let at = usize::try_from(number.checked_sub(1)?).ok()?;
            self.rows.get(at)
        };
        let cumulative = |number| row(number).map_or(0, |it| it.cumulative);
        if run.folded {
            entry.cumulative_bytes = cumulative(run.last);
        }
        entry.run = Some(HistoryRun {
            first: run.first,
            events: run.last - run.first + 1,
            bytes: cumulative(run.last) - cumulative(run.first - 1),
            folded: run.folded,
            last_id: row(run.last).map_or(0, |it| it.id),
        });
    }

    fn entry(
        &self,
        index: usize,
        event: impl FnOnce(u64) -> Option<HistoryEvent>,
    ) -> Option<HistoryEntry> {
        let row = self.rows.get(index)?;
        let number = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        let mut event = event(number)?;
        event.event_type.iter_mut().for_each(cut);
        Some(HistoryEntry {
            number,
            turn: row.turn.into(),
            bytes: row.bytes,
            cumulative_bytes: row.cumulative,
            event: Some(event),
            pair: row.pair.into(),
            name: self.name(row).to_owned(),
            run: None,
        })
    }

    fn name(&self, row: &Row) -> &str {
        let at = row
            .name
            .checked_sub(1)
            .and_then(|it| usize::try_from(it).ok());
        at.and_then(|at| self.names.get(at))
            .map_or("", String::as_str)
    }

    /// Indexes of the events that are asked for, in the order that is asked for.
    fn matching(&self, request: &ReadHistoryRequest) -> Vec<usize> {
        let text = request.text.to_lowercase();
        let by_name: Vec<bool> = self
            .names
            .iter()
            .map(|name| name.to_lowercase().contains(&text))
            .collect();
        let has_name = |row: &Row| {
            let at = row
                .name
                .checked_sub(1)
                .and_then(|it| usize::try_from(it).ok());
            at.and_then(|at| by_name.get(at)).copied().unwrap_or(false)
        };
        let is_wanted =
            |row: &Row| text.is_empty() || has_name(row) || row.kind.to_lowercase().contains(&text);
        let rows = self.rows.iter().enumerate();
        let mut wanted: Vec<usize> = rows
            .filter(|(_, row)| is_wanted(row))
            .map(|(index, _)| index)
            .collect();
        match request.order() {
            Order::OldestFirst => {}
            Order::NewestFirst => wanted.reverse(),
            Order::LargestFirst => {
                wanted.sort_by_key(|index| Reverse(self.rows.get(*index).map(|row| row.bytes)));
            }
        }
        wanted
    }

    fn kinds(&self) -> Vec<KindSize> {
        let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for row in &self.rows {
            let (events, bytes) = kinds.entry(row.kind).or_default();
            *events += 1;
            *bytes += u64::from(row.bytes);
        }
        let sizes = kinds.into_iter().map(|(kind, (events, bytes))| KindSize {
            kind: kind.to_owned(),
            events,
            bytes,
        });
        let mut sizes: Vec<KindSize> = sizes.collect();
        sizes.sort_by_key(|it| Reverse(it.bytes));
        sizes
    }
}

/// The protocol's name of an event's kind.
pub fn kind(what: &EventType) -> &'static str {
    match what {
        EventType::ExecutionStarted(_) => "ExecutionStarted",
        EventType::ExecutionCompleted(_) => "ExecutionCompleted",
        EventType::ExecutionTerminated(_) => "ExecutionTerminated",
        EventType::TaskScheduled(_) => "TaskScheduled",
        EventType::TaskCompleted(_) => "TaskCompleted",
        EventType::TaskFailed(_) => "TaskFailed",
        EventType::SubOrchestrationInstanceCreated(_) => "SubOrchestrationInstanceCreated",
        EventType::SubOrchestrationInstanceCompleted(_) => "SubOrchestrationInstanceCompleted",
        EventType::SubOrchestrationInstanceFailed(_) => "SubOrchestrationInstanceFailed",
        EventType::TimerCreated(_) => "TimerCreated",
        EventType::TimerFired(_) => "TimerFired",
        EventType::OrchestratorStarted(_) => "OrchestratorStarted",
        EventType::OrchestratorCompleted(_) => "OrchestratorCompleted",
        EventType::EventSent(_) => "EventSent",
        EventType::EventRaised(_) => "EventRaised",
        EventType::GenericEvent(_) => "GenericEvent",
        EventType::HistoryState(_) => "HistoryState",
        EventType::ContinueAsNew(_) => "ContinueAsNew",
        EventType::ExecutionSuspended(_) => "ExecutionSuspended",
        EventType::ExecutionResumed(_) => "ExecutionResumed",
        EventType::EntityOperationSignaled(_) => "EntityOperationSignaled",
        EventType::EntityOperationCalled(_) => "EntityOperationCalled",
        EventType::EntityOperationCompleted(_) => "EntityOperationCompleted",
        EventType::EntityOperationFailed(_) => "EntityOperationFailed",
        EventType::EntityLockRequested(_) => "EntityLockRequested",
        EventType::EntityLockGranted(_) => "EntityLockGranted",
        EventType::EntityUnlockSent(_) => "EntityUnlockSent",
        EventType::ExecutionRewound(_) => "ExecutionRewound",
    }
}

/// It is what a turn decided, so that turn has not read it.
fn is_written_by_a_turn(what: &EventType) -> bool {
    matches!(
        what,
        EventType::ExecutionCompleted(_)
            | EventType::TaskScheduled(_)
            | EventType::SubOrchestrationInstanceCreated(_)
            | EventType::TimerCreated(_)
            | EventType::OrchestratorCompleted(_)
            | EventType::EventSent(_)
            | EventType::ContinueAsNew(_)
            | EventType::EntityOperationSignaled(_)
            | EventType::EntityOperationCalled(_)
            | EventType::EntityLockRequested(_)
            | EventType::EntityUnlockSent(_)
    )
}

/// The name that an event has itself.
fn name(what: &EventType) -> Option<&str> {
    Some(match what {
        EventType::ExecutionStarted(it) => &it.name,
        EventType::TaskScheduled(it) => &it.name,
        EventType::SubOrchestrationInstanceCreated(it) => &it.name,
        EventType::EventSent(it) => &it.name,
        EventType::EventRaised(it) => &it.name,
        EventType::EntityOperationSignaled(it) => &it.operation,
        EventType::EntityOperationCalled(it) => &it.operation,
        _ => return None,
    })
}

fn begins(id: i32, what: &EventType) -> Option<Tie> {
    Some(match what {
        EventType::TaskScheduled(_) => Tie::Task(id),
        EventType::SubOrchestrationInstanceCreated(_) => Tie::Child(id),
        EventType::TimerCreated(_) => Tie::Timer(id),
        EventType::EntityOperationCalled(it) => Tie::Operation(it.request_id.clone()),
        EventType::EntityLockRequested(it) => Tie::Section(it.critical_section_id.clone()),
        _ => return None,
    })
}

fn ends(what: &EventType) -> Option<Tie> {
    Some(match what {
        EventType::TaskCompleted(it) => Tie::Task(it.task_scheduled_id),
        EventType::TaskFailed(it) => Tie::Task(it.task_scheduled_id),
        EventType::SubOrchestrationInstanceCompleted(it) => Tie::Child(it.task_scheduled_id),
        EventType::SubOrchestrationInstanceFailed(it) => Tie::Child(it.task_scheduled_id),
        EventType::TimerFired(it) => Tie::Timer(it.timer_id),
        EventType::EntityOperationCompleted(it) => Tie::Operation(it.request_id.clone()),
        EventType::EntityOperationFailed(it) => Tie::Operation(it.request_id.clone()),
        EventType::EntityLockGranted(it) => Tie::Section(it.critical_section_id.clone()),
        _ => return None,
    })
}

/// Cuts the payload of an event.
fn cut(what: &mut EventType) {
    let text = match what {
        EventType::ExecutionStarted(it) => it.input.as_mut(),
        EventType::ExecutionCompleted(it) => it.result.as_mut(),
        EventType::ExecutionTerminated(it) => it.input.as_mut(),
        EventType::TaskScheduled(it) => it.input.as_mut(),
        EventType::TaskCompleted(it) => it.result.as_mut(),
        EventType::SubOrchestrationInstanceCreated(it) => it.input.as_mut(),
        EventType::SubOrchestrationInstanceCompleted(it) => it.result.as_mut(),
        EventType::EventSent(it) => it.input.as_mut(),
        EventType::EventRaised(it) => it.input.as_mut(),
        EventType::GenericEvent(it) => it.data.as_mut(),
        EventType::ContinueAsNew(it) => it.input.as_mut(),
        EventType::ExecutionSuspended(it) => it.input.as_mut(),
        EventType::ExecutionResumed(it) => it.input.as_mut(),
        EventType::EntityOperationSignaled(it) => it.input.as_mut(),
        EventType::EntityOperationCalled(it) => it.input.as_mut(),
        EventType::EntityOperationCompleted(it) => it.output.as_mut(),
        EventType::ExecutionRewound(it) => it.input.as_mut(),
        _ => None,
    };
    if let Some(text) = text {
        text.truncate(text.floor_char_boundary(PAYLOAD_BYTES_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate as p;

    fn event(event_id: i32, what: EventType) -> HistoryEvent {
        HistoryEvent {
            event_id,
            event_type: Some(what),
            ..HistoryEvent::default()
        }
    }

    fn turn() -> HistoryEvent {
        event(
            -1,
            EventType::OrchestratorStarted(p::OrchestratorStartedEvent {}),
        )
    }

    fn scheduled(id: i32, name: &str, input: String) -> HistoryEvent {
        let task = p::TaskScheduledEvent {
            name: name.to_owned(),
            input: Some(input),
            ..p::TaskScheduledEvent::default()
        };
        event(id, EventType::TaskScheduled(task))
    }

    fn completed(id: i32) -> HistoryEvent {
        let done = p::TaskCompletedEvent {
            task_scheduled_id: id,
            result: None,
        };
        event(-1, EventType::TaskCompleted(done))
    }

    fn history() -> Vec<HistoryEvent> {
        vec![
            turn(),
            scheduled(1, "Pack", "x".repeat(100_000)),
            scheduled(2, "Weigh", "1".to_owned()),
            turn(),
            completed(2),
            scheduled(3, "Pack", "y".repeat(50)),
            turn(),
            completed(1),
        ]
    }

    fn page(request: ReadHistoryRequest) -> HistoryPage {
        let history = history();
        let mut index = HistoryIndex::default();
        history.iter().for_each(|event| index.push(event));
        index.page(&request, |number| {
            let at = usize::try_from(number - 1).unwrap();
            history.get(at).cloned()
        })
    }

    fn numbers(page: &HistoryPage) -> Vec<u64> {
        page.entries.iter().map(|it| it.number).collect()
    }

    #[test]
    fn entries_know_their_turn_their_size_and_their_pair() {
        let page = page(ReadHistoryRequest::default());
        assert_eq!(numbers(&page), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((page.events, page.matching, page.turns), (8, 8, 3));
        let pairs: Vec<u64> = page.entries.iter().map(|it| it.pair).collect();
        assert_eq!(pairs, [0, 8, 5, 0, 3, 0, 0, 2]);
        assert_eq!(page.entries[4].name, "Weigh");
        let turns: Vec<u64> = page.entries.iter().map(|it| it.turn).collect();
        assert_eq!(turns, [1, 1, 1, 2, 2, 2, 3, 3]);
        let last = page.entries.last().unwrap();
        assert_eq!(last.cumulative_bytes, page.bytes);
        assert_eq!(page.kinds[0].kind, "TaskScheduled");
        assert_eq!((page.kinds[0].events, page.kinds.len()), (3, 3));
        // The turns have read 1, then 3 and 2, then 6 and 2.
        assert_eq!(page.replayed_events, 1 + 5 + 8);
        // The size is the stored one, the payload is cut.
        let large = &page.entries[1];
        assert!(large.bytes > 100_000 && large.encoded_len() < 70_000);
    }

    #[test]
    fn pages_are_ordered_filtered_and_cut_as_asked() {
        let ask = |order: Order, text: &str, offset, limit| {
            let request = ReadHistoryRequest {
                order: order.into(),
                text: text.to_owned(),
                offset,
                limit,
                ..ReadHistoryRequest::default()
            };
            let page = page(request);
            (numbers(&page), page.matching)
        };
        let rows = [
            (ask(Order::NewestFirst, "", 0, 2), vec![8, 7], 8),
            (ask(Order::OldestFirst, "", 6, 9), vec![7, 8], 8),
            (ask(Order::LargestFirst, "", 0, 2), vec![2, 6], 8),
            (ask(Order::OldestFirst, "PACK", 0, 0), vec![2, 6, 8], 3),
            (ask(Order::OldestFirst, "completed", 0, 1), vec![5], 2),
            (ask(Order::OldestFirst, "nothing", 0, 0), vec![], 0),
            (ask(Order::OldestFirst, "", 100, 0), vec![], 8),
        ];
        for (told, expected, matching) in rows {
            assert_eq!(told, (expected, matching));
        }
    }
}
