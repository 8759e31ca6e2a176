//! Recordings: what was written is shown again, and damaged files are refused in words.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use durascope::app::effect::Playing;
use durascope::app::effect::WatchSpec;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::format::SECOND;
use durascope::io::clock::Clock;
use durascope::io::recording::MAGIC;
use durascope::io::recording::RecordingError;
use durascope::io::recording::frame::Start;
use durascope::io::recording::play;
use durascope::io::recording::read::Recording;
use durascope::io::recording::write::Recorder;
use durascope::io::source::Sink;
use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ListEntitiesRequest;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::Task;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::read_history_request::Order;
use durascope_proto::time;
use tokio::sync::watch;

use crate::fixtures::*;

const LIVE: Link = Link::Live(Mode::Feed);

fn start() -> Start {
    Start {
        endpoint: "localhost:8080".to_owned(),
        task_hub: "default".to_owned(),
        version: "0".to_owned(),
    }
}

fn tasks(reset: bool, count: u32) -> TasksUpdate {
    TasksUpdate {
        found: true,
        reset,
        execution_id: "x".to_owned(),
        names: if reset {
            vec!["Charge".to_owned()]
        } else {
            vec![]
        },
        tasks: (0..count)
            .map(|index| Task {
                index,
                task_id: i32::try_from(index).unwrap(),
                ..Task::default()
            })
            .collect(),
        ..TasksUpdate::default()
    }
}

/// A minute: one row, then two tasks, then four and no row, then the connection is lost.
fn recorded(folder: &Path) -> PathBuf {
    let path = folder.join("session.rec");
    let (recorder, _failed) = Recorder::create(&path, start(), NOW).unwrap();
    let model = model(120, 36);
    let with = |count: usize| answer(&model, rows()[..count].to_vec());
    recorder.update(NOW, &LIVE, &with(1));
    recorder.tasks(NOW + 10 * SECOND, "a", &tasks(true, 2));
    recorder.tasks(NOW + 20 * SECOND, "a", &tasks(false, 4));
    recorder.update(NOW + 30 * SECOND, &LIVE, &with(0));
    let lost = Link::Lost {
        attempt: 2,
        reason: "gone".to_owned(),
        retry_at: 0,
    };
    recorder.link(NOW + 60 * SECOND, &lost);
    path
}

/// What is shown when the recording stands at each of these times, in seconds.
async fn stands_at(path: &Path, topic: Topic, times: &[i64]) -> Vec<Feed> {
    let recording = Recording::open(path).unwrap();
    let spec = WatchSpec {
        topic,
        ..WatchSpec::default()
    };
    let (_spec, asked) = watch::channel(spec);
    let at = |seconds: i64| Playing {
        at: seconds * SECOND,
        speed: 0,
    };
    let (orders, playing) = watch::channel(at(times[0]));
    let (feed, mut shown) = watch::channel(Feed::default());
    let sink = Sink::new(feed, Clock::start());
    let player = tokio::spawn(play::play(recording, asked, playing, sink));
    let mut out = Vec::new();
    for time in times {
        shown.mark_unchanged();
        orders.send_replace(at(*time));
        // The answer to the topic is the last that a jump tells.
        let marker = |it: &Feed| it.topic.is_some();
        shown.changed().await.unwrap();
        shown.wait_for(marker).await.unwrap();
        tokio::task::yield_now().await;
        out.push(shown.borrow_and_update().clone());
    }
    drop(orders);
    assert_eq!(player.await.unwrap(), None);
    out
}

#[tokio::test]
async fn a_recording_stands_at_any_time_as_it_was_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let topic = Topic::Tasks {
        instance_id: "a".to_owned(),
    };
    let shown = stands_at(&path, topic, &[15, 45, 60, 0, 25]).await;
    let row_count = |it: &Feed| {
        let update = &it.data.as_ref().unwrap().update;
        update.instances.as_ref().unwrap().rows.len()
    };
    let rows: Vec<_> = shown.iter().map(row_count).collect();
    assert_eq!(rows, [1, 0, 0, 1, 1]);
    let tasks: Vec<_> = shown
        .iter()
        .map(|it| match &it.topic.as_ref().unwrap().told {
            Told::Tasks(it) => Some(it.len()),
            _ => None,
        })
        .collect();
    assert_eq!(tasks, [Some(2), Some(4), Some(4), None, Some(4)]);
    assert!(matches!(shown[1].link, Link::Live(Mode::Feed)));
    assert!(matches!(&shown[2].link, Link::Lost { reason, .. } if reason == "gone"));
}

#[tokio::test]
async fn a_screen_that_was_not_recorded_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let topic = Topic::Tasks {
        instance_id: "another".to_owned(),
    };
    let shown = stands_at(&path, topic, &[45]).await;
    let Told::Refused(reason) = &shown[0].topic.as_ref().unwrap().told else {
        panic!("there is no such thing in it");
    };
    assert!(reason.contains("this recording does not have that"));
}

