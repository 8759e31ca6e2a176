//! Official workers on our server, beside the in-memory backends of their own packages.

use anyhow::Result;
use durascope_tests::official::Language;

use crate::alternate::Run;
use crate::alternate::Series;
use crate::alternate::Side;
use crate::alternate::alternate;
use crate::figures::exponent;
use crate::figures::short;
use crate::options::Options;
use crate::ours;
use crate::ours::Server;
use crate::peers::official;
use crate::peers::official::Official;
use crate::report::Section;
use crate::report::Table;
use crate::report::Verdict;
use crate::rows::fan_out::turns as turns_of;
use crate::usage::Usage;

const ACTIVITIES: u32 = 5_000;
const MANY: u32 = 50_000;
const RATE_TIMES: f64 = 1.05;
const CPU_TIMES: f64 = 8.0;
/// What the in-memory backend for JavaScript still ends in a sensible time.
const JAVASCRIPT: [u32; 2] = [1_000, 2_000];
const WARM_UP: u32 = 100;

const TURNS: u32 = 1_000;
const TURNS_MAX: f64 = 6.0;

pub(crate) async fn python(options: &Options) -> Section {
    let mut section = Section::default();
    match Official::find(Language::Python) {
        Ok(python) => python_rates(options, &python, &mut section).await,
        Err(why) => section
            .verdicts
            .push(Verdict::missing("the official Python worker", why)),
    }
    match Official::find(Language::JavaScript) {
        Ok(javascript) => javascript_rates(options, &javascript, &mut section).await,
        Err(why) => section.note(why),
    }
    section
}

async fn python_rates(options: &Options, python: &Official, section: &mut Section) {
    let size = options.size(ACTIVITIES);
    let sides = [
        Side::new("ours, Python worker", move || {
            on_ours(options, python, size)
        }),
        Side::new("its in-memory backend", move || {
            in_memory_python(python, size)
        }),
    ];
    let series = alternate(options.pairs, &sides).await;
    let [ours, theirs] = &series[..] else { return };
    section.verdicts.push(Verdict::at_least(
        "Python worker, fan-out of 5,000: our rate / its in-memory backend's ≥ 1.05",
        RATE_TIMES,
        ours.ratio(theirs, Run::rate),
    ));
    section.verdicts.push(Verdict::at_least(
        "Python worker, fan-out of 5,000: its backend's CPU an activity / ours ≥ 8",
        CPU_TIMES,
        theirs.ratio(ours, Run::server_us),
    ));
    section.tables.push(Table::of_runs(&[ours, theirs]));
    section.note_failures(&[ours, theirs]);
    let many = options.size(MANY);
    let outcome = on_ours(options, python, many).await;
    section.verdicts.push(Verdict {
        goal: "Python worker, fan-out of 50,000 completes with every limit at its default".into(),
        measured: match &outcome {
            Ok(run) => format!("{} s, {} turns", short(run.seconds), run.turns),
            Err(error) => format!("{error:#}"),
        },
        met: Some(outcome.is_ok()),
    });
}

async fn javascript_rates(options: &Options, javascript: &Official, section: &mut Section) {
    let mut medians = Vec::new();
    for activities in JAVASCRIPT {
        let size = options.size(activities);
        let sides = [
            Side::new("ours, JavaScript worker", move || {
                on_ours(options, javascript, size)
            }),
            Side::new("its in-memory backend, no wire", move || {
                in_memory_javascript(javascript, size)
            }),
        ];
        let series = alternate(options.pairs, &sides).await;
        let [ours, theirs] = &series[..] else { return };
        section.tables.push(Table::of_runs(&[ours, theirs]));
        section.note_failures(&[ours, theirs]);
        if let Some(times) = theirs.ratio(ours, |run| run.seconds) {
            section.note(format!(
                "JavaScript, fan-out of {activities}: its backend's time / ours {times}."
            ));
        }
        medians.push((size, median(ours), median(theirs)));
    }
    if let [first, last] = medians[..] {
        section.note(format!(
            "JavaScript, growth of the time: N^{} ours, N^{} in memory.",
            short(exponent((first.0, last.0), (first.1, last.1))),
            short(exponent((first.0, last.0), (first.2, last.2))),
        ));
    }
}

fn median(series: &Series) -> f64 {
    let figure = series.figure(|run| run.seconds);
    figure.map_or(f64::NAN, |figure| figure.median)
}

/// The turns of a fan-out with each worker.
pub(crate) async fn turns(options: &Options) -> Section {
    let size = options.size(TURNS);
    let mut section = Section::default();
    let mut table = Table::new(&["worker", "turns", "seconds", "failed"]);
    let mut judge = |name: &str, series: &[Series]| {
        let Some(it) = series.first() else { return };
        let turns = it.figure(turns_of);
        let goal = format!("fan-out of 1,000, {name} worker: turns, at most 6");
        // Each run must hold it, so the largest decides.
        let largest = turns.map(|figure| figure.max);
        section.verdicts.push(Verdict {
            goal,
            measured: crate::figures::shown(turns),
            met: largest.map(|most| most <= TURNS_MAX),
        });
        table.row([
            name.to_owned(),
            crate::figures::shown(turns),
            crate::figures::shown(it.figure(|run| run.seconds)),
            it.failures.len().to_string(),
        ]);
    };
    let rust = Side::new("Rust", move || ours::fan_out(options, "normal", size));
    judge("Rust", &alternate(options.pairs, &[rust]).await);
    let mut missing = Vec::new();
    for language in [Language::Python, Language::JavaScript] {
        match Official::find(language) {
            Ok(official) => {
                let official = &official;
                let side = Side::new(language.name(), move || on_ours(options, official, size));
                judge(language.name(), &alternate(options.pairs, &[side]).await);
            }
            Err(why) => missing.push(Verdict::missing(
                format!("fan-out of 1,000, {} worker: turns", language.name()),
                why,
            )),
        }
    }
    section.verdicts.extend(missing);
    section.tables.push(table);
    section
}

async fn on_ours(options: &Options, official: &Official, size: u32) -> Result<Run> {
    let server = Server::start(options, "normal")?;
    let mut worker = official.worker(server.emulator.endpoint()).await?;
    let usage = || server.usage();
    official::fan_out(&mut worker, WARM_UP, usage).await?;
    let (run, id) = official::fan_out(&mut worker, size, usage).await?;
    Ok(Run {
        turns: ours::turns(&server.client, &id).await?,
        ..run
    })
}

async fn in_memory_python(python: &Official, size: u32) -> Result<Run> {
    let (backend, endpoint) = python.backend().await?;
    let mut worker = python.worker(&endpoint).await?;
    official::fan_out(&mut worker, WARM_UP, || backend.usage()).await?;
    let (run, _) = official::fan_out(&mut worker, size, || backend.usage()).await?;
    Ok(run)
}

async fn in_memory_javascript(javascript: &Official, size: u32) -> Result<Run> {
    let mut all = javascript.in_memory().await?;
    // Backend and worker are one process, and it cannot be asked while it is being told.
    let nothing = || Ok(Usage::default());
    official::fan_out(&mut all, WARM_UP, nothing).await?;
    let before = all.usage()?;
    let (run, _) = official::fan_out(&mut all, size, nothing).await?;
    Ok(Run {
        server: all.usage()?.since(before),
        ..run
    })
}
