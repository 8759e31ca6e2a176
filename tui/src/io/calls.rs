//! Calls that actions make: one task each, with a deadline; the answer comes as an event.
//!
//! Of the monitor feed's service only what has no official counterpart is asked, so that all
//! that changes something works on any server. What would be done twice by two calls is
//! repeated only when the first certainly did nothing.

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::time::Duration;

use durascope_proto::CleanEntityStorageRequest;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::InstanceBatch;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationState;
use durascope_proto::PurgeInstanceFilter;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::RaiseEventRequest;
use durascope_proto::RestartInstanceRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::RewindInstanceRequest;
use durascope_proto::SignalEntityRequest;
use durascope_proto::SkipGracefulOrchestrationTerminationsRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use durascope_proto::monitor::ListTaskHubsRequest;
use durascope_proto::monitor::PreviewPurgeRequest;
use durascope_proto::monitor::PreviewPurgeResponse;
use durascope_proto::purge_instances_request::Request;
use durascope_proto::time::from_micros;
use durascope_sdk::transport::Repeat;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use tonic::Code;
use tonic::Status;

use crate::app::deed::Target;
use crate::app::effect::Call;
use crate::app::effect::Start;
use crate::app::event::Answer;
use crate::app::event::Reply;
use crate::app::purge_query::PurgeQuery;
use crate::data::status;
use crate::io::matching;
use crate::io::poll;
use crate::io::wire::Hub;

/// How long one answer is waited for.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long all of them are, where one action asks for many.
const DEADLINE_OF_MANY: Duration = Duration::from_secs(60);
/// How long a purge by query takes at most, which may be of a million.
const DEADLINE_OF_ALL: Duration = Duration::from_secs(600);
/// How long one call of a purge by query may take; the next one goes on.
const PURGE_STEP: Duration = Duration::from_secs(5);
/// Instances in one request, as the service allows for batches.
const BATCH: usize = 500;
/// Requests that one call has out at a time.
const OUT_MAX: usize = 16;

/// Makes `call` and answers with its number.
pub async fn make(hub: Hub, id: u64, call: Call) -> Reply {
    let limit = match call {
        Call::PurgeMatching { .. } => DEADLINE_OF_ALL,
        _ => DEADLINE_OF_MANY,
    };
    let outcome = match tokio::time::timeout(limit, send(&hub, call)).await {
        Ok(answer) => answer.map_err(|status| hub.words(&status)),
        Err(_) => Err(format!("no answer within {}s", limit.as_secs())),
    };
    Reply { id, outcome }
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
            let request = TerminateRequest {
                instance_id,
                output: reason.map(json),
                recursive,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.terminate_instance(request).await }
            })
            .await?;
        }
        Call::ForceTerminate {
            instance_id,
            reason,
        } => force(hub, instance_id, reason).await?,
        Call::Suspend {
            instance_id,
            reason,
        } => {
            let request = SuspendRequest {
                instance_id,
                reason,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.suspend_instance(request).await }
            })
            .await?;
        }
        Call::Resume {
            instance_id,
            reason,
        } => {
            let request = ResumeRequest {
                instance_id,
                reason,
            };
            hub.call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.resume_instance(request).await }
            })
            .await?;
        }
        Call::Rewind {
            instance_id,
            reason,
        } => {
            let request = RewindInstanceRequest {
                instance_id,
                reason,
            };
            hub.call(DEADLINE, Repeat::IfUnsent, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.rewind_instance(request).await }
            })
            .await?;
        }
        Call::Restart {
            instance_id,
            new_id,
        } => {
            let request = RestartInstanceRequest {
                instance_id,
                restart_with_new_instance_id: new_id,
            };
            let answer = hub
                .call(DEADLINE, Repeat::IfUnsent, || {
                    let (mut client, request) = (hub.sidecar(), request.clone());
                    async move { client.restart_instance(request).await }
                })
                .await?;
            return Ok(Answer::Started {
                instance_id: answer.instance_id,
            });
        }
        Call::Start(start) => return start_new(hub, *start).await,
        Call::SignalEntity {
            entity_id,
            operation,
            input,
        } => {
            let request = SignalEntityRequest {
                instance_id: entity_id,
                name: operation,
                input,
                request_id: new_id(),
                ..SignalEntityRequest::default()
            };
            hub.call(DEADLINE, Repeat::IfUnsent, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.signal_entity(request).await }
            })
            .await?;
        }
        Call::CleanEntities {
            remove_empty,
            release_locks,
        } => return clean(hub, remove_empty, release_locks).await,
        Call::PreviewPurge {
            instance_ids,
            recursive,
        } => return preview_purge(hub, &instance_ids, recursive).await,
        Call::Purge {
            instance_id,
            recursive,
        } => return purge(hub, instance_id, recursive).await,
        Call::PurgeMatching { query, recursive } => {
            return purge_matching(hub, query, recursive).await;
        }
        Call::ListMatching(window) => return matching::list(hub, *window).await,
        Call::Look { instance_ids } => return look(hub, instance_ids).await,
        Call::ListHubs => {
            let answer = hub.call(DEADLINE, Repeat::Safe, || {
                let mut client = hub.monitor();
                async move { client.list_task_hubs(ListTaskHubsRequest {}).await }
            });
            return Ok(Answer::Hubs(answer.await?.names));
        }
        Call::ReadStart { instance_id } => return read_start(hub, instance_id).await,
    }
    Ok(Answer::Done)
}

