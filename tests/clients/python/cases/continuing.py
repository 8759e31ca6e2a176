"""Continue-as-new: what a generation hands to the next."""

from datetime import timedelta

from durabletask import history, task
from durabletask.client import OrchestrationStatus

from context import Context
from registry import Registry
from support import equal, until

EVENTS = 5
GENERATIONS = 20


def register(registry: Registry) -> None:
    registry.orchestrator(collect_by_continuing, count_down, gather_by_continuing, forget_events)
    registry.first(
        "continue-as-new with carry-over", continue_as_new_keeps_events_in_order,
        continue_as_new_without_carry_over_drops_events, continue_as_new_many_times)
    registry.second("continue-as-new with carry-over", generations_go_on_after_the_restart)


def collect_by_continuing(ctx: task.OrchestrationContext, seen: list[int]):
    value = yield ctx.wait_for_external_event("Item")
    seen = seen + [value]
    if len(seen) < EVENTS:
        ctx.continue_as_new(seen, save_events=True)
        return None
    return seen


def forget_events(ctx: task.OrchestrationContext, generation: int):
    """Events that a generation received and did not take are dropped with it."""
    value = yield ctx.wait_for_external_event("Next")
    if generation == 0:
        ctx.continue_as_new(1, save_events=False)
        return None
    return value


def count_down(ctx: task.OrchestrationContext, left: int):
    yield ctx.create_timer(timedelta(0))
    if left > 0:
        ctx.continue_as_new(left - 1)
        return None
    return left


def gather_by_continuing(ctx: task.OrchestrationContext, seen: list[int]):
    """One generation for each event; one that arrives twice is taken once."""
    ctx.set_custom_status(len(seen))
    if len(seen) == GENERATIONS:
        return seen
    value = yield ctx.wait_for_external_event("Item")
    ctx.continue_as_new(seen if value in seen else seen + [value], save_events=True)
    return None


def continue_as_new_keeps_events_in_order(context: Context) -> None:
    instance = context.start(collect_by_continuing, input=[])
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), list(range(EVENTS)), "events in order")
    equal(state.get_input(), list(range(EVENTS - 1)), "input of the last generation")


def continue_as_new_without_carry_over_drops_events(context: Context) -> None:
    client = context.client
    instance = context.start(forget_events, input=0)
    context.running(instance)
    client.suspend_orchestration(instance)  # so that both events are in one turn
    client.raise_orchestration_event(instance, "Next", data="taken")
    client.raise_orchestration_event(instance, "Next", data="dropped")
    client.resume_orchestration(instance)
    until(lambda: context.state(instance).get_input() == 1, "the second generation runs")
    client.raise_orchestration_event(instance, "Next", data="last")
    equal(context.output(instance), "last")


def continue_as_new_many_times(context: Context) -> None:
    instance = context.start(count_down, input=15, tags={"kept": "yes"})
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), 0, "the falsy output of the last generation")
    equal(state.serialized_input, "0", "the falsy input of the last generation")
    events = context.client.get_orchestration_history(instance)
    started = [e for e in events if isinstance(e, history.ExecutionStartedEvent)]
    equal([(e.input, e.tags) for e in started], [("0", {"kept": "yes"})], "the last start alone")


def generations_go_on_after_the_restart(context: Context) -> None:
    instance = context.start(gather_by_continuing, input=[])
    half = GENERATIONS // 2
    for number in range(half):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    until(lambda: context.state(instance).get_custom_status() == half, "half is gathered")
    context.past_checkpoint()
    for number in range(half, GENERATIONS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    equal(context.output(instance), list(range(GENERATIONS)))
