//! Batches: no more than ten activities at a time, and each batch shows in the custom status.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::Worker;
use futures_util::future::join_all;
use serde::Deserialize;
use serde::Serialize;

#[derive(Debug, Serialize, Deserialize)]
struct Summary {
    succeeded: usize,
    failed: usize,
}

const RESIZE: Activity<u32, u32> = Activity::named("ResizeImage");
const GALLERY: Orchestration<Vec<u32>, Summary> = Orchestration::named("ResizeGallery");
const BATCH_SIZE: usize = 10;

async fn resize(_ctx: ActivityContext, image: u32) -> anyhow::Result<u32> {
    anyhow::ensure!(!image.is_multiple_of(13), "image {image} is damaged");
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(image / 2)
}

/// One failed image does not stop the others: its failure is counted.
async fn gallery(
    ctx: OrchestrationContext,
    images: Vec<u32>,
) -> Result<Summary, OrchestrationError> {
    let batches = images.len().div_ceil(BATCH_SIZE);
    let mut summary = Summary {
        succeeded: 0,
        failed: 0,
    };
    for (number, batch) in images.chunks(BATCH_SIZE).enumerate() {
        ctx.set_custom_status(&format!("batch {} of {batches}", number + 1))?;
        let results = join_all(batch.iter().map(|image| ctx.call(&RESIZE, *image))).await;
        summary.succeeded += results.iter().filter(|result| result.is_ok()).count();
        summary.failed += results.iter().filter(|result| result.is_err()).count();
    }
    Ok(summary)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::from_env()?;
    let worker = Worker::builder(&client)
        .orchestration(&GALLERY, gallery)
        .activity(&RESIZE, resize)
        .build()?
        .start();

    let id = client.start(&GALLERY, (1..=100).collect()).await?;
    let state = client
        .wait_for_completion(&id, Duration::from_secs(60))
        .await?;
    println!(
        "{:?}, last status {:?}",
        state.output::<Summary>()?,
        state.custom_status::<String>()?
    );
    worker.stop().await?;
    Ok(())
}
