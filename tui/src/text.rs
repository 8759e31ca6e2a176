//! Untrusted text made safe, measured and cut: the only way for text to reach the screen.
//!
//! Ids, payloads and error messages come from users. Whatever could steer a terminal or
//! make one text look like another is replaced by a visible escape, never dropped, so that
//! a spoofed id looks wrong.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Combining marks that one base character may carry; more are a smear over other rows.
const COMBINING_MAX: usize = 4;

/// Text that holds nothing but visible characters. Widgets accept no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clean<'a>(Cow<'a, str>);

impl<'a> Clean<'a> {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Columns it takes on the screen.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// Without borrowing from what it was made of.
    pub fn into_owned(self) -> Clean<'static> {
        Clean(Cow::Owned(self.0.into_owned()))
    }

    /// At most `columns` wide; a cut shows as an ellipsis at the end.
    pub fn fit(&self, columns: usize, ellipsis: &str) -> Clean<'static> {
        if self.width() <= columns {
            return self.clone().into_owned();
        }
        let room = columns.saturating_sub(ellipsis.width());
        let mut out = take_columns(self.0.graphemes(true), room);
        if columns >= ellipsis.width() {
            out.push_str(ellipsis);
        }
        Clean(Cow::Owned(out))
    }

    /// At most `columns` wide; a cut leaves both ends, as ids differ at either.
    pub fn fit_middle(&self, columns: usize, ellipsis: &str) -> Clean<'static> {
        if self.width() <= columns || columns < 6 {
            return self.fit(columns, ellipsis);
        }
        let room = columns - ellipsis.width();
        let mut out = take_columns(self.0.graphemes(true), room - room / 2);
        out.push_str(ellipsis);
        let tail = take_columns(self.0.graphemes(true).rev(), room / 2);
        out.extend(tail.graphemes(true).rev());
        Clean(Cow::Owned(out))
    }
}

/// Columns of an id of machine and process among other text.
const SHORT_ID: usize = 22;

/// An id that stands among other text: a long one without its middle.
pub fn short_id(id: &str) -> String {
    Clean::from(id).fit_middle(SHORT_ID, "…").0.into_owned()
}

fn take_columns<'t>(graphemes: impl Iterator<Item = &'t str>, columns: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    for grapheme in graphemes {
        used += grapheme.width();
        if used > columns {
            break;
        }
        out.push_str(grapheme);
    }
    out
}

impl<'a> From<&'a str> for Clean<'a> {
    fn from(text: &'a str) -> Self {
        Self(visible(text))
    }
}

impl<'a> From<&'a String> for Clean<'a> {
    fn from(text: &'a String) -> Self {
        Self(visible(text))
    }
}

impl From<String> for Clean<'_> {
    fn from(text: String) -> Self {
        if text.chars().all(is_plain) {
            return Self(Cow::Owned(text));
        }
        Self(Cow::Owned(visible(&text).into_owned()))
    }
}

/// `text` with everything invisible or steering replaced by an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    for it in text.chars() {
        if is_combining(it) {
            marks += 1;
            if marks > COMBINING_MAX {
                continue;
            }
        } else {
            marks = 0;
        }
        push_visible(&mut out, it);
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, it: char) {
    match it {
        '\n' => out.push('⏎'),
        '\t' => out.push_str("  "),
        '\0'..='\x1f' => {
            out.push('^');
            out.push(char::from_u32(u32::from(it) + 0x40).unwrap_or('?'));
        }
        '\x7f'..='\u{9f}' => out.push_str(&format!("\\x{:02x}", u32::from(it))),
        _ if is_hidden(it) => out.push_str(&format!("<U+{:04X}>", u32::from(it))),
        _ => out.push(it),
    }
}

fn is_plain(it: char) -> bool {
    matches!(it, ' '..='~') || (it > '\u{9f}' && !is_hidden(it) && !is_combining(it))
}

/// Characters without a shape of their own: direction controls, zero width, tags, fillers.
pub fn is_hidden(it: char) -> bool {
    matches!(
        it,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

fn is_combining(it: char) -> bool {
    matches!(
        it,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    ) || (it > '\u{9f}' && unicode_width::UnicodeWidthChar::width(it) == Some(0))
}

/// Cuts text into lines of at most `columns`, at line ends and then by width.
///
/// At most `lines_max` lines; a last line says when there are more.
pub fn wrap(text: &str, columns: usize, lines_max: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for raw in text.lines() {
        let clean = visible(raw.trim_end_matches('\r'));
        let mut line = String::new();
        let mut used = 0;
        for grapheme in clean.graphemes(true) {
            let width = grapheme.width();
            if used + width > columns && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if lines.len() >= lines_max {
                lines.push("… (cut)".to_owned());
                return lines;
            }
            line.push_str(grapheme);
            used += width;
        }
        lines.push(line);
    }
    lines
}

/// Cuts a sentence into lines of at most `columns`, between words where it can.
///
/// At most `lines_max` lines; what is left is lost.
pub fn wrap_words(text: &str, columns: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = visible(word);
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.extend(wrap(&word, columns, lines_max)),
        }
    }
    lines.truncate(lines_max);
    lines
}

/// Columns that `text` takes on the screen.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `value` as a screen coordinate; what is beyond any screen is its edge.
pub fn cells(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_cut_between_words_and_long_words_anywhere() {
        let rows: [(&str, usize, &[&str]); 4] = [
            ("a bc  def", 4, &["a bc", "def"]),
            ("a bcdefg h", 4, &["a", "bcde", "fg h"]),
            ("one\ntwo\x1b", 20, &["one two^["]),
            ("a b c d", 1, &["a", "b", "c"]),
        ];
        for (text, columns, lines) in rows {
            assert_eq!(wrap_words(text, columns, 3), lines, "{text:?}");
        }
    }

    #[test]
    fn hostile_text_becomes_visible_escapes() {
        let rows = [
            ("plain-17", "plain-17"),
            ("a\x1b]52;c;aGk=\x07b", "a^[]52;c;aGk=^Gb"),
            ("\u{9b}2J", "\\x9b2J"),
            ("x\u{202e}y", "x<U+202E>y"),
            ("x\u{200b}y", "x<U+200B>y"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("a\r\nb", "a^M⏎b"),
            (
                "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
                "e\u{301}\u{301}\u{301}\u{301}",
            ),
            ("名前", "名前"),
        ];
        for (raw, shown) in rows {
            assert_eq!(Clean::from(raw).as_str(), shown);
        }
    }

    #[test]
    fn cutting_keeps_both_ends_of_an_id_and_never_splits_a_wide_character() {
        let id = Clean::from("import-of-everything-11-24");
        assert_eq!(id.fit_middle(15, "…").as_str(), "import-…g-11-24");
        assert_eq!(Clean::from("名前名前").fit(4, "…").as_str(), "名…");
        assert_eq!(Clean::from("abc").fit(0, "…").as_str(), "");
        assert_eq!(Clean::from("abc").fit(1, "…").as_str(), "…");
    }

    #[test]
    fn wrapping_obeys_the_width_and_the_limit() {
        assert_eq!(wrap("abcdef\n\nx", 4, 10), ["abcd", "ef", "", "x"]);
        assert_eq!(wrap(&"y".repeat(100), 1, 3).len(), 4);
    }
}
