//! duroxide on a SQLite file: a package outside of the workspace, built when it is asked for.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::Result;
use durascope_tests::binaries;

use super::Found;
use crate::alternate::Run;
use crate::options::Options;
use crate::process::Process;

/// Longer than it takes for 4,000 activities. What needs more has failed.
const PATIENCE: Duration = Duration::from_secs(330);

/// The program, once built.
#[derive(Clone, Debug)]
pub(crate) struct Duroxide(PathBuf);

impl Duroxide {
    /// Builds it from the registry by its lock file.
    pub(crate) fn find() -> Found<Self> {
        build()
            .map(Self)
            .map_err(|error| format!("duroxide is missing: {error:#}"))
    }

    /// So many orchestrations with a fan-out each, on a fresh file.
    ///
    /// # Errors
    /// When it does not complete.
    pub(crate) async fn run(&self, options: &Options, instances: u32, each: u32) -> Result<Run> {
        let folder = options.fresh_folder()?;
        let mut command = Command::new(&self.0);
        command
            .arg(folder.path().join("duroxide.db"))
            .args([instances.to_string(), each.to_string()])
            .env("RUST_LOG", "off");
        let mut process = Process::start("duroxide", &mut command)?;
        let said = process.line(PATIENCE).await?;
        let failure = || said["error"].as_str().unwrap_or("no seconds").to_owned();
        Ok(Run {
            seconds: said["seconds"].as_f64().with_context(failure)?,
            items: instances * each,
            server: process.usage()?,
            ..Run::default()
        })
    }
}

fn build() -> Result<PathBuf> {
    let folder = binaries::workspace_dir().join("tests/peers/duroxide");
    let target = binaries::target_dir()?.join("peers").join("duroxide");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(&folder)
        .args(["build", "--release", "--locked", "--quiet", "--target-dir"])
        .arg(&target)
        .output()
        .context("cargo cannot be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{}",
        said.lines().next().unwrap_or("cargo build failed")
    );
    let name = format!("durascope-peer-duroxide{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("release").join(name))
}
