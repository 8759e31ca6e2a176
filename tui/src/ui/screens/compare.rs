//! Two instances side by side.

use crate::app::action::ActionId;
use crate::app::geometry;
use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::compare::Compare;
use crate::app::topic::Told;
use crate::data::compare::Comparison;
use crate::data::compare::Differs;
use crate::data::compare::Row;
use crate::data::compare::Side;
use crate::text::cells;
use crate::ui::pen::Pen;
use crate::ui::pen::piece;
use crate::ui::screens::task_line;
use crate::ui::screens::task_line::inset;
use crate::ui::screens::task_line::time;
use crate::ui::theme::Role;
use crate::ui::widgets::footer;
use crate::ui::widgets::header;
use crate::ui::widgets::vtable;
use crate::ui::widgets::vtable::Cell;
use crate::ui::widgets::vtable::Column;
use crate::ui::widgets::vtable::cell;
use durascope_proto::monitor::task_group::Kind;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, model: &Model) {
    let shape = geometry::list(model.size);
    header::draw(pen, shape.header, model);
    footer::draw(pen, shape.footer, model);
    let Some(it) = model.screens.top_compare() else {
        return;
    };
    draw_rule(pen, shape.rule, it);
    let refused = match model.told() {
        Some(Told::Refused(why)) => Some(why),
        _ => None,
    };
    let Some(result) = &it.result else {
        let text = match refused {
            Some(why) => format!("They cannot be compared: {why}."),
            None => "reading both …".to_owned(),
        };
        let list = inset(shape.list);
        pen.line(list, u16::from(list.height > 1), &[piece(text, Role::Text)]);
        return;
    };
    let missing: Vec<_> = [(&it.left, it.found[0]), (&it.right, it.found[1])]
        .into_iter()
        .filter(|it| !it.1)
        .map(|it| format!("There is no instance “{}”.", it.0))
        .collect();
    if !missing.is_empty() {
        let list = inset(shape.list);
        pen.line(list, 0, &[piece(missing.join(" "), Role::Bad)]);
        return;
    }
    draw_table(pen, shape.columns, shape.list, it, result);
    draw_detail(pen, shape.detail, it, result, refused);
}

fn draw_rule(pen: &mut Pen<'_>, area: Area, it: &Compare) {
    let side = |id: &str, chosen: bool| {
        let role = if chosen { Role::Accent } else { Role::Text };
        let room = usize::from(area.width / 2).saturating_sub(8);
        let id = crate::text::Clean::from(id).fit_middle(room, "…");
        let text = if chosen {
            format!("[{}]", id.as_str())
        } else {
            format!(" {} ", id.as_str())
        };
        let side = piece(text, role);
        if chosen {
            side
        } else {
            side.click(Hit::Action(ActionId::CompareSide))
        }
    };
    let title = [
        side(&it.left, !it.on_right),
        piece(" with ", Role::Dim),
        side(&it.right, it.on_right),
    ];
    pen.rule(area, 0, &title, &[]);
}

const fn column(title: &'static str, min: u16, ideal: u16, priority: u8) -> Column {
    Column {
        title,
        min,
        ideal,
        right: priority > 0,
        priority,
    }
}

const COLUMNS: [Column; 12] = [
    Column {
        title: "",
        min: 1,
        ideal: 1,
        right: false,
        priority: 0,
    },
    Column {
        title: "GROUP",
        min: 14,
        ideal: 34,
        right: false,
        priority: 0,
    },
    column("COUNT", 6, 7, 3),
    column("right", 6, 7, 3),
    column("✗", 4, 5, 2),
    column("r.", 4, 5, 2),
    column("WALL", 7, 8, 1),
    column("right", 7, 8, 1),
    column("P50", 7, 8, 5),
    column("right", 7, 8, 5),
    column("MAX", 7, 8, 4),
    column("right", 7, 8, 4),
];

