//! Facts, payloads and errors as one list of lines that fold: what is in it, how it is laid out,
//! and where a word occurs. A position is told by names, so that it survives new data.

use std::collections::BTreeMap;

use crate::data::document::Document;
use crate::data::document::Kind;
use crate::data::document::Node;
use crate::text;

/// Lines of one text at most; payloads are cut at 64 KiB by the server already.
const TEXT_LINES_MAX: usize = 5_000;
/// Containers with more values than this, those inside them, and deeper ones begin folded.
const OPEN_VALUES_MAX: usize = 50;
const OPEN_DEPTH_MAX: usize = 3;

/// How a piece of a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Head,
    Plain,
    Dim,
    Bad,
    Key,
    String,
    Number,
    Word,
    /// Names an instance that can be opened.
    Link,
}

/// A name and a value on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    pub name: String,
    pub value: String,
    /// The instance that it names.
    pub opens: Option<String>,
}

/// What a section holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Facts(Vec<Fact>),
    /// JSON as a tree, or text when it is none.
    Payload {
        text: String,
        is_cut: bool,
    },
    Text {
        text: String,
        ink: Ink,
    },
}

/// One part under its own title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    /// Beside the title.
    pub note: String,
    pub body: Body,
}

impl Section {
    /// A section of facts.
    pub fn facts(title: impl Into<String>, facts: Vec<Fact>) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            body: Body::Facts(facts),
        }
    }

    /// A section of text.
    pub fn text(title: impl Into<String>, text: impl Into<String>, ink: Ink) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            body: Body::Text {
                text: text.into(),
                ink,
            },
        }
    }
}

/// A fact without an instance.
pub fn fact(name: impl Into<String>, value: impl Into<String>) -> Fact {
    Fact {
        name: name.into(),
        value: value.into(),
        opens: None,
    }
}

/// A fact whose value is an instance.
pub fn instance_fact(name: impl Into<String>, id: impl Into<String>) -> Fact {
    let value = id.into();
    Fact {
        name: name.into(),
        opens: Some(value.clone()),
        value,
    }
}

/// What a line is about, in the order of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Head,
    Fact(usize),
    /// A value, or from 1 a line of its long text.
    Node(usize, usize),
    Text(usize),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub section: usize,
    pub what: What,
    /// Absent where there is nothing to fold.
    pub unfolded: Option<bool>,
    /// Text of lines that were cut out of a longer one.
    text: String,
}

/// Where a line is, by names.
pub type Key = (String, String);
/// What the user has folded and unfolded.
pub type Folds = BTreeMap<Key, bool>;

/// The sections with their JSON read.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    sections: Vec<Section>,
    documents: Vec<Option<Document>>,
}

impl Contents {
    /// Takes new sections; answers whether anything is different. Unchanged JSON is not read again.
    pub fn set(&mut self, sections: Vec<Section>) -> bool {
        if sections == self.sections {
            return false;
        }
        let mut old: Vec<_> = std::mem::take(&mut self.documents);
        self.documents = sections
            .iter()
            .enumerate()
            .map(|(at, it)| {
                if self.sections.get(at) == Some(it) {
                    return old.get_mut(at).and_then(Option::take);
                }
                match &it.body {
                    Body::Payload { text, is_cut } => Document::parse(text, *is_cut),
                    _ => None,
                }
            })
            .collect();
        self.sections = sections;
        true
    }

