//! Where the parts of a screen are: arithmetic on its size, shared by scrolling and drawing.

use crate::app::event::Size;

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    /// The top `height` rows, which are taken away from it.
    pub fn take_top(&mut self, height: u16) -> Self {
        let height = height.min(self.height);
        let top = Self { height, ..*self };
        self.y += height;
        self.height -= height;
        top
    }

    /// The bottom `height` rows, which are taken away from it.
    pub fn take_bottom(&mut self, height: u16) -> Self {
        let height = height.min(self.height);
        self.height -= height;
        Self {
            y: self.y + self.height,
            height,
            ..*self
        }
    }

    /// True when nothing can be drawn in it.
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// Parts of the overview, top to bottom; empty ones are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverviewShape {
    pub header: Area,
    pub panels: Area,
    pub rule: Area,
    pub columns: Area,
    pub list: Area,
    pub preview: Area,
    pub footer: Area,
}

/// Parts of a screen that is a list with something about the selected line below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListShape {
    pub header: Area,
    pub rule: Area,
    pub columns: Area,
    pub list: Area,
    /// With a rule as its first row; empty where there is no room.
    pub detail: Area,
    pub footer: Area,
}

/// Parts of the instance screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceShape {
    pub header: Area,
    pub title: Area,
    /// The first finding.
    pub verdict: Area,
    pub progress: Area,
    pub rule: Area,
    pub tree: Area,
    /// Empty when there is no room beside or below the tree; then the focused one of the
    /// two takes the tree's place.
    pub detail: Area,
    /// The detail stands beside the tree, not below it.
    pub beside: bool,
    pub footer: Area,
}

impl OverviewShape {
    /// The list alone, between header and footer.
    #[must_use]
    pub fn zoomed(self) -> Self {
        let gone = |area: Area| Area { height: 0, ..area };
        let up = |area: Area| Area {
            y: area.y - self.panels.height,
            ..area
        };
        Self {
            panels: gone(self.panels),
            rule: up(self.rule),
            columns: up(self.columns),
            list: Area {
                height: self.list.height + self.panels.height + self.preview.height,
                ..up(self.list)
            },
            preview: gone(Area {
                y: self.footer.y,
                ..self.preview
            }),
            ..self
        }
    }
}

/// True where a screen is so small that one line of numbers is all that fits.
pub fn is_tiny(size: Size) -> bool {
    size.width < 20 || size.height < 3
}

fn screen(size: Size) -> Area {
    Area {
        x: 0,
        y: 0,
        width: size.width,
        height: size.height,
    }
}

fn rows(there: bool, count: u16) -> u16 {
    if there { count } else { 0 }
}

/// Lays the overview out.
pub fn overview(size: Size) -> OverviewShape {
    let Size { width, height } = size;
    let mut rest = screen(size);
    let footer = rest.take_bottom(rows(height >= 6, 1));
    let header = rest.take_top(rows(height >= 4, 1));
    let panels = rest.take_top(match height {
        24.. if width >= 100 => 6,
        13.. => 2,
        _ => 0,
    });
    let preview = rest.take_bottom(match height {
        30.. => 7,
        20..30 => 4,
        17..20 => 2,
        _ => 0,
    });
    let rule = rest.take_top(rows(height >= 8, 1));
    let columns = rest.take_top(rows(height >= 10, 1));
    OverviewShape {
        header,
        panels,
        rule,
        columns,
        list: rest,
        preview,
        footer,
    }
}

/// Lays a list with details out.
pub fn list(size: Size) -> ListShape {
    let Size { height, .. } = size;
    let mut rest = screen(size);
    let footer = rest.take_bottom(rows(height >= 6, 1));
    let header = rest.take_top(rows(height >= 4, 1));
    let rule = rest.take_top(rows(height >= 8, 1));
    let columns = rest.take_top(rows(height >= 10, 1));
    let detail = rest.take_bottom(match height {
        30.. => height * 2 / 5,
        16..30 => height / 3,
        _ => 0,
    });
    ListShape {
        header,
        rule,
        columns,
        list: rest,
        detail,
        footer,
    }
}

/// Lays the instance screen out.
pub fn instance(size: Size) -> InstanceShape {
    let Size { width, height } = size;
    let mut rest = screen(size);
    let footer = rest.take_bottom(rows(height >= 6, 1));
    let header = rest.take_top(rows(height >= 8, 1));
    let title = rest.take_top(rows(height >= 4, 1));
    let verdict = rest.take_top(rows(height >= 14, 1));
    let progress = rest.take_top(rows(height >= 10, 1));
    let beside = width >= 100;
    let rule = rest.take_top(rows(height >= 12, 1));
    let mut tree = rest;
    let mut detail = Area::default();
    if beside {
        let tree_width = width * 11 / 20;
        detail = Area {
            x: tree_width + 1,
            width: width - tree_width - 1,
            ..rest
        };
        tree.width = tree_width;
    } else if rest.height >= 14 {
        detail = tree.take_bottom((rest.height * 2 / 5).max(6));
    }
    InstanceShape {
        header,
        title,
        verdict,
        progress,
        rule,
        tree,
        detail,
        beside,
        footer,
    }
}

impl InstanceShape {
    /// One of list and text alone, below the title and the tabs.
    #[must_use]
    pub fn zoomed(self) -> Self {
        let gained = self.verdict.height + self.progress.height;
        let up = |area: Area| Area {
            y: area.y - gained,
            ..area
        };
        let gone = Area {
            height: 0,
            ..self.verdict
        };
        let body = self.body();
        Self {
            verdict: gone,
            progress: gone,
            rule: up(self.rule),
            tree: Area {
                height: body.height + gained,
                ..up(body)
            },
            detail: Area::default(),
            beside: false,
            ..self
        }
    }

    /// The whole room below the rule, for tabs that do not share it with a detail.
    pub fn body(&self) -> Area {
        let width = if self.beside {
            self.tree.width + 1 + self.detail.width
        } else {
            self.tree.width
        };
        let below = if self.beside { 0 } else { self.detail.height };
        Area {
            width,
            height: self.tree.height + below,
            ..self.tree
        }
    }

    /// Where text about the selected line goes: below the rule of a stacked detail.
    pub fn detail_text(&self) -> Area {
        let mut area = if self.detail.is_empty() {
            self.tree
        } else {
            self.detail
        };
        if !self.beside && !self.detail.is_empty() {
            area.take_top(1);
        }
        Area {
            x: area.x + 1,
            width: area.width.saturating_sub(2),
            ..area
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_screen_without_overlap_at_any_size() {
        for width in 1..150 {
            for height in 1..60 {
                let it = overview(Size { width, height });
                let parts = [
                    it.header, it.panels, it.rule, it.columns, it.list, it.preview, it.footer,
                ];
                assert_eq!(parts.iter().map(|it| it.height).sum::<u16>(), height);
                assert!(it.list.height >= 1);
                let it = instance(Size { width, height });
                let parts = [
                    it.header,
                    it.title,
                    it.verdict,
                    it.progress,
                    it.rule,
                    it.tree,
                    it.footer,
                ];
                let below = rows(!it.beside, it.detail.height);
                assert_eq!(
                    parts.iter().map(|it| it.height).sum::<u16>() + below,
                    height
                );
                assert!(it.tree.height >= 1);
            }
        }
    }
}
