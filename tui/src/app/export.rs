//! What is shown, as a table to be written to a file.

use std::fmt::Write;

use durascope_proto::HistoryEvent;
use durascope_proto::monitor::EntityPage;
use durascope_proto::monitor::FailureList;
use durascope_proto::monitor::HistoryPage;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::Payload;
use durascope_proto::monitor::WorkList;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;
use crate::app::topic::Told;
use crate::data::export::Table;
use crate::data::export::Value;
use crate::data::status;
use crate::data::tasks::Tasks;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Text,
}

impl Format {
    /// By the ending of the file's name.
    ///
    /// # Errors
    /// A sentence when the name has none of the three.
    pub fn of(path: &str) -> Result<Self, String> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => {
                match ending.to_ascii_lowercase().as_str() {
                    "json" => Ok(Self::Json),
                    "csv" => Ok(Self::Csv),
                    "txt" => Ok(Self::Text),
                    _ => Err(format!("“.{ending}” is none of .json, .csv and .txt")),
                }
            }
            _ => Err("the file's name must end in .json, .csv or .txt".to_owned()),
        }
    }
}

/// What is shown, in words.
pub fn title(model: &Model) -> String {
    let of = |what: &str| {
        let id = model.screens.top_instance().map_or("", |it| &it.id);
        format!("the {what} of {id}")
    };
    match model.screens.place() {
        Place::Hub(HubTab::Work) => "the queues and workers".to_owned(),
        Place::Hub(tab) => format!("the {}", tab.title().to_lowercase()),
        Place::Instance(InstanceTab::Tree) => of("groups and children"),
        Place::Instance(InstanceTab::History) => of("history page"),
        Place::Instance(InstanceTab::Data) => of("data"),
        Place::Instance(_) => of("tasks"),
        Place::Compare => "the comparison".to_owned(),
    }
}

/// A name for the file, without its ending, of letters that every system takes.
pub fn file_name(model: &Model) -> String {
    let what = match model.screens.place() {
        Place::Hub(tab) => tab.title().to_lowercase(),
        Place::Instance(tab) => {
            let id = model.screens.top_instance().map_or("", |it| &it.id);
            format!("{id}-{}", tab.title().to_lowercase())
        }
        Place::Compare => "comparison".to_owned(),
    };
    safe_name(&what)
}

/// `what` in letters, digits and dashes, not too long and not beginning with a dash.
pub fn safe_name(what: &str) -> String {
    let mut out: String = what
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .take(80)
        .collect();
    while out.starts_with('-') {
        out.remove(0);
    }
    out
}

/// What is shown, in the format that `path` ends in.
///
/// # Errors
/// A sentence when there is nothing to write, or the format is none.
pub fn content(model: &Model, path: &str) -> Result<String, String> {
    let format = Format::of(path)?;
    let table = table(model).ok_or_else(|| format!("{} are not loaded yet", title(model)))?;
    Ok(match format {
        Format::Json => table.json(),
        Format::Csv => table.csv(),
        Format::Text => table.text(),
    })
}

fn table(model: &Model) -> Option<Table> {
    let mut table = match model.screens.place() {
        Place::Hub(HubTab::Instances) => instances(model.page()?),
        Place::Instance(InstanceTab::Tree) => tree(model.screens.top_instance()?.tree()?),
        Place::Instance(InstanceTab::Data) => data(model.screens.top_instance()?.tree()?),
        Place::Instance(InstanceTab::Grid | InstanceTab::Batches | InstanceTab::Timeline) => {
            tasks(&[model.screens.top_instance()?.tasks.as_ref()?])
        }
        _ => match model.told()? {
            Told::Failures(it) => failures(it),
            Told::Entities(it) => entities(it),
            Told::Work(it) => work(it),
            Told::History(it) => history(it),
            Told::Tasks(it) => tasks(&[it]),
            Told::Compare(left, right) => tasks(&[left, right]),
            Told::Refused(_) => return None,
        },
    };
    table.title = title(model);
    table
        .about
        .insert(0, ("task_hub", Value::from(&model.settings.task_hub)));
    let at = durascope_proto::time::from_micros(model.server_now());
    table.about.insert(1, ("at", Value::Time(at)));
    Some(table)
}

