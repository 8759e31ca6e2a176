//! The entity of a schedule: its operations, by the names and inputs of the official packages.

use std::time::Duration;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::CREATE;
use super::DELETE;
use super::PAUSE;
use super::RESUME;
use super::RUN;
use super::UPDATE;
use super::error::ScheduleError;
use super::stored::Configuration;
use super::stored::Due;
use super::stored::ScheduleStatus;
use super::stored::Stored;
use super::text;
use crate::clock;
use crate::entity::EntityContext;
use crate::entity::EntityStartOptions;
use crate::entity::EntityState;
use crate::entity::Operations;
use crate::error::OperationError;

/// Input of [`CREATE`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CreateInput {
    pub(super) schedule_id: String,
    pub(super) orchestration_name: String,
    pub(super) interval_seconds: f64,
    #[serde(default)]
    pub(super) orchestration_input: Value,
    #[serde(default)]
    pub(super) orchestration_instance_id: Option<String>,
    #[serde(with = "text::time", default)]
    pub(super) start_at: Option<SystemTime>,
    #[serde(with = "text::time", default)]
    pub(super) end_at: Option<SystemTime>,
    #[serde(default)]
    pub(super) start_immediately_if_late: bool,
}

/// Input of [`UPDATE`]: what is missing, or null, stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct UpdateInput {
    pub(super) orchestration_name: Option<String>,
    pub(super) orchestration_input: Value,
    pub(super) orchestration_instance_id: Option<String>,
    #[serde(with = "text::time")]
    pub(super) start_at: Option<SystemTime>,
    #[serde(with = "text::time")]
    pub(super) end_at: Option<SystemTime>,
    pub(super) interval_seconds: Option<f64>,
    pub(super) start_immediately_if_late: Option<bool>,
}

impl CreateInput {
    pub(super) fn configuration(self) -> Result<Configuration, ScheduleError> {
        let config = Configuration {
            schedule_id: self.schedule_id,
            orchestration_name: self.orchestration_name,
            interval: span(self.interval_seconds),
            orchestration_input: input_text(&self.orchestration_input),
            orchestration_instance_id: self.orchestration_instance_id,
            start_at: self.start_at,
            end_at: self.end_at,
            start_immediately_if_late: self.start_immediately_if_late,
        };
        config.check()?;
        Ok(config)
    }
}

