//! The dashboard's own doings: palette, themes, keys, mouse, pause, zoom, export, replay.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

use durascope::app::action;
use durascope::app::action::ActionId;
use durascope::app::commands;
use durascope::app::dialogs::Dialog;
use durascope::app::effect::Effect;
use durascope::app::effect::Playing;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Key;
use durascope::app::flow::Replay;
use durascope::app::hit::Hit;
use durascope::app::hit::Mouse;
use durascope::app::look::Theme;
use durascope::app::model::Model;
use durascope::app::place::HubTab;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::screens::instance::Pane;
use durascope::app::update::update;
use durascope::format::SECOND;
use durascope::ui;
use durascope::ui::Look;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::SortColumn;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::fixtures::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn shows(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

/// Types a command and runs it.
fn command(model: &mut Model, text: &str) -> Vec<Effect> {
    press(model, ":");
    press(model, text);
    let effects = press_key(model, Code::Enter);
    assert!(model.dialogs.is_empty(), "{text} was not run");
    effects
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|it| it.text.as_str()).collect()
}

/// Columns of the first place where `text` stands on screen, and its row.
pub(crate) fn place_of(model: &Model, text: &str) -> (u16, u16) {
    let size = model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    ui::view(model, COLOR, &mut buffer);
    for y in 0..size.height {
        let line: Vec<_> = (0..size.width).map(|x| buffer[(x, y)].symbol()).collect();
        for x in 0..line.len() {
            if line[x..].concat().starts_with(text) {
                return (u16::try_from(x).unwrap(), y);
            }
        }
    }
    panic!("{text:?} is not on screen");
}

pub(crate) fn mouse_at(model: &mut Model, mouse: Mouse, x: u16, y: u16) -> Vec<Effect> {
    let hit = ui::hits::at(model, COLOR, x, y);
    happens(model, Event::Mouse { mouse, x, y, hit })
}

pub(crate) fn click(model: &mut Model, text: &str) -> Vec<Effect> {
    let (x, y) = place_of(model, text);
    mouse_at(model, Mouse::Click, x, y)
}

#[test]
fn pictures_of_the_palette() {
    shows("palette_empty", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, ":");
        model
    });
    shows("palette_search", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, ":purge");
        model
    });
    shows("palette_open", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, ":open chk");
        model
    });
    shows("palette_nothing", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, ":qqqq");
        model
    });
    shows("palette_themes", |width, height| {
        let mut model = on_instance(width, height, tree());
        press_ctrl(&mut model, 'p');
        press(&mut model, "theme ");
        press_key(&mut model, Code::Down);
        model
    });
}

#[test]
fn pictures_of_pause_and_replay() {
    shows("paused", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "p");
        for _ in 0..312 {
            let update = answer(&model, rows());
            arrives(&mut model, update);
        }
        update(&mut model, Event::Wake, NOW + 41 * SECOND);
        model.toasts.clear();
        model
    });
    shows("replay", |width, height| {
        let mut model = on_overview(width, height);
        model.replay = Some(Replay::new(NOW - 60 * SECOND, 90 * SECOND, NOW));
        press(&mut model, "}}");
        model.toasts.clear();
        update(&mut model, Event::Wake, NOW + 4 * SECOND);
        model
    });
    shows("zoomed", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "Z");
        model
    });
    shows("zoomed_tree", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "Z");
        model
    });
}

#[test]
fn commands_go_where_they_say() {
    let mut model = on_overview(120, 36);
    command(&mut model, "failed Order*");
    let filter = model.screens.overview.filter.text().to_owned();
    assert_eq!(filter, "status:failed name:Order*");
    command(&mut model, "open chk-77120");
    assert_eq!(model.screens.top_instance().unwrap().id, "chk-77120");
    command(&mut model, "tab history");
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::History));
    command(&mut model, "4");
    assert_eq!(model.screens.place(), Place::Hub(HubTab::Work));
    command(&mut model, "tab inst");
    assert_eq!(model.screens.place(), Place::Hub(HubTab::Instances));
    command(&mut model, "sort created");
    assert_eq!(model.screens.overview.sort, SortColumn::Created);
    command(&mut model, "filter ");
    assert_eq!(model.screens.overview.filter.text(), "");
    command(&mut model, "pending");
    assert_eq!(model.screens.overview.filter.text(), "status:pending");
    press(&mut model, ":help");
    press_key(&mut model, Code::Enter);
    assert!(matches!(model.dialogs[..], [Dialog::Help(_)]));
}

