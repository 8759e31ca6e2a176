//! The fold and the lists made of it, by tables and by steps.

use std::collections::BTreeMap;

use durascope_proto as p;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor::task_group;
use durascope_proto::time::from_micros;

use crate::live::InstanceLive;
use crate::live::OutItem;
use crate::monitor::fold::Fold;
use crate::monitor::fold::Kind;
use crate::monitor::groups;
use crate::monitor::waits::WaitFold;

const MS: i64 = 1_000;

fn event(id: i32, at_ms: i64, what: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        timestamp: Some(from_micros(at_ms * MS)),
        event_type: Some(what),
    }
}

fn turn(at_ms: i64) -> HistoryEvent {
    event(
        -1,
        at_ms,
        EventType::OrchestratorStarted(p::OrchestratorStartedEvent {}),
    )
}

fn scheduled(id: i32, name: &str, at_ms: i64) -> HistoryEvent {
    let task = p::TaskScheduledEvent {
        name: name.to_owned(),
        input: Some(format!(r#"{{"at":1,"orderId":"order {id}"}}"#)),
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
    event(
        id,
        at_ms,
        EventType::SubOrchestrationInstanceCreated(created),
    )
}

fn completed(id: i32, at_ms: i64) -> HistoryEvent {
    let done = p::TaskCompletedEvent {
        task_scheduled_id: id,
        result: None,
    };
    event(-1, at_ms, EventType::TaskCompleted(done))
}

fn failed(id: i32, error_type: &str, at_ms: i64) -> HistoryEvent {
    let failed = p::TaskFailedEvent {
        task_scheduled_id: id,
        failure_details: Some(p::TaskFailureDetails {
            error_type: error_type.to_owned(),
            error_message: format!("message of {id}"),
            ..p::TaskFailureDetails::default()
        }),
    };
    event(-1, at_ms, EventType::TaskFailed(failed))
}

fn child_failed(id: i32, at_ms: i64) -> HistoryEvent {
    let failed = p::SubOrchestrationInstanceFailedEvent {
        task_scheduled_id: id,
        failure_details: None,
    };
    event(-1, at_ms, EventType::SubOrchestrationInstanceFailed(failed))
}

fn timer(id: i32, fire_at_ms: i64) -> HistoryEvent {
    let timer = p::TimerCreatedEvent {
        fire_at: Some(from_micros(fire_at_ms * MS)),
    };
    event(id, 0, EventType::TimerCreated(timer))
}

fn fired(id: i32) -> HistoryEvent {
    let timer = p::TimerFiredEvent {
        timer_id: id,
        fire_at: None,
    };
    event(-1, 0, EventType::TimerFired(timer))
}

fn raised(name: &str, at_ms: i64) -> HistoryEvent {
    let raised = p::EventRaisedEvent {
        name: name.to_owned(),
        input: None,
    };
    event(-1, at_ms, EventType::EventRaised(raised))
}

fn fold(events: &[HistoryEvent]) -> Fold {
    let mut fold = Fold::default();
    events.iter().for_each(|event| fold.apply(event));
    fold
}

fn no_live(fold: &Fold) -> Vec<p::monitor::TaskGroup> {
    groups::groups(fold, &InstanceLive::default(), &BTreeMap::new(), None)
}

#[test]
fn each_turn_and_name_is_a_group_of_its_own() {
    let fold = fold(&[
        turn(0),
        scheduled(1, "Process", 1),
        scheduled(2, "Process", 1),
        scheduled(3, "Audit", 1),
        turn(10),
        completed(1, 11),
        failed(2, "Timeout", 31),
        scheduled(4, "Process", 12),
    ]);
    let groups = no_live(&fold);
    let shown: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                group.name.as_str(),
                group.turn_first,
                group.turn_last,
                group.scheduled,
                group.completed,
                group.failed,
                group.queued,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("Process", 1, 1, 2, 1, 1, 0),
            ("Audit", 1, 1, 1, 0, 0, 1),
            ("Process", 2, 2, 1, 0, 0, 1),
        ]
    );
    assert_eq!(groups[0].duration_p50_ms, 10);
    assert_eq!(groups[0].duration_max_ms, 30);
}

#[test]
fn task_id_that_is_scheduled_again_is_a_task_of_its_own() {
    // Python retries an activity under the id of its first attempt.
    let fold = fold(&[
        turn(0),
        scheduled(1, "Flaky", 0),
        turn(5),
        failed(1, "Oops", 5),
        timer(2, 9),
        turn(9),
        fired(2),
        scheduled(1, "Flaky", 9),
        turn(12),
        completed(1, 12),
    ]);
    let groups = no_live(&fold);
    assert_eq!(groups.len(), 1, "small batches in a row are one line");
    assert_eq!((groups[0].failed, groups[0].completed), (1, 1));
    assert_eq!((groups[0].turn_first, groups[0].turn_last), (1, 3));
    assert_eq!(
        (groups[0].duration_p50_ms, groups[0].duration_max_ms),
        (3, 5)
    );
    assert!(groups::timers(&fold).is_empty());
}

#[test]
fn retries_behind_a_wide_fan_out_are_one_line_and_the_fan_out_stays_itself() {
    let mut events = vec![turn(0)];
    events.extend((1..=20).map(|id| scheduled(id, "Price", 0)));
    for retry in 0..5 {
        let at = i64::from(retry) + 10;
        events.extend([
            failed(retry + 1, "Oops", at),
            turn(at),
            scheduled(21 + retry, "Price", at),
        ]);
    }
    let groups = no_live(&fold(&events));
    let shown: Vec<_> = groups
        .iter()
        .map(|it| (it.scheduled, it.turn_first, it.turn_last, it.failed))
        .collect();
    assert_eq!(shown, [(20, 1, 1, 5), (5, 2, 6, 0)]);
}

#[test]
fn activities_and_children_with_one_id_are_told_apart() {
    let fold = fold(&[
        turn(0),
        scheduled(1, "A", 0),
        child(1, "C", 0),
        turn(2),
        child_failed(1, 2),
    ]);
    let groups = no_live(&fold);
    assert_eq!(groups[0].kind(), task_group::Kind::Activity);
    assert_eq!((groups[0].queued, groups[0].failed), (1, 0));
    assert_eq!(groups[1].kind(), task_group::Kind::Child);
    assert_eq!((groups[1].queued, groups[1].failed), (0, 1));
}

#[test]
fn results_of_unknown_tasks_change_nothing() {
    let before = fold(&[turn(0), scheduled(1, "A", 0)]);
    let after = fold(&[
        turn(0),
        scheduled(1, "A", 0),
        completed(7, 1),
        child_failed(1, 1),
    ]);
    assert_eq!(before, after);
}

#[test]
fn running_is_what_a_worker_or_a_begun_child_holds() {
    let fold = fold(&[
        turn(0),
        scheduled(1, "A", 0),
        scheduled(2, "A", 0),
        scheduled(3, "A", 0),
        child(4, "C", 0),
        child(5, "C", 0),
    ]);
    let out = |task_id, since_us| OutItem {
        task_id,
        since_us,
        worker_id: "w".to_owned(),
        ..OutItem::default()
    };
    let live = InstanceLive {
        activities: vec![out(2, 50), out(1, 70), out(9, 1)],
        ..InstanceLive::default()
    };
    let groups = groups::groups(&fold, &live, &BTreeMap::from([(5, 1)]), None);
    assert_eq!((groups[0].running, groups[0].queued), (2, 1));
    assert_eq!((groups[1].running, groups[1].queued), (1, 1));
    let oldest: Vec<_> = groups[0]
        .oldest_running
        .iter()
        .map(|task| (task.task_id, task.label.as_str()))
        .collect();
    assert_eq!(oldest, [(2, "order 2"), (1, "order 1")]);
}

#[test]
fn failures_are_grouped_by_name_and_error_with_one_in_full() {
    let mut events = vec![turn(0)];
    events.extend((1..=5).map(|id| scheduled(id, "A", 0)));
    events.extend([
        failed(1, "Rare", 1),
        failed(2, "Often", 2),
        failed(3, "Often", 3),
    ]);
    let failures = groups::failures(&fold(&events));
    assert_eq!(failures[0].error_type, "Often");
    assert_eq!((failures[0].count, failures[0].sample_task_id), (2, 2));
    assert_eq!(
        failures[0].sample.as_ref().unwrap().error_message,
        "message of 2"
    );
    assert_eq!(failures[0].last_at, Some(from_micros(3 * MS)));
    assert_eq!(failures[1].count, 1);
}

#[test]
fn timers_and_events_are_listed_in_the_order_that_matters() {
    let fold = fold(&[
        turn(0),
        timer(1, 900),
        timer(2, 300),
        timer(3, 600),
        fired(3),
        raised("approve", 5),
        raised("cancel", 7),
        raised("approve", 6),
    ]);
    let timers: Vec<i32> = groups::timers(&fold).iter().map(|it| it.timer_id).collect();
    assert_eq!(timers, [2, 1]);
    let events: Vec<_> = groups::events(&fold)
        .iter()
        .map(|it| (it.name.clone(), it.count))
        .collect();
    assert_eq!(
        events,
        [("cancel".to_owned(), 1), ("approve".to_owned(), 2)]
    );
}

#[test]
fn old_groups_are_merged_and_no_count_is_lost() {
    let mut events = Vec::new();
    for at in 0..1_000_i32 {
        events.push(turn(i64::from(at)));
        // More names than there is room for.
        events.push(scheduled(at, &format!("name-{}", at % 300), i64::from(at)));
        events.push(completed(at, i64::from(at) + 4));
    }
    let groups = no_live(&fold(&events));
    assert!(groups.len() <= 200, "{}", groups.len());
    assert_eq!(groups.iter().map(|it| it.scheduled).sum::<u64>(), 1_000);
    assert_eq!(groups.iter().map(|it| it.completed).sum::<u64>(), 1_000);
    assert!(groups.iter().all(|it| it.duration_p50_ms == 4));
    let newest = groups.last().unwrap();
    assert_eq!((newest.turn_first, newest.turn_last), (1_000, 1_000));
    assert!(groups[0].turn_last > groups[0].turn_first);
}

/// Small numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn folding_in_steps_equals_folding_at_once() {
    for seed in 0..50 {
        let mut numbers = Numbers(seed);
        let events: Vec<HistoryEvent> = (0..400)
            .map(|at| {
                let id = i32::try_from(numbers.below(20)).unwrap();
                let name = ["A", "B", "C"][usize::try_from(numbers.below(3)).unwrap()];
                match numbers.below(9) {
                    0 => turn(at),
                    1 | 2 => scheduled(id, name, at),
                    3 => child(id, name, at),
                    4 => completed(id, at),
                    5 => failed(id, name, at),
                    6 => timer(id, at + 50),
                    7 => fired(id),
                    _ => raised(name, at),
                }
            })
            .collect();
        let whole = fold(&events);
        let mut stepped = Fold::default();
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let step = usize::try_from(numbers.below(40)).unwrap().min(rest.len());
            let (now, later) = rest.split_at(step);
            now.iter().for_each(|event| stepped.apply(event));
            // Looking at it in between must not change it.
            let looked = stepped.clone();
            no_live(&looked);
            rest = later;
        }
        assert_eq!(stepped, whole, "seed {seed}");
        let groups = no_live(&whole);
        let open: u64 = groups.iter().map(|it| it.queued + it.running).sum();
        let all: u64 = groups.iter().map(|it| it.scheduled).sum();
        let ended: u64 = groups.iter().map(|it| it.completed + it.failed).sum();
        assert_eq!(open + ended, all, "seed {seed}");
    }
}

