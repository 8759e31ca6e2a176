"""The connection of a case to the server under test: clients, workers, task hubs, waiting."""

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.client import OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId, EntityMetadata
from durabletask.grpc_options import GrpcWorkerResiliencyOptions
from durabletask.worker import ConcurrencyOptions, TaskHubGrpcWorker

from checkpoint import CHECKPOINT
from patience import PatientClient
from registry import Functions
from support import DEADLINE_SECONDS, RUN, until

# Activities of all cases share the worker's threads, and some hold one for a while.
WORKER_THREADS = 96

# The worker's own default waits up to 30 s between two attempts to reach the server.
RECONNECT_SECONDS = 1.0

LOGGER = logging.getLogger("suite")


class Context:
    """One task hub of the server under test, as one case sees it."""

    def __init__(self, endpoint: str, taskhub: str, case: str = "") -> None:
        self.endpoint = endpoint
        self.taskhub = taskhub
        self.case = case
        self.client = self.new_client()

    def for_case(self, case: str) -> "Context":
        other = copy.copy(self)
        other.case = case
        return other

    @contextmanager
    def hub(self, name: str) -> Iterator["Context"]:
        """A task hub of its own, for what would disturb others."""
        other = Context(self.endpoint, f"{self.taskhub}-{name}-{RUN}", self.case)
        with other.client:
            yield other

    def new_client(self, **options: Any) -> PatientClient:
        return PatientClient(DurableTaskSchedulerClient(
            host_address=self.endpoint, taskhub=self.taskhub, token_credential=None,
            secure_channel=False, logger=LOGGER, **options))

    def new_worker(self, functions: Functions, *,
                   configure: Callable[[TaskHubGrpcWorker], None] | None = None,
                   threads: int = WORKER_THREADS, activities: int | None = None,
                   **options: Any) -> TaskHubGrpcWorker:
        worker = DurableTaskSchedulerWorker(
            host_address=self.endpoint, taskhub=self.taskhub, token_credential=None,
            secure_channel=False, logger=LOGGER,
            concurrency_options=ConcurrencyOptions(
                maximum_concurrent_activity_work_items=activities,
                maximum_thread_pool_workers=threads),
            resiliency_options=GrpcWorkerResiliencyOptions(
                reconnect_backoff_cap_seconds=RECONNECT_SECONDS),
            **options)
        for function in functions.orchestrators:
            worker.add_orchestrator(function)
        for function in functions.activities:
            worker.add_activity(function)
        for function in functions.entities:
            worker.add_entity(function)
        if configure is not None:
            configure(worker)
        return worker

    @contextmanager
    def worker(self, functions: Functions, **options: Any) -> Iterator[TaskHubGrpcWorker]:
        """A worker that runs within the block."""
        with self.new_worker(functions, **options) as worker:
            worker.start()
            yield worker

    def in_flight(self) -> None:
        """What the case has started is under way; the checkpoint may come."""
        CHECKPOINT.arrive(self.case)

    def past_checkpoint(self) -> None:
        """In flight, and going on only once the server may have been killed."""
        self.in_flight()
        CHECKPOINT.until_passed()

    def start(self, orchestrator: Any, **options: Any) -> str:
        return self.client.schedule_new_orchestration(orchestrator, **options)

    def state(self, instance_id: str) -> OrchestrationState:
        state = self.client.get_orchestration_state(instance_id)
        assert state is not None, f"{instance_id} is unknown"
        return state

    def status(self, instance_id: str) -> OrchestrationStatus:
        return self.state(instance_id).runtime_status

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

    def failure(self, instance_id: str) -> Any:
        """Waits for failure and gives its details."""
        return self.ended(instance_id, OrchestrationStatus.FAILED).failure_details

    def entity(self, entity: EntityInstanceId) -> EntityMetadata:
        metadata = self.client.get_entity(entity)
        assert metadata is not None, f"{entity} does not exist"
        return metadata

    def entity_state(self, entity: EntityInstanceId) -> Any:
        """The state, or nothing if the entity does not exist."""
        metadata = self.client.get_entity(entity)
        return None if metadata is None else metadata.get_typed_state()

    def until_state(self, entity: EntityInstanceId, expected: Any) -> None:
        until(lambda: self.entity_state(entity) == expected,
              f"the state of {entity} is {expected!r}")

    def locked_by(self, entity: EntityInstanceId) -> str:
        """The instance that holds the lock, or ""; the client's own accessor takes the holder
        for an entity and raises."""
        return self.entity(entity)._locked_by
