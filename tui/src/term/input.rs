//! What the terminal and the system send, as events of the core.

use std::task::Poll;

use crossterm::event::Event as TerminalEvent;
use crossterm::event::EventStream;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use futures_util::StreamExt;

use crate::app::event::Code;
use crate::app::event::Event;
use crate::app::event::Key;
use crate::app::event::Size;
use crate::app::hit::Mouse;

/// An event that is there already. The stream wakes whoever found it empty first, and nobody
/// else: so this asks in the name of the task, and not of one that cannot be woken.
pub async fn queued(keys: &mut EventStream) -> Option<TerminalEvent> {
    std::future::poll_fn(|context| match keys.poll_next_unpin(context) {
        Poll::Ready(Some(Ok(it))) => Poll::Ready(Some(it)),
        _ => Poll::Ready(None),
    })
    .await
}

/// The core's event for a terminal event; nothing for those it does not know.
pub fn event(event: TerminalEvent) -> Option<Event> {
    match event {
        TerminalEvent::Key(it) if it.kind != KeyEventKind::Release => key(it).map(Event::Key),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(width, height) => Some(Event::Resize(Size { width, height })),
        TerminalEvent::Mouse(it) => mouse(it),
        _ => None,
    }
}

/// What is under it is not known here.
fn mouse(event: MouseEvent) -> Option<Event> {
    let mouse = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Mouse::Click,
        MouseEventKind::ScrollUp => Mouse::WheelUp,
        MouseEventKind::ScrollDown => Mouse::WheelDown,
        _ => return None,
    };
    Some(Event::Mouse {
        mouse,
        x: event.column,
        y: event.row,
        hit: None,
    })
}

fn key(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        KeyCode::Char(it) => Code::Char(it),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    // Two quick presses of Esc reach us as alt-Esc.
    let alt = event.modifiers.contains(KeyModifiers::ALT) && code != Code::Esc;
    Some(Key { code, ctrl, alt })
}

/// Signals of the system.
#[cfg(unix)]
pub use unix::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::Signal;
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;

    use crate::app::event::Event;

    const STOP: i32 = signal_hook::consts::SIGTSTP;
    const CONTINUE: i32 = signal_hook::consts::SIGCONT;

    /// Listens to the signals that end, stop and continue the process.
    pub struct Signals {
        terminate: Signal,
        hang_up: Signal,
        interrupt: Signal,
        stop: Signal,
        resume: Signal,
    }

    impl Signals {
        /// Starts to listen.
        ///
        /// # Errors
        /// When the system refuses.
        pub fn listen() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
                interrupt: signal(SignalKind::interrupt())?,
                stop: signal(SignalKind::from_raw(STOP))?,
                resume: signal(SignalKind::from_raw(CONTINUE))?,
            })
        }

        /// The next signal.
        pub async fn next(&mut self) -> Event {
            tokio::select! {
                _ = self.terminate.recv() => Event::EndRequested,
                _ = self.hang_up.recv() => Event::EndRequested,
                _ = self.interrupt.recv() => Event::EndRequested,
                _ = self.stop.recv() => Event::StopRequested,
                _ = self.resume.recv() => Event::Resumed,
            }
        }

        /// The next signal that matters while a child has the terminal: not the interrupt, which
        /// the key for it sends to both.
        pub async fn next_beside_child(&mut self) -> Event {
            loop {
                tokio::select! {
                    _ = self.terminate.recv() => return Event::EndRequested,
                    _ = self.hang_up.recv() => return Event::EndRequested,
                    _ = self.stop.recv() => return Event::StopRequested,
                    _ = self.interrupt.recv() => {}
                    _ = self.resume.recv() => {}
                }
            }
        }

        /// Stops this process, as the shell's job control expects; returns when it continues.
        ///
        /// # Errors
        /// When the system refuses.
        pub fn stop_process() -> io::Result<()> {
            signal_hook::low_level::emulate_default_handler(STOP)
        }
    }
}

/// Without signals: only the interrupt.
#[cfg(not(unix))]
pub struct Signals {
    _private: (),
}

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { _private: () })
    }

    /// The next interrupt.
    pub async fn next(&mut self) -> Event {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Event::EndRequested,
            Err(_) => std::future::pending().await,
        }
    }

    /// Never comes: the interrupt is the child's.
    pub async fn next_beside_child(&mut self) -> Event {
        std::future::pending().await
    }

    /// There is no job control.
    pub fn stop_process() -> std::io::Result<()> {
        Ok(())
    }
}
