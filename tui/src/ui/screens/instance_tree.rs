//! The instance's tree: groups with bars, their states, children, failures, timers, events.

use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::Payload;
use durascope_proto::monitor::TaskGroup;
use durascope_proto::monitor::task_group::Kind;

use crate::app::geometry::Area;
use crate::app::hit::Hit;
use crate::app::model::Model;
use crate::app::screens::instance::Instance;
use crate::data::batches::member;
use crate::data::progress;
use crate::data::status;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::tree::Source;
use crate::data::tree::TaskState;
use crate::format;
use crate::format::Micros;
use crate::text::Clean;
use crate::ui::glyphs;
use crate::ui::pen::Pen;
use crate::ui::screens::task_line;
use crate::ui::theme::Role;
use crate::ui::widgets::progress as bars;

/// One line, as columns.
struct Line<'a> {
    sign: &'static str,
    sign_role: Role,
    what: Clean<'a>,
    role: Role,
    bar: Option<(u64, u64)>,
    done: String,
    failed: u64,
    time: String,
    /// An id loses its middle; other text loses its end.
    is_id: bool,
}

impl<'a> Line<'a> {
    fn new(sign: &'static str, sign_role: Role, what: impl Into<Clean<'a>>) -> Self {
        Self {
            sign,
            sign_role,
            what: what.into(),
            role: Role::Text,
            bar: None,
            done: String::new(),
            failed: 0,
            time: String::new(),
            is_id: false,
        }
    }
}

const DONE: u16 = 12;
const FAILED: u16 = 5;
const TIME: u16 = 12;

/// Draws the visible lines of the tree.
pub fn draw(
    pen: &mut Pen<'_>,
    area: Area,
    model: &Model,
    instance: &Instance,
    tree: &InstanceTree,
) {
    let now = model.server_now();
    pen.list(area);
    for y in 0..area.height {
        let index = instance.top + usize::from(y);
        let row = Area {
            y: area.y + y,
            height: 1,
            ..area
        };
        let (line, depth, unfolded) = if index == 0 {
            (root(instance, tree, now), 0, Some(true))
        } else {
            let Some(node) = instance.nodes.get(index - 1) else {
                return;
            };
            let Some(line) = line(instance, tree, node, model.is_polling(), now) else {
                continue;
            };
            (line, node.depth + 1, node.unfolded)
        };
        draw_line(pen, row, &line, depth, unfolded);
        if index == instance.index {
            pen.put(row, 0, 0, "▌", Role::Accent);
            pen.restyle(row, Role::Selected);
        }
    }
}

fn draw_line(pen: &mut Pen<'_>, row: Area, line: &Line<'_>, depth: usize, unfolded: Option<bool>) {
    let indent = crate::text::cells(2 + depth * 2);
    if unfolded.is_some() && depth > 0 {
        let sign = Area {
            x: row.x.saturating_add(indent),
            width: 2.min(row.width.saturating_sub(indent)),
            ..row
        };
        pen.hit(sign, Hit::Fold(0));
    }
    let mut x = pen.put(
        row,
        indent,
        0,
        match unfolded {
            Some(true) => "▾ ",
            Some(false) => "▸ ",
            None => "  ",
        },
        Role::Dim,
    );
    if !line.sign.is_empty() {
        x = pen.put(row, x, 0, line.sign, line.sign_role) + 1;
    }
    let wide = row.width >= 56;
    let bar_width = if row.width >= 76 { 16 } else { 8 };
    let right = DONE + FAILED + if wide { TIME } else { 0 } + 1;
    let bar_at = row.width.saturating_sub(right + bar_width + 1);
    let has_columns = line.bar.is_some() || !line.done.is_empty();
    let what_end = match (has_columns, line.time.is_empty()) {
        (true, _) if line.bar.is_some() => bar_at.saturating_sub(1),
        (true, _) => row.width.saturating_sub(right),
        (false, false) if wide => row.width.saturating_sub(TIME + 1),
        _ => row.width,
    };
    let room = usize::from(what_end.saturating_sub(x));
    let what = if line.is_id {
        line.what.fit_middle(room, "…")
    } else {
        line.what.fit(room, "…")
    };
    pen.put(row, x, 0, what.as_str(), line.role);
    if let Some((done, total)) = line.bar {
        let bar = bars::bar(usize::from(bar_width), done, total);
        let role = if done == total {
            Role::Ok
        } else {
            Role::Accent
        };
        pen.put(row, bar_at, 0, bar, role);
    }
    let done_at = row.width.saturating_sub(right);
    if !line.done.is_empty() {
        pen.put(row, done_at, 0, format!("{:>11}", line.done), Role::Text);
    }
    if line.failed > 0 {
        let text = format!("{:>4}", line.failed);
        pen.put(row, done_at + DONE, 0, text, Role::Bad);
    }
    if wide && !line.time.is_empty() {
        let text = format!("{:>12}", line.time);
        pen.put(row, row.width.saturating_sub(TIME + 1), 0, text, Role::Text);
    }
}

