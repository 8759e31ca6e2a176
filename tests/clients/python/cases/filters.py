"""Work that no connected worker accepts: it waits, disturbs nothing, and is not lost."""

from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.worker import (
    ActivityWorkItemFilter, EntityWorkItemFilter, OrchestrationWorkItemFilter, TaskHubGrpcWorker,
    WorkItemFilters)

from context import Context
from registry import Functions, Registry
from support import equal, never

# How long something must stay untouched to be believed.
UNTOUCHED_SECONDS = 1


def register(registry: Registry) -> None:
    registry.first(
        "work that no worker accepts stays pending",
        orchestration_waits_for_a_worker_with_its_name,
        orchestration_waits_for_a_worker_with_its_version,
        activity_waits_for_a_worker_with_its_name,
        entity_waits_for_a_worker_with_its_name,
        instance_without_any_worker_is_pending)
    registry.second(
        "work that no worker accepts stays pending", pending_work_outlives_the_restart)


def plain_job(_: task.OrchestrationContext, value):
    return value


def rare_job(_: task.OrchestrationContext, value):
    return value


def rare_step(_: task.ActivityContext, value):
    return value


def call_rare_step(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity(rare_step, input=value)
    return result


def plain_tally(ctx: EntityContext, amount: int) -> None:
    ctx.set_state(ctx.get_state(int, 0) + amount)


def rare_tally(ctx: EntityContext, amount: int) -> None:
    ctx.set_state(ctx.get_state(int, 0) + amount)


FUNCTIONS = Functions()
FUNCTIONS.orchestrator(plain_job, rare_job, call_rare_step)
FUNCTIONS.activity(rare_step)
FUNCTIONS.entity(plain_tally, rare_tally)


def only(orchestrations=(), activities=(), entities=(), versions=()):
    def configure(worker: TaskHubGrpcWorker) -> None:
        worker.use_work_item_filters(WorkItemFilters(
            orchestrations=[OrchestrationWorkItemFilter(o.__name__, list(versions))
                            for o in orchestrations],
            activities=[ActivityWorkItemFilter(a.__name__) for a in activities],
            entities=[EntityWorkItemFilter(e.__name__) for e in entities]))

    return configure


def stays_pending(hub: Context, instance: str) -> None:
    never(lambda: hub.status(instance) != OrchestrationStatus.PENDING, UNTOUCHED_SECONDS,
          "an instance that no worker accepts left PENDING")


def orchestration_waits_for_a_worker_with_its_name(context: Context) -> None:
    with (context.hub("rare-name") as hub,
          hub.worker(FUNCTIONS, configure=only(orchestrations=[plain_job]))):
        rare = [hub.start(rare_job, input=n) for n in range(3)]
        equal(hub.output(hub.start(plain_job, input="not blocked")), "not blocked")
        stays_pending(hub, rare[0])
        with hub.worker(FUNCTIONS, configure=only(orchestrations=[rare_job])):
            equal([hub.output(instance) for instance in rare], [0, 1, 2])


def orchestration_waits_for_a_worker_with_its_version(context: Context) -> None:
    with (context.hub("rare-version") as hub,
          hub.worker(FUNCTIONS, configure=only(orchestrations=[plain_job], versions=["1.0"]))):
        without = hub.start(plain_job, input="without")
        newer = hub.start(plain_job, input="newer", version="2.0")
        equal(hub.output(hub.start(plain_job, input="right", version="1.0")), "right")
        stays_pending(hub, without)
        stays_pending(hub, newer)
        with hub.worker(FUNCTIONS, configure=only(orchestrations=[plain_job])):
            equal([hub.output(without), hub.output(newer)], ["without", "newer"])


def activity_waits_for_a_worker_with_its_name(context: Context) -> None:
    with (context.hub("rare-activity") as hub,
          hub.worker(FUNCTIONS, configure=only(orchestrations=[call_rare_step, plain_job]))):
        instance = hub.start(call_rare_step, input="step")
        hub.running(instance)
        never(lambda: hub.status(instance) != OrchestrationStatus.RUNNING, UNTOUCHED_SECONDS,
              "an activity that no worker accepts was run")
        equal(hub.output(hub.start(plain_job, input="not blocked")), "not blocked")
        with hub.worker(FUNCTIONS, configure=only(activities=[rare_step])):
            equal(hub.output(instance), "step")


def entity_waits_for_a_worker_with_its_name(context: Context) -> None:
    rare = EntityInstanceId("rare_tally", "one")
    plain = EntityInstanceId("plain_tally", "one")
    with (context.hub("rare-entity") as hub,
          hub.worker(FUNCTIONS, configure=only(entities=[plain_tally]))):
        hub.client.signal_entity(rare, "add", 3)
        hub.client.signal_entity(plain, "add", 4)
        hub.until_state(plain, 4)
        never(lambda: hub.entity_state(rare), UNTOUCHED_SECONDS,
              "an entity that no worker accepts was run")
        with hub.worker(FUNCTIONS, configure=only(entities=[rare_tally])):
            hub.until_state(rare, 3)


def instance_without_any_worker_is_pending(context: Context) -> None:
    with context.hub("no-worker") as hub:
        instance = hub.start(plain_job, input="at last")
        stays_pending(hub, instance)
        with hub.worker(FUNCTIONS, configure=only()):
            stays_pending(hub, instance)
        with hub.worker(FUNCTIONS):
            equal(hub.output(instance), "at last")


def pending_work_outlives_the_restart(context: Context) -> None:
    entity = EntityInstanceId("rare_tally", "late")
    with (context.hub("pending") as hub,
          hub.worker(FUNCTIONS, configure=only(orchestrations=[call_rare_step]))):
        pending = hub.start(rare_job, input="patient")
        waiting = hub.start(call_rare_step, input="step")
        hub.client.signal_entity(entity, "add", 5)
        hub.running(waiting)
        hub.past_checkpoint()
        stays_pending(hub, pending)
        equal(hub.status(waiting), OrchestrationStatus.RUNNING)
        with hub.worker(FUNCTIONS, configure=only([rare_job], [rare_step], [rare_tally])):
            equal([hub.output(pending), hub.output(waiting)], ["patient", "step"])
            hub.until_state(entity, 5)
