//! Fan-outs in a row, the emulator killed with SIGKILL in the middle of each.

use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;

use crate::figures::Figure;
use crate::figures::shown;
use crate::options::Options;
use crate::ours::World;
use crate::report::Section;
use crate::report::Verdict;
use crate::work;

const FAN_OUTS: u32 = 100;
const ACTIVITIES: u32 = 500;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let fan_outs = options.size(FAN_OUTS);
    let mut world = World::start(options, "normal").await?;
    let mut failures = Vec::new();
    let mut seconds = Vec::new();
    for _ in 0..fan_outs {
        match killed_in_the_middle(&mut world, ACTIVITIES).await {
            Ok(took) => seconds.push(took),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    section.verdicts.push(Verdict {
        goal: "100 fan-outs of 500, a kill -9 in the middle of each: failed, at most 0".to_owned(),
        measured: format!("{} of {fan_outs}", failures.len()),
        met: Some(failures.is_empty()),
    });
    let seconds = shown(Figure::of(seconds));
    section.note(format!(
        "From the kill to the end of the fan-out, restart and reconnection included: {seconds} s."
    ));
    for failure in failures {
        section.note(format!("Failed: {failure}"));
    }
    Ok(section)
}

/// Seconds from the kill to the end.
async fn killed_in_the_middle(world: &mut World, size: u32) -> Result<f64> {
    let id = world.server.client.start(&work::TELLING, size).await?;
    loop {
        let said = world.worker.line(PATIENCE).await?;
        // An activity of an earlier fan-out may have run twice.
        if said["half"].as_str() == Some(&*id) {
            break;
        }
    }
    let began = Instant::now();
    world.server.emulator.kill()?;
    world.server.emulator.restart().context("restart")?;
    let state = world
        .server
        .client
        .wait_for_completion(&id, PATIENCE)
        .await?;
    let sum: u64 = state.output()?;
    ensure!(sum == work::sum_below(size), "a wrong result: {sum}");
    Ok(began.elapsed().as_secs_f64())
}
