//! Pages of instances by creation, and of ended ones by completion: keyset, so that a page costs
//! the same wherever it is.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::named_params;

use crate::store::error::StoreError;
use crate::store::instances::InstanceRow;
use crate::store::instances::instance_columns;

/// Set of statuses: bit n for status number n. All bits for "any".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusSet(pub(crate) i64);

const COMPLETED: i64 = 1 << 1;
/// Pending, running and suspended, as the index `instance_unfinished` has them.
const UNFINISHED: i64 = 1 | 1 << 6 | 1 << 7;
/// Ended in another way than completed, as the index `instance_unsuccessful` has them.
const UNSUCCESSFUL: i64 = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5;

impl StatusSet {
    pub(crate) const ANY: Self = Self(0xff);

    /// The listed statuses; any when none is listed. Numbers that are no status match nothing.
    pub(crate) fn listed(numbers: &[i32]) -> Self {
        if numbers.is_empty() {
            return Self::ANY;
        }
        let known = numbers.iter().filter(|number| (0..8).contains(*number));
        Self(known.fold(0, |set, number| set | (1 << number)))
    }

    /// Nearly all instances of a large hub have completed; the others have indexes of their own.
    fn created_statements(self) -> &'static [&'static str] {
        match (
            self.0 & COMPLETED,
            self.0 & UNFINISHED,
            self.0 & UNSUCCESSFUL,
        ) {
            (0, _, 0) => &[CREATED_UNFINISHED],
            (0, 0, _) => &[CREATED_UNSUCCESSFUL],
            (0, _, _) => &[CREATED_UNFINISHED, CREATED_UNSUCCESSFUL],
            _ => &[CREATED_PAGE],
        }
    }

    fn completed_statement(self) -> &'static str {
        match self.0 & COMPLETED {
            0 => COMPLETED_UNSUCCESSFUL,
            _ => COMPLETED_PAGE,
        }
    }
}

/// Which instances, in order of creation.
#[derive(Clone, Debug)]
pub(crate) struct CreatedPage {
    pub(crate) hub: i64,
    pub(crate) statuses: StatusSet,
    /// Inclusive.
    pub(crate) from_us: i64,
    /// Exclusive.
    pub(crate) to_us: i64,
    pub(crate) id_prefix: String,
    /// Creation time and key of the last row of the page before.
    pub(crate) after: Option<(i64, i64)>,
    pub(crate) limit: i64,
}

/// Instances of a prefix are read by it and sorted, as long as there are at most so many. Of more,
/// one comes soon enough in the order of creation.
const PREFIX_FEW: i64 = 3_000;

macro_rules! created_page {
    ($index:literal, $which:literal) => {
        concat!(
            "SELECT ",
            instance_columns!(),
            " FROM instance INDEXED BY ",
            $index,
            " WHERE hub = :hub
                AND (created_at_us, instance) > (:after_us, :after)
                AND created_at_us < :to_us
                AND (:statuses >> status) & 1
                AND id >= :prefix AND (:prefix_end IS NULL OR id < :prefix_end)",
            $which,
            " ORDER BY created_at_us, instance
              LIMIT :limit"
        )
    };
}

const CREATED_PAGE: &str = created_page!("instance_created", "");
const CREATED_UNFINISHED: &str = created_page!("instance_unfinished", " AND status IN (0, 6, 7)");
const CREATED_UNSUCCESSFUL: &str =
    created_page!("instance_unsuccessful", " AND status IN (2, 3, 4, 5)");

const CREATED_OF_PREFIX: &str = concat!(
    "SELECT ",
    instance_columns!(),
    " FROM instance INDEXED BY sqlite_autoindex_instance_1
      WHERE hub = :hub
        AND id >= :prefix AND id < :prefix_end
        AND (created_at_us, instance) > (:after_us, :after)
        AND created_at_us < :to_us
        AND (:statuses >> status) & 1
      ORDER BY created_at_us, instance
      LIMIT :limit"
);

const OF_PREFIX: &str = "
    SELECT count(*) FROM (
        SELECT 1 FROM instance WHERE hub = :hub AND id >= :prefix AND id < :prefix_end
        LIMIT :limit)";

