"""Purge: what goes, what stays, and how many are counted."""

from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationStatus, PurgeInstancesResult

from context import Context
from registry import Functions, Registry
from support import equal, fresh_id


def register(registry: Registry) -> None:
    registry.orchestrator(leaf, family, wait_to_be_purged)
    registry.first(
        "purge by id", purge_of_one_instance, purge_with_children, purge_without_children,
        purge_of_a_running_instance_counts_nothing, purge_of_an_unknown_instance_counts_nothing,
        purged_id_can_be_used_again)
    registry.first("purge by filter", purge_by_filter, purge_by_filter_takes_children_along)
    registry.second("purge by id", purged_instance_stays_away)
    registry.second("purge by filter", purge_by_filter_after_the_restart)
    registry.lacking(
        "purge of a batch", "purge_of_a_batch",
        "the Python client purges one instance or by a filter; no call takes a list of ids")


def leaf(_: task.OrchestrationContext, value):
    return value


def family(ctx: task.OrchestrationContext, children: list[str]):
    results = yield task.when_all(
        [ctx.call_sub_orchestrator(leaf, input=c, instance_id=c) for c in children])
    return results


def wait_to_be_purged(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Go")


OWN = Functions()
OWN.orchestrator(leaf, family, wait_to_be_purged)


def gone(context: Context, instance: str) -> None:
    state = context.client.get_orchestration_state(instance)
    assert state is None, f"{instance} is still there: {state}"
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
    equal(context.status(instance), OrchestrationStatus.RUNNING)
    context.client.raise_orchestration_event(instance, "Go")
    context.output(instance)


def purge_of_an_unknown_instance_counts_nothing(context: Context) -> None:
    equal(context.client.purge_orchestration(fresh_id("missing")).deleted_instance_count, 0)


def ended_and_alive(hub: Context) -> tuple[list[str], str, str]:
    """Three that completed, one that was terminated and one that runs."""
    done = [hub.start(leaf, input=n) for n in range(3)]
    for instance in done:
        hub.output(instance)
    killed = hub.start(wait_to_be_purged)
    hub.running(killed)
    hub.client.terminate_orchestration(killed)
    hub.ended(killed, OrchestrationStatus.TERMINATED)
    alive = hub.start(wait_to_be_purged)
    hub.running(alive)
    return done, killed, alive


def purge_by_filter(context: Context) -> None:
    with context.hub("purge") as hub, hub.worker(OWN):
        client = hub.client
        done, killed, alive = ended_and_alive(hub)
        first = hub.state(done[0]).created_at
        window = {"created_time_from": first,
                  "created_time_to": hub.state(alive).created_at + timedelta(seconds=1)}
        before = client.purge_orchestrations_by(created_time_to=first)
        equal(before.deleted_instance_count, 0, "created before all of them")
        running = client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.RUNNING])
        equal(running.deleted_instance_count, 0, "running ones")
        completed = client.purge_orchestrations_by(
            runtime_status=[OrchestrationStatus.COMPLETED], **window)
        equal(completed, PurgeInstancesResult(3, True), "completed in the window")
        rest = client.purge_orchestrations_by(**window)
        equal(rest, PurgeInstancesResult(1, True), "the terminated one; the running one stays")
        for instance in [*done, killed]:
            gone(hub, instance)
        client.raise_orchestration_event(alive, "Go")
        hub.output(alive)


def purge_by_filter_takes_children_along(context: Context) -> None:
    with context.hub("purge-family") as hub, hub.worker(OWN):
        children = [fresh_id("kid") for _ in range(2)]
        root = hub.start(family, input=children)
        hub.output(root)
        result = hub.client.purge_orchestrations_by(
            runtime_status=[OrchestrationStatus.COMPLETED], recursive=True)
        equal(result, PurgeInstancesResult(3, True), "each once, root and children")
        for instance in [root, *children]:
            gone(hub, instance)


def purge_by_filter_after_the_restart(context: Context) -> None:
    with context.hub("purge-late") as hub, hub.worker(OWN):
        done, killed, alive = ended_and_alive(hub)
        hub.past_checkpoint()
        hub.client.purge_orchestrations_by()
        for instance in [*done, killed]:
            gone(hub, instance)
        equal(hub.status(alive), OrchestrationStatus.RUNNING)


def purged_instance_stays_away(context: Context) -> None:
    children = [fresh_id("kid") for _ in range(2)]
    root = context.start(family, input=children)
    context.output(root)
    equal(context.client.purge_orchestration(root, recursive=True), PurgeInstancesResult(3, True))
    context.past_checkpoint()
    for instance in [root, *children]:
        gone(context, instance)


def purged_id_can_be_used_again(context: Context) -> None:
    instance = fresh_id("again")
    for value in ["first", "second"]:
        context.start(leaf, input=value, instance_id=instance)
        equal(context.output(instance), value)
        equal(context.client.purge_orchestration(instance).deleted_instance_count, 1)
