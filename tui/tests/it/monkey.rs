//! Random keys, sizes, answers and feed messages: no panic, and nothing is destroyed unasked.

use std::collections::BTreeSet;

use durascope::app::deed::Target;
use durascope::app::dialogs::Dialog;
use durascope::app::effect::Call;
use durascope::app::effect::Effect;
use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Key;
use durascope::app::event::Reply;
use durascope::app::event::Size;
use durascope::app::hit::Hit;
use durascope::app::hit::Mouse;
use durascope::app::topic::Told;
use durascope::app::topic::Topic;
use durascope::app::update::DIALOGS_MAX;
use durascope::app::update::update;
use durascope::data::tasks::Tasks;
use durascope::ui::hits;
use durascope_proto::monitor::PreviewPurgeResponse;
use proptest::prelude::*;

use crate::fixtures::*;
use crate::views_data::*;

#[derive(Clone, Debug)]
enum Step {
    Press(Key),
    Paste(String),
    Resize(u16, u16),
    Mouse(Mouse, u16, u16),
    Rows(usize, usize),
    Tree(bool, usize),
    Tasks(usize),
    Break,
    Answer(bool),
    Time(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let letters = "jkgGhlFPetsvSf xzyn/?iqrc<>0a\"{}:pmZ12345[]IoNh=S+-VVuRwAfYa12346789"
        .chars()
        .collect::<Vec<_>>();
    let codes = [
        Code::Enter,
        Code::Esc,
        Code::Tab,
        Code::BackTab,
        Code::Backspace,
        Code::Delete,
        Code::Up,
        Code::Down,
        Code::Left,
        Code::Right,
        Code::Home,
        Code::End,
        Code::PageUp,
        Code::PageDown,
    ];
    prop_oneof![
        12 => prop::sample::select(letters).prop_map(|it| Step::Press(Key::char(it))),
        6 => prop::sample::select(codes.to_vec()).prop_map(|it| Step::Press(Key::plain(it))),
        2 => prop::sample::select(vec!['s', 'l', 'd', 'u', 'w', 'c', 'z', 'p', 'n', 'a', 'y', 'r'])
            .prop_map(|it| Step::Press(Key::ctrl(it))),
        1 => any::<char>().prop_map(|it| Step::Press(Key::char(it))),
        1 => any::<String>().prop_map(Step::Paste),
        2 => (1_u16..150, 1_u16..50).prop_map(|(width, height)| Step::Resize(width, height)),
        4 => (prop::sample::select(vec![Mouse::Click, Mouse::WheelUp, Mouse::WheelDown]),
            0_u16..150, 0_u16..50).prop_map(|(mouse, x, y)| Step::Mouse(mouse, x, y)),
        3 => (0_usize..7, 0_usize..7).prop_map(|(turn, count)| Step::Rows(turn, count)),
        3 => (any::<bool>(), 0_usize..5).prop_map(|(found, groups)| Step::Tree(found, groups)),
        3 => (0_usize..4).prop_map(Step::Tasks),
        1 => Just(Step::Break),
        2 => any::<bool>().prop_map(Step::Answer),
        1 => (0_i64..20_000_000).prop_map(Step::Time),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_nothing_is_destroyed_without_its_key(
        steps in prop::collection::vec(step(), 1..150)
    ) {
        let mut model = on_overview(100, 30);
        let mut now = NOW;
        // What was confirmed and has not gone out yet.
        let mut granted = BTreeSet::new();
        for step in steps {
            let is_yes = match &step {
                Step::Press(it) => *it == Key::char('y'),
                Step::Mouse(Mouse::Click, x, y) => {
                    hits::at(&model, COLOR, *x, *y) == Some(Hit::Key(Key::char('y')))
                }
                _ => false,
            };
            if is_yes
                && let Some(Dialog::Confirm(it)) = model.dialogs.last()
                && !it.editing
                && it.not_yet().is_none()
            {
                let deed = it.deed();
                if let Some(wanted) = it.plan.to_type(&deed) {
                    prop_assert_eq!(it.typed.text(), wanted.to_string());
                }
                granted = it.plan.acting(&deed).map(|it| it.instance_id.clone()).collect();
            }
            let event = match step {
                Step::Press(key) => Some(Event::Key(key)),
                Step::Paste(text) => Some(Event::Paste(text)),
                Step::Resize(width, height) => Some(Event::Resize(Size { width, height })),
                Step::Mouse(mouse, x, y) => {
                    let hit = hits::at(&model, COLOR, x, y);
                    Some(Event::Mouse { mouse, x, y, hit })
                }
                Step::Time(passed) => {
                    now += passed;
                    Some(Event::Wake)
                }
                Step::Rows(turn, count) => {
                    let mut rows = rows();
                    rows.rotate_left(turn % 6);
                    rows.truncate(count);
                    let update = answer(&model, rows);
                    arrives(&mut model, update);
                    None
                }
                Step::Tree(found, groups) => {
                    let mut tree = tree();
                    tree.found = found;
                    tree.groups.truncate(groups);
                    if let Some(top) = model.screens.top_instance() {
                        tree.instance_id = top.id.clone();
                    }
                    let mut update = answer(&model, rows());
                    update.tree = Some(tree);
                    arrives(&mut model, update);
                    None
                }
                Step::Tasks(which) => {
                    let tasks = match which {
                        0 => Tasks::new(true),
                        1 => made(few(), 6),
                        2 => made(waves(), 700),
                        _ => made(fan_out(), 412),
                    };
                    let answer = match durascope::app::window::topic(&model) {
                        Topic::Compare { .. } => Told::Compare(tasks, made(few(), 6)),
                        _ => Told::Tasks(tasks),
                    };
                    told(&mut model, answer);
                    None
                }
                Step::Break => {
                    breaks(&mut model);
                    None
                }
                Step::Answer(ok) => model.calls.first().map(|it| {
                    let answer = match &it.call {
                        Call::PreviewPurge { .. } => {
                            Answer::PurgePreview(PreviewPurgeResponse::default())
                        }
                        Call::ListMatching(_) => Answer::Matching {
                            targets: rows().iter().cycle().take(30).enumerate().map(|(at, it)| {
                                let mut target = Target::of(it);
                                target.instance_id = format!("{}{at}", target.instance_id);
                                target
                            }).collect(),
                            more: true,
                        },
                        Call::Look { instance_ids } => Answer::Looked {
                            targets: rows().iter().map(Target::of).collect(),
                            gone: instance_ids.iter().take(1).cloned().collect(),
                        },
                        Call::ReadStart { .. } => Answer::StartedWith(Box::default()),
                        _ => Answer::Done,
                    };
                    let outcome = if ok { Ok(answer) } else { Err("unavailable".to_owned()) };
                    Event::Reply(Reply { id: it.id, outcome })
                }),
            };
            let Some(event) = event else { continue };
            for effect in update(&mut model, event, now) {
                if let Effect::Call { call, .. } = effect {
                    prop_assert!(!call.destroys() || granted.remove(call.instance_id()), "{call:?}");
                }
            }
            prop_assert!(model.dialogs.len() <= DIALOGS_MAX);
            drawn(&model, COLOR);
        }
    }
}
