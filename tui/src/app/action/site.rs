//! The screens on which an action exists.

use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;

/// Where an action exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    Everywhere,
    /// On one tab of the hub.
    Hub(HubTab),
    /// On one tab of an instance.
    Instance(InstanceTab),
    /// On every tab of an instance.
    AnyInstance,
    Compare,
}

impl Where {
    /// True on the screen `place`.
    pub fn holds(self, place: Place) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Hub(tab) => place == Place::Hub(tab),
            Self::Instance(tab) => place == Place::Instance(tab),
            Self::AnyInstance => matches!(place, Place::Instance(_)),
            Self::Compare => place == Place::Compare,
        }
    }
}
