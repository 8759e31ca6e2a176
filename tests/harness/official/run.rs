//! Runs a program against an emulator that is killed in the middle, and reads its verdicts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;

use super::Built;
use super::Language;
use super::build;
use super::table::BEHAVIOURS;
use crate::Emulator;

/// What a program may take on a busy machine. It has a limit of its own that is shorter.
const LIMIT: Duration = Duration::from_secs(240);

/// Logs each call with its method and its status.
const CALLS: &str = "info,durascope_emulator::calls=debug";

/// What one official client did.
#[derive(Clone, Debug)]
pub struct Report {
    pub language: Language,
    /// By behaviour: how many cases passed.
    pub passed: BTreeMap<String, usize>,
    /// By behaviour: what this client does not offer.
    pub lacks: BTreeMap<String, String>,
    /// Cases that failed, with their complaints.
    pub failures: Vec<String>,
    /// Methods of the service that answered OK at least once.
    pub calls: BTreeSet<String>,
    pub took: Duration,
}

/// Builds and runs the program of a language. `Ok(None)` says that this machine lacks the tools
/// and that nobody requires them; the reason is on standard error.
///
/// # Errors
/// When the program or the emulator cannot be run, or the program does not keep its contract.
pub fn run(language: Language) -> Result<Option<Report>> {
    let (program, arguments, folder) = match build(language)? {
        Built::Ready {
            program,
            arguments,
            folder,
        } => (program, arguments, folder),
        Built::Missing { why } => {
            note(&format!(
                "skipped: the official {} client: {why}",
                language.name()
            ));
            return Ok(None);
        }
    };
    let data = tempfile::tempdir().context("a folder for the database")?;
    let mut emulator = emulator(&data.path().join("hub.db"))?;
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .args([emulator.endpoint(), "default"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the program cannot be started")?;
    let lines = follow(child.stdout.take().context("no standard output")?);
    let complaints = follow(child.stderr.take().context("no standard error")?);

    let mut reading = Reading::default();
    let mut log = String::new();
    while let Some(left) = LIMIT.checked_sub(began.elapsed()) {
        match lines.recv_timeout(left) {
            Ok(line) => {
                if reading.take(&line)? {
                    emulator.kill()?;
                    log.push_str(&emulator.log());
                    emulator.restart()?;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().context("kill the program")?;
                reading
                    .failures
                    .push(format!("it did not end in {LIMIT:?}"));
            }
        }
    }
    let status = child.wait().context("wait for the program")?;
    log.push_str(&emulator.log());
    reading.judge(status.success(), &complaints);
    Ok(Some(Report {
        language,
        passed: reading.passed,
        lacks: reading.lacks,
        failures: reading.failures,
        calls: calls(&log),
        took: began.elapsed(),
    }))
}

fn emulator(database: &Path) -> Result<Emulator> {
    let path = database.to_string_lossy();
    Emulator::start_logging(CALLS, &["--db", &path, "--log-format", "json"])
}

/// The lines of a pipe, as they come.
pub(super) fn follow(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // The receiver is gone only when the test has failed already.
            if tx.send(line).is_err() {
                break;
            }
        }
    });
    rx
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    passed: BTreeMap<String, usize>,
    lacks: BTreeMap<String, String>,
    failures: Vec<String>,
    checkpoints: usize,
}

impl Reading {
    /// Takes a line; true for the checkpoint.
    fn take(&mut self, line: &str) -> Result<bool> {
        let value: Value =
            serde_json::from_str(line).with_context(|| format!("a line is no JSON: {line:?}"))?;
        if value["checkpoint"].is_string() {
            self.checkpoints += 1;
            return Ok(self.checkpoints == 1);
        }
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (name, behaviour) = (text("name"), text("behaviour"));
        if name.is_empty() || behaviour.is_empty() {
            bail!("a verdict without name or behaviour: {line:?}");
        }
        if !BEHAVIOURS.contains(&behaviour.as_str()) {
            bail!("a verdict of a behaviour that the table does not have: {line:?}");
        }
        match (value["ok"].as_bool(), value["skipped"].as_str()) {
            (Some(true), None) => *self.passed.entry(behaviour).or_default() += 1,
            (None, Some(why)) => drop(self.lacks.insert(behaviour, why.to_owned())),
            _ => self.failures.push(format!("{name}: {}", text("error"))),
        }
        Ok(false)
    }

    fn judge(&mut self, succeeded: bool, complaints: &mpsc::Receiver<String>) {
        if self.checkpoints != 1 {
            self.failures.push(format!(
                "it passed its checkpoint {} times: was the emulator killed?",
                self.checkpoints
            ));
        }
        if !succeeded && self.failures.is_empty() {
            self.failures.push("its exit code is not 0".to_owned());
        }
        if !self.failures.is_empty() {
            let said: Vec<String> = complaints.iter().collect();
            let last = said.len().saturating_sub(60);
            let said = said.get(last..).unwrap_or_default().join("\n");
            self.failures
                .push(format!("its standard error ended so:\n{said}"));
        }
    }
}

/// The methods in the emulator's log that answered OK.
fn calls(log: &str) -> BTreeSet<String> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["target"] == "durascope_emulator::calls")
        .filter(|line| line["fields"]["status"] == "OK")
        .filter_map(|line| line["fields"]["method"].as_str().map(str::to_owned))
        .collect()
}

#[expect(
    clippy::print_stderr,
    reason = "a skipped client must say so where people look"
)]
pub(super) fn note(line: &str) {
    eprintln!("{line}");
}
