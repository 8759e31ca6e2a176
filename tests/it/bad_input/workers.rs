//! Calls of workers: streams that ask for odd things, and answers to work that is not theirs.

use durascope_proto::AbandonActivityTaskRequest;
use durascope_proto::AbandonActivityTaskResponse;
use durascope_proto::AbandonEntityTaskRequest;
use durascope_proto::AbandonEntityTaskResponse;
use durascope_proto::AbandonOrchestrationTaskRequest;
use durascope_proto::AbandonOrchestrationTaskResponse;
use durascope_proto::CompleteTaskResponse;
use durascope_proto::GetEntityRequest;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::HealthPing;
use durascope_proto::OrchestratorResponse;
use durascope_proto::TaskFailureDetails;
use durascope_proto::WorkItem;
use durascope_proto::work_item::Request;
use durascope_tests::RawClient;
use durascope_tests::actions;
use tonic::Status;

use super::rows::Table;
use super::work;
use super::world::Item;
use super::world::Items;
use super::world::Kinds;
use super::world::Stale;
use super::world::World;

/// What a worker says that has no right to say it.
const STOLEN: &str = "\"stolen\"";

pub(super) fn table(items: &Items) -> Table {
    let mut table = Table::default();
    streams(&mut table);
    turns(&mut table, items);
    activities(&mut table, items);
    entities(&mut table, items);
    table
}

/// Oddities that no stream is refused for; nothing is offered to it.
fn streams(table: &mut Table) {
    let nothing = work::filters(&[], &[], &[]);
    let ping = WorkItem {
        request: Some(Request::HealthPing(HealthPing {})),
        completion_token: String::new(),
    };
    for (case, request) in [
        (
            "unknown capabilities",
            GetWorkItemsRequest {
                capabilities: vec![99, -1],
                ..GetWorkItemsRequest::default()
            },
        ),
        (
            "negative limits",
            GetWorkItemsRequest {
                max_concurrent_orchestration_work_items: -1,
                max_concurrent_activity_work_items: i32::MIN,
                max_concurrent_entity_work_items: -7,
                ..GetWorkItemsRequest::default()
            },
        ),
    ] {
        let request = GetWorkItemsRequest {
            work_item_filters: Some(nothing.clone()),
            ..request
        };
        table.answered("GetWorkItems", case, &request, &ping);
    }
}

/// Tokens that are not current for this kind, in the hub that is asked.
fn strangers(own: &Item, others: [&Item; 2], elsewhere: &Item, stale: &Stale) -> Stale {
    let token = |token: &str| Item {
        token: token.to_owned(),
        ..own.clone()
    };
    let mut tokens = vec![
        (
            "a token of nobody",
            token("5f0c6f9f0d6b4ad29f6a0f9ce5a7d7a1"),
        ),
        ("a token that is none", token("garbage")),
        ("a token of another hub", elsewhere.clone()),
    ];
    for other in others {
        tokens.push(("a token of another kind", other.clone()));
        tokens.push(("another's token under the own id", token(&other.token)));
    }
    tokens.extend(stale.iter().cloned());
    tokens
}

/// Items that are not out, for workers that send no tokens.
fn without_token(ids: &[&str]) -> Stale {
    let item = |&id: &&str| Item {
        id: id.to_owned(),
        task: 0,
        token: String::new(),
    };
    let items = ids.iter().map(item);
    items
        .map(|item| ("no token and nothing out", item))
        .collect()
}

fn turns(table: &mut Table, items: &Items) {
    let rpc = "CompleteOrchestratorTask";
    let Kinds {
        turn,
        activity,
        entity,
    } = &items.out;
    let stale = &items.stale_turns;
    let mut tokens = strangers(turn, [activity, entity], &items.elsewhere.turn, stale);
    let out = [
        "running",
        "activity",
        "completed",
        "nobody",
        "",
        "elsewhere-turn",
    ];
    tokens.extend(without_token(&out));
    for (why, item) in &tokens {
        let case = format!("{why}, {:?}", item.id);
        let whole = OrchestratorResponse {
            custom_status: Some(STOLEN.to_owned()),
            ..work::turn_result(item, vec![actions::succeed(0, STOLEN)])
        };
        #[expect(deprecated, reason = "Java and .NET still answer in parts")]
        let part = OrchestratorResponse {
            is_partial: true,
            chunk_index: Some(0),
            ..whole.clone()
        };
        let again = OrchestratorResponse {
            requires_history: true,
            ..whole.clone()
        };
        let answer = CompleteTaskResponse {};
        table.answered(rpc, &case, &whole, &answer);
        table.answered(rpc, &format!("{case}, a part"), &part, &answer);
        table.answered(rpc, &format!("{case}, history"), &again, &answer);
        let request = AbandonOrchestrationTaskRequest {
            completion_token: item.token.clone(),
        };
        let answer = AbandonOrchestrationTaskResponse {};
        let rpc = "AbandonTaskOrchestratorWorkItem";
        table.answered(rpc, &case, &request, &answer);
    }
}

