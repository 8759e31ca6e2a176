//! Signs of states and bars, and their plain forms for `--ascii`. All are one column wide.

use std::borrow::Cow;

use durascope_proto::OrchestrationStatus;

use crate::ui::theme::Role;

/// The sign of a status.
pub fn status(status: OrchestrationStatus) -> (&'static str, Role) {
    match status {
        OrchestrationStatus::Running => ("▸", Role::Accent),
        OrchestrationStatus::Completed => ("✓", Role::Ok),
        OrchestrationStatus::ContinuedAsNew => ("↻", Role::Accent),
        OrchestrationStatus::Failed => ("✗", Role::Bad),
        OrchestrationStatus::Canceled | OrchestrationStatus::Terminated => ("×", Role::Warn),
        OrchestrationStatus::Pending => ("○", Role::Wait),
        OrchestrationStatus::Suspended => ("‖", Role::Wait),
    }
}

/// `text` with our own signs replaced by plain ones of the same width.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(plain_char).collect())
}

fn plain_char(it: char) -> char {
    match it {
        '▸' | '›' | '→' => '>',
        '‹' | '←' => '<',
        '▾' | '↓' => 'v',
        '↑' => '^',
        '✓' => '+',
        '✗' | '×' => 'x',
        '○' | '◌' => 'o',
        '‖' | '│' | '┃' | '▌' => '|',
        '↻' => '@',
        '●' | '•' => '*',
        '█' | '▇' | '▆' => '#',
        '▉' | '▊' | '▋' | '▅' | '▄' => '=',
        '▍' | '▎' | '▏' | '▃' | '▂' => '-',
        '▁' | '·' | '–' => '.',
        '─' | '━' | '┄' => '-',
        '▶' => '>',
        '░' => ':',
        '▒' => '=',
        '▓' => '%',
        '╱' => '/',
        '◓' | '▀' => '^',
        '◒' => 'v',
        '≠' => '!',
        '╷' => '|',
        '┏' | '┓' | '┗' | '┛' | '├' | '┤' | '┬' | '┴' | '┼' => '+',
        '“' | '”' => '"',
        '…' => '~',
        '⏎' => '$',
        _ => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_signs_are_ascii_and_as_wide() {
        let ours = "▸›→‹←▾↓↑✓✗×○◌‖│┃▌↻●•█▇▆▉▊▋▅▄▍▎▏▃▂▁·–─━┏┓┗┛├┤┬┴┼“”…⏎┄▶░▒▓╱◓◒▀≠╷";
        assert!(plain(ours).is_ascii());
        assert_eq!(crate::text::width(ours), crate::text::width(&plain(ours)));
    }
}
