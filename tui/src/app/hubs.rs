//! Other task hubs of the same server: their names, and the way there and back.

use std::collections::BTreeMap;

use crate::app::choices::ListChoices;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::event::Link;
use crate::app::marks::Marks;
use crate::app::model::Model;
use crate::app::nav::Screens;
use crate::app::update;
use crate::app::window::Subscription;
use crate::data::series::Series;

/// What is known of them.
#[derive(Clone, Debug, Default)]
pub struct Hubs {
    /// As the server lists them; empty where it does not.
    names: Vec<String>,
    /// They were asked for since the palette opened.
    asked: bool,
    /// Screens and marks of those that were left.
    left: BTreeMap<String, (Screens, Marks)>,
}

impl Hubs {
    /// Names that are known: the server's, and those that were left.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        for it in self.left.keys() {
            if !names.contains(&it.as_str()) {
                names.push(it);
            }
        }
        names
    }

    /// They are asked for anew when they are needed again.
    pub(crate) fn forget_asked(&mut self) {
        self.asked = false;
    }

    pub(crate) fn on_names(&mut self, names: Vec<String>) {
        self.names = names;
    }
}

/// Asks for the names, once while the palette is open.
pub(crate) fn ask(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.hubs.asked || !model.is_live() || model.replay.is_some() {
        return;
    }
    model.hubs.asked = true;
    update::request(model, Call::ListHubs, effects);
}

/// Why no other hub can be gone to now.
pub fn refusal(model: &Model) -> Option<String> {
    if model.replay.is_some() {
        return Some("this is a replay: it is of one task hub".to_owned());
    }
    if model.choices.recording.is_some() {
        return Some("a recording is of one task hub".to_owned());
    }
    if model.run.as_ref().is_some_and(|it| !it.is_over()) {
        return Some("an action on many has not ended".to_owned());
    }
    None
}

/// Shows the task hub `name`: as it was left, or from its beginning.
pub(crate) fn switch(model: &mut Model, name: &str, effects: &mut Vec<Effect>) {
    if name == model.settings.task_hub {
        return;
    }
    let overview = &model.screens.overview;
    let list = ListChoices {
        sort: Some(overview.sort),
        roots_only: Some(overview.roots_only),
    };
    let known = model.hubs.left.remove(name);
    let is_new = known.is_none();
    let (screens, marks) = known.unwrap_or_default();
    let old = std::mem::replace(&mut model.settings.task_hub, name.to_owned());
    let screens = std::mem::replace(&mut model.screens, screens);
    let marks = std::mem::replace(&mut model.marks, marks);
    model.hubs.left.insert(old, (screens, marks));
    if is_new {
        list.apply(model);
    }
    model.run = None;
    model.dialogs.clear();
    model.data = None;
    model.topic = None;
    model.pause = None;
    model.series = Series::default();
    model.link = Link::Connecting { attempt: 1 };
    model.subscription = Subscription::default();
    effects.push(Effect::Hub(name.to_owned()));
}
