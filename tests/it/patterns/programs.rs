//! The programs of the patterns, as they are: each ends as its catalogue entry says.

use durascope_patterns::CATALOG;
use durascope_patterns::chunks;
use durascope_patterns::chunks::Totals;
use durascope_patterns::history_budget;
use durascope_patterns::history_budget::Backlog;
use durascope_patterns::map_reduce;
use durascope_patterns::parallel;
use durascope_patterns::progress;
use durascope_patterns::sub_orchestrations;
use durascope_patterns::sum;
use durascope_sdk::StartOptions;
use durascope_sdk::Worker;
use durascope_sdk::progress::PROGRESS_TRACKER;
use durascope_sdk::progress::Progress;
use serde_json::json;

use super::*;

#[tokio::test]
async fn every_program_ends_as_its_entry_says() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = durascope_patterns::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let mut started = Vec::new();
    for pattern in CATALOG {
        let input = (pattern.input)();
        let options = StartOptions::new().instance_id(pattern.name);
        started.push(
            client
                .start_by_name(pattern.orchestration, input, options)
                .await
                .unwrap(),
        );
    }
    for (pattern, id) in CATALOG.iter().zip(started) {
        let state = end(&client, &id).await;
        assert_eq!(state.status, pattern.ends, "{id}: {:?}", state.failure);
    }
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn ten_thousand_items_are_one_turn_and_come_back_in_order() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = parallel::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let id = client.start(&parallel::PARALLEL, 10_000).await.unwrap();
    let results: Vec<u64> = end(&client, &id).await.output().unwrap();
    assert!(results.iter().copied().eq((0..10_000).map(|item| item * 2)));

    let events = events(&client, &id).await;
    let is_turn =
        |it: &HistoryEvent| matches!(it.event_type, Some(EventType::OrchestratorStarted(_)));
    let second = events.iter().skip(1).position(is_turn).unwrap();
    assert_eq!(count(&events[..=second], is_scheduled), 10_000);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn children_have_their_parents_name_and_an_id_that_is_too_long_starts_nothing() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = sub_orchestrations::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let start = |id: String| {
        let orders = [("tea", 2), ("bread", 0), ("salt", 1)].map(|(article, count)| {
            sub_orchestrations::Order {
                article: article.to_owned(),
                count,
            }
        });
        let options = StartOptions::new().instance_id(id);
        client.start_with(&sub_orchestrations::ORDERS, orders.into(), options)
    };
    let id = start("monday".to_owned()).await.unwrap();
    let shipped: sub_orchestrations::Shipped = end(&client, &id).await.output().unwrap();
    assert_eq!((shipped.successful, shipped.failed), (2, 1));
    for child in ["monday-order-0", "monday-order-1", "monday-order-2"] {
        let state = client.get(child).await.unwrap().unwrap();
        assert_eq!(
            state.parent_instance_id.as_deref(),
            Some("monday"),
            "{child}"
        );
    }

    let id = start("x".repeat(95)).await.unwrap();
    let failure = end(&client, &id).await.failure.unwrap();
    assert!(
        failure.message.contains("has 103 characters, limit 100"),
        "{failure}"
    );
    let events = events(&client, &id).await;
    assert_eq!(
        count(&events, |it| matches!(
            it,
            EventType::SubOrchestrationInstanceCreated(_)
        )),
        0
    );
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_sum_is_exact_and_one_out_of_range_is_a_failure_that_names_the_item() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = sum::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let total = |lines: serde_json::Value| {
        let (client, name) = (client.clone(), sum::INVOICE.name());
        async move {
            let id = client
                .start_by_name(name, lines, StartOptions::new())
                .await
                .unwrap();
            end(&client, &id).await
        }
    };
    let cents = json!([{"price": "0.1", "count": 1}, {"price": "0.2", "count": 1}]);
    assert_eq!(total(cents).await.raw_output.as_deref(), Some("\"0.3\""));
    let max = "79228162514264337593543950335";
    let much = json!([{"price": max, "count": 1}, {"price": max, "count": 1}]);
    let failure = total(much).await.failure.unwrap();
    assert!(
        failure.message.contains("out of range at item 1"),
        "{failure}"
    );
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_reduce_tree_leaves_the_odd_one_alone() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = map_reduce::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let pages: Vec<String> = (0..5).map(|page| format!("a b{page}")).collect();
    let id = client.start(&map_reduce::WORD_COUNT, pages).await.unwrap();
    let counts: std::collections::BTreeMap<String, u64> = end(&client, &id).await.output().unwrap();
    assert_eq!((counts["a"], counts.len()), (5, 6));
    // Five pages, four of them merged, then that with the fifth.
    let events = events(&client, &id).await;
    assert_eq!(count(&events, is_scheduled), 5 + 1 + 1);
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn chunks_and_generations_keep_their_histories_small() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = chunks::register(history_budget::register(Worker::builder(&client)));
    let worker = worker.build().unwrap().start();
    let id = client.start(&chunks::DATASET, 2_500).await.unwrap();
    let totals: Totals = end(&client, &id).await.output().unwrap();
    assert_eq!(totals.rows, 2_500);
    for (instance, most) in [(id.clone(), 30), (format!("{id}-chunk-0"), 3_003)] {
        let events = events(&client, &instance).await.len();
        assert!(events <= most, "{instance} has {events} events");
    }

    let backlog = Backlog {
        next: 0,
        end: 1_000,
        total: 0,
        budget: 300,
    };
    let id = client
        .start(&history_budget::BACKLOG, backlog)
        .await
        .unwrap();
    let total: u64 = end(&client, &id).await.output().unwrap();
    assert_eq!(total, (0..1_000).map(|entry| entry % 3).sum::<u64>());
    let events = events(&client, &id).await.len();
    // The budget, and what one more slice may add.
    assert!(
        events <= 300 + 3 * 50 + 3,
        "the last generation has {events} events"
    );
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_tracker_knows_the_progress_and_the_history_does_not_double() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = client(&emulator);
    let worker = progress::register(Worker::builder(&client))
        .build()
        .unwrap()
        .start();
    let id = client.start(&progress::PRINT_LABELS, 500).await.unwrap();
    assert_eq!(end(&client, &id).await.output::<usize>().unwrap(), 500);

    let tracker = PROGRESS_TRACKER.id(&id);
    let begun = std::time::Instant::now();
    let seen = loop {
        let entity = client.get_entity(&tracker).await.unwrap();
        let state = entity.and_then(|it| it.state::<Progress>().unwrap());
        match state {
            Some(state) if state.processed == 500 => break state,
            // Signals are not waited for.
            _ => assert!(begun.elapsed() < DEADLINE),
        }
    };
    assert_eq!((seen.total, seen.failed), (500, 0));
    let events = events(&client, &id).await;
    let signals = count(&events, |it| {
        matches!(it, EventType::EntityOperationSignaled(_))
    });
    assert!(
        (2..=102).contains(&signals),
        "{signals} signals for 500 items"
    );
    worker.stop().await.unwrap();
}
