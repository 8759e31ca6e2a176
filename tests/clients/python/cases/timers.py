"""Durable timers: never early, soon after they are due, and racing against events."""

import time
from datetime import timedelta

from durabletask import history, task
from durabletask.client import OrchestrationStatus

from checkpoint import is_past_checkpoint
from context import Context
from registry import Registry
from support import equal

# A timer may be late by the worker's scheduling, never by the server's polling.
LATE_SECONDS = 5.0


def register(registry: Registry) -> None:
    registry.orchestrator(
        sleep_for, sleep_many, tick_over_checkpoint, event_or_timeout, cancel_timer, race)
    registry.activity(be_slow)
    registry.first(
        "durable timers", timer_is_never_early_and_not_late, many_timers_with_one_due_time,
        timer_in_the_past_fires_at_once)
    registry.first(
        "when_any with cancelled timers", when_any_ends_with_the_timeout,
        when_any_ends_with_the_event, cancelled_timer_never_fires,
        timers_that_lose_every_race_are_cancelled)
    registry.second("durable timers", timers_tick_through_the_restart)
    registry.second("when_any with cancelled timers", when_any_ends_after_the_restart)


def sleep_for(ctx: task.OrchestrationContext, milliseconds: int):
    before = ctx.current_utc_datetime
    yield ctx.create_timer(timedelta(milliseconds=milliseconds))
    return (ctx.current_utc_datetime - before).total_seconds()


def sleep_many(ctx: task.OrchestrationContext, count: int):
    due = ctx.current_utc_datetime + timedelta(milliseconds=500)
    yield task.when_all([ctx.create_timer(due) for _ in range(count)])
    return count


def tick_over_checkpoint(ctx: task.OrchestrationContext, _):
    """Some timers are due while the server is away."""
    while not (yield ctx.call_activity(is_past_checkpoint)):
        yield ctx.create_timer(timedelta(milliseconds=300))
    lateness = []
    for _ in range(6):
        due = ctx.current_utc_datetime + timedelta(milliseconds=300)
        yield ctx.create_timer(due)
        lateness.append((ctx.current_utc_datetime - due).total_seconds())
    return lateness


def event_or_timeout(ctx: task.OrchestrationContext, milliseconds: int):
    event = ctx.wait_for_external_event("Approval")
    timeout = ctx.create_timer(timedelta(milliseconds=milliseconds))
    winner = yield task.when_any([event, timeout])
    if winner == event:
        timeout.cancel()
        return event.get_result()
    event.cancel()
    return "timed out"


def cancel_timer(ctx: task.OrchestrationContext, _):
    """A timer that is cancelled in the turn that made it, and one in a later turn."""
    ctx.create_timer(timedelta(hours=1)).cancel()
    slow = ctx.create_timer(timedelta(hours=1))
    soon = ctx.create_timer(timedelta(milliseconds=100))
    yield task.when_any([slow, soon])
    return [slow.cancel(), slow.is_cancelled, soon.is_complete]


def be_slow(_: task.ActivityContext, number: int) -> int:
    time.sleep(0.02)  # slower than nothing, faster than the timer it races against
    return number


def race(ctx: task.OrchestrationContext, count: int):
    finished = []
    for number in range(count):
        work = ctx.call_activity(be_slow, input=number)
        timeout = ctx.create_timer(timedelta(minutes=10))
        winner = yield task.when_any([timeout, work])
        if winner == work:
            timeout.cancel()
            finished.append(work.get_result())
    return finished


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


def timers_tick_through_the_restart(context: Context) -> None:
    instance = context.start(tick_over_checkpoint)
    context.running(instance)
    context.in_flight()
    lateness = context.output(instance)
    equal(len(lateness), 6, "timers that fired")
    assert min(lateness) > 0, f"a timer fired early: {lateness}"


def when_any_ends_with_the_timeout(context: Context) -> None:
    equal(context.output(context.start(event_or_timeout, input=300)), "timed out")


def when_any_ends_with_the_event(context: Context) -> None:
    instance = context.start(event_or_timeout, input=3_600_000)
    context.client.raise_orchestration_event(instance, "approval", data={"by": "Ann"})
    equal(context.output(instance), {"by": "Ann"}, "names of events match without case")


def cancelled_timer_never_fires(context: Context) -> None:
    instance = context.start(cancel_timer)
    equal(context.output(instance), [True, True, True])
    events = context.client.get_orchestration_history(instance)
    created = [e for e in events if isinstance(e, history.TimerCreatedEvent)]
    fired = [e for e in events if isinstance(e, history.TimerFiredEvent)]
    equal([len(created), len(fired)], [2, 1], "timers created and fired")


def timers_that_lose_every_race_are_cancelled(context: Context) -> None:
    equal(context.output(context.start(race, input=10)), list(range(10)))


def when_any_ends_after_the_restart(context: Context) -> None:
    instance = context.start(event_or_timeout, input=3_600_000)
    context.running(instance)
    context.past_checkpoint()
    context.client.raise_orchestration_event(instance, "Approval", data="late")
    equal(context.output(instance), "late")
