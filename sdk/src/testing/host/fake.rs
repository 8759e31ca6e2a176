//! Fakes: what stands in for an activity or a sub-orchestration.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::calls::CallKind;
use crate::data;
use crate::data::PayloadError;
use crate::failure::BoxError;
use crate::failure::FailureDetails;
use crate::orchestration::payload_failure;

/// Stands in for an activity or a sub-orchestration that takes `I` and returns `O`.
///
/// A fake takes no virtual time unless told otherwise with [`Self::taking`]. A panic in one, such
/// as a failed assertion, ends the test.
///
/// ```
/// use std::time::Duration;
///
/// use durascope_sdk::ActivityError;
/// use durascope_sdk::testing::Fake;
///
/// let fixed: Fake<String, u64> = Fake::returning(5);
/// let computed: Fake<String, u64> = Fake::with(|article: String| article.len() as u64);
/// let picky: Fake<String, u64> = Fake::try_with(|article: String| match article.as_str() {
///     "" => Err(ActivityError::new("NoName", "an article needs a name")),
///     _ => Ok(3),
/// });
/// let flaky: Fake<String, u64> = Fake::outcomes([Err("busy"), Err("busy"), Ok(3)]);
/// let slow = Fake::<String, u64>::returning(5).taking(Duration::from_secs(3_600));
/// # drop((fixed, computed, picky, flaky, slow));
/// ```
#[must_use = "a fake does nothing until a host has it"]
pub struct Fake<I, O> {
    answer: Box<dyn FnMut(I) -> Answer<O>>,
    taking: Box<dyn FnMut(&I) -> Duration>,
}

/// What comes of one call.
pub(super) enum Answer<O> {
    Ends(Result<O, FailureDetails>),
    Never,
    OutOfOutcomes { given: usize },
}

/// A fake with its types erased: input as JSON in, outcome and virtual time out.
pub(super) type FakeFn = Box<dyn FnMut(Option<&str>) -> (Answer<Option<String>>, Duration)>;

impl<I, O> Fake<I, O> {
    fn of(answer: impl FnMut(I) -> Answer<O> + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            taking: Box::new(|_| Duration::ZERO),
        }
    }

    /// Calls `function`, which cannot fail.
    pub fn with(mut function: impl FnMut(I) -> O + 'static) -> Self {
        Self::of(move |input| Answer::Ends(Ok(function(input))))
    }

    /// Calls `function`, whose errors are failures as those of a real activity.
    pub fn try_with<E: Into<BoxError>>(
        mut function: impl FnMut(I) -> Result<O, E> + 'static,
    ) -> Self {
        Self::of(move |input| Answer::Ends(function(input).map_err(FailureDetails::of)))
    }

    /// Returns `output`, whatever the input.
    pub fn returning(output: O) -> Self
    where
        O: Clone + 'static,
    {
        Self::of(move |_| Answer::Ends(Ok(output.clone())))
    }

    /// Fails with `error`, whatever the input.
    pub fn failing(error: impl Into<BoxError>) -> Self {
        let details = FailureDetails::of(error);
        Self::of(move |_| Answer::Ends(Err(details.clone())))
    }

    /// One outcome for each call, in the order of the calls: what a retry meets.
    ///
    /// A call for which none is left ends the run with
    /// [`HostError::OutOfOutcomes`](super::HostError::OutOfOutcomes).
    pub fn outcomes<E: Into<BoxError>>(outcomes: impl IntoIterator<Item = Result<O, E>>) -> Self
    where
        O: 'static,
    {
        let outcomes = outcomes.into_iter();
        let outcomes: Vec<_> = outcomes.map(|it| it.map_err(FailureDetails::of)).collect();
        let given = outcomes.len();
        let mut outcomes = outcomes.into_iter();
        Self::of(move |_| match outcomes.next() {
            Some(outcome) => Answer::Ends(outcome),
            None => Answer::OutOfOutcomes { given },
        })
    }

    /// Never ends.
    pub fn never() -> Self {
        Self::of(|_| Answer::Never)
    }

    /// Ends so much virtual time after the call.
    pub fn taking(self, time: Duration) -> Self {
        self.taking_by(move |_| time)
    }

    /// Ends so much virtual time after the call, by its input.
    pub fn taking_by(mut self, time: impl FnMut(&I) -> Duration + 'static) -> Self {
        self.taking = Box::new(time);
        self
    }

    pub(super) fn erased(self, kind: CallKind, name: &'static str) -> FakeFn
    where
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
    {
        let Self {
            mut answer,
            mut taking,
        } = self;
        Box::new(move |input| {
            let input = match data::decode::<I>(input) {
                Ok(input) => input,
                Err(error) => {
                    let owner = format!("{kind} {name}");
                    let error = PayloadError::decoding("input", &owner, error);
                    return (Answer::Ends(Err(payload_failure(&error))), Duration::ZERO);
                }
            };
            let time = taking(&input);
            let answer = match answer(input) {
                Answer::Ends(outcome) => Answer::Ends(outcome.and_then(|output| {
                    data::encode(&output).map_err(|error| {
                        payload_failure(&PayloadError::encoding("output", name, error))
                    })
                })),
                Answer::Never => Answer::Never,
                Answer::OutOfOutcomes { given } => Answer::OutOfOutcomes { given },
            };
            (answer, time)
        })
    }
}
