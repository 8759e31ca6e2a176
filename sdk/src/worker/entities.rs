//! Entity work items: one batch of operations to one completion.

use durascope_proto::EntityBatchResult;
use tokio_util::sync::CancellationToken;

use super::registry::Registry;
use crate::entity;
use crate::entity::Batch;
use crate::failure::FailureDetails;
use crate::names::EntityId;

/// A batch that was run.
pub(super) struct Done {
    pub(super) instance_id: String,
    pub(super) result: EntityBatchResult,
    /// The state as it was before: a result without it would delete the entity.
    old_state: Option<String>,
}

impl Done {
    /// What to answer instead if the answer is too large for the server: every operation fails.
    pub(super) fn refused(&self, details: &FailureDetails) -> EntityBatchResult {
        EntityBatchResult {
            completion_token: self.result.completion_token.clone(),
            ..entity::failed(
                self.result.results.len(),
                self.result.operation_infos.clone(),
                self.old_state.clone(),
                details,
            )
        }
    }
}

/// Runs a batch; whatever its operations do, there is a completion.
pub(super) async fn run_batch(
    registry: &Registry,
    batch: Batch,
    completion_token: String,
    stop: &CancellationToken,
) -> Done {
    let instance_id = batch.instance_id.clone();
    let old_state = batch.state.clone();
    let id = EntityId::received(&instance_id);
    let code = id.as_ref().and_then(|id| registry.entity(id.name()));
    let mut result = match (id, code) {
        (Some(id), Some(code)) => entity::run(&code, id, batch, || stop.is_cancelled()).await,
        (id, _) => entity::not_found(id.as_ref(), batch),
    };
    result.completion_token = completion_token;
    Done {
        instance_id,
        result,
        old_state,
    }
}
