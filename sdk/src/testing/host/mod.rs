//! Orchestrations in memory, on virtual time, with fakes: no server, no sleeping.

mod activities;
mod apply;
mod calls;
mod control;
mod entities;
mod error;
mod fake;
mod instance;
mod read;
mod run;
mod runtime;
mod sections;
mod signals;
mod start;
mod turn;

pub use calls::Call;
pub use calls::CallKind;
pub use calls::Target;
pub use control::After;
pub use error::HostError;
pub use fake::Fake;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

use durascope_proto::HistoryEvent;
use durascope_proto::history_event::EventType;
use durascope_proto::time::from_micros;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock;
use crate::worker::Functions;
use control::Due;
use entities::Entities;
use fake::FakeFn;
use instance::Instance;
use run::Ready;
use runtime::Beside;

/// Midnight of the first day of 2024, UTC.
const BEGINNING_MICROS: i64 = 1_704_067_200_000_000;

const TURNS_MAX: usize = 10_000;

/// Runs orchestrations in memory: a scheduler and a worker in one, on a clock that jumps.
///
/// It has the [`Functions`] of a real worker. Activities and sub-orchestrations that a test does
/// not want to run are replaced by a [`Fake`]; whatever has none runs for real, activities on a
/// thread beside, with a runtime. Durable timers fire at once, in the order of their times: the
/// clock jumps to the next thing that is to happen when nothing else is left to do. As on a
/// worker that has just started, each turn is replayed from the beginning, so that code that is
/// not deterministic fails here too. Entities run for real, with their locks.
///
/// The same test does the same whenever it runs. Nothing is asynchronous: a plain `#[test]` will
/// do. Errors of type [`HostError`] are mistakes of the test or of its set-up; what goes wrong in
/// the code under test shows in the state of its instance.
///
/// ```
/// use std::time::Duration;
///
/// use durascope_sdk::testing::{Fake, TestHost};
/// use durascope_sdk::{Activity, ExternalEvent, Functions, Orchestration, OrchestrationContext};
/// use durascope_sdk::{OrchestrationError, RetryPolicy};
/// use futures_util::future::{Either, select};
///
/// const CHARGE: Activity<u64, String> = Activity::named("Charge");
/// const ORDER: Orchestration<u64, String> = Orchestration::named("Order");
/// const APPROVAL: ExternalEvent<bool> = ExternalEvent::named("Approval");
///
/// async fn order(ctx: OrchestrationContext, amount: u64) -> Result<String, OrchestrationError> {
///     ctx.set_custom_status("waits for approval")?;
///     let day = ctx.timer(Duration::from_secs(86_400));
///     match select(ctx.wait_for_event(&APPROVAL), day).await {
///         Either::Left((Ok(true), _)) => {
///             let patience = RetryPolicy::new(3, Duration::from_secs(60));
///             Ok(ctx.call_with(&CHARGE, amount, patience).await?)
///         }
///         Either::Left((_, _)) => Ok("declined".to_owned()),
///         Either::Right(((), _)) => Ok("nobody came".to_owned()),
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut host = TestHost::new(Functions::new().orchestration(&ORDER, order));
/// host.fake(&CHARGE, Fake::outcomes([Err("busy"), Err("busy"), Ok("receipt 7".to_owned())]));
///
/// // Without approval the day goes by at once.
/// assert_eq!(host.run(&ORDER, 20)?, "nobody came");
/// assert_eq!(host.elapsed(), Duration::from_secs(86_400));
///
/// // With approval it is charged, at the third attempt.
/// let id = host.start(&ORDER, 30)?;
/// host.settle()?;
/// let state = host.get(&id).expect("it was started");
/// assert_eq!(state.custom_status::<String>()?.as_deref(), Some("waits for approval"));
/// host.raise_event(&id, &APPROVAL, true)?;
/// let state = host.run_to_end(&id)?;
/// assert_eq!(state.output::<String>()?, "receipt 7");
/// assert_eq!(host.inputs(&CHARGE)?, [30, 30, 30]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a host does nothing until something is started"]
pub struct TestHost {
    functions: Functions,
    /// Of instances that are started without one.
    default_version: Option<String>,
    fakes: BTreeMap<(CallKind, &'static str), FakeFn>,
    began_micros: i64,
    now_micros: i64,
    instances: BTreeMap<String, Instance>,
    entities: Entities,
    /// Who may have something to do, in the order in which they are to have their turn.
    ready: VecDeque<Ready>,
    /// What happens later, by its time and in the order in which it was asked for.
    due: BTreeMap<(i64, u64), Due>,
    dues: u64,
    calls: Vec<Call>,
    starts: u64,
    executions: u64,
    turns_max: usize,
    beside: Beside,
}

impl TestHost {
    /// A host for these functions, with a clock that begins with the year 2024.
    pub fn new(functions: Functions) -> Self {
        Self {
            functions,
            default_version: None,
            fakes: BTreeMap::new(),
            began_micros: BEGINNING_MICROS,
            now_micros: BEGINNING_MICROS,
            instances: BTreeMap::new(),
            entities: Entities::default(),
            ready: VecDeque::new(),
            due: BTreeMap::new(),
            dues: 0,
            calls: Vec::new(),
            starts: 0,
            executions: 0,
            turns_max: TURNS_MAX,
            beside: Beside::default(),
        }
    }

    /// The same host with a clock that begins at `time`.
    pub fn beginning_at(mut self, time: SystemTime) -> Self {
        self.began_micros = clock::micros_of(time);
        self.now_micros = self.began_micros;
        self
    }

    /// The same host with another limit for the turns of one call to it, 10,000 unless told
    /// otherwise: eternal orchestrations must not make eternal tests.
    pub fn max_turns(mut self, turns: usize) -> Self {
        self.turns_max = turns;
        self
    }

    /// Has `fake` stand in for an activity or a sub-orchestration, also where a real one is
    /// registered. A fake that was there before is replaced.
    pub fn fake<T: Target>(&mut self, target: &T, fake: Fake<T::Input, T::Output>) -> &mut Self
    where
        T::Input: DeserializeOwned + 'static,
        T::Output: Serialize + 'static,
    {
        let (kind, name) = (target.kind(), target.target_name());
        self.fakes.insert((kind, name), fake.erased(kind, name));
        self
    }
}

impl fmt::Debug for TestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost")
            .field("now", &self.now())
            .field("functions", &self.functions)
            .field("fakes", &self.fakes.keys())
            .field("instances", &self.instances.keys())
            .field("entities", &self.entities.by_id.keys())
            .finish_non_exhaustive()
    }
}

/// An event without an id of its own.
fn event(micros: i64, event_type: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: -1,
        timestamp: Some(from_micros(micros)),
        event_type: Some(event_type),
    }
}
