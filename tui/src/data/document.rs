//! A JSON text as a flat tree: every node keeps the text that it was sent as, so that numbers,
//! the order of keys and duplicates stay.

use std::ops::Range;

use crate::data::json;

/// Containers inside containers at most, as many as `serde_json` reads.
const DEPTH_MAX: usize = 128;
/// Characters of a folded container that are shown.
const GLANCE: usize = 200;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false`, `null`.
    Word,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    /// Containers around it.
    pub depth: usize,
    /// Its key with the quotes; empty for elements and the root.
    key: Range<usize>,
    /// Position among its siblings.
    pub at: usize,
    text: Range<usize>,
    parent: Option<usize>,
    /// Index of the first node after it that is not inside it.
    pub end: usize,
    /// Values directly inside it.
    pub children: usize,
}

impl Node {
    /// True for objects and arrays.
    pub fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Array)
    }
}

/// The text and its nodes, parents before children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    text: String,
    nodes: Vec<Node>,
}

impl Document {
    /// Reads `text`; nothing when it is not JSON. Of a text that was cut, what is there of it.
    pub fn parse(text: &str, is_cut: bool) -> Option<Self> {
        if is_cut && !text.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        if !is_cut && json::error_in(text).is_some() {
            return None;
        }
        let nodes = Reader::default().read(text);
        (!nodes.is_empty()).then(|| Self {
            text: text.to_owned(),
            nodes,
        })
    }

    /// The text as it was sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All values, the root first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The text of `node` as it was sent.
    pub fn text_of(&self, node: &Node) -> &str {
        self.text.get(node.text.clone()).unwrap_or_default()
    }

    /// The text of `node` for people: strings without quotes and escapes.
    pub fn value_of(&self, node: &Node) -> String {
        unquoted(self.text_of(node))
    }

    /// The start of the text of `node` on one line.
    pub fn glance(&self, node: &Node) -> String {
        let start: String = self.text_of(node).chars().take(GLANCE).collect();
        start.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The key of a member, or the position of an element; empty for the root.
    pub fn name_of(&self, node: &Node) -> String {
        if node.parent.is_none() {
            return String::new();
        }
        match self.text.get(node.key.clone()) {
            Some(key) if !key.is_empty() => unquoted(key),
            _ => node.at.to_string(),
        }
    }

    /// The container around `node`.
    pub fn around(&self, node: &Node) -> Option<&Node> {
        self.nodes.get(node.parent?)
    }

    /// From the root to the node at `index`, like `/items/3/id`; empty for the root.
    pub fn path_of(&self, index: usize) -> String {
        let mut names = Vec::new();
        let mut next = self.nodes.get(index);
        while let Some(node) = next {
            let Some(parent) = node.parent else { break };
            names.push(self.name_of(node));
            next = self.nodes.get(parent);
        }
        names.iter().rev().map(|it| format!("/{it}")).collect()
    }
}

fn unquoted(text: &str) -> String {
    if !text.starts_with('"') {
        return text.to_owned();
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned())
}

#[derive(Default)]
struct Reader {
    nodes: Vec<Node>,
    open: Vec<usize>,
    key: Option<Range<usize>>,
}

impl Reader {
    fn read(mut self, text: &str) -> Vec<Node> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let before = at;
            match byte {
                b'{' | b'[' => {
                    if self.open.len() == DEPTH_MAX {
                        break;
                    }
                    let kind = if *byte == b'{' {
                        Kind::Object
                    } else {
                        Kind::Array
                    };
                    let index = self.push(kind, at..text.len());
                    self.open.push(index);
                    at += 1;
                }
                b'}' | b']' => {
                    at += 1;
                    self.key = None;
                    let Some(index) = self.open.pop() else { break };
                    self.nodes[index].text.end = at;
                    self.nodes[index].end = self.nodes.len();
                }
                b'"' => {
                    let end = string_end(bytes, at);
                    if self.key.is_none() && self.is_in_object() {
                        self.key = Some(at..end);
                    } else {
                        self.push(Kind::String, at..end);
                    }
                    at = end;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => at += 1,
                _ => {
                    let end = bytes[at..]
                        .iter()
                        .position(|it| matches!(it, b',' | b'}' | b']' | b':' | b'"'))
                        .map_or(text.len(), |it| at + it);
                    let value = text.get(at..end).unwrap_or_default().trim_end();
                    let kind = if value.starts_with(|it: char| it == '-' || it.is_ascii_digit()) {
                        Kind::Number
                    } else {
                        Kind::Word
                    };
                    let value_end = at + value.len();
                    self.push(kind, at..value_end);
                    at = end;
                }
            }
            if at == before || (self.open.is_empty() && !self.nodes.is_empty()) {
                break;
            }
        }
        let count = self.nodes.len();
        for index in self.open {
            self.nodes[index].end = count;
        }
        self.nodes
    }

    fn is_in_object(&self) -> bool {
        let parent = self.open.last().and_then(|it| self.nodes.get(*it));
        parent.is_some_and(|it| it.kind == Kind::Object)
    }

    fn push(&mut self, kind: Kind, text: Range<usize>) -> usize {
        let index = self.nodes.len();
        let parent = self.open.last().copied();
        let mut at = 0;
        if let Some(parent) = parent.and_then(|it| self.nodes.get_mut(it)) {
            at = parent.children;
            parent.children += 1;
        }
        self.nodes.push(Node {
            kind,
            depth: self.open.len(),
            key: self.key.take().unwrap_or_default(),
            at,
            text,
            parent,
            end: index + 1,
            children: 0,
        });
        index
    }
}

/// Where the string that begins at `start` ends, its quote included.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_keep_their_text_their_order_and_their_places() {
        let text = r#" {"b":1.50000000000000000001,"a":[ ],"s":"x\",{ y","n":{"k":[1, -2e9 ,null]},"b":true} "#;
        let it = Document::parse(text, false).unwrap();
        let seen: Vec<_> = (0..it.nodes().len())
            .map(|at| (it.path_of(at), it.glance(&it.nodes()[at])))
            .collect();
        let expected = [
            ("", text.trim()),
            ("/b", "1.50000000000000000001"),
            ("/a", "[ ]"),
            ("/s", r#""x\",{ y""#),
            ("/n", r#"{"k":[1, -2e9 ,null]}"#),
            ("/n/k", "[1, -2e9 ,null]"),
            ("/n/k/0", "1"),
            ("/n/k/1", "-2e9"),
            ("/n/k/2", "null"),
            ("/b", "true"),
        ];
        let seen: Vec<_> = seen
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        assert_eq!(seen, expected);
        assert_eq!(it.value_of(&it.nodes()[3]), "x\",{ y");
        assert_eq!((it.nodes()[4].end, it.nodes()[0].end), (9, 10));
        assert_eq!(it.nodes()[0].children, 5);
    }

    #[test]
    fn of_a_cut_text_what_is_there_is_read_and_of_other_text_nothing() {
        let whole = r#"{"a":[1,{"k":"é\""}],"b":"text","c":{"d":[true,{}]}}"#;
        for (end, _) in whole.char_indices().skip(1) {
            let it = Document::parse(&whole[..end], true).unwrap();
            assert!(it.nodes().iter().all(|node| node.end <= it.nodes().len()));
        }
        for odd in ["{]}}}", "[\"\\é", "{\"a\" \"b\" \"c\"", "{:::", "[}{"] {
            assert!(Document::parse(odd, true).is_some());
            assert_eq!(Document::parse(odd, false), None);
        }
        assert_eq!(Document::parse("plain text", true), None);
        assert!(
            Document::parse(&"[".repeat(100_000), true)
                .unwrap()
                .nodes()
                .len()
                <= DEPTH_MAX
        );
    }
}
