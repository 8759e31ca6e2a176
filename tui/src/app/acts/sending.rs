//! Calls and copies on their way out, one or many.

use crate::app::command::Line;
use crate::app::deed::Deed;
use crate::app::deed::Plan;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::results::Results;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::run::Run;
use crate::app::update;

pub(super) fn copy(effects: &mut Vec<Effect>, text: String, what: String) {
    effects.push(Effect::Copy { text, what });
}

pub(super) fn copy_command(model: &Model, line: Line, effects: &mut Vec<Effect>) {
    copy(
        effects,
        line.text(&model.settings),
        "the command".to_owned(),
    );
}

/// Does a confirmed deed: on one by a call, on many by a run.
///
/// # Errors
/// Why nothing was sent.
pub(super) fn carry_out(
    model: &mut Model,
    deed: Deed,
    plan: &Plan,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    if let Some(target) = plan.single() {
        return send(model, deed.call(&target.instance_id), effects);
    }
    may_send(model)?;
    if model.run.is_some() {
        return Err("another action on many has not ended".to_owned());
    }
    model.run = Some(Run::new(deed, plan));
    model.dialogs.push(Dialog::Results(Results::default()));
    fill(model, effects);
    Ok(())
}

/// Lets calls of the run go out, as many as may.
pub(super) fn fill(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(mut run) = model.run.take() else {
        return;
    };
    if !model.is_live() {
        run.stop("the connection was lost");
    }
    while let Some((at, id)) = run.take_next() {
        let call = run.deed.call(&id);
        let call_id = update::request(model, call, effects);
        run.sent(at, call_id);
    }
    model.run = Some(run);
}

pub(super) fn may_send(model: &Model) -> Result<(), String> {
    if model.settings.read_only {
        return Err("the dashboard is read-only".to_owned());
    }
    if !model.is_live() {
        return Err("not sent: not connected".to_owned());
    }
    Ok(())
}

/// Sends what changes something; the state may have changed since the dialog opened.
pub(super) fn send(model: &mut Model, call: Call, effects: &mut Vec<Effect>) -> Result<(), String> {
    may_send(model)?;
    update::request(model, call, effects);
    Ok(())
}
