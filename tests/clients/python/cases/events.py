"""External events: before the start, in order, by any spelling of the name."""

from datetime import datetime, timedelta, timezone

import grpc
from durabletask import history, task
from durabletask.client import OrchestrationStatus

from context import Context
from registry import Registry
from support import equal, fresh_id, refused, until

EVENTS = 10


def register(registry: Registry) -> None:
    registry.orchestrator(collect, collect_distinct, send_words)
    registry.first(
        "events before start", events_before_the_start_are_kept_in_order,
        event_for_an_unknown_instance_is_refused,
        event_for_an_ended_instance_is_accepted_and_dropped)
    registry.first(
        "ten events of the same name", ten_events_are_taken_in_order,
        ten_events_from_one_instance_to_another)
    registry.first(
        "event names in different case", events_of_two_names_do_not_mix,
        names_match_in_any_case)
    registry.second("events before start", events_before_the_start_outlive_the_restart)
    registry.second("ten events of the same name", ten_events_around_the_restart)
    registry.second("event names in different case", names_match_in_any_case_after_the_restart)


def collect(ctx: task.OrchestrationContext, names: list[str]):
    values = []
    for name in names:
        values.append((yield ctx.wait_for_external_event(name)))
    return values


def collect_distinct(ctx: task.OrchestrationContext, count: int):
    """An event whose call was broken and made again may arrive twice."""
    values = []
    while len(values) < count:
        value = yield ctx.wait_for_external_event("Item")
        if value not in values:
            values.append(value)
        ctx.set_custom_status(len(values))
    return values


def send_words(ctx: task.OrchestrationContext, target: str):
    for number in range(EVENTS):
        ctx.send_event(target, "Word", data={"from": ctx.instance_id, "number": number})
    ctx.send_event(f"nobody-{ctx.instance_id}", "Word", data="into the void")
    return "sent"


def after(seconds: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


def events_before_the_start_are_kept_in_order(context: Context) -> None:
    instance = context.start(collect, input=["Item"] * EVENTS, start_at=after(seconds=1))
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    equal(context.status(instance), OrchestrationStatus.PENDING, "status before its time")
    equal(context.output(instance), list(range(EVENTS)))


def ten_events_are_taken_in_order(context: Context) -> None:
    instance = context.start(collect, input=["Item"] * EVENTS)
    context.running(instance)
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    equal(context.output(instance), list(range(EVENTS)))


def ten_events_from_one_instance_to_another(context: Context) -> None:
    target = context.start(collect, input=["Word"] * EVENTS)
    context.running(target)
    sender = context.start(send_words, input=target)
    equal(context.output(sender), "sent")
    equal(context.output(target), [{"from": sender, "number": n} for n in range(EVENTS)])


def events_of_two_names_do_not_mix(context: Context) -> None:
    instance = context.start(collect, input=["B", "A", "A", "B"])
    for name, value in [("a", 1), ("B", 2), ("A", 3), ("b", None)]:
        context.client.raise_orchestration_event(instance, name, data=value)
    equal(context.output(instance), [2, 1, 3, None])


def names_match_in_any_case(context: Context) -> None:
    instance = context.start(collect, input=["go", "GO", "Go"])
    spelled = ["GO", "gO", "go"]
    for number, name in enumerate(spelled):
        context.client.raise_orchestration_event(instance, name, data=number)
    equal(context.output(instance), [0, 1, 2])
    events = context.client.get_orchestration_history(instance)
    raised = [e.name for e in events if isinstance(e, history.EventRaisedEvent)]
    equal(raised, spelled, "names as they were raised")


def event_for_an_unknown_instance_is_refused(context: Context) -> None:
    missing = fresh_id("missing")
    refused(lambda: context.client.raise_orchestration_event(missing, "Item"),
            grpc.StatusCode.NOT_FOUND)


def event_for_an_ended_instance_is_accepted_and_dropped(context: Context) -> None:
    instance = context.start(collect, input=[])
    before = context.ended(instance, OrchestrationStatus.COMPLETED)
    context.client.raise_orchestration_event(instance, "Item", data=1)
    equal(context.state(instance), before, "state of the ended instance")


def events_before_the_start_outlive_the_restart(context: Context) -> None:
    instance = context.start(collect, input=["Item"] * EVENTS, start_at=after(seconds=6))
    for number in range(EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    context.in_flight()
    equal(context.output(instance), list(range(EVENTS)))


def ten_events_around_the_restart(context: Context) -> None:
    instance = context.start(collect_distinct, input=EVENTS)
    for number in range(EVENTS // 2):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    until(lambda: context.state(instance).get_custom_status() == EVENTS // 2, "half is taken")
    context.past_checkpoint()
    for number in range(EVENTS // 2, EVENTS):
        context.client.raise_orchestration_event(instance, "Item", data=number)
    equal(context.output(instance), list(range(EVENTS)))


def names_match_in_any_case_after_the_restart(context: Context) -> None:
    instance = context.start(collect, input=["Early", "Late"])
    context.client.raise_orchestration_event(instance, "EARLY", data=1)
    context.running(instance)
    context.past_checkpoint()
    context.client.raise_orchestration_event(instance, "late", data=2)
    equal(context.output(instance), [1, 2])
