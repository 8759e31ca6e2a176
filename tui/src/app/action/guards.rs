//! Whether an action can be done now, and why not.

use durascope_proto::OrchestrationStatus;

use super::Reason;
use crate::app::acts;
use crate::app::deed::Deed;
use crate::app::event::Link;
use crate::app::model::Model;
use crate::app::screens::entities;
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

pub(super) fn is_connected(model: &Model) -> Result<(), Reason> {
    if model.is_live() {
        Ok(())
    } else {
        Err("not connected: nothing can be sent now".to_owned())
    }
}

fn live_target(model: &Model) -> Result<OrchestrationStatus, Reason> {
    has_target(model)?;
    is_connected(model)?;
    Ok(model
        .target_status()
        .unwrap_or(OrchestrationStatus::Running))
}

/// Whether one of `deeds` can be done to one of the many that are chosen; nothing where an
/// action is about one alone.
fn among_many(model: &Model, deeds: &[Deed]) -> Option<Result<(), Reason>> {
    let (counts, words) = acts::many(model)?;
    if let Err(reason) = is_connected(model) {
        return Some(Err(reason));
    }
    let mut why = "nothing can be done";
    for (status, _) in counts {
        for deed in deeds {
            match deed.skips(*status) {
                Some(reason) => why = reason,
                None => return Some(Ok(())),
            }
        }
    }
    Some(Err(format!("none of the {words}: {why}")))
}

pub(super) fn is_open(model: &Model) -> Result<(), Reason> {
    let raise = Deed::RaiseEvent {
        name: String::new(),
        payload: None,
    };
    if let Some(told) = among_many(model, &[raise]) {
        return told;
    }
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
    if let Some(told) = among_many(model, &[Deed::Purge { recursive: true }]) {
        return told;
    }
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
    let either = [
        Deed::Resume { reason: None },
        Deed::Suspend { reason: None },
    ];
    if let Some(told) = among_many(model, &either) {
        return told;
    }
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

pub(super) fn can_restart(model: &Model) -> Result<(), Reason> {
    if let Some(told) = among_many(model, &[Deed::Restart { new_id: true }]) {
        return told;
    }
    live_target(model).map(|_| ())
}

pub(super) fn can_rewind(model: &Model) -> Result<(), Reason> {
    if let Some(told) = among_many(model, &[Deed::Rewind { reason: None }]) {
        return told;
    }
    match live_target(model)? {
        OrchestrationStatus::Failed => Ok(()),
        it => Err(format!(
            "{} is {}: only failed ones can be rewound",
            target_id(model),
            status::word(it)
        )),
    }
}

pub(super) fn can_start_again(model: &Model) -> Result<(), Reason> {
    live_target(model).map(|_| ())
}

pub(super) fn can_signal(model: &Model) -> Result<(), Reason> {
    if entities::selected_entity(model).is_none() {
        return Err("no entity is selected".to_owned());
    }
    is_connected(model)
}

pub(super) fn has_id(model: &Model) -> Result<(), Reason> {
    match acts::selected_id(model) {
        Some(_) => Ok(()),
        None => Err("nothing is selected that has an id".to_owned()),
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
