//! Which pattern comes when, and what its instances are called.

use std::cmp::Reverse;

use durascope_patterns::CATALOG;
use durascope_patterns::Pattern;
use durascope_sdk::OrchestrationStatus;

/// What instances of a pattern are called, for what they do; the patterns with which a round
/// begins come first. One that is not listed is called by its own name.
const CAST: &[(&str, &str)] = &[
    ("batches", "import"),
    ("fail_fast", "deploy"),
    ("window", "crawl"),
    ("progress", "labels"),
    ("composed", "campaign"),
    ("sub_orchestrations", "orders"),
    ("dynamic_batches", "documents"),
    ("logging", "reindex"),
    ("history_budget", "backlog"),
    ("threshold", "survey"),
    ("map_reduce", "words"),
    ("collect_all", "links"),
    ("aggregate", "sources"),
    ("list", "texts"),
    ("types", "letter"),
    ("sum", "invoice"),
];

/// Those that keep every worker busy end a round.
const CROWDS: &[(&str, &str)] = &[("parallel", "items"), ("chunks", "dataset")];

/// A pattern that fails on purpose is in one round of so many: failed instances stay on top of
/// the dashboard's list for ten minutes, and there should be room for others.
const ROUNDS_PER_FAILURE: usize = 4;

/// The patterns of a round, which is counted from 1, in the order in which they start.
pub(super) fn round(number: usize) -> Vec<&'static Pattern> {
    let mut patterns: Vec<&Pattern> = CATALOG
        .iter()
        .filter(|it| it.ends == OrchestrationStatus::Completed || number % ROUNDS_PER_FAILURE == 1)
        .collect();
    patterns.sort_by_key(|it| place(it.name));
    patterns
}

/// The id of the instance that a pattern has in a round: `import-1`.
pub(super) fn instance_id(pattern: &str, round: usize) -> String {
    let called = CAST.iter().chain(CROWDS).find(|(name, _)| *name == pattern);
    match called {
        Some((_, called)) => format!("{called}-{round}"),
        None => format!("{}-{round}", pattern.replace('_', "-")),
    }
}

fn place(name: &str) -> (bool, Reverse<bool>, usize) {
    let at = |list: &[(&str, &str)]| list.iter().position(|(listed, _)| *listed == name);
    let (cast, crowd) = (at(CAST), at(CROWDS));
    let place = cast.or(crowd).unwrap_or(usize::MAX);
    (crowd.is_some(), Reverse(cast.is_some()), place)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pattern_has_its_part_under_an_id_of_its_own() {
        let first = round(1);
        assert_eq!(first.len(), CATALOG.len());
        let ids: BTreeSet<String> = first.iter().map(|it| instance_id(it.name, 1)).collect();
        assert_eq!(ids.len(), CATALOG.len(), "{ids:?}");
        assert!(
            ids.contains("import-1") && ids.contains("crawl-1"),
            "{ids:?}"
        );
    }

    #[test]
    fn a_round_begins_with_batches_and_a_failure_and_ends_with_the_crowds() {
        let names = |number| round(number).iter().map(|it| it.name).collect::<Vec<_>>();
        let first = names(1);
        assert_eq!(first[..2], ["batches", "fail_fast"]);
        assert_eq!(first[first.len() - 2..], ["parallel", "chunks"]);
        assert!(!names(2).contains(&"fail_fast"));
        assert_eq!(names(2).len() + 1, first.len());
        assert_eq!(names(1 + ROUNDS_PER_FAILURE), first);
    }

    #[test]
    fn whoever_is_not_cast_plays_under_its_own_name_before_the_crowds() {
        let unknown = place("brand_new");
        assert!(place("batches") < unknown && unknown < place("parallel"));
        assert_eq!(instance_id("brand_new", 3), "brand-new-3");
    }
}
