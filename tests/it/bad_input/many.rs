//! Calls about many instances.

use durascope_proto::InstanceBatch;
use durascope_proto::InstanceQuery;
use durascope_proto::ListInstanceIdsRequest;
use durascope_proto::ListInstanceIdsResponse;
use durascope_proto::OrchestrationStatus;
use durascope_proto::PurgeInstanceFilter;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::PurgeInstancesResponse;
use durascope_proto::QueryInstancesRequest;
use durascope_proto::QueryInstancesResponse;
use durascope_proto::SkipGracefulOrchestrationTerminationsRequest;
use durascope_proto::SkipGracefulOrchestrationTerminationsResponse;
use durascope_proto::purge_instances_request::Request as PurgeTarget;
use durascope_proto::time;
use prost_types::Duration;
use prost_types::Timestamp;

use super::instances::ENDED;
use super::instances::OPEN;
use super::over_long;
use super::rows::Table;

/// Ids in one batch, as the protocol says.
const BATCH_MAX: usize = 500;

/// Numbers that no status has.
const UNKNOWN_STATUSES: [i32; 3] = [99, 64, -1];

/// A moment that no test run reaches: 2100.
const LATER_US: i64 = 4_102_444_800_000_000;

pub(super) fn table() -> Table {
    let mut table = Table::default();
    queries(&mut table);
    lists(&mut table);
    purges(&mut table);
    purges_of_entities(&mut table);
    purges_by_filter(&mut table);
    skips(&mut table);
    table
}

fn queries(table: &mut Table) {
    let rpc = "QueryInstances";
    let query = |query: InstanceQuery| QueryInstancesRequest { query: Some(query) };
    for token in [
        "0",
        "garbage",
        "v1.1.1",
        "v1.2.1.1",
        "v1.x.1.1",
        "e1.@counter@a",
    ] {
        let request = query(InstanceQuery {
            continuation_token: Some(token.to_owned()),
            ..InstanceQuery::default()
        });
        let words = ["continuationToken", token];
        table.invalid(rpc, &format!("token {token}"), &request, &words);
    }
    let long = query(InstanceQuery {
        continuation_token: Some("t".repeat(100_000)),
        ..InstanceQuery::default()
    });
    table.invalid(rpc, "an endless token", &long, &["continuationToken"]);
    let nothing = QueryInstancesResponse::default();
    let unknown = query(InstanceQuery {
        runtime_status: UNKNOWN_STATUSES.to_vec(),
        ..InstanceQuery::default()
    });
    table.answered(rpc, "unknown statuses match nothing", &unknown, &nothing);
    let elsewhere = query(InstanceQuery {
        task_hub_names: vec!["other".to_owned()],
        ..InstanceQuery::default()
    });
    table.answered(rpc, "another hub", &elsewhere, &nothing);
    let entities = query(InstanceQuery {
        instance_id_prefix: Some("@".to_owned()),
        max_instance_count: -5,
        ..InstanceQuery::default()
    });
    table.answered(rpc, "entities are no instances", &entities, &nothing);
    let backwards = query(InstanceQuery {
        created_time_from: Some(endless(i64::MAX)),
        created_time_to: Some(endless(i64::MIN)),
        ..InstanceQuery::default()
    });
    table.answered(
        rpc,
        "a window that ends before it begins",
        &backwards,
        &nothing,
    );
}

fn lists(table: &mut Table) {
    let rpc = "ListInstanceIds";
    // Neither a key that was given nor the id of an instance that has ended.
    for key in ["nobody", "running", "x|y", "|", "@counter@state"] {
        let request = ListInstanceIdsRequest {
            last_instance_key: Some(key.to_owned()),
            ..ListInstanceIdsRequest::default()
        };
        let words = ["lastInstanceKey", key];
        table.invalid(rpc, &format!("key {key}"), &request, &words);
    }
    let long = ListInstanceIdsRequest {
        last_instance_key: Some("k".repeat(100_000)),
        ..ListInstanceIdsRequest::default()
    };
    table.invalid(rpc, "an endless key", &long, &["lastInstanceKey"]);
    let unknown = ListInstanceIdsRequest {
        runtime_status: UNKNOWN_STATUSES.to_vec(),
        page_size: -5,
        ..ListInstanceIdsRequest::default()
    };
    let nothing = ListInstanceIdsResponse::default();
    table.answered(rpc, "unknown statuses match nothing", &unknown, &nothing);
    let backwards = ListInstanceIdsRequest {
        completed_time_from: Some(endless(i64::MAX)),
        completed_time_to: Some(endless(i64::MIN)),
        ..ListInstanceIdsRequest::default()
    };
    table.answered(
        rpc,
        "a window that ends before it begins",
        &backwards,
        &nothing,
    );
}

/// The end of time, with nanoseconds that no moment has.
fn endless(seconds: i64) -> Timestamp {
    Timestamp {
        seconds,
        nanos: i32::MIN,
    }
}

fn batch(ids: &[String]) -> InstanceBatch {
    InstanceBatch {
        instance_ids: ids.to_vec(),
    }
}

/// One id more than a batch may have, of instances that are there.
fn too_many() -> InstanceBatch {
    batch(&vec!["completed".to_owned(); BATCH_MAX + 1])
}

fn purge(target: PurgeTarget, recursive: bool) -> PurgeInstancesRequest {
    PurgeInstancesRequest {
        request: Some(target),
        recursive,
        is_orchestration: false,
    }
}

