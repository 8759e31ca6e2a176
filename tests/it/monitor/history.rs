//! ReadHistory: pages by position and by size, and what the events belong to.

use durascope_proto::history_event::EventType;
use durascope_proto::monitor::HistoryEntry;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::read_history_request::Order;
use durascope_tests::actions;
use durascope_tests::entities;
use durascope_tests::events;
use tonic::Code;

use super::Stage;
use super::asked;

async fn read(stage: &Stage, request: ReadHistoryRequest) -> HistoryPage {
    let page = stage.monitor.clone().read_history(asked(request)).await;
    page.unwrap().into_inner()
}

fn of(id: &str, order: Order) -> ReadHistoryRequest {
    ReadHistoryRequest {
        instance_id: id.to_owned(),
        order: order.into(),
        ..ReadHistoryRequest::default()
    }
}

fn numbers(page: &HistoryPage) -> Vec<u64> {
    page.entries.iter().map(|it| it.number).collect()
}

fn kind(entry: &HistoryEntry) -> String {
    events::kind(entry.event.as_ref().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_show_each_event_with_its_turn_size_and_counterpart() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage
        .client
        .start("Order", "order", Some("1"))
        .await
        .unwrap();
    let large = "x".repeat(100_000);
    let first = vec![
        actions::schedule(0, "Charge", Some(&large)),
        actions::schedule(1, "Ship", None),
    ];
    worker.answer_turn(first).await.unwrap();
    let charge = worker.activity().await.unwrap();
    let details = entities::details("declined");
    stage.client.fail_activity(&charge, details).await.unwrap();
    worker
        .answer_turn(vec![actions::timer(2, 1_000_000)])
        .await
        .unwrap();
    worker.answer_turn(vec![]).await.unwrap();

    let whole = stage.client.history("order").await.unwrap();
    let page = read(&stage, of("order", Order::OldestFirst)).await;
    assert!(page.found);
    assert_eq!(page.events, whole.len() as u64);
    assert_eq!(page.matching, page.events);
    assert_eq!(page.turns, 3);
    assert_eq!(numbers(&page), (1..=page.events).collect::<Vec<_>>());
    let kinds: Vec<String> = page.entries.iter().map(kind).collect();
    assert_eq!(kinds, events::kinds(&whole));
    let find = |of: &str| page.entries.iter().find(|it| kind(it) == of).unwrap();
    let (scheduled, failed) = (find("TaskScheduled"), find("TaskFailed"));
    assert_eq!((scheduled.name.as_str(), scheduled.turn), ("Charge", 1));
    assert_eq!((failed.name.as_str(), failed.turn), ("Charge", 2));
    assert_eq!(
        (scheduled.pair, failed.pair),
        (failed.number, scheduled.number)
    );
    let (created, fired) = (find("TimerCreated"), find("TimerFired"));
    assert_eq!((created.pair, fired.pair), (fired.number, created.number));
    assert_eq!(fired.turn, 3);
    let ship = page.entries.iter().find(|it| it.name == "Ship").unwrap();
    assert_eq!(ship.pair, 0);

    // Sizes are of what is stored; what is shown is cut.
    assert!(scheduled.bytes > 100_000);
    let Some(EventType::TaskScheduled(task)) = &scheduled.event.as_ref().unwrap().event_type else {
        panic!("{scheduled:?}")
    };
    assert_eq!(task.input.as_ref().unwrap().len(), 64 * 1024);
    let sum: u64 = page.entries.iter().map(|it| u64::from(it.bytes)).sum();
    assert_eq!(
        (page.bytes, page.entries.last().unwrap().cumulative_bytes),
        (sum, sum)
    );
    assert_eq!(page.kinds[0].kind, "TaskScheduled");
    assert_eq!(page.kinds[0].events, 2);
    // Each turn after the first has read again what was there before it.
    let started = page
        .entries
        .iter()
        .filter(|it| kind(it) == "OrchestratorStarted");
    let replayed: u64 = started.map(|it| it.number - 1).sum();
    assert_eq!(page.replayed_events, replayed);

    let newest = ReadHistoryRequest {
        offset: 1,
        limit: 2,
        ..of("order", Order::NewestFirst)
    };
    let page_two = read(&stage, newest).await;
    assert_eq!(numbers(&page_two), [page.events - 1, page.events - 2]);
    assert_eq!(page_two.offset, 1);
    let largest = ReadHistoryRequest {
        limit: 1,
        ..of("order", Order::LargestFirst)
    };
    assert_eq!(numbers(&read(&stage, largest).await), [scheduled.number]);
    // By the name of what was scheduled, for its result too, and by kind.
    for (text, expected) in [
        ("charge", vec![scheduled.number, failed.number]),
        ("TIMERF", vec![fired.number]),
        ("%", vec![]),
    ] {
        let request = ReadHistoryRequest {
            text: text.to_owned(),
            ..of("order", Order::OldestFirst)
        };
        let page = read(&stage, request).await;
        assert_eq!(numbers(&page), expected, "{text}");
        assert_eq!(page.matching, expected.len() as u64, "{text}");
    }

    // Two are no run; three would be one entry.
    let folded = ReadHistoryRequest {
        fold_runs: true,
        ..of("order", Order::OldestFirst)
    };
    let folded = read(&stage, folded).await;
    assert_eq!(
        (folded.rows, numbers(&folded)),
        (page.events, numbers(&page))
    );

    // What comes later is added to the index.
    stage.client.raise("order", "Go", None).await.unwrap();
    worker.answer_turn(vec![]).await.unwrap();
    let later = read(&stage, of("order", Order::NewestFirst)).await;
    assert!(later.events > page.events && later.turns == 4);
    assert!(
        later
            .entries
            .iter()
            .any(|it| it.name == "Go" && kind(it) == "EventRaised")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_of_large_events_fits_a_message_and_the_rest_comes_with_the_next() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Order", "order", None).await.unwrap();
    let large = "x".repeat(50_000);
    let hundred = (0..80).map(|id| actions::schedule(id, "Work", Some(&large)));
    worker.answer_turn(hundred.collect()).await.unwrap();
    let mut all = Vec::new();
    loop {
        let request = ReadHistoryRequest {
            offset: all.len() as u64,
            limit: 1_000,
            ..of("order", Order::LargestFirst)
        };
        // The client's limit is the common one of 4 MiB.
        let page = read(&stage, request).await;
        if page.entries.is_empty() {
            assert_eq!(all.len() as u64, page.matching);
            break;
        }
        all.extend(numbers(&page));
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 82, "each event once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_instances_are_not_found_and_long_texts_refused() {
    let stage = Stage::new().await;
    let page = read(&stage, of("nobody", Order::OldestFirst)).await;
    assert_eq!(page, HistoryPage::default());
    let request = ReadHistoryRequest {
        text: "x".repeat(3_000),
        ..of("nobody", Order::OldestFirst)
    };
    let refused = stage.monitor.clone().read_history(request).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused
            .message()
            .contains("text has 3000 bytes, limit 2048")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_execution_has_a_history_of_its_own() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Loop", "loop", None).await.unwrap();
    let naps = vec![actions::schedule(0, "First", None)];
    worker.answer_turn(naps).await.unwrap();
    let before = read(&stage, of("loop", Order::OldestFirst)).await;
    assert!(before.entries.iter().any(|it| it.name == "First"));
    worker.answer_activity("1").await.unwrap();
    let again = vec![actions::continue_as_new(1, "2", vec![])];
    worker.answer_turn(again).await.unwrap();
    let second = vec![actions::schedule(0, "Second", None)];
    worker.answer_turn(second).await.unwrap();
    let after = read(&stage, of("loop", Order::OldestFirst)).await;
    assert_ne!(before.execution_id, after.execution_id);
    assert!(after.entries.iter().all(|it| it.name != "First"));
    assert!(after.entries.iter().any(|it| it.name == "Second"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_out_is_one_entry_until_it_is_unfolded() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    stage.client.start("Fan", "fan", None).await.unwrap();
    let many = (0..500).map(|id| actions::schedule(id, "Item", Some("1")));
    worker.answer_turn(many.collect()).await.unwrap();

    let asked = |unfolded: Vec<u64>| ReadHistoryRequest {
        fold_runs: true,
        unfolded,
        ..of("fan", Order::OldestFirst)
    };
    let page = read(&stage, asked(Vec::new())).await;
    let run = |page: &HistoryPage| {
        let found = page
            .entries
            .iter()
            .find_map(|it| Some((it.clone(), it.run?)));
        found.unwrap()
    };
    let (entry, all) = run(&page);
    assert_eq!((all.events, all.folded, all.last_id), (500, true, 499));
    assert_eq!((entry.number, entry.name.as_str()), (all.first, "Item"));
    assert_eq!((page.rows, page.matching), (page.events - 499, page.events));
    let whole = read(&stage, of("fan", Order::OldestFirst)).await;
    let before: u64 = whole
        .entries
        .iter()
        .filter(|it| it.number < all.first)
        .map(|it| u64::from(it.bytes))
        .sum();
    assert_eq!(entry.cumulative_bytes, before + all.bytes);

    let page = read(&stage, asked(vec![all.first])).await;
    assert_eq!(page.rows, page.events);
    assert!(!run(&page).1.folded);

    // The page around an event, wherever it is.
    let number = all.first + 400;
    let around = ReadHistoryRequest {
        around: number,
        limit: 10,
        ..asked(vec![all.first])
    };
    let page = read(&stage, around).await;
    assert!(numbers(&page).contains(&number), "{:?}", numbers(&page));
    assert_eq!(page.offset, number - 1 - 5);
    let refused = stage
        .monitor
        .clone()
        .read_history(super::asked(asked(vec![1; 257])))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
}
