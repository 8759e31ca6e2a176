//! The last words of a fan-out: what becomes of results and failures.

use std::future::Future;

use num_traits::CheckedAdd;
use num_traits::Zero;

use super::builder::FanOut;
use super::error::FanOutError;
use super::flight::Flight;
use super::flight::ItemResult;
use super::outcome::Outcome;
use super::outcome::Outcomes;
use super::outcome::Partial;
use super::stream::FanOutStream;
use super::sum::checked_sum;
use super::tolerance::Tolerance;
use super::tolerance::Verdict;
use crate::error::TaskFailed;

impl<I: Send + 'static, O: Send + 'static, K: 'static> FanOut<I, O, K> {
    /// Waits for everything. Results in input order.
    ///
    /// # Errors
    /// [`FanOutError::Failed`] once all have ended, with the first failure in input order;
    /// [`FanOutError::Canceled`].
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn all(self) -> impl Future<Output = Result<Vec<O>, FanOutError>> + Send + use<I, O, K> {
        let flight = self.without_items().launch();
        async move { collect(finish(flight?).await?) }
    }

    /// Waits for everything, or for the first failure: then it returns at once. Items that have
    /// not started never do; activities that no worker has are dropped by our emulator
    /// when the orchestration fails by it; children that run go on unless they are to be terminated.
    ///
    /// # Errors
    /// [`FanOutError::Failed`] with the failure that came first; [`FanOutError::Canceled`].
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn fail_fast(
        self,
    ) -> impl Future<Output = Result<Vec<O>, FanOutError>> + Send + use<I, O, K> {
        let flight = self.without_items().launch();
        async move {
            let mut flight = flight?;
            let total = flight.total();
            let mut results = empty(total);
            while let Some((index, result)) = flight.next().await {
                unless_canceled(&flight, &results)?;
                if let Err(failure) = &result {
                    let failure = Box::new(failure.clone());
                    flight.abandon("another item of the fan-out failed");
                    return Err(FanOutError::Failed {
                        failed: 1,
                        total,
                        index,
                        failure,
                    });
                }
                results[index] = Some(result);
            }
            collect(results)
        }
    }

    /// Waits for everything and keeps failures: each item with its result or its failure, in
    /// input order. Items that a cancellation left unfinished count as failed.
    ///
    /// # Errors
    /// [`FanOutError::ChildId`], before anything starts; nothing else.
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn outcomes(
        self,
    ) -> impl Future<Output = Result<Outcomes<I, O>, FanOutError>> + Send + use<I, O, K> {
        let flight = self.launch();
        async move {
            let mut flight = flight?;
            let mut results = empty(flight.total());
            while let Some((index, result)) = flight.next().await {
                results[index] = Some(result);
            }
            Ok(partial(&mut flight, results).outcomes)
        }
    }

    /// Lets some items fail: returns as soon as it is certain that enough succeed, or that too
    /// many fail.
    ///
    /// # Errors
    /// [`FanOutError::TooManyFailures`] as soon as the limit is certain to be exceeded, which
    /// says k of n; [`FanOutError::Impossible`]; [`FanOutError::Canceled`].
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn tolerate(
        self,
        tolerance: Tolerance,
    ) -> impl Future<Output = Result<Partial<I, O>, FanOutError>> + Send + use<I, O, K> {
        let total = self.total();
        let flight = match tolerance.verdict(total, 0, 0) {
            Verdict::Broken => Err(exceeded::<O>(tolerance, total, 0, Vec::new())),
            Verdict::Open | Verdict::Kept => self.launch(),
        };
        async move {
            let mut flight = flight?;
            let mut results = empty(total);
            let (mut succeeded, mut failed) = (0, 0);
            loop {
                let verdict = tolerance.verdict(total, succeeded, failed);
                if verdict == Verdict::Broken {
                    flight.abandon("too many items of the fan-out failed");
                    return Err(exceeded(tolerance, total, failed, results));
                }
                if verdict == Verdict::Kept && !tolerance.waits_among(total) {
                    flight.abandon("enough items of the fan-out succeeded");
                    break;
                }
                let Some((index, result)) = flight.next().await else {
                    break;
                };
                unless_canceled(&flight, &results)?;
                match &result {
                    Ok(_) => succeeded += 1,
                    Err(_) => failed += 1,
                }
                results[index] = Some(result);
            }
            Ok(partial(&mut flight, results))
        }
    }

    /// Outcomes in the order in which items end. Dropping the stream lets go of the rest.
    ///
    /// # Errors
    /// [`FanOutError::ChildId`], before anything starts.
    pub fn stream(self) -> Result<FanOutStream<I, O>, FanOutError> {
        self.launch().map(FanOutStream::new)
    }

    /// Waits for everything, then folds the results in input order, whatever the order in which
    /// they came.
    ///
    /// # Errors
    /// As [`Self::all`].
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn fold<T: Send + 'static>(
        self,
        first: T,
        mut add: impl FnMut(T, O) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, FanOutError>> + Send {
        let results = self.all();
        async move { Ok(results.await?.into_iter().fold(first, &mut add)) }
    }

    /// Waits for everything, then adds up the results with checked arithmetic.
    ///
    /// # Errors
    /// As [`Self::all`], and [`FanOutError::Sum`].
    #[must_use = "without an await the results, and failures, are ignored"]
    pub fn sum(self) -> impl Future<Output = Result<O, FanOutError>> + Send
    where
        O: CheckedAdd + Zero,
    {
        let results = self.all();
        async move { Ok(checked_sum(results.await?)?) }
    }
}

