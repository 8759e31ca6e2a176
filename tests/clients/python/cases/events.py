"""External events: before the start, in order, and across continue-as-new."""

from datetime import datetime, timedelta, timezone

import grpc
from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal, fresh_id, refused

EVENTS = 5


def register(registry: Registry) -> None:
    registry.orchestrator(collect, collect_by_continuing, count_down)
    registry.case(events_before_the_start_are_kept_in_order)
    registry.case(events_of_two_names_do_not_mix)
    registry.case(continue_as_new_keeps_events_in_order)
    registry.case(continue_as_new_many_times)
    registry.case(event_for_an_unknown_instance_is_refused)
    registry.case(event_for_an_ended_instance_is_accepted_and_dropped,
                  beyond_plain="the in-memory backend keeps the event")


def collect(ctx: task.OrchestrationContext, names: list[str]):
    values = []
    for name in names:
        values.append((yield ctx.wait_for_external_event(name)))
    return values


def collect_by_continuing(ctx: task.OrchestrationContext, seen: list[int]):
    value = yield ctx.wait_for_external_event("Item")
    seen = seen + [value]
    if len(seen) < EVENTS:
        ctx.continue_as_new(seen, save_events=True)
        return None
    return seen


def count_down(ctx: task.OrchestrationContext, left: int):
    yield ctx.create_timer(timedelta(0))
    if left > 0:
        ctx.continue_as_new(left - 1)
        return None
    return left


def events_before_the_start_are_kept_in_order(context: Context) -> None:
    instance = context.start(
        collect, input=["Item"] * EVENTS, start_at=datetime.now(timezone.utc) + timedelta(seconds=1))
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    equal(context.output(instance), list(range(EVENTS)))


def events_of_two_names_do_not_mix(context: Context) -> None:
    instance = context.start(collect, input=["B", "A", "A", "B"])
    for name, value in [("A", 1), ("B", 2), ("A", 3), ("B", None)]:
        context.client.raise_orchestration_event(instance, name, data=value)
    equal(context.output(instance), [2, 1, 3, None])


def continue_as_new_keeps_events_in_order(context: Context) -> None:
    instance = context.start(collect_by_continuing, input=[])
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), list(range(EVENTS)), "events in order")
    equal(state.get_input(), list(range(EVENTS - 1)), "input of the last generation")


def continue_as_new_many_times(context: Context) -> None:
    instance = context.start(count_down, input=15)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), 0, "the falsy output of the last generation")
    equal(state.serialized_input, "0", "the falsy input of the last generation")


def event_for_an_unknown_instance_is_refused(context: Context) -> None:
    missing = fresh_id("missing")
    refused(lambda: context.client.raise_orchestration_event(missing, "Item"),
            grpc.StatusCode.NOT_FOUND)


def event_for_an_ended_instance_is_accepted_and_dropped(context: Context) -> None:
    instance = context.start(collect, input=[])
    before = context.ended(instance, OrchestrationStatus.COMPLETED)
    context.client.raise_orchestration_event(instance, "Item", data=1)
    after = context.client.get_orchestration_state(instance)
    equal(after, before, "state of the ended instance")
