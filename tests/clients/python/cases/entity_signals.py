"""Signals to entities: by whom, in which order, at which time."""

from datetime import datetime, timedelta, timezone

import grpc
from durabletask import task
from durabletask.entities import EntityContext, EntityInstanceId

from checkpoint import CHECKPOINT
from context import Context
from registry import Registry
from support import equal, fresh_id, refused, until

SIGNALS = 20
DELAY_SECONDS = 3

# A signal that is due may be late by the worker's scheduling.
LATE_SECONDS = 5.0

# Whole ticks of the chain that goes on through the restart.
TICKS_AFTER_CHECKPOINT = 5


def register(registry: Registry) -> None:
    registry.orchestrator(signal_and_end, signal_later_and_end)
    registry.entity(journal, relay, clock)
    registry.first(
        "entity signals", signals_of_a_client_keep_their_order,
        signals_of_an_ended_instance_arrive, entity_signals_another, entity_signals_itself,
        ids_of_entities_have_a_limit)
    registry.second("entity signals", signals_go_on_through_the_restart)
    registry.first(
        "delayed entity signals", delayed_signal_of_a_client_waits,
        delayed_signal_of_an_ended_instance_waits, delayed_signal_of_an_entity_waits,
        signal_due_in_the_past_is_at_once)
    registry.second("delayed entity signals", delayed_signals_outlive_the_restart)


def journal(ctx: EntityContext, entry):
    """Keeps what it is told, and when as soon as it is told a time."""
    entries = ctx.get_state(list, [])
    if ctx.operation == "note_time":
        entry = [entry, datetime.now(timezone.utc).timestamp()]
    ctx.set_state(entries + [entry])


def relay(ctx: EntityContext, left: int):
    """Passes every number on and counts itself down to zero."""
    ctx.signal_entity(EntityInstanceId("journal", ctx.entity_id.key), "note", left)
    if ctx.operation == "delay":
        due = datetime.now(timezone.utc) + timedelta(seconds=DELAY_SECONDS)
        ctx.signal_entity(EntityInstanceId("journal", ctx.entity_id.key), "note_time",
                          due.timestamp(), signal_time=due)
    elif left > 0:
        ctx.signal_entity(ctx.entity_id, "count_down", left - 1)


def clock(ctx: EntityContext, left: int):
    """Ticks by itself, each tick into the journal, until some time after the checkpoint."""
    tick = ctx.get_state(int, 0) + 1
    ctx.set_state(tick)
    ctx.signal_entity(EntityInstanceId("journal", ctx.entity_id.key), "note", tick)
    left = left - 1 if CHECKPOINT.passed else left
    if left > 0:
        ctx.signal_entity(ctx.entity_id, "tick", left,
                          signal_time=datetime.now(timezone.utc) + timedelta(milliseconds=300))
    else:
        ctx.signal_entity(EntityInstanceId("journal", ctx.entity_id.key), "note", "end")


def signal_and_end(ctx: task.OrchestrationContext, key: str):
    for number in range(SIGNALS):
        ctx.signal_entity(EntityInstanceId("journal", key), "note", number)
    return "sent"


def signal_later_and_end(ctx: task.OrchestrationContext, key: str):
    due = ctx.current_utc_datetime + timedelta(seconds=DELAY_SECONDS)
    stamp = due.replace(tzinfo=timezone.utc).timestamp()
    ctx.signal_entity(EntityInstanceId("journal", key), "note_time", stamp, signal_time=due)
    return "ended"


def signals_of_a_client_keep_their_order(context: Context) -> None:
    entity = EntityInstanceId("journal", fresh_id("ordered"))
    for number in range(SIGNALS):
        context.client.signal_entity(entity, "note", number)
    context.until_state(entity, list(range(SIGNALS)))


def signals_of_an_ended_instance_arrive(context: Context) -> None:
    entity = EntityInstanceId("journal", fresh_id("afterwards"))
    equal(context.output(context.start(signal_and_end, input=entity.key)), "sent")
    context.until_state(entity, list(range(SIGNALS)))


