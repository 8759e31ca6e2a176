//! Rewind over lives of the hub and over transactions that fail: what had a result keeps it, and
//! what was open goes on.

use durascope_proto::ActivityRequest;
use durascope_proto::ActivityResponse;
use durascope_proto::CreateTimerAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorRequest;
use durascope_proto::RewindInstanceRequest;
use durascope_proto::RewindOrchestrationAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use durascope_proto::work_item::Request;

use super::answers::answer;
use super::answers::child;
use super::answers::end;
use super::answers::response;
use super::answers::task;
use super::event;
use super::fresh;
use super::hub;
use super::news;
use super::next;
use super::raised;
use super::read;
use super::recovery::check_counters;
use super::start;
use super::status;
use super::turn;
use super::worker;
use crate::dispatch::WorkerItems;
use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;

pub(super) fn request(id: &str) -> RewindInstanceRequest {
    RewindInstanceRequest {
        instance_id: id.to_owned(),
        reason: Some("fixed".to_owned()),
    }
}

pub(super) fn is_rewind(turn: &OrchestratorRequest) -> bool {
    news(turn).any(|it| matches!(it, EventType::ExecutionRewound(_)))
}

/// What a worker that knows rewind answers.
pub(super) fn rewound(turn: &OrchestratorRequest, execution: &str) -> Action {
    let all = || turn.past_events.iter().chain(&turn.new_events);
    let failed: Vec<i32> = all()
        .filter_map(|event| match &event.event_type {
            Some(EventType::TaskFailed(failed)) => Some(failed.task_scheduled_id),
            _ => None,
        })
        .collect();
    let kept = all().filter(|event| match &event.event_type {
        Some(
            EventType::TaskFailed(_)
            | EventType::SubOrchestrationInstanceFailed(_)
            | EventType::ExecutionCompleted(_),
        ) => false,
        Some(EventType::TaskScheduled(_)) => !failed.contains(&event.event_id),
        _ => true,
    });
    let new_history: Vec<HistoryEvent> = kept
        .cloned()
        .map(|mut event| {
            if let Some(EventType::ExecutionStarted(started)) = &mut event.event_type {
                let identity = started.orchestration_instance.as_mut().unwrap();
                identity.execution_id = Some(execution.to_owned());
            }
            event
        })
        .collect();
    Action::RewindOrchestration(RewindOrchestrationAction { new_history })
}

fn activity(item: &WorkItem) -> &ActivityRequest {
    match &item.request {
        Some(Request::ActivityRequest(request)) => request,
        other => panic!("not an activity: {other:?}"),
    }
}

pub(super) async fn finish(hub: &Hub, key: HubKey, item: &WorkItem, failed: bool) {
    let response = ActivityResponse {
        completion_token: item.completion_token.clone(),
        task_id: activity(item).task_id,
        result: Some("1".to_owned()),
        failure_details: failed.then(TaskFailureDetails::default),
        ..Default::default()
    };
    hub.complete_activity(key, response).await.unwrap();
}

/// The next work items, turns and activities apart.
async fn take(items: &mut WorkerItems, count: usize) -> (Vec<WorkItem>, Vec<WorkItem>) {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(next(items).await);
    }
    all.into_iter()
        .partition(|item| matches!(item.request, Some(Request::OrchestratorRequest(_))))
}

/// "order" has failed: of its activities "Good" has a result, "Bad" has failed, and "Slow", which
/// is returned, is still out.
async fn failed_with_one_out(hub: &Hub, key: HubKey, items: &mut WorkerItems) -> WorkItem {
    hub.start(key, start("order")).await.unwrap();
    let first = next(items).await;
    let tasks = [task("Good"), task("Bad"), task("Slow")];
    answer(hub, key, &first, tasks).await;
    let (_, out) = take(items, 3).await;
    let named = |name: &str| out.iter().find(|it| activity(it).name == name).unwrap();
    finish(hub, key, named("Good"), false).await;
    finish(hub, key, named("Bad"), true).await;
    loop {
        let item = next(items).await;
        let all = turn(&item)
            .past_events
            .iter()
            .chain(&turn(&item).new_events);
        let mut all = all.filter_map(|event| event.event_type.as_ref());
        if all.any(|it| matches!(it, EventType::TaskFailed(_))) {
            // So that both results are in the history.
            let seen = turn(&item)
                .past_events
                .iter()
                .chain(&turn(&item).new_events);
            let seen = seen.filter(|it| matches!(it.event_type, Some(EventType::TaskCompleted(_))));
            assert_eq!(seen.count(), 1);
            answer(hub, key, &item, [end(Status::Failed)]).await;
            return named("Slow").clone();
        }
        answer(hub, key, &item, []).await;
    }
}