#[tokio::test]
async fn lists_are_found_again_in_another_size_and_a_while_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.rec");
    let (recorder, _failed) = Recorder::create(&path, start(), NOW).unwrap();
    let failures = |minutes: i64, text: &str| {
        Topic::Failures(ListFailuresRequest {
            since: Some(time::from_micros(NOW + (minutes - 60) * 60 * SECOND)),
            text: text.to_owned(),
        })
    };
    let list = |instances| {
        Told::Failures(Arc::new(FailureList {
            instances,
            ..FailureList::default()
        }))
    };
    recorder.topic(NOW, &failures(0, ""), &list(1));
    recorder.topic(NOW + SECOND, &failures(1, ""), &list(2));
    recorder.topic(NOW + SECOND, &failures(1, "card"), &list(3));
    let events = |order: Order, limit, offset| {
        Topic::History(ReadHistoryRequest {
            instance_id: "a".to_owned(),
            order: order.into(),
            limit,
            offset,
            ..ReadHistoryRequest::default()
        })
    };
    for offset in [0, 200] {
        let page = HistoryPage {
            offset,
            ..HistoryPage::default()
        };
        let asked = events(Order::NewestFirst, 100, offset);
        recorder.topic(NOW + SECOND, &asked, &Told::History(Arc::new(page)));
    }
    let entities = |entity_id: &str, limit| {
        Topic::Entities(ListEntitiesRequest {
            entity_id: entity_id.to_owned(),
            limit,
            ..ListEntitiesRequest::default()
        })
    };
    for (entity_id, matching) in [("@a@1", 4), ("@a@2", 5)] {
        let page = EntityPage {
            matching,
            ..EntityPage::default()
        };
        let asked = entities(entity_id, 100);
        recorder.topic(NOW + SECOND, &asked, &Told::Entities(Arc::new(page)));
    }
    for (topic, expected) in [
        (failures(2, ""), Some(2)),
        (failures(2, "card"), Some(3)),
        (failures(2, "nothing"), None),
        (failures(24 * 60, ""), None),
        (events(Order::NewestFirst, 160, 0), Some(0)),
        (events(Order::NewestFirst, 160, 180), Some(200)),
        (events(Order::OldestFirst, 100, 0), None),
        (entities("@a@1", 160), Some(4)),
        (entities("@a@3", 100), Some(5)),
    ] {
        let shown = stands_at(&path, topic.clone(), &[30]).await;
        let found = match &shown[0].topic.as_ref().unwrap().told {
            Told::Failures(it) => Some(it.instances),
            Told::History(it) => Some(it.offset),
            Told::Entities(it) => Some(it.matching),
            _ => None,
        };
        assert_eq!(found, expected, "{topic:?}");
    }
}

#[tokio::test]
async fn the_screen_of_a_recording_is_the_screen_of_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.rec");
    let live = on_overview(120, 36);
    let (recorder, _failed) = Recorder::create(&path, start(), NOW).unwrap();
    recorder.update(NOW, &LIVE, &live.data.as_ref().unwrap().update);
    let recording = Recording::open(&path).unwrap();
    let clock = Clock::start();
    let (_spec, asked) = watch::channel(WatchSpec::default());
    let (orders, playing) = watch::channel(play::FROM_START);
    let (feed, mut shown) = watch::channel(Feed::default());
    let player = tokio::spawn(play::play(
        recording,
        asked,
        playing,
        Sink::new(feed, clock),
    ));
    let feed = shown
        .wait_for(|it| it.data.is_some())
        .await
        .unwrap()
        .clone();
    let mut replayed = model(120, 36);
    replayed.now = feed.data.as_ref().unwrap().received_at;
    happens(&mut replayed, Event::Feed(feed));
    let body = |text: String| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(drawn(&replayed, COLOR)), body(drawn(&live, COLOR)));
    drop(orders);
    player.await.unwrap();
}

#[test]
fn a_cut_recording_is_shown_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let all = Recording::open(&path).unwrap().entries.len();
    let cut = folder.path().join("cut.rec");
    std::fs::write(&cut, &whole[..whole.len() - 3]).unwrap();
    let recording = Recording::open(&cut).unwrap();
    assert_eq!(recording.entries.len(), all - 1);
    assert_eq!(recording.length(), 30 * SECOND);
    assert_eq!(recording.start, start());
    // At whatever byte it is cut: it opens, or says why not.
    for length in 0..whole.len().min(600) {
        std::fs::write(&cut, &whole[..length]).unwrap();
        if let Err(error) = Recording::open(&cut) {
            assert!(error.to_string().contains("cut.rec"), "{error}");
        }
    }
}

#[test]
fn what_is_no_recording_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.rec");
    let open = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Recording::open(&path).unwrap_err()
    };
    assert!(matches!(open(b""), RecordingError::NotOne { .. }));
    assert!(matches!(
        open(b"{\"a\":1}\n"),
        RecordingError::NotOne { .. }
    ));
    assert!(matches!(open(MAGIC), RecordingError::Empty { .. }));
    let with = |bytes: &[u8]| [MAGIC, bytes].concat();
    for bytes in [
        with(&[0xff; 40]),
        with(&[3, 0xff, 0xff, 0xff]),
        // A frame that is longer than anything.
        with(&[0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2]),
        with(&[2, 8, 1]),
    ] {
        let error = open(&bytes);
        assert!(matches!(error, RecordingError::Damaged { .. }), "{error}");
    }
    let missing = Recording::open(&folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, RecordingError::Open { .. }));
    let refused = Recorder::create(&path, start(), NOW).unwrap_err();
    assert!(refused.to_string().contains("there is such a file already"));
}
