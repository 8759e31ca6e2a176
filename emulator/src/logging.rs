//! Log lines: to stderr, as text for people or as JSON for programs, without payloads.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Starts logging for this process. `RUST_LOG` chooses what is logged; information and worse
/// if it is not set.
///
/// Control characters in logged text are escaped by the formatter, so a name or an error from
/// a client cannot drive the terminal.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_error| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            let colours = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            builder.with_ansi(colours).init();
        }
        LogFormat::Json => builder.json().init(),
    }
}

/// Text from outside for one line of log or error output: control characters, and the marks
/// that reorder or hide text, become escapes.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for symbol in text.chars() {
        if symbol.is_control() || is_invisible(symbol) {
            shown.extend(symbol.escape_unicode());
        } else {
            shown.push(symbol);
        }
    }
    shown
}

/// Directional and zero-width marks, line separators, tags.
fn is_invisible(symbol: char) -> bool {
    matches!(
        symbol,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_drive_a_terminal() {
        for (text, shown) in [
            ("order-17 ü 漢", "order-17 ü 漢"),
            ("a\u{1b}]52;c;x\u{7}", "a\\u{1b}]52;c;x\\u{7}"),
            ("a\rb\n", "a\\u{d}b\\u{a}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("x\u{202e}y", "x\\u{202e}y"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }
}
