"""Suspend, resume and terminate."""

import grpc
from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal, fresh_id, refused

LENIENT = "the in-memory backend decides this otherwise"

# How long an event must stay withheld from a suspended instance to be believed.
WITHHELD_SECONDS = 1


def register(registry: Registry) -> None:
    registry.orchestrator(wait_for_go, parent_of_waiting)
    registry.case(suspend_withholds_events_until_resume, beyond_plain=LENIENT)
    registry.case(suspend_and_resume_twice_is_harmless, beyond_plain=LENIENT)
    registry.case(terminate_gives_its_output)
    registry.case(terminate_overrides_suspension)
    registry.case(terminate_reaches_all_descendants,
                  beyond_plain="the in-memory backend terminates no children")
    registry.case(terminate_without_recursion_spares_children)
    registry.case(terminate_of_an_ended_instance_changes_nothing)
    registry.case(lifecycle_of_an_unknown_instance_is_refused, beyond_plain=LENIENT)


def wait_for_go(ctx: task.OrchestrationContext, _):
    value = yield ctx.wait_for_external_event("Go")
    return value


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
    equal(client.get_orchestration_state(instance).runtime_status,
          OrchestrationStatus.SUSPENDED, "status right after suspend")
    client.raise_orchestration_event(instance, "Go", data="later")
    try:
        client.wait_for_orchestration_completion(instance, timeout=WITHHELD_SECONDS)
        raise AssertionError("a suspended instance completed")
    except TimeoutError:
        pass
    equal(client.get_orchestration_state(instance).runtime_status,
          OrchestrationStatus.SUSPENDED, "status with a withheld event")
    client.resume_orchestration(instance)
    equal(context.output(instance), "later")


def suspend_and_resume_twice_is_harmless(context: Context) -> None:
    client = context.client
    instance = context.start(wait_for_go)
    context.running(instance)
    client.resume_orchestration(instance, reason="was not suspended")
    equal(client.get_orchestration_state(instance).runtime_status, OrchestrationStatus.RUNNING)
    for _ in range(2):
        client.suspend_orchestration(instance)
    for _ in range(2):
        client.resume_orchestration(instance)
    client.raise_orchestration_event(instance, "Go", data=1)
    equal(context.output(instance), 1)
    client.suspend_orchestration(instance)
    equal(context.output(instance), 1, "after suspend of an ended instance")


def terminate_gives_its_output(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.running(instance)
    context.client.terminate_orchestration(instance, output={"why": "enough"})
    state = context.ended(instance, OrchestrationStatus.TERMINATED)
    equal(state.get_output(), {"why": "enough"})
    assert state.failure_details is None, state.failure_details


def terminate_overrides_suspension(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.running(instance)
    context.client.suspend_orchestration(instance)
    context.client.terminate_orchestration(instance, output="over")
    equal(context.ended(instance, OrchestrationStatus.TERMINATED).get_output(), "over")


def terminate_reaches_all_descendants(context: Context) -> None:
    ids = [fresh_id("down") for _ in range(3)]
    root = context.start(parent_of_waiting, input=ids)
    for instance in ids:
        context.running(instance)
    context.client.terminate_orchestration(root, output="all of you", recursive=True)
    for instance in [root, *ids]:
        state = context.ended(instance, OrchestrationStatus.TERMINATED)
        equal(state.get_output(), "all of you", f"output of {instance}")


def terminate_without_recursion_spares_children(context: Context) -> None:
    child = fresh_id("spared")
    root = context.start(parent_of_waiting, input=[child])
    context.running(child)
    context.client.terminate_orchestration(root, recursive=False)
    context.ended(root, OrchestrationStatus.TERMINATED)
    context.client.raise_orchestration_event(child, "Go")
    equal(context.output(child), "leaf")


def terminate_of_an_ended_instance_changes_nothing(context: Context) -> None:
    instance = context.start(wait_for_go)
    context.client.raise_orchestration_event(instance, "Go", data="done")
    before = context.ended(instance, OrchestrationStatus.COMPLETED)
    context.client.terminate_orchestration(instance, output="too late")
    equal(context.client.get_orchestration_state(instance), before, "state")


def lifecycle_of_an_unknown_instance_is_refused(context: Context) -> None:
    missing = fresh_id("missing")
    for call in (context.client.terminate_orchestration, context.client.suspend_orchestration,
                 context.client.resume_orchestration):
        refused(lambda call=call: call(missing), grpc.StatusCode.NOT_FOUND)
