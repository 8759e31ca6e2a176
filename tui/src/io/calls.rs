//! Calls that actions make: one task each, with a deadline; the answer comes as an event.

use std::time::Duration;

use durascope_proto::PurgeInstancesRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::monitor::PreviewPurgeRequest;
use durascope_proto::purge_instances_request::Request;
use tonic::Status;

use crate::app::effect::Call;
use crate::app::event::Answer;
use crate::app::event::Reply;
use crate::io::wire;
use crate::io::wire::Hub;

/// How long an answer is waited for.
const DEADLINE: Duration = Duration::from_secs(10);

/// Makes `call` and answers with its number.
pub async fn make(hub: Hub, id: u64, call: Call) -> Reply {
    let outcome = match tokio::time::timeout(DEADLINE, send(hub, call)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(status)) => Err(wire::words(&status)),
        Err(_) => Err(format!(
            "no answer within {}s; it may still happen",
            DEADLINE.as_secs()
        )),
    };
    Reply { id, outcome }
}

async fn send(hub: Hub, call: Call) -> Result<Answer, Status> {
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
            wire::sidecar(hub).raise_event(request).await?;
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
            wire::sidecar(hub).terminate_instance(request).await?;
        }
        Call::Suspend { instance_id } => {
            let request = SuspendRequest {
                instance_id,
                reason: None,
            };
            wire::sidecar(hub).suspend_instance(request).await?;
        }
        Call::Resume { instance_id } => {
            let request = ResumeRequest {
                instance_id,
                reason: None,
            };
            wire::sidecar(hub).resume_instance(request).await?;
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

async fn preview_purge(hub: Hub, instance_id: String, recursive: bool) -> Result<Answer, Status> {
    let request = PreviewPurgeRequest {
        instance_ids: vec![instance_id],
        recursive,
    };
    let answer = wire::monitor(hub).preview_purge(request).await?;
    Ok(Answer::PurgePreview(answer.into_inner()))
}

async fn purge(hub: Hub, instance_id: String, recursive: bool) -> Result<Answer, Status> {
    let request = PurgeInstancesRequest {
        request: Some(Request::InstanceId(instance_id)),
        recursive,
        is_orchestration: true,
    };
    let answer = wire::sidecar(hub)
        .purge_instances(request)
        .await?
        .into_inner();
    Ok(Answer::Purged {
        deleted: i64::from(answer.deleted_instance_count),
    })
}
