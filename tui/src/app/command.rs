//! The command line that does what a dialog does, quoted so that a shell reads it as one.
//!
//! Ids and payloads come from users: whatever could end a quote, steer a terminal or hide
//! itself in a paste is written as an escape.

use std::borrow::Cow;

use crate::app::model::Settings;
use crate::text;

/// Ids that a line on screen shows; what is copied has all.
pub const SHOWN_IDS: usize = 8;

/// The address that the command uses when none is named.
const DEFAULT_URL: &str = "http://localhost:8080";
const DEFAULT_HUB: &str = "default";

/// A command line under construction.
#[derive(Clone, Debug)]
pub struct Line {
    words: Vec<String>,
    subjects: Vec<String>,
    cut: bool,
}

impl Line {
    /// `durascope` with a verb of one or more words.
    pub fn new(verb: &str) -> Self {
        Self {
            words: vec!["durascope".to_owned(), verb.to_owned()],
            subjects: Vec::new(),
            cut: false,
        }
    }

    /// Adds an id or a name.
    #[must_use]
    pub fn subject(mut self, text: &str) -> Self {
        self.subjects.push(text.to_owned());
        self
    }

    /// Adds ids, `shown` of them at most.
    #[must_use]
    pub fn subjects<'a>(mut self, ids: impl Iterator<Item = &'a str>, shown: usize) -> Self {
        for id in ids {
            if self.subjects.len() >= shown {
                self.cut = true;
                break;
            }
            self.subjects.push(id.to_owned());
        }
        self
    }

    /// Adds a flag without a value, if `on`.
    #[must_use]
    pub fn flag(mut self, name: &str, on: bool) -> Self {
        if on {
            self.words.push(name.to_owned());
        }
        self
    }

    /// Adds a flag with a value, if there is one.
    #[must_use]
    pub fn option(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            // A value that begins like a flag would be taken for one.
            if value.starts_with('-') {
                self.words.push(format!("{name}={}", quoted(value)));
            } else {
                self.words.push(format!("{name} {}", quoted(value)));
            }
        }
        self
    }

    /// The line, for the server and the task hub of `settings`.
    pub fn text(self, settings: &Settings) -> String {
        let url = (settings.url != DEFAULT_URL).then_some(settings.url.as_str());
        let hub = (settings.task_hub != DEFAULT_HUB).then_some(settings.task_hub.as_str());
        let mut it = self.option("--endpoint", url).option("--task-hub", hub);
        let verb = it.words.drain(..2).collect::<Vec<_>>();
        let mut subjects: Vec<String> = it.subjects.iter().map(|id| quoted(id).into()).collect();
        if it.cut {
            subjects.push("…".to_owned());
        }
        // Ids stand first, as people write them, unless one looks like a flag.
        let parts = if it.subjects.iter().any(|id| id.starts_with('-')) {
            subjects.insert(0, "--".to_owned());
            [verb, it.words, subjects].concat()
        } else {
            [verb, subjects, it.words].concat()
        };
        parts.join(" ")
    }
}

/// `text` as one word of a POSIX shell. Characters that cannot be seen become escapes, which
/// bash, zsh and ksh read.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let is_bare = |it: char| it.is_ascii_alphanumeric() || "_@%+=:,./-".contains(it);
    if !text.is_empty() && text.chars().all(is_bare) {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(is_invisible) {
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut out = String::from("$'");
    for it in text.chars() {
        match it {
            '\\' => out.push_str(r"\\"),
            '\'' => out.push_str(r"\'"),
            '\n' => out.push_str(r"\n"),
            '\t' => out.push_str(r"\t"),
            '\r' => out.push_str(r"\r"),
            _ if is_invisible(it) => {
                for byte in it.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
            _ => out.push(it),
        }
    }
    out.push('\'');
    Cow::Owned(out)
}

fn is_invisible(it: char) -> bool {
    it.is_control() || text::is_hidden(it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, hub: &str) -> Settings {
        Settings {
            url: url.to_owned(),
            task_hub: hub.to_owned(),
            ..Settings::default()
        }
    }

    #[test]
    fn words_are_quoted_only_where_a_shell_needs_it() {
        let rows = [
            ("order-17", "order-17"),
            ("@counter@global", "@counter@global"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("`x`;y&&z|w>v!", "'`x`;y&&z|w>v!'"),
            (r#"{"by":"sam"}"#, r#"'{"by":"sam"}'"#),
            ("~root", "'~root'"),
            ("*", "'*'"),
            ("a\nb", r"$'a\nb'"),
            ("\u{1b}[201~'\\", r"$'\x1b[201~\'\\'"),
            ("a\u{202e}b", r"$'a\xe2\x80\xaeb'"),
            ("\0", r"$'\x00'"),
            ("名前", "'名前'"),
        ];
        for (raw, word) in rows {
            assert_eq!(quoted(raw), word);
        }
    }

    #[test]
    fn ids_that_look_like_flags_cannot_be_taken_for_one() {
        let local = settings(DEFAULT_URL, DEFAULT_HUB);
        let line = Line::new("instances terminate")
            .subject("--all")
            .option("--reason", Some("-x y"))
            .flag("--recursive", true)
            .text(&local);
        assert_eq!(
            line,
            "durascope instances terminate --reason='-x y' --recursive -- --all"
        );
    }

    #[test]
    fn another_server_is_named_and_long_lists_are_cut() {
        let far = settings("https://example.org", "orders");
        let line = Line::new("instances purge")
            .subjects(["a", "b", "c"].into_iter(), 2)
            .text(&far);
        assert_eq!(
            line,
            "durascope instances purge a b … --endpoint https://example.org --task-hub orders"
        );
    }
}
