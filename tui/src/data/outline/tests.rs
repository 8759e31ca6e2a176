//! Folds, searches and copies of an outline.

use super::*;

fn contents() -> Contents {
    let mut it = Contents::default();
    let text = r#"{"id":"item-1","deep":{"a":{"b":{"c":{"needle":[1,2]}}}},"empty":{},"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
    it.set(vec![
        Section {
            title: "input".to_owned(),
            note: " · 41 B".to_owned(),
            body: Body::Payload {
                text: text.to_owned(),
                is_cut: false,
            },
        },
        Section::facts("tags", vec![instance_fact("parent", "p-1")]),
        Section::text("failure", "one\ntwo", Ink::Bad),
    ]);
    it
}

fn shown(it: &Contents, folds: &Folds) -> Vec<String> {
    it.lines(folds, 40)
        .iter()
        .map(|line| {
            let text: String = it.pieces(line).into_iter().map(|(it, _)| it).collect();
            format!("{}{text}", " ".repeat(it.indent(line)))
        })
        .collect()
}

#[test]
fn deep_values_and_long_texts_begin_folded_and_unfold() {
    let it = contents();
    let lines = shown(&it, &Folds::new());
    assert!(
        lines.contains(&"          c: 1 member  {\"needle\":[1,2]}".to_owned()),
        "{lines:#?}"
    );
    assert!(lines.contains(&"    empty: {}".to_owned()));
    assert_eq!(lines.last().unwrap(), "  two");
    let long = ("input".to_owned(), "/long".to_owned());
    let lines = shown(&it, &Folds::from([(long, true)]));
    assert_eq!(
        lines.iter().filter(|it| it.contains("xxx")).count(),
        2,
        "{lines:#?}"
    );
    let head = ("input".to_owned(), String::new());
    assert_eq!(shown(&it, &Folds::from([(head, false)])).len(), 6);
}

#[test]
fn a_search_unfolds_what_is_around_the_hit_and_goes_around_the_end() {
    let it = contents();
    let mut folds = Folds::new();
    let start = (0, What::Head);
    let key = it.find("NEEDLE", start, true, &mut folds).unwrap();
    assert_eq!(key.1, "/deep/a/b/c/needle");
    assert!(it.lines(&folds, 40).iter().any(|line| it.key(line) == key));
    assert_eq!(
        it.find("needle", (2, What::Head), true, &mut folds),
        Some(key)
    );
    let back = it.find("p-1", start, false, &mut folds).unwrap();
    assert_eq!(back, ("tags".to_owned(), "=parent".to_owned()));
    assert_eq!(it.find("nowhere", start, true, &mut folds), None);
}

#[test]
fn copies_are_as_sent_and_strings_without_their_quotes() {
    let it = contents();
    let copy = |path: &str| {
        let lines = it.lines(&Folds::new(), 40);
        let line = lines.iter().find(|line| it.key(line).1 == path).unwrap();
        it.copy_of(line).unwrap()
    };
    assert_eq!(copy("/id"), ("input/id".to_owned(), "item-1".to_owned()));
    assert_eq!(copy("/empty").1, "{}");
    assert_eq!(copy("=parent").1, "p-1");
}
