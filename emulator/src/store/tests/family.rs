//! Children, descendants and waiting messages.

use crate::store::family;
use crate::store::tests::Fixture;
use crate::store::tests::Instance;

fn child(id: &str, parent: i64, execution: &'static str, status: i32, at: i64) -> Instance {
    Instance {
        id: id.to_owned(),
        status,
        created_at_us: at,
        parent: Some((parent, execution)),
        ..Instance::default()
    }
}

#[test]
fn children_of_the_execution_come_failed_then_open_then_newest() {
    let fixture = Fixture::new();
    let root = fixture.add(&Instance::default());
    for (id, execution, status, at) in [
        ("done-old", "x", 1, 10),
        ("done-new", "x", 1, 20),
        ("open", "x", 0, 5),
        ("failed", "x", 3, 1),
        ("of-another-execution", "y", 3, 1),
    ] {
        fixture.add(&child(id, root, execution, status, at));
    }
    let list = |limit| -> Vec<String> {
        let rows = family::children(&fixture.writer, root, "x", limit).unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(list(10), ["failed", "open", "done-new", "done-old"]);
    assert_eq!(list(2), ["failed", "open"]);
    let mut statuses = family::child_statuses(&fixture.writer, root, "x").unwrap();
    statuses.sort_unstable();
    assert_eq!(statuses, [(1, 0), (1, 1), (1, 1), (1, 3)]);
}

#[test]
fn descendants_are_of_all_executions_and_generations() {
    let fixture = Fixture::new();
    let root = fixture.add(&Instance::default());
    let one = fixture.add(&child("one", root, "x", 0, 1));
    let two = fixture.add(&child("two", root, "older", 1, 1));
    let below = fixture.add(&child("below", one, "z", 3, 1));
    let mut found = family::descendants(&fixture.writer, root).unwrap();
    found.sort_unstable();
    assert_eq!(found, [(one, 0), (two, 1), (below, 3)]);
    assert_eq!(family::descendants(&fixture.writer, below).unwrap(), []);
}

#[test]
fn waiting_results_and_events_are_read_in_order_and_timers_left_out() {
    let fixture = Fixture::new();
    let instance = fixture.add(&Instance::default());
    for (at_us, kind, scheduled, event) in [
        (30, 2, 0, "c"),
        (10, 1, 0, "a"),
        (20, 3, 0, "b"),
        (5, 4, 1, "timer"),
        (6, 0, 0, "start"),
    ] {
        fixture
            .writer
            .execute(
                "INSERT INTO inbox (instance, at_us, seq, kind, bound, scheduled, event)
                 VALUES (?1, ?2, 0, ?3, 0, ?4, CAST(?5 AS BLOB))",
                rusqlite::params![instance, at_us, kind, scheduled, event],
            )
            .unwrap();
    }
    let waiting = family::waiting(&fixture.writer, instance).unwrap();
    assert_eq!(waiting, [b"a", b"b", b"c"]);
}
