//! Screens as pictures, and no panic at any size.

use durascope::app::event::Answer;
use durascope::app::event::Code;
use durascope::app::event::Event;
use durascope::app::event::Reply;
use durascope::app::event::Size;
use durascope::app::model::Model;
use durascope::ui::Look;
use durascope::ui::theme::Theme;
use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::PreviewPurgeResponse;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::fixtures::*;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 15)];

fn shows(name: &str, make: impl Fn(u16, u16) -> Model) {
    for (width, height) in SIZES {
        let picture = drawn(&make(width, height), COLOR);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

fn huge_rows() -> Vec<InstanceRow> {
    let long = "an-instance-id-that-goes-on-and-on-".repeat(4);
    (0..200_u64)
        .map(|at| InstanceRow {
            batch: progress(u64::MAX, u64::MAX / 3, 12_345),
            activities: progress(u64::MAX, u64::MAX / 3, 12_345),
            history_events: 10_000_000,
            history_bytes: u64::MAX,
            ..row(
                &format!("{long}{at:04}"),
                "名前のとても長いオーケストレーション",
                OrchestrationStatus::Running,
            )
        })
        .collect()
}

#[test]
fn overview_in_all_its_states() {
    shows("overview_normal", on_overview);
    shows("overview_connecting", model);
    shows("overview_empty", |width, height| {
        let mut model = model(width, height);
        let mut update = answer(&model, Vec::new());
        update.hub = Some(Default::default());
        arrives(&mut model, update);
        model
    });
    shows("overview_huge", |width, height| {
        let mut model = model(width, height);
        let mut update = answer(&model, huge_rows());
        update.instances.as_mut().unwrap().matching = 1_239_000;
        arrives(&mut model, update);
        press(&mut model, "jjj");
        model
    });
    shows("overview_never_connected", |width, height| {
        let mut model = model(width, height);
        breaks(&mut model);
        model
    });
    shows("overview_not_signed_in", |width, height| {
        let mut model = model(width, height);
        let reason = "not signed in: sign in with `az login`, or name another kind with \
            --authentication (no token: no credential of DefaultAzure gave one; \
            EnvironmentCredential: its variables are not set; WorkloadIdentityCredential: its \
            variables are not set; AzureCliCredential: az not found on PATH)";
        breaks_because(&mut model, reason);
        model
    });
    shows("overview_disconnected", |width, height| {
        let mut model = on_overview(width, height);
        model.now += 19_000_000;
        breaks(&mut model);
        model
    });
    shows("overview_no_match", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "/nothing status:failed");
        press_key(&mut model, Code::Enter);
        let update = answer(&model, Vec::new());
        arrives(&mut model, update);
        model
    });
    shows("overview_filter_error", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "/status:blue");
        model
    });
}

#[test]
fn instance_in_all_its_states() {
    shows("instance_normal", |width, height| {
        on_instance(width, height, tree())
    });
    shows("instance_empty", |width, height| {
        let instance = Some(row(
            "batch-2026-11-24",
            "OrderBatch",
            OrchestrationStatus::Pending,
        ));
        on_instance(
            width,
            height,
            InstanceTree {
                found: true,
                instance_id: "batch-2026-11-24".to_owned(),
                instance,
                ..InstanceTree::default()
            },
        )
    });
    shows("instance_huge", |width, height| {
        let mut tree = tree();
        tree.groups = (0..200)
            .map(|turn| {
                let mut group = tree.groups[2].clone();
                group.turn_first = turn;
                group.turn_last = turn;
                group.scheduled = 100_000;
                group
            })
            .collect();
        let mut model = on_instance(width, height, tree);
        press(&mut model, "G");
        model
    });
    shows("instance_error", |width, height| {
        let mut tree = tree();
        tree.failure = Some(failure(
            "TaskFailedException",
            "Task 'ProcessItem' (#1102) failed",
        ));
        tree.instance.as_mut().unwrap().status = OrchestrationStatus::Failed as i32;
        tree.instance.as_mut().unwrap().completed_at = ago(2);
        let mut model = on_instance(width, height, tree);
        press(&mut model, "F");
        press_key(&mut model, Code::Tab);
        model
    });
    shows("instance_disconnected", |width, height| {
        let mut model = on_instance(width, height, tree());
        model.now += 19_000_000;
        breaks(&mut model);
        model
    });
    shows("instance_purged_while_watched", |width, height| {
        let mut model = on_instance(width, height, tree());
        let mut update = answer(&model, Vec::new());
        let instance_id = "batch-2026-11-24".to_owned();
        update.tree = Some(InstanceTree {
            instance_id,
            ..InstanceTree::default()
        });
        arrives(&mut model, update);
        model
    });
}

const REPORT: &str = r#"{"progress":{"label":"LoadPage","finished":621,"failed":1,"total":2000,"batch":3,"batches":8}}"#;

/// A model that has `rows` and the tree of the first of them.
fn reporting(width: u16, height: u16, rows: Vec<InstanceRow>, status: &str) -> Model {
    let mut model = model(width, height);
    let mut update = answer(&model, rows.clone());
    update.tree = Some(reporting_tree(rows[0].clone(), status));
    arrives(&mut model, update);
    model
}

