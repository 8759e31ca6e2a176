//! The overview's numbers: totals by status, rates with sparklines, queues and workers.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::HubSummary;
use durascope_proto::monitor::QueueDepth;

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::data::series::Plot;
use crate::data::series::SAMPLE;
use crate::data::series::SAMPLES;
use crate::data::status;
use crate::format;
use crate::format::Micros;
use crate::text::cells;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;
use crate::ui::widgets::progress;

const TOTALS: [OrchestrationStatus; 6] = [
    OrchestrationStatus::Running,
    OrchestrationStatus::Pending,
    OrchestrationStatus::Suspended,
    OrchestrationStatus::Failed,
    OrchestrationStatus::Completed,
    OrchestrationStatus::Terminated,
];

/// Above this many slots a worker means "no limit".
const SLOTS_SHOWN_MAX: u64 = 100_000;

const PLOTS: [(Plot, &str); 5] = [
    (Plot::Started, "started"),
    (Plot::Ended, "ended"),
    (Plot::Activities, "activities"),
    (Plot::Turns, "turns"),
    (Plot::Failures, "failures"),
];

/// Draws the numbers into `area`: six rows side by side, or two lines.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model) {
    if area.height >= 6 {
        draw_wide(pen, area, model);
    } else if area.height >= 2 {
        draw_lines(pen, area, model);
    }
}

fn draw_wide(pen: &mut Pen<'_>, area: Area, model: &Model) {
    let totals = Area { width: 34, ..area };
    let queues = Area {
        x: area.x + area.width - 42,
        width: 42,
        ..area
    };
    let rates = Area {
        x: area.x + 34,
        width: area.width - 76,
        ..area
    };
    pen.rule(totals, 0, &[piece("Orchestrations", Role::Head)], &[]);
    let samples = Micros::try_from(spark_width(rates)).unwrap_or(0);
    let title = if samples == 0 {
        "Rates".to_owned()
    } else {
        format!("Rates, last {}", format::age(samples * SAMPLE))
    };
    pen.rule(rates, 0, &[piece(title, Role::Head)], &[]);
    pen.rule(queues, 0, &[piece("Queues and workers", Role::Head)], &[]);
    let Some(hub) = model.hub() else {
        return;
    };
    draw_totals(pen, totals, model);
    draw_rates(pen, rates, model, hub);
    draw_queues(pen, queues, model, hub);
}

/// Two columns of three, as five rows cannot hold six statuses.
fn draw_totals(pen: &mut Pen<'_>, area: Area, model: &Model) {
    if model.hub().is_some_and(|it| it.totals.is_empty()) && model.is_polling() {
        pen.put(area, 2, 1, "totals: more than was loaded", Role::Dim);
        return;
    }
    for (at, wanted) in TOTALS.into_iter().enumerate() {
        let (sign, role) = glyphs::status(wanted);
        let count = format::count(model.total(wanted).unwrap_or(0));
        let y = cells(at + 1);
        let role = if count == "0" { Role::Dim } else { role };
        if at < 5 {
            pen.line_from(
                area,
                2,
                y,
                &[piece(format!("{sign} {:<10}", status::word(wanted)), role)],
            );
            pen.put(area, 15, y, format!("{count:>9}"), Role::Text);
        } else if count != "0" {
            pen.put(area, 26, y - 1, format!("{sign} {count}"), role);
        }
    }
}

fn spark_width(area: Area) -> usize {
    usize::from(area.width.saturating_sub(24)).min(SAMPLES)
}

fn draw_rates(pen: &mut Pen<'_>, area: Area, model: &Model, hub: &HubSummary) {
    let Some(rates) = &hub.rates else {
        pen.put(area, 2, 1, "this server does not tell its rates", Role::Dim);
        return;
    };
    let width = spark_width(area);
    for (at, (plot, name)) in PLOTS.into_iter().enumerate() {
        let y = cells(at + 1);
        let value = match plot {
            Plot::Started => rates.started,
            Plot::Ended => rates.ended,
            Plot::Activities => rates.activities,
            Plot::Turns => rates.turns,
            Plot::Failures => rates.failures,
        };
        let spark = progress::spark(model.series.of(plot), width);
        let role = if plot == Plot::Failures {
            Role::Bad
        } else {
            Role::Accent
        };
        pen.put(area, 2, y, name, Role::Text);
        let end = pen.put(area, 13, y, spark, role);
        pen.put(
            area,
            end + 1,
            y,
            format!("{:>7}", format::rate(value)),
            Role::Text,
        );
    }
}

