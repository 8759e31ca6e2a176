//! With OpenTelemetry: spans that are children of the contexts received, and give theirs on.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorResponse;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::Span as _;
use opentelemetry::trace::SpanBuilder;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceFlags;
use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;
use opentelemetry::trace::Tracer;
use opentelemetry_sdk::trace::IdGenerator;
use opentelemetry_sdk::trace::RandomIdGenerator;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Execution;
use super::TraceContext;
use super::pass_on;
use crate::activity::ActivityContext;
use crate::clock::system_time;
use crate::clock::timestamp;
use crate::failure::FailureDetails;

const TRACER: &str = "durascope-sdk";

/// Ids of spans for a tracer provider: random, but for orchestrations, whose id is given out with
/// the first turn and used when the last one is made.
///
/// ```
/// use durascope_sdk::trace::SpanIds;
/// use opentelemetry::trace::TracerProvider;
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let provider = SdkTracerProvider::builder()
///     .with_id_generator(SpanIds::new())
///     // .with_batch_exporter(…)
///     .build();
/// opentelemetry::global::set_tracer_provider(provider.clone());
/// let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("orders"));
/// let subscriber = tracing_subscriber::registry().with(layer);
/// # drop(subscriber);
/// ```
#[derive(Debug)]
pub struct SpanIds {
    random: RandomIdGenerator,
}

/// Whether anybody makes ids so that spans can be written late.
static IN_USE: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The id of the span that is made next on this thread.
    static NEXT: Cell<Option<SpanId>> = const { Cell::new(None) };
}

impl SpanIds {
    /// For the provider that is made the global one.
    pub fn new() -> Self {
        IN_USE.store(true, Ordering::Relaxed);
        Self {
            random: RandomIdGenerator::default(),
        }
    }
}

impl Default for SpanIds {
    fn default() -> Self {
        Self::new()
    }
}

impl IdGenerator for SpanIds {
    fn new_trace_id(&self) -> TraceId {
        self.random.new_trace_id()
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.take().unwrap_or_else(|| self.random.new_span_id())
    }
}

/// The span in which an activity runs.
pub(crate) fn activity_span(context: &ActivityContext) -> tracing::Span {
    let (name, version) = (context.name(), context.version());
    let span = tracing::info_span!(
        "activity",
        name,
        instance = context.instance_id(),
        task = context.task_id(),
        otel.name = span_name("activity", name, version),
        otel.kind = "server"
    );
    if let Some(parent) = context.trace_context().and_then(remote) {
        // Without a layer there is nobody to tell.
        span.set_parent(parent).ok();
    }
    for attribute in attributes("activity", name, version, context.instance_id()) {
        span.set_attribute(attribute.key, attribute.value);
    }
    span.set_attribute("durabletask.task.task_id", i64::from(context.task_id()));
    span
}

/// An activity has failed.
pub(crate) fn failed(span: &tracing::Span, details: &FailureDetails) {
    span.set_status(Status::error(details.message.clone()));
}

/// The span in which a turn is made: for logs. The code is replayed, so nothing of it is exported.
pub(crate) fn turn_span(instance_id: &str) -> tracing::Span {
    let span = tracing::info_span!("orchestration", instance = instance_id);
    span.set_parent(Context::new().with_telemetry_suppressed())
        .ok();
    span
}

