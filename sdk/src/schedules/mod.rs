//! Schedules: an orchestration that is started again and again, at a fixed interval.
//!
//! A schedule is an entity that signals itself for its next run, so it needs nothing but a
//! worker, and outlives every restart. It is the one of the official SDKs, in the form in which
//! the Python package `durabletask.scheduled` keeps it: either side can create, read and change
//! the schedules of the other, and run them.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use durascope_sdk::Client;
//! use durascope_sdk::Orchestration;
//! use durascope_sdk::Worker;
//! use durascope_sdk::schedules;
//! use durascope_sdk::schedules::ScheduleOptions;
//! use durascope_sdk::schedules::Schedules;
//!
//! const BACKUP: Orchestration<String, u64> = Orchestration::named("Backup");
//!
//! # async fn run(client: Client) -> anyhow::Result<()> {
//! let worker = Worker::builder(&client).functions(schedules::functions()).build()?.start();
//!
//! let schedules = Schedules::of(&client);
//! let every_hour = ScheduleOptions::every(Duration::from_secs(3_600)).start_immediately_if_late();
//! schedules.create("backup", &BACKUP, "all".to_owned(), every_hour).await?;
//! schedules.pause("backup").await?;
//! if let Some(schedule) = schedules.get("backup").await? {
//!     println!("{} ran at {:?}", schedule.id, schedule.last_run_at);
//! }
//! # drop(worker);
//! # Ok(())
//! # }
//! ```
//!
//! # Runs
//! A run is an instance of the orchestration with the id `{schedule}-{time}`, or always the same
//! id if one was given: then a run that is still going keeps the next one from starting. Runs are
//! due at the start of the schedule plus whole intervals; a worker that was down makes one run
//! late at the most, and none twice.

mod client;
mod entity;
mod error;
mod options;
mod stored;
mod text;

pub use client::Schedules;
pub use error::ScheduleError;
pub use options::ScheduleOptions;
pub use options::ScheduleQuery;
pub use options::ScheduleUpdate;
pub use stored::ScheduleStatus;

use std::time::Duration;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::data;
use crate::data::PayloadError;
use crate::names::Entity;
use crate::names::EntityId;
use crate::names::Operation;
use crate::names::Orchestration;
use crate::orchestration::OrchestrationContext;
use crate::worker::Functions;
use entity::CreateInput;
use entity::UpdateInput;
use stored::Stored;

/// The entity that keeps schedules.
pub(crate) const SCHEDULE: Entity = Entity::named("schedule");
const CREATE: Operation<CreateInput, ()> = Operation::named("create_schedule");
const UPDATE: Operation<UpdateInput, ()> = Operation::named("update_schedule");
const PAUSE: Operation<(), ()> = Operation::named("pause_schedule");
const RESUME: Operation<(), ()> = Operation::named("resume_schedule");
/// Its input is the token of the schedule as it was when the run was planned.
const RUN: Operation<String, ()> = Operation::named("run_schedule");
const DELETE: Operation<(), ()> = Operation::named("delete");

/// Calls one operation for a client, which learns of its outcome so.
const EXECUTE: Orchestration<Execute, Value> =
    Orchestration::named("execute_schedule_operation_orchestrator");

/// Shortest interval that all sides take.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

#[derive(serde::Serialize, serde::Deserialize)]
struct Execute {
    entity_id: EntityId,
    operation_name: String,
    #[serde(default)]
    input: Value,
}

/// What a worker needs in order to run schedules.
pub fn functions() -> Functions {
    Functions::new().entity::<Stored>(&SCHEDULE).orchestration(
        &EXECUTE,
        |ctx: OrchestrationContext, it: Execute| async move {
            ctx.call_entity_by_name::<Value>(&it.entity_id, &it.operation_name, it.input)
                .await
        },
    )
}

/// A schedule as it was when it was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// Whether it runs.
    pub status: ScheduleStatus,
    /// Name of the orchestration that it starts.
    pub orchestration_name: String,
    /// Input of every run as JSON.
    pub raw_input: Option<String>,
    /// Id of every run; without, each has its own.
    pub instance_id: Option<String>,
    /// From one run to the next.
    pub interval: Duration,
    /// Not before this time; without, from its creation on.
    pub start_at: Option<SystemTime>,
    /// Not after this time.
    pub end_at: Option<SystemTime>,
    /// Whether the first run is due at once if the start is past.
    pub start_immediately_if_late: bool,
    /// When the last run was due.
    pub last_run_at: Option<SystemTime>,
    /// When the next run is due; unknown while it is paused, and for a moment after a change.
    pub next_run_at: Option<SystemTime>,
    /// When it was created.
    pub created_at: Option<SystemTime>,
    /// When it was last changed.
    pub last_modified_at: Option<SystemTime>,
}

impl Schedule {
    /// The input of every run.
    ///
    /// # Errors
    /// It is of another type.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        data::decode(self.raw_input.as_deref()).map_err(|misfit| {
            PayloadError::decoding("input", format_args!("schedule {:?}", self.id), misfit)
        })
    }
}
