//! The state of a schedule, in the JSON of the official packages, and what follows from it.

use std::fmt;
use std::time::Duration;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::INTERVAL_MIN;
use super::Schedule;
use super::error::ScheduleError;
use super::text;
use super::text::time_text;
use crate::clock;
use crate::names::INSTANCE_ID_CHARS_MAX;

/// Whether a schedule runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleStatus {
    /// It was never created, or deleted.
    #[default]
    Uninitialized,
    /// It runs.
    Active,
    /// It does not run until it is resumed.
    Paused,
}

impl fmt::Display for ScheduleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uninitialized => "uninitialized",
            Self::Active => "active",
            Self::Paused => "paused",
        })
    }
}

/// A number on the wire; older states have the name.
impl Serialize for ScheduleStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::Uninitialized => 0,
            Self::Active => 1,
            Self::Paused => 2,
        })
    }
}

impl<'d> Deserialize<'d> for ScheduleStatus {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(u64),
            Name(String),
        }
        Ok(match Option::<Wire>::deserialize(deserializer)? {
            Some(Wire::Number(1)) => Self::Active,
            Some(Wire::Number(2)) => Self::Paused,
            Some(Wire::Name(name)) if name.eq_ignore_ascii_case("active") => Self::Active,
            Some(Wire::Name(name)) if name.eq_ignore_ascii_case("paused") => Self::Paused,
            Some(Wire::Number(_) | Wire::Name(_)) | None => Self::Uninitialized,
        })
    }
}

/// State of the entity of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Stored {
    pub(super) status: ScheduleStatus,
    /// Changes whenever what was planned does not hold any more.
    pub(super) execution_token: Option<String>,
    #[serde(with = "text::time")]
    pub(super) last_run_at: Option<SystemTime>,
    #[serde(with = "text::time")]
    pub(super) next_run_at: Option<SystemTime>,
    #[serde(with = "text::time")]
    pub(super) schedule_created_at: Option<SystemTime>,
    #[serde(with = "text::time")]
    pub(super) schedule_last_modified_at: Option<SystemTime>,
    pub(super) schedule_configuration: Option<Configuration>,
}

/// What a schedule is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Configuration {
    pub(super) schedule_id: String,
    pub(super) orchestration_name: String,
    #[serde(with = "text::span")]
    pub(super) interval: Duration,
    /// JSON in a text.
    #[serde(default)]
    pub(super) orchestration_input: Option<String>,
    #[serde(default)]
    pub(super) orchestration_instance_id: Option<String>,
    #[serde(with = "text::time", default)]
    pub(super) start_at: Option<SystemTime>,
    #[serde(with = "text::time", default)]
    pub(super) end_at: Option<SystemTime>,
    #[serde(default)]
    pub(super) start_immediately_if_late: bool,
}

/// What a schedule does when it looks whether a run is due.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// Its time is over.
    Over,
    /// Starts the run that was due at the first time, if one was, and looks again at the second.
    Run(Option<SystemTime>, SystemTime),
}

impl Stored {
    /// Looks at `now` whether a run is due.
    pub(super) fn on_beat(&mut self, now: SystemTime, config: &Configuration) -> Due {
        if config.end_at.is_some_and(|end| now > end) {
            self.next_run_at = None;
            return Due::Over;
        }
        let due = self.next_run(now, config);
        if due > now {
            self.next_run_at = Some(due);
            return Due::Run(None, due);
        }
        self.last_run_at = Some(due);
        self.next_run_at = None;
        let next = self.next_run(now, config);
        self.next_run_at = Some(next);
        Due::Run(Some(due), next)
    }