fn reporting_instance(width: u16, height: u16, row: InstanceRow, status: &str) -> Model {
    let mut model = reporting(width, height, vec![row.clone()], status);
    press_key(&mut model, Code::Enter);
    let mut update = answer(&model, vec![row.clone()]);
    update.tree = Some(reporting_tree(row, status));
    arrives(&mut model, update);
    model
}

#[test]
fn what_instances_report_is_drawn_as_bars() {
    shows("overview_reporting", |width, height| {
        reporting(width, height, reporting_rows(), REPORT)
    });
    shows("instance_reporting", |width, height| {
        reporting_instance(width, height, import_row(), REPORT)
    });
    shows("instance_with_tracker", |width, height| {
        let plain = "\"copying, table 4 of 9\"";
        reporting_instance(width, height, tracked_row(), plain)
    });
}

#[test]
fn the_number_of_the_batch_is_on_every_screen_with_room_for_a_bar() {
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        let list = drawn(&reporting(width, height, reporting_rows(), REPORT), COLOR);
        assert!(list.contains(" 3 of 8"), "{list}");
        assert!(list.contains("621/2000"), "{list}");
        assert!(list.contains("batch 3 of 8"), "the preview says it: {list}");
        let plain = drawn(
            &reporting(
                width,
                height,
                vec![row("a", "A", OrchestrationStatus::Running)],
                "\"batch 3 of 8\"",
            ),
            COLOR,
        );
        assert!(!plain.contains("LoadPage 621"), "{plain}");
    }
    for (width, height) in SIZES {
        let instance = reporting_instance(width, height, import_row(), REPORT);
        let instance = drawn(&instance, COLOR);
        assert!(instance.contains("621/2000 1✗ batch 3 of 8"), "{instance}");
    }
}

#[test]
fn dialogs() {
    shows("dialog_raise_event", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "eApproved");
        press_key(&mut model, Code::Tab);
        happens(
            &mut model,
            Event::Paste("{\n  \"by\": \"sam\"\n}".to_owned()),
        );
        model
    });
    shows("dialog_raise_event_refused", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "eApproved");
        press_key(&mut model, Code::Tab);
        press(&mut model, "{\"by\":");
        press_ctrl(&mut model, 's');
        model
    });
    shows("dialog_terminate", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "t");
        press_key(&mut model, Code::Tab);
        press(&mut model, "stuck in test");
        model
    });
    shows("dialog_purge", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "jx");
        let id = model.calls[0].id;
        let count = PreviewPurgeResponse {
            deleted: 5,
            kept: 1,
            unknown: 0,
        };
        let outcome = Ok(Answer::PurgePreview(count));
        happens(&mut model, Event::Reply(Reply { id, outcome }));
        model
    });
    shows("dialog_sort", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "sj");
        model
    });
    shows("dialog_help", |width, height| {
        let mut model = on_instance(width, height, tree());
        press(&mut model, "?");
        model
    });
    shows("toast_of_a_refusal", |width, height| {
        let mut model = on_overview(width, height);
        press(&mut model, "x");
        model
    });
}

#[test]
fn plain_signs_are_plain() {
    let look = Look {
        theme: Theme::Mono,
        ascii: true,
    };
    for model in [on_overview(120, 36), on_instance(120, 36, tree())] {
        assert!(drawn(&model, look).is_ascii());
    }
}

#[test]
fn without_colours_the_selected_row_is_reversed_and_nothing_has_a_colour() {
    let look = Look {
        theme: Theme::Mono,
        ascii: false,
    };
    let model = on_overview(120, 36);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    durascope::ui::view(&model, look, &mut buffer);
    let reversed: Vec<_> = (0..36)
        .filter(|y| buffer[(20, *y)].modifier.contains(Modifier::REVERSED))
        .collect();
    assert_eq!(reversed, [9]);
    assert!(
        buffer
            .content
            .iter()
            .all(|it| it.fg == ratatui::style::Color::Reset)
    );
}

#[test]
fn old_data_is_dimmed_until_the_connection_is_back() {
    let dimmed = |model: &Model| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
        durascope::ui::view(model, COLOR, &mut buffer);
        (10..14).all(|y| buffer[(14, y)].modifier.contains(Modifier::DIM))
    };
    let mut model = on_overview(120, 36);
    assert!(!dimmed(&model));
    breaks(&mut model);
    assert!(dimmed(&model));
    let update = answer(&model, rows());
    arrives(&mut model, update);
    assert!(!dimmed(&model));
}

#[test]
fn no_size_panics() {
    let mut models = vec![
        model(1, 1),
        reporting(120, 36, reporting_rows(), REPORT),
        reporting_instance(120, 36, reporting_rows().remove(2), REPORT),
        on_overview(120, 36),
        on_instance(120, 36, tree()),
    ];
    for keys in ["t", "e", "s", "?", "/x", "jx"] {
        let mut model = on_overview(120, 36);
        press(&mut model, keys);
        models.push(model);
        let mut model = on_instance(120, 36, tree());
        press(&mut model, keys);
        press_key(&mut model, Code::Tab);
        models.push(model);
    }
    let mut lost = on_overview(80, 24);
    breaks(&mut lost);
    models.push(lost);
    for model in &mut models {
        for width in (1..=140).step_by(7) {
            for height in (1..=50).step_by(7) {
                happens(model, Event::Resize(Size { width, height }));
                drawn(model, COLOR);
            }
        }
    }
}
