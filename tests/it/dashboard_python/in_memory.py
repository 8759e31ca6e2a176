"""The in-memory backend of the official package, and a worker with a client on it.

Prints its address when all is on its way, and ends with its standard input.
"""

import logging
import socket
import sys
from datetime import timedelta

from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.testing import InMemoryOrchestrationBackend
from durabletask.worker import TaskHubGrpcWorker

logging.disable(logging.CRITICAL)


def pick(ctx: task.ActivityContext, number: int) -> int:
    if number == 13:
        raise ValueError("tray 13 is stuck")
    return number


def pick_all(ctx: task.OrchestrationContext, size: int):
    numbers = yield task.when_all([ctx.call_activity(pick, input=n) for n in range(size)])
    return sum(numbers)


def approval(ctx: task.OrchestrationContext, _):
    return (yield ctx.wait_for_external_event("Approved"))


def sleeper(ctx: task.OrchestrationContext, _):
    yield ctx.create_timer(timedelta(hours=1))


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
backend = InMemoryOrchestrationBackend(port=port)
backend.start()
address = f"127.0.0.1:{port}"
worker = TaskHubGrpcWorker(host_address=address)
for function in (pick_all, approval, sleeper):
    worker.add_orchestrator(function)
worker.add_activity(pick)
worker.start()
client = TaskHubGrpcClient(host_address=address)
for function, instance, size in (
        (pick_all, "picked", 10), (pick_all, "stuck", 20), (approval, "approval-1", None),
        (sleeper, "sleeper-1", None)):
    client.schedule_new_orchestration(function, input=size, instance_id=instance)
for instance in ("picked", "stuck"):
    client.wait_for_orchestration_completion(instance, timeout=30)
for instance in ("approval-1", "sleeper-1"):
    client.wait_for_orchestration_start(instance, timeout=30)
print(f"http://{address}", flush=True)
for line in sys.stdin:
    state = client.wait_for_orchestration_completion(line.strip(), timeout=30)
    print(state.runtime_status.name, state.serialized_output, flush=True)