type Slots<O> = Vec<Option<ItemResult<O>>>;

fn empty<O>(total: usize) -> Slots<O> {
    std::iter::repeat_with(|| None).take(total).collect()
}

async fn finish<I: Send, O: Send + 'static>(
    mut flight: Flight<I, O>,
) -> Result<Slots<O>, FanOutError> {
    let mut results = empty(flight.total());
    while let Some((index, result)) = flight.next().await {
        unless_canceled(&flight, &results)?;
        results[index] = Some(result);
    }
    Ok(results)
}

/// After a cancellation the first end that comes is one that it made: `results` lack it.
fn unless_canceled<I, O: Send + 'static>(
    flight: &Flight<I, O>,
    results: &Slots<O>,
) -> Result<(), FanOutError> {
    match flight.canceled() {
        Some(event) => Err(FanOutError::Canceled {
            event: event.to_owned(),
            finished: results.iter().flatten().count(),
            total: flight.total(),
        }),
        None => Ok(()),
    }
}

/// The first failure in input order, and how many there are.
fn first_failure<O>(results: Slots<O>) -> (usize, Option<(usize, TaskFailed)>) {
    let mut failures = results
        .into_iter()
        .enumerate()
        .filter_map(|(index, result)| Some((index, result?.err()?)));
    let first = failures.next();
    (failures.count() + usize::from(first.is_some()), first)
}

fn collect<O>(results: Slots<O>) -> Result<Vec<O>, FanOutError> {
    let total = results.len();
    if results.iter().flatten().all(Result::is_ok) {
        return Ok(results
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .collect());
    }
    match first_failure(results) {
        (failed, Some((index, failure))) => Err(FanOutError::Failed {
            failed,
            total,
            index,
            failure: Box::new(failure),
        }),
        (_, None) => Ok(Vec::new()),
    }
}

fn exceeded<O>(
    tolerance: Tolerance,
    total: usize,
    failed: usize,
    results: Slots<O>,
) -> FanOutError {
    match (tolerance.allowed(total), first_failure(results).1) {
        (Some(allowed), Some((index, failure))) => FanOutError::TooManyFailures {
            failed,
            total,
            allowed,
            index,
            failure: Box::new(failure),
        },
        _ => FanOutError::Impossible {
            wanted: tolerance.wanted(total),
            total,
        },
    }
}

fn partial<I, O: Send + 'static>(flight: &mut Flight<I, O>, results: Slots<O>) -> Partial<I, O> {
    let mut outcomes = Vec::new();
    let mut unfinished = Vec::new();
    for (index, result) in results.into_iter().enumerate() {
        let Some(item) = flight.take_item(index) else {
            continue;
        };
        match result {
            Some(result) => outcomes.push(Outcome {
                index,
                item,
                result,
            }),
            None => unfinished.push(item),
        }
    }
    Partial {
        outcomes: Outcomes::new(outcomes),
        unfinished,
    }
}