#[test]
fn every_action_of_the_screen_is_found_by_its_name_and_says_why_it_is_off() {
    let model = on_overview(120, 36);
    for action in action::all().filter(|it| it.is_here(&model)) {
        let name = action::name(action.id);
        if matches!(
            action.id,
            ActionId::Up
                | ActionId::Down
                | ActionId::PageUp
                | ActionId::PageDown
                | ActionId::HalfUp
                | ActionId::HalfDown
                | ActionId::First
                | ActionId::Last
                | ActionId::Back
                | ActionId::Palette
                | ActionId::QuitNow
        ) {
            continue;
        }
        let found = commands::entries(&model, &name);
        assert_eq!(found.first().map(|it| it.id.as_str()), Some(name.as_str()));
        assert_eq!(found[0].off, action.check(&model).err(), "{name}");
    }
    // The selected instance runs: it cannot be purged, and the palette stays open to say so.
    let mut model = on_overview(120, 36);
    press(&mut model, ":purge");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.dialogs.len(), 1);
    assert!(toasts(&model)[0].contains("only ended instances"));
    // What only another screen has is found and says where it is.
    let found = commands::entries(&model, "fold-idle");
    let reason = found[0].off.as_deref().unwrap();
    assert!(reason.contains("tab Timeline"), "{reason}");
}

#[test]
fn what_was_used_comes_first_and_tab_completes() {
    let mut model = on_overview(120, 36);
    command(&mut model, "failed Order*");
    command(&mut model, "children");
    let ids: Vec<_> = commands::entries(&model, "")
        .into_iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(ids[..2], ["children", "failed Order*"]);
    press(&mut model, ":the");
    press_key(&mut model, Code::Tab);
    let Some(Dialog::Palette(palette)) = model.dialogs.last() else {
        panic!("the palette is closed");
    };
    assert_eq!(palette.query.text(), "theme ");
}

#[test]
fn themes_are_shown_before_they_are_chosen_and_come_back_unless_they_are() {
    let ground = |model: &Model| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
        ui::view(model, COLOR, &mut buffer);
        buffer[(0, 20)].bg
    };
    let mut model = on_overview(120, 36);
    let before = ground(&model);
    assert_eq!(before, Color::Reset, "the terminal's own");
    press(&mut model, ":theme light");
    let light = ground(&model);
    assert_ne!(light, before);
    press_key(&mut model, Code::Esc);
    assert_eq!(ground(&model), before);
    command(&mut model, "theme light");
    assert_eq!(model.choices.theme, Some(Theme::Light));
    assert_eq!(ground(&model), light);
    // Nobody who wants no colours gets any.
    let mut model = on_overview(120, 36);
    model.choices.colors_off = true;
    press(&mut model, ":theme light");
    press_key(&mut model, Code::Enter);
    assert!(toasts(&model)[0].contains("colours are off"));
    assert_eq!(model.choices.theme, None);
}

#[test]
fn every_theme_tells_every_state_in_words() {
    for theme in Theme::ALL {
        let mut model = on_overview(120, 36);
        press(&mut model, "c");
        let look = Look { theme, ascii: true };
        let text = drawn(&model, look);
        for status in rows() {
            let status = OrchestrationStatus::try_from(status.status).unwrap();
            let word = durascope::data::status::word(status);
            assert!(text.contains(word), "{theme:?}: {word}");
        }
        assert!(text.contains("live"));
        breaks(&mut model);
        assert!(drawn(&model, look).contains("reconnecting"));
    }
}

#[test]
fn a_click_chooses_a_row_and_a_click_on_the_chosen_one_opens_it() {
    let mut model = on_overview(120, 36);
    click(&mut model, "appr-5511");
    assert_eq!(model.screens.overview.selection.id(), Some("appr-5511"));
    click(&mut model, "chk-77120");
    assert_eq!(model.screens.overview.selection.id(), Some("chk-77120"));
    assert!(model.screens.top_instance().is_none());
    click(&mut model, "chk-77120");
    assert_eq!(model.screens.top_instance().unwrap().id, "chk-77120");
}

