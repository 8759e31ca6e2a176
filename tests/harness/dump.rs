//! Everything that an emulator has stored, to tell whether a call has changed any of it.
//!
//! The one place outside the store that reads the database: a refusal must leave no trace, and
//! what the service shows is not all that could be left.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::types::ValueRef;

/// All rows of all tables, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump(BTreeMap<String, Vec<String>>);

impl Dump {
    /// Reads the database of a running emulator, as of one moment.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(database: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)
            .with_context(|| format!("open {}", database.display()))?;
        let moment = connection.unchecked_transaction()?;
        let mut names = moment.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let tables = names.into_iter().map(|name| {
            let rows = rows(&moment, &name).with_context(|| format!("table {name}"))?;
            Ok((name, rows))
        });
        Ok(Self(tables.collect::<Result<_>>()?))
    }

    /// The rows that only one of both has, each with its table; nothing when they are equal.
    pub fn differences(&self, after: &Self) -> Vec<String> {
        let none = Vec::new();
        let tables = self.0.keys().chain(after.0.keys());
        let tables: std::collections::BTreeSet<&String> = tables.collect();
        let mut found = Vec::new();
        for table in tables {
            let before = self.0.get(table).unwrap_or(&none);
            let after = after.0.get(table).unwrap_or(&none);
            let gone = before.iter().filter(|row| !after.contains(row));
            found.extend(gone.map(|row| format!("- {table}: {row}")));
            let new = after.iter().filter(|row| !before.contains(row));
            found.extend(new.map(|row| format!("+ {table}: {row}")));
        }
        found
    }
}

fn rows(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
    let columns = statement.column_count();
    let mut cursor = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next()? {
        let values = (0..columns).map(|column| Ok(text(row.get_ref(column)?)));
        rows.push(values.collect::<Result<Vec<_>>>()?.join(" | "));
    }
    rows.sort();
    Ok(rows)
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.escape_ascii().to_string(),
    }
}
