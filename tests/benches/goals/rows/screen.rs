//! The dashboard in a terminal on a large hub: how soon it shows, how soon it obeys, what it holds,
//! and what it does while nothing happens.

use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use durascope_sdk::StartOptions;
use durascope_tests::Binary;
use durascope_tests::Terminal;
use tokio::runtime::Handle;

use super::idle;
use super::loader;
use crate::alternate::bytes;
use crate::figures::Figure;
use crate::figures::percentile;
use crate::figures::short;
use crate::floor::OUTSTANDING;
use crate::options::Options;
use crate::ours;
use crate::ours::Server;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;
use crate::usage::Usage;
use crate::work;

const INSTANCES: u32 = 100_000;
const ACTIVITIES: u32 = 100_000;
const LARGE: &str = "large";
/// The name of those that failed, which are the first in the list.
const IN_A_ROW: &str = "ShipOrder";
const STARTS_A_PAIR: u32 = 4;
const KEYS: u32 = 60;
const FIRST_LIST_MS: f64 = 100.0;
const KEY_MS: f64 = 50.0;
const PEAK_MB: f64 = 150.0;
const IDLE: Duration = Duration::from_secs(10);
const SETTLE: Duration = Duration::from_secs(5);
/// Longer than a key's answer takes, also where it is asked of the server and debounced.
const QUIET: Duration = Duration::from_millis(120);
/// A key without a frame has changed nothing: then there is nothing to measure.
const LOST: Duration = Duration::from_secs(2);
/// Rows and columns of a large terminal.
const SIZE: (u16, u16) = (50, 200);
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];
const ENTER: &str = "\r";
/// Keys that go to and fro, so that each changes something: or the frame of the next age would be
/// taken for its answer.
const ROWS: &[&str] = &["j", "j", "\x1b[6~", "\x1b[5~", "k", "k"];

/// A screen: the keys that lead to it from the one before, what it has when it is whole, and keys.
struct Screen {
    name: &'static str,
    way: &'static [&'static str],
    whole: &'static str,
    keys: &'static [&'static str],
}

const SCREENS: [Screen; 7] = [
    Screen {
        name: "overview",
        way: &[],
        whole: IN_A_ROW,
        keys: ROWS,
    },
    Screen {
        name: "tree",
        way: &["/", LARGE, ENTER, ENTER],
        whole: "Echo ×",
        keys: &["j", "k"],
    },
    Screen {
        name: "tree, unfolded",
        way: &["g", "j", "l", "j", "l"],
        whole: "▾ ✓ done",
        keys: ROWS,
    },
    Screen {
        name: "grid",
        way: &["]"],
        whole: "[Grid]",
        keys: &["l", "l", "h", "h"],
    },
    // A single batch: to the tab before it and back.
    Screen {
        name: "batches and grid",
        way: &["]"],
        whole: "[Batches]",
        keys: &["[", "]"],
    },
    Screen {
        name: "timeline, zoomed",
        way: &["]"],
        whole: "[Timeline]",
        keys: &["+", "-"],
    },
    Screen {
        name: "history",
        way: &["]"],
        whole: "TaskCompleted",
        keys: ROWS,
    },
];

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let server = filled(options).await?;
    let endpoint = server.emulator.endpoint();
    tokio::task::block_in_place(|| on(options, endpoint))
}

/// A hub with many finished instances, and a large one.
async fn filled(options: &Options) -> Result<Server> {
    let mut server = Server::start(options, "normal")?;
    // Its task hub is made by the first call.
    server.client.get("nobody").await?;
    server.emulator.terminate()?;
    let database = server.folder.path().join("ours.db");
    loader::load(&database, options.size(INSTANCES))?;
    server.emulator.restart()?;
    let _worker = server.worker(OUTSTANDING)?;
    let size = options.size(ACTIVITIES);
    let named = StartOptions::new().instance_id(LARGE);
    let client = &server.client;
    client.start_with(&work::FAN_OUT, size, named).await?;
    let ended = client.wait_for_completion(LARGE, ours::PATIENCE).await?;
    let sum: u64 = ended.output()?;
    ensure!(sum == work::sum_below(size), "a wrong result: {sum}");
    Ok(server)
}

fn on(options: &Options, endpoint: &str) -> Result<Section> {
    let mut section = Section::default();
    first_frames(options, endpoint, &mut section)?;
    let terminal = started(endpoint)?;
    terminal.wait_for(IN_A_ROW)?;
    keys(options, &terminal, &mut section)?;
    stillness(&terminal, &mut section)?;
    let peak = Usage::of(terminal.pid()?)?.resident_peak_kb;
    section.verdicts.push(Verdict::at_most(
        "peak memory of the dashboard after all screens ≤ 150 MB",
        PEAK_MB,
        Figure::of([bytes(peak) / 1024.0]),
    ));
    section.note(format!(
        "A hub with {} finished instances, and one that has done {} activities. A terminal of \
         {}×{}. From the start of the process, or the key that is sent, to the moment at which the \
         last byte of the frame was read from the pseudo terminal.",
        short(f64::from(options.size(INSTANCES))),
        short(f64::from(options.size(ACTIVITIES))),
        SIZE.1,
        SIZE.0,
    ));
    section.note(
        "Before each key the screen was still for 120 ms, so that no frame of the key before counts \
         for it. Building a frame alone: `cargo bench -p durascope --bench dashboard`.",
    );
    Ok(section)
}