#[test]
fn tabs_titles_fold_signs_footer_and_buttons_can_be_clicked() {
    let mut model = on_overview(120, 36);
    click(&mut model, "INSTANCE ID");
    assert_eq!(model.screens.overview.sort, SortColumn::InstanceId);
    assert!(!model.screens.overview.reverse);
    click(&mut model, "INSTANCE ID");
    assert!(model.screens.overview.reverse);
    click(&mut model, "terminate");
    assert!(matches!(model.dialogs[..], [Dialog::Confirm(_)]));
    // A dialog has the screen for itself, as it has the keys.
    mouse_at(&mut model, Mouse::Click, 40, 10);
    assert_eq!(model.dialogs.len(), 1);
    let calls = click(&mut model, "[ Cancel ]");
    assert!(model.dialogs.is_empty() && !calls.iter().any(|it| matches!(it, Effect::Call { .. })));
    click(&mut model, "terminate");
    let calls = click(&mut model, "y terminate");
    assert!(calls.iter().any(|it| matches!(it, Effect::Call { .. })));
    click(&mut model, " 2 Failures");
    assert_eq!(model.screens.place(), Place::Hub(HubTab::Failures));

    let mut model = on_instance(120, 36, tree());
    click(&mut model, " History ");
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::History));
    click(&mut model, " Tree ");
    let lines = model.screens.top_instance().unwrap().line_count();
    let (x, y) = place_of(&model, "ProcessItem ×");
    // The sign stands before the state's sign and the name.
    let (sign, _) = (x - 4, y);
    mouse_at(&mut model, Mouse::Click, sign, y);
    let after = model.screens.top_instance().unwrap().line_count();
    assert_ne!(after, lines, "the group was folded or unfolded");
    mouse_at(&mut model, Mouse::Click, sign, y);
    assert_eq!(model.screens.top_instance().unwrap().line_count(), lines);
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut model = on_overview(120, 36);
    let (x, y) = place_of(&model, "chk-77120");
    mouse_at(&mut model, Mouse::WheelDown, x, y);
    assert_eq!(model.screens.overview.selection.index(), 3);
    mouse_at(&mut model, Mouse::WheelUp, x, y);
    assert_eq!(model.screens.overview.selection.index(), 0);
    mouse_at(&mut model, Mouse::WheelDown, 0, 0);
    assert_eq!(model.screens.overview.selection.index(), 0, "not a list");

    let mut model = on_instance(120, 24, tree());
    press(&mut model, "F");
    let before = model.screens.top_instance().unwrap().index;
    mouse_at(&mut model, Mouse::WheelDown, 100, 12);
    let instance = model.screens.top_instance().unwrap();
    assert_eq!((instance.index, instance.pane), (before, Pane::Tree));

    let mut model = on_overview(60, 15);
    press(&mut model, "?");
    mouse_at(&mut model, Mouse::WheelDown, 30, 7);
    assert!(matches!(&model.dialogs[..], [Dialog::Help(it)] if it.top > 0));
}

#[test]
fn every_place_that_can_be_hit_is_on_the_screen_at_any_size() {
    let mut models = vec![on_overview(120, 36), on_instance(120, 36, tree())];
    for keys in ["t", "e", "?", ":"] {
        let mut model = on_overview(120, 36);
        press(&mut model, keys);
        models.push(model);
    }
    for model in &mut models {
        for (width, height) in [(1, 1), (19, 3), (20, 3), (61, 16), (140, 40)] {
            let size = durascope::app::event::Size { width, height };
            happens(model, Event::Resize(size));
            for y in (0..height).step_by(3) {
                for x in (0..width).step_by(19) {
                    let hit = ui::hits::at(model, COLOR, x, y);
                    if let Some(Hit::Line(delta)) = hit {
                        assert!(delta.unsigned_abs() < usize::from(height));
                    }
                }
            }
        }
    }
}

#[test]
fn the_mouse_is_given_back_and_taken() {
    let mut model = on_overview(120, 36);
    model.choices.mouse = true;
    assert!(press(&mut model, "m").contains(&Effect::Mouse(false)));
    assert!(press(&mut model, "m").contains(&Effect::Mouse(true)));
    assert!(press(&mut model, "Q").contains(&Effect::QuitLeaving));
    assert!(press(&mut model, "r").contains(&Effect::Refresh));
}

#[test]
fn a_pause_holds_the_picture_and_going_on_shows_the_newest() {
    let mut model = on_overview(120, 36);
    press(&mut model, "p");
    let picture = drawn(&model, COLOR);
    let held: Vec<_> = picture.lines().skip(1).map(str::to_owned).collect();
    let mut changed = rows();
    changed.retain(|it| it.instance_id != "appr-5511");
    for _ in 0..3 {
        let update = answer(&model, changed.clone());
        arrives(&mut model, update);
    }
    update(&mut model, Event::Wake, NOW + 30 * SECOND);
    let paused = drawn(&model, COLOR);
    assert!(paused.contains("PAUSED 00:30 · 3 changes wait"), "{paused}");
    let still: Vec<_> = paused.lines().skip(1).collect();
    assert_eq!(still, held, "ages stand still too");
    press(&mut model, "p");
    let picture = drawn(&model, COLOR);
    assert!(!picture.contains("PAUSED") && !picture.contains("appr-5511"));
    // A lost connection is told also while the picture stands.
    press(&mut model, "p");
    breaks(&mut model);
    assert!(drawn(&model, COLOR).contains("reconnecting"));
}

