"""Large payloads: inline as they are, and by the tokens of a payload store.

The client keeps large payloads in a `PayloadStore` and sends tokens in their place. Its own store
needs Azure Blob Storage; here the interface is implemented in memory, so that the server sees
what it would see of the original: tokens, which it must hand on as they are.
"""

import threading
import uuid

from durabletask import history, task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.payload import LargePayloadStorageOptions, PayloadStore

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Functions, Registry
from support import DEADLINE_SECONDS, equal, fresh_id

KIB = 1024
MIB = 1024 * KIB
THRESHOLD = 4 * KIB
TOKEN_PREFIX = "blob:v1:payloads:"


def register(registry: Registry) -> None:
    registry.orchestrator(echo_large, collect_large, fail_largely)
    registry.activity(echo_text)
    registry.first(
        "large payloads", values_of_a_quarter_mebibyte, input_and_result_of_a_mebibyte,
        event_of_a_mebibyte, termination_with_a_mebibyte, failure_of_a_mebibyte,
        stored_payloads_travel_as_tokens, stored_payloads_of_every_kind)
    registry.second(
        "large payloads", large_result_is_under_way_at_the_restart, tokens_outlive_the_restart)


class MemoryStore(PayloadStore):
    """Payloads by token, in the shape of the tokens that the client's own store makes."""

    def __init__(self) -> None:
        self._options = LargePayloadStorageOptions(threshold_bytes=THRESHOLD)
        self._lock = threading.Lock()
        self.payloads: dict[str, bytes] = {}

    @property
    def options(self) -> LargePayloadStorageOptions:
        return self._options

    def upload(self, data: bytes, *, instance_id: str | None = None) -> str:
        token = f"{TOKEN_PREFIX}{instance_id or 'none'}/{uuid.uuid4().hex}"
        with self._lock:
            self.payloads[token] = data
        return token

    async def upload_async(self, data: bytes, *, instance_id: str | None = None) -> str:
        return self.upload(data, instance_id=instance_id)

    def download(self, token: str) -> bytes:
        with self._lock:
            return self.payloads[token]

    async def download_async(self, token: str) -> bytes:
        return self.download(token)

    def is_known_token(self, value: str) -> bool:
        return value.startswith(TOKEN_PREFIX)


