//! A table as JSON, CSV or text, so that what users wrote into it harms nobody who opens it.
//!
//! JSON has it exactly, with control characters as escapes. CSV and text show control and
//! direction characters as visible escapes, so that a file that is printed commands no
//! terminal; and in CSV, text that a spreadsheet would run as a formula begins with an
//! apostrophe.

use prost_types::Timestamp;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;
use serde_json::json;

use crate::text;
use crate::text::Clean;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Columns of one cell in a text file.
const TEXT_COLUMNS_MAX: usize = 120;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(u64),
    Time(Timestamp),
    Flag(bool),
    None,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Option<&Timestamp>> for Value {
    fn from(at: Option<&Timestamp>) -> Self {
        at.map_or(Self::None, |at| Self::Time(*at))
    }
}

impl Value {
    fn json(&self) -> Json {
        match self {
            Self::Text(it) => Json::String(it.clone()),
            Self::Number(it) => Json::Number(Number::from(*it)),
            Self::Time(it) => Json::String(it.to_string()),
            Self::Flag(it) => Json::Bool(*it),
            Self::None => Json::Null,
        }
    }

    /// On one line, without anything that steers.
    fn plain(&self) -> String {
        match self {
            Self::Text(it) => text::visible(it).into_owned(),
            Self::Number(it) => it.to_string(),
            Self::Time(it) => it.to_string(),
            Self::Flag(it) => it.to_string(),
            Self::None => String::new(),
        }
    }
}

/// A table with what it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it lists, in the plural.
    pub title: String,
    /// Said in JSON and text beside the rows, like the task hub and the filter.
    pub about: Vec<(&'static str, Value)>,
    pub columns: Vec<&'static str>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// One JSON object: what it is about, and the rows as objects.
    pub fn json(&self) -> String {
        let about: Map<_, _> = self
            .about
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.json()))
            .collect();
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let cells = self.columns.iter().zip(row);
                let cells = cells.map(|(name, value)| ((*name).to_owned(), value.json()));
                Json::Object(cells.collect())
            })
            .collect();
        let whole = json!({ "what": self.title, "about": about, "rows": rows });
        format!("{whole:#}\n")
    }

    /// RFC 4180 with a line of titles.
    pub fn csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        let titles = std::iter::once(self.columns.iter().map(|it| (*it).to_owned()).collect());
        let rows = self.rows.iter().map(|row| row.iter().map(cell).collect());
        for record in titles.chain(rows) {
            let record: Vec<String> = record;
            // Memory takes everything.
            if writer.write_record(&record).is_err() {
                break;
            }
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Columns beside each other.
    pub fn text(&self) -> String {
        let titles = self.columns.iter().map(|it| it.to_uppercase()).collect();
        let rows = self
            .rows
            .iter()
            .map(|row| row.iter().map(Value::plain).collect());
        let lines: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
        let mut widths = vec![0; self.columns.len()];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = text::width(cell).max(*width).min(TEXT_COLUMNS_MAX);
            }
        }
        let mut out = self.title.clone();
        for (name, value) in &self.about {
            out.push_str(&format!(" · {name} {}", value.plain()));
        }
        out.push('\n');
        for line in lines {
            let mut row = String::new();
            for (width, cell) in widths.iter().zip(&line) {
                let cell = Clean::from(cell).fit(*width, "…");
                let pad = width - cell.width();
                row.push_str(cell.as_str());
                row.push_str(&" ".repeat(pad + 2));
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
        out
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Text(it) if it.starts_with(FORMULA) => format!("'{}", value.plain()),
        _ => value.plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cells: &[&str]) -> Table {
        Table {
            title: "things".to_owned(),
            about: vec![("task_hub", Value::from("default"))],
            columns: vec!["name", "size"],
            rows: cells
                .iter()
                .map(|it| vec![Value::from(*it), Value::from(7_u64)])
                .collect(),
        }
    }

    #[test]
    fn csv_quotes_what_must_be_quoted_and_disarms_formulas() {
        let rows = [
            ("plain", "plain,7"),
            ("a,b", "\"a,b\",7"),
            ("say \"hi\"", "\"say \"\"hi\"\"\",7"),
            ("two\nlines", "two⏎lines,7"),
            (
                "=HYPERLINK(\"http://x\")",
                "\"'=HYPERLINK(\"\"http://x\"\")\",7",
            ),
            ("+1", "'+1,7"),
            ("-1", "'-1,7"),
            ("@SUM(A1)", "'@SUM(A1),7"),
            ("\tx", "'  x,7"),
            ("\rx", "'^Mx,7"),
            ("", ",7"),
            ("\x1b]0;title\x07", "^[]0;title^G,7"),
        ];
        for (raw, line) in rows {
            assert_eq!(table(&[raw]).csv(), format!("name,size\r\n{line}\r\n"));
        }
    }

    #[test]
    fn json_has_everything_exactly_and_no_control_character() {
        let raw = "=x\n\x1b[2J\u{202e}\"";
        let text = table(&[raw]).json();
        assert!(text.chars().all(|it| it == '\n' || !it.is_control()));
        let read: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(read["rows"][0]["name"], raw);
        assert_eq!(read["rows"][0]["size"], 7);
        assert_eq!(read["about"]["task_hub"], "default");
    }

    #[test]
    fn text_stands_in_columns_by_width() {
        let text = table(&["ab", "名前\x1b", ""]).text();
        let lines = [
            "things · task_hub default",
            "NAME    SIZE",
            "ab      7",
            "名前^[  7",
            "        7",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }
}
