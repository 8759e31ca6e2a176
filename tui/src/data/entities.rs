//! An entity in full: its lock, its queue and its state.

use durascope_proto::monitor::EntityRow;

use crate::data::outline::Section;
use crate::data::outline::fact;
use crate::data::outline::instance_fact;
use crate::data::sections::of_payload;
use crate::data::status;
use crate::format;

/// Name and key of an id like `@counter@global`.
pub fn name_and_key(id: &str) -> (&str, &str) {
    id.strip_prefix('@')
        .and_then(|it| it.split_once('@'))
        .unwrap_or((id, ""))
}

/// Everything about `row`.
pub fn sections(row: &EntityRow) -> Vec<Section> {
    let mut facts = Vec::new();
    if row.locked_by.is_empty() {
        facts.push(fact("lock", "not locked"));
    } else {
        facts.push(instance_fact("locked by", &row.locked_by));
        if let Some(at) = status::micros(row.locked_since.as_ref()) {
            facts.push(fact("locked since", format::moment(at)));
        }
    }
    for (at, waiter) in row.lock_waiters.iter().enumerate() {
        facts.push(instance_fact(format!("{}. in line", at + 1), waiter));
    }
    let queue = match row.queue {
        0 => "no operation waits".to_owned(),
        1 => "1 operation waits".to_owned(),
        many => format!("{} operations wait", format::count(many)),
    };
    facts.push(fact("queue", queue));
    if let Some(at) = status::micros(row.oldest_waiting.as_ref()) {
        facts.push(fact("oldest since", format::moment(at)));
    }
    if !row.operations.is_empty() {
        facts.push(fact("operations", counted(&row.operations)));
    }
    if !row.batch_worker.is_empty() {
        let since = status::micros(row.batch_since.as_ref());
        let since = since.map_or_else(String::new, |at| format!(" since {}", format::moment(at)));
        facts.push(fact("batch out", format!("on {}{since}", row.batch_worker)));
    }
    if let Some(at) = status::micros(row.modified_at.as_ref()) {
        facts.push(fact("modified", format::moment(at)));
    }
    let mut sections = vec![Section::facts(row.entity_id.clone(), facts)];
    let state = row.state.as_ref();
    match state.and_then(|it| Some((it, it.text.as_ref()?))) {
        Some((state, text)) => {
            let total = usize::try_from(state.total_bytes).unwrap_or(usize::MAX);
            sections.push(of_payload("state", text, total.max(text.len())));
        }
        None => {
            let mut section = Section::facts("state", Vec::new());
            " · none".clone_into(&mut section.note);
            sections.push(section);
        }
    }
    sections
}

/// Names that follow each other, with how often: `add ×3, get`.
fn counted(names: &[String]) -> String {
    let runs = names.chunk_by(|a, b| a == b).map(|run| match run {
        [one] => one.clone(),
        many => format!("{} ×{}", many[0], many.len()),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fall_into_name_and_key() {
        assert_eq!(name_and_key("@counter@a@b"), ("counter", "a@b"));
        assert_eq!(name_and_key("odd"), ("odd", ""));
        let names = ["add", "add", "get", "add"].map(str::to_owned);
        assert_eq!(counted(&names), "add ×2, get, add");
    }
}
