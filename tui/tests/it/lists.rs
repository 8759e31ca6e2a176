//! The list screens: history, data, failures, entities, workers and queues, schedules.

use std::sync::Arc;

use durascope::app::action;
use durascope::app::effect::Effect;
use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::screens::entities::selected_entity;
use durascope::app::screens::failures::selected_instances;
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

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

/// The server answers what the screen on top asks.
fn tells(model: &mut Model, told: Told) -> Vec<Effect> {
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

fn polls(model: &mut Model) {
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

fn shows(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn on_tab(width: u16, height: u16, key: &str, told: Told) -> Model {
    let mut model = on_overview(width, height);
    press(&mut model, key);
    tells(&mut model, told);
    model
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|it| it.text.as_str()).collect()
}

fn event(id: i32, seconds: i64, event_type: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        timestamp: ago(seconds),
        event_type: Some(event_type),
    }
}

fn request_of(model: &Model) -> ReadHistoryRequest {
    match window::topic(model) {
        Topic::History(it) => it,
        other => panic!("{other:?}"),
    }
}

const ITEM: &str = r#"{"id":"item-0391","sku":"A-17","qty":2,"price":12.340000000000000001}"#;

/// Event `number` of a history of `3 × turns + 2` events: in each turn one result and one new
/// activity.
fn entry(number: u64) -> HistoryEntry {
    let id = i32::try_from(number).unwrap();
    let seconds = 3_600 - i64::try_from(number).unwrap();
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
            if number % 3 == 0 { id } else { -1 },
            seconds,
            event_type,
        )),
        pair,
        name: name.to_owned(),
    }
}

fn http_failure() -> TaskFailureDetails {
    TaskFailureDetails {
        inner_failure: Some(Box::new(failure(
            "SocketException",
            "Connection refused (inventory.local:8443)",
        ))),
        ..failure("HttpRequestException", "503 Service Unavailable")
    }
}

/// The answer to what the history tab asks, of `count` events.
fn history(model: &Model, count: u64) -> Told {
    let request = request_of(model);
    let mut numbers: Vec<u64> = (1..=count).collect();
    match request.order() {
        read_history_request::Order::OldestFirst => {}
        _ => numbers.reverse(),
    }
    if !request.text.is_empty() {
        numbers.retain(|it| it % 9 == 4);
    }
    let offset = usize::try_from(request.offset).unwrap();
    let limit = usize::try_from(request.limit).unwrap();
    let entries = numbers.iter().skip(offset).take(limit).map(|it| entry(*it));
    let kind = |kind: &str, events, bytes| KindSize {
        kind: kind.to_owned(),
        events,
        bytes,
    };
    Told::History(Arc::new(HistoryPage {
        found: true,
        execution_id: "6f0c".to_owned(),
        matching: u64::try_from(numbers.len()).unwrap(),
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
        offset: request.offset,
    }))
}

fn on_history(width: u16, height: u16, count: u64) -> Model {
    let mut model = on_instance(width, height, tree());
    press(&mut model, "]]]]");
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::History));
    let told = history(&model, count);
    tells(&mut model, told);
    model
}

fn number(model: &Model) -> Option<u64> {
    let instance = model.screens.top_instance().unwrap();
    instance.history.selected().map(|it| it.number)
}

fn goes(model: &mut Model, keys: &str, count: u64) {
    press(model, keys);
    let told = history(model, count);
    tells(model, told);
}

#[test]
fn history_in_all_its_states() {
    shows("history_normal", |width, height| {
        let mut model = on_history(width, height, 120);
        press(&mut model, "jjjjj");
        model
    });
    shows("history_failure", |width, height| {
        let mut model = on_history(width, height, 120);
        goes(&mut model, "/failed", 120);
        press_key(&mut model, Code::Enter);
        press_key(&mut model, Code::Tab);
        press(&mut model, "jj");
        model
    });
    shows("history_huge", |width, height| {
        on_history(width, height, 5_000_000)
    });
    shows("history_empty", |width, height| {
        on_history(width, height, 0)
    });
    shows("history_refused", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "]]]]");
        let reason = "this server does not tell that; the durascope emulator does";
        tells(&mut model, Told::Refused(reason.to_owned()));
        model
    });
    shows("history_polled", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "]]]]");
        polls(&mut model);
        model
    });
}

