//! Enters the terminal and gives it back on every way out: return, panic, signal, stop.

use std::io;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crossterm::cursor::Hide;
use crossterm::cursor::Show;
use crossterm::event::DisableBracketedPaste;
use crossterm::event::EnableBracketedPaste;
use crossterm::execute;
use crossterm::terminal::EnterAlternateScreen;
use crossterm::terminal::LeaveAlternateScreen;
use crossterm::terminal::disable_raw_mode;
use crossterm::terminal::enable_raw_mode;

use crate::term::mouse::DisableClicks;
use crate::term::mouse::EnableClicks;

/// The terminal belongs to the process, not to a value: a panic hook has no access to one.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// The mouse is the dashboard's.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub struct Guard {
    _private: (),
}

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, no cursor, pastes in one piece.
    ///
    /// # Errors
    /// When the terminal cannot be set up; it is left as it was.
    pub fn enter() -> io::Result<Self> {
        enter()?;
        Ok(Self { _private: () })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal, also when it is taken already: others may have changed it.
///
/// # Errors
/// As [`Guard::enter`].
pub fn enter() -> io::Result<()> {
    ENTERED.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode().and_then(|()| {
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Hide
        )
    });
    let entered = entered.and_then(|()| {
        if MOUSE.load(Ordering::SeqCst) {
            execute!(io::stdout(), EnableClicks)?;
        }
        Ok(())
    });
    if entered.is_err() {
        leave();
    }
    entered
}

/// Takes the mouse, or gives it back; it goes with the terminal when that is left.
///
/// # Errors
/// When the terminal fails.
pub fn mouse(on: bool) -> io::Result<()> {
    let was = MOUSE.swap(on, Ordering::SeqCst);
    match (was, on) {
        (false, true) => execute!(io::stdout(), EnableClicks),
        (true, false) => execute!(io::stdout(), DisableClicks),
        _ => Ok(()),
    }
}

/// Gives the terminal back; does nothing when it was given back.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), DisableClicks).ok();
    }
    // The terminal may be gone: there is nobody left to tell.
    let shown = execute!(
        io::stdout(),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let cooked = disable_raw_mode();
    let flushed = io::stdout().flush();
    drop((shown, cooked, flushed));
}

/// Makes panics give the terminal back before they report.
pub fn restore_before_panic_report() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        leave();
        report(info);
    }));
}