fn with(columns: &[&'static str], rows: Vec<Vec<Value>>) -> Table {
    Table {
        columns: columns.to_vec(),
        rows,
        ..Table::default()
    }
}

fn instances(page: &InstancePage) -> Table {
    let rows = page.rows.iter().map(|it| {
        let batch = it.batch.unwrap_or_default();
        vec![
            Value::from(&it.instance_id),
            Value::from(&it.name),
            Value::from(status::word(status::of(it.status))),
            Value::from(it.created_at.as_ref()),
            Value::from(it.updated_at.as_ref()),
            Value::from(it.completed_at.as_ref()),
            Value::from(&it.parent_instance_id),
            Value::from(batch.scheduled),
            Value::from(status::finished(&batch)),
            Value::from(status::failures(it)),
            Value::from(it.history_events),
            Value::from(it.history_bytes),
            Value::from(it.turns),
            Value::from(&it.failure),
        ]
    });
    let columns = [
        "instance_id",
        "name",
        "status",
        "created_at",
        "updated_at",
        "completed_at",
        "parent",
        "batch_scheduled",
        "batch_finished",
        "failures",
        "history_events",
        "history_bytes",
        "turns",
        "failure",
    ];
    let mut table = with(&columns, rows.collect());
    // Of a long list only the part around the screen is here: the file says so.
    let first = page.window.as_ref().map_or(0, |it| it.offset);
    table.about = vec![
        ("matching", Value::from(page.matching)),
        ("left_out_before", Value::from(first)),
    ];
    table
}

fn tree(tree: &InstanceTree) -> Table {
    let groups = tree.groups.iter().map(|it| {
        let kind = if it.kind == Kind::Child as i32 {
            "children"
        } else {
            "activities"
        };
        vec![
            Value::from(kind),
            Value::from(&it.name),
            Value::None,
            Value::from(it.turn_first),
            Value::from(it.scheduled),
            Value::from(it.queued),
            Value::from(it.running),
            Value::from(it.completed),
            Value::from(it.failed),
            Value::None,
        ]
    });
    let children = tree.children.iter().map(|it| {
        let mut row = vec![
            Value::from("child"),
            Value::from(&it.name),
            Value::from(&it.instance_id),
        ];
        row.resize(9, Value::None);
        row.push(Value::from(status::word(status::of(it.status))));
        row
    });
    let columns = [
        "kind",
        "name",
        "instance_id",
        "turn",
        "scheduled",
        "queued",
        "running",
        "completed",
        "failed",
        "status",
    ];
    with(&columns, groups.chain(children).collect())
}

fn data(tree: &InstanceTree) -> Table {
    let payload = |name: &'static str, it: Option<&Payload>| {
        let text = it.and_then(|it| it.text.as_deref()).unwrap_or("");
        let bytes = it.map_or(0, |it| it.total_bytes);
        vec![Value::from(name), Value::from(text), Value::from(bytes)]
    };
    let mut rows = vec![
        payload("input", tree.input.as_ref()),
        payload("output", tree.output.as_ref()),
        payload("custom status", tree.custom_status.as_ref()),
    ];
    let tags = tree.tags.iter().map(|(name, value)| {
        let size = u64::try_from(value.len()).unwrap_or(u64::MAX);
        vec![
            Value::from(&format!("tag {name}")),
            Value::from(value),
            Value::from(size),
        ]
    });
    rows.extend(tags);
    with(&["field", "value", "total_bytes"], rows)
}

fn tasks(of: &[&Tasks]) -> Table {
    let mut rows = Vec::new();
    for (side, tasks) in of.iter().enumerate() {
        let time = |at: Option<i64>| {
            at.map_or(Value::None, |at| {
                Value::Time(durascope_proto::time::from_micros(at))
            })
        };
        rows.extend(tasks.iter().map(|it| {
            let state = match it.state {
                State::Queued => "queued",
                State::Running => "running",
                State::Completed => "completed",
                State::Failed => "failed",
                State::Abandoned => "abandoned",
            };
            vec![
                Value::from(u64::try_from(side + 1).unwrap_or(0)),
                Value::from(u64::try_from(it.id).unwrap_or(0)),
                Value::from(tasks.name(it)),
                Value::from(it.label.as_ref()),
                Value::from(state),
                Value::from(it.turn),
                Value::from(it.attempt),
                time(Some(it.scheduled_at)),
                time(it.started_at),
                time(it.finished_at),
                Value::from(tasks.worker(it).unwrap_or("")),
                Value::from(it.child_id.as_ref()),
                Value::from(it.input_bytes),
                Value::from(it.result_bytes),
                Value::from(it.failure.as_ref()),
            ]
        }));
    }
    let columns = [
        "side",
        "task_id",
        "name",
        "label",
        "state",
        "turn",
        "attempt",
        "scheduled_at",
        "started_at",
        "finished_at",
        "worker",
        "child_id",
        "input_bytes",
        "result_bytes",
        "failure",
    ];
    with(&columns, rows)
}

