//! Calls that actions make: one task each, with a deadline; the answer comes as an event.

use std::time::Duration;

use durascope_proto::PurgeInstancesRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::monitor::PreviewPurgeRequest;
use durascope_proto::purge_instances_request::Request;
use durascope_sdk::transport::Repeat;
use tonic::Status;

use crate::app::effect::Call;
use crate::app::event::Answer;
use crate::app::event::Reply;
use crate::io::wire::Hub;

/// How long an answer is waited for.
const DEADLINE: Duration = Duration::from_secs(10);

/// Makes `call` and answers with its number.
pub async fn make(hub: Hub, id: u64, call: Call) -> Reply {
    let outcome = send(&hub, call).await;
    Reply {
        id,
        outcome: outcome.map_err(|status| hub.words(&status)),
    }
}

async fn send(hub: &Hub, call: Call) -> Result<Answer, Status> {
    match call {
        Call::RaiseEvent {
            instance_id,
            name,
            payload,
        } => {
            let request = RaiseEventRequest {
                instance_id,
                name,
                input: payload,
            };
            // Twice would be two events.
            hub.call(DEADLINE, Repeat::IfUnsent, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.raise_event(request).await }
            })
            .await?;
        }
        Call::Terminate {
            instance_id,
            reason,
            recursive,
        } => {
            // The output of a terminated instance is JSON, like every payload.
            let output = reason.map(|it| serde_json::Value::String(it).to_string());
            let request = TerminateRequest {
                instance_id,
                output,
                recursive,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.terminate_instance(request).await }
            })
            .await?;
        }
        Call::Suspend { instance_id } => {
            let request = SuspendRequest {
                instance_id,
                reason: None,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.suspend_instance(request).await }
            })
            .await?;
        }
        Call::Resume { instance_id } => {
            let request = ResumeRequest {
                instance_id,
                reason: None,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.resume_instance(request).await }
            })
            .await?;
        }
        Call::PreviewPurge {
            instance_id,
            recursive,
        } => {
            return preview_purge(hub, instance_id, recursive).await;
        }
        Call::Purge {
            instance_id,
            recursive,
        } => {
            return purge(hub, instance_id, recursive).await;
        }
    }
    Ok(Answer::Done)
}

async fn preview_purge(hub: &Hub, instance_id: String, recursive: bool) -> Result<Answer, Status> {
    let request = PreviewPurgeRequest {
        instance_ids: vec![instance_id],
        recursive,
    };
    let answer = hub.call(DEADLINE, Repeat::Safe, || {
        let (mut client, request) = (hub.monitor(), request.clone());
        async move { client.preview_purge(request).await }
    });
    Ok(Answer::PurgePreview(answer.await?))
}

async fn purge(hub: &Hub, instance_id: String, recursive: bool) -> Result<Answer, Status> {
    let request = PurgeInstancesRequest {
        request: Some(Request::InstanceId(instance_id)),
        recursive,
        is_orchestration: true,
    };
    let answer = hub.call(DEADLINE, Repeat::Safe, || {
        let (mut client, request) = (hub.sidecar(), request.clone());
        async move { client.purge_instances(request).await }
    });
    Ok(Answer::Purged {
        deleted: i64::from(answer.await?.deleted_instance_count),
    })
}
