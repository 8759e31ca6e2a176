//! ListEntities: queues, locks, who waits for them, and states.

use durascope_proto::GetWorkItemsRequest;
use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;
use durascope_tests::actions;
use tonic::Code;

use super::Stage;
use super::answer_of;
use super::asked;

async fn list(stage: &Stage, request: ListEntitiesRequest) -> EntityPage {
    let page = stage.monitor.clone().list_entities(asked(request)).await;
    page.unwrap().into_inner()
}

fn by(sort: EntitySort) -> ListEntitiesRequest {
    ListEntitiesRequest {
        sort: sort.into(),
        ..ListEntitiesRequest::default()
    }
}

fn ids(page: &EntityPage) -> Vec<&str> {
    page.rows.iter().map(|it| it.entity_id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_tell_queue_lock_waiters_batch_and_state() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let mut worker = stage
        .named(
            "w",
            GetWorkItemsRequest {
                max_concurrent_entity_work_items: 1,
                ..GetWorkItemsRequest::default()
            },
        )
        .await;
    let state = format!("\"{}\"", "ü".repeat(40_000));
    client.signal("@Counter@a", "add", None).await.unwrap();
    worker.answer_entity(Some(&state), None).await.unwrap();
    client.signal("@cart@b", "put", None).await.unwrap();
    worker.answer_entity(Some("{}"), None).await.unwrap();

    // A batch is out; what comes behind it waits.
    client.signal("@counter@a", "one", None).await.unwrap();
    worker.entity().await.unwrap();
    client.signal("@counter@a", "two", None).await.unwrap();
    client.signal("@counter@a", "three", None).await.unwrap();
    // One holds the lock, and two wait for it.
    for (at, id) in (1_u32..).zip(["holder", "next", "last"]) {
        client.start("Move", id, None).await.unwrap();
        let lock = vec![actions::lock(0, &actions::guid(at), &["@cart@b"])];
        answer_of(client, &mut worker, id, lock).await;
    }
    let request = ListEntitiesRequest {
        entity_id: "@COUNTER@a".to_owned(),
        ..by(EntitySort::Queue)
    };
    let page = list(&stage, request).await;
    assert_eq!(
        (ids(&page), page.matching),
        (vec!["@counter@a", "@cart@b"], 2)
    );
    let [counter, cart] = page.rows.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(
        (counter.queue, counter.operations.as_slice()),
        (2, ["two".to_owned(), "three".to_owned()].as_slice())
    );
    assert_eq!(counter.batch_worker, "w");
    assert!(counter.batch_since.is_some() && counter.oldest_waiting.is_some());
    assert!(counter.locked_by.is_empty() && counter.locked_since.is_none());
    let cut = counter.state.as_ref().unwrap();
    assert_eq!(cut.total_bytes, 80_002);
    // Cut between characters.
    assert_eq!(cut.text.as_ref().unwrap().len(), 199);
    assert_eq!((cart.queue, cart.batch_worker.as_str()), (0, ""));
    assert_eq!(cart.locked_by, "holder");
    assert!(cart.locked_since.is_some());
    assert_eq!(cart.lock_waiters, ["next", "last"]);
    assert_eq!(cart.state.as_ref().unwrap().text.as_deref(), Some("{}"));

    let detail = page.detail.unwrap();
    assert_eq!(detail.entity_id, "@counter@a");
    assert_eq!(detail.queue, 2);
    let full = detail.state.unwrap();
    assert_eq!(
        (full.text.unwrap().len(), full.total_bytes),
        (64 * 1024 - 1, 80_002)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_sorted_filtered_and_literal() {
    let stage = Stage::new().await;
    let mut worker = stage.worker().await;
    for (id, state) in [("@a@1", "333"), ("@b@%_", "1"), ("@c@3", "22")] {
        stage.client.signal(id, "set", None).await.unwrap();
        worker.answer_entity(Some(state), None).await.unwrap();
    }
    let cases = [
        (by(EntitySort::Name), vec!["@a@1", "@b@%_", "@c@3"]),
        (by(EntitySort::Modified), vec!["@c@3", "@b@%_", "@a@1"]),
        (by(EntitySort::StateSize), vec!["@a@1", "@c@3", "@b@%_"]),
        (by(EntitySort::Queue), vec!["@c@3", "@b@%_", "@a@1"]),
        (
            ListEntitiesRequest {
                reverse: true,
                ..by(EntitySort::Name)
            },
            vec!["@c@3", "@b@%_", "@a@1"],
        ),
        (
            ListEntitiesRequest {
                offset: 1,
                limit: 1,
                ..by(EntitySort::Name)
            },
            vec!["@b@%_"],
        ),
        (
            ListEntitiesRequest {
                text: "%_".to_owned(),
                ..by(EntitySort::Name)
            },
            vec!["@b@%_"],
        ),
        (
            ListEntitiesRequest {
                text: "' OR 1=1 --".to_owned(),
                ..by(EntitySort::Name)
            },
            vec![],
        ),
        (
            ListEntitiesRequest {
                limit: u32::MAX,
                text: "@C@".to_owned(),
                ..by(EntitySort::Name)
            },
            vec!["@c@3"],
        ),
    ];
    for (request, expected) in cases {
        let page = list(&stage, request.clone()).await;
        assert_eq!(ids(&page), expected, "{request:?}");
        assert_eq!(page.offset, request.offset);
        assert!(page.detail.is_none());
        assert_eq!(page.rows.first().map_or(0, |it| it.queue), 0);
    }
    let request = ListEntitiesRequest {
        entity_id: "x".repeat(3_000),
        ..ListEntitiesRequest::default()
    };
    let refused = stage.monitor.clone().list_entities(request).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused
            .message()
            .contains("entity_id has 3000 bytes, limit 2048")
    );
    // Where one is in the list, from 1, also beyond the page; 0 where the filter has it not.
    for (text, id, at) in [("", "@c@3", 2), ("@a", "@c@3", 0), ("", "@none@x", 0)] {
        let request = ListEntitiesRequest {
            text: text.to_owned(),
            entity_id: id.to_owned(),
            limit: 1,
            locate: true,
            ..by(EntitySort::StateSize)
        };
        assert_eq!(
            list(&stage, request).await.detail_at,
            at,
            "{id} in {text:?}"
        );
    }
}
