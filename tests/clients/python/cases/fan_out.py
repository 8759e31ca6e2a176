"""Many activities at once: each once, results in order, whatever happens meanwhile."""

from durabletask import task

from checkpoint import CHECKPOINT
from context import Context
from registry import Registry
from support import Attempts, equal

COUNTED = 500
INTERRUPTED = 1000
HOLD_EVERY = 250
SQUARED = Attempts()


def register(registry: Registry) -> None:
    registry.orchestrator(square_all, square_in_batches, square_over_checkpoint)
    registry.activity(square, square_busily)
    registry.first("fan-out of 1,000", fan_out_of_500_runs_each_once, fan_out_in_batches)
    registry.second("fan-out of 1,000", fan_out_of_1000)


def square(ctx: task.ActivityContext, number: int) -> int:
    SQUARED.next(ctx.orchestration_id)
    return number * number


def square_busily(ctx: task.ActivityContext, number: int) -> int:
    """Some of many are under way at the checkpoint."""
    if number % HOLD_EVERY == 0:
        CHECKPOINT.hold(ctx.orchestration_id, number)
    return number * number


def square_all(ctx: task.OrchestrationContext, count: int):
    results = yield task.when_all([ctx.call_activity(square, input=n) for n in range(count)])
    return results


def square_over_checkpoint(ctx: task.OrchestrationContext, count: int):
    results = yield task.when_all(
        [ctx.call_activity(square_busily, input=n) for n in range(count)])
    return results


def square_in_batches(ctx: task.OrchestrationContext, sizes: list[int]):
    total = 0
    for size in sizes:
        results = yield task.when_all([ctx.call_activity(square, input=n) for n in range(size)])
        total += sum(results)
    return total


def fan_out_of_500_runs_each_once(context: Context) -> None:
    instance = context.start(square_all, input=COUNTED)
    equal(context.output(instance), [n * n for n in range(COUNTED)], "results in order")
    equal(SQUARED.of(instance), COUNTED, "activities that ran")


def fan_out_in_batches(context: Context) -> None:
    sizes = [20, 1, 40]
    instance = context.start(square_in_batches, input=sizes)
    equal(context.output(instance), sum(n * n for size in sizes for n in range(size)))


def fan_out_of_1000(context: Context) -> None:
    instance = context.start(square_over_checkpoint, input=INTERRUPTED)
    CHECKPOINT.until_held(instance)
    context.in_flight()
    equal(context.output(instance), [n * n for n in range(INTERRUPTED)], "results in order")
