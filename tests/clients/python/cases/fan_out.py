"""Many activities at once: results in order, failures, and values that are easily lost."""

from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal

FAN_OUT = 500
LARGE_CHARS = 256 * 1024
VALUES = [0, False, "", [], {}, None, -1.5, "ünï→\u0000\n\"", {"a": [1, {"b": None}]}]


def register(registry: Registry) -> None:
    registry.orchestrator(square_all, square_in_batches, one_of_ten_fails, echo_all)
    registry.activity(square, fail_on_seven, echo)
    registry.case(fan_out_of_500)
    registry.case(fan_out_in_batches)
    registry.case(fan_out_with_one_failure)
    registry.case(values_survive_unchanged)
    registry.case(large_payload_survives)


def square(_: task.ActivityContext, number: int) -> int:
    return number * number


def square_all(ctx: task.OrchestrationContext, count: int):
    results = yield task.when_all([ctx.call_activity(square, input=n) for n in range(count)])
    return results


def square_in_batches(ctx: task.OrchestrationContext, sizes: list[int]):
    total = 0
    for size in sizes:
        results = yield task.when_all([ctx.call_activity(square, input=n) for n in range(size)])
        total += sum(results)
    return total


def fail_on_seven(_: task.ActivityContext, number: int) -> int:
    if number == 7:
        raise ValueError("seven is not allowed")
    return number


def one_of_ten_fails(ctx: task.OrchestrationContext, _):
    try:
        yield task.when_all([ctx.call_activity(fail_on_seven, input=n) for n in range(10)])
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}
    return None


def echo(_: task.ActivityContext, value):
    return value


def echo_all(ctx: task.OrchestrationContext, values: list):
    results = []
    for value in values:
        results.append((yield ctx.call_activity(echo, input=value)))
    return results


def fan_out_of_500(context: Context) -> None:
    instance = context.start(square_all, input=FAN_OUT)
    equal(context.output(instance), [n * n for n in range(FAN_OUT)], "results in order")


def fan_out_in_batches(context: Context) -> None:
    sizes = [20, 1, 40]
    instance = context.start(square_in_batches, input=sizes)
    equal(context.output(instance), sum(n * n for size in sizes for n in range(size)))


def fan_out_with_one_failure(context: Context) -> None:
    instance = context.start(one_of_ten_fails)
    output = context.output(instance)
    assert output["type"].endswith("ValueError"), output
    assert "seven is not allowed" in output["message"], output


def values_survive_unchanged(context: Context) -> None:
    instance = context.start(echo_all, input=VALUES)
    equal(context.output(instance), VALUES)


def large_payload_survives(context: Context) -> None:
    text = "päyload " * (LARGE_CHARS // 8)
    instance = context.start(echo_all, input=[text])
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    assert state.get_output() == [text], "the output differs from the input"
    assert state.get_input() == [text], "the input was changed"
