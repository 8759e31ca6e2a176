//! The one-line search of a screen: while it is open, keys go to it.

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::data;

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub field: Field,
    /// Keys go to it.
    pub editing: bool,
}

impl Search {
    /// What is looked for now.
    pub fn text(&self) -> &str {
        self.field.text().trim()
    }

    /// Lets the user type.
    pub fn begin(&mut self) {
        self.editing = true;
    }

    /// Ends it; false when there was nothing to end.
    pub fn clear(&mut self) -> bool {
        let had = self.editing || !self.field.text().is_empty();
        self.editing = false;
        self.field.set("");
        had
    }

    fn on_key(&mut self, key: Key) {
        match key.code {
            Code::Esc => {
                self.clear();
            }
            Code::Enter | Code::Down | Code::Tab => self.editing = false,
            _ => {
                self.field.on_key(key);
            }
        }
    }
}

/// The search of the screen on top, if it has one.
pub fn of(model: &Model) -> Option<&Search> {
    let screens = &model.screens;
    match screens.place() {
        Place::Hub(HubTab::Failures) => Some(&screens.failures.search),
        Place::Hub(HubTab::Entities) => Some(&screens.entities.list.search),
        Place::Hub(HubTab::Schedules) => Some(&screens.schedules.list.search),
        Place::Instance(InstanceTab::History) => Some(&screens.top_instance()?.history.search),
        Place::Instance(InstanceTab::Data) => Some(&screens.top_instance()?.data.search),
        _ => None,
    }
}

fn of_mut(model: &mut Model) -> Option<&mut Search> {
    let screens = &mut model.screens;
    match screens.place() {
        Place::Hub(HubTab::Failures) => Some(&mut screens.failures.search),
        Place::Hub(HubTab::Entities) => Some(&mut screens.entities.list.search),
        Place::Hub(HubTab::Schedules) => Some(&mut screens.schedules.list.search),
        Place::Instance(InstanceTab::History) => {
            Some(&mut screens.top_instance_mut()?.history.search)
        }
        Place::Instance(InstanceTab::Data) => Some(&mut screens.top_instance_mut()?.data.search),
        _ => None,
    }
}

/// Takes a key if a search is open; answers whether it did.
pub fn on_key(model: &mut Model, key: Key) -> bool {
    let Some(search) = of_mut(model).filter(|it| it.editing) else {
        return false;
    };
    search.on_key(key);
    let found = key.code == Code::Enter;
    if found && model.screens.place() == Place::Instance(InstanceTab::Data) {
        data::find(model, true);
    }
    true
}

/// Takes pasted text if a search is open.
pub fn on_paste(model: &mut Model, text: &str) {
    if let Some(search) = of_mut(model).filter(|it| it.editing) {
        search.field.insert(text);
    }
}
