"""The client's asynchronous twin, which has a connection and calls of its own."""

import asyncio

from durabletask import task
from durabletask.azuremanaged.client import AsyncDurableTaskSchedulerClient
from durabletask.client import EntityQuery, OrchestrationQuery, OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId

from context import LOGGER, Context
from registry import Registry
from support import DEADLINE_SECONDS, equal, fresh_id

INSTANCES = 5


def register(registry: Registry) -> None:
    registry.orchestrator(answer_later)
    registry.entity(slate)
    registry.first("heterogeneous results", asynchronous_client_does_the_same)


def answer_later(ctx: task.OrchestrationContext, value):
    event = yield ctx.wait_for_external_event("Answer")
    return {"value": value, "event": event}


def slate(ctx: EntityContext, text: str):
    ctx.set_state(text)


def asynchronous_client_does_the_same(context: Context) -> None:
    asyncio.run(use(context))


async def use(context: Context) -> None:
    prefix = fresh_id("async")
    async with AsyncDurableTaskSchedulerClient(
            host_address=context.endpoint, taskhub=context.taskhub, token_credential=None,
            secure_channel=False, logger=LOGGER) as client:
        ids = await asyncio.gather(*[
            client.schedule_new_orchestration(
                answer_later, input=n, instance_id=f"{prefix}-{n}") for n in range(INSTANCES)])
        for instance in ids:
            await client.wait_for_orchestration_start(instance, timeout=DEADLINE_SECONDS)
            await client.raise_orchestration_event(instance, "Answer", data=[None])
        ended = await asyncio.gather(*[
            client.wait_for_orchestration_completion(i, timeout=DEADLINE_SECONDS) for i in ids])
        equal([state.get_output() for state in ended],
              [{"value": n, "event": [None]} for n in range(INSTANCES)])
        found = await client.get_all_orchestration_states(OrchestrationQuery(
            instance_id_prefix=prefix, max_instance_count=2,
            runtime_status=[OrchestrationStatus.COMPLETED]))
        equal(sorted(state.instance_id for state in found), ids, "found in pages")
        equal(len(await client.get_orchestration_history(ids[0])), 5, "events of the history")
        await use_entity(client, EntityInstanceId("slate", prefix))


async def use_entity(client: AsyncDurableTaskSchedulerClient, entity: EntityInstanceId) -> None:
    await client.signal_entity(entity, "write", "text")
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await client.get_entity(entity) is None:
            await asyncio.sleep(0.02)
    found = await client.get_all_entities(EntityQuery(instance_id_starts_with=str(entity)))
    equal([state.get_typed_state() for state in found], ["text"])
