//! A text in the user's editor or pager, from a file that only the user can read.

use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::app::event::Event;
use crate::app::field::FIELD_BYTES_MAX;
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

/// A text for the user's editor or pager.
#[derive(Debug)]
pub struct View {
    /// File name without folder, ends as its content does.
    name: String,
    text: String,
    /// What becomes of it is wanted.
    taken_back: bool,
}

impl View {
    /// A text to be looked at.
    pub fn new(name: String, text: String) -> Self {
        Self {
            name,
            text,
            taken_back: false,
        }
    }

    /// A text to be changed.
    #[must_use]
    pub fn taken_back(mut self) -> Self {
        self.taken_back = true;
        self
    }
}

/// Shows a text and waits until the user leaves it; answers what has become of one that is taken
/// back, if the editor ended well. The terminal must have been given back.
///
/// # Errors
/// When the system's signals fail.
pub async fn open(view: &View, signals: &mut Signals) -> io::Result<(Shown, Option<String>)> {
    let failed = |reason: String| Ok((Shown::Failed(reason), None));
    let file = match write(&view.name, &view.text) {
        Ok(file) => file,
        Err(error) => return failed(format!("no file for the editor: {error}")),
    };
    let programs = if view.taken_back { &EDITORS } else { &VIEWERS };
    let commands = commands(programs, |name| std::env::var(name).ok());
    let shown = run(&commands, file.path(), programs.chosen, signals).await?;
    if !view.taken_back || !matches!(shown, Shown::Left) {
        return Ok((shown, None));
    }
    // By its path: many editors write another file in its place.
    match read(file.path()) {
        Ok(text) => Ok((shown, Some(text))),
        Err(error) => failed(format!("what the editor wrote cannot be read: {error}")),
    }
}

/// Reads as much as is needed to see that it is too much.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = u64::try_from(FIELD_BYTES_MAX).unwrap_or(u64::MAX);
    let file = std::fs::File::open(path)?;
    file.take(limit.saturating_add(4))
        .read_to_string(&mut text)?;
    Ok(text)
}

async fn run(
    commands: &[String],
    path: &Path,
    variables: &[&str],
    signals: &mut Signals,
) -> io::Result<Shown> {
    let mut reasons = Vec::new();
    for command in commands {
        let mut words = command.split_whitespace();
        let Some(program) = words.next() else {
            continue;
        };
        match Command::new(program).args(words).arg(path).spawn() {
            Ok(child) => return wait(child, program, signals).await,
            Err(error) => reasons.push(format!("{program}: {error}")),
        }
    }
    Ok(Shown::Failed(format!(
        "nothing could be started ({}); set {}",
        reasons.join(", "),
        variables.join(" or ")
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

/// Programs to try, in order.
struct Programs {
    /// Variables in which the user may have chosen one.
    chosen: &'static [&'static str],
    /// What is mostly there.
    common: &'static [&'static str],
}

const VIEWERS: Programs = Programs {
    chosen: &["VISUAL", "EDITOR", "PAGER"],
    common: &["less", "more", "vi"],
};
const EDITORS: Programs = Programs {
    chosen: &["VISUAL", "EDITOR"],
    common: &["vi", "nano"],
};

fn commands(programs: &Programs, variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let chosen = programs.chosen.iter().filter_map(|it| variable(it));
    let common = programs.common.iter().map(|it| (*it).to_owned());
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
        let set = |name: &str| match name {
            "EDITOR" => Some("code -w".to_owned()),
            "VISUAL" => Some(" ".to_owned()),
            "PAGER" => Some("bat".to_owned()),
            _ => None,
        };
        assert_eq!(
            commands(&VIEWERS, set),
            ["code -w", "bat", "less", "more", "vi"]
        );
        assert_eq!(commands(&EDITORS, set), ["code -w", "vi", "nano"]);
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
