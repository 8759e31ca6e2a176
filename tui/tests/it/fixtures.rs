//! Hand-made feed messages, a model with a fixed clock, and a screen to draw it on.

use std::sync::Arc;

use durascope::app::effect::Effect;
use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Key;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::model::Settings;
use durascope::app::update::update;
use durascope::format::Micros;
use durascope::format::SECOND;
use durascope::ui;
use durascope::ui::Look;
use durascope::ui::theme::Theme;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::ConnectedWorker;
use durascope_proto::monitor::Counters;
use durascope_proto::monitor::FailureGroup;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::Payload;
use durascope_proto::monitor::PendingTimer;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::QueueDepth;
use durascope_proto::monitor::Rates;
use durascope_proto::monitor::ReceivedEvent;
use durascope_proto::monitor::ReportedProgress;
use durascope_proto::monitor::RunningTask;
use durascope_proto::monitor::StatusCount;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::task_group::Kind;
use prost_types::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// 2024-11-24 18:04:31 UTC: the fixed present of all tests.
pub(crate) const NOW: Micros = 1_732_471_471 * SECOND;

pub(crate) const COLOR: Look = Look {
    theme: Theme::Color,
    ascii: false,
};

pub(crate) fn ago(seconds: i64) -> Option<Timestamp> {
    Some(durascope_proto::time::from_micros(NOW - seconds * SECOND))
}

pub(crate) fn model(width: u16, height: u16) -> Model {
    let settings = Settings {
        endpoint: "localhost:8080".to_owned(),
        url: "http://localhost:8080".to_owned(),
        task_hub: "default".to_owned(),
        read_only: false,
    };
    Model::new(settings, Size { width, height }, NOW)
}

/// Applies `event` at the fixed present.
pub(crate) fn happens(model: &mut Model, event: Event) -> Vec<Effect> {
    let now = model.now;
    update(model, event, now)
}

pub(crate) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.chars()
        .flat_map(|it| happens(model, Event::Key(Key::char(it))))
        .collect()
}

pub(crate) fn press_key(model: &mut Model, code: Code) -> Vec<Effect> {
    happens(model, Event::Key(Key::plain(code)))
}

pub(crate) fn press_ctrl(model: &mut Model, it: char) -> Vec<Effect> {
    happens(model, Event::Key(Key::ctrl(it)))
}

/// The feed brings `update`.
pub(crate) fn arrives(model: &mut Model, update: WatchUpdate) -> Vec<Effect> {
    let data = Data {
        update: Arc::new(update),
        received_at: model.now,
    };
    happens(
        model,
        Event::Feed(Feed {
            topic: None,
            link: Link::Live(Mode::Feed),
            data: Some(data),
        }),
    )
}

/// The connection is lost.
pub(crate) fn breaks(model: &mut Model) {
    breaks_because(model, "Connection refused (os error 111)");
}

/// The connection is lost, for this reason.
pub(crate) fn breaks_because(model: &mut Model, reason: &str) {
    let link = Link::Lost {
        attempt: 4,
        reason: reason.to_owned(),
        retry_at: model.now + 3 * SECOND,
    };
    happens(
        model,
        Event::Feed(Feed {
            topic: None,
            link,
            data: model.data.clone(),
        }),
    );
}

/// What is on screen, as text.
pub(crate) fn drawn(model: &Model, look: Look) -> String {
    let backend = TestBackend::new(model.size.width, model.size.height);
    let mut terminal = Terminal::new(backend).expect("a test screen");
    terminal
        .draw(|frame| ui::view(model, look, frame.buffer_mut()))
        .unwrap();
    terminal.backend().to_string()
}

pub(crate) fn row(id: &str, name: &str, status: OrchestrationStatus) -> InstanceRow {
    InstanceRow {
        instance_id: id.to_owned(),
        execution_id: "6f0c".repeat(8),
        name: name.to_owned(),
        status: status as i32,
        created_at: ago(192),
        updated_at: ago(4),
        history_events: 12,
        history_bytes: 2_400,
        turns: 3,
        ..InstanceRow::default()
    }
}

