//! Raising an external event: a name and a JSON payload, checked while it is typed.

use crate::app::dialogs::Target;
use crate::app::effect::Call;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
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
    pub target: Target,
    pub name: Field,
    pub payload: Field,
    pub focus: Focus,
    /// Why it was not sent.
    pub refused: Option<String>,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    Send(Call),
}

impl RaiseEvent {
    /// An empty dialog for `target`.
    pub fn new(target: Target) -> Self {
        Self {
            target,
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
        let payload = self.payload.text().trim();
        Step::Send(Call::RaiseEvent {
            instance_id: self.target.instance_id.clone(),
            name: name_of(&self.name),
            payload: (!payload.is_empty()).then(|| payload.to_owned()),
        })
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        match key.code {
            Code::Esc => return Step::Close,
            Code::Char('s') if key.ctrl => return self.send(),
            Code::Char('l') if key.ctrl => {
                if let Some(text) = json::pretty(self.payload.text()) {
                    self.payload.set(&text);
                }
            }
            Code::Tab => self.focus = self.next(true),
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

fn name_of(field: &Field) -> String {
    field.text().trim().to_owned()
}
