"""Durable timers: never early, soon after they are due, and racing against events."""

import time
from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal

# A timer may be late by the worker's scheduling, never by the server's polling.
LATE_SECONDS = 5.0


def register(registry: Registry) -> None:
    registry.orchestrator(sleep_for, sleep_many, event_or_timeout)
    registry.case(timer_is_never_early_and_not_late)
    registry.case(many_timers_with_one_due_time)
    registry.case(timer_in_the_past_fires_at_once)
    registry.case(when_any_ends_with_the_timeout)
    registry.case(when_any_ends_with_the_event)


def sleep_for(ctx: task.OrchestrationContext, milliseconds: int):
    before = ctx.current_utc_datetime
    yield ctx.create_timer(timedelta(milliseconds=milliseconds))
    return (ctx.current_utc_datetime - before).total_seconds()


def sleep_many(ctx: task.OrchestrationContext, count: int):
    due = ctx.current_utc_datetime + timedelta(milliseconds=500)
    yield task.when_all([ctx.create_timer(due) for _ in range(count)])
    return count


def event_or_timeout(ctx: task.OrchestrationContext, milliseconds: int):
    event = ctx.wait_for_external_event("Approval")
    timeout = ctx.create_timer(timedelta(milliseconds=milliseconds))
    winner = yield task.when_any([event, timeout])
    if winner == event:
        return event.get_result()
    return "timed out"


def timer_is_never_early_and_not_late(context: Context) -> None:
    began = time.monotonic()
    instance = context.start(sleep_for, input=1000)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    waited = time.monotonic() - began
    assert state.get_output() >= 1.0, f"orchestration time went on by {state.get_output()} s"
    assert 1.0 <= waited < 1.0 + LATE_SECONDS, f"a timer of 1 s took {waited:.3f} s"
    lived = (state.last_updated_at - state.created_at).total_seconds()
    assert lived >= 1.0, f"created to last updated is {lived} s"


def many_timers_with_one_due_time(context: Context) -> None:
    equal(context.output(context.start(sleep_many, input=50)), 50)


def timer_in_the_past_fires_at_once(context: Context) -> None:
    began = time.monotonic()
    context.output(context.start(sleep_for, input=-5000))
    waited = time.monotonic() - began
    assert waited < LATE_SECONDS, f"took {waited:.3f} s"


def when_any_ends_with_the_timeout(context: Context) -> None:
    equal(context.output(context.start(event_or_timeout, input=300)), "timed out")


def when_any_ends_with_the_event(context: Context) -> None:
    instance = context.start(event_or_timeout, input=3_600_000)
    context.client.raise_orchestration_event(instance, "approval", data={"by": "Ann"})
    equal(context.output(instance), {"by": "Ann"}, "names of events match without case")
