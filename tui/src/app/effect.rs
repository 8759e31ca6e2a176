//! What `update` may ask the outside for. It never does IO itself.

use std::collections::BTreeMap;

use durascope_proto::monitor::InstanceWindow;

use crate::app::purge_query::PurgeQuery;
use crate::app::saved::Change;
use crate::app::topic::Topic;

/// A wish of the core, carried out by tasks.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Replaces what the server is asked to show.
    Watch(Box<WatchSpec>),
    Call {
        id: u64,
        call: Call,
    },
    /// Changes which filters are kept.
    Save(Change),
    /// Do not wait for the back-off to end.
    RetryNow,
    /// Leave the terminal and stop this process, as a shell's job control expects.
    StopProcess,
    Quit,
    /// Puts `text` on the clipboard; `what` names it for the answer.
    Copy {
        what: String,
        text: String,
    },
    /// Shows `text` in the user's editor or pager.
    View {
        /// File name without folder, ends as its content does.
        name: String,
        text: String,
    },
    /// Lets the user change `text` in their editor; the answer is `Event::Edited`.
    Edit {
        /// File name without folder, ends as its content does.
        name: String,
        text: String,
    },
    /// End, and leave the screen in the scrollback.
    QuitLeaving,
    /// Ask for everything again now.
    Refresh,
    /// Take the mouse from the terminal, or give it back.
    Mouse(bool),
    /// Write a new file that only this user can read.
    Export {
        path: String,
        content: String,
    },
    /// Write a new file in this folder that only this user can read; where the name is taken, it
    /// gets a number.
    Keep {
        name: String,
        content: String,
    },
    /// Connect to the task hub of this name instead.
    Hub(String),
    /// Go on with the replay from there.
    Play(Playing),
}

/// Where a replay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playing {
    /// Microseconds since the beginning of the recording.
    pub at: i64,
    /// As many times as fast; 0 stands still.
    pub speed: u32,
}

/// What the screen shows, and so what the server sends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchSpec {
    pub window: InstanceWindow,
    /// The instance whose tree is shown; empty for none.
    pub instance_id: String,
    /// What else the screen needs.
    pub topic: Topic,
    /// Where the server is polled: the rows that are on screen, as first position and number.
    pub on_screen: Option<(u32, u32)>,
}

/// One request to the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    RaiseEvent {
        instance_id: String,
        name: String,
        payload: Option<String>,
    },
    Terminate {
        instance_id: String,
        reason: Option<String>,
        recursive: bool,
    },
    Suspend {
        instance_id: String,
        reason: Option<String>,
    },
    Resume {
        instance_id: String,
        reason: Option<String>,
    },
    /// Asks what a purge would delete; changes nothing.
    PreviewPurge {
        instance_ids: Vec<String>,
        recursive: bool,
    },
    Purge {
        instance_id: String,
        recursive: bool,
    },
    /// Deletes all that match, whatever they are when the call arrives.
    PurgeMatching {
        query: PurgeQuery,
        recursive: bool,
    },
    /// Ends it in storage, without its code (`SkipGracefulOrchestrationTerminations`).
    ForceTerminate {
        instance_id: String,
        reason: Option<String>,
    },
    /// Starts it again with the same input, under its own id or a new one.
    Restart {
        instance_id: String,
        new_id: bool,
    },
    /// Goes back to before the failure.
    Rewind {
        instance_id: String,
        reason: Option<String>,
    },
    Start(Box<Start>),
    SignalEntity {
        entity_id: String,
        operation: String,
        input: Option<String>,
    },
    CleanEntities {
        remove_empty: bool,
        release_locks: bool,
    },
    /// Everything that matches the window's filter; changes nothing.
    ListMatching(Box<InstanceWindow>),
    /// How these are now; changes nothing.
    Look {
        instance_ids: Vec<String>,
    },
    /// The names of the server's task hubs; changes nothing.
    ListHubs,
    /// Name, input and tags of one, to start it again; changes nothing.
    ReadStart {
        instance_id: String,
    },
}

/// A new orchestration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    pub name: String,
    /// Empty for one that is made.
    pub instance_id: String,
    pub version: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// JSON.
    pub input: Option<String>,
}

impl Call {
    /// True for calls that change nothing.
    pub fn only_asks(&self) -> bool {
        matches!(
            self,
            Self::PreviewPurge { .. }
                | Self::ListMatching(_)
                | Self::Look { .. }
                | Self::ListHubs
                | Self::ReadStart { .. }
        )
    }

    /// True for calls whose effect cannot be undone.
    pub fn destroys(&self) -> bool {
        matches!(
            self,
            Self::Terminate { .. }
                | Self::ForceTerminate { .. }
                | Self::Purge { .. }
                | Self::PurgeMatching { .. }
                | Self::Restart { new_id: false, .. }
        )
    }

    /// The instance or entity that it is about; empty when it is about more than one.
    pub fn instance_id(&self) -> &str {
        match self {
            Self::RaiseEvent { instance_id, .. }
            | Self::Terminate { instance_id, .. }
            | Self::Suspend { instance_id, .. }
            | Self::Resume { instance_id, .. }
            | Self::ForceTerminate { instance_id, .. }
            | Self::Restart { instance_id, .. }
            | Self::Rewind { instance_id, .. }
            | Self::ReadStart { instance_id }
            | Self::Purge { instance_id, .. } => instance_id,
            Self::Start(it) => &it.instance_id,
            Self::SignalEntity { entity_id, .. } => entity_id,
            Self::PreviewPurge { instance_ids, .. } | Self::Look { instance_ids } => {
                match &instance_ids[..] {
                    [it] => it,
                    _ => "",
                }
            }
            Self::CleanEntities { .. }
            | Self::ListMatching(_)
            | Self::PurgeMatching { .. }
            | Self::ListHubs => "",
        }
    }

    /// What is being done, for people.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::RaiseEvent { .. } => "raise event",
            Self::Terminate { .. } => "terminate",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::PreviewPurge { .. } => "count what a purge deletes",
            Self::Purge { .. } => "purge",
            Self::PurgeMatching { .. } => "purge what matches",
            Self::ForceTerminate { .. } => "force to end",
            Self::Restart { .. } => "restart",
            Self::Rewind { .. } => "rewind",
            Self::Start(_) => "start",
            Self::SignalEntity { .. } => "signal",
            Self::CleanEntities { .. } => "clean entity storage",
            Self::ListMatching(_) => "load what matches",
            Self::Look { .. } => "look at the marked",
            Self::ReadStart { .. } => "read the input of",
            Self::ListHubs => "list the task hubs",
        }
    }
}
