"""Restart: the same work again, under the same id or a new one."""

import grpc
from durabletask import history, task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import Attempts, equal, fresh_id, refused, until

RUNS = Attempts()


def register(registry: Registry) -> None:
    registry.orchestrator(count_runs, fail_first, wait_to_end, give_late)
    registry.activity(count_run)
    registry.first(
        "restart", restart_under_the_same_id, restart_under_a_new_id,
        failed_instance_restarts, terminated_instance_restarts,
        running_instance_restarts_only_under_a_new_id, restart_of_an_unknown_instance_is_refused)
    registry.second("restart", restarted_instances_meet_the_restart_of_the_server)


def count_run(ctx: task.ActivityContext, name: str) -> int:
    return RUNS.next(name)


def count_runs(ctx: task.OrchestrationContext, name: str):
    run = yield ctx.call_activity(count_run, input=name)
    return [name, run, ctx.version]


def fail_first(ctx: task.OrchestrationContext, name: str):
    run = yield ctx.call_activity(count_run, input=name)
    if run == 1:
        raise RuntimeError("the first run fails")
    return run


def wait_to_end(ctx: task.OrchestrationContext, value):
    event = yield ctx.wait_for_external_event("End")
    return [value, event]


def give_late(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity(give_after_checkpoint, input=value)
    return result


def started(context: Context, instance: str) -> history.ExecutionStartedEvent:
    return next(e for e in context.client.get_orchestration_history(instance)
                if isinstance(e, history.ExecutionStartedEvent))


def restart_under_the_same_id(context: Context) -> None:
    name = fresh_id("same")
    instance = context.start(count_runs, input=name, tags={"kept": "yes"}, version="1.5")
    first = context.ended(instance, OrchestrationStatus.COMPLETED)
    before = started(context, instance)
    equal(context.client.restart_orchestration(instance), instance)
    second = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal([first.get_output(), second.get_output()], [[name, 1, "1.5"], [name, 2, "1.5"]])
    after = started(context, instance)
    equal([after.name, after.input, after.tags, after.version],
          [before.name, before.input, before.tags, before.version])
    assert (after.orchestration_instance.execution_id
            != before.orchestration_instance.execution_id), "the execution is the old one"
    assert second.created_at > first.created_at, "the time of creation is the old one"


def restart_under_a_new_id(context: Context) -> None:
    name = fresh_id("new")
    instance = context.start(count_runs, input=name)
    first = context.ended(instance, OrchestrationStatus.COMPLETED)
    other = context.client.restart_orchestration(instance, restart_with_new_instance_id=True)
    assert other != instance and len(other) == 32, other
    equal(context.output(other), [name, 2, None])
    equal(context.state(instance), first, "the original")


def failed_instance_restarts(context: Context) -> None:
    instance = context.start(fail_first, input=fresh_id("failed"))
    equal(context.failure(instance).message, "the first run fails")
    context.client.restart_orchestration(instance)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal([state.get_output(), state.failure_details], [2, None])


def terminated_instance_restarts(context: Context) -> None:
    instance = context.start(wait_to_end, input="kept")
    context.running(instance)
    context.client.terminate_orchestration(instance)
    context.ended(instance, OrchestrationStatus.TERMINATED)
    context.client.restart_orchestration(instance)
    context.client.raise_orchestration_event(instance, "End", data="of the second")
    equal(context.output(instance), ["kept", "of the second"], "an event right after the restart")


def running_instance_restarts_only_under_a_new_id(context: Context) -> None:
    client = context.client
    instance = context.start(wait_to_end, input="kept")
    context.running(instance)
    refused(lambda: client.restart_orchestration(instance), grpc.StatusCode.FAILED_PRECONDITION)
    client.suspend_orchestration(instance)
    refused(lambda: client.restart_orchestration(instance), grpc.StatusCode.FAILED_PRECONDITION)
    client.resume_orchestration(instance)
    other = client.restart_orchestration(instance, restart_with_new_instance_id=True)
    for number, each in enumerate((instance, other)):
        client.raise_orchestration_event(each, "End", data=number)
        equal(context.output(each), ["kept", number])


def restart_of_an_unknown_instance_is_refused(context: Context) -> None:
    missing = fresh_id("missing")
    for new_id in (False, True):
        refused(lambda: context.client.restart_orchestration(
            missing, restart_with_new_instance_id=new_id), grpc.StatusCode.NOT_FOUND)


def restarted_instances_meet_the_restart_of_the_server(context: Context) -> None:
    instance = context.start(give_late, input="late")
    context.running(instance)
    context.client.terminate_orchestration(instance)
    context.ended(instance, OrchestrationStatus.TERMINATED)
    other = context.client.restart_orchestration(instance, restart_with_new_instance_id=True)
    context.client.restart_orchestration(instance)
    until(lambda: context.status(instance) != OrchestrationStatus.PENDING, "it runs again")
    CHECKPOINT.until_held(other)
    context.in_flight()
    equal([context.output(instance), context.output(other)], ["late", "late"])