#[tokio::test]
async fn an_activity_that_outlived_the_failure_counts_for_the_new_execution_and_runs_once() {
    for by_worker in [true, false] {
        let (_folder, path, hub, key) = fresh().await;
        let mut items = worker(&hub, key, 9).await;
        let slow = failed_with_one_out(&hub, key, &mut items).await;
        assert_eq!(status(&hub, key, "order").await, Status::Failed);
        hub.rewind(key, request("order")).await.unwrap();
        assert_eq!(status(&hub, key, "order").await, Status::Running);
        check_counters(&path, 0);
        let asked = next(&mut items).await;
        assert!(is_rewind(turn(&asked)));
        let made = by_worker.then(|| rewound(turn(&asked), "made-by-the-worker"));
        answer(&hub, key, &asked, made).await;
        check_counters(&path, 0);
        finish(&hub, key, &slow, false).await;
        check_counters(&path, 0);

        // The replay schedules what had failed, and nothing else comes.
        let replay = next(&mut items).await;
        assert_eq!(news(turn(&replay)).count(), 1, "it has no event of its own");
        let mut again = response(&replay, [task("Bad")]);
        again.actions[0].id = 2;
        hub.complete_turn(key, again).await.unwrap();
        let (turns, out) = take(&mut items, 2).await;
        assert_eq!(activity(&out[0]).name, "Bad");
        let result = news(turn(&turns[0])).nth(1).unwrap();
        assert!(
            matches!(result, EventType::TaskCompleted(it) if it.task_scheduled_id == 3),
            "{result:?}"
        );
        answer(&hub, key, &turns[0], []).await;
        finish(&hub, key, &out[0], false).await;
        let last = next(&mut items).await;
        answer(&hub, key, &last, [end(Status::Completed)]).await;
        check_counters(&path, 0);
        let orphans = read(&path, |db| {
            let count = "SELECT count(*) FROM activity";
            db.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap()
        });
        assert_eq!(orphans, 0);
    }
}

#[tokio::test]
async fn a_result_between_failure_and_rewind_is_lost_and_its_activity_runs_again() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    let slow = failed_with_one_out(&hub, key, &mut items).await;
    finish(&hub, key, &slow, false).await;
    hub.rewind(key, request("order")).await.unwrap();
    let asked = next(&mut items).await;
    answer(&hub, key, &asked, []).await;
    let (turns, out) = take(&mut items, 2).await;
    assert_eq!(activity(&out[0]).name, "Slow");
    assert_eq!(news(turn(&turns[0])).count(), 1);
    check_counters(&path, 0);
}

#[tokio::test]
async fn a_result_that_comes_while_the_worker_is_asked_is_kept() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    let slow = failed_with_one_out(&hub, key, &mut items).await;
    hub.rewind(key, request("order")).await.unwrap();
    let asked = next(&mut items).await;
    finish(&hub, key, &slow, false).await;
    hub.raise_event(key, event("order", "Waits")).await.unwrap();
    check_counters(&path, 0);
    answer(&hub, key, &asked, []).await;
    check_counters(&path, 0);
    let replay = next(&mut items).await;
    assert_eq!(news(turn(&replay)).count(), 1);
    answer(&hub, key, &replay, []).await;
    let told = next(&mut items).await;
    assert_eq!(news(turn(&told)).count(), 3);
    assert_eq!(raised(turn(&told)), ["Waits"]);
}

#[tokio::test]
async fn a_rewind_goes_on_after_every_step_in_another_life() {
    let (_folder, path, one, key) = fresh().await;
    let mut items = worker(&one, key, 9).await;
    failed_with_one_out(&one, key, &mut items).await;
    drop((items, one));

    let (two, key) = hub(&path).await;
    two.rewind(key, request("order")).await.unwrap();
    drop(two);

    // What was asked for is asked again; what had a row is out once.
    let (three, key) = hub(&path).await;
    let mut items = worker(&three, key, 9).await;
    let (turns, out) = take(&mut items, 2).await;
    assert!(is_rewind(turn(&turns[0])));
    assert_eq!(activity(&out[0]).name, "Slow");
    let live = three.inspect(key, "order").await.unwrap();
    assert_eq!(live.activities.len(), 1);
    answer(&three, key, &turns[0], []).await;
    check_counters(&path, 0);
    drop((items, three));

    // The new history is there, and its replay comes.
    let (four, key) = hub(&path).await;
    let mut items = worker(&four, key, 9).await;
    let (turns, out) = take(&mut items, 2).await;
    assert_eq!(news(turn(&turns[0])).count(), 1);
    assert_eq!(activity(&out[0]).name, "Slow");
    let mut again = response(&turns[0], [task("Bad")]);
    again.actions[0].id = 2;
    four.complete_turn(key, again).await.unwrap();
    finish(&four, key, &out[0], false).await;
    drop((items, four));

    let (five, key) = hub(&path).await;
    check_counters(&path, 0);
    let mut items = worker(&five, key, 9).await;
    let (turns, out) = take(&mut items, 2).await;
    assert_eq!(activity(&out[0]).name, "Bad");
    let told = news(turn(&turns[0])).nth(1).unwrap();
    assert!(matches!(told, EventType::TaskCompleted(it) if it.task_scheduled_id == 3));
}

