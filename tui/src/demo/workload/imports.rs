//! A nightly import: thousands of pages, batch after batch, with its progress as custom status.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::worker::WorkerBuilder;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::Serialize;

pub(crate) const NIGHTLY_IMPORT: Orchestration<Import, u64> = Orchestration::named("NightlyImport");
const LOAD_PAGE: Activity<u32, u64> = Activity::named("LoadPage");

/// How much to import.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) pages: u32,
    pub(crate) batch_size: u32,
}

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&NIGHTLY_IMPORT, nightly_import)
        .activity(&LOAD_PAGE, load_page)
}

async fn nightly_import(
    ctx: OrchestrationContext,
    import: Import,
) -> Result<u64, OrchestrationError> {
    let mut rows = 0;
    let pages: Vec<u32> = (1..=import.pages).collect();
    let size = usize::try_from(import.batch_size.max(1)).unwrap_or(1);
    let batches = pages.len().div_ceil(size);
    for (index, batch) in pages.chunks(size).enumerate() {
        ctx.set_custom_status(&format!("batch {} of {batches}", index + 1))?;
        let loads = batch.iter().map(|page| ctx.call(&LOAD_PAGE, *page));
        rows += try_join_all(loads).await?.into_iter().sum::<u64>();
    }
    Ok(rows)
}

async fn load_page(ctx: ActivityContext, page: u32) -> anyhow::Result<u64> {
    super::work(&ctx, 40, 200).await;
    Ok(u64::from(page) % 50 + 10)
}
