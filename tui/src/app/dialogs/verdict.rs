//! All findings about one instance; the chosen one leads to where it is proven.

use crate::app::event::Code;
use crate::app::event::Key;
use crate::data::verdict::Evidence;
use crate::data::verdict::Finding;
use crate::data::verdict::Rule;

/// The list. Its findings are those of the moment, so only the cursor is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub instance_id: String,
    cursor: Option<(Rule, Evidence)>,
    index: usize,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Close,
    Follow(Evidence),
    /// The key of what can be done about the chosen finding.
    Act(Key),
}

impl Verdict {
    /// The list about an instance, with the cursor on the first finding.
    pub fn new(instance_id: String) -> Self {
        Self {
            instance_id,
            cursor: None,
            index: 0,
        }
    }

    /// Where the cursor is: on its finding, or else where that was.
    pub fn index(&self, findings: &[Finding]) -> usize {
        let is_it = |it: &Finding| {
            let cursor = self.cursor.as_ref();
            cursor.is_some_and(|(rule, evidence)| it.rule == *rule && it.evidence == *evidence)
        };
        let found = findings.iter().position(is_it);
        found
            .unwrap_or(self.index)
            .min(findings.len().saturating_sub(1))
    }

    /// Takes a key, with the findings of the moment.
    pub fn on_key(&mut self, findings: &[Finding], key: Key) -> Step {
        let at = self.index(findings);
        let chosen = findings.get(at);
        let last = findings.len().saturating_sub(1);
        let to = match key.code {
            Code::Up | Code::Char('k') => at.saturating_sub(1),
            Code::Down | Code::Char('j') => (at + 1).min(last),
            Code::Home | Code::Char('g') => 0,
            Code::End | Code::Char('G') => last,
            Code::Enter => {
                return chosen.map_or(Step::Close, |it| Step::Follow(it.evidence.clone()));
            }
            Code::Esc | Code::Char('q' | 'v') => return Step::Close,
            Code::Char(it) if chosen.is_some_and(|chosen| chosen.action == Some(it)) => {
                return Step::Act(key);
            }
            _ => at,
        };
        self.index = to;
        self.cursor = findings.get(to).map(|it| (it.rule, it.evidence.clone()));
        Step::Stay
    }
}
