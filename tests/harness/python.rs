//! The official Python client in a virtual environment of its own, made once and reused.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::binaries;

/// Set where a missing client is a failure and not a reason to skip.
pub const REQUIRE_CLIENTS: &str = "DURASCOPE_REQUIRE_CLIENTS";

/// The marker of an environment that was made to the end.
const COMPLETE: &str = "complete";

/// A Python with the official client, and the folder of our suite.
#[derive(Debug)]
pub struct Python {
    interpreter: PathBuf,
    suite: PathBuf,
}

impl Python {
    /// Finds or makes the environment. `Ok(None)` says that this machine has no Python and that
    /// nobody requires one; the reason is on standard error.
    ///
    /// # Errors
    /// When it cannot be made where it is required, or the packages cannot be installed.
    pub fn with_official_client() -> Result<Option<Self>> {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python");
        // Tests run at once; the environment is made by the first.
        static MAKING: Mutex<()> = Mutex::new(());
        let made = {
            let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
            environment(&suite)
        };
        match made {
            Ok(interpreter) => Ok(Some(Self { interpreter, suite })),
            Err(error) if std::env::var_os(REQUIRE_CLIENTS).is_some_and(|value| value != "0") => {
                Err(error.context(format!("{REQUIRE_CLIENTS} is set")))
            }
            Err(error) => {
                note(&format!("skipped: the official Python client: {error:#}"));
                Ok(None)
            }
        }
    }

    /// Runs a program that is given as text.
    ///
    /// # Errors
    /// When the interpreter cannot be started.
    pub fn run_text(&self, program: &str) -> Result<Output> {
        Command::new(&self.interpreter)
            .args(["-B", "-c", program])
            .output()
            .context("the Python program cannot be started")
    }

    /// Runs our suite against a server.
    ///
    /// # Errors
    /// When the interpreter cannot be started.
    pub fn run_suite(&self, endpoint: &str, task_hub: &str) -> Result<Output> {
        Command::new(&self.interpreter)
            .current_dir(&self.suite)
            .args(["-B", "suite.py", endpoint, task_hub])
            .output()
            .context("the Python suite cannot be started")
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a skipped test must say so where people look"
)]
fn note(line: &str) {
    eprintln!("{line}");
}

fn environment(suite: &Path) -> Result<PathBuf> {
    let requirements = suite.join("requirements.txt");
    let text =
        fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
    let folder = binaries::target_dir()?
        .join("clients")
        .join(format!("python-{:016x}", fingerprint(&text)));
    let interpreter = folder.join("bin/python");
    let marker = folder.join(COMPLETE);
    if marker.exists() {
        return Ok(interpreter);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context("an unfinished environment")?;
    }
    step(
        Command::new("python3").args(["-m", "venv"]).arg(&folder),
        "make an environment",
    )?;
    step(
        Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--no-deps", "--only-binary=:all:", "-r"])
            .arg(&requirements),
        "install the client",
    )?;
    fs::write(&marker, &text).context("mark the environment")?;
    Ok(interpreter)
}

fn step(command: &mut Command, what: &str) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot {what}: python3"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("cannot {what}: {}", said.trim());
    }
    Ok(())
}

/// FNV-1a: the same text gives the same folder with every compiler.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