def text_of(size: int) -> str:
    """Text that takes this many bytes, not all of them the same and not all ASCII."""
    unit = "pä→\"\\\n😀 0123456789abcdef"
    width = len(unit.encode())
    return unit * (size // width) + "x" * (size % width)


def echo_text(_: task.ActivityContext, text: str) -> str:
    return text


def echo_large(ctx: task.OrchestrationContext, text: str):
    result = yield ctx.call_activity(echo_text, input=text)
    return result


def collect_large(ctx: task.OrchestrationContext, count: int):
    sizes = []
    for _ in range(count):
        value = yield ctx.wait_for_external_event("Large")
        sizes.append(len(value))
    return [value, sizes]


def fail_largely(ctx: task.OrchestrationContext, size: int):
    raise ValueError("x" * size)


def echo_late(ctx: task.OrchestrationContext, text: str):
    result = yield ctx.call_activity(give_after_checkpoint, input=text)
    return result


def keep(ctx: EntityContext, text: str):
    if ctx.operation == "set":
        ctx.set_state(text)
    return ctx.get_state(str)


def use_everything(ctx: task.OrchestrationContext, text: str):
    """Large values through an activity, a child, an event, an entity, and a new generation."""
    if ctx.instance_id.endswith("child"):
        return text
    ctx.set_custom_status(text)
    results = yield task.when_all([
        ctx.call_activity(echo_text, input=text),
        ctx.call_sub_orchestrator(
            use_everything, input=text, instance_id=f"{ctx.instance_id}-child"),
        ctx.wait_for_external_event("Large"),
        ctx.call_entity(EntityInstanceId("keep", ctx.instance_id), "set", text)])
    same = all(result == text for result in results)
    if not text.endswith("again"):
        ctx.continue_as_new(text + "again", save_events=True)
        return None
    return [same, text]


STORED = Functions()
STORED.orchestrator(echo_large, collect_large, use_everything, echo_late)
STORED.activity(echo_text, give_after_checkpoint)
STORED.entity(keep)


def values_of_a_quarter_mebibyte(context: Context) -> None:
    expect_echo(context, text_of(256 * KIB))


def input_and_result_of_a_mebibyte(context: Context) -> None:
    expect_echo(context, text_of(MIB * 3 // 4))  # quotes and non-ASCII grow in JSON
    expect_echo(context, "x" * MIB)


def expect_echo(context: Context, text: str) -> None:
    instance = context.start(echo_large, input=text)
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    assert state.get_output() == text, "the output differs from the input"
    assert state.get_input() == text, "the input was changed"
    events = context.client.get_orchestration_history(instance)
    kept = [e.input for e in events if isinstance(e, history.TaskScheduledEvent)]
    assert kept == [state.serialized_input], "the history differs from the input"


def event_of_a_mebibyte(context: Context) -> None:
    instance = context.start(collect_large, input=2)
    for letter in "ab":
        context.client.raise_orchestration_event(instance, "Large", data=letter * MIB)
    value, sizes = context.output(instance)
    equal(sizes, [MIB, MIB])
    assert value == "b" * MIB, "the event was changed"


def termination_with_a_mebibyte(context: Context) -> None:
    instance = context.start(collect_large, input=1)
    context.running(instance)
    text = "z" * MIB
    context.client.terminate_orchestration(instance, output=text)
    state = context.ended(instance, OrchestrationStatus.TERMINATED)
    assert state.get_output() == text, "the output was changed"


def failure_of_a_mebibyte(context: Context) -> None:
    details = context.failure(context.start(fail_largely, input=MIB))
    assert details.message == "x" * MIB, "the message was changed"


def large_result_is_under_way_at_the_restart(context: Context) -> None:
    with context.hub("large") as hub, hub.worker(STORED):
        text = "y" * MIB
        instance = hub.start(echo_late, input=text)
        CHECKPOINT.until_held(instance)
        hub.in_flight()
        assert hub.output(instance) == text, "the output differs from the input"


def stored_payloads_travel_as_tokens(context: Context) -> None:
    store = MemoryStore()
    text = text_of(MIB)
    with (context.hub("tokens-of-payloads") as hub, hub.worker(STORED, payload_store=store),
          hub.new_client(payload_store=store) as client):
        instance = client.schedule_new_orchestration(echo_large, input=text)
        state = client.wait_for_orchestration_completion(instance, timeout=DEADLINE_SECONDS)
        assert state.get_input() == text and state.get_output() == text, "a payload was changed"
        raw = hub.state(instance)
        for token in (raw.serialized_input, raw.serialized_output):
            assert token in store.payloads, f"the server does not have a token: {token[:80]}"
        events = hub.client.get_orchestration_history(instance)
        kept = [e.input for e in events if isinstance(e, history.TaskScheduledEvent)]
        kept += [e.result for e in events if isinstance(e, history.TaskCompletedEvent)]
        assert set(kept) <= set(store.payloads), f"no tokens in the history: {kept}"
        resolved = client.get_orchestration_history(instance)
        inputs = [e.input for e in resolved if isinstance(e, history.TaskScheduledEvent)]
        equal([len(i) for i in inputs], [len(state.serialized_input)], "sizes in the history")


def stored_payloads_of_every_kind(context: Context) -> None:
    store = MemoryStore()
    text = text_of(8 * KIB)
    with (context.hub("kinds-of-payloads") as hub, hub.worker(STORED, payload_store=store),
          hub.new_client(payload_store=store) as client):
        instance = client.schedule_new_orchestration(
            use_everything, input=text, instance_id=fresh_id("kinds"))
        for value in (text, text + "again"):
            client.raise_orchestration_event(instance, "Large", data=value)
        state = client.wait_for_orchestration_completion(instance, timeout=DEADLINE_SECONDS)
        equal(state.runtime_status, OrchestrationStatus.COMPLETED)
        assert state.get_output() == [True, text + "again"], "a payload was changed"
        equal(state.get_custom_status(), text + "again")
        entity = EntityInstanceId("keep", instance)
        equal(client.get_entity(entity).get_typed_state(), text + "again")
        token = hub.entity(entity).get_state()
        assert token in store.payloads, f"the state is no token: {token[:80]}"
        waiting = client.schedule_new_orchestration(collect_large, input=1)
        client.wait_for_orchestration_start(waiting, timeout=DEADLINE_SECONDS)
        client.terminate_orchestration(waiting, output=text)
        ended = client.wait_for_orchestration_completion(waiting, timeout=DEADLINE_SECONDS)
        equal([ended.runtime_status, ended.get_output()], [OrchestrationStatus.TERMINATED, text])


def tokens_outlive_the_restart(context: Context) -> None:
    store = MemoryStore()
    text = text_of(64 * KIB)
    with (context.hub("late-payloads") as hub, hub.worker(STORED, payload_store=store),
          hub.new_client(payload_store=store) as client):
        instance = client.schedule_new_orchestration(
            echo_late, input=text, instance_id=fresh_id("late"))
        CHECKPOINT.until_held(instance)
        hub.in_flight()
        state = client.wait_for_orchestration_completion(instance, timeout=DEADLINE_SECONDS)
        assert state.get_output() == text, "the output differs from the input"
