//! The dashboard's window: what is shown first, and what is left out.

use crate::store::pages::StatusSet;
use crate::store::tests::Fixture;
use crate::store::tests::Instance;
use crate::store::window;
use crate::store::window::Filters;
use crate::store::window::Window;
use crate::store::window::WindowSort;

fn every(sort: WindowSort) -> Window {
    Window {
        hub: 1,
        text: String::new(),
        statuses: StatusSet::ANY,
        roots_only: false,
        sort,
        reverse: false,
        offset: 0,
        limit: 100,
        recent_us: 1_000,
        filters: Filters::default(),
    }
}

fn ids(fixture: &Fixture, window: &Window) -> String {
    let rows = window::rows(&fixture.writer, window).unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

/// One letter per instance: a and b failed (b long ago), c, d and e are unfinished, f and g done.
fn hub() -> Fixture {
    let fixture = Fixture::new();
    let rows = [
        ("a", "Zeta", 3, 100, 2_000, (5, 1, 4), 10),
        ("b", "Alpha", 3, 110, 500, (5, 5, 0), 20),
        ("c", "Order", 0, 120, 700, (9, 1, 1), 90),
        ("d", "Order", 7, 130, 600, (2, 1, 0), 30),
        ("e", "border", 6, 140, 900, (0, 0, 0), 0),
        ("f", "Beta", 1, 150, 1_500, (1, 1, 0), 40),
        ("g", "Beta", 1, 160, 1_600, (0, 0, 0), 50),
    ];
    for (id, name, status, created_at_us, updated_at_us, act, history_bytes) in rows {
        fixture.add(&Instance {
            id: id.to_owned(),
            name: name.to_owned(),
            status,
            created_at_us,
            updated_at_us,
            act,
            history_bytes,
            parent: (id == "g").then_some((1, "x")),
            ..Instance::default()
        });
    }
    fixture
}

#[test]
fn every_order_and_its_reverse() {
    let fixture = hub();
    let cases = [
        // Recently failed, unfinished by idle time, the rest from the newest.
        (WindowSort::Attention, "adcegfb"),
        (WindowSort::Created, "gfedcba"),
        (WindowSort::Updated, "agfecdb"),
        (WindowSort::Name, "bgfdcae"),
        (WindowSort::Id, "abcdefg"),
        (WindowSort::Status, "cgfbaed"),
        (WindowSort::Open, "cdgfeba"),
        (WindowSort::Failures, "acgfedb"),
        (WindowSort::History, "cgfdbae"),
    ];
    for (sort, expected) in cases {
        let window = every(sort);
        assert_eq!(ids(&fixture, &window), expected, "{sort:?}");
        let reversed: String = expected.chars().rev().collect();
        let window = Window {
            reverse: true,
            ..window
        };
        assert_eq!(ids(&fixture, &window), reversed, "{sort:?} reversed");
    }
}

#[test]
fn windows_side_by_side_show_every_row_once() {
    let fixture = hub();
    for sort in [
        WindowSort::Attention,
        WindowSort::Status,
        WindowSort::Failures,
    ] {
        for reverse in [false, true] {
            let all = Window {
                reverse,
                ..every(sort)
            };
            let pieces: String = (0..4)
                .map(|at| {
                    ids(
                        &fixture,
                        &Window {
                            offset: at * 2,
                            limit: 2,
                            ..all.clone()
                        },
                    )
                })
                .collect();
            assert_eq!(pieces, ids(&fixture, &all), "{sort:?} {reverse}");
        }
    }
}

#[test]
fn filters_apply_together_and_are_counted() {
    let fixture = hub();
    let cases = [
        ("text in the name", "order", StatusSet::ANY, false, "cde"),
        ("text in the id", "g", StatusSet::ANY, false, "g"),
        ("no pattern", "%", StatusSet::ANY, false, ""),
        ("status", "", StatusSet::listed(&[1, 3]), false, "abfg"),
        ("roots", "", StatusSet::listed(&[1]), true, "f"),
        ("all", "order", StatusSet::listed(&[0]), true, "c"),
    ];
    for (name, text, statuses, roots_only, expected) in cases {
        for sort in [WindowSort::Id, WindowSort::Attention] {
            let window = Window {
                text: text.to_owned(),
                statuses,
                roots_only,
                ..every(sort)
            };
            let mut shown: Vec<char> = ids(&fixture, &window).chars().collect();
            shown.sort_unstable();
            assert_eq!(
                shown.iter().collect::<String>(),
                expected,
                "{name} {sort:?}"
            );
            let matching = window::matching(&fixture.writer, &window).unwrap();
            assert_eq!(usize::try_from(matching).unwrap(), expected.len(), "{name}");
        }
    }
}

#[test]
fn orders_that_an_index_has_read_the_window_and_not_the_hub() {
    let fixture = hub();
    for sort in [
        WindowSort::Attention,
        WindowSort::Created,
        WindowSort::Updated,
    ] {
        let plan = window::plan(&fixture.writer, &every(sort)).join("\n");
        assert!(!plan.contains("SCAN instance\n"), "{sort:?}:\n{plan}");
        assert!(!plan.contains("LAST TERM"), "{sort:?}:\n{plan}");
        // The rows picked from the three ranges, a window's worth of each, are put in order.
        let sorted = if sort == WindowSort::Attention { 3 } else { 0 };
        assert!(
            plan.matches("USE TEMP B-TREE").count() <= sorted,
            "{sort:?}:\n{plan}"
        );
    }
}

/// The ids that a filter leaves, and whether the count agrees.
fn left(fixture: &Fixture, filters: &Filters) -> String {
    let mut shown = String::new();
    for sort in [WindowSort::Id, WindowSort::Attention] {
        let window = Window {
            filters: filters.clone(),
            ..every(sort)
        };
        let mut ids: Vec<char> = ids(fixture, &window).chars().collect();
        ids.sort_unstable();
        let matching = window::matching(&fixture.writer, &window).unwrap();
        assert_eq!(usize::try_from(matching).unwrap(), ids.len(), "{filters:?}");
        shown = ids.into_iter().collect();
    }
    shown
}

#[test]
fn patterns_times_and_amounts_leave_what_matches_all_of_them() {
    let fixture = hub();
    let name = |name: &str| Filters {
        name: name.to_owned(),
        ..Filters::default()
    };
    let cases = [
        (name("order"), "cd"),
        (name("*ORDER"), "cde"),
        (name("*a*"), "abfg"),
        (name("b**a"), "fg"),
        (name("*"), "abcdefg"),
        (
            Filters {
                id: "C".to_owned(),
                ..Filters::default()
            },
            "c",
        ),
        (
            Filters {
                created_from_us: Some(120),
                created_before_us: Some(150),
                ..Filters::default()
            },
            "cde",
        ),
        (
            Filters {
                updated_before_us: Some(700),
                ..Filters::default()
            },
            "bd",
        ),
        (
            Filters {
                history_bytes_min: Some(40),
                ..Filters::default()
            },
            "cfg",
        ),
        (
            Filters {
                failures_min: Some(2),
                ..name("*a")
            },
            "a",
        ),
    ];
    for (filters, expected) in cases {
        assert_eq!(left(&fixture, &filters), expected, "{filters:?}");
    }
}

#[test]
fn hostile_patterns_are_literal() {
    let fixture = Fixture::new();
    let names = [
        ("a", "50%_done"),
        ("b", "50x_done"),
        ("c", "50%xdone"),
        ("d", r"back\slash"),
        ("e", "'; DROP TABLE instance; --"),
        ("f", "Ünder_score"),
        ("g", "star*"),
    ];
    for (id, name) in names {
        fixture.add(&Instance {
            id: id.to_owned(),
            name: name.to_owned(),
            ..Instance::default()
        });
    }
    let cases = [
        ("50%_done", "a"),
        ("50%*", "ac"),
        ("%", ""),
        ("_", ""),
        ("*_*", "abf"),
        (r"back\slash", "d"),
        (r"*\*", "d"),
        (r"\", ""),
        (r"*\%*", ""),
        ("'; DROP TABLE instance; --", "e"),
        ("*'*", "e"),
        ("' OR 1 = 1 --", ""),
        ("ünder*", ""),
        ("Ünder*", "f"),
        ("star*", "g"),
        (&"*x".repeat(1_000), ""),
    ];
    for (pattern, expected) in cases {
        let filters = Filters {
            name: pattern.to_owned(),
            ..Filters::default()
        };
        assert_eq!(left(&fixture, &filters), expected, "{pattern:?}");
    }
}

#[test]
fn tags_are_compared_as_they_are() {
    let fixture = Fixture::new();
    let tagged = [
        ("a", r#"{"team":"red","x":"1"}"#),
        ("b", r#"{"team":"blue"}"#),
        ("c", r#"{"it's \"1\" = 1":"a%\\b","team":""}"#),
        ("d", "{}"),
    ];
    for (id, tags) in tagged {
        let key = fixture.add(&Instance {
            id: id.to_owned(),
            ..Instance::default()
        });
        let set = "UPDATE instance SET tags = ?1 WHERE instance = ?2";
        fixture
            .writer
            .execute(set, rusqlite::params![tags, key])
            .unwrap();
    }
    fixture.add(&Instance {
        id: "e".to_owned(),
        ..Instance::default()
    });
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[("team", "")], "abc"),
        (&[("team", "red")], "a"),
        (&[("team", "RED")], ""),
        (&[("team", "red"), ("x", "")], "a"),
        (&[("team", "red"), ("x", "2")], ""),
        (&[("it's \"1\" = 1", r"a%\b")], "c"),
        (&[("%", "")], ""),
        (&[("', '$') OR 1 = 1 --", "x")], ""),
    ];
    for (tags, expected) in cases {
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let filters = Filters {
            tags: tags.collect(),
            ..Filters::default()
        };
        assert_eq!(left(&fixture, &filters), expected, "{filters:?}");
    }
}
