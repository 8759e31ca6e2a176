//! The list screens: history, data, failures, entities, workers and queues, schedules.

use std::sync::Arc;

use durascope::app::action;
use durascope::app::effect::Effect;
use durascope::app::event::Code;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::app::place::InstanceTab;
use durascope::app::place::Place;
use durascope::app::screens::entities::selected_entity;
use durascope::app::screens::failures;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::window;
use durascope_proto::monitor::*;

use crate::fixtures::*;
use crate::list_fixtures::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn shows(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|it| it.text.as_str()).collect()
}

fn number(model: &Model) -> Option<u64> {
    let instance = model.screens.top_instance().expect("an instance");
    instance.history.selected().map(|it| it.number)
}

fn goes(model: &mut Model, keys: &str, count: u64) {
    press(model, keys);
    let told = history(model, count);
    tells(model, told);
}

#[test]
fn history_in_all_its_states() {
    shows("history_normal", |width, height| {
        let mut model = on_history(width, height, 120);
        press(&mut model, "jjjjj");
        model
    });
    shows("history_failure", |width, height| {
        let mut model = on_history(width, height, 120);
        goes(&mut model, "/failed", 120);
        press_key(&mut model, Code::Enter);
        press_key(&mut model, Code::Tab);
        press(&mut model, "jj");
        model
    });
    shows("history_huge", |width, height| {
        on_history(width, height, 5_000_000)
    });
    shows("history_empty", |width, height| {
        on_history(width, height, 0)
    });
    shows("history_refused", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "]]]]");
        let reason = "this server does not tell that; the durascope emulator does";
        tells(&mut model, Told::Refused(reason.to_owned()));
        model
    });
    shows("history_polled", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "]]]]");
        polls(&mut model);
        model
    });
}

#[test]
fn enter_goes_to_the_scheduling_and_back_over_pages_that_are_not_loaded() {
    let mut model = on_history(80, 24, 90_001);
    assert_eq!(number(&model), Some(90_001));
    goes(&mut model, "G", 90_001);
    assert_eq!(number(&model), Some(1));
    goes(&mut model, "kkkkkk", 90_001);
    assert_eq!(number(&model), Some(7));
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(3));
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(7));
    // Under a filter, its number is no position: the filter goes.
    goes(&mut model, "/failed", 90_001);
    press_key(&mut model, Code::Enter);
    // The first answer is of the old window.
    goes(&mut model, "", 90_001);
    let failed = number(&model).unwrap();
    press_key(&mut model, Code::Enter);
    goes(&mut model, "", 90_001);
    assert_eq!(number(&model), Some(failed - 4));
    assert_eq!(request_of(&model).text, "");
}

#[test]
fn the_cursor_stays_on_its_event_while_new_ones_come() {
    let mut model = on_history(80, 24, 300);
    press(&mut model, "jjj");
    assert_eq!(number(&model), Some(297));
    for count in 301..340 {
        let told = history(&model, count);
        tells(&mut model, told);
        assert_eq!(number(&model), Some(297));
    }
    let mut model = on_history(80, 24, 300);
    let told = history(&model, 310);
    tells(&mut model, told);
    assert_eq!(number(&model), Some(310), "untouched, it follows");
}

#[test]
fn pages_of_large_events_are_short_and_the_window_follows_the_cursor() {
    let mut model = on_history(80, 24, 300);
    let short = |model: &Model| match history(model, 300) {
        Told::History(page) => {
            let mut page = (*page).clone();
            page.entries.truncate(2);
            Told::History(Arc::new(page))
        }
        other => other,
    };
    for step in 0..40 {
        press(&mut model, "j");
        for _ in 0..3 {
            let told = short(&model);
            tells(&mut model, told);
        }
        assert_eq!(number(&model), Some(299 - step));
    }
}

#[test]
fn an_event_leads_to_its_item() {
    let mut model = on_history(80, 24, 300);
    goes(&mut model, "/failed", 300);
    press_key(&mut model, Code::Enter);
    press(&mut model, "I");
    let instance = model.screens.top_instance().unwrap();
    assert_eq!(instance.tab, InstanceTab::Tree);
}

