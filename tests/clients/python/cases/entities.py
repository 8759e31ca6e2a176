"""Entities as functions and as classes: their state, their start of orchestrations, their end."""

from datetime import datetime, timezone

from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import DurableEntity, EntityContext, EntityInstanceId

from checkpoint import CHECKPOINT
from context import Context
from registry import Registry
from support import equal, fresh_id, until

SHAPE = {"name": "ünï", "list": [1, None, {"deep": [[]]}], "zero": 0, "no": False}


def register(registry: Registry) -> None:
    registry.orchestrator(note_start, delete_and_use_again)
    registry.entity(tally, Ledger)
    registry.first(
        "entities by function", function_entity_keeps_its_state, function_entity_starts_an_instance)
    registry.first(
        "entities by class", class_entity_keeps_its_state, class_entity_keeps_any_shape,
        name_has_no_case_and_key_has)
    registry.first(
        "entity deletion", deleted_function_entity_does_not_exist,
        deleted_class_entity_begins_anew, delete_and_use_in_one_instance,
        entity_that_never_had_state_does_not_exist, cleaning_storage_reports_nothing)
    registry.second("entities by function", function_entity_is_busy_at_the_restart)
    registry.second("entities by class", class_entity_is_busy_at_the_restart)
    registry.second("entity deletion", deleted_entity_stays_deleted)


def tally(ctx: EntityContext, amount: int):
    if ctx.operation == "get":
        return ctx.get_state(int)
    if ctx.operation == "delete":
        ctx.set_state(None)
        return None
    if ctx.operation == "start":
        return ctx.schedule_new_orchestration(
            "note_start", input=ctx.entity_id.key, instance_id=f"{ctx.entity_id.key}:started+1")
    if ctx.operation == "add_over_checkpoint":
        CHECKPOINT.hold(ctx.entity_id.key)
    total = ctx.get_state(int, 0) + amount
    ctx.set_state(total)
    return total


class Ledger(DurableEntity):
    """An entity whose operations are methods."""

    def deposit(self, amount: int) -> int:
        balance = self.get_state(int, 0) + amount
        self.set_state(balance)
        return balance

    def deposit_over_checkpoint(self, amount: int) -> int:
        CHECKPOINT.hold(self.entity_context.entity_id.key)
        return self.deposit(amount)

    def balance(self) -> int:
        return self.get_state(int, 0)

    def replace(self, state) -> None:
        self.set_state(state)

    def look(self) -> None:
        """Neither reads nor writes."""


def note_start(ctx: task.OrchestrationContext, key: str):
    return [key, ctx.parent_instance_id]


def delete_and_use_again(ctx: task.OrchestrationContext, key: str):
    entity = EntityInstanceId("tally", key)
    before = yield ctx.call_entity(entity, "add", 7)
    yield ctx.call_entity(entity, "delete")
    after = yield ctx.call_entity(entity, "add", 1)
    return [before, after]


def function_entity_keeps_its_state(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("tally"))
    for amount in range(1, 11):
        context.client.signal_entity(entity, "add", amount)
    context.until_state(entity, 55)
    metadata = context.entity(entity)
    equal(metadata.id, entity)
    equal([metadata.get_state(), metadata.backlog_queue_size, metadata.get_locked_by()],
          ["55", 0, None], "state, backlog and holder")
    assert metadata.last_modified < datetime.now(timezone.utc), metadata.last_modified
    without = context.client.get_entity(entity, include_state=False)
    equal([without.includes_state, without.get_state()], [False, None], "without the state")


def function_entity_starts_an_instance(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("starter"))
    context.client.signal_entity(entity, "start")
    started = f"{entity.key}:started+1"
    context.existing(started)
    equal(context.output(started), [entity.key, None], "input and parent")


def function_entity_is_busy_at_the_restart(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("busy"))
    context.client.signal_entity(entity, "add", 1)
    context.until_state(entity, 1)
    for amount in (10, 100):
        context.client.signal_entity(entity, "add_over_checkpoint", amount)
    CHECKPOINT.until_held(entity.key)
    context.in_flight()
    context.until_state(entity, 111)


