//! What clients may ask: the state of one instance, pages of many, and committed history.
//!
//! All of it reads what is committed and never waits for the core thread.

use std::collections::BTreeMap;

use bytes::Bytes;
use durascope_engine::entity::EntityId;
use durascope_engine::error::shown;
use durascope_proto::InstanceQuery;
use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::ListInstanceIdsResponse;
use durascope_proto::OrchestrationState;
use durascope_proto::OrchestrationStatus;
use durascope_proto::QueryInstancesResponse;
use durascope_proto::TaskFailureDetails;
use durascope_proto::monitor::PreviewPurgeResponse;
use durascope_proto::time::from_micros;
use durascope_proto::time::to_micros;
use prost::Message;
use prost_types::Timestamp;

use crate::hub::Hub;
use crate::hub::HubError;
use crate::live::HubKey;
use crate::store::Db;
use crate::store::StoreError;
use crate::store::family;
use crate::store::history;
use crate::store::instances;
use crate::store::instances::InstanceRow;
use crate::store::instances::Payloads;
use crate::store::pages;
use crate::store::pages::CompletedPage;
use crate::store::pages::CreatedPage;
use crate::store::pages::StatusSet;

/// Instances per page when the caller states no number.
const PAGE_SIZE_DEFAULT: i64 = 100;

/// Instances per page at most.
const PAGE_SIZE_MAX: i64 = 1_000;

/// Bytes of history that one step reads.
const HISTORY_STEP_BYTES: usize = 1024 * 1024;

/// Small chunks are put together up to this size for sending.
const HISTORY_MESSAGE_BYTES: usize = 256 * 1024;

/// Ids in one purge at most, as the protocol says.
const PURGE_IDS_MAX: usize = 500;

/// What to do when a state has more text than a message holds.
const WITHOUT_TEXTS: &str = "ask without inputs and outputs";

/// Version of the continuation tokens.
const TOKEN_VERSION: &str = "v1";

/// Which texts a state carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Input, output, custom status and failure.
    All,
    /// None of these.
    Blank,
}

impl Texts {
    pub fn wanted(wanted: bool) -> Self {
        if wanted { Self::All } else { Self::Blank }
    }
}

/// Where a reader of history stands. What is committed later is not read.
#[derive(Clone, Debug)]
pub struct HistoryCursor {
    instance: i64,
    execution: String,
    next: i64,
    end: i64,
}

impl Hub {
    /// The state of one instance; `None` when there is none.
    pub async fn instance(
        &self,
        hub: HubKey,
        id: &str,
        texts: Texts,
    ) -> Result<Option<OrchestrationState>, HubError> {
        let id = id.to_owned();
        let state = self.store().read(move |connection| {
            instances::by_id(connection, hub.0, &id)?
                .map(|row| state(connection, row, texts))
                .transpose()
        });
        let state = state.await?;
        let bytes = state.as_ref().map_or(0, Message::encoded_len);
        self.limits.check_answer(bytes, WITHOUT_TEXTS)?;
        Ok(state)
    }

