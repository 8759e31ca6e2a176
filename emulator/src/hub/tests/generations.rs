//! Continue-as-new: what goes over to the next execution, and what stays behind.

use durascope_proto::ActivityResponse;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::CreateTimerAction;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorResponse;
use durascope_proto::ResumeRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::WorkItem;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;
use durascope_proto::time;
use durascope_proto::work_item::Request;

use super::answers::answer;
use super::answers::child;
use super::answers::end;
use super::answers::response;
use super::answers::task;
use super::event;
use super::fresh;
use super::news;
use super::next;
use super::raised;
use super::start;
use super::started;
use super::status;
use super::turn;
use super::worker;
use crate::clock;
use crate::hub::queries::Texts;

fn renew() -> CompleteOrchestrationAction {
    CompleteOrchestrationAction {
        orchestration_status: Status::ContinuedAsNew as i32,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_child_started_before_continue_as_new_does_not_report_to_the_next_execution() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("parent")).await.unwrap();
    let first = next(&mut items).await;
    let asker = turn(&first).execution_id.clone();
    let actions = [child("child"), end(Status::ContinuedAsNew)];
    answer(&hub, key, &first, actions).await;
    let mut firsts = [next(&mut items).await, next(&mut items).await];
    firsts.sort_by_key(|item| turn(item).instance_id.clone());
    let [of_child, of_parent] = firsts;
    let parent = started(turn(&of_child)).parent_instance.clone().unwrap();
    let parent = parent.orchestration_instance.unwrap();
    assert_eq!(parent.execution_id, asker, "who asked is its parent");

    // The next execution has an open task with the id that the child had.
    answer(&hub, key, &of_parent, [task("Step")]).await;
    answer(&hub, key, &of_child, [end(Status::Completed)]).await;
    let mut seen = Vec::new();
    while !seen
        .iter()
        .any(|it| matches!(it, EventType::TaskCompleted(_)))
    {
        let item = next(&mut items).await;
        if let Some(Request::ActivityRequest(request)) = &item.request {
            let response = ActivityResponse {
                completion_token: item.completion_token.clone(),
                task_id: request.task_id,
                ..Default::default()
            };
            hub.complete_activity(key, response).await.unwrap();
        } else {
            seen.extend(news(turn(&item)).cloned());
            answer(&hub, key, &item, []).await;
        }
    }
    assert!(
        !seen.iter().any(|it| matches!(
            it,
            EventType::SubOrchestrationInstanceCompleted(_)
                | EventType::SubOrchestrationInstanceFailed(_)
        )),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_execution_with_a_large_input_continues_as_new_in_a_later_turn() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    let request = CreateInstanceRequest {
        input: Some("x".repeat(300_000)),
        ..start("order")
    };
    hub.start(key, request).await.unwrap();
    let first = next(&mut items).await;
    let timer = Action::CreateTimer(CreateTimerAction::default());
    answer(&hub, key, &first, [timer]).await;
    let second = next(&mut items).await;
    let renew = CompleteOrchestrationAction {
        result: Some("1".to_owned()),
        ..renew()
    };
    answer(&hub, key, &second, [Action::CompleteOrchestration(renew)]).await;

    assert_eq!(status(&hub, key, "order").await, Status::Running);
    let renewed = next(&mut items).await;
    let started = started(turn(&renewed));
    assert_eq!(started.name, "Order");
    assert_eq!(started.input.as_deref(), Some("1"));
}

#[tokio::test]
async fn events_carried_over_come_before_events_that_waited() {
    let (_folder, _path, hub, key) = fresh().await;
    // The start comes after the events, so its place in the inbox is behind theirs.
    let soon = clock::wall_us() + 300_000;
    let request = CreateInstanceRequest {
        scheduled_start_timestamp: Some(time::from_micros(soon)),
        ..start("order")
    };
    hub.start(key, request).await.unwrap();
    hub.raise_event(key, event("order", "first")).await.unwrap();
    // A turn ends before a suspension: the second event waits for another one.
    let suspend = SuspendRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    hub.suspend(key, suspend).await.unwrap();
    let resume = ResumeRequest {
        instance_id: "order".to_owned(),
        reason: None,
    };
    hub.resume(key, resume).await.unwrap();
    hub.raise_event(key, event("order", "second"))
        .await
        .unwrap();

    let mut items = worker(&hub, key, 4).await;
    let first = next(&mut items).await;
    assert_eq!(raised(turn(&first)), ["first"]);
    let is_event = |event: &&HistoryEvent| {
        let kind = event.event_type.as_ref();
        matches!(kind, Some(EventType::EventRaised(_)))
    };
    let events = turn(&first).new_events.iter().filter(is_event);
    let renew = CompleteOrchestrationAction {
        carryover_events: events.cloned().collect(),
        ..renew()
    };
    answer(&hub, key, &first, [Action::CompleteOrchestration(renew)]).await;
    let mut order: Vec<String> = Vec::new();
    while order.len() < 2 {
        let item = next(&mut items).await;
        order.extend(raised(turn(&item)).into_iter().map(str::to_owned));
        answer(&hub, key, &item, []).await;
    }
    assert_eq!(order, ["first", "second"]);
}

#[tokio::test]
async fn tags_given_at_continue_as_new_show_on_the_instance() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    let request = CreateInstanceRequest {
        tags: [("stage".to_owned(), "first".to_owned())].into(),
        ..start("order")
    };
    hub.start(key, request).await.unwrap();
    let first = next(&mut items).await;
    let renew = CompleteOrchestrationAction {
        tags: [("stage".to_owned(), "second".to_owned())].into(),
        ..renew()
    };
    let expected = renew.tags.clone();
    answer(&hub, key, &first, [Action::CompleteOrchestration(renew)]).await;
    let second = next(&mut items).await;
    assert_eq!(started(turn(&second)).tags, expected);
    let state = hub.instance(key, "order", Texts::Blank).await;
    assert_eq!(state.unwrap().unwrap().tags, expected);
}

#[tokio::test]
async fn a_worker_without_tokens_never_has_two_activities_that_it_could_not_tell_apart() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("order")).await.unwrap();
    let without_token = |item: &WorkItem, actions: Vec<Action>| OrchestratorResponse {
        instance_id: turn(item).instance_id.clone(),
        completion_token: String::new(),
        ..response(item, actions)
    };
    let result = |text: &str| ActivityResponse {
        instance_id: "order".to_owned(),
        task_id: 1,
        result: Some(text.to_owned()),
        ..Default::default()
    };
    let first = next(&mut items).await;
    let left = vec![task("Step"), end(Status::ContinuedAsNew)];
    hub.complete_turn(key, without_token(&first, left))
        .await
        .unwrap();
    let both = [next(&mut items).await, next(&mut items).await];
    let second = both
        .iter()
        .find(|item| matches!(item.request, Some(Request::OrchestratorRequest(_))));
    let schedule = without_token(second.unwrap(), vec![task("Step")]);
    hub.complete_turn(key, schedule).await.unwrap();

    // The first answer can only be that of the old execution: the new activity is not out.
    hub.complete_activity(key, result("old")).await.unwrap();
    let again = next(&mut items).await;
    assert!(matches!(again.request, Some(Request::ActivityRequest(_))));
    hub.complete_activity(key, result("new")).await.unwrap();
    let last = next(&mut items).await;
    let results: Vec<_> = news(turn(&last))
        .filter_map(|event| match event {
            EventType::TaskCompleted(completed) => completed.result.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(results, ["new"]);
}
