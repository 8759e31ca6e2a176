//! Critical sections end with their holder, however it ends, and requests with who made them.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::InstanceBatch;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::purge_instances_request::Request;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::entities::details;
use durascope_tests::events;
use durascope_tests::worker::Turn;

use super::Server;
use super::sections::granted;

const A: &str = "@counter@a";
const B: &str = "@counter@b";

/// Three instances: one holds A and B, one waits for both, one waits for B behind it.
struct Scene {
    server: Server,
    worker: RawWorker,
    holder: Turn,
}

impl Scene {
    async fn new() -> Self {
        let (server, mut worker) = Server::with_worker().await;
        let holder = server.holds(&mut worker, "holder", &[A, B]).await;
        server.asks(&mut worker, "waits", &[A, B]).await;
        server.asks(&mut worker, "behind", &[B]).await;
        Self {
            server,
            worker,
            holder,
        }
    }

    async fn holder_answers(&self, actions: Vec<OrchestratorAction>) {
        let client = &self.server.client;
        client.complete_turn(&self.holder, actions).await.unwrap();
    }

    /// The holder has lost both, at this very moment; the next one has them.
    async fn next_has_both(&mut self) -> Turn {
        for entity in [A, B] {
            let holder = self.server.holder(entity).await;
            assert_eq!(holder.as_deref(), Some("waits"));
        }
        loop {
            let turn = self.worker.turn().await.unwrap();
            if turn.request.instance_id == "waits" {
                assert_eq!(events::granted(&turn.request.new_events), ["waits"]);
                return turn;
            }
            // It has continued as new, or it was replaced.
            assert_eq!(turn.request.instance_id, "holder");
            let nothing = self.server.client.complete_turn(&turn, Vec::new());
            nothing.await.unwrap();
        }
    }

    /// Everybody ends, and nothing is left.
    async fn finish(mut self, waits: Turn) {
        let client = &self.server.client;
        let end = || vec![actions::succeed(9, "null")];
        client.complete_turn(&waits, end()).await.unwrap();
        let behind = granted(&mut self.worker, "behind").await;
        client.complete_turn(&behind, end()).await.unwrap();
        for entity in [A, B] {
            assert_eq!(client.transient(entity).await.unwrap(), None);
        }
    }
}

fn unlocks() -> Vec<OrchestratorAction> {
    vec![
        actions::unlock(2, "holder", A),
        actions::unlock(3, "holder", B),
    ]
}

#[tokio::test]
async fn with_and_without_unlocks_in_the_last_response() {
    let ends = [
        actions::succeed(3, "null"),
        actions::fail(3, details("thrown")),
        actions::complete(3, OrchestrationStatus::Terminated, None),
        actions::continue_as_new(3, "null", Vec::new()),
    ];
    for end in ends {
        for unlocks in [unlocks(), Vec::new()] {
            let mut scene = Scene::new().await;
            // The completion need not be the last; .NET gives an unlock the same id.
            let mut last = vec![end.clone()];
            last.extend(unlocks);
            scene.holder_answers(last).await;
            let waits = scene.next_has_both().await;
            scene.finish(waits).await;
        }
    }
}

#[tokio::test]
async fn a_waiter_for_the_end_sees_the_unlock() {
    let (server, mut worker) = Server::with_worker().await;
    let holder = server.holds(&mut worker, "holder", &[A]).await;
    let client = server.client.clone();
    let waiter = tokio::spawn(async move {
        client.ended("holder").await.unwrap();
        client.transient(A).await.unwrap()
    });
    let end = vec![actions::unlock(2, "holder", A), actions::succeed(3, "null")];
    server.client.complete_turn(&holder, end).await.unwrap();
    assert_eq!(waiter.await.unwrap(), None, "nothing is left of it");
}

#[tokio::test]
async fn terminated_without_a_word_from_the_orchestrator() {
    let mut scene = Scene::new().await;
    scene.holder_answers(Vec::new()).await;
    let client = scene.server.client.clone();
    client.terminate("holder", None, true).await.unwrap();
    scene.worker.answer_turn(Vec::new()).await.unwrap();
    assert_eq!(
        client.status("holder").await.unwrap(),
        OrchestrationStatus::Terminated
    );
    let waits = scene.next_has_both().await;
    scene.finish(waits).await;
}

