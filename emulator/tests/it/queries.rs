//! Pages and texts as clients get them.

use durascope_proto::GetInstanceRequest;
use durascope_proto::InstanceQuery;
use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::QueryInstancesRequest;
use tonic::Code;

use crate::Served;

fn page(size: i32, token: Option<String>) -> QueryInstancesRequest {
    QueryInstancesRequest {
        query: Some(InstanceQuery {
            max_instance_count: size,
            continuation_token: token,
            ..InstanceQuery::default()
        }),
    }
}

#[tokio::test]
async fn instances_come_in_full_pages_and_the_last_has_no_token() {
    let served = Served::ephemeral().await;
    for at in 0..21 {
        served.start(&format!("order-{at:02}"), "Order").await;
    }
    let mut client = served.client();
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    let mut token = None;
    loop {
        let answer = client.query_instances(page(5, token)).await.unwrap();
        let answer = answer.into_inner();
        sizes.push(answer.orchestration_state.len());
        ids.extend(
            answer
                .orchestration_state
                .into_iter()
                .map(|it| it.instance_id),
        );
        token = answer.continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [5, 5, 5, 5, 1]);
    let all: Vec<String> = (0..21).map(|at| format!("order-{at:02}")).collect();
    assert_eq!(ids, all);

    // A token goes on with any other size.
    let first = client.query_instances(page(4, None)).await.unwrap();
    let token = first.into_inner().continuation_token;
    let rest = client.query_instances(page(100, token)).await.unwrap();
    assert_eq!(rest.into_inner().orchestration_state.len(), 17);

    for token in ["0", "v1.99.1.1", "nonsense"] {
        let refused = client
            .query_instances(page(5, Some(token.to_owned())))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{token}");
    }
    served.running.stop().await;
}

#[tokio::test]
async fn texts_are_sent_only_to_those_who_ask() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut client = served.client();
    for wanted in [true, false] {
        let found = client
            .get_instance(GetInstanceRequest {
                instance_id: "order".to_owned(),
                get_inputs_and_outputs: wanted,
            })
            .await
            .unwrap()
            .into_inner()
            .orchestration_state
            .unwrap();
        assert_eq!(found.orchestration_status(), OrchestrationStatus::Pending);
        assert_eq!(found.input.is_some(), wanted);
        assert!(found.created_timestamp.is_some() && found.last_updated_timestamp.is_some());
        assert_eq!(found.execution_id.unwrap().len(), 32);
        assert_eq!(found.failure_details, None);
        assert_eq!(found.parent_instance_id, None);
        let mut query = page(10, None);
        if let Some(query) = &mut query.query {
            query.fetch_inputs_and_outputs = wanted;
        }
        let answer = client.query_instances(query).await.unwrap().into_inner();
        assert_eq!(answer.orchestration_state[0].input.is_some(), wanted);
    }
    served.running.stop().await;
}

#[tokio::test]
async fn hub_that_is_not_asked_for_answers_an_empty_page() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    for (name, count) in [("other", 0), ("default", 1)] {
        let query = InstanceQuery {
            task_hub_names: vec![name.to_owned()],
            ..InstanceQuery::default()
        };
        let answer = served
            .client()
            .query_instances(QueryInstancesRequest { query: Some(query) })
            .await
            .unwrap();
        assert_eq!(answer.into_inner().orchestration_state.len(), count);
    }
    served.running.stop().await;
}

#[tokio::test]
async fn key_of_no_ended_instance_is_refused() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut client = served.client();
    let list = |key: &str| ListInstanceIdsRequest {
        last_instance_key: Some(key.to_owned()),
        ..ListInstanceIdsRequest::default()
    };
    let answer = client.list_instance_ids(list("")).await.unwrap();
    assert_eq!(answer.into_inner().last_instance_key, None);
    let refused = client.list_instance_ids(list("order")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    served.running.stop().await;
}