#[test]
fn data_in_all_its_states() {
    shows("data_normal", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "jjj");
        model
    });
    shows("data_end", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "G");
        model
    });
    shows("data_found", |width, height| {
        let mut model = on_data(width, height);
        press(&mut model, "/needle");
        press_key(&mut model, Code::Enter);
        model
    });
    shows("data_empty", |width, height| {
        let mut tree = tree();
        tree.input = None;
        tree.custom_status = None;
        let mut model = on_instance(width, height, tree);
        press(&mut model, "[");
        model
    });
    shows("data_huge", |width, height| {
        let mut tree = tree();
        let text = format!("[{}", "[1,{\"a\":\"xxxxxxxxxxxxxxxxxxxx\"}],".repeat(2_000));
        tree.input = Some(Payload {
            text: Some(text),
            total_bytes: 80_000_000,
        });
        let mut model = on_instance(width, height, tree);
        press(&mut model, "[");
        press(&mut model, "jl");
        model
    });
}

#[test]
fn a_value_is_copied_as_sent_and_a_text_opened_whole() {
    let mut model = on_data(100, 30);
    press(&mut model, "/total");
    press_key(&mut model, Code::Enter);
    let copied = press(&mut model, "y");
    let [Effect::Copy { what, text }] = &copied[..] else {
        panic!("{copied:?}")
    };
    assert_eq!(
        (what.as_str(), text.as_str()),
        ("input/total", "12.340000000000000001")
    );
    let opened = press(&mut model, "o");
    let [Effect::View { name, text }] = &opened[..] else {
        panic!("{opened:?}")
    };
    assert_eq!(name, "input.json");
    assert!(text.starts_with("{\n  \"batch\""));
    press(&mut model, "/nowhere");
    press_key(&mut model, Code::Enter);
    assert_eq!(toasts(&model), ["“nowhere” is nowhere here"]);
    press_key(&mut model, Code::Esc);
    press(&mut model, "/night-1");
    press_key(&mut model, Code::Enter);
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "night-1");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.place(), Place::Instance(InstanceTab::Data));
}

#[test]
fn failures_in_all_their_states() {
    shows("failures_normal", |width, height| {
        on_tab(width, height, "2", failures())
    });
    shows("failures_instances", |width, height| {
        let mut model = on_tab(width, height, "2", failures());
        press_key(&mut model, Code::Tab);
        press(&mut model, "j");
        model
    });
    shows("failures_sample", |width, height| {
        let mut model = on_tab(width, height, "2", failures());
        press_key(&mut model, Code::Tab);
        press_key(&mut model, Code::Tab);
        model
    });
    shows("failures_empty", |width, height| {
        on_tab(width, height, "2", Told::Failures(Arc::default()))
    });
    shows("failures_huge", |width, height| {
        let long = "SomeVeryLongNamespace.WithAnExceptionThatGoesOnAndOn".repeat(3);
        let groups = (0..200)
            .map(|at| {
                group(
                    &format!("{long}{at}"),
                    "名前 ‹…›",
                    &long,
                    u64::MAX / 400,
                    at,
                )
            })
            .collect();
        let told = Told::Failures(Arc::new(FailureList {
            groups,
            instances: u64::MAX,
            more: true,
        }));
        let mut model = on_tab(width, height, "2", told);
        press(&mut model, "G");
        model
    });
    shows("failures_refused", |width, height| {
        on_tab(width, height, "2", Told::Refused("too busy".to_owned()))
    });
    shows("failures_polled", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "2");
        polls(&mut model);
        model
    });
}

#[test]
fn the_cursor_of_the_failures_follows_its_group_and_back_restores_it() {
    let mut model = on_tab(120, 36, "2", failures());
    press(&mut model, "j");
    let Told::Failures(list) = failures() else {
        unreachable!()
    };
    let mut other = (*list).clone();
    other.groups.rotate_right(2);
    tells(&mut model, Told::Failures(Arc::new(other)));
    let view = &model.screens.failures;
    assert_eq!(view.selected().unwrap().name, "LoadPage");
    assert_eq!(failures::plan(&model).unwrap().targets.len(), 9);
    press_key(&mut model, Code::Enter);
    press(&mut model, "jj");
    let chosen = model
        .screens
        .failures
        .selected_instance()
        .unwrap()
        .instance_id
        .clone();
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, chosen);
    assert!(failures::plan(&model).is_none(), "another screen is on top");
    press_key(&mut model, Code::Esc);
    let view = &model.screens.failures;
    assert_eq!(view.selected_instance().unwrap().instance_id, chosen);
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Esc);
    assert!(model.screens.top_instance().is_none());
}

