"""The official client, with calls that are made again when the server's restart breaks them."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.client import TaskHubGrpcClient

from support import DEADLINE_SECONDS, fresh_id

PAUSE_SECONDS = 0.1

# A second try must not replace what the first one started.
NEVER_REPLACE = pb.OrchestrationIdReusePolicy()


class PatientClient:
    """Every method of the client; a start always names its instance, so that it can be told
    whether a broken first try had arrived."""

    def __init__(self, client: TaskHubGrpcClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        starts = name == "schedule_new_orchestration"
        return partial(call_again, getattr(self._client, name), starts=starts)

    def __enter__(self) -> "PatientClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


def call_again(method: Callable[..., Any], /, *arguments: Any, starts: bool, **options: Any) -> Any:
    if starts:
        options["instance_id"] = options.get("instance_id") or fresh_id("run")
    deadline = time.monotonic() + DEADLINE_SECONDS
    repeated = False
    while True:
        try:
            return method(*arguments, **options)
        except grpc.RpcError as error:
            if starts and repeated and error.code() == grpc.StatusCode.ALREADY_EXISTS:
                return options["instance_id"]
            if not is_broken(error) or time.monotonic() > deadline:
                raise
        repeated = True
        if starts:
            options["reuse_id_policy"] = NEVER_REPLACE
        time.sleep(PAUSE_SECONDS)


def is_broken(error: grpc.RpcError) -> bool:
    """Whether the connection failed and not the call. The client replaces a channel that fails
    often, and some time later cancels the calls that are still on the old one."""
    return error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
