//! A tree: an order ships to regions, each region's sub-orchestration books and ships parcels.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::worker::WorkerBuilder;
use futures_util::future::join_all;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::Serialize;

pub(crate) const SHIP_ORDER: Orchestration<u32, u32> = Orchestration::named("ShipOrder");
const SHIP_REGION: Orchestration<Region, u32> = Orchestration::named("ShipRegion");
const SHIP_PARCEL: Orchestration<u32, bool> = Orchestration::named("ShipParcel");
const BOOK_CARRIER: Activity<String, String> = Activity::named("BookCarrier");
const PRINT_LABEL: Activity<u32, String> = Activity::named("PrintLabel");

const REGIONS: [&str; 4] = ["eu", "us", "asia", "uk"];

#[derive(Debug, Serialize, Deserialize)]
struct Region {
    name: String,
    parcels: u32,
}

pub(super) fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder
        .orchestration(&SHIP_ORDER, ship_order)
        .orchestration(&SHIP_REGION, ship_region)
        .orchestration(&SHIP_PARCEL, ship_parcel)
        .activity(&BOOK_CARRIER, book_carrier)
        .activity(&PRINT_LABEL, print_label)
}

async fn ship_order(ctx: OrchestrationContext, parcels: u32) -> Result<u32, OrchestrationError> {
    let regions = REGIONS.iter().map(|name| {
        let id = format!("{}-{name}", ctx.instance_id());
        let region = Region {
            name: (*name).to_owned(),
            parcels,
        };
        ctx.call_sub_with(&SHIP_REGION, region, SubOptions::new().instance_id(id))
    });
    let shipped = join_all(regions).await;
    let failed = shipped.iter().filter(|region| region.is_err()).count();
    ctx.set_custom_status(&format!("{failed} of {} regions failed", REGIONS.len()))?;
    Ok(shipped.into_iter().flatten().sum())
}

async fn ship_region(ctx: OrchestrationContext, region: Region) -> Result<u32, TaskFailed> {
    ctx.call(&BOOK_CARRIER, region.name).await?;
    let parcels = (1..=region.parcels).map(|number| ctx.call_sub(&SHIP_PARCEL, number));
    let shipped = try_join_all(parcels).await?;
    Ok(u32::try_from(shipped.len()).unwrap_or(u32::MAX))
}

async fn ship_parcel(ctx: OrchestrationContext, number: u32) -> Result<bool, TaskFailed> {
    let labels = (0..3).map(|copy| ctx.call(&PRINT_LABEL, number * 10 + copy));
    Ok(!try_join_all(labels).await?.is_empty())
}

async fn book_carrier(ctx: ActivityContext, region: String) -> anyhow::Result<String> {
    super::work(&ctx, 100, 400).await;
    Ok(format!("carrier for {region}"))
}

async fn print_label(ctx: ActivityContext, number: u32) -> anyhow::Result<String> {
    super::work(&ctx, 50, 250).await;
    Ok(format!("label {number}"))
}
