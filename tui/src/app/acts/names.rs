//! Names that complete what is typed: what was seen, the likeliest first.

use crate::app::deed::Plan;
use crate::app::model::Model;
use crate::app::topic::Told;

/// Names in a list at most.
const NAMES_MAX: usize = 50;

fn push(names: &mut Vec<String>, name: &str) {
    if !name.is_empty() && names.len() < NAMES_MAX && !names.iter().any(|it| it == name) {
        names.push(name.to_owned());
    }
}

/// Names of events that the targets may take: what they received, what instances of their
/// names received last, and what was sent before.
pub(super) fn events(model: &Model, plan: &Plan) -> Vec<String> {
    let is_target = |id: &str| plan.targets.iter().any(|it| it.instance_id == id);
    let is_alike = |name: &str| plan.targets.iter().any(|it| it.name == name);
    let mut names = Vec::new();
    let opened = model.screens.top_instance().and_then(|it| it.tree());
    let watched = model.data.as_ref().and_then(|it| it.update.tree.as_ref());
    let trees = || opened.into_iter().chain(watched);
    for tree in trees().filter(|it| is_target(&it.instance_id)) {
        for event in &tree.events {
            push(&mut names, &event.name);
        }
    }
    for row in model.page().map_or(&[][..], |it| &it.rows) {
        if let Some(waits) = row.waits.as_ref().filter(|_| is_alike(&row.name)) {
            push(&mut names, &waits.last_event);
        }
    }
    for tree in trees() {
        let name = tree.instance.as_ref().map_or("", |it| it.name.as_str());
        if is_alike(name) {
            for event in &tree.events {
                push(&mut names, &event.name);
            }
        }
    }
    for name in model.memory.events.names() {
        push(&mut names, name);
    }
    names
}

/// Names of orchestrations that were seen.
pub(super) fn orchestrations(model: &Model) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(row) = model.target() {
        push(&mut names, &row.name);
    }
    for row in model.page().map_or(&[][..], |it| &it.rows) {
        push(&mut names, &row.name);
    }
    names
}

/// Operations that wait at the entity, and those that were sent before.
pub(super) fn operations(model: &Model, entity_id: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(Told::Entities(page)) = model.told() {
        let rows = page.detail.iter().chain(&page.rows);
        for row in rows.filter(|it| it.entity_id == entity_id) {
            for operation in &row.operations {
                push(&mut names, operation);
            }
        }
    }
    for name in model.memory.operations.names() {
        push(&mut names, name);
    }
    names
}
