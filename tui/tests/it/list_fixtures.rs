//! What the server tells the list screens.

use std::sync::Arc;

use durascope::app::effect::Effect;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::model::Model;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::topic::TopicData;
use durascope::app::window;
use durascope_proto::ExecutionStartedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorStartedEvent;
use durascope_proto::TaskCompletedEvent;
use durascope_proto::TaskFailedEvent;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::TraceContext;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor::*;

use crate::fixtures::*;

/// The server answers what the screen on top asks.
pub(crate) fn tells(model: &mut Model, told: Told) -> Vec<Effect> {
    let topic = window::topic(model);
    let data = TopicData {
        topic,
        told,
        received_at: model.now,
    };
    happens(
        model,
        Event::Feed(Feed {
            topic: Some(Arc::new(data)),
            link: Link::Live(Mode::Feed),
            data: model.data.clone(),
        }),
    )
}

pub(crate) fn polls(model: &mut Model) {
    let mode = Mode::Poll {
        loaded: 6,
        more: false,
        every_ms: 1_000,
    };
    let data = model.data.clone();
    happens(
        model,
        Event::Feed(Feed {
            topic: None,
            link: Link::Live(mode),
            data,
        }),
    );
}

pub(crate) fn on_tab(width: u16, height: u16, key: &str, told: Told) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, key);
    tells(&mut model, told);
    model
}

pub(crate) fn event(id: i32, seconds: i64, event_type: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        timestamp: ago(seconds),
        event_type: Some(event_type),
    }
}

pub(crate) fn request_of(model: &Model) -> ReadHistoryRequest {
    match window::topic(model) {
        Topic::History(it) => it,
        other => panic!("{other:?}"),
    }
}

pub(crate) const ITEM: &str =
    r#"{"id":"item-0391","sku":"A-17","qty":2,"price":12.340000000000000001}"#;

/// Event `number` of a history of `3 × turns + 2` events: in each turn one result and one new
/// activity.
pub(crate) fn entry(number: u64) -> HistoryEntry {
    let id = i32::try_from(number).expect("a small number");
    let seconds = 3_600 - i64::try_from(number).expect("a small number");
    let turn = number / 3 + 1;
    let (event_type, name, bytes, pair) = match number {
        1 => {
            let started = ExecutionStartedEvent {
                name: "OrderBatch".to_owned(),
                input: Some("{\"batch\":\"2026-11-24\"}".to_owned()),
                parent_trace_context: Some(TraceContext {
                    trace_parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                        .to_owned(),
                    ..TraceContext::default()
                }),
                ..ExecutionStartedEvent::default()
            };
            (EventType::ExecutionStarted(started), "", 180, 0)
        }
        it if it % 3 == 2 => {
            let started = OrchestratorStartedEvent {};
            (EventType::OrchestratorStarted(started), "", 14, 0)
        }
        it if it % 3 == 0 => {
            let scheduled = TaskScheduledEvent {
                name: "ProcessItem".to_owned(),
                input: Some(ITEM.to_owned()),
                ..TaskScheduledEvent::default()
            };
            (EventType::TaskScheduled(scheduled), "", 260, it + 4)
        }
        it if it % 9 == 4 => {
            let failed = TaskFailedEvent {
                task_scheduled_id: id - 4,
                failure_details: Some(http_failure()),
            };
            (EventType::TaskFailed(failed), "ProcessItem", 6_200, it - 4)
        }
        it => {
            let done = TaskCompletedEvent {
                task_scheduled_id: id - 4,
                result: Some("{\"ok\":true}".to_owned()),
            };
            (
                EventType::TaskCompleted(done),
                "ProcessItem",
                3_900,
                it.saturating_sub(4),
            )
        }
    };
    HistoryEntry {
        number,
        turn,
        bytes,
        cumulative_bytes: number * 900,
        event: Some(event(
            if number.is_multiple_of(3) { id } else { -1 },
            seconds,
            event_type,
        )),
        pair,
        name: name.to_owned(),
        run: None,
    }
}

pub(crate) fn http_failure() -> TaskFailureDetails {
    TaskFailureDetails {
        inner_failure: Some(Box::new(failure(
            "SocketException",
            "Connection refused (inventory.local:8443)",
        ))),
        ..failure("HttpRequestException", "503 Service Unavailable")
    }
}

