//! Histories and what is told of them, by tables and by steps.

use std::collections::BTreeMap;

use super::*;
use crate as p;
use crate::history_event::EventType;
use crate::monitor::Task;
use crate::monitor::task::State;
use crate::time::from_micros;

fn event(id: i32, at_ms: i64, what: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        timestamp: Some(from_micros(at_ms * 1_000)),
        event_type: Some(what),
    }
}

fn turn(at_ms: i64) -> HistoryEvent {
    let started = p::OrchestratorStartedEvent {};
    event(-1, at_ms, EventType::OrchestratorStarted(started))
}

fn scheduled(id: i32, name: &str, input: &str, at_ms: i64) -> HistoryEvent {
    let task = p::TaskScheduledEvent {
        name: name.to_owned(),
        input: Some(input.to_owned()),
        ..p::TaskScheduledEvent::default()
    };
    event(id, at_ms, EventType::TaskScheduled(task))
}

fn child(id: i32, name: &str, at_ms: i64) -> HistoryEvent {
    let created = p::SubOrchestrationInstanceCreatedEvent {
        name: name.to_owned(),
        instance_id: format!("child-{id}"),
        ..p::SubOrchestrationInstanceCreatedEvent::default()
    };
    let what = EventType::SubOrchestrationInstanceCreated(created);
    event(id, at_ms, what)
}

fn completed(id: i32, at_ms: i64) -> HistoryEvent {
    let done = p::TaskCompletedEvent {
        task_scheduled_id: id,
        result: Some("12345".to_owned()),
    };
    event(-1, at_ms, EventType::TaskCompleted(done))
}

fn details(message: &str) -> Option<p::TaskFailureDetails> {
    Some(p::TaskFailureDetails {
        error_type: "Jammed".to_owned(),
        error_message: message.to_owned(),
        ..p::TaskFailureDetails::default()
    })
}

fn failed(id: i32, at_ms: i64) -> HistoryEvent {
    let failed = p::TaskFailedEvent {
        task_scheduled_id: id,
        failure_details: details("paper\nin the tray"),
    };
    event(-1, at_ms, EventType::TaskFailed(failed))
}

fn child_failed(id: i32, at_ms: i64) -> HistoryEvent {
    let failed = p::SubOrchestrationInstanceFailedEvent {
        task_scheduled_id: id,
        failure_details: details(""),
    };
    let what = EventType::SubOrchestrationInstanceFailed(failed);
    event(-1, at_ms, what)
}

fn ended(at_ms: i64) -> HistoryEvent {
    let done = p::ExecutionCompletedEvent::default();
    event(-1, at_ms, EventType::ExecutionCompleted(done))
}

