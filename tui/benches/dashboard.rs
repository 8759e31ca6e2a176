//! The dashboard alone: a history folded to its tree, an update taken, tasks taken, screens drawn.
//!
//! `cargo bench -p durascope --bench dashboard`

use std::hint::black_box;
use std::sync::Arc;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Key;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::event::Size;
use durascope::app::look::Theme;
use durascope::app::model::Model;
use durascope::app::model::Settings;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::topic::TopicData;
use durascope::app::update::update;
use durascope::app::window;
use durascope::data::fold;
use durascope::data::tasks::Tasks;
use durascope::format::Micros;
use durascope::format::SECOND;
use durascope::ui;
use durascope::ui::Look;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus;
use durascope_proto::TaskCompletedEvent;
use durascope_proto::TaskScheduledEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::Progress;
use durascope_proto::monitor::Task;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::task::State;
use durascope_proto::time;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const NOW: Micros = 1_732_471_471 * SECOND;
const ACTIVITIES: i32 = 100_000;
/// In the hub, and of them in the window.
const INSTANCES: u64 = 100_000;
const ROWS: i64 = 200;
const SCREEN: (u16, u16) = (200, 50);
const LOOK: Look = Look {
    theme: Theme::Color,
    ascii: false,
};

/// A fan-out of which the odd ones are done.
fn history() -> Vec<HistoryEvent> {
    let event = |event_id, event_type| HistoryEvent {
        event_id,
        timestamp: Some(time::from_micros(NOW)),
        event_type: Some(event_type),
    };
    let scheduled = (1..=ACTIVITIES).map(|id| {
        let scheduled = TaskScheduledEvent {
            name: "Echo".to_owned(),
            ..TaskScheduledEvent::default()
        };
        event(id, EventType::TaskScheduled(scheduled))
    });
    let completed = (1..=ACTIVITIES).step_by(2).map(|id| {
        let completed = TaskCompletedEvent {
            task_scheduled_id: id,
            result: None,
        };
        event(-1, EventType::TaskCompleted(completed))
    });
    scheduled.chain(completed).collect()
}

fn row(number: i64) -> InstanceRow {
    let at = Some(time::from_micros(NOW - number * SECOND));
    InstanceRow {
        instance_id: format!("instance-{number:04}"),
        execution_id: "6f0c".repeat(8),
        name: "FanOut".to_owned(),
        status: OrchestrationStatus::Running as i32,
        created_at: at,
        updated_at: at,
        history_events: 12,
        history_bytes: 2_400,
        turns: 3,
        activities: Some(Progress {
            scheduled: 1_000,
            completed: number.unsigned_abs(),
            ..Progress::default()
        }),
        ..InstanceRow::default()
    }
}

fn model() -> Model {
    let settings = Settings {
        endpoint: "localhost:8080".to_owned(),
        url: "http://localhost:8080".to_owned(),
        task_hub: "default".to_owned(),
        read_only: false,
    };
    let (width, height) = SCREEN;
    Model::new(settings, Size { width, height }, NOW)
}

fn news(model: &Model, tree: Option<&InstanceTree>) -> Event {
    let update = WatchUpdate {
        sequence: 1,
        hub: Some(HubSummary::default()),
        instances: Some(InstancePage {
            window: Some(window::wanted(model).window),
            matching: INSTANCES,
            rows: (0..ROWS).map(row).collect(),
        }),
        tree: tree.cloned(),
        ..WatchUpdate::default()
    };
    Event::Feed(Feed {
        link: Link::Live(Mode::Feed),
        data: Some(Data {
            update: Arc::new(update),
            received_at: NOW,
        }),
        topic: None,
    })
}

