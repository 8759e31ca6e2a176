"""Suspend, resume and terminate."""

from datetime import timedelta

import grpc
from durabletask import task
from durabletask.client import OrchestrationStatus

from context import Context
from registry import Registry
from support import equal, fresh_id, never, refused

# How long something must stay withheld from a suspended instance to be believed.
WITHHELD_SECONDS = 1


def register(registry: Registry) -> None:
    registry.orchestrator(wait_for_go, wait_for_go_and_timer, parent_of_waiting)
    registry.first(
        "suspend with events and timers meanwhile",
        suspend_withholds_events_until_resume,
        suspend_withholds_timers_until_resume,
        suspend_and_resume_twice_is_harmless,
        terminate_overrides_suspension,
        lifecycle_of_an_unknown_instance_is_refused)
    registry.second("suspend with events and timers meanwhile", suspension_outlives_the_restart)
    registry.first("recursive terminate", terminate_reaches_all_descendants)
    registry.second("recursive terminate", terminate_reaches_all_descendants_after_the_restart)
    registry.first(
        "non-recursive terminate", terminate_gives_its_output,
        terminate_of_an_ended_instance_changes_nothing)
    registry.second("non-recursive terminate", terminate_without_recursion_spares_children)


def wait_for_go(ctx: task.OrchestrationContext, _):
    value = yield ctx.wait_for_external_event("Go")
    return value


def wait_for_go_and_timer(ctx: task.OrchestrationContext, milliseconds: int):
    results = yield task.when_all([
        ctx.create_timer(timedelta(milliseconds=milliseconds)),
        ctx.wait_for_external_event("Go")])
    return results


def parent_of_waiting(ctx: task.OrchestrationContext, ids: list[str]):
    """One child for each id; the first has a child of its own, and so on down."""
    if not ids:
        yield ctx.wait_for_external_event("Go")
        return "leaf"
    yield ctx.call_sub_orchestrator(parent_of_waiting, input=ids[1:], instance_id=ids[0])
    return "parent"


def suspend_withholds_events_until_resume(context: Context) -> None:
    client = context.client
    instance = context.start(wait_for_go)
    context.running(instance)
    client.suspend_orchestration(instance, reason="lunch")
    equal(context.status(instance), OrchestrationStatus.SUSPENDED, "status right after suspend")
    client.raise_orchestration_event(instance, "Go", data="later")
    try:
        client.wait_for_orchestration_completion(instance, timeout=WITHHELD_SECONDS)
        raise AssertionError("a suspended instance completed")
    except TimeoutError:
        pass
    equal(context.status(instance), OrchestrationStatus.SUSPENDED, "with a withheld event")
    client.resume_orchestration(instance)
    equal(context.output(instance), "later")


def suspend_withholds_timers_until_resume(context: Context) -> None:
    client = context.client
    instance = context.start(wait_for_go_and_timer, input=300)
    context.running(instance)
    client.suspend_orchestration(instance)
    client.raise_orchestration_event(instance, "Go", data="meanwhile")
    never(lambda: context.status(instance) != OrchestrationStatus.SUSPENDED, WITHHELD_SECONDS,
          "a suspended instance went on")
    client.resume_orchestration(instance)
    equal(context.output(instance), [None, "meanwhile"])


def suspend_and_resume_twice_is_harmless(context: Context) -> None:
    client = context.client
    instance = context.start(wait_for_go)
    context.running(instance)
    client.resume_orchestration(instance, reason="was not suspended")
    equal(context.status(instance), OrchestrationStatus.RUNNING)
    for _ in range(2):
        client.suspend_orchestration(instance)
    for _ in range(2):
        client.resume_orchestration(instance)
    client.raise_orchestration_event(instance, "Go", data=1)
    equal(context.output(instance), 1)
    client.suspend_orchestration(instance)
    equal(context.output(instance), 1, "after suspend of an ended instance")


def suspension_outlives_the_restart(context: Context) -> None:
    client = context.client
    instance = context.start(wait_for_go_and_timer, input=200)
    context.running(instance)
    client.suspend_orchestration(instance, reason="over night")
    client.raise_orchestration_event(instance, "Go", data="meanwhile")
    context.past_checkpoint()
    never(lambda: context.status(instance) != OrchestrationStatus.SUSPENDED, WITHHELD_SECONDS,
          "a suspended instance went on")
    client.resume_orchestration(instance)
    equal(context.output(instance), [None, "meanwhile"])


def terminate_gives_its_output(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.running(instance)
    context.client.terminate_orchestration(instance, output={"why": "enough"}, recursive=False)
    state = context.ended(instance, OrchestrationStatus.TERMINATED)
    equal(state.get_output(), {"why": "enough"})
    assert state.failure_details is None, state.failure_details


def terminate_overrides_suspension(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.running(instance)
    context.client.suspend_orchestration(instance)
    context.client.terminate_orchestration(instance, output="over")
    equal(context.ended(instance, OrchestrationStatus.TERMINATED).get_output(), "over")


def start_family(context: Context) -> list[str]:
    """An instance with a child, a grandchild and a great-grandchild, all of them waiting."""
    ids = [fresh_id("down") for _ in range(3)]
    root = context.start(parent_of_waiting, input=ids)
    for instance in [root, *ids]:
        context.running(instance)
    return [root, *ids]


def terminate_family(context: Context, family: list[str]) -> None:
    context.client.terminate_orchestration(family[0], output="all of you", recursive=True)
    for instance in family:
        state = context.ended(instance, OrchestrationStatus.TERMINATED)
        equal(state.get_output(), "all of you", f"output of {instance}")


def terminate_reaches_all_descendants(context: Context) -> None:
    terminate_family(context, start_family(context))


def terminate_reaches_all_descendants_after_the_restart(context: Context) -> None:
    family = start_family(context)
    context.past_checkpoint()
    terminate_family(context, family)


def terminate_without_recursion_spares_children(context: Context) -> None:
    child = fresh_id("spared")
    root = context.start(parent_of_waiting, input=[child])
    context.running(child)
    context.past_checkpoint()
    context.client.terminate_orchestration(root, recursive=False)
    context.ended(root, OrchestrationStatus.TERMINATED)
    equal(context.status(child), OrchestrationStatus.RUNNING, "status of the child")
    context.client.raise_orchestration_event(child, "Go")
    equal(context.output(child), "leaf")


def terminate_of_an_ended_instance_changes_nothing(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.client.raise_orchestration_event(instance, "Go", data="done")
    before = context.ended(instance, OrchestrationStatus.COMPLETED)
    context.client.terminate_orchestration(instance, output="too late", recursive=False)
    equal(context.state(instance), before, "state")


def lifecycle_of_an_unknown_instance_is_refused(context: Context) -> None:
    missing = fresh_id("missing")
    for call in (context.client.terminate_orchestration, context.client.suspend_orchestration,
                 context.client.resume_orchestration):
        refused(lambda call=call: call(missing), grpc.StatusCode.NOT_FOUND)