/// Rows of the page.
pub(crate) fn created_page(
    connection: &Connection,
    page: &CreatedPage,
) -> Result<Vec<InstanceRow>, StoreError> {
    let statements = match is_few(connection, page)? {
        true => &[CREATED_OF_PREFIX][..],
        false => page.statuses.created_statements(),
    };
    let mut rows = Vec::new();
    for statement in statements {
        rows.append(&mut created_by(connection, page, statement)?);
    }
    if statements.len() > 1 {
        rows.sort_by_key(|row| (row.created_at_us, row.instance));
        rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

/// Whether the page is of a prefix that few instances have.
fn is_few(connection: &Connection, page: &CreatedPage) -> Result<bool, StoreError> {
    let Some(end) = prefix_end(&page.id_prefix).filter(|_| !page.id_prefix.is_empty()) else {
        return Ok(false);
    };
    let count: i64 = connection.prepare_cached(OF_PREFIX)?.query_row(
        named_params! {
            ":hub": page.hub,
            ":prefix": page.id_prefix,
            ":prefix_end": end,
            ":limit": PREFIX_FEW + 1,
        },
        |row| row.get(0),
    )?;
    Ok(count <= PREFIX_FEW)
}

fn created_by(
    connection: &Connection,
    page: &CreatedPage,
    statement: &str,
) -> Result<Vec<InstanceRow>, StoreError> {
    // Keys begin at 1, so 0 stands before every instance of that moment.
    let from = (page.from_us, 0);
    let (after_us, after) = page.after.map_or(from, |after| after.max(from));
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map(
        named_params! {
            ":hub": page.hub,
            ":after_us": after_us,
            ":after": after,
            ":to_us": page.to_us,
            ":statuses": page.statuses.0,
            ":prefix": page.id_prefix,
            ":prefix_end": prefix_end(&page.id_prefix),
            ":limit": page.limit,
        },
        InstanceRow::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Which ended instances, in order of completion.
#[derive(Clone, Debug)]
pub(crate) struct CompletedPage {
    pub(crate) hub: i64,
    pub(crate) statuses: StatusSet,
    /// Inclusive.
    pub(crate) from_us: i64,
    /// Exclusive.
    pub(crate) to_us: i64,
    /// Completion time and id of the last row of the page before.
    pub(crate) after: Option<(i64, String)>,
    pub(crate) limit: i64,
}

macro_rules! completed_page {
    ($index:literal, $which:literal) => {
        concat!(
            "SELECT completed_at_us, id FROM instance INDEXED BY ",
            $index,
            " WHERE hub = :hub
                AND completed_at_us IS NOT NULL
                AND (completed_at_us, id) > (:after_us, :after)
                AND completed_at_us < :to_us
                AND (:statuses >> status) & 1",
            $which,
            " ORDER BY completed_at_us, id
              LIMIT :limit"
        )
    };
}

const COMPLETED_PAGE: &str = completed_page!("instance_completed", "");
const COMPLETED_UNSUCCESSFUL: &str = completed_page!(
    "instance_unsuccessful_completed",
    " AND status IN (2, 3, 4, 5)"
);

/// Completion times and ids of the page.
pub(crate) fn completed_page(
    connection: &Connection,
    page: &CompletedPage,
) -> Result<Vec<(i64, String)>, StoreError> {
    let from = (page.from_us, String::new());
    let (after_us, after) = page
        .after
        .clone()
        .map_or(from.clone(), |after| after.max(from));
    let mut statement = connection.prepare_cached(page.statuses.completed_statement())?;
    let rows = statement.query_map(
        named_params! {
            ":hub": page.hub,
            ":after_us": after_us,
            ":after": after,
            ":to_us": page.to_us,
            ":statuses": page.statuses.0,
            ":limit": page.limit,
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const COMPLETED_AT: &str = "SELECT completed_at_us FROM instance WHERE hub = :hub AND id = :id";

/// When the instance ended; `None` when it has not or does not exist.
pub(crate) fn completed_at(
    connection: &Connection,
    hub: i64,
    id: &str,
) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(COMPLETED_AT)?
        .query_row(named_params! { ":hub": hub, ":id": id }, |row| row.get(0))
        .optional()?
        .flatten())
}

/// The statements that read pages, for the test of how SQLite goes about them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 8] = [
    CREATED_PAGE,
    CREATED_UNFINISHED,
    CREATED_UNSUCCESSFUL,
    CREATED_OF_PREFIX,
    OF_PREFIX,
    COMPLETED_PAGE,
    COMPLETED_UNSUCCESSFUL,
    COMPLETED_AT,
];

/// The least text above every text with this prefix; `None` when there is none.
pub(super) fn prefix_end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        let next = match last {
            // The code points of surrogates are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_range_ends_where_the_prefix_does() {
        for (prefix, end) in [
            ("", None),
            ("ab", Some("ac")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
        }
    }

    #[test]
    fn status_set_holds_what_is_listed() {
        assert_eq!(StatusSet::listed(&[]), StatusSet::ANY);
        assert_eq!(StatusSet::listed(&[0, 3, 3]), StatusSet(0b1001));
        assert_eq!(StatusSet::listed(&[-1, 8, i32::MAX]), StatusSet(0));
    }
}
