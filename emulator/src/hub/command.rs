//! Everything that can be asked of the core thread.

use durascope_proto::ActivityResponse;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::TerminateRequest;
use tokio::sync::oneshot;

use super::HubError;
use super::purge;
use crate::dispatch::StreamId;
use crate::dispatch::WorkerItems;
use crate::dispatch::WorkerProfile;
use crate::live::HubKey;
use crate::live::InstanceLive;

/// Where the answer goes, after the commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, HubError>>;

/// One request to the core. Those without a reply cannot fail.
#[derive(Debug)]
pub(super) enum Command {
    Resolve {
        name: String,
        reply: Reply<HubKey>,
    },
    CreateTaskHub {
        name: String,
        recreate: bool,
        reply: Reply<()>,
    },
    DeleteTaskHub {
        name: String,
        reply: Reply<()>,
    },
    Start {
        hub: HubKey,
        request: Box<CreateInstanceRequest>,
        reply: Reply<String>,
    },
    Raise {
        hub: HubKey,
        request: RaiseEventRequest,
        reply: Reply<()>,
    },
    Terminate {
        hub: HubKey,
        request: TerminateRequest,
        reply: Reply<()>,
    },
    Suspend {
        hub: HubKey,
        request: SuspendRequest,
        reply: Reply<()>,
    },
    Resume {
        hub: HubKey,
        request: ResumeRequest,
        reply: Reply<()>,
    },
    Purge {
        hub: HubKey,
        ids: Vec<String>,
        recursive: bool,
        reply: Reply<u32>,
    },
    PurgeFilter {
        hub: HubKey,
        filter: purge::Filter,
        limit: u32,
        reply: Reply<purge::Step>,
    },
    Connect {
        hub: HubKey,
        worker: Box<WorkerProfile>,
        reply: Reply<WorkerItems>,
    },
    Disconnect {
        hub: HubKey,
        stream: StreamId,
    },
    CompleteActivity {
        hub: HubKey,
        response: Box<ActivityResponse>,
        reply: Reply<()>,
    },
    CompleteTurn {
        hub: HubKey,
        response: Box<OrchestratorResponse>,
        reply: Reply<()>,
    },
    Abandon {
        hub: HubKey,
        token: String,
        turn: bool,
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