    /// A page of instances in order of creation.
    ///
    /// # Errors
    /// [`HubError::Invalid`] when the continuation token is not one of this hub.
    pub async fn query(
        &self,
        hub: HubKey,
        query: InstanceQuery,
    ) -> Result<QueryInstancesResponse, HubError> {
        let texts = Texts::wanted(query.fetch_inputs_and_outputs);
        let size = page_size(query.max_instance_count);
        let page = CreatedPage {
            hub: hub.0,
            statuses: StatusSet::listed(&query.runtime_status),
            from_us: query.created_time_from.as_ref().map_or(i64::MIN, to_micros),
            to_us: query.created_time_to.as_ref().map_or(i64::MAX, to_micros),
            id_prefix: query.instance_id_prefix.unwrap_or_default(),
            after: match query.continuation_token.as_deref() {
                None | Some("") => None,
                Some(token) => Some(parse_token(hub, token)?),
            },
            limit: size + 1,
        };
        let hubs_wanted = query.task_hub_names;
        let limits = self.limits;
        let response = self.store().read(move |connection| {
            if !hubs_wanted.is_empty() {
                let name = instances::hub_name(connection, hub.0)?.unwrap_or_default();
                if !hubs_wanted.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
                    return Ok(QueryInstancesResponse::default());
                }
            }
            let rows = pages::created_page(connection, &page)?;
            let bytes_max = limits.page_bytes_max();
            fill_page(rows, size, bytes_max, |row| state(connection, row, texts))
        });
        let page = response.await?;
        limits.check_answer(page.encoded_len(), WITHOUT_TEXTS)?;
        Ok(page)
    }

    /// A page of ids of ended instances in order of completion.
    ///
    /// # Errors
    /// [`HubError::Invalid`] when the key is neither one of ours nor the id of an ended instance.
    pub async fn list_ids(
        &self,
        hub: HubKey,
        request: ListInstanceIdsRequest,
    ) -> Result<ListInstanceIdsResponse, HubError> {
        let page = CompletedPage {
            hub: hub.0,
            statuses: StatusSet::listed(&request.runtime_status),
            from_us: request
                .completed_time_from
                .as_ref()
                .map_or(i64::MIN, to_micros),
            to_us: request
                .completed_time_to
                .as_ref()
                .map_or(i64::MAX, to_micros),
            after: None,
            limit: page_size(request.page_size),
        };
        let key = request.last_instance_key.filter(|key| !key.is_empty());
        let given = key.as_deref().map(shown).unwrap_or_default();
        let read = self.store().read(move |connection| {
            let after = match key.as_deref().map(parse_instance_key) {
                None => None,
                Some(InstanceKeyText::Full(at, id)) => Some((at, id)),
                Some(InstanceKeyText::IdOnly(id)) => {
                    match pages::completed_at(connection, hub.0, &id)? {
                        Some(at) => Some((at, id)),
                        None => return Ok(None),
                    }
                }
            };
            pages::completed_page(connection, &CompletedPage { after, ..page }).map(Some)
        });
        let Some(rows) = read.await? else {
            return Err(HubError::Invalid(format!(
                "lastInstanceKey {given} is neither a key that this server gave nor the id of an \
                 ended instance"
            )));
        };
        Ok(ListInstanceIdsResponse {
            // On every page that is not empty: exporters go on from it until a page is.
            last_instance_key: rows.last().map(|(at, id)| format!("{at}|{id}")),
            instance_ids: rows.into_iter().map(|(_, id)| id).collect(),
        })
    }

    /// The committed history of an instance as of now. `None` when the instance does not exist
    /// or has another execution than the one that is asked for.
    ///
    /// # Errors
    /// [`HubError::UnknownInstance`] for an entity, which has no history.
    pub async fn history(
        &self,
        hub: HubKey,
        id: &str,
        execution: Option<String>,
    ) -> Result<Option<HistoryCursor>, HubError> {
        let id = id.to_owned();
        if EntityId::is_meant(&id) {
            let name = move |connection: &Db| instances::hub_name(connection, hub.0);
            let hub = self.store().read(name).await?.unwrap_or_default();
            return Err(HubError::UnknownInstance { hub, id });
        }
        let cursor = self.store().read(move |connection| {
            let Some(row) = instances::by_id(connection, hub.0, &id)? else {
                return Ok(None);
            };
            if execution.is_some_and(|wanted| !wanted.is_empty() && wanted != row.execution) {
                return Ok(None);
            }
            Ok(Some(HistoryCursor {
                end: history::end(connection, row.instance)?,
                instance: row.instance,
                execution: row.execution,
                next: 0,
            }))
        });
        Ok(cursor.await?)
    }

    /// The next encoded HistoryChunk messages, and where the reader then stands; none at the end.
    ///
    /// # Errors
    /// [`HubError::WrongState`] when the execution ended by continue-as-new, a replacement or a
    /// purge meanwhile: its history is gone.
    pub async fn history_step(
        &self,
        cursor: HistoryCursor,
    ) -> Result<Option<(Vec<Bytes>, HistoryCursor)>, HubError> {
        if cursor.next >= cursor.end {
            return Ok(None);
        }
        let read = self.store().read(move |connection| {
            if history::execution(connection, cursor.instance)?.as_ref() != Some(&cursor.execution)
            {
                return Ok(None);
            }
            let read = history::chunks(
                connection,
                cursor.instance,
                cursor.next,
                cursor.end,
                HISTORY_STEP_BYTES,
            )?;
            let next = if read.chunks.is_empty() {
                cursor.end
            } else {
                read.next
            };
            Ok(Some((
                joined(read.chunks),
                HistoryCursor { next, ..cursor },
            )))
        });
        let (messages, next) = read.await?.ok_or_else(|| {
            HubError::WrongState(
                "the execution whose history is read has been replaced meanwhile".to_owned(),
            )
        })?;
        for message in &messages {
            let instead = "this event is from a time with a higher limit";
            self.limits.check_answer(message.len(), instead)?;
        }
        Ok(Some((messages, next)))
    }
}

impl Hub {
    /// The names of all task hubs.
    pub async fn task_hubs(&self) -> Result<Vec<String>, HubError> {
        Ok(self.store().read(instances::hub_names).await?)
    }

