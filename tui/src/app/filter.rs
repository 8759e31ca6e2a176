//! The list's filter: words to find, and `status:failed,pending`.

use durascope_proto::OrchestrationStatus;

/// A parsed filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Substring of the instance id or the name; empty matches all.
    pub text: String,
    /// Empty matches all.
    pub statuses: Vec<OrchestrationStatus>,
}

impl Filter {
    /// Reads what was typed.
    ///
    /// # Errors
    /// A sentence for the screen when a status is not one.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        let mut words = Vec::new();
        for word in typed.split_whitespace() {
            let Some(list) = word.strip_prefix("status:") else {
                words.push(word);
                continue;
            };
            for name in list.split(',').filter(|it| !it.is_empty()) {
                for status in statuses(name)? {
                    if !filter.statuses.contains(status) {
                        filter.statuses.push(*status);
                    }
                }
            }
        }
        filter.text = words.join(" ");
        Ok(filter)
    }

    /// True when it matches all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.statuses.is_empty()
    }
}

fn statuses(name: &str) -> Result<&'static [OrchestrationStatus], String> {
    use OrchestrationStatus as S;
    const TABLE: &[(&str, &[OrchestrationStatus])] = &[
        ("running", &[S::Running]),
        ("pending", &[S::Pending]),
        ("suspended", &[S::Suspended]),
        ("failed", &[S::Failed]),
        ("completed", &[S::Completed]),
        ("terminated", &[S::Terminated]),
        ("open", &[S::Running, S::Pending, S::Suspended]),
        (
            "ended",
            &[S::Completed, S::Failed, S::Terminated, S::Canceled],
        ),
    ];
    let wanted = name.to_ascii_lowercase();
    TABLE
        .iter()
        .find(|(known, _)| known.starts_with(&wanted))
        .map(|(_, list)| *list)
        .ok_or_else(|| {
            let known: Vec<_> = TABLE.iter().map(|(known, _)| *known).collect();
            format!("no status “{name}”; there are {}", known.join(", "))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_statuses_are_told_apart() {
        let filter = Filter::parse("  order 17 status:failed,pend status:failed ").unwrap();
        assert_eq!(filter.text, "order 17");
        assert_eq!(
            filter.statuses,
            [OrchestrationStatus::Failed, OrchestrationStatus::Pending]
        );
        assert!(Filter::parse("status:").unwrap().is_empty());
        assert!(
            Filter::parse("status:blue")
                .unwrap_err()
                .contains("no status “blue”")
        );
    }
}
