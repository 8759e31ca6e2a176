"""What the Python programs begin with: the official client and worker on the emulator."""

import json
import time
from datetime import timedelta

from durabletask import task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.entities import EntityInstanceId

HUB = dict(
    host_address="@ENDPOINT@", secure_channel=False, taskhub="default", token_credential=None)
DEADLINE_SECONDS = 40

client = DurableTaskSchedulerClient(**HUB)


def worker_of(*, orchestrators=(), activities=(), entities=()):
    """A worker that takes only what it has, as others on the hub have the rest."""
    worker = DurableTaskSchedulerWorker(**HUB)
    for function in orchestrators:
        worker.add_orchestrator(function)
    for function in activities:
        worker.add_activity(function)
    for function in entities:
        worker.add_entity(function)
    worker.use_work_item_filters()
    return worker


def until(ask, what):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)
    return answer


def ended(instance):
    return client.wait_for_orchestration_completion(instance, timeout=DEADLINE_SECONDS)


def has_status(instance, expected):
    """Waits until the instance shows a custom status."""
    until(lambda: client.get_orchestration_state(instance).get_custom_status() == expected,
          f"{instance} shows {expected}")


def told(failure):
    """Failure details down to the innermost, as JSON."""
    if failure is None:
        return None
    return {
        "type": failure.error_type, "message": failure.message, "stack": failure.stack_trace,
        "properties": failure.properties or {}, "inner": told(failure.inner_failure)}


def tell(instance):
    """A line for the test: what an instance came to."""
    state = ended(instance)
    print(json.dumps({
        "id": instance, "status": state.runtime_status.name, "output": state.serialized_output,
        "customStatus": state.serialized_custom_status,
        "failure": told(state.failure_details)}), flush=True)
