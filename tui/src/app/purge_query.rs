//! Purging by a query in one call: what the official filter can say, and when it says exactly
//! what the list was asked for.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceWindow;

use crate::data::status;
use crate::format;
use crate::format::Micros;

/// What an ended instance can be.
const ENDED: [OrchestrationStatus; 3] = [
    OrchestrationStatus::Completed,
    OrchestrationStatus::Failed,
    OrchestrationStatus::Terminated,
];

/// The official filter: ended instances in these statuses, created in this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeQuery {
    pub statuses: Vec<OrchestrationStatus>,
    pub created_from: Option<Micros>,
    /// What was created then or later stays.
    pub created_to: Micros,
}

impl PurgeQuery {
    /// What `window` asks for, as long as nothing newer than `now` is meant.
    ///
    /// # Errors
    /// What the filter cannot say, in words.
    pub fn of(window: &InstanceWindow, now: Micros) -> Result<Self, String> {
        let conditions = [
            (window.roots_only, "roots only"),
            (!window.text.is_empty(), "text"),
            (!window.name.is_empty(), "name:"),
            (!window.id.is_empty(), "id:"),
            (window.updated_before.is_some(), "idle"),
            (window.history_bytes_min > 0, "hist"),
            (window.failures_min > 0, "failed"),
            (!window.tags.is_empty(), "tag:"),
        ];
        let missing: Vec<_> = conditions
            .into_iter()
            .filter_map(|(is_there, words)| is_there.then_some(words))
            .collect();
        if !missing.is_empty() {
            return Err(missing.join(", "));
        }
        let asked: Vec<_> = window.statuses.iter().map(|it| status::of(*it)).collect();
        let statuses: Vec<_> = ENDED
            .into_iter()
            .filter(|it| asked.is_empty() || asked.contains(it))
            .collect();
        // Without a status, the filter means all of them.
        if statuses.is_empty() {
            return Err("status but of ended ones".to_owned());
        }
        let before = status::micros(window.created_before.as_ref());
        Ok(Self {
            statuses,
            created_from: status::micros(window.created_after.as_ref()),
            created_to: before.map_or(now, |it| it.min(now)),
        })
    }

    /// It in words.
    pub fn words(&self) -> String {
        let words: Vec<_> = self.statuses.iter().map(|it| status::word(*it)).collect();
        let mut text = words.join(", ");
        if let Some(from) = self.created_from {
            text.push_str(&format!(", created from {}", format::moment(from)));
        }
        text.push_str(&format!(
            ", created before {}",
            format::moment(self.created_to)
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use OrchestrationStatus as S;
    use durascope_proto::time::from_micros;

    #[test]
    fn only_statuses_and_times_of_creation_can_be_said_and_nothing_newer_is_meant() {
        let window = InstanceWindow {
            statuses: vec![S::Failed as i32, S::Running as i32],
            created_before: Some(from_micros(50)),
            ..InstanceWindow::default()
        };
        let query = PurgeQuery::of(&window, 90).unwrap();
        assert_eq!(
            (&query.statuses[..], query.created_to),
            (&[S::Failed][..], 50)
        );
        assert_eq!(PurgeQuery::of(&window, 40).unwrap().created_to, 40);
        let all = PurgeQuery::of(&InstanceWindow::default(), 90).unwrap();
        assert_eq!((&all.statuses[..], all.created_from), (&ENDED[..], None));
        let others = [
            InstanceWindow {
                statuses: vec![S::Running as i32],
                ..window.clone()
            },
            InstanceWindow {
                roots_only: true,
                ..window.clone()
            },
            InstanceWindow {
                name: "Order*".to_owned(),
                ..window.clone()
            },
            InstanceWindow {
                text: "order".to_owned(),
                ..window.clone()
            },
            InstanceWindow {
                updated_before: Some(from_micros(1)),
                ..window
            },
        ];
        for it in others {
            assert!(PurgeQuery::of(&it, 90).is_err(), "{it:?}");
        }
    }
}
