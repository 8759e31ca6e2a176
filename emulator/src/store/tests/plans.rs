//! How SQLite goes about the pages: by an index that has their order, however large the hub is.

use crate::store::pages;
use crate::store::tests::Fixture;

/// A change of a statement or an index shows here. What must not come back: SCAN, which reads
/// every instance, and TEMP B-TREE, which sorts all that match before the first is known.
#[test]
fn pages_are_read_in_the_order_of_an_index() {
    let fixture = Fixture::new();
    let plans = pages::STATEMENTS.map(|statement| plan(&fixture, statement));
    assert_eq!(
        plans,
        [
            "SEARCH instance USING INDEX instance_created \
             (hub=? AND created_at_us>? AND created_at_us<?)",
            "SEARCH instance USING INDEX instance_unfinished \
             (hub=? AND created_at_us>? AND created_at_us<?)",
            "SEARCH instance USING INDEX instance_unsuccessful \
             (hub=? AND created_at_us>? AND created_at_us<?)",
            // The one that sorts: few, as the next one makes sure.
            "SEARCH instance USING INDEX sqlite_autoindex_instance_1 \
             (hub=? AND id>? AND id<?); USE TEMP B-TREE FOR ORDER BY",
            "CO-ROUTINE (subquery-1); SEARCH instance USING COVERING INDEX \
             sqlite_autoindex_instance_1 (hub=? AND id>? AND id<?); SCAN (subquery-1)",
            "SEARCH instance USING INDEX instance_completed \
             (hub=? AND (completed_at_us,id)>(?,?) AND completed_at_us<?)",
            "SEARCH instance USING INDEX instance_unsuccessful_completed \
             (hub=? AND (completed_at_us,id)>(?,?) AND completed_at_us<?)",
            "SEARCH instance USING INDEX sqlite_autoindex_instance_1 (hub=? AND id=?)",
        ]
    );
}

fn plan(fixture: &Fixture, statement: &str) -> String {
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let mut explaining = fixture.writer.prepare(&explained).unwrap();
    // The plan does not depend on the values, so none are bound.
    let mut rows = explaining.raw_query();
    let mut steps: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps.join("; ")
}
