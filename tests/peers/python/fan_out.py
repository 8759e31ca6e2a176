"""One fan-out with the official Python client, against any server; or the in-memory backend.

    python fan_out.py backend                  prints {"endpoint"} and serves
    python fan_out.py work ENDPOINT            prints {"ready"}, then works: each line of standard
                                               input is a size, each answer {"seconds", "id"}

Both end when their standard input does.
"""

import json
import logging
import socket
import sys
import time

from durabletask import task
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

PATIENCE_SECONDS = 600

# Its default ends fan-outs of 5,000, and it is to be compared at its best.
HISTORY_MAX = 10_000_000


def echo(ctx: task.ActivityContext, number: int) -> int:
    return number


def fan_out(ctx: task.OrchestrationContext, size: int):
    numbers = yield task.when_all([ctx.call_activity(echo, input=n) for n in range(size)])
    return sum(numbers)


def say(**line) -> None:
    print(json.dumps(line), flush=True)


def backend() -> None:
    from durabletask.testing import InMemoryOrchestrationBackend
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = InMemoryOrchestrationBackend(max_history_size=HISTORY_MAX, port=port)
    server.start()
    say(endpoint=f"http://127.0.0.1:{port}")
    sys.stdin.read()


def work(endpoint: str) -> None:
    address = endpoint.removeprefix("http://")
    client = TaskHubGrpcClient(host_address=address)
    with TaskHubGrpcWorker(host_address=address) as worker:
        worker.add_orchestrator(fan_out)
        worker.add_activity(echo)
        worker.start()
        say(ready=True)
        for line in sys.stdin:
            say(**once(client, int(line)))


def once(client: TaskHubGrpcClient, size: int) -> dict:
    began = time.perf_counter()
    instance = client.schedule_new_orchestration(fan_out, input=size)
    state = client.wait_for_orchestration_completion(instance, timeout=PATIENCE_SECONDS)
    seconds = time.perf_counter() - began
    if state is None or state.runtime_status != OrchestrationStatus.COMPLETED:
        return {"error": f"it ended as {state and state.failure_details}"}
    if json.loads(state.serialized_output) != size * (size - 1) // 2:
        return {"error": f"a wrong result: {state.serialized_output}"}
    return {"seconds": seconds, "id": instance}


def main() -> None:
    logging.disable(logging.CRITICAL)
    match sys.argv[1:]:
        case ["backend"]:
            backend()
        case ["work", endpoint]:
            work(endpoint)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
