//! A virtual table: columns that leave by priority when it is narrow, and cells that are
//! made for visible rows only.

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub title: &'static str,
    pub min: u16,
    pub ideal: u16,
    pub right: bool,
    /// Columns with the largest number leave first; 0 never leaves.
    pub priority: u8,
}

/// One cell.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    pub text: Clean<'a>,
    pub role: Role,
    /// Ids lose their middle; the rest loses its end.
    pub cut_middle: bool,
}

/// A cell that is cut at its end.
pub fn cell<'a>(text: impl Into<Clean<'a>>, role: Role) -> Cell<'a> {
    Cell {
        text: text.into(),
        role,
        cut_middle: false,
    }
}

/// A cell that keeps both ends.
pub fn id_cell<'a>(text: impl Into<Clean<'a>>, role: Role) -> Cell<'a> {
    Cell {
        text: text.into(),
        role,
        cut_middle: true,
    }
}

/// Widths of `columns` within `width`; 0 where a column has left. One space stands between.
pub fn fit(columns: &[Column], width: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = columns.iter().map(|it| it.min).collect();
    let used = |widths: &[u16]| {
        widths
            .iter()
            .filter(|it| **it > 0)
            .fold(0_u16, |sum, it| sum.saturating_add(it + 1))
    };
    while used(&widths) > width.saturating_add(1) {
        let leaves = (0..columns.len())
            .filter(|it| widths[*it] > 0 && columns[*it].priority > 0)
            .max_by_key(|it| columns[*it].priority);
        let Some(leaves) = leaves else {
            break;
        };
        widths[leaves] = 0;
    }
    let mut spare = width.saturating_add(1).saturating_sub(used(&widths));
    let mut order: Vec<_> = (0..columns.len()).filter(|it| widths[*it] > 0).collect();
    order.sort_by_key(|it| columns[*it].priority);
    for at in order {
        let more = columns[at].ideal.saturating_sub(widths[at]).min(spare);
        widths[at] += more;
        spare -= more;
    }
    widths
}

/// Draws the titles; a marker says how many columns have left.
pub fn draw_titles(pen: &mut Pen<'_>, area: Area, columns: &[Column], widths: &[u16]) {
    let titles: Vec<_> = columns.iter().map(|it| cell(it.title, Role::Dim)).collect();
    draw_row(pen, area, 0, columns, widths, &titles);
    let left = widths.iter().filter(|it| **it == 0).count();
    if left > 0 && area.width > 40 {
        let marker = format!(" +{left}");
        let at = area.width.saturating_sub(cells(marker.len()));
        pen.put(area, at, 0, marker, Role::Dim);
    }
}

/// A click on the title of these columns does what stands beside their number.
pub fn click_titles(
    pen: &mut Pen<'_>,
    area: Area,
    widths: &[u16],
    hits: impl Iterator<Item = (usize, Hit)>,
) {
    for (at, hit) in hits {
        let width = widths.get(at).copied().unwrap_or(0);
        let before = widths.iter().take(at).filter(|it| **it > 0);
        let x = before.fold(0_u16, |sum, it| sum.saturating_add(it + 1));
        let span = Area {
            x: area.x.saturating_add(x),
            width: width.min(area.width.saturating_sub(x)),
            ..area
        };
        pen.hit(span, hit);
    }
}

/// Draws one row.
pub fn draw_row(
    pen: &mut Pen<'_>,
    area: Area,
    y: u16,
    columns: &[Column],
    widths: &[u16],
    row: &[Cell<'_>],
) {
    let mut x = 0;
    for ((column, width), cell) in columns.iter().zip(widths).zip(row) {
        if *width == 0 {
            continue;
        }
        let room = usize::from(*width);
        let text = if cell.cut_middle {
            cell.text.fit_middle(room, "…")
        } else {
            cell.text.fit(room, "…")
        };
        let pad = if column.right {
            room.saturating_sub(text.width())
        } else {
            0
        };
        pen.put(area, x + cells(pad), y, text.as_str(), cell.role);
        x += width + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_leave_by_priority_and_the_important_ones_grow_first() {
        let column = |min, ideal, priority| Column {
            title: "",
            min,
            ideal,
            right: false,
            priority,
        };
        let columns = [column(4, 10, 0), column(6, 6, 2), column(5, 20, 1)];
        assert_eq!(fit(&columns, 60), [10, 6, 20]);
        assert_eq!(fit(&columns, 20), [7, 6, 5]);
        assert_eq!(fit(&columns, 12), [6, 0, 5]);
        assert_eq!(fit(&columns, 6), [6, 0, 0]);
        assert_eq!(fit(&columns, 1), [4, 0, 0]);
    }
}