#[tokio::test]
async fn a_new_history_that_was_rolled_back_is_asked_for_again() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    let slow = failed_with_one_out(&hub, key, &mut items).await;
    hub.rewind(key, request("order")).await.unwrap();
    let asked = next(&mut items).await;
    let poison = "CREATE TRIGGER poison BEFORE UPDATE OF status ON instance
        BEGIN SELECT raise(ABORT, 'poisoned'); END";
    read(&path, |db| db.execute_batch(poison).unwrap());
    let refused = hub.complete_turn(key, response(&asked, [])).await;
    assert!(
        matches!(refused, Err(HubError::NotCommitted(_))),
        "{refused:?}"
    );
    read(&path, |db| db.execute_batch("DROP TRIGGER poison").unwrap());
    check_counters(&path, 0);
    // The activity is again of the execution that failed, and still with the worker.
    answer(&hub, key, &asked, []).await;
    finish(&hub, key, &slow, false).await;
    check_counters(&path, 0);
    let replay = next(&mut items).await;
    answer(&hub, key, &replay, []).await;
    let told = next(&mut items).await;
    let told = news(turn(&told)).nth(1).unwrap();
    assert!(matches!(told, EventType::TaskCompleted(it) if it.task_scheduled_id == 3));
}

#[tokio::test]
async fn a_rewind_that_was_rolled_back_leaves_it_failed() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    failed_with_one_out(&hub, key, &mut items).await;
    let poison = "CREATE TRIGGER poison BEFORE UPDATE OF status ON instance
        BEGIN SELECT raise(ABORT, 'poisoned'); END";
    read(&path, |db| db.execute_batch(poison).unwrap());
    let refused = hub.rewind(key, request("order")).await;
    assert!(
        matches!(refused, Err(HubError::NotCommitted(_))),
        "{refused:?}"
    );
    read(&path, |db| db.execute_batch("DROP TRIGGER poison").unwrap());
    assert_eq!(status(&hub, key, "order").await, Status::Failed);
    hub.rewind(key, request("order")).await.unwrap();
    assert!(is_rewind(turn(&next(&mut items).await)));
}

#[tokio::test]
async fn a_timer_that_was_pending_fires_after_the_replay() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    // It is due at once, and fails before it is told.
    let timer = Action::CreateTimer(CreateTimerAction::default());
    answer(&hub, key, &first, [timer, end(Status::Failed)]).await;
    hub.rewind(key, request("order")).await.unwrap();
    let asked = next(&mut items).await;
    answer(&hub, key, &asked, []).await;
    let replay = next(&mut items).await;
    assert_eq!(news(turn(&replay)).count(), 1);
    answer(&hub, key, &replay, []).await;
    let fired = next(&mut items).await;
    assert!(news(turn(&fired)).any(|it| matches!(it, EventType::TimerFired(_))));
}

#[tokio::test]
async fn the_children_of_a_rewound_instance_are_those_of_its_new_execution() {
    let (_folder, path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 9).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&hub, key, &first, [child("running"), child("failed")]).await;
    let kids = [next(&mut items).await, next(&mut items).await];
    for kid in &kids {
        match turn(kid).instance_id.as_str() {
            "failed" => answer(&hub, key, kid, [end(Status::Failed)]).await,
            _ => answer(&hub, key, kid, []).await,
        }
    }
    let told = next(&mut items).await;
    answer(&hub, key, &told, [end(Status::Failed)]).await;
    hub.rewind(key, request("order")).await.unwrap();
    let asked = next(&mut items).await;
    answer(&hub, key, &asked, [rewound(turn(&asked), "second")]).await;
    assert_eq!(status(&hub, key, "failed").await, Status::Running);
    drop((items, hub));

    // Also in another life.
    let (hub, key) = super::hub(&path).await;
    let links: Vec<String> = read(&path, |db| {
        let sql = "SELECT parent_execution FROM instance WHERE parent IS NOT NULL";
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    });
    assert_eq!(links, ["second", "second"]);
    let mut items = worker(&hub, key, 9).await;
    let both = [next(&mut items).await, next(&mut items).await];
    let kid = both
        .iter()
        .find(|it| turn(it).instance_id == "failed")
        .unwrap();
    assert!(is_rewind(turn(kid)));
}
