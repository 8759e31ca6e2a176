//! What tells one task from others of its name: a tag, or the most telling scalar of its input.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// The tag whose value is the label, whatever the input is.
pub const LABEL_TAG: &str = "durascope.label";

/// Longest label, in characters.
const CHARS_MAX: usize = 60;

/// So much of an input is looked at: whoever watches many tasks must not pay for their size.
const INPUT_BYTES_MAX: usize = 4_096;

/// Objects and lists inside each other that are looked into.
const DEPTH_MAX: u32 = 3;

/// The label of a task with these tags and this input: at most 60 characters, empty where neither
/// says anything.
///
/// Of JSON it is the value itself, the first values of a list, or of an object the member that most
/// likely names the item (`label`, `id`, `…Id`, `name`, …), else the first one that is no object.
/// Other texts are taken from their start.
pub fn label(tags: &BTreeMap<String, String>, input: Option<&str>) -> String {
    if let Some(label) = tags.get(LABEL_TAG) {
        return cut(label);
    }
    let Some(input) = input else {
        return String::new();
    };
    let start = &input[..input.floor_char_boundary(INPUT_BYTES_MAX)];
    let start = start.trim_start();
    match start.as_bytes().first() {
        Some(b'{' | b'[' | b'"') => {}
        _ if start.trim_end() == "null" => return String::new(),
        _ => return cut(start),
    }
    let mut best = Best::default();
    let mut json = serde_json::Deserializer::from_str(start);
    let seed = Value {
        best: &mut best,
        rank: 0,
        depth: 0,
    };
    // An error is the end of what was looked at, or of what is JSON; what was found holds.
    match (seed.deserialize(&mut json), best.text) {
        (_, Some(text)) => cut(&text),
        (Ok(()), None) if is_empty(start) => String::new(),
        (_, None) => cut(start),
    }
}

fn is_empty(json: &str) -> bool {
    json.chars()
        .all(|it| matches!(it, '{' | '}' | '[' | ']' | '"') || it.is_whitespace())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        None => text.to_owned(),
        Some(_) => text.chars().take(CHARS_MAX - 1).chain(['…']).collect(),
    }
}

/// The most telling text so far; of two with the same rank, the first.
#[derive(Default)]
struct Best {
    rank: u32,
    text: Option<String>,
}

impl Best {
    fn offer(&mut self, rank: u32, text: impl FnOnce() -> String) {
        if self.text.is_none() || rank < self.rank {
            self.rank = rank;
            self.text = Some(text());
        }
    }
}

/// How likely a member names the item that it belongs to; less is likelier.
fn rank(key: &str) -> u32 {
    match key.to_ascii_lowercase().as_str() {
        "label" => 0,
        "id" | "itemid" | "item_id" => 1,
        "key" | "name" | "title" => 3,
        "item" | "index" | "number" | "page" | "file" | "filename" | "file_name" | "path"
        | "url" | "uri" | "email" => 4,
        _ if key.ends_with("Id") || key.ends_with("ID") || key.ends_with("_id") => 2,
        _ => 5,
    }
}

/// Worse than any scalar beside it.
const NESTED: u32 = 10;

struct Value<'b> {
    best: &'b mut Best,
    rank: u32,
    depth: u32,
}

impl Value<'_> {
    /// The rank of a list or object here, to which its members add theirs.
    fn base(&self) -> u32 {
        self.rank + if self.depth > 0 { NESTED } else { 0 }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        // Tells few things apart, so anything else is better.
        self.best.offer(self.rank + 4, || value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.best.offer(self.rank, || value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.best.offer(self.rank, || value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.best.offer(self.rank, || value.to_string());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if !value.is_empty() {
            self.best.offer(self.rank, || value.to_owned());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut shown = String::new();
        let mut chars = 0;
        loop {
            let mut best = Best::default();
            let seed = Value {
                best: &mut best,
                rank: 0,
                depth: self.depth + 1,
            };
            let next = match self.depth < DEPTH_MAX {
                true => list.next_element_seed(seed),
                false => Err(A::Error::custom("deep enough")),
            };
            if let Some(text) = best.text {
                if !shown.is_empty() {
                    shown.push_str(", ");
                }
                chars += text.chars().count() + 2;
                shown.push_str(&text);
            }
            let goes_on = matches!(next, Ok(Some(()))) && chars <= CHARS_MAX;
            if goes_on {
                continue;
            }
            if !shown.is_empty() {
                self.best.offer(self.base(), || shown);
            }
            return match next {
                Ok(Some(())) => Err(A::Error::custom("long enough")),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= DEPTH_MAX {
            return Err(A::Error::custom("deep enough"));
        }
        let base = self.base();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Value {
                best: &mut *self.best,
                rank: base + rank(&key),
                depth: self.depth + 1,
            })?;
        }
        Ok(())
    }
}