    fn next_run(&self, now: SystemTime, config: &Configuration) -> SystemTime {
        if let Some(planned) = self.next_run_at {
            return planned;
        }
        let start = config.start_at.or(self.schedule_created_at);
        let start = start.unwrap_or(now);
        let Ok(elapsed) = now.duration_since(start) else {
            return start;
        };
        if self.last_run_at.is_none() && config.start_immediately_if_late {
            return now;
        }
        // In microseconds, as times are written.
        let interval = config.interval.max(INTERVAL_MIN).as_micros();
        let after = (elapsed.as_micros() / interval + 1).saturating_mul(interval);
        let after = Duration::from_micros(u64::try_from(after).unwrap_or(u64::MAX));
        let start = clock::micros_of(start);
        clock::system_time_of_micros(clock::later(start, after))
    }

    /// The schedule for whoever asks; `None` for one that was never created.
    pub(super) fn into_schedule(self) -> Option<Schedule> {
        let config = self.schedule_configuration?;
        Some(Schedule {
            id: config.schedule_id,
            status: self.status,
            orchestration_name: config.orchestration_name,
            raw_input: config.orchestration_input,
            instance_id: config.orchestration_instance_id,
            interval: config.interval,
            start_at: config.start_at,
            end_at: config.end_at,
            start_immediately_if_late: config.start_immediately_if_late,
            last_run_at: self.last_run_at,
            next_run_at: self.next_run_at,
            created_at: self.schedule_created_at,
            last_modified_at: self.schedule_last_modified_at,
        })
    }
}

