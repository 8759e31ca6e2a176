//! Everything known about one line of the instance tree, as wrapped lines of text.

use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::Payload;
use durascope_proto::monitor::TaskGroup;

use crate::data::json;
use crate::data::progress;
use crate::data::siblings;
use crate::data::siblings::Siblings;
use crate::data::status;
use crate::data::tasks::Tasks;
use crate::data::tree::Node;
use crate::data::tree::NodeKey;
use crate::data::tree::Source;
use crate::data::tree::TaskState;
use crate::format;
use crate::format::Micros;
use crate::text;
use crate::text::short_id;

/// Lines that one detail holds at most; payloads are cut at 64 KiB by the server already.
const LINES_MAX: usize = 5_000;
/// Failures inside failures that are shown.
const INNER_MAX: usize = 20;

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Head,
    Plain,
    Dim,
    Bad,
}

/// One line, no wider than was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub tone: Tone,
    pub text: String,
}

struct Page {
    columns: usize,
    lines: Vec<Line>,
}

impl Page {
    fn add(&mut self, tone: Tone, text: &str) {
        let room = LINES_MAX.saturating_sub(self.lines.len());
        let wrapped = text::wrap(text, self.columns, room);
        self.lines
            .extend(wrapped.into_iter().map(|text| Line { tone, text }));
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|it| !it.text.is_empty()) {
            self.lines.push(Line {
                tone: Tone::Plain,
                text: String::new(),
            });
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.add(Tone::Plain, &format!("{name:<11} {value}"));
    }
}

/// The lines about `node`, or about the whole instance without one; `tasks` where they are known.
pub fn lines(
    tree: &InstanceTree,
    tasks: Option<(&Tasks, &Siblings)>,
    node: Option<&Node>,
    columns: usize,
    now: Micros,
) -> Vec<Line> {
    let mut page = Page {
        columns,
        lines: Vec::new(),
    };
    match node.map(|it| (it.source, &it.key)) {
        None => summary(&mut page, tree, now),
        Some((Source::Whole, key)) => whole(&mut page, tree, key, now),
        Some((Source::Group(at) | Source::State(at, _), _)) => {
            let state = match node.map(|it| it.source) {
                Some(Source::State(_, state)) => Some(state),
                _ => None,
            };
            if let Some(it) = tree.groups.get(at) {
                group(&mut page, it, now);
                failures_of(&mut page, tree, &it.name, state);
            }
        }
        Some((Source::Task(at, task_at), _)) => task(&mut page, tree, at, task_at, now),
        Some((Source::Item(at), _)) => {
            if let Some((tasks, siblings)) = tasks {
                item(&mut page, tasks, siblings, at, now);
            }
        }
        Some((Source::More(count), _)) => {
            page.add(
                Tone::Plain,
                &format!(
                    "{} more of them; Enter shows more",
                    format::count(u64::try_from(count).unwrap_or(u64::MAX))
                ),
            );
        }
        Some((Source::Rest(count), _)) => {
            let text = format!(
                "{} more children, which this list does not have; Enter shows all in the grid",
                format::count(count)
            );
            page.add(Tone::Plain, &text);
        }
        Some((Source::Child(at), _)) => {
            if let Some(row) = tree.children.get(at) {
                row_facts(&mut page, row, now);
            }
        }
        Some((Source::FailureGroup(at), _)) => failure_group(&mut page, tree, at, now),
        Some((Source::Timer(at), _)) => timer(&mut page, tree, at, now),
        Some((Source::Event(at), _)) => event(&mut page, tree, at, now),
    }
    page.lines
}

fn whole(page: &mut Page, tree: &InstanceTree, key: &NodeKey, now: Micros) {
    match key {
        NodeKey::Input => payload(page, "input", tree.input.as_ref()),
        NodeKey::Output => payload(page, "output", tree.output.as_ref()),
        NodeKey::CustomStatus => payload(page, "custom status", tree.custom_status.as_ref()),
        NodeKey::Failure => {
            if let Some(failure) = &tree.failure {
                failure_text(page, failure);
            }
        }
        NodeKey::Tags => {
            page.add(Tone::Head, "tags");
            for (name, value) in &tree.tags {
                page.add(Tone::Plain, &format!("{name} = {value}"));
            }
        }
        _ => summary(page, tree, now),
    }
}

