//! What is typed, and what it asks for.

use super::*;

const NOW: Micros = 1_732_471_471 * SECOND;

fn parsed(typed: &str) -> Filter {
    Filter::parse(typed).unwrap()
}

fn refused(typed: &str) -> String {
    Filter::parse(typed).unwrap_err()
}

#[test]
fn words_and_statuses_are_told_apart() {
    let filter = parsed("  order 17 status:failed,pend status:failed ");
    assert_eq!(filter.text, "order 17");
    assert_eq!(
        filter.statuses,
        [OrchestrationStatus::Failed, OrchestrationStatus::Pending]
    );
    assert!(parsed("status:").is_empty());
    assert!(refused("status:blue").contains("no status “blue”"));
}

#[test]
fn conditions_become_fields_of_the_window() {
    let filter = parsed(
        "name:Order* id:chk-* age>5m age<1h idle>10m hist>1MB failed>0 tag:team=red \
         tag:urgent roots:no",
    );
    let window = filter.window(NOW, true);
    assert_eq!(
        (window.name.as_str(), window.id.as_str()),
        ("Order*", "chk-*")
    );
    let ago = |at: Option<prost_types::Timestamp>| {
        (NOW - durascope_proto::time::to_micros(&at.unwrap())) / SECOND
    };
    // Of a twentieth of the time, so that the list stays the same for a while.
    assert!((300..315).contains(&ago(window.created_before)));
    assert!((3_600..3_780).contains(&ago(window.created_after)));
    assert!((600..630).contains(&ago(window.updated_before)));
    assert_eq!(window.history_bytes_min, 1_000_001);
    assert_eq!(window.failures_min, 1);
    assert_eq!(window.tags["team"], "red");
    assert_eq!(window.tags["urgent"], "");
    assert!(!window.roots_only && window.text.is_empty());
    assert!(parsed("x").window(NOW, true).roots_only);
    assert!(parsed("roots:yes").window(NOW, false).roots_only);
    assert_eq!(filter.needs_feed(), Some("hist and failed"));
}

#[test]
fn units_are_those_that_people_write() {
    for (typed, seconds) in [
        ("age>90", 90),
        ("age>90s", 90),
        ("age>1h30m", 5_400),
        ("age>2d", 172_800),
        ("age>1w", 604_800),
    ] {
        assert_eq!(parsed(typed).age_min, Some(seconds * SECOND), "{typed}");
    }
    for (typed, bytes) in [
        ("hist>=512", 512),
        ("hist>=1kb", 1_000),
        ("hist>=1.5MB", 1_500_000),
        ("hist>=1MiB", 1_048_576),
    ] {
        assert_eq!(parsed(typed).history_min, bytes, "{typed}");
    }
    assert_eq!(parsed("failed>=3").failures_min, 3);
}

#[test]
fn errors_name_the_word_and_what_is_allowed() {
    for (typed, said) in [
        ("status:faild", "did you mean “failed”?"),
        ("stauts:failed", "no field “stauts”; did you mean “status”?"),
        ("age:5m", "“age” is compared with > or <, like age>5m"),
        ("idle<5m", "“idle” is compared with >, like idle>10m"),
        ("name>x", "“name” takes a :, like name:Order*"),
        (
            "age>soon",
            "“soon” in “age>soon” is no time, like 90s, 5m, 2h or 3d",
        ),
        ("age>-5m", "is no time"),
        (
            "hist>big",
            "“big” in “hist>big” is no size, like 500kB or 2MB",
        ),
        ("failed>some", "“some” in “failed>some” is no number"),
        ("tag:=x", "“tag:=x” needs a tag"),
        ("roots:maybe", "neither roots:yes nor roots:no"),
        (
            "colour>3",
            "no field “colour”; there are status, name, id, age",
        ),
    ] {
        let error = refused(typed);
        assert!(error.contains(said), "{typed}: {error}");
    }
}

#[test]
fn ids_with_colons_are_words() {
    for id in ["dev-0016:3", "order:5", "urn:x:y"] {
        assert_eq!(parsed(id).text, id);
    }
}

#[test]
fn the_passing_of_time_is_no_other_list() {
    let filter = parsed("age>5m");
    let now = filter.window(NOW, true);
    let later = filter.window(NOW + 60 * SECOND, true);
    assert!(now != later && is_same_list(&now, &later));
    assert!(!is_same_list(&now, &parsed("idle>5m").window(NOW, true)));
    assert_eq!(filter.window(NOW - NOW % (15 * SECOND), true), now);
}
