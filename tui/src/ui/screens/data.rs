//! Input, output, custom status and tags.

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::instance::Instance;
use crate::ui::pen::Pen;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(_: &mut Pen<'_>, _: Area, _: &Model, _: &Instance) {}