fn dashboard(criterion: &mut Criterion) {
    let history = history();
    let mut group = criterion.benchmark_group("dashboard");
    group.sample_size(20);
    group.bench_function("100,000 activities are folded to a tree", |bencher| {
        bencher.iter(|| fold::tree(row(0), &history));
    });

    let tree = fold::tree(row(0), &history);
    let mut list = model();
    let first = news(&list, None);
    update(&mut list, first, NOW);
    group.bench_function("an update of 200 rows is taken", |bencher| {
        bencher.iter_batched(
            || news(&list, None),
            |event| update(&mut model(), event, NOW),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("a list of 100,000 is drawn, 200x50", |bencher| {
        bencher.iter(|| draw(&list))
    });
    group.bench_function("a key moves in it, and it is drawn", |bencher| {
        let mut model = list.clone();
        let mut keys = ['j', 'k'].into_iter().cycle();
        bencher.iter(|| {
            let key = keys.next().map_or(Key::plain(Code::Enter), Key::char);
            update(&mut model, Event::Key(key), NOW);
            draw(&model);
        });
    });

    let mut instance = list;
    update(&mut instance, Event::Key(Key::plain(Code::Enter)), NOW);
    let shown = news(&instance, Some(&tree));
    update(&mut instance, shown, NOW);
    group.bench_function("a tree of 100,000 activities is drawn, 200x50", |bencher| {
        bencher.iter(|| draw(&instance));
    });
    group.finish();
}

fn draw(model: &Model) {
    let (width, height) = SCREEN;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    ui::view(model, LOOK, &mut buffer);
    black_box(buffer);
}

/// 100,000 tasks, of which the odd ones are done and `last` ended in its own way.
fn tasks(last: State) -> Tasks {
    let mut tasks = Tasks::new(true);
    let at = NOW / 1_000;
    let told = (0..ACTIVITIES.unsigned_abs()).map(|index| {
        let is_last = index + 1 == ACTIVITIES.unsigned_abs();
        let state = match index % 2 {
            _ if is_last => last,
            0 => State::Completed,
            _ => State::Queued,
        };
        Task {
            index,
            state: state as i32,
            task_id: index.cast_signed() + 1,
            turn: 1,
            scheduled_at: at - 60_000,
            started_at: at - 50_000,
            finished_at: at - 40_000 + i64::from(index % 1_000),
            ..Task::default()
        }
    });
    tasks.apply(TasksUpdate {
        found: true,
        reset: true,
        execution_id: "6f0c".repeat(8),
        names: vec!["Echo".to_owned()],
        tasks: told.collect(),
        turns: 1,
        slots: 100,
        ..TasksUpdate::default()
    });
    tasks
}

/// What each tab of an instance derives from new tasks, and draws of them.
fn views(criterion: &mut Criterion) {
    let tree = fold::tree(row(0), &history());
    let pair = [tasks(State::Completed), tasks(State::Failed)];
    let mut group = criterion.benchmark_group("views of 100,000 tasks");
    group.sample_size(20);
    let mut model = model();
    let first = news(&model, None);
    update(&mut model, first, NOW);
    update(&mut model, Event::Key(Key::plain(Code::Enter)), NOW);
    let shown = news(&model, Some(&tree));
    update(&mut model, shown, NOW);
    for tab in ["tree", "grid", "batches", "timeline"] {
        let mut turn = 0;
        group.bench_function(format!("{tab}: new tasks are taken"), |bencher| {
            bencher.iter(|| {
                turn += 1;
                let event = told(&model, &pair[turn % 2]);
                update(&mut model, event, NOW);
            });
        });
        group.bench_function(format!("{tab}: drawn, 200x50"), |bencher| {
            bencher.iter(|| draw(&model));
        });
        update(&mut model, Event::Key(Key::char(']')), NOW);
    }
    for tab in ["history", "data"] {
        group.bench_function(format!("{tab}: a page is taken"), |bencher| {
            bencher.iter(|| {
                let event = answered(&model, page(&model));
                update(&mut model, event, NOW);
            });
        });
        group.bench_function(format!("{tab}: drawn, 200x50"), |bencher| {
            bencher.iter(|| draw(&model));
        });
        update(&mut model, Event::Key(Key::char(']')), NOW);
    }
    group.finish();
}

/// The events that the screen asks for, of as many as such an instance has.
fn page(model: &Model) -> Told {
    let Topic::History(request) = window::topic(model) else {
        return Told::Refused("the screen asks for something else".to_owned());
    };
    let all = u64::try_from(2 * ACTIVITIES).unwrap_or(0);
    let entry = |number: u64| HistoryEntry {
        number,
        turn: 1,
        bytes: 60,
        cumulative_bytes: number * 60,
        event: Some(HistoryEvent {
            event_id: -1,
            timestamp: Some(time::from_micros(NOW)),
            event_type: Some(EventType::TaskCompleted(TaskCompletedEvent {
                task_scheduled_id: 1,
                result: Some("1".to_owned()),
            })),
        }),
        pair: 1,
        name: "Echo".to_owned(),
        ..HistoryEntry::default()
    };
    Told::History(Arc::new(HistoryPage {
        found: true,
        execution_id: "6f0c".repeat(8),
        matching: all,
        events: all,
        bytes: all * 60,
        turns: 1,
        entries: (0..u64::from(request.limit))
            .map(|it| entry(all - it))
            .collect(),
        ..HistoryPage::default()
    }))
}

fn told(model: &Model, tasks: &Tasks) -> Event {
    answered(model, Told::Tasks(tasks.clone()))
}

/// The answer to what the screen asks.
fn answered(model: &Model, told: Told) -> Event {
    Event::Feed(Feed {
        link: Link::Live(Mode::Feed),
        data: model.data.clone(),
        topic: Some(Arc::new(TopicData {
            topic: window::topic(model),
            told,
            received_at: NOW,
        })),
    })
}

criterion_group!(benches, dashboard, views);
criterion_main!(benches);
