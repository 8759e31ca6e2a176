//! What can happen to the dashboard: the closed list of inputs to `update`.

use std::sync::Arc;

use durascope_proto::monitor::PreviewPurgeResponse;
use durascope_proto::monitor::WatchUpdate;

use crate::app::deed::Target;
use crate::app::effect::Start;
use crate::app::hit::Hit;
use crate::app::hit::Mouse;
use crate::app::saved::SavedFilter;
use crate::app::toast;
use crate::app::topic::TopicData;
use crate::format::Micros;

/// One input to the core.
#[derive(Clone, Debug)]
pub enum Event {
    Key(Key),
    /// Pasted text, as one edit.
    Paste(String),
    Resize(Size),
    /// The newest state of the connection and its data.
    Feed(Feed),
    Reply(Reply),
    /// The filters that are kept, or why they are not known.
    Saved(Result<Vec<SavedFilter>, String>),
    /// A click or the wheel, where, and what is there.
    Mouse {
        mouse: Mouse,
        x: u16,
        y: u16,
        hit: Option<Hit>,
    },
    /// What became of something that was asked of the outside.
    Said {
        kind: toast::Kind,
        text: String,
    },
    /// What the user's editor has made of a text.
    Edited(String),
    /// A moment that `next_wakeup` asked for.
    Wake,
    /// The process goes on after it was stopped.
    Resumed,
    /// The process was asked to stop (SIGTSTP).
    StopRequested,
    /// The process was asked to end (SIGTERM, SIGHUP, SIGINT, or the terminal is gone).
    EndRequested,
}

impl Event {
    /// True for what the user does, and waits to see.
    pub fn is_of_user(&self) -> bool {
        matches!(
            self,
            Self::Key(_) | Self::Paste(_) | Self::Resize(_) | Self::Mouse { .. }
        )
    }
}

/// Columns and rows of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub width: u16,
    pub height: u16,
}

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// A key press. Shift is in the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
}

impl Key {
    /// The key alone.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// A character key alone.
    pub const fn char(it: char) -> Self {
        Self::plain(Code::Char(it))
    }

    /// A character key with control.
    pub const fn ctrl(it: char) -> Self {
        Self {
            code: Code::Char(it),
            ctrl: true,
            alt: false,
        }
    }
}

/// State of the connection, with the newest data it brought.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pub link: Link,
    pub data: Option<Data>,
    pub topic: Option<Arc<TopicData>>,
}

/// One snapshot and when it came, on the local clock.
#[derive(Clone, Debug)]
pub struct Data {
    pub update: Arc<WatchUpdate>,
    pub received_at: Micros,
}

/// State of the connection to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Trying, for the `attempt`-th time, from 1.
    Connecting {
        attempt: u32,
    },
    Live(Mode),
    /// Not connected; `attempt` is the next one, made at `retry_at` on the local clock.
    Lost {
        attempt: u32,
        reason: String,
        retry_at: Micros,
    },
}

impl Default for Link {
    fn default() -> Self {
        Self::Connecting { attempt: 1 }
    }
}

/// Where live data comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Durascope's monitor feed.
    Feed,
    /// Polling of the official service: `loaded` instances every `every_ms` milliseconds;
    /// `more` when the hub has more than were loaded.
    Poll {
        loaded: usize,
        more: bool,
        every_ms: u64,
    },
}

/// Answer to a call that `update` asked for.
#[derive(Clone, Debug)]
pub struct Reply {
    pub id: u64,
    pub outcome: Result<Answer, String>,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Done; there is nothing more to say.
    Done,
    PurgePreview(PreviewPurgeResponse),
    Purged {
        deleted: i64,
    },
    /// Runs under this id.
    Started {
        instance_id: String,
    },
    Cleaned {
        removed: i64,
        released: i64,
    },
    /// What matches; `more` when there is more than is taken.
    Matching {
        targets: Vec<Target>,
        more: bool,
    },
    /// How they are now, and which do not exist any more.
    Looked {
        targets: Vec<Target>,
        gone: Vec<String>,
    },
    /// Names of task hubs.
    Hubs(Vec<String>),
    /// How an instance was started.
    StartedWith(Box<Start>),
}