def class_entity_keeps_its_state(context: Context) -> None:
    entity = EntityInstanceId("Ledger", fresh_id("ledger"))
    for amount in (5, -2, 40):
        context.client.signal_entity(entity, "deposit", amount)
    context.client.signal_entity(entity, "look")
    context.until_state(entity, 43)
    equal(str(context.entity(entity).id), f"@ledger@{entity.key}")


def class_entity_keeps_any_shape(context: Context) -> None:
    entity = EntityInstanceId("Ledger", fresh_id("shape"))
    for state in (SHAPE, [], "", 0, False, "text"):
        context.client.signal_entity(entity, "replace", state)
        until(lambda: context.client.get_entity(entity)
              and context.entity(entity).get_typed_state() == state, f"the state is {state!r}")


def class_entity_is_busy_at_the_restart(context: Context) -> None:
    entity = EntityInstanceId("Ledger", fresh_id("busy"))
    context.client.signal_entity(entity, "deposit_over_checkpoint", 7)
    CHECKPOINT.until_held(entity.key)
    for _ in range(3):
        context.client.signal_entity(entity, "deposit", 1)
    context.in_flight()
    context.until_state(entity, 10)


def name_has_no_case_and_key_has(context: Context) -> None:
    key = fresh_id("Key")
    context.client.signal_entity(EntityInstanceId("LEDGER", key), "deposit", 1)
    context.until_state(EntityInstanceId("ledger", key), 1)
    other = EntityInstanceId("ledger", key.lower())
    assert context.client.get_entity(other) is None, "keys of different case are one"


def deleted_function_entity_does_not_exist(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("gone"))
    context.client.signal_entity(entity, "add", 3)
    context.until_state(entity, 3)
    context.client.signal_entity(entity, "delete")
    until(lambda: context.client.get_entity(entity) is None, "the entity is gone")


def deleted_class_entity_begins_anew(context: Context) -> None:
    entity = EntityInstanceId("Ledger", fresh_id("anew"))
    context.client.signal_entity(entity, "deposit", 3)
    context.until_state(entity, 3)
    context.client.signal_entity(entity, "delete")
    context.client.signal_entity(entity, "deposit", 4)
    context.until_state(entity, 4)


def delete_and_use_in_one_instance(context: Context) -> None:
    equal(context.output(context.start(delete_and_use_again, input=fresh_id("reused"))), [7, 1])


def entity_that_never_had_state_does_not_exist(context: Context) -> None:
    untouched = EntityInstanceId("Ledger", fresh_id("untouched"))
    assert context.client.get_entity(untouched) is None
    looked_at = EntityInstanceId("Ledger", fresh_id("looked-at"))
    context.client.signal_entity(looked_at, "look")
    context.client.signal_entity(looked_at, "deposit", 1)
    context.until_state(looked_at, 1)
    context.client.signal_entity(looked_at, "delete")
    context.client.signal_entity(looked_at, "look")
    until(lambda: context.client.get_entity(looked_at) is None, "the entity is gone")


def cleaning_storage_reports_nothing(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("cleaned"))
    context.client.signal_entity(entity, "add", 1)
    context.client.signal_entity(entity, "delete")
    until(lambda: context.client.get_entity(entity) is None, "the entity is gone")
    kept = EntityInstanceId("tally", fresh_id("kept"))
    context.client.signal_entity(kept, "add", 1)
    context.until_state(kept, 1)
    cleaned = context.client.clean_entity_storage()
    equal([cleaned.empty_entities_removed, cleaned.orphaned_locks_released], [0, 0])
    equal(context.entity_state(kept), 1, "an entity with state")


def deleted_entity_stays_deleted(context: Context) -> None:
    entity = EntityInstanceId("tally", fresh_id("dead"))
    instance = context.start(delete_and_use_again, input=entity.key)
    equal(context.output(instance), [7, 1])
    context.client.signal_entity(entity, "delete")
    until(lambda: context.client.get_entity(entity) is None, "the entity is gone")
    context.past_checkpoint()
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), [7, 1], "after the restart")
    assert context.client.get_entity(entity) is None, "the entity came back"
    context.client.signal_entity(entity, "get")
    again = context.start(delete_and_use_again, input=entity.key)
    equal(context.output(again), [7, 1], "it begins anew")
