//! Entity ids: `@name@key`.

use std::sync::Arc;

use crate::error::Rejected;
use crate::start::ENTITY_PREFIX;
use crate::start::INSTANCE_ID_MAX;

/// An entity id with its name in lower case; the key keeps its case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityId {
    text: Arc<str>,
    name_len: usize,
}

impl EntityId {
    /// Reads an id that a client or an orchestration chose. `what` names the field in the error.
    ///
    /// # Errors
    /// [`Rejected::Invalid`]: not of the form `@name@key`, or longer than [`INSTANCE_ID_MAX`].
    pub fn parse(what: &str, id: &str) -> Result<Self, Rejected> {
        let split = id
            .strip_prefix(ENTITY_PREFIX)
            .and_then(|rest| rest.split_once(ENTITY_PREFIX));
        let (name, text) = match split {
            Some((name, key)) => {
                let name = name.to_lowercase();
                let text = format!("{ENTITY_PREFIX}{name}{ENTITY_PREFIX}{key}");
                (name, text)
            }
            None => (String::new(), id.to_owned()),
        };
        // Of what is stored: some letters are more than one in lower case.
        let length = text.chars().count();
        if length > INSTANCE_ID_MAX {
            return Err(Rejected::Invalid(format!(
                "{what} has a length of {length} characters, the limit is {INSTANCE_ID_MAX}"
            )));
        }
        if name.is_empty() {
            return Err(Rejected::Invalid(format!(
                "{what} must have the form {ENTITY_PREFIX}name{ENTITY_PREFIX}key, \
                 but is {id:?}"
            )));
        }
        Ok(Self {
            name_len: name.len(),
            text: text.into(),
        })
    }

    /// Whether this is meant as the id of an entity.
    pub fn is_meant(id: &str) -> bool {
        id.starts_with(ENTITY_PREFIX)
    }

    /// The whole id.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.text[1..=self.name_len]
    }

    /// What ids begin with that a query for `prefix` means: the name without case, the key with.
    pub fn prefix(prefix: &str) -> String {
        if prefix.is_empty() {
            return String::new();
        }
        let bare = prefix.strip_prefix(ENTITY_PREFIX).unwrap_or(prefix);
        match bare.split_once(ENTITY_PREFIX) {
            Some((name, key)) => {
                let name = name.to_lowercase();
                format!("{ENTITY_PREFIX}{name}{ENTITY_PREFIX}{key}")
            }
            None => format!("{ENTITY_PREFIX}{}", bare.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn names_lose_their_case_and_keys_keep_it() {
        let id = EntityId::parse("instanceId", "@Counter@User@A").unwrap();
        assert_eq!(&**id.text(), "@counter@User@A");
        assert_eq!(id.name(), "counter");
        assert_eq!(EntityId::parse("x", "@c@").unwrap().name(), "c");
    }

    #[test]
    fn what_is_no_entity_id_is_refused_with_the_field_and_the_limit() {
        for bad in ["", "order", "@", "@counter", "@@key"] {
            let refused = EntityId::parse("instanceId", bad).unwrap_err();
            assert!(refused.to_string().contains("instanceId"), "{refused}");
        }
        let long = format!("@c@{}", "k".repeat(98));
        let refused = EntityId::parse("instanceId", &long).unwrap_err();
        assert!(
            refused.to_string().contains("length of 101 characters"),
            "{refused}"
        );
        EntityId::parse("instanceId", &long[..100]).unwrap();
        // What counts is what is stored: this letter is two in lower case.
        let grows = format!("@{}@k", "İ".repeat(60));
        let refused = EntityId::parse("instanceId", &grows).unwrap_err();
        assert!(
            refused.to_string().contains("length of 123 characters"),
            "{refused}"
        );
        let fits = EntityId::parse("instanceId", "@İ@k").unwrap();
        assert_eq!(EntityId::parse("instanceId", fits.text()).unwrap(), fits);
    }

    #[test]
    fn prefixes_mean_the_same_with_and_without_the_first_sign() {
        let cases = [
            ("", ""),
            ("Counter", "@counter"),
            ("@Counter", "@counter"),
            ("@Counter@Key", "@counter@Key"),
            ("Counter@Key", "@counter@Key"),
        ];
        for (given, expected) in cases {
            assert_eq!(EntityId::prefix(given), expected, "{given}");
        }
    }
}
