//! The shape of a failure's message: what failures of one cause have in common.
//!
//! Pure, and the same for the emulator and for whoever reads histories itself, so that both put
//! the same failures together.

/// Stands for what differs from one message to the next.
const GAP: &str = "‹…›";

/// Longest shape, in characters.
const SHAPE_CHARS_MAX: usize = 200;

/// Of longer messages only so much is read; what is behind does not tell causes apart.
const READ_CHARS_MAX: usize = 1_000;

/// Quotes, each with what closes it.
const QUOTES: [(char, char); 7] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('“', '”'),
    ('‘', '’'),
    ('«', '»'),
    ('‹', '›'),
];

/// The first line of a message with numbers, uuids, hex ids, quoted parts and the variable parts
/// of urls replaced by `‹…›`; at most 200 characters.
///
/// Messages of one shape have one cause, as far as text can tell. The shape of a shape is itself.
///
/// ```
/// use durascope_proto::shape::message_shape;
/// assert_eq!(
///     message_shape("order 4711 of 'Ann' timed out after 30s"),
///     "order ‹…› of ‹…› timed out after ‹…›s"
/// );
/// ```
pub fn message_shape(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or_default().trim();
    let text: Vec<char> = line.chars().take(READ_CHARS_MAX).collect();
    let mut shape = Shape::default();
    let mut at = 0;
    while at < text.len() {
        at = shape.take(&text, at);
    }
    let mut shape = shape.text;
    if let Some((end, _)) = shape.char_indices().nth(SHAPE_CHARS_MAX) {
        shape.truncate(end);
    }
    shape
}

#[derive(Default)]
struct Shape {
    text: String,
}

impl Shape {
    /// Takes in what begins at `at`; where the next part begins.
    fn take(&mut self, text: &[char], at: usize) -> usize {
        if text[at..].starts_with(&['‹', '…', '›']) {
            self.text.push_str(GAP);
            return at + 3;
        }
        if let Some(end) = quoted(text, at) {
            self.gap();
            return end;
        }
        let Some(&character) = text.get(at) else {
            return at + 1;
        };
        if !is_word(character) {
            self.text.push(character);
            return at + 1;
        }
        let end = word_end(text, at);
        if let Some(start) = address(text, end) {
            return self.url(text, at, start);
        }
        self.word(&text[at..end]);
        end
    }

    /// What differs; gaps that only signs keep apart, as in a date or an address, are one.
    fn gap(&mut self) {
        let joins = |c: char| matches!(c, '.' | ',' | ':' | '-' | '/' | '+');
        let before = self.text.trim_end_matches(joins);
        if before.ends_with(GAP) && self.text.len() - before.len() <= 1 {
            self.text.truncate(before.len());
        } else {
            self.text.push_str(GAP);
        }
    }

    /// A word: whole where it is an id, else without its digits.
    fn word(&mut self, word: &[char]) {
        if is_id(word) {
            return self.gap();
        }
        let mut digits = false;
        for (at, character) in word.iter().enumerate() {
            if character.is_numeric() {
                if !digits {
                    self.gap();
                }
                digits = true;
                continue;
            }
            // Of a moment like 2026-11-24T08:00:00Z the letters go too.
            let between = *character == 'T' && digits;
            let next = word.get(at + 1);
            if between && next.is_some_and(|next| next.is_numeric()) {
                continue;
            }
            digits = false;
            self.text.push(*character);
        }
    }

