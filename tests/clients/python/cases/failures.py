"""Failures: what reaches the parent and the client of the exception, its causes and its stack."""

from datetime import timedelta

from durabletask import task

from checkpoint import CHECKPOINT
from context import Context
from registry import Functions, Registry
from support import equal


PROPERTIES = {"order": "ünï", "count": 3, "late": True, "parts": [1.5, None, {"deep": []}]}


def register(registry: Registry) -> None:
    registry.orchestrator(
        call_broken, break_down, call_breakable, call_call_breakable, one_of_ten_fails)
    registry.activity(broken, broken_after_checkpoint, fail_on_seven)
    registry.first(
        "failures with inner errors and stack traces", properties_of_a_failure_are_kept)
    registry.second(
        "failures with inner errors and stack traces",
        failure_of_an_activity_has_its_details,
        failure_of_an_orchestrator_has_its_details,
        failure_keeps_every_cause_through_two_parents,
        fan_out_with_one_failure,
        unregistered_names_fail_the_instance)


class OrderLost(Exception):
    """A failure with a name of its own."""


class OrderProperties:
    """What a worker tells of an exception beside its type and message."""

    def get_exception_properties(self, exception: Exception):
        return PROPERTIES if isinstance(exception, OrderLost) else None


def broken(_: task.ActivityContext, order: str):
    try:
        raise KeyError(order)
    except KeyError as cause:
        raise OrderLost(f"order {order} is lost") from cause


def broken_after_checkpoint(ctx: task.ActivityContext, order: str):
    CHECKPOINT.hold(ctx.orchestration_id)
    return broken(ctx, order)


def call_broken(ctx: task.OrchestrationContext, order: str):
    yield ctx.call_activity(broken_after_checkpoint, input=order)


def break_down(ctx: task.OrchestrationContext, reason: str):
    yield ctx.create_timer(timedelta(0))
    CHECKPOINT.hold(ctx.instance_id)
    raise OrderLost(reason)


def call_breakable(ctx: task.OrchestrationContext, order: str):
    yield ctx.call_activity(broken, input=order)


def call_call_breakable(ctx: task.OrchestrationContext, order: str):
    yield ctx.wait_for_external_event("Go")
    yield ctx.call_sub_orchestrator(call_breakable, input=order)


def fail_on_seven(ctx: task.ActivityContext, number: int) -> int:
    if number == 7:
        raise ValueError("seven is not allowed")
    if number == 9:
        CHECKPOINT.hold(ctx.orchestration_id)
    return number


def one_of_ten_fails(ctx: task.OrchestrationContext, _):
    try:
        yield task.when_all([ctx.call_activity(fail_on_seven, input=n) for n in range(10)])
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}
    return None


OWN = Functions()
OWN.orchestrator(call_breakable)
OWN.activity(broken)


def properties_of_a_failure_are_kept(context: Context) -> None:
    with (context.hub("properties") as hub,
          hub.worker(OWN, exception_properties_provider=OrderProperties())):
        details = hub.failure(hub.start(call_breakable, input="C-1"))
        equal(details.inner_failure.properties, PROPERTIES, "properties of the inner failure")
        equal([details.properties, details.inner_failure.inner_failure.properties], [None, None])


def failure_of_an_activity_has_its_details(context: Context) -> None:
    instance = context.start(call_broken, input="A-17")
    CHECKPOINT.until_held(instance)
    context.in_flight()
    details = context.failure(instance)
    assert "order A-17 is lost" in details.message, details
    assert details.error_type.endswith("TaskFailedError"), details
    assert details.stack_trace, "no stack trace"
    inner = details.inner_failure
    assert inner is not None and inner.error_type.endswith("OrderLost"), details
    equal(inner.message, "order A-17 is lost")
    assert "in broken" in inner.stack_trace, inner.stack_trace
    cause = inner.inner_failure
    assert cause is not None and cause.error_type.endswith("KeyError"), "the cause is lost"
    equal(cause.message, "'A-17'", "message of the cause")
    assert "in broken" in cause.stack_trace, cause.stack_trace


def failure_of_an_orchestrator_has_its_details(context: Context) -> None:
    instance = context.start(break_down, input="no way on")
    CHECKPOINT.until_held(instance)
    context.in_flight()
    details = context.failure(instance)
    equal(details.message, "no way on")
    assert details.error_type.endswith("OrderLost"), details
    assert "break_down" in details.stack_trace, details


def failure_keeps_every_cause_through_two_parents(context: Context) -> None:
    instance = context.start(call_call_breakable, input="B-4")
    context.running(instance)
    context.past_checkpoint()
    context.client.raise_orchestration_event(instance, "Go")
    details = context.failure(instance)
    types = []
    while details is not None:
        types.append(details.error_type.rsplit(".", 1)[-1])
        assert details.stack_trace, f"no stack trace at {types}"
        details = details.inner_failure
    equal(types, ["TaskFailedError", "TaskFailedError", "OrderLost", "KeyError"])


def fan_out_with_one_failure(context: Context) -> None:
    instance = context.start(one_of_ten_fails)
    CHECKPOINT.until_held(instance)
    context.in_flight()
    output = context.output(instance)
    assert output["type"].endswith("ValueError"), output
    assert "seven is not allowed" in output["message"], output


def unregistered_names_fail_the_instance(context: Context) -> None:
    context.past_checkpoint()
    details = context.failure(context.start("nobody_wrote_this"))
    assert "nobody_wrote_this" in details.message, details
