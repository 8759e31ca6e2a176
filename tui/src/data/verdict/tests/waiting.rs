//! What waits, what has failed below, what grows, and what is well.

use super::*;

#[test]
fn retries_are_probable_and_timers_sure() {
    let timer = |retries: &str| InstanceRow {
        timers_pending: 1,
        ..waiting(|it| {
            it.next_timer = ago(-41);
            it.retries = retries.to_owned();
            it.failed_attempts = 2;
        })
    };
    let it = first(&timer("ProcessItem"));
    says(
        &it,
        Rule::Retry,
        "retries ProcessItem in 41s",
        "It probably retries ProcessItem in 41s, at 18:05:12 UTC, after 2 failed attempts.",
    );
    assert_eq!(it.certainty, Certainty::Probably);
    let it = first(&timer(""));
    says(
        &it,
        Rule::Timer,
        "timer in 41s (18:05:12)",
        "Nothing but 1 timer is open; the next fires in 41s, at 18:05:12 UTC.",
    );
    assert_eq!(it.certainty, Certainty::Sure);
    let beside = InstanceRow {
        activities: progress(5, 4, 1),
        ..timer("ProcessItem")
    };
    assert!(has(&beside, None, Rule::Retry), "all of them are over");
    let beside = InstanceRow {
        activities: progress(5, 3, 1),
        ..timer("ProcessItem")
    };
    assert!(!has(&beside, None, Rule::Retry) && !has(&beside, None, Rule::Timer));
}

#[test]
fn entity_calls_without_an_answer_are_told_and_are_not_taken_for_events() {
    let calling = InstanceRow {
        updated_at: ago(60),
        ..waiting(|it| {
            it.entity_calls = 1;
            it.last_turn = ago(60);
        })
    };
    says(
        &first(&calling),
        Rule::EntityCall,
        "1 entity call open",
        "1 call of entities has no answer yet.",
    );
    assert!(!has(&calling, None, Rule::Event) && !has(&row(), None, Rule::EntityCall));
}

#[test]
fn nothing_open_is_probably_an_event_and_a_misspelled_one_is_shown() {
    let idle = |seconds| waiting(|it| it.last_turn = ago(seconds));
    let mut tree = tree(&idle(1_560));
    let event = |name: &str, seconds| ReceivedEvent {
        name: name.to_owned(),
        count: 1,
        last_at: ago(seconds),
    };
    tree.events = vec![event("Approved", 3_000), event("Aproved", 180)];
    let it = all(&idle(1_560), Some(&tree)).remove(0);
    says(
        &it,
        Rule::Event,
        "nothing open: external event?",
        "Nothing is open for 26m: it probably waits for an external event, or for something that \
         is not durable. The last event was “Aproved”, 3m00s ago; “Approved” was received before.",
    );
    assert_eq!((it.certainty, it.action), (Certainty::Probably, Some('e')));
    assert!(!has(&idle(2), None, Rule::Event), "a turn may be coming");
    let silent = [
        InstanceRow {
            turn_out: true,
            ..idle(60)
        },
        InstanceRow {
            messages_waiting: 1,
            ..idle(60)
        },
        InstanceRow {
            timers_pending: 1,
            ..idle(60)
        },
        InstanceRow {
            children: progress(1, 0, 0),
            ..idle(60)
        },
        // A row of a polled list: nobody knows what is open.
        InstanceRow {
            waits: None,
            history_events: 0,
            turns: 0,
            ..idle(60)
        },
    ];
    for row in silent {
        assert!(!has(&row, None, Rule::Event), "{row:?}");
    }
}

#[test]
fn the_verdict_of_an_open_child_is_the_parents() {
    let parent = InstanceRow {
        children: progress(3, 2, 0),
        ..row()
    };
    let child = InstanceRow {
        instance_id: "dev-0016:3".to_owned(),
        parent_instance_id: "order-1".to_owned(),
        ..waiting(|it| it.last_turn = ago(169))
    };
    let grandparent = InstanceRow {
        instance_id: "top".to_owned(),
        ..parent.clone()
    };
    let others = [
        InstanceRow {
            parent_instance_id: "top".to_owned(),
            ..parent.clone()
        },
        child.clone(),
    ];
    let facts = Facts {
        others: &others,
        ..Facts::of_row(&grandparent, NOW)
    };
    let it = findings(&facts).remove(0);
    assert_eq!(it.rule, Rule::Child);
    assert!(
        it.text
            .starts_with("Child order-1: Child dev-0016:3: Nothing is open for 2m49s")
    );
    let deepest = Evidence::Other {
        instance_id: "dev-0016:3".to_owned(),
    };
    assert_eq!((it.evidence, it.certainty), (deepest, Certainty::Probably));
    // With an activity open too, its children are not what it waits for alone.
    let both = InstanceRow {
        activities: progress(1, 0, 0),
        ..grandparent.clone()
    };
    let facts = Facts {
        others: &others,
        ..Facts::of_row(&both, NOW)
    };
    assert!(findings(&facts).iter().all(|it| it.rule != Rule::Child));
    // Nobody knows the child: then only that it is open.
    says(
        &first(&grandparent),
        Rule::Child,
        "1 child open",
        "1 child is open.",
    );
    let named = InstanceRow {
        waits: Some(WaitFacts {
            oldest_child: "dev-0016:3".to_owned(),
            ..WaitFacts::default()
        }),
        ..grandparent
    };
    assert_eq!(first(&named).short, "child dev-0016:3 is open");
}