    /// A url from its scheme at `at`: the host, and the parts of the path that are words, stay.
    fn url(&mut self, text: &[char], at: usize, start: usize) -> usize {
        self.text.extend(&text[at..start]);
        let rest = &text[start..];
        let is_end = |c: &char| c.is_whitespace() || "\"'`<>(){}|”’»".contains(*c);
        let mut end = rest.iter().position(is_end).unwrap_or(rest.len());
        // Signs behind it end the sentence.
        while end > 0 && ".,;:!?".contains(rest[end - 1]) {
            end -= 1;
        }
        let url = &rest[..end];
        let query = url.iter().position(|c| matches!(c, '?' | '#'));
        let path = &url[..query.unwrap_or(end)];
        for (place, part) in path.split(|c| *c == '/').enumerate() {
            if place > 0 {
                self.text.push('/');
            }
            if place > 0 && part.iter().any(|c| c.is_numeric() || *c == '‹') {
                self.text.push_str(GAP);
            } else {
                let mut from = 0;
                while from < part.len() {
                    let until = word_end(part, from);
                    if until > from {
                        self.word(&part[from..until]);
                    } else {
                        self.text.push(part[from]);
                    }
                    from = until.max(from + 1);
                }
            }
        }
        if let Some(query) = query {
            self.text.push(url[query]);
            self.text.push_str(GAP);
        }
        start + end
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

fn word_end(text: &[char], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|c| is_word(**c)).count()
}

/// Behind `://`, if that stands here.
fn address(text: &[char], at: usize) -> Option<usize> {
    let sign = text.get(at..at + 3)?;
    (sign == [':', '/', '/']).then_some(at + 3)
}

/// Where a quoted part that begins at `at` ends.
fn quoted(text: &[char], at: usize) -> Option<usize> {
    let open = *text.get(at)?;
    let (_, close) = *QUOTES.iter().find(|(it, _)| *it == open)?;
    // In "can't" and "the boys'" it is no quote.
    let before = at.checked_sub(1).and_then(|it| text.get(it));
    if open == close && before.is_some_and(|it| it.is_alphanumeric()) {
        return None;
    }
    let inner = text.get(at + 1..)?;
    let mut ends = inner.iter().enumerate().filter(|(_, it)| **it == close);
    let end = ends.find(|(place, _)| {
        let after = inner.get(place + 1);
        open != close || !after.is_some_and(|it| it.is_alphanumeric())
    });
    end.map(|(place, _)| at + 1 + place + 1)
}

/// A uuid, or hexadecimal digits that are no number and no word.
fn is_id(word: &[char]) -> bool {
    let hex = |c: &char| c.is_ascii_hexdigit();
    let digits = word.iter().filter(|c| c.is_ascii_digit()).count();
    let body = match word {
        ['0', 'x' | 'X', body @ ..] if !body.is_empty() => return body.iter().all(hex),
        body => body,
    };
    let plain: Vec<char> = body.iter().copied().filter(|c| *c != '-').collect();
    let dashed = body.len() - plain.len();
    let is_uuid = plain.len() == 32 && matches!(dashed, 0 | 4);
    let is_hex = plain.iter().all(hex);
    is_hex && (is_uuid || (dashed == 0 && plain.len() >= 6 && digits >= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_messages_of_one_cause_is_gone() {
        let rows = [
            ("", ""),
            ("\n \n  first line \nsecond 2", "first line"),
            ("payment declined", "payment declined"),
            ("order 4711 not found", "order ‹…› not found"),
            ("item-0744 is broken", "item-‹…› is broken"),
            ("took 30s, limit 2.5s", "took ‹…›s, limit ‹…›s"),
            ("1,234,567 bytes", "‹…› bytes"),
            ("-5 is negative", "-‹…› is negative"),
            ("HTTP 503: busy", "HTTP ‹…›: busy"),
            (
                "id 0b9f8a52-41c7-4d52-9b7e-0f6f6b1f5b11 is taken",
                "id ‹…› is taken",
            ),
            ("id 0b9f8a5241c74d529b7e0f6f6b1f5b11", "id ‹…›"),
            ("commit 3fa9c21 of 0xDEADBEEF", "commit ‹…› of ‹…›"),
            ("a decade of facade", "a decade of facade"),
            ("name \"Ann O'Neil\" is taken", "name ‹…› is taken"),
            ("name 'Ann' is 'Bob'", "name ‹…› is ‹…›"),
            ("can't open the boys' box", "can't open the boys' box"),
            ("can't open 'it's me' now", "can't open ‹…› now"),
            ("key `a.b` or “c” or «d»", "key ‹…› or ‹…› or ‹…›"),
            ("never \"closed", "never \"closed"),
            ("at 2026-11-24T08:00:00.123Z it broke", "at ‹…›Z it broke"),
            ("from 10.1.2.3:50051 closed", "from ‹…› closed"),
            (
                "GET https://api.example.com:8443/v1/orders/4711/items?x=1&y=2 failed",
                "GET https://api.example.com:‹…›/‹…›/orders/‹…›/items?‹…› failed",
            ),
            (
                "see https://example.com/help.",
                "see https://example.com/help.",
            ),
            (
                "postgres://db-7/app is down",
                "postgres://db-‹…›/app is down",
            ),
            ("Zeile ٣ ist kaputt", "Zeile ‹…› ist kaputt"),
            ("x1y2z3", "x‹…›y‹…›z‹…›"),
        ];
        for (message, expected) in rows {
            assert_eq!(message_shape(message), expected, "{message:?}");
        }
    }

    #[test]
    fn shapes_are_bounded_and_the_shape_of_a_shape_is_itself() {
        let long = "word ".repeat(10_000);
        assert_eq!(message_shape(&long).chars().count(), SHAPE_CHARS_MAX);
        let rows = [
            "order 4711 of 'Ann' timed out after 30s",
            "GET https://a.b:1/v1/x?y=1 failed",
            "at 2026-11-24T08:00:00Z",
            "ünïcödé \"quoted\" 9",
        ];
        for message in rows {
            let shape = message_shape(message);
            assert_eq!(message_shape(&shape), shape, "{message:?}");
        }
    }

    #[test]
    fn any_text_has_a_shape() {
        let signs = [
            'a', '1', '-', '"', '\'', ':', '/', '?', '‹', '›', ' ', '0', 'x', 'é',
        ];
        let mut number = 7_u64;
        for _ in 0..20_000 {
            let text: String = (0..12)
                .map(|_| {
                    number = number
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    signs[usize::try_from(number >> 33).unwrap() % signs.len()]
                })
                .collect();
            let shape = message_shape(&text);
            assert!(shape.chars().count() <= SHAPE_CHARS_MAX, "{text:?}");
        }
    }
}
