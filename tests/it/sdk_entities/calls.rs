//! Calls, signals now and later, and what entities set going.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use durascope_sdk::EntityOperation;
use durascope_sdk::EntityStartOptions;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use futures_util::FutureExt;
use tokio::sync::Semaphore;

use super::*;

/// Long enough to see that something does not happen yet.
const DELAY: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counter_is_signalled_called_and_read() {
    const TWICE: Orchestration<i64, i64> = Orchestration::named("Twice");
    async fn twice(ctx: OrchestrationContext, amount: i64) -> Result<i64, OrchestrationError> {
        let counter = COUNTER.id("a@B");
        ctx.signal_entity(&counter, &ADD, amount)?;
        // Names compare without regard to case.
        Ok(ctx.call_entity_by_name(&counter, "aDD", amount).await?)
    }
    let world = World::start(|builder| builder.orchestration(&TWICE, twice));
    let counter = COUNTER.id("a@B");
    assert_eq!(world.client.get_entity(&counter).await.unwrap(), None);
    assert_eq!(world.count(&counter).await, 0);
    // It was only read, so there is still none.
    assert_eq!(world.client.get_entity(&counter).await.unwrap(), None);

    for amount in 1..=4 {
        world
            .client
            .signal_entity(&counter, &ADD, amount)
            .await
            .unwrap();
    }
    assert_eq!(world.run(&TWICE, "twice", 5).await, 20);
    let metadata = world.client.get_entity(&counter).await.unwrap().unwrap();
    assert_eq!(metadata.id, counter);
    assert_eq!(metadata.state::<Counter>().unwrap().unwrap().count, 20);
    assert_eq!((metadata.backlog, metadata.locked_by), (0, None));
    assert!(metadata.last_modified <= now());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed_signals_arrive_and_are_never_early() {
    const BELL: Entity = Entity::named("Bell");
    const RING: Operation<SystemTime, ()> = Operation::named("Ring");
    const ORDER: Orchestration<SystemTime, ()> = Orchestration::named("Order");
    async fn order(ctx: OrchestrationContext, due: SystemTime) -> Result<(), OrchestrationError> {
        Ok(ctx.signal_entity_at(&BELL.id("b"), &RING, due, due)?)
    }
    let (tell, mut heard) = Heard::new();
    let world = World::start(|builder| {
        builder
            .orchestration(&ORDER, order)
            .entity_fn(&BELL, move |operation: EntityOperation| {
                let due: SystemTime = operation.input().unwrap();
                let late = operation.context().started().duration_since(due);
                tell.send((operation.context().id().to_string(), late.is_ok()))
                    .unwrap();
                async { Ok::<_, String>(()) }
            })
    });
    let due = now() + DELAY;
    world
        .client
        .signal_entity_at(&BELL.id("a"), &RING, due, due)
        .await
        .unwrap();
    world.run(&ORDER, "order", due + DELAY).await;
    // The orchestration has ended long before its signal is due.
    assert_eq!(heard.next().await, ("@bell@a".to_owned(), true));
    assert_eq!(heard.next().await, ("@bell@b".to_owned(), true));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entity_starts_an_orchestration_and_signals_another_entity() {
    const CLERK: Entity = Entity::named("Clerk");
    const FILE: Operation<i64, String> = Operation::named("File");
    const WRITE: Orchestration<i64, (String, Option<String>)> = Orchestration::named("Write");
    const ASK: Orchestration<i64, String> = Orchestration::named("Ask");

    #[derive(Default, Serialize, Deserialize)]
    struct Clerk;
    impl EntityState for Clerk {
        fn operations(operations: &mut Operations<Self>) {
            operations.on_async(&FILE, |_state, ctx, number| {
                Box::pin(async move {
                    assert_eq!(ctx.caller(), Some("ask"));
                    ctx.signal(&COUNTER.id("filed"), &ADD, number)?;
                    let options = EntityStartOptions::new()
                        .instance_id(format!("file-{number}:a+b"))
                        .version("7");
                    let id = ctx.start_with(&WRITE, number, options)?;
                    Ok::<_, OperationError>(id)
                })
            });
        }
    }
    let world = World::start(|builder| {
        builder
            .entity::<Clerk>(&CLERK)
            .orchestration(
                &WRITE,
                |ctx: OrchestrationContext, number: i64| async move {
                    let version = ctx.version().map(ToOwned::to_owned);
                    Ok::<_, String>((number.to_string(), version))
                },
            )
            .orchestration(&ASK, |ctx: OrchestrationContext, number: i64| async move {
                ctx.call_entity(&CLERK.id("c"), &FILE, number).await
            })
    });
    let started = world.run(&ASK, "ask", 12).await;
    assert_eq!(started, "file-12:a+b");
    // What the operation sent was on its way before the caller heard of its result.
    assert_eq!(world.count(&COUNTER.id("filed")).await, 12);
    let written: (String, Option<String>) = world.end(&started).await.output().unwrap();
    assert_eq!(written, ("12".to_owned(), Some("7".to_owned())));
    assert_eq!(world.end(&started).await.parent_instance_id, None);
    world.stop().await;
}

/// An entity whose operations wait for a permit each, and tell when they begin.
fn gated(
    builder: WorkerBuilder,
    gate: &Arc<Semaphore>,
    tell: &UnboundedSender<i64>,
) -> WorkerBuilder {
    let (gate, tell) = (Arc::clone(gate), tell.clone());
    builder.entity_fn(&GATED, move |operation: EntityOperation| {
        let (gate, tell) = (Arc::clone(&gate), tell.clone());
        async move {
            let amount: i64 = operation.input()?;
            tell.send(amount).unwrap();
            gate.acquire().await?.forget();
            let mut seen: Vec<i64> = operation.state()?.unwrap_or_default();
            seen.push(amount);
            operation.set_state(&seen)?;
            Ok::<_, OperationError>(amount)
        }
    })
}

const GATED: Entity = Entity::named("Gated");
const PASS: Operation<i64, i64> = Operation::named("Pass");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspended_orchestration_takes_its_answer_when_it_is_resumed() {
    const GO: Orchestration<i64, i64> = Orchestration::named("Go");
    let gate = Arc::new(Semaphore::new(0));
    let (tell, mut began) = Heard::new();
    let world = World::start(|builder| {
        gated(builder, &gate, &tell).orchestration(
            &GO,
            |ctx: OrchestrationContext, amount: i64| async move {
                ctx.call_entity(&GATED.id("g"), &PASS, amount).await
            },
        )
    });
    world.begin(&GO, "go", 3).await;
    assert_eq!(began.next().await, 3);
    world.client.suspend("go", "hold on").await.unwrap();
    gate.add_permits(2);
    // The entity has answered once it takes the next operation.
    world
        .client
        .signal_entity(&GATED.id("g"), &PASS, 4)
        .await
        .unwrap();
    assert_eq!(began.next().await, 4);
    let state = world.client.get("go").await.unwrap().unwrap();
    assert_eq!(state.status, OrchestrationStatus::Suspended);
    world.client.resume("go", "go on").await.unwrap();
    assert_eq!(world.end("go").await.output::<i64>().unwrap(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_that_stops_within_a_batch_leaves_the_rest_to_the_next() {
    let gate = Arc::new(Semaphore::new(0));
    let (tell, mut began) = Heard::new();
    let world = World::start(|builder| gated(builder, &gate, &tell));
    let id = GATED.id("g");
    // The first is out alone; the others gather behind it and make the next batch.
    for amount in 1..=5 {
        world
            .client
            .signal_entity(&id, &PASS, amount)
            .await
            .unwrap();
    }
    assert_eq!(began.next().await, 1);
    gate.add_permits(1);
    assert_eq!(began.next().await, 2);
    let mut stopping = Box::pin(world.worker.stop());
    assert!((&mut stopping).now_or_never().is_none());
    gate.add_permits(1);
    stopping.await.unwrap();

    gate.add_permits(3);
    let next = worker(&world.client, |builder| gated(builder, &gate, &tell));
    for amount in 3..=5 {
        assert_eq!(began.next().await, amount);
    }
    next.stop().await.unwrap();
    let metadata = world.client.get_entity(&id).await.unwrap().unwrap();
    assert_eq!(
        metadata.state::<Vec<i64>>().unwrap().unwrap(),
        [1, 2, 3, 4, 5]
    );
    assert!(began.is_silent(), "no operation has run twice");
}
