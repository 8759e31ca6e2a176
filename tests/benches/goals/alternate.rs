//! The method: the sides take turns, a warm-up round first, and ratios are taken within a round.

use std::time::Instant;

use anyhow::Result;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use crate::figures::Figure;
use crate::usage::Usage;

/// What one run of one side gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// Activities, or what else the row counts.
    pub(crate) items: u32,
    /// Of the process that stands for a server.
    pub(crate) server: Usage,
    pub(crate) turns: usize,
    /// What a row measures besides.
    pub(crate) more: [f64; 2],
}

impl Run {
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.items) / self.seconds
    }

    /// Microseconds of the server's CPU for one item.
    pub(crate) fn server_us(&self) -> f64 {
        self.server.cpu_seconds * 1e6 / f64::from(self.items)
    }

    /// Bytes that the server wrote for one item.
    pub(crate) fn written(&self) -> f64 {
        bytes(self.server.written_bytes) / f64::from(self.items)
    }

    pub(crate) fn peak_mb(&self) -> f64 {
        bytes(self.server.resident_peak_kb) / 1024.0
    }
}

/// Exact for all that a benchmark writes.
#[expect(clippy::cast_precision_loss, reason = "2^53 bytes are enough")]
pub(crate) fn bytes(count: u64) -> f64 {
    count as f64
}

type Start<'a> = Box<dyn Fn() -> LocalBoxFuture<'a, Result<Run>> + 'a>;

/// One of the sides that are compared.
pub(crate) struct Side<'a> {
    name: String,
    start: Start<'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new<F>(name: impl Into<String>, start: impl Fn() -> F + 'a) -> Self
    where
        F: Future<Output = Result<Run>> + 'a,
    {
        Self {
            name: name.into(),
            start: Box::new(move || start().boxed_local()),
        }
    }
}

/// All runs of one side, by round; `None` where it failed.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) runs: Vec<Option<Run>>,
    /// What went wrong, warm-up included.
    pub(crate) failures: Vec<String>,
}

impl Series {
    pub(crate) fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            runs: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub(crate) fn figure(&self, of: impl Fn(&Run) -> f64) -> Option<Figure> {
        Figure::of(self.runs.iter().flatten().map(of))
    }

    /// The quotient in each round in which both sides got through.
    pub(crate) fn ratio(&self, other: &Self, of: impl Fn(&Run) -> f64) -> Option<Figure> {
        let rounds = self.runs.iter().zip(&other.runs);
        let both = rounds.filter_map(|(ours, theirs)| ours.as_ref().zip(theirs.as_ref()));
        Figure::of(both.map(|(ours, theirs)| of(ours) / of(theirs)))
    }
}

/// One warm-up round that is thrown away, and `rounds` that count. The order of the sides turns
/// round with each, so that nobody always comes second.
#[expect(clippy::print_stdout, reason = "long runs show that they go on")]
pub(crate) async fn alternate(rounds: u32, sides: &[Side<'_>]) -> Vec<Series> {
    let mut series: Vec<Series> = sides
        .iter()
        .map(|side| Series {
            name: side.name.clone(),
            runs: Vec::new(),
            failures: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..sides.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let began = Instant::now();
            let outcome = (sides[index].start)().await;
            let name = &sides[index].name;
            let took = began.elapsed().as_secs_f64();
            match &outcome {
                Ok(run) => println!("   {round} {name}: {:.3} s of {took:.1}", run.seconds),
                Err(error) => println!("   {round} {name}: failed after {took:.1} s: {error:#}"),
            }
            let kept = &mut series[index];
            match outcome {
                Ok(run) if round > 0 => kept.runs.push(Some(run)),
                Ok(_) => {}
                Err(error) => {
                    kept.failures.push(format!("{error:#}"));
                    if round > 0 {
                        kept.runs.push(None);
                    }
                }
            }
        }
    }
    series
}
