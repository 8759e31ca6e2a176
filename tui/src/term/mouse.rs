//! Clicks and the wheel from the terminal, and no motion: that would wake the dashboard for
//! nothing with every move of the hand.

use std::fmt;

use crossterm::Command;
#[cfg(windows)]
use crossterm::event::DisableMouseCapture;
#[cfg(windows)]
use crossterm::event::EnableMouseCapture;

/// Asks for clicks (1000), in the form that knows wide screens (1006).
pub struct EnableClicks;

impl Command for EnableClicks {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str("\x1b[?1000h\x1b[?1006h")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> std::io::Result<()> {
        EnableMouseCapture.execute_winapi()
    }

    #[cfg(windows)]
    fn is_ansi_code_supported(&self) -> bool {
        EnableMouseCapture.is_ansi_code_supported()
    }
}

/// Gives the mouse back to the terminal.
pub struct DisableClicks;

impl Command for DisableClicks {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str("\x1b[?1006l\x1b[?1000l")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> std::io::Result<()> {
        DisableMouseCapture.execute_winapi()
    }

    #[cfg(windows)]
    fn is_ansi_code_supported(&self) -> bool {
        DisableMouseCapture.is_ansi_code_supported()
    }
}
