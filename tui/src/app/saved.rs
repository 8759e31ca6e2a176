//! Views that are kept under a name from one run to the next: a tab of the hub with its filter
//! and its order.

use serde::Deserialize;
use serde::Serialize;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::app::screens::entities;
use crate::app::screens::failure_orders;
use crate::app::screens::failures;
use crate::app::screens::listing::Listing;
use crate::app::screens::listing::Order;
use crate::app::screens::overview::SORTS;
use crate::app::screens::schedules;
use crate::app::screens::work;
use crate::app::update;

/// Kept filters at most.
pub const SAVED_MAX: usize = 100;
/// Characters of a name at most.
pub const NAME_MAX: usize = 60;

/// What the list shows and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFilter {
    pub name: String,
    /// As it was typed.
    pub filter: String,
    /// The name of the sort column.
    #[serde(default)]
    pub sort: String,
    #[serde(default)]
    pub reverse: bool,
    /// The tab of the hub, by its title in small letters; empty for the instances.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tab: String,
    /// Of which time the failures are; empty on other tabs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time: String,
}

impl SavedFilter {
    /// The tab that it is of.
    pub fn hub_tab(&self) -> HubTab {
        let mut all = HubTab::ALL.into_iter();
        let is_it = |it: &HubTab| it.title().to_lowercase() == self.tab;
        all.find(is_it).unwrap_or_default()
    }
}

/// Whether a view can have this name.
///
/// # Errors
/// Why not, for the screen.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("a name is needed".to_owned());
    }
    if name.chars().count() > NAME_MAX {
        return Err(format!("a name has at most {NAME_MAX} characters"));
    }
    Ok(())
}

/// What it shows, in words.
pub fn words(it: &SavedFilter) -> String {
    let filter = match it.filter.as_str() {
        "" => String::new(),
        text => format!(" /{text}"),
    };
    let time = match it.time.as_str() {
        "" => String::new(),
        time => format!(" · {time}"),
    };
    let order = if it.reverse { " reversed" } else { "" };
    let tab = it.hub_tab().title();
    format!("{tab}{filter}{time} · sort: {}{order}", it.sort)
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces the one of the same name.
    Keep(SavedFilter),
    /// Forgets the one of this name.
    Forget(String),
}

impl Change {
    /// Makes it.
    ///
    /// # Errors
    /// A sentence when there are too many.
    pub fn make(self, kept: &mut Vec<SavedFilter>) -> Result<(), String> {
        match self {
            Self::Forget(name) => kept.retain(|it| it.name != name),
            Self::Keep(new) => match kept.iter().position(|it| it.name == new.name) {
                Some(at) => kept[at] = new,
                None if kept.len() >= SAVED_MAX => {
                    return Err(format!(
                        "there are {SAVED_MAX} already, and no more are kept"
                    ));
                }
                None => kept.push(new),
            },
        }
        kept.sort_by_key(|it| it.name.to_lowercase());
        Ok(())
    }
}

/// The tab of the hub that is on screen, or below what is.
fn tab(model: &Model) -> HubTab {
    match model.screens.place() {
        Place::Hub(tab) => tab,
        _ => model.screens.tab,
    }
}

/// What the list shows now, under `name`.
pub(crate) fn present(model: &Model, name: &str) -> SavedFilter {
    let screens = &model.screens;
    let tab = tab(model);
    let of = |filter: &str, sort: Option<&&'static str>, reverse: bool| SavedFilter {
        name: name.trim().to_owned(),
        filter: filter.trim().to_owned(),
        sort: sort.copied().unwrap_or_default().to_owned(),
        reverse,
        tab: match tab {
            HubTab::Instances => String::new(),
            tab => tab.title().to_lowercase(),
        },
        time: String::new(),
    };
    let listed = |list: &Listing, orders: &[&'static str]| {
        let order = list.order;
        of(list.search.text(), orders.get(order.at), order.reverse)
    };
    match tab {
        HubTab::Instances => {
            let it = &screens.overview;
            of(it.filter.text(), Some(&it.sort_name()), it.reverse)
        }
        HubTab::Failures => {
            let it = &screens.failures;
            let sort = failure_orders::ORDERS.get(it.order.at);
            SavedFilter {
                time: it.time.title().to_owned(),
                ..of(it.search.text(), sort, it.order.reverse)
            }
        }
        HubTab::Entities => listed(&screens.entities.list, &entities::ORDERS),
        HubTab::Schedules => listed(&screens.schedules.list, &schedules::ORDERS),
        HubTab::Work => {
            let it = &screens.work;
            let order = it.order(work::Pane::Workers);
            let sort = work::Pane::Workers.orders().get(order.at);
            of("", sort, order.reverse)
        }
    }
}

/// Keeps what is shown now under `name`.
pub(crate) fn keep(model: &mut Model, name: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Save(Change::Keep(present(model, name))));
    model.keeping = Some(name.trim().to_owned());
}

/// Shows what `saved` says.
pub(crate) fn apply(model: &mut Model, saved: &SavedFilter) {
    let tab = saved.hub_tab();
    if model.screens.place() != Place::Hub(tab) {
        update::to_tab(model, tab);
    }
    let screens = &mut model.screens;
    let order = |names: &[&str]| Order {
        at: names.iter().position(|it| *it == saved.sort).unwrap_or(0),
        reverse: saved.reverse,
    };
    match tab {
        HubTab::Instances => {
            let overview = &mut screens.overview;
            overview.filter.set(&saved.filter);
            overview.editing = false;
            overview.apply_filter();
            if let Some((sort, _)) = SORTS.iter().find(|(_, name)| *name == saved.sort) {
                overview.sort = *sort;
            }
            overview.reverse = saved.reverse;
        }
        HubTab::Failures => {
            let view = &mut screens.failures;
            view.search.field.set(&saved.filter);
            view.order = order(&failure_orders::ORDERS);
            let mut times = failures::Time::ALL.into_iter();
            let time = times.find(|it| it.title() == saved.time);
            view.time = time.unwrap_or(view.time);
        }
        HubTab::Entities => {
            let list = &mut screens.entities.list;
            list.search.field.set(&saved.filter);
            list.order = order(&entities::ORDERS);
        }
        HubTab::Schedules => {
            let list = &mut screens.schedules.list;
            list.search.field.set(&saved.filter);
            list.order = order(&schedules::ORDERS);
            schedules::resort(model);
        }
        HubTab::Work => {
            let pane = work::Pane::Workers;
            screens.work.set_order(pane, order(pane.orders()));
        }
    }
    update::on_data(model);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_sorted_and_not_without_end() {
        let saved = |name: &str, filter: &str| SavedFilter {
            name: name.to_owned(),
            filter: filter.to_owned(),
            sort: String::new(),
            reverse: false,
            tab: String::new(),
            time: String::new(),
        };
        let mut kept = Vec::new();
        for (name, filter) in [("b", "1"), ("A", "2"), ("b", "3")] {
            Change::Keep(saved(name, filter)).make(&mut kept).unwrap();
        }
        assert_eq!(kept, [saved("A", "2"), saved("b", "3")]);
        Change::Forget("A".to_owned()).make(&mut kept).unwrap();
        assert_eq!(kept, [saved("b", "3")]);
        for at in 1..SAVED_MAX {
            let name = format!("n{at}");
            Change::Keep(saved(&name, "")).make(&mut kept).unwrap();
        }
        let refused = Change::Keep(saved("more", "")).make(&mut kept);
        assert!(refused.unwrap_err().contains("100"));
    }
}
