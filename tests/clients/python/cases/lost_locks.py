"""However the holder of locks ends, and whoever waits for them: the locks become free."""

import time

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId

from context import Context
from registry import Registry
from support import equal, fresh_id, until

SLOW_SECONDS = 0.5


def register(registry: Registry) -> None:
    registry.orchestrator(end_inside, continue_inside, hold_forever, call_inside, take_both)
    registry.entity(vault)
    registry.first(
        "locks freed when the holder ends",
        holder_that_returns_frees_its_locks,
        holder_that_fails_frees_its_locks,
        holder_that_continues_as_new_frees_its_locks,
        terminated_holder_frees_its_locks,
        holder_terminated_during_a_call_frees_its_locks,
        waiting_instance_that_is_terminated_never_gets_the_locks,
        replaced_holder_frees_its_locks)
    registry.second("locks freed when the holder ends", holder_that_ends_after_the_restart)


def vault(ctx: EntityContext, _):
    if ctx.operation == "be_slow":
        time.sleep(SLOW_SECONDS)
    opened = ctx.get_state(int, 0) + 1
    ctx.set_state(opened)
    return opened


def vaults(keys: list[str]) -> list[EntityInstanceId]:
    return [EntityInstanceId("vault", key) for key in keys]


def end_inside(ctx: task.OrchestrationContext, request: dict):
    """Ends without leaving the section."""
    yield ctx.lock_entities(vaults(request["keys"]))
    yield ctx.call_entity(vaults(request["keys"])[0], "open")
    if request["fail"]:
        raise ValueError("inside of the section")
    return "ended inside"


def continue_inside(ctx: task.OrchestrationContext, request: dict):
    """Each generation needs the locks that the one before did not give back."""
    yield ctx.lock_entities(vaults(request["keys"]))
    opened = yield ctx.call_entity(vaults(request["keys"])[0], "open")
    if request["left"] > 0:
        ctx.continue_as_new({"keys": request["keys"], "left": request["left"] - 1})
        return None
    return opened


def hold_forever(ctx: task.OrchestrationContext, keys: list[str]):
    yield ctx.lock_entities(vaults(keys))
    ctx.set_custom_status("holding")
    yield ctx.wait_for_external_event("Never")


def call_inside(ctx: task.OrchestrationContext, keys: list[str]):
    """A call is under way for as long as the entity is slow."""
    yield ctx.lock_entities(vaults(keys))
    ctx.set_custom_status("holding")
    yield task.when_all([ctx.call_entity(entity, "be_slow") for entity in vaults(keys)])
    yield ctx.wait_for_external_event("Never")


def take_both(ctx: task.OrchestrationContext, keys: list[str]):
    with (yield ctx.lock_entities(vaults(keys))):
        for entity in vaults(keys):
            yield ctx.call_entity(entity, "open")
    return "taken"


def new_vaults(context: Context) -> list[str]:
    keys = [fresh_id("vault"), fresh_id("vault")]
    for entity in vaults(keys):
        context.client.signal_entity(entity, "open")
        context.until_state(entity, 1)
    return keys


def holding(context: Context, orchestrator, keys: list[str]) -> str:
    instance = context.start(orchestrator, input=keys)
    until(lambda: context.state(instance).get_custom_status() == "holding", "it holds the locks")
    return instance


def expect_free(context: Context, keys: list[str]) -> None:
    """No holder right now, and the locks can be had."""
    equal([context.locked_by(entity) for entity in vaults(keys)], ["", ""], "holders")
    equal(context.output(context.start(take_both, input=keys)), "taken")


def holder_that_returns_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = context.start(end_inside, input={"keys": keys, "fail": False})
    equal(context.output(instance), "ended inside")
    expect_free(context, keys)


def holder_that_fails_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = context.start(end_inside, input={"keys": keys, "fail": True})
    equal(context.failure(instance).message, "inside of the section")
    expect_free(context, keys)


def holder_that_continues_as_new_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = context.start(continue_inside, input={"keys": keys, "left": 2})
    equal(context.output(instance), 4, "opened before and in three generations")
    expect_free(context, keys)


def terminated_holder_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = holding(context, hold_forever, keys)
    context.client.terminate_orchestration(instance)
    context.ended(instance, OrchestrationStatus.TERMINATED)
    expect_free(context, keys)


def holder_terminated_during_a_call_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = holding(context, call_inside, keys)
    context.client.terminate_orchestration(instance)
    context.ended(instance, OrchestrationStatus.TERMINATED)
    expect_free(context, keys)


def waiting_instance_that_is_terminated_never_gets_the_locks(context: Context) -> None:
    keys = new_vaults(context)
    holder = holding(context, hold_forever, keys)
    waiting = context.start(hold_forever, input=keys[::-1])
    context.running(waiting)
    context.client.terminate_orchestration(waiting)
    context.ended(waiting, OrchestrationStatus.TERMINATED)
    equal([context.locked_by(e) for e in vaults(keys)], [holder] * 2, "holders")
    context.client.terminate_orchestration(holder)
    context.ended(holder, OrchestrationStatus.TERMINATED)
    expect_free(context, keys)


def replaced_holder_frees_its_locks(context: Context) -> None:
    keys = new_vaults(context)
    instance = holding(context, hold_forever, keys)
    anything = pb.OrchestrationIdReusePolicy(replaceableStatus=[
        pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_TERMINATED])
    context.start(take_both, input=keys, instance_id=instance, reuse_id_policy=anything)
    equal(context.output(instance), "taken")
    expect_free(context, keys)


def holder_that_ends_after_the_restart(context: Context) -> None:
    keys = new_vaults(context)
    holder = holding(context, hold_forever, keys)
    waiting = context.start(take_both, input=keys)
    context.running(waiting)
    context.past_checkpoint()
    equal(context.status(waiting), OrchestrationStatus.RUNNING, "status of who waits")
    context.client.terminate_orchestration(holder)
    context.ended(holder, OrchestrationStatus.TERMINATED)
    equal(context.output(waiting), "taken")
    expect_free(context, keys)
