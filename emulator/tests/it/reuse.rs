//! Ids that are taken, as the Go client of an older contract asks for them.

use bytes::Bytes;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateInstanceResponse;
use durascope_proto::EncodedWorkItem;
use durascope_proto::GetInstanceRequest;
use durascope_proto::OrchestrationState;
use prost::Message as _;
use tonic::Code;
use tonic::Request;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;

use crate::Served;

/// Statuses by their numbers, as the older contract has them too.
const RUNNING: u8 = 0;
const PENDING: u8 = 6;

const ERROR: u8 = 0;
const IGNORE: u8 = 1;
const TERMINATE: u8 = 2;

/// StartInstance for the id `order` with a policy of the older contract: statuses, action.
async fn start(served: &Served, statuses: &[u8], action: u8) -> Result<String, Status> {
    let request = CreateInstanceRequest {
        instance_id: "order".to_owned(),
        name: "Order".to_owned(),
        input: Some("\"second\"".to_owned()),
        ..CreateInstanceRequest::default()
    };
    let mut policy = vec![0x0A, u8::try_from(statuses.len()).unwrap()];
    policy.extend_from_slice(statuses);
    // The default of an enumeration is not sent.
    if action != ERROR {
        policy.extend([0x10, action]);
    }
    let mut body = request.encode_to_vec();
    body.extend([0x32, u8::try_from(policy.len()).unwrap()]);
    body.extend(policy);

    let mut rpc = Grpc::new(served.channel.clone());
    rpc.ready().await.unwrap();
    let codec = ProstCodec::<EncodedWorkItem, CreateInstanceResponse>::default();
    let path = PathAndQuery::from_static("/TaskHubSidecarService/StartInstance");
    let message = Request::new(EncodedWorkItem(Bytes::from(body)));
    let answer = rpc.unary(message, path, codec).await?;
    Ok(answer.into_inner().instance_id)
}

async fn state(served: &Served) -> OrchestrationState {
    let request = GetInstanceRequest {
        instance_id: "order".to_owned(),
        get_inputs_and_outputs: true,
    };
    let found = served.client().get_instance(request).await.unwrap();
    found.into_inner().orchestration_state.unwrap()
}

#[tokio::test]
async fn policy_of_the_older_contract_ignores_terminates_or_refuses() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let first = state(&served).await;

    let kept = start(&served, &[RUNNING, PENDING], IGNORE).await.unwrap();
    assert_eq!(kept, "order");
    assert_eq!(state(&served).await, first, "nothing changes");

    for (statuses, action, code) in [
        (&[RUNNING][..], IGNORE, Code::AlreadyExists),
        (&[RUNNING], TERMINATE, Code::AlreadyExists),
        (&[], ERROR, Code::AlreadyExists),
        // Without an action the current rules hold.
        (&[RUNNING, PENDING], ERROR, Code::InvalidArgument),
    ] {
        let refused = start(&served, statuses, action).await.unwrap_err();
        assert_eq!(refused.code(), code, "{statuses:?} {action}: {refused:?}");
        assert_eq!(state(&served).await, first, "{statuses:?} {action}");
    }

    start(&served, &[RUNNING, PENDING], TERMINATE)
        .await
        .unwrap();
    let second = state(&served).await;
    assert_eq!(second.input.as_deref(), Some("\"second\""));
    assert_ne!(second.execution_id, first.execution_id);
    served.running.stop().await;
}
