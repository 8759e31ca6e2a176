//! A fan-out, or many of them, on duroxide with a SQLite file, in one process as it is meant to be.
//!
//! `durascope-peer-duroxide DATABASE INSTANCES ACTIVITIES` prints one JSON object and ends when
//! its standard input does, so that whoever started it can look at what it has used.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::bail;
use duroxide::ActivityContext;
use duroxide::Client;
use duroxide::OrchestrationContext;
use duroxide::OrchestrationRegistry;
use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::OrchestrationStatus;
use duroxide::runtime::Runtime;
use duroxide::runtime::registry::ActivityRegistry;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

const PATIENCE: Duration = Duration::from_secs(300);
const WARM_UP: u32 = 8;

async fn fan_out(ctx: OrchestrationContext, size: String) -> Result<String, String> {
    let size: u32 = size.parse().map_err(|error| format!("{error}"))?;
    let calls = (0..size).map(|number| ctx.schedule_activity("Echo", number.to_string()));
    let mut sum = 0;
    for result in ctx.join(calls.collect()).await {
        sum += result?.parse::<u64>().map_err(|error| format!("{error}"))?;
    }
    Ok(sum.to_string())
}

async fn echo(_ctx: ActivityContext, number: String) -> Result<String, String> {
    Ok(number)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().context("DATABASE INSTANCES ACTIVITIES");
    let database = word()?;
    let instances: u32 = word()?.parse()?;
    let activities: u32 = word()?.parse()?;
    std::fs::File::create(&database)?;
    let url = format!("sqlite:{database}");
    let store = Arc::new(SqliteProvider::new(&url, None).await?);
    let runtime = Runtime::start_with_store(
        store.clone(),
        ActivityRegistry::builder().register("Echo", echo).build(),
        OrchestrationRegistry::builder()
            .register("FanOut", fan_out)
            .build(),
    )
    .await;
    let client = Client::new(store);
    run(&client, "warm", 1, WARM_UP).await.ok();
    let began = Instant::now();
    let said = match run(&client, "timed", instances, activities).await {
        Ok(()) => json!({ "seconds": began.elapsed().as_secs_f64() }),
        Err(error) => json!({ "error": format!("{error:#}") }),
    };
    println!("{said}");
    // Until it is looked at.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.ok();
    drop(runtime);
    Ok(())
}

async fn run(client: &Client, prefix: &str, instances: u32, activities: u32) -> anyhow::Result<()> {
    let expected = u64::from(activities) * u64::from(activities - 1) / 2;
    let id = |number: u32| format!("{prefix}-{number}");
    for number in 0..instances {
        client
            .start_orchestration(&id(number), "FanOut", activities.to_string())
            .await?;
    }
    for number in 0..instances {
        match client.wait_for_orchestration(&id(number), PATIENCE).await? {
            OrchestrationStatus::Completed { output, .. } if output == expected.to_string() => {}
            other => bail!("{} ended as {other:?}", id(number)),
        }
    }
    Ok(())
}