    /// The sections.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    fn document(&self, section: usize) -> Option<&Document> {
        self.documents.get(section)?.as_ref()
    }

    fn node(&self, section: usize, node: usize) -> Option<(&Document, &Node)> {
        let document = self.document(section)?;
        Some((document, document.nodes().get(node)?))
    }

    /// The lines that are not inside something folded, texts wrapped to `columns`.
    pub fn lines(&self, folds: &Folds, columns: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, section) in self.sections.iter().enumerate() {
            let is_open = folds.get(&(section.title.clone(), String::new()));
            let is_open = is_open.copied().unwrap_or(true);
            lines.push(Line {
                section: at,
                what: What::Head,
                unfolded: Some(is_open),
                text: String::new(),
            });
            if is_open {
                self.body_lines(&mut lines, at, folds, columns);
            }
        }
        lines
    }

    fn body_lines(&self, lines: &mut Vec<Line>, at: usize, folds: &Folds, columns: usize) {
        let plain = |what| Line {
            section: at,
            what,
            unfolded: None,
            text: String::new(),
        };
        match &self.sections[at].body {
            Body::Facts(facts) => {
                lines.extend((0..facts.len()).map(|it| plain(What::Fact(it))));
            }
            Body::Text { text, .. } => text_lines(lines, at, text, columns),
            Body::Payload { text, .. } => match self.document(at) {
                Some(document) => self.node_lines(lines, at, document, folds, columns),
                None => text_lines(lines, at, text, columns),
            },
        }
    }

    fn node_lines(
        &self,
        lines: &mut Vec<Line>,
        at: usize,
        document: &Document,
        folds: &Folds,
        columns: usize,
    ) {
        let title = &self.sections[at].title;
        let mut index = 0;
        while let Some(node) = document.nodes().get(index) {
            // The sign of the fold has a column of its own.
            let room = columns.saturating_sub(indent(node) + 3);
            let is_long = node.kind == Kind::String
                && text::width(document.text_of(node)) + document.name_of(node).len() + 2 > room;
            let can_fold = is_long || (node.is_container() && node.children > 0);
            let unfolded = can_fold.then(|| {
                let key = (title.clone(), path(document, index));
                folds.get(&key).copied().unwrap_or_else(|| {
                    let is_few = |it: &Node| it.children <= OPEN_VALUES_MAX;
                    let siblings = document.around(node).is_none_or(is_few);
                    let is_small = is_few(node) && siblings && node.depth <= OPEN_DEPTH_MAX;
                    node.is_container() && (node.depth == 0 || is_small)
                })
            });
            lines.push(Line {
                section: at,
                what: What::Node(index, 0),
                unfolded,
                text: String::new(),
            });
            if unfolded == Some(true) && is_long {
                let value = document.value_of(node);
                let wrapped = text::wrap(&value, room.max(8), TEXT_LINES_MAX);
                lines.extend(wrapped.into_iter().enumerate().map(|(line, text)| Line {
                    section: at,
                    what: What::Node(index, line + 1),
                    unfolded: None,
                    text,
                }));
            }
            index = if unfolded == Some(false) {
                node.end
            } else {
                index + 1
            };
        }
    }

    /// Where `line` is, by names.
    pub fn key(&self, line: &Line) -> Key {
        self.key_of(line.section, line.what)
    }

    fn key_of(&self, section: usize, what: What) -> Key {
        let Some(it) = self.sections.get(section) else {
            return Key::default();
        };
        let place = match (what, &it.body) {
            (What::Fact(at), Body::Facts(facts)) => {
                format!("={}", facts.get(at).map_or("", |it| it.name.as_str()))
            }
            (What::Node(at, line), _) => {
                let path = self
                    .document(section)
                    .map_or_else(String::new, |it| path(it, at));
                if line == 0 {
                    path
                } else {
                    format!("{path}~{line}")
                }
            }
            (What::Text(at), _) => format!("~{at}"),
            _ => String::new(),
        };
        (it.title.clone(), place)
    }

    /// Columns before the text of `line`.
    pub fn indent(&self, line: &Line) -> usize {
        match line.what {
            What::Head => 0,
            What::Fact(_) | What::Text(_) => 2,
            What::Node(at, 0) => self.node(line.section, at).map_or(0, |(_, it)| indent(it)),
            What::Node(at, _) => self.node(line.section, at).map_or(0, |(_, it)| indent(it)) + 2,
        }
    }

    /// The pieces of `line`, from left to right.
    pub fn pieces(&self, line: &Line) -> Vec<(String, Ink)> {
        let Some(section) = self.sections.get(line.section) else {
            return Vec::new();
        };
        match (line.what, &section.body) {
            (What::Head, _) => vec![
                (section.title.clone(), Ink::Head),
                (section.note.clone(), Ink::Dim),
            ],
            (What::Fact(at), Body::Facts(facts)) => facts.get(at).map_or_else(Vec::new, |it| {
                let ink = if it.opens.is_some() {
                    Ink::Link
                } else {
                    Ink::Plain
                };
                vec![
                    (format!("{:<14} ", it.name), Ink::Dim),
                    (it.value.clone(), ink),
                ]
            }),
            (What::Node(at, 0), _) => match self.node(line.section, at) {
                Some((document, node)) => node_pieces(document, node, line.unfolded),
                None => Vec::new(),
            },
            (What::Node(..), _) => vec![(line.text.clone(), Ink::String)],
            (_, Body::Text { ink, .. }) => vec![(line.text.clone(), *ink)],
            _ => vec![(line.text.clone(), Ink::Plain)],
        }
    }

    /// What a copy of `line` is: its name, and the text as it was sent.
    pub fn copy_of(&self, line: &Line) -> Option<(String, String)> {
        let section = self.sections.get(line.section)?;
        Some(match (line.what, &section.body) {
            (What::Fact(at), Body::Facts(facts)) => {
                let it = facts.get(at)?;
                (it.name.clone(), it.value.clone())
            }
            (What::Head, Body::Facts(facts)) => {
                let lines: Vec<_> = facts
                    .iter()
                    .map(|it| format!("{}: {}", it.name, it.value))
                    .collect();
                (section.title.clone(), lines.join("\n"))
            }
            (What::Node(at, _), _) => {
                let (document, node) = self.node(line.section, at)?;
                let name = format!("{}{}", section.title, path(document, at));
                let text = if node.is_container() {
                    document.text_of(node).to_owned()
                } else {
                    document.value_of(node)
                };
                (name, text)
            }
            (_, Body::Text { text, .. } | Body::Payload { text, .. }) => {
                (section.title.clone(), text.clone())
            }
            _ => return None,
        })
    }

    /// The whole section of `line`: its title, and the text as it was sent.
    pub fn whole(&self, line: &Line) -> Option<(String, String)> {
        let head = Line {
            section: line.section,
            what: What::Head,
            unfolded: None,
            text: String::new(),
        };
        self.copy_of(&head)
    }

    /// The instance that `line` names.
    pub fn opens(&self, line: &Line) -> Option<&str> {
        match (line.what, &self.sections.get(line.section)?.body) {
            (What::Fact(at), Body::Facts(facts)) => facts.get(at)?.opens.as_deref(),
            _ => None,
        }
    }

    /// The next place after `from` that has `wanted` in it, around the end, folded or not.
    /// Unfolds what is around it in `folds`.
    pub fn find(
        &self,
        wanted: &str,
        from: (usize, What),
        forward: bool,
        folds: &mut Folds,
    ) -> Option<Key> {
        let wanted = wanted.to_lowercase();
        let mut hits: Vec<(usize, What)> = (0..self.sections.len())
            .flat_map(|at| self.hits(at, &wanted))
            .collect();
        hits.sort_unstable();
        let (section, what) = if forward {
            hits.iter().find(|it| **it > from).or(hits.first())
        } else {
            hits.iter().rev().find(|it| **it < from).or(hits.last())
        }
        .copied()?;
        if what != What::Head {
            folds.insert(self.key_of(section, What::Head), true);
        }
        if let (What::Node(node, _), Some(document)) = (what, self.document(section)) {
            for (at, around) in document.nodes().iter().enumerate().take(node) {
                if around.end > node && around.is_container() {
                    folds.insert(self.key_of(section, What::Node(at, 0)), true);
                }
            }
        }
        Some(self.key_of(section, what))
    }

    fn hits(&self, at: usize, wanted: &str) -> Vec<(usize, What)> {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        let section = &self.sections[at];
        let mut hits = Vec::new();
        if has(&section.title) {
            hits.push((at, What::Head));
        }
        match (&section.body, self.document(at)) {
            (Body::Facts(facts), _) => {
                let found = facts.iter().enumerate();
                let found = found.filter(|(_, it)| has(&it.name) || has(&it.value));
                hits.extend(found.map(|(index, _)| (at, What::Fact(index))));
            }
            (_, Some(document)) => {
                let found = document.nodes().iter().enumerate().filter(|(_, it)| {
                    has(&document.name_of(it))
                        || (!it.is_container() && has(&document.value_of(it)))
                });
                hits.extend(found.map(|(index, _)| (at, What::Node(index, 0))));
            }
            // Wrapped lines depend on the width: the text as a whole is the place.
            (Body::Text { text, .. } | Body::Payload { text, .. }, None) => {
                if has(text) && hits.is_empty() {
                    hits.push((at, What::Head));
                }
            }
        }
        hits
    }
}

