//! Raising an external event: a name and a JSON payload, checked while it is typed.

use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::memory;
use crate::app::memory::Sent;
use crate::data::json;

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Name,
    Payload,
    Send,
}

/// The dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaiseEvent {
    pub plan: Plan,
    pub name: Field,
    pub payload: Field,
    pub focus: Focus,
    /// Why it was not sent.
    pub refused: Option<String>,
    /// Names that complete what is typed, the likeliest first.
    pub known: Vec<String>,
    sent: Sent,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    /// The command goes to the clipboard.
    Copy,
    /// The payload goes to the user's editor.
    Edit,
    Send(Deed),
}

impl RaiseEvent {
    /// An empty dialog for `plan`, with what may be its name and what was sent before.
    pub fn new(plan: Plan, known: Vec<String>, sent: Sent) -> Self {
        Self {
            plan,
            known,
            sent,
            name: Field::line(),
            payload: Field::area(),
            focus: Focus::Name,
            refused: None,
        }
    }

    /// Why the payload is not JSON; an empty payload is allowed.
    pub fn payload_error(&self) -> Option<String> {
        let text = self.payload.text().trim();
        if text.is_empty() {
            None
        } else {
            json::error_in(text)
        }
    }

    fn send(&mut self) -> Step {
        let name = self.name.text().trim();
        let refused = if name.is_empty() {
            self.focus = Focus::Name;
            Some("an event needs a name".to_owned())
        } else if let Some(error) = self.payload_error() {
            self.focus = Focus::Payload;
            Some(format!("not sent: the payload is not JSON: {error}"))
        } else {
            None
        };
        self.refused = refused;
        if self.refused.is_some() {
            return Step::Stay;
        }
        Step::Send(self.deed())
    }

    /// What would be sent, as far as it is typed.
    pub fn deed(&self) -> Deed {
        let payload = self.payload.text().trim();
        Deed::RaiseEvent {
            name: self.name.text().trim().to_owned(),
            payload: (!payload.is_empty()).then(|| payload.to_owned()),
        }
    }

    /// True when a payload went with this name before.
    pub fn has_last(&self) -> bool {
        self.sent.payload(self.name.text().trim()).is_some()
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        match key.code {
            Code::Esc => return Step::Close,
            Code::Char('s') if key.ctrl => return self.send(),
            Code::Char('y') if key.ctrl => return Step::Copy,
            Code::Char('e') if key.ctrl => {
                self.focus = Focus::Payload;
                return Step::Edit;
            }
            Code::Char('Y') if self.focus == Focus::Send => return Step::Copy,
            Code::Char('r') if key.ctrl => {
                if let Some(text) = self.sent.payload(self.name.text().trim()) {
                    self.payload.set(text);
                    self.refused = None;
                }
            }
            Code::Char('l') if key.ctrl => {
                if let Some(text) = json::pretty(self.payload.text()) {
                    self.payload.set(&text);
                }
            }
            Code::Tab => match self.completion() {
                Some(name) => self.name.set(&name),
                None => self.focus = self.next(true),
            },
            Code::Up | Code::Down if self.focus == Focus::Name => {
                let delta = if key.code == Code::Up { -1 } else { 1 };
                let name = memory::step(&self.known, self.name.text().trim(), delta);
                if let Some(name) = name {
                    self.name.set(name);
                }
            }
            Code::BackTab => self.focus = self.next(false),
            Code::Enter if self.focus == Focus::Name => self.focus = Focus::Payload,
            Code::Enter if self.focus == Focus::Send => return self.send(),
            _ => {
                let edited = match self.focus {
                    Focus::Name => self.name.on_key(key),
                    Focus::Payload => self.payload.on_key(key),
                    Focus::Send => false,
                };
                if edited {
                    self.refused = None;
                }
            }
        }
        Step::Stay
    }

    fn completion(&self) -> Option<String> {
        if self.focus != Focus::Name {
            return None;
        }
        memory::complete(&self.known, self.name.text().trim()).map(str::to_owned)
    }

    /// Takes the payload from the editor; false when it is too large.
    pub fn on_edited(&mut self, text: &str) -> bool {
        self.refused = None;
        self.payload.replace(text)
    }

    /// Takes pasted text.
    pub fn on_paste(&mut self, text: &str) {
        match self.focus {
            Focus::Name => self.name.insert(text),
            Focus::Payload => self.payload.insert(text),
            Focus::Send => {}
        }
        self.refused = None;
    }

    fn next(&self, forward: bool) -> Focus {
        match (self.focus, forward) {
            (Focus::Name, true) | (Focus::Send, false) => Focus::Payload,
            (Focus::Payload, true) | (Focus::Name, false) => Focus::Send,
            (Focus::Send, true) | (Focus::Payload, false) => Focus::Name,
        }
    }
}
