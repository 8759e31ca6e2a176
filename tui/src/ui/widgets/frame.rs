//! The frame of a dialog, in the middle of the screen.

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::keymap;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Draws an empty frame that holds `width` × `height` cells if the screen does; answers the
/// inside. `keys` stands in the lower edge.
pub fn draw<'a>(
    pen: &mut Pen<'_>,
    width: u16,
    height: u16,
    title: impl Into<Clean<'a>>,
    keys: &str,
) -> Area {
    let screen = pen.screen();
    let width = width.saturating_add(4).min(screen.width);
    let height = height.saturating_add(2).min(screen.height);
    let area = Area {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    pen.clear(area);
    pen.hit(area, Hit::Dialog);
    if width < 3 || height < 3 {
        return area;
    }
    let line = "━".repeat(usize::from(width - 2));
    pen.put(area, 0, 0, format!("┏{line}┓"), Role::Accent);
    pen.put(area, 0, height - 1, format!("┗{line}┛"), Role::Accent);
    for y in 1..height - 1 {
        pen.put(area, 0, y, "┃", Role::Accent);
        pen.put(area, width - 1, y, "┃", Role::Accent);
    }
    let room = usize::from(width.saturating_sub(6));
    for (y, text, role) in [
        (0, title.into().fit(room, "…"), Role::Head),
        (height - 1, Clean::from(keys).fit(room, "…"), Role::Text),
    ] {
        if text.width() > 0 {
            let end = pen.put(area, 3, y, text.as_str(), role);
            pen.put(area, 2, y, " ", role);
            pen.put(area, end.min(width.saturating_sub(2)), y, " ", role);
        }
    }
    click_keys(pen, area, Clean::from(keys).fit(room, "…").as_str());
    Area {
        x: area.x + 2,
        y: area.y + 1,
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    }
}

/// The keys in the lower edge can be clicked: `y purge · Esc cancel`.
fn click_keys(pen: &mut Pen<'_>, area: Area, keys: &str) {
    const BETWEEN: &str = " · ";
    let mut x = area.x.saturating_add(3);
    for part in keys.split(BETWEEN) {
        let width = cells(crate::text::width(part));
        let span = Area {
            x,
            y: area.y + area.height - 1,
            width,
            height: 1,
        };
        let first = part.split(' ').next().unwrap_or("");
        if let Ok(key) = keymap::parse(first) {
            pen.hit(span, Hit::Key(key));
        }
        x = x.saturating_add(width + cells(BETWEEN.chars().count()));
    }
}

/// `lines` as a height.
pub fn rows(lines: usize) -> u16 {
    cells(lines)
}
