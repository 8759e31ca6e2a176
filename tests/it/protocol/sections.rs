//! Critical sections: when one begins, who gets past it, who waits.

use durascope_proto::SuspendRequest;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::entities::failure;
use durascope_tests::events;
use durascope_tests::worker::Turn;

use super::Server;

const A: &str = "@counter@a";
const B: &str = "@counter@b";
const C: &str = "@counter@c";

impl Server {
    /// An instance that asks for a section of its own name over these entities.
    pub(super) async fn asks(&self, worker: &mut RawWorker, id: &str, set: &[&str]) {
        let turn = self.first_turn(worker, id).await;
        let ask = vec![actions::lock(1, id, set)];
        self.client.complete_turn(&turn, ask).await.unwrap();
    }

    /// An instance that holds these entities; its turn is open.
    pub(super) async fn holds(&self, worker: &mut RawWorker, id: &str, set: &[&str]) -> Turn {
        self.asks(worker, id, set).await;
        granted(worker, id).await
    }

    /// Whoever holds an entity.
    pub(super) async fn holder(&self, id: &str) -> Option<String> {
        let entity = self.client.transient(id).await.unwrap();
        entity.and_then(|entity| entity.locked_by)
    }
}

/// The turn in which this instance learns that its section has begun.
pub(super) async fn granted(worker: &mut RawWorker, id: &str) -> Turn {
    let turn = worker.turn().await.unwrap();
    assert_eq!(turn.request.instance_id, id);
    assert_eq!(events::granted(&turn.request.new_events), [id]);
    turn
}

/// Nothing more is ready: a signal that comes last is the next to be handed out.
async fn nothing_is_ready(client: &RawClient, worker: &mut RawWorker) {
    client.signal("@sentinel@x", "last", None).await.unwrap();
    let batch = worker.answer_entity(None, None).await.unwrap();
    assert_eq!(batch.request.instance_id, "@sentinel@x");
}

#[tokio::test]
async fn what_came_before_runs_first_and_what_comes_after_waits() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    client.signal(A, "out", None).await.unwrap();
    let out = worker.entity().await.unwrap();
    client.signal(A, "before", None).await.unwrap();
    server.asks(&mut worker, "holder", &[A]).await;
    client.signal(A, "after", None).await.unwrap();
    assert_eq!(server.holder(A).await, None, "a batch is out");
    client
        .complete_batch(out.done(Some("1"), None))
        .await
        .unwrap();
    let before = worker.entity().await.unwrap();
    assert_eq!(
        before.names(),
        ["before"],
        "up to the section and no further"
    );
    assert_eq!(server.holder(A).await, None);
    client
        .complete_batch(before.done(Some("2"), None))
        .await
        .unwrap();

    let turn = granted(&mut worker, "holder").await;
    assert_eq!(server.holder(A).await.as_deref(), Some("holder"));
    nothing_is_ready(client, &mut worker).await;
    let unlock = vec![actions::unlock(2, "holder", A)];
    client.complete_turn(&turn, unlock).await.unwrap();
    assert_eq!(server.holder(A).await, None);
    let after = worker.answer_entity(Some("3"), None).await.unwrap();
    assert_eq!(after.names(), ["after"]);
    assert_eq!(after.state(), Some("2"));
}

#[tokio::test]
async fn only_the_calls_of_the_holder_get_past() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let turn = server.holds(&mut worker, "holder", &[A]).await;
    client.signal(A, "of a client", None).await.unwrap();
    let other = server.first_turn(&mut worker, "other").await;
    let call = vec![actions::call(1, A, "of another", None)];
    client.complete_turn(&other, call).await.unwrap();
    // Its own signal waits too: nobody could tell whose it is.
    let mixed = vec![
        actions::signal(2, A, "own signal", None),
        actions::call(3, A, "own call", None),
    ];
    client.complete_turn(&turn, mixed).await.unwrap();
    let batch = worker.answer_entity(Some("1"), Some("r")).await.unwrap();
    assert_eq!(batch.names(), ["own call"]);
    let turn = worker.turn().await.unwrap();
    let three = actions::guid(3);
    assert_eq!(
        events::replies(&turn.request.new_events),
        [(&*three, Ok(Some("r")))]
    );
    nothing_is_ready(client, &mut worker).await;
    let entity = client.entity(A).await.unwrap().unwrap();
    assert_eq!(entity.backlog_queue_size, 3);

    // A call that follows the unlock is an ordinary one behind the others.
    let leaving = vec![
        actions::unlock(4, "holder", A),
        actions::call(5, A, "ordinary", None),
    ];
    client.complete_turn(&turn, leaving).await.unwrap();
    let batch = worker.answer_entity(Some("2"), None).await.unwrap();
    let expected = ["of a client", "of another", "own signal", "ordinary"];
    assert_eq!(batch.names(), expected);
}

