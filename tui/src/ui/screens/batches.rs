//! The waves of an instance as a table of bars, and the selected one in words.

use durascope_proto::monitor::task_group::Kind;

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::batches;
use crate::app::screens::batches::Batches;
use crate::app::screens::batches::Columns;
use crate::app::screens::instance::Instance;
use crate::data::batches::Wave;
use crate::data::batches::member;
use crate::data::eta::Unknown;
use crate::data::grid::Cell;
use crate::data::tasks::Tasks;
use crate::format;
use crate::format::Micros;
use crate::format::SECOND;
use crate::text::Clean;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::screens::task_line::inset;
use crate::ui::screens::task_line::time;
use crate::ui::theme::Role;
use crate::ui::widgets::progress as bars;

/// Draws the tab into `area`, below the instance's title, progress and tabs.
pub fn draw(pen: &mut Pen<'_>, area: Area, model: &Model, instance: &Instance) {
    let Some(tasks) = task_line::ready(pen, area, model, instance) else {
        return;
    };
    let shape = batches::shape(model.size, model.choices.zoom);
    let columns = batches::columns(model.size);
    let it = &instance.batches;
    draw_titles(pen, shape.titles, &columns, it);
    let below = it.waves.len().saturating_sub(it.top);
    pen.list_of(shape.list, below, it.index.saturating_sub(it.top));
    for y in 0..shape.list.height {
        let at = it.top + usize::from(y);
        let Some(wave) = it.waves.get(at) else {
            break;
        };
        let row = Area {
            y: shape.list.y + y,
            height: 1,
            ..shape.list
        };
        draw_wave(pen, row, &columns, tasks, wave, it.at);
        if at == it.index {
            pen.put(row, 0, 0, "▌", Role::Accent);
            pen.restyle(row, Role::Selected);
        }
    }
    let mut rest = shape.list;
    rest.take_top(cells(it.waves.len()));
    if it.waves.len() > 1 && usize::from(rest.height) >= it.waves.len() + 2 {
        draw_walls(pen, rest, it);
    }
    draw_detail(pen, shape.detail, model, instance, tasks);
    task_line::draw_refusal(pen, area, model);
}

/// Puts texts into columns; answers where the bar begins.
fn put_columns(
    pen: &mut Pen<'_>,
    row: Area,
    columns: &Columns,
    texts: &[(u16, bool, String, Role)],
    bar_after: usize,
) -> u16 {
    let mut x = 1;
    let mut bar_at = x;
    for (index, (width, right, text, role)) in texts.iter().enumerate() {
        if index == bar_after {
            bar_at = x;
            x += columns.bar + u16::from(columns.bar > 0);
        }
        if *width == 0 {
            continue;
        }
        let text = Clean::from(text).fit(usize::from(*width), "…");
        let pad = if *right {
            width.saturating_sub(cells(text.width()))
        } else {
            0
        };
        pen.put(row, x + pad, 0, text.as_str(), *role);
        x += width + 1;
    }
    bar_at
}

const BAR_AFTER: usize = 3;

fn draw_titles(pen: &mut Pen<'_>, area: Area, columns: &Columns, it: &Batches) {
    let title = |width, right, text: &str| (width, right, text.to_owned(), Role::Dim);
    let texts = [
        title(columns.turn, false, "TURN"),
        title(columns.at, false, "SINCE"),
        title(columns.name, false, "TASKS"),
        title(columns.done, true, "DONE"),
        title(columns.failed, true, "✗"),
        title(columns.wall, true, "WALL"),
        title(columns.p50, true, "P50"),
        title(columns.max, true, "MAX"),
        title(columns.gap, true, "GAP"),
        title(columns.rate, true, "RATE"),
    ];
    let bar_at = put_columns(pen, area, columns, &texts, BAR_AFTER);
    let per_cell = task_line::count(it.per_cell);
    let text = match it.per_cell {
        0 | 1 => "EACH CELL IS ONE".to_owned(),
        _ if columns.bar >= 20 => format!("EACH CELL IS {per_cell}, THE WORST"),
        _ => format!("CELL = {per_cell}"),
    };
    let text = Clean::from(text).fit(usize::from(columns.bar), "…");
    pen.put(area, bar_at, 0, text.as_str(), Role::Dim);
}

/// The wall time; of a wave that runs it is known to the second.
fn wall(wave: &Wave, now: Micros) -> String {
    let wall = wave.wall(now);
    if wave.is_over() {
        time(wall)
    } else {
        task_line::so_far(wall)
    }
}

/// How long the slowest takes or took.
fn longest(wave: &Wave, now: Micros) -> Option<String> {
    let (took, index) = wave.slowest(now)?;
    let runs = wave.oldest_running.is_some_and(|it| it.1 == index);
    Some(if runs {
        task_line::so_far(took)
    } else {
        time(took)
    })
}

