"""The cases of a run and the functions that their workers know."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

# What the programs for all languages report on, by the same words.
BEHAVIOURS = (
    "fan-out of 1,000",
    "heterogeneous results",
    "failures with inner errors and stack traces",
    "retry policies",
    "when_any with cancelled timers",
    "events before start",
    "ten events of the same name",
    "event names in different case",
    "continue-as-new with carry-over",
    "sub-orchestrations by explicit id",
    "failing sub-orchestrations",
    "recursive terminate",
    "non-recursive terminate",
    "suspend with events and timers meanwhile",
    "scheduled start",
    "reuse policies",
    "versioned workers with filters",
    "work that no worker accepts stays pending",
    "two workers that split the work",
    "a worker killed in the middle",
    "entities by function",
    "entities by class",
    "entity calls",
    "entity signals",
    "delayed entity signals",
    "entity failures",
    "entity deletion",
    "entity query and paging",
    "locks over two entities",
    "locks freed when the holder ends",
    "schedules",
    "query and list with paging",
    "history in full and in order",
    "rewind after repair",
    "rewind of nested and several failures",
    "restart",
    "purge by id",
    "purge by filter",
    "purge of a batch",
    "tags, custom status and parent links",
    "large payloads",
    "history export",
    "durable timers",
)


class Half(Enum):
    """Before the checkpoint or across it."""

    FIRST = 1
    SECOND = 2


@dataclass
class Case:
    """One named check of one behaviour; `lacking` says why this client has no such feature."""

    name: str
    behaviour: str
    half: Half
    run: Callable[[Any], None] | None
    lacking: str = ""


class Functions:
    """What a worker can run."""

    def __init__(self) -> None:
        self.orchestrators: list[Callable[..., Any]] = []
        self.activities: list[Callable[..., Any]] = []
        self.entities: list[Callable[..., Any]] = []

    def orchestrator(self, *functions: Callable[..., Any]) -> None:
        self.orchestrators += functions

    def activity(self, *functions: Callable[..., Any]) -> None:
        self.activities += functions

    def entity(self, *functions: Callable[..., Any]) -> None:
        self.entities += functions


class Registry(Functions):
    """The cases, and the functions of the worker that all of them share."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: list[Case] = []

    def first(self, behaviour: str, *runs: Callable[[Any], None]) -> None:
        """Cases that count how often something ran or that measure time: the server lives
        through them."""
        self._add(behaviour, Half.FIRST, runs)

    def second(self, behaviour: str, *runs: Callable[[Any], None]) -> None:
        """Cases that are in full flight when the server may be killed. Each says so with
        `Context.in_flight` or `Context.past_checkpoint`."""
        self._add(behaviour, Half.SECOND, runs)

    def lacking(self, behaviour: str, name: str, reason: str) -> None:
        self.cases.append(Case(name, known(behaviour), Half.FIRST, None, reason))

    def _add(self, behaviour: str, half: Half, runs: tuple[Callable[[Any], None], ...]) -> None:
        for run in runs:
            self.cases.append(Case(run.__name__, known(behaviour), half, run))

    def check(self) -> None:
        """No behaviour is forgotten and no two cases share a name."""
        missing = set(BEHAVIOURS) - {case.behaviour for case in self.cases}
        names = [case.name for case in self.cases]
        twice = {name for name in names if names.count(name) > 1}
        if missing or twice:
            raise ValueError(f"behaviours without a case: {missing}; names used twice: {twice}")


def known(behaviour: str) -> str:
    if behaviour not in BEHAVIOURS:
        raise ValueError(f"no such behaviour: {behaviour}")
    return behaviour