#[test]
fn enter_goes_to_the_scheduling_and_back_over_pages_that_are_not_loaded() {
    let mut model = on_history(80, 24, 90_001);
    assert_eq!(number(&model), Some(90_001));
    goes(&mut model, "G", 90_001);
    assert_eq!(number(&model), Some(1));
    goes(&mut model, "kkkkkk", 90_001);
    assert_eq!(number(&model), Some(7));
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(3));
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(7));
    // Under a filter, its number is no position: the filter goes.
    goes(&mut model, "/failed", 90_001);
    press_key(&mut model, Code::Enter);
    // The first answer is of the old window.
    goes(&mut model, "", 90_001);
    let failed = number(&model).unwrap();
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(failed - 4));
    assert_eq!(request_of(&model).text, "");
}

#[test]
fn the_cursor_stays_on_its_event_while_new_ones_come() {
    let mut model = on_history(80, 24, 300);
    press(&mut model, "jjj");
    assert_eq!(number(&model), Some(297));
    for count in 301..340 {
        let told = history(&model, count);
        tells(&mut model, told);
        assert_eq!(number(&model), Some(297));
    }
    let mut model = on_history(80, 24, 300);
    let told = history(&model, 310);
    tells(&mut model, told);
    assert_eq!(number(&model), Some(310), "untouched, it follows");
}

#[test]
fn pages_of_large_events_are_short_and_the_window_follows_the_cursor() {
    let mut model = on_history(80, 24, 300);
    let short = |model: &Model| match history(model, 300) {
        Told::History(page) => {
            let mut page = (*page).clone();
            page.entries.truncate(2);
            Told::History(Arc::new(page))
        }
        other => other,
    };
    for step in 0..40 {
        press(&mut model, "j");
        for _ in 0..3 {
            let told = short(&model);
            tells(&mut model, told);
        }
        assert_eq!(number(&model), Some(299 - step));
    }
}

#[test]
fn an_event_leads_to_its_item() {
    let mut model = on_history(80, 24, 300);
    goes(&mut model, "/failed", 300);
    press_key(&mut model, Code::Enter);
    press(&mut model, "I");
    let instance = model.screens.top_instance().unwrap();
    assert_eq!(instance.tab, InstanceTab::Tree);
    assert_eq!(instance.item, Some(288));
}

fn on_data(width: u16, height: u16) -> Model {
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
    tree.instance.as_mut().unwrap().parent_instance_id = "night-1".to_owned();
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

#[test]
fn data_in_all_its_states() {
    shows("data_normal", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "jjj");
        model
    });
    shows("data_end", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "G");
        model
    });
    shows("data_found", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "/needle");
        press_key(&mut model, Code::Enter);
        model
    });
    shows("data_empty", |width, height| {
        let mut tree = tree();
        tree.input = None;
        tree.custom_status = None;
        let mut model = on_instance(width, height, tree);
        press(&mut model, "[");
        model
    });
    shows("data_huge", |width, height| {
        let mut tree = tree();
        let text = format!("[{}", "[1,{\"a\":\"xxxxxxxxxxxxxxxxxxxx\"}],".repeat(2_000));
        tree.input = Some(Payload {
            text: Some(text),
            total_bytes: 80_000_000,
        });
        let mut model = on_instance(width, height, tree);
        press(&mut model, "[");
        press(&mut model, "jl");
        model
    });
}

#[test]
fn a_value_is_copied_as_sent_and_a_text_opened_whole() {
    let mut model = on_data(100, 30);
    press(&mut model, "/total");
    press_key(&mut model, Code::Enter);
    let copied = press(&mut model, "y");
    let [Effect::Copy { what, text }] = &copied[..] else {
        panic!("{copied:?}")
    };
    assert_eq!(
        (what.as_str(), text.as_str()),
        ("input/total", "12.340000000000000001")
    );
    let opened = press(&mut model, "o");
    let [Effect::View { name, text }] = &opened[..] else {
        panic!("{opened:?}")
    };
    assert_eq!(name, "input.json");
    assert!(text.starts_with("{\n  \"batch\""));
    press(&mut model, "/nowhere");
    press_key(&mut model, Code::Enter);
    assert_eq!(toasts(&model), ["“nowhere” is nowhere here"]);
    press_key(&mut model, Code::Esc);
    press(&mut model, "/night-1");
    press_key(&mut model, Code::Enter);
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "night-1");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Data));
}