/// What is no span of time is too short for an interval, too.
fn span(seconds: f64) -> Duration {
    let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    // Both sides count in microseconds here, and this one reads them off a binary number.
    let micros = (span + Duration::from_nanos(500)).as_micros();
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn input_text(input: &Value) -> Option<String> {
    (!input.is_null()).then(|| input.to_string())
}

impl EntityState for Stored {
    fn operations(operations: &mut Operations<Self>) {
        operations
            .on(&CREATE, Self::create)
            .on(&UPDATE, Self::update)
            .on(&PAUSE, Self::pause)
            .on(&RESUME, Self::resume)
            .on(&RUN, Self::run);
    }
}

impl Stored {
    /// Creates the schedule, or gives one that exists another configuration.
    fn create(&mut self, ctx: &EntityContext, input: CreateInput) -> Result<(), OperationError> {
        let now = now(ctx);
        self.schedule_configuration = Some(input.configuration()?);
        self.schedule_last_modified_at = Some(now);
        self.refresh_token();
        if self.schedule_created_at.is_some() {
            self.next_run_at = None;
        } else {
            self.status = ScheduleStatus::Active;
            self.schedule_created_at = Some(now);
        }
        self.beat(ctx)
    }

    fn update(&mut self, ctx: &EntityContext, input: UpdateInput) -> Result<(), OperationError> {
        self.must_be(
            &[ScheduleStatus::Active, ScheduleStatus::Paused],
            "updated",
            ctx,
        )?;
        let mut config = self.configuration(ctx)?;
        let old = config.clone();
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(name) = text(input.orchestration_name) {
            config.orchestration_name = name;
        }
        config.orchestration_input =
            input_text(&input.orchestration_input).or(config.orchestration_input);
        config.orchestration_instance_id =
            text(input.orchestration_instance_id).or(config.orchestration_instance_id);
        config.start_at = input.start_at.or(config.start_at);
        config.end_at = input.end_at.or(config.end_at);
        config.interval = input.interval_seconds.map_or(config.interval, span);
        if let Some(immediately) = input.start_immediately_if_late {
            config.start_immediately_if_late = immediately;
        }
        config.check()?;
        if config == old {
            return Ok(());
        }
        let times = |it: &Configuration| (it.start_at, it.interval, it.start_immediately_if_late);
        if times(&config) != times(&old) {
            self.next_run_at = None;
        }
        self.schedule_configuration = Some(config);
        self.schedule_last_modified_at = Some(now(ctx));
        self.refresh_token();
        self.beat(ctx)
    }

    fn pause(&mut self, ctx: &EntityContext, (): ()) -> Result<(), OperationError> {
        self.must_be(&[ScheduleStatus::Active], "paused", ctx)?;
        self.status = ScheduleStatus::Paused;
        self.next_run_at = None;
        self.refresh_token();
        Ok(())
    }

    fn resume(&mut self, ctx: &EntityContext, (): ()) -> Result<(), OperationError> {
        self.must_be(&[ScheduleStatus::Paused], "resumed", ctx)?;
        self.status = ScheduleStatus::Active;
        self.next_run_at = None;
        self.beat(ctx)
    }

    /// Looks whether a run is due, and when to look again.
    fn run(&mut self, ctx: &EntityContext, token: String) -> Result<(), OperationError> {
        if self.status == ScheduleStatus::Uninitialized {
            // It was deleted since.
            ctx.delete_state();
            return Ok(());
        }
        let is_stale = self.execution_token.as_ref() != Some(&token);
        if is_stale || self.status != ScheduleStatus::Active {
            return Ok(());
        }
        let config = self.configuration(ctx)?;
        match self.on_beat(now(ctx), &config) {
            Due::Over => ctx.signal(ctx.id(), &DELETE, ())?,
            Due::Run(due, next) => {
                if let Some(due) = due {
                    let options = EntityStartOptions::new().instance_id(config.run_id(due));
                    let input = config.orchestration_input;
                    ctx.start_raw(&config.orchestration_name, input, options)?;
                }
                ctx.signal_at(ctx.id(), &RUN, token, next)?;
            }
        }
        Ok(())
    }

    /// Has the schedule look whether a run is due.
    fn beat(&mut self, ctx: &EntityContext) -> Result<(), OperationError> {
        if self.status == ScheduleStatus::Active {
            if self.execution_token.is_none() {
                self.refresh_token();
            }
            let token = self.execution_token.clone().unwrap_or_default();
            ctx.signal(ctx.id(), &RUN, token)?;
        }
        Ok(())
    }

    /// What was planned before does not hold any more.
    fn refresh_token(&mut self) {
        self.execution_token = Some(Uuid::new_v4().simple().to_string());
    }

    fn configuration(&self, ctx: &EntityContext) -> Result<Configuration, OperationError> {
        let missing = || {
            let text = format!("schedule {:?} has no configuration", ctx.id().key());
            OperationError::new("ScheduleConfigurationMissing", text).non_retriable()
        };
        self.schedule_configuration.clone().ok_or_else(missing)
    }

    fn must_be(
        &self,
        allowed: &[ScheduleStatus],
        change: &str,
        ctx: &EntityContext,
    ) -> Result<(), OperationError> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        let (id, status) = (ctx.id().key(), self.status);
        let text = match status {
            ScheduleStatus::Uninitialized => {
                format!("there is no schedule {id:?} that could be {change}")
            }
            ScheduleStatus::Active | ScheduleStatus::Paused => {
                format!("schedule {id:?} is {status}, it cannot be {change}")
            }
        };
        Err(OperationError::new("ScheduleTransitionNotAllowed", text).non_retriable())
    }
}

/// To the microsecond, as times are written.
fn now(ctx: &EntityContext) -> SystemTime {
    clock::system_time_of_micros(clock::micros_of(ctx.started()))
}
