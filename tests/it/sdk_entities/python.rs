//! Entities across languages: the official Python client calls ours, and we call its.

use durascope_tests::official;

use super::*;

/// A worker with an entity and an orchestration, which works until its input ends.
const PROGRAM: &str = r#"
import sys
from durabletask import client as dt_client, task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.entities import DurableEntity, EntityInstanceId

ENDPOINT = "@ENDPOINT@"

class Stack(DurableEntity):
    def push(self, item):
        items = self.get_state(list, []) + [item]
        self.set_state(items)
        return len(items)

    def fail(self, text):
        raise ValueError(text)

def add_twice(ctx: task.OrchestrationContext, amount: int):
    counter = EntityInstanceId("Counter", "shared")
    ctx.signal_entity(counter, "add", amount)
    with (yield ctx.lock_entities([counter])):
        total = yield ctx.call_entity(counter, "Add", amount)
    try:
        yield ctx.call_entity(counter, "Multiply", 3)
    except Exception as error:
        return [total, str(error)]

worker = DurableTaskSchedulerWorker(
    host_address=ENDPOINT, secure_channel=False, taskhub="default", token_credential=None)
with worker:
    worker.add_entity(Stack)
    worker.add_orchestrator(add_twice)
    worker.use_work_item_filters()
    worker.start()
    client = DurableTaskSchedulerClient(
        host_address=ENDPOINT, secure_channel=False, taskhub="default", token_credential=None)
    for name, value in (("add_twice", 4), ("PushTwo", "x")):
        instance = client.schedule_new_orchestration(name, input=value)
        state = client.wait_for_orchestration_completion(instance, timeout=30)
        print(state.serialized_output, flush=True)
"#;

const PUSH_TWO: Orchestration<String, (u64, String)> = Orchestration::named("PushTwo");

async fn push_two(ctx: OrchestrationContext, item: String) -> Result<(u64, String), TaskFailed> {
    let stack = Entity::named("Stack").id("ours");
    let guard = ctx.lock([&stack]).await.unwrap();
    ctx.call_entity_by_name::<u64>(&stack, "push", &item)
        .await?;
    let count = ctx.call_entity_by_name(&stack, "push", &item).await?;
    drop(guard);
    let failed = ctx
        .call_entity_by_name::<()>(&stack, "fail", "no more")
        .await;
    Ok((count, failed.unwrap_err().details.message.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_calls_our_entity_and_we_call_its() {
    let world =
        World::start(|builder| builder.orchestration(&PUSH_TWO, push_two).only_registered());
    let program = PROGRAM.replace("@ENDPOINT@", world.emulator.endpoint());
    let ran = tokio::task::spawn_blocking(move || official::python_runs(&program));
    let Some(output) = ran.await.unwrap().unwrap() else {
        return;
    };
    let (out, err) = (output.stdout, output.stderr);
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}\n{err}");
    assert!(lines[0].starts_with("[8, "), "{out}");
    assert!(lines[0].contains("has no operation"), "{out}");
    assert!(lines[0].contains("it has Add, Get, delete"), "{out}");
    assert!(lines[1].starts_with("[2,\"no more"), "{out}");
    let stack = Entity::named("Stack").id("ours");
    let stack = world.client.get_entity(&stack).await.unwrap().unwrap();
    assert_eq!(stack.state::<Vec<String>>().unwrap().unwrap(), ["x", "x"]);
    world.stop().await;
}
