"""The moment in the middle of a run at which the server may be killed and restarted."""

import threading
import time

from durabletask import task

from support import DEADLINE_SECONDS

# How long held work goes on after the checkpoint: longer than it takes to kill the server.
OVERLAP_SECONDS = 1.5


class Checkpoint:
    """Knows which cases are in flight, keeps work busy until the moment, and lets it go."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_flight: set[str] = set()
        self._held: set[tuple[str, object]] = set()
        self._passed_at: float | None = None

    def arrive(self, case: str) -> None:
        with self._changed:
            self._in_flight.add(case)
            self._changed.notify_all()

    def missing(self, cases: set[str]) -> set[str]:
        """Waits for these cases to be in flight; those that are not by the deadline."""
        with self._changed:
            self._changed.wait_for(lambda: cases <= self._in_flight, DEADLINE_SECONDS)
            return cases - self._in_flight

    def open(self) -> None:
        with self._changed:
            self._passed_at = time.monotonic()
            self._changed.notify_all()

    @property
    def passed(self) -> bool:
        return self._passed_at is not None

    def until_passed(self) -> float:
        with self._changed:
            self._changed.wait_for(lambda: self.passed, 2 * DEADLINE_SECONDS)
            if self._passed_at is None:
                raise AssertionError("the checkpoint never came")
            return self._passed_at

    def hold(self, owner: str, part: object = None) -> None:
        """The work of an activity, a turn or an entity that the checkpoint finds busy."""
        with self._changed:
            self._held.add((owner, part))
            self._changed.notify_all()
        left = self.until_passed() + OVERLAP_SECONDS - time.monotonic()
        if left > 0:
            time.sleep(left)

    def until_held(self, owner: str, count: int = 1) -> None:
        """Waits until this many parts of the owner's work are busy."""
        def busy() -> bool:
            return sum(held == owner for held, _ in self._held) >= count

        with self._changed:
            if not self._changed.wait_for(busy, DEADLINE_SECONDS):
                raise AssertionError(f"nothing is busy for {owner}")


CHECKPOINT = Checkpoint()


def give_after_checkpoint(ctx: task.ActivityContext, value):
    """An activity that is under way at the checkpoint."""
    CHECKPOINT.hold(ctx.orchestration_id, ctx.task_id)
    return value


def is_past_checkpoint(_: task.ActivityContext, __) -> bool:
    return CHECKPOINT.passed
