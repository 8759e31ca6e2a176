"""Rewind: a failed instance goes on once its cause is repaired, and keeps what had succeeded."""

import grpc
from durabletask import history, task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import Attempts, equal, fresh_id, refused

ATTEMPTS = Attempts()


def register(registry: Registry) -> None:
    registry.orchestrator(
        work_then_break, break_in_two_places, break_itself, work_then_break_over_checkpoint,
        wait_for_end)
    registry.activity(work, break_once)
    registry.first(
        "rewind after repair",
        rewind_runs_only_what_failed,
        rewind_of_an_orchestrator_that_failed_itself,
        rewind_without_a_reason,
        rewind_twice,
        rewind_of_other_states_is_refused)
    registry.second("rewind after repair", rewound_instance_goes_on_after_the_restart)


def work(ctx: task.ActivityContext, name: str) -> str:
    ATTEMPTS.next(f"{ctx.orchestration_id}/{name}")
    return f"{name} done"


def break_once(ctx: task.ActivityContext, name: str) -> str:
    """Fails until it is repaired, which it is by its second attempt."""
    if ATTEMPTS.next(f"{ctx.orchestration_id}/{name}") == 1:
        raise RuntimeError(f"{name} is broken")
    return f"{name} repaired"


def work_then_break(ctx: task.OrchestrationContext, name: str):
    first = yield ctx.call_activity(work, input="before")
    broken = yield ctx.call_activity(break_once, input=name)
    last = yield ctx.call_activity(work, input="after")
    return [first, broken, last]


def work_then_break_over_checkpoint(ctx: task.OrchestrationContext, name: str):
    broken = yield ctx.call_activity(break_once, input=name)
    last = yield ctx.call_activity(give_after_checkpoint, input="late")
    return [broken, last]


def break_in_two_places(ctx: task.OrchestrationContext, _):
    first = yield ctx.call_activity(break_once, input="first")
    between = yield ctx.call_activity(work, input="between")
    second = yield ctx.call_activity(break_once, input="second")
    return [first, between, second]


def break_itself(ctx: task.OrchestrationContext, _):
    result = yield ctx.call_activity(work, input="before")
    if ATTEMPTS.next(f"{ctx.instance_id}/itself") == 1:
        raise ValueError("the code was wrong")
    return result


def wait_for_end(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("End")


def reasons_of(context: Context, instance: str) -> list[str | None]:
    events = context.client.get_orchestration_history(instance)
    return [e.reason for e in events if isinstance(e, history.ExecutionRewoundEvent)]


def ran(instance: str, *names: str) -> list[int]:
    return [ATTEMPTS.of(f"{instance}/{name}") for name in names]


def rewind_runs_only_what_failed(context: Context) -> None:
    instance = context.start(work_then_break, input="step", tags={"kept": "yes"})
    assert "step is broken" in context.failure(instance).message
    before = context.state(instance)
    context.client.rewind_orchestration(instance, reason="repaired")
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_output(), ["before done", "step repaired", "after done"])
    equal([state.failure_details, state.created_at], [None, before.created_at])
    equal(ran(instance, "before", "step", "after"), [1, 2, 1], "runs of the activities")
    equal(reasons_of(context, instance), ["repaired"], "reasons in the history")
    events = context.client.get_orchestration_history(instance)
    assert not any(isinstance(e, history.TaskFailedEvent) for e in events), "a failure is left"
    equal([e.tags for e in events if isinstance(e, history.ExecutionStartedEvent)],
          [{"kept": "yes"}], "tags")


def rewind_of_an_orchestrator_that_failed_itself(context: Context) -> None:
    instance = context.start(break_itself)
    equal(context.failure(instance).message, "the code was wrong")
    context.client.rewind_orchestration(instance, reason="new code")
    equal(context.output(instance), "before done")
    equal(ran(instance, "before"), [1], "runs of the activity")


def rewind_without_a_reason(context: Context) -> None:
    instance = context.start(work_then_break, input="step")
    context.failure(instance)
    context.client.rewind_orchestration(instance)
    context.output(instance)
    equal([reason or None for reason in reasons_of(context, instance)], [None])


def rewind_twice(context: Context) -> None:
    instance = context.start(break_in_two_places)
    assert "first is broken" in context.failure(instance).message
    context.client.rewind_orchestration(instance, reason="one")
    assert "second is broken" in context.failure(instance).message
    context.client.rewind_orchestration(instance, reason="two")
    equal(context.output(instance), ["first repaired", "between done", "second repaired"])
    equal(ran(instance, "first", "between", "second"), [2, 1, 2], "runs of the activities")
    equal(reasons_of(context, instance), ["one", "two"], "reasons in the history")


def rewind_of_other_states_is_refused(context: Context) -> None:
    rewind = context.client.rewind_orchestration
    refused(lambda: rewind(fresh_id("missing")), grpc.StatusCode.NOT_FOUND)
    instance = context.start(wait_for_end)
    context.running(instance)
    refused(lambda: rewind(instance), grpc.StatusCode.FAILED_PRECONDITION)
    context.client.raise_orchestration_event(instance, "End")
    context.output(instance)
    refused(lambda: rewind(instance), grpc.StatusCode.FAILED_PRECONDITION)
    terminated = context.start(wait_for_end)
    context.running(terminated)
    context.client.terminate_orchestration(terminated)
    context.ended(terminated, OrchestrationStatus.TERMINATED)
    refused(lambda: rewind(terminated), grpc.StatusCode.FAILED_PRECONDITION)


def rewound_instance_goes_on_after_the_restart(context: Context) -> None:
    instance = context.start(work_then_break_over_checkpoint, input="step")
    context.failure(instance)
    context.client.rewind_orchestration(instance, reason="repaired")
    CHECKPOINT.until_held(instance)
    context.in_flight()
    equal(context.output(instance), ["step repaired", "late"])
    equal(reasons_of(context, instance), ["repaired"], "reasons in the history")
