//! What `update` may ask the outside for. It never does IO itself.

use durascope_proto::monitor::InstanceWindow;

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
}

/// One request to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    },
    Resume {
        instance_id: String,
    },
    /// Asks what a purge would delete; changes nothing.
    PreviewPurge {
        instance_id: String,
        recursive: bool,
    },
    Purge {
        instance_id: String,
        recursive: bool,
    },
}

impl Call {
    /// True for calls that change nothing.
    pub fn only_asks(&self) -> bool {
        matches!(self, Self::PreviewPurge { .. })
    }

    /// True for calls whose effect cannot be undone.
    pub fn destroys(&self) -> bool {
        matches!(self, Self::Terminate { .. } | Self::Purge { .. })
    }

    /// The instance that it is about.
    pub fn instance_id(&self) -> &str {
        match self {
            Self::RaiseEvent { instance_id, .. }
            | Self::Terminate { instance_id, .. }
            | Self::Suspend { instance_id }
            | Self::Resume { instance_id }
            | Self::PreviewPurge { instance_id, .. }
            | Self::Purge { instance_id, .. } => instance_id,
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
        }
    }
}
