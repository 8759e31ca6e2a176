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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::names::Activity;
    use crate::orchestration::replay::Lookup;
    use crate::orchestration::replay::OrchestrationFn;
    use crate::orchestration::replay::Replay;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Three turns of one orchestration, each replayed from scratch as a worker does.
    fn three_turns() {
        use durascope_proto as proto;
        use proto::history_event::EventType;

        const STEP: Activity<(), ()> = Activity::named("Step");
        let function: OrchestrationFn = Arc::new(|ctx, _input| {
            async move {
                tracing::info!("begins");
                drop(ctx.call(&STEP, ()).await);
                tracing::info!("first step done");
                drop(ctx.call(&STEP, ()).await);
                tracing::info!("ends");
                Ok(None)
            }
            .boxed()
        });
        let event = |event_id, event_type| proto::HistoryEvent {
            event_id,
            timestamp: None,
            event_type: Some(event_type),
        };
        let turn = || {
            event(
                -1,
                EventType::OrchestratorStarted(proto::OrchestratorStartedEvent {}),
            )
        };
        let scheduled = |id| {
            let name = "Step".to_owned();
            event(
                id,
                EventType::TaskScheduled(proto::TaskScheduledEvent {
                    name,
                    ..Default::default()
                }),
            )
        };
        let completed = |task_scheduled_id| {
            let it = proto::TaskCompletedEvent {
                task_scheduled_id,
                result: None,
            };
            event(-1, EventType::TaskCompleted(it))
        };
        let turns = [
            vec![
                turn(),
                event(
                    0,
                    EventType::ExecutionStarted(proto::ExecutionStartedEvent::default()),
                ),
            ],
            vec![turn(), completed(1)],
            vec![turn(), completed(2)],
        ];
        let mut past = Vec::new();
        let lookup: Lookup = Arc::new(move |_, _| Some(Arc::clone(&function)));
        for (id, new) in (1..).zip(turns) {
            let mut replay = Replay::new("i".into(), "e".into(), Arc::clone(&lookup));
            drop(replay.turn(past.clone(), new.clone()));
            past.extend(new);
            past.push(scheduled(id));
        }
    }

    fn lines_with(subscriber: impl Subscriber + Send + Sync + 'static, written: &Written) -> usize {
        tracing::subscriber::with_default(subscriber, || {
            three_turns();
            tracing::info!("outside");
        });
        String::from_utf8(written.0.lock().unwrap().clone())
            .unwrap()
            .lines()
            .count()
    }

    #[test]
    fn every_line_of_an_orchestration_shows_once() {
        let written = Written::default();
        let sink = written.clone();
        let layer = fmt::layer().with_writer(move || sink.clone());
        let subscriber = tracing_subscriber::registry()
            .with(layer)
            .with(ReplayFilter);
        assert_eq!(lines_with(subscriber, &written), 4);

        let written = Written::default();
        let sink = written.clone();
        let layer = fmt::layer()
            .with_writer(move || sink.clone())
            .with_filter(ReplayFilter);
        assert_eq!(
            lines_with(tracing_subscriber::registry().with(layer), &written),
            4
        );
    }

    #[test]
    fn without_the_filter_each_replay_repeats_itself() {
        let written = Written::default();
        let sink = written.clone();
        let layer = fmt::layer().with_writer(move || sink.clone());
        assert_eq!(
            lines_with(tracing_subscriber::registry().with(layer), &written),
            7
        );
    }
}
