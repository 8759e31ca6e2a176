//! The real emulator as a process: started, killed, restarted on the same file and port.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::thread;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::Binary;
use crate::DEADLINE;

/// A running emulator. Dropping it kills the process.
pub struct Emulator {
    child: Child,
    arguments: Vec<String>,
    /// What is logged, if not the default.
    log_filter: Option<String>,
    endpoint: String,
    database: String,
    log: Log,
}

/// What the process wrote to standard error so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Emulator {
    /// An emulator in memory on a free port.
    ///
    /// # Errors
    /// When it does not get ready; the message has its standard error.
    pub fn ephemeral() -> Result<Self> {
        Self::start(&["--ephemeral"])
    }

    /// An emulator on a database file, on a free port.
    ///
    /// # Errors
    /// As [`Emulator::ephemeral`].
    pub fn on_file(path: &Path) -> Result<Self> {
        Self::start(&["--db", &path.to_string_lossy()])
    }

    /// An emulator with these arguments, on a free port unless they name one.
    ///
    /// # Errors
    /// As [`Emulator::ephemeral`].
    pub fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_as(None, arguments)
    }

    /// The same, with a filter for what is logged.
    ///
    /// # Errors
    /// As [`Emulator::ephemeral`].
    pub fn start_logging(filter: &str, arguments: &[&str]) -> Result<Self> {
        Self::start_as(Some(filter.to_owned()), arguments)
    }

    fn start_as(log_filter: Option<String>, arguments: &[&str]) -> Result<Self> {
        let mut all: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        if !arguments.contains(&"--listen") {
            all.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
        }
        Self::launch(log_filter, all)
    }

    fn launch(log_filter: Option<String>, arguments: Vec<String>) -> Result<Self> {
        let mut command = command(&arguments)?;
        if let Some(filter) = &log_filter {
            command.env("RUST_LOG", filter);
        }
        let mut child = command.spawn().context("the emulator cannot be started")?;
        let log = Log::default();
        if let Some(stderr) = child.stderr.take() {
            log.follow(stderr);
        }
        let stdout = child.stdout.take().context("no standard output")?;
        let mut emulator = Self {
            child,
            arguments,
            log_filter,
            endpoint: String::new(),
            database: String::new(),
            log,
        };
        let line = first_line(stdout).with_context(|| {
            format!(
                "the emulator did not get ready; it said:\n{}",
                emulator.log()
            )
        })?;
        let ready: serde_json::Value = serde_json::from_str(&line)
            .with_context(|| format!("the emulator's ready line is no JSON: {line:?}"))?;
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        emulator.endpoint = text("endpoint");
        emulator.database = text("db");
        if ready["pid"].as_u64() != Some(u64::from(emulator.pid())) {
            bail!(
                "the ready line {line:?} does not name process {}",
                emulator.pid()
            );
        }
        if !emulator.endpoint.starts_with("http://") {
            bail!("the ready line {line:?} has no http endpoint");
        }
        Ok(emulator)
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The database as the ready line names it.
    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Standard error so far, for the message of a failure.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the process as a crash does: at once, with no chance to tidy up.
    ///
    /// # Errors
    /// When the process cannot be killed or waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("kill")?;
        self.child.wait().context("wait after kill")?;
        Ok(())
    }

    /// Starts again with the same arguments on the same port; the process must have ended.
    ///
    /// # Errors
    /// As [`Emulator::ephemeral`].
    pub fn restart(&mut self) -> Result<()> {
        let address = self.endpoint.trim_start_matches("http://").to_owned();
        let mut arguments = self.arguments.clone();
        if let Some(at) = arguments.iter().position(|argument| argument == "--listen") {
            arguments[at + 1] = address;
        }
        let again = Self::launch(self.log_filter.clone(), arguments)?;
        *self = again;
        Ok(())
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it does not end before the deadline.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        // The standard library sends no signal but SIGKILL.
        let pid = self.pid().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .context("kill -TERM")?;
        if !sent.success() {
            bail!("kill -TERM {pid} failed");
        }
        wait_with_deadline(&mut self.child)
            .with_context(|| format!("after SIGTERM; it said:\n{}", self.log()))
    }

    /// Starts an emulator that must refuse to start: its exit status and standard error.
    ///
    /// # Errors
    /// When it does not end before the deadline.
    pub fn refusal(arguments: &[&str]) -> Result<(ExitStatus, String)> {
        let all: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let mut child = command(&all)?
            .spawn()
            .context("the emulator cannot be started")?;
        let log = Log::default();
        let reader = child.stderr.take().map(|stderr| log.follow(stderr));
        let status = wait_with_deadline(&mut child).context("it should have refused to start")?;
        if let Some(reader) = reader {
            reader.join().ok();
        }
        Ok((status, log.text()))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if thread::panicking() {
            tell(&self.log());
        }
        // It may have ended already, and a drop has nobody to report to.
        self.child.kill().ok();
        self.child.wait().ok();
        // A killed process cannot remove its temporary folder; a later one would, in time.
        let is_ephemeral = self
            .arguments
            .iter()
            .any(|argument| argument == "--ephemeral");
        if let Some(folder) = Path::new(&self.database).parent().filter(|_| is_ephemeral) {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a failed test shows what the emulator said"
)]
fn tell(log: &str) {
    eprintln!("the emulator said:\n{log}");
}

impl Log {
    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn follow(&self, stderr: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut text = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        })
    }
}

fn command(arguments: &[String]) -> Result<Command> {
    let mut command = Command::new(Binary::Emulator.path()?);
    command
        .arg("--ready-json")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // What the developer has set for own use must not change what is tested.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("DURASCOPE_") || text.starts_with("DTS_") {
            command.env_remove(&name);
        }
    }
    Ok(command)
}

fn first_line(stdout: impl Read + Send + 'static) -> Result<String> {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        // The receiver is gone only when the test has failed already.
        tx.send(lines.next()).ok();
        // The pipe stays open, so that a later line cannot end the process.
        lines.map_while(Result::ok).for_each(drop);
    });
    let line = rx
        .recv_timeout(DEADLINE)
        .context("no ready line before the deadline")?;
    line.context("it ended without a ready line")?
        .context("its standard output")
}

fn wait_with_deadline(child: &mut Child) -> Result<ExitStatus> {
    let began = std::time::Instant::now();
    while began.elapsed() < DEADLINE {
        if let Some(status) = child.try_wait().context("wait")? {
            return Ok(status);
        }
        // The standard library has no wait with a deadline.
        thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child.kill().context("kill after the deadline")?;
    child.wait().context("wait after kill")?;
    bail!("the process did not end in {DEADLINE:?}")
}