impl Configuration {
    /// Id of the run that was due at `time`.
    pub(super) fn run_id(&self, time: SystemTime) -> String {
        match &self.orchestration_instance_id {
            Some(id) if !id.is_empty() => id.clone(),
            Some(_) | None => format!("{}-{}", self.schedule_id, time_text(time)),
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        if self.schedule_id.is_empty() {
            return Err(ScheduleError::EmptyId);
        }
        if self.orchestration_name.is_empty() {
            return Err(ScheduleError::EmptyName);
        }
        check_interval(self.interval)?;
        if let (Some(start_at), Some(end_at)) = (self.start_at, self.end_at)
            && start_at > end_at
        {
            return Err(ScheduleError::Window { start_at, end_at });
        }
        // With microseconds, which most times have.
        let id = self.run_id(SystemTime::UNIX_EPOCH + Duration::from_micros(1));
        let length = id.chars().count();
        if length > INSTANCE_ID_CHARS_MAX || id.starts_with('@') {
            let limit = INSTANCE_ID_CHARS_MAX;
            return Err(ScheduleError::RunId { id, length, limit });
        }
        Ok(())
    }
}

pub(super) fn check_interval(interval: Duration) -> Result<(), ScheduleError> {
    if interval < INTERVAL_MIN {
        return Err(ScheduleError::Interval { interval });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn every_ten_seconds() -> Configuration {
        Configuration {
            schedule_id: "s".into(),
            orchestration_name: "Work".into(),
            interval: Duration::from_secs(10),
            orchestration_input: None,
            orchestration_instance_id: None,
            start_at: None,
            end_at: None,
            start_immediately_if_late: false,
        }
    }

    fn created(seconds: u64) -> Stored {
        Stored {
            status: ScheduleStatus::Active,
            schedule_created_at: Some(at(seconds)),
            ..Stored::default()
        }
    }

    #[test]
    fn runs_are_due_at_the_start_plus_whole_intervals() {
        let config = every_ten_seconds();
        let mut stored = created(100);
        assert_eq!(stored.on_beat(at(100), &config), Due::Run(None, at(110)));
        // Too early, by the clock of this worker: it looks again.
        assert_eq!(stored.on_beat(at(109), &config), Due::Run(None, at(110)));
        assert_eq!(
            stored.on_beat(at(111), &config),
            Due::Run(Some(at(110)), at(120))
        );
        // After an hour without a worker there is one late run, and then the beat again.
        assert_eq!(
            stored.on_beat(at(3_705), &config),
            Due::Run(Some(at(120)), at(3_710))
        );
        assert_eq!(stored.last_run_at, Some(at(120)));
    }

    #[test]
    fn first_run_is_due_at_once_if_that_is_wanted_and_the_start_is_past() {
        let mut config = every_ten_seconds();
        config.start_immediately_if_late = true;
        let mut stored = created(100);
        assert_eq!(
            stored.on_beat(at(104), &config),
            Due::Run(Some(at(104)), at(110))
        );
        config.start_at = Some(at(200));
        let mut stored = created(100);
        assert_eq!(stored.on_beat(at(104), &config), Due::Run(None, at(200)));
        assert_eq!(
            stored.on_beat(at(200), &config),
            Due::Run(Some(at(200)), at(210))
        );
    }

    #[test]
    fn schedule_is_over_after_its_end() {
        let mut config = every_ten_seconds();
        config.end_at = Some(at(115));
        let mut stored = created(100);
        assert_eq!(stored.on_beat(at(100), &config), Due::Run(None, at(110)));
        assert_eq!(
            stored.on_beat(at(110), &config),
            Due::Run(Some(at(110)), at(120))
        );
        assert_eq!(stored.on_beat(at(120), &config), Due::Over);
        assert_eq!(stored.next_run_at, None);
    }

    #[test]
    fn state_of_the_official_package_is_read_and_written_alike() {
        let text = concat!(
            r#"{"Status":2,"ExecutionToken":"a856b7b10d1947d5ac1f5dcffbaf338f","#,
            r#""LastRunAt":"2026-11-24T09:35:35.571446+00:00","NextRunAt":null,"#,
            r#""ScheduleCreatedAt":"2026-11-24T09:00:00+00:00","ScheduleLastModifiedAt":null,"#,
            r#""ScheduleConfiguration":{"ScheduleId":"a","OrchestrationName":"x","#,
            r#""Interval":"1.01:01:01.0000050","OrchestrationInput":"{\"a\":[1,2.5,null]}","#,
            r#""OrchestrationInstanceId":null,"StartAt":"2026-01-01T00:00:00+00:00","#,
            r#""EndAt":null,"StartImmediatelyIfLate":false}}"#
        );
        let stored: Stored = serde_json::from_str(text).unwrap();
        assert_eq!(stored.status, ScheduleStatus::Paused);
        assert_eq!(serde_json::to_string(&stored).unwrap(), text);
        let config = stored.schedule_configuration.unwrap();
        let due = stored.last_run_at.unwrap();
        assert_eq!(config.run_id(due), "a-2026-11-24T09:35:35.571446+00:00");

        let named: Stored = serde_json::from_str(r#"{"Status":"Active"}"#).unwrap();
        assert_eq!(named.status, ScheduleStatus::Active);
        assert_eq!(
            serde_json::from_str::<Stored>("{}").unwrap(),
            Stored::default()
        );
    }

    #[test]
    fn configuration_that_could_not_run_says_why() {
        let change = |change: fn(&mut Configuration)| {
            let mut config = every_ten_seconds();
            change(&mut config);
            config.check().map_err(|error| error.to_string())
        };
        assert_eq!(change(|_| {}), Ok(()));
        assert_eq!(change(|config| config.schedule_id = "x".repeat(67)), Ok(()));
        type Wrong = fn(&mut Configuration);
        let rows: [(Wrong, &str); 6] = [
            (|it| it.schedule_id.clear(), "the id of a schedule"),
            (
                |it| it.schedule_id = "x".repeat(68),
                "which has 101 characters",
            ),
            (
                |it| it.orchestration_instance_id = Some("@a@b".into()),
                "do not begin with '@'",
            ),
            (
                |it| it.orchestration_name.clear(),
                "orchestration must not be empty",
            ),
            (
                |it| it.interval = Duration::from_millis(999),
                "is 999ms, it must be 1s at least",
            ),
            (
                |it| (it.start_at, it.end_at) = (Some(at(60)), Some(at(0))),
                "starts at 1970-01-01T00:01:00+00:00 cannot end at 1970-01-01T00:00:00+00:00",
            ),
        ];
        for (wrong, expected) in rows {
            let text = change(wrong).unwrap_err();
            assert!(text.contains(expected), "{text}");
        }
    }
}
