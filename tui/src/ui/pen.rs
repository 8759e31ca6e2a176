//! The only way onto the screen: clean text in a role, clipped to an area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Style;

use crate::app::geometry::Area;
use crate::text;
use crate::text::Clean;
use crate::ui::Look;
use crate::ui::glyphs;
use crate::ui::theme::Role;

/// A run of text in one role.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    pub text: Clean<'a>,
    pub role: Role,
}

/// A piece; all text is cleaned on the way in.
pub fn piece<'a>(text: impl Into<Clean<'a>>, role: Role) -> Piece<'a> {
    Piece {
        text: text.into(),
        role,
    }
}

/// Draws into a buffer.
pub struct Pen<'b> {
    buffer: &'b mut Buffer,
    look: Look,
}

impl<'b> Pen<'b> {
    /// A pen for `buffer`.
    pub fn new(buffer: &'b mut Buffer, look: Look) -> Self {
        Self { buffer, look }
    }

    /// The whole buffer.
    pub fn screen(&self) -> Area {
        let it = self.buffer.area;
        Area {
            x: it.x,
            y: it.y,
            width: it.width,
            height: it.height,
        }
    }

    /// Draws `text` at (`x`, `y`) of `area`; answers the column after it.
    pub fn put<'a>(
        &mut self,
        area: Area,
        x: u16,
        y: u16,
        text: impl Into<Clean<'a>>,
        role: Role,
    ) -> u16 {
        self.put_clean(area, x, y, &text.into(), role)
    }

    fn put_clean(&mut self, area: Area, x: u16, y: u16, text: &Clean<'_>, role: Role) -> u16 {
        let clip = self.clip(area);
        let (at_x, at_y) = (area.x.saturating_add(x), area.y.saturating_add(y));
        let inside = x < area.width && y < area.height;
        if inside && at_x < clip.right() && at_y < clip.bottom() {
            let room = usize::from(clip.right() - at_x);
            let style = self.look.theme.style(role);
            if self.look.ascii {
                let plain = glyphs::plain(text.as_str());
                self.buffer.set_stringn(at_x, at_y, plain, room, style);
            } else {
                self.buffer
                    .set_stringn(at_x, at_y, text.as_str(), room, style);
            }
        }
        x.saturating_add(text::cells(text.width()))
    }

    /// Draws pieces one after the other; the last that does not fit ends in an ellipsis.
    pub fn line(&mut self, area: Area, y: u16, pieces: &[Piece<'_>]) -> u16 {
        self.line_from(area, 0, y, pieces)
    }

    /// Like [`Self::line`], from column `x`.
    pub fn line_from(&mut self, area: Area, mut x: u16, y: u16, pieces: &[Piece<'_>]) -> u16 {
        for it in pieces {
            let room = usize::from(area.width.saturating_sub(x));
            if it.text.width() > room {
                let cut = it.text.fit(room, "…");
                return self.put_clean(area, x, y, &cut, it.role);
            }
            x = self.put_clean(area, x, y, &it.text, it.role);
        }
        x
    }

    /// Draws pieces at the right edge; what does not fit after `from` is left out.
    pub fn line_right(&mut self, area: Area, from: u16, y: u16, pieces: &[Piece<'_>]) {
        let width: usize = pieces.iter().map(|it| it.text.width()).sum();
        let start = usize::from(area.width).checked_sub(width).map(text::cells);
        if let Some(start) = start.filter(|it| *it >= from) {
            self.line_from(area, start, y, pieces);
        }
    }

    /// Two halves of one cell in the colours of their roles; a half without a role stays empty.
    pub fn halves(
        &mut self,
        area: Area,
        (x, y): (u16, u16),
        upper: Option<Role>,
        lower: Option<Role>,
    ) {
        // What has no colour of its own is between the background and the text.
        let color = |it: Role| self.look.theme.style(it).fg.unwrap_or(Color::DarkGray);
        let (sign, front, back) = match (upper, lower) {
            (None, None) => return,
            (Some(upper), lower) => ("▀", color(upper), lower.map(color)),
            (None, Some(lower)) => ("▄", color(lower), None),
        };
        let clip = self.clip(area);
        let at = (area.x.saturating_add(x), area.y.saturating_add(y));
        if at.0 >= clip.right() || at.1 >= clip.bottom() {
            return;
        }
        let style = Style::new().fg(front).bg(back.unwrap_or(Color::Reset));
        self.buffer.set_stringn(at.0, at.1, sign, 1, style);
    }

    /// True when a cell must not be told by its colour alone.
    pub fn needs_whole_cells(&self) -> bool {
        self.look.needs_whole_cells()
    }

    /// A horizontal rule with a title at the left and one at the right.
    pub fn rule(&mut self, area: Area, y: u16, left: &[Piece<'_>], right: &[Piece<'_>]) {
        let rule = "─".repeat(usize::from(area.width));
        self.put(area, 0, y, rule, Role::Dim);
        let mut at = 1;
        if !left.is_empty() {
            at = self.put(area, at, y, " ", Role::Text);
            let inner = Area {
                width: area.width.saturating_sub(1),
                ..area
            };
            at = self.line_from(inner, at, y, left);
            at = self.put(area, at, y, " ", Role::Text);
        }
        if right.is_empty() {
            return;
        }
        let width: usize = right.iter().map(|it| it.text.width()).sum();
        let start = usize::from(area.width)
            .checked_sub(width + 3)
            .map(text::cells);
        if let Some(start) = start.filter(|it| *it >= at) {
            let after = self.put(area, start, y, " ", Role::Text);
            let after = self.line_from(area, after, y, right);
            self.put(area, after, y, " ", Role::Text);
        }
    }

    /// Adds the style of `role` to what is in `area`.
    pub fn restyle(&mut self, area: Area, role: Role) {
        let clip = self.clip(area);
        self.buffer.set_style(clip, self.look.theme.style(role));
    }

    /// Empties `area`.
    pub fn clear(&mut self, area: Area) {
        let clip = self.clip(area);
        for y in clip.top()..clip.bottom() {
            for x in clip.left()..clip.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    fn clip(&self, area: Area) -> Rect {
        Rect::new(area.x, area.y, area.width, area.height).intersection(self.buffer.area)
    }
}
