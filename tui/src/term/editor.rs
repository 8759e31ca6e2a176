//! A text in the user's editor or pager, from a file that only the user can read.

use std::io;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::app::event::Event;
use crate::term::input::Signals;

/// How often a child that must end is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How it ended.
#[derive(Debug)]
pub enum Shown {
    /// The user has left it.
    Left,
    /// It could not be shown, in words.
    Failed(String),
    /// This process must end.
    End,
}

/// Shows `text` and waits until the user leaves it. The terminal must have been given back.
///
/// # Errors
/// When the system's signals fail.
pub async fn show(name: &str, text: &str, signals: &mut Signals) -> io::Result<Shown> {
    let file = match write(name, text) {
        Ok(file) => file,
        Err(error) => return Ok(Shown::Failed(format!("no file for the editor: {error}"))),
    };
    let mut reasons = Vec::new();
    for command in commands(|name| std::env::var(name).ok()) {
        let mut words = command.split_whitespace();
        let Some(program) = words.next() else {
            continue;
        };
        match Command::new(program).args(words).arg(file.path()).spawn() {
            Ok(child) => return wait(child, program, signals).await,
            Err(error) => reasons.push(format!("{program}: {error}")),
        }
    }
    Ok(Shown::Failed(format!(
        "nothing could be started ({}); set EDITOR or PAGER",
        reasons.join(", ")
    )))
}

fn write(name: &str, text: &str) -> io::Result<NamedTempFile> {
    // On Unix, mode 0600.
    let mut file = tempfile::Builder::new()
        .prefix("durascope-")
        .suffix(&format!("-{name}"))
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(file)
}

/// What is tried, in order: what the user has chosen, and then what is mostly there.
fn commands(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let chosen = ["VISUAL", "EDITOR", "PAGER"]
        .into_iter()
        .filter_map(variable);
    let common = ["less", "more", "vi"].map(str::to_owned);
    chosen
        .filter(|it| !it.trim().is_empty())
        .chain(common)
        .collect()
}

/// Waits for the child. It has the terminal, so the interrupt key is for it alone, and the stop
/// key stops both.
async fn wait(
    mut child: std::process::Child,
    program: &str,
    signals: &mut Signals,
) -> io::Result<Shown> {
    loop {
        tokio::select! {
            signal = signals.next_beside_child() => match signal {
                Event::StopRequested => Signals::stop_process()?,
                _ => {
                    // It may be gone already.
                    drop(child.kill());
                    child.wait()?;
                    return Ok(Shown::End);
                }
            },
            () = tokio::time::sleep(LOOK) => {
                if let Some(status) = child.try_wait()? {
                    return Ok(if status.success() {
                        Shown::Left
                    } else {
                        Shown::Failed(format!("{program} ended with {status}"))
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_has_chosen_is_tried_first() {
        let chosen = commands(|name| match name {
            "EDITOR" => Some("code -w".to_owned()),
            "PAGER" => Some(" ".to_owned()),
            _ => None,
        });
        assert_eq!(chosen, ["code -w", "less", "more", "vi"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_users_alone_and_ends_as_its_content() {
        use std::os::unix::fs::PermissionsExt;
        let file = write("input.json", "{}").unwrap();
        assert!(file.path().to_string_lossy().ends_with("-input.json"));
        let mode = file.as_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
