//! Filters that are kept under a name from one run to the next.

use serde::Deserialize;
use serde::Serialize;

use crate::app::model::Model;
use crate::app::screens::overview::SORTS;

/// Kept filters at most.
pub const SAVED_MAX: usize = 100;
/// Characters of a name at most.
pub const NAME_MAX: usize = 60;

/// What the list shows and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFilter {
    pub name: String,
    /// As it was typed.
    pub filter: String,
    /// The name of the sort column.
    #[serde(default)]
    pub sort: String,
    #[serde(default)]
    pub reverse: bool,
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces the one of the same name.
    Keep(SavedFilter),
    /// Forgets the one of this name.
    Forget(String),
}

impl Change {
    /// Makes it.
    ///
    /// # Errors
    /// A sentence when there are too many.
    pub fn make(self, kept: &mut Vec<SavedFilter>) -> Result<(), String> {
        match self {
            Self::Forget(name) => kept.retain(|it| it.name != name),
            Self::Keep(new) => match kept.iter().position(|it| it.name == new.name) {
                Some(at) => kept[at] = new,
                None if kept.len() >= SAVED_MAX => {
                    return Err(format!(
                        "there are {SAVED_MAX} already, and no more are kept"
                    ));
                }
                None => kept.push(new),
            },
        }
        kept.sort_by_key(|it| it.name.to_lowercase());
        Ok(())
    }
}

/// What the list shows now, under `name`.
pub(crate) fn present(model: &Model, name: &str) -> SavedFilter {
    let overview = &model.screens.overview;
    SavedFilter {
        name: name.trim().to_owned(),
        filter: overview.filter.text().trim().to_owned(),
        sort: overview.sort_name().to_owned(),
        reverse: overview.reverse,
    }
}

/// Shows what `saved` says.
pub(crate) fn apply(model: &mut Model, saved: &SavedFilter) {
    let overview = &mut model.screens.overview;
    overview.filter.set(&saved.filter);
    overview.editing = false;
    overview.apply_filter();
    if let Some((sort, _)) = SORTS.iter().find(|(_, name)| *name == saved.sort) {
        overview.sort = *sort;
    }
    overview.reverse = saved.reverse;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_sorted_and_not_without_end() {
        let saved = |name: &str, filter: &str| SavedFilter {
            name: name.to_owned(),
            filter: filter.to_owned(),
            sort: String::new(),
            reverse: false,
        };
        let mut kept = Vec::new();
        for (name, filter) in [("b", "1"), ("A", "2"), ("b", "3")] {
            Change::Keep(saved(name, filter)).make(&mut kept).unwrap();
        }
        assert_eq!(kept, [saved("A", "2"), saved("b", "3")]);
        Change::Forget("A".to_owned()).make(&mut kept).unwrap();
        assert_eq!(kept, [saved("b", "3")]);
        for at in 1..SAVED_MAX {
            let name = format!("n{at}");
            Change::Keep(saved(&name, "")).make(&mut kept).unwrap();
        }
        let refused = Change::Keep(saved("more", "")).make(&mut kept);
        assert!(refused.unwrap_err().contains("100"));
    }
}
