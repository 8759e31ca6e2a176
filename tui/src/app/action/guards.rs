//! Whether an action can be done now, and why not.

use durascope_proto::OrchestrationStatus;

use super::Reason;
use crate::app::event::Link;
use crate::app::model::Model;
use crate::data::status;

#[expect(
    clippy::unnecessary_wraps,
    reason = "a row of the table; others refuse"
)]
pub(super) fn always(_: &Model) -> Result<(), Reason> {
    Ok(())
}

pub(super) fn has_target(model: &Model) -> Result<(), Reason> {
    match model.target() {
        Some(_) => Ok(()),
        None => Err("no instance is selected".to_owned()),
    }
}

pub(super) fn live_target(model: &Model) -> Result<OrchestrationStatus, Reason> {
    has_target(model)?;
    if !model.is_live() {
        return Err("not connected: nothing can be sent now".to_owned());
    }
    Ok(model
        .target_status()
        .unwrap_or(OrchestrationStatus::Running))
}

pub(super) fn is_open(model: &Model) -> Result<(), Reason> {
    let it = live_target(model)?;
    if status::has_ended(it) {
        return Err(format!(
            "{} has ended: it is {}",
            target_id(model),
            status::word(it)
        ));
    }
    Ok(())
}

pub(super) fn has_ended(model: &Model) -> Result<(), Reason> {
    let it = live_target(model)?;
    if status::has_ended(it) {
        return Ok(());
    }
    Err(format!(
        "{} is {}: only ended instances can be purged; terminate it first (t)",
        target_id(model),
        status::word(it)
    ))
}

pub(super) fn can_suspend_or_resume(model: &Model) -> Result<(), Reason> {
    match live_target(model)? {
        OrchestrationStatus::Running
        | OrchestrationStatus::Suspended
        | OrchestrationStatus::Pending => Ok(()),
        it => Err(format!(
            "{} has ended: it is {}",
            target_id(model),
            status::word(it)
        )),
    }
}

pub(super) fn has_parent(model: &Model) -> Result<(), Reason> {
    match model.target() {
        Some(row) if !row.parent_instance_id.is_empty() => Ok(()),
        _ => Err("this instance has no parent".to_owned()),
    }
}

pub(super) fn can_refresh(model: &Model) -> Result<(), Reason> {
    match model.link {
        _ if model.replay.is_some() => Err("nothing to refresh: this is a replay".to_owned()),
        Link::Lost { .. } | Link::Live(_) => Ok(()),
        Link::Connecting { .. } => Err("it is connecting already".to_owned()),
    }
}

pub(super) fn can_pause(model: &Model) -> Result<(), Reason> {
    match model.replay {
        Some(_) => Err("in a replay, Space pauses".to_owned()),
        None => Ok(()),
    }
}

pub(super) fn is_replay(model: &Model) -> Result<(), Reason> {
    match model.replay {
        Some(_) => Ok(()),
        None => Err("this is no replay".to_owned()),
    }
}

pub(super) fn target_id(model: &Model) -> &str {
    model.target().map_or("it", |it| it.instance_id.as_str())
}