fn summary(page: &mut Page, tree: &InstanceTree, now: Micros) {
    if let Some(row) = &tree.instance {
        row_facts(page, row, now);
    }
    turns(page, tree, now);
    let descendants: Vec<_> = tree
        .descendants
        .iter()
        .filter(|it| it.count > 0)
        .map(|it| format!("{} {}", it.count, status::word(status::of(it.status))))
        .collect();
    if !descendants.is_empty() {
        page.fact("descendants", &descendants.join(", "));
    }
    if let Some(failure) = &tree.failure {
        page.gap();
        failure_text(page, failure);
    }
    for (title, text) in [
        ("custom status", tree.custom_status.as_ref()),
        ("output", tree.output.as_ref()),
        ("input", tree.input.as_ref()),
    ] {
        if text.is_some_and(|it| it.text.is_some()) {
            page.gap();
            payload(page, title, text);
        }
    }
}

fn turns(page: &mut Page, tree: &InstanceTree, now: Micros) {
    if let Some(at) = status::micros(tree.last_turn_at.as_ref()) {
        page.fact("last turn", &format!("{} ago", format::age(now - at)));
    }
    if let Some(since) = status::micros(tree.turn_out_since.as_ref()) {
        page.fact(
            "turn out",
            &format!(
                "for {} on {}",
                format::age(now - since),
                tree.turn_out_worker
            ),
        );
    }
}

fn row_facts(page: &mut Page, row: &InstanceRow, now: Micros) {
    page.add(Tone::Head, &format!("{} · {}", row.name, row.instance_id));
    let state = status::of(row.status);
    let mut word = status::word(state).to_owned();
    if row.turn_out {
        word.push_str(", a worker holds a turn");
    }
    page.fact("status", &word);
    if !row.failure.is_empty() {
        page.add(Tone::Bad, &row.failure);
    }
    if let Some(report) = progress::reported(row) {
        let mut sentence = progress::sentence(report);
        if !report.label.is_empty() {
            sentence = format!("{}: {sentence}", report.label);
        }
        page.fact("progress", &sentence);
        if report.by_tracker {
            let tracker = durascope_proto::progress::tracker_id(&row.instance_id);
            page.fact("kept by", &tracker);
        }
    }
    for (name, at) in [
        ("created", row.created_at.as_ref()),
        ("updated", row.updated_at.as_ref()),
        ("completed", row.completed_at.as_ref()),
    ] {
        if let Some(at) = status::micros(at) {
            page.fact(
                name,
                &format!("{} ago ({} UTC)", format::age(now - at), format::clock(at)),
            );
        }
    }
    if let Some(at) = status::micros(row.scheduled_start.as_ref()).filter(|at| *at > now) {
        page.fact(
            "starts",
            &format!("in {} ({} UTC)", format::age(at - now), format::clock(at)),
        );
    }
    if let Some(version) = row.version.as_ref().filter(|it| !it.is_empty()) {
        page.fact("version", version);
    }
    if !row.parent_instance_id.is_empty() {
        page.fact("parent", &row.parent_instance_id);
    }
    page.fact("execution", &row.execution_id);
    page.fact(
        "history",
        &format!(
            "{} events, {}, {} turns",
            format::count(row.history_events),
            format::bytes(row.history_bytes),
            format::count(row.turns)
        ),
    );
    if row.messages_waiting > 0 {
        page.fact(
            "waiting",
            &format!("{} messages for the next turn", row.messages_waiting),
        );
    }
}

