//! What the dashboard learns beside window and tree, from the feed and from a server without one:
//! both say the same, as far as the official service tells it.

use std::sync::Arc;
use std::time::Duration;

use durascope::app::effect::WatchSpec;
use durascope::app::event::Feed;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::config::Server;
use durascope::data::tasks::Task;
use durascope::data::tasks::Tasks;
use durascope::io::clock::Clock;
use durascope::io::poll_topics;
use durascope::io::source::Sink;
use durascope::io::topics;
use durascope::io::wire::Address;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::ListEntitiesRequest;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::ListWorkRequest;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::task::State;
use durascope_sdk::ConnectOptions;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::feedless::Feedless;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A dashboard's questions without its screen.
struct Asking {
    spec: watch::Sender<WatchSpec>,
    feed: watch::Receiver<Feed>,
    asking: JoinHandle<()>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

impl Asking {
    fn of(endpoint: &str, by_feed: bool) -> Self {
        let options = ConnectOptions::new(endpoint, "default").unwrap();
        let server = Server { options };
        let hub = Address::new(&server).unwrap().lazy();
        let (spec, receiver) = watch::channel(WatchSpec::default());
        let (sender, feed) = watch::channel(Feed::default());
        let sink = Sink::new(sender, Clock::start());
        let asking = tokio::spawn(async move {
            if by_feed {
                topics::run(hub, receiver, &sink).await;
            } else {
                poll_topics::run(hub, receiver, &sink).await;
            }
        });
        Self { spec, feed, asking }
    }

    fn ask(&self, topic: &Topic) {
        let topic = topic.clone();
        self.spec.send_modify(|it| it.topic = topic);
    }

