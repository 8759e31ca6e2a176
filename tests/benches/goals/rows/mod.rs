//! The rows of the goals, by the numbers that they have in the document.

mod bounds;
mod chain;
mod crashes;
mod dashboard;
mod entities;
mod fan_out;
mod growth;
mod idle;
mod loader;
mod million;
mod official;
mod peers;
mod restart;
mod screen;
mod tree;

use anyhow::Result;

use crate::options::Options;
use crate::report::Section;

/// A row, or the bounds of the machine that all of them stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(usize);

const TITLES: [&str; 17] = [
    "What the machine can do",
    "Fan-out against the floor",
    "Fan-out against duroxide",
    "Ten times as many activities",
    "Many orchestrations",
    "A step of a chain",
    "The official Python worker",
    "Turns of a fan-out",
    "The price of full durability",
    "Bytes written",
    "Trees and entities",
    "Killed in the middle",
    "A million finished instances",
    "Restart with a backlog",
    "Start and idleness",
    "With the dashboard",
    "The dashboard on a large hub",
];

impl Row {
    pub(crate) const ALL: [Self; 17] = {
        let mut all = [Self(0); 17];
        let mut at = 0;
        while at < all.len() {
            all[at] = Self(at);
            at += 1;
        }
        all
    };

    /// The row that people call so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.name() == name)
    }

    pub(crate) fn name(self) -> String {
        match self.0 {
            0 => "bounds".to_owned(),
            16 => "screen".to_owned(),
            number => number.to_string(),
        }
    }

    pub(crate) fn title(self) -> &'static str {
        TITLES[self.0]
    }

    /// Where it stands in the document.
    pub(crate) fn place(self) -> usize {
        self.0
    }

    /// # Errors
    /// When our side cannot be run at all. Runs that fail are counted in the section.
    pub(crate) async fn measure(self, options: &Options) -> Result<Section> {
        match self.0 {
            0 => bounds::measure(options).await,
            1 => Ok(fan_out::against_floor(options).await),
            2 => Ok(peers::fan_outs(options).await),
            3 => Ok(growth::measure(options).await),
            4 => Ok(peers::many(options).await),
            5 => Ok(chain::measure(options).await),
            6 => Ok(official::python(options).await),
            7 => Ok(official::turns(options).await),
            8 => Ok(fan_out::durability(options).await),
            9 => Ok(fan_out::written(options).await),
            10 => Ok(tree::measure(options).await),
            11 => crashes::measure(options).await,
            12 => million::measure(options).await,
            13 => restart::measure(options).await,
            14 => idle::measure(options).await,
            15 => dashboard::measure(options).await,
            _ => screen::measure(options).await,
        }
    }
}
