//! The first line: which server, and whether it is live.

use durascope_proto::OrchestrationStatus;

use crate::app::action::ActionId;
use crate::app::event::Link;
use crate::app::event::Mode;
use crate::app::flow::Replay;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::CALL_SHOWN_AFTER;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::Place;
use crate::format;
use crate::format::Micros;
use crate::format::SECOND;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// From this width on there is room for more than what must be there.
const ROOMY: u16 = 100;
/// From here on, for the place and a few words.
const MEDIUM: u16 = 72;

/// Draws the header into one line.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model) {
    let settings = &model.settings;
    let mut pieces = Vec::new();
    let is_roomy = area.width >= ROOMY;
    if is_roomy {
        pieces.push(piece(" DURASCOPE ", Role::Head));
    }
    let place = piece(
        format!(" {}/{}  ", settings.endpoint, settings.task_hub),
        Role::Text,
    );
    // With little room, why there is no connection says more than to where.
    let is_placed = is_roomy || area.width >= MEDIUM || model.trouble.is_none();
    pieces.push(if is_placed {
        place
    } else {
        piece(" ", Role::Text)
    });
    match &model.replay {
        Some(it) => pieces.push(replay(it, model.now)),
        // Without data, the reason is below and has all the room it needs.
        None => pieces.extend(link(model, is_roomy || model.data.is_none())),
    }
    pieces.extend(paused(model));
    if model.choices.recording.is_some() {
        pieces.push(piece(" · ● REC", Role::Warn));
    }
    // Without data the reason stands where the list would be.
    if let (Some(reason), Some(_)) = (&model.trouble, &model.data) {
        pieces.push(piece(format!(" · {reason}"), Role::Bad));
    }
    if settings.read_only {
        pieces.push(piece(" · READ-ONLY", Role::Warn));
    }
    let end = pen.line(area, 0, &pieces);
    let end = tabs(pen, area, end, model);
    pen.line_right(area, end + 1, 0, &calls(model));
}

/// The tabs of the hub, as far as there is room.
fn tabs(pen: &mut Pen<'_>, area: Area, from: u16, model: &Model) -> u16 {
    let is_on_top = |tab| model.screens.place() == Place::Hub(tab);
    let title = |(at, tab): (usize, HubTab), long: bool, counted: bool| {
        let mut name = if long || is_on_top(tab) {
            format!("{} {}", at + 1, tab.title())
        } else {
            (at + 1).to_string()
        };
        if let Some(count) = count_of(model, tab).filter(|_| counted) {
            name.push_str(&format!(" {}", format::count(count)));
        }
        let shown = if is_on_top(tab) {
            piece(format!("[{name}]"), Role::Accent)
        } else {
            piece(format!(" {name} "), Role::Dim)
        };
        shown.click(Hit::Action(match tab {
            HubTab::Instances => ActionId::ToInstances,
            HubTab::Failures => ActionId::ToFailures,
            HubTab::Entities => ActionId::ToEntities,
            HubTab::Work => ActionId::ToWork,
            HubTab::Schedules => ActionId::ToSchedules,
        }))
    };
    for (long, counted) in [(true, true), (true, false), (false, false)] {
        let all = HubTab::ALL.into_iter().enumerate();
        let pieces: Vec<_> = all.map(|it| title(it, long, counted)).collect();
        let width: usize = pieces.iter().map(|it| it.text.width()).sum();
        let at = from.saturating_add(3);
        if at.saturating_add(cells(width)) <= area.width {
            return pen.line_from(area, at, 0, &pieces);
        }
    }
    from
}

/// How many there are behind a tab, where that is known: failed instances, entities, connected
/// workers, schedules.
fn count_of(model: &Model, tab: HubTab) -> Option<u64> {
    let screens = &model.screens;
    match tab {
        HubTab::Instances => None,
        HubTab::Failures => model.total(OrchestrationStatus::Failed),
        HubTab::Entities => {
            let page = screens.entities.list.page.as_ref();
            let is_whole = screens.entities.list.search.text().is_empty();
            page.filter(|_| is_whole).map(|it| it.matching)
        }
        HubTab::Work => u64::try_from(model.hub()?.workers.len()).ok(),
        HubTab::Schedules => screens.schedules.list.page.as_ref().map(|it| it.matching),
    }
    .filter(|it| *it > 0)
}

/// Where the replay is: the clock of the recording.
fn replay(it: &Replay, now: Micros) -> Piece<'static> {
    let position = it.position(now);
    let clock = format::clock(it.begun.saturating_add(position));
    let state = if it.is_over(now) {
        " (end)".to_owned()
    } else if it.paused {
        " (paused, Space goes on)".to_owned()
    } else if it.speed > 1 {
        format!(" ({}×)", it.speed)
    } else {
        String::new()
    };
    piece(format!("▸ REPLAY {clock}{state}"), Role::Accent)
}

/// For how long it is paused, and how much waits.
fn paused(model: &Model) -> Option<Piece<'static>> {
    let pause = model.pause.as_ref()?;
    let seconds = (model.now - pause.since).max(0) / SECOND;
    let waits = match pause.changes {
        1 => "1 change waits".to_owned(),
        many => format!("{} changes wait", format::count(many)),
    };
    let text = format!(
        " ‖ PAUSED {:02}:{:02} · {waits} · p goes on",
        seconds / 60,
        seconds % 60
    );
    Some(piece(text, Role::Warn).click(Hit::Action(ActionId::Pause)))
}

/// The state of the connection, in words.
pub fn link(model: &Model, is_roomy: bool) -> Vec<Piece<'static>> {
    match &model.link {
        Link::Connecting { attempt } => {
            let mut text = if is_roomy {
                format!("◌ connecting … attempt {attempt}")
            } else {
                "◌ connecting …".to_owned()
            };
            text.push_str(&data_age(model));
            vec![piece(text, Role::Wait)]
        }
        Link::Live(Mode::Feed) => vec![piece("● live", Role::Ok)],
        Link::Live(Mode::Poll {
            loaded,
            more,
            every_ms,
        }) => {
            let every = format::duration_ms(*every_ms);
            let mut text = format!(", polling every {every} (no feed)");
            if *more {
                let loaded = format::count(u64::try_from(*loaded).unwrap_or(u64::MAX));
                text.push_str(&format!(" · first {loaded} of more, sort is of these"));
            }
            vec![piece("● live", Role::Ok), piece(text, Role::Dim)]
        }
        Link::Lost {
            attempt, retry_at, ..
        } => {
            let left = (retry_at - model.now).max(0);
            let seconds = (left + SECOND - 1) / SECOND;
            let mut text = if is_roomy {
                format!("✗ reconnecting in {seconds}s (attempt {attempt}, r now)")
            } else {
                format!("✗ again in {seconds}s (r now)")
            };
            text.push_str(&data_age(model));
            vec![piece(text, Role::Bad)]
        }
    }
}

fn data_age(model: &Model) -> String {
    let Some(data) = &model.data else {
        return String::new();
    };
    let age = format::age(model.now - data.received_at);
    format!(" · data {age} old")
}

fn calls(model: &Model) -> Vec<Piece<'static>> {
    let shown = |it: &&crate::app::model::Pending| model.now - it.since >= CALL_SHOWN_AFTER;
    match model.calls.iter().find(shown) {
        Some(it) => {
            vec![piece(
                format!("… {} {} ", it.call.verb(), it.call.instance_id()),
                Role::Wait,
            )]
        }
        None => Vec::new(),
    }
}
