"""Locks over two entities: one holder at a time, no lost update, nobody else meanwhile."""

from datetime import timedelta

from durabletask import task
from durabletask.entities import EntityContext, EntityInstanceId

from checkpoint import is_past_checkpoint
from context import Context
from registry import Registry
from support import equal, fresh_id, never, until

CONTENDERS = 6
WAIT_SECONDS = 0.5


def register(registry: Registry) -> None:
    registry.orchestrator(
        add_under_lock, add_under_lock_slowly, hold_until_told, call_from_outside,
        break_the_rules, lock_twice)
    registry.entity(account)
    registry.first(
        "locks over two entities", contenders_lose_no_update, holder_is_shown_and_others_wait,
        signals_and_calls_wait_for_the_unlock, client_keeps_the_rules_of_a_section,
        sections_of_one_instance_follow_each_other)
    registry.second(
        "locks over two entities", lock_is_kept_through_the_restart,
        contenders_go_on_after_the_restart)


def account(ctx: EntityContext, amount: int):
    if ctx.operation == "set":
        ctx.set_state(amount)
        return None
    if ctx.operation == "add":
        ctx.set_state(ctx.get_state(int, 0) + amount)
    return ctx.get_state(int, 0)


def accounts(keys: list[str]) -> list[EntityInstanceId]:
    return [EntityInstanceId("account", key) for key in keys]


def increment_both(ctx: task.OrchestrationContext, keys: list[str], pause: timedelta):
    """Reads, lets a turn pass, and writes what it read plus one."""
    first, second = accounts(keys)
    with (yield ctx.lock_entities([first, second])):
        old_first = yield ctx.call_entity(first, "get")
        old_second = yield ctx.call_entity(second, "get")
        yield ctx.create_timer(pause)
        yield ctx.call_entity(first, "set", old_first + 1)
        yield ctx.call_entity(second, "set", old_second + 1)


def add_under_lock(ctx: task.OrchestrationContext, keys: list[str]):
    yield from increment_both(ctx, keys, timedelta(milliseconds=200))
    return "added"


def add_under_lock_slowly(ctx: task.OrchestrationContext, keys: list[str]):
    """Again and again, so that the server's restart finds it at some point of a section."""
    rounds = 0
    while not (yield ctx.call_activity(is_past_checkpoint)) or rounds < 2:
        yield from increment_both(ctx, keys, timedelta(milliseconds=200))
        rounds += 1
    yield from increment_both(ctx, keys, timedelta(milliseconds=200))
    return rounds + 1


def hold_until_told(ctx: task.OrchestrationContext, keys: list[str]):
    ctx.set_custom_status("waiting")
    with (yield ctx.lock_entities(accounts(keys))):
        ctx.set_custom_status("holding")
        yield ctx.wait_for_external_event("Release")
        for entity in accounts(keys):
            yield ctx.call_entity(entity, "set", 100)
    return "released"


def call_from_outside(ctx: task.OrchestrationContext, key: str):
    result = yield ctx.call_entity(EntityInstanceId("account", key), "add", 1)
    return result


def break_the_rules(ctx: task.OrchestrationContext, keys: list[str]):
    """What the client itself refuses inside of a section."""
    first, _ = accounts(keys)
    refused = []
    with (yield ctx.lock_entities(accounts(keys))):
        for break_rule in (
                lambda: ctx.signal_entity(first, "set", 1),
                lambda: ctx.call_entity(EntityInstanceId("account", "other"), "get"),
                lambda: ctx.lock_entities(accounts(keys))):
            try:
                break_rule()
            except RuntimeError:
                refused.append(True)
        value = yield ctx.call_entity(first, "get")
    return [refused, value]


def lock_twice(ctx: task.OrchestrationContext, keys: list[str]):
    for _ in range(2):
        yield from increment_both(ctx, keys, timedelta(0))
    first, _ = accounts(keys)
    value = yield ctx.call_entity(first, "get")
    return value


def new_accounts(context: Context) -> list[str]:
    keys = [fresh_id("left"), fresh_id("right")]
    for entity in accounts(keys):
        context.client.signal_entity(entity, "set", 0)
        context.until_state(entity, 0)
    return keys


