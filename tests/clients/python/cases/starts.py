"""Starting an instance: ids and their reuse, schedule, version, status, failures, bad input."""

from datetime import datetime, timedelta, timezone

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal, fresh_id, refused, until

# The longest instance id that the scheduler takes.
ID_CHARS_MAX = 100

LENIENT = "the in-memory backend decides this otherwise"


def register(registry: Registry) -> None:
    registry.orchestrator(
        give_back, hold, show_status, tell_version, call_broken, break_down, tell_time)
    registry.activity(broken)
    registry.case(duplicate_of_a_running_instance_is_refused)
    registry.case(ended_instance_is_replaced, beyond_plain=LENIENT)
    registry.case(reuse_policy_replaces_a_running_instance, beyond_plain=LENIENT)
    registry.case(reuse_policy_refuses_other_states)
    registry.case(scheduled_start_waits_for_its_time, beyond_plain=LENIENT)
    registry.case(custom_status_is_seen_while_running)
    registry.case(version_reaches_the_orchestrator)
    registry.case(failure_of_an_activity_has_its_details)
    registry.case(failure_of_an_orchestrator_has_its_details)
    registry.case(unregistered_names_fail_the_instance)
    registry.case(ids_have_a_limit, beyond_plain=LENIENT)
    registry.case(another_worker_goes_on, beyond_plain="it has no task hubs")
    registry.case(task_hubs_are_separate, beyond_plain="it has no task hubs")


def give_back(_: task.OrchestrationContext, value):
    return value


def hold(ctx: task.OrchestrationContext, value):
    yield ctx.wait_for_external_event("Go")
    return value


def show_status(ctx: task.OrchestrationContext, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("Go")
    ctx.set_custom_status({"step": 2})
    yield ctx.wait_for_external_event("Go")
    return "done"


def tell_version(ctx: task.OrchestrationContext, _):
    return ctx.version


def tell_time(ctx: task.OrchestrationContext, _):
    return ctx.current_utc_datetime.isoformat()


class OrderLost(Exception):
    """A failure with a name of its own."""


def broken(_: task.ActivityContext, order: str):
    try:
        raise KeyError(order)
    except KeyError as cause:
        raise OrderLost(f"order {order} is lost") from cause


def call_broken(ctx: task.OrchestrationContext, order: str):
    yield ctx.call_activity(broken, input=order)


def break_down(ctx: task.OrchestrationContext, reason: str):
    yield ctx.create_timer(timedelta(0))
    raise OrderLost(reason)


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
    anything = pb.OrchestrationIdReusePolicy(replaceableStatus=[
        pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_TERMINATED])
    context.start(give_back, input="second", instance_id=instance, reuse_id_policy=anything)
    equal(context.output(instance), "second")


def reuse_policy_refuses_other_states(context: Context) -> None:
    instance = context.start(give_back, input=1)
    context.output(instance)
    only_failed = pb.OrchestrationIdReusePolicy(
        replaceableStatus=[pb.ORCHESTRATION_STATUS_FAILED])
    refused(lambda: context.start(
        give_back, input=2, instance_id=instance, reuse_id_policy=only_failed),
        grpc.StatusCode.ALREADY_EXISTS)
    equal(context.output(instance), 1)


def scheduled_start_waits_for_its_time(context: Context) -> None:
    start_at = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    instance = context.start(tell_time, start_at=start_at)
    equal(context.client.get_orchestration_state(instance).runtime_status,
          OrchestrationStatus.PENDING, "status before its time")
    first_turn = datetime.fromisoformat(context.output(instance)).replace(tzinfo=timezone.utc)
    assert first_turn >= start_at, f"started at {first_turn}, before {start_at}"
    assert first_turn < start_at + timedelta(seconds=5), f"started only at {first_turn}"


def custom_status_is_seen_while_running(context: Context) -> None:
    instance = context.start(show_status)
    equal(context.running(instance).get_custom_status(), {"step": 1}, "with the first turn")
    context.client.raise_orchestration_event(instance, "Go")
    until(lambda: context.client.get_orchestration_state(instance).get_custom_status()
          == {"step": 2}, "the second status is shown")
    context.client.raise_orchestration_event(instance, "Go")
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_custom_status(), {"step": 2}, "after the end")


def version_reaches_the_orchestrator(context: Context) -> None:
    equal(context.output(context.start(tell_version, version="2.1.0")), "2.1.0")
    equal(context.output(context.start(tell_version)), None, "without a version")


def failure_of_an_activity_has_its_details(context: Context) -> None:
    instance = context.start(call_broken, input="A-17")
    details = context.ended(instance, OrchestrationStatus.FAILED).failure_details
    assert "order A-17 is lost" in details.message, details
    assert details.error_type.endswith("TaskFailedError"), details
    assert details.stack_trace, "no stack trace"
    if context.plain:
        return
    inner = details.inner_failure
    assert inner is not None and inner.error_type.endswith("OrderLost"), details
    assert inner.inner_failure.error_type.endswith("KeyError"), "the cause of the cause is lost"


def failure_of_an_orchestrator_has_its_details(context: Context) -> None:
    instance = context.start(break_down, input="no way on")
    state = context.ended(instance, OrchestrationStatus.FAILED)
    equal(state.failure_details.message, "no way on")
    assert state.failure_details.error_type.endswith("OrderLost"), state.failure_details
    assert "break_down" in state.failure_details.stack_trace, state.failure_details


def unregistered_names_fail_the_instance(context: Context) -> None:
    instance = context.start("nobody_wrote_this")
    state = context.ended(instance, OrchestrationStatus.FAILED)
    assert "nobody_wrote_this" in state.failure_details.message, state.failure_details


def ids_have_a_limit(context: Context) -> None:
    longest = fresh_id("long").ljust(ID_CHARS_MAX, "x")
    equal(context.output(context.start(give_back, input=1, instance_id=longest)), 1)
    refused(lambda: context.start(give_back, instance_id=longest + "x"),
            grpc.StatusCode.INVALID_ARGUMENT, str(ID_CHARS_MAX))
    refused(lambda: context.start(give_back, instance_id="@counter@1"),
            grpc.StatusCode.INVALID_ARGUMENT)


def another_worker_goes_on(context: Context) -> None:
    hub = fresh_id("handover")
    registry = Registry()
    registry.orchestrator(hold)
    with context.new_client(taskhub=hub) as client:
        first = context.new_worker(registry, taskhub=hub)
        first.start()
        instance = client.schedule_new_orchestration(hold, input="kept")
        client.wait_for_orchestration_start(instance, timeout=30)
        first.stop()
        client.raise_orchestration_event(instance, "Go")
        second = context.new_worker(registry, taskhub=hub)
        second.start()
        try:
            state = client.wait_for_orchestration_completion(instance, timeout=30)
        finally:
            second.stop()
    equal(state.get_output(), "kept")


def task_hubs_are_separate(context: Context) -> None:
    instance = context.start(give_back, input="here")
    context.output(instance)
    with context.new_client(taskhub=fresh_id("elsewhere")) as elsewhere:
        assert elsewhere.get_orchestration_state(instance) is None, "seen from another hub"
