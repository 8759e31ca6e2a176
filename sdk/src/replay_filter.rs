//! Replay-safe tracing: events of an orchestration are silent while it repeats itself.

use tracing::Metadata;
use tracing::Subscriber;
use tracing::subscriber::Interest;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::layer::Layer;

use crate::orchestration::replay::is_replaying_here;

/// Silences `tracing` events that an orchestration emits while it replays, so that each shows
/// once, in the turn that it belongs to.
///
/// As a layer it speaks for the whole subscriber; as a filter for one layer. Spans are kept,
/// as later events belong to them. Events of activities are never touched.
///
/// ```
/// use durascope_sdk::ReplayFilter;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber =
///     tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with(ReplayFilter);
/// # drop(subscriber);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayFilter;

fn is_heard(metadata: &Metadata<'_>) -> bool {
    !metadata.is_event() || !is_replaying_here()
}

/// Whether an event is heard changes from call to call, so it must not be cached.
fn interest(metadata: &Metadata<'_>) -> Interest {
    if metadata.is_event() {
        Interest::sometimes()
    } else {
        Interest::always()
    }
}

impl<S: Subscriber> Layer<S> for ReplayFilter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _ctx: Context<'_, S>) -> bool {
        is_heard(metadata)
    }
}

impl<S> Filter<S> for ReplayFilter {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _ctx: &Context<'_, S>) -> bool {
        is_heard(metadata)
    }
}
