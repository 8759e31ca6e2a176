"""What every case uses: the registry of cases and workers, the connection, and assertions."""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.client import OrchestrationState, OrchestrationStatus, TaskHubGrpcClient
from durabletask.worker import ConcurrencyOptions, TaskHubGrpcWorker

# Longer than any case needs on a busy machine; a case that meets it has failed.
DEADLINE_SECONDS = 40

# Activities of all cases share the worker's threads, and some hold one for a while.
WORKER_THREADS = 24

LOGGER = logging.getLogger("suite")


@dataclass
class Case:
    """One named check. `alone` cases need the hub to themselves."""

    name: str
    run: Callable[["Context"], None]
    alone: bool
    beyond_plain: str | None


class Registry:
    """The cases, and the functions that the worker must know for them."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.orchestrators: list[Callable[..., Any]] = []
        self.activities: list[Callable[..., Any]] = []

    def case(self, run: Callable[["Context"], None], *, alone: bool = False,
             beyond_plain: str | None = None) -> None:
        """Adds a case, named after its function. `beyond_plain` says why the package's
        in-memory backend cannot be asked."""
        self.cases.append(Case(run.__name__, run, alone, beyond_plain))

    def orchestrator(self, *functions: Callable[..., Any]) -> None:
        self.orchestrators += functions

    def activity(self, *functions: Callable[..., Any]) -> None:
        self.activities += functions


class Context:
    """The connection to the server under test."""

    def __init__(self, endpoint: str, taskhub: str, *, plain: bool) -> None:
        self.endpoint = endpoint
        self.taskhub = taskhub
        self.plain = plain
        self.client = self.new_client()

    def new_client(self, *, taskhub: str | None = None,
                   interceptors: list[Any] | None = None) -> TaskHubGrpcClient:
        if self.plain:
            return TaskHubGrpcClient(
                host_address=self.endpoint, interceptors=interceptors, logger=LOGGER)
        return DurableTaskSchedulerClient(
            host_address=self.endpoint, taskhub=taskhub or self.taskhub, token_credential=None,
            secure_channel=False, interceptors=interceptors, logger=LOGGER)

    def new_worker(self, registry: Registry, *, taskhub: str | None = None) -> TaskHubGrpcWorker:
        concurrency = ConcurrencyOptions(maximum_thread_pool_workers=WORKER_THREADS)
        if self.plain:
            worker = TaskHubGrpcWorker(
                host_address=self.endpoint, concurrency_options=concurrency, logger=LOGGER)
        else:
            worker = DurableTaskSchedulerWorker(
                host_address=self.endpoint, taskhub=taskhub or self.taskhub, token_credential=None,
                secure_channel=False, concurrency_options=concurrency, logger=LOGGER)
        for function in registry.orchestrators:
            worker.add_orchestrator(function)
        for function in registry.activities:
            worker.add_activity(function)
        return worker

    def close(self) -> None:
        self.client.close()

    def start(self, orchestrator: Any, **options: Any) -> str:
        return self.client.schedule_new_orchestration(orchestrator, **options)

    def running(self, instance_id: str) -> OrchestrationState:
        """Waits until the instance has left PENDING; its parent may yet have to create it."""
        self.existing(instance_id)
        state = self.client.wait_for_orchestration_start(
            instance_id, fetch_payloads=True, timeout=DEADLINE_SECONDS)
        assert state is not None, f"{instance_id} vanished"
        return state

    def existing(self, instance_id: str) -> OrchestrationState:
        return until(
            lambda: self.client.get_orchestration_state(instance_id), f"{instance_id} exists")

    def ended(self, instance_id: str, expected: OrchestrationStatus) -> OrchestrationState:
        """Waits for the end, which must be `expected`."""
        state = self.client.wait_for_orchestration_completion(
            instance_id, timeout=DEADLINE_SECONDS)
        assert state is not None, f"{instance_id} is unknown"
        assert state.runtime_status == expected, (
            f"{instance_id} ended {state.runtime_status}, not {expected}: {state.failure_details}")
        return state

    def output(self, instance_id: str) -> Any:
        """Waits for success and gives the output."""
        return self.ended(instance_id, OrchestrationStatus.COMPLETED).get_output()


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


def fresh_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


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
