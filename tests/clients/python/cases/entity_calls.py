"""Calls of entities by orchestrations: results, order, many callers, failures."""

from durabletask import task
from durabletask.entities import DurableEntity, EntityContext, EntityInstanceId

from checkpoint import CHECKPOINT
from context import Context
from registry import Registry
from support import equal, fresh_id

CALLERS = 10
CALLS = 5
BROKEN = "nothing left on purpose"


def register(registry: Registry) -> None:
    registry.orchestrator(
        call_one_by_one, call_all_at_once, call_without_result, call_over_checkpoint,
        call_failing_entity, call_entity_unheard, fail_between_calls, call_unregistered)
    registry.entity(meter, Purse)
    registry.first(
        "entity calls", calls_give_their_results_in_order, many_callers_are_all_counted,
        call_without_a_result_gives_none)
    registry.second("entity calls", calls_are_under_way_at_the_restart)
    registry.first(
        "entity failures", failure_can_be_caught, failure_that_is_not_caught_fails_the_caller,
        failed_operation_leaves_no_trace, failing_signal_harms_nothing,
        unregistered_entity_fails_the_call, unknown_operation_fails_the_call)
    registry.second("entity failures", failure_arrives_after_the_restart)


def meter(ctx: EntityContext, amount: int):
    if ctx.operation == "nothing":
        return None
    if ctx.operation == "break":
        ctx.set_state(-1)
        ctx.signal_entity(ctx.entity_id, "add", 1000)
        ctx.schedule_new_orchestration("call_without_result", instance_id=f"{ctx.entity_id.key}-x")
        raise ValueError(BROKEN)
    if ctx.operation == "add_over_checkpoint":
        CHECKPOINT.hold(ctx.entity_id.key)
    total = ctx.get_state(int, 0) + amount
    ctx.set_state(total)
    return total


class Purse(DurableEntity):
    """Pays only what it has."""

    def pay(self, amount: int) -> int:
        left = self.get_state(int, 10) - amount
        self.set_state(left)
        if left < 0:
            try:
                raise KeyError("coin")
            except KeyError as cause:
                raise ValueError(BROKEN) from cause
        return left

    def pay_over_checkpoint(self, amount: int) -> int:
        CHECKPOINT.hold(self.entity_context.entity_id.key)
        return self.pay(amount)


def call_one_by_one(ctx: task.OrchestrationContext, key: str):
    totals = []
    for _ in range(CALLS):
        totals.append((yield ctx.call_entity(EntityInstanceId("meter", key), "add", 1)))
    return totals


def call_all_at_once(ctx: task.OrchestrationContext, key: str):
    totals = yield task.when_all(
        [ctx.call_entity(EntityInstanceId("meter", key), "add", n) for n in range(CALLS)])
    return totals


def call_without_result(ctx: task.OrchestrationContext, key: str):
    result = yield ctx.call_entity(EntityInstanceId("meter", key), "nothing")
    return [result]


def call_over_checkpoint(ctx: task.OrchestrationContext, key: str):
    entity = EntityInstanceId("meter", key)
    first = yield ctx.call_entity(entity, "add", 1)
    rest = yield task.when_all(
        [ctx.call_entity(entity, "add_over_checkpoint", n) for n in (10, 100, 1000)])
    return [first, *rest]


def call_failing_entity(ctx: task.OrchestrationContext, call: list):
    name, key, operation, amount = call
    try:
        yield ctx.call_entity(EntityInstanceId(name, key), operation, amount)
    except task.TaskFailedError as error:
        details = error.details
        inner = details.inner_failure
        return {
            "message": details.message,
            "inner": [inner.error_type, inner.message, bool(inner.stack_trace)],
            "cause": inner.inner_failure and inner.inner_failure.error_type}
    return None


def call_entity_unheard(ctx: task.OrchestrationContext, key: str):
    yield ctx.call_entity(EntityInstanceId("purse", key), "pay", 11)


def fail_between_calls(ctx: task.OrchestrationContext, key: str):
    """Three calls at once, of which the middle one fails."""
    entity = EntityInstanceId("purse", key)
    calls = [ctx.call_entity(entity, "pay", amount) for amount in (3, 50, 4)]
    try:
        yield task.when_all(calls)
    except task.TaskFailedError:
        pass
    return [calls[0].get_result(), calls[1].is_failed, calls[2].get_result()]


