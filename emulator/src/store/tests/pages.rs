//! Pages: every instance once, in order, whatever the size of the page.

use crate::store::history;
use crate::store::instances;
use crate::store::pages;
use crate::store::pages::CompletedPage;
use crate::store::pages::CreatedPage;
use crate::store::pages::StatusSet;
use crate::store::tests::Fixture;
use crate::store::tests::Instance;

fn created() -> CreatedPage {
    CreatedPage {
        hub: 1,
        statuses: StatusSet::ANY,
        from_us: i64::MIN,
        to_us: i64::MAX,
        id_prefix: String::new(),
        after: None,
        limit: 100,
    }
}

fn completed() -> CompletedPage {
    CompletedPage {
        hub: 1,
        statuses: StatusSet::ANY,
        from_us: i64::MIN,
        to_us: i64::MAX,
        after: None,
        limit: 100,
    }
}

fn ids(fixture: &Fixture, page: &CreatedPage) -> Vec<String> {
    let rows = pages::created_page(&fixture.writer, page).unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

#[test]
fn pages_in_order_of_creation_hold_every_instance_once() {
    let fixture = Fixture::new();
    for at in 0..21 {
        fixture.add(&Instance {
            id: format!("i{at:02}"),
            // Several are created in one microsecond.
            created_at_us: 1_000 + at / 4,
            ..Instance::default()
        });
    }
    let mut page = CreatedPage {
        limit: 6,
        ..created()
    };
    let mut seen = Vec::new();
    let mut count = 0;
    loop {
        let rows = pages::created_page(&fixture.writer, &page).unwrap();
        count += 1;
        let more = rows.len() > 5;
        let shown = &rows[..rows.len().min(5)];
        seen.extend(shown.iter().map(|row| row.id.clone()));
        if !more {
            break;
        }
        page.after = shown.last().map(|row| (row.created_at_us, row.instance));
    }
    assert_eq!(count, 5);
    assert_eq!(
        seen,
        (0..21).map(|at| format!("i{at:02}")).collect::<Vec<_>>()
    );
}

#[test]
fn filters_of_a_page_apply_together() {
    let fixture = Fixture::new();
    for (id, status, created_at_us) in [
        ("order-1", 0, 100),
        ("order-2", 3, 200),
        ("Order-3", 3, 300),
        ("order%_", 3, 400),
        ("other", 3, 500),
    ] {
        fixture.add(&Instance {
            id: id.to_owned(),
            status,
            created_at_us,
            ..Instance::default()
        });
    }
    let failed = StatusSet::listed(&[3]);
    let prefix = |id_prefix: &str| CreatedPage {
        id_prefix: id_prefix.to_owned(),
        ..created()
    };
    assert_eq!(
        ids(&fixture, &prefix("order")),
        ["order-1", "order-2", "order%_"]
    );
    assert_eq!(ids(&fixture, &prefix("order%")), ["order%_"]);
    assert_eq!(ids(&fixture, &prefix("zzz")), [""; 0]);
    assert_eq!(
        ids(
            &fixture,
            &CreatedPage {
                statuses: failed,
                ..prefix("order")
            }
        ),
        ["order-2", "order%_"]
    );
    // From is inclusive, to is exclusive.
    let range = CreatedPage {
        from_us: 200,
        to_us: 400,
        ..created()
    };
    assert_eq!(ids(&fixture, &range), ["order-2", "Order-3"]);
    assert_eq!(
        ids(
            &fixture,
            &CreatedPage {
                hub: 2,
                ..created()
            }
        ),
        [""; 0]
    );
}

/// By whatever index they are read, and in pages of three.
#[test]
fn pages_of_any_statuses_and_of_any_prefix_hold_what_matches() {
    let fixture = Fixture::new();
    let many = 3_100;
    let all: Vec<(String, i32)> = (0..many)
        .map(|at| match at % 100 {
            0..=7 => (format!("rare-{at:04}"), at % 100),
            _ => (format!("many-{at:04}"), 1),
        })
        .chain((0..3_010).map(|at| (format!("many-more-{at:04}"), at % 8)))
        .collect();
    let has_ended = |status: i32| !matches!(status, 0 | 6 | 7);
    fixture.writer.execute_batch("BEGIN").unwrap();
    for (at, (id, status)) in (0..).zip(&all) {
        fixture.add(&Instance {
            id: id.clone(),
            status: *status,
            created_at_us: at / 3,
            completed_at_us: has_ended(*status).then_some(at / 3),
            ..Instance::default()
        });
    }
    fixture.writer.execute_batch("COMMIT").unwrap();
    for mask in 0..=255_i64 {
        for prefix in ["", "rare-", "many-", "none"] {
            let expected = all
                .iter()
                .filter(|(id, status)| (mask >> status) & 1 == 1 && id.starts_with(prefix));
            let expected: Vec<&str> = expected.map(|(id, _)| id.as_str()).take(9).collect();
            let mut page = CreatedPage {
                statuses: StatusSet(mask),
                id_prefix: prefix.to_owned(),
                limit: 3,
                ..created()
            };
            let mut found = Vec::new();
            for _ in 0..3 {
                let rows = pages::created_page(&fixture.writer, &page).unwrap();
                assert!(rows.len() <= 3, "{mask} {prefix}");
                page.after = rows
                    .last()
                    .map(|row| (row.created_at_us, row.instance))
                    .or(page.after);
                found.extend(rows.into_iter().map(|row| row.id));
            }
            assert_eq!(found, expected, "{mask:#b} {prefix}");
        }
        let ended = all
            .iter()
            .filter(|(_, status)| has_ended(*status) && (mask >> status) & 1 == 1);
        let page = CompletedPage {
            statuses: StatusSet(mask),
            limit: 1_000_000,
            ..completed()
        };
        let found = pages::completed_page(&fixture.writer, &page).unwrap();
        assert_eq!(found.len(), ended.count(), "{mask:#b}");
    }
}

#[test]
fn ended_instances_are_listed_by_completion() {
    let fixture = Fixture::new();
    for (id, status, completed_at_us) in [
        ("c", 1, Some(300)),
        ("b", 3, Some(200)),
        ("a", 1, Some(200)),
        ("d", 0, None),
    ] {
        fixture.add(&Instance {
            id: id.to_owned(),
            status,
            completed_at_us,
            ..Instance::default()
        });
    }
    let list = |page: CompletedPage| -> Vec<String> {
        let rows = pages::completed_page(&fixture.writer, &page).unwrap();
        rows.into_iter().map(|(_, id)| id).collect()
    };
    assert_eq!(list(completed()), ["a", "b", "c"]);
    let after = Some((200, "a".to_owned()));
    assert_eq!(
        list(CompletedPage {
            after,
            ..completed()
        }),
        ["b", "c"]
    );
    assert_eq!(
        list(CompletedPage {
            to_us: 300,
            ..completed()
        }),
        ["a", "b"]
    );
    assert_eq!(
        list(CompletedPage {
            from_us: 300,
            ..completed()
        }),
        ["c"]
    );
    let statuses = StatusSet::listed(&[3]);
    assert_eq!(
        list(CompletedPage {
            statuses,
            ..completed()
        }),
        ["b"]
    );
    let at = |id| pages::completed_at(&fixture.writer, 1, id).unwrap();
    assert_eq!((at("c"), at("d"), at("x")), (Some(300), None, None));
}

#[test]
fn history_is_read_in_steps_of_whole_chunks() {
    let fixture = Fixture::new();
    let instance = fixture.add(&Instance::default());
    for chunk in 0..5 {
        fixture
            .writer
            .execute(
                "INSERT INTO history (instance, chunk, first_event, events, data)
                 VALUES (?1, ?2, 0, 1, zeroblob(100))",
                [instance, chunk],
            )
            .unwrap();
    }
    let step = |first, end, bytes| {
        let read = history::chunks(&fixture.writer, instance, first, end, bytes).unwrap();
        (read.chunks.len(), read.next)
    };
    assert_eq!(history::end(&fixture.writer, instance).unwrap(), 5);
    assert_eq!(step(0, 5, 1), (1, 1));
    assert_eq!(step(1, 5, 150), (2, 3));
    assert_eq!(step(3, 4, 1_000), (1, 4));
    assert_eq!(step(5, i64::MAX, 1_000), (0, 5));
}

#[test]
fn texts_keep_the_difference_between_absent_and_empty() {
    let fixture = Fixture::new();
    let instance = fixture.add(&Instance::default());
    for (kind, data) in [(1, "\"x\""), (3, "")] {
        fixture
            .writer
            .execute(
                "INSERT INTO payload (instance, kind, data) VALUES (?1, ?2, CAST(?3 AS BLOB))",
                rusqlite::params![instance, kind, data],
            )
            .unwrap();
    }
    let payloads = instances::payloads(&fixture.writer, instance).unwrap();
    assert_eq!(payloads.input.as_deref(), Some("\"x\""));
    assert_eq!(payloads.output, None);
    assert_eq!(payloads.custom_status.as_deref(), Some(""));
}
