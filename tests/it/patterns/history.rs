//! Sizes of histories: what an orchestration is told, what the server has, what a budget bounds.

use durascope_sdk::FanOutError;
use durascope_sdk::HistoryBudget;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::Worker;
use prost::Message;

use super::*;

const ROUNDS: usize = 3;
const ITEMS: usize = 20;
const BUDGET: u64 = 100;

/// Events and bytes.
type Size = (u64, u64);
/// What is next, and the events at the begin and at the end of each generation so far.
type Generations = (usize, Vec<(u64, u64)>);

const SIZES: Orchestration<(), Vec<Size>> = Orchestration::named("Sizes");
const GENERATIONS: Orchestration<Generations, Vec<(u64, u64)>> =
    Orchestration::named("Generations");

fn some_items() -> impl Iterator<Item = String> {
    // Of several lengths, some with a prefix of two bytes.
    (0..ITEMS).map(|item| "x".repeat(item * 20))
}

async fn sizes(ctx: OrchestrationContext, (): ()) -> Result<Vec<Size>, FanOutError> {
    let mut sizes = Vec::new();
    for _ in 0..ROUNDS {
        ctx.fan_out(&STEP, some_items())
            .concurrency(5)
            .all()
            .await?;
        let size = ctx.history_size();
        sizes.push((size.events, size.bytes));
    }
    Ok(sizes)
}

async fn generations(
    ctx: OrchestrationContext,
    (mut next, mut seen): Generations,
) -> Result<Vec<(u64, u64)>, OrchestrationError> {
    let begin = ctx.history_size().events;
    while next < 20 {
        ctx.fan_out(&STEP, some_items()).all().await?;
        next += 1;
        let size = ctx.history_size();
        if size.exceeds(HistoryBudget::events(BUDGET)) {
            seen.push((begin, size.events));
            return ctx.continue_as_new((next, seen));
        }
    }
    Ok(seen)
}

/// Kept in memory between its turns, and replayed in each of them.
const KEPT: [usize; 2] = [100, 0];

#[tokio::test]
async fn the_size_is_that_of_the_server() {
    for kept in KEPT {
        let emulator = Emulator::ephemeral().unwrap();
        let (client, gate) = (client(&emulator), Gate::closed());
        let worker = gate
            .register(Worker::builder(&client))
            .orchestration(&SIZES, sizes)
            .max_sticky_executions(kept);
        let worker = worker.build().unwrap().start();
        let id = client.start(&SIZES, ()).await.unwrap();
        let told: Vec<Size> = end(&client, &id).await.output().unwrap();

        // A round is over with the end of its last item, the last event of a turn.
        let (mut ended, mut events_so_far, mut bytes) = (0, 0, 0);
        let mut stored = Vec::new();
        for event in events(&client, &id).await {
            events_so_far += 1;
            let length = event.encoded_len();
            bytes += (1 + prost::length_delimiter_len(length) + length) as u64;
            if matches!(event.event_type, Some(EventType::TaskCompleted(_))) {
                ended += 1;
                if ended % ITEMS == 0 {
                    stored.push((events_so_far, bytes));
                }
            }
        }
        assert_eq!(told, stored, "with {kept} executions kept");
        worker.stop().await.unwrap();
    }
}

#[tokio::test]
async fn every_generation_begins_small_and_ends_soon_after_its_budget() {
    let mut all = Vec::new();
    for kept in KEPT {
        let emulator = Emulator::ephemeral().unwrap();
        let (client, gate) = (client(&emulator), Gate::closed());
        let worker = gate
            .register(Worker::builder(&client))
            .orchestration(&GENERATIONS, generations)
            .max_sticky_executions(kept);
        let worker = worker.build().unwrap().start();
        let id = client.start(&GENERATIONS, (0, Vec::new())).await.unwrap();
        let seen: Vec<(u64, u64)> = end(&client, &id).await.output().unwrap();
        assert!(seen.len() > 5, "{seen:?}");
        for (begin, end) in &seen {
            assert!(*begin <= 2, "it begins with its start: {seen:?}");
            // The budget is looked at after each slice, whose items have at most three each.
            let most = BUDGET + 3 * ITEMS as u64;
            assert!((BUDGET + 1..=most).contains(end), "{seen:?}");
        }
        all.push(seen);
        let last = events(&client, &id).await.len() as u64;
        assert!(last <= BUDGET + 3 * ITEMS as u64 + 3, "{last}");
        assert_eq!(gate.begun(), 20 * ITEMS, "each item once");
        worker.stop().await.unwrap();
    }
}
