//! A program in a pseudo terminal: keys in, a screen out, waiting by what the screen shows.

use std::io::Read;
use std::io::Write;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::bail;
use portable_pty::Child;
use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

use crate::DEADLINE;

/// A program and the terminal it believes to run in. Dropping it kills the program.
pub struct Terminal {
    shared: Arc<Shared>,
    input: Input,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    reader: Option<JoinHandle<()>>,
}

type Input = Arc<Mutex<Box<dyn Write + Send>>>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser<Answers>,
    raw: Vec<u8>,
    /// When the end of each frame was read.
    frames: Vec<Instant>,
    ended: bool,
}

/// What ends a frame: the terminal may show what came since it began.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// What a terminal answers by itself; programs ask for it at their start.
#[derive(Default)]
struct Answers(Vec<u8>);

impl vt100::Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        i1: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        c: char,
    ) {
        match (i1, params, c) {
            (None, [[6]], 'n') => {
                let (row, column) = screen.cursor_position();
                let answer = format!("\x1b[{};{}R", row + 1, column + 1);
                self.0.extend_from_slice(answer.as_bytes());
            }
            (None, _, 'c') => self.0.extend_from_slice(b"\x1b[?1;2c"),
            _ => {}
        }
    }
}

/// The modes of a terminal that a program must leave as it found them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub bracketed_paste: bool,
    pub mouse: bool,
    /// Keys are echoed and come by the line, as a shell expects.
    pub cooked: bool,
}

impl Modes {
    /// What a shell leaves and expects to find.
    pub const CLEAN: Self = Self {
        alternate_screen: false,
        cursor_hidden: false,
        bracketed_paste: false,
        mouse: false,
        cooked: true,
    };
}

