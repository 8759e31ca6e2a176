//! The messages of a recording. Fields are only ever added.

use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ListEntitiesRequest;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::ListWorkRequest;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchUpdate;
use durascope_proto::monitor::WorkList;
use prost::Message;

use crate::app::event::Link;
use crate::app::event::Mode;
use crate::format::Micros;

/// One thing that came, and when.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Frame {
    /// Microseconds since the Unix epoch, on the clock of who recorded.
    #[prost(int64, tag = "1")]
    pub at: i64,
    #[prost(oneof = "Body", tags = "2, 3, 4, 5, 6, 7, 8, 9")]
    pub body: Option<Body>,
}

/// What came.
#[expect(clippy::large_enum_variant, reason = "one at a time is in memory")]
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Body {
    /// The first frame, and no other.
    #[prost(message, tag = "2")]
    Start(Start),
    #[prost(message, tag = "3")]
    Link(LinkFrame),
    #[prost(message, tag = "4")]
    Update(WatchUpdate),
    #[prost(message, tag = "5")]
    Tasks(TasksFrame),
    #[prost(message, tag = "6")]
    History(HistoryFrame),
    #[prost(message, tag = "7")]
    Failures(FailuresFrame),
    #[prost(message, tag = "8")]
    Entities(EntitiesFrame),
    #[prost(message, tag = "9")]
    Work(WorkFrame),
}

impl Body {
    /// What was asked, for answers that replace each other; empty for all else.
    pub fn question(&self) -> Vec<u8> {
        fn of(kind: u8, request: Option<&impl Message>) -> Vec<u8> {
            let mut bytes = vec![kind];
            bytes.extend(request.map(Message::encode_to_vec).unwrap_or_default());
            bytes
        }
        match self {
            Self::History(it) => of(1, it.request.as_ref()),
            Self::Failures(it) => of(2, it.request.as_ref()),
            Self::Entities(it) => of(3, it.request.as_ref()),
            Self::Work(it) => of(4, it.request.as_ref()),
            Self::Start(_) | Self::Link(_) | Self::Update(_) | Self::Tasks(_) => Vec::new(),
        }
    }
}

/// What was recorded.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Start {
    #[prost(string, tag = "1")]
    pub endpoint: String,
    #[prost(string, tag = "2")]
    pub task_hub: String,
    /// Of durascope.
    #[prost(string, tag = "3")]
    pub version: String,
}

/// The connection has changed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LinkFrame {
    #[prost(enumeration = "LinkKind", tag = "1")]
    pub kind: i32,
    #[prost(uint32, tag = "2")]
    pub attempt: u32,
    #[prost(string, tag = "3")]
    pub reason: String,
    /// Of polling.
    #[prost(uint64, tag = "4")]
    pub loaded: u64,
    #[prost(bool, tag = "5")]
    pub more: bool,
    #[prost(uint64, tag = "6")]
    pub every_ms: u64,
}

/// States of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum LinkKind {
    Connecting = 0,
    Feed = 1,
    Poll = 2,
    Lost = 3,
}

/// New and changed tasks of an instance.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TasksFrame {
    #[prost(string, tag = "1")]
    pub instance_id: String,
    #[prost(message, optional, tag = "2")]
    pub update: Option<TasksUpdate>,
    /// The server told when tasks were taken.
    #[prost(bool, tag = "3")]
    pub knows_starts: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HistoryFrame {
    #[prost(message, optional, tag = "1")]
    pub request: Option<ReadHistoryRequest>,
    #[prost(message, optional, tag = "2")]
    pub page: Option<HistoryPage>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct FailuresFrame {
    #[prost(message, optional, tag = "1")]
    pub request: Option<ListFailuresRequest>,
    #[prost(message, optional, tag = "2")]
    pub list: Option<FailureList>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct EntitiesFrame {
    #[prost(message, optional, tag = "1")]
    pub request: Option<ListEntitiesRequest>,
    #[prost(message, optional, tag = "2")]
    pub page: Option<EntityPage>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct WorkFrame {
    #[prost(message, optional, tag = "1")]
    pub request: Option<ListWorkRequest>,
    #[prost(message, optional, tag = "2")]
    pub list: Option<WorkList>,
}

impl From<&Link> for LinkFrame {
    fn from(link: &Link) -> Self {
        match link {
            Link::Connecting { attempt } => Self {
                kind: LinkKind::Connecting.into(),
                attempt: *attempt,
                ..Self::default()
            },
            Link::Live(Mode::Feed) => Self {
                kind: LinkKind::Feed.into(),
                ..Self::default()
            },
            Link::Live(Mode::Poll {
                loaded,
                more,
                every_ms,
            }) => Self {
                kind: LinkKind::Poll.into(),
                loaded: u64::try_from(*loaded).unwrap_or(u64::MAX),
                more: *more,
                every_ms: *every_ms,
                ..Self::default()
            },
            Link::Lost {
                attempt, reason, ..
            } => Self {
                kind: LinkKind::Lost.into(),
                attempt: *attempt,
                reason: reason.clone(),
                ..Self::default()
            },
        }
    }
}

impl LinkFrame {
    /// The state that it tells, at `now` on the local clock.
    pub fn link(&self, now: Micros) -> Link {
        match self.kind() {
            LinkKind::Connecting => Link::Connecting {
                attempt: self.attempt,
            },
            LinkKind::Feed => Link::Live(Mode::Feed),
            LinkKind::Poll => Link::Live(Mode::Poll {
                loaded: usize::try_from(self.loaded).unwrap_or(usize::MAX),
                more: self.more,
                every_ms: self.every_ms,
            }),
            LinkKind::Lost => Link::Lost {
                attempt: self.attempt,
                reason: self.reason.clone(),
                retry_at: now,
            },
        }
    }
}
