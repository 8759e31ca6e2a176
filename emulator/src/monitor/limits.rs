//! What a request may ask for: texts within a limit, and pages of a bounded size.

use crate::hub::HubError;

/// Longest text of a filter or an id, in bytes. Ids are shorter than this by far.
pub(super) const TEXT_BYTES_MAX: usize = 2_048;

/// Refuses a text that is longer than any filter or id needs.
///
/// # Errors
/// [`HubError::Invalid`] that names the field, its length and the limit.
pub(super) fn text(field: &str, text: &str) -> Result<(), HubError> {
    at_most(field, "bytes", text.len(), TEXT_BYTES_MAX)
}

/// Refuses more of something than the limit.
///
/// # Errors
/// [`HubError::Invalid`] that names the field, the number and the limit.
pub(super) fn at_most(field: &str, what: &str, count: usize, limit: usize) -> Result<(), HubError> {
    if count <= limit {
        return Ok(());
    }
    Err(HubError::Invalid(format!(
        "{field} has {count} {what}, limit {limit}"
    )))
}

/// The size of a page: the default for 0, and never more than the limit.
pub(super) fn page(asked: u32, default: u32, limit: u32) -> u32 {
    match asked {
        0 => default,
        asked => asked.min(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_name_the_field_and_pages_are_clamped() {
        assert!(text("name", &"x".repeat(TEXT_BYTES_MAX)).is_ok());
        let refused = text("name", &"x".repeat(TEXT_BYTES_MAX + 1)).unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("name has 2049 bytes, limit 2048"), "{said}");
        assert_eq!(page(0, 100, 1_000), 100);
        assert_eq!(page(7, 100, 1_000), 7);
        assert_eq!(page(u32::MAX, 100, 1_000), 1_000);
    }
}
