//! A process on one of the sides: it prints one JSON object a line, takes lines, and ends when
//! its standard input does.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::Result;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::usage::Usage;

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    what: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Process {
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(what: &str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("{what} cannot be started"))?;
        let output = child.stdout.take().context("no standard output")?;
        let (tx, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if tx.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            what: what.to_owned(),
            input: child.stdin.take(),
            child,
            lines,
        })
    }

    /// This program in one of its roles.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) fn role(words: &[&str]) -> Result<Self> {
        let own = std::env::current_exe().context("the path of this program")?;
        let what = words.first().copied().unwrap_or("role");
        Self::start(what, Command::new(own).arg("--role").args(words))
    }

    /// The next line of its output.
    ///
    /// # Errors
    /// When there is none in time, or it is no JSON.
    pub(crate) async fn line(&mut self, patience: Duration) -> Result<Value> {
        let line = tokio::time::timeout(patience, self.lines.recv()).await;
        let line = line
            .with_context(|| format!("{} said nothing for {patience:?}", self.what))?
            .with_context(|| format!("{} ended before it said anything", self.what))?;
        serde_json::from_str(&line).with_context(|| format!("{} said {line:?}", self.what))
    }

    /// Sends a line to its input.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        writeln!(input, "{line}").with_context(|| format!("{} takes no line", self.what))
    }

    /// # Errors
    /// As [`Usage::of`].
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and a drop has nobody to report to.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Ends this process, in a role, when whoever started it goes.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        std::process::exit(0);
    });
}
