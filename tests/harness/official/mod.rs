//! The official clients, unchanged: how their programs under `clients/` are built and run, and the
//! table of what they did.
//!
//! Each program takes an endpoint and a task hub and prints one JSON object a line: a verdict per
//! case, and once `{"checkpoint": "half"}`, at which the emulator is killed and started again.

mod build;
mod program;
mod run;
mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

pub use build::Built;
pub use build::build;
pub use build::javascript_runs;
pub use build::python_runs;
pub use program::Program;
pub use run::Report;
pub use run::run;
pub use table::Table;

/// Set where a missing client is a failure and not a reason to skip.
pub const REQUIRE_CLIENTS: &str = "DURASCOPE_REQUIRE_CLIENTS";

/// A language with an official client and a program of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    Python,
    JavaScript,
    Java,
    Go,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::Python, Self::JavaScript, Self::Java, Self::Go];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Java => "Java",
            Self::Go => "Go",
        }
    }

    /// What must be on the machine to build and run its program.
    fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3"],
            Self::JavaScript => &["node", "npm"],
            Self::Java => &["java", "mvn"],
            Self::Go => &["go"],
        }
    }

    /// The official package and its version, as its lock file has it.
    ///
    /// # Errors
    /// When the lock file cannot be read or does not name the package.
    pub fn client(self) -> Result<String> {
        let (file, before, after) = match self {
            Self::Python => ("requirements.txt", "durabletask==", "\n"),
            Self::JavaScript => ("package.json", "\"@microsoft/durabletask-js\": \"", "\""),
            Self::Java => (
                "pom.xml",
                "<artifactId>durabletask-client</artifactId><version>",
                "<",
            ),
            Self::Go => ("go.mod", "github.com/microsoft/durabletask-go ", "\n"),
        };
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let version = text
            .split_once(before)
            .and_then(|(_, rest)| rest.split(after).next())
            .with_context(|| format!("{} does not name the client", path.display()))?;
        let package = match self {
            Self::Python => "durabletask",
            Self::JavaScript => "@microsoft/durabletask-js",
            Self::Java => "com.microsoft:durabletask-client",
            Self::Go => "github.com/microsoft/durabletask-go",
        };
        Ok(format!("`{package}` {}", version.trim()))
    }

    /// The folder of its program.
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Java => "java",
            Self::Go => "go",
        };
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("clients")
            .join(name)
    }
}
