//! What was sent in this session, to be sent again: names of events and operations, and the
//! last payload of each.

use std::collections::BTreeMap;

/// Names that are kept, and payloads.
const KEPT_MAX: usize = 32;
/// Bytes of a payload that is kept.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Names with their last payloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The last one first.
    names: Vec<String>,
    payloads: BTreeMap<String, String>,
}

impl Sent {
    /// Names, the last used first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The last payload that went with `name`.
    pub fn payload(&self, name: &str) -> Option<&str> {
        self.payloads.get(name).map(String::as_str)
    }

    /// Remembers what was sent.
    pub fn keep(&mut self, name: &str, payload: Option<&str>) {
        self.names.retain(|it| it != name);
        self.names.insert(0, name.to_owned());
        for forgotten in self.names.split_off(self.names.len().min(KEPT_MAX)) {
            self.payloads.remove(&forgotten);
        }
        match payload.filter(|it| it.len() <= PAYLOAD_BYTES_MAX) {
            Some(it) => self.payloads.insert(name.to_owned(), it.to_owned()),
            None => self.payloads.remove(name),
        };
    }
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub events: Sent,
    pub operations: Sent,
}

/// `known` names of which some may begin with what is typed: the completion by Tab, and the
/// steps by Up and Down.
pub fn complete<'a>(known: &'a [String], typed: &str) -> Option<&'a str> {
    if known.iter().any(|it| it == typed) {
        return None;
    }
    let wanted = typed.to_lowercase();
    known
        .iter()
        .find(|it| it.to_lowercase().starts_with(&wanted))
        .map(String::as_str)
}

/// The name `delta` steps from `typed` among `known`; the first or last when it is none of them.
pub fn step<'a>(known: &'a [String], typed: &str, delta: isize) -> Option<&'a str> {
    let last = known.len().checked_sub(1)?;
    let at = match known.iter().position(|it| it == typed) {
        Some(at) => at.saturating_add_signed(delta).min(last),
        None if delta < 0 => last,
        None => 0,
    };
    known.get(at).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_payload_of_a_name_comes_back_and_old_names_are_forgotten() {
        let mut sent = Sent::default();
        sent.keep("Approved", Some("1"));
        sent.keep("Rejected", None);
        sent.keep("Approved", Some("2"));
        assert_eq!(sent.names(), ["Approved", "Rejected"]);
        assert_eq!(sent.payload("Approved"), Some("2"));
        for at in 0..KEPT_MAX {
            sent.keep(&format!("n{at}"), Some("0"));
        }
        assert_eq!(sent.names().len(), KEPT_MAX);
        assert_eq!(sent.payload("Approved"), None);
    }

    #[test]
    fn names_complete_by_their_beginning_and_step_around() {
        let known = ["Approved".to_owned(), "Rejected".to_owned()];
        assert_eq!(complete(&known, "rej"), Some("Rejected"));
        assert_eq!(complete(&known, ""), Some("Approved"));
        assert_eq!(complete(&known, "Approved"), None);
        assert_eq!(complete(&known, "x"), None);
        assert_eq!(step(&known, "", 1), Some("Approved"));
        assert_eq!(step(&known, "Approved", 1), Some("Rejected"));
        assert_eq!(step(&known, "Rejected", 1), Some("Rejected"));
        assert_eq!(step(&[], "x", 1), None);
    }
}
