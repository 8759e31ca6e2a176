//! A selection that follows the thing, not the row number, in a list that re-sorts itself.

/// What is loaded of a list: rows from `offset` on, out of `total`.
#[derive(Clone, Copy, Debug)]
pub struct Loaded<'a> {
    pub offset: usize,
    pub ids: &'a [&'a str],
    pub total: usize,
}

impl Loaded<'_> {
    fn id_at(&self, index: usize) -> Option<&str> {
        index
            .checked_sub(self.offset)
            .and_then(|at| self.ids.get(at))
            .copied()
    }
}

/// Cursor and scroll of a windowed list, keyed by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The thing under the cursor; absent while its row is not loaded.
    id: Option<String>,
    /// Position of the cursor in the whole list.
    index: usize,
    /// First visible position.
    top: usize,
    /// Until the user moves, the cursor stays on the first row instead of a thing.
    pinned: bool,
}

impl Selection {
    /// The thing under the cursor.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Position of the cursor in the whole list.
    pub fn index(&self) -> usize {
        self.index
    }

    /// First visible position.
    pub fn top(&self) -> usize {
        self.top
    }

    /// True once the user has chosen a row.
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Takes new rows. Answers the id that vanished from under a chosen cursor, if any.
    pub fn on_rows(&mut self, list: Loaded<'_>, visible: usize) -> Option<String> {
        let mut gone = None;
        let found = self.id.as_deref().filter(|_| self.pinned).and_then(|id| {
            list.ids
                .iter()
                .position(|it| *it == id)
                .map(|at| list.offset + at)
        });
        match found {
            Some(index) => self.index = index,
            None => {
                if self.pinned {
                    gone = self.id.take();
                } else {
                    self.index = 0;
                }
                self.index = self.index.min(list.total.saturating_sub(1));
                self.id = list.id_at(self.index).map(str::to_owned);
            }
        }
        self.scroll(visible, list.total);
        gone
    }

    /// Takes the rows of an answer. When it answers another question, and the chosen row is not
    /// in it, the list begins at its top. Answers the id that vanished, as [`Self::on_rows`].
    pub fn on_answer(
        &mut self,
        list: Loaded<'_>,
        visible: usize,
        same_question: bool,
    ) -> Option<String> {
        let gone = self.on_rows(list, visible);
        if same_question || gone.is_none() {
            return gone;
        }
        *self = Self::default();
        self.on_rows(list, visible);
        None
    }

    /// Puts the cursor on the thing `id`, which is or will be at `index`.
    pub fn go_to(&mut self, id: String, index: usize, visible: usize, total: usize) {
        self.id = Some(id);
        self.index = index.min(total.saturating_sub(1));
        self.pinned = true;
        self.scroll(visible, total);
    }

    /// Moves by `delta` rows and pins the cursor there.
    pub fn move_by(&mut self, delta: isize, list: Loaded<'_>, visible: usize) {
        let last = list.total.saturating_sub(1);
        self.index = self.index.saturating_add_signed(delta).min(last);
        self.pinned = true;
        self.id = list.id_at(self.index).map(str::to_owned);
        self.scroll(visible, list.total);
    }

    /// Pins the cursor to where it is, so that what the user acts on stays under it.
    pub fn pin(&mut self) {
        self.pinned = self.id.is_some();
    }

    /// Scrolls as little as shows the cursor.
    pub fn scroll(&mut self, visible: usize, total: usize) {
        let visible = visible.max(1);
        self.top = self.top.min(total.saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<'a>(ids: &'a [&'a str]) -> Loaded<'a> {
        Loaded {
            offset: 0,
            ids,
            total: ids.len(),
        }
    }

    #[test]
    fn a_chosen_row_is_followed_and_an_untouched_cursor_stays_on_top() {
        let mut selection = Selection::default();
        selection.on_rows(list(&["a", "b", "c"]), 2);
        selection.on_rows(list(&["c", "a", "b"]), 2);
        assert_eq!(selection.id(), Some("c"));
        selection.move_by(1, list(&["c", "a", "b"]), 2);
        assert_eq!(selection.on_rows(list(&["x", "y", "z", "a"]), 2), None);
        assert_eq!(
            (selection.id(), selection.index(), selection.top()),
            (Some("a"), 3, 2)
        );
    }

    #[test]
    fn the_neighbour_by_position_inherits_the_cursor() {
        let mut selection = Selection::default();
        let rows = ["a", "b", "c"];
        selection.on_rows(list(&rows), 3);
        selection.move_by(2, list(&rows), 3);
        assert_eq!(
            selection.on_rows(list(&["a", "b"]), 3).as_deref(),
            Some("c")
        );
        assert_eq!(selection.id(), Some("b"));
        assert_eq!(selection.on_rows(list(&[]), 3).as_deref(), Some("b"));
        assert_eq!(
            (selection.id(), selection.index(), selection.top()),
            (None, 0, 0)
        );
    }
}
