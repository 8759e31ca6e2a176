//! One task in a line or two, and what stands where tasks are not known.

use durascope_proto::monitor::task::State;

use crate::app::geometry::Area;
use crate::app::model::Model;
use crate::app::screens::instance::Instance;
use crate::app::topic::Told;
use crate::data::grid::Cell;
use crate::data::siblings::Siblings;
use crate::data::siblings::took;
use crate::data::status;
use crate::data::tasks::Task;
use crate::data::tasks::Tasks;
use crate::format;
use crate::format::MILLI;
use crate::format::Micros;
use crate::format::SECOND;
use crate::text::short_id;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// How long something took.
pub fn time(micros: Micros) -> String {
    format::duration_ms(u64::try_from(micros / MILLI).unwrap_or(0))
}

/// How long something takes that is not over: the clock of the screen goes by seconds.
pub fn so_far(micros: Micros) -> String {
    if micros < SECOND {
        "<1s".to_owned()
    } else {
        time(micros)
    }
}

/// A count of things in memory.
pub fn count(value: usize) -> String {
    format::count(u64::try_from(value).unwrap_or(u64::MAX))
}

/// The sign and the role of a cell's state.
pub fn sign(cell: Cell) -> (&'static str, Role) {
    match cell {
        Cell::Done => ("█", Role::Ok),
        Cell::Abandoned => ("-", Role::Dim),
        Cell::Slow => ("▓", Role::Warn),
        Cell::Queued => ("·", Role::Wait),
        Cell::Running => ("▒", Role::Accent),
        Cell::Late => ("!", Role::Warn),
        Cell::Failed => ("✗", Role::Bad),
    }
}

/// Who it is: number, name, label.
pub fn who<'a>(tasks: &'a Tasks, task: &'a Task) -> Vec<Piece<'a>> {
    vec![
        piece(format!("#{} ", task.id), Role::Head),
        piece(tasks.name(task), Role::Head),
        piece(format!(" {}", task.label), Role::Text),
    ]
}

/// How it goes: state, times, worker, attempt, and how that compares.
pub fn how<'a>(
    tasks: &'a Tasks,
    siblings: &Siblings,
    task: &'a Task,
    now: Micros,
) -> Vec<Piece<'a>> {
    let role = match task.state {
        State::Failed => Role::Bad,
        State::Completed => Role::Ok,
        State::Running => Role::Accent,
        State::Queued | State::Abandoned => Role::Wait,
    };
    let word = match task.state {
        // A history does not tell which of the two it is.
        State::Queued if !tasks.knows_starts => "open",
        state => status::task_word(state),
    };
    let mut pieces = vec![piece(word, role)];
    let mut add = |text: String, role| pieces.push(piece(format!(" · {text}"), role));
    if tasks.knows_starts {
        let waits = matches!(task.state, State::Queued);
        if let Some(waited) = task.waited(now) {
            let waited = if waits { so_far(waited) } else { time(waited) };
            add(format!("waited {waited}"), Role::Text);
        }
        if let Some(ran) = task.ran(now) {
            let ran = if task.is_over() {
                time(ran)
            } else {
                so_far(ran)
            };
            add(format!("ran {ran}"), Role::Text);
        }
    } else {
        let total = time(task.total(now));
        add(
            format!("{total} from scheduled (no start times here)"),
            Role::Text,
        );
    }
    if let Some(worker) = tasks.worker(task) {
        add(format!("on {}", short_id(worker)), Role::Text);
    }
    if task.attempt > 1 {
        add(format!("attempt {} (it seems)", task.attempt), Role::Warn);
    }
    if siblings.is_straggler(tasks, task, now) {
        let kin = siblings.kin(task);
        let times = took(tasks, task, now).unwrap_or(0) / kin.median.max(1);
        add(
            format!("! {times}× the median {}", time(kin.median)),
            Role::Warn,
        );
    }
    if !task.child_id.is_empty() {
        add(format!("child {}", task.child_id), Role::Text);
    }
    pieces
}

/// The tasks of `instance`; where they are not known, draws why into `area`.
pub fn ready<'a>(
    pen: &mut Pen<'_>,
    area: Area,
    model: &Model,
    instance: &'a Instance,
) -> Option<&'a Tasks> {
    let known = instance.tasks.as_ref().filter(|it| it.found);
    if let Some(tasks) = known.filter(|it| !it.is_empty()) {
        return Some(tasks);
    }
    let text = match model.told() {
        Some(Told::Refused(why)) => format!("Its tasks are not known: {why}."),
        _ if known.is_some() => {
            "It has not scheduled any activity or sub-orchestration in this execution.".to_owned()
        }
        Some(_) => "The server knows no tasks of this instance.".to_owned(),
        None => "reading its tasks …".to_owned(),
    };
    let inner = inset(area);
    pen.line(
        inner,
        u16::from(inner.height > 2),
        &[piece(text, Role::Text)],
    );
    None
}

/// Says in the last line of `area` that what is shown of tasks is old, when it is.
pub fn draw_refusal(pen: &mut Pen<'_>, area: Area, model: &Model) {
    if let Some(Told::Refused(why)) = model.told() {
        let mut rest = area;
        let line = rest.take_bottom(1);
        pen.clear(line);
        let text = format!("old: {why}");
        pen.line(inset(line), 0, &[piece(text, Role::Warn)]);
    }
}

/// `area` without a column at each side.
pub fn inset(area: Area) -> Area {
    Area {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    }
}
