//! Confirming what is done to one or many instances. Enter never confirms; `y` does, and for
//! many only after their number was typed.

use durascope_proto::monitor::PreviewPurgeResponse;

use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::effect::Call;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::purge_query::PurgeQuery;

/// Instances whose purge is counted before it is done; of more, nothing is known before.
pub const COUNTED_MAX: usize = 20_000;

/// How much a purge deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// It is not a purge.
    None,
    /// The call with this number asks.
    Asked(u64),
    Known(PreviewPurgeResponse),
    /// Why the server did not tell.
    Unknown(String),
}

/// The dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    deed: Deed,
    pub plan: Plan,
    pub reason: Field,
    /// Keys go to the reason.
    pub editing: bool,
    /// The number of targets, as far as it is typed.
    pub typed: Field,
    pub count: Count,
    /// The call that looks how the marked are now; its answer changes the plan.
    pub looking: Option<u64>,
    /// Each is purged by a call of its own, though one call could do it.
    pub each: bool,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    /// The count must be asked anew.
    AskAgain,
    /// The command goes to the clipboard.
    Copy,
    Do(Deed),
}

impl Confirm {
    /// Asks before `deed` is done to `plan`.
    pub fn new(deed: Deed, plan: Plan) -> Self {
        Self {
            deed,
            plan,
            reason: Field::line(),
            editing: false,
            typed: Field::line(),
            count: Count::None,
            looking: None,
            each: false,
        }
    }

    /// What is to be confirmed, with the reason as typed.
    pub fn deed(&self) -> Deed {
        let typed = self.reason.text().trim();
        let typed = (!typed.is_empty()).then(|| typed.to_owned());
        let mut deed = self.deed.clone();
        match &mut deed {
            Deed::Terminate { reason, .. }
            | Deed::Suspend { reason }
            | Deed::Resume { reason }
            | Deed::Rewind { reason } => *reason = typed,
            Deed::RaiseEvent { .. } | Deed::Purge { .. } | Deed::Restart { .. } => {}
        }
        deed
    }

    /// True when a reason goes with it.
    pub fn takes_reason(&self) -> bool {
        matches!(
            self.deed,
            Deed::Terminate { .. }
                | Deed::Suspend { .. }
                | Deed::Resume { .. }
                | Deed::Rewind { .. }
        )
    }

    /// The filter of a purge that is done in one call, with its choice of sub-orchestrations.
    pub fn one_call(&self) -> Option<(&PurgeQuery, bool)> {
        let Deed::Purge { recursive } = self.deed else {
            return None;
        };
        let query = self.plan.query.as_ref()?.as_ref().ok()?;
        // One alone is named, so that nothing else goes.
        let is_many = self.plan.single().is_none();
        (is_many && !self.each).then_some((query, recursive))
    }

    /// The call that asks how much a purge deletes.
    ///
    /// # Errors
    /// Why it is not asked, for the screen.
    pub fn preview(&self) -> Result<Call, String> {
        let Deed::Purge { recursive } = self.deed else {
            return Err("nothing to count".to_owned());
        };
        let count = self.plan.acting_count(&self.deed);
        if count > COUNTED_MAX {
            return Err(format!("more than {COUNTED_MAX} are not counted before"));
        }
        let ids = self.plan.acting(&self.deed);
        Ok(Call::PreviewPurge {
            instance_ids: ids.map(|it| it.instance_id.clone()).collect(),
            recursive,
        })
    }

    /// Why `y` does nothing yet.
    pub fn not_yet(&self) -> Option<String> {
        if self.looking.is_some() {
            return Some("looking at those that are not on screen …".to_owned());
        }
        if self.plan.acting_count(&self.deed) == 0 {
            return Some("there is nothing to do".to_owned());
        }
        // Nobody confirms a number that is not on the screen yet.
        if matches!(self.count, Count::Asked(_)) {
            return Some("counting what goes …".to_owned());
        }
        let wanted = self.plan.to_type(&self.deed)?;
        (self.typed.text() != wanted.to_string())
            .then(|| format!("type {wanted} to confirm, then y"))
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        if key == Key::ctrl('y') {
            return Step::Copy;
        }
        if self.editing {
            match key.code {
                Code::Esc | Code::Enter | Code::Tab | Code::BackTab => self.editing = false,
                _ => {
                    self.reason.on_key(key);
                }
            }
            return Step::Stay;
        }
        if key.ctrl || key.alt {
            return Step::Stay;
        }
        match key.code {
            Code::Esc | Code::Enter | Code::Char('n' | 'q') => Step::Close,
            Code::Char('y') if self.not_yet().is_none() => Step::Do(self.deed()),
            Code::Char('Y') => Step::Copy,
            Code::Char(' ') => self.toggle(),
            Code::Char('o') => {
                self.each = !self.each;
                Step::Stay
            }
            Code::Char('f') => {
                if let Deed::Terminate { force, .. } = &mut self.deed {
                    *force = !*force;
                }
                Step::Stay
            }
            Code::Char('0'..='9') | Code::Backspace | Code::Delete => {
                if self.plan.to_type(&self.deed).is_some() {
                    self.typed.on_key(key);
                }
                Step::Stay
            }
            Code::Tab | Code::BackTab => {
                self.editing = self.takes_reason();
                Step::Stay
            }
            _ => Step::Stay,
        }
    }

    /// The choice that Space makes; another deed wants another number.
    fn toggle(&mut self) -> Step {
        self.typed.set("");
        match &mut self.deed {
            Deed::Terminate { recursive, .. } => *recursive = !*recursive,
            Deed::Purge { recursive } => {
                *recursive = !*recursive;
                return Step::AskAgain;
            }
            Deed::Restart { new_id } => *new_id = !*new_id,
            Deed::Suspend { .. } => self.deed = Deed::Resume { reason: None },
            Deed::Resume { .. } => self.deed = Deed::Suspend { reason: None },
            Deed::Rewind { .. } | Deed::RaiseEvent { .. } => {}
        }
        Step::Stay
    }

    /// Takes pasted text.
    pub fn on_paste(&mut self, text: &str) {
        if self.editing {
            self.reason.insert(text);
        }
    }
}