def expect_free(context: Context, keys: list[str]) -> None:
    equal([context.locked_by(entity) for entity in accounts(keys)], ["", ""], "holders")


def holding(context: Context, keys: list[str]) -> str:
    """Starts an instance and waits until it holds both locks."""
    instance = context.start(hold_until_told, input=keys)
    until(lambda: context.state(instance).get_custom_status() == "holding", "it holds the locks")
    equal([context.locked_by(e) for e in accounts(keys)], [instance] * 2, "holders")
    return instance


def contenders_lose_no_update(context: Context) -> None:
    keys = new_accounts(context)
    instances = [context.start(add_under_lock, input=keys if n % 2 else keys[::-1])
                 for n in range(CONTENDERS)]
    holder = until(lambda: context.locked_by(accounts(keys)[0]), "somebody holds a lock")
    assert holder in instances, f"{holder} holds the lock and is none of {instances}"
    for instance in instances:
        equal(context.output(instance), "added")
    expect_free(context, keys)
    equal([context.entity_state(e) for e in accounts(keys)], [CONTENDERS] * 2, "no update is lost")


def holder_is_shown_and_others_wait(context: Context) -> None:
    keys = new_accounts(context)
    first = holding(context, keys)
    second = context.start(hold_until_told, input=keys[::-1])
    context.running(second)
    never(lambda: context.state(second).get_custom_status() != "waiting", WAIT_SECONDS,
          "two instances hold the lock")
    context.client.raise_orchestration_event(first, "Release")
    equal(context.output(first), "released")
    until(lambda: context.state(second).get_custom_status() == "holding", "the second holds it")
    equal([context.locked_by(e) for e in accounts(keys)], [second] * 2, "holders")
    context.client.raise_orchestration_event(second, "Release")
    equal(context.output(second), "released")
    expect_free(context, keys)


def signals_and_calls_wait_for_the_unlock(context: Context) -> None:
    keys = new_accounts(context)
    holder = holding(context, keys)
    first, second = accounts(keys)
    context.client.signal_entity(first, "add", 1)
    caller = context.start(call_from_outside, input=second.key)
    context.running(caller)
    never(lambda: [context.entity_state(e) for e in (first, second)] != [0, 0], WAIT_SECONDS,
          "a locked entity was changed from outside")
    context.client.raise_orchestration_event(holder, "Release")
    equal(context.output(caller), 101, "after what the holder wrote")
    context.until_state(first, 101)


def client_keeps_the_rules_of_a_section(context: Context) -> None:
    keys = new_accounts(context)
    equal(context.output(context.start(break_the_rules, input=keys)), [[True] * 3, 0])
    expect_free(context, keys)


def sections_of_one_instance_follow_each_other(context: Context) -> None:
    keys = new_accounts(context)
    equal(context.output(context.start(lock_twice, input=keys)), 2)
    expect_free(context, keys)


def lock_is_kept_through_the_restart(context: Context) -> None:
    keys = new_accounts(context)
    first = holding(context, keys)
    second = context.start(hold_until_told, input=keys[::-1])
    context.running(second)
    context.client.signal_entity(accounts(keys)[0], "add", 1)
    context.past_checkpoint()
    never(lambda: context.state(second).get_custom_status() != "waiting", WAIT_SECONDS,
          "two instances hold the lock")
    equal([context.locked_by(e) for e in accounts(keys)], [first] * 2, "holders")
    for instance in (first, second):
        context.client.raise_orchestration_event(instance, "Release")
        equal(context.output(instance), "released")
    context.until_state(accounts(keys)[0], 101)
    expect_free(context, keys)


def contenders_go_on_after_the_restart(context: Context) -> None:
    keys = new_accounts(context)
    instances = [context.start(add_under_lock_slowly, input=keys if n % 2 else keys[::-1])
                 for n in range(3)]
    until(lambda: context.entity_state(accounts(keys)[0]), "there was one update")
    context.in_flight()
    rounds = sum(context.output(instance) for instance in instances)
    equal([context.entity_state(e) for e in accounts(keys)], [rounds] * 2, "no update is lost")
    expect_free(context, keys)
