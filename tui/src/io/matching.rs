//! All instances that match a filter, beyond the window on screen: by pages of the feed, or of
//! the official queries where there is none.

use durascope_proto::InstanceQuery;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::monitor::InstancePage;
use durascope_proto::monitor::InstanceWindow;
use durascope_proto::monitor::SortColumn;
use durascope_proto::monitor::WatchRequest;
use tonic::Code;
use tonic::Status;

use crate::app::deed::Target;
use crate::app::event::Answer;
use crate::io::list::page as list_page;
use crate::io::poll;
use crate::io::wire::Hub;

/// Instances that are taken at most.
pub const MATCHING_MAX: usize = 100_000;
/// Rows of a page, as many as the server sends.
const PAGE: u32 = 1_000;
const QUERY_PAGE: i32 = 500;

/// All that match the filter of `window`.
pub(super) async fn list(hub: &Hub, window: InstanceWindow) -> Result<Answer, Status> {
    match by_feed(hub, &window).await {
        Err(status) if status.code() == Code::Unimplemented => by_query(hub, &window).await,
        other => other,
    }
}

async fn by_feed(hub: &Hub, window: &InstanceWindow) -> Result<Answer, Status> {
    let mut targets = Vec::new();
    let mut offset = 0;
    loop {
        let window = InstanceWindow {
            // Ids do not move while they are read.
            sort: SortColumn::InstanceId as i32,
            reverse: false,
            offset,
            limit: PAGE,
            ..window.clone()
        };
        let page = page(hub, window).await?;
        let is_last = page.rows.is_empty()
            || u64::from(offset) + u64::try_from(page.rows.len()).unwrap_or(u64::MAX)
                >= page.matching;
        targets.extend(page.rows.iter().map(Target::of));
        if is_last || targets.len() >= MATCHING_MAX {
            targets.truncate(MATCHING_MAX);
            return Ok(Answer::Matching {
                targets,
                more: !is_last,
            });
        }
        offset = u32::try_from(targets.len()).unwrap_or(u32::MAX);
    }
}

async fn page(hub: &Hub, window: InstanceWindow) -> Result<InstancePage, Status> {
    let request = WatchRequest {
        window: Some(window),
        instance_id: String::new(),
    };
    let mut updates = hub
        .monitor()
        .watch(tokio_stream::iter([request]))
        .await?
        .into_inner();
    let update = updates.message().await?;
    update
        .and_then(|it| it.instances)
        .ok_or_else(|| Status::unavailable("the server ended the feed"))
}

async fn by_query(hub: &Hub, window: &InstanceWindow) -> Result<Answer, Status> {
    let mut client = hub.sidecar();
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let query = InstanceQuery {
            runtime_status: window.statuses.clone(),
            max_instance_count: QUERY_PAGE,
            continuation_token: token,
            ..InstanceQuery::default()
        };
        let request = QueryInstancesRequest { query: Some(query) };
        let answer = client.query_instances(request).await?.into_inner();
        let rows: Vec<_> = answer
            .orchestration_state
            .into_iter()
            .map(poll::row_of)
            .collect();
        let window = InstanceWindow {
            offset: 0,
            limit: u32::MAX,
            ..window.clone()
        };
        let page = list_page(&rows, &window, None);
        targets.extend(page.rows.iter().map(Target::of));
        token = answer.continuation_token.filter(|it| !it.is_empty());
        if token.is_none() || targets.len() >= MATCHING_MAX {
            targets.truncate(MATCHING_MAX);
            return Ok(Answer::Matching {
                targets,
                more: token.is_some(),
            });
        }
    }
}
