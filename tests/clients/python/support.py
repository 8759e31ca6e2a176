"""What every case uses: ids, counters, waiting, and assertions."""

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc

# Longer than any case needs on a busy machine; a case that meets it has failed.
DEADLINE_SECONDS = 40

# Ids of one run begin with this, so that several runs can share a task hub.
RUN = uuid.uuid4().hex[:8]

_NUMBERS = itertools.count(1)


def fresh_id(prefix: str) -> str:
    return f"{RUN}-{prefix}-{next(_NUMBERS)}"


class CallCounter(grpc.UnaryUnaryClientInterceptor):
    """Counts calls by method name: how many pages a client asked for."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.calls[client_call_details.method.rsplit("/", 1)[-1]] += 1
        return continuation(client_call_details, request)


class Attempts:
    """Counts how often something ran, by key, across the worker's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def next(self, key: str) -> int:
        with self._lock:
            self._counts[key] += 1
            return self._counts[key]

    def of(self, key: str) -> int:
        with self._lock:
            return self._counts[key]


def equal(actual: Any, expected: Any, what: str = "value") -> None:
    assert actual == expected, f"{what}: expected {expected!r}, got {actual!r}"


def until(condition: Callable[[], Any], what: str) -> Any:
    """Asks again and again until the answer is something; fails at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)  # between two questions; the condition decides, not the time
    raise AssertionError(f"never happened: {what}")


def never(condition: Callable[[], Any], seconds: float, what: str) -> None:
    """Asks for a while; fails if the answer is ever something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        assert not answer, f"{what}: {answer!r}"
        time.sleep(0.1)


def refused(call: Callable[[], Any], code: grpc.StatusCode, *texts: str) -> None:
    """The server must refuse the call with this code and with these words in its message."""
    try:
        answer = call()
    except grpc.RpcError as error:
        assert error.code() == code, f"refused with {error.code()}, not {code}: {error.details()}"
        for text in texts:
            assert text.lower() in error.details().lower(), (
                f"{text!r} is not in the message {error.details()!r}")
        return
    raise AssertionError(f"accepted with {answer!r}, expected {code}")
