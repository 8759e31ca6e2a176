//! Failures: fail fast, all, outcomes and tolerances, with activities that a test holds up.

use durascope_sdk::FanOutError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::Outcomes;
use durascope_sdk::StartOptions;
use durascope_sdk::Tolerance;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerHandle;

use super::*;

type Items = Vec<String>;

const FAST: Orchestration<Items, Items> = Orchestration::named("Fast");
const FAST_CHILDREN: Orchestration<Items, Items> = Orchestration::named("FastChildren");
const CHILD: Orchestration<String, String> = Orchestration::named("Child");
const ALL: Orchestration<Items, Items> = Orchestration::named("All");
const EACH: Orchestration<Items, Outcomes<String, String>> = Orchestration::named("Each");
const MOST: Orchestration<Items, (usize, Items)> = Orchestration::named("Most");

async fn fast(ctx: OrchestrationContext, items: Items) -> Result<Items, FanOutError> {
    ctx.fan_out(&STEP, items).fail_fast().await
}

async fn fast_children(ctx: OrchestrationContext, items: Items) -> Result<Items, FanOutError> {
    ctx.fan_out(&CHILD, items)
        .child_ids("child")
        .terminate_children()
        .fail_fast()
        .await
}

async fn child(
    ctx: OrchestrationContext,
    item: String,
) -> Result<String, durascope_sdk::TaskFailed> {
    ctx.call(&STEP, item).await
}

async fn all(ctx: OrchestrationContext, items: Items) -> Result<Items, FanOutError> {
    ctx.fan_out(&STEP, items).all().await
}

async fn each(
    ctx: OrchestrationContext,
    items: Items,
) -> Result<Outcomes<String, String>, FanOutError> {
    ctx.fan_out(&STEP, items).outcomes().await
}

/// A quarter may fail.
async fn most(ctx: OrchestrationContext, items: Items) -> Result<(usize, Items), FanOutError> {
    let partial = ctx
        .fan_out(&STEP, items)
        .tolerate(Tolerance::share(0.25))
        .await?;
    Ok((partial.outcomes.len(), partial.unfinished))
}

fn worker(client: &Client, gate: &Gate, activities: usize) -> WorkerHandle {
    gate.register(Worker::builder(client))
        .orchestration(&FAST, fast)
        .orchestration(&FAST_CHILDREN, fast_children)
        .orchestration(&CHILD, child)
        .orchestration(&ALL, all)
        .orchestration(&EACH, each)
        .orchestration(&MOST, most)
        .max_concurrent_activities(activities)
        .build()
        .unwrap()
        .start()
}

#[tokio::test]
async fn fail_fast_does_not_wait_and_what_nobody_took_is_dropped() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    // One place: the first fails, the second holds it, and the others are still with the server.
    let worker = worker(&client, &gate, 1);
    let mut many = items(&["first!"]);
    many.extend((0..50).map(|item| format!("{item}?")));
    let id = client.start(&FAST, many).await.unwrap();
    let failure = end(&client, &id).await.failure.unwrap();
    assert!(
        failure
            .message
            .starts_with("1 of 51 items failed, the first is item 0"),
        "{failure}"
    );
    assert_eq!(failure.inner.unwrap().error_type, "TaskFailed");

    // The next work comes after whatever was left of it.
    gate.until_waiting(1).await;
    gate.open(100);
    let id = client.start(&FAST, items(&["last"])).await.unwrap();
    end(&client, &id).await.output::<Items>().unwrap();
    assert_eq!(gate.begun(), 3, "the first, the second, and the last");
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn fail_fast_terminates_children_that_still_run_and_all_waits_for_everything() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate, 10);
    let options = StartOptions::new().instance_id("fast");
    let some = items(&["a?", "bad!", "c?"]);
    client
        .start_with(&FAST_CHILDREN, some.clone(), options)
        .await
        .unwrap();
    // The gate is still closed.
    assert_eq!(
        end(&client, "fast").await.status,
        OrchestrationStatus::Failed
    );
    for (child, status) in [
        ("fast-child-0", OrchestrationStatus::Terminated),
        ("fast-child-1", OrchestrationStatus::Failed),
        ("fast-child-2", OrchestrationStatus::Terminated),
    ] {
        assert_eq!(end(&client, child).await.status, status, "{child}");
    }
    gate.until_waiting(2).await;
    gate.open(2);
    gate.until_waiting(0).await;

    let id = client.start(&ALL, some).await.unwrap();
    gate.until_waiting(2).await;
    assert!(!client.get(&id).await.unwrap().unwrap().status.is_terminal());
    gate.open(2);
    let failure = end(&client, &id).await.failure.unwrap();
    assert!(
        failure
            .message
            .starts_with("1 of 3 items failed, the first is item 1"),
        "{failure}"
    );
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn outcomes_are_in_order_with_item_result_or_failure() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate, 10);
    let id = client
        .start(&EACH, items(&["a", "b!", "c", "d!"]))
        .await
        .unwrap();
    let outcomes: Outcomes<String, String> = end(&client, &id).await.output().unwrap();
    let told: Vec<(usize, &str, bool)> = outcomes
        .iter()
        .map(|it| (it.index, it.item.as_str(), it.result.is_ok()))
        .collect();
    assert_eq!(
        told,
        [
            (0, "a", true),
            (1, "b!", false),
            (2, "c", true),
            (3, "d!", false)
        ]
    );
    assert_eq!(outcomes.errors_by_type(), [("Bad".to_owned(), 2)].into());
    worker.stop().await.unwrap();
}

#[tokio::test]
async fn a_tolerance_is_decided_as_soon_as_it_is_certain() {
    let emulator = Emulator::ephemeral().unwrap();
    let (client, gate) = (client(&emulator), Gate::closed());
    let worker = worker(&client, &gate, 20);
    // Two of eight may fail. The gate stays closed.
    let broken = items(&["a!", "b!", "c!", "d?", "e?", "f?", "g?", "h?"]);
    let id = client.start(&MOST, broken).await.unwrap();
    let failure = end(&client, &id).await.failure.unwrap();
    assert!(
        failure
            .message
            .starts_with("3 of 8 items failed, at most 2 may"),
        "{failure}"
    );

    let kept = items(&["a", "b", "c", "d?", "e", "f", "g", "h!"]);
    let id = client.start(&MOST, kept).await.unwrap();
    let (finished, unfinished): (usize, Items) = end(&client, &id).await.output().unwrap();
    assert!(unfinished.contains(&"d?".to_owned()), "{unfinished:?}");
    assert_eq!(finished + unfinished.len(), 8);
    gate.open(10);
    worker.stop().await.unwrap();
}
