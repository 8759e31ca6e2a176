//! Runs one pattern against the scheduler of the environment: worker, start, result.
#![expect(clippy::print_stdout, reason = "a program shows its result")]

use std::time::Duration;

use anyhow::Context as _;
use durascope_patterns::CATALOG;
use durascope_sdk::Client;
use durascope_sdk::StartOptions;
use durascope_sdk::Worker;

const LIMIT: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Some(name) = std::env::args().nth(1) else {
        println!("usage: durascope-patterns PATTERN\n\npatterns:");
        for pattern in CATALOG {
            println!("  {:20} {}", pattern.name, pattern.about);
        }
        return Ok(());
    };
    let pattern = CATALOG.iter().find(|it| it.name == name);
    let pattern = pattern.with_context(|| format!("no pattern is named {name:?}"))?;
    tracing::subscriber::set_global_default(durascope_patterns::logging::subscriber(
        std::io::stderr,
    ))?;

    let client = Client::from_env()?;
    let worker = durascope_patterns::register(Worker::builder(&client))
        .build()?
        .start();
    let id = client
        .start_by_name(
            pattern.orchestration,
            (pattern.input)(),
            StartOptions::new(),
        )
        .await?;
    let state = client.wait_for_completion(&id, LIMIT).await?;
    println!("{id} is {}", state.status);
    match (&state.raw_output, &state.failure) {
        (_, Some(failure)) => println!("{failure}"),
        (Some(output), None) => println!("{output}"),
        (None, None) => {}
    }
    worker.stop().await?;
    Ok(())
}
