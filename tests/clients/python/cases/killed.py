"""A worker process that is killed while it holds work: another worker takes all of it over."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from durabletask import history, task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId

from context import Context
from registry import Functions, Registry
from support import DEADLINE_SECONDS, equal

PROGRAM = Path(__file__).resolve().parent.parent / "doomed.py"
ACTIVITIES = 5
AMOUNTS = [1, 2, 3, 4, 5]
HELD_AMOUNT = 3


def register(registry: Registry) -> None:
    registry.first(
        "a worker killed in the middle", killed_worker_gives_back_activities,
        killed_worker_gives_back_a_turn, killed_worker_gives_back_an_entity)
    registry.second("a worker killed in the middle", worker_and_server_die_together)


def functions_with(hold: Callable[[str], None]) -> Functions:
    """What the killed worker and its successor have in common; only the killed one holds."""
    def square(_: task.ActivityContext, number: int) -> int:
        hold("activity")
        return number * number

    def square_all(ctx: task.OrchestrationContext, count: int):
        results = yield task.when_all([ctx.call_activity(square, input=n) for n in range(count)])
        return results

    def take_two_turns(ctx: task.OrchestrationContext, value: str):
        event = yield ctx.wait_for_external_event("Go")
        hold("turn")
        return [value, event]

    def tally(ctx: EntityContext, amount: int) -> int:
        if amount == HELD_AMOUNT:
            hold("entity")
        total = ctx.get_state(int, 0) + amount
        ctx.set_state(total)
        return total

    def add_all(ctx: task.OrchestrationContext, key: str):
        entity = EntityInstanceId("tally", key)
        totals = yield task.when_all([ctx.call_entity(entity, "add", n) for n in AMOUNTS])
        return totals

    functions = Functions()
    functions.orchestrator(square_all, take_two_turns, add_all)
    functions.activity(square)
    functions.entity(tally)
    return functions


def successor() -> Functions:
    return functions_with(lambda _: None)


class Doomed:
    """The process of the worker that is going to be killed; it says what it holds."""

    def __init__(self, hub: Context) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(PROGRAM), hub.endpoint, hub.taskhub],
            stdout=subprocess.PIPE, text=True)
        self._said: Queue[str] = Queue()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._said.put(line.strip())

    def until_holding(self, what: str, count: int = 1) -> None:
        try:
            said = [self._said.get(timeout=DEADLINE_SECONDS) for _ in range(count)]
        except Empty:
            raise AssertionError(f"the doomed worker never held {count} of {what}") from None
        equal(said, [what] * count, "what the doomed worker holds")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def doomed_worker(hub: Context) -> Iterator[Doomed]:
    doomed = Doomed(hub)
    try:
        yield doomed
    finally:
        doomed.kill()


def killed_worker_gives_back_activities(context: Context) -> None:
    with context.hub("killed-activity") as hub, doomed_worker(hub) as doomed:
        instance = hub.start("square_all", input=ACTIVITIES)
        doomed.until_holding("activity", ACTIVITIES)
        doomed.kill()
        with hub.worker(successor()):
            equal(hub.output(instance), [n * n for n in range(ACTIVITIES)])
        events = hub.client.get_orchestration_history(instance)
        scheduled = [e for e in events if isinstance(e, history.TaskScheduledEvent)]
        equal(len(scheduled), ACTIVITIES, "activities in the history")


def killed_worker_gives_back_a_turn(context: Context) -> None:
    with context.hub("killed-turn") as hub, doomed_worker(hub) as doomed:
        instance = hub.start("take_two_turns", input="mine")
        hub.running(instance)
        hub.client.raise_orchestration_event(instance, "Go", data="yours")
        doomed.until_holding("turn")
        equal(hub.status(instance), OrchestrationStatus.RUNNING)
        doomed.kill()
        with hub.worker(successor()):
            equal(hub.output(instance), ["mine", "yours"])


def killed_worker_gives_back_an_entity(context: Context) -> None:
    with context.hub("killed-entity") as hub, doomed_worker(hub) as doomed:
        instance = hub.start("add_all", input="one")
        doomed.until_holding("entity")
        doomed.kill()
        with hub.worker(successor()):
            equal(hub.output(instance), [1, 3, 6, 10, 15], "each amount once and in order")
            equal(hub.entity_state(EntityInstanceId("tally", "one")), 15)


def worker_and_server_die_together(context: Context) -> None:
    with context.hub("killed-both") as hub, doomed_worker(hub) as doomed:
        activities = hub.start("square_all", input=ACTIVITIES)
        doomed.until_holding("activity", ACTIVITIES)
        calls = hub.start("add_all", input="both")
        doomed.until_holding("entity")
        hub.past_checkpoint()
        doomed.kill()
        with hub.worker(successor()):
            equal(hub.output(activities), [n * n for n in range(ACTIVITIES)])
            equal(hub.output(calls), [1, 3, 6, 10, 15], "each amount once and in order")