#[test]
fn the_question_of_the_failures_stays_the_same_for_a_while() {
    let mut model = on_tab(80, 24, "2", failures());
    let asked = window::topic(&model);
    model.now += 20_000_000;
    assert_eq!(window::topic(&model), asked);
    press(&mut model, "hh");
    let Topic::Failures(all) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(all.since, None);
    press(&mut model, "/card");
    let Topic::Failures(all) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(all.text, "card");
}

#[test]
fn entities_in_all_their_states() {
    shows("entities_normal", |width, height| {
        on_tab(width, height, "3", entities())
    });
    shows("entities_detail", |width, height| {
        let mut model = on_tab(width, height, "3", entities());
        press_key(&mut model, Code::Tab);
        press(&mut model, "j");
        model
    });
    shows("entities_empty", |width, height| {
        on_tab(width, height, "3", Told::Entities(Arc::default()))
    });
    shows("entities_huge", |width, height| {
        let long = "a-key-that-goes-on-and-on-".repeat(8);
        let rows = (0..100).map(|at| {
            let text = format!("{{\"名前\":\"{}\"}}", "x".repeat(180));
            entity(&format!("@entity@{long}{at}"), u64::MAX, &text)
        });
        let told = Told::Entities(Arc::new(EntityPage {
            matching: 1_000_000,
            offset: 0,
            rows: rows.collect(),
            ..EntityPage::default()
        }));
        let mut model = on_tab(width, height, "3", told);
        press(&mut model, "jj");
        model
    });
    shows("entities_refused", |width, height| {
        on_tab(width, height, "3", Told::Refused("too busy".to_owned()))
    });
}

#[test]
fn enter_opens_who_holds_the_lock_and_sorting_asks_anew() {
    let mut model = on_tab(120, 36, "3", entities());
    assert_eq!(
        selected_entity(&model).as_deref(),
        Some("@account@acc-0017")
    );
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "transfer-991");
    assert_eq!(selected_entity(&model), None);
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Tab);
    press(&mut model, "jjj");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "transfer-992");
    press_key(&mut model, Code::Esc);
    press_key(&mut model, Code::Esc);
    press(&mut model, "j");
    press_key(&mut model, Code::Enter);
    assert_eq!(
        toasts(&model),
        ["no instance holds its lock; Tab goes to its state"]
    );
    press(&mut model, "ssi/cart");
    let Topic::Entities(asked) = window::topic(&model) else {
        panic!()
    };
    assert_eq!((asked.sort(), asked.reverse), (EntitySort::Modified, true));
    assert_eq!(
        (asked.text.as_str(), asked.entity_id.as_str()),
        ("cart", "@counter@global")
    );
}

#[test]
fn workers_in_all_their_states() {
    shows("work_normal", |width, height| {
        on_tab(width, height, "4", work())
    });
    shows("work_queues", |width, height| {
        let mut model = on_tab(width, height, "4", work());
        press_key(&mut model, Code::Tab);
        model
    });
    shows("work_held", |width, height| {
        let mut model = on_tab(width, height, "4", work());
        press_key(&mut model, Code::Enter);
        press(&mut model, "j");
        model
    });
    shows("work_empty", |width, height| {
        on_tab(width, height, "4", Told::Work(Arc::default()))
    });
    shows("work_huge", |width, height| {
        let Told::Work(list) = work() else {
            unreachable!()
        };
        let mut list = (*list).clone();
        for at in 0..300 {
            let mut worker = list.workers[0].clone();
            worker.worker.as_mut().unwrap().worker_id = format!("{}{at}", "worker-".repeat(20));
            list.workers.push(worker);
            let mut queue = list.queues[1].clone();
            queue.name = format!("{}{at}", "名前".repeat(20));
            list.queues.push(queue);
        }
        let mut model = on_tab(width, height, "4", Told::Work(Arc::new(list)));
        press(&mut model, "G");
        model
    });
    shows("work_polled", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "4");
        polls(&mut model);
        model
    });
}

#[test]
fn what_a_worker_holds_is_its_own_and_opens() {
    let mut model = on_tab(120, 36, "4", work());
    press(&mut model, "j");
    press_key(&mut model, Code::Enter);
    let item = model.screens.work.selected_item().unwrap();
    assert_eq!(item.task_id, 1_700);
    let Topic::Work(asked) = window::topic(&model) else {
        panic!()
    };
    assert_eq!(asked.worker_id, "w-02c4");
    press_key(&mut model, Code::Enter);
    assert_eq!(model.screens.top_instance().unwrap().id, "batch-2026-11-24");
    press_key(&mut model, Code::Esc);
    assert_eq!(model.screens.work.selected_item().unwrap().task_id, 1_700);
}

