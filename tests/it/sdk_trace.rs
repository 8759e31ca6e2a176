//! One trace from a client through orchestrations and activities, each span once.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::Client;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::TraceContext;
use durascope_sdk::Worker;
use durascope_sdk::trace::SpanIds;
use durascope_tests::DEADLINE;
use durascope_tests::Emulator;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::SpanData;
use tracing::Instrument;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const WORK: Activity<u64, u64> = Activity::named("Work");
const WHERE: Activity<(), Option<String>> = Activity::named("Where");
const PARENT: Orchestration<u64, u64> = Orchestration::named("Parent");
const CHILD: Orchestration<u64, u64> = Orchestration::named("Child");
const LOCATE: Orchestration<(), Vec<Option<String>>> = Orchestration::named("Locate");

async fn work(_: ActivityContext, number: u64) -> Result<u64, ActivityError> {
    tracing::info_span!("inside").in_scope(|| ());
    if number == 0 {
        return Err(ActivityError::new("Zero", "nothing to do"));
    }
    Ok(number)
}

async fn parent(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    let first = ctx.call(&WORK, number).await?;
    // Made again by each replay.
    tracing::info_span!("replayed").in_scope(|| ());
    let failed = ctx.call(&WORK, 0).await;
    let child = ctx.call_sub(&CHILD, first).await?;
    Ok(child + u64::from(failed.is_err()))
}

async fn child(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    ctx.call(&WORK, number).await
}

async fn locate(ctx: OrchestrationContext, (): ()) -> Result<Vec<Option<String>>, TaskFailed> {
    let own = ctx.trace_context().map(|it| it.trace_parent().to_owned());
    Ok(vec![own, ctx.call(&WHERE, ()).await?])
}

fn worker(client: &Client, keeps: usize) -> Worker {
    let builder = Worker::builder(client)
        .activity(&WORK, work)
        .activity(&WHERE, |ctx: ActivityContext, ()| async move {
            let words = |it: &TraceContext| format!("{} {:?}", it.trace_parent(), it.trace_state());
            Ok::<_, String>(ctx.trace_context().map(words))
        })
        .orchestration(&PARENT, parent)
        .orchestration_version(&CHILD, "2", child)
        .orchestration(&LOCATE, locate)
        .default_version("2");
    builder.max_sticky_executions(keeps).build().unwrap()
}

/// The one span of this name.
fn only<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    let mut found = spans.iter().filter(|span| span.name == name);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {name}: {spans:#?}"));
    assert!(found.next().is_none(), "more than one {name}: {spans:#?}");
    first
}

fn has(span: &SpanData, key: &str, value: &str) -> bool {
    let mut attributes = span.attributes.iter();
    attributes.any(|it| it.key.as_str() == key && it.value.as_str() == value)
}

/// Replayed at each turn, or kept between them: the spans are the same.
async fn one_trace(keeps: usize) {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_id_generator(SpanIds::new())
        .with_simple_exporter(exporter.clone())
        .build();
    opentelemetry::global::set_tracer_provider(provider.clone());
    // The transport's own spans are debug ones.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("test"))
        .with_filter(LevelFilter::INFO);
    // While there is only one dispatcher, each thread asks its own default whether a place in the
    // code is of interest, and keeps that answer for all: threads of other tests have none.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    // Of this thread, on which the runtime of the test has all its tasks.
    let _here = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let emulator = Emulator::ephemeral().unwrap();
    let text = format!("Endpoint={};TaskHub=default", emulator.endpoint());
    let client = Client::connect(text.as_str()).unwrap();
    let running = worker(&client, keeps).start();
    let request = tracing::info_span!("request");
    let started = client.start(&PARENT, 3).instrument(request.clone());
    let id = started.await.unwrap();
    drop(request);
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<u64>().unwrap(), 4);
    // Its last span is written when the answer has been taken.
    running.stop().await.unwrap();

    let spans = exporter.get_finished_spans().unwrap();
    let names: Vec<_> = spans.iter().map(|it| it.name.as_ref()).collect();
    let request = only(&spans, "request");
    let create = only(&spans, "create_orchestration:Parent");
    assert_eq!(create.span_kind, SpanKind::Producer);
    assert_eq!(create.parent_span_id, request.span_context.span_id());
    let parent = only(&spans, "orchestration:Parent");
    assert_eq!(parent.span_kind, SpanKind::Server);
    assert_eq!(parent.parent_span_id, create.span_context.span_id());
    assert_eq!(parent.status, Status::Ok);
    assert!(parent.start_time < parent.end_time);
    assert!(has(parent, "durabletask.task.instance_id", &id));
    assert!(has(parent, "durabletask.task.status", "Completed"));
    let child = only(&spans, "orchestration:Child@(2)");
    assert_eq!(child.parent_span_id, parent.span_context.span_id());
    let grandchild = only(&spans, "activity:Work@(2)");
    assert_eq!(grandchild.parent_span_id, child.span_context.span_id());
    assert_eq!(grandchild.span_kind, SpanKind::Server);
    let of_parent = || spans.iter().filter(|it| it.name == "activity:Work");
    assert_eq!(of_parent().count(), 2, "{names:?}");
    for work in of_parent() {
        assert_eq!(work.parent_span_id, parent.span_context.span_id());
        // It ran while the orchestration did.
        assert!(parent.start_time <= work.start_time && work.end_time <= parent.end_time);
    }
    assert!(of_parent().any(|it| it.status == Status::error("nothing to do")));
    // Spans of the user's: in activities they are children, in orchestrations nothing.
    for own in spans.iter().filter(|it| it.name == "inside") {
        let mut works = of_parent().chain([grandchild]);
        assert!(works.any(|it| it.span_context.span_id() == own.parent_span_id));
    }
    assert_eq!(spans.len(), 1 + 1 + 2 + 3 + 3, "{names:?}");
    let trace = request.span_context.trace_id();
    let all = spans.iter().all(|it| it.span_context.trace_id() == trace);
    assert!(all, "{names:?}");
}

#[tokio::test]
async fn one_trace_holds_all_that_came_of_a_start_and_each_span_once() {
    one_trace(0).await;
    one_trace(100).await;
}

#[tokio::test]
async fn a_context_that_nobody_can_read_is_passed_on_as_it_came() {
    let emulator = Emulator::ephemeral().unwrap();
    let text = format!("Endpoint={};TaskHub=default", emulator.endpoint());
    let client = Client::connect(text.as_str()).unwrap();
    let running = worker(&client, 0).start();
    let context = TraceContext::new("odd").with_state("k=v");
    let options = StartOptions::new().trace_context(context);
    let id = client.start_with(&LOCATE, (), options).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    let places = state.output::<Vec<Option<String>>>().unwrap();
    assert_eq!(places[0].as_deref(), Some("odd"));
    assert_eq!(places[1].as_deref(), Some("odd Some(\"k=v\")"));
    // Without any there is none.
    let id = client.start(&LOCATE, ()).await.unwrap();
    let state = client.wait_for_completion(&id, DEADLINE).await.unwrap();
    assert_eq!(state.output::<Vec<Option<String>>>().unwrap(), [None, None]);
    running.stop().await.unwrap();
}