fn text_lines(lines: &mut Vec<Line>, section: usize, text: &str, columns: usize) {
    let wrapped = text::wrap(text, columns.saturating_sub(3).max(8), TEXT_LINES_MAX);
    lines.extend(wrapped.into_iter().enumerate().map(|(at, text)| Line {
        section,
        what: What::Text(at),
        unfolded: None,
        text,
    }));
}

/// The root has a path of its own, as the empty one is the section's.
fn path(document: &Document, index: usize) -> String {
    if index == 0 {
        return "/".to_owned();
    }
    document.path_of(index)
}

fn indent(node: &Node) -> usize {
    2 + 2 * node.depth
}

fn node_pieces(document: &Document, node: &Node, unfolded: Option<bool>) -> Vec<(String, Ink)> {
    let mut pieces = Vec::new();
    let name = document.name_of(node);
    if !name.is_empty() || node.depth > 0 {
        pieces.push((format!("{name}: "), Ink::Key));
    }
    let count = |word: &str| {
        let many = if node.children == 1 { "" } else { "s" };
        format!("{} {word}{many}", node.children)
    };
    let count = match node.kind {
        Kind::Object => count("member"),
        Kind::Array => count("element"),
        _ => String::new(),
    };
    match (node.kind, unfolded) {
        (Kind::Object | Kind::Array, Some(true)) => pieces.push((count, Ink::Dim)),
        (Kind::Object | Kind::Array, Some(false)) => {
            pieces.push((format!("{count}  "), Ink::Dim));
            pieces.push((document.glance(node), Ink::Plain));
        }
        (Kind::Object, None) => pieces.push(("{}".to_owned(), Ink::Dim)),
        (Kind::Array, None) => pieces.push(("[]".to_owned(), Ink::Dim)),
        (Kind::String, Some(true)) => pieces.push((
            format!(
                "text, {} characters",
                document.value_of(node).chars().count()
            ),
            Ink::Dim,
        )),
        (Kind::String, _) => pieces.push((document.glance(node), Ink::String)),
        (Kind::Number, _) => pieces.push((document.glance(node), Ink::Number)),
        (Kind::Word, _) => pieces.push((document.glance(node), Ink::Word)),
    }
    pieces
}

#[cfg(test)]
mod tests {
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
}
