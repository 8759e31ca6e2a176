"""Export of histories by the client's own extension: its entity, orchestrator and activities.

The extension writes through a `HistoryWriter`. Its own writer needs Azure Blob Storage; here the
interface is implemented in memory. Everything else is the extension as it is.
"""

import gzip
import json
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.extensions.history_export import (
    ExportDestination, ExportFormat, ExportFormatKind, ExportHistoryClient,
    ExportJobCreationOptions, ExportJobQuery, ExportJobStatus, ExportMode)

from checkpoint import CHECKPOINT
from context import Context
from registry import Functions, Registry
from support import DEADLINE_SECONDS, equal, fresh_id, until

INSTANCES = 7
ONE_ACTIVITY = [
    ("OrchestratorStartedEvent", -1), ("ExecutionStartedEvent", 0), ("TaskScheduledEvent", 1),
    ("OrchestratorStartedEvent", -1), ("TaskCompletedEvent", -1), ("ExecutionCompletedEvent", 2)]


def register(registry: Registry) -> None:
    registry.first(
        "history export", export_of_a_window, export_of_one_status_as_json,
        export_of_many_pages_continues_as_new, export_of_an_empty_window,
        continuous_export_is_deleted, finished_job_is_revived)
    registry.second("history export", export_meets_the_restart)


def step(_: task.ActivityContext, number: int) -> int:
    return number + 1