fn draw_table(pen: &mut Pen<'_>, titles: Area, list: Area, it: &Compare, result: &Comparison) {
    let inner = |area: Area| Area {
        x: area.x + 1,
        width: area.width.saturating_sub(1),
        ..area
    };
    let widths = vtable::fit(&COLUMNS, inner(list).width);
    vtable::draw_titles(pen, inner(titles), &COLUMNS, &widths);
    if result.rows.is_empty() {
        let text = "Neither has scheduled anything.";
        pen.line(inset(list), 0, &[piece(text, Role::Text)]);
    }
    let below = result.rows.len().saturating_sub(it.top);
    pen.list_of(list, below, it.index.saturating_sub(it.top));
    for y in 0..list.height {
        let at = it.top + usize::from(y);
        let Some(row) = result.rows.get(at) else {
            break;
        };
        let area = Area {
            y: list.y + y,
            height: 1,
            ..list
        };
        vtable::draw_row(pen, inner(area), 0, &COLUMNS, &widths, &row_cells(row));
        if at == it.index {
            pen.put(area, 0, 0, "▌", Role::Accent);
            pen.restyle(area, Role::Selected);
        }
    }
}

fn title(row: &Row) -> String {
    let mut text = row.name.clone();
    if let Some(wave) = row.wave {
        text.push_str(&format!(" · batch {wave}"));
    }
    if row.kind == Kind::Child {
        text.push_str("  children");
    }
    text
}

fn row_cells(row: &Row) -> Vec<Cell<'static>> {
    let sign = if row.is_different() { "≠" } else { "=" };
    let role = if row.is_different() {
        Role::Warn
    } else {
        Role::Dim
    };
    let mut cells = vec![cell(sign, role), cell(title(row), Role::Text)];
    let both = [row.left, row.right];
    let mut add = |differs: bool, of: &dyn Fn(&Side) -> String| {
        for side in &both {
            let text = side.as_ref().map_or_else(|| "–".to_owned(), of);
            let role = match (side, differs) {
                (None, _) => Role::Dim,
                (_, true) => Role::Warn,
                _ => Role::Text,
            };
            cells.push(cell(text, role));
        }
    };
    let or_dash = |it: Option<i64>| it.map_or_else(|| "–".to_owned(), time);
    let Differs {
        count,
        failed,
        wall,
        p50,
        max,
    } = row.differs;
    add(count, &|it| it.count.to_string());
    add(failed, &|it| it.failed.to_string());
    add(wall, &|it| time(it.wall));
    add(p50, &|it| or_dash(it.p50));
    add(max, &|it| or_dash(it.max));
    cells
}

fn draw_detail(
    pen: &mut Pen<'_>,
    mut area: Area,
    it: &Compare,
    result: &Comparison,
    refused: Option<&String>,
) {
    if area.height == 0 {
        return;
    }
    pen.rule(area, 0, &[piece("in total", Role::Dim)], &[]);
    area.take_top(1);
    let area = inset(area);
    let differs = result.differs;
    let mut lines = Vec::new();
    let whole = |side: &Side| {
        let open = if side.open > 0 { " so far" } else { "" };
        format!("{}{open}", time(side.wall))
    };
    let or_dash = |it: Option<i64>| it.map_or_else(|| "–".to_owned(), time);
    let (left, right) = (&result.left, &result.right);
    for (name, one, other, differs) in [
        (
            "first task to last",
            whole(left),
            whole(right),
            differs.wall,
        ),
        (
            "turns",
            result.turns[0].to_string(),
            result.turns[1].to_string(),
            result.turns[0] != result.turns[1],
        ),
        (
            "tasks",
            task_line::count(left.count),
            task_line::count(right.count),
            differs.count,
        ),
        (
            "failed",
            task_line::count(left.failed),
            task_line::count(right.failed),
            differs.failed,
        ),
        (
            "open",
            task_line::count(left.open),
            task_line::count(right.open),
            left.open != right.open,
        ),
        (
            "p50, max",
            format!("{}, {}", or_dash(left.p50), or_dash(left.max)),
            format!("{}, {}", or_dash(right.p50), or_dash(right.max)),
            differs.p50 || differs.max,
        ),
    ] {
        let (sign, role) = if differs {
            ("≠", Role::Warn)
        } else {
            ("=", Role::Text)
        };
        lines.push(vec![
            piece(format!("{sign} {name:<20}"), Role::Dim),
            piece(format!("{one:<20}"), role),
            piece(other, role),
        ]);
    }
    let times = if it.knows_starts {
        "≠: other counts, or times at least half as long again. P50 and MAX are run times."
    } else {
        "≠: other counts, or times at least half as long again. Times are from scheduled."
    };
    lines.push(vec![piece(times, Role::Dim)]);
    if let Some(why) = refused {
        lines.insert(0, vec![piece(format!("old: {why}"), Role::Warn)]);
    }
    for (y, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        pen.line(area, cells(y), line);
    }
}
