//! A hub with a million finished instances: its pages, its counts, and its start.

use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::WatchRequest;
use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_sdk::Client;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::client::IdQuery;
use durascope_sdk::client::InstanceQuery;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::transport::Endpoint;

use super::loader;
use crate::figures::Figure;
use crate::figures::short;
use crate::options::Options;
use crate::ours::Server;
use crate::report::Section;
use crate::report::Verdict;

const INSTANCES: u32 = 1_000_000;
const PAGE: u32 = 100;
const PAGE_MS: f64 = 5.0;
/// Asked so often, or for so long.
const ASKED: u32 = 50;
const ASKED_FOR: Duration = Duration::from_secs(10);

pub(crate) async fn measure(options: &Options) -> Result<Section> {
    let count = options.size(INSTANCES);
    let mut server = Server::start(options, "normal")?;
    // Its task hub is made by the first call.
    server.client.get("nobody").await?;
    server.emulator.terminate()?;
    let began = Instant::now();
    let times = loader::load(&server.folder.path().join("ours.db"), count)?;
    let loaded = began.elapsed().as_secs_f64();
    let began = Instant::now();
    server.emulator.restart()?;
    let ready = began.elapsed().as_secs_f64();

    let mut section = Section::default();
    for (what, query) in queries(&times) {
        let figure = asked(|| page(&server.client, &query)).await;
        judge(&mut section, &format!("a page of 100 {what}"), figure);
    }
    for (what, query) in id_queries(&times) {
        let figure = asked(|| ids(&server.client, &query)).await;
        judge(&mut section, &format!("a page of 100 ids {what}"), figure);
    }
    let channel = Endpoint::from_shared(server.emulator.endpoint().to_owned())?
        .connect()
        .await?;
    let figure = asked(|| counts(channel.clone(), count)).await;
    judge(
        &mut section,
        "the hub's counts, with the dashboard's first page",
        figure,
    );
    section.note(format!(
        "{} instances, each with input and output: loaded in {} s; the emulator is ready {} s after \
         its start, with {} MB.",
        short(f64::from(count)),
        short(loaded),
        short(ready),
        server.usage()?.resident_peak_kb / 1024,
    ));
    section.note("Over gRPC, from the call to its answer; the worst of the calls decides no goal.");
    Ok(section)
}

fn judge(section: &mut Section, what: &str, figure: Result<Figure>) {
    let goal = format!("1,000,000 finished instances: {what} ≤ 5 ms");
    section.verdicts.push(match figure {
        Ok(figure) => Verdict::at_most(goal, PAGE_MS, Some(figure)),
        Err(error) => Verdict {
            goal,
            measured: format!("{error:#}"),
            met: Some(false),
        },
    });
}

fn queries(times: &loader::Times) -> Vec<(&'static str, InstanceQuery)> {
    let query = || InstanceQuery::new().page_size(PAGE);
    vec![
        (
            "by status, most of the hub",
            query().status(OrchestrationStatus::Completed),
        ),
        (
            "by status, one in a thousand",
            query().status(OrchestrationStatus::Failed),
        ),
        (
            "by status, none",
            query().status(OrchestrationStatus::Suspended),
        ),
        (
            "by prefix, a quarter of the hub",
            query().id_prefix("order-"),
        ),
        ("by prefix, a hundred", query().id_prefix("order-00012")),
        ("by prefix, none", query().id_prefix("nobody-")),
        (
            "by time, from the middle",
            query().created_from(times.middle),
        ),
        (
            "by time, status and prefix",
            query()
                .created_from(times.middle)
                .status(OrchestrationStatus::Failed)
                .id_prefix("order-"),
        ),
        (
            "by status, with payloads",
            query()
                .status(OrchestrationStatus::Completed)
                .with_payloads(),
        ),
    ]
}

fn id_queries(times: &loader::Times) -> Vec<(&'static str, IdQuery)> {
    let query = || IdQuery::new().page_size(PAGE);
    vec![
        ("by completion, from the middle", {
            query().completed_from(times.middle)
        }),
        (
            "by completion and status, one in a thousand",
            query().status(OrchestrationStatus::Failed),
        ),
        (
            "by completion, none",
            query().completed_from(SystemTime::now() + Duration::from_secs(3600)),
        ),
    ]
}

/// Milliseconds of a call, again and again.
async fn asked<F>(call: impl Fn() -> F) -> Result<Figure>
where
    F: Future<Output = Result<()>>,
{
    let (began, mut all) = (Instant::now(), Vec::new());
    // The first one opens connections and reads pages.
    call().await?;
    for _ in 0..ASKED {
        let asked = Instant::now();
        call().await?;
        all.push(asked.elapsed().as_secs_f64() * 1e3);
        if began.elapsed() > ASKED_FOR {
            break;
        }
    }
    Figure::of(all).context("it was never asked")
}

async fn page(client: &Client, query: &InstanceQuery) -> Result<()> {
    client.query_page(query, None).await?;
    Ok(())
}

async fn ids(client: &Client, query: &IdQuery) -> Result<()> {
    client.list_instance_ids_page(query, None).await?;
    Ok(())
}

/// What a dashboard asks first: totals by status, and a screen of rows.
async fn counts(channel: Channel, expected: u32) -> Result<()> {
    let window = InstanceWindow {
        limit: 50,
        ..InstanceWindow::default()
    };
    let request = WatchRequest {
        window: Some(window),
        instance_id: String::new(),
    };
    // The stream of requests stays open: its end would be the end of the feed.
    let requests = tokio_stream::once(request).chain(tokio_stream::pending());
    let mut updates = MonitorClient::new(channel)
        .watch(requests)
        .await?
        .into_inner();
    let update = updates.message().await?.context("no update")?;
    let hub = update.hub.context("no hub")?;
    let total: u64 = hub.totals.iter().map(|status| status.count).sum();
    ensure!(total == u64::from(expected), "the hub counts {total}");
    Ok(())
}
