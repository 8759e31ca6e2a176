//! Task hubs, and calls that need nothing but one.

use durascope_proto::CreateTaskHubRequest;
use durascope_proto::CreateTaskHubResponse;
use durascope_proto::DeleteTaskHubRequest;
use durascope_proto::DeleteTaskHubResponse;
use prost::Message as _;

use super::raw::Call;
use super::rows::Expected;
use super::rows::Table;

pub(super) fn table() -> Table {
    let mut table = Table::default();
    for (case, hub) in [
        ("no hub is the first hub", None),
        ("a blank hub is the first hub", Some(b" ".to_vec())),
    ] {
        let call = Call {
            rpc: "Hello".to_owned(),
            hub,
            deadline: None,
            body: Vec::new(),
        };
        let nothing = Expected::Answer(vec![Vec::new()]);
        table.add(case, call, nothing);
    }
    let request = CreateTaskHubRequest {
        recreate_if_exists: false,
    };
    let answer = CreateTaskHubResponse {};
    table.answered("CreateTaskHub", "it exists", &request, &answer);
    let call = Call {
        rpc: "DeleteTaskHub".to_owned(),
        hub: Some(b"green".to_vec()),
        deadline: None,
        body: DeleteTaskHubRequest {}.encode_to_vec(),
    };
    let answer = Expected::Answer(vec![DeleteTaskHubResponse {}.encode_to_vec()]);
    table.add("it does not exist", call, answer);
    table
}
