//! Our side: the emulator and our worker as processes, a database file, and a client here.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::ensure;
use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Orchestration;
use durascope_tests::Emulator;
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::alternate::Run;
use crate::floor::OUTSTANDING;
use crate::floor::WARM_UP;
use crate::options::Options;
use crate::process::Process;
use crate::usage::Usage;
use crate::work;

/// Longer than any single run takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// Calls of the client that are under way at a time, where there are many.
pub(crate) const CALLS_AT_ONCE: usize = 256;

/// An emulator on a fresh file, with a client.
pub(crate) struct Server {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
    pub(crate) folder: TempDir,
}

impl Server {
    /// # Errors
    /// When the emulator does not get ready.
    pub(crate) fn start(options: &Options, durability: &str) -> Result<Self> {
        let folder = options.fresh_folder()?;
        let path = folder.path().join("ours.db");
        let path = path.to_string_lossy();
        let emulator = Emulator::start(&["--db", &path, "--durability", durability])?;
        let client = connect(emulator.endpoint())?;
        Ok(Self {
            emulator,
            client,
            folder,
        })
    }

    /// # Errors
    /// As [`Usage::of`].
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.emulator.pid())
    }

    /// A worker for it, with so many activities at once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn worker(&self, activities: u32) -> Result<Process> {
        Process::role(&["worker", self.emulator.endpoint(), &activities.to_string()])
    }

    /// Runs an orchestration and gives its output, with the seconds from the start to the end
    /// of the wait for it.
    ///
    /// # Errors
    /// When it does not complete, or with something else.
    pub(crate) async fn timed<I, O>(
        &self,
        orchestration: &Orchestration<I, O>,
        input: I,
    ) -> Result<(String, O, f64)>
    where
        I: Serialize,
        O: DeserializeOwned,
    {
        let began = Instant::now();
        let id = self.client.start(orchestration, input).await?;
        let state = self.client.wait_for_completion(&id, PATIENCE).await?;
        let seconds = began.elapsed().as_secs_f64();
        Ok((id, state.output()?, seconds))
    }
}

pub(crate) fn connect(endpoint: &str) -> Result<Client> {
    Ok(Client::connect(ConnectOptions::new(endpoint, "default")?)?)
}

/// A server with a worker that has worked already.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) worker: Process,
}

impl World {
    /// # Errors
    /// When one of the processes does not get ready.
    pub(crate) async fn start(options: &Options, durability: &str) -> Result<Self> {
        let server = Server::start(options, durability)?;
        let worker = server.worker(OUTSTANDING)?;
        let world = Self { server, worker };
        world.server.timed(&work::FAN_OUT, WARM_UP).await?;
        Ok(world)
    }

    /// One fan-out.
    ///
    /// # Errors
    /// When it does not complete with the right result.
    pub(crate) async fn fan_out(&self, size: u32) -> Result<Run> {
        let before = self.server.usage()?;
        let (id, sum, seconds) = self.server.timed(&work::FAN_OUT, size).await?;
        ensure!(sum == work::sum_below(size), "a wrong result: {sum}");
        Ok(Run {
            seconds,
            items: size,
            server: self.server.usage()?.since(before),
            turns: turns(&self.server.client, &id).await?,
            ..Run::default()
        })
    }
}

/// A fan-out in a world of its own.
///
/// # Errors
/// As [`World::start`] and [`World::fan_out`].
pub(crate) async fn fan_out(options: &Options, durability: &str, size: u32) -> Result<Run> {
    World::start(options, durability).await?.fan_out(size).await
}

/// So many orchestrations with a fan-out each.
///
/// # Errors
/// As [`fan_out`].
pub(crate) async fn many(options: &Options, instances: u32, each: u32) -> Result<Run> {
    let world = World::start(options, "normal").await?;
    let before = world.server.usage()?;
    let began = Instant::now();
    let client = &world.server.client;
    let ids: Vec<String> = stream::iter(0..instances)
        .map(|_| client.start(&work::FAN_OUT, each))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    let wait = |id: String| async move {
        let state = client.wait_for_completion(&id, PATIENCE).await?;
        Ok::<u64, anyhow::Error>(state.output::<u64>()?)
    };
    let sums: Vec<u64> = stream::iter(ids)
        .map(wait)
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    let seconds = began.elapsed().as_secs_f64();
    let expected = work::sum_below(each) * u64::from(instances);
    ensure!(sums.iter().sum::<u64>() == expected, "a wrong result");
    Ok(Run {
        seconds,
        items: instances * each,
        server: world.server.usage()?.since(before),
        ..Run::default()
    })
}

/// The history of an instance.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn history(client: &Client, id: &str) -> Result<Vec<HistoryEvent>> {
    Ok(client.history(id).await?.try_collect().await?)
}

/// How many turns an instance has made.
///
/// # Errors
/// As [`history`].
pub(crate) async fn turns(client: &Client, id: &str) -> Result<usize> {
    let mut events = client.history(id).await?;
    let mut turns = 0;
    while let Some(event) = events.try_next().await? {
        turns += usize::from(matches!(
            event.event_type,
            Some(EventType::OrchestratorStarted(_))
        ));
    }
    Ok(turns)
}