pub(crate) fn progress(scheduled: u64, completed: u64, failed: u64) -> Option<Progress> {
    Some(Progress {
        scheduled,
        completed,
        failed,
    })
}

/// The instance that most tests are about: a fan-out of a thousand in the middle.
pub(crate) fn batch_row() -> InstanceRow {
    InstanceRow {
        activities: progress(2_001, 1_740, 3),
        children: progress(4, 2, 1),
        batch: progress(1_004, 741, 4),
        batch_turn: 3,
        timers_pending: 1,
        history_events: 4_579,
        history_bytes: 4_100_000,
        turns: 412,
        updated_at: ago(0),
        ..row(
            "batch-2026-11-24",
            "OrderBatch",
            OrchestrationStatus::Running,
        )
    }
}

/// An import in its third batch, of which the counters know only what was scheduled.
pub(crate) fn import_row() -> InstanceRow {
    InstanceRow {
        activities: progress(750, 620, 1),
        batch: progress(250, 120, 1),
        batch_turn: 412,
        history_events: 1_571,
        history_bytes: 310_000,
        turns: 600,
        reported: Some(ReportedProgress {
            label: "LoadPage".to_owned(),
            finished: 621,
            failed: 1,
            total: 2_000,
            batch: 3,
            batches: 8,
            by_tracker: false,
        }),
        ..row("import-1", "NightlyImport", OrchestrationStatus::Running)
    }
}

/// A migration whose progress an entity keeps; it failed.
pub(crate) fn tracked_row() -> InstanceRow {
    InstanceRow {
        failure: "TaskFailed: disk full".to_owned(),
        activities: progress(40, 30, 10),
        batch: progress(10, 0, 10),
        completed_at: ago(30),
        reported: Some(ReportedProgress {
            finished: 40,
            failed: 10,
            total: 100,
            by_tracker: true,
            ..ReportedProgress::default()
        }),
        ..row("migrate-7", "Migrate", OrchestrationStatus::Failed)
    }
}

/// Reports of all kinds, hostile ones too.
pub(crate) fn reporting_rows() -> Vec<InstanceRow> {
    let hostile = InstanceRow {
        reported: Some(ReportedProgress {
            label: "\x1b[2J名前\u{202e}".repeat(9),
            finished: u64::MAX,
            failed: u64::MAX,
            total: u64::MAX - 1,
            batch: u64::MAX,
            batches: u64::MAX,
            by_tracker: false,
        }),
        ..row("odd", "Odd", OrchestrationStatus::Suspended)
    };
    let done = InstanceRow {
        reported: Some(ReportedProgress {
            finished: 2_000,
            failed: 0,
            batch: 8,
            ..import_row().reported.expect("it reports")
        }),
        activities: progress(2_000, 2_000, 0),
        batch: progress(250, 250, 0),
        completed_at: ago(9),
        ..row("import-0", "NightlyImport", OrchestrationStatus::Completed)
    };
    vec![import_row(), tracked_row(), hostile, batch_row(), done]
}

/// The tree of an instance that reports.
pub(crate) fn reporting_tree(row: InstanceRow, custom_status: &str) -> InstanceTree {
    let mut loading = process_items();
    loading.name = "LoadPage".to_owned();
    loading.scheduled = 250;
    loading.completed = 120;
    loading.failed = 1;
    loading.queued = 121;
    InstanceTree {
        found: true,
        instance_id: row.instance_id.clone(),
        children: vec![InstanceRow {
            parent_instance_id: row.instance_id.clone(),
            ..import_row()
        }],
        children_total: 1,
        instance: Some(row),
        custom_status: text(custom_status),
        groups: vec![loading],
        history_bytes_warning: 2_000_000,
        last_turn_at: ago(0),
        ..InstanceTree::default()
    }
}