#[test]
fn a_failed_child_is_told_while_the_parent_goes_on() {
    let parent = |failed| InstanceRow {
        children: progress(4, 4 - failed, failed),
        ..waiting(|it| it.last_turn = ago(30))
    };
    let mut tree = tree(&parent(1));
    tree.children = vec![InstanceRow {
        instance_id: "ship-eu".to_owned(),
        status: Status::Failed as i32,
        failure: "CarrierError: no slot for NL".to_owned(),
        ..InstanceRow::default()
    }];
    let found = all(&parent(1), Some(&tree));
    says(
        &found[0],
        Rule::ChildFailed,
        "child ship-eu failed",
        "Child ship-eu failed: CarrierError: no slot for NL. The code went on.",
    );
    assert_eq!(found[1].rule, Rule::Event);
    assert_eq!(first(&parent(2)).short, "2 children failed");
    assert!(!has(&parent(0), None, Rule::ChildFailed));
}

#[test]
fn a_history_near_its_limit_is_told() {
    let row = |bytes, events| InstanceRow {
        history_bytes: bytes,
        history_events: events,
        ..row()
    };
    let full = row(9_600_000, 500);
    let found = all(&full, Some(&tree(&full)));
    assert_eq!(found[0].short, "history 9.6 MB of 10 MB");
    assert_eq!(found[0].evidence, Evidence::History);
    let half = row(8_000_000, 10_000);
    assert!(!has(&half, Some(&tree(&half)), Rule::History));
    assert_eq!(first(&row(9, 10_001)).short, "history of 10 001 events");
}

#[test]
fn failed_activities_are_told_with_their_errors() {
    let row = InstanceRow {
        activities: progress(10, 6, 3),
        ..row()
    };
    let mut tree = tree(&row);
    let error = |kind: &str, count| FailureGroup {
        name: "ProcessItem".to_owned(),
        error_type: kind.to_owned(),
        count,
        sample: Some(TaskFailureDetails::default()),
        ..FailureGroup::default()
    };
    tree.failures = vec![error("Timeout", 2), error("Http", 1)];
    let found = all(&row, Some(&tree));
    says(
        &found[0],
        Rule::Running,
        "1 activity open",
        "1 activity is open.",
    );
    says(
        &found[1],
        Rule::ActivityFailed,
        "3 ProcessItem failed",
        "3 ProcessItem failed: Timeout ×2, Http ×1. The code went on.",
    );
    let fine = InstanceRow {
        activities: progress(10, 9, 0),
        ..row
    };
    assert!(!has(&fine, None, Rule::ActivityFailed));
}

#[test]
fn what_runs_well_is_told_last_and_without_the_feed_nobody_says_queued() {
    let one = OpenWork {
        oldest_running: Some(RunningTask {
            since: ago(4),
            ..RunningTask::default()
        }),
        ..work("ChargeCard", 0, 1)
    };
    let row = working(one);
    says(
        &first(&row),
        Rule::Running,
        "ChargeCard running 4s",
        "ChargeCard is running for 4s.",
    );
    let polled = InstanceRow {
        waits: None,
        ..row.clone()
    };
    let mut tree = tree(&polled);
    tree.groups = vec![TaskGroup {
        kind: Kind::Activity as i32,
        name: "ChargeCard".to_owned(),
        scheduled: 1,
        queued: 1,
        scheduled_at: ago(4),
        ..TaskGroup::default()
    }];
    tree.timers = vec![PendingTimer::default()];
    let hub = HubSummary::default();
    let facts = Facts {
        tree: Some(&tree),
        hub: Some(&hub),
        ..Facts::of_row(&polled, NOW)
    };
    let found = findings(&facts);
    says(
        &found[0],
        Rule::Running,
        "ChargeCard open 4s",
        "ChargeCard is open for 4s.",
    );
    assert_eq!(found.len(), 1);
}

#[test]
fn no_finding_is_too_wide_for_a_list_and_none_panics() {
    let wide = "名前のとても長い".repeat(9);
    let mut hub = hub();
    hub.turns.as_mut().unwrap().unserved = vec![wide.clone()];
    for status in 0..9 {
        let row = InstanceRow {
            instance_id: wide.clone(),
            name: wide.clone(),
            status,
            failure: wide.clone(),
            activities: progress(u64::MAX, 1, u64::MAX - 9),
            children: progress(u64::MAX, 0, u64::MAX - 9),
            timers_pending: u32::MAX,
            messages_waiting: u32::MAX,
            history_bytes: u64::MAX,
            scheduled_start: ago(i64::MIN / SECOND / 4),
            waits: Some(WaitFacts {
                oldest_child: wide.clone(),
                retries: wide.clone(),
                turn_given_back: u32::MAX,
                suspended_reason: wide.clone(),
                locks: vec![LockWait {
                    entity_id: wide.clone(),
                    held_by: wide.clone(),
                    held_since: ago(i64::MAX / SECOND / 4),
                }],
                open: vec![work(&wide, u64::MAX, u64::MAX)],
                ..WaitFacts::default()
            }),
            ..row()
        };
        let others = [row.clone()];
        let facts = Facts {
            hub: Some(&hub),
            others: &others,
            ..Facts::of_row(&row, NOW)
        };
        for it in findings(&facts) {
            assert!(crate::text::width(&it.short) <= SHORT_MAX, "{}", it.short);
        }
    }
}
