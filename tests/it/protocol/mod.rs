//! The rules of the contract that an SDK would hide, told by a raw client and a raw worker.

mod batches;
mod delivery;
mod entities;
mod entity_actions;
mod entity_failures;
mod entity_purge;
mod entity_queries;
mod generations;
mod history;
mod lifecycle;
mod pages;
mod purge;
mod restart;
mod rewind;
mod rewind_children;
mod section_ends;
mod sections;
mod sizes;
mod skip;
mod starts;
mod sticky;
mod turns;
mod waits;

use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorRequest;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::RawWorker;
use durascope_tests::actions;
use durascope_tests::worker::Serving;

/// An emulator of its own for every test, and a connection to it.
pub(crate) struct Server {
    pub(crate) client: RawClient,
    /// Killed when the test ends.
    pub(crate) _emulator: Emulator,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::ephemeral().unwrap();
        let client = RawClient::connect(emulator.endpoint()).await.unwrap();
        Self {
            client,
            _emulator: emulator,
        }
    }

    /// An instance of `Order` with this id, and its first turn in the hands of a worker.
    pub(crate) async fn with_first_turn(
        id: &str,
    ) -> (Self, RawWorker, durascope_tests::worker::Turn) {
        let server = Self::start().await;
        server.client.start("Order", id, None).await.unwrap();
        let mut worker = RawWorker::open(&server.client).await.unwrap();
        let turn = worker.turn().await.unwrap();
        (server, worker, turn)
    }

    /// A server with one worker.
    pub(crate) async fn with_worker() -> (Self, RawWorker) {
        let server = Self::start().await;
        let worker = RawWorker::open(&server.client).await.unwrap();
        (server, worker)
    }

    /// Starts another instance, whose first turn this worker gets.
    pub(crate) async fn first_turn(
        &self,
        worker: &mut RawWorker,
        id: &str,
    ) -> durascope_tests::worker::Turn {
        self.client.start("Order", id, None).await.unwrap();
        let turn = worker.turn().await.unwrap();
        assert_eq!(turn.request.instance_id, id);
        turn
    }

    /// A worker that ends every orchestration in its first turn with its input as the output.
    pub(crate) async fn finish_everything(&self) -> Serving {
        let worker = RawWorker::open(&self.client).await.unwrap();
        worker.serve(give_back, |_| "null".to_owned())
    }
}

fn give_back(request: &OrchestratorRequest) -> Vec<OrchestratorAction> {
    let started = durascope_tests::events::execution_started(&request.new_events);
    let input = started
        .and_then(|started| started.input.clone())
        .unwrap_or_default();
    vec![actions::succeed(0, &input)]
}
