//! Instance ids of children: meaningful, checked against the limit when they are made.

use std::collections::BTreeMap;

use uuid::Uuid;

pub use crate::names::INSTANCE_ID_CHARS_MAX;
pub use crate::names::IdError;
pub(super) use crate::names::checked;

/// Hex digits that stand for what a shortened id leaves out.
const DIGEST_CHARS: usize = 12;

/// The id of a child: `{parent}-{label}-{index}`.
///
/// # Errors
/// It is longer than [`INSTANCE_ID_CHARS_MAX`].
///
/// ```
/// use durascope_sdk::fan_out::child_id;
/// assert_eq!(child_id("batch-7", "order", 3).unwrap(), "batch-7-order-3");
/// assert!(child_id(&"x".repeat(95), "order", 3).is_err());
/// ```
pub fn child_id(parent: &str, label: &str, index: usize) -> Result<String, IdError> {
    checked(format!("{parent}-{label}-{index}"))
}

/// As [`child_id`], but of a parent that is too long only the beginning is kept, with a digest
/// of the whole, so that ids stay unique, the same on every replay, and within the limit however
/// deep the tree is.
pub(super) fn short_child_id(parent: &str, label: &str, index: usize) -> Result<String, IdError> {
    let suffix = format!("-{label}-{index}");
    if parent.chars().count() + suffix.chars().count() <= INSTANCE_ID_CHARS_MAX {
        return checked(parent.to_owned() + &suffix);
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, parent.as_bytes())
        .simple()
        .to_string();
    let room = INSTANCE_ID_CHARS_MAX.saturating_sub(suffix.chars().count() + DIGEST_CHARS + 1);
    let head: String = parent.chars().take(room).collect();
    checked(format!("{head}~{}{suffix}", &digest[..DIGEST_CHARS]))
}

/// Ids that a function made: all checked, no two the same.
pub(super) fn all_different(ids: &[String]) -> Result<(), (usize, IdError)> {
    let mut seen = BTreeMap::new();
    for (index, id) in ids.iter().enumerate() {
        if let Some(first) = seen.insert(id, index) {
            let id = id.clone();
            return Err((index, IdError::Repeated { id, first }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_at_the_limit_pass_and_the_error_names_it() {
        let parent = "p".repeat(100 - "-order-10".len());
        assert_eq!(child_id(&parent, "order", 10).unwrap().len(), 100);
        let error = child_id(&parent, "order", 100).unwrap_err().to_string();
        assert!(error.contains("has 101 characters, limit 100"), "{error}");
        // The limit is in characters.
        assert!(child_id(&"ü".repeat(90), "o", 1).is_ok());
        assert!(matches!(
            checked("@a@b".into()),
            Err(IdError::Reserved { .. })
        ));
    }

    #[test]
    fn shortened_ids_are_unique_stable_and_short_at_any_depth() {
        let mut id = "a-rather-long-name-of-an-order-batch-of-2026-11-24".to_owned();
        let mut seen = std::collections::BTreeSet::new();
        for depth in 0..20 {
            let next = short_child_id(&id, "chunk", depth).unwrap();
            assert_eq!(next, short_child_id(&id, "chunk", depth).unwrap());
            assert!(next.chars().count() <= 100 && seen.insert(next.clone()));
            id = next;
        }
        assert_eq!(short_child_id("p", "order", 1).unwrap(), "p-order-1");
        let (one, two) = ("x".repeat(99), "x".repeat(98) + "y");
        assert_ne!(short_child_id(&one, "o", 1), short_child_id(&two, "o", 1));
        assert!(short_child_id("p", &"l".repeat(100), 1).is_err());
    }
}
