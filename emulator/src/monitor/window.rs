//! The watched window of instances: what is asked for, bounded, and read.

use durascope_proto::monitor as proto;
use durascope_proto::monitor::SortColumn;
use futures_util::future::try_join_all;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::live::HubLive;
use crate::monitor::reports::Reports;
use crate::monitor::rows;
use crate::store::instances::InstanceRow;
use crate::store::pages::StatusSet;
use crate::store::window as store;
use crate::store::window::Window;
use crate::store::window::WindowSort;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Failures are recent for so long.
const RECENT_US: i64 = 10 * 60 * 1_000_000;

/// For so many rows it is asked whether a worker holds a turn; each question costs the core
/// thread a moment.
const INSPECTED_MAX: usize = 32;

/// Reads the page that `asked` describes.
pub(super) async fn read(
    hub: &Hub,
    key: HubKey,
    live: &HubLive,
    reports: &mut Reports,
    asked: &proto::InstanceWindow,
    now_us: i64,
) -> Result<proto::InstancePage, HubError> {
    let window = parse(key, asked, now_us);
    let known = matching_without_reading(live, &window);
    // After a failure they are read anew: what is kept is only a cache.
    let mut reader = std::mem::take(reports);
    let (matching, found, reported, reader) = hub
        .store()
        .read(move |connection| {
            let matching = match known {
                Some(matching) => matching,
                None => store::matching(connection, &window)?,
            };
            let found = store::rows(connection, &window)?;
            let reported = reader.read(connection, key, &found)?;
            Ok((matching, found, reported, reader))
        })
        .await?;
    *reports = reader;
    let candidates = found.iter().filter(|row| may_be_out(row));
    // All at once: the core thread answers them together.
    let outs = candidates.take(INSPECTED_MAX).map(|row| async {
        Ok::<_, HubError>((row.instance, has_turn_out(hub, key, &row.id).await?))
    });
    let outs: Vec<(i64, bool)> = try_join_all(outs).await?;
    let out = |row: &InstanceRow| outs.contains(&(row.instance, true));
    let page = proto::InstancePage {
        window: Some(asked.clone()),
        matching,
        rows: found
            .into_iter()
            .zip(reported)
            .map(|(row, reported)| {
                let turn_out = out(&row);
                rows::row(row, turn_out, reported)
            })
            .collect(),
    };
    Ok(page)
}

/// A turn that is out has messages that it has not consumed.
fn may_be_out(row: &InstanceRow) -> bool {
    row.messages_waiting > 0 && rows::is_open(row.status)
}

async fn has_turn_out(hub: &Hub, key: HubKey, id: &str) -> Result<bool, HubError> {
    match hub.inspect(key, id).await {
        Ok(live) => Ok(live.turn.is_some()),
        Err(HubError::UnknownInstance { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn parse(key: HubKey, asked: &proto::InstanceWindow, now_us: i64) -> Window {
    let limit = match asked.limit {
        0 => LIMIT_DEFAULT,
        limit => limit.min(LIMIT_MAX),
    };
    Window {
        hub: key.0,
        // SQLite's lower() knows ASCII only; both sides must agree.
        text: asked.text.to_ascii_lowercase(),
        statuses: StatusSet::listed(&asked.statuses),
        roots_only: asked.roots_only,
        sort: match asked.sort() {
            SortColumn::Attention => WindowSort::Attention,
            SortColumn::Created => WindowSort::Created,
            SortColumn::Updated => WindowSort::Updated,
            SortColumn::Name => WindowSort::Name,
            SortColumn::InstanceId => WindowSort::Id,
            SortColumn::Status => WindowSort::Status,
            SortColumn::Open => WindowSort::Open,
            SortColumn::Failures => WindowSort::Failures,
            SortColumn::History => WindowSort::History,
        },
        reverse: asked.reverse,
        offset: i64::from(asked.offset),
        limit: i64::from(limit),
        recent_us: now_us.saturating_sub(RECENT_US),
    }
}

/// Without text and roots filter the totals say how many match.
fn matching_without_reading(live: &HubLive, window: &Window) -> Option<u64> {
    if !window.text.is_empty() || window.roots_only {
        return None;
    }
    let listed = |status: &i32| (0..8).contains(status) && (window.statuses.0 >> status) & 1 == 1;
    let totals = live.totals.iter().filter(|(status, _)| listed(status));
    Some(totals.map(|(_, count)| count).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_bounded() {
        let asked = proto::InstanceWindow {
            text: "OrDer".to_owned(),
            limit: u32::MAX,
            offset: u32::MAX,
            sort: 77,
            ..proto::InstanceWindow::default()
        };
        let window = parse(HubKey(1), &asked, 0);
        assert_eq!(window.limit, 1_000);
        assert_eq!(window.text, "order");
        assert_eq!(window.sort, WindowSort::Attention);
        let window = parse(HubKey(1), &proto::InstanceWindow::default(), 0);
        assert_eq!(window.limit, 100);
    }

    #[test]
    fn matches_come_from_the_totals_where_these_know() {
        let live = HubLive {
            totals: [(0, 3), (1, 5), (3, 7)].into(),
            ..HubLive::default()
        };
        let count = |asked: proto::InstanceWindow| {
            matching_without_reading(&live, &parse(HubKey(1), &asked, 0))
        };
        assert_eq!(count(proto::InstanceWindow::default()), Some(15));
        assert_eq!(
            count(proto::InstanceWindow {
                statuses: vec![0, 3],
                ..proto::InstanceWindow::default()
            }),
            Some(10)
        );
        assert_eq!(
            count(proto::InstanceWindow {
                roots_only: true,
                ..proto::InstanceWindow::default()
            }),
            None
        );
    }
}
