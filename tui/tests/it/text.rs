//! Whatever users store, no byte that steers a terminal reaches the screen.

use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Reply;
use durascope::text::is_hidden;
use durascope_proto::OrchestrationStatus;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixtures::*;

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        Just("\x1b]52;c;aGk=\x07".to_owned()),
        Just("\u{9b}2J\u{90}q\u{9c}".to_owned()),
        Just("\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{ad}".to_owned()),
        Just("\r\n\t\x08\x7f".to_owned()),
        Just("a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".to_owned()),
        Just("👩\u{200d}👩\u{200d}👧名前".to_owned()),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_control_and_no_invisible_character_reaches_a_cell(text in hostile(), width in 20_u16..130) {
        let mut model = model(width, 36);
        model.settings.task_hub = text.clone();
        let mut bad = row(&text, &text, OrchestrationStatus::Failed);
        bad.failure = text.clone();
        bad.parent_instance_id = text.clone();
        bad.version = Some(text.clone());
        bad.reported = import_row().reported;
        bad.reported.as_mut().unwrap().label = text.clone();
        let mut tree = tree();
        tree.instance_id = text.clone();
        tree.instance = Some(bad.clone());
        tree.failure = Some(failure(&text, &text));
        tree.output = tree.input.clone();
        for payload in [&mut tree.input, &mut tree.output, &mut tree.custom_status] {
            payload.as_mut().unwrap().text = Some(text.clone());
        }
        tree.tags.insert(text.clone(), text.clone());
        tree.events[0].name = text.clone();
        tree.groups[2].name = text.clone();
        tree.groups[2].oldest_running[0].label = text.clone();
        tree.groups[2].oldest_running[0].worker_id = text.clone();
        tree.failures[0].sample = Some(failure(&text, &text));
        tree.failures[0].error_type = text.clone();
        tree.children[0].instance_id = text.clone();
        let mut update = answer(&model, vec![bad]);
        update.hub.as_mut().unwrap().activities.as_mut().unwrap().unserved = vec![text.clone()];
        update.tree = Some(tree);
        arrives(&mut model, update.clone());
        check(&model)?;
        press(&mut model, "x");
        check(&model)?;
        let id = model.calls.first().map_or(0, |it| it.id);
        happens(&mut model, Event::Reply(Reply { id, outcome: Err(text.clone()) }));
        check(&model)?;
        press_key(&mut model, Code::Esc);
        press(&mut model, "/");
        happens(&mut model, Event::Paste(text));
        check(&model)?;
        press_key(&mut model, Code::Esc);
        press_key(&mut model, Code::Enter);
        arrives(&mut model, update);
        let lines = model.screens.top_instance().map_or(0, |it| it.line_count());
        for _ in 0..lines {
            check(&model)?;
            press(&mut model, "j");
        }
    }
}

fn check(model: &durascope::app::model::Model) -> Result<(), TestCaseError> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    durascope::ui::view(model, COLOR, &mut buffer);
    for cell in &buffer.content {
        for it in cell.symbol().chars() {
            prop_assert!(!it.is_control() && !is_hidden(it), "{it:?} on screen");
        }
        let marks = cell.symbol().chars().count();
        prop_assert!(marks <= 12, "a cell of {marks} characters");
    }
    Ok(())
}