fn started(endpoint: &str) -> Result<Terminal> {
    let arguments = ["--endpoint", endpoint];
    Terminal::start(&Binary::Dashboard.path()?, &arguments, &LOCALE, SIZE)
}

/// From the start of the process to a frame, and to one that has the list.
fn first_frames(options: &Options, endpoint: &str, section: &mut Section) -> Result<()> {
    let (mut frames, mut lists) = (Vec::new(), Vec::new());
    // The first one has its program read from the disk.
    started(endpoint)?.wait_for(IN_A_ROW)?;
    for _ in 0..options.pairs * STARTS_A_PAIR {
        let began = Instant::now();
        let terminal = started(endpoint)?;
        terminal.wait_for(IN_A_ROW)?;
        lists.push(began.elapsed().as_secs_f64() * 1e3);
        let first = terminal.frame_within(0, LOST)?.context("no frame")?;
        frames.push((first - began).as_secs_f64() * 1e3);
    }
    let lists = Figure::of(lists);
    section.verdicts.push(Verdict::at_most(
        "100,000 instances: start to the first frame with the list ≤ 100 ms",
        FIRST_LIST_MS,
        lists,
    ));
    if let Some(frame) = Figure::of(frames) {
        section.note(format!("Start to the first frame of all: {frame} ms."));
    }
    Ok(())
}

fn keys(options: &Options, terminal: &Terminal, section: &mut Section) -> Result<()> {
    let mut table = Table::new(&[
        "screen",
        "keys",
        "median ms",
        "99th percentile ms",
        "largest ms",
    ]);
    let mut all = Vec::new();
    for Screen {
        name,
        way,
        whole,
        keys,
    } in SCREENS
    {
        for key in way {
            terminal.send(key)?;
            still(terminal)?;
        }
        terminal.wait_for(whole)?;
        let mut times = Vec::new();
        // Whole rounds: each ends where it began.
        let rounds = (usize::try_from(options.size(KEYS))? / keys.len()).max(1);
        for key in keys.iter().cycle().take(rounds * keys.len()) {
            times.extend(answered(terminal, key)?);
        }
        let shown = |share| percentile(&times, share).map_or_else(|| "–".to_owned(), short);
        let count = f64::from(u32::try_from(times.len())?);
        table.row([
            name.to_owned(),
            short(count),
            shown(0.5),
            shown(0.99),
            shown(1.0),
        ]);
        all.extend(times);
    }
    section.verdicts.push(Verdict::at_most(
        "key → frame on the overview and on each tab of 100,000 activities, median ≤ 50 ms",
        KEY_MS,
        Figure::of(all.iter().copied()),
    ));
    section.verdicts.push(Verdict::at_most(
        "key → frame at the 99th percentile ≤ 50 ms",
        KEY_MS,
        percentile(&all, 0.99).and_then(|late| Figure::of([late])),
    ));
    section.tables.push(table);
    Ok(())
}

/// Milliseconds from a key to its frame; nothing when it changed nothing.
fn answered(terminal: &Terminal, key: &str) -> Result<Option<f64>> {
    still(terminal)?;
    let next = terminal.frames();
    let began = Instant::now();
    terminal.send(key)?;
    let at = terminal.frame_within(next, LOST)?;
    Ok(at.map(|at| (at - began).as_secs_f64() * 1e3))
}

/// Waits until no frame comes any more.
fn still(terminal: &Terminal) -> Result<()> {
    while terminal.frame_within(terminal.frames(), QUIET)?.is_some() {}
    Ok(())
}

/// What is written while nothing happens: on a screen without ages nothing, and ages elsewhere.
fn stillness(terminal: &Terminal, section: &mut Section) -> Result<()> {
    let (written, _) = idle_on(terminal, ("1", "[1 Instances"))?;
    section.note(format!(
        "Idle on the overview, whose newest row has an age in seconds: {} bytes in 10 s.",
        short(written)
    ));
    let (written, woken) = idle_on(terminal, ("3", "[3 Entities"))?;
    section.verdicts.push(Verdict::at_most(
        "idle on a screen without ages: bytes written in 10 s, at most 0",
        0.0,
        Figure::of([written]),
    ));
    section.note(format!(
        "Wake-ups in that time, of all threads: {}. The feed gives a sign of life every two seconds.",
        short(woken)
    ));
    Ok(())
}

/// Bytes and wake-ups on the screen that this key leads to.
fn idle_on(terminal: &Terminal, (key, shown): (&str, &str)) -> Result<(f64, f64)> {
    terminal.send(key)?;
    terminal.wait_for(shown)?;
    nothing_for(SETTLE);
    let process = terminal.pid()?;
    let (written, before) = (terminal.written(), Usage::of(process)?);
    nothing_for(IDLE);
    let after = Usage::of(process)?;
    let written = terminal.written() - written;
    Ok((
        bytes(u64::try_from(written)?),
        bytes(after.since(before).sleeps),
    ))
}

/// Lets time pass: here the absence of events is what is measured.
fn nothing_for(time: Duration) {
    Handle::current().block_on(idle::nothing_for(time));
}
