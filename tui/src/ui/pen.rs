//! The only way onto the screen: clean text in a role, clipped to an area. It also notes what
//! can be clicked, so that hit testing knows exactly what was drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Style;

use crate::app::action::ActionId;
use crate::app::event::Key;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::text;
use crate::text::Clean;
use crate::ui::Look;
use crate::ui::glyphs;
use crate::ui::hits::Hits;
use crate::ui::theme::Role;

/// A run of text in one role.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    pub text: Clean<'a>,
    pub role: Role,
    /// What a click on it does.
    pub hit: Option<Hit>,
}

impl Piece<'_> {
    /// A click on it does `hit`.
    #[must_use]
    pub fn click(mut self, hit: Hit) -> Self {
        self.hit = Some(hit);
        self
    }
}

/// A button of a dialog; a click on it is a press of `key`.
pub fn button<'a>(text: impl Into<Clean<'a>>, role: Role, key: Key) -> Piece<'a> {
    piece(text, role).click(Hit::Key(key))
}

/// A piece; all text is cleaned on the way in.
pub fn piece<'a>(text: impl Into<Clean<'a>>, role: Role) -> Piece<'a> {
    Piece {
        text: text.into(),
        role,
        hit: None,
    }
}

/// Draws into a buffer.
pub struct Pen<'b> {
    buffer: &'b mut Buffer,
    look: Look,
    hits: Hits,
}

impl<'b> Pen<'b> {
    /// A pen for `buffer`.
    pub fn new(buffer: &'b mut Buffer, look: Look) -> Self {
        let base = look.theme.base();
        if base != Style::new() {
            let area = buffer.area;
            buffer.set_style(area, base);
        }
        Self {
            buffer,
            look,
            hits: Hits::default(),
        }
    }

    /// What can be clicked in what was drawn.
    pub fn into_hits(self) -> Hits {
        self.hits
    }

    /// A click into `area` does `hit`.
    pub fn hit(&mut self, area: Area, hit: Hit) {
        self.hits.push(area, hit);
    }

    /// A click into `area` does the action.
    pub fn action(&mut self, area: Area, id: ActionId) {
        self.hits.push(area, Hit::Action(id));
    }

    /// The rows of `area` are the lines of the list on top: a click chooses one, and the wheel
    /// moves its cursor, which is the row that is drawn as selected.
    pub fn list(&mut self, area: Area) {
        self.hits.list(area);
    }

    /// Like [`Self::list`] for `count` lines from the first on screen, of which the one at
    /// `cursor` has the cursor, whether or not it looks so.
    pub fn list_of(&mut self, area: Area, count: usize, cursor: usize) {
        let height = area.height.min(text::cells(count));
        self.hits.list(Area { height, ..area });
        self.hits.cursor(area.y.saturating_add(text::cells(cursor)));
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
            if let Some(hit) = it.hit.filter(|_| room > 0) {
                let width = text::cells(it.text.width().min(room));
                let span = Area {
                    x: area.x.saturating_add(x),
                    y: area.y.saturating_add(y),
                    width,
                    height: u16::from(y < area.height),
                };
                self.hits.push(span, hit);
            }
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
        if role == Role::Selected {
            self.hits.selected(area);
        }
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
                    cell.set_style(self.look.theme.base());
                }
            }
        }
    }

    fn clip(&self, area: Area) -> Rect {
        Rect::new(area.x, area.y, area.width, area.height).intersection(self.buffer.area)
    }
}
