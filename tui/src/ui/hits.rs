//! What can be clicked, noted while it is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::event::Size;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::ui::Look;
use crate::ui::draw;

/// Areas of the screen with what they mean; later ones lie above.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    areas: Vec<(Area, Option<Hit>)>,
    /// The list's rows, and its cursor's.
    list: Option<(Area, Option<u16>)>,
}

impl Hits {
    pub(crate) fn push(&mut self, area: Area, hit: Hit) {
        if !area.is_empty() {
            self.areas.push((area, Some(hit)));
        }
    }

    pub(crate) fn list(&mut self, area: Area) {
        self.list = Some((area, None));
        self.areas.push((area, None));
    }

    /// The list's cursor is in the row at `y` of the screen.
    pub(crate) fn cursor(&mut self, y: u16) {
        if let Some((_, cursor)) = &mut self.list {
            *cursor = Some(y);
        }
    }

    pub(crate) fn selected(&mut self, row: Area) {
        if let Some((area, cursor)) = &mut self.list
            && row.height == 1
            && contains(*area, row.x, row.y)
        {
            *cursor = Some(row.y);
        }
    }

    /// What is at a place, the topmost first.
    pub fn at(&self, x: u16, y: u16) -> Option<Hit> {
        let (area, hit) = self
            .areas
            .iter()
            .rev()
            .find(|(area, _)| contains(*area, x, y))?;
        match hit {
            Some(Hit::Text(_)) => Some(Hit::Text(y - area.y)),
            Some(Hit::Cell(..)) => Some(Hit::Cell(x - area.x, y - area.y)),
            Some(Hit::Fold(_)) => self.line(y).map(Hit::Fold),
            Some(hit) => Some(*hit),
            None => self.line(y).map(Hit::Line),
        }
    }

    /// How far the row is below the cursor's.
    fn line(&self, y: u16) -> Option<isize> {
        let cursor = self.list?.1?;
        Some(isize::try_from(y).ok()? - isize::try_from(cursor).ok()?)
    }
}

fn contains(area: Area, x: u16, y: u16) -> bool {
    let inside = |at: u16, from: u16, length: u16| at >= from && at - from < length;
    inside(x, area.x, area.width) && inside(y, area.y, area.height)
}

/// What is under the pointer on the screen that `model` gives.
///
/// It draws once more, and so needs no arithmetic of its own: clicks are rare.
pub fn at(model: &Model, look: Look, x: u16, y: u16) -> Option<Hit> {
    let Size { width, height } = model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(model, look, &mut buffer).at(x, y)
}