/// The answer to what the history tab asks, of `count` events.
pub(crate) fn history(model: &Model, count: u64) -> Told {
    let request = request_of(model);
    let mut numbers: Vec<u64> = (1..=count).collect();
    match request.order() {
        read_history_request::Order::OldestFirst => {}
        _ => numbers.reverse(),
    }
    if !request.text.is_empty() {
        numbers.retain(|it| it % 9 == 4);
    }
    let limit = usize::try_from(request.limit).expect("a small number");
    let around = numbers.iter().position(|it| *it == request.around);
    let offset = match around {
        Some(at) => at.saturating_sub(limit / 2),
        None => usize::try_from(request.offset).expect("a small number"),
    };
    let entries = numbers.iter().skip(offset).take(limit).map(|it| entry(*it));
    let kind = |kind: &str, events, bytes| KindSize {
        kind: kind.to_owned(),
        events,
        bytes,
    };
    Told::History(Arc::new(HistoryPage {
        found: true,
        execution_id: "6f0c".to_owned(),
        matching: u64::try_from(numbers.len()).expect("a small number"),
        events: count,
        bytes: count * 900,
        turns: count / 3,
        entries: entries.collect(),
        kinds: vec![
            kind("TaskCompleted", count / 3, count * 600),
            kind("TaskScheduled", count / 3, count * 200),
            kind("TaskFailed", 12, count * 60),
            kind("ExecutionStarted", 1, 180),
            kind("OrchestratorStarted", count / 3, count * 4),
        ],
        replayed_events: count * count / 6,
        offset: u64::try_from(offset).expect("a small number"),
        rows: u64::try_from(numbers.len()).expect("a small number"),
    }))
}

pub(crate) fn on_history(width: u16, height: u16, count: u64) -> Model {
    let mut model = on_instance(width, height, tree());
    press(&mut model, "]]]]");
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::History));
    let told = history(&model, count);
    tells(&mut model, told);
    model
}

pub(crate) fn on_data(width: u16, height: u16) -> Model {
    let mut tree = tree();
    let input = format!(
        r#"{{"batch":"2026-11-24","total":12.340000000000000001,"dry":false,"note":null,"items":[{ITEM},{ITEM}],"deep":{{"a":{{"b":{{"c":{{"needle":[1]}}}}}}}}}}"#
    );
    tree.input = Some(Payload {
        text: Some(input),
        total_bytes: 90_000,
    });
    tree.output = Some(Payload {
        text: Some("plain text\nof two lines".to_owned()),
        total_bytes: 23,
    });
    tree.tags = [("team", "orders"), ("region", "eu\x1b[2J")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    tree.instance
        .as_mut()
        .expect("an instance")
        .parent_instance_id = "night-1".to_owned();
    let mut model = on_instance(width, height, tree);
    press(&mut model, "[");
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Data));
    let told = Told::History(Arc::new(HistoryPage {
        found: true,
        entries: vec![entry(1)],
        ..HistoryPage::default()
    }));
    tells(&mut model, told);
    model
}

pub(crate) fn group(error: &str, shape: &str, name: &str, count: u64, seconds: i64) -> HubFailure {
    let affected = (0..count.min(9)).map(|at| FailedInstance {
        instance_id: format!("chk-{}", 77_120 - at * 22),
        name: "Checkout".to_owned(),
        status: OrchestrationStatus::Failed as i32,
        at: ago(seconds + i64::try_from(at).expect("a small number") * 60),
        message: format!("insufficient funds, card {}", 1_029 + at),
        task_id: Some(7),
    });
    HubFailure {
        error_type: error.to_owned(),
        shape: shape.to_owned(),
        name: name.to_owned(),
        count,
        instances: count.min(9),
        first_at: ago(seconds + 3_000),
        last_at: ago(seconds),
        sample: Some(http_failure()),
        affected: affected.collect(),
        history: vec![0, 0, 0, 1, 0, 0, 0, 2, 5, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 9],
        ..HubFailure::default()
    }
}

pub(crate) fn failures() -> Told {
    let mut code = group(
        "NonDeterminismError",
        "expected ‹…›, found ‹…›",
        "Refund",
        3,
        1_860,
    );
    code.place = hub_failure::Place::Orchestration as i32;
    let mut child = group("CarrierError", "no slot for ‹…›", "ShipParcel", 1, 51);
    child.place = hub_failure::Place::Child as i32;
    Told::Failures(Arc::new(FailureList {
        groups: vec![
            group(
                "CardDeclined",
                "insufficient funds, card ‹…›",
                "ChargeCard",
                9,
                41,
            ),
            group(
                "TimeoutException",
                "page ‹…› after 60s",
                "LoadPage",
                1_600,
                46,
            ),
            child,
            code,
        ],
        instances: 14,
        more: false,
    }))
}

