//! Why a test host could not go on: mistakes of the test, not failures of the code under test.

use std::io;

use super::calls::CallKind;
use crate::client::OutputError;
use crate::data::PayloadError;
use crate::names::EntityId;

/// A [`TestHost`](super::TestHost) cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A mistake in registering the functions.
    #[error("the functions cannot be run: {mistake}")]
    Functions {
        /// The mistake.
        mistake: String,
    },
    /// Something was called that is neither registered nor faked. A real worker would fail the
    /// call; in a test it is most likely forgotten.
    #[error("{kind} {name:?} is neither registered nor faked; instance {instance_id:?} calls it")]
    NotRegistered {
        /// What was called.
        kind: CallKind,
        /// Its name.
        name: String,
        /// Who called it.
        instance_id: String,
    },
    /// The instance cannot end: nothing is left that could happen.
    #[error("instance {instance_id:?} is stuck; it waits for {}", waits_for.join(", "))]
    Stuck {
        /// Its id.
        instance_id: String,
        /// What it waits for, in words, such as `event "Approval"`.
        waits_for: Vec<String>,
    },
    /// So many turns were made, or batches of entities run, without an end in sight.
    #[error(
        "{limit} turns were made and there is no end; does an orchestration or an entity go on for ever?"
    )]
    TooManyTurns {
        /// How many; see [`TestHost::max_turns`](super::TestHost::max_turns).
        limit: usize,
    },
    /// A fake has no outcome left to give.
    #[error("the fake of {kind} {name:?} had {given} outcomes, and is called once more")]
    OutOfOutcomes {
        /// What was called.
        kind: CallKind,
        /// Its name.
        name: String,
        /// How many outcomes it had.
        given: usize,
    },
    /// There is no such instance.
    #[error("there is no instance {instance_id:?}")]
    NotFound {
        /// The id asked for.
        instance_id: String,
    },
    /// The instance exists and has not ended.
    #[error("instance {instance_id:?} exists and has not ended")]
    AlreadyExists {
        /// Its id.
        instance_id: String,
    },
    /// No server takes this instance id.
    #[error("{instance_id:?} is no instance id: {problem}")]
    InvalidId {
        /// The id.
        instance_id: String,
        /// Why not.
        problem: String,
    },
    /// The instance ended without an output, or with one of another type.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A payload of the test cannot be written as JSON.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The test signals an entity of a kind that is not registered.
    #[error("no entity named {name:?} is registered, and the test signals {id:?}")]
    EntityNotRegistered {
        /// The name, in lower case.
        name: String,
        /// Which entity.
        id: EntityId,
    },
    /// A real activity, or an entity, needs a runtime and a thread, which could not be had.
    #[error("no runtime for real activities and entities: {0}")]
    Runtime(#[from] io::Error),
}