fn group(error: &str, shape: &str, name: &str, count: u64, seconds: i64) -> HubFailure {
    let affected = (0..count.min(9)).map(|at| FailedInstance {
        instance_id: format!("chk-{}", 77_120 - at * 22),
        name: "Checkout".to_owned(),
        status: OrchestrationStatus::Failed as i32,
        at: ago(seconds + i64::try_from(at).unwrap() * 60),
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

fn failures() -> Told {
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

#[test]
fn failures_in_all_their_states() {
    shows("failures_normal", |width, height| {
        on_tab(width, height, "2", failures())
    });
    shows("failures_instances", |width, height| {
        let mut model = on_tab(width, height, "2", failures());
        press_key(&mut model, Code::Tab);
        press(&mut model, "j");
        model
    });
    shows("failures_sample", |width, height| {
        let mut model = on_tab(width, height, "2", failures());
        press_key(&mut model, Code::Tab);
        press_key(&mut model, Code::Tab);
        model
    });
    shows("failures_empty", |width, height| {
        on_tab(width, height, "2", Told::Failures(Arc::default()))
    });
    shows("failures_huge", |width, height| {
        let long = "SomeVeryLongNamespace.WithAnExceptionThatGoesOnAndOn".repeat(3);
        let groups = (0..200)
            .map(|at| {
                group(
                    &format!("{long}{at}"),
                    "名前 ‹…›",
                    &long,
                    u64::MAX / 400,
                    at,
                )
            })
            .collect();
        let told = Told::Failures(Arc::new(FailureList {
            groups,
            instances: u64::MAX,
            more: true,
        }));
        let mut model = on_tab(width, height, "2", told);
        press(&mut model, "G");
        model
    });
    shows("failures_refused", |width, height| {
        on_tab(width, height, "2", Told::Refused("too busy".to_owned()))
    });
    shows("failures_polled", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "2");
        polls(&mut model);
        model
    });
}

#[test]
fn the_cursor_of_the_failures_follows_its_group_and_back_restores_it() {
    let mut model = on_tab(120, 36, "2", failures());
    press(&mut model, "j");
    let Told::Failures(list) = failures() else {
        unreachable!()
    };
    let mut other = (*list).clone();
    other.groups.rotate_right(2);
    tells(&mut model, Told::Failures(Arc::new(other)));
    let view = &model.screens.failures;
    assert_eq!(view.selected().unwrap().name, "LoadPage");
    assert_eq!(selected_instances(&model).len(), 9);
    press_key(&mut model, Code::Enter);
    press(&mut model, "jj");
    let chosen = model
        .screens
        .failures
        .selected_instance()
        .unwrap()
        .instance_id
        .clone();
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, chosen);
    assert!(
        selected_instances(&model).is_empty(),
        "another screen is on top"
    );
    press_key(&mut model, Code::Esc);
    let view = &model.screens.failures;
    assert_eq!(view.selected_instance().unwrap().instance_id, chosen);
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Esc);
    assert!(model.screens.top_instance().is_none());
}

#[test]
fn the_question_of_the_failures_stays_the_same_for_a_while() {
    let mut model = on_tab(80, 24, "2", failures());
    let asked = window::topic(&model);
    model.now += 20_000_000;
    assert_eq!(window::topic(&model), asked);
    press(&mut model, "hh");
    let Topic::Failures(all) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(all.since, None);
    press(&mut model, "/card");
    let Topic::Failures(all) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(all.text, "card");
}

fn entity(id: &str, queue: u64, state: &str) -> EntityRow {
    EntityRow {
        entity_id: id.to_owned(),
        modified_at: ago(12),
        queue,
        state: Some(Payload {
            text: Some(state.to_owned()),
            total_bytes: u64::try_from(state.len()).unwrap(),
        }),
        ..EntityRow::default()
    }
}

fn entities() -> Told {
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
    }))
}

