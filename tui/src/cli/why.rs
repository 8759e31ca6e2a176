//! `durascope why ID`: the verdict of the dashboard, as text or JSON.

use durascope_proto::OrchestrationStatus;
use durascope_proto::monitor::InstanceRow;
use durascope_proto::monitor::InstanceTree;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::WatchUpdate;
use serde::Serialize;

use crate::app::effect::WatchSpec;
use crate::config::Server;
use crate::data::status;
use crate::data::verdict;
use crate::data::verdict::Evidence;
use crate::data::verdict::Facts;
use crate::data::verdict::Figures;
use crate::data::verdict::Finding;
use crate::data::verdict::Rule;
use crate::data::verdict::Weight;
use crate::format;
use crate::format::Micros;
use crate::io::clock::Clock;
use crate::io::glance::Glance;
use crate::io::glance::GlanceError;
use crate::text;

/// Open instances among which children are looked for at once.
const OTHERS: u32 = 50;
/// Children of children that are looked up.
const DEPTH_MAX: usize = 5;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    #[error(transparent)]
    Glance(#[from] GlanceError),
    #[error("there is no instance {instance_id:?} in task hub {task_hub:?}")]
    NoInstance {
        instance_id: String,
        task_hub: String,
    },
}

/// The answer; its JSON form is stable, and `version` says which one it is.
#[derive(Debug, Serialize)]
pub struct Why {
    pub version: u32,
    pub task_hub: String,
    pub instance_id: String,
    pub name: String,
    /// The word of the status.
    pub status: &'static str,
    /// Seconds since it was created, or from then to its end.
    pub age_seconds: i64,
    /// False where queues, workers and locks are not told, and so not judged.
    pub feed: bool,
    /// The most telling first.
    pub findings: Vec<Finding>,
}

/// Looks at `instance_id` and judges.
///
/// # Errors
/// See [`WhyError`].
pub async fn ask(server: &Server, instance_id: &str) -> Result<Why, WhyError> {
    let mut glance = Glance::connect(server).await?;
    let spec = WatchSpec {
        window: InstanceWindow {
            statuses: vec![
                OrchestrationStatus::Running as i32,
                OrchestrationStatus::Pending as i32,
                OrchestrationStatus::Suspended as i32,
            ],
            limit: OTHERS,
            ..InstanceWindow::default()
        },
        instance_id: instance_id.to_owned(),
        ..WatchSpec::default()
    };
    let update = glance.look(&spec).await?;
    let tree = update.tree.as_ref().filter(|it| it.found);
    let Some((tree, row)) = tree.and_then(|it| Some((it, it.instance.as_ref()?))) else {
        return Err(WhyError::NoInstance {
            instance_id: instance_id.to_owned(),
            task_hub: server.task_hub().to_owned(),
        });
    };
    let now = status::micros(update.server_time.as_ref()).unwrap_or_else(|| Clock::start().now());
    let tasks = glance.tasks(instance_id).await;
    let figures = tasks.map(|it| Figures::of_tasks(&it, now));
    let mut others = update
        .instances
        .as_ref()
        .map_or_else(Vec::new, |it| it.rows.clone());
    let look = Look {
        update: &update,
        tree,
        row,
        figures: figures.as_ref(),
        now,
    };
    let mut findings = look.findings(&others);
    // The reason may be further down than what came with the first look.
    for _ in 0..DEPTH_MAX {
        let Some(below) = below(&findings, &others) else {
            break;
        };
        let Some(tree) = glance.tree(&below).await? else {
            break;
        };
        let InstanceTree {
            instance, children, ..
        } = tree;
        others.retain(|it| it.instance_id != below);
        others.splice(0..0, instance.into_iter().chain(children));
        findings = look.findings(&others);
    }
    let ended = status::micros(row.completed_at.as_ref()).unwrap_or(now);
    let created = status::micros(row.created_at.as_ref()).unwrap_or(ended);
    Ok(Why {
        version: 1,
        task_hub: server.task_hub().to_owned(),
        instance_id: row.instance_id.clone(),
        name: row.name.clone(),
        status: status::word(status::of(row.status)),
        age_seconds: ended.saturating_sub(created) / format::SECOND,
        feed: glance.has_feed(),
        findings,
    })
}

struct Look<'a> {
    update: &'a WatchUpdate,
    tree: &'a InstanceTree,
    row: &'a InstanceRow,
    figures: Option<&'a Figures>,
    now: Micros,
}

impl Look<'_> {
    fn findings(&self, others: &[InstanceRow]) -> Vec<Finding> {
        verdict::findings(&Facts {
            tree: Some(self.tree),
            hub: self.update.hub.as_ref(),
            figures: self.figures,
            others,
            ..Facts::of_row(self.row, self.now)
        })
    }
}

/// The child that the first finding is about, unless it has been looked up.
fn below(findings: &[Finding], others: &[InstanceRow]) -> Option<String> {
    let first = findings.iter().find(|it| it.rule == Rule::Child)?;
    let Evidence::Other { instance_id } = &first.evidence else {
        return None;
    };
    let known = others.iter().find(|it| it.instance_id == *instance_id);
    known
        .is_none_or(|it| it.waits.is_none())
        .then(|| instance_id.clone())
}

impl Why {
    /// For people: one finding a paragraph, with how sure it is.
    pub fn text(&self) -> String {
        let age = format::age(self.age_seconds.saturating_mul(format::SECOND));
        let mut lines = vec![format!(
            "{} · {} · {} {age}",
            self.instance_id, self.name, self.status
        )];
        for it in &self.findings {
            let sign = match it.rule.weight() {
                Weight::Bad | Weight::Warn => "!",
                Weight::Wait | Weight::Fine => "·",
            };
            lines.push(format!("{sign} {}", it.text));
            let mut about = format!("  {}; see {}", it.certainty.word(), it.evidence.words());
            if let Some(key) = it.action {
                about.push_str(&format!("; key {key} in the dashboard"));
            }
            lines.push(about);
        }
        if self.findings.is_empty() {
            lines.push(match self.status {
                "running" | "pending" | "suspended" => "· Nothing to say against it.".to_owned(),
                _ => "· It has ended.".to_owned(),
            });
        }
        if !self.feed {
            lines.push(
                "(This server has no feed: queues, workers and locks are not told.)".to_owned(),
            );
        }
        let clean = lines.iter().map(|it| text::visible(it));
        clean.collect::<Vec<_>>().join("\n")
    }
}