pub(crate) fn rows() -> Vec<InstanceRow> {
    let approval = InstanceRow {
        updated_at: ago(1_560),
        ..row("appr-5511", "Approval", OrchestrationStatus::Running)
    };
    let failed = InstanceRow {
        failure: "CardDeclined: insufficient funds, card 1029".to_owned(),
        activities: progress(5, 2, 1),
        batch: progress(1, 0, 1),
        completed_at: ago(41),
        ..row("chk-77120", "Checkout", OrchestrationStatus::Failed)
    };
    let pending = InstanceRow {
        scheduled_start: ago(-10_800),
        history_events: 0,
        history_bytes: 0,
        ..row("rf-90021", "Refund", OrchestrationStatus::Pending)
    };
    let done = InstanceRow {
        batch: progress(288, 288, 0),
        completed_at: ago(60),
        ..row(
            "import-2026-11-23",
            "NightlyImport",
            OrchestrationStatus::Completed,
        )
    };
    vec![
        batch_row(),
        failed,
        approval,
        pending,
        row("dev-0017", "DeviceSync", OrchestrationStatus::Suspended),
        done,
    ]
}

pub(crate) fn hub() -> HubSummary {
    let total = |status: OrchestrationStatus, count| StatusCount {
        status: status as i32,
        count,
    };
    let worker = |id: &str| ConnectedWorker {
        worker_id: id.to_owned(),
        activities_out: 8,
        activities_max: 8,
        turns_max: 20,
        ..ConnectedWorker::default()
    };
    HubSummary {
        task_hub: "default".to_owned(),
        totals: vec![
            total(OrchestrationStatus::Running, 1_204),
            total(OrchestrationStatus::Pending, 18),
            total(OrchestrationStatus::Suspended, 3),
            total(OrchestrationStatus::Failed, 14),
            total(OrchestrationStatus::Completed, 88_310),
            total(OrchestrationStatus::Terminated, 2),
        ],
        counters: Some(Counters {
            started: 90,
            ended: 80,
            activities: 4_000,
            ..Counters::default()
        }),
        rates: Some(Rates {
            started: 2.4,
            ended: 2.3,
            turns: 18.0,
            activities: 20.2,
            failures: 0.03,
        }),
        turns: Some(QueueDepth {
            waiting: 0,
            out: 2,
            ..QueueDepth::default()
        }),
        activities: Some(QueueDepth {
            waiting: 293,
            out: 16,
            oldest_waiting: ago(178),
            unserved: vec!["Refund".to_owned()],
        }),
        workers: vec![worker("w-7f21"), worker("w-02c4")],
        server_version: "0.1.0".to_owned(),
        ..HubSummary::default()
    }
}

pub(crate) fn update_with(rows: Vec<InstanceRow>, window: &InstanceWindow) -> WatchUpdate {
    WatchUpdate {
        sequence: 1,
        server_time: ago(0),
        hub: Some(hub()),
        instances: Some(InstancePage {
            window: Some(window.clone()),
            matching: u64::try_from(rows.len()).expect("a small number"),
            rows,
        }),
        tree: None,
        tree_unchanged: false,
    }
}

/// The update that answers what `model` watches now.
pub(crate) fn answer(model: &Model, rows: Vec<InstanceRow>) -> WatchUpdate {
    update_with(rows, &durascope::app::window::wanted(model).window)
}

fn text(text: &str) -> Option<Payload> {
    Some(Payload {
        text: Some(text.to_owned()),
        total_bytes: u64::try_from(text.len()).expect("a small number"),
    })
}

pub(crate) fn failure(kind: &str, message: &str) -> TaskFailureDetails {
    TaskFailureDetails {
        error_type: kind.to_owned(),
        error_message: message.to_owned(),
        stack_trace: Some("at ProcessItem.run (process_item.py:41)\nat worker.execute".to_owned()),
        ..TaskFailureDetails::default()
    }
}

