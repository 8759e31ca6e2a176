//! The lists and texts of the hub's screens by number, for clicks and the wheel.

use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::screens::entities;
use crate::app::screens::failures;
use crate::app::screens::history;
use crate::app::screens::listing;
use crate::app::screens::schedules;
use crate::app::screens::work;
use crate::app::update;

fn at<T: Copy>(all: &[T], number: u8) -> Option<T> {
    all.get(usize::from(number)).copied()
}

/// The one that has the keys; nothing on screens that have none.
pub fn focused(model: &Model) -> Option<u8> {
    let screens = &model.screens;
    Some(match screens.place() {
        Place::Hub(HubTab::Failures) => screens.failures.pane as u8,
        Place::Hub(HubTab::Entities) => screens.entities.list.pane as u8,
        Place::Hub(HubTab::Work) => screens.work.pane as u8,
        Place::Hub(HubTab::Schedules) => screens.schedules.list.pane as u8,
        Place::Instance(InstanceTab::History) => screens.top_instance()?.history.pane as u8,
        _ => return None,
    })
}

/// Gives the keys to another one.
pub(crate) fn focus(model: &mut Model, number: u8) {
    let screens = &mut model.screens;
    match screens.place() {
        Place::Hub(HubTab::Failures) => {
            let pane = &mut screens.failures.pane;
            *pane = at(&failures::Pane::ALL, number).unwrap_or(*pane);
        }
        Place::Hub(HubTab::Entities) => {
            let pane = &mut screens.entities.list.pane;
            *pane = at(&listing::Pane::ALL, number).unwrap_or(*pane);
        }
        Place::Hub(HubTab::Work) => {
            let pane = &mut screens.work.pane;
            *pane = at(&work::Pane::ALL, number).unwrap_or(*pane);
        }
        Place::Hub(HubTab::Schedules) => {
            let pane = &mut screens.schedules.list.pane;
            *pane = at(&listing::Pane::ALL, number).unwrap_or(*pane);
        }
        Place::Instance(InstanceTab::History) => {
            if let Some(it) = screens.top_instance_mut() {
                let pane = &mut it.history.pane;
                let both = [history::Pane::List, history::Pane::Event];
                *pane = at(&both, number).unwrap_or(*pane);
            }
        }
        _ => {}
    }
    update::on_data(model);
}

/// Moves the cursor of the one with this number, whichever has the keys.
pub(crate) fn move_in(model: &mut Model, number: u8, delta: isize) {
    let Some(before) = focused(model) else {
        return;
    };
    focus(model, number);
    update::move_by(model, delta);
    focus(model, before);
}

/// Sorts the one with this number by one of its orders; the same again reverses.
pub(crate) fn sort(model: &mut Model, number: u8, order: u8) {
    let order = usize::from(order);
    match model.screens.place() {
        Place::Hub(HubTab::Failures) => {
            if let Some(pane) = at(&failures::Pane::ALL, number) {
                failures::sort_by(model, pane, order);
            }
        }
        Place::Hub(HubTab::Entities) => entities::sort_by(model, order),
        Place::Hub(HubTab::Work) => {
            if let Some(pane) = at(&work::Pane::ALL, number) {
                work::sort_by(model, pane, order);
            }
        }
        Place::Hub(HubTab::Schedules) => schedules::sort_by(model, order),
        _ => {}
    }
}
