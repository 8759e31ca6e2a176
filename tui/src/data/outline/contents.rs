//! The lines of an outline: laid out, folded, and told by names.

use std::collections::BTreeMap;

use crate::data::document::Document;
use crate::data::document::Kind;
use crate::data::document::Node;
use crate::data::outline::section::Body;
use crate::data::outline::section::Section;
use crate::text;

/// Lines of one text at most; payloads are cut at 64 KiB by the server already.
const TEXT_LINES_MAX: usize = 5_000;
/// Containers with more values than this, those inside them, and deeper ones begin folded.
const OPEN_VALUES_MAX: usize = 50;
const OPEN_DEPTH_MAX: usize = 3;

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
    pub(super) text: String,
}

/// Where a line is, by names.
pub type Key = (String, String);
/// What the user has folded and unfolded.
pub type Folds = BTreeMap<Key, bool>;

/// The sections with their JSON read.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub(super) sections: Vec<Section>,
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

    pub(super) fn document(&self, section: usize) -> Option<&Document> {
        self.documents.get(section)?.as_ref()
    }

    pub(super) fn node(&self, section: usize, node: usize) -> Option<(&Document, &Node)> {
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

    pub(super) fn key_of(&self, section: usize, what: What) -> Key {
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
pub(super) fn path(document: &Document, index: usize) -> String {
    if index == 0 {
        return "/".to_owned();
    }
    document.path_of(index)
}

fn indent(node: &Node) -> usize {
    2 + 2 * node.depth
}