fn process_items() -> TaskGroup {
    let running = |task_id, seconds, label: &str| RunningTask {
        task_id,
        label: label.to_owned(),
        since: ago(seconds),
        worker_id: "w-7f21".to_owned(),
    };
    TaskGroup {
        kind: Kind::Activity as i32,
        name: "ProcessItem".to_owned(),
        turn_first: 3,
        turn_last: 3,
        scheduled_at: ago(178),
        scheduled: 1_000,
        queued: 247,
        running: 8,
        completed: 742,
        failed: 3,
        duration_p50_ms: 1_830,
        duration_max_ms: 9_100,
        oldest_running: vec![
            running(1_014, 175, r#"{"id":"item-0014","sku":"B-99"}"#),
            running(1_744, 2, r#"{"id":"item-0744"}"#),
        ],
    }
}

pub(crate) fn tree() -> InstanceTree {
    let group = |kind: Kind, name: &str, turn, scheduled, completed, failed| TaskGroup {
        kind: kind as i32,
        name: name.to_owned(),
        turn_first: turn,
        turn_last: turn,
        scheduled,
        completed,
        failed,
        running: scheduled - completed - failed,
        duration_p50_ms: 90,
        ..TaskGroup::default()
    };
    let child = |id: &str, status| InstanceRow {
        batch: progress(5, 3, 0),
        parent_instance_id: "batch-2026-11-24".to_owned(),
        ..row(id, "ShipParcel", status)
    };
    let failures = |count, task, failure: TaskFailureDetails| FailureGroup {
        name: "ProcessItem".to_owned(),
        error_type: failure.error_type.clone(),
        count,
        last_at: ago(85),
        sample_task_id: task,
        sample: Some(failure),
    };
    InstanceTree {
        found: true,
        instance_id: "batch-2026-11-24".to_owned(),
        instance: Some(batch_row()),
        input: text(r#"{"batch":"2026-11-24","items":1000}"#),
        custom_status: text(r#"{"phase":"pricing done","percent":74}"#),
        groups: vec![
            group(Kind::Activity, "LoadManifest", 1, 1, 1, 0),
            group(Kind::Activity, "PriceItem", 2, 1_000, 1_000, 0),
            process_items(),
            group(Kind::Child, "ShipParcel", 3, 4, 2, 1),
        ],
        children: vec![
            InstanceRow {
                failure: "CarrierError: no slot for NL".to_owned(),
                ..child("ship-eu", OrchestrationStatus::Failed)
            },
            child("ship-asia", OrchestrationStatus::Running),
            child("ship-us", OrchestrationStatus::Completed),
            child("ship-uk", OrchestrationStatus::Completed),
        ],
        children_total: 4,
        failures: vec![
            failures(
                2,
                1_102,
                failure("TimeoutException", "The operation was canceled."),
            ),
            failures(
                1,
                1_391,
                failure("HttpRequestException", "503 Service Unavailable"),
            ),
        ],
        timers: vec![PendingTimer {
            timer_id: 9,
            fire_at: ago(-1_622),
        }],
        events: vec![ReceivedEvent {
            name: "PriceListChanged".to_owned(),
            count: 2,
            last_at: ago(51),
        }],
        history_bytes_warning: 10_000_000,
        last_turn_at: ago(0),
        ..InstanceTree::default()
    }
}

/// A model that shows the overview.
pub(crate) fn on_overview(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    let mut update = answer(&model, rows());
    update.tree = Some(tree());
    arrives(&mut model, update);
    model
}

/// A model that shows the fan-out.
pub(crate) fn on_instance(width: u16, height: u16, tree: InstanceTree) -> Model {
    let mut model = on_overview(width, height);
    press_key(&mut model, Code::Enter);
    let mut update = answer(&model, rows());
    update.tree = Some(tree);
    arrives(&mut model, update);
    model
}
