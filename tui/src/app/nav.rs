//! Navigation: values on a stack. Each owns its filter, sort, cursor and scroll, so that
//! going back restores them by construction.

use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::compare::Compare;
use crate::app::screens::entities::Entities;
use crate::app::screens::failures::Failures;
use crate::app::screens::instance::Instance;
use crate::app::screens::overview::Overview;
use crate::app::screens::schedules::Schedules;
use crate::app::screens::work::Work;

/// Screens on top of each other at most; beyond, the oldest is forgotten.
const DEPTH_MAX: usize = 32;

/// Instances that are remembered after their screens are left.
const SEEN_MAX: usize = 64;

/// A screen above the hub's tabs.
#[derive(Clone, Debug)]
pub enum Opened {
    Instance(Box<Instance>),
    Compare(Box<Compare>),
    Hub(Box<Visit>),
}

/// A tab of the hub that was gone to for one thing, above where it was asked for, with what its
/// screens were before: they are so again when it is left.
#[derive(Clone, Debug)]
pub struct Visit {
    tab: HubTab,
    entities: Entities,
    work: Work,
}

/// The screens; the tab of the hub is always below.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    pub tab: HubTab,
    pub overview: Overview,
    pub failures: Failures,
    pub entities: Entities,
    pub work: Work,
    pub schedules: Schedules,
    opened: Vec<Opened>,
    /// Id and name of the instances that were open, the last one last.
    seen: Vec<(String, String)>,
}

impl Screens {
    /// The screen on top.
    pub fn place(&self) -> Place {
        match self.opened.last() {
            None => Place::Hub(self.tab),
            Some(Opened::Instance(it)) => Place::Instance(it.tab),
            Some(Opened::Compare(_)) => Place::Compare,
            Some(Opened::Hub(it)) => Place::Hub(it.tab),
        }
    }

    /// The instance screen on top, if one is.
    pub fn top_instance(&self) -> Option<&Instance> {
        match self.opened.last()? {
            Opened::Instance(it) => Some(it),
            Opened::Compare(_) | Opened::Hub(_) => None,
        }
    }

    /// The instance screen on top, to change it.
    pub fn top_instance_mut(&mut self) -> Option<&mut Instance> {
        match self.opened.last_mut()? {
            Opened::Instance(it) => Some(it),
            Opened::Compare(_) | Opened::Hub(_) => None,
        }
    }

    /// The comparison on top, if one is.
    pub fn top_compare(&self) -> Option<&Compare> {
        match self.opened.last()? {
            Opened::Compare(it) => Some(it),
            Opened::Instance(_) | Opened::Hub(_) => None,
        }
    }

    /// The comparison on top, to change it.
    pub fn top_compare_mut(&mut self) -> Option<&mut Compare> {
        match self.opened.last_mut()? {
            Opened::Compare(it) => Some(it),
            Opened::Instance(_) | Opened::Hub(_) => None,
        }
    }

    /// Opens `instance`. An instance that is open already is gone back to.
    pub fn open(&mut self, instance: Instance) {
        let is_it = |it: &Opened| matches!(it, Opened::Instance(it) if it.id == instance.id);
        if let Some(at) = self.opened.iter().position(is_it) {
            self.leave_above(at + 1);
            return;
        }
        self.push(Opened::Instance(Box::new(instance)));
    }

    /// Opens `compare`.
    pub fn compare(&mut self, compare: Compare) {
        self.push(Opened::Compare(Box::new(compare)));
    }

    fn push(&mut self, screen: Opened) {
        if self.opened.len() == DEPTH_MAX {
            self.opened.remove(0);
        }
        self.opened.push(screen);
    }

    /// Goes to a tab of the hub for one thing; what is on top now stays below.
    pub fn visit(&mut self, tab: HubTab) {
        self.push(Opened::Hub(Box::new(Visit {
            tab,
            entities: self.entities.clone(),
            work: self.work.clone(),
        })));
    }

    /// The instance that a visit of the hub goes back to, while one is on top.
    pub fn came_from(&self) -> Option<&str> {
        match self.opened.last()? {
            Opened::Hub(_) => self.trail().last(),
            _ => None,
        }
    }

    /// Leaves the top screen; false on a tab of the hub.
    pub fn back(&mut self) -> bool {
        let Some(left) = self.opened.pop() else {
            return false;
        };
        if let Opened::Hub(it) = left {
            self.entities = it.entities;
            self.work = it.work;
        }
        true
    }

    fn leave_above(&mut self, kept: usize) {
        while self.opened.len() > kept {
            self.back();
        }
    }

    /// Leaves all screens for a tab of the hub.
    pub fn to_tab(&mut self, tab: HubTab) {
        self.leave_above(0);
        self.tab = tab;
    }

    /// Remembers that the instance `id`, an orchestration called `name`, is looked at.
    pub fn has_seen(&mut self, id: &str, name: &str) {
        if self
            .seen
            .last()
            .is_some_and(|it| it.0 == id && it.1 == name)
        {
            return;
        }
        self.seen.retain(|it| it.0 != id);
        if self.seen.len() == SEEN_MAX {
            self.seen.remove(0);
        }
        self.seen.push((id.to_owned(), name.to_owned()));
    }

    /// The instance of `name` beside `id` that was looked at last.
    pub fn last_seen(&self, name: &str, id: &str) -> Option<&str> {
        let mut newest = self.seen.iter().rev();
        newest
            .find(|it| it.1 == name && it.0 != id)
            .map(|it| it.0.as_str())
    }

    /// Ids of the open instances, outermost first.
    pub fn trail(&self) -> impl Iterator<Item = &str> {
        self.opened.iter().filter_map(|it| match it {
            Opened::Instance(it) => Some(it.id.as_str()),
            Opened::Compare(_) | Opened::Hub(_) => None,
        })
    }
}