fn root<'a>(instance: &'a Instance, tree: &'a InstanceTree, now: Micros) -> Line<'a> {
    let Some(row) = &tree.instance else {
        return Line::new("", Role::Text, &instance.id);
    };
    let (sign, role) = glyphs::status(status::of(row.status));
    let mut line = Line::new(sign, role, &row.name);
    line.role = Role::Head;
    let end = status::micros(row.completed_at.as_ref()).unwrap_or(now);
    line.time = status::micros(row.created_at.as_ref())
        .map_or_else(String::new, |at| format::age(end.saturating_sub(at)));
    line
}

fn line<'a>(
    instance: &'a Instance,
    tree: &'a InstanceTree,
    node: &Node,
    polling: bool,
    now: Micros,
) -> Option<Line<'a>> {
    Some(match node.source {
        Source::Whole => whole(tree, &node.key),
        Source::Group(at) => group(tree.groups.get(at)?),
        Source::State(at, state) => state_line(tree.groups.get(at)?, state, polling),
        Source::Task(at, task_at) => {
            let task = tree.groups.get(at)?.oldest_running.get(task_at)?;
            let text = format!("#{} {}", task.task_id, task.label);
            let mut line = Line::new("", Role::Text, text);
            line.time = status::micros(task.since.as_ref())
                .map_or_else(String::new, |since| format::age(now - since));
            line
        }
        Source::Item(at) => item(instance, at, now)?,
        Source::More(count) => {
            let count = format::count(u64::try_from(count).unwrap_or(u64::MAX));
            let mut line = Line::new("", Role::Dim, format!("… {count} more (Enter)"));
            line.role = Role::Dim;
            line
        }
        Source::Rest(count) => {
            let noun = if count == 1 { "child" } else { "children" };
            let text = format!("… {} more {noun} (Enter: grid)", format::count(count));
            let mut line = Line::new("", Role::Dim, text);
            line.role = Role::Dim;
            line
        }
        Source::Child(at) => child(tree, at, now)?,
        Source::FailureGroup(at) => {
            let it = tree.failures.get(at)?;
            let message = it
                .sample
                .as_ref()
                .map_or("", |it| it.error_message.as_str());
            let text = format!("{}× {} {}: {message}", it.count, it.name, it.error_type);
            let mut line = Line::new("✗", Role::Bad, text);
            line.time = ago(status::micros(it.last_at.as_ref()), now);
            line
        }
        Source::Timer(at) => {
            let it = tree.timers.get(at)?;
            let mut line = Line::new("○", Role::Wait, format!("timer #{}", it.timer_id));
            line.time = status::micros(it.fire_at.as_ref()).map_or_else(String::new, |at| {
                format!("in {}", format::age(at.saturating_sub(now)))
            });
            line
        }
        Source::Event(at) => {
            let it = tree.events.get(at)?;
            let mut line = Line::new("↓", Role::Accent, format!("{} ×{}", it.name, it.count));
            line.time = ago(status::micros(it.last_at.as_ref()), now);
            line
        }
    })
}

/// One task: label, attempt, and how long it waited and ran.
fn item(instance: &Instance, at: u32, now: Micros) -> Option<Line<'_>> {
    let (tasks, siblings) = instance.measured()?;
    let task = member(tasks, at)?;
    let is_late = siblings.is_straggler(tasks, task, now);
    let mut what = format!("#{} {}", task.id, task.label);
    if is_late {
        what.insert_str(0, "! ");
    }
    if task.attempt > 1 {
        what.push_str(&format!(" (attempt {})", task.attempt));
    }
    if !task.failure.is_empty() {
        what.push_str(&format!("  {}", task.failure));
    }
    let mut line = Line::new("", Role::Text, what);
    if is_late {
        line.role = Role::Warn;
    }
    line.time = if tasks.knows_starts {
        match (task.waited(now), task.ran(now)) {
            (_, Some(ran)) => format!("ran {}", task_line::time(ran)),
            (Some(waited), None) => format!("waits {}", task_line::time(waited)),
            (None, None) => String::new(),
        }
    } else {
        format!("open {}", task_line::time(task.total(now)))
    };
    Some(line)
}

