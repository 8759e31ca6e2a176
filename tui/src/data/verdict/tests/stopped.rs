//! What does not go on by itself, and what workers do not get to do.

use super::*;

#[test]
fn suspended_is_said_first_and_only_of_who_is() {
    let mut row = waiting(|it| {
        it.suspended_reason = "maintenance".to_owned();
        it.suspended_at = ago(480);
    });
    assert!(!has(&row, None, Rule::Suspended), "it has been resumed");
    row.status = Status::Suspended as i32;
    row.messages_waiting = 2;
    says(
        &first(&row),
        Rule::Suspended,
        "suspended: “maintenance”",
        "Suspended 8m00s ago: “maintenance”. 2 messages wait until it is resumed.",
    );
    assert_eq!(first(&row).action, Some('z'));
    assert!(!has(&row, None, Rule::Event));
}

#[test]
fn a_start_in_the_future_is_told_and_one_in_the_past_is_not() {
    let pending = |at| InstanceRow {
        status: Status::Pending as i32,
        scheduled_start: ago(at),
        history_events: 0,
        turns: 0,
        ..row()
    };
    says(
        &first(&pending(-10_800)),
        Rule::StartsLater,
        "starts in 3h00m (21:04:31)",
        "It is scheduled to start in 3h00m, at 21:04:31 UTC.",
    );
    assert!(!has(&pending(1), None, Rule::StartsLater));
}

#[test]
fn unserved_names_are_told_by_who_takes_them() {
    let unserved = OpenWork {
        served: false,
        slots: 0,
        slots_out: 0,
        ..work("Refund", 3, 0)
    };
    says(
        &first(&working(unserved.clone())),
        Rule::Unserved,
        "no worker serves “Refund”",
        "No connected worker (1 are) takes the activity “Refund”: 3 Refund are queued, the oldest \
         for 2m58s.",
    );
    let held = OpenWork {
        queued: 0,
        running: 1,
        ..unserved
    };
    assert!(!has(&working(held), None, Rule::Unserved), "one has it");
    assert!(!has(&working(work("Refund", 3, 0)), None, Rule::Unserved));
}

#[test]
fn an_orchestration_that_nobody_takes_is_told_with_the_feed_alone() {
    let pending = InstanceRow {
        status: Status::Pending as i32,
        waits: None,
        ..row()
    };
    let mut hub = hub();
    let mut look = |change: &dyn Fn(&mut HubSummary)| {
        change(&mut hub);
        let facts = Facts {
            hub: Some(&hub),
            ..Facts::of_row(&pending, NOW)
        };
        findings(&facts)[0].clone()
    };
    assert_eq!(look(&|_| ()).rule, Rule::Running);
    let it = look(&|it| it.turns.as_mut().unwrap().unserved = vec!["Order".to_owned()]);
    assert_eq!(it.short, "no worker serves “Order”");
    assert_eq!(it.evidence, Evidence::Workers);
    let it = look(&|it| it.workers.clear());
    assert_eq!(it.short, "no worker is connected");
    // A polled server tells of no workers.
    let it = look(&|it| it.counters = None);
    assert_eq!(it.rule, Rule::Running);
}

#[test]
fn what_comes_back_three_times_is_told() {
    let given_back = |times| {
        working(OpenWork {
            given_back: times,
            ..work("Resize", 1, 0)
        })
    };
    says(
        &first(&given_back(4)),
        Rule::GivenBack,
        "4 times given back: Resize",
        "Resize was handed out and came back without an answer 4 times: the worker crashes on it \
         or abandons it.",
    );
    assert!(!has(&given_back(2), None, Rule::GivenBack));
    let turn = |times| waiting(|it| it.turn_given_back = times);
    assert_eq!(first(&turn(3)).short, "turn given back 3 times");
    assert!(!has(&turn(2), None, Rule::GivenBack));
}

#[test]
fn code_that_does_not_come_back_is_asked_about() {
    let out = |seconds, worker: &str| InstanceRow {
        turn_out: true,
        ..waiting(|it| {
            it.turn_worker = worker.to_owned();
            it.turn_since = ago(seconds);
        })
    };
    let it = first(&out(12, "w-02c4"));
    says(
        &it,
        Rule::TurnOut,
        "code runs for 12s: blocked?",
        "The orchestrator code has run for 12s on w-02c4, which is not connected any more: a \
         breakpoint, or a call that blocks?",
    );
    assert_eq!(it.certainty, Certainty::Asked);
    assert!(!first(&out(12, "w-7f21")).text.contains("not connected"));
    says(
        &first(&out(9, "w-7f21")),
        Rule::Running,
        "a turn runs",
        "A turn of it runs on w-7f21.",
    );
}

#[test]
fn failures_are_told_and_a_difference_of_code_by_its_own_words() {
    let failed = |failure: &str| InstanceRow {
        status: Status::Failed as i32,
        failure: failure.to_owned(),
        ..row()
    };
    for kind in [
        "NonDeterminismError",
        "Microsoft.DurableTask.NonDeterministicOrchestrationException",
        "durascope::NonDeterminism",
        "non-determinism",
    ] {
        let row = failed(&format!("{kind}: expected activity “A”, found a timer"));
        says(
            &first(&row),
            Rule::CodeDiffers,
            "code and history differ",
            "Code and history differ: expected activity “A”, found a timer",
        );
    }
    let it = first(&failed("CardDeclined: nondeterministic card reader"));
    assert_eq!((it.rule, it.action), (Rule::Failed, Some('w')));
    let done = InstanceRow {
        status: Status::Completed as i32,
        ..failed("")
    };
    assert_eq!(all(&done, None), []);
}

