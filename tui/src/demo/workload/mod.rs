//! What the demo runs: every pattern of the examples, and what no pattern shows: a person who is
//! waited for, and work without an end.

pub(super) mod approvals;
pub(super) mod monitor;

use durascope_sdk::Client;
use durascope_sdk::Worker;
use durascope_sdk::worker::WorkerBuilder;

/// A worker that serves all of it, at a pace that people can watch.
pub(super) fn worker(client: &Client) -> WorkerBuilder {
    durascope_patterns::pace::take_time();
    let patterns = durascope_patterns::register(Worker::builder(client));
    monitor::register(approvals::register(patterns))
}
