//! A text field: one line, or several for JSON. Edits go by grapheme.

use unicode_segmentation::UnicodeSegmentation;

use crate::app::event::Code;
use crate::app::event::Key;

/// Bytes that a field holds at most; a paste beyond is cut.
pub const FIELD_BYTES_MAX: usize = 256 * 1024;

/// Text under edit with its cursor, a byte index on a grapheme boundary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    cursor: usize,
    multiline: bool,
}

impl Field {
    /// An empty field of one line.
    pub fn line() -> Self {
        Self::default()
    }

    /// An empty field of several lines.
    pub fn area() -> Self {
        Self {
            multiline: true,
            ..Self::default()
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte index of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces everything; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Replaces everything, unless `text` is more than it holds; answers whether it did.
    pub fn replace(&mut self, text: &str) -> bool {
        let fits = text.len() <= FIELD_BYTES_MAX;
        if fits {
            self.set(text);
        }
        fits
    }

    /// Inserts at the cursor. One-line fields turn line ends into spaces.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.multiline {
            text
        } else {
            text.replace(['\n', '\t'], " ")
        };
        let room = FIELD_BYTES_MAX.saturating_sub(self.text.len());
        let end = text
            .char_indices()
            .map(|(at, it)| at + it.len_utf8())
            .take_while(|end| *end <= room)
            .last()
            .unwrap_or(0);
        self.text.insert_str(self.cursor, &text[..end]);
        self.cursor += end;
    }

    /// Applies an editing key; false when the key means nothing here.
    pub fn on_key(&mut self, key: Key) -> bool {
        match key.code {
            Code::Char('a') if key.ctrl => self.cursor = self.line_start(),
            Code::Char('e') if key.ctrl => self.cursor = self.line_end(),
            Code::Char('u') if key.ctrl => {
                let start = self.line_start();
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            Code::Char('w') if key.ctrl => self.delete_word(),
            Code::Char(it) if !key.ctrl && !key.alt => self.insert(it.encode_utf8(&mut [0; 4])),
            Code::Enter if self.multiline => self.insert("\n"),
            Code::Backspace => {
                let before = self.before();
                self.text.replace_range(before..self.cursor, "");
                self.cursor = before;
            }
            Code::Delete => self.text.replace_range(self.cursor..self.after(), ""),
            Code::Left => self.cursor = self.before(),
            Code::Right => self.cursor = self.after(),
            Code::Home => self.cursor = self.line_start(),
            Code::End => self.cursor = self.line_end(),
            Code::Up if self.multiline => self.move_line(true),
            Code::Down if self.multiline => self.move_line(false),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        let last = self.text[..self.cursor].graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn after(&self) -> usize {
        self.cursor
            + self.text[self.cursor..]
                .graphemes(true)
                .next()
                .map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.cursor..]
            .find('\n')
            .map_or(self.text.len(), |at| self.cursor + at)
    }

    fn delete_word(&mut self) {
        let head = self.text[..self.cursor].trim_end_matches(' ');
        let start = head.rfind([' ', '\n']).map_or(0, |at| at + 1);
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    fn move_line(&mut self, up: bool) {
        let start = self.line_start();
        let column = self.text[start..self.cursor].graphemes(true).count();
        let target = if up {
            if start == 0 {
                self.cursor = 0;
                return;
            }
            self.text[..start - 1].rfind('\n').map_or(0, |at| at + 1)
        } else {
            let end = self.line_end();
            if end == self.text.len() {
                self.cursor = end;
                return;
            }
            end + 1
        };
        let line_end = self.text[target..]
            .find('\n')
            .map_or(self.text.len(), |at| target + at);
        let line = &self.text[target..line_end];
        self.cursor = target
            + line
                .graphemes(true)
                .take(column)
                .map(str::len)
                .sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: &mut Field, codes: &[Code]) {
        for code in codes {
            field.on_key(Key::plain(*code));
        }
    }

    #[test]
    fn edits_go_by_grapheme_and_by_line() {
        let mut field = Field::area();
        field.set("ab\ne\u{301}x");
        typed(&mut field, &[Code::Left, Code::Backspace]);
        assert_eq!(field.text(), "ab\nx");
        typed(
            &mut field,
            &[
                Code::Up,
                Code::Char('0'),
                Code::Down,
                Code::End,
                Code::Enter,
            ],
        );
        assert_eq!(field.text(), "0ab\nx\n");
        typed(&mut field, &[Code::Home, Code::Up, Code::Up, Code::Delete]);
        assert_eq!(field.text(), "ab\nx\n");
    }

    #[test]
    fn one_line_fields_hold_one_line() {
        let mut field = Field::line();
        field.insert("a\r\nb\tc");
        assert_eq!(field.text(), "a b c");
        assert!(!field.on_key(Key::plain(Code::Enter)));
        field.on_key(Key::ctrl('w'));
        assert_eq!(field.text(), "a b ");
        field.on_key(Key::ctrl('u'));
        assert_eq!(field.text(), "");
    }
}
