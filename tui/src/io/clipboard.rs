//! The clipboard: first by the terminal (OSC 52), which works over SSH, then by a program of
//! the desktop where one is there. Terminals do not answer, so the words say which way it took.

use std::fmt::Write as _;
use std::io;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;

use crate::format;

/// Bytes that go through the terminal: many cut or drop sequences above 100,000 bytes, some
/// above 74,994 of base64.
pub const TERMINAL_BYTES_MAX: usize = 74_994 / 4 * 3;

/// A program that has not taken the text by then takes none.
const PROGRAM_MAX: Duration = Duration::from_secs(2);

/// The bytes that make a terminal take `text`; nothing when it is too large for that. Inside
/// tmux (`TMUX` is set) they come twice: for tmux itself, and wrapped for the terminal around it.
pub fn sequence(text: &str, in_tmux: bool) -> Option<String> {
    if text.len() > TERMINAL_BYTES_MAX {
        return None;
    }
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut plain)
        .ok()?;
    if in_tmux {
        let wrapped = plain.replace('\x1b', "\x1b\x1b");
        write!(plain, "\x1bPtmux;{wrapped}\x1b\\").ok()?;
    }
    Some(plain)
}

/// Puts `text` on the clipboard of the desktop, if a program for that is there; answers its
/// name. `by_terminal` says whether the terminal was told already.
///
/// # Errors
/// Words for the screen when no way took it.
pub fn copy(text: &str, what: &str, by_terminal: bool) -> Result<String, String> {
    let program = programs(|name| std::env::var_os(name).is_some())
        .into_iter()
        .find(|it| run(it, text).is_ok())
        .map(|it| it[0]);
    match (by_terminal, program) {
        (true, Some(program)) => Ok(format!("copied {what} (OSC 52 and {program})")),
        (true, None) => Ok(format!("copied {what} (OSC 52)")),
        (false, Some(program)) => Ok(format!("copied {what} ({program})")),
        (false, None) => {
            let bytes = |it: usize| format::bytes(u64::try_from(it).unwrap_or(u64::MAX));
            Err(format!(
                "not copied: {} is more than the {} that terminals take, and no wl-copy, xclip or \
                 pbcopy is there",
                bytes(text.len()),
                bytes(TERMINAL_BYTES_MAX)
            ))
        }
    }
}

/// Programs that may be there on this desktop.
fn programs(has: impl Fn(&str) -> bool) -> Vec<&'static [&'static str]> {
    let mut them: Vec<&[&str]> = Vec::new();
    if has("WAYLAND_DISPLAY") {
        them.push(&["wl-copy"]);
    }
    if has("DISPLAY") {
        them.push(&["xclip", "-selection", "clipboard"]);
    }
    if cfg!(target_os = "macos") {
        them.push(&["pbcopy"]);
    }
    them
}

fn run(program: &[&str], text: &str) -> io::Result<()> {
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .stdin(Stdio::piped())
        // What they say must not reach the screen.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = match child.stdin.take() {
        Some(mut input) => input.write_all(text.as_bytes()),
        None => Ok(()),
    };
    written.and_then(|()| ended(&mut child))
}

fn ended(child: &mut Child) -> io::Result<()> {
    let until = Instant::now() + PROGRAM_MAX;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(io::Error::other("it failed")),
            None if Instant::now() >= until => {
                child.kill()?;
                child.wait()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_gets_base64_and_tmux_a_wrapped_copy() {
        let plain = sequence("order-1", false).unwrap();
        assert!(plain.starts_with("\x1b]52;c;b3JkZXItMQ=="), "{plain:?}");
        let both = sequence("order-1", true).unwrap();
        assert!(both.starts_with(&plain));
        let wrapped = &both[plain.len()..];
        assert!(wrapped.starts_with("\x1bPtmux;\x1b\x1b]52;c;b3JkZXItMQ=="));
        assert!(wrapped.ends_with("\x1b\\"));
    }

    #[test]
    fn too_much_for_a_terminal_is_said() {
        let text = "x".repeat(TERMINAL_BYTES_MAX + 1);
        assert_eq!(sequence(&text, false), None);
        let told = copy(&text, "it", false);
        if let Err(told) = told {
            assert!(told.contains("more than the"), "{told}");
        }
    }

    #[test]
    fn programs_belong_to_their_desktop() {
        assert!(programs(|_| false).iter().all(|it| it[0] == "pbcopy"));
        assert_eq!(programs(|it| it == "WAYLAND_DISPLAY")[0][0], "wl-copy");
    }
}