#[tokio::test]
async fn a_call_that_fails_in_a_section_leaves_the_lock_to_its_holder() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let turn = server.holds(&mut worker, "holder", &[A]).await;
    let call = vec![actions::call(2, A, "break", None)];
    client.complete_turn(&turn, call).await.unwrap();
    let batch = worker.entity().await.unwrap();
    let failed = vec![failure(durascope_tests::entities::details("broken"))];
    client
        .complete_batch(batch.response(None, failed))
        .await
        .unwrap();
    let turn = worker.turn().await.unwrap();
    assert!(events::replies(&turn.request.new_events)[0].1.is_err());
    assert_eq!(server.holder(A).await.as_deref(), Some("holder"));
    let leaving = vec![
        actions::unlock(3, "holder", A),
        actions::call(4, A, "add", None),
    ];
    client.complete_turn(&turn, leaving).await.unwrap();
    let batch = worker.answer_entity(Some("1"), None).await.unwrap();
    assert_eq!(batch.names(), ["add"]);
}

#[tokio::test]
async fn sections_that_overlap_begin_in_the_order_in_which_they_were_asked_for() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let first = server.holds(&mut worker, "first", &[A]).await;
    server.asks(&mut worker, "second", &[A, B]).await;
    // B is free, but who asked earlier comes first.
    server.asks(&mut worker, "third", &[B, C]).await;
    let apart = server.holds(&mut worker, "apart", &["@counter@d"]).await;
    assert_eq!(server.holder(B).await, None);
    assert_eq!(server.holder(C).await, None, "all at once or not at all");

    let end = |section: &str, set: &[&str]| {
        let unlocks = set.iter().zip(2..);
        let mut end: Vec<_> = unlocks
            .map(|(entity, id)| actions::unlock(id, section, entity))
            .collect();
        end.push(actions::succeed(9, "null"));
        end
    };
    client
        .complete_turn(&first, end("first", &[A]))
        .await
        .unwrap();
    let second = granted(&mut worker, "second").await;
    assert_eq!(server.holder(A).await.as_deref(), Some("second"));
    assert_eq!(server.holder(B).await.as_deref(), Some("second"));
    client
        .complete_turn(&second, end("second", &[A, B]))
        .await
        .unwrap();
    let third = granted(&mut worker, "third").await;
    client
        .complete_turn(&third, end("third", &[B, C]))
        .await
        .unwrap();
    client
        .complete_turn(&apart, end("apart", &["@counter@d"]))
        .await
        .unwrap();
    for entity in [A, B, C, "@counter@d"] {
        assert_eq!(
            client.transient(entity).await.unwrap(),
            None,
            "nothing is left"
        );
    }
}

#[tokio::test]
async fn opposite_orders_do_not_block_each_other() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    // Two of them in one response, two in others, each sorted by another SDK.
    let ask = [("one", [A, B, C]), ("two", [C, B, A]), ("three", [B, C, A])];
    let mut turns = Vec::new();
    for (id, _) in ask {
        turns.push(server.first_turn(&mut worker, id).await);
    }
    for (turn, (id, set)) in turns.iter().zip(ask) {
        client
            .complete_turn(turn, vec![actions::lock(1, id, &set)])
            .await
            .unwrap();
    }
    for (id, set) in ask {
        let turn = granted(&mut worker, id).await;
        let mut end: Vec<_> = (2..)
            .zip(set)
            .map(|(id, entity)| actions::unlock(id, "", entity))
            .collect();
        end.push(actions::succeed(9, "null"));
        client.complete_turn(&turn, end).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_set_begins_at_once_and_an_entity_counts_once() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    server.holds(&mut worker, "empty", &[]).await;
    // The same entity three times, once in other letters; one unlock is enough.
    let turn = server
        .holds(&mut worker, "twice", &[A, "@Counter@a", A])
        .await;
    server.asks(&mut worker, "next", &[A]).await;
    let unlock = vec![actions::unlock(2, "twice", A)];
    client.complete_turn(&turn, unlock).await.unwrap();
    granted(&mut worker, "next").await;
    assert_eq!(server.holder(A).await.as_deref(), Some("next"));
}

