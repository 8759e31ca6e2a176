//! How long a restart takes with work left over: many pending instances, and one with many open
//! activities.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::ensure;
use durascope_proto::history_event::EventType;
use durascope_sdk::StartOptions;
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;

use crate::figures::Figure;
use crate::floor::OUTSTANDING;
use crate::options::Options;
use crate::ours;
use crate::ours::CALLS_AT_ONCE;
use crate::ours::PATIENCE;
use crate::ours::Server;
use crate::report::Section;
use crate::report::Verdict;
use crate::work;

const PENDING: u32 = 100_000;
const OPEN: u32 = 100_000;
const READY_SECONDS: f64 = 2.0;
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let mut judge = |what: &str, seconds: Figure, peak_kb: u64| {
        section.verdicts.push(Verdict::at_most(
            format!("restart with {what}: ready ≤ 2 s"),
            READY_SECONDS,
            Some(seconds),
        ));
        section.notes.push(format!(
            "Peak memory after the restart with {what}: {} MB.",
            peak_kb / 1024
        ));
    };
    let (seconds, peak_kb) = pending(options).await?;
    judge("100,000 pending instances", seconds, peak_kb);
    let (seconds, peak_kb) = open(options).await?;
    judge("one instance of 100,000 open activities", seconds, peak_kb);
    section.note("From the start of the process to its ready line, after a kill -9.");
    Ok(section)
}

async fn pending(options: &Options) -> Result<(Figure, u64)> {
    let mut server = Server::start(options, "normal")?;
    let client = &server.client;
    stream::iter(0..options.size(PENDING))
        .map(|number| client.start_by_name("Nobody", number, StartOptions::new()))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect::<Vec<String>>()
        .await?;
    restarts(options, &mut server)
}

async fn open(options: &Options) -> Result<(Figure, u64)> {
    let size = options.size(OPEN);
    let mut server = Server::start(options, "normal")?;
    let no_activities = server.worker(0)?;
    let id = server.client.start(&work::FAN_OUT, size).await?;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let wanted = usize::try_from(size)?;
    let began = Instant::now();
    while scheduled(&server, &id).await? < wanted {
        ensure!(began.elapsed() < PATIENCE, "the fan-out is not scheduled");
        looks.tick().await;
    }
    drop(no_activities);
    let measured = restarts(options, &mut server)?;
    // What was found again is also done.
    let _worker = server.worker(OUTSTANDING)?;
    let state = server.client.wait_for_completion(&id, PATIENCE).await?;
    let sum: u64 = state.output()?;
    ensure!(sum == work::sum_below(size), "a wrong result: {sum}");
    Ok(measured)
}

async fn scheduled(server: &Server, id: &str) -> Result<usize> {
    let history = ours::history(&server.client, id).await?;
    let scheduled = history
        .iter()
        .filter(|event| matches!(event.event_type, Some(EventType::TaskScheduled(_))));
    Ok(scheduled.count())
}

fn restarts(options: &Options, server: &mut Server) -> Result<(Figure, u64)> {
    let mut all = Vec::new();
    for _ in 0..options.pairs {
        server.emulator.kill()?;
        let began = Instant::now();
        server.emulator.restart()?;
        all.push(began.elapsed().as_secs_f64());
    }
    let figure = Figure::of(all).unwrap_or(Figure {
        median: f64::NAN,
        min: f64::NAN,
        max: f64::NAN,
    });
    Ok((figure, server.usage()?.resident_peak_kb))
}
