//! Calls about one instance.

use durascope_proto::CreateInstanceRequest;
use durascope_proto::GetInstanceRequest;
use durascope_proto::GetInstanceResponse;
use durascope_proto::OrchestrationIdReusePolicy;
use durascope_proto::OrchestrationStatus;
use durascope_proto::RaiseEventRequest;
use durascope_proto::RaiseEventResponse;
use durascope_proto::RestartInstanceRequest;
use durascope_proto::ResumeRequest;
use durascope_proto::ResumeResponse;
use durascope_proto::RewindInstanceRequest;
use durascope_proto::StreamInstanceHistoryRequest;
use durascope_proto::SuspendRequest;
use durascope_proto::SuspendResponse;
use durascope_proto::TerminateRequest;
use durascope_proto::TerminateResponse;
use tonic::Code;

use super::over_long;
use super::rows::Table;

/// Instances that have ended, each named after its status.
pub(super) const ENDED: [&str; 4] = ["completed", "failed", "terminated", "canceled"];

/// Instances that have not.
pub(super) const OPEN: [&str; 4] = ["pending", "later", "running", "suspended"];

pub(super) fn table() -> Table {
    let mut table = Table::default();
    starts(&mut table);
    reuse(&mut table);
    reads(&mut table);
    events(&mut table);
    terminations(&mut table);
    suspensions(&mut table);
    restarts(&mut table);
    rewinds(&mut table);
    table
}

/// Ids that no instance can have, with what must be said of them.
fn bad_ids() -> [(&'static str, String, Code, Vec<&'static str>); 4] {
    [
        (
            "unknown",
            "nobody".to_owned(),
            Code::NotFound,
            vec!["nobody", "default"],
        ),
        (
            "id of an entity",
            "@counter@state".to_owned(),
            Code::NotFound,
            vec!["@counter@state"],
        ),
        (
            "id too long",
            over_long(),
            Code::InvalidArgument,
            vec!["instanceId", "101", "100"],
        ),
        (
            "id empty",
            String::new(),
            Code::InvalidArgument,
            vec!["instanceId", "empty"],
        ),
    ]
}

fn start(id: &str, name: &str) -> CreateInstanceRequest {
    CreateInstanceRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        ..CreateInstanceRequest::default()
    }
}

fn starts(table: &mut Table) {
    let rpc = "StartInstance";
    let words = ["instanceId", "length", "101", "100"];
    table.invalid(rpc, "id too long", &start(&over_long(), "Order"), &words);
    for id in ["@", "@counter", "@counter@state"] {
        let words = ["instanceId", "'@'", id];
        let case = format!("id {id} of an entity");
        table.invalid(rpc, &case, &start(id, "Order"), &words);
    }
    for id in ["", "fresh", "completed"] {
        let case = format!("name empty, id {id:?}");
        table.invalid(rpc, &case, &start(id, ""), &["name", "empty"]);
    }
}

/// Ids that are taken.
fn reuse(table: &mut Table) {
    let rpc = "StartInstance";
    let taken = "orchestration instance already exists";
    let with = |id: &str, statuses: &[i32]| CreateInstanceRequest {
        orchestration_id_reuse_policy: Some(OrchestrationIdReusePolicy {
            replaceable_status: statuses.to_vec(),
        }),
        ..start(id, "Order")
    };
    for id in OPEN {
        let case = format!("{id}, no policy");
        let words = [taken, id];
        table.refused(rpc, &case, &start(id, "Order"), Code::AlreadyExists, &words);
    }
    for id in OPEN.into_iter().chain(ENDED) {
        let words = [taken, id];
        for (policy, statuses) in [
            ("empty policy", &[][..]),
            ("policy of unknown statuses", &[99, -1]),
            (
                "policy of continued as new",
                &[OrchestrationStatus::ContinuedAsNew as i32],
            ),
        ] {
            let case = format!("{id}, {policy}");
            let request = with(id, statuses);
            table.refused(rpc, &case, &request, Code::AlreadyExists, &words);
        }
    }
    let but_completed: Vec<i32> = (2..8).collect();
    let request = with("completed", &but_completed);
    let words = [taken, "completed"];
    let case = "completed, policy of all others";
    table.refused(rpc, case, &request, Code::AlreadyExists, &words);
    for (id, status) in [
        ("pending", OrchestrationStatus::Pending),
        ("later", OrchestrationStatus::Pending),
        ("running", OrchestrationStatus::Running),
        ("suspended", OrchestrationStatus::Suspended),
    ] {
        let words = [
            "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances",
        ];
        let request = with(id, &[status as i32]);
        let case = format!("{id}, policy without terminated");
        table.invalid(rpc, &case, &request, &words);
    }
}