#[tokio::test]
async fn replaced_by_a_new_instance() {
    let mut scene = Scene::new().await;
    scene.holder_answers(Vec::new()).await;
    let replace = CreateInstanceRequest {
        instance_id: "holder".to_owned(),
        name: "Order".to_owned(),
        orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy {
            replaceable_status: vec![
                OrchestrationStatus::Running as i32,
                OrchestrationStatus::Terminated as i32,
            ],
        }),
        ..Default::default()
    };
    scene.server.client.start_with(replace).await.unwrap();
    for entity in [A, B] {
        let holder = scene.server.holder(entity).await;
        assert_eq!(holder.as_deref(), Some("waits"));
    }
    let mut turns = vec![
        scene.worker.turn().await.unwrap(),
        scene.worker.turn().await.unwrap(),
    ];
    turns.sort_by_key(|turn| turn.request.instance_id.clone());
    let [fresh, waits] = &turns[..] else {
        panic!("two turns: {turns:?}");
    };
    // Its successor has nothing of it.
    let client = scene.server.client.clone();
    client.complete_turn(fresh, unlocks()).await.unwrap();
    assert_eq!(scene.server.holder(A).await.as_deref(), Some("waits"));
    let waits = waits.clone();
    scene.finish(waits).await;
}

#[tokio::test]
async fn a_failed_holder_is_purged_alone_or_in_a_batch() {
    for batch in [false, true] {
        let mut scene = Scene::new().await;
        scene
            .holder_answers(vec![actions::fail(2, details("thrown"))])
            .await;
        let request = if batch {
            Request::InstanceBatch(InstanceBatch {
                instance_ids: vec!["holder".to_owned()],
            })
        } else {
            Request::InstanceId("holder".to_owned())
        };
        let purge = PurgeInstancesRequest {
            request: Some(request),
            ..Default::default()
        };
        let mut rpc = scene.server.client.rpc.clone();
        let purged = rpc.purge_instances(purge).await.unwrap().into_inner();
        assert_eq!(purged.deleted_instance_count, 1);
        let waits = scene.next_has_both().await;
        scene.finish(waits).await;
    }
}

#[tokio::test]
async fn a_request_goes_with_the_execution_that_made_it() {
    let ends = [
        actions::succeed(3, "null"),
        actions::continue_as_new(3, "null", Vec::new()),
    ];
    for end in ends {
        let (server, mut worker) = Server::with_worker().await;
        let client = &server.client;
        let holder = server.holds(&mut worker, "holder", &[A]).await;
        // In one response with its end, and in an earlier one.
        let turn = server.first_turn(&mut worker, "same").await;
        let same = vec![actions::lock(1, "same", &[A, B]), end.clone()];
        client.complete_turn(&turn, same).await.unwrap();
        if client.status("same").await.unwrap() == OrchestrationStatus::Running {
            worker.answer_turn(Vec::new()).await.unwrap();
        }
        server.asks(&mut worker, "earlier", &[A, B]).await;
        server.asks(&mut worker, "next", &[B]).await;
        client.raise("earlier", "E", None).await.unwrap();
        let turn = worker.answer_turn(vec![end.clone()]).await.unwrap();
        assert_eq!(turn.request.instance_id, "earlier");
        let mut turn = worker.turn().await.unwrap();
        if turn.request.instance_id == "earlier" {
            client.complete_turn(&turn, Vec::new()).await.unwrap();
            turn = worker.turn().await.unwrap();
        }
        assert_eq!(turn.request.instance_id, "next", "nobody stands before it");
        assert_eq!(server.holder(B).await.as_deref(), Some("next"));
        client
            .complete_turn(&holder, vec![actions::succeed(2, "null")])
            .await
            .unwrap();
        assert_eq!(client.transient(A).await.unwrap(), None);
    }
}

#[tokio::test]
async fn calls_that_outlive_their_section_are_ordinary_ones() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let holder = server.holds(&mut worker, "holder", &[A]).await;
    client.signal(A, "first", None).await.unwrap();
    let end = vec![
        actions::call(2, A, "second", None),
        actions::succeed(3, "null"),
    ];
    client.complete_turn(&holder, end).await.unwrap();
    assert_eq!(server.holder(A).await, None);
    let batch = worker.answer_entity(Some("s"), None).await.unwrap();
    assert_eq!(batch.names(), ["first", "second"]);
}

#[tokio::test]
async fn a_lost_worker_does_not_end_a_section() {
    let (server, mut worker) = Server::with_worker().await;
    let client = &server.client;
    let holder = server.holds(&mut worker, "holder", &[A]).await;
    let call = vec![actions::call(2, A, "get", None)];
    client.complete_turn(&holder, call).await.unwrap();
    client.signal(A, "later", None).await.unwrap();
    worker.entity().await.unwrap();
    drop(worker);
    let mut other = RawWorker::open(client).await.unwrap();
    let batch = other.answer_entity(Some("s"), Some("r")).await.unwrap();
    assert_eq!(batch.names(), ["get"]);
    assert_eq!(server.holder(A).await.as_deref(), Some("holder"));
    other
        .answer_turn(vec![actions::succeed(3, "null")])
        .await
        .unwrap();
    assert_eq!(other.entity().await.unwrap().names(), ["later"]);
}
