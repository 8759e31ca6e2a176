//! Pages of instances and of ids: full, in order, with an end that every client understands.

use durascope_proto::InstanceQuery;
use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::QueryInstancesResponse;
use durascope_tests::RawClient;
use tonic::Code;
use tonic::Status;

use super::Server;

async fn query(client: &RawClient, query: InstanceQuery) -> Result<QueryInstancesResponse, Status> {
    let request = QueryInstancesRequest { query: Some(query) };
    Ok(client
        .rpc
        .clone()
        .query_instances(request)
        .await?
        .into_inner())
}

fn ids(response: &QueryInstancesResponse) -> Vec<String> {
    response
        .orchestration_state
        .iter()
        .map(|state| state.instance_id.clone())
        .collect()
}

async fn ended_instances(server: &Server, count: usize) -> Vec<String> {
    let _worker = server.finish_everything().await;
    let mut ids = Vec::new();
    for number in 0..count {
        let id = format!("order-{number:03}");
        server
            .client
            .start("Order", &id, Some("\"payload\""))
            .await
            .unwrap();
        server.client.ended(&id).await.unwrap();
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn query_gives_full_pages_and_no_token_on_the_last() {
    let server = Server::start().await;
    let expected = ended_instances(&server, 21).await;
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut token = None;
    loop {
        let page = InstanceQuery {
            max_instance_count: 5,
            continuation_token: token,
            ..InstanceQuery::default()
        };
        let response = query(&server.client, page).await.unwrap();
        sizes.push(response.orchestration_state.len());
        found.extend(ids(&response));
        token = response.continuation_token;
        if token.is_none() || sizes.len() > 9 {
            break;
        }
        assert!(!matches!(token.as_deref(), Some("" | "0")), "{token:?}");
    }
    assert_eq!(sizes, [5, 5, 5, 5, 1]);
    assert_eq!(found, expected, "oldest first");

    let four = InstanceQuery {
        max_instance_count: 4,
        ..InstanceQuery::default()
    };
    let token = query(&server.client, four)
        .await
        .unwrap()
        .continuation_token;
    let rest = InstanceQuery {
        max_instance_count: 17,
        continuation_token: token,
        ..InstanceQuery::default()
    };
    let response = query(&server.client, rest).await.unwrap();
    assert_eq!(
        ids(&response),
        expected[4..],
        "a token goes with any page size"
    );
    assert_eq!(response.continuation_token, None);
}

#[tokio::test]
async fn query_filters_are_all_applied() {
    let server = Server::start().await;
    let expected = ended_instances(&server, 4).await;
    server.client.start("Order", "waiting", None).await.unwrap();
    let created = |id: &str| {
        let client = server.client.clone();
        let id = id.to_owned();
        async move { client.state(&id).await.unwrap().unwrap().created_timestamp }
    };
    let (second, third) = (created(&expected[1]).await, created(&expected[2]).await);
    let all = InstanceQuery::default();
    let rows: Vec<(&str, InstanceQuery, Vec<&str>)> = vec![
        (
            "status",
            InstanceQuery {
                runtime_status: vec![OrchestrationStatus::Pending.into()],
                ..all.clone()
            },
            vec!["waiting"],
        ),
        (
            "from is inclusive, to is exclusive",
            InstanceQuery {
                created_time_from: second,
                created_time_to: third,
                ..all.clone()
            },
            vec!["order-001"],
        ),
        (
            "prefix",
            InstanceQuery {
                instance_id_prefix: Some("order-00".to_owned()),
                ..all.clone()
            },
            vec!["order-000", "order-001", "order-002", "order-003"],
        ),
        (
            "prefix with letters that a pattern would treat as wild",
            InstanceQuery {
                instance_id_prefix: Some("order_0".to_owned()),
                ..all.clone()
            },
            vec![],
        ),
        (
            "prefix in another case",
            InstanceQuery {
                instance_id_prefix: Some("ORDER".to_owned()),
                ..all.clone()
            },
            vec![],
        ),
        (
            "another task hub",
            InstanceQuery {
                task_hub_names: vec!["elsewhere".to_owned()],
                ..all.clone()
            },
            vec![],
        ),
        (
            "status and time together",
            InstanceQuery {
                runtime_status: vec![OrchestrationStatus::Completed.into()],
                created_time_from: third,
                ..all.clone()
            },
            vec!["order-002", "order-003"],
        ),
    ];
    for (name, filter, expected) in rows {
        let response = query(&server.client, filter).await.unwrap();
        assert_eq!(ids(&response), expected, "{name}");
    }
    let blank = query(&server.client, all.clone())
        .await
        .unwrap()
        .orchestration_state;
    assert_eq!(blank.len(), 5);
    assert!(
        blank
            .iter()
            .all(|state| state.input.is_none() && state.output.is_none())
    );
    let fetch = InstanceQuery {
        fetch_inputs_and_outputs: true,
        ..all
    };
    let full = query(&server.client, fetch)
        .await
        .unwrap()
        .orchestration_state;
    assert_eq!(full[0].input.as_deref(), Some("\"payload\""));
}

#[tokio::test]
async fn token_that_nobody_issued_is_refused() {
    let server = Server::start().await;
    for token in ["nonsense", "%%%", "AAAA"] {
        let page = InstanceQuery {
            continuation_token: Some(token.to_owned()),
            ..InstanceQuery::default()
        };
        let status = query(&server.client, page).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{token}: {status:?}");
    }
}

#[tokio::test]
async fn ids_are_listed_by_their_end_with_a_key_on_every_page_but_the_empty_one() {
    let server = Server::start().await;
    let expected = ended_instances(&server, 6).await;
    server.client.start("Order", "waiting", None).await.unwrap();
    let mut key = Some(String::new());
    for page in [&expected[..3], &expected[3..], &[]] {
        let request = ListInstanceIdsRequest {
            page_size: 3,
            last_instance_key: key,
            ..Default::default()
        };
        let response = server
            .client
            .rpc
            .clone()
            .list_instance_ids(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(response.instance_ids, page);
        assert_eq!(response.last_instance_key.is_some(), !page.is_empty());
        key = response.last_instance_key;
    }
    // One client falls back to the last id where a service gives it no key.
    let request = ListInstanceIdsRequest {
        last_instance_key: Some(expected[3].clone()),
        ..Default::default()
    };
    let response = server
        .client
        .rpc
        .clone()
        .list_instance_ids(request)
        .await
        .unwrap();
    assert_eq!(response.into_inner().instance_ids, expected[4..]);
}
