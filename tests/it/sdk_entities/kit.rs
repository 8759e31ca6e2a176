//! The test kit beside the emulator: what it makes of entities is what a server makes of them.

use std::time::Duration;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_sdk::Functions;
use durascope_sdk::OrchestrationError;
use durascope_sdk::testing::History;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;
use futures_util::TryStreamExt;

use super::*;

const SHIFT: Orchestration<i64, Vec<String>> = Orchestration::named("Shift");
const UNKNOWN: Entity = Entity::named("Unknown");

/// A bit of everything, one thing at a time.
async fn shift(ctx: OrchestrationContext, amount: i64) -> Result<Vec<String>, OrchestrationError> {
    let (a, b) = (COUNTER.id("a"), COUNTER.id("b"));
    let mut told = Vec::new();
    ctx.signal_entity(&a, &ADD, 100)?;
    let guard = ctx.lock([&b, &a]).await?;
    told.push(ctx.call_entity(&a, &ADD, -amount).await?.to_string());
    ctx.timer(Duration::from_millis(20)).await;
    told.push(ctx.call_entity(&b, &ADD, amount).await?.to_string());
    let refused = ctx.signal_entity(&b, &ADD, 1).unwrap_err();
    told.push(refused.to_string());
    drop(guard);
    let failed = ctx.call_entity(&UNKNOWN.id(1), &ADD, 1).await.unwrap_err();
    told.push(format!("{failed} ({})", failed.details.error_type));
    let failed = ctx.call_entity_by_name::<i64>(&a, "Ad", 1).await;
    told.push(failed.unwrap_err().to_string());
    ctx.signal_entity_at(
        &a,
        &ADD,
        1_000,
        ctx.current_time() + Duration::from_secs(60),
    )?;
    told.push(ctx.call_entity(&a, &GET, ()).await?.to_string());
    // Still locked when it ends.
    std::mem::forget(ctx.lock([&a]).await?);
    Ok(told)
}

fn functions() -> Functions {
    Functions::new().orchestration(&SHIFT, shift)
}

/// What happened, without times and without the frame of the turns.
fn essence(history: &[HistoryEvent]) -> Vec<(i32, String)> {
    let event = |event: &HistoryEvent| {
        let what = match event.event_type.as_ref()? {
            EventType::OrchestratorStarted(_) | EventType::OrchestratorCompleted(_) => return None,
            EventType::EntityOperationFailed(it) => format!("{:?}", it.failure_details),
            EventType::EntityOperationCompleted(it) => format!("{:?}", it.output),
            EventType::ExecutionCompleted(it) => format!("{:?}", it.result),
            EventType::EntityLockRequested(it) => format!("{:?}", it.lock_set),
            EventType::EntityUnlockSent(it) => format!("{:?}", it.target_instance_id),
            other => format!("{:?}", std::mem::discriminant(other)),
        };
        Some((event.event_id.max(0), what))
    };
    history.iter().filter_map(event).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kit_and_the_emulator_tell_the_same_story() {
    let world = World::start(|builder| builder.functions(functions()));
    let real: Vec<String> = world.run(&SHIFT, "shift", 30).await;
    let history = world.client.history("shift").await.unwrap();
    let history: Vec<HistoryEvent> = history.try_collect().await.unwrap();
    world.stop().await;

    let mut host = TestHost::new(functions().entity::<Counter>(&COUNTER));
    let options = StartOptions::new().instance_id("shift");
    host.start_with(&SHIFT, 30, options).unwrap();
    let state = host.run_to_end("shift").unwrap();
    assert_eq!(state.output::<Vec<String>>().unwrap(), real);
    let kits = host.history("shift").unwrap();
    assert_eq!(essence(kits.events()), essence(&history));
    // Each of the two replays, and the other's too.
    for history in [kits, History::of(history).unwrap()] {
        replay(&history, &functions()).unwrap();
    }
}
