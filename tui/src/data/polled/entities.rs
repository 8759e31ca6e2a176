//! A page of entities, from all that the official service lists.

use std::cmp::Reverse;

use durascope_proto::EntityMetadata;
use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::EntityRow;
use durascope_proto::monitor::EntitySort;
use durascope_proto::monitor::ListEntitiesRequest;

use super::payload;
use crate::data::status;

/// Bytes of a state in a list, and of the one that is shown in full.
const STATE_BYTES_LISTED: usize = 200;
const STATE_BYTES_FULL: usize = 64 * 1024;

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// The page of `entities` that `request` asks for.
///
/// The official service does not tell since when something waits, who waits for a lock, nor what a
/// worker holds: these stay empty.
pub fn page(entities: &[EntityMetadata], request: &ListEntitiesRequest) -> EntityPage {
    let text = request.text.to_lowercase();
    let mut matching: Vec<&EntityMetadata> = entities
        .iter()
        .filter(|it| it.instance_id.to_lowercase().contains(&text))
        .collect();
    matching.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
    let modified = |it: &EntityMetadata| Reverse(status::micros(it.last_modified_time.as_ref()));
    let state_bytes = |it: &EntityMetadata| it.serialized_state.as_ref().map_or(0, String::len);
    match request.sort() {
        EntitySort::Name => {}
        EntitySort::Modified => matching.sort_by_key(|it| modified(it)),
        EntitySort::StateSize => matching.sort_by_key(|it| Reverse(state_bytes(it))),
        EntitySort::Queue => matching.sort_by_key(|it| {
            let is_locked = it.locked_by.is_some();
            (
                Reverse(it.backlog_queue_size),
                Reverse(is_locked),
                modified(it),
            )
        }),
    }
    if request.reverse {
        matching.reverse();
    }
    let limit = match usize::try_from(request.limit).unwrap_or(LIMIT_MAX) {
        0 => LIMIT_DEFAULT,
        limit => limit.min(LIMIT_MAX),
    };
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let shown = matching.iter().skip(offset).take(limit);
    let asked = entities
        .iter()
        .find(|it| it.instance_id == request.entity_id);
    let mut ids = matching.iter().map(|it| &it.instance_id);
    let place = ids.position(|it| request.locate && *it == request.entity_id);
    EntityPage {
        matching: u64::try_from(matching.len()).unwrap_or(u64::MAX),
        offset: request.offset,
        rows: shown.map(|it| row(it, STATE_BYTES_LISTED)).collect(),
        detail: asked.map(|it| row(it, STATE_BYTES_FULL)),
        detail_at: place.map_or(0, |at| u64::try_from(at + 1).unwrap_or(0)),
    }
}

fn row(entity: &EntityMetadata, state_bytes: usize) -> EntityRow {
    EntityRow {
        entity_id: entity.instance_id.clone(),
        modified_at: entity.last_modified_time,
        queue: u64::try_from(entity.backlog_queue_size).unwrap_or(0),
        locked_by: entity.locked_by.clone().unwrap_or_default(),
        state: payload(entity.serialized_state.as_ref(), state_bytes),
        ..EntityRow::default()
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;

    fn entity(id: &str, queue: i32, locked_by: Option<&str>, modified: i64) -> EntityMetadata {
        EntityMetadata {
            instance_id: id.to_owned(),
            backlog_queue_size: queue,
            locked_by: locked_by.map(str::to_owned),
            serialized_state: Some("x".repeat(usize::try_from(modified).unwrap() * 100)),
            last_modified_time: Some(Timestamp {
                seconds: modified,
                nanos: 0,
            }),
        }
    }

    #[test]
    fn pages_are_sorted_filtered_and_cut_as_the_feed_does() {
        let entities = [
            entity("@counter@a", 0, None, 5),
            entity("@counter@b", 3, None, 1),
            entity("@counter@c", 0, Some("order"), 2),
            entity("@schedule@d", 0, None, 9),
        ];
        let ask = |sort: EntitySort, text: &str, offset, limit| {
            let request = ListEntitiesRequest {
                sort: sort.into(),
                text: text.to_owned(),
                offset,
                limit,
                entity_id: "@schedule@d".to_owned(),
                ..ListEntitiesRequest::default()
            };
            let page = page(&entities, &request);
            let ids = page
                .rows
                .iter()
                .map(|it| it.entity_id[it.entity_id.len() - 1..].to_owned());
            (ids.collect::<String>(), page)
        };
        let rows = [
            (EntitySort::Queue, "", 0, 0, "bcda"),
            (EntitySort::Name, "", 1, 2, "bc"),
            (EntitySort::Modified, "COUNTER", 0, 0, "acb"),
            (EntitySort::StateSize, "", 0, 2, "da"),
        ];
        for (sort, text, offset, limit, expected) in rows {
            assert_eq!(ask(sort, text, offset, limit).0, expected, "{sort:?}");
        }
        let (_, page) = ask(EntitySort::Name, "counter", 0, 0);
        assert_eq!(
            (page.matching, page.rows[2].locked_by.as_str()),
            (3, "order")
        );
        let listed = page.rows[0].state.as_ref().unwrap();
        assert_eq!(
            (listed.text.as_ref().unwrap().len(), listed.total_bytes),
            (200, 500)
        );
        let detail = page.detail.unwrap();
        assert_eq!(detail.state.unwrap().text.unwrap().len(), 900);
    }
}
