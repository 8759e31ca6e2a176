//! A finding: what, how sure, and where it is proven.

use serde::Serialize;

use crate::text::Clean;

/// Columns of a finding in a list, at most.
pub const SHORT_MAX: usize = 29;

/// Which rule has found something, in the order in which findings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Suspended,
    StartsLater,
    Unserved,
    GivenBack,
    TurnOut,
    CodeDiffers,
    Failed,
    Lock,
    TurnQueued,
    Child,
    Saturated,
    Straggler,
    ChildFailed,
    Retry,
    Timer,
    EntityCall,
    Event,
    Running,
    History,
    ActivityFailed,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does not go on by itself, or has failed.
    Bad,
    /// It is slower or bigger than it should be.
    Warn,
    /// It waits for what is to come.
    Wait,
    /// All is well.
    Fine,
}

impl Rule {
    /// True for what is worth a word and is not what the instance waits for.
    pub(super) fn is_aside(self) -> bool {
        matches!(
            self,
            Self::ChildFailed | Self::History | Self::ActivityFailed
        )
    }

    /// How its findings are meant.
    pub fn weight(self) -> Weight {
        match self {
            Self::Unserved
            | Self::GivenBack
            | Self::CodeDiffers
            | Self::Failed
            | Self::ChildFailed => Weight::Bad,
            Self::TurnOut
            | Self::Lock
            | Self::Saturated
            | Self::Straggler
            | Self::History
            | Self::ActivityFailed => Weight::Warn,
            Self::Suspended
            | Self::StartsLater
            | Self::TurnQueued
            | Self::Child
            | Self::Retry
            | Self::Timer
            | Self::EntityCall
            | Self::Event => Weight::Wait,
            Self::Running => Weight::Fine,
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The facts say it.
    Sure,
    /// The facts look like it; the protocol does not tell.
    Probably,
    /// The fact is sure; its cause is a question.
    Asked,
}

impl Certainty {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Probably => "probably",
            Self::Asked => "a question",
        }
    }
}

/// Where a finding is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Evidence {
    /// The instance's own line.
    Instance,
    /// Its failure.
    Failure,
    /// A group of its tree: `kind` as in the feed.
    Group {
        kind: i32,
        name: String,
    },
    /// One activity of such a group.
    Task {
        name: String,
        task_id: i32,
    },
    /// Its failures by error.
    Failures,
    Timers,
    /// What external events it has received.
    Events,
    History,
    /// Another instance: a child, or who holds a lock.
    Other {
        instance_id: String,
    },
    Entity {
        entity_id: String,
    },
    /// Workers and queues.
    Workers,
}

impl Evidence {
    /// Where that is, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Instance => "tree".to_owned(),
            Self::Failure => "tree: failure".to_owned(),
            Self::Group { name, .. } => format!("tree: {name}"),
            Self::Task { name, task_id } => format!("tree: {name} #{task_id}"),
            Self::Failures => "tree: failures by error".to_owned(),
            Self::Timers => "tree: timers".to_owned(),
            Self::Events => "tree: received events".to_owned(),
            Self::History => "history".to_owned(),
            Self::Other { instance_id } => format!("instance {instance_id}"),
            Self::Entity { entity_id } => format!("entity {entity_id}"),
            Self::Workers => "workers and queues".to_owned(),
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: Rule,
    pub certainty: Certainty,
    /// For lists, at most [`SHORT_MAX`] columns.
    pub short: String,
    /// A sentence or two.
    pub text: String,
    pub evidence: Evidence,
    /// The key of what can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<char>,
}

impl Finding {
    pub(super) fn new(rule: Rule, short: &str, text: String, evidence: Evidence) -> Self {
        let short = Clean::from(short).fit(SHORT_MAX, "…").as_str().to_owned();
        Self {
            rule,
            certainty: Certainty::Sure,
            short,
            text,
            evidence,
            action: None,
        }
    }

    pub(super) fn certainty(mut self, certainty: Certainty) -> Self {
        self.certainty = certainty;
        self
    }

    pub(super) fn action(mut self, key: char) -> Self {
        self.action = Some(key);
        self
    }
}
