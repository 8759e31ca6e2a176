//! Which machine and which state of the sources the figures are of.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use anyhow::Result;
use durascope_tests::binaries;

use crate::options::Options;

/// One line: commit, day, processor, memory, file system, system, load before.
///
/// # Errors
/// When there is no `/proc`.
pub(crate) fn describe(options: &Options) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = line("/proc/meminfo", "MemTotal")?;
    let memory: u64 = memory.trim_end_matches(" kB").trim().parse().unwrap_or(0);
    let processor = line("/proc/cpuinfo", "model name").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or_default();
    let dirty = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    Ok(format!(
        "Commit {}{}, {}; {cores} cores ({processor}), {} GiB, {} for the databases, Linux {}, {}; \
         load before {load}; {} pairs.",
        said("git", &["rev-parse", "--short", "HEAD"]),
        if dirty.is_empty() {
            ""
        } else {
            " with changes"
        },
        said("date", &["-u", "+%Y-%m-%d"]),
        memory.div_ceil(1024 * 1024),
        file_system(&options.folder),
        kernel.trim(),
        said("rustc", &["--version"]),
        options.pairs,
    ))
}

fn line(file: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| file.to_owned())?;
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    Ok(value.map_or_else(String::new, |(_, value)| value.trim().to_owned()))
}

/// The kind of the file system that holds `folder`: of the mounts above it, the nearest.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let of = |mount: &str| {
        let mut fields = mount.split(' ').skip(1);
        let at = fields.next()?.to_owned();
        let kind = fields.next()?.to_owned();
        folder.starts_with(&at).then_some((at.len(), kind))
    };
    let nearest = mounts.lines().filter_map(of).max();
    nearest.map_or_else(|| "an unknown file system".to_owned(), |(_, kind)| kind)
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .current_dir(binaries::workspace_dir())
        .args(arguments)
        .output();
    let text = output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    text.unwrap_or_default()
}