fn group(page: &mut Page, group: &TaskGroup, now: Micros) {
    page.add(Tone::Head, &format!("{} ×{}", group.name, group.scheduled));
    let turns = if group.turn_first == group.turn_last {
        format!("in turn {}", group.turn_first)
    } else {
        format!("in turns {} to {}", group.turn_first, group.turn_last)
    };
    let ago = status::micros(group.scheduled_at.as_ref())
        .map_or_else(String::new, |at| format!(", {} ago", format::age(now - at)));
    page.fact("scheduled", &format!("{turns}{ago}"));
    for (name, count) in [
        ("completed", group.completed),
        ("failed", group.failed),
        ("running", group.running),
        ("queued", group.queued),
    ] {
        page.fact(name, &format::count(count));
    }
    if status::group_finished(group) > 0 {
        let times = format!(
            "p50 {} · max {}",
            format::duration_ms(group.duration_p50_ms),
            format::duration_ms(group.duration_max_ms)
        );
        page.fact("took", &times);
    }
    if !group.oldest_running.is_empty() {
        page.gap();
        page.add(Tone::Head, "longest running");
        for task in &group.oldest_running {
            let since = status::micros(task.since.as_ref()).unwrap_or(now);
            let age = format::age(now - since);
            page.add(
                Tone::Plain,
                &format!(
                    "#{} {age} on {} {}",
                    task.task_id,
                    short_id(&task.worker_id),
                    task.label
                ),
            );
        }
    }
}

fn failures_of(page: &mut Page, tree: &InstanceTree, name: &str, state: Option<TaskState>) {
    if state.is_some_and(|it| it != TaskState::Failed) {
        return;
    }
    for group in tree.failures.iter().filter(|it| it.name == name) {
        page.gap();
        page.add(Tone::Bad, &format!("{}× {}", group.count, group.error_type));
        if let Some(sample) = &group.sample {
            page.add(Tone::Plain, &sample.error_message);
        }
    }
}

fn task(page: &mut Page, tree: &InstanceTree, at: usize, task_at: usize, now: Micros) {
    let Some((group, task)) = tree
        .groups
        .get(at)
        .and_then(|it| Some((it, it.oldest_running.get(task_at)?)))
    else {
        return;
    };
    page.add(Tone::Head, &format!("{} #{}", group.name, task.task_id));
    let since = status::micros(task.since.as_ref()).unwrap_or(now);
    page.fact("running", &format!("for {}", format::age(now - since)));
    page.fact("worker", &task.worker_id);
    if status::group_finished(group) > 0 {
        page.fact(
            "the others",
            &format!("p50 {}", format::duration_ms(group.duration_p50_ms)),
        );
    }
    page.gap();
    page.add(Tone::Head, "start of its input");
    page.add(Tone::Plain, &task.label);
}

fn item(page: &mut Page, tasks: &Tasks, siblings: &Siblings, at: u32, now: Micros) {
    let Some(task) = crate::data::batches::member(tasks, at) else {
        return;
    };
    page.add(Tone::Head, &format!("{} #{}", tasks.name(task), task.id));
    let ms = |it: Micros| format::duration_ms(u64::try_from(it / format::MILLI).unwrap_or(0));
    page.fact("label", &task.label);
    page.fact("state", status::task_word(task.state));
    if task.attempt > 1 {
        page.fact(
            "attempt",
            &format!("{} (it seems to repeat a failed one)", task.attempt),
        );
    }
    page.fact(
        "scheduled",
        &format!(
            "in turn {}, {} ago ({} UTC)",
            task.turn,
            format::age(now - task.scheduled_at),
            format::clock(task.scheduled_at)
        ),
    );
    match (task.waited(now), task.ran(now)) {
        _ if !tasks.knows_starts => {
            page.fact("open for", &ms(task.total(now)));
            page.add(Tone::Dim, "this server does not tell when a worker took it");
        }
        (waited, ran) => {
            page.fact("waited", &waited.map_or_else(|| "not known".to_owned(), ms));
            if let Some(ran) = ran {
                page.fact("ran", &ms(ran));
            }
        }
    }
    let kin = siblings.kin(task);
    if let Some(took) = siblings::took(tasks, task, now).filter(|_| kin.completed > 0) {
        let times = took / kin.median.max(1);
        let note = if siblings.is_straggler(tasks, task, now) {
            format!(": this is {times} times that")
        } else {
            String::new()
        };
        page.fact("the others", &format!("p50 {}{note}", ms(kin.median)));
    }
    if let Some(worker) = tasks.worker(task) {
        page.fact("worker", worker);
    }
    if !task.child_id.is_empty() {
        page.fact("child", &task.child_id);
    }
    page.fact(
        "payloads",
        &format!(
            "{} in, {} out",
            format::bytes(u64::from(task.input_bytes)),
            format::bytes(u64::from(task.result_bytes))
        ),
    );
    if !task.failure.is_empty() {
        page.gap();
        page.add(Tone::Bad, &task.failure);
    }
}

