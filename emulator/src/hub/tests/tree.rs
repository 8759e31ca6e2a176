//! Trees of orchestrations: a recursive termination reaches everything below.

use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::TerminateRequest;
use durascope_proto::history_event::EventType;

use super::answers::answer;
use super::answers::child;
use super::answers::end;
use super::fresh;
use super::news;
use super::next;
use super::start;
use super::status;
use super::turn;
use super::worker;

#[tokio::test]
async fn recursive_termination_reaches_children_of_the_last_turn_and_grandchildren() {
    let (_folder, _path, hub, key) = fresh().await;
    let mut items = worker(&hub, key, 4).await;
    hub.start(key, start("parent")).await.unwrap();
    let first = next(&mut items).await;
    // It comes while the turn is out that starts the first child.
    let terminate = TerminateRequest {
        instance_id: "parent".to_owned(),
        output: None,
        recursive: true,
    };
    hub.terminate(key, terminate).await.unwrap();
    answer(&hub, key, &first, [child("child")]).await;
    let mut ended = Vec::new();
    while ended.len() < 4 {
        let item = next(&mut items).await;
        let turn = turn(&item);
        let id = turn.instance_id.as_str();
        let killed = news(turn).any(|it| matches!(it, EventType::ExecutionTerminated(_)));
        let actions = match (id, killed) {
            ("parent", true) => vec![child("last child"), end(Status::Terminated)],
            ("child", false) => vec![child("grandchild")],
            (_, true) => vec![end(Status::Terminated)],
            (_, false) => vec![],
        };
        if killed {
            ended.push(id.to_owned());
        }
        answer(&hub, key, &item, actions).await;
    }
    ended.sort();
    assert_eq!(ended, ["child", "grandchild", "last child", "parent"]);
    for id in &ended {
        assert_eq!(status(&hub, key, id).await, Status::Terminated, "{id}");
    }
}
