//! Which waiting messages make the next turn: the composition rules of a work item's new events.
//!
//! Suspend and terminate stand alone, a start comes first, and what a suspended orchestrator
//! must not see is withheld until it resumes. Reading the inbox is the caller's business.

use crate::instance::Phase;

/// What a waiting message is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Start = 0,
    Event = 1,
    ActivityResult = 2,
    ChildResult = 3,
    Timer = 4,
    Suspend = 5,
    Resume = 6,
    Terminate = 7,
    /// The result of a call to an entity.
    EntityReply = 8,
    /// A critical section begins.
    LockGranted = 9,
    /// A failed instance is to be rewound.
    Rewind = 10,
    /// A turn without an event of its own.
    Replay = 11,
}

impl Kind {
    /// The kind with this stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Start,
            1 => Self::Event,
            2 => Self::ActivityResult,
            3 => Self::ChildResult,
            4 => Self::Timer,
            5 => Self::Suspend,
            6 => Self::Resume,
            7 => Self::Terminate,
            8 => Self::EntityReply,
            9 => Self::LockGranted,
            10 => Self::Rewind,
            11 => Self::Replay,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        match self {
            Self::Suspend | Self::Resume | Self::Terminate => true,
            Self::Start
            | Self::Event
            | Self::ActivityResult
            | Self::ChildResult
            | Self::Timer
            | Self::EntityReply
            | Self::LockGranted
            | Self::Rewind
            | Self::Replay => false,
        }
    }
}

/// Largest sum of encoded events that one turn takes, so that a work item fits a message.
pub const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// What to do with an offered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It belongs to the batch.
    Take,
    /// It belongs to the batch and ends it.
    TakeLast,
    /// Not now, but look further.
    Skip,
    /// The batch is complete without it.
    Stop,
}

/// Forms one batch from messages that are offered in order of acceptance.
#[derive(Debug)]
pub struct Forming {
    lead: Option<Kind>,
    taken: usize,
    bytes: usize,
    bytes_max: usize,
}

impl Forming {
    /// Which kinds must open the batch in this phase: the caller looks up the first visible
    /// message of one of them and passes it to [`Forming::with_lead`]; without one there is
    /// no turn. Empty: any message may come first.
    pub fn lead_kinds(phase: Phase) -> &'static [Kind] {
        match phase {
            Phase::New | Phase::Renewed => &[Kind::Start],
            Phase::Suspended => &[Kind::Resume, Kind::Terminate],
            Phase::Rewinding => &[Kind::Rewind],
            Phase::Running => &[],
        }
    }

    /// A batch that opens with a message of kind `lead`, which the caller has taken.
    pub fn with_lead(lead: Kind, bytes: usize) -> Self {
        Self {
            lead: Some(lead),
            taken: 1,
            bytes,
            bytes_max: BATCH_BYTES,
        }
    }

    /// A batch that opens with whatever comes first.
    pub fn open() -> Self {
        Self {
            lead: None,
            taken: 0,
            bytes: 0,
            bytes_max: BATCH_BYTES,
        }
    }

    /// The same with less room: what is sent has a limit, and a history that goes along.
    #[must_use]
    pub fn within(self, bytes_max: usize) -> Self {
        Self {
            bytes_max: self.bytes_max.min(bytes_max),
            ..self
        }
    }

    /// Whether nothing can follow what was taken.
    pub fn is_complete(&self) -> bool {
        matches!(self.lead, Some(Kind::Terminate | Kind::Rewind))
    }

    /// Decides about the next message. The lead itself is not offered again.
    pub fn offer(&mut self, kind: Kind, bytes: usize) -> Offer {
        if self.is_complete() {
            return Offer::Stop;
        }
        if self.taken > 0 && self.bytes + bytes > self.bytes_max {
            return Offer::Stop;
        }
        let offer = self.judge(kind);
        if matches!(offer, Offer::Take | Offer::TakeLast) {
            self.taken += 1;
            self.bytes += bytes;
        }
        offer
    }

    fn judge(&self, kind: Kind) -> Offer {
        match kind {
            Kind::Suspend | Kind::Terminate if self.taken == 0 => Offer::TakeLast,
            Kind::Suspend | Kind::Terminate => Offer::Stop,
            Kind::Resume if self.taken == 0 => Offer::Take,
            Kind::Resume => Offer::Stop,
            // A second start cannot be: a replaced instance has an inbox of its own.
            Kind::Start => Offer::Skip,
            // It stands alone, and the phase sees to it that it leads.
            Kind::Rewind => Offer::Skip,
            // What the replay decides is confirmed before anything new is told.
            Kind::Replay if self.taken == 0 => Offer::TakeLast,
            Kind::Event
            | Kind::ActivityResult
            | Kind::ChildResult
            | Kind::Timer
            | Kind::EntityReply
            | Kind::LockGranted
            | Kind::Replay => Offer::Take,
        }
    }
}

/// Whether a message of this kind can start a turn of an instance in this phase.
pub fn wakes(phase: Phase, kind: Kind) -> bool {
    match phase {
        Phase::Running => true,
        Phase::Suspended => kind.is_control(),
        Phase::New | Phase::Renewed => kind == Kind::Start,
        Phase::Rewinding => kind == Kind::Rewind,
    }
}