#[test]
fn entities_in_all_their_states() {
    shows("entities_normal", |width, height| {
        on_tab(width, height, "3", entities())
    });
    shows("entities_detail", |width, height| {
        let mut model = on_tab(width, height, "3", entities());
        press_key(&mut model, Code::Tab);
        press(&mut model, "j");
        model
    });
    shows("entities_empty", |width, height| {
        on_tab(width, height, "3", Told::Entities(Arc::default()))
    });
    shows("entities_huge", |width, height| {
        let long = "a-key-that-goes-on-and-on-".repeat(8);
        let rows = (0..100).map(|at| {
            let text = format!("{{\"名前\":\"{}\"}}", "x".repeat(180));
            entity(&format!("@entity@{long}{at}"), u64::MAX, &text)
        });
        let told = Told::Entities(Arc::new(EntityPage {
            matching: 1_000_000,
            offset: 0,
            rows: rows.collect(),
            detail: None,
        }));
        let mut model = on_tab(width, height, "3", told);
        press(&mut model, "jj");
        model
    });
    shows("entities_refused", |width, height| {
        on_tab(width, height, "3", Told::Refused("too busy".to_owned()))
    });
}

#[test]
fn enter_opens_who_holds_the_lock_and_sorting_asks_anew() {
    let mut model = on_tab(120, 36, "3", entities());
    assert_eq!(
        selected_entity(&model).as_deref(),
        Some("@account@acc-0017")
    );
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "transfer-991");
    assert_eq!(selected_entity(&model), None);
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Tab);
    press(&mut model, "jjj");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "transfer-992");
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Esc);
    press(&mut model, "j");
    press_key(&mut model, Code::Enter);
    assert_eq!(
        toasts(&model),
        ["no instance holds its lock; Tab goes to its state"]
    );
    press(&mut model, "ssi/cart");
    let Topic::Entities(asked) = window::topic(&model) else {
        panic!()
    };
    assert_eq!((asked.sort(), asked.reverse), (EntitySort::Modified, true));
    assert_eq!(
        (asked.text.as_str(), asked.entity_id.as_str()),
        ("cart", "@counter@global")
    );
}

fn work() -> Told {
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

#[test]
fn workers_in_all_their_states() {
    shows("work_normal", |width, height| {
        on_tab(width, height, "4", work())
    });
    shows("work_queues", |width, height| {
        let mut model = on_tab(width, height, "4", work());
        press_key(&mut model, Code::Tab);
        model
    });
    shows("work_held", |width, height| {
        let mut model = on_tab(width, height, "4", work());
        press_key(&mut model, Code::Enter);
        press(&mut model, "j");
        model
    });
    shows("work_empty", |width, height| {
        on_tab(width, height, "4", Told::Work(Arc::default()))
    });
    shows("work_huge", |width, height| {
        let Told::Work(list) = work() else {
            unreachable!()
        };
        let mut list = (*list).clone();
        for at in 0..300 {
            let mut worker = list.workers[0].clone();
            worker.worker.as_mut().unwrap().worker_id = format!("{}{at}", "worker-".repeat(20));
            list.workers.push(worker);
            let mut queue = list.queues[1].clone();
            queue.name = format!("{}{at}", "名前".repeat(20));
            list.queues.push(queue);
        }
        let mut model = on_tab(width, height, "4", Told::Work(Arc::new(list)));
        press(&mut model, "G");
        model
    });
    shows("work_polled", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "4");
        polls(&mut model);
        model
    });
}

#[test]
fn what_a_worker_holds_is_its_own_and_opens() {
    let mut model = on_tab(120, 36, "4", work());
    press(&mut model, "j");
    press_key(&mut model, Code::Enter);
    let item = model.screens.work.selected_item().unwrap();
    assert_eq!(item.task_id, 1_700);
    let Topic::Work(asked) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(asked.worker_id, "w-02c4");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "batch-2026-11-24");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.work.selected_item().unwrap().task_id, 1_700);
}

fn schedule(id: &str, status: u32, last: &str) -> EntityRow {
    let state = format!(
        r#"{{"Status":{status},"ExecutionToken":"a8","LastRunAt":{last},"NextRunAt":"2024-11-24T18:09:31+00:00","ScheduleConfiguration":{{"ScheduleId":"{id}","OrchestrationName":"NightlyImport","Interval":"00:05:00","OrchestrationInput":null,"OrchestrationInstanceId":null,"StartAt":"2024-11-01T00:00:00+00:00","EndAt":null}}}}"#
    );
    entity(&format!("@schedule@{id}"), 0, &state)
}

fn schedules() -> Told {
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
        offset: 0,
        detail: Some(rows[0].clone()),
        rows,
    }))
}

