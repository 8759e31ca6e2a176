"""Several workers on one task hub: they share the work, and one goes on where another left."""

import time
from collections import Counter

from durabletask import task

from checkpoint import CHECKPOINT
from context import Context
from registry import Functions, Registry
from support import equal, until

ACTIVITIES = 60
INSTANCES = 20
AT_ONCE = 4


def register(registry: Registry) -> None:
    registry.first(
        "two workers that split the work", two_workers_split_activities,
        two_workers_split_instances, another_worker_goes_on)
    registry.second("two workers that split the work", two_workers_go_on_after_the_restart)


def wait_here(ctx: task.OrchestrationContext, value):
    yield ctx.wait_for_external_event("Go")
    return value


def functions_of(worker: str) -> Functions:
    """What both workers have by the same names, telling which of them ran it."""
    def take_a_moment(_: task.ActivityContext, number: int):
        time.sleep(0.01)  # work that leaves time for the other worker
        return [number, worker]

    def take_till_checkpoint(ctx: task.ActivityContext, number: int):
        CHECKPOINT.hold(ctx.orchestration_id, worker)
        return [number, worker]

    def split(ctx: task.OrchestrationContext, count: int):
        results = yield task.when_all(
            [ctx.call_activity(take_a_moment, input=n) for n in range(count)])
        return results

    def split_over_checkpoint(ctx: task.OrchestrationContext, count: int):
        results = yield task.when_all(
            [ctx.call_activity(take_till_checkpoint, input=n) for n in range(count)])
        return results

    def tell_worker(_: task.OrchestrationContext, __):
        return worker

    functions = Functions()
    functions.orchestrator(split, split_over_checkpoint, tell_worker, wait_here)
    functions.activity(take_a_moment, take_till_checkpoint)
    return functions


def until_both_answer(hub: Context) -> None:
    """Both are connected once each of them has run something."""
    answered: set[str] = set()

    def ask() -> bool:
        answered.add(hub.output(hub.start("tell_worker")))
        return len(answered) == 2

    until(ask, "both workers answer")


def two_workers_split_activities(context: Context) -> None:
    with (context.hub("split") as hub,
          hub.worker(functions_of("left"), activities=AT_ONCE, threads=AT_ONCE),
          hub.worker(functions_of("right"), activities=AT_ONCE, threads=AT_ONCE)):
        until_both_answer(hub)
        results = hub.output(hub.start("split", input=ACTIVITIES))
        equal([number for number, _ in results], list(range(ACTIVITIES)), "results in order")
        shares = Counter(worker for _, worker in results)
        assert min(shares["left"], shares["right"]) >= AT_ONCE, f"one did nearly all: {shares}"


def two_workers_split_instances(context: Context) -> None:
    with (context.hub("split-instances") as hub,
          hub.worker(functions_of("left")), hub.worker(functions_of("right"))):
        until_both_answer(hub)
        started = [hub.start("tell_worker") for _ in range(INSTANCES)]
        shares = Counter(hub.output(instance) for instance in started)
        equal(shares.total(), INSTANCES)
        assert min(shares["left"], shares["right"]) >= 1, f"one did all: {shares}"


def another_worker_goes_on(context: Context) -> None:
    with context.hub("handover") as hub:
        with hub.worker(functions_of("first")):
            instance = hub.start(wait_here, input="kept")
            hub.running(instance)
        hub.client.raise_orchestration_event(instance, "Go")
        with hub.worker(functions_of("second")):
            equal(hub.output(instance), "kept")


def two_workers_go_on_after_the_restart(context: Context) -> None:
    with (context.hub("split-late") as hub,
          hub.worker(functions_of("left"), activities=AT_ONCE, threads=2 * AT_ONCE),
          hub.worker(functions_of("right"), activities=AT_ONCE, threads=2 * AT_ONCE)):
        instance = hub.start("split_over_checkpoint", input=4 * AT_ONCE)
        CHECKPOINT.until_held(instance, 2)
        hub.in_flight()
        results = hub.output(instance)
        equal([number for number, _ in results], list(range(4 * AT_ONCE)), "results in order")