fn purged_nothing() -> PurgeInstancesResponse {
    PurgeInstancesResponse {
        deleted_instance_count: 0,
        is_complete: Some(true),
    }
}

fn purges(table: &mut Table) {
    let rpc = "PurgeInstances";
    let words = ["instanceId", "purgeInstanceFilter", "instanceBatch"];
    let nothing_set = PurgeInstancesRequest {
        recursive: true,
        ..PurgeInstancesRequest::default()
    };
    table.invalid(rpc, "nothing to purge", &nothing_set, &words);
    for recursive in [false, true] {
        let request = purge(PurgeTarget::InstanceBatch(too_many()), recursive);
        let words = ["instanceBatch", "501", "500"];
        table.invalid(
            rpc,
            &format!("501 ids, recursive {recursive}"),
            &request,
            &words,
        );
        let unknown = ["nobody".to_owned(), over_long(), String::new()];
        let open = OPEN.map(str::to_owned);
        for id in unknown.iter().chain(&open) {
            let request = purge(PurgeTarget::InstanceId(id.clone()), recursive);
            let case = format!("{id:?}, recursive {recursive}");
            table.answered(rpc, &case, &request, &purged_nothing());
        }
        let all: Vec<String> = unknown.iter().chain(&open).cloned().collect();
        for (case, ids) in [("an empty batch", &[][..]), ("a batch of these", &all)] {
            let request = purge(PurgeTarget::InstanceBatch(batch(ids)), recursive);
            let case = format!("{case}, recursive {recursive}");
            table.answered(rpc, &case, &request, &purged_nothing());
        }
    }
}

fn purges_of_entities(table: &mut Table) {
    let rpc = "PurgeInstances";
    for id in ["@counter@nobody", "@", "@counter"] {
        let request = purge(PurgeTarget::InstanceId(id.to_owned()), false);
        let case = format!("unknown entity {id}");
        table.answered(rpc, &case, &request, &purged_nothing());
    }
    let request = PurgeInstancesRequest {
        is_orchestration: true,
        ..purge(PurgeTarget::InstanceId("@counter@state".to_owned()), false)
    };
    let case = "an entity where an orchestration is meant";
    table.answered(rpc, case, &request, &purged_nothing());
    let entities = ["@counter@state".to_owned(), "@counter@locked".to_owned()];
    let request = purge(PurgeTarget::InstanceBatch(batch(&entities)), true);
    let case = "entities in a batch";
    table.answered(rpc, case, &request, &purged_nothing());
}

fn purges_by_filter(table: &mut Table) {
    let rpc = "PurgeInstances";
    let open = [
        OrchestrationStatus::Pending,
        OrchestrationStatus::Running,
        OrchestrationStatus::Suspended,
        OrchestrationStatus::ContinuedAsNew,
    ];
    let none = PurgeInstanceFilter::default;
    for (case, filter) in [
        (
            "statuses that nothing ends with",
            PurgeInstanceFilter {
                runtime_status: open.map(|status| status as i32).to_vec(),
                ..none()
            },
        ),
        (
            "unknown statuses",
            PurgeInstanceFilter {
                runtime_status: UNKNOWN_STATUSES.to_vec(),
                ..none()
            },
        ),
        (
            "a window that is to come",
            PurgeInstanceFilter {
                created_time_from: Some(time::from_micros(LATER_US)),
                ..none()
            },
        ),
        (
            "a window that ends before it begins",
            PurgeInstanceFilter {
                created_time_from: Some(endless(i64::MAX)),
                created_time_to: Some(endless(i64::MIN)),
                timeout: Some(Duration {
                    seconds: i64::MIN,
                    nanos: i32::MIN,
                }),
                ..none()
            },
        ),
    ] {
        for recursive in [false, true] {
            let target = PurgeTarget::PurgeInstanceFilter(filter.clone());
            let case = format!("{case}, recursive {recursive}");
            let request = purge(target, recursive);
            table.answered(rpc, &case, &request, &purged_nothing());
        }
    }
}

fn skips(table: &mut Table) {
    let rpc = "SkipGracefulOrchestrationTerminations";
    let skip = |batch: Option<InstanceBatch>| SkipGracefulOrchestrationTerminationsRequest {
        instance_batch: batch,
        reason: Some("why".to_owned()),
    };
    let words = ["instanceBatch", "501", "500"];
    let request = skip(Some(too_many()));
    table.invalid(rpc, "501 ids", &request, &words);
    let left = |ids: &[String]| SkipGracefulOrchestrationTerminationsResponse {
        unterminated_instance_ids: ids.to_vec(),
    };
    table.answered(rpc, "no batch", &skip(None), &left(&[]));
    table.answered(rpc, "an empty batch", &skip(Some(batch(&[]))), &left(&[]));
    let others = ["nobody", "", "@counter@state", "@", "holder"];
    let ids = others.into_iter().chain(ENDED).map(str::to_owned);
    let ids: Vec<String> = ids.chain([over_long()]).collect();
    for id in &ids {
        let id = std::slice::from_ref(id);
        let case = format!("{id:?}");
        table.answered(rpc, &case, &skip(Some(batch(id))), &left(id));
    }
    let request = skip(Some(batch(&ids)));
    table.answered(rpc, "all that cannot be ended", &request, &left(&ids));
}
