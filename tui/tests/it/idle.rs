//! When nothing happens, nothing wakes but labels that change, once a second.

use durascope::app::event::Event;
use durascope::app::update::update;
use durascope::format::SECOND;

use crate::fixtures::*;

#[test]
fn an_idle_screen_wakes_at_whole_seconds_only() {
    let mut model = on_overview(120, 36);
    model.toasts.clear();
    let mut wakeups = 0;
    let mut now = NOW + SECOND;
    update(&mut model, Event::Wake, now);
    let end = now + 10 * SECOND;
    while let Some(at) = model.next_wakeup().filter(|at| *at <= end) {
        assert!(at > now, "a wake-up in the past would spin");
        now = at;
        update(&mut model, Event::Wake, now);
        wakeups += 1;
    }
    assert_eq!(wakeups, 10);
}

#[test]
fn a_server_that_never_answers_costs_a_countdown_and_no_more() {
    let mut model = model(80, 24);
    update(&mut model, Event::Wake, NOW);
    assert_eq!(model.next_wakeup(), None);
    breaks(&mut model);
    let mut now = NOW;
    let mut wakeups = 0;
    while let Some(at) = model.next_wakeup() {
        assert!(at > now);
        now = at;
        update(&mut model, Event::Wake, now);
        wakeups += 1;
    }
    assert_eq!(wakeups, 3, "one for each second of the countdown");
}
