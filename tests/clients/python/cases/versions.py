"""Workers of different versions on one task hub, each with filters for its own."""

from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.worker import (
    TaskHubGrpcWorker, VersionFailureStrategy, VersioningOptions, VersionMatchStrategy)

from context import Context
from registry import Functions, Registry
from support import equal, never

OLD, NEW, NEWEST = "1.0.0", "2.0.0", "3.0.0"
INSTANCES = 3

# How long an instance must stay PENDING to be believed.
PENDING_SECONDS = 1


def register(registry: Registry) -> None:
    registry.orchestrator(tell_version)
    registry.first(
        "versioned workers with filters",
        strictly_versioned_workers_take_their_own,
        children_and_generations_go_to_their_version,
        newer_version_fails_on_an_older_worker,
        rejected_version_waits_for_its_worker)
    registry.second(
        "versioned workers with filters", version_reaches_the_orchestrator,
        versions_keep_their_workers_after_the_restart)


def tell_version(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Go")
    return ctx.version


def functions_of(version: str) -> Functions:
    """What both workers have by the same names, telling which of them ran it."""
    def which_worker(_: task.ActivityContext, __) -> str:
        return version

    def tell_worker(ctx: task.OrchestrationContext, _):
        ran_activity = yield ctx.call_activity(which_worker)
        return [ctx.version, version, ran_activity]

    def tell_worker_later(ctx: task.OrchestrationContext, _):
        yield ctx.wait_for_external_event("Go")
        return [ctx.version, version]

    def call_children(ctx: task.OrchestrationContext, _):
        by_default = yield ctx.call_sub_orchestrator(tell_worker)
        explicit = yield ctx.call_sub_orchestrator(tell_worker, version=NEW)
        return [by_default, explicit]

    def upgrade(ctx: task.OrchestrationContext, _):
        if ctx.version == OLD:
            ctx.continue_as_new(None, new_version=NEW)
            return None
        return [ctx.version, version]

    functions = Functions()
    functions.orchestrator(tell_worker, tell_worker_later, call_children, upgrade)
    functions.activity(which_worker)
    return functions


def strict(version: str, *, filtered: bool = True):
    def configure(worker: TaskHubGrpcWorker) -> None:
        worker.use_versioning(VersioningOptions(
            version=version, default_version=version,
            match_strategy=VersionMatchStrategy.STRICT,
            failure_strategy=VersionFailureStrategy.REJECT))
        if filtered:
            worker.use_work_item_filters()

    return configure


def older_or_fail(worker: TaskHubGrpcWorker) -> None:
    worker.use_versioning(VersioningOptions(
        version=NEW, match_strategy=VersionMatchStrategy.CURRENT_OR_OLDER,
        failure_strategy=VersionFailureStrategy.FAIL))


def strictly_versioned_workers_take_their_own(context: Context) -> None:
    with (context.hub("versions") as hub,
          hub.worker(functions_of(OLD), configure=strict(OLD)),
          hub.worker(functions_of(NEW), configure=strict(NEW))):
        for version in [OLD, NEW] * INSTANCES:
            instance = hub.start("tell_worker", version=version)
            equal(hub.output(instance), [version] * 3, "version, worker, worker of the activity")


def children_and_generations_go_to_their_version(context: Context) -> None:
    with (context.hub("upgrades") as hub,
          hub.worker(functions_of(OLD), configure=strict(OLD)),
          hub.worker(functions_of(NEW), configure=strict(NEW))):
        equal(hub.output(hub.start("call_children", version=OLD)), [[OLD] * 3, [NEW] * 3])
        equal(hub.output(hub.start("upgrade", version=OLD)), [NEW, NEW])


def newer_version_fails_on_an_older_worker(context: Context) -> None:
    with (context.hub("mismatch") as hub,
          hub.worker(functions_of(NEW), configure=older_or_fail)):
        equal(hub.output(hub.start("tell_worker", version=OLD)), [OLD, NEW, NEW])
        equal(hub.output(hub.start("tell_worker")), [None, NEW, NEW])
        details = hub.failure(hub.start("tell_worker", version=NEWEST))
        equal(details.error_type, "VersionMismatch")
        equal(details.message, f"The orchestration version '{NEWEST}' is greater than the "
                               f"worker version '{NEW}'.")


def rejected_version_waits_for_its_worker(context: Context) -> None:
    with (context.hub("rejected") as hub,
          hub.worker(functions_of(OLD), configure=strict(OLD, filtered=False))):
        instance = hub.start("tell_worker", version=NEW)
        never(lambda: hub.status(instance) != OrchestrationStatus.PENDING, PENDING_SECONDS,
              "an instance that every worker rejects left PENDING")
        equal(hub.output(hub.start("tell_worker", version=OLD)), [OLD] * 3)
        with hub.worker(functions_of(NEW), configure=strict(NEW)):
            equal(hub.output(instance)[:2], [NEW, NEW])


def version_reaches_the_orchestrator(context: Context) -> None:
    instances = [(context.start(tell_version, version=v), v) for v in ["2.1.0", None]]
    for instance, _ in instances:
        context.running(instance)
    context.past_checkpoint()
    for instance, version in instances:
        context.client.raise_orchestration_event(instance, "Go")
        equal(context.output(instance), version)


def versions_keep_their_workers_after_the_restart(context: Context) -> None:
    with (context.hub("kept-versions") as hub,
          hub.worker(functions_of(OLD), configure=strict(OLD)),
          hub.worker(functions_of(NEW), configure=strict(NEW))):
        instances = {version: hub.start("tell_worker_later", version=version)
                     for version in (OLD, NEW)}
        for instance in instances.values():
            hub.running(instance)
        hub.past_checkpoint()
        for version, instance in instances.items():
            hub.client.raise_orchestration_event(instance, "Go")
            equal(hub.output(instance), [version, version])