/// Makes what a turn calls children of the execution's span, whose id the first turn chooses and
/// the response keeps; what is to be told once the server has taken the last turn.
pub(crate) fn finish_turn(
    execution: &Execution<'_>,
    known: Option<OrchestrationTraceContext>,
    response: &mut OrchestratorResponse,
) -> Option<Finished> {
    let parent = execution.context.and_then(parsed);
    let begun = known
        .as_ref()
        .and_then(Begun::of)
        .or_else(|| IN_USE.load(Ordering::Relaxed).then(Begun::now));
    let (Some(context), Some(parent), Some(begun)) = (execution.context, parent, begun) else {
        // Nobody traces, or nobody could write the span: all is passed on as it came.
        if let Some(context) = execution.context {
            pass_on(context, &mut response.actions);
        }
        response.orchestration_trace_context = known;
        return None;
    };
    let span = SpanContext::new(
        parent.trace_id(),
        begun.span_id,
        parent.trace_flags(),
        true,
        parent.trace_state().clone(),
    );
    pass_on(&in_words(&span), &mut response.actions);
    response.orchestration_trace_context = Some(begun.to_proto());
    let ended = response.actions.iter().find_map(|action| {
        match action.orchestrator_action_type.as_ref()? {
            OrchestratorActionType::CompleteOrchestration(it) => Some(it),
            _ => None,
        }
    })?;
    let (kind, name, version) = ("orchestration", execution.name, execution.version);
    let mut attributes = attributes(kind, name, version, execution.instance_id);
    attributes.push(KeyValue::new("durabletask.task.status", status_name(ended)));
    Some(Finished {
        name: span_name(kind, name, version),
        attributes,
        context: context.clone(),
        begun,
        failure: failure_of(ended),
    })
}

/// The span of an execution, as its first turn began it.
struct Begun {
    span_id: SpanId,
    at: SystemTime,
}

impl Begun {
    fn now() -> Self {
        Self {
            span_id: RandomIdGenerator::default().new_span_id(),
            at: SystemTime::now(),
        }
    }

    fn of(known: &OrchestrationTraceContext) -> Option<Self> {
        let span_id = SpanId::from_hex(known.span_id.as_deref()?).ok()?;
        let at = known.span_start_time.as_ref().map(system_time);
        (span_id != SpanId::INVALID).then(|| Self {
            span_id,
            at: at.unwrap_or_else(SystemTime::now),
        })
    }

    fn to_proto(&self) -> OrchestrationTraceContext {
        OrchestrationTraceContext {
            span_id: Some(self.span_id.to_string()),
            span_start_time: Some(timestamp(self.at)),
        }
    }
}

/// An execution that has ended; its span is still to be written.
pub(crate) struct Finished {
    name: String,
    attributes: Vec<KeyValue>,
    /// What its start came with.
    context: TraceContext,
    begun: Begun,
    failure: Option<String>,
}

impl Finished {
    /// Writes the span: from the first turn until now.
    pub(crate) fn tell(self) {
        // Another process may have chosen the id; this one must be able to use it.
        if !IN_USE.load(Ordering::Relaxed) {
            return;
        }
        let Some(parent) = remote(&self.context) else {
            return;
        };
        let builder = SpanBuilder::from_name(self.name)
            .with_kind(SpanKind::Server)
            .with_start_time(self.begun.at)
            .with_attributes(self.attributes);
        let tracer = opentelemetry::global::tracer(TRACER);
        NEXT.set(Some(self.begun.span_id));
        let mut span = tracer.build_with_context(builder, &parent);
        // A provider that takes its ids elsewhere has left it.
        NEXT.set(None);
        span.set_status(match self.failure {
            Some(message) => Status::error(message),
            None => Status::Ok,
        });
        span.end();
    }
}

/// The span of a start, for as long as that takes.
pub(crate) fn start_span(name: &str, version: Option<&str>, instance: &str) -> tracing::Span {
    let span = tracing::info_span!(
        "create_orchestration",
        name,
        instance,
        otel.name = span_name("create_orchestration", name, version),
        otel.kind = "producer"
    );
    for attribute in attributes("orchestration", name, version, instance) {
        span.set_attribute(attribute.key, attribute.value);
    }
    span
}

/// The context of a span, or of where the caller is.
pub(crate) fn context_of(span: &tracing::Span) -> Option<TraceContext> {
    let context = span.context();
    let own = context.span().span_context().clone();
    let around = || Context::current().span().span_context().clone();
    let context = if own.is_valid() { own } else { around() };
    context.is_valid().then(|| in_words(&context))
}