def exported_work(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_activity(step, input=number)
    if number < 0:
        raise ValueError("negative")
    return result


def unfinished(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Never")


EXPORTED = Functions()
EXPORTED.orchestrator(exported_work, unfinished)
EXPORTED.activity(step)


class MemoryWriter:
    """Exported histories by instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.written: dict[str, dict] = {}
        self.names: set[str] = set()

    def write(self, *, instance_id, container, blob_name, payload, content_type,
              content_encoding, metadata=None) -> None:
        with self._lock:
            self.names.add(f"{container}/{blob_name}")
            self.written[instance_id] = {
                "payload": payload, "type": content_type, "encoding": content_encoding,
                "metadata": metadata}


class HeldWriter(MemoryWriter):
    """Is busy with one of the instances at the checkpoint."""

    def __init__(self, held: str) -> None:
        super().__init__()
        self._held = held

    def write(self, *, instance_id, **blob) -> None:
        if instance_id == self._held:
            CHECKPOINT.hold(instance_id)
        super().write(instance_id=instance_id, **blob)


@contextmanager
def exporting(context: Context, name: str, writer: MemoryWriter):
    """A task hub whose worker also runs the extension."""
    with context.hub(name) as hub:
        export = ExportHistoryClient(hub.client, writer)
        with hub.worker(EXPORTED, configure=export.register_worker):
            yield hub, export


def run_instances(hub: Context, ids: list[str]) -> dict:
    """One that failed, the others completed, and one that still runs; the window of their ends."""
    began = datetime.now(timezone.utc)
    alive = hub.start(unfinished)
    hub.running(alive)
    for number, instance in enumerate(ids):
        hub.start(exported_work, input=number or -1, instance_id=instance)
    hub.failure(ids[0])
    for instance in ids[1:]:
        hub.output(instance)
    return {"completed_time_from": began - timedelta(seconds=1),
            "completed_time_to": datetime.now(timezone.utc)}


def new_ids(count: int = INSTANCES) -> list[str]:
    return [fresh_id("export") for _ in range(count)]


def options(mode: ExportMode = ExportMode.BATCH, **given) -> ExportJobCreationOptions:
    return ExportJobCreationOptions(
        mode=mode, destination=ExportDestination(container="exports", prefix="ours"), **given)


def finished(export: ExportHistoryClient, job_id: str):
    return export.wait_for_job(job_id, timeout=DEADLINE_SECONDS, poll_interval=0.1)


def expect_counts(job, count: int) -> None:
    equal([job.status, job.scanned_instances, job.exported_instances, job.failed_instances,
           job.last_error], [ExportJobStatus.COMPLETED, count, count, 0, None])


def export_of_a_window(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export", writer) as (hub, export):
        ids = new_ids()
        window = run_instances(hub, ids)
        job_id = fresh_id("job")
        equal(export.get_job(job_id), None, "a job that is not yet there")
        export.create_job(options(max_instances_per_batch=3, **window), job_id=job_id)
        job = finished(export, job_id)
        expect_counts(job, INSTANCES)
        assert job.checkpoint.last_instance_key, "no checkpoint was kept"
        equal(sorted(writer.written), sorted(ids), "exported instances")
        equal(len(writer.names), INSTANCES, "names of blobs")
        assert all(name.startswith("exports/ours/") for name in writer.names), writer.names
        blob = writer.written[ids[1]]
        equal([blob["type"], blob["encoding"], blob["metadata"]],
              ["application/x-ndjson", "gzip", {"instance_id": ids[1]}])
        head, *events = map(json.loads, gzip.decompress(blob["payload"]).splitlines())
        equal([head["instance_id"], head["metadata"]["runtime_status"],
               head["metadata"]["serialized_output"]], [ids[1], "COMPLETED", "2"])
        equal([(e["event_type"], e["event_id"]) for e in events], ONE_ACTIVITY)
        equal([j.job_id for j in export.list_jobs(
            ExportJobQuery(status=[ExportJobStatus.COMPLETED]))], [job_id])


def export_of_one_status_as_json(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export-json", writer) as (hub, export):
        ids = new_ids(3)
        window = run_instances(hub, ids)
        job = export.create_job(options(
            runtime_status=[OrchestrationStatus.FAILED],
            format=ExportFormat(kind=ExportFormatKind.JSON), **window))
        expect_counts(finished(export, job.job_id), 1)
        equal(list(writer.written), ids[:1], "exported instances")
        blob = writer.written[ids[0]]
        document = json.loads(blob["payload"])
        equal([blob["type"], document["instance_id"]], ["application/json", ids[0]])
        equal(document["metadata"]["failure_details"]["message"], "negative")
        equal([(e["event_type"], e["event_id"]) for e in document["events"]], ONE_ACTIVITY)


def export_of_many_pages_continues_as_new(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export-pages", writer) as (hub, export):
        ids = new_ids()
        window = run_instances(hub, ids)
        job = export.create_job(options(max_instances_per_batch=1, **window))
        expect_counts(finished(export, job.job_id), INSTANCES)
        equal(sorted(writer.written), sorted(ids), "exported instances")
        summary = hub.output(job.orchestrator_instance_id)
        equal(summary["totals"], {"scanned": INSTANCES, "exported": INSTANCES, "failed": 0})


def export_of_an_empty_window(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export-nothing", writer) as (hub, export):
        window = run_instances(hub, new_ids(1))
        early = {key: time - timedelta(days=1) for key, time in window.items()}
        job = export.create_job(options(**early))
        expect_counts(finished(export, job.job_id), 0)
        equal(writer.written, {})


def continuous_export_is_deleted(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export-on", writer) as (hub, export):
        ids = new_ids(3)
        window = run_instances(hub, ids)
        job = export.create_job(options(
            mode=ExportMode.CONTINUOUS, completed_time_from=window["completed_time_from"]))
        until(lambda: set(ids) <= set(writer.written), "the instances are exported")
        until(lambda: export.get_job(job.job_id).exported_instances >= 3, "they are counted")
        equal(export.get_job(job.job_id).status, ExportJobStatus.ACTIVE)
        export.delete_job(job.job_id)
        until(lambda: export.get_job(job.job_id) is None, "the job is gone")
        equal(hub.client.get_orchestration_state(job.orchestrator_instance_id), None)
        export.delete_job(fresh_id("missing"))


def finished_job_is_revived(context: Context) -> None:
    writer = MemoryWriter()
    with exporting(context, "export-again", writer) as (hub, export):
        ids = new_ids(2)
        window = run_instances(hub, ids)
        job_id = fresh_id("job")
        for _ in range(2):
            writer.written.clear()
            export.create_job(options(**window), job_id=job_id)
            until(lambda: len(writer.written) == 2, "both instances are exported")
            expect_counts(finished(export, job_id), 2)
            hub.ended(f"export-job-{job_id}", OrchestrationStatus.COMPLETED)
        equal(len(writer.names), 2, "the same names again")


def export_meets_the_restart(context: Context) -> None:
    ids = new_ids()
    writer = HeldWriter(ids[3])
    with exporting(context, "export-late", writer) as (hub, export):
        window = run_instances(hub, ids)
        job = export.create_job(options(max_instances_per_batch=3, **window))
        CHECKPOINT.until_held(ids[3])
        hub.in_flight()
        expect_counts(finished(export, job.job_id), INSTANCES)
        equal(sorted(writer.written), sorted(ids), "exported instances")
