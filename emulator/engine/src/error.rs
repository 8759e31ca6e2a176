//! Why a caller's request is refused. What a worker gets wrong fails its instance instead.

/// How much of a value a refusal repeats, in characters.
const SHOWN_CHARS_MAX: usize = 100;

/// A value that is refused, in quotes. A long one is cut: a refusal has to fit into the trailers
/// of an answer.
pub fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &value[..end]),
        None => format!("{value:?}"),
    }
}

/// The request breaks a rule of the protocol; nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A field is malformed; the text names field, value and limit.
    #[error("{0}")]
    Invalid(String),
    /// The id is taken and the reuse policy does not free it.
    #[error("{0}")]
    AlreadyExists(String),
    /// The instance is not in the state that the operation needs.
    #[error("{0}")]
    WrongState(String),
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_value_is_shown_whole_unless_it_is_long() {
        assert_eq!(shown("a\"b"), r#""a\"b""#);
        let longest = "ü".repeat(SHOWN_CHARS_MAX);
        assert_eq!(shown(&longest), format!("\"{longest}\""));
        assert_eq!(shown(&format!("{longest}x")), format!("\"{longest}\"…"));
    }
}
