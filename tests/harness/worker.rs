//! A hand-written worker: it takes work items one by one, so that a test decides what happens.

use std::collections::VecDeque;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use durascope_proto::ActivityRequest;
use durascope_proto::ActivityResponse;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::TaskFailureDetails;
use durascope_proto::WorkItem;
use durascope_proto::sticky;
use durascope_proto::work_item::Request;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::IntoRequest;
use tonic::Status;
use tonic::Streaming;
use tonic::metadata::MetadataValue;

use crate::DEADLINE;
use crate::RawClient;
use crate::entities::Batch;

/// One open stream of work items. Dropping it ends the stream, as a crash of a worker does.
pub struct RawWorker {
    client: RawClient,
    stream: Streaming<WorkItem>,
    /// How many kept executions the server remembers, as it has said.
    pub sticky: Option<String>,
    turns: VecDeque<Turn>,
    activities: VecDeque<Activity>,
    batches: VecDeque<Batch>,
}

/// A turn of an orchestration that this worker holds.
#[derive(Clone, Debug)]
pub struct Turn {
    pub token: String,
    pub request: OrchestratorRequest,
}

/// An activity that this worker holds.
#[derive(Clone, Debug)]
pub struct Activity {
    pub token: String,
    pub request: ActivityRequest,
}

impl RawWorker {
    /// Opens a stream without stated limits.
    ///
    /// # Errors
    /// The server's status.
    pub async fn open(client: &RawClient) -> Result<Self, Status> {
        Self::open_with(client, GetWorkItemsRequest::default()).await
    }

