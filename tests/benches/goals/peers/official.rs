//! The official Python and JavaScript clients: as workers against a server, and with the
//! in-memory backends that they bring for tests.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::Result;
use durascope_tests::binaries;
use durascope_tests::official;
use durascope_tests::official::Built;
use durascope_tests::official::Language;

use super::Found;
use crate::alternate::Run;
use crate::ours::PATIENCE;
use crate::process::Process;
use crate::usage::Usage;

/// One of the two clients, with what it takes to run its fan-out.
#[derive(Clone, Debug)]
pub(crate) struct Official {
    pub(crate) language: Language,
    interpreter: OsString,
    arguments: Vec<OsString>,
    folder: PathBuf,
}

impl Official {
    /// Has its packages installed.
    pub(crate) fn find(language: Language) -> Found<Self> {
        let missing = |why: String| format!("{} is missing: {why}", language.name());
        match official::build(language) {
            Err(error) => Err(missing(format!("{error:#}"))),
            Ok(Built::Missing { why }) => Err(missing(why)),
            Ok(Built::Ready {
                program, folder, ..
            }) => Self::with(language, program, folder).map_err(|it| missing(format!("{it:#}"))),
        }
    }

    fn with(language: Language, interpreter: OsString, folder: PathBuf) -> Result<Self> {
        let peers = binaries::workspace_dir().join("tests/peers");
        let arguments = match language {
            Language::JavaScript => {
                // As text, because packages are looked for from where a module lies.
                let path = peers.join("javascript/fan_out.mjs");
                let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                vec![
                    "--input-type=module".into(),
                    "-e".into(),
                    text.into(),
                    "--".into(),
                ]
            }
            _ => vec!["-B".into(), peers.join("python/fan_out.py").into()],
        };
        Ok(Self {
            language,
            interpreter,
            arguments,
            folder,
        })
    }

    fn start(&self, words: &[&str]) -> Result<Process> {
        let mut command = Command::new(&self.interpreter);
        command
            .args(&self.arguments)
            .args(words)
            .current_dir(&self.folder);
        Process::start(self.language.name(), &mut command)
    }

    /// Its backend in a process of its own, with the endpoint (Python).
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) async fn backend(&self) -> Result<(Process, String)> {
        let mut process = self.start(&["backend"])?;
        let said = process.line(PATIENCE).await?;
        let endpoint = said["endpoint"].as_str().context("no endpoint")?.to_owned();
        Ok((process, endpoint))
    }

    /// Client and worker in a process, against the server at `endpoint`.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) async fn worker(&self, endpoint: &str) -> Result<Process> {
        self.ready(self.start(&["work", endpoint])?).await
    }

    /// Client, worker and backend in one process (JavaScript).
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) async fn in_memory(&self) -> Result<Process> {
        self.ready(self.start(&["memory"])?).await
    }

    async fn ready(&self, mut process: Process) -> Result<Process> {
        process.line(PATIENCE).await?;
        Ok(process)
    }
}

/// One fan-out by a worker that is ready, with what the server used meanwhile, and its id.
///
/// # Errors
/// When it does not complete.
pub(crate) async fn fan_out(
    worker: &mut Process,
    size: u32,
    server: impl Fn() -> Result<Usage>,
) -> Result<(Run, String)> {
    let before = server()?;
    worker.tell(&size.to_string())?;
    let said = worker.line(PATIENCE).await?;
    let failure = || said["error"].as_str().unwrap_or("no seconds").to_owned();
    let run = Run {
        seconds: said["seconds"].as_f64().with_context(failure)?,
        items: size,
        server: server()?.since(before),
        ..Run::default()
    };
    Ok((run, said["id"].as_str().unwrap_or_default().to_owned()))
}