def entity_signals_another(context: Context) -> None:
    key = fresh_id("relay")
    context.client.signal_entity(EntityInstanceId("relay", key), "count_down", 0)
    context.until_state(EntityInstanceId("journal", key), [0])
    assert context.client.get_entity(EntityInstanceId("relay", key)) is None, "it has no state"


def entity_signals_itself(context: Context) -> None:
    key = fresh_id("countdown")
    context.client.signal_entity(EntityInstanceId("relay", key), "count_down", 9)
    context.until_state(EntityInstanceId("journal", key), list(range(9, -1, -1)))


def ids_of_entities_have_a_limit(context: Context) -> None:
    for key, taken in ((fresh_id("long").ljust(70, "k"), True), ("k" * 130, False)):
        entity = EntityInstanceId("journal", key)
        if taken:
            context.client.signal_entity(entity, "note", 1)
            context.until_state(entity, [1])
        else:
            refused(lambda: context.client.signal_entity(entity, "note", 1),
                    grpc.StatusCode.INVALID_ARGUMENT)


def signals_go_on_through_the_restart(context: Context) -> None:
    entity = EntityInstanceId("clock", fresh_id("clock"))
    journal_id = EntityInstanceId("journal", entity.key)
    context.client.signal_entity(entity, "tick", TICKS_AFTER_CHECKPOINT)
    until(lambda: len(context.entity_state(journal_id) or []) > 1, "the clock ticks")
    context.in_flight()
    until(lambda: (context.entity_state(journal_id) or [None])[-1] == "end", "the clock ends")
    entries = context.entity_state(journal_id)[:-1]
    equal(entries, list(range(1, len(entries) + 1)), "each tick once and in order")
    equal(context.entity_state(entity), len(entries), "ticks of the clock itself")


def noted_times(context: Context, key: str) -> list[list[float]]:
    """Pairs of the time at which something was due and the one at which it was done."""
    entity = EntityInstanceId("journal", key)
    return [e for e in until(
        lambda: [e for e in context.entity_state(entity) or [] if isinstance(e, list)],
        f"a delayed signal reaches {entity}")]


def expect_in_time(context: Context, key: str) -> None:
    (due, done), = noted_times(context, key)
    assert due <= done < due + LATE_SECONDS, f"due at {due}, done at {done}"


def delayed_signal_of_a_client_waits(context: Context) -> None:
    entity = EntityInstanceId("journal", fresh_id("delayed"))
    due = datetime.now(timezone.utc) + timedelta(seconds=DELAY_SECONDS)
    context.client.signal_entity(entity, "note_time", due.timestamp(), signal_time=due)
    assert context.client.get_entity(entity) is None, "it exists before its first signal"
    context.client.signal_entity(entity, "note", "sooner")
    context.until_state(entity, ["sooner"])
    expect_in_time(context, entity.key)


def delayed_signal_of_an_ended_instance_waits(context: Context) -> None:
    key = fresh_id("delayed")
    equal(context.output(context.start(signal_later_and_end, input=key)), "ended")
    expect_in_time(context, key)


def delayed_signal_of_an_entity_waits(context: Context) -> None:
    key = fresh_id("delayed")
    context.client.signal_entity(EntityInstanceId("relay", key), "delay", 3)
    context.until_state(EntityInstanceId("journal", key), [3])
    expect_in_time(context, key)


def signal_due_in_the_past_is_at_once(context: Context) -> None:
    entity = EntityInstanceId("journal", fresh_id("overdue"))
    context.client.signal_entity(
        entity, "note", "now", signal_time=datetime(2001, 1, 1, tzinfo=timezone.utc))
    context.until_state(entity, ["now"])


def delayed_signals_outlive_the_restart(context: Context) -> None:
    entity = EntityInstanceId("journal", fresh_id("delayed"))
    for seconds in (5, 6):
        due = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        context.client.signal_entity(entity, "note_time", due.timestamp(), signal_time=due)
    context.in_flight()
    until(lambda: len(context.entity_state(entity) or []) == 2, "both signals were done")
    for due, done in context.entity_state(entity):
        assert due <= done < due + 2 * LATE_SECONDS, f"due at {due}, done at {done}"
