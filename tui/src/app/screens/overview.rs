//! The overview: a filtered, sorted list of instances with its cursor.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::SortColumn;

use crate::app::action::ActionId;
use crate::app::cursor::Loaded;
use crate::app::cursor::Selection;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::filter;
use crate::app::filter::Filter;
use crate::app::model::Model;
use crate::app::screens::family;
use crate::app::screens::family::Below;
use crate::app::screens::family::Chosen;
use crate::app::screens::family::Families;
use crate::app::screens::family::What;
use crate::app::toast::Kind;

/// The sort columns, in the order of the menu, with their names.
pub const SORTS: &[(SortColumn, &str)] = &[
    (SortColumn::Attention, "attention"),
    (SortColumn::Created, "created"),
    (SortColumn::Updated, "updated"),
    (SortColumn::Name, "name"),
    (SortColumn::InstanceId, "instance id"),
    (SortColumn::Status, "status"),
    (SortColumn::Open, "open work"),
    (SortColumn::Failures, "failures"),
    (SortColumn::History, "history size"),
];

/// The list's own state.
#[derive(Clone, Debug)]
pub struct Overview {
    pub filter: Field,
    /// Keys go to the filter.
    pub editing: bool,
    /// The last filter that could be read.
    pub applied: Filter,
    /// Why what is typed cannot be read.
    pub filter_error: Option<String>,
    pub sort: SortColumn,
    pub reverse: bool,
    pub roots_only: bool,
    /// Over the roots; what is under the cursor below them is `chosen`.
    pub selection: Selection,
    pub families: Families,
    /// What is under the cursor below the selected root.
    pub chosen: Option<Chosen>,
    /// The window that the shown rows answer.
    pub shown: Option<InstanceWindow>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            filter: Field::line(),
            editing: false,
            applied: Filter::default(),
            filter_error: None,
            sort: SortColumn::Attention,
            reverse: false,
            roots_only: true,
            selection: Selection::default(),
            families: Families::default(),
            chosen: None,
            shown: None,
        }
    }
}

impl Overview {
    /// Applies what is typed, if it can be read.
    pub fn apply_filter(&mut self) {
        match Filter::parse(self.filter.text()) {
            Ok(filter) => {
                self.applied = filter;
                self.filter_error = None;
            }
            Err(reason) => self.filter_error = Some(reason),
        }
    }

    fn clear_filter(&mut self) {
        self.filter.set("");
        self.editing = false;
        self.apply_filter();
    }

    fn step_sort(&mut self, delta: usize) {
        let at = SORTS
            .iter()
            .position(|(it, _)| *it == self.sort)
            .unwrap_or(0);
        self.sort = SORTS[(at + delta) % SORTS.len()].0;
        self.reverse = false;
    }

    /// The row under the cursor below the root; of the line that stands for the rest of some
    /// children, their parent's. Absent where it is the root's.
    pub fn chosen_row(&self) -> Option<&InstanceRow> {
        let chosen = family::chosen(self)?;
        match chosen.what {
            What::Child(row) => Some(row),
            What::Rest(_) => self.row_below(chosen.parent),
        }
    }

    fn row_below(&self, id: &str) -> Option<&InstanceRow> {
        let below = self.families.below(self.selection.id()?);
        let mut rows = below.iter().filter_map(|it| match it.what {
            What::Child(row) => Some(row),
            What::Rest(_) => None,
        });
        rows.find(|it| it.instance_id == id)
    }

    /// Hides what is below the cursor, or goes up a level.
    fn fold(&mut self) {
        let Some(root) = self.selection.id().map(str::to_owned) else {
            return;
        };
        let Some(chosen) = family::chosen(self) else {
            self.chosen = None;
            self.families.fold(&root, false);
            return;
        };
        if let What::Child(row) = chosen.what
            && self.families.is_unfolded(&row.instance_id)
        {
            let id = row.instance_id.clone();
            self.families.fold(&id, false);
            return;
        }
        let parent = chosen.parent.to_owned();
        self.chosen = (parent != root).then_some(Chosen::Child(parent));
    }

    /// The name of the sort column.
    pub fn sort_name(&self) -> &'static str {
        SORTS
            .iter()
            .find(|(it, _)| *it == self.sort)
            .map_or("attention", |(_, name)| name)
    }
}