fn failure_group(page: &mut Page, tree: &InstanceTree, at: usize, now: Micros) {
    let Some(group) = tree.failures.get(at) else {
        return;
    };
    page.add(
        Tone::Head,
        &format!("{} failed {}×", group.name, group.count),
    );
    if let Some(at) = status::micros(group.last_at.as_ref()) {
        page.fact("last", &format!("{} ago", format::age(now - at)));
    }
    page.fact("one of them", &format!("#{}", group.sample_task_id));
    page.gap();
    if let Some(sample) = &group.sample {
        failure_text(page, sample);
    }
}

/// An error and the ones inside it, outermost first; peers choose the depth, so it ends somewhere.
pub fn failures(failure: &TaskFailureDetails) -> impl Iterator<Item = &TaskFailureDetails> {
    std::iter::successors(Some(failure), |it| it.inner_failure.as_deref()).take(INNER_MAX)
}

/// An error in full, with its inner ones.
fn failure_text(page: &mut Page, failure: &TaskFailureDetails) {
    for (depth, it) in failures(failure).enumerate() {
        let prefix = if depth == 0 { "" } else { "inner: " };
        page.add(Tone::Bad, &format!("{prefix}{}", it.error_type));
        page.add(Tone::Plain, &it.error_message);
        if it.is_non_retriable {
            page.add(Tone::Dim, "not to be retried");
        }
        if let Some(stack) = &it.stack_trace {
            page.add(Tone::Dim, stack);
        }
    }
}

fn timer(page: &mut Page, tree: &InstanceTree, at: usize, now: Micros) {
    let Some(timer) = tree.timers.get(at) else {
        return;
    };
    page.add(Tone::Head, &format!("durable timer #{}", timer.timer_id));
    if let Some(at) = status::micros(timer.fire_at.as_ref()) {
        page.fact(
            "fires",
            &format!("in {} ({} UTC)", format::age(at - now), format::clock(at)),
        );
    }
}

fn event(page: &mut Page, tree: &InstanceTree, at: usize, now: Micros) {
    let Some(event) = tree.events.get(at) else {
        return;
    };
    page.add(Tone::Head, &format!("external event “{}”", event.name));
    page.fact("received", &format!("{}×", event.count));
    if let Some(at) = status::micros(event.last_at.as_ref()) {
        page.fact("last", &format!("{} ago", format::age(now - at)));
    }
}

fn payload(page: &mut Page, title: &str, payload: Option<&Payload>) {
    let Some((payload, text)) = payload.and_then(|it| Some((it, it.text.as_ref()?))) else {
        return;
    };
    let kept = u64::try_from(text.len()).unwrap_or(u64::MAX);
    page.add(
        Tone::Head,
        &format!("{title} · {}", format::bytes(payload.total_bytes.max(kept))),
    );
    if payload.total_bytes > kept {
        page.add(
            Tone::Dim,
            &format!("the first {} of it", format::bytes(kept)),
        );
    }
    match json::pretty(text) {
        Some(laid_out) => page.add(Tone::Plain, &laid_out),
        None => page.add(Tone::Plain, text),
    }
}
