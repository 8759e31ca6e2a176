//! Operations that fail, panic, or do not exist, and states that cannot be read.

use durascope_sdk::EntityOperation;
use durascope_sdk::OrchestrationError;

use super::*;

const BANK: Entity = Entity::named("Bank");
const PAY: Operation<i64, i64> = Operation::named("Pay");
const TRY: Orchestration<(), Vec<String>> = Orchestration::named("Try");

#[derive(Default, Serialize, Deserialize)]
struct Bank {
    paid: Vec<i64>,
}

impl EntityState for Bank {
    fn operations(operations: &mut Operations<Self>) {
        operations.on(&PAY, Self::pay);
    }
}

impl Bank {
    /// Pays first and thinks afterwards.
    fn pay(&mut self, ctx: &EntityContext, amount: i64) -> Result<i64, OperationError> {
        self.paid.push(amount);
        ctx.signal(&COUNTER.id("paid"), &ADD, amount)?;
        match amount {
            13 => Err(OperationError::new("Superstition", "never 13").non_retriable()),
            99 => panic!("no more coins"),
            _ => Ok(self.paid.iter().sum()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_operations_tell_their_caller_and_change_nothing() {
    async fn attempt(ctx: OrchestrationContext, (): ()) -> Result<Vec<String>, OrchestrationError> {
        let bank = BANK.id("b");
        let mut texts = Vec::new();
        for amount in [1, 13, 99, 2] {
            match ctx.call_entity(&bank, &PAY, amount).await {
                Ok(sum) => texts.push(sum.to_string()),
                Err(failed) => {
                    assert_eq!(failed.target.as_deref(), Some("@bank@b"));
                    texts.push(failed.to_string());
                }
            }
        }
        for (entity, operation) in [(&bank, "Play"), (&COUNTER.id("c"), "Add")] {
            let called = ctx.call_entity_by_name::<i64>(entity, operation, "much");
            texts.push(called.await.unwrap_err().to_string());
        }
        let stranger = Entity::named("Stranger").id("s");
        let called = ctx.call_entity(&stranger, &GET, ());
        let failed = called.await.unwrap_err();
        assert_eq!(failed.details.error_type, "EntityTaskNotFound");
        assert!(failed.details.non_retriable);
        texts.push(failed.to_string());
        Ok(texts)
    }
    let world = World::start(|builder| {
        builder
            .entity::<Bank>(&BANK)
            .orchestration(&TRY, attempt)
            .max_concurrent_entities(1)
    });
    let texts = world.run(&TRY, "try", ()).await;
    let expected = [
        "1",
        "entity operation \"Pay\" of \"@bank@b\" #2 failed: never 13",
        "entity operation \"Pay\" of \"@bank@b\" #3 failed: no more coins (at tests/it/",
        "3",
        "has no operation \"Play\"; it has Pay, delete",
        "input of operation \"Add\" of entity \"@counter@c\": invalid type: string \"much\"",
        "no entity named \"stranger\" is registered with this worker",
    ];
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (text, expected) in texts.iter().zip(expected) {
        assert!(text.contains(expected), "{text}\nlacks {expected}");
    }
    // Signals of what failed were never sent, and the state never had it.
    assert_eq!(world.count(&COUNTER.id("paid")).await, 3);
    let bank = world
        .client
        .get_entity(&BANK.id("b"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bank.state::<Bank>().unwrap().unwrap().paid, [1, 2]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_that_nobody_catches_fails_the_orchestration_with_its_cause() {
    const PAY_13: Orchestration<(), i64> = Orchestration::named("Pay13");
    let world = World::start(|builder| {
        builder.entity::<Bank>(&BANK).orchestration(
            &PAY_13,
            |ctx: OrchestrationContext, ()| async move {
                ctx.call_entity(&BANK.id("b"), &PAY, 13).await
            },
        )
    });
    world.begin(&PAY_13, "pay", ()).await;
    let failure = world.end("pay").await.failure.unwrap();
    assert_eq!(failure.error_type, "TaskFailed");
    let inner = failure.inner.unwrap();
    assert_eq!(
        (inner.error_type.as_str(), inner.message.as_str()),
        ("Superstition", "never 13")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_that_cannot_be_read_stays_until_it_is_deleted() {
    const SPOIL: Operation<String, ()> = Operation::named("Spoil");
    const DELETE: Operation<(), ()> = Operation::named("Delete");
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let (tell, mut spoilt) = Heard::new();
    let older = Worker::builder(&client)
        .entity_fn(&COUNTER, move |operation: EntityOperation| {
            let text: String = operation.input().unwrap();
            operation
                .set_state(&serde_json::json!({ "count": text }))
                .unwrap();
            tell.send(()).unwrap();
            async { Ok::<_, String>(()) }
        })
        .build()
        .unwrap()
        .start();
    let counter = COUNTER.id("a");
    client
        .signal_entity(&counter, &SPOIL, "many".to_owned())
        .await
        .unwrap();
    spoilt.next().await;
    older.stop().await.unwrap();

    let world = World {
        worker: worker(&client, |builder| builder),
        client,
        emulator,
    };
    world.begin(&COUNT, "read", counter.clone()).await;
    let failure = world.end("read").await.failure.unwrap();
    let expected = "state of entity \"@counter@a\": count: invalid type: string \"many\"";
    assert!(failure.message.contains(expected), "{failure:?}");
    let raw = world
        .client
        .get_entity(&counter)
        .await
        .unwrap()
        .unwrap()
        .raw_state;
    assert_eq!(raw.as_deref(), Some(r#"{"count":"many"}"#));

    world
        .client
        .signal_entity(&counter, &DELETE, ())
        .await
        .unwrap();
    assert_eq!(world.count(&counter).await, 0);
    assert_eq!(world.client.get_entity(&counter).await.unwrap(), None);
    world.stop().await;
}
