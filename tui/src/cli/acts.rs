//! `durascope instances …` and `durascope entities …`: what the dashboard's dialogs do, as commands.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::IsTerminal;
use std::io::Write;

use clap::Subcommand;
use futures_util::StreamExt;

use crate::app::deed::Deed;
use crate::app::effect::Call;
use crate::app::effect::Start;
use crate::app::event::Answer;
use crate::config::Server;
use crate::io::calls;
use crate::io::wire::Address;
use crate::io::wire::AddressError;
use crate::text;

/// Calls that are out at a time.
const OUT_MAX: usize = 16;

/// What to do to orchestration instances.
#[derive(Debug, Subcommand)]
pub enum Instances {
    /// Raise an external event
    Raise {
        #[command(flatten)]
        ids: Ids,
        /// Name of the event
        #[arg(long, value_name = "NAME")]
        event: String,
        /// Its payload, JSON
        #[arg(long, value_name = "JSON")]
        input: Option<String>,
    },
    /// Terminate: the code runs no further, open activities do
    Terminate {
        #[command(flatten)]
        ids: Ids,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Also the sub-orchestrations
        #[arg(long, conflicts_with = "force")]
        recursive: bool,
        /// End them in storage, also when no worker runs their code
        #[arg(long)]
        force: bool,
    },
    /// Delete instances that have ended, with their histories
    Purge {
        #[command(flatten)]
        ids: Ids,
        /// Also the sub-orchestrations
        #[arg(long)]
        recursive: bool,
    },
    /// Suspend: events wait until it is resumed
    Suspend {
        #[command(flatten)]
        ids: Ids,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Resume what is suspended
    Resume {
        #[command(flatten)]
        ids: Ids,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Start again with the same input, in place or under a new id
    Restart {
        #[command(flatten)]
        ids: Ids,
        #[arg(long)]
        new_id: bool,
    },
    /// Take failed ones back to before their failure
    Rewind {
        #[command(flatten)]
        ids: Ids,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Start a new one; an id that is taken is refused
    Start {
        /// Name of the orchestration
        name: String,
        /// Instance id; without, one is made
        #[arg(long)]
        id: Option<String>,
        #[arg(long)]
        version: Option<String>,
        #[arg(long = "tag", value_name = "KEY=VALUE")]
        tags: Vec<String>,
        /// Its input, JSON
        #[arg(long, value_name = "JSON")]
        input: Option<String>,
    },
}

/// What to do to entities.
#[derive(Debug, Subcommand)]
pub enum Entities {
    /// Signal an entity: an operation without an answer
    Signal {
        /// Like @counter@global
        id: String,
        operation: String,
        /// Its input, JSON
        #[arg(long, value_name = "JSON")]
        input: Option<String>,
    },
    /// Tidy the storage of entities
    Clean {
        /// Free locks whose holders have ended
        #[arg(long)]
        release_locks: bool,
        /// Delete entities without state, lock and waiting operations
        #[arg(long)]
        remove_empty: bool,
    },
}

/// Instance ids.
#[derive(Debug, clap::Args)]
pub struct Ids {
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("{0}")]
    Argument(String),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("not connected: {0}")]
    Connect(String),
    #[error("nothing was done: {0}")]
    NotConfirmed(&'static str),
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// One call, and how its line begins.
struct Act {
    subject: String,
    call: Call,
}

/// Carries a verb about instances out; true when all was done.
///
/// # Errors
/// See [`ActError`]; what single instances were refused is printed and not among these.
pub async fn instances(server: &Server, verb: Instances, yes: bool) -> Result<bool, ActError> {
    let (ids, deed) = match verb {
        Instances::Start {
            name,
            id,
            version,
            tags,
            input,
        } => {
            let start = Start {
                instance_id: id.unwrap_or_default(),
                version,
                tags: pairs(tags)?,
                input: checked(input)?,
                name: name.clone(),
            };
            let call = Call::Start(Box::new(start));
            let act = Act {
                subject: name,
                call,
            };
            return carry_out(server, vec![act], "started").await;
        }
        Instances::Raise { ids, event, input } => {
            let payload = checked(input)?;
            (
                ids,
                Deed::RaiseEvent {
                    name: event,
                    payload,
                },
            )
        }
        Instances::Terminate {
            ids,
            reason,
            recursive,
            force,
        } => (
            ids,
            Deed::Terminate {
                reason,
                recursive,
                force,
            },
        ),
        Instances::Purge { ids, recursive } => (ids, Deed::Purge { recursive }),
        Instances::Suspend { ids, reason } => (ids, Deed::Suspend { reason }),
        Instances::Resume { ids, reason } => (ids, Deed::Resume { reason }),
        Instances::Restart { ids, new_id } => (ids, Deed::Restart { new_id }),
        Instances::Rewind { ids, reason } => (ids, Deed::Rewind { reason }),
    };
    if deed.destroys() && !yes {
        confirm(deed.verb(), ids.ids.len())?;
    }
    let done = deed.done();
    let acts = ids.ids.into_iter().map(|id| Act {
        call: deed.call(&id),
        subject: id,
    });
    carry_out(server, acts.collect(), done).await
}

/// Carries a verb about entities out; true when it was done.
///
/// # Errors
/// As [`instances`].
pub async fn entities(server: &Server, verb: Entities) -> Result<bool, ActError> {
    let (subject, done, call) = match verb {
        Entities::Signal {
            id,
            operation,
            input,
        } => {
            let input = checked(input)?;
            let call = Call::SignalEntity {
                entity_id: id.clone(),
                operation,
                input,
            };
            (id, "signalled", call)
        }
        Entities::Clean {
            release_locks,
            remove_empty,
        } => {
            let call = Call::CleanEntities {
                remove_empty,
                release_locks,
            };
            ("entities".to_owned(), "cleaned", call)
        }
    };
    carry_out(server, vec![Act { subject, call }], done).await
}

/// Makes all calls, some at a time, and prints a line for each in the order they were given.
async fn carry_out(server: &Server, acts: Vec<Act>, done: &str) -> Result<bool, ActError> {
    let hub = Address::new(server)?
        .connect()
        .await
        .map_err(ActError::Connect)?;
    let made = acts.into_iter().map(|act| {
        let hub = hub.clone();
        async move { (act.subject, calls::make(hub, 0, act.call).await.outcome) }
    });
    let mut made = futures_util::stream::iter(made).buffered(OUT_MAX);
    let mut all_done = true;
    while let Some((subject, outcome)) = made.next().await {
        let subject = text::visible(&subject);
        match outcome {
            Ok(answer) => {
                let more = words(&answer);
                writeln!(std::io::stdout(), "{subject}: {done}{more}")?;
            }
            Err(reason) => {
                all_done = false;
                let reason = text::visible(&reason);
                writeln!(std::io::stderr(), "{subject}: {reason}")?;
            }
        }
    }
    Ok(all_done)
}

/// What an answer adds to "done".
fn words(answer: &Answer) -> String {
    match answer {
        Answer::Started { instance_id } => format!(" as {}", text::visible(instance_id)),
        Answer::Purged { deleted } => format!(", {deleted} deleted"),
        Answer::Cleaned { removed, released } => {
            format!(", {removed} removed, {released} locks released")
        }
        _ => String::new(),
    }
}

/// Asks on the terminal; without one there is nobody to ask.
fn confirm(verb: &str, count: usize) -> Result<(), ActError> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() {
        return Err(ActError::NotConfirmed("say --yes, as nobody can be asked"));
    }
    write!(stderr, "{verb} {count} of them? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(ActError::NotConfirmed("not confirmed")),
    }
}

/// A payload as it was given, if it is JSON.
fn checked(input: Option<String>) -> Result<Option<String>, ActError> {
    if let Some(text) = &input
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        return Err(ActError::Argument(format!(
            "--input is no JSON: {error} (texts stand in double quotes)"
        )));
    }
    Ok(input)
}

fn pairs(tags: Vec<String>) -> Result<BTreeMap<String, String>, ActError> {
    let pair = |tag: String| match tag.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(ActError::Argument(format!(
            "--tag {tag:?} is not KEY=VALUE"
        ))),
    };
    tags.into_iter().map(pair).collect()
}
