//! The demo as a check: works for a while, compares what became of everything with what should
//! have, and says it in one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use durascope_proto::OrchestrationStatus as WireStatus;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::SortColumn;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::WatchUpdate;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use serde::Serialize;

use super::DemoError;
use super::driver;
use super::driver::Expected;
use super::script;
use crate::config::Server;
use crate::data::status;
use crate::io::glance::glance;

/// Time between two starts after the first round, which starts at once.
const START_EVERY: Duration = Duration::from_secs(1);

/// Nothing is started in the last part of the time, so that what runs can end.
const QUIET_SHARE: u32 = 2;

/// On a slow machine the end may come this much later than asked for.
const GRACE: Duration = Duration::from_secs(60);

/// What became of the demo.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Everything that should have ended did, as it should.
    pub ok: bool,
    pub seconds: f64,
    /// How many instances by status.
    pub instances: BTreeMap<String, u64>,
    pub activities: Activities,
    pub largest_history: Option<LargestHistory>,
    /// What did not become what it should, one line each.
    pub errors: Vec<String>,
}

/// Activities with a result. Failed ones are part of the demo: most are retried.
#[derive(Debug, Serialize)]
pub struct Activities {
    pub completed: u64,
    pub failed: u64,
}

#[derive(Debug, Serialize)]
pub struct LargestHistory {
    pub instance_id: String,
    pub events: u64,
    pub bytes: u64,
}

pub(super) async fn run(
    client: &Client,
    server: &Server,
    limit: Duration,
) -> Result<Summary, DemoError> {
    let begun = Instant::now();
    let expected = start_all(client, limit / QUIET_SHARE).await?;
    let mut errors = Vec::new();
    for expected in &expected {
        let left = (limit + GRACE).saturating_sub(begun.elapsed());
        if let Err(error) = check(client, expected, left).await {
            errors.push(error);
        }
    }
    // Until the time is up the eternal ones go on.
    tokio::time::sleep(limit.saturating_sub(begun.elapsed())).await;
    let update = look(server).await?;
    Ok(summary(&update, errors, begun.elapsed()))
}

/// Starts every pattern, and then again one after the other until `limit` has passed.
async fn start_all(client: &Client, limit: Duration) -> Result<Vec<Expected>, ClientError> {
    let begun = Instant::now();
    driver::start_endless(client).await?;
    let mut expected = Vec::new();
    for round in 1.. {
        for pattern in script::round(round) {
            if round > 1 && begun.elapsed() >= limit {
                return Ok(expected);
            }
            expected.push(driver::start_pattern(client, pattern, round).await?);
            if round > 1 {
                tokio::time::sleep(START_EVERY).await;
            }
        }
        expected.push(driver::start_approved(client, round).await?);
    }
    Ok(expected)
}

/// Waits for an instance to end; an error says what is not as expected.
async fn check(client: &Client, expected: &Expected, left: Duration) -> Result<(), String> {
    let Expected { id, status } = expected;
    match client.wait_for_completion(id, left).await {
        Ok(state) if state.status == *status => Ok(()),
        Ok(state) => {
            let why = state
                .failure
                .map(|it| format!(": {it}"))
                .unwrap_or_default();
            Err(format!("{id} is {} instead of {status}{why}", state.status))
        }
        Err(ClientError::DeadlineExceeded { .. }) => {
            Err(format!("{id} has not ended, expected {status}"))
        }
        Err(error) => Err(format!("{id}: {error}")),
    }
}

/// The feed with the instance of the largest history on top.
async fn look(server: &Server) -> Result<WatchUpdate, DemoError> {
    let window = InstanceWindow {
        sort: SortColumn::History as i32,
        limit: 1,
        ..Default::default()
    };
    let watch = WatchRequest {
        window: Some(window),
        instance_id: String::new(),
    };
    glance(server, watch).await.map_err(DemoError::Feed)
}

fn summary(update: &WatchUpdate, errors: Vec<String>, took: Duration) -> Summary {
    let hub = update.hub.clone().unwrap_or_default();
    let counters = hub.counters.unwrap_or_default();
    let instances = hub
        .totals
        .iter()
        .filter(|total| total.count > 0)
        .map(|total| {
            let status = WireStatus::try_from(total.status).unwrap_or(WireStatus::Failed);
            (status::word(status).to_owned(), total.count)
        });
    let largest = update.instances.as_ref().and_then(|page| page.rows.first());
    Summary {
        ok: errors.is_empty(),
        seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        instances: instances.collect(),
        activities: Activities {
            completed: counters
                .activities
                .saturating_sub(counters.activities_failed),
            failed: counters.activities_failed,
        },
        largest_history: largest.map(|row| LargestHistory {
            instance_id: row.instance_id.clone(),
            events: row.history_events,
            bytes: row.history_bytes,
        }),
        errors,
    }
}
