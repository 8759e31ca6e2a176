//! Payloads: JSON text on the wire, absent for `null`.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that could not be written as JSON, or JSON that is not the value expected.
///
/// Its text names whose payload it is and, if it was read, where in the JSON it does not fit:
/// `input of activity "Price" (instance "order-1", task 3): items[2].price: invalid type: …`.
#[derive(Debug, thiserror::Error)]
#[error("{what} of {owner}{problem}")]
#[non_exhaustive]
pub struct PayloadError {
    what: &'static str,
    owner: String,
    problem: String,
}

impl PayloadError {
    pub(crate) fn encoding(what: &'static str, owner: &str, error: serde_json::Error) -> Self {
        Self {
            what,
            owner: format!("{owner:?}"),
            problem: format!(" cannot be written as JSON: {error}"),
        }
    }

    /// `owner` is whose payload it is, in words: its kind, its name, its place.
    pub(crate) fn decoding(what: &'static str, owner: impl fmt::Display, misfit: Misfit) -> Self {
        Self {
            what,
            owner: owner.to_string(),
            problem: format!(": {misfit}"),
        }
    }
}

/// Where a payload does not fit the type asked for, and why.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// As `items[2].price`; `None` at the top, or where the text is no JSON at all.
    path: Option<String>,
    error: serde_json::Error,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        write!(f, "{}", self.error)
    }
}

/// JSON text of `value`; `None` where that is `null`, as the other SDKs send it.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
) -> Result<Option<String>, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    Ok(if text == "null" { None } else { Some(text) })
}

/// The value of a payload; an absent or empty one counts as `null`.
pub(crate) fn decode<T: DeserializeOwned>(payload: Option<&str>) -> Result<T, Misfit> {
    let text = payload.filter(|text| !text.is_empty()).unwrap_or("null");
    serde_json::from_str(text).map_err(|error| misfit::<T>(text, error))
}

/// Reads once more for the path: to keep track of it costs time, which good payloads need not pay.
fn misfit<T: DeserializeOwned>(text: &str, error: serde_json::Error) -> Misfit {
    let mut reader = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(found) => {
            let path = Some(found.path().to_string()).filter(|path| path != ".");
            let error = found.into_inner();
            // Text that ends too early, or is none, has no place that could be named.
            let path = path.filter(|_| error.is_data());
            Misfit { path, error }
        }
        // What comes after the value is too much.
        Ok(_) => Misfit { path: None, error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_absent_and_absent_or_empty_reads_as_null() {
        assert_eq!(encode(&()).unwrap(), None);
        assert_eq!(encode(&None::<u8>).unwrap(), None);
        assert_eq!(encode("").unwrap().as_deref(), Some("\"\""));
        assert_eq!(encode(&0).unwrap().as_deref(), Some("0"));
        assert_eq!(decode::<Option<u8>>(None).unwrap(), None);
        decode::<()>(Some("")).unwrap();
        assert_eq!(decode::<u8>(Some("7")).unwrap(), 7);
        assert!(decode::<u8>(None).is_err());
    }

    #[derive(Debug, serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "only its reading is tested")]
        items: Vec<Item>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Item {
        #[expect(dead_code, reason = "only its reading is tested")]
        price: u64,
    }

    #[test]
    fn a_misfit_names_its_place_in_the_json() {
        let rows = [
            (
                r#"{"items":[{"price":1},{"price":2},{"price":"x"}]}"#,
                "items[2].price: invalid type: string \"x\", expected u64",
            ),
            (r#"{"items":[{}]}"#, "items[0]: missing field `price`"),
            (r#"{"items":3}"#, "items: invalid type: integer `3`"),
            ("7", "invalid type: integer `7`, expected struct Order"),
            ("{", "EOF while parsing"),
            ("no JSON", "expected ident"),
            (r#"{"items":[]} 9"#, "trailing characters"),
        ];
        for (text, expected) in rows {
            let misfit = decode::<Order>(Some(text)).unwrap_err().to_string();
            assert!(misfit.starts_with(expected), "{text}: {misfit}");
        }
        let missing = decode::<Order>(None).unwrap_err().to_string();
        assert!(missing.starts_with("invalid type: null"), "{missing}");
    }
}
