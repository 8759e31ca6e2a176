//! Two instances of one orchestration side by side.

use crate::app::action::ActionId;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::compare_with::CompareWith;
use crate::app::effect::Effect;
use crate::app::geometry;
use crate::app::model::Model;
use crate::app::place::Place;
use crate::app::screens::instance;
use crate::app::toast::Kind;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::app::update;
use crate::data::compare;
use crate::data::compare::Comparison;
use crate::data::compare::Row;
use crate::data::tasks::Tasks;
use crate::format::Micros;
use durascope_proto::monitor::task_group::Kind as TaskKind;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    pub left: String,
    pub right: String,
    /// The right one is chosen.
    pub on_right: bool,
    /// What is known; absent before the first answer.
    pub result: Option<Comparison>,
    /// Whether the instances exist.
    pub found: [bool; 2],
    pub knows_starts: bool,
    pub index: usize,
    pub top: usize,
    cursor: Option<RowKey>,
    made_of: Option<(Tasks, Tasks, Micros)>,
}

type RowKey = (TaskKind, String, Option<usize>);

fn key(row: &Row) -> RowKey {
    (row.kind, row.name.clone(), row.wave)
}

impl Compare {
    /// The side that is chosen.
    pub fn chosen(&self) -> &str {
        if self.on_right {
            &self.right
        } else {
            &self.left
        }
    }

    fn rows(&self) -> &[Row] {
        self.result.as_ref().map_or(&[], |it| &it.rows)
    }

    fn go_to(&mut self, index: usize, visible: usize) {
        let count = self.rows().len();
        self.index = index.min(count.saturating_sub(1));
        self.cursor = self.rows().get(self.index).map(key);
        self.scroll(visible);
    }

    fn scroll(&mut self, visible: usize) {
        self.top = self.top.min(self.rows().len().saturating_sub(visible));
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + visible {
            self.top = self.index + 1 - visible;
        }
    }
}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    model
        .screens
        .top_compare()
        .map_or(Topic::None, |it| Topic::Compare {
            left: it.left.clone(),
            right: it.right.clone(),
        })
}

/// Compares the two marked instances, or the marked one with the selected one. Without marks, the
/// selected one with the one of its name that was looked at last; asks which one where there is
/// none, and on the comparison itself.
pub fn begin(model: &mut Model) {
    if model.screens.place() == Place::Compare {
        if let Some(left) = model.screens.top_compare().map(|it| it.chosen().to_owned()) {
            model
                .dialogs
                .push(Dialog::CompareWith(CompareWith::new(left)));
        }
        return;
    }
    if model.acts_on_marks() {
        return of_marks(model);
    }
    let Some((id, name)) = model
        .target()
        .map(|it| (it.instance_id.clone(), it.name.clone()))
    else {
        return;
    };
    model.screens.overview.selection.pin();
    match model.screens.last_seen(&name, &id).map(str::to_owned) {
        Some(other) => open(model, id, other),
        None => model
            .dialogs
            .push(Dialog::CompareWith(CompareWith::new(id))),
    }
}

fn of_marks(model: &mut Model) {
    let marked: Vec<_> = model.marks.ids().take(3).map(str::to_owned).collect();
    let selected = model.target().map(|it| it.instance_id.clone());
    model.screens.overview.selection.pin();
    match (&marked[..], selected) {
        ([one, other], _) => open(model, one.clone(), other.clone()),
        ([one], Some(selected)) if selected != *one => open(model, one.clone(), selected),
        ([one], _) => {
            let dialog = CompareWith::new(one.clone());
            model.dialogs.push(Dialog::CompareWith(dialog));
        }
        _ => {
            let text = format!("{} are marked; two can be compared", model.marks.len());
            model.toast(Kind::Note, text);
        }
    }
}

/// Opens the comparison of `left` with `right`; one that is on top changes its instances.
pub fn open(model: &mut Model, left: String, right: String) {
    let compare = Compare {
        left,
        right,
        ..Compare::default()
    };
    match model.screens.top_compare_mut() {
        Some(it) => *it = compare,
        None => model.screens.compare(compare),
    }
    on_data(model);
}

/// Takes new data.
pub fn on_data(model: &mut Model) {
    let now = model.server_now();
    let visible = visible(model);
    let Some(Told::Compare(left, right)) = model.told().cloned() else {
        return;
    };
    let Some(it) = model.screens.top_compare_mut() else {
        return;
    };
    let open = |tasks: &Tasks| tasks.iter().any(|it| !it.is_over());
    let is_made = it.made_of.as_ref().is_some_and(|(one, other, at)| {
        let same = one.is_same(&left) && other.is_same(&right);
        same && (*at == now || !(open(one) || open(other)))
    });
    if is_made {
        return;
    }
    it.found = [left.found, right.found];
    it.knows_starts = left.knows_starts && right.knows_starts;
    it.result = Some(compare::compare(&left, &right, now));
    it.made_of = Some((left, right, now));
    let cursor = it.cursor.take();
    let found = cursor.and_then(|it_was| it.rows().iter().position(|row| key(row) == it_was));
    it.go_to(found.unwrap_or(it.index), visible);
}

/// Moves the cursor by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let visible = visible(model);
    if let Some(it) = model.screens.top_compare_mut() {
        it.go_to(it.index.saturating_add_signed(delta), visible);
    }
}

/// Lines of it on the screen.
pub fn visible(model: &Model) -> usize {
    usize::from(geometry::list(model.size).list.height).max(1)
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, _: &mut Vec<Effect>) {
    match id {
        ActionId::Back => update::back(model),
        ActionId::CompareSide => {
            if let Some(it) = model.screens.top_compare_mut() {
                it.on_right = !it.on_right;
            }
        }
        ActionId::Open => {
            let chosen = model.screens.top_compare().map(|it| it.chosen().to_owned());
            if let Some(id) = chosen {
                instance::open(model, &id);
            }
        }
        _ => {}
    }
}