impl Terminal {
    /// Starts a program in a terminal of this size.
    ///
    /// # Errors
    /// When there is no pseudo terminal or no such program.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        (rows, columns): (u16, u16),
    ) -> Result<Self> {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .context("no pseudo terminal")?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        // Whoever runs the tests may have a configuration.
        command.env(
            "XDG_CONFIG_HOME",
            std::env::temp_dir().join("no-configuration"),
        );
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .context("the program cannot be started")?;
        // The reader sees the end only when nobody else holds the other side.
        drop(pair.slave);

        let (high, wide) = (nonzero(rows)?, nonzero(columns)?);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                parser: vt100::Parser::new_with_callbacks(high, wide, 0, Answers::default()),
                raw: Vec::new(),
                frames: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let output = pair
            .master
            .try_clone_reader()
            .context("the terminal's output")?;
        let input: Input = Arc::new(Mutex::new(
            pair.master.take_writer().context("the terminal's input")?,
        ));
        let reader = {
            let (shared, input) = (Arc::clone(&shared), Arc::clone(&input));
            thread::spawn(move || read(output, &shared, &input))
        };
        Ok(Self {
            shared,
            input,
            child,
            master: pair.master,
            reader: Some(reader),
        })
    }

    /// Presses keys: text as typed, or escape sequences.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn send(&self, keys: &str) -> Result<()> {
        let mut input = lock(&self.input);
        input
            .write_all(keys.as_bytes())
            .context("the program takes no keys")?;
        input.flush().context("the program takes no keys")
    }

    /// Waits until the screen shows this text.
    ///
    /// # Errors
    /// When it does not before the deadline or the program's end; the message has the screen.
    pub fn wait_for(&self, text: &str) -> Result<String> {
        self.wait_until(&format!("{text:?} on the screen"), |screen| {
            screen.contains(text)
        })
    }

    /// Waits until the screen satisfies a condition, and gives that screen.
    ///
    /// # Errors
    /// As [`Terminal::wait_for`].
    pub fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) -> Result<String> {
        let began = Instant::now();
        let mut state = lock(&self.shared.state);
        loop {
            let screen = state.parser.screen().contents();
            if holds(&screen) {
                return Ok(screen);
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            if state.ended || left.is_zero() {
                let end = if state.ended {
                    "the program ended"
                } else {
                    "the deadline passed"
                };
                bail!("{end} before {what}; the screen was:\n{screen}");
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The screen as text, now.
    pub fn screen(&self) -> String {
        lock(&self.shared.state).parser.screen().contents()
    }

    /// The process that was started.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.process_id().context("the program has ended")
    }

    /// How many bytes it wrote so far.
    pub fn written(&self) -> usize {
        lock(&self.shared.state).raw.len()
    }

    /// How many whole frames it wrote so far.
    pub fn frames(&self) -> usize {
        lock(&self.shared.state).frames.len()
    }

    /// Waits for the frame with this number, from 0; answers when its end was read, before anything
    /// was made of it. `None` when it did not come in this time.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn frame_within(&self, number: usize, time: Duration) -> Result<Option<Instant>> {
        let began = Instant::now();
        let mut state = lock(&self.shared.state);
        loop {
            if let Some(at) = state.frames.get(number) {
                return Ok(Some(*at));
            }
            if state.ended {
                bail!("the program ended before frame {number}");
            }
            let left = time.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Every byte that the program wrote so far.
    pub fn raw(&self) -> Vec<u8> {
        lock(&self.shared.state).raw.clone()
    }

    /// Changes the size, as when a window is resized.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn resize(&self, rows: u16, columns: u16) -> Result<()> {
        let (high, wide) = (nonzero(rows)?, nonzero(columns)?);
        // The screen first: the program draws for the new size as soon as it is told.
        lock(&self.shared.state).parser.set_size(high, wide);
        self.master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .context("resize")
    }

    /// The modes that are set now.
    pub fn modes(&self) -> Modes {
        let state = lock(&self.shared.state);
        let screen = state.parser.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            cooked: self.cooked(),
        }
    }

    /// The flags by name: their type belongs to a crate that only the terminal crate uses.
    #[cfg(unix)]
    fn cooked(&self) -> bool {
        let Some(settings) = self.master.get_termios() else {
            return false;
        };
        let flags = format!("{:?}", settings.local_flags);
        ["ICANON", "ECHO", "ISIG"]
            .iter()
            .all(|flag| flags.contains(flag))
    }

    #[cfg(not(unix))]
    fn cooked(&self) -> bool {
        true
    }

    /// Waits for the end of the program, and gives its exit code when all it wrote was read.
    ///
    /// # Errors
    /// When it does not end before the deadline; the message has the screen.
    pub fn wait_exit(&mut self) -> Result<u32> {
        let began = Instant::now();
        let mut state = lock(&self.shared.state);
        while !state.ended {
            let left = DEADLINE.saturating_sub(began.elapsed());
            if left.is_zero() {
                let screen = state.parser.screen().contents();
                bail!("the program did not end; the screen was:\n{screen}");
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        if let Some(reader) = self.reader.take() {
            reader
                .join()
                .map_err(|_panic| anyhow!("the reader of the terminal failed"))?;
        }
        Ok(self.child.wait().context("wait")?.exit_code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already, and a drop has nobody to report to.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(mut output: Box<dyn Read + Send>, shared: &Shared, input: &Input) {
    let mut buffer = [0; 16 * 1024];
    // Linux reports the end of the other side as an error.
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        let at = Instant::now();
        let mut state = lock(&shared.state);
        // The mark may have begun in what was read before.
        let from = state.raw.len().saturating_sub(FRAME_END.len() - 1);
        state.raw.extend_from_slice(&buffer[..count]);
        let ends = state.raw[from..].windows(FRAME_END.len());
        let ends = ends.filter(|it| *it == FRAME_END).count();
        state.frames.extend(std::iter::repeat_n(at, ends));
        state.parser.process(&buffer[..count]);
        let answers = std::mem::take(&mut state.parser.callbacks_mut().0);
        drop(state);
        shared.changed.notify_all();
        if !answers.is_empty() {
            // A program that has ended wants no answer.
            lock(input).write_all(&answers).ok();
        }
    }
    lock(&shared.state).ended = true;
    shared.changed.notify_all();
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nonzero(size: u16) -> Result<NonZeroU16> {
    NonZeroU16::new(size).context("a terminal has at least one row and one column")
}