fn activities(table: &mut Table, items: &Items) {
    let rpc = "CompleteActivityTask";
    let Kinds {
        turn,
        activity,
        entity,
    } = &items.out;
    let elsewhere = &items.elsewhere.activity;
    let stale = &items.stale_activities;
    let mut tokens = strangers(activity, [turn, entity], elsewhere, stale);
    tokens.extend(without_token(&[
        "running",
        "turn",
        "completed",
        "nobody",
        "",
    ]));
    let other_task = Item {
        task: activity.task + 1,
        token: String::new(),
        ..activity.clone()
    };
    tokens.push(("no token, another task", other_task));
    for (why, item) in &tokens {
        let case = format!("{why}, {:?}", item.id);
        let mut request = work::activity_result(item, STOLEN);
        let answer = CompleteTaskResponse {};
        table.answered(rpc, &case, &request, &answer);
        request.failure_details = Some(TaskFailureDetails::default());
        table.answered(rpc, &format!("{case}, failed"), &request, &answer);
        let request = AbandonActivityTaskRequest {
            completion_token: item.token.clone(),
        };
        let answer = AbandonActivityTaskResponse {};
        table.answered("AbandonTaskActivityWorkItem", &case, &request, &answer);
    }
}

fn entities(table: &mut Table, items: &Items) {
    let rpc = "CompleteEntityTask";
    let Kinds {
        turn,
        activity,
        entity,
    } = &items.out;
    let elsewhere = &items.elsewhere.entity;
    let stale = &items.stale_entities;
    let mut tokens = strangers(entity, [turn, activity], elsewhere, stale);
    tokens.extend(without_token(&["@counter@held"]));
    for (why, item) in &tokens {
        let case = format!("{why}, {:?}", item.id);
        let mut request = work::batch_result(item, STOLEN);
        let answer = CompleteTaskResponse {};
        table.answered(rpc, &case, &request, &answer);
        request.failure_details = Some(TaskFailureDetails::default());
        table.answered(rpc, &format!("{case}, failed"), &request, &answer);
        let request = AbandonEntityTaskRequest {
            completion_token: item.token.clone(),
        };
        let answer = AbandonEntityTaskResponse {};
        table.answered("AbandonTaskEntityWorkItem", &case, &request, &answer);
    }
}

/// After all that was said in vain, the workers that hold the items are listened to.
pub(super) async fn items_still_count(world: &World) {
    let other = world.client.hub("other").unwrap();
    for (client, items) in [
        (&world.client, &world.items.out),
        (&other, &world.items.elsewhere),
    ] {
        finish(client, items).await.unwrap();
        let ended = client.ended(&items.turn.id).await.unwrap();
        assert_eq!(ended.output.as_deref(), Some("\"own\""));
        let get = GetEntityRequest {
            instance_id: items.entity.id.clone(),
            include_state: true,
        };
        let mut rpc = client.rpc.clone();
        let entity = rpc.get_entity(get).await.unwrap().into_inner().entity;
        assert_eq!(entity.unwrap().serialized_state.as_deref(), Some("\"own\""));
    }
}

async fn finish(client: &RawClient, items: &Kinds) -> Result<(), Status> {
    let own = "\"own\"";
    let actions = vec![actions::succeed(0, own)];
    let response = work::turn_result(&items.turn, actions);
    client.complete_turn_with(response).await?;
    let response = work::activity_result(&items.activity, own);
    client.complete_activity_with(response).await?;
    let result = work::batch_result(&items.entity, own);
    let mut rpc = client.rpc.clone();
    rpc.complete_entity_task(result).await?;
    Ok(())
}