/// Reasons and outputs are JSON, like every payload.
fn json(text: String) -> String {
    serde_json::Value::String(text).to_string()
}

/// Thirty-two hexadecimal digits that nobody had before.
fn new_id() -> String {
    let part = || RandomState::new().hash_one(std::time::SystemTime::now());
    format!("{:016x}{:016x}", part(), part())
}

async fn start_new(hub: &Hub, start: Start) -> Result<Answer, Status> {
    let instance_id = if start.instance_id.is_empty() {
        new_id()
    } else {
        start.instance_id
    };
    let request = CreateInstanceRequest {
        instance_id,
        name: start.name,
        version: start.version,
        input: start.input,
        tags: start.tags.into_iter().collect(),
        // Whoever starts one with an id that is taken has not meant to delete the other.
        orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy::default()),
        ..CreateInstanceRequest::default()
    };
    let answer = hub
        .call(DEADLINE, Repeat::IfUnsent, || {
            let (mut client, request) = (hub.sidecar(), request.clone());
            async move { client.start_instance(request).await }
        })
        .await?;
    Ok(Answer::Started {
        instance_id: answer.instance_id,
    })
}

async fn force(hub: &Hub, instance_id: String, reason: Option<String>) -> Result<(), Status> {
    let request = SkipGracefulOrchestrationTerminationsRequest {
        instance_batch: Some(InstanceBatch {
            instance_ids: vec![instance_id],
        }),
        reason,
    };
    let answer = hub
        .call(DEADLINE, Repeat::Safe, || {
            let (mut client, request) = (hub.sidecar(), request.clone());
            async move {
                client
                    .skip_graceful_orchestration_terminations(request)
                    .await
            }
        })
        .await?;
    if answer.unterminated_instance_ids.is_empty() {
        return Ok(());
    }
    Err(Status::failed_precondition(
        "the server did not end it: it has ended, is gone, or holds locks of entities",
    ))
}

async fn clean(hub: &Hub, remove_empty: bool, release_locks: bool) -> Result<Answer, Status> {
    let (mut removed, mut released) = (0, 0);
    let mut token = None;
    loop {
        let request = CleanEntityStorageRequest {
            continuation_token: token,
            remove_empty_entities: remove_empty,
            release_orphaned_locks: release_locks,
        };
        let answer = hub
            .call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.clean_entity_storage(request).await }
            })
            .await?;
        removed += i64::from(answer.empty_entities_removed);
        released += i64::from(answer.orphaned_locks_released);
        token = answer.continuation_token.filter(|it| !it.is_empty());
        if token.is_none() {
            return Ok(Answer::Cleaned { removed, released });
        }
    }
}

async fn preview_purge(hub: &Hub, ids: &[String], recursive: bool) -> Result<Answer, Status> {
    let mut sum = PreviewPurgeResponse::default();
    for batch in ids.chunks(BATCH) {
        let request = PreviewPurgeRequest {
            instance_ids: batch.to_vec(),
            recursive,
        };
        let answer = hub
            .call(DEADLINE, Repeat::Safe, || {
                let (mut client, request) = (hub.monitor(), request.clone());
                async move { client.preview_purge(request).await }
            })
            .await?;
        sum.deleted = sum.deleted.saturating_add(answer.deleted);
        sum.kept = sum.kept.saturating_add(answer.kept);
        sum.unknown = sum.unknown.saturating_add(answer.unknown);
    }
    Ok(Answer::PurgePreview(sum))
}

