//! Keys of the tree: moves, folds, and where Enter goes.

use crate::app::action::ActionId;
use crate::app::model::Model;
use crate::app::place::InstanceTab;
use crate::app::screens::instance::Instance;
use crate::app::screens::instance::Pane;
use crate::app::screens::instance::climb;
use crate::app::screens::instance::on_data;
use crate::app::screens::instance::open;
use crate::app::screens::instance::reveal;
use crate::app::screens::instance::shape;
use crate::app::toast::Kind;
use crate::app::update;
use crate::data::detail;
use crate::data::items;
use crate::data::tree::NodeKey;

/// Moves the cursor of the tree, or scrolls the text, by `delta` lines.
pub fn move_by(model: &mut Model, delta: isize) {
    let (size, zoom) = (model.size, model.choices.zoom);
    let pane = model
        .screens
        .top_instance()
        .map_or(Pane::Tree, |it| it.pane);
    // Laying the text out is only worth it when it is what moves.
    let bottom = match pane {
        Pane::Tree => 0,
        Pane::Detail => detail_lines(model).saturating_sub(page(model, pane)),
    };
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    match pane {
        Pane::Tree => {
            let index = instance.index.saturating_add_signed(delta);
            instance.go_to(index);
            instance.scroll(size, zoom);
        }
        Pane::Detail => {
            let top = instance.detail_top.saturating_add_signed(delta);
            instance.detail_top = top.min(bottom);
        }
    }
}

/// Visible lines of the pane that has the keys.
pub fn visible(model: &Model) -> usize {
    page(
        model,
        model
            .screens
            .top_instance()
            .map_or(Pane::Tree, |it| it.pane),
    )
}

fn page(model: &Model, pane: Pane) -> usize {
    let shape = shape(model.size, model.choices.zoom);
    let height = match pane {
        Pane::Tree => shape.tree.height,
        Pane::Detail => shape.detail_text().height,
    };
    usize::from(height).max(1)
}

/// Lines of text about the selected line, at the present width.
pub fn detail_lines(model: &Model) -> usize {
    let Some((instance, tree)) = model
        .screens
        .top_instance()
        .and_then(|it| Some((it, it.tree()?)))
    else {
        return 0;
    };
    let columns = usize::from(shape(model.size, model.choices.zoom).detail_text().width);
    let tasks = instance.measured();
    detail::lines(
        tree,
        tasks,
        instance.selected(),
        columns,
        model.server_now(),
    )
    .len()
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId) {
    let (size, zoom) = (model.size, model.choices.zoom);
    match id {
        ActionId::Open => return enter(model),
        ActionId::Parent => {
            let parent = model.target().map(|it| it.parent_instance_id.clone());
            if let Some(parent) = parent.filter(|it| !it.is_empty()) {
                open(model, &parent);
            }
            return;
        }
        ActionId::Root => {
            let parent = model.target().map(|it| it.parent_instance_id.clone());
            if let Some(parent) = parent.filter(|it| !it.is_empty()) {
                climb(model, &parent);
            }
            return;
        }
        ActionId::Slowest => {
            let now = model.server_now();
            let tasks = model.screens.top_instance().and_then(Instance::measured);
            match tasks.and_then(|(tasks, siblings)| items::slowest(tasks, siblings, now)) {
                Some(index) => reveal(model, index),
                None => model.toast(Kind::Note, "no run times are known here"),
            }
            return;
        }
        _ => {}
    }
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    let mut found = true;
    match id {
        ActionId::Fold => instance.fold(),
        ActionId::Unfold => {
            instance.set_fold(true);
        }
        ActionId::Pane => {
            instance.pane = match instance.pane {
                Pane::Tree => Pane::Detail,
                Pane::Detail => Pane::Tree,
            };
        }
        ActionId::NextFailure => {
            instance.pane = Pane::Tree;
            found = instance.next_failure();
        }
        ActionId::Back if instance.pane == Pane::Detail => instance.pane = Pane::Tree,
        ActionId::Back => {
            model.screens.back();
            on_data(model);
            return;
        }
        _ => {}
    }
    instance.scroll(size, zoom);
    if !found {
        model.toast(Kind::Note, "no failure here");
    }
}

fn enter(model: &mut Model) {
    let Some(instance) = model.screens.top_instance_mut() else {
        return;
    };
    if instance.pane == Pane::Tree
        && let Some(grows) = instance.show_more()
    {
        let (size, zoom) = (model.size, model.choices.zoom);
        if let Some(instance) = model.screens.top_instance_mut() {
            instance.scroll(size, zoom);
        }
        if !grows {
            model.toast(Kind::Note, "the grid shows all of them (])");
        }
        return;
    }
    match instance.selected().map(|it| (&it.key, it.unfolded)) {
        Some((NodeKey::Child { instance_id }, _)) if instance.pane == Pane::Tree => {
            let id = instance_id.clone();
            open(model, &id);
        }
        Some((NodeKey::RestOfChildren, _)) if instance.pane == Pane::Tree => {
            instance.tab = InstanceTab::Grid;
            update::on_data(model);
        }
        Some((_, Some(unfolded))) if instance.pane == Pane::Tree => {
            instance.set_fold(!unfolded);
            let (size, zoom) = (model.size, model.choices.zoom);
            if let Some(instance) = model.screens.top_instance_mut() {
                instance.scroll(size, zoom);
            }
        }
        _ => instance.pane = Pane::Detail,
    }
}
