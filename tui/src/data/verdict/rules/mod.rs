//! The rules: each looks at the facts and finds something, or stays silent.

mod stopped;
mod waiting;
mod working;

use super::Facts;
use super::Finding;
use super::facts::Known;

/// Children of children that are looked at, at most.
const DEPTH_MAX: usize = 5;

pub(super) fn findings(facts: &Facts<'_>, depth: usize) -> Vec<Finding> {
    let known = Known::new(facts);
    if known.has_ended() {
        return stopped::failed(facts, &known).into_iter().collect();
    }
    let mut found = Vec::new();
    stopped::find(&known, &mut found);
    working::find(facts, &known, &mut found);
    if depth < DEPTH_MAX {
        found.extend(waiting::child(facts, &known, depth));
    }
    waiting::find(facts, &known, &mut found);
    if found.iter().all(|it| it.rule.is_aside()) {
        found.extend(working::running(&known));
    }
    // Stable: of one rule, the name with most open comes first.
    found.sort_by_key(|it| it.rule);
    found
}

/// `one` or `many` of them.
fn noun<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