    /// The first answer to `topic` that is as expected.
    async fn answer<T>(&mut self, topic: &Topic, expected: impl Fn(&Told) -> Option<T>) -> T {
        self.ask(topic);
        let mut last = None;
        let wait = async {
            loop {
                let told = self.feed.borrow_and_update().topic.clone();
                if let Some(told) = told.filter(|it| it.topic == *topic) {
                    if let Some(it) = expected(&told.told) {
                        return it;
                    }
                    last = Some(told);
                }
                self.feed.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, wait).await;
        found.unwrap_or_else(|_| panic!("no such answer to {topic:?}; the last was {last:?}"))
    }

    async fn tasks(&mut self, id: &str, expected: impl Fn(&Tasks) -> bool) -> Tasks {
        let topic = Topic::Tasks {
            instance_id: id.to_owned(),
        };
        self.answer(&topic, |told| match told {
            Told::Tasks(tasks) if expected(tasks) => Some(tasks.clone()),
            _ => None,
        })
        .await
    }
}

fn states(tasks: &Tasks) -> Vec<State> {
    tasks.iter().map(|it| it.state).collect()
}

/// An instance with four activities, of which one has failed and was repeated, and one is out.
async fn fan_out(client: &RawClient, worker: &mut RawWorker) {
    client.start("Order", "order", None).await.unwrap();
    let item = |id: i32, key: &str| {
        let input = format!(r#"{{"id":"{key}"}}"#);
        actions::schedule(id, "Pack", Some(&input))
    };
    worker
        .answer_turn(vec![item(1, "a"), item(2, "b"), item(3, "c")])
        .await
        .unwrap();
    let first = worker.activity().await.unwrap();
    let details = TaskFailureDetails {
        error_type: "Jammed".to_owned(),
        error_message: "tray 2 is stuck".to_owned(),
        ..TaskFailureDetails::default()
    };
    client.fail_activity(&first, details).await.unwrap();
    worker.answer_turn(vec![item(4, "a")]).await.unwrap();
    worker.answer_activity("12345").await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feed_and_polling_tell_the_same_of_tasks() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let limits = GetWorkItemsRequest {
        max_concurrent_activity_work_items: 1,
        ..GetWorkItemsRequest::default()
    };
    let mut worker = RawWorker::open_with(&client, limits).await.unwrap();
    fan_out(&client, &mut worker).await;
    let door = Feedless::before(&client).await.unwrap();
    let mut watching = Asking::of(emulator.endpoint(), true);
    let mut polling = Asking::of(&door.endpoint(), false);

    let expected = [
        State::Failed,
        State::Completed,
        State::Queued,
        State::Queued,
    ];
    let polled = polling.tasks("order", |it| states(it) == expected).await;
    let expected = [
        State::Failed,
        State::Completed,
        State::Running,
        State::Queued,
    ];
    let told = watching.tasks("order", |it| states(it) == expected).await;
    assert!(told.knows_starts && !polled.knows_starts);
    assert_eq!((told.turns, polled.turns), (3, 3));
    assert_eq!(told.execution_id, polled.execution_id);
    assert_eq!(told.slots, 1);
    let second = told.get(1).unwrap();
    assert!(second.started_at.is_some() && told.worker(second).is_some());
    // What no history tells aside, each task is the same.
    for (told, polled) in told.iter().zip(polled.iter()) {
        let told = Task {
            started_at: None,
            worker: None,
            state: polled.state,
            ..told.clone()
        };
        assert_eq!(told, *polled);
    }
    let labels: Vec<(&str, u32)> = polled.iter().map(|it| (&*it.label, it.attempt)).collect();
    assert_eq!(labels, [("a", 1), ("b", 1), ("c", 1), ("a", 2)]);
    assert_eq!(&*polled.get(0).unwrap().failure, "Jammed: tray 2 is stuck");

    // Both see the next change, and the end.
    worker.answer_activity("1").await.unwrap();
    worker
        .answer_turn(vec![actions::succeed(9, "done")])
        .await
        .unwrap();
    let ended = |it: &Tasks| states(it)[2..] == [State::Completed, State::Abandoned];
    polling.tasks("order", ended).await;
    watching.tasks("order", ended).await;
    // Nobody has heard of this one.
    assert!(!polling.tasks("nobody", |_| true).await.found);
    let topic = Topic::Compare {
        left: "order".to_owned(),
        right: "nobody".to_owned(),
    };
    let pair = |told: &Told| match told {
        Told::Compare(left, right) => Some((left.len(), right.found)),
        _ => None,
    };
    assert_eq!(polling.answer(&topic, pair).await, (4, false));
    assert_eq!(watching.answer(&topic, pair).await, (4, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_feed_the_official_service_is_asked() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    let mut worker = RawWorker::open(&client).await.unwrap();
    fan_out(&client, &mut worker).await;
    for (id, page) in [("a", 17), ("b", 4711)] {
        client.start("Import", id, None).await.unwrap();
        let details = TaskFailureDetails {
            error_type: "Timeout".to_owned(),
            error_message: format!("page {page} after 60s"),
            ..TaskFailureDetails::default()
        };
        worker
            .answer_turn(vec![actions::fail(1, details)])
            .await
            .unwrap();
        client.ended(id).await.unwrap();
    }
    client.start("Count", "count", None).await.unwrap();
    let signal = actions::signal(1, "@counter@global", "add", None);
    worker.answer_turn(vec![signal]).await.unwrap();
    worker.answer_entity(Some("5"), None).await.unwrap();

    let door = Feedless::before(&client).await.unwrap();
    let mut polling = Asking::of(&door.endpoint(), false);
    let topic = Topic::History(ReadHistoryRequest {
        instance_id: "order".to_owned(),
        text: "pack".to_owned(),
        ..ReadHistoryRequest::default()
    });
    let page = |told: &Told| match told {
        Told::History(page) => Some(Arc::clone(page)),
        _ => None,
    };
    let page = polling.answer(&topic, page).await;
    let history = client.history("order").await.unwrap();
    assert_eq!(page.events, u64::try_from(history.len()).unwrap());
    // Four were scheduled, two have a result.
    assert_eq!((page.matching, page.turns, page.entries.len()), (6, 3, 6));
    let paired = page.entries.iter().filter(|it| it.pair != 0).count();
    assert_eq!(paired, 4);

    let topic = Topic::Failures(ListFailuresRequest::default());
    let list = |told: &Told| match told {
        Told::Failures(list) => Some(Arc::clone(list)),
        _ => None,
    };
    let list = polling.answer(&topic, list).await;
    assert_eq!(
        (list.instances, list.groups.len(), list.more),
        (2, 1, false)
    );
    let group = &list.groups[0];
    assert_eq!((group.name.as_str(), group.count), ("Import", 2));
    assert_eq!(group.shape, "page ‹…› after ‹…›s");

    let topic = Topic::Entities(ListEntitiesRequest::default());
    let entities = |told: &Told| match told {
        Told::Entities(page) if page.rows.iter().any(|it| it.state.is_some()) => {
            Some(Arc::clone(page))
        }
        _ => None,
    };
    let entities = polling.answer(&topic, entities).await;
    assert_eq!(entities.rows[0].entity_id, "@counter@global");
    let state = entities.rows[0].state.as_ref().unwrap();
    assert_eq!(state.text.as_deref(), Some("5"));

    let topic = Topic::Work(ListWorkRequest::default());
    let words = |told: &Told| match told {
        Told::Refused(words) => Some(words.clone()),
        _ => None,
    };
    let words = polling.answer(&topic, words).await;
    assert!(words.contains("not in the official service"), "{words}");
}
