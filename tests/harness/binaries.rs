//! Finds our programs beside the running test, and has Cargo build them first.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::bail;

/// A program of this workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Emulator,
    Dashboard,
    /// The web service among the examples.
    HttpExample,
    /// The programs of the patterns.
    Patterns,
}

impl Binary {
    fn file_name(self) -> String {
        let name = match self {
            Self::Emulator => "durascope-emulator",
            Self::Dashboard => "durascope",
            Self::HttpExample => "examples/http",
            Self::Patterns => "durascope-patterns",
        };
        format!("{name}{}", std::env::consts::EXE_SUFFIX)
    }

    /// The environment variable that names another program to test instead.
    fn variable(self) -> &'static str {
        match self {
            Self::Emulator => "DURASCOPE_EMULATOR_BIN",
            Self::Dashboard => "DURASCOPE_BIN",
            Self::HttpExample => "DURASCOPE_HTTP_EXAMPLE_BIN",
            Self::Patterns => "DURASCOPE_PATTERNS_BIN",
        }
    }

    /// Where the program is, built from the current sources.
    ///
    /// # Errors
    /// When Cargo cannot build it.
    pub fn path(self) -> Result<PathBuf> {
        if let Some(given) = std::env::var_os(self.variable()) {
            return Ok(given.into());
        }
        static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
        let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
        built.clone().map_err(|error| anyhow!(error))?;
        let path = profile_dir()?.join(self.file_name());
        if !path.exists() {
            bail!("{} was built but is not there", path.display());
        }
        Ok(path)
    }
}

/// `target/<profile>` of the running test.
fn profile_dir() -> Result<PathBuf> {
    let test = std::env::current_exe().context("the path of the running test")?;
    let dir = test
        .ancestors()
        .nth(2)
        .context("the test does not run from a target folder")?;
    Ok(dir.to_owned())
}

/// The target folder of the running test.
///
/// # Errors
/// When the test does not run from one.
pub fn target_dir() -> Result<PathBuf> {
    let dir = profile_dir()?;
    Ok(dir
        .parent()
        .context("the profile folder has no parent")?
        .to_owned())
}

/// The root of the workspace.
pub fn workspace_dir() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Cargo does not build another package's programs for a test, and old ones would be tested in
/// silence: so it is always asked, which costs little when there is nothing to do. Asking for
/// the whole workspace keeps the features of shared dependencies, and so their builds, the same.
fn build() -> Result<()> {
    let profile = profile_dir()?;
    let name = profile
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("debug");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace_dir())
        .args([
            "build",
            "--workspace",
            "--bins",
            "--example",
            "http",
            "--locked",
            "--quiet",
            "--target-dir",
        ])
        .arg(target_dir()?)
        .args(["--profile", if name == "debug" { "dev" } else { name }])
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!(
            "cargo build failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
