"""Purge: what goes, what stays, and how many are counted."""

from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationStatus, PurgeInstancesResult

from support import Context, Registry, equal, fresh_id

OTHER_BACKEND = "the in-memory backend does not purge children"


def register(registry: Registry) -> None:
    registry.orchestrator(leaf, family, wait_to_be_purged)
    registry.case(purge_of_one_instance)
    registry.case(purge_with_children, beyond_plain=OTHER_BACKEND)
    registry.case(purge_without_children)
    registry.case(purge_of_a_running_instance_counts_nothing)
    registry.case(purge_of_an_unknown_instance_counts_nothing)
    registry.case(purge_by_filter, alone=True)
    registry.case(purged_id_can_be_used_again)


def leaf(_: task.OrchestrationContext, value):
    return value


def family(ctx: task.OrchestrationContext, children: list[str]):
    results = yield task.when_all(
        [ctx.call_sub_orchestrator(leaf, input=c, instance_id=c) for c in children])
    return results


def wait_to_be_purged(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Go")


def gone(context: Context, instance: str) -> None:
    state = context.client.get_orchestration_state(instance)
    assert state is None, f"{instance} is still there: {state}"
    if not context.plain:  # which answers NOT_FOUND
        equal(context.client.get_orchestration_history(instance), [], "history after the purge")


def purge_of_one_instance(context: Context) -> None:
    instance = context.start(leaf, input=1)
    context.output(instance)
    equal(context.client.purge_orchestration(instance), PurgeInstancesResult(1, True))
    gone(context, instance)


def purge_with_children(context: Context) -> None:
    children = [fresh_id("kid") for _ in range(3)]
    root = context.start(family, input=children)
    context.output(root)
    result = context.client.purge_orchestration(root, recursive=True)
    equal(result, PurgeInstancesResult(4, True), "root and three children")
    for instance in [root, *children]:
        gone(context, instance)


def purge_without_children(context: Context) -> None:
    child = fresh_id("kid")
    root = context.start(family, input=[child])
    context.output(root)
    equal(context.client.purge_orchestration(root, recursive=False).deleted_instance_count, 1)
    gone(context, root)
    context.ended(child, OrchestrationStatus.COMPLETED)


def purge_of_a_running_instance_counts_nothing(context: Context) -> None:
    instance = context.start(wait_to_be_purged)
    context.running(instance)
    equal(context.client.purge_orchestration(instance).deleted_instance_count, 0)
    equal(context.client.get_orchestration_state(instance).runtime_status,
          OrchestrationStatus.RUNNING)
    context.client.raise_orchestration_event(instance, "Go")
    context.output(instance)


def purge_of_an_unknown_instance_counts_nothing(context: Context) -> None:
    equal(context.client.purge_orchestration(fresh_id("missing")).deleted_instance_count, 0)


def purge_by_filter(context: Context) -> None:
    client = context.client
    done = [context.start(leaf, input=n) for n in range(3)]
    for instance in done:
        context.output(instance)
    killed = context.start(wait_to_be_purged)
    context.running(killed)
    client.terminate_orchestration(killed)
    context.ended(killed, OrchestrationStatus.TERMINATED)
    alive = context.start(wait_to_be_purged)
    context.running(alive)

    first = client.get_orchestration_state(done[0]).created_at
    end = client.get_orchestration_state(alive).created_at + timedelta(seconds=1)
    window = {"created_time_from": first, "created_time_to": end}
    completed = client.purge_orchestrations_by(
        runtime_status=[OrchestrationStatus.COMPLETED], **window)
    equal(completed, PurgeInstancesResult(3, True), "completed in the window")
    before = client.purge_orchestrations_by(created_time_to=first - timedelta(days=1))
    equal(before.deleted_instance_count, 0, "created before all of them")
    rest = client.purge_orchestrations_by(**window)
    equal(rest, PurgeInstancesResult(1, True), "the terminated one; the running one stays")
    for instance in [*done, killed]:
        gone(context, instance)
    client.raise_orchestration_event(alive, "Go")
    context.output(alive)


def purged_id_can_be_used_again(context: Context) -> None:
    instance = fresh_id("again")
    for value in ["first", "second"]:
        context.start(leaf, input=value, instance_id=instance)
        equal(context.output(instance), value)
        equal(context.client.purge_orchestration(instance).deleted_instance_count, 1)
