//! Schedules, read from the states of their entities: what the official packages write.

use durascope_proto::monitor::EntityRow;

use crate::data::document::Document;
use crate::data::document::Kind;
use crate::data::entities;
use crate::data::outline::Section;
use crate::data::outline::fact;
use crate::data::outline::instance_fact;
use crate::format;
use crate::format::Micros;

/// What the ids of all of them begin with.
pub const ID_PREFIX: &str = "@schedule@";

/// Whether a schedule runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was never created, or it was deleted, or its state is of another make.
    #[default]
    Unknown,
    Active,
    Paused,
}

impl State {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "not known",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// One schedule, as far as its state tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    pub entity_id: String,
    pub id: String,
    pub orchestration: String,
    pub state: State,
    /// Like `00:05:00`, as it is stored.
    pub interval: String,
    pub next_run: Option<Micros>,
    pub last_run: Option<Micros>,
    pub start_at: Option<Micros>,
    pub end_at: Option<Micros>,
    /// The instance that the last run started.
    pub last_instance: Option<String>,
}

/// The schedule of an entity; only its id where the state says nothing. A state that was cut
/// tells what is in its first part.
pub fn of(row: &EntityRow) -> Schedule {
    let key = entities::name_and_key(&row.entity_id).1;
    let mut schedule = Schedule {
        entity_id: row.entity_id.clone(),
        id: key.to_owned(),
        ..Schedule::default()
    };
    let Some((state, text)) = row
        .state
        .as_ref()
        .and_then(|it| Some((it, it.text.as_ref()?)))
    else {
        return schedule;
    };
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let Some(document) = Document::parse(text, state.total_bytes > length) else {
        return schedule;
    };
    let mut last_run = String::new();
    let mut instance = String::new();
    for (index, node) in document.nodes().iter().enumerate() {
        // Of a value at the end of a cut text, nothing is said.
        if node.depth == 0 || node.depth > 2 || node.is_container() {
            continue;
        }
        let value = document.value_of(node);
        let is_null = node.kind == Kind::Word && value == "null";
        if is_null || (node.kind == Kind::String && !document.text_of(node).ends_with('"')) {
            continue;
        }
        match document.path_of(index).as_str() {
            "/Status" => schedule.state = state_of(&value),
            "/LastRunAt" => last_run = value,
            "/NextRunAt" => schedule.next_run = format::parse_moment(&value),
            "/ScheduleConfiguration/OrchestrationName" => schedule.orchestration = value,
            "/ScheduleConfiguration/Interval" => schedule.interval = value,
            "/ScheduleConfiguration/OrchestrationInstanceId" => instance = value,
            "/ScheduleConfiguration/StartAt" => schedule.start_at = format::parse_moment(&value),
            "/ScheduleConfiguration/EndAt" => schedule.end_at = format::parse_moment(&value),
            _ => {}
        }
    }
    schedule.last_run = format::parse_moment(&last_run);
    if schedule.last_run.is_some() {
        schedule.last_instance = Some(if instance.is_empty() {
            format!("{}-{last_run}", schedule.id)
        } else {
            instance
        });
    }
    schedule
}

/// A number, and in older states the name.
fn state_of(value: &str) -> State {
    match value {
        "1" => State::Active,
        "2" => State::Paused,
        it if it.eq_ignore_ascii_case("active") => State::Active,
        it if it.eq_ignore_ascii_case("paused") => State::Paused,
        _ => State::Unknown,
    }
}

/// An interval in short: `5m`, `1d01h`; as it is stored where it has another form.
pub fn interval(text: &str) -> String {
    let parse = || {
        let (rest, seconds) = text.rsplit_once(':')?;
        let (rest, minutes) = rest.rsplit_once(':')?;
        let (days, hours) = rest.split_once('.').unwrap_or(("0", rest));
        let seconds = seconds.split('.').next()?;
        let number = |it: &str| it.parse::<i64>().ok();
        let minutes = number(hours)? * 60 + number(minutes)?;
        let days = number(days)?.checked_mul(86_400)?;
        days.checked_add(minutes.checked_mul(60)?)?
            .checked_add(number(seconds)?)?
            .checked_mul(format::SECOND)
    };
    parse().map_or_else(|| text.to_owned(), format::age)
}

/// Everything about a schedule, its entity's state included.
pub fn sections(row: &EntityRow) -> Vec<Section> {
    let it = of(row);
    let mut facts = vec![fact("status", it.state.word())];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push(fact(name, value));
        }
    };
    let moment = |at: Option<Micros>| at.map_or_else(String::new, format::moment);
    add("orchestration", it.orchestration);
    if !it.interval.is_empty() {
        add(
            "every",
            format!("{} ({})", interval(&it.interval), it.interval),
        );
    }
    add("next run", moment(it.next_run));
    add("last run", moment(it.last_run));
    add("starts", moment(it.start_at));
    add("ends", moment(it.end_at));
    if let Some(instance) = it.last_instance {
        facts.push(instance_fact("last instance", instance));
    }
    let mut sections = vec![Section::facts(format!("schedule {}", it.id), facts)];
    sections.extend(entities::sections(row));
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use durascope_proto::monitor::Payload;

    const STATE: &str = concat!(
        r#"{"Status":1,"ExecutionToken":"a856b7b10d1947d5ac1f5dcffbaf338f","#,
        r#""LastRunAt":"2026-11-24T09:35:35.571446+00:00","NextRunAt":"2026-11-24T09:40:35+00:00","#,
        r#""ScheduleCreatedAt":"2026-11-24T09:00:00+00:00","ScheduleLastModifiedAt":null,"#,
        r#""ScheduleConfiguration":{"ScheduleId":"nightly","OrchestrationName":"Backup","#,
        r#""Interval":"1.01:05:00","OrchestrationInput":"{\"a\":[1]}","#,
        r#""OrchestrationInstanceId":null,"StartAt":"2026-01-01T00:00:00+00:00","#,
        r#""EndAt":null,"StartImmediatelyIfLate":false}}"#
    );

    fn row(bytes: usize) -> EntityRow {
        EntityRow {
            entity_id: "@schedule@nightly".to_owned(),
            state: Some(Payload {
                text: Some(STATE[..bytes].to_owned()),
                total_bytes: u64::try_from(STATE.len()).unwrap(),
            }),
            ..EntityRow::default()
        }
    }

    #[test]
    fn states_of_the_official_packages_are_read() {
        let it = of(&row(STATE.len()));
        assert_eq!((it.id.as_str(), it.state), ("nightly", State::Active));
        assert_eq!(
            (it.orchestration.as_str(), it.interval.as_str()),
            ("Backup", "1.01:05:00")
        );
        assert_eq!(
            it.last_instance.as_deref(),
            Some("nightly-2026-11-24T09:35:35.571446+00:00")
        );
        assert_eq!(it.next_run, format::parse_moment("2026-11-24T09:40:35Z"));
        assert_eq!((it.start_at.is_some(), it.end_at), (true, None));
        assert_eq!(interval(&it.interval), "1d01h");
        assert_eq!(interval("soon"), "soon");
    }

    #[test]
    fn a_cut_state_tells_what_is_there_and_nothing_wrong() {
        let whole = of(&row(STATE.len()));
        for bytes in 0..STATE.len() {
            let it = of(&row(bytes));
            assert!(it.next_run.is_none() || it.next_run == whole.next_run);
            assert!(it.last_run.is_none() || it.last_run == whole.last_run);
            assert!(
                it.orchestration.is_empty() || it.orchestration == "Backup",
                "{bytes}"
            );
        }
        assert_eq!(of(&row(200)).state, State::Active);
    }
}