fn draw_queues(pen: &mut Pen<'_>, area: Area, model: &Model, hub: &HubSummary) {
    let (Some(turns), Some(activities)) = (&hub.turns, &hub.activities) else {
        pen.put(
            area,
            2,
            1,
            "this server does not tell its queues",
            Role::Dim,
        );
        return;
    };
    pen.put(
        area,
        2,
        1,
        "              waiting     out  oldest",
        Role::Dim,
    );
    let now = model.server_now();
    for (y, name, queue) in [(2, "turns", turns), (3, "activities", activities)] {
        let line = format!(
            "{name:<11} {:>9} {:>7}  {:>6}",
            format::count(queue.waiting),
            format::count(queue.out),
            oldest(queue, now)
        );
        pen.put(area, 2, y, line, Role::Text);
    }
    pen.line_from(area, 2, 4, &workers(hub));
    let unserved: Vec<_> = turns.unserved.iter().chain(&activities.unserved).collect();
    if !unserved.is_empty() {
        let names = unserved
            .iter()
            .map(|it| it.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        pen.line_from(
            area,
            2,
            5,
            &[piece(format!("! no worker serves {names}"), Role::Warn)],
        );
    }
}

fn oldest(queue: &QueueDepth, now: Micros) -> String {
    status::micros(queue.oldest_waiting.as_ref())
        .filter(|_| queue.waiting > 0)
        .map_or_else(|| "–".to_owned(), |at| format::age(now.saturating_sub(at)))
}

fn workers(hub: &HubSummary) -> Vec<Piece<'static>> {
    if hub.workers.is_empty() {
        let waits = [&hub.turns, &hub.activities]
            .iter()
            .any(|it| it.as_ref().is_some_and(|it| it.waiting > 0));
        let role = if waits { Role::Warn } else { Role::Dim };
        return vec![piece("no worker is connected", role)];
    }
    let (mut turns, mut turns_max, mut activities, mut activities_max) =
        (0_u64, 0_u64, 0_u64, 0_u64);
    for it in &hub.workers {
        turns += u64::from(it.turns_out);
        turns_max += u64::from(it.turns_max);
        activities += u64::from(it.activities_out);
        activities_max += u64::from(it.activities_max);
    }
    let count = hub.workers.len();
    let noun = if count == 1 { "worker" } else { "workers" };
    let activities = slots(activities, activities_max);
    let turns = slots(turns, turns_max);
    let text = format!("{count} {noun}: activities {activities}, turns {turns}");
    vec![piece(text, Role::Text)]
}

/// Slots in use, `3/16`; workers that name no limit have none to show.
fn slots(out: u64, max: u64) -> String {
    if max == 0 || max > SLOTS_SHOWN_MAX {
        out.to_string()
    } else {
        format!("{out}/{max}")
    }
}

fn draw_lines(pen: &mut Pen<'_>, area: Area, model: &Model) {
    let Some(hub) = model.hub() else {
        return;
    };
    let mut pieces = Vec::new();
    for wanted in TOTALS {
        let Some(count) = model.total(wanted).filter(|_| !hub.totals.is_empty()) else {
            continue;
        };
        let (sign, role) = glyphs::status(wanted);
        if count > 0 || wanted != OrchestrationStatus::Terminated {
            let role = if count == 0 { Role::Dim } else { role };
            pieces.push(piece(format!(" {sign}{}", format::count(count)), role));
        }
    }
    let end = pen.line(area, 0, &pieces);
    if let Some(rates) = &hub.rates {
        let spark = progress::spark(model.series.of(Plot::Activities), 12);
        let text = format!("act. {} {spark} ", format::rate(rates.activities));
        pen.line_right(area, end + 1, 0, &[piece(text, Role::Accent)]);
    }
    let (Some(turns), Some(activities)) = (&hub.turns, &hub.activities) else {
        pen.put(
            area,
            1,
            1,
            "this server does not tell its queues and workers",
            Role::Dim,
        );
        return;
    };
    let mut text = format!(
        " queued: turns {}, activities {}",
        format::count(turns.waiting),
        format::count(activities.waiting)
    );
    if activities.waiting > 0 {
        text.push_str(&format!(
            " (oldest {})",
            oldest(activities, model.server_now())
        ));
    }
    text.push_str(" · ");
    let mut pieces = vec![piece(text, Role::Text)];
    pieces.extend(workers(hub));
    pen.line(area, 1, &pieces);
}
