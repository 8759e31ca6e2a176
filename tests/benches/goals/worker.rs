//! The role of a worker: our SDK, in a process of its own.

use anyhow::Result;
use durascope_sdk::Client;
use durascope_sdk::ConnectOptions;
use durascope_sdk::Worker;

use crate::process;
use crate::work;

/// What a worker is told on its command line.
pub(crate) struct Settings {
    pub(crate) endpoint: String,
    /// Activities at once; 0 for a worker that has none.
    pub(crate) activities: usize,
}

/// Works until the process that started it goes.
///
/// # Errors
/// When there is no such server.
pub(crate) async fn run(settings: Settings) -> Result<()> {
    process::end_with_parent();
    let client = Client::connect(ConnectOptions::new(&settings.endpoint, "default")?)?;
    let mut builder = Worker::builder(&client)
        .orchestration(&work::FAN_OUT, work::fan_out)
        .orchestration(&work::TELLING, work::telling)
        .orchestration(&work::CHAIN, work::chain)
        .orchestration(&work::TREE, work::tree)
        .orchestration(&work::COUNT, work::count)
        .entity::<work::Counter>(&work::COUNTER);
    if settings.activities == 0 {
        // It says so, or it would be sent what it cannot run.
        builder = builder.only_registered();
    } else {
        builder = builder
            .activity(&work::ECHO, work::echo)
            .activity(&work::TELL_HALF, work::tell_half)
            .max_concurrent_activities(settings.activities);
    }
    let _working = builder.build()?.start();
    std::future::pending().await
}
