//! The list's filter: words to find, and conditions like `status:failed` or `age>5m`.

#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceWindow;

use crate::format::Micros;
use crate::format::SECOND;

/// All conditions, as the help lists them.
pub const CONDITIONS: &[(&str, &str)] = &[
    ("status:failed,pending", "also open, ended"),
    ("name:Order*", "the orchestration; * is any text"),
    ("id:chk-*", "the instance id"),
    ("age>5m  age<1h", "since it was created"),
    ("idle>10m", "since it last changed"),
    ("hist>1MB", "bytes of its history"),
    ("failed>0", "failed activities and children"),
    ("tag:key=value  tag:key", "one of its tags"),
    ("roots:no", "sub-orchestrations too"),
];

/// What a relative time is rounded to, as a part of it: so a filter does not become another one
/// with each second.
const STEPS: Micros = 20;

/// A parsed filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Substring of the instance id or the name; empty matches all.
    pub text: String,
    /// Empty matches all.
    pub statuses: Vec<OrchestrationStatus>,
    /// Patterns; empty ones match all.
    pub name: String,
    pub id: String,
    pub age_min: Option<Micros>,
    pub age_max: Option<Micros>,
    pub idle_min: Option<Micros>,
    pub history_min: u64,
    pub failures_min: u64,
    /// An empty value matches any.
    pub tags: BTreeMap<String, String>,
    /// Overrides what the list shows by itself.
    pub roots: Option<bool>,
}

impl Filter {
    /// Reads what was typed.
    ///
    /// # Errors
    /// A sentence for the screen that names the word and what is allowed there.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        let mut words = Vec::new();
        for word in typed.split_whitespace() {
            if !filter.read(word)? {
                words.push(word);
            }
        }
        filter.text = words.join(" ");
        Ok(filter)
    }

    /// True when it matches all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes a condition; answers false for a word to find.
    fn read(&mut self, word: &str) -> Result<bool, String> {
        let Some(at) = word.find([':', '>', '<']) else {
            return Ok(false);
        };
        let (field, rest) = word.split_at(at);
        let (sign, value) = match rest.strip_prefix(">=").or(rest.strip_prefix("<=")) {
            Some(value) => (&rest[..2], value),
            None => rest.split_at(1),
        };
        let lower = field.to_ascii_lowercase();
        match (lower.as_str(), sign) {
            ("status", ":") => values::statuses(value, &mut self.statuses)?,
            ("name", ":") => self.name = value.to_owned(),
            ("id", ":") => self.id = value.to_owned(),
            ("age", ">" | ">=") => self.age_min = Some(values::time(word, value)?),
            ("age", "<" | "<=") => self.age_max = Some(values::time(word, value)?),
            ("idle", ">" | ">=") => self.idle_min = Some(values::time(word, value)?),
            ("hist" | "history", ">" | ">=") => {
                self.history_min = values::size(word, value)?.saturating_add(more(sign));
            }
            ("failed", ">" | ">=") => {
                self.failures_min = values::number(word, value)?.saturating_add(more(sign));
            }
            ("tag", ":") => {
                let (key, value) = value.split_once('=').unwrap_or((value, ""));
                if key.is_empty() {
                    return Err(format!("“{word}” needs a tag: tag:key=value or tag:key"));
                }
                self.tags.insert(key.to_owned(), value.to_owned());
            }
            ("roots", ":") => self.roots = Some(values::yes(word, value)?),
            (known, _) if values::is_field(known) => return Err(values::wrong_sign(word, known)),
            (unknown, ":") => return values::near_miss(word, unknown).map_or(Ok(false), Err),
            (unknown, _) => {
                return Err(
                    values::near_miss(word, unknown).unwrap_or_else(|| values::no_field(unknown))
                );
            }
        }
        Ok(true)
    }

    /// Its part of a window, with ages as of `now`.
    pub fn window(&self, now: Micros, roots_only: bool) -> InstanceWindow {
        let before = |age: Option<Micros>| {
            let at = age.map(|age| rounded(now, age).saturating_sub(age));
            at.map(durascope_proto::time::from_micros)
        };
        InstanceWindow {
            text: self.text.clone(),
            statuses: self.statuses.iter().map(|it| *it as i32).collect(),
            roots_only: self.roots.unwrap_or(roots_only),
            name: self.name.clone(),
            id: self.id.clone(),
            created_after: before(self.age_max),
            created_before: before(self.age_min),
            updated_before: before(self.idle_min),
            history_bytes_min: self.history_min,
            failures_min: self.failures_min,
            tags: self.tags.clone().into_iter().collect(),
            ..InstanceWindow::default()
        }
    }

    /// Conditions that a server without the feed cannot tell about in a list.
    pub fn needs_feed(&self) -> Option<&'static str> {
        match (self.history_min > 0, self.failures_min > 0) {
            (true, true) => Some("hist and failed"),
            (true, false) => Some("hist"),
            (false, true) => Some("failed"),
            (false, false) => None,
        }
    }
}

/// `>` leaves the number itself out.
fn more(sign: &str) -> u64 {
    u64::from(sign == ">")
}

fn rounded(now: Micros, age: Micros) -> Micros {
    let step = (age / STEPS).clamp(SECOND, 3_600 * SECOND);
    now.saturating_sub(now.rem_euclid(step))
}

/// True when two windows ask for the same list: scrolling and the passing of time ask for other
/// rows of it.
pub fn is_same_list(one: &InstanceWindow, other: &InstanceWindow) -> bool {
    let list = |it: &InstanceWindow| InstanceWindow {
        offset: 0,
        limit: 0,
        created_after: it.created_after.map(|_| Default::default()),
        created_before: it.created_before.map(|_| Default::default()),
        updated_before: it.updated_before.map(|_| Default::default()),
        ..it.clone()
    };
    list(one) == list(other)
}
