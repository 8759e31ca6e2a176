//! Critical sections: mutual exclusion over turns, and locks that end with their holder.

use std::time::Duration;

use durascope_proto::history_event::EventType;
use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ExternalEvent;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use futures_util::TryStreamExt;

use super::*;

const GO: ExternalEvent<()> = ExternalEvent::named("Go");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn section_excludes_others_over_many_turns() {
    const RAISE: Orchestration<i64, i64> = Orchestration::named("Raise");
    /// Reads, waits, writes: what was written meanwhile would be lost.
    async fn raise(ctx: OrchestrationContext, amount: i64) -> Result<i64, OrchestrationError> {
        let (a, b) = (COUNTER.id("a"), COUNTER.id("b"));
        let guard = ctx.lock([&b, &a]).await?;
        assert_eq!(guard.entities(), [COUNTER.id("a"), COUNTER.id("b")]);
        let before = ctx.call_entity(&a, &GET, ()).await?;
        ctx.timer(Duration::from_millis(50)).await;
        let now = ctx.call_entity(&a, &GET, ()).await?;
        ctx.call_entity(&a, &ADD, before - now + amount).await?;
        Ok(ctx.call_entity(&b, &ADD, 1).await?)
    }
    let world = World::start(|builder| builder.orchestration(&RAISE, raise));
    for (id, amount) in [("one", 10), ("two", 20), ("three", 30)] {
        world.begin(&RAISE, id, amount).await;
    }
    let mut turns = Vec::new();
    for id in ["one", "two", "three"] {
        turns.push(world.end(id).await.output::<i64>().unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns, [1, 2, 3]);
    assert_eq!(world.count(&COUNTER.id("a")).await, 60);
    world.stop().await;
}

const HOLD: Orchestration<String, i64> = Orchestration::named("Hold");
const HELD: Activity<String, ()> = Activity::named("Held");

/// Locks an entity, tells so, waits for an event, and then does what it was told.
async fn hold(ctx: OrchestrationContext, mode: String) -> Result<i64, OrchestrationError> {
    if mode == "renewed" {
        return Ok(0);
    }
    let counter = COUNTER.id("a");
    let same = ctx.clone();
    let guard = same.lock([&counter]).await?;
    ctx.call(&HELD, ctx.instance_id().to_owned()).await?;
    ctx.wait_for_event(&GO).await?;
    match mode.as_str() {
        "fail" => Err(OrchestrationError::new("Boom", "no")),
        "panic" => panic!("spilt"),
        "renew" => ctx.continue_as_new("renewed"),
        "drop" => {
            drop(guard);
            Ok(ctx.call_entity(&counter, &ADD, 1).await?)
        }
        "leak" => {
            std::mem::forget(guard);
            Ok(0)
        }
        _ => Ok(0),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_ends_with_its_holder_however_that_ends() {
    let (tell, mut held) = Heard::new();
    let world = World::start(|builder| {
        builder
            .orchestration(&HOLD, hold)
            .activity(&HELD, move |_: ActivityContext, id: String| {
                tell.send(id).unwrap();
                async { Ok::<_, String>(()) }
            })
    });
    let counter = COUNTER.id("a");
    world.client.signal_entity(&counter, &ADD, 1).await.unwrap();
    for (mode, status) in [
        ("return", OrchestrationStatus::Completed),
        ("fail", OrchestrationStatus::Failed),
        ("panic", OrchestrationStatus::Failed),
        ("renew", OrchestrationStatus::Completed),
        ("drop", OrchestrationStatus::Completed),
        ("leak", OrchestrationStatus::Completed),
        ("terminate", OrchestrationStatus::Terminated),
    ] {
        world.begin(&HOLD, mode, mode.to_owned()).await;
        assert_eq!(held.next().await, mode);
        let metadata = world.client.get_entity(&counter).await.unwrap().unwrap();
        assert_eq!(metadata.locked_by.as_deref(), Some(mode));
        // Somebody else stands before the door meanwhile.
        let waiting = world.client.start(&COUNT, counter.clone()).await.unwrap();
        if mode == "terminate" {
            world.client.terminate(mode, ()).await.unwrap();
        } else {
            world.client.raise_event(mode, &GO, ()).await.unwrap();
        }
        assert_eq!(world.end(mode).await.status, status, "{mode}");
        let metadata = world.client.get_entity(&counter).await.unwrap().unwrap();
        assert_eq!(metadata.locked_by, None, "{mode}");
        world.end(&waiting).await.output::<i64>().unwrap();
        // It was the orchestration itself that unlocked, not the server behind it.
        if mode != "renew" {
            let history = world.client.history(mode).await.unwrap();
            let history: Vec<_> = history.try_collect().await.unwrap();
            let unlocks = history
                .iter()
                .filter(|event| matches!(event.event_type, Some(EventType::EntityUnlockSent(_))));
            assert_eq!(unlocks.count(), 1, "{mode}: {history:#?}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_that_is_waited_for_no_longer_holds_nobody_up() {
    const IMPATIENT: Orchestration<(), String> = Orchestration::named("Impatient");
    async fn impatient(ctx: OrchestrationContext, (): ()) -> Result<String, OrchestrationError> {
        let counter = COUNTER.id("a");
        let text = {
            let lock = ctx.lock([&counter]);
            let patience = ctx.timer(Duration::from_millis(50));
            match futures_util::future::select(lock, patience).await {
                futures_util::future::Either::Left(_) => "locked",
                futures_util::future::Either::Right(_) => "gave up",
            }
        };
        ctx.wait_for_event(&GO).await?;
        Ok(text.to_owned())
    }
    let (tell, mut held) = Heard::new();
    let world = World::start(|builder| {
        builder
            .orchestration(&HOLD, hold)
            .orchestration(&IMPATIENT, impatient)
            .activity(&HELD, move |_: ActivityContext, id: String| {
                tell.send(id).unwrap();
                async { Ok::<_, String>(()) }
            })
    });
    world.begin(&HOLD, "return", "return".to_owned()).await;
    held.next().await;
    world.begin(&IMPATIENT, "impatient", ()).await;
    // Its timer fires in time although the entity is held.
    let state = async {
        loop {
            let history = world.client.history("impatient").await.unwrap();
            let history: Vec<_> = history.try_collect().await.unwrap();
            let fired = |event: &durascope_proto::HistoryEvent| {
                matches!(event.event_type, Some(EventType::TimerFired(_)))
            };
            if history.iter().any(fired) {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, state).await.unwrap();
    world.client.raise_event("return", &GO, ()).await.unwrap();
    // Whoever comes later gets its turn while the impatient one still runs.
    assert_eq!(world.count(&COUNTER.id("a")).await, 0);
    world
        .client
        .raise_event("impatient", &GO, ())
        .await
        .unwrap();
    let text: String = world.end("impatient").await.output().unwrap();
    assert_eq!(text, "gave up");
    world.stop().await;
}
