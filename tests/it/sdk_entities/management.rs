//! Clients: queries and pages, deletion, purge, tidying up, filters, and ids that are too long.

use durascope_sdk::ClientError;
use durascope_sdk::EntityOperation;
use durascope_sdk::EntityQuery;
use futures_util::TryStreamExt;

use super::*;

const SHELF: Entity = Entity::named("Shelf");
const PUT: Operation<i64, ()> = Operation::named("Put");
const DELETE: Operation<(), ()> = Operation::named("delete");

async fn shelf(operation: EntityOperation) -> Result<Option<i64>, OperationError> {
    match operation.name() {
        "put" => operation.set_state(&operation.input::<i64>()?)?,
        "get" => {}
        "delete" => operation.delete_state(),
        _ => return Err(operation.unknown(&["Put", "Get", "Delete"])),
    }
    Ok(operation.state()?)
}

async fn ids(world: &World, query: EntityQuery) -> Vec<String> {
    let found = world.client.query_entities(query);
    let found: Vec<_> = found.try_collect().await.unwrap();
    found.into_iter().map(|it| it.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_page_to_the_end_and_take_prefixes_and_times() {
    let world = World::start(|builder| builder.entity_fn(&SHELF, shelf));
    let began = now();
    for key in ["a_1", "a_2", "a_3", "aX4", "b"] {
        world
            .client
            .signal_entity(&SHELF.id(key), &PUT, 7)
            .await
            .unwrap();
        world.count(&SHELF.id(key)).await;
    }
    world
        .client
        .signal_entity(&COUNTER.id("a_1"), &ADD, 1)
        .await
        .unwrap();
    world.count(&COUNTER.id("a_1")).await;

    let all = ["aX4", "a_1", "a_2", "a_3", "b"].map(|key| format!("@shelf@{key}"));
    let rows = [
        (EntityQuery::new().of(&SHELF).page_size(2), &all[..]),
        (EntityQuery::new().id_prefix("Shelf@a_"), &all[1..4]),
        (EntityQuery::new().id_prefix("@SHELF@aX"), &all[..1]),
        (EntityQuery::new().id_prefix("@shelf@A"), &all[..0]),
        (EntityQuery::new().of(&SHELF).modified_from(began), &all[..]),
        (EntityQuery::new().of(&SHELF).modified_to(began), &all[..0]),
    ];
    for (query, expected) in rows {
        assert_eq!(ids(&world, query.clone()).await, expected, "{query:?}");
    }
    assert_eq!(ids(&world, EntityQuery::new()).await.len(), 6);

    let page = EntityQuery::new().of(&SHELF).page_size(1).with_state();
    let page = world.client.query_entities_page(&page, None).await.unwrap();
    assert_eq!(page.entities[0].state::<i64>().unwrap(), Some(7));
    assert!(page.continuation_token.is_some());
    let bare = EntityQuery::new().of(&SHELF);
    let bare = world.client.query_entities_page(&bare, None).await.unwrap();
    assert_eq!(bare.entities[0].raw_state, None);
    assert_eq!(bare.continuation_token, None);
    let without = world.client.get_entity_without_state(&SHELF.id("b")).await;
    assert_eq!(without.unwrap().unwrap().raw_state, None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_and_purged_entities_are_gone_and_begin_anew() {
    let world = World::start(|builder| builder.entity_fn(&SHELF, shelf));
    let (counter, shelf) = (COUNTER.id("a"), SHELF.id("a"));
    for entity in [&counter, &shelf] {
        let (add, put) = (ADD.name(), PUT.name());
        let operation = if entity.name() == "counter" { add } else { put };
        let client = &world.client;
        let signal = client.signal_entity_by_name(entity, operation, 5, None);
        signal.await.unwrap();
        assert_eq!(world.count(entity).await, 5);
        client.signal_entity(entity, &DELETE, ()).await.unwrap();
        let signal = client.signal_entity_by_name(entity, operation, 6, None);
        signal.await.unwrap();
        assert_eq!(world.count(entity).await, 6);
        assert_eq!(client.purge_entity(entity).await.unwrap().count, 1);
        assert_eq!(client.purge_entity(entity).await.unwrap().count, 0);
        assert_eq!(client.get_entity(entity).await.unwrap(), None);
    }
    assert_eq!(ids(&world, EntityQuery::new()).await, [""; 0]);
    let cleaned = world.client.clean_entity_storage().await.unwrap();
    assert_eq!((cleaned.empty_removed, cleaned.locks_released), (0, 0));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn id_that_is_too_long_is_refused_before_anything_is_sent() {
    let world = World::start(|builder| builder);
    let long = COUNTER.id("k".repeat(92));
    let longest = COUNTER.id("k".repeat(91));
    world.client.signal_entity(&longest, &ADD, 1).await.unwrap();
    assert_eq!(world.count(&longest).await, 1);
    let error = world
        .client
        .signal_entity(&long, &ADD, 1)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::InvalidArgument { .. }),
        "{error:?}"
    );
    let text = "has a length of 101 characters, the limit is 100";
    assert!(error.to_string().ends_with(text), "{error}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_with_filters_leaves_other_entities_to_others() {
    let emulator = Emulator::ephemeral().unwrap();
    let client = connect(&emulator);
    let world = World {
        worker: worker(&client, WorkerBuilder::only_registered),
        client,
        emulator,
    };
    world
        .client
        .signal_entity(&SHELF.id("a"), &PUT, 7)
        .await
        .unwrap();
    world
        .client
        .signal_entity(&COUNTER.id("a"), &ADD, 3)
        .await
        .unwrap();
    assert_eq!(world.count(&COUNTER.id("a")).await, 3);
    assert_eq!(world.client.get_entity(&SHELF.id("a")).await.unwrap(), None);
    let other = Worker::builder(&world.client)
        .entity_fn(&SHELF, shelf)
        .only_registered()
        .build()
        .unwrap()
        .start();
    assert_eq!(world.count(&SHELF.id("a")).await, 7);
    other.stop().await.unwrap();
    world.stop().await;
}
