//! What a line of an outline says, and what a copy of it is.

use crate::data::document::Document;
use crate::data::document::Kind;
use crate::data::document::Node;
use crate::data::outline::contents::Contents;
use crate::data::outline::contents::Line;
use crate::data::outline::contents::What;
use crate::data::outline::contents::path;
use crate::data::outline::section::Body;
use crate::data::outline::section::Ink;

impl Contents {
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
