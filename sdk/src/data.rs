//! Payloads: JSON text on the wire, absent for `null`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that could not be written as JSON, or JSON that is not the value expected.
#[derive(Debug, thiserror::Error)]
#[error("{what} of {owner} {problem}")]
#[non_exhaustive]
pub struct PayloadError {
    what: &'static str,
    owner: String,
    problem: &'static str,
    #[source]
    source: serde_json::Error,
}

impl PayloadError {
    pub(crate) fn encoding(what: &'static str, owner: &str, source: serde_json::Error) -> Self {
        Self {
            what,
            owner: format!("{owner:?}"),
            problem: "cannot be written as JSON",
            source,
        }
    }

    pub(crate) fn decoding(what: &'static str, owner: &str, source: serde_json::Error) -> Self {
        Self {
            what,
            owner: format!("{owner:?}"),
            problem: "does not fit the type asked for",
            source,
        }
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
pub(crate) fn decode<T: DeserializeOwned>(payload: Option<&str>) -> Result<T, serde_json::Error> {
    match payload {
        Some(text) if !text.is_empty() => serde_json::from_str(text),
        Some(_) | None => serde_json::from_str("null"),
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
}
