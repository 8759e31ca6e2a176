//! The floor: durable activities over gRPC without an engine, in two processes as ours are.
//!
//! It commits a schedule row before it streams the item, and acknowledges the completion after
//! the group commit that holds its row. Nothing that keeps that promise can be much faster, so
//! the share of it is what counts.

pub(crate) mod client;
pub(crate) mod server;
mod store;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use serde_json::json;

use crate::alternate::Run;
use crate::options::Options;
use crate::process::Process;

pub(crate) use store::rows_a_second;

/// What the server does with an item.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// None: nothing is stored, which is the bound of gRPC alone.
    database: Option<PathBuf>,
    full: bool,
}

impl Bound {
    pub(crate) fn from_words(database: &str, durability: &str) -> Result<Self> {
        let full = match durability {
            "normal" => false,
            "full" => true,
            other => bail!("{other:?} is no durability"),
        };
        let database = Some(database).filter(|it| *it != NO_DATABASE);
        Ok(Self {
            database: database.map(PathBuf::from),
            full,
        })
    }
}

const NO_DATABASE: &str = "-";

/// Activities at a time on both sides: enough to fill group commits.
pub(crate) const OUTSTANDING: u32 = 256;

/// Items before those that are timed: connections, statements and pages exist by then.
pub(crate) const WARM_UP: u32 = 256;

const PATIENCE: Duration = Duration::from_secs(600);

/// What the client is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) items: u32,
    pub(crate) outstanding: u32,
    /// The next item is scheduled in the transaction that completes the one before, as a turn
    /// of an orchestration would.
    pub(crate) chained: bool,
}

impl Load {
    /// As many at a time as our worker takes.
    pub(crate) fn wide(items: u32) -> Self {
        Self {
            items,
            outstanding: OUTSTANDING,
            chained: false,
        }
    }

    /// One after another.
    pub(crate) fn narrow(items: u32, chained: bool) -> Self {
        Self {
            items,
            outstanding: 1,
            chained,
        }
    }
}

/// The floor with a database file.
///
/// # Errors
/// When a process fails.
pub(crate) async fn run(options: &Options, durability: &str, load: Load) -> Result<Run> {
    let folder = options.fresh_folder()?;
    run_on(Some(&folder.path().join("floor.db")), durability, load).await
}

/// gRPC alone: the same calls, and nothing stored.
///
/// # Errors
/// As [`run`].
pub(crate) async fn run_without_database(load: Load) -> Result<Run> {
    run_on(None, "normal", load).await
}

async fn run_on(database: Option<&Path>, durability: &str, load: Load) -> Result<Run> {
    let path = database.map_or_else(|| NO_DATABASE.into(), Path::to_string_lossy);
    let mut server = Process::role(&["floor-server", &path, durability])?;
    let ready = server.line(PATIENCE).await?;
    let endpoint = ready["endpoint"].as_str().context("no endpoint")?;
    let mut client = Process::role(&["floor-client", endpoint])?;
    let mut timed = async |load: Load| -> Result<f64> {
        let told = json!([load.items, load.outstanding, u32::from(load.chained)]);
        client.tell(&told.to_string())?;
        let said = client.line(PATIENCE).await?;
        let failure = || said["error"].as_str().unwrap_or("no seconds").to_owned();
        said["seconds"].as_f64().with_context(failure)
    };
    let warm_up = Load {
        items: WARM_UP,
        ..load
    };
    timed(warm_up).await?;
    let before = server.usage()?;
    let seconds = timed(load).await?;
    Ok(Run {
        seconds,
        items: load.items,
        server: server.usage()?.since(before),
        ..Run::default()
    })
}
