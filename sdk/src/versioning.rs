//! Versions of orchestrations: how they compare, and which of them a worker takes.

use std::cmp::Ordering;

/// Which versions of orchestrations a worker takes, and what becomes of the others.
///
/// An orchestration's version is what it was started with, see [`crate::StartOptions::version`]
/// and [`crate::Client::with_default_version`]. The rules are those of the official SDKs:
/// it is checked at every turn, before the worker looks for a function.
///
/// ```
/// use durascope_sdk::Versioning;
///
/// // Takes what was started with 2.1 or an older version, and gives the rest back.
/// let versioning = Versioning::current_or_older("2.1");
/// // Takes nothing but 2.1, and fails the rest.
/// let versioning = Versioning::strict("2.1").failing_mismatches();
/// ```
#[derive(Clone, Debug)]
pub struct Versioning {
    version: String,
    takes_older: bool,
    fails_mismatches: bool,
}

impl Versioning {
    /// Takes orchestrations of exactly this version; with an empty one, those without a version.
    pub fn strict(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            takes_older: false,
            fails_mismatches: false,
        }
    }

    /// Takes orchestrations of this version, of older ones, and those without a version.
    pub fn current_or_older(version: impl Into<String>) -> Self {
        Self {
            takes_older: true,
            ..Self::strict(version)
        }
    }

    /// Fails orchestrations of another version with an error of type `VersionMismatch`, instead
    /// of giving them back for another worker to take.
    #[must_use]
    pub fn failing_mismatches(mut self) -> Self {
        self.fails_mismatches = true;
        self
    }

    pub(crate) fn fails(&self) -> bool {
        self.fails_mismatches
    }

    /// The one version that is taken, if it is only one.
    pub(crate) fn only(&self) -> Option<&str> {
        (!self.takes_older).then_some(self.version.trim())
    }

    /// Why an orchestration of this version is not taken, if it is not.
    pub(crate) fn mismatch(&self, version: Option<&str>) -> Option<String> {
        let theirs = version.unwrap_or_default();
        let ours = &self.version;
        let problem = match (compare_versions(theirs, ours), self.takes_older) {
            (Ordering::Equal, _) | (Ordering::Less, true) => return None,
            (Ordering::Greater, true) => "is greater than",
            (Ordering::Less | Ordering::Greater, false) => "does not match",
        };
        Some(format!(
            "The orchestration version '{theirs}' {problem} the worker version '{ours}'."
        ))
    }
}

/// Compares two versions as workers of the official SDKs do.
///
/// No version, also a blank one, is older than any. Versions of one to four numbers with dots
/// between them compare number by number, missing ones as 0; all others as text, without regard
/// to the case of ASCII letters. An orchestration may branch on it:
///
/// ```
/// use std::cmp::Ordering;
///
/// use durascope_sdk::compare_versions;
///
/// assert_eq!(compare_versions("1.10", "1.9"), Ordering::Greater);
/// assert_eq!(compare_versions("2", "2.0.0"), Ordering::Equal);
/// assert_eq!(compare_versions("", "0.1"), Ordering::Less);
/// ```
///
/// # Determinism
/// Decides by its arguments alone.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim(), right.trim());
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        (false, false) => {}
    }
    match (numbers(left), numbers(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()),
    }
}

/// One to four numbers; the missing ones are 0.
fn numbers(version: &str) -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    for (index, part) in version.split('.').enumerate() {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        *numbers.get_mut(index)? = part.parse().ok().filter(|_| is_number)?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_or_as_text() {
        let rows = [
            ("", "", Ordering::Equal),
            (" ", "", Ordering::Equal),
            ("", "1", Ordering::Less),
            ("1", " ", Ordering::Greater),
            ("1.2", "1.2.0", Ordering::Equal),
            ("1.2.3.4", "1.2.3.5", Ordering::Less),
            ("10.0", "9.9", Ordering::Greater),
            // Five numbers, signs and letters are text.
            ("1.2.3.4.5", "1.2.3.4.10", Ordering::Greater),
            ("+1", "1", Ordering::Less),
            ("v10", "v9", Ordering::Less),
            ("Beta", "beta", Ordering::Equal),
            ("1.0-rc", "1.0", Ordering::Greater),
            ("1..2", "1.0.2", Ordering::Less),
            ("99999999999999999999999", "1", Ordering::Greater),
        ];
        for (left, right, expected) in rows {
            assert_eq!(
                compare_versions(left, right),
                expected,
                "{left:?} {right:?}"
            );
            assert_eq!(compare_versions(right, left), expected.reverse());
        }
    }

    #[test]
    fn each_strategy_takes_what_it_says() {
        let strict = Versioning::strict("2.0");
        let older = Versioning::current_or_older("2.0");
        let unversioned = Versioning::strict("");
        let rows = [
            (None, [false, true, true]),
            (Some(""), [false, true, true]),
            (Some("1.9"), [false, true, false]),
            (Some("2.0"), [true, true, false]),
            (Some("2"), [true, true, false]),
            (Some("2.1"), [false, false, false]),
        ];
        for (version, taken) in rows {
            let found = [&strict, &older, &unversioned].map(|it| it.mismatch(version).is_none());
            assert_eq!(found, taken, "{version:?}");
        }
        assert_eq!(
            older.mismatch(Some("3")).unwrap(),
            "The orchestration version '3' is greater than the worker version '2.0'."
        );
        assert_eq!(
            strict.mismatch(None).unwrap(),
            "The orchestration version '' does not match the worker version '2.0'."
        );
    }
}
