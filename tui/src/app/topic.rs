//! What a screen needs beside the window and the tree, and what the server answered.

use std::sync::Arc;

use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::ListEntitiesRequest;
use durascope_proto::monitor::ListFailuresRequest;
use durascope_proto::monitor::ListWorkRequest;
use durascope_proto::monitor::ReadHistoryRequest;
use durascope_proto::monitor::WorkList;

use crate::data::tasks::Tasks;
use crate::format::Micros;

/// One question that is asked again and again while its screen is on top.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Topic {
    #[default]
    None,
    /// Every task of an instance.
    Tasks {
        instance_id: String,
    },
    History(ReadHistoryRequest),
    Failures(ListFailuresRequest),
    Entities(ListEntitiesRequest),
    Work(ListWorkRequest),
    /// The tasks of two instances.
    Compare {
        left: String,
        right: String,
    },
}

/// What was answered.
#[derive(Clone, Debug)]
pub enum Told {
    Tasks(Tasks),
    History(Arc<HistoryPage>),
    Failures(Arc<FailureList>),
    Entities(Arc<EntityPage>),
    Work(Arc<WorkList>),
    Compare(Tasks, Tasks),
    /// Why there is no answer, in words for the screen.
    Refused(String),
}

/// The newest answer, and to what.
#[derive(Clone, Debug)]
pub struct TopicData {
    pub topic: Topic,
    pub told: Told,
    /// On the local clock.
    pub received_at: Micros,
}
