//! How long the activities of the examples pretend to work.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use durascope_sdk::ActivityContext;

static IS_SLOW: AtomicBool = AtomicBool::new(false);

/// Lets activities take their time, as a demonstration needs it. Without, they end at once.
pub fn take_time() {
    IS_SLOW.store(true, Ordering::Relaxed);
}

/// Pretends to work for so many milliseconds, and now and then several times that.
pub(crate) async fn work(ctx: &ActivityContext, millis: Range<u64>) {
    if !IS_SLOW.load(Ordering::Relaxed) {
        return;
    }
    let roll = dice(ctx, 1_000);
    let millis = if roll < 3 {
        millis.end * 6
    } else {
        millis.start + roll * (millis.end - millis.start) / 1_000
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// A number that looks random and is the same for the same task.
pub(crate) fn dice(ctx: &ActivityContext, sides: u64) -> u64 {
    let seed = ctx.instance_id().bytes().chain(ctx.task_id().to_le_bytes());
    // FNV-1a, with a last mix so that neighbours differ.
    let hash = seed.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    (mixed ^ (mixed >> 33)) % sides.max(1)
}