    /// What a purge of these instances would delete. Changes nothing.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for more ids than a purge takes.
    pub async fn preview_purge(
        &self,
        hub: HubKey,
        ids: Vec<String>,
        recursive: bool,
    ) -> Result<PreviewPurgeResponse, HubError> {
        if ids.len() > PURGE_IDS_MAX {
            return Err(HubError::Invalid(format!(
                "{} instance ids in one request, limit {PURGE_IDS_MAX}",
                ids.len()
            )));
        }
        let preview = self
            .store()
            .read(move |connection| preview(connection, hub, &ids, recursive));
        Ok(preview.await?)
    }
}

/// Every instance once, also when the ids name parents and their children.
fn preview(
    connection: &Db,
    hub: HubKey,
    ids: &[String],
    recursive: bool,
) -> Result<PreviewPurgeResponse, StoreError> {
    let mut preview = PreviewPurgeResponse::default();
    let mut statuses: BTreeMap<i64, i32> = BTreeMap::new();
    for id in ids {
        let Some(row) = instances::by_id(connection, hub.0, id)? else {
            preview.unknown += 1;
            continue;
        };
        statuses.insert(row.instance, row.status);
        // An instance that stays keeps its descendants.
        if recursive && has_ended(row.status) {
            statuses.extend(family::descendants(connection, row.instance)?);
        }
    }
    for status in statuses.into_values() {
        if has_ended(status) {
            preview.deleted += 1;
        } else {
            preview.kept += 1;
        }
    }
    Ok(preview)
}

/// Completed, failed, terminated or canceled.
fn has_ended(status: i32) -> bool {
    matches!(
        OrchestrationStatus::try_from(status),
        Ok(OrchestrationStatus::Completed
            | OrchestrationStatus::Failed
            | OrchestrationStatus::Terminated
            | OrchestrationStatus::Canceled)
    )
}

/// Concatenated encodings of a message with one repeated field are one such message.
fn joined(chunks: Vec<Vec<u8>>) -> Vec<Bytes> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for chunk in chunks {
        match messages.last_mut() {
            Some(last) if last.len() + chunk.len() <= HISTORY_MESSAGE_BYTES => {
                last.extend_from_slice(&chunk);
            }
            _ => messages.push(chunk),
        }
    }
    messages.into_iter().map(Bytes::from).collect()
}

pub(super) fn page_size(wanted: i32) -> i64 {
    match i64::from(wanted) {
        ..=0 => PAGE_SIZE_DEFAULT,
        wanted => wanted.min(PAGE_SIZE_MAX),
    }
}

/// States until the page is full by number or by bytes; a token only when more follow.
fn fill_page(
    rows: Vec<InstanceRow>,
    size: i64,
    bytes_max: usize,
    state: impl Fn(InstanceRow) -> Result<OrchestrationState, StoreError>,
) -> Result<QueryInstancesResponse, StoreError> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut response = QueryInstancesResponse::default();
    let mut bytes = 0_usize;
    let mut last = None;
    for row in rows {
        let full = response.orchestration_state.len() >= size;
        let position = (row.hub, row.created_at_us, row.instance);
        let next = if full { None } else { Some(state(row)?) };
        let fits = next.as_ref().map(|state| bytes + state.encoded_len());
        match (next, fits) {
            (Some(next), Some(sum)) if sum <= bytes_max || last.is_none() => {
                bytes = sum;
                last = Some(position);
                response.orchestration_state.push(next);
            }
            _ => {
                response.continuation_token = last.map(token);
                break;
            }
        }
    }
    Ok(response)
}

fn token((hub, created_at_us, instance): (i64, i64, i64)) -> String {
    format!("{TOKEN_VERSION}.{hub}.{created_at_us}.{instance}")
}

fn parse_token(hub: HubKey, token: &str) -> Result<(i64, i64), HubError> {
    let parse = || {
        let mut parts = token.split('.');
        let version = parts.next()?;
        let numbers =
            [parts.next()?, parts.next()?, parts.next()?].map(|part| part.parse::<i64>().ok());
        match (version, numbers, parts.next()) {
            (TOKEN_VERSION, [Some(of), Some(at), Some(instance)], None) if of == hub.0 => {
                Some((at, instance))
            }
            _ => None,
        }
    };
    parse().ok_or_else(|| unknown_token(token))
}

/// The refusal of a continuation token.
pub(super) fn unknown_token(token: &str) -> HubError {
    HubError::Invalid(format!(
        "continuationToken {} is not one that this server gave for this query",
        shown(token)
    ))
}

/// A `lastInstanceKey`: ours, or the bare id that Java's client makes of it.
#[derive(Debug, PartialEq, Eq)]
enum InstanceKeyText {
    Full(i64, String),
    IdOnly(String),
}

fn parse_instance_key(key: &str) -> InstanceKeyText {
    key.split_once('|')
        .and_then(|(at, id)| Some(InstanceKeyText::Full(at.parse().ok()?, id.to_owned())))
        .unwrap_or_else(|| InstanceKeyText::IdOnly(key.to_owned()))
}

