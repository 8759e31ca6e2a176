//! A Python program with the official client that goes on while the test looks at what it does.

use std::io::Write as _;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::Built;
use super::Language;
use super::build;
use super::run::follow;
use super::run::note;
use crate::DEADLINE;

/// The program, until it is dropped. Its standard input stays open as long.
pub struct Program {
    child: Child,
    lines: mpsc::Receiver<String>,
    complaints: mpsc::Receiver<String>,
}

impl Program {
    /// Starts a Python program that is given as text. `None` where there is no Python and nobody
    /// requires it; the reason is on standard error.
    ///
    /// # Errors
    /// As [`build`], or when the interpreter cannot be started.
    pub fn python(program: &str) -> Result<Option<Self>> {
        let interpreter = match build(Language::Python)? {
            Built::Ready { program, .. } => program,
            Built::Missing { why } => {
                note(&format!("skipped: the official Python client: {why}"));
                return Ok(None);
            }
        };
        let mut child = Command::new(interpreter)
            .args(["-B", "-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("the Python program cannot be started")?;
        let lines = follow(child.stdout.take().context("no standard output")?);
        let complaints = follow(child.stderr.take().context("no standard error")?);
        Ok(Some(Self {
            child,
            lines,
            complaints,
        }))
    }

    /// The next line that it prints.
    ///
    /// # Errors
    /// When it ends, or prints none before the deadline; the message has what it complained of.
    pub fn line(&mut self) -> Result<String> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Ok(line),
            Err(error) => {
                // It would go on complaining.
                self.child.kill().context("kill the program")?;
                let said: Vec<String> = self.complaints.iter().collect();
                bail!("no line: {error}; it complained:\n{}", said.join("\n"))
            }
        }
    }

    /// Says a line to its standard input.
    ///
    /// # Errors
    /// When it does not listen any more.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().context("no standard input")?;
        writeln!(input, "{line}").context("the program does not listen")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, and a drop has nobody to report to.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
