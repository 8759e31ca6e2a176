//! Queries: filters, pages, and streams over all pages.

use std::time::SystemTime;

use durascope_proto as proto;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;

use super::Client;
use super::ClientError;
use super::instance::OrchestrationState;
use super::instance::OrchestrationStatus;
use super::options::wire_statuses;
use crate::clock::timestamp;
use crate::transport::Repeat;

/// Which instances to look for. All conditions must hold.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InstanceQuery {
    /// In one of these states; any if empty.
    pub statuses: Vec<OrchestrationStatus>,
    /// Created at this time or later.
    pub created_from: Option<SystemTime>,
    /// Created before this time.
    pub created_to: Option<SystemTime>,
    /// Whose id begins so.
    pub id_prefix: Option<String>,
    /// Instances on a page; the server's choice if 0.
    pub page_size: u32,
    /// Whether inputs, outputs, custom statuses and failures come along.
    pub with_payloads: bool,
}

impl InstanceQuery {
    /// All instances, without payloads.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state to the list of those wanted.
    #[must_use]
    pub fn status(mut self, status: OrchestrationStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Only those created at `time` or later.
    #[must_use]
    pub fn created_from(mut self, time: SystemTime) -> Self {
        self.created_from = Some(time);
        self
    }

    /// Only those created before `time`.
    #[must_use]
    pub fn created_to(mut self, time: SystemTime) -> Self {
        self.created_to = Some(time);
        self
    }

    /// Only those whose id begins with `prefix`.
    #[must_use]
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.id_prefix = Some(prefix.into());
        self
    }

    /// Instances on a page.
    #[must_use]
    pub fn page_size(mut self, count: u32) -> Self {
        self.page_size = count;
        self
    }

    /// Asks for inputs, outputs, custom statuses and failures too.
    #[must_use]
    pub fn with_payloads(mut self) -> Self {
        self.with_payloads = true;
        self
    }

    fn to_proto(&self, token: Option<String>) -> proto::InstanceQuery {
        proto::InstanceQuery {
            runtime_status: wire_statuses(&self.statuses),
            created_time_from: self.created_from.map(timestamp),
            created_time_to: self.created_to.map(timestamp),
            task_hub_names: Vec::new(),
            max_instance_count: i32::try_from(self.page_size).unwrap_or(i32::MAX),
            continuation_token: token,
            instance_id_prefix: self.id_prefix.clone(),
            fetch_inputs_and_outputs: self.with_payloads,
        }
    }
}

/// One page of instances.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstancePage {
    /// The instances.
    pub instances: Vec<OrchestrationState>,
    /// Where the next page begins; `None` on the last one.
    pub continuation_token: Option<String>,
}

/// Which ended instances to list by id.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct IdQuery {
    /// In one of these states; any if empty.
    pub statuses: Vec<OrchestrationStatus>,
    /// Ended at this time or later.
    pub completed_from: Option<SystemTime>,
    /// Ended before this time.
    pub completed_to: Option<SystemTime>,
    /// Ids on a page; the server's choice if 0.
    pub page_size: u32,
}

impl IdQuery {
    /// All ended instances.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state to the list of those wanted.
    #[must_use]
    pub fn status(mut self, status: OrchestrationStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Only those that ended at `time` or later.
    #[must_use]
    pub fn completed_from(mut self, time: SystemTime) -> Self {
        self.completed_from = Some(time);
        self
    }

    /// Only those that ended before `time`.
    #[must_use]
    pub fn completed_to(mut self, time: SystemTime) -> Self {
        self.completed_to = Some(time);
        self
    }

    /// Ids on a page.
    #[must_use]
    pub fn page_size(mut self, count: u32) -> Self {
        self.page_size = count;
        self
    }
}

/// One page of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdPage {
    /// The ids, in the order in which the instances ended.
    pub instance_ids: Vec<String>,
    /// Key of the last one; ask with it for what comes after. `None` at the end.
    pub last_key: Option<String>,
}

impl Client {
    /// One page of the instances that `query` describes, from `token` on.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: the token is none of this server's.
    pub async fn query_page(
        &self,
        query: &InstanceQuery,
        token: Option<String>,
    ) -> Result<InstancePage, ClientError> {
        let request = proto::QueryInstancesRequest {
            query: Some(query.to_proto(token)),
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.query_instances(request).await
            })
            .await?;
        Ok(InstancePage {
            instances: response
                .orchestration_state
                .into_iter()
                .map(OrchestrationState::from_proto)
                .collect(),
            continuation_token: response
                .continuation_token
                .filter(|token| !token.is_empty()),
        })
    }

    /// All instances that `query` describes, page by page as they are consumed.
    pub fn query(
        &self,
        query: InstanceQuery,
    ) -> impl Stream<Item = Result<OrchestrationState, ClientError>> + Send + Unpin + 'static {
        let client = self.clone();
        stream::try_unfold(Some(None), move |next: Option<Option<String>>| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                let Some(token) = next else {
                    return Ok::<_, ClientError>(None);
                };
                let page = client.query_page(&query, token.clone()).await?;
                // A token that does not move would repeat the page for ever.
                let moved = page
                    .continuation_token
                    .filter(|next| Some(next) != token.as_ref());
                let next = moved.map(Some);
                Ok(Some((
                    stream::iter(page.instances.into_iter().map(Ok)),
                    next,
                )))
            }
        })
        .try_flatten()
        .boxed()
    }

    /// One page of the ids that `query` describes, after `last_key`.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: the key is none of this server's.
    pub async fn list_instance_ids_page(
        &self,
        query: &IdQuery,
        last_key: Option<String>,
    ) -> Result<IdPage, ClientError> {
        let request = proto::ListInstanceIdsRequest {
            runtime_status: wire_statuses(&query.statuses),
            completed_time_from: query.completed_from.map(timestamp),
            completed_time_to: query.completed_to.map(timestamp),
            page_size: i32::try_from(query.page_size).unwrap_or(i32::MAX),
            last_instance_key: last_key,
        };
        let response = self
            .connection()
            .unary(Repeat::Safe, request, |mut stub, request| async move {
                stub.list_instance_ids(request).await
            })
            .await?;
        Ok(IdPage {
            instance_ids: response.instance_ids,
            last_key: response.last_instance_key.filter(|key| !key.is_empty()),
        })
    }

    /// All ids that `query` describes, page by page as they are consumed.
    pub fn list_instance_ids(
        &self,
        query: IdQuery,
    ) -> impl Stream<Item = Result<String, ClientError>> + Send + Unpin + 'static {
        let client = self.clone();
        stream::try_unfold(Some(None), move |next: Option<Option<String>>| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                let Some(key) = next else {
                    return Ok::<_, ClientError>(None);
                };
                let page = client.list_instance_ids_page(&query, key.clone()).await?;
                // A key that does not move would repeat the page for ever.
                let moved = page.last_key.filter(|last| Some(last) != key.as_ref());
                let next = moved.filter(|_| !page.instance_ids.is_empty()).map(Some);
                Ok(Some((
                    stream::iter(page.instance_ids.into_iter().map(Ok)),
                    next,
                )))
            }
        })
        .try_flatten()
        .boxed()
    }
}