fn failures(list: &FailureList) -> Table {
    let rows = list.groups.iter().map(|it| {
        let sample = it.sample.as_ref();
        vec![
            Value::from(&it.error_type),
            Value::from(&it.shape),
            Value::from(&it.name),
            Value::from(it.count),
            Value::from(it.instances),
            Value::from(it.first_at.as_ref()),
            Value::from(it.last_at.as_ref()),
            Value::from(sample.map_or("", |it| it.error_message.as_str())),
        ]
    });
    let columns = [
        "error_type",
        "shape",
        "name",
        "count",
        "instances",
        "first_at",
        "last_at",
        "sample",
    ];
    with(&columns, rows.collect())
}

fn entities(page: &EntityPage) -> Table {
    let rows = page.rows.iter().map(|it| {
        let state = it.state.as_ref().and_then(|it| it.text.as_deref());
        vec![
            Value::from(&it.entity_id),
            Value::from(it.modified_at.as_ref()),
            Value::from(it.queue),
            Value::from(it.oldest_waiting.as_ref()),
            Value::from(&it.locked_by),
            Value::from(it.locked_since.as_ref()),
            Value::from(&it.lock_waiters.join(" ")),
            Value::from(state.unwrap_or("")),
        ]
    });
    let columns = [
        "entity_id",
        "modified_at",
        "queue",
        "oldest_waiting",
        "locked_by",
        "locked_since",
        "lock_waiters",
        "state",
    ];
    with(&columns, rows.collect())
}

fn work(list: &WorkList) -> Table {
    let queues = list.queues.iter().map(|it| {
        let kind = format!("{:?}", it.kind()).to_lowercase();
        vec![
            Value::from(&format!("queue of {kind}")),
            Value::from(&it.name),
            Value::from(it.waiting),
            Value::from(it.out),
            Value::from(it.oldest_waiting.as_ref()),
            Value::from(it.served),
        ]
    });
    let workers = list.workers.iter().map(|it| {
        let worker = it.worker.clone().unwrap_or_default();
        let out = worker.turns_out + worker.activities_out + worker.entities_out;
        vec![
            Value::from("worker"),
            Value::from(&worker.worker_id),
            Value::None,
            Value::from(out),
            Value::from(it.last_heard.as_ref()),
            Value::None,
        ]
    });
    let columns = [
        "kind",
        "name",
        "waiting",
        "out",
        "oldest_or_last_heard",
        "served",
    ];
    with(&columns, queues.chain(workers).collect())
}

fn history(page: &HistoryPage) -> Table {
    let rows = page.entries.iter().map(|it| {
        let event = it.event.as_ref();
        vec![
            Value::from(it.number),
            Value::from(it.turn),
            Value::from(event.and_then(|it| it.timestamp.as_ref())),
            Value::from(&event.map_or_else(String::new, kind_of)),
            Value::from(&it.name),
            Value::from(it.bytes),
            Value::from(it.cumulative_bytes),
            Value::from(it.pair),
            Value::from(
                it.run
                    .as_ref()
                    .filter(|it| it.folded)
                    .map_or(1, |it| it.events),
            ),
        ]
    });
    let columns = [
        "number",
        "turn",
        "at",
        "kind",
        "name",
        "bytes",
        "cumulative_bytes",
        "pair",
        "events",
    ];
    let mut table = with(&columns, rows.collect());
    table.about = vec![
        ("events", Value::from(page.events)),
        ("left_out_before", Value::from(page.offset)),
    ];
    table
}

/// The name of the event's kind: the start of its debug form, so that no payload is formatted.
fn kind_of(event: &HistoryEvent) -> String {
    struct Start(String);
    impl Write for Start {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let name = text.split('(').next().unwrap_or("");
            self.0.push_str(name);
            if name.len() < text.len() {
                return Err(std::fmt::Error);
            }
            Ok(())
        }
    }
    let mut start = Start(String::new());
    if let Some(it) = &event.event_type {
        // It ends early on purpose.
        write!(start, "{it:?}").ok();
    }
    start.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_ending_of_the_file_name() {
        assert_eq!(Format::of("a/b.c/x.JSON"), Ok(Format::Json));
        assert_eq!(Format::of("x.csv"), Ok(Format::Csv));
        assert_eq!(Format::of("x.y.txt"), Ok(Format::Text));
        for wrong in ["", "x", ".json", "a.json/x", "x.xlsx"] {
            assert!(Format::of(wrong).is_err(), "{wrong}");
        }
    }
}
