//! The verdict of what is on screen, and the way to where a finding is proven.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;

use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::screens::entities;
use crate::app::screens::instance;
use crate::app::update;
use crate::data::tree::NodeKey;
use crate::data::tree::TaskState;
use crate::data::verdict;
use crate::data::verdict::Evidence;
use crate::data::verdict::Facts;
use crate::data::verdict::Figures;
use crate::data::verdict::Finding;

/// Why the instance of `row` is not done, with all that is known here.
pub fn of(model: &Model, row: &InstanceRow) -> Vec<Finding> {
    let (tree, figures) = known(model, &row.instance_id);
    verdict::findings(&Facts {
        tree,
        figures,
        hub: model.hub(),
        others: model.page().map_or(&[], |it| &it.rows),
        ..Facts::of_row(row, model.server_now())
    })
}

/// The same by its id.
pub fn of_id(model: &Model, id: &str) -> Vec<Finding> {
    row(model, id).map_or_else(Vec::new, |row| of(model, row))
}

fn known<'a>(model: &'a Model, id: &str) -> (Option<&'a InstanceTree>, Option<&'a Figures>) {
    match model.screens.top_instance() {
        Some(top) if top.id == id => (top.tree(), top.figures.as_ref()),
        _ => (watched(model).filter(|it| it.instance_id == id), None),
    }
}

fn watched(model: &Model) -> Option<&InstanceTree> {
    let tree = model.data.as_ref()?.update.tree.as_ref();
    tree.filter(|it| it.found)
}

fn row<'a>(model: &'a Model, id: &str) -> Option<&'a InstanceRow> {
    let (tree, _) = known(model, id);
    let children = watched(model).map_or(&[][..], |it| &it.children);
    let rows = model.page().map_or(&[][..], |it| &it.rows);
    let mut all = tree
        .and_then(|it| it.instance.as_ref())
        .into_iter()
        .chain(rows)
        .chain(children);
    all.find(|it| it.instance_id == id)
}

/// Goes to where a finding about `instance_id` is proven.
pub(crate) fn follow(model: &mut Model, instance_id: &str, evidence: &Evidence) {
    match evidence {
        Evidence::Other { instance_id } => instance::open(model, instance_id),
        Evidence::Workers => {
            model.screens.overview.selection.pin();
            model.screens.visit(HubTab::Work);
            update::on_data(model);
        }
        Evidence::Entity { entity_id } => to_entity(model, entity_id),
        _ => {
            model.screens.overview.selection.pin();
            instance::open(model, instance_id);
            let (size, zoom) = (model.size, model.choices.zoom);
            let Some(top) = model.screens.top_instance_mut() else {
                return;
            };
            top.tab = match evidence {
                Evidence::History => InstanceTab::History,
                _ => InstanceTab::Tree,
            };
            top.aim = Some(evidence.clone());
            top.take_aim(size, zoom);
        }
    }
}

/// Goes to the entity `id` among the others; Esc comes back to where that was asked for.
pub(crate) fn to_entity(model: &mut Model, id: &str) {
    model.screens.overview.selection.pin();
    model.screens.visit(HubTab::Entities);
    entities::go_to(model, id);
    update::on_data(model);
}

/// Branches that `evidence` may be folded away in.
pub(crate) fn is_around(evidence: &Evidence, key: &NodeKey) -> bool {
    match (evidence, key) {
        (Evidence::Task { name, .. }, NodeKey::Group { name: group, .. }) => name == group,
        (
            Evidence::Task { name, .. },
            NodeKey::State {
                name: group, state, ..
            },
        ) => name == group && *state == TaskState::Running,
        (Evidence::Failures, NodeKey::Failures)
        | (Evidence::Timers, NodeKey::Timers)
        | (Evidence::Events, NodeKey::Events) => true,
        _ => false,
    }
}

/// True for the line of the tree that `evidence` is.
pub(crate) fn is_line(evidence: &Evidence, key: &NodeKey) -> bool {
    match (evidence, key) {
        (
            Evidence::Group { kind, name },
            NodeKey::Group {
                kind: of,
                name: group,
                ..
            },
        ) => kind == of && name == group,
        (Evidence::Task { task_id, .. }, NodeKey::Task { id }) => task_id == id,
        (Evidence::Failure, NodeKey::Failure)
        | (Evidence::Failures, NodeKey::Failures)
        | (Evidence::Timers, NodeKey::Timers)
        | (Evidence::Events, NodeKey::Events) => true,
        _ => false,
    }
}
