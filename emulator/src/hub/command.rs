//! Everything that can be asked of the core thread.

use tokio::sync::oneshot;

use super::HubError;
use super::core::Core;
use crate::dispatch::StreamId;
use crate::dispatch::WorkKind;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::live::HubKey;
use crate::live::InstanceLive;
use crate::store::StoreError;

/// Where the answer goes, after the commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, HubError>>;

/// Whether a change still can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is applied in the group's transaction.
    Applied,
    /// The group has failed before its turn: it fails with the others.
    Refused,
}

/// Applies one use case and leaves its answer with the group. An error fails the whole group.
type Apply = Box<dyn FnOnce(&mut Core, Fate) -> Result<(), StoreError> + Send>;

/// A use case that writes.
pub(super) struct Change(Apply);

impl Change {
    pub(super) fn new<T: Send + 'static>(
        work: impl FnOnce(&mut Core) -> Result<T, HubError> + Send + 'static,
        reply: Reply<T>,
    ) -> Self {
        Self(Box::new(move |core, fate| {
            let result = match fate {
                Fate::Applied => work(core),
                Fate::Refused => Err(HubError::ShuttingDown),
            };
            core.answer(reply, result)
        }))
    }

    pub(super) fn apply(self, core: &mut Core, fate: Fate) -> Result<(), StoreError> {
        (self.0)(core, fate)
    }
}

impl std::fmt::Debug for Change {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Change")
    }
}

/// One request to the core. Those without a reply cannot fail.
#[derive(Debug)]
pub(super) enum Command {
    Change(Change),
    /// Reads what only the core knows, and writes nothing.
    Look(Change),
    Connect {
        hub: HubKey,
        worker: Box<WorkerProfile>,
        reply: Reply<WorkerItems>,
    },
    Disconnect {
        hub: HubKey,
        stream: StreamId,
    },
    Abandon {
        hub: HubKey,
        token: String,
        kind: WorkKind,
        reply: Reply<()>,
    },
    Inspect {
        hub: HubKey,
        id: String,
        reply: Reply<InstanceLive>,
    },
    Shutdown {
        reply: Reply<()>,
    },
}