#[test]
fn what_an_ended_instance_asked_for_is_open_only_while_it_goes_on() {
    let fold = fold(&[
        turn(0),
        scheduled(1, "Process", 1),
        scheduled(2, "Process", 1),
        scheduled(3, "Process", 1),
        child(4, "Part", 1),
        child(5, "Part", 1),
        turn(10),
        failed(1, "Timeout", 11),
    ]);
    let left = [((Kind::Activity, 3), 1), ((Kind::Child, 5), 1)].into();
    let live = InstanceLive::default();
    let groups = groups::groups(&fold, &live, &BTreeMap::from([(5, 1)]), Some(left));
    let open: Vec<_> = groups.iter().map(|it| (it.running, it.queued)).collect();
    assert_eq!(open, [(0, 1), (1, 0)]);
}

#[test]
fn what_is_waited_for_and_what_failed_is_the_same_in_two_steps_and_at_once() {
    let attempt = |id, at_ms| {
        let task = p::TaskScheduledEvent {
            name: "Charge".to_owned(),
            input: Some("7".to_owned()),
            ..p::TaskScheduledEvent::default()
        };
        event(id, at_ms, EventType::TaskScheduled(task))
    };
    let mut events = vec![turn(0), attempt(1, 0), scheduled(9, "Other", 0)];
    events.extend([turn(1), failed(1, "Oops", 1), timer(2, 5)]);
    events.extend([turn(5), fired(2), attempt(3, 5), raised("Go", 6)]);
    events.extend([turn(7), failed(3, "Oops", 7), completed(9, 7), timer(4, 11)]);
    let fold = |events: &[HistoryEvent]| {
        let mut fold = WaitFold::default();
        events.iter().for_each(|event| fold.apply(event));
        fold
    };
    let whole = fold(&events);
    let retry = whole.retry().unwrap();
    assert_eq!(
        (retry.name.as_str(), retry.failed, retry.timer),
        ("Charge", 2, 4)
    );
    assert_eq!(whole.event(), Some(("Go", 6 * MS)));
    assert!(whole.names().iter().all(|name| name.count == 0));
    for at in 0..events.len() {
        let mut steps = fold(&events[..at]);
        events[at..].iter().for_each(|event| steps.apply(event));
        assert_eq!(steps, whole, "{at}");
    }
}