pub(crate) fn entity(id: &str, queue: u64, state: &str) -> EntityRow {
    EntityRow {
        entity_id: id.to_owned(),
        modified_at: ago(12),
        queue,
        state: Some(Payload {
            text: Some(state.to_owned()),
            total_bytes: u64::try_from(state.len()).expect("a small number"),
        }),
        ..EntityRow::default()
    }
}

pub(crate) fn entities() -> Told {
    let account = EntityRow {
        locked_by: "transfer-991".to_owned(),
        locked_since: ago(120),
        lock_waiters: vec!["transfer-992".to_owned(), "transfer-993".to_owned()],
        operations: ["Add", "Add", "Get"].map(str::to_owned).to_vec(),
        oldest_waiting: ago(90),
        batch_worker: "w-02c4".to_owned(),
        batch_since: ago(1),
        ..entity(
            "@account@acc-0017",
            3,
            r#"{"balance":120.50,"currency":"EUR"}"#,
        )
    };
    Told::Entities(Arc::new(EntityPage {
        matching: 212,
        offset: 0,
        rows: vec![
            account.clone(),
            entity("@counter@global", 14, "88310"),
            entity("@cart@user-8812", 0, r#"{"items":[]}"#),
        ],
        detail: Some(account),
        detail_at: 0,
    }))
}

pub(crate) fn work() -> Told {
    let worker = |id: &str, out, activities: &[&str]| WorkerRow {
        worker: Some(ConnectedWorker {
            worker_id: id.to_owned(),
            connected_at: ago(1_080),
            turns_out: 1,
            turns_max: 20,
            activities_out: out,
            activities_max: 8,
            ..ConnectedWorker::default()
        }),
        peer: "127.0.0.1:51344".to_owned(),
        activities: activities.iter().map(|it| (*it).to_owned()).collect(),
        answered: 4_211,
        ..WorkerRow::default()
    };
    let queue = |kind: WorkKind, name: &str, waiting, served: u32| QueueRow {
        kind: kind as i32,
        name: name.to_owned(),
        waiting,
        out: 8,
        oldest_waiting: ago(14),
        served: served > 0,
        workers: served,
        ..QueueRow::default()
    };
    let held = |worker: &str, task, seconds| HeldItem {
        kind: WorkKind::Activity as i32,
        name: "ProcessItem".to_owned(),
        instance_id: "batch-2026-11-24".to_owned(),
        task_id: task,
        worker_id: worker.to_owned(),
        since: ago(seconds),
    };
    Told::Work(Arc::new(WorkList {
        queues: vec![
            queue(WorkKind::Activity, "ProcessItem", 250, 1),
            queue(WorkKind::Turn, "Refund", 18, 0),
            queue(WorkKind::Entity, "counter", 0, 2),
        ],
        workers: vec![
            worker("w-7f21", 8, &["ProcessItem", "LoadPage"]),
            worker("w-02c4", 3, &["LoadPage"]),
        ],
        held: vec![
            held("w-7f21", 1_014, 175),
            held("w-02c4", 1_700, 90),
            held("w-7f21", 1_744, 2),
        ],
        notes: vec![
            WorkerNote {
                at: ago(140),
                worker_id: "w-02c4".to_owned(),
                peer: "127.0.0.1:51390".to_owned(),
                text: "connected".to_owned(),
            },
            WorkerNote {
                at: ago(144),
                worker_id: "w-02bb".to_owned(),
                peer: "127.0.0.1:51344".to_owned(),
                text: "gone: stream ended; 5 work items given back".to_owned(),
            },
        ],
    }))
}

pub(crate) fn schedule(id: &str, status: u32, last: &str) -> EntityRow {
    let state = format!(
        r#"{{"Status":{status},"ExecutionToken":"a8","LastRunAt":{last},"NextRunAt":"2024-11-24T18:09:31+00:00","ScheduleConfiguration":{{"ScheduleId":"{id}","OrchestrationName":"NightlyImport","Interval":"00:05:00","OrchestrationInput":null,"OrchestrationInstanceId":null,"StartAt":"2024-11-01T00:00:00+00:00","EndAt":null}}}}"#
    );
    entity(&format!("@schedule@{id}"), 0, &state)
}

pub(crate) fn schedules() -> Told {
    let rows = vec![
        schedule("import", 1, "\"2024-11-24T18:04:01+00:00\""),
        schedule("reports", 2, "null"),
        EntityRow {
            state: None,
            ..entity("@schedule@odd", 0, "")
        },
    ];
    Told::Entities(Arc::new(EntityPage {
        matching: 3,
        detail: Some(rows[0].clone()),
        rows,
        ..EntityPage::default()
    }))
}