/// Takes new rows into the list.
pub fn on_data(model: &mut Model) {
    let visible = model.list_rows();
    let Some(page) = model
        .data
        .as_ref()
        .and_then(|it| it.update.instances.clone())
    else {
        return;
    };
    let ids: Vec<_> = page.rows.iter().map(|it| it.instance_id.as_str()).collect();
    let is_whole = loaded(&page, &ids).total == ids.len();
    let overview = &mut model.screens.overview;
    let same_question = overview
        .shown
        .as_ref()
        .zip(page.window.as_ref())
        .is_some_and(|(one, other)| filter::is_same_list(one, other));
    let mut gone = overview.selection.on_rows(loaded(&page, &ids), visible);
    if !same_question && gone.take().is_some() {
        // Another filter or sort without the chosen row: the list begins at its top.
        overview.selection = Selection::default();
        overview.selection.on_rows(loaded(&page, &ids), visible);
    }
    overview.shown = page.window;
    if let Some(data) = &model.data {
        overview.families.on_update(&data.update);
    }
    if family::chosen(overview).is_none() {
        overview.chosen = None;
    }
    let is_on_screen = model.screens.top_instance().is_none();
    if let Some(id) = gone.filter(|_| is_on_screen) {
        // Of a longer list only a part is loaded: it may be in the rest.
        let text = if is_whole {
            format!("{id} has left this list")
        } else {
            format!("{id} has left this part of the list")
        };
        model.toast(Kind::Note, text);
    }
}

fn loaded<'a>(page: &durascope_proto::monitor::InstancePage, ids: &'a [&'a str]) -> Loaded<'a> {
    let offset = page.window.as_ref().map_or(0, |it| it.offset);
    Loaded {
        offset: usize::try_from(offset).unwrap_or(usize::MAX),
        ids,
        total: usize::try_from(page.matching)
            .unwrap_or(usize::MAX)
            .max(ids.len()),
    }
}

/// Keys while the filter is edited; it applies as it is typed.
pub fn on_filter_key(model: &mut Model, key: Key) {
    let overview = &mut model.screens.overview;
    match key.code {
        Code::Esc => overview.clear_filter(),
        Code::Enter | Code::Down | Code::Tab => overview.editing = false,
        _ => {
            if overview.filter.on_key(key) {
                overview.apply_filter();
            }
        }
    }
}

/// Pasted text while the filter is edited.
pub fn on_filter_paste(model: &mut Model, text: &str) {
    let overview = &mut model.screens.overview;
    overview.filter.insert(text);
    overview.apply_filter();
}

/// Moves the cursor by `delta` rows.
pub fn move_by(model: &mut Model, delta: isize) {
    let visible = model.list_rows();
    let Some(page) = model
        .data
        .as_ref()
        .and_then(|it| it.update.instances.as_ref())
    else {
        return;
    };
    let ids: Vec<_> = page.rows.iter().map(|it| it.instance_id.as_str()).collect();
    let overview = &mut model.screens.overview;
    let (mut steps, mut chosen) = (delta, None);
    if !overview.families.is_empty()
        && let Some(to) = family::step(overview, page, delta)
    {
        let row = family::root_at(page, to.root);
        let below = row.map_or_else(Vec::new, |it| overview.families.below(&it.instance_id));
        let line = to.below.and_then(|at| below.get(at));
        chosen = line.map(Below::chosen);
        steps = to
            .root
            .wrapping_sub(overview.selection.index())
            .cast_signed();
    }
    overview.chosen = chosen;
    overview
        .selection
        .move_by(steps, loaded(page, &ids), visible);
}

/// Keeps the cursor in view after a change of size.
pub fn on_resize(model: &mut Model) {
    let visible = model.list_rows();
    let total = model.page().map_or(0, |it| {
        it.matching.max(u64::try_from(it.rows.len()).unwrap_or(0))
    });
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    model.screens.overview.selection.scroll(visible, total);
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId) {
    let overview = &mut model.screens.overview;
    match id {
        ActionId::Filter => overview.editing = true,
        ActionId::SortPrevious => overview.step_sort(SORTS.len() - 1),
        ActionId::SortNext => overview.step_sort(1),
        ActionId::Reverse => overview.reverse = !overview.reverse,
        ActionId::Children => overview.roots_only = !overview.roots_only,
        ActionId::Fold => overview.fold(),
        ActionId::Unfold => unfold(model),
        ActionId::Back if !overview.filter.text().is_empty() => overview.clear_filter(),
        _ => {}
    }
}

fn unfold(model: &mut Model) {
    let chosen = family::chosen(&model.screens.overview);
    if chosen.is_some_and(|it| matches!(it.what, What::Rest(_))) {
        return;
    }
    let Some(row) = model.target() else {
        return;
    };
    let id = row.instance_id.clone();
    // Without counters nobody knows yet: its tree will tell.
    if row.history_events > 0 && row.children.is_none_or(|it| it.scheduled == 0) {
        model.toast(Kind::Note, format!("{id} has no children"));
        return;
    }
    let overview = &mut model.screens.overview;
    overview.selection.pin();
    overview.families.fold(&id, true);
    if let Some(data) = &model.data {
        overview.families.on_update(&data.update);
    }
}
