//! One activity, one orchestration: the smallest thing that survives a crash.
//!
//! Connects to the endpoint of `DTS_CONNECTION_STRING`, else to `http://localhost:8080`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::convert::Infallible;
use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::Worker;

const GREET: Activity<String, String> = Activity::named("Greet");
const HELLO: Orchestration<Vec<String>, Vec<String>> = Orchestration::named("Hello");

async fn greet(_ctx: ActivityContext, name: String) -> Result<String, Infallible> {
    Ok(format!("Hello {name}!"))
}

async fn hello(ctx: OrchestrationContext, names: Vec<String>) -> Result<Vec<String>, TaskFailed> {
    let mut greetings = Vec::new();
    for name in names {
        greetings.push(ctx.call(&GREET, name).await?);
    }
    Ok(greetings)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::from_env()?;
    let worker = Worker::builder(&client)
        .orchestration(&HELLO, hello)
        .activity(&GREET, greet)
        .build()?;
    let worker = worker.start();

    let names = ["Tokyo", "London", "Seattle"].map(String::from).to_vec();
    let id = client.start(&HELLO, names).await?;
    let state = client
        .wait_for_completion(&id, Duration::from_secs(30))
        .await?;
    for greeting in state.output::<Vec<String>>()? {
        println!("{greeting}");
    }
    worker.stop().await?;
    Ok(())
}
