//! JSON checked and laid out by its own text: numbers, key order and duplicates stay as sent.

use serde::de::IgnoredAny;

/// Why `text` is not JSON, with line and column; nothing when it is.
pub fn error_in(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text)
        .err()
        .map(|error| error.to_string())
}

/// `text` with one member a line; nothing when it is not JSON.
pub fn pretty(text: &str) -> Option<String> {
    if error_in(text).is_some() {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(it) = chars.next() {
        match it {
            '"' => push_string(&mut out, &mut chars),
            '{' | '[' => {
                out.push(it);
                while chars.next_if(|it| it.is_ascii_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|it| matches!(it, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(it);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if it.is_ascii_whitespace() => {}
            _ => out.push(it),
        }
    }
    Some(out)
}

fn push_string(out: &mut String, chars: &mut impl Iterator<Item = char>) {
    out.push('"');
    while let Some(it) = chars.next() {
        out.push(it);
        match it {
            '\\' => out.extend(chars.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_changes_nothing_but_space() {
        let text = r#"{"b":1.50000000000000000001,"a":[ ],"s":"x\",{ y","n":{"k":[1,2]}}"#;
        let laid_out = pretty(text).unwrap();
        assert_eq!(
            laid_out,
            "{\n  \"b\": 1.50000000000000000001,\n  \"a\": [],\n  \"s\": \"x\\\",{ y\",\n  \"n\": {\n    \"k\": [\n      1,\n      2\n    ]\n  }\n}"
        );
    }

    #[test]
    fn errors_name_the_place() {
        assert!(
            error_in("{\"a\":\n x}")
                .unwrap()
                .contains("line 2 column 2")
        );
        assert_eq!(pretty("not json"), None);
        assert!(error_in(&"[".repeat(100_000)).is_some());
    }
}
