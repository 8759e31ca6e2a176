//! The clipboard: the terminal's own by OSC 52, which works over SSH, and a tool of the system
//! where there is one.

use std::io;
use std::io::Write;
use std::process::Command as Process;
use std::process::Stdio;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

use crate::format;

/// Characters of base64 that terminals take at most, as far as is known of the common ones.
const OSC52_MAX: usize = 74_994;

/// The sequence that puts `text` on the terminal's clipboard; nothing when it is too long.
///
/// # Errors
/// When it cannot be written as text.
pub fn sequence(text: &str, in_tmux: bool) -> Result<Option<String>, std::fmt::Error> {
    let mut out = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut out)?;
    if out.len() > OSC52_MAX {
        return Ok(None);
    }
    if in_tmux {
        // For tmux itself, and around it for the terminal outside.
        let inner = out.replace('\x1b', "\x1b\x1b");
        out.push_str(&format!("\x1bPtmux;{inner}\x1b\\"));
    }
    Ok(Some(out))
}

/// Copies to the terminal, through `terminal`; answers whether it fits.
///
/// # Errors
/// When the terminal cannot be written.
pub fn to_terminal(terminal: &mut impl Write, text: &str) -> io::Result<bool> {
    let in_tmux = std::env::var_os("TMUX").is_some();
    let Some(sequence) = sequence(text, in_tmux).map_err(io::Error::other)? else {
        return Ok(false);
    };
    terminal.write_all(sequence.as_bytes())?;
    terminal.flush()?;
    Ok(true)
}

/// Copies with a tool of the system; answers its name, or nothing where there is none.
pub fn to_system(text: &str) -> Option<&'static str> {
    let has = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    let tools: [(bool, &[&str]); 5] = [
        (has("WAYLAND_DISPLAY"), &["wl-copy"]),
        (has("DISPLAY"), &["xclip", "-selection", "clipboard"]),
        (has("DISPLAY"), &["xsel", "--clipboard", "--input"]),
        (cfg!(target_os = "macos"), &["pbcopy"]),
        (has("WSL_DISTRO_NAME") || cfg!(windows), &["clip.exe"]),
    ];
    tools
        .iter()
        .filter(|(is_there, _)| *is_there)
        .find(|(_, tool)| give(tool, text).is_ok())
        .map(|(_, tool)| tool[0])
}

fn give(tool: &[&str], text: &str) -> io::Result<()> {
    let mut child = Process::new(tool[0])
        .args(&tool[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("the tool failed"))
    }
}

/// What became of a copy, in words: good or not, and the sentence.
pub fn outcome(what: &str, bytes: usize, by_terminal: bool, tool: Option<&str>) -> (bool, String) {
    let size = format::bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
    match (by_terminal, tool) {
        (true, Some(tool)) => (
            true,
            format!("{what} ({size}) copied with {tool} and by the terminal"),
        ),
        (false, Some(tool)) => (true, format!("{what} ({size}) copied with {tool}")),
        // Terminals do not answer, and some refuse.
        (true, None) => (
            true,
            format!("{what} ({size}) given to the terminal's clipboard (OSC 52)"),
        ),
        (false, None) => (
            false,
            format!("{what} ({size}) is too large for the terminal's clipboard; o opens it"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_text_itself_is_in_the_sequence() {
        let plain = sequence("a\x1b]0;title\x07b", false).unwrap().unwrap();
        assert_eq!(plain, "\x1b]52;c;YRtdMDt0aXRsZQdi\x1b\\");
        let wrapped = sequence("x", true).unwrap().unwrap();
        assert_eq!(
            wrapped,
            "\x1b]52;c;eA==\x1b\\\x1bPtmux;\x1b\x1b]52;c;eA==\x1b\x1b\\\x1b\\"
        );
        assert_eq!(sequence(&"x".repeat(60_000), false).unwrap(), None);
    }

    #[test]
    fn the_answer_names_the_way() {
        assert_eq!(
            outcome("input", 1_200, false, Some("wl-copy")).1,
            "input (1 kB) copied with wl-copy"
        );
        assert!(!outcome("input", 90_000, false, None).0);
    }
}
