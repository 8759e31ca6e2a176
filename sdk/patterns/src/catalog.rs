//! All patterns by name, each with an input to try.

use durascope_sdk::OrchestrationStatus;
use durascope_sdk::worker::WorkerBuilder;
use serde_json::Value;
use serde_json::json;

use crate::*;

/// A pattern that can be started by its name.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its name, that of its module.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Name of its orchestration.
    pub orchestration: &'static str,
    /// An input to try.
    pub input: fn() -> Value,
    /// How an instance with that input ends.
    pub ends: OrchestrationStatus,
    register: fn(WorkerBuilder) -> WorkerBuilder,
}

/// Registers all patterns with a worker.
pub fn register(worker: WorkerBuilder) -> WorkerBuilder {
    CATALOG
        .iter()
        .fold(worker, |worker, it| (it.register)(worker))
}

macro_rules! pattern {
    ($module:ident, $orchestration:ident, $ends:ident, $about:literal, $input:expr) => {
        Pattern {
            name: stringify!($module),
            about: $about,
            orchestration: $module::$orchestration.name(),
            input: || $input,
            ends: OrchestrationStatus::$ends,
            register: $module::register,
        }
    };
}

/// All patterns, simple ones first.
pub const CATALOG: &[Pattern] = &[
    pattern!(
        parallel,
        PARALLEL,
        Completed,
        "many items at once, results in order",
        json!(1_000)
    ),
    pattern!(
        list,
        BY_ITERATOR,
        Completed,
        "a list, by iterator or by stream",
        json!(["one", "two", "", "three"])
    ),
    pattern!(
        types,
        ANALYZE,
        Completed,
        "results of different types",
        json!("an urgent letter")
    ),
    pattern!(
        batches,
        IMPORT,
        Completed,
        "batches of fixed size",
        json!({"pages": 2_000, "batch_size": 250})
    ),
    pattern!(
        dynamic_batches,
        CONVERT,
        Completed,
        "batches as large as their items allow",
        documents()
    ),
    pattern!(
        sub_orchestrations,
        ORDERS,
        Completed,
        "children with meaningful ids",
        (0..12)
            .map(|n| json!({"article": format!("article-{n}"), "count": n % 5}))
            .collect()
    ),
    pattern!(
        collect_all,
        CHECK_LINKS,
        Completed,
        "every outcome, failures included",
        ["home", "missing", "about", "slow", "press"]
            .map(|page| format!("https://example.com/{page}"))
            .as_slice()
            .into()
    ),
    pattern!(
        fail_fast,
        DEPLOY,
        Failed,
        "the end at the first failure",
        json!(["north", "east", "bad-south", "west"])
    ),
    pattern!(
        threshold,
        SURVEY,
        Completed,
        "some may fail",
        json!({"sensors": sensors(), "may_fail": 0.2})
    ),
    pattern!(
        progress,
        PRINT_LABELS,
        Completed,
        "progress in an entity",
        json!(300)
    ),
    pattern!(
        sum,
        INVOICE,
        Completed,
        "checked sums of decimals",
        json!([{"price": "19.99", "count": 3}, {"price": "0.01", "count": 7}])
    ),
    pattern!(
        aggregate,
        ANALYTICS,
        Completed,
        "a fold, and errors by type",
        json!(["web", "offline:ftp", "app", "denied:vault", "offline:fax"])
    ),
    pattern!(
        map_reduce,
        WORD_COUNT,
        Completed,
        "a map, then a reduce tree",
        (0..21)
            .map(|n| json!(format!("a page of number {n} and a word")))
            .collect()
    ),
    pattern!(
        window,
        CRAWL,
        Completed,
        "so many at a time, and no more",
        json!({"pages": 400, "at_a_time": 16})
    ),
    pattern!(
        chunks,
        DATASET,
        Completed,
        "large data in sub-orchestrations",
        json!(3_000)
    ),
    pattern!(
        history_budget,
        BACKLOG,
        Completed,
        "continue as new before the history grows large",
        json!({"next": 0, "end": 600, "total": 0, "budget": 300})
    ),
    pattern!(
        logging,
        REINDEX,
        Completed,
        "log lines that show once",
        json!(45)
    ),
    pattern!(
        composed,
        CAMPAIGN,
        Completed,
        "all of it together",
        json!(200)
    ),
];

fn documents() -> Value {
    let complexity = |n: u32| ["Low", "Low", "Low", "Medium", "High"][n as usize / 40 % 5];
    (0..200)
        .map(|n| json!({"number": n, "complexity": complexity(n)}))
        .collect()
}

fn sensors() -> Vec<String> {
    (0..40)
        .map(|n| {
            if n % 10 == 3 {
                format!("broken-{n}")
            } else {
                format!("sensor-{n}")
            }
        })
        .collect()
}
