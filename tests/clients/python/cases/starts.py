"""Starting an instance: ids and their reuse, and a start at a later time."""

from datetime import datetime, timedelta, timezone

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask import task
from durabletask.client import OrchestrationStatus

from context import Context
from registry import Registry
from support import equal, fresh_id, refused

# The longest instance id that the scheduler takes.
ID_CHARS_MAX = 100


def register(registry: Registry) -> None:
    registry.orchestrator(give_back, hold, tell_time)
    registry.first(
        "reuse policies",
        duplicate_of_a_running_instance_is_refused,
        ended_instance_is_replaced,
        reuse_policy_replaces_a_running_instance,
        reuse_policy_refuses_other_states,
        reuse_policy_needs_terminated_to_replace_running,
        replaced_instance_forgets_its_events,
        ids_have_a_limit)
    registry.first("scheduled start", scheduled_start_waits_for_its_time,
                   start_in_the_past_is_at_once)
    registry.second("scheduled start", scheduled_start_outlives_the_restart)


def give_back(_: task.OrchestrationContext, value):
    return value


def hold(ctx: task.OrchestrationContext, value):
    yield ctx.wait_for_external_event("Go")
    return value


def tell_time(ctx: task.OrchestrationContext, _):
    return ctx.current_utc_datetime.isoformat()


def replacing(*statuses: pb.OrchestrationStatus) -> pb.OrchestrationIdReusePolicy:
    return pb.OrchestrationIdReusePolicy(replaceableStatus=statuses)


def duplicate_of_a_running_instance_is_refused(context: Context) -> None:
    instance = context.start(hold, input="first")
    context.running(instance)
    refused(lambda: context.start(hold, input="second", instance_id=instance),
            grpc.StatusCode.ALREADY_EXISTS, "already exists")
    context.client.raise_orchestration_event(instance, "Go")
    equal(context.output(instance), "first", "the refused start changed nothing")


def ended_instance_is_replaced(context: Context) -> None:
    instance = context.start(give_back, input="first")
    first = context.ended(instance, OrchestrationStatus.COMPLETED)
    context.start(give_back, input="second", instance_id=instance)
    second = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(second.get_output(), "second")
    assert second.created_at > first.created_at, "the replacement has the old time of creation"


def reuse_policy_replaces_a_running_instance(context: Context) -> None:
    instance = context.start(hold, input="first")
    context.running(instance)
    anything = replacing(pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_TERMINATED)
    context.start(give_back, input="second", instance_id=instance, reuse_id_policy=anything)
    equal(context.output(instance), "second")


def reuse_policy_refuses_other_states(context: Context) -> None:
    instance = context.start(give_back, input=1)
    context.output(instance)
    only_failed = replacing(pb.ORCHESTRATION_STATUS_FAILED)
    refused(lambda: context.start(
        give_back, input=2, instance_id=instance, reuse_id_policy=only_failed),
        grpc.StatusCode.ALREADY_EXISTS)
    equal(context.output(instance), 1)


def reuse_policy_needs_terminated_to_replace_running(context: Context) -> None:
    instance = context.start(hold, input="first")
    context.running(instance)
    only_running = replacing(pb.ORCHESTRATION_STATUS_RUNNING)
    refused(lambda: context.start(
        hold, input="second", instance_id=instance, reuse_id_policy=only_running),
        grpc.StatusCode.INVALID_ARGUMENT, "Terminated")
    context.client.raise_orchestration_event(instance, "Go")
    equal(context.output(instance), "first")


def replaced_instance_forgets_its_events(context: Context) -> None:
    instance = context.start(hold, input="first")
    context.running(instance)
    context.client.suspend_orchestration(instance)
    context.client.raise_orchestration_event(instance, "Go", data="for the first")
    anything = replacing(pb.ORCHESTRATION_STATUS_SUSPENDED, pb.ORCHESTRATION_STATUS_TERMINATED)
    context.start(hold, input="second", instance_id=instance, reuse_id_policy=anything)
    equal(context.running(instance).runtime_status, OrchestrationStatus.RUNNING)
    context.client.raise_orchestration_event(instance, "Go")
    equal(context.output(instance), "second")


def scheduled_start_waits_for_its_time(context: Context) -> None:
    expect_start_at(context, datetime.now(timezone.utc) + timedelta(seconds=1.5))


def expect_start_at(context: Context, start_at: datetime) -> None:
    instance = context.start(tell_time, start_at=start_at)
    equal(context.status(instance), OrchestrationStatus.PENDING, "status before its time")
    context.in_flight()
    first_turn = datetime.fromisoformat(context.output(instance)).replace(tzinfo=timezone.utc)
    assert first_turn >= start_at, f"started at {first_turn}, before {start_at}"
    assert first_turn < start_at + timedelta(seconds=10), f"started only at {first_turn}"


def start_in_the_past_is_at_once(context: Context) -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=timezone.utc)
    equal(context.output(context.start(give_back, input="now", start_at=long_ago)), "now")


def scheduled_start_outlives_the_restart(context: Context) -> None:
    expect_start_at(context, datetime.now(timezone.utc) + timedelta(seconds=6))


def ids_have_a_limit(context: Context) -> None:
    longest = fresh_id("long").ljust(ID_CHARS_MAX, "x")
    equal(context.output(context.start(give_back, input=1, instance_id=longest)), 1)
    refused(lambda: context.start(give_back, instance_id=longest + "x"),
            grpc.StatusCode.INVALID_ARGUMENT, str(ID_CHARS_MAX))
    refused(lambda: context.start(give_back, instance_id="@counter@1"),
            grpc.StatusCode.INVALID_ARGUMENT)
