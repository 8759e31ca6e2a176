//! Durable timers that a turn did not take are in a later one.

use durascope_proto::CreateTimerAction;
use durascope_proto::OrchestratorRequest;
use durascope_proto::OrchestratorResponse;
use durascope_proto::RaiseEventRequest;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType as Action;

use super::answers::answer;
use super::answers::response;
use super::event;
use super::fresh;
use super::news;
use super::next;
use super::raised;
use super::start;
use super::turn;
use super::worker;

/// A timer that is due at once.
fn timer() -> Action {
    Action::CreateTimer(CreateTimerAction::default())
}

fn has_fired(turn: &OrchestratorRequest) -> bool {
    news(turn).any(|event| matches!(event, EventType::TimerFired(_)))
}

#[tokio::test]
async fn a_timer_that_did_not_fit_into_a_turn_is_in_the_next_one() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    // As large as a turn may be: it fills the next one alone.
    let large = RaiseEventRequest {
        input: Some("x".repeat(2_200_000)),
        ..event("order", "Large")
    };
    hub.raise_event(key, large).await.unwrap();
    answer(&hub, key, &first, [timer()]).await;
    let second = next(&mut items).await;
    assert_eq!(raised(turn(&second)), ["Large"]);
    assert!(!has_fired(turn(&second)), "the event alone fills the turn");
    answer(&hub, key, &second, []).await;
    let third = next(&mut items).await;
    assert!(has_fired(turn(&third)));
}

#[tokio::test]
async fn a_timer_that_a_worker_did_not_process_comes_again() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("order")).await.unwrap();
    let first = next(&mut items).await;
    answer(&hub, key, &first, [timer()]).await;
    let second = next(&mut items).await;
    assert!(has_fired(turn(&second)));
    // One event is the start of the turn itself.
    let nothing = OrchestratorResponse {
        num_events_processed: Some(1),
        ..response(&second, [])
    };
    hub.complete_turn(key, nothing).await.unwrap();
    let third = next(&mut items).await;
    assert!(has_fired(turn(&third)));
}
