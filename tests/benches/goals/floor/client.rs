//! The role of the floor's client: each item is completed by a task of its own, as a worker does.

use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use durascope_proto::ActivityResponse;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::WorkItem;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use durascope_proto::work_item::Request;
use tokio::sync::mpsc;
use tonic::Status;
use tonic::transport::Channel;
use tonic::transport::Endpoint;

use crate::work;

/// Does what the lines of standard input say, `[items, outstanding, chained]`, and prints how long
/// it took, until there are no more.
///
/// # Errors
/// When there is no such server.
pub(crate) async fn run(endpoint: &str) -> Result<()> {
    let endpoint = Endpoint::from_shared(endpoint.to_owned()).context("the endpoint")?;
    let channel = endpoint.tcp_nodelay(true).connect().await?;
    let client = TaskHubSidecarServiceClient::new(channel);
    // Nothing else is to be done while it waits for a line.
    for line in std::io::stdin().lines() {
        let told: [i32; 3] = serde_json::from_str(&line.context("a line")?).context("a load")?;
        let said = match once(client.clone(), told).await {
            Ok(seconds) => serde_json::json!({ "seconds": seconds }),
            Err(error) => serde_json::json!({ "error": format!("{error:#}") }),
        };
        work::say(&said);
    }
    Ok(())
}

type Client = TaskHubSidecarServiceClient<Channel>;

async fn once(mut client: Client, [items, outstanding, chained]: [i32; 3]) -> Result<f64> {
    let (done, mut outcomes) = mpsc::unbounded_channel();
    let began = Instant::now();
    let request = GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: items,
        max_concurrent_activity_work_items: outstanding,
        max_concurrent_entity_work_items: chained,
        ..GetWorkItemsRequest::default()
    };
    let mut stream = client.get_work_items(request).await?.into_inner();
    for _ in 0..items {
        let item = stream.message().await?.context("the stream ended early")?;
        let (client, done) = (client.clone(), done.clone());
        tokio::spawn(async move {
            // Nobody listens only when another one has failed.
            done.send(complete(client, item).await).ok();
        });
    }
    for _ in 0..items {
        outcomes.recv().await.context("no outcome")??;
    }
    Ok(began.elapsed().as_secs_f64())
}

async fn complete(mut client: Client, item: WorkItem) -> Result<(), Status> {
    let Some(Request::ActivityRequest(request)) = item.request else {
        return Err(Status::internal("no activity"));
    };
    let instance = request.orchestration_instance.unwrap_or_default();
    let response = ActivityResponse {
        instance_id: instance.instance_id,
        task_id: request.task_id,
        result: request.input,
        completion_token: item.completion_token,
        ..ActivityResponse::default()
    };
    client.complete_activity_task(response).await?;
    Ok(())
}
