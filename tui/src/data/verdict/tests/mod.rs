//! Each rule has facts that set it off, and facts that just do not.

mod stopped;
mod waiting;

use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::ConnectedWorker;
use durascope_proto::monitor::Counters;
use durascope_proto::monitor::FailureGroup;
use durascope_proto::monitor::LockWait;
use durascope_proto::monitor::OpenWork;
use durascope_proto::monitor::PendingTimer;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::QueueDepth;
use durascope_proto::monitor::ReceivedEvent;
use durascope_proto::monitor::RunningTask;
use durascope_proto::monitor::Task;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WaitFacts;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;
use prost_types::Timestamp;

use super::*;
use crate::data::tasks::Tasks;
use crate::format::SECOND;

const NOW: Micros = 1_732_471_471 * SECOND;

fn ago(seconds: i64) -> Option<Timestamp> {
    Some(durascope_proto::time::from_micros(NOW - seconds * SECOND))
}

/// A running instance, nothing open, with the feed's facts.
fn row() -> InstanceRow {
    InstanceRow {
        instance_id: "order-1".to_owned(),
        name: "Order".to_owned(),
        status: Status::Running as i32,
        created_at: ago(300),
        updated_at: ago(1),
        history_events: 12,
        history_bytes: 2_400,
        turns: 3,
        waits: Some(WaitFacts {
            last_turn: ago(1),
            ..WaitFacts::default()
        }),
        ..InstanceRow::default()
    }
}

fn waiting(change: impl FnOnce(&mut WaitFacts)) -> InstanceRow {
    let mut row = row();
    change(row.waits.as_mut().unwrap());
    row
}

fn progress(scheduled: u64, completed: u64, failed: u64) -> Option<Progress> {
    Some(Progress {
        scheduled,
        completed,
        failed,
    })
}

fn work(name: &str, queued: u64, running: u64) -> OpenWork {
    OpenWork {
        name: name.to_owned(),
        queued,
        running,
        oldest_queued: ago(178),
        served: true,
        slots: 8,
        slots_out: 4,
        ..OpenWork::default()
    }
}

fn working(work: OpenWork) -> InstanceRow {
    let open = work.queued + work.running;
    InstanceRow {
        activities: progress(open + 700, 700, 0),
        ..waiting(|it| it.open = vec![work])
    }
}

fn hub() -> HubSummary {
    HubSummary {
        counters: Some(Counters::default()),
        workers: vec![ConnectedWorker {
            worker_id: "w-7f21".to_owned(),
            activities_out: 4,
            activities_max: 8,
            turns_out: 1,
            turns_max: 20,
            ..ConnectedWorker::default()
        }],
        turns: Some(QueueDepth::default()),
        activities: Some(QueueDepth::default()),
        ..HubSummary::default()
    }
}

fn tree(row: &InstanceRow) -> InstanceTree {
    InstanceTree {
        found: true,
        instance_id: row.instance_id.clone(),
        instance: Some(row.clone()),
        history_bytes_warning: 10_000_000,
        last_turn_at: ago(1),
        ..InstanceTree::default()
    }
}

fn all(row: &InstanceRow, tree: Option<&InstanceTree>) -> Vec<Finding> {
    let hub = hub();
    findings(&Facts {
        tree,
        hub: Some(&hub),
        ..Facts::of_row(row, NOW)
    })
}

fn first(row: &InstanceRow) -> Finding {
    all(row, None).remove(0)
}

fn has(row: &InstanceRow, tree: Option<&InstanceTree>, rule: Rule) -> bool {
    all(row, tree).iter().any(|it| it.rule == rule)
}

#[track_caller]
fn says(finding: &Finding, rule: Rule, short: &str, text: &str) {
    assert_eq!((finding.rule, finding.short.as_str()), (rule, short));
    assert_eq!(finding.text, text);
}
