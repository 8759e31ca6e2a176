//! Which screen is on top, as a closed list: tabs of the hub, tabs of an instance, a comparison.

/// A screen about the whole task hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HubTab {
    #[default]
    Instances,
    Failures,
    Entities,
    Work,
    Schedules,
}

impl HubTab {
    /// All of them, in the order of their number keys.
    pub const ALL: [Self; 5] = [
        Self::Instances,
        Self::Failures,
        Self::Entities,
        Self::Work,
        Self::Schedules,
    ];

    /// Its name in the header.
    pub fn title(self) -> &'static str {
        match self {
            Self::Instances => "Instances",
            Self::Failures => "Failures",
            Self::Entities => "Entities",
            Self::Work => "Workers",
            Self::Schedules => "Schedules",
        }
    }
}

/// A view of one instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstanceTab {
    #[default]
    Tree,
    Grid,
    Batches,
    Timeline,
    History,
    Data,
}

impl InstanceTab {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Tree,
        Self::Grid,
        Self::Batches,
        Self::Timeline,
        Self::History,
        Self::Data,
    ];

    /// Its name on the rule above it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tree => "Tree",
            Self::Grid => "Grid",
            Self::Batches => "Batches",
            Self::Timeline => "Timeline",
            Self::History => "History",
            Self::Data => "Data",
        }
    }

    /// The tab `delta` steps further, around the end.
    #[must_use]
    pub fn step(self, delta: isize) -> Self {
        let at = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        let count = Self::ALL.len();
        let at = at.saturating_add_signed(delta.rem_euclid(count.cast_signed()));
        Self::ALL[at % count]
    }
}

/// The screen on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Hub(HubTab),
    Instance(InstanceTab),
    Compare,
}