#[test]
fn locks_name_their_holder() {
    let lock = |held_by: &str| {
        waiting(|it| {
            it.locks = vec![LockWait {
                entity_id: "@account@a".to_owned(),
                held_by: held_by.to_owned(),
                held_since: ago(61),
            }];
        })
    };
    says(
        &first(&lock("transfer-7")),
        Rule::Lock,
        "lock held by transfer-7",
        "It waits for the lock of @account@a, which transfer-7 has held for 1m01s.",
    );
    assert!(first(&lock("")).text.contains("busy with operations"));
    assert!(!has(&row(), None, Rule::Lock));
}

#[test]
fn a_turn_that_is_queued_for_long_is_told() {
    let queued = |seconds| waiting(|it| it.turn_queued_since = ago(seconds));
    says(
        &first(&queued(14)),
        Rule::TurnQueued,
        "its turn is queued for 14s",
        "Its turn is queued for 14s; 1 of 20 slots for turns are taken.",
    );
    assert!(!has(&queued(2), None, Rule::TurnQueued));
}

#[test]
fn queues_are_told_when_every_slot_is_taken() {
    let busy = |slots_out| OpenWork {
        slots_out,
        ..work("ProcessItem", 250, 8)
    };
    says(
        &first(&working(busy(8))),
        Rule::Saturated,
        "250 ProcessItem queued",
        "250 of 258 open ProcessItem are queued: 8 of 8 slots are busy.",
    );
    says(
        &first(&working(busy(7))),
        Rule::Running,
        "258 ProcessItem running",
        "8 ProcessItem run normally; 250 are queued.",
    );
    let none_queued = OpenWork {
        queued: 0,
        ..busy(8)
    };
    assert!(!has(&working(none_queued), None, Rule::Saturated));
}

/// Tasks that took two seconds each, the last `late` of them just now.
fn tasks(done: u32, late: u32) -> Tasks {
    let mut tasks = Tasks::new(true);
    let ms = |seconds: i64| (NOW / SECOND - seconds) * 1_000;
    let of = |index| Task {
        index,
        state: State::Completed as i32,
        scheduled_at: ms(400),
        started_at: ms(if index < late { 12 } else { 102 }),
        finished_at: ms(if index < late { 10 } else { 100 }),
        ..Task::default()
    };
    tasks.apply(TasksUpdate {
        found: true,
        reset: true,
        names: vec!["ProcessItem".to_owned()],
        tasks: (0..done).map(of).collect(),
        ..TasksUpdate::default()
    });
    tasks
}

#[test]
fn an_end_is_guessed_only_from_enough_that_ended_of_late() {
    let row = working(OpenWork {
        slots_out: 8,
        ..work("ProcessItem", 250, 8)
    });
    let text = |late| {
        let figures = Figures::of_tasks(&tasks(100, late), NOW);
        let hub = hub();
        let facts = Facts {
            hub: Some(&hub),
            figures: Some(&figures),
            ..Facts::of_row(&row, NOW)
        };
        let it = findings(&facts).remove(0);
        (it.short, it.text)
    };
    let (short, long) = text(30);
    assert_eq!(short, "250 ProcessItem queued", "no room for more");
    assert!(long.ends_with("At 1.0/s about 4 min left."), "{long}");
    assert!(!text(9).1.contains("left"));
}

#[test]
fn stragglers_are_told_against_enough_siblings() {
    let straggling = |seconds, queued| OpenWork {
        oldest_running: Some(RunningTask {
            task_id: 1_014,
            label: "item-0014".to_owned(),
            since: ago(seconds),
            worker_id: "w-7f21".to_owned(),
        }),
        ..work("ProcessItem", queued, 8)
    };
    let rules = |seconds, queued, done, slots_out| {
        let row = working(OpenWork {
            slots_out,
            ..straggling(seconds, queued)
        });
        let figures = Figures::of_tasks(&tasks(done, 0), NOW);
        let hub = hub();
        let facts = Facts {
            hub: Some(&hub),
            figures: Some(&figures),
            ..Facts::of_row(&row, NOW)
        };
        findings(&facts)
    };
    let found = rules(175, 0, 100, 8);
    says(
        &found[0],
        Rule::Straggler,
        "#1014 runs 2m55s, median 2.0s",
        "#1014 ProcessItem “item-0014” has run 2m55s; the median is 2.0s. It is on worker w-7f21, \
         which is connected.",
    );
    let silent = |found: Vec<Finding>| found.iter().all(|it| it.rule != Rule::Straggler);
    assert!(silent(rules(30, 0, 100, 8)), "half a minute is nothing");
    assert!(silent(rules(175, 0, 19, 8)), "too few to compare with");
    // With a queue, that comes first.
    let found = rules(175, 9, 100, 8);
    assert_eq!(
        [found[0].rule, found[1].rule],
        [Rule::Saturated, Rule::Straggler]
    );
}

#[test]
fn without_tasks_a_straggler_is_ten_times_slower_than_the_slowest() {
    let tree = |seconds| InstanceTree {
        groups: vec![TaskGroup {
            name: "ProcessItem".to_owned(),
            scheduled: 101,
            completed: 100,
            running: 1,
            duration_p50_ms: 1_800,
            duration_max_ms: 9_000,
            oldest_running: vec![RunningTask {
                task_id: 7,
                since: ago(seconds),
                ..RunningTask::default()
            }],
            ..TaskGroup::default()
        }],
        ..tree(&InstanceRow {
            waits: None,
            ..row()
        })
    };
    let row = InstanceRow {
        waits: None,
        activities: progress(101, 100, 0),
        ..row()
    };
    assert!(has(&row, Some(&tree(91)), Rule::Straggler));
    assert!(!has(&row, Some(&tree(90)), Rule::Straggler));
}
