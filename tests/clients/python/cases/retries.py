"""Retry policies, which the client runs with durable timers and repeated ids."""

import time
from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Attempts, Context, Registry, equal, fresh_id

ATTEMPTS = Attempts()
POLICY = task.RetryPolicy(
    first_retry_interval=timedelta(milliseconds=200), max_number_of_attempts=3,
    backoff_coefficient=2)


def register(registry: Registry) -> None:
    registry.orchestrator(retry_activity, retry_child, flaky_child)
    registry.activity(fail_until)
    registry.case(activity_is_retried_until_it_succeeds)
    registry.case(activity_fails_when_its_attempts_are_used_up)
    registry.case(child_is_retried_under_the_same_id)


def fail_until(ctx: task.ActivityContext, good_attempt: int) -> int:
    attempt = ATTEMPTS.next(ctx.orchestration_id)
    if attempt < good_attempt:
        raise RuntimeError(f"attempt {attempt} fails")
    return attempt


def retry_activity(ctx: task.OrchestrationContext, good_attempt: int):
    result = yield ctx.call_activity(fail_until, input=good_attempt, retry_policy=POLICY)
    return result


def flaky_child(ctx: task.OrchestrationContext, good_attempt: int):
    result = yield ctx.call_activity(fail_until, input=good_attempt)
    return result


def retry_child(ctx: task.OrchestrationContext, child: str):
    result = yield ctx.call_sub_orchestrator(
        flaky_child, input=3, instance_id=child, retry_policy=POLICY)
    return result


def activity_is_retried_until_it_succeeds(context: Context) -> None:
    began = time.monotonic()
    instance = context.start(retry_activity, input=3)
    equal(context.output(instance), 3, "the attempt that succeeded")
    waited = time.monotonic() - began
    assert waited >= 0.6, f"two retries after 0.2 s and 0.4 s took only {waited:.3f} s"


def activity_fails_when_its_attempts_are_used_up(context: Context) -> None:
    instance = context.start(retry_activity, input=99)
    state = context.ended(instance, OrchestrationStatus.FAILED)
    assert "attempt 3 fails" in state.failure_details.message, state.failure_details
    equal(ATTEMPTS.of(instance), 3, "attempts")


def child_is_retried_under_the_same_id(context: Context) -> None:
    child = fresh_id("flaky")
    equal(context.output(context.start(retry_child, input=child)), 3)
    equal(ATTEMPTS.of(child), 3, "executions of the child")
    context.ended(child, OrchestrationStatus.COMPLETED)