#[test]
fn schedules_in_all_their_states() {
    shows("schedules_normal", |width, height| {
        on_tab(width, height, "5", schedules())
    });
    shows("schedules_empty", |width, height| {
        on_tab(width, height, "5", Told::Entities(Arc::default()))
    });
    shows("schedules_huge", |width, height| {
        let long = "a-schedule-that-goes-on-and-on-".repeat(4);
        let rows: Vec<_> = (0..500)
            .map(|at| schedule(&format!("{long}{at}"), 1, "null"))
            .collect();
        let told = Told::Entities(Arc::new(EntityPage {
            matching: 90_000,
            rows,
            ..EntityPage::default()
        }));
        let mut model = on_tab(width, height, "5", told);
        press(&mut model, "G");
        model
    });
    shows("schedules_refused", |width, height| {
        on_tab(width, height, "5", Told::Refused("too busy".to_owned()))
    });
}

#[test]
fn a_schedule_opens_its_last_run() {
    let mut model = on_tab(120, 36, "5", schedules());
    press_key(&mut model, Code::Enter);
    let open = &model.screens.top_instance().unwrap().id;
    assert_eq!(open, "import-2024-11-24T18:04:01+00:00");
    press_key(&mut model, Code::Esc);
    press(&mut model, "/REPORTS");
    press_key(&mut model, Code::Enter);
    let view = &model.screens.schedules;
    assert_eq!(view.selected().unwrap().id, "reports");
    press_key(&mut model, Code::Enter);
    assert!(toasts(&model)[0].starts_with("it has started no instance yet"));
}

/// All of the screens, with what they are made of.
fn all() -> Vec<Model> {
    let mut models = vec![
        on_history(120, 36, 300),
        on_data(120, 36),
        on_tab(120, 36, "2", failures()),
        on_tab(120, 36, "3", entities()),
        on_tab(120, 36, "4", work()),
        on_tab(120, 36, "5", schedules()),
    ];
    for key in "2345".chars() {
        let mut empty = model(120, 36);
        press(&mut empty, &key.to_string());
        models.push(empty);
    }
    models
}

#[test]
fn no_size_and_no_key_panics() {
    for mut model in all() {
        let keys: Vec<_> = action::all()
            .filter(|it| it.is_here(&model))
            .flat_map(|it| it.keys)
            .collect();
        for _ in 0..3 {
            for width in (1..=140).step_by(13) {
                for height in (1..=50).step_by(7) {
                    happens(&mut model, Event::Resize(Size { width, height }));
                    drawn(&model, COLOR);
                }
            }
            for (width, height) in [(1, 1), (60, 15), (120, 36)] {
                happens(&mut model, Event::Resize(Size { width, height }));
                for key in &keys {
                    let mut model = model.clone();
                    happens(&mut model, Event::Key(**key));
                    drawn(&model, COLOR);
                }
            }
            press_key(&mut model, Code::Tab);
        }
    }
}

#[test]
fn nothing_of_the_data_reaches_the_screen_unescaped_and_plain_signs_are_plain() {
    let look = durascope::ui::Look {
        theme: durascope::ui::theme::Theme::Mono,
        ascii: true,
    };
    for model in all() {
        let picture = drawn(&model, look);
        assert!(!picture.contains('\x1b'));
        // The data of the fixtures has signs of its own.
        let ours = picture.replace(['‹', '›'], "");
        assert!(ours.is_ascii(), "{ours}");
    }
}

#[test]
fn idle_lists_ask_nothing_new_and_wake_once_a_second() {
    for mut model in all().into_iter().take(6) {
        model.toasts.clear();
        let data = Data {
            update: Arc::new(WatchUpdate::default()),
            received_at: model.now,
        };
        model.data.get_or_insert(data);
        happens(&mut model, Event::Wake);
        model.now += 100_000;
        happens(&mut model, Event::Wake);
        let mut now = NOW + 1_000_000;
        durascope::app::update::update(&mut model, Event::Wake, now);
        for _ in 0..10 {
            let at = model.next_wakeup().unwrap();
            assert!(at - now >= 900_000, "{:?}", model.screens.place());
            now = at;
            let effects = durascope::app::update::update(&mut model, Event::Wake, now);
            assert!(effects.is_empty(), "{effects:?}");
        }
    }
}
