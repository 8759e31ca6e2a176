//! Calls about entities.

use durascope_proto::CleanEntityStorageRequest;
use durascope_proto::CleanEntityStorageResponse;
use durascope_proto::EntityQuery;
use durascope_proto::GetEntityRequest;
use durascope_proto::GetEntityResponse;
use durascope_proto::QueryEntitiesRequest;
use durascope_proto::QueryEntitiesResponse;
use durascope_proto::SignalEntityRequest;

use super::ID_CHARS_MAX;
use super::rows::Table;

/// An entity id with one character more than there may be.
fn over_long() -> String {
    let name = "@counter@";
    format!("{name}{}", "k".repeat(ID_CHARS_MAX + 1 - name.len()))
}

/// Ids that no entity can have.
const MALFORMED: [&str; 5] = ["", "order", "@", "@counter", "@@key"];

pub(super) fn table() -> Table {
    let mut table = Table::default();
    signals(&mut table);
    reads(&mut table);
    queries(&mut table);
    cleaning(&mut table);
    table
}

fn signals(table: &mut Table) {
    let rpc = "SignalEntity";
    let signal = |id: &str, name: &str, request_id: &str| SignalEntityRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        request_id: request_id.to_owned(),
        ..SignalEntityRequest::default()
    };
    let words = ["instanceId", "length", "101", "100"];
    table.invalid(rpc, "id too long", &signal(&over_long(), "Add", ""), &words);
    for id in MALFORMED {
        let words = ["instanceId", "@name@key", id];
        let case = format!("malformed id {id:?}");
        table.invalid(rpc, &case, &signal(id, "Add", ""), &words);
    }
    for id in ["@counter@state", "@counter@nobody"] {
        let case = format!("name empty, {id}");
        table.invalid(rpc, &case, &signal(id, "", ""), &["name", "empty"]);
        let words = ["requestId", "GUID", "seven"];
        let case = format!("request id, {id}");
        table.invalid(rpc, &case, &signal(id, "Add", "seven"), &words);
    }
    let endless = signal("@counter@state", "Add", &"r".repeat(100_000));
    table.invalid(rpc, "an endless request id", &endless, &["requestId"]);
}

fn reads(table: &mut Table) {
    let rpc = "GetEntity";
    let get = |id: &str| GetEntityRequest {
        instance_id: id.to_owned(),
        include_state: true,
    };
    let words = ["instanceId", "length", "101", "100"];
    table.invalid(rpc, "id too long", &get(&over_long()), &words);
    for id in MALFORMED {
        let words = ["instanceId", "@name@key", id];
        table.invalid(rpc, &format!("malformed id {id:?}"), &get(id), &words);
    }
    // Without a state there is none, whatever else it has.
    for (case, id) in [
        ("unknown", "@counter@nobody"),
        ("locked", "@counter@locked"),
        ("with a signal only", "@counter@held"),
    ] {
        table.answered(rpc, case, &get(id), &GetEntityResponse::default());
    }
}

fn queries(table: &mut Table) {
    let rpc = "QueryEntities";
    let query = |query: EntityQuery| QueryEntitiesRequest { query: Some(query) };
    for token in ["0", "garbage", "v1.1.1.1", "e2.@counter@a"] {
        let request = query(EntityQuery {
            continuation_token: Some(token.to_owned()),
            ..EntityQuery::default()
        });
        let words = ["continuationToken", token];
        table.invalid(rpc, &format!("token {token}"), &request, &words);
    }
    let endless = query(EntityQuery {
        continuation_token: Some("t".repeat(100_000)),
        ..EntityQuery::default()
    });
    table.invalid(rpc, "an endless token", &endless, &["continuationToken"]);
    let nothing = QueryEntitiesResponse::default();
    for prefix in ["@@", "nobody", "%", "@counter@_"] {
        let request = query(EntityQuery {
            instance_id_starts_with: Some(prefix.to_owned()),
            page_size: Some(-5),
            ..EntityQuery::default()
        });
        table.answered(rpc, &format!("prefix {prefix}"), &request, &nothing);
    }
}

fn cleaning(table: &mut Table) {
    let rpc = "CleanEntityStorage";
    for (case, token) in [("everything", None), ("a token of nobody", Some("0"))] {
        let request = CleanEntityStorageRequest {
            continuation_token: token.map(str::to_owned),
            remove_empty_entities: true,
            release_orphaned_locks: true,
        };
        let nothing = CleanEntityStorageResponse::default();
        table.answered(rpc, case, &request, &nothing);
    }
}
