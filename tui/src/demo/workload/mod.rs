//! What the demo runs: orchestrations that move on screen as real ones do.

pub(super) mod approvals;
pub(super) mod catalog;
pub(super) mod checkout;
pub(super) mod imports;
pub(super) mod monitor;
pub(super) mod shipping;

use std::time::Duration;

use durascope_sdk::ActivityContext;
use durascope_sdk::Client;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;

/// A worker that serves all of it.
pub(super) fn worker(client: &Client) -> WorkerBuilder {
    let mut builder = Worker::builder(client);
    for register in [
        imports::register,
        catalog::register,
        shipping::register,
        approvals::register,
        monitor::register,
        checkout::register,
    ] {
        builder = register(builder);
    }
    builder
}

/// A number that looks random and is the same for the same task.
fn dice(ctx: &ActivityContext, sides: u64) -> u64 {
    let seed = ctx.instance_id().bytes().chain(ctx.task_id().to_le_bytes());
    // FNV-1a, with a last mix so that neighbours differ.
    let hash = seed.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    (mixed ^ (mixed >> 33)) % sides.max(1)
}

/// Pretends to work for `least` to `most` milliseconds, and now and then several times that.
async fn work(ctx: &ActivityContext, least: u64, most: u64) {
    let roll = dice(ctx, 1_000);
    let span = most.saturating_sub(least);
    let millis = if roll < 3 {
        most * 6
    } else {
        least + roll * span / 1_000
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
