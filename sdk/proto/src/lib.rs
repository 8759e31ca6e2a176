//! The wire: the official Durable Task contract and Durascope's monitor feed as Rust types.
//!
//! Messages of the official service live in the crate root, as its proto has no package.
//! Clients and servers are behind the features `client` and `server`; without them the
//! crate needs no transport. The feature `progress` reads what instances report of themselves,
//! and `tasks` folds a history into what it scheduled.
//! Everything in `generated` is made by `tests/codegen.rs`.

mod encoded;
mod generated;
pub mod history;
mod older;
#[cfg(feature = "progress")]
pub mod progress;
pub mod runs;
pub mod shape;
pub mod sticky;
#[cfg(feature = "tasks")]
pub mod tasks;
pub mod time;

pub use encoded::EncodedHistoryChunk;
pub use encoded::EncodedWorkItem;
pub use generated::messages::*;
pub use older::AnyCreateInstanceRequest;
pub use older::OldReuseAction;

/// Durascope's live feed for dashboards, package `durascope.monitor.v1`.
pub mod monitor {
    pub use crate::generated::messages::durascope::monitor::v1::*;
}

/// The official service, server side. Work items and history chunks are sent as bytes that
/// are encoded already, so that stored history is never decoded on its way out. A start is read
/// with what an older contract says in it.
#[cfg(feature = "server")]
pub mod server {
    pub use crate::generated::server::monitor_server;
    pub use crate::generated::server::task_hub_sidecar_service_server;
}

/// Descriptors of both services, for gRPC reflection and for tests.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptor.bin");