fn state(
    connection: &Db,
    row: InstanceRow,
    texts: Texts,
) -> Result<OrchestrationState, StoreError> {
    let payloads = match texts {
        Texts::All => instances::payloads(connection, row.instance)?,
        Texts::Blank => Payloads::default(),
    };
    to_state(row, payloads)
}

/// The wire form of a row.
fn to_state(row: InstanceRow, payloads: Payloads) -> Result<OrchestrationState, StoreError> {
    let tags = row.tags()?;
    Ok(OrchestrationState {
        failure_details: payloads.failure.as_deref().map(failure).transpose()?,
        input: payloads.input,
        output: payloads.output,
        custom_status: payloads.custom_status,
        instance_id: row.id,
        name: row.name,
        version: row.version,
        orchestration_status: row.status,
        scheduled_start_timestamp: row.scheduled_start_us.map(from_micros),
        created_timestamp: timestamp(row.created_at_us),
        last_updated_timestamp: timestamp(row.updated_at_us),
        execution_id: Some(row.execution),
        completed_timestamp: row.completed_at_us.map(from_micros),
        parent_instance_id: row.parent_id,
        tags,
    })
}

fn timestamp(micros: i64) -> Option<Timestamp> {
    Some(from_micros(micros))
}

/// Decodes a stored failure.
pub(crate) fn failure(data: &[u8]) -> Result<TaskFailureDetails, StoreError> {
    TaskFailureDetails::decode(data)
        .map_err(|error| StoreError::corrupt(format!("failure details: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 3_500_000;

    fn rows(count: i64) -> Vec<InstanceRow> {
        (1..=count)
            .map(|instance| InstanceRow {
                instance,
                hub: 1,
                created_at_us: 1_000 + instance,
                ..InstanceRow::default()
            })
            .collect()
    }

    fn with_input(bytes: usize) -> impl Fn(InstanceRow) -> Result<OrchestrationState, StoreError> {
        move |row| {
            to_state(
                row,
                Payloads {
                    input: Some("x".repeat(bytes)),
                    ..Payloads::default()
                },
            )
        }
    }

    #[test]
    fn page_is_cut_by_number_and_only_an_unfinished_one_has_a_token() {
        let page = fill_page(rows(6), 5, BYTES_MAX, with_input(1)).unwrap();
        assert_eq!(page.orchestration_state.len(), 5);
        assert_eq!(page.continuation_token.as_deref(), Some("v1.1.1005.5"));
        let page = fill_page(rows(5), 5, BYTES_MAX, with_input(1)).unwrap();
        assert_eq!(page.orchestration_state.len(), 5);
        assert_eq!(page.continuation_token, None);
    }

    #[test]
    fn page_is_cut_by_bytes_but_never_empty() {
        let page = fill_page(rows(6), 5, BYTES_MAX, with_input(2_000_000)).unwrap();
        assert_eq!(page.orchestration_state.len(), 1);
        assert_eq!(page.continuation_token.as_deref(), Some("v1.1.1001.1"));
        let page = fill_page(rows(1), 5, BYTES_MAX, with_input(9_000_000)).unwrap();
        assert_eq!(page.orchestration_state.len(), 1);
        assert_eq!(page.continuation_token, None);
    }

    #[test]
    fn only_tokens_of_this_hub_are_taken() {
        assert_eq!(parse_token(HubKey(7), "v1.7.-5.9").unwrap(), (-5, 9));
        for token in [
            "v1.8.5.9",
            "v2.7.5.9",
            "v1.7.5",
            "v1.7.5.9.1",
            "v1.7.x.9",
            "0",
        ] {
            assert!(parse_token(HubKey(7), token).is_err(), "{token}");
        }
    }

    #[test]
    fn instance_keys_are_read_with_and_without_time() {
        for (key, parsed) in [
            ("12|a|b", InstanceKeyText::Full(12, "a|b".to_owned())),
            ("order-1", InstanceKeyText::IdOnly("order-1".to_owned())),
            ("x|y", InstanceKeyText::IdOnly("x|y".to_owned())),
        ] {
            assert_eq!(parse_instance_key(key), parsed);
        }
    }

    #[test]
    fn small_chunks_are_joined_and_large_ones_left_alone() {
        let sizes = |chunks: &[usize]| -> Vec<usize> {
            joined(chunks.iter().map(|size| vec![0; *size]).collect())
                .iter()
                .map(Bytes::len)
                .collect()
        };
        assert_eq!(sizes(&[10, 20, 30]), [60]);
        assert_eq!(
            sizes(&[200_000, 62_144, 1, 900_000, 5]),
            [262_144, 1, 900_000, 5]
        );
        assert!(sizes(&[]).is_empty());
    }
}