def call_unregistered(ctx: task.OrchestrationContext, key: str):
    yield ctx.call_entity(EntityInstanceId("nobody_wrote_this", key), "add", 1)


def operation_failed(operation: str, name: str, key: str, message: str) -> str:
    """What the client makes of a failure."""
    return f"Operation '{operation}' on entity '@{name}@{key}' failed with error: {message}"


def calls_give_their_results_in_order(context: Context) -> None:
    key = fresh_id("meter")
    equal(context.output(context.start(call_one_by_one, input=key)), [1, 2, 3, 4, 5])
    equal(context.output(context.start(call_all_at_once, input=key)), [5, 6, 8, 11, 15])
    equal(context.entity_state(EntityInstanceId("meter", key)), 15, "the state afterwards")


def many_callers_are_all_counted(context: Context) -> None:
    key = fresh_id("crowd")
    callers = [context.start(call_one_by_one, input=key) for _ in range(CALLERS)]
    totals = [total for caller in callers for total in context.output(caller)]
    equal(sorted(totals), list(range(1, CALLERS * CALLS + 1)), "each total once")


def call_without_a_result_gives_none(context: Context) -> None:
    equal(context.output(context.start(call_without_result, input=fresh_id("none"))), [None])


def calls_are_under_way_at_the_restart(context: Context) -> None:
    key = fresh_id("late")
    instance = context.start(call_over_checkpoint, input=key)
    CHECKPOINT.until_held(key)
    context.in_flight()
    equal(context.output(instance), [1, 11, 111, 1111])
    equal(context.entity_state(EntityInstanceId("meter", key)), 1111, "the state afterwards")


def failure_can_be_caught(context: Context) -> None:
    key = fresh_id("caught")
    output = context.output(context.start(call_failing_entity, input=["purse", key, "pay", 11]))
    equal(output["message"], operation_failed("pay", "purse", key, BROKEN))
    equal(output["inner"], ["builtins.ValueError", BROKEN, True])
    equal(output["cause"], "builtins.KeyError", "the cause in the entity")


def failure_that_is_not_caught_fails_the_caller(context: Context) -> None:
    key = fresh_id("unheard")
    details = context.failure(context.start(call_entity_unheard, input=key))
    equal(details.message, operation_failed("pay", "purse", key, BROKEN))


def failed_operation_leaves_no_trace(context: Context) -> None:
    key = fresh_id("rolled-back")
    equal(context.output(context.start(fail_between_calls, input=key)), [7, True, 3])
    equal(context.entity_state(EntityInstanceId("purse", key)), 3, "without the failed one")


def failing_signal_harms_nothing(context: Context) -> None:
    entity = EntityInstanceId("meter", fresh_id("poisoned"))
    for operation in ("add", "break", "add"):
        context.client.signal_entity(entity, operation, 1)
    context.until_state(entity, 2)
    equal(context.output(context.start(call_all_at_once, input=entity.key)), [2, 3, 5, 8, 12],
          "nothing that the failed operation sent was done")
    assert context.client.get_orchestration_state(f"{entity.key}-x") is None, (
        "an instance was started by a failed operation")


def unregistered_entity_fails_the_call(context: Context) -> None:
    key = fresh_id("nobody")
    details = context.failure(context.start(call_unregistered, input=key))
    equal(details.message, operation_failed(
        "add", "nobody_wrote_this", key,
        "Entity function named 'nobody_wrote_this' was not registered!"))


def unknown_operation_fails_the_call(context: Context) -> None:
    key = fresh_id("unknown")
    output = context.output(context.start(call_failing_entity, input=["purse", key, "steal", 1]))
    equal(output["message"], operation_failed(
        "steal", "purse", key, f"Entity '@purse@{key}' does not have operation 'steal'"))


def failure_arrives_after_the_restart(context: Context) -> None:
    key = fresh_id("late")
    instance = context.start(call_failing_entity, input=["purse", key, "pay_over_checkpoint", 11])
    CHECKPOINT.until_held(key)
    context.in_flight()
    output = context.output(instance)
    equal(output["message"], operation_failed("pay_over_checkpoint", "purse", key, BROKEN))
    equal(output["inner"], ["builtins.ValueError", BROKEN, True])
