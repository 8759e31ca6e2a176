"""Retry policies, which the client runs with durable timers and repeated ids."""

import time
from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT
from context import Context
from registry import Registry
from support import Attempts, equal, fresh_id, until

ATTEMPTS = Attempts()
POLICY = task.RetryPolicy(
    first_retry_interval=timedelta(milliseconds=200), max_number_of_attempts=3,
    backoff_coefficient=2)
CAPPED = task.RetryPolicy(
    first_retry_interval=timedelta(milliseconds=100), max_number_of_attempts=5,
    backoff_coefficient=10, max_retry_interval=timedelta(milliseconds=200))
TIMED = task.RetryPolicy(
    first_retry_interval=timedelta(milliseconds=500), max_number_of_attempts=50,
    retry_timeout=timedelta(seconds=3))
PERSISTENT = task.RetryPolicy(
    first_retry_interval=timedelta(milliseconds=500), max_number_of_attempts=60)


def register(registry: Registry) -> None:
    registry.orchestrator(
        retry_activity, retry_child, flaky_child, retry_capped, retry_timed, retry_persistently)
    registry.activity(fail_until, fail_until_checkpoint)
    registry.first(
        "retry policies",
        activity_is_retried_until_it_succeeds,
        activity_fails_when_its_attempts_are_used_up,
        child_is_retried_under_the_same_id,
        interval_of_retries_has_a_ceiling,
        retries_end_at_their_timeout)
    registry.second("retry policies", retries_go_on_after_the_restart)


def fail_until(ctx: task.ActivityContext, good_attempt: int) -> int:
    attempt = ATTEMPTS.next(ctx.orchestration_id)
    if attempt < good_attempt:
        raise RuntimeError(f"attempt {attempt} fails")
    return attempt


def fail_until_checkpoint(ctx: task.ActivityContext, _) -> str:
    ATTEMPTS.next(ctx.orchestration_id)
    if not CHECKPOINT.passed:
        raise RuntimeError("too early")
    CHECKPOINT.hold(ctx.orchestration_id)
    return "late"


def retry_activity(ctx: task.OrchestrationContext, good_attempt: int):
    result = yield ctx.call_activity(fail_until, input=good_attempt, retry_policy=POLICY)
    return result


def retry_capped(ctx: task.OrchestrationContext, good_attempt: int):
    result = yield ctx.call_activity(fail_until, input=good_attempt, retry_policy=CAPPED)
    return result


def retry_timed(ctx: task.OrchestrationContext, good_attempt: int):
    result = yield ctx.call_activity(fail_until, input=good_attempt, retry_policy=TIMED)
    return result


def retry_persistently(ctx: task.OrchestrationContext, _):
    result = yield ctx.call_activity(fail_until_checkpoint, retry_policy=PERSISTENT)
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
    details = context.failure(instance)
    assert "attempt 3 fails" in details.message, details
    equal(ATTEMPTS.of(instance), 3, "attempts")


def child_is_retried_under_the_same_id(context: Context) -> None:
    child = fresh_id("flaky")
    equal(context.output(context.start(retry_child, input=child)), 3)
    equal(ATTEMPTS.of(child), 3, "executions of the child")
    context.ended(child, OrchestrationStatus.COMPLETED)


def interval_of_retries_has_a_ceiling(context: Context) -> None:
    began = time.monotonic()
    equal(context.output(context.start(retry_capped, input=4)), 4, "the attempt that succeeded")
    waited = time.monotonic() - began
    assert 0.5 <= waited < 10, f"retries after 0.1, 0.2 and 0.2 s took {waited:.3f} s"


def retries_end_at_their_timeout(context: Context) -> None:
    instance = context.start(retry_timed, input=99)
    details = context.failure(instance)
    attempts = ATTEMPTS.of(instance)
    assert 2 <= attempts <= 7, f"{attempts} attempts, 0.5 s apart, within 3 s"
    assert "fails" in details.message, details  # of any attempt: a replay looks at the clock anew


def retries_go_on_after_the_restart(context: Context) -> None:
    instance = context.start(retry_persistently)
    until(lambda: ATTEMPTS.of(instance) > 1, "it was retried once")
    context.in_flight()
    equal(context.output(instance), "late")
