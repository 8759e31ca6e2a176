//! The connection: connects, runs a source, waits and connects again, for ever.
//!
//! It lives in a task of its own, so that no key press and no frame waits for a server.

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use durascope_proto::monitor::ListTaskHubsRequest;
use tokio::sync::Notify;
use tokio::sync::watch;

use crate::app::effect::WatchSpec;
use crate::app::event::Link;
use crate::format::Micros;
use crate::io::feed::MonitorFeed;
use crate::io::poll::Poll;
use crate::io::source::Ended;
use crate::io::source::Sink;
use crate::io::source::Source;
use crate::io::topics;
use crate::io::wire::Address;
use crate::io::wire::Hub;

const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Keeps the connection until the receiver of `spec`'s sender is gone.
pub async fn keep(
    address: Address,
    mut spec: watch::Receiver<WatchSpec>,
    retry: Arc<Notify>,
    sink: Sink,
) {
    // Nothing is watched before the first window is known.
    if spec.changed().await.is_err() {
        return;
    }
    let mut attempt = 1;
    loop {
        sink.link(Link::Connecting { attempt });
        let reason = match once(&address, &spec, &sink).await {
            Ended::Closing => return,
            Ended::NotOffered => "the server offers neither feed nor queries".to_owned(),
            Ended::Failed(reason) | Ended::NoSuchHub(reason) => reason,
        };
        attempt = if sink.is_live() { 1 } else { attempt + 1 };
        let pause = backoff(attempt - 1, RandomState::new().hash_one(attempt));
        let pause_micros = Micros::try_from(pause.as_micros()).unwrap_or(Micros::MAX);
        let retry_at = sink.clock().now().saturating_add(pause_micros);
        sink.link(Link::Lost {
            attempt,
            reason,
            retry_at,
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = retry.notified() => {}
        }
    }
}

async fn once(address: &Address, spec: &watch::Receiver<WatchSpec>, sink: &Sink) -> Ended {
    let hub = match address.connect().await {
        Ok(hub) => hub,
        Err(reason) => return Ended::Failed(reason),
    };
    let mut feed = MonitorFeed::new(hub.clone());
    let watching = async {
        tokio::select! {
            ended = feed.run(spec.clone(), sink) => ended,
            () = topics::run(hub.clone(), spec.clone(), sink) => Ended::Closing,
        }
    };
    match watching.await {
        Ended::NotOffered => Poll::new(hub).run(spec.clone(), sink).await,
        Ended::NoSuchHub(reason) => Ended::Failed(with_hubs(hub, reason).await),
        ended => ended,
    }
}

/// Adds the task hubs that do exist, if the server lists them.
async fn with_hubs(hub: Hub, reason: String) -> String {
    let mut client = hub.monitor();
    let asked = client.list_task_hubs(ListTaskHubsRequest {});
    match tokio::time::timeout(BACKOFF_MAX, asked).await {
        Ok(Ok(answer)) => {
            format!(
                "{reason}; task hubs here: {}",
                answer.into_inner().names.join(", ")
            )
        }
        _ => reason,
    }
}

/// The pause before the `attempt`-th retry, from 0: anything between a quarter second and an
/// exponentially growing bound, so that many dashboards do not come back at the same moment.
fn backoff(attempt: u32, random: u64) -> Duration {
    let bound = BACKOFF_MIN
        .saturating_mul(2_u32.saturating_pow(attempt.min(16)))
        .min(BACKOFF_MAX);
    let spread = bound.saturating_sub(BACKOFF_MIN).as_millis();
    let part = u128::from(random) % (spread + 1);
    BACKOFF_MIN + Duration::from_millis(u64::try_from(part).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_jitter_within_their_bounds() {
        assert_eq!(backoff(0, 7), BACKOFF_MIN);
        for attempt in 0..40 {
            for random in [0, 1, 12_345, u64::MAX] {
                let pause = backoff(attempt, random);
                assert!((BACKOFF_MIN..=BACKOFF_MAX).contains(&pause));
            }
        }
        assert_ne!(backoff(9, 17), backoff(9, 1_234));
    }
}