#[test]
fn schedules_in_all_their_states() {
    shows("schedules_normal", |width, height| {
        on_tab(width, height, "5", schedules())
    });
    shows("schedules_empty", |width, height| {
        on_tab(width, height, "5", Told::Entities(Arc::default()))
    });
    shows("schedules_huge", |width, height| {
        let long = "a-schedule-that-goes-on-and-on-".repeat(4);
        let rows: Vec<_> = (0..500)
            .map(|at| schedule(&format!("{long}{at}"), 1, "null"))
            .collect();
        let told = Told::Entities(Arc::new(EntityPage {
            matching: 90_000,
            rows,
            ..EntityPage::default()
        }));
        let mut model = on_tab(width, height, "5", told);
        press(&mut model, "G");
        model
    });
    shows("schedules_refused", |width, height| {
        on_tab(width, height, "5", Told::Refused("too busy".to_owned()))
    });
}

#[test]
fn a_schedule_opens_its_last_run() {
    let mut model = on_tab(120, 36, "5", schedules());
    press_key(&mut model, Code::Enter);
    let open = &model.screens.top_instance().unwrap().id;
    assert_eq!(open, "import-2024-11-24T18:04:01+00:00");
    press_key(&mut model, Code::Esc);
    press(&mut model, "/REPORTS");
    press_key(&mut model, Code::Enter);
    let view = &model.screens.schedules;
    assert_eq!(view.selected().unwrap().id, "reports");
    press_key(&mut model, Code::Enter);
    assert!(toasts(&model)[0].starts_with("it has started no instance yet"));
}

/// All of the screens, with what they are made of.
fn all() -> Vec<Model> {
    let mut models = vec![
        on_history(120, 36, 300),
        on_data(120, 36),
        on_tab(120, 36, "2", failures()),
        on_tab(120, 36, "3", entities()),
        on_tab(120, 36, "4", work()),
        on_tab(120, 36, "5", schedules()),
    ];
    for key in "2345".chars() {
        let mut empty = model(120, 36);
        press(&mut empty, &key.to_string());
        models.push(empty);
    }
    models
}

#[test]
fn no_size_and_no_key_panics() {
    for mut model in all() {
        let keys: Vec<_> = action::all()
            .filter(|it| it.is_here(&model))
            .flat_map(|it| it.keys)
            .collect();
        for _ in 0..3 {
            for width in (1..=140).step_by(13) {
                for height in (1..=50).step_by(7) {
                    happens(&mut model, Event::Resize(Size { width, height }));
                    drawn(&model, COLOR);
                }
            }
            for (width, height) in [(1, 1), (60, 15), (120, 36)] {
                happens(&mut model, Event::Resize(Size { width, height }));
                for key in &keys {
                    let mut model = model.clone();
                    happens(&mut model, Event::Key(**key));
                    drawn(&model, COLOR);
                }
            }
            press_key(&mut model, Code::Tab);
        }
    }
}

#[test]
fn nothing_of_the_data_reaches_the_screen_unescaped_and_plain_signs_are_plain() {
    let look = durascope::ui::Look {
        theme: durascope::ui::theme::Theme::Mono,
        ascii: true,
    };
    for model in all() {
        let picture = drawn(&model, look);
        assert!(!picture.contains('\x1b'));
        // The data of the fixtures has signs of its own.
        let ours = picture.replace(['‹', '›'], "");
        assert!(ours.is_ascii(), "{ours}");
    }
}

#[test]
fn idle_lists_ask_nothing_new_and_wake_once_a_second() {
    for mut model in all().into_iter().take(6) {
        model.toasts.clear();
        let data = Data {
            update: Arc::new(WatchUpdate::default()),
            received_at: model.now,
        };
        model.data.get_or_insert(data);
        happens(&mut model, Event::Wake);
        model.now += 100_000;
        happens(&mut model, Event::Wake);
        let mut now = NOW + 1_000_000;
        durascope::app::update::update(&mut model, Event::Wake, now);
        for _ in 0..10 {
            let at = model.next_wakeup().unwrap();
            assert!(at - now >= 900_000, "{:?}", model.screens.place());
            now = at;
            let effects = durascope::app::update::update(&mut model, Event::Wake, now);
            assert!(effects.is_empty(), "{effects:?}");
        }
    }
}
