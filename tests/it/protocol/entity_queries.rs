//! Entities as clients read them: one by its id, and pages of many.

use std::collections::BTreeSet;

use durascope_proto::EntityMetadata;
use durascope_proto::EntityQuery;
use durascope_proto::GetEntityRequest;
use durascope_proto::time;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::events;
use tonic::Code;

use super::Server;
use super::entities::now_us;

/// Gives these entities a state each, which is their id.
async fn make(client: &RawClient, worker: &mut RawWorker, ids: &[&str]) {
    for id in ids {
        client.signal(id, "set", None).await.unwrap();
        let batch = worker.entity().await.unwrap();
        assert_eq!(batch.request.instance_id, *id);
        client
            .complete_batch(batch.done(Some(id), None))
            .await
            .unwrap();
    }
}

fn ids(entities: &[EntityMetadata]) -> Vec<&str> {
    entities.iter().map(|it| it.instance_id.as_str()).collect()
}

fn prefix(prefix: &str) -> EntityQuery {
    EntityQuery {
        instance_id_starts_with: Some(prefix.to_owned()),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_entity_is_described_at_any_moment() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let id = "@counter@a";
    assert_eq!(client.entity(id).await.unwrap(), None, "no error");
    client.signal(id, "1", None).await.unwrap();
    assert_eq!(
        client.entity(id).await.unwrap(),
        None,
        "it has no state yet"
    );
    let before_us = now_us();
    worker.answer_entity(Some(" 1\n"), None).await.unwrap();
    let entity = client.entity(id).await.unwrap().unwrap();
    let modified_us = time::to_micros(entity.last_modified_time.as_ref().unwrap());
    assert!(
        (before_us..=now_us()).contains(&modified_us),
        "{modified_us}"
    );
    let expected = EntityMetadata {
        instance_id: id.to_owned(),
        last_modified_time: entity.last_modified_time,
        backlog_queue_size: 0,
        locked_by: None,
        serialized_state: Some(" 1\n".to_owned()),
    };
    assert_eq!(entity, expected);

    // What is with the worker is not in the backlog.
    client.signal(id, "2", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    client.signal(id, "3", None).await.unwrap();
    client.signal(id, "4", None).await.unwrap();
    let entity = client.entity(id).await.unwrap().unwrap();
    assert_eq!(entity.backlog_queue_size, 2);
    assert_eq!(entity.last_modified_time, expected.last_modified_time);
    client
        .complete_batch(batch.done(Some("2"), None))
        .await
        .unwrap();
    let rest = worker.entity().await.unwrap();
    let entity = client.entity(id).await.unwrap().unwrap();
    assert_eq!(entity.backlog_queue_size, 0);
    assert!(time::to_micros(entity.last_modified_time.as_ref().unwrap()) > modified_us);
    client
        .complete_batch(rest.done(Some("4"), None))
        .await
        .unwrap();

    let blank = GetEntityRequest {
        instance_id: "@COUNTER@a".to_owned(),
        include_state: false,
    };
    let answer = client
        .rpc
        .clone()
        .get_entity(blank)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.exists, "the name has no case");
    assert_eq!(
        answer.entity.unwrap().serialized_state,
        None,
        "not asked for"
    );
    assert_eq!(
        client.entity("@counter@A").await.unwrap(),
        None,
        "the key has"
    );
}

#[tokio::test]
async fn locks_and_what_waits_behind_them_are_seen() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    make(client, &mut worker, &["@counter@a"]).await;
    let turn = server.first_turn(&mut worker, "holder").await;
    let lock = vec![actions::lock(1, "s", &["@counter@a", "@counter@none"])];
    client.complete_turn(&turn, lock).await.unwrap();
    let turn = worker.turn().await.unwrap();
    assert_eq!(events::granted(&turn.request.new_events), ["s"]);
    client.signal("@counter@a", "1", None).await.unwrap();
    let waits = server.first_turn(&mut worker, "waits").await;
    let ask = vec![actions::lock(1, "t", &["@counter@a"])];
    client.complete_turn(&waits, ask).await.unwrap();

    let entity = client.entity("@counter@a").await.unwrap().unwrap();
    assert_eq!(
        entity.locked_by.as_deref(),
        Some("holder"),
        "an instance id"
    );
    assert_eq!(entity.backlog_queue_size, 1, "a section is no operation");
    // Locked and without a state: only for those who ask for such.
    assert_eq!(client.entity("@counter@none").await.unwrap(), None);
    let entity = client.transient("@counter@none").await.unwrap().unwrap();
    assert_eq!(entity.locked_by.as_deref(), Some("holder"));
    assert_eq!(entity.serialized_state, None);
    assert!(entity.last_modified_time.is_some());
    let page = client.entities(EntityQuery::default()).await.unwrap();
    assert_eq!(ids(&page.entities), ["@counter@a"]);
    assert_eq!(page.entities[0].locked_by.as_deref(), Some("holder"));
    assert_eq!(page.entities[0].backlog_queue_size, 1);
}

