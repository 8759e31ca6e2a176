//! Where a word occurs in an outline.

use crate::data::outline::contents::Contents;
use crate::data::outline::contents::Folds;
use crate::data::outline::contents::Key;
use crate::data::outline::contents::What;
use crate::data::outline::section::Body;

impl Contents {
    /// The next place after `from` that has `wanted` in it, around the end, folded or not.
    /// Unfolds what is around it in `folds`.
    pub fn find(
        &self,
        wanted: &str,
        from: (usize, What),
        forward: bool,
        folds: &mut Folds,
    ) -> Option<Key> {
        let wanted = wanted.to_lowercase();
        let mut hits: Vec<(usize, What)> = (0..self.sections.len())
            .flat_map(|at| self.hits(at, &wanted))
            .collect();
        hits.sort_unstable();
        let (section, what) = if forward {
            hits.iter().find(|it| **it > from).or(hits.first())
        } else {
            hits.iter().rev().find(|it| **it < from).or(hits.last())
        }
        .copied()?;
        if what != What::Head {
            folds.insert(self.key_of(section, What::Head), true);
        }
        if let (What::Node(node, _), Some(document)) = (what, self.document(section)) {
            for (at, around) in document.nodes().iter().enumerate().take(node) {
                if around.end > node && around.is_container() {
                    folds.insert(self.key_of(section, What::Node(at, 0)), true);
                }
            }
        }
        Some(self.key_of(section, what))
    }

    fn hits(&self, at: usize, wanted: &str) -> Vec<(usize, What)> {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        let section = &self.sections[at];
        let mut hits = Vec::new();
        if has(&section.title) {
            hits.push((at, What::Head));
        }
        match (&section.body, self.document(at)) {
            (Body::Facts(facts), _) => {
                let found = facts.iter().enumerate();
                let found = found.filter(|(_, it)| has(&it.name) || has(&it.value));
                hits.extend(found.map(|(index, _)| (at, What::Fact(index))));
            }
            (_, Some(document)) => {
                let found = document.nodes().iter().enumerate().filter(|(_, it)| {
                    has(&document.name_of(it))
                        || (!it.is_container() && has(&document.value_of(it)))
                });
                hits.extend(found.map(|(index, _)| (at, What::Node(index, 0))));
            }
            // Wrapped lines depend on the width: the text as a whole is the place.
            (Body::Text { text, .. } | Body::Payload { text, .. }, None) => {
                if has(text) && hits.is_empty() {
                    hits.push((at, What::Head));
                }
            }
        }
        hits
    }
}