fn ago(at: Option<Micros>, now: Micros) -> String {
    at.map_or_else(String::new, |at| {
        format!("{} ago", format::age(now.saturating_sub(at)))
    })
}

fn whole<'a>(tree: &'a InstanceTree, key: &NodeKey) -> Line<'a> {
    let payload = |name: &str, it: Option<&Payload>| {
        let text = it.and_then(|it| it.text.as_deref()).unwrap_or("");
        let start = &text[..text.floor_char_boundary(200)];
        Line::new("·", Role::Dim, format!("{name} {start}"))
    };
    match key {
        NodeKey::Input => payload("input", tree.input.as_ref()),
        NodeKey::Output => payload("output", tree.output.as_ref()),
        NodeKey::CustomStatus => payload("custom status", tree.custom_status.as_ref()),
        NodeKey::Tags => Line::new("·", Role::Dim, format!("tags ×{}", tree.tags.len())),
        NodeKey::Failure => {
            let text = tree.failure.as_ref().map_or_else(String::new, |it| {
                format!("{}: {}", it.error_type, it.error_message)
            });
            let mut line = Line::new("✗", Role::Bad, text);
            line.role = Role::Bad;
            line
        }
        NodeKey::Failures => {
            let count: u64 = tree.failures.iter().map(|it| it.count).sum();
            Line::new("", Role::Bad, format!("failures by error ×{count}"))
        }
        NodeKey::Timers => Line::new("", Role::Wait, format!("timers ×{}", tree.timers.len())),
        NodeKey::Events => Line::new("", Role::Text, "received events"),
        _ => Line::new("", Role::Text, "other children"),
    }
}

fn group(group: &TaskGroup) -> Line<'_> {
    let done = status::group_finished(group);
    let (sign, role) = if group.failed > 0 {
        ("✗", Role::Bad)
    } else if done >= group.scheduled {
        ("✓", Role::Ok)
    } else if group.running > 0 {
        ("▸", Role::Accent)
    } else {
        ("○", Role::Wait)
    };
    let mut what = group.name.clone();
    if group.scheduled > 1 {
        what.push_str(&format!(" ×{}", group.scheduled));
    }
    if group.kind == Kind::Child as i32 {
        what.push_str(if group.scheduled == 1 {
            "  child"
        } else {
            "  children"
        });
    }
    if group.turn_first != group.turn_last {
        what.push_str(&format!("  turns {}–{}", group.turn_first, group.turn_last));
    }
    let mut line = Line::new(sign, role, what);
    if group.scheduled > 1 {
        line.bar = Some((done, group.scheduled));
    }
    line.done = format!("{done}/{}", group.scheduled);
    line.failed = group.failed;
    if done > 0 {
        line.time = format!("p50 {}", format::duration_ms(group.duration_p50_ms));
    }
    line
}

fn state_line(group: &TaskGroup, state: TaskState, polling: bool) -> Line<'_> {
    let (sign, role, word, count) = match state {
        TaskState::Failed => ("✗", Role::Bad, "failed", group.failed),
        TaskState::Running => ("▸", Role::Accent, "running", group.running),
        TaskState::Queued if polling => ("○", Role::Wait, "open", group.queued),
        TaskState::Queued => ("○", Role::Wait, "queued", group.queued),
        TaskState::Done => ("✓", Role::Ok, "done", group.completed),
    };
    let mut line = Line::new(sign, role, word);
    line.done = format::count(count);
    if state == TaskState::Done {
        line.time = format!("max {}", format::duration_ms(group.duration_max_ms));
    }
    line
}

fn child(tree: &InstanceTree, at: usize, now: Micros) -> Option<Line<'_>> {
    let row = tree.children.get(at)?;
    let (sign, role) = glyphs::status(status::of(row.status));
    let what = if row.failure.is_empty() {
        Clean::from(&row.instance_id)
    } else {
        Clean::from(format!("{}  {}", row.instance_id, row.failure))
    };
    let mut line = Line::new(sign, role, what);
    line.is_id = row.failure.is_empty();
    match progress::of(row) {
        Some(it) => {
            line.bar = Some((it.finished, it.total));
            line.done = format!("{}/{}", it.finished, it.total);
            line.failed = it.failed;
        }
        None => line.failed = status::failures(row),
    }
    let end = status::micros(row.completed_at.as_ref()).unwrap_or(now);
    line.time = status::micros(row.created_at.as_ref())
        .map_or_else(String::new, |at| format::age(end.saturating_sub(at)));
    Some(line)
}
