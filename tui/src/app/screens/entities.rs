//! Entities with queue, lock and state.

use crate::app::action::ActionId;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::topic::Topic;
use crate::app::update;

/// Its state.
#[derive(Clone, Debug, Default)]
pub struct Entities {}

/// What it asks the server.
pub fn topic(model: &Model) -> Topic {
    let _ = model;
    Topic::Entities(Default::default())
}

/// Takes new data.
pub fn on_data(_: &mut Model) {}

/// Moves the cursor by `delta` lines.
pub fn move_by(_: &mut Model, _: isize) {}

/// Lines of it on the screen.
pub fn visible(_: &Model) -> usize {
    1
}

/// Actions of this screen alone.
pub fn on_action(model: &mut Model, id: ActionId, _: &mut Vec<Effect>) {
    if id == ActionId::Back {
        update::back(model);
    }
}

/// The entity under the cursor, like `@counter@global`.
pub fn selected_entity(_: &Model) -> Option<String> {
    None
}
