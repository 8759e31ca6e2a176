//! The tracker of progress that comes with the SDK.

use durascope_sdk::OrchestrationError;
use durascope_sdk::progress::Increment;
use durascope_sdk::progress::PROGRESS_TRACKER;
use durascope_sdk::progress::Progress;
use durascope_sdk::progress::ProgressTracker;
use serde_json::Value;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tracker_adds_up_what_it_is_told() {
    const WORK: Orchestration<u64, Progress> = Orchestration::named("Work");
    async fn work(ctx: OrchestrationContext, total: u64) -> Result<Progress, OrchestrationError> {
        let tracker = PROGRESS_TRACKER.id(ctx.instance_id());
        ctx.signal_entity(&tracker, &ProgressTracker::INITIALIZE, total)?;
        for failed in 0..3 {
            let more = Increment {
                processed: 10,
                failed,
            };
            ctx.signal_entity(&tracker, &ProgressTracker::INCREMENT, more)?;
        }
        Ok(ctx.call_entity(&tracker, &ProgressTracker::GET, ()).await?)
    }
    let world = World::start(|builder| {
        builder
            .orchestration(&WORK, work)
            .entity::<ProgressTracker>(&PROGRESS_TRACKER)
    });
    let began = now();
    let progress = world.run(&WORK, "work-1", 100).await;
    assert_eq!(
        (progress.total, progress.processed, progress.failed),
        (100, 30, 3)
    );
    let times = (progress.started_at.unwrap(), progress.updated_at.unwrap());
    assert!(times.0 <= times.1 && times.1 <= now());
    assert!(times.0 + std::time::Duration::from_millis(1) > began);

    let state: EntityId = "@progresstracker@work-1".parse().unwrap();
    let state = world.client.get_entity(&state).await.unwrap().unwrap();
    let state: Value = state.state().unwrap().unwrap();
    let keys: Vec<&String> = state.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["total", "processed", "failed", "startedAt", "updatedAt"]
    );
    assert!(
        state["startedAt"].as_str().unwrap().ends_with('Z'),
        "{state}"
    );
    world.stop().await;
}
