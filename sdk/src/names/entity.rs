//! Names and ids of entities: `@name@key`, the name in lower case, the key as it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::INSTANCE_ID_CHARS_MAX;

const MARK: char = '@';

/// A kind of entity: the name that all its ids share.
///
/// ```
/// use durascope_sdk::Entity;
///
/// const COUNTER: Entity = Entity::named("Counter");
/// assert_eq!(COUNTER.id("tea").as_str(), "@counter@tea");
/// assert_eq!(COUNTER.id(7).key(), "7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entity {
    name: &'static str,
}

impl Entity {
    /// An entity of this name, which the wire knows in lower case.
    ///
    /// # Panics
    /// `name` is empty or contains `@`. In a `const` this is an error of the compiler.
    pub const fn named(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty(), "the name of an entity must not be empty");
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                bytes[at] != b'@',
                "the name of an entity must not contain '@'"
            );
            at += 1;
        }
        Self { name }
    }

    /// The name as it was given.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The id of the entity with this key. Keys differ by case, may be empty and may contain `@`.
    ///
    /// An id that is too long is refused by whatever it is given to, before anything is sent;
    /// [`EntityId::check`] says so at once.
    pub fn id(&self, key: impl fmt::Display) -> EntityId {
        EntityId::unchecked(self.name, key)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Which entity: `@name@key`. Cheap to clone. As JSON it is that text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityId {
    text: Arc<str>,
    name_len: usize,
}

impl EntityId {
    /// The id of an entity whose name is not known at compile time.
    ///
    /// # Errors
    /// The name is empty or contains `@`, or the whole id has more than 100 characters.
    pub fn new(name: &str, key: impl fmt::Display) -> Result<Self, EntityIdError> {
        if name.is_empty() {
            return Err(EntityIdError::EmptyName);
        }
        if name.contains(MARK) {
            return Err(EntityIdError::NameWithMark {
                name: name.to_owned(),
            });
        }
        let id = Self::unchecked(name, key);
        id.check()?;
        Ok(id)
    }

    /// The id of a work item: whatever the server takes is good.
    pub(crate) fn received(text: &str) -> Option<Self> {
        let (name, key) = text.strip_prefix(MARK)?.split_once(MARK)?;
        Some(Self::unchecked(name, key))
    }

    fn unchecked(name: &str, key: impl fmt::Display) -> Self {
        let name = name.to_lowercase();
        Self {
            text: format!("{MARK}{name}{MARK}{key}").into(),
            name_len: name.len(),
        }
    }

    /// Whether servers take it.
    ///
    /// # Errors
    /// It has more than 100 characters.
    pub fn check(&self) -> Result<(), EntityIdError> {
        // Characters are at most as many as bytes, and nearly always as many.
        if self.text.len() <= INSTANCE_ID_CHARS_MAX {
            return Ok(());
        }
        let length = self.text.chars().count();
        if length <= INSTANCE_ID_CHARS_MAX {
            return Ok(());
        }
        Err(EntityIdError::TooLong {
            id: self.text.to_string(),
            length,
            limit: INSTANCE_ID_CHARS_MAX,
        })
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.text[1..=self.name_len]
    }

    /// The key, as it was given.
    pub fn key(&self) -> &str {
        &self.text[self.name_len + 2..]
    }

    /// The whole id, as it is on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.text)
    }
}

impl FromStr for EntityId {
    type Err = EntityIdError;

    fn from_str(text: &str) -> Result<Self, EntityIdError> {
        let split = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.split_once(MARK));
        let Some((name, key)) = split else {
            return Err(EntityIdError::NotAnId {
                text: text.to_owned(),
            });
        };
        Self::new(name, key)
    }
}

impl TryFrom<String> for EntityId {
    type Error = EntityIdError;

    fn try_from(text: String) -> Result<Self, EntityIdError> {
        text.parse()
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.as_str().to_owned()
    }
}

/// An entity id that no server takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntityIdError {
    /// The whole id is too long.
    #[error("entity id {id:?} has a length of {length} characters, the limit is {limit}")]
    TooLong {
        /// The id.
        id: String,
        /// Its length in characters.
        length: usize,
        /// The longest that is allowed.
        limit: usize,
    },
    /// There is no name.
    #[error("the name of an entity must not be empty")]
    EmptyName,
    /// The name would be cut at its `@`.
    #[error("the name of an entity must not contain '@', but is {name:?}")]
    NameWithMark {
        /// The name.
        name: String,
    },
    /// The text is not an id.
    #[error("an entity id has the form @name@key, but this is {text:?}")]
    NotAnId {
        /// The text.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTER: Entity = Entity::named("Counter");

    #[test]
    fn names_are_folded_and_keys_are_kept() {
        let rows = [
            ("@Counter@Tea", "counter", "Tea"),
            ("@a@", "a", ""),
            ("@a@b@C", "a", "b@C"),
        ];
        for (text, name, key) in rows {
            let id: EntityId = text.parse().unwrap();
            assert_eq!((id.name(), id.key()), (name, key), "{text}");
            assert_eq!(id.as_str(), format!("@{name}@{key}"));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<EntityId>(&json).unwrap(), id);
        }
        assert_eq!(COUNTER.id("Tea"), "@counter@Tea".parse().unwrap());
    }

    #[test]
    fn bad_ids_say_what_is_wrong_with_them() {
        for text in ["", "counter", "@counter", "counter@a@b"] {
            let error = text.parse::<EntityId>().unwrap_err();
            assert!(matches!(error, EntityIdError::NotAnId { .. }), "{text}");
        }
        assert_eq!("@@a".parse::<EntityId>(), Err(EntityIdError::EmptyName));
        let error = EntityId::new("a@b", "c").unwrap_err();
        assert!(matches!(error, EntityIdError::NameWithMark { .. }));

        let longest = "k".repeat(INSTANCE_ID_CHARS_MAX - "@counter@".len());
        COUNTER.id(&longest).check().unwrap();
        COUNTER.id("ä".repeat(longest.len())).check().unwrap();
        let error = COUNTER.id(longest + "k").check().unwrap_err().to_string();
        assert!(
            error.ends_with("has a length of 101 characters, the limit is 100"),
            "{error}"
        );
    }
}
