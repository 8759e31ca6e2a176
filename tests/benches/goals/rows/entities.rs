//! Signals of a client to counters, until all of them have been handled.

use std::time::Instant;

use anyhow::Result;
use anyhow::ensure;
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;

use crate::alternate::Run;
use crate::options::Options;
use crate::ours::CALLS_AT_ONCE;
use crate::ours::PATIENCE;
use crate::ours::World;
use crate::work;

/// So many signals, spread over so many counters.
pub(super) async fn signals(options: &Options, signals: u32, entities: u32) -> Result<Run> {
    let world = World::start(options, "normal").await?;
    let before = world.server.usage()?;
    let began = Instant::now();
    let client = &world.server.client;
    let ids: Vec<_> = (0..entities)
        .map(|number| work::COUNTER.id(number))
        .collect();
    stream::iter(ids.iter().cycle().take(usize::try_from(signals)?))
        .map(|id| client.signal_entity(id, &work::ADD, 1))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    let id = client.start(&work::COUNT, entities).await?;
    let state = client.wait_for_completion(&id, PATIENCE).await?;
    let seconds = began.elapsed().as_secs_f64();
    let sum: u64 = state.output()?;
    ensure!(sum == u64::from(signals), "{sum} signals were handled");
    Ok(Run {
        seconds,
        items: signals,
        server: world.server.usage()?.since(before),
        ..Run::default()
    })
}
