//! A profile of the emulator while it works at row 1, by `perf`.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;

use crate::options::Options;
use crate::ours::World;

const ACTIVITIES: u32 = 10_000;
const SAMPLES_A_SECOND: &str = "1999";
/// What takes less is left out of what is printed.
const SHARE_LEAST: &str = "0.5";

/// Fan-outs under `perf record`, as many as pairs were asked for, and the heaviest functions.
///
/// # Errors
/// When there is no `perf`, or it may not look.
pub(crate) async fn record(options: &Options) -> Result<String> {
    std::fs::create_dir_all(&options.folder).context("the folder")?;
    let data = options.folder.join("perf.data");
    let size = options.size(ACTIVITIES);
    let world = World::start(options, "normal").await?;
    world.fan_out(size).await?;
    let mut recorder = Command::new("perf")
        .args(["record", "--quiet", "-g", "-F", SAMPLES_A_SECOND, "-o"])
        .arg(&data)
        .args(["-p", &world.server.emulator.pid().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .context("perf cannot be started")?;
    let mut rates = Vec::new();
    for _ in 0..options.pairs {
        rates.push(world.fan_out(size).await?.rate());
    }
    // It ends with the process that it looks at, and writes what it has.
    drop(world);
    let status = recorder.wait().context("wait for perf")?;
    ensure!(status.success(), "perf record failed: {status}");
    let median = crate::figures::shown(crate::figures::Figure::of(rates));
    let functions = report(&data, &["--no-children"])?;
    let callers = report(&data, &["--children"])?;
    Ok(format!(
        "{median} activities/s while perf looked\n\nBy themselves:\n{functions}\n\
         With what they call:\n{callers}\nMore: perf report -i {}",
        data.display()
    ))
}

fn report(data: &Path, more: &[&str]) -> Result<String> {
    let output = Command::new("perf")
        .args(["report", "--stdio", "-g", "none", "--percent-limit"])
        .args([SHARE_LEAST, "--sort", "symbol"])
        .args(more)
        .arg("-i")
        .arg(data)
        .output()
        .context("perf report")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Behind the symbols there are columns that nobody asked for.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.trim_end_matches([' ', '-']))
        .filter(|line| !line.is_empty());
    Ok(lines.fold(String::new(), |all, line| all + line + "\n"))
}