fn turns(wave: &Wave) -> String {
    let mut text = if wave.turn_first == wave.turn_last {
        wave.turn_first.to_string()
    } else {
        format!("{}–{}", wave.turn_first, wave.turn_last)
    };
    if wave.is_retry {
        text.push_str(" r");
    }
    text
}

fn draw_wave(
    pen: &mut Pen<'_>,
    row: Area,
    columns: &Columns,
    tasks: &Tasks,
    wave: &Wave,
    now: Micros,
) {
    let text = |width, text: String| (width, true, text, Role::Text);
    let or_dash = |it: Option<String>| it.unwrap_or_else(|| "–".to_owned());
    let failed = match wave.failed {
        0 => String::new(),
        it => it.to_string(),
    };
    let done = format!("{}/{}", wave.finished(), wave.total());
    let slowest = longest(wave, now);
    let texts = [
        (columns.turn, false, turns(wave), Role::Text),
        (columns.at, false, format::clock(wave.began), Role::Dim),
        (
            columns.name,
            false,
            tasks.name_at(wave.name).to_owned(),
            Role::Text,
        ),
        text(columns.done, done),
        (columns.failed, true, failed, Role::Bad),
        text(columns.wall, wall(wave, now)),
        text(columns.p50, or_dash(wave.p50.map(time))),
        text(columns.max, or_dash(slowest)),
        text(columns.gap, or_dash(wave.gap.map(time))),
        text(columns.rate, or_dash(wave.rate().map(format::rate))),
    ];
    let bar_at = put_columns(pen, row, columns, &texts, BAR_AFTER);
    let room = usize::from(columns.bar);
    let bar = &wave.bar[..wave.bar.len().min(room)];
    pen.line_from(row, bar_at, 0, &runs(bar));
}

/// Cells as pieces of one state each.
fn runs(bar: &[Cell]) -> Vec<Piece<'static>> {
    bar.chunk_by(|one, other| one == other)
        .map(|run| {
            let (sign, role) = task_line::sign(run[0]);
            piece(sign.repeat(run.len()), role)
        })
        .collect()
}

/// The wall times below each other, so that the odd one is seen.
fn draw_walls(pen: &mut Pen<'_>, area: Area, it: &Batches) {
    let area = inset(area);
    pen.put(area, 0, 1, "wall time per batch", Role::Dim);
    let longest = it
        .waves
        .iter()
        .map(|wave| wave.wall(it.at))
        .max()
        .unwrap_or(0);
    let room = usize::from(area.width.saturating_sub(20)).min(60);
    for (y, wave) in it.waves.iter().enumerate() {
        let shown = wall(wave, it.at);
        let wall = wave.wall(it.at);
        let as_count = |it: Micros| u64::try_from(it).unwrap_or(0);
        let bar = bars::bar(room, as_count(wall), as_count(longest));
        let bar = bar.trim_end_matches('·').to_owned();
        let y = cells(y + 2);
        pen.put(area, 0, y, format!("{:>7}", turns(wave)), Role::Dim);
        let role = if wave.is_over() {
            Role::Text
        } else {
            Role::Accent
        };
        let x = pen.put(area, 8, y, bar, role);
        pen.put(area, x + 1, y, shown, Role::Text);
    }
}

fn draw_detail(
    pen: &mut Pen<'_>,
    mut area: Area,
    model: &Model,
    instance: &Instance,
    tasks: &Tasks,
) {
    let Some(wave) = instance.batches.selected() else {
        return;
    };
    let what = if wave.kind == Kind::Child {
        "sub-orchestrations"
    } else {
        "activities"
    };
    let mut title = format!(
        "turn {} · {} ×{} {what}",
        turns(wave),
        tasks.name_at(wave.name),
        wave.total()
    );
    if wave.is_retry {
        title.push_str(", it seems all retries");
    }
    pen.rule(area, 0, &[piece(title, Role::Head)], &[]);
    area.take_top(1);
    let area = inset(area);
    let it = &instance.batches;
    let mut lines = vec![counts(wave, tasks, it.at), times(wave, tasks, it.at)];
    let now = model.server_now();
    let both = [left(it, wave, now), whole(it, now)];
    // What is asked first is when all of it is done.
    let by_report = it.whole.is_some_and(|it| it.by_report);
    let [first, second] = if by_report {
        let [wave, whole] = both;
        [whole, wave]
    } else {
        both
    };
    lines.splice(1..1, [first, second]);
    lines.push(slowest(wave, tasks, instance, it.at));
    lines.push(idle(wave, tasks, it.at));
    if !tasks.knows_starts {
        let text = "times are from scheduled: this server does not tell when a task was taken";
        lines.push(vec![piece(text, Role::Dim)]);
    }
    lines.retain(|it| !it.is_empty());
    for (y, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        pen.line(area, cells(y), line);
    }
}

