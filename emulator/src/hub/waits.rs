//! Long polls: callers that wait for an instance to start or to end.

use durascope_engine::status::is_terminal;
use durascope_proto::OrchestrationState;
use durascope_proto::OrchestrationStatus;

use super::Hub;
use super::HubError;
use super::queries::Texts;
use crate::live::HubKey;
use crate::store::load;

impl Hub {
    /// The state of the instance once it is not pending any more; `None` when there is none.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_started(
        &self,
        hub: HubKey,
        id: &str,
        texts: Texts,
    ) -> Result<Option<OrchestrationState>, HubError> {
        self.wait_until(hub, id, texts, |status| {
            status != OrchestrationStatus::Pending
        })
        .await
    }

    /// The state of the instance once it has ended; `None` when there is none.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_ended(
        &self,
        hub: HubKey,
        id: &str,
        texts: Texts,
    ) -> Result<Option<OrchestrationState>, HubError> {
        self.wait_until(hub, id, texts, is_terminal).await
    }

    async fn wait_until(
        &self,
        hub: HubKey,
        id: &str,
        texts: Texts,
        reached: impl Fn(OrchestrationStatus) -> bool,
    ) -> Result<Option<OrchestrationState>, HubError> {
        let place = self.waiters.park(hub, id);
        loop {
            // Listen first, look afterwards: what happens in between is not missed.
            let notified = place.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let asked = id.to_owned();
            let status = self
                .store
                .read(move |db| load::status(db, hub, &asked))
                .await?;
            match status {
                None => return Ok(None),
                Some(status) if reached(status) => {
                    // It may have been replaced since: what is answered is what was waited for.
                    let state = self.instance(hub, id, texts).await?;
                    if state
                        .as_ref()
                        .is_none_or(|state| reached(state.orchestration_status()))
                    {
                        return Ok(state);
                    }
                }
                Some(_) => {
                    if self.commands.is_closed() {
                        return Err(HubError::ShuttingDown);
                    }
                    notified.await;
                }
            }
        }
    }
}