async fn purge(hub: &Hub, instance_id: String, recursive: bool) -> Result<Answer, Status> {
    let request = PurgeInstancesRequest {
        request: Some(Request::InstanceId(instance_id.clone())),
        recursive,
        is_orchestration: true,
    };
    let answer = hub
        .call(DEADLINE, Repeat::Safe, || {
            let (mut client, request) = (hub.sidecar(), request.clone());
            async move { client.purge_instances(request).await }
        })
        .await?;
    let deleted = i64::from(answer.deleted_instance_count);
    if deleted == 0 {
        // The service says so for what is gone and for what has not ended: these differ.
        if let Some(state) = state_of(hub, instance_id, false).await? {
            let word = status::word(status::of(state.orchestration_status));
            return Err(Status::failed_precondition(format!(
                "nothing was deleted: it is {word}"
            )));
        }
    }
    Ok(Answer::Purged { deleted })
}

/// Purges by the official filter, again and again until the server says that it is done.
async fn purge_matching(hub: &Hub, query: PurgeQuery, recursive: bool) -> Result<Answer, Status> {
    let filter = PurgeInstanceFilter {
        created_time_from: query.created_from.map(from_micros),
        created_time_to: Some(from_micros(query.created_to)),
        runtime_status: query.statuses.iter().map(|it| *it as i32).collect(),
        timeout: PURGE_STEP.try_into().ok(),
    };
    let request = PurgeInstancesRequest {
        request: Some(Request::PurgeInstanceFilter(filter)),
        recursive,
        is_orchestration: true,
    };
    let mut deleted = 0;
    loop {
        let answer = hub
            .call(DEADLINE_OF_MANY, Repeat::Safe, || {
                let (mut client, request) = (hub.sidecar(), request.clone());
                async move { client.purge_instances(request).await }
            })
            .await
            .map_err(|status| match status.code() {
                Code::Unimplemented => Status::unimplemented(
                    "it does not purge by query; o in the dialog purges each by a call of its own",
                ),
                _ => status,
            })?;
        deleted += i64::from(answer.deleted_instance_count);
        if answer.is_complete.unwrap_or(true) || answer.deleted_instance_count == 0 {
            return Ok(Answer::Purged { deleted });
        }
    }
}

async fn state_of(
    hub: &Hub,
    instance_id: String,
    get_inputs_and_outputs: bool,
) -> Result<Option<OrchestrationState>, Status> {
    let request = GetInstanceRequest {
        instance_id,
        get_inputs_and_outputs,
    };
    match hub
        .call(DEADLINE, Repeat::Safe, || {
            let (mut client, request) = (hub.sidecar(), request.clone());
            async move { client.get_instance(request).await }
        })
        .await
    {
        Ok(answer) => Ok(answer.orchestration_state.filter(|_| answer.exists)),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

async fn look(hub: &Hub, instance_ids: Vec<String>) -> Result<Answer, Status> {
    let one = |id: String| async move {
        let state = state_of(hub, id.clone(), false).await?;
        Ok::<_, Status>((id, state))
    };
    let states: Vec<_> = futures_util::stream::iter(instance_ids)
        .map(one)
        .buffer_unordered(OUT_MAX)
        .try_collect()
        .await?;
    let (mut targets, mut gone) = (Vec::new(), Vec::new());
    for (id, state) in states {
        match state {
            Some(it) => targets.push(Target::of(&poll::row_of(it))),
            None => gone.push(id),
        }
    }
    Ok(Answer::Looked { targets, gone })
}

async fn read_start(hub: &Hub, instance_id: String) -> Result<Answer, Status> {
    let state = state_of(hub, instance_id.clone(), true).await?;
    let state = state.ok_or_else(|| Status::not_found(format!("{instance_id} is gone")))?;
    Ok(Answer::StartedWith(Box::new(Start {
        name: state.name,
        instance_id: String::new(),
        version: state.version,
        tags: state.tags.into_iter().collect(),
        input: state.input,
    })))
}
