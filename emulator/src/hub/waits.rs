//! Long polls: callers that wait for an instance to start or to end.

use durascope_engine::status::is_terminal;
use durascope_proto::OrchestrationStatus;

use super::Hub;
use super::HubError;
use crate::live::HubKey;
use crate::store::load;

impl Hub {
    /// Returns when the instance is not pending any more, or does not exist.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_started(&self, hub: HubKey, id: &str) -> Result<(), HubError> {
        self.wait_until(hub, id, |status| status != OrchestrationStatus::Pending)
            .await
    }

    /// Returns when the instance has ended, or does not exist.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::ShuttingDown`].
    pub async fn wait_ended(&self, hub: HubKey, id: &str) -> Result<(), HubError> {
        self.wait_until(hub, id, is_terminal).await
    }

    async fn wait_until(
        &self,
        hub: HubKey,
        id: &str,
        reached: impl Fn(OrchestrationStatus) -> bool,
    ) -> Result<(), HubError> {
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
            if status.is_none_or(&reached) {
                return Ok(());
            }
            if self.commands.is_closed() {
                return Err(HubError::ShuttingDown);
            }
            notified.await;
        }
    }
}
