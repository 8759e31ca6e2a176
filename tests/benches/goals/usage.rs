//! What a process has used, as the kernel counts it.

use std::fs;

use anyhow::Context as _;
use anyhow::Result;

/// Clock ticks a second in `/proc`: fixed on every Linux that people use.
const TICKS_A_SECOND: f64 = 100.0;

/// Counters of a process since its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time of all its threads.
    pub(crate) cpu_seconds: f64,
    pub(crate) written_bytes: u64,
    pub(crate) resident_kb: u64,
    pub(crate) resident_peak_kb: u64,
    /// How often one of its threads went to sleep by itself, as it does once for each wake-up.
    pub(crate) sleeps: u64,
}

impl Usage {
    /// # Errors
    /// When there is no such process or no `/proc`.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            fs::read_to_string(&path).with_context(|| path.clone())
        };
        let stat = read("stat")?;
        // The name, in brackets, may have spaces; the third field is the first behind it.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().collect())
            .unwrap_or_default();
        let ticks = |at: usize| fields.get(at).and_then(|it| it.parse::<f64>().ok());
        let (user, system) = (ticks(11), ticks(12));
        let status = read("status")?;
        Ok(Self {
            cpu_seconds: (user.context("utime")? + system.context("stime")?) / TICKS_A_SECOND,
            written_bytes: field(&read("io")?, "write_bytes"),
            resident_kb: field(&status, "VmRSS"),
            resident_peak_kb: field(&status, "VmHWM"),
            sleeps: sleeps(process),
        })
    }

    /// What was used between `before` and this; memory is as it is now.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            written_bytes: self.written_bytes.saturating_sub(before.written_bytes),
            sleeps: self.sleeps.saturating_sub(before.sleeps),
            ..self
        }
    }
}

/// The number behind `name:`; 0 if there is none.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim_start_matches(':').split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Over all threads; those that end meanwhile count nothing.
fn sleeps(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return 0;
    };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .map(|status| field(&status, "voluntary_ctxt_switches"))
        .sum()
}
