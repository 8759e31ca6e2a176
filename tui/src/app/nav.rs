//! Navigation: a stack of values. Each owns its filter, sort, cursor and scroll, so that
//! going back restores them by construction.

use crate::app::screens::instance::Instance;
use crate::app::screens::overview::Overview;

/// Instance screens on top of each other at most; beyond, the oldest is forgotten.
const DEPTH_MAX: usize = 32;

/// The screens; the overview is always below.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    pub overview: Overview,
    opened: Vec<Instance>,
}

impl Screens {
    /// The instance screen on top, unless the overview is.
    pub fn top_instance(&self) -> Option<&Instance> {
        self.opened.last()
    }

    /// The instance screen on top, to change it.
    pub fn top_instance_mut(&mut self) -> Option<&mut Instance> {
        self.opened.last_mut()
    }

    /// Opens `instance`. An instance that is open already is gone back to.
    pub fn open(&mut self, instance: Instance) {
        if let Some(at) = self.opened.iter().position(|it| it.id == instance.id) {
            self.opened.truncate(at + 1);
            return;
        }
        if self.opened.len() == DEPTH_MAX {
            self.opened.remove(0);
        }
        self.opened.push(instance);
    }

    /// Leaves the top screen; false on the overview.
    pub fn back(&mut self) -> bool {
        self.opened.pop().is_some()
    }

    /// Ids of the open instances, outermost first.
    pub fn trail(&self) -> impl Iterator<Item = &str> {
        self.opened.iter().map(|it| it.id.as_str())
    }
}