fn reads(table: &mut Table) {
    let none = GetInstanceResponse::default();
    let get = |id: &str| GetInstanceRequest {
        instance_id: id.to_owned(),
        get_inputs_and_outputs: true,
    };
    let unknown = bad_ids().map(|(case, id, ..)| (case, id));
    for rpc in [
        "GetInstance",
        "WaitForInstanceStart",
        "WaitForInstanceCompletion",
    ] {
        for (case, id) in &unknown {
            table.answered(rpc, case, &get(id), &none);
        }
    }
    for id in ["pending", "later"] {
        table.waits("WaitForInstanceStart", id, &get(id));
    }
    for id in OPEN {
        table.waits("WaitForInstanceCompletion", id, &get(id));
    }

    let rpc = "StreamInstanceHistory";
    let history = |id: &str, execution: Option<&str>| StreamInstanceHistoryRequest {
        instance_id: id.to_owned(),
        execution_id: execution.map(str::to_owned),
        for_work_item_processing: false,
    };
    for (case, id) in unknown.iter().filter(|(_, id)| !id.starts_with('@')) {
        table.empty(rpc, case, &history(id, None));
    }
    for id in ["@counter@state", "@counter@nobody", "@"] {
        let case = format!("id {id} of an entity");
        let request = history(id, None);
        table.refused(rpc, &case, &request, Code::NotFound, &[id]);
    }
    for id in ["pending", "later"] {
        table.empty(rpc, id, &history(id, None));
    }
    let request = history("completed", Some("another"));
    table.empty(rpc, "another execution", &request);
}

fn events(table: &mut Table) {
    let rpc = "RaiseEvent";
    let event = |id: &str, name: &str| RaiseEventRequest {
        instance_id: id.to_owned(),
        name: name.to_owned(),
        input: Some("1".to_owned()),
    };
    for (case, id, code, words) in bad_ids() {
        table.refused(rpc, case, &event(&id, "Go"), code, &words);
    }
    for id in ["running", "suspended", "completed", "nobody"] {
        let case = format!("name empty, {id}");
        table.invalid(rpc, &case, &event(id, ""), &["name", "empty"]);
    }
    for id in ENDED {
        table.answered(rpc, id, &event(id, "Go"), &RaiseEventResponse {});
    }
}

fn terminations(table: &mut Table) {
    let rpc = "TerminateInstance";
    for recursive in [false, true] {
        let terminate = |id: &str| TerminateRequest {
            instance_id: id.to_owned(),
            output: Some("2".to_owned()),
            recursive,
        };
        for (case, id, code, words) in bad_ids() {
            let case = format!("{case}, recursive {recursive}");
            table.refused(rpc, &case, &terminate(&id), code, &words);
        }
        for id in ENDED {
            let case = format!("{id}, recursive {recursive}");
            table.answered(rpc, &case, &terminate(id), &TerminateResponse {});
        }
    }
}

fn suspensions(table: &mut Table) {
    let reason = Some("why".to_owned());
    let suspend = |id: &str| SuspendRequest {
        instance_id: id.to_owned(),
        reason: reason.clone(),
    };
    let resume = |id: &str| ResumeRequest {
        instance_id: id.to_owned(),
        reason: reason.clone(),
    };
    for (case, id, code, words) in bad_ids() {
        table.refused("SuspendInstance", case, &suspend(&id), code, &words);
        table.refused("ResumeInstance", case, &resume(&id), code, &words);
    }
    for id in ENDED.into_iter().chain(["suspended"]) {
        let answer = SuspendResponse {};
        table.answered("SuspendInstance", id, &suspend(id), &answer);
    }
    for id in ENDED.into_iter().chain(["pending", "later", "running"]) {
        let answer = ResumeResponse {};
        table.answered("ResumeInstance", id, &resume(id), &answer);
    }
}

fn restarts(table: &mut Table) {
    let rpc = "RestartInstance";
    let restart = |id: &str, beside: bool| RestartInstanceRequest {
        instance_id: id.to_owned(),
        restart_with_new_instance_id: beside,
    };
    for beside in [false, true] {
        for (case, id, code, words) in bad_ids() {
            let case = format!("{case}, new id {beside}");
            table.refused(rpc, &case, &restart(&id, beside), code, &words);
        }
    }
    for id in OPEN {
        let words = ["not allowed", id];
        let request = restart(id, false);
        table.refused(rpc, id, &request, Code::FailedPrecondition, &words);
    }
}

fn rewinds(table: &mut Table) {
    let rpc = "RewindInstance";
    let rewind = |id: &str| RewindInstanceRequest {
        instance_id: id.to_owned(),
        reason: None,
    };
    for (case, id, code, words) in bad_ids() {
        table.refused(rpc, case, &rewind(&id), code, &words);
    }
    let not_failed = OPEN
        .into_iter()
        .chain(["completed", "terminated", "canceled"]);
    for id in not_failed {
        let words = ["not allowed", id];
        table.refused(rpc, id, &rewind(id), Code::FailedPrecondition, &words);
    }
    let case = "failed within a critical section";
    let words = ["not allowed", "careless"];
    let request = rewind("careless");
    table.refused(rpc, case, &request, Code::FailedPrecondition, &words);
}
