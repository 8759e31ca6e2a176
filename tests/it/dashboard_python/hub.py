"""A hub as the official client fills it: a fan-out with children, failures with their causes,
a lock with a holder and one who waits, a schedule.

Prints a line when all is there, and works on until its standard input ends.
"""

import logging
import sys
import time
from datetime import timedelta

from durabletask import task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.entities import EntityInstanceId
from durabletask.scheduled import ScheduleCreationOptions, ScheduledTaskClient

logging.disable(logging.CRITICAL)
HUB = dict(
    host_address="@ENDPOINT@", secure_channel=False, taskhub="default", token_credential=None)
ACCOUNT = EntityInstanceId("account", "acc-1")
DEADLINE_SECONDS = 40


class OrderLost(Exception):
    """A failure with a name of its own."""


def weigh(ctx: task.ActivityContext, order: dict) -> int:
    return len(order["id"])


def ship(ctx: task.ActivityContext, order: str):
    try:
        raise KeyError("tray 17")
    except KeyError as cause:
        raise OrderLost(f"order {order} is lost") from cause


def parcel(ctx: task.OrchestrationContext, size: int):
    weights = yield task.when_all(
        [ctx.call_activity(weigh, input={"id": f"p-{number}"}) for number in range(size)])
    return sum(weights)


def orders(ctx: task.OrchestrationContext, size: int):
    ctx.set_custom_status({"processed": 0, "total": size})
    children = [
        ctx.call_sub_orchestrator(parcel, input=3, instance_id=f"{ctx.instance_id}-parcel-{number}")
        for number in range(2)]
    weights = yield task.when_all(
        [ctx.call_activity(weigh, input={"id": f"item-{number}"}) for number in range(size)])
    parcels = yield task.when_all(children)
    ctx.set_custom_status({"processed": size, "total": size})
    yield ctx.wait_for_external_event("Paid")
    return sum(weights) + sum(parcels)


def ship_one(ctx: task.OrchestrationContext, order: str):
    yield ctx.call_activity(ship, input=order)


def account(ctx, amount):
    ctx.set_state(ctx.get_state(int, 0) + (amount or 0))
    return ctx.get_state(int, 0)


def transfer(ctx: task.OrchestrationContext, _):
    with (yield ctx.lock_entities([ACCOUNT])):
        ctx.set_custom_status("holding")
        yield ctx.wait_for_external_event("Release")


def nightly(ctx: task.OrchestrationContext, text: str):
    return text


def until(ask, what):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


worker = DurableTaskSchedulerWorker(**HUB)
for function in (orders, parcel, ship_one, transfer, nightly):
    worker.add_orchestrator(function)
for function in (weigh, ship):
    worker.add_activity(function)
worker.add_entity(account)
worker.configure_scheduled_tasks()
worker.start()

client = DurableTaskSchedulerClient(**HUB)
client.signal_entity(ACCOUNT, "deposit", 120)
client.schedule_new_orchestration(orders, input=40, instance_id="orders-1", tags={"team": "blue"})
for order in ("1029", "1030"):
    instance = client.schedule_new_orchestration(
        ship_one, input=order, instance_id=f"ship-{order}")
    client.wait_for_orchestration_completion(instance, timeout=DEADLINE_SECONDS)


def status_is(instance, wanted):
    return lambda: client.get_orchestration_state(instance).get_custom_status() == wanted


client.schedule_new_orchestration(transfer, instance_id="transfer-1")
until(status_is("transfer-1", "holding"), "the first holds the lock")
client.schedule_new_orchestration(transfer, instance_id="transfer-2")
client.wait_for_orchestration_start("transfer-2", timeout=DEADLINE_SECONDS)
until(status_is("orders-1", {"processed": 40, "total": 40}), "all orders are weighed")
ScheduledTaskClient(client, operation_timeout=DEADLINE_SECONDS).create_schedule(
    ScheduleCreationOptions(
        schedule_id="nightly-import", orchestration_name="nightly", interval=timedelta(hours=1),
        orchestration_input="all", start_immediately_if_late=True))
print("ready", flush=True)
sys.stdin.read()
