//! Confirming what cannot be undone. Enter never confirms; `y` does.

use durascope_proto::monitor::PreviewPurgeResponse;

use crate::app::dialogs::Target;
use crate::app::effect::Call;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;

/// What is to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Terminate {
        reason: Field,
        /// Keys go to the reason.
        editing: bool,
    },
    Purge {
        count: Count,
    },
}

/// How much a purge deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// The call with this number asks.
    Asked(u64),
    Known(PreviewPurgeResponse),
    /// Why the server did not tell.
    Unknown(String),
}

/// The dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    pub target: Target,
    pub deed: Deed,
    pub recursive: bool,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    /// The count must be asked anew.
    AskAgain,
    Do(Call),
}

impl Confirm {
    /// Asks before terminating `target`; its open children go with it unless deselected.
    pub fn terminate(target: Target) -> Self {
        let recursive = true;
        let deed = Deed::Terminate {
            reason: Field::line(),
            editing: false,
        };
        Self {
            target,
            deed,
            recursive,
        }
    }

    /// Asks before purging `target`, whose count the call `asked` brings.
    pub fn purge(target: Target, asked: u64) -> Self {
        Self {
            target,
            deed: Deed::Purge {
                count: Count::Asked(asked),
            },
            recursive: true,
        }
    }

    /// The call that asks how much goes.
    pub fn preview(&self) -> Call {
        Call::PreviewPurge {
            instance_id: self.target.instance_id.clone(),
            recursive: self.recursive,
        }
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        if let Deed::Terminate {
            reason,
            editing: editing @ true,
        } = &mut self.deed
        {
            match key.code {
                Code::Esc | Code::Enter | Code::Tab | Code::BackTab => *editing = false,
                _ => {
                    reason.on_key(key);
                }
            }
            return Step::Stay;
        }
        match key.code {
            Code::Esc | Code::Enter | Code::Char('n' | 'q') if !key.ctrl => Step::Close,
            Code::Char('y') if !key.ctrl && !key.alt => self.confirmed(),
            Code::Char(' ') => {
                self.recursive = !self.recursive;
                if matches!(self.deed, Deed::Purge { .. }) {
                    Step::AskAgain
                } else {
                    Step::Stay
                }
            }
            Code::Tab | Code::BackTab => {
                if let Deed::Terminate { editing, .. } = &mut self.deed {
                    *editing = true;
                }
                Step::Stay
            }
            _ => Step::Stay,
        }
    }

    /// Takes pasted text.
    pub fn on_paste(&mut self, text: &str) {
        if let Deed::Terminate {
            reason,
            editing: true,
        } = &mut self.deed
        {
            reason.insert(text);
        }
    }

    fn confirmed(&self) -> Step {
        let instance_id = self.target.instance_id.clone();
        let recursive = self.recursive;
        match &self.deed {
            Deed::Terminate { reason, .. } => {
                let reason = reason.text().trim();
                let reason = (!reason.is_empty()).then(|| reason.to_owned());
                Step::Do(Call::Terminate {
                    instance_id,
                    reason,
                    recursive,
                })
            }
            // Nobody confirms a number that is not on the screen yet.
            Deed::Purge {
                count: Count::Asked(_),
            } => Step::Stay,
            Deed::Purge { .. } => Step::Do(Call::Purge {
                instance_id,
                recursive,
            }),
        }
    }
}
