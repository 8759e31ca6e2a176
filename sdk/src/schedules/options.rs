//! How a schedule is created and changed, and which are looked for.

use std::time::Duration;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::entity::CreateInput;
use super::entity::UpdateInput;
use super::error::ScheduleError;
use super::stored::ScheduleStatus;
use super::stored::check_interval;
use crate::data::PayloadError;

/// When a schedule runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleOptions {
    /// From one run to the next; 1 s at least, counted in microseconds.
    pub interval: Duration,
    /// Not before this time; without, from its creation on.
    pub start_at: Option<SystemTime>,
    /// Not after this time: the schedule then deletes itself.
    pub end_at: Option<SystemTime>,
    /// Whether the first run is due at once if the start is past; else it is due at the next
    /// whole interval.
    pub start_immediately_if_late: bool,
    /// Id of every run; without, each has its own, `{schedule}-{time}`.
    pub instance_id: Option<String>,
}

impl ScheduleOptions {
    /// Runs every `interval`.
    pub fn every(interval: Duration) -> Self {
        Self {
            interval,
            start_at: None,
            end_at: None,
            start_immediately_if_late: false,
            instance_id: None,
        }
    }

    /// Runs not before `time`.
    #[must_use]
    pub fn start_at(mut self, time: SystemTime) -> Self {
        self.start_at = Some(time);
        self
    }

    /// Runs not after `time`.
    #[must_use]
    pub fn end_at(mut self, time: SystemTime) -> Self {
        self.end_at = Some(time);
        self
    }

    /// Makes the first run at once if the start is past.
    #[must_use]
    pub fn start_immediately_if_late(mut self) -> Self {
        self.start_immediately_if_late = true;
        self
    }

    /// Makes every run under the same id. While one runs, no other is started.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance_id = Some(id.into());
        self
    }

    pub(super) fn into_input(
        self,
        schedule_id: &str,
        orchestration_name: &str,
        input: Value,
    ) -> Result<CreateInput, ScheduleError> {
        let input = CreateInput {
            schedule_id: schedule_id.to_owned(),
            orchestration_name: orchestration_name.to_owned(),
            interval_seconds: self.interval.as_secs_f64(),
            orchestration_input: input,
            orchestration_instance_id: self.instance_id,
            start_at: self.start_at,
            end_at: self.end_at,
            start_immediately_if_late: self.start_immediately_if_late,
        };
        input.clone().configuration()?;
        Ok(input)
    }
}

/// What is to change of a schedule. All else stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ScheduleUpdate {
    input: UpdateInput,
    interval: Option<Duration>,
}

impl ScheduleUpdate {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs every `interval` from now on.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Runs not before `time`.
    #[must_use]
    pub fn start_at(mut self, time: SystemTime) -> Self {
        self.input.start_at = Some(time);
        self
    }

    /// Runs not after `time`.
    #[must_use]
    pub fn end_at(mut self, time: SystemTime) -> Self {
        self.input.end_at = Some(time);
        self
    }

    /// Whether the first run is due at once if the start is past.
    #[must_use]
    pub fn start_immediately_if_late(mut self, immediately: bool) -> Self {
        self.input.start_immediately_if_late = Some(immediately);
        self
    }

    /// Starts another orchestration, by name.
    #[must_use]
    pub fn orchestration(mut self, name: impl Into<String>) -> Self {
        self.input.orchestration_name = Some(name.into());
        self
    }

    /// Makes every run under this id.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.input.orchestration_instance_id = Some(id.into());
        self
    }

    /// Gives every run this input. `null` changes nothing.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn input<I: Serialize + ?Sized>(mut self, input: &I) -> Result<Self, PayloadError> {
        self.input.orchestration_input = json(input, "a schedule's update")?;
        Ok(self)
    }

    pub(super) fn into_input(mut self) -> Result<UpdateInput, ScheduleError> {
        if let Some(interval) = self.interval {
            check_interval(interval)?;
            self.input.interval_seconds = Some(interval.as_secs_f64());
        }
        if let (Some(start_at), Some(end_at)) = (self.input.start_at, self.input.end_at)
            && start_at > end_at
        {
            return Err(ScheduleError::Window { start_at, end_at });
        }
        Ok(self.input)
    }
}

/// Which schedules to look for. All conditions must hold.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScheduleQuery {
    /// Whose id begins so; its case matters.
    pub id_prefix: String,
    /// In this state; any without.
    pub status: Option<ScheduleStatus>,
    /// Created at this time or later.
    pub created_from: Option<SystemTime>,
    /// Created before this time.
    pub created_to: Option<SystemTime>,
    /// Schedules asked for at a time; the server's choice if 0.
    pub page_size: u32,
}

impl ScheduleQuery {
    /// All schedules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those whose id begins with `prefix`.
    #[must_use]
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.id_prefix = prefix.into();
        self
    }

    /// Only those in this state.
    #[must_use]
    pub fn status(mut self, status: ScheduleStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only those created at `time` or later.
    #[must_use]
    pub fn created_from(mut self, time: SystemTime) -> Self {
        self.created_from = Some(time);
        self
    }

    /// Only those created before `time`.
    #[must_use]
    pub fn created_to(mut self, time: SystemTime) -> Self {
        self.created_to = Some(time);
        self
    }

    /// Schedules asked for at a time.
    #[must_use]
    pub fn page_size(mut self, count: u32) -> Self {
        self.page_size = count;
        self
    }
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T, owner: &str) -> Result<Value, PayloadError> {
    serde_json::to_value(value).map_err(|error| PayloadError::encoding("input", owner, error))
}