#[tokio::test]
async fn unlocks_of_others_and_second_ones_change_nothing() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let turn = server.holds(&mut worker, "holder", &[A]).await;
    let other = server.first_turn(&mut worker, "other").await;
    let foreign = vec![
        actions::unlock(1, "holder", A),
        actions::unlock(2, "holder", "@counter@nobody"),
        actions::unlock(3, "holder", "no entity"),
        actions::succeed(4, "null"),
    ];
    client.complete_turn(&other, foreign).await.unwrap();
    assert_eq!(server.holder(A).await.as_deref(), Some("holder"));
    assert_eq!(client.transient("@counter@nobody").await.unwrap(), None);

    server.asks(&mut worker, "next", &[A]).await;
    let twice = vec![
        actions::unlock(2, "holder", A),
        actions::unlock(3, "holder", A),
    ];
    client.complete_turn(&turn, twice).await.unwrap();
    let next = granted(&mut worker, "next").await;
    client.raise("holder", "E", None).await.unwrap();
    worker
        .answer_turn(vec![
            actions::unlock(4, "holder", A),
            actions::succeed(5, "null"),
        ])
        .await
        .unwrap();
    assert_eq!(server.holder(A).await.as_deref(), Some("next"));
    client
        .complete_turn(&next, vec![actions::succeed(2, "null")])
        .await
        .unwrap();
    assert_eq!(server.holder(A).await, None);
}

#[tokio::test]
async fn a_suspended_instance_gets_its_section_and_learns_of_it_later() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let first = server.holds(&mut worker, "first", &[A]).await;
    server.asks(&mut worker, "paused", &[A]).await;
    let suspend = SuspendRequest {
        instance_id: "paused".to_owned(),
        reason: None,
    };
    client.rpc.clone().suspend_instance(suspend).await.unwrap();
    worker.answer_turn(Vec::new()).await.unwrap();
    client
        .complete_turn(&first, vec![actions::succeed(2, "null")])
        .await
        .unwrap();
    assert_eq!(server.holder(A).await.as_deref(), Some("paused"));
    let resume = durascope_proto::ResumeRequest {
        instance_id: "paused".to_owned(),
        reason: None,
    };
    client.rpc.clone().resume_instance(resume).await.unwrap();
    granted(&mut worker, "paused").await;
}

#[tokio::test]
async fn a_lock_set_with_what_is_no_entity_fails_the_orchestration() {
    let (server, _worker, turn) = Server::with_first_turn("order").await;
    let client = &server.client;
    let ask = vec![actions::lock(1, "s", &[A, "no entity"])];
    client.complete_turn(&turn, ask).await.unwrap();
    let state = client.ended("order").await.unwrap();
    let details = state.failure_details.unwrap();
    assert!(details.error_message.contains("lockSet"), "{details:?}");
    assert_eq!(client.transient(A).await.unwrap(), None);
}

#[tokio::test]
async fn calls_that_the_holder_made_before_its_section_began_run_in_it() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let first = server.holds(&mut worker, "first", &[B]).await;
    let turn = server.first_turn(&mut worker, "holder").await;
    // No SDK lets this happen today. The call stands behind the section that waits for B.
    let ask = vec![
        actions::lock(1, "holder", &[A, B]),
        actions::call(2, A, "get", None),
    ];
    client.complete_turn(&turn, ask).await.unwrap();
    nothing_is_ready(client, &mut worker).await;
    client
        .complete_turn(&first, vec![actions::succeed(2, "null")])
        .await
        .unwrap();
    granted(&mut worker, "holder").await;
    let batch = worker.answer_entity(None, None).await.unwrap();
    assert_eq!(batch.names(), ["get"]);
}