/// Name of a span as all SDKs make it.
fn span_name(kind: &str, name: &str, version: Option<&str>) -> String {
    match version.filter(|version| !version.is_empty()) {
        Some(version) => format!("{kind}:{name}@({version})"),
        None => format!("{kind}:{name}"),
    }
}

fn attributes(
    kind: &'static str,
    name: &str,
    version: Option<&str>,
    instance_id: &str,
) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("durabletask.type", kind),
        KeyValue::new("durabletask.task.name", name.to_owned()),
        KeyValue::new("durabletask.task.instance_id", instance_id.to_owned()),
    ];
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        attributes.push(KeyValue::new(
            "durabletask.task.version",
            version.to_owned(),
        ));
    }
    attributes
}

fn status_name(ended: &CompleteOrchestrationAction) -> &'static str {
    match ended.orchestration_status() {
        OrchestrationStatus::Completed => "Completed",
        OrchestrationStatus::ContinuedAsNew => "ContinuedAsNew",
        OrchestrationStatus::Failed => "Failed",
        OrchestrationStatus::Terminated => "Terminated",
        OrchestrationStatus::Canceled => "Canceled",
        OrchestrationStatus::Running
        | OrchestrationStatus::Pending
        | OrchestrationStatus::Suspended => "Running",
    }
}

fn failure_of(ended: &CompleteOrchestrationAction) -> Option<String> {
    let is_failed = ended.orchestration_status() == OrchestrationStatus::Failed;
    let details = ended.failure_details.as_ref();
    is_failed.then(|| details.map_or_else(String::new, |it| it.error_message.clone()))
}

/// A received context as the parent of spans.
fn remote(context: &TraceContext) -> Option<Context> {
    Some(Context::new().with_remote_span_context(parsed(context)?))
}

fn parsed(context: &TraceContext) -> Option<SpanContext> {
    let mut parts = context.trace_parent().split('-');
    let version = parts.next()?;
    let trace_id = TraceId::from_hex(parts.next().filter(|it| it.len() == 32)?).ok()?;
    let span_id = SpanId::from_hex(parts.next().filter(|it| it.len() == 16)?).ok()?;
    let flags = u8::from_str_radix(parts.next().filter(|it| it.len() == 2)?, 16).ok()?;
    // Later versions may have more parts; this one has not.
    if version == "ff" || version.len() != 2 || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let state = context.trace_state().unwrap_or_default();
    let state = state.parse::<TraceState>().unwrap_or_default();
    let context = SpanContext::new(trace_id, span_id, TraceFlags::new(flags), true, state);
    context.is_valid().then_some(context)
}

fn in_words(context: &SpanContext) -> TraceContext {
    let (trace, span) = (context.trace_id(), context.span_id());
    let flags = context.trace_flags().to_u8();
    TraceContext::new(format!("00-{trace}-{span}-{flags:02x}"))
        .with_state(context.trace_state().header())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_as_the_standard_says() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = TraceContext::new(good).with_state("vendor=x");
        let read = parsed(&context).unwrap();
        assert!(read.is_sampled() && read.is_remote());
        assert_eq!(in_words(&read), context);
        let later = format!("01{}-more", &good[2..]);
        assert!(parsed(&TraceContext::new(later)).is_some());
        for bad in [
            "",
            "odd",
            &good[..good.len() - 1],
            &good.replace("00-", "ff-"),
            &format!("{good}-more"),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033310-01",
        ] {
            assert!(parsed(&TraceContext::new(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_execution_keeps_the_span_that_its_first_turn_began() {
        let begun = Begun::now();
        let known = begun.to_proto();
        assert_eq!(Begun::of(&known).unwrap().span_id, begun.span_id);
        // As other SDKs send it when they do not trace.
        assert!(Begun::of(&OrchestrationTraceContext::default()).is_none());
    }
}
