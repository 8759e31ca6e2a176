//! A cold start to the first answered call, and what an emulator does while nothing happens.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;

use crate::alternate::bytes;
use crate::figures::Figure;
use crate::options::Options;
use crate::ours::Server;
use crate::ours::World;
use crate::report::Section;
use crate::report::Verdict;
use crate::usage::Usage;

const STARTS_A_PAIR: u32 = 4;
const FIRST_CALL_MS: f64 = 100.0;
const IDLE: Duration = Duration::from_secs(10);
const SETTLE: Duration = Duration::from_secs(3);
const RESIDENT_MB: f64 = 30.0;
/// Pings of HTTP/2 wake a few threads each.
const WAKE_UPS_WITH_WORKER: f64 = 20.0;

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let mut first_calls = Vec::new();
    for _ in 0..options.pairs * STARTS_A_PAIR {
        let began = Instant::now();
        let server = Server::start(options, "normal")?;
        server.client.hello().await?;
        first_calls.push(began.elapsed().as_secs_f64() * 1e3);
    }
    section.verdicts.push(Verdict::at_most(
        "start on a fresh file to the first answered call ≤ 100 ms",
        FIRST_CALL_MS,
        Figure::of(first_calls),
    ));

    let alone = Server::start(options, "normal")?;
    let (woken, resident) = idle(|| alone.usage()).await?;
    drop(alone);
    section.verdicts.push(Verdict::at_most(
        "idle emulator: wake-ups in 10 s, at most 0",
        0.0,
        one(woken),
    ));
    section.verdicts.push(Verdict::at_most(
        "idle emulator: resident memory ≤ 30 MB",
        RESIDENT_MB,
        one(resident),
    ));

    let world = World::start(options, "normal").await?;
    let (woken, resident) = idle(|| world.server.usage()).await?;
    section.verdicts.push(Verdict::at_most(
        "idle emulator with a worker: wake-ups in 10 s, pings alone (at most 20)",
        WAKE_UPS_WITH_WORKER,
        one(woken),
    ));
    section.verdicts.push(Verdict::at_most(
        "idle emulator after a fan-out of 256, with a worker: resident memory ≤ 30 MB",
        RESIDENT_MB,
        one(resident),
    ));
    section.note("Wake-ups: voluntary context switches of all threads of the process.");
    Ok(section)
}

fn one(number: f64) -> Option<Figure> {
    Figure::of([number])
}

/// Wake-ups while nothing happens, and resident MB.
async fn idle(usage: impl Fn() -> Result<Usage>) -> Result<(f64, f64)> {
    nothing_for(SETTLE).await;
    let before = usage()?;
    nothing_for(IDLE).await;
    let after = usage()?;
    let woken = after.since(before).sleeps;
    Ok((bytes(woken), bytes(after.resident_kb) / 1024.0))
}

/// Lets time pass: here the absence of events is what is measured.
pub(super) async fn nothing_for(time: Duration) {
    tokio::time::timeout(time, std::future::pending::<()>())
        .await
        .ok();
}
