//! What is known of the selected instance, below the list.

use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::Payload;

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::verdict;
use crate::data::paces::Left;
use crate::data::progress;
use crate::data::status;
use crate::data::verdict::Finding;
use crate::format;
use crate::format::Micros;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::findings;
use crate::ui::theme::Role;
use crate::ui::widgets::progress as bars;

/// Length of the bar of what the instance reports, with much room and with little.
const BAR: usize = 24;
const BAR_SHORT: usize = 8;
/// From this width on there is much room.
const ROOMY: u16 = 100;
/// Columns of its label.
const LABEL: usize = 24;
/// Lines that findings leave to facts and payloads, where there are some.
const OTHERS: usize = 2;
/// In so few lines, the facts are all.
const SMALL: usize = 3;

/// Draws a rule and as many lines as there is room for, the most telling first.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model) {
    if area.height < 2 {
        return;
    }
    let Some(row) = model.target() else {
        pen.rule(area, 0, &[], &[]);
        return;
    };
    let title = [
        piece(&row.instance_id, Role::Head),
        piece(format!(" · {}", row.name), Role::Text),
    ];
    pen.rule(area, 0, &title, &[piece("Enter opens · v why", Role::Dim)]);
    let tree = model
        .data
        .as_ref()
        .and_then(|it| it.update.tree.as_ref())
        .filter(|it| it.found && it.instance_id == row.instance_id);
    let inner = Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let room = usize::from(area.height) - 1;
    let found = verdict::of(model, row);
    let now = model.server_now();
    let left = model.paces.left(row, now);
    let bar = if area.width >= ROOMY { BAR } else { BAR_SHORT };
    for (y, line) in lines(row, tree, found, left, (bar, room), now)
        .into_iter()
        .take(room)
        .enumerate()
    {
        pen.line(inner, cells(y + 1), &line);
    }
}

fn lines<'a>(
    row: &'a InstanceRow,
    tree: Option<&'a InstanceTree>,
    found: Vec<Finding>,
    left: Option<Left>,
    (bar, room): (usize, usize),
    now: Micros,
) -> Vec<Vec<Piece<'a>>> {
    let mut lines = Vec::new();
    let report = progress::reported(row);
    if let Some(report) = report {
        let label = Clean::from(progress::label(report)).fit(LABEL, "…");
        let mut line = vec![
            piece(format!("▸ {} ", label.as_str()), Role::Head),
            piece(bars::bar(bar, report.finished, report.total), Role::Accent),
        ];
        let sentence = progress::sentence(report);
        let is_open = !status::has_ended(status::of(row.status));
        let text = match left {
            Some(left) => format!(" {} · {sentence}", time_left(left)),
            None if is_open && report.finished < report.total => {
                format!(" {sentence} · time left unknown")
            }
            None => format!(" {sentence}"),
        };
        line.push(piece(text, Role::Text));
        lines.push(line);
    } else if let Some(left) = left {
        lines.push(vec![piece(format!("▸ {}", time_left(left)), Role::Text)]);
    }
    // The facts and a payload have their lines too.
    let others = if room <= SMALL { 1 } else { OTHERS };
    let most = room.saturating_sub(lines.len() + others).max(1);
    lines.extend(found.into_iter().take(most).map(findings::line));
    lines.push(vec![piece(facts(row, tree, now), Role::Text)]);
    if let Some(tree) = tree.filter(|_| lines.len() + OTHERS < room) {
        for group in tree.groups.iter().rev() {
            if group.queued + group.running == 0 {
                continue;
            }
            let text = format!(
                "▸ {} ×{}: {} running, {} queued, {} done",
                group.name, group.scheduled, group.running, group.queued, group.completed
            );
            let failed = format!(", {} failed", group.failed);
            let failed = if group.failed > 0 {
                failed
            } else {
                String::new()
            };
            lines.push(vec![piece(text, Role::Text), piece(failed, Role::Bad)]);
            if lines.len() + 1 >= room {
                break;
            }
        }
    }
    if let Some(tree) = tree {
        for (name, text) in [
            // The bar says the same, to be read.
            (
                "custom status",
                tree.custom_status
                    .as_ref()
                    .filter(|_| report.is_none_or(|it| it.by_tracker)),
            ),
            ("output", tree.output.as_ref()),
            ("input", tree.input.as_ref()),
        ] {
            if let Some(text) = payload(text) {
                lines.push(vec![
                    piece(format!("{name} "), Role::Dim),
                    piece(text, Role::Text),
                ]);
            }
        }
    }
    lines
}

/// Time left, from the counters of the row alone.
fn time_left(left: Left) -> String {
    let sentence = left.eta.sentence();
    if left.is_whole {
        sentence
    } else {
        format!("{sentence} for what is scheduled; more may follow")
    }
}

fn facts(row: &InstanceRow, tree: Option<&InstanceTree>, now: Micros) -> String {
    let mut facts = Vec::new();
    if let Some(at) = status::micros(row.created_at.as_ref()) {
        facts.push(format!(
            "created {} ago",
            format::age(now.saturating_sub(at))
        ));
    }
    if let Some(at) = tree.and_then(|it| status::micros(it.last_turn_at.as_ref())) {
        facts.push(format!(
            "last turn {} ago",
            format::age(now.saturating_sub(at))
        ));
    }
    if row.history_events > 0 {
        let events = format::count(row.history_events);
        facts.push(format!(
            "{events} events, {}",
            format::bytes(row.history_bytes)
        ));
    }
    if row.timers_pending > 0 {
        let noun = if row.timers_pending == 1 {
            "timer"
        } else {
            "timers"
        };
        facts.push(format!("{} {noun}", row.timers_pending));
    }
    if !row.parent_instance_id.is_empty() {
        facts.push(format!("parent {}", row.parent_instance_id));
    }
    format!("· {}", facts.join(" · "))
}

/// The start of a payload; the whole is on the instance screen.
fn payload(payload: Option<&Payload>) -> Option<&str> {
    let text = payload?.text.as_deref()?;
    Some(&text[..text.floor_char_boundary(400)])
}