#[tokio::test]
async fn prefixes_are_normal_and_their_signs_are_themselves() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let all = [
        "@a%c@k",
        "@a_c@K1",
        "@a_c@k",
        "@abc@k",
        "@abc@kk",
        "@abcd@k",
        "@counter@Ä",
        "@counter@ä",
    ];
    make(client, &mut worker, &all).await;
    let cases: [(&str, &[&str]); 14] = [
        ("", &all),
        ("@", &all),
        ("a_c", &["@a_c@K1", "@a_c@k"]),
        ("@A_C@", &["@a_c@K1", "@a_c@k"]),
        ("@a_c@k", &["@a_c@k"]),
        ("@a_c@K", &["@a_c@K1"]),
        ("a%", &["@a%c@k"]),
        ("@%", &[]),
        ("@abc@", &["@abc@k", "@abc@kk"]),
        ("ABC", &["@abc@k", "@abc@kk", "@abcd@k"]),
        ("ABC@k", &["@abc@k", "@abc@kk"]),
        ("@abc@K", &[]),
        ("@counter@ä", &["@counter@ä"]),
        ("@zzz", &[]),
    ];
    for (given, expected) in cases {
        let page = client.entities(prefix(given)).await.unwrap();
        assert_eq!(ids(&page.entities), expected, "{given:?}");
        assert_eq!(page.continuation_token, None, "{given:?}");
    }
    let page = client.entities(EntityQuery::default()).await.unwrap();
    assert_eq!(ids(&page.entities), all, "no prefix at all");
}

#[tokio::test]
async fn pages_show_every_entity_once_and_the_last_has_no_token() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let all = ["@c@1", "@c@2", "@c@3", "@c@4", "@d@0"];
    make(client, &mut worker, &all).await;
    // 4 of the prefix in pages of 2: the second is full and the last all the same.
    for (starts, size, expected) in [
        ("@c@", 2, vec![2, 2]),
        ("", 2, vec![2, 2, 1]),
        ("", 5, vec![5]),
    ] {
        let (mut seen, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
        loop {
            let query = EntityQuery {
                page_size: Some(size),
                continuation_token: token,
                include_state: true,
                ..prefix(starts)
            };
            let page = client.entities(query).await.unwrap();
            sizes.push(page.entities.len());
            for entity in page.entities {
                assert_eq!(
                    entity.serialized_state.as_deref(),
                    Some(&*entity.instance_id)
                );
                seen.push(entity.instance_id);
            }
            token = page.continuation_token;
            match token.as_deref() {
                None => break,
                Some(token) => assert!(!token.is_empty() && token != "0", "{token:?}"),
            }
        }
        assert_eq!(sizes, expected, "{starts:?} by {size}");
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len());
    }
    // Empty is as none, and a size that means nothing is the default.
    let query = EntityQuery {
        page_size: Some(-1),
        continuation_token: Some(String::new()),
        ..Default::default()
    };
    let page = client.entities(query).await.unwrap();
    assert_eq!(ids(&page.entities), all);
    assert!(page.entities.iter().all(|it| it.serialized_state.is_none()));
    let foreign = EntityQuery {
        continuation_token: Some("made up".to_owned()),
        ..Default::default()
    };
    let refused = client.entities(foreign).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("continuationToken"), "{refused}");
}

#[tokio::test]
async fn pages_keep_below_what_clients_take() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    // The first is more than a page takes beside others, and two of the rest are.
    for (key, size) in [3_600_000, 1_500_000, 1_500_000, 1_500_000, 10]
        .into_iter()
        .enumerate()
    {
        let id = format!("@c@{key}");
        client.signal(&id, "set", None).await.unwrap();
        let large = "x".repeat(size);
        worker.answer_entity(Some(&large), None).await.unwrap();
    }
    let (mut seen, mut token) = (0, None);
    loop {
        let query = EntityQuery {
            include_state: true,
            continuation_token: token,
            ..Default::default()
        };
        let page = client.entities(query).await.unwrap();
        let bytes: usize = page
            .entities
            .iter()
            .map(|it| it.serialized_state.as_ref().map_or(0, String::len))
            .sum();
        assert!(bytes < 4 * 1024 * 1024, "{bytes}");
        seen += page.entities.len();
        token = page.continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn times_of_change_are_half_open() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    make(client, &mut worker, &["@c@1", "@c@2", "@c@3"]).await;
    let page = client.entities(EntityQuery::default()).await.unwrap();
    let at: Vec<_> = page
        .entities
        .iter()
        .map(|it| it.last_modified_time)
        .collect();
    let query = |from: usize, to: usize| EntityQuery {
        last_modified_from: at.get(from).copied().flatten(),
        last_modified_to: at.get(to).copied().flatten(),
        ..Default::default()
    };
    let cases: [(usize, usize, &[&str]); 4] = [
        (1, 2, &["@c@2"]),
        (0, 2, &["@c@1", "@c@2"]),
        (1, 9, &["@c@2", "@c@3"]),
        (9, 1, &["@c@1"]),
    ];
    for (from, to, expected) in cases {
        let page = client.entities(query(from, to)).await.unwrap();
        assert_eq!(ids(&page.entities), expected, "{from} to {to}");
    }
}

#[tokio::test]
async fn what_is_no_entity_id_is_refused_with_the_field() {
    let server = Server::start().await;
    for id in [
        "",
        "order",
        "@counter",
        "@@k",
        &format!("@c@{}", "k".repeat(98)),
    ] {
        let refused = server.client.entity(id).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{id}");
        assert!(refused.message().contains("instanceId"), "{refused}");
    }
}

#[tokio::test]
async fn hubs_have_their_own_entities() {
    let (server, mut worker) = Server::with_worker().await;
    let other = server.client.hub("other").unwrap();
    make(&server.client, &mut worker, &["@c@1"]).await;
    assert_eq!(other.entity("@c@1").await.unwrap(), None);
    other.signal("@c@1", "set", None).await.unwrap();
    server.client.signal("@c@2", "set", None).await.unwrap();
    let batch = worker.entity().await.unwrap();
    assert_eq!(batch.request.instance_id, "@c@2");
}