/// Two turns: a fan-out of four, one failure that is repeated, a child that fails.
fn history() -> Vec<HistoryEvent> {
    vec![
        turn(1_000),
        scheduled(1, "Pack", r#"{"id":"a"}"#, 1_000),
        scheduled(2, "Pack", r#"{"id":"b"}"#, 1_000),
        scheduled(3, "Weigh", "3", 1_000),
        child(4, "Ship", 1_000),
        turn(2_000),
        completed(1, 1_500),
        failed(2, 1_600),
        child_failed(4, 1_700),
        scheduled(5, "Pack", r#"{"id":"b"}"#, 2_000),
        scheduled(6, "Pack", r#"{"id":"b"}"#, 2_000),
        turn(3_000),
        failed(5, 2_500),
        scheduled(7, "Pack", r#"{"id":"b"}"#, 3_000),
    ]
}

fn folded(events: &[HistoryEvent]) -> TaskFold {
    let mut fold = TaskFold::default();
    events.iter().for_each(|event| fold.apply(event));
    fold
}

fn states(fold: &TaskFold) -> Vec<State> {
    let all = (0..).map_while(|index| fold.task(index));
    all.map(|task| task.state()).collect()
}

/// What someone knows who gets every part.
#[derive(Debug, Default, PartialEq)]
struct Known {
    names: Vec<String>,
    workers: Vec<String>,
    tasks: Vec<Task>,
    turns: u64,
}

impl Known {
    fn take(&mut self, fold: &mut TaskFold) {
        loop {
            let part = fold.part();
            self.turns = part.turns;
            self.names.extend(part.names);
            self.workers.extend(part.workers);
            for task in part.tasks {
                let index = task.index as usize;
                assert!(index <= self.tasks.len(), "numbered without gaps");
                assert!(
                    self.names.len() > task.name as usize,
                    "names come with their tasks"
                );
                if index == self.tasks.len() {
                    self.tasks.push(task);
                } else {
                    self.tasks[index] = task;
                }
            }
            if !part.more {
                return;
            }
        }
    }
}

#[test]
fn history_tells_what_became_of_each_task() {
    let fold = folded(&history());
    let task = |index| fold.task(index).unwrap();
    let expected = [
        State::Completed,
        State::Failed,
        State::Queued,
        State::Failed,
        State::Failed,
        State::Queued,
        State::Queued,
    ];
    assert_eq!(states(&fold), expected);
    let done = task(0);
    assert_eq!((done.scheduled_at, done.finished_at), (1_000, 1_500));
    assert_eq!((done.input_bytes, done.result_bytes), (10, 5));
    assert_eq!((done.label.as_str(), done.turn), ("a", 1));
    assert_eq!(task(1).failure, "Jammed: paper");
    assert_eq!(
        (task(3).failure.as_str(), task(3).child_id.as_str()),
        ("Jammed", "child-4")
    );
    assert_eq!(task(6).turn, 3);
    assert_eq!(fold.turns(), 3);
    assert!(!fold.has_open_children());
}

#[test]
fn repeats_are_what_follows_a_failure_with_the_same_input() {
    let fold = folded(&history());
    let attempts: Vec<u32> = (0..7).map(|it| fold.task(it).unwrap().attempt).collect();
    // Of two with the input of the one that failed, the first repeats it, and the last repeats that.
    assert_eq!(attempts, [1, 1, 1, 1, 2, 1, 3]);
}

#[test]
fn end_of_the_execution_abandons_what_is_open_whatever_was_accepted() {
    let mut fold = folded(&history());
    fold.accept(&failed(3, 3_500));
    assert_eq!(fold.task(2).unwrap().state(), State::Failed);
    fold.apply(&turn(4_000));
    fold.apply(&ended(4_000));
    let task = fold.task(2).unwrap();
    assert_eq!(
        (task.state(), task.finished_at, task.failure),
        (State::Abandoned, 4_000, String::new())
    );
    assert_eq!(
        states(&fold)[4..],
        [State::Failed, State::Abandoned, State::Abandoned]
    );
}

#[test]
fn accepted_results_count_at_once_and_once() {
    let mut fold = folded(&history());
    let mut known = Known::default();
    known.take(&mut fold);
    fold.accept(&completed(3, 3_200));
    known.take(&mut fold);
    assert_eq!(known.tasks[2].state(), State::Completed);
    fold.apply(&turn(4_000));
    assert!(!fold.has_changes());
    fold.apply(&completed(3, 3_200));
    assert!(
        !fold.has_changes(),
        "the history says what is known already"
    );
    // One more result under this id belongs to nothing.
    fold.apply(&completed(3, 3_300));
    assert!(!fold.has_changes());
}

#[test]
fn workers_take_and_return_and_what_is_over_keeps_who_had_it() {
    let mut fold = folded(&history());
    fold.taken(3, 1_100, "w-1");
    let out = fold.task(2).unwrap();
    assert_eq!(
        (out.state(), out.started_at, out.worker),
        (State::Running, 1_100, 1)
    );
    fold.returned(3);
    let back = fold.task(2).unwrap();
    assert_eq!(
        (back.state(), back.started_at, back.worker),
        (State::Queued, 0, 0)
    );
    fold.taken(3, 1_200, "w-2");
    fold.taken(1, 1_050, "w-1");
    let out = fold.task(2).unwrap();
    assert_eq!(
        (out.state(), out.started_at, out.worker),
        (State::Running, 1_200, 2)
    );
    let done = fold.task(0).unwrap();
    assert_eq!(
        (done.state(), done.started_at, done.worker),
        (State::Completed, 1_050, 1)
    );
    let mut known = Known::default();
    known.take(&mut fold);
    assert_eq!(known.workers, ["w-1", "w-2"]);
    // Nobody knows of them.
    fold.taken(99, 1, "w-1");
    fold.returned(99);
    assert!(!fold.has_changes());
}

#[test]
fn children_run_when_they_have_begun() {
    let mut fold = folded(&[turn(1), child(4, "Ship", 1)]);
    assert!(fold.has_open_children());
    fold.child_begun(4);
    assert_eq!(states(&fold), [State::Running]);
    fold.apply(&child_failed(4, 9));
    fold.child_begun(4);
    assert_eq!(states(&fold), [State::Failed]);
}

#[test]
fn increments_add_up_to_the_whole() {
    let events = history();
    let mut whole = Known::default();
    whole.take(&mut folded(&events));
    for step in 1..=events.len() {
        let mut fold = TaskFold::default();
        let mut known = Known::default();
        for events in events.chunks(step) {
            events.iter().for_each(|event| fold.apply(event));
            known.take(&mut fold);
            assert!(!fold.has_changes());
        }
        assert_eq!(known, whole, "in steps of {step}");
    }
    let update = of_history(&events, None);
    assert!(update.found && update.reset && !update.more);
    assert_eq!((update.tasks, update.names), (whole.tasks, whole.names));
}

#[test]
fn parts_are_bounded_and_number_without_gaps() {
    let mut events = vec![turn(1)];
    let names = ["A", "B", "C"];
    events.extend(
        (0..5_000).map(|it| scheduled(it, names[usize::try_from(it % 3).unwrap()], "x", 1)),
    );
    let first = folded(&events).part();
    assert_eq!((first.tasks.len(), first.more), (PART_TASKS_MAX, true));
    let mut all = folded(&events);
    let mut known = Known::default();
    known.take(&mut all);
    assert_eq!(known.tasks.len(), 5_000);
    all.apply(&completed(17, 2));
    let part = all.part();
    assert_eq!(
        (part.tasks.len(), part.names.len(), part.more),
        (1, 0, false)
    );
}

#[test]
fn one_id_that_is_scheduled_again_ends_oldest_first() {
    let again = scheduled(1, "Pack", "x", 5);
    let mut fold = folded(&[turn(1), scheduled(1, "Pack", "x", 1), again]);
    fold.taken(1, 2, "w");
    fold.taken(1, 3, "w");
    fold.apply(&completed(1, 9));
    assert_eq!(states(&fold), [State::Completed, State::Running]);
    fold.apply(&completed(1, 10));
    assert_eq!(states(&fold), [State::Completed, State::Completed]);
}

#[test]
fn labels_are_the_tag_or_the_most_telling_part_of_the_input() {
    let long = format!(r#"{{"id":"order-7","blob":"{}"}}"#, "x".repeat(10_000));
    let nested = "[".repeat(1_000);
    let rows = [
        ("", ""),
        ("null", ""),
        ("{}", ""),
        ("17", "17"),
        ("plain text", "plain text"),
        (r#""item-14""#, "item-14"),
        (r#"{"count":3,"name":"red","orderId":"o-1"}"#, "o-1"),
        (r#"{"retry":true,"size":4}"#, "4"),
        (r#"{"item":{"id":5},"size":4}"#, "4"),
        (r#"{"item":{"size":1,"id":5}}"#, "5"),
        (r#"[{"id":1},{"id":2}]"#, "1, 2"),
        (r#"["one"]"#, "one"),
        (r#"{"broken": "#, r#"{"broken": "#),
        (r#"{"id":8,"broken"#, "8"),
        (&long, "order-7"),
        (&nested, &format!("{}…", "[".repeat(59))),
    ];
    for (input, expected) in rows {
        assert_eq!(
            label(&BTreeMap::new(), Some(input)),
            expected,
            "{input:.80}"
        );
    }
    let cut = label(&BTreeMap::new(), Some(&"ü".repeat(80)));
    assert_eq!((cut.chars().count(), cut.ends_with('…')), (60, true));
    let many: Vec<u32> = (0..5_000).collect();
    let cut = label(
        &BTreeMap::new(),
        Some(&serde_json::to_string(&many).unwrap()),
    );
    assert!(cut.starts_with("0, 1, 2") && cut.chars().count() == 60);
    let tags = BTreeMap::from([(LABEL_TAG.to_owned(), "blue".to_owned())]);
    assert_eq!(label(&tags, Some("17")), "blue");
    assert_eq!(label(&BTreeMap::new(), None), "");
}