fn counts(wave: &Wave, tasks: &Tasks, now: Micros) -> Vec<Piece<'static>> {
    let open = if tasks.knows_starts { "queued" } else { "open" };
    let mut pieces = Vec::new();
    for (count, word, role) in [
        (wave.completed, "done", Role::Ok),
        (wave.failed, "failed", Role::Bad),
        (wave.running, "running", Role::Accent),
        (wave.queued, open, Role::Wait),
        (wave.abandoned, "abandoned", Role::Dim),
    ] {
        if count > 0 {
            pieces.push(piece(format!("{} {word}  ", task_line::count(count)), role));
        }
    }
    if let Some(oldest) = wave.oldest_queued {
        let text = format!("oldest in the queue {}", task_line::so_far(now - oldest));
        pieces.push(piece(text, Role::Text));
    }
    pieces
}

fn left(it: &Batches, wave: &Wave, now: Micros) -> Vec<Piece<'static>> {
    match &it.left {
        None => Vec::new(),
        Some(Ok(eta)) => {
            let range = eta.after((now - it.at).max(0)).sentence();
            let of = if wave.queued > 0 {
                " for what is scheduled, if slots and times stay as they are"
            } else {
                ""
            };
            vec![piece(range, Role::Head), piece(of, Role::Dim)]
        }
        Some(Err(why)) => match why.sentence() {
            it if it.is_empty() => Vec::new(),
            it => vec![piece(it, Role::Dim)],
        },
    }
}

/// What is left of the whole run, not only of this wave.
fn whole(it: &Batches, now: Micros) -> Vec<Piece<'static>> {
    let Some(whole) = it.whole else {
        return Vec::new();
    };
    let count = format::count;
    let passed = (now - it.at).max(0);
    if !whole.by_report {
        let mut pieces = vec![piece("whole run: ", Role::Text)];
        if let (Ok(eta), true) = (
            whole.left,
            it.waves.iter().filter(|it| !it.is_over()).count() > 1,
        ) {
            let open = format!(" for all {} that are scheduled; ", count(whole.remaining));
            pieces.push(piece(eta.after(passed).sentence(), Role::Head));
            pieces.push(piece(open, Role::Text));
        }
        pieces.push(piece("nobody told whether more will follow", Role::Dim));
        return pieces;
    }
    let (remaining, total) = (count(whole.remaining), count(whole.total));
    let of = format!(", {remaining} of {total} to go by its report");
    match whole.left {
        Ok(eta) => vec![
            piece("whole run: ", Role::Text),
            piece(eta.after(passed).sentence(), Role::Head),
            piece(of, Role::Text),
        ],
        Err(Unknown::Done) => vec![piece("whole run: all done by its report", Role::Text)],
        Err(why) => {
            let why = format!("time left not known: {}", why.reason(""));
            vec![
                piece("whole run: ", Role::Text),
                piece(why, Role::Dim),
                piece(of, Role::Text),
            ]
        }
    }
}

fn times(wave: &Wave, tasks: &Tasks, now: Micros) -> Vec<Piece<'static>> {
    let took = if tasks.knows_starts { "ran" } else { "took" };
    let mut text = format!("wall {}", wall(wave, now));
    if let Some(p50) = wave.p50 {
        text.push_str(&format!(" · {took} p50 {}", time(p50)));
    }
    if let Some(max) = longest(wave, now) {
        text.push_str(&format!(" max {max}"));
    }
    if let Some(rate) = wave.rate() {
        text.push_str(&format!(" · {}", format::rate(rate)));
    }
    if let Some(gap) = wave.gap {
        text.push_str(&format!(" · {} after what was before", time(gap)));
    }
    vec![piece(text, Role::Text)]
}

fn slowest<'a>(
    wave: &Wave,
    tasks: &'a Tasks,
    instance: &'a Instance,
    now: Micros,
) -> Vec<Piece<'a>> {
    let Some(task) = wave.slowest(now).and_then(|it| member(tasks, it.1)) else {
        return Vec::new();
    };
    let mut pieces = vec![piece("slowest ", Role::Dim)];
    pieces.extend(task_line::who(tasks, task));
    pieces.push(piece(" · ", Role::Dim));
    pieces.extend(task_line::how(tasks, &instance.siblings, task, now));
    pieces
}

fn idle(wave: &Wave, tasks: &Tasks, now: Micros) -> Vec<Piece<'static>> {
    // Of a wave that is younger than the clock can tell, nothing is idle yet.
    let is_young = !wave.is_over() && wave.wall(now) < SECOND;
    let Some(idle) = wave.idle(tasks.slots, now).filter(|_| !is_young) else {
        return Vec::new();
    };
    let room = i64::from(tasks.slots).saturating_mul(wave.wall(now)).max(1);
    // Of the slots that are connected now; how many there were then is not known.
    let percent = i128::from(idle) * 100 / i128::from(room);
    let text = format!(
        "idle {} of slot time, {percent}% of the {} slots that are connected now",
        time(idle),
        tasks.slots
    );
    vec![piece(text, Role::Text)]
}