#[test]
fn what_is_opened_while_it_is_paused_gets_its_first_picture() {
    let mut model = on_overview(120, 36);
    press(&mut model, "p");
    press_key(&mut model, Code::Enter);
    let mut update = answer(&model, rows());
    update.tree = Some(tree());
    arrives(&mut model, update.clone());
    let first = drawn(&model, COLOR);
    assert!(first.contains("ProcessItem"), "{first}");
    let mut later = update;
    later.tree.as_mut().unwrap().groups.truncate(1);
    arrives(&mut model, later);
    assert!(drawn(&model, COLOR).contains("ProcessItem"));
}

#[test]
fn an_export_is_what_is_shown_in_the_format_of_its_name() {
    let mut model = on_overview(120, 36);
    let exported = |model: &mut Model, text: &str| {
        let effects = command(model, text);
        let found = effects.into_iter().find_map(|it| match it {
            Effect::Export { path, content } => Some((path, content)),
            _ => None,
        });
        found.expect("a file is written")
    };
    let (path, csv) = exported(&mut model, "export list.csv");
    assert_eq!(path, "list.csv");
    assert_eq!(csv.lines().count(), 7, "titles and six rows");
    assert!(csv.contains("chk-77120,Checkout,failed,2024-11-24T18:01:19"));
    let (_, json) = exported(&mut model, "export list.json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["about"]["task_hub"], "default");
    assert_eq!(json["rows"][1]["failures"], 1);
    let mut model = on_instance(120, 36, tree());
    let (_, text) = exported(&mut model, "export tree.txt");
    assert!(text.starts_with("the groups and children of batch-2026-11-24 · task_hub default"));
    assert!(text.contains("ShipParcel"));
    // The key offers a name that no id can lead elsewhere.
    press_ctrl(&mut model, 's');
    let Some(Dialog::Palette(palette)) = model.dialogs.last() else {
        panic!("no palette");
    };
    assert_eq!(palette.query.text(), "export batch-2026-11-24-tree.json");
    press(&mut model, "x");
    press_key(&mut model, Code::Enter);
    assert!(toasts(&model)[0].contains(".jsonx"), "{:?}", toasts(&model));
}

#[test]
fn a_replay_is_steered_by_space_and_arrows_and_sends_nothing() {
    let mut model = on_overview(120, 36);
    model.replay = Some(Replay::new(NOW - 60 * SECOND, 90 * SECOND, NOW));
    let played = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|it| match it {
            Effect::Play(it) => Some(it),
            _ => None,
        })
    };
    let at = |at: i64, speed| {
        Some(Playing {
            at: at * SECOND,
            speed,
        })
    };
    update(&mut model, Event::Wake, NOW + 5 * SECOND);
    let space = press(&mut model, " ");
    assert_eq!(played(space), at(5, 0));
    assert_eq!(played(press_key(&mut model, Code::Right)), at(15, 0));
    assert_eq!(played(press_key(&mut model, Code::Left)), at(5, 0));
    assert_eq!(played(press(&mut model, "}}}")), at(5, 0));
    assert_eq!(
        model.next_wakeup(),
        model.toasts.iter().map(|it| it.until).min()
    );
    assert_eq!(played(press(&mut model, " ")), at(5, 8));
    model.toasts.clear();
    for key in ["t", "x", "e", "z"] {
        let effects = press(&mut model, key);
        assert!(!effects.iter().any(|it| matches!(it, Effect::Call { .. })));
        assert!(model.dialogs.is_empty());
    }
    assert!(toasts(&model)[0].contains("a replay sends nothing"));
    let now = model.now + 20 * SECOND;
    update(&mut model, Event::Wake, now);
    assert!(drawn(&model, COLOR).contains("REPLAY 18:05:01 (end)"));
    assert_eq!(model.next_wakeup(), None, "nothing more happens");
}

#[test]
fn the_users_keys_act_and_are_shown_and_the_old_ones_do_not() {
    let mut model = on_overview(220, 36);
    model
        .choices
        .keys
        .set(ActionId::Children, vec![Key::char('W'), Key::ctrl('y')]);
    press(&mut model, "c");
    assert!(model.screens.overview.roots_only);
    press(&mut model, "W");
    assert!(!model.screens.overview.roots_only);
    press_ctrl(&mut model, 'y');
    assert!(model.screens.overview.roots_only);
    model.choices.keys.set(ActionId::Sort, vec![Key::char('X')]);
    assert!(drawn(&model, COLOR).contains("X* sort"), "the footer");
    press(&mut model, "?");
    let help = drawn(&model, COLOR);
    assert!(help.contains("W ctrl-y*"), "{help}");
    press_key(&mut model, Code::Esc);
    press(&mut model, ":children");
    assert!(drawn(&model, COLOR).contains("W ctrl-y*"), "the palette");
}