    /// Opens a stream of a worker that keeps so many orchestrations between their turns.
    ///
    /// # Errors
    /// The server's status.
    pub async fn open_sticky(
        client: &RawClient,
        count: u32,
        request: GetWorkItemsRequest,
    ) -> Result<Self, Status> {
        let mut request = request.into_request();
        let count = MetadataValue::from(count);
        request.metadata_mut().insert(sticky::METADATA, count);
        Self::open_with(client, request).await
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// The server's status.
    pub async fn open_with(
        client: &RawClient,
        request: impl IntoRequest<GetWorkItemsRequest>,
    ) -> Result<Self, Status> {
        let response = client.rpc.clone().get_work_items(request).await?;
        let sticky = response.metadata().get(sticky::METADATA);
        let sticky = sticky.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        Ok(Self {
            client: client.clone(),
            stream: response.into_inner(),
            sticky,
            turns: VecDeque::new(),
            activities: VecDeque::new(),
            batches: VecDeque::new(),
        })
    }

    /// The next item as it comes, health pings included.
    ///
    /// # Errors
    /// When the stream ends, or nothing comes before the deadline.
    pub async fn next(&mut self) -> Result<WorkItem> {
        let next = timeout(DEADLINE, self.stream.message());
        let item = next.await.context("no work item before the deadline")?;
        item.context("the stream broke")?
            .context("the stream ended")
    }

    /// Takes what comes next. Signs of life do not put off the deadline.
    async fn receive(&mut self) -> Result<()> {
        let item = timeout(DEADLINE, async {
            loop {
                let item = self.next().await?;
                if !matches!(item.request, Some(Request::HealthPing(_))) {
                    return anyhow::Ok(item);
                }
            }
        });
        let item = item.await.context("no work item before the deadline")??;
        let token = item.completion_token;
        match item.request {
            Some(Request::OrchestratorRequest(request)) => {
                self.turns.push_back(Turn { token, request });
            }
            Some(Request::ActivityRequest(request)) => {
                self.activities.push_back(Activity { token, request });
            }
            Some(Request::EntityRequestV2(request)) => {
                self.batches.push_back(Batch { token, request });
            }
            other => bail!("an unexpected work item: {other:?}"),
        }
        Ok(())
    }

    /// The next turn; activities that come meanwhile are kept for [`RawWorker::activity`].
    ///
    /// # Errors
    /// As [`RawWorker::next`].
    pub async fn turn(&mut self) -> Result<Turn> {
        loop {
            if let Some(turn) = self.turns.pop_front() {
                return Ok(turn);
            }
            self.receive().await.context("waiting for a turn")?;
        }
    }

    /// The next activity; turns that come meanwhile are kept for [`RawWorker::turn`].
    ///
    /// # Errors
    /// As [`RawWorker::next`].
    pub async fn activity(&mut self) -> Result<Activity> {
        loop {
            if let Some(activity) = self.activities.pop_front() {
                return Ok(activity);
            }
            self.receive().await.context("waiting for an activity")?;
        }
    }

    /// The next batch of an entity; what else comes meanwhile is kept.
    ///
    /// # Errors
    /// As [`RawWorker::next`].
    pub async fn entity(&mut self) -> Result<Batch> {
        loop {
            if let Some(batch) = self.batches.pop_front() {
                return Ok(batch);
            }
            self.receive()
                .await
                .context("waiting for a batch of an entity")?;
        }
    }

    /// Takes the next batch; all of its operations succeed with this result and leave this state.
    ///
    /// # Errors
    /// As [`RawWorker::next`], or the server's status.
    pub async fn answer_entity(
        &mut self,
        state: Option<&str>,
        result: Option<&str>,
    ) -> Result<Batch> {
        let batch = self.entity().await?;
        self.client
            .complete_batch(batch.done(state, result))
            .await?;
        Ok(batch)
    }

    /// Takes the next turn and answers it.
    ///
    /// # Errors
    /// As [`RawWorker::next`], or the server's status.
    pub async fn answer_turn(&mut self, actions: Vec<OrchestratorAction>) -> Result<Turn> {
        let turn = self.turn().await?;
        self.client.complete_turn(&turn, actions).await?;
        Ok(turn)
    }

    /// Takes the next activity and answers it with success.
    ///
    /// # Errors
    /// As [`RawWorker::next`], or the server's status.
    pub async fn answer_activity(&mut self, result: &str) -> Result<Activity> {
        let activity = self.activity().await?;
        self.client.complete_activity(&activity, result).await?;
        Ok(activity)
    }

    /// Answers everything by two functions until dropped or until the stream breaks.
    pub fn serve(
        mut self,
        turns: impl Fn(&OrchestratorRequest) -> Vec<OrchestratorAction> + Send + 'static,
        activities: impl Fn(&ActivityRequest) -> String + Send + 'static,
    ) -> Serving {
        Serving(tokio::spawn(async move {
            // What is lost with the connection is the server's to hand out again.
            while self.receive().await.is_ok() {
                while let Some(turn) = self.turns.pop_front() {
                    let actions = turns(&turn.request);
                    self.client.complete_turn(&turn, actions).await.ok();
                }
                while let Some(activity) = self.activities.pop_front() {
                    let result = activities(&activity.request);
                    self.client.complete_activity(&activity, &result).await.ok();
                }
            }
        }))
    }
}

/// A worker in the background; dropping this ends it and its stream.
pub struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RawClient {
    /// Answers a turn.
    ///
    /// # Errors
    /// The server's status.
    pub async fn complete_turn(
        &self,
        turn: &Turn,
        actions: Vec<OrchestratorAction>,
    ) -> Result<(), Status> {
        self.complete_turn_with(turn.response(actions)).await
    }

    /// Sends this answer to a turn.
    ///
    /// # Errors
    /// The server's status.
    pub async fn complete_turn_with(&self, response: OrchestratorResponse) -> Result<(), Status> {
        self.rpc
            .clone()
            .complete_orchestrator_task(response)
            .await
            .map(drop)
    }

    /// Answers an activity with success.
    ///
    /// # Errors
    /// The server's status.
    pub async fn complete_activity(&self, activity: &Activity, result: &str) -> Result<(), Status> {
        self.complete_activity_with(activity.response(Some(result), None))
            .await
    }

    /// Answers an activity with a failure.
    ///
    /// # Errors
    /// The server's status.
    pub async fn fail_activity(
        &self,
        activity: &Activity,
        details: TaskFailureDetails,
    ) -> Result<(), Status> {
        self.complete_activity_with(activity.response(None, Some(details)))
            .await
    }

    /// Sends this answer to an activity.
    ///
    /// # Errors
    /// The server's status.
    pub async fn complete_activity_with(&self, response: ActivityResponse) -> Result<(), Status> {
        self.rpc
            .clone()
            .complete_activity_task(response)
            .await
            .map(drop)
    }
}

impl Turn {
    /// The answer with these actions, to be changed by the test.
    pub fn response(&self, actions: Vec<OrchestratorAction>) -> OrchestratorResponse {
        OrchestratorResponse {
            instance_id: self.request.instance_id.clone(),
            completion_token: self.token.clone(),
            actions,
            ..OrchestratorResponse::default()
        }
    }
}

impl Activity {
    /// The answer, to be changed by the test.
    pub fn response(
        &self,
        result: Option<&str>,
        failure_details: Option<TaskFailureDetails>,
    ) -> ActivityResponse {
        let instance = self
            .request
            .orchestration_instance
            .clone()
            .unwrap_or_default();
        ActivityResponse {
            instance_id: instance.instance_id,
            task_id: self.request.task_id,
            result: result.map(str::to_owned),
            failure_details,
            completion_token: self.token.clone(),
        }
    }
}
