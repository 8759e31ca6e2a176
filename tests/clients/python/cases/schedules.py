"""Schedules: an entity of the client's own that starts an orchestration again and again."""

from datetime import datetime, timedelta, timezone

from durabletask import task
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.scheduled import (
    ScheduleCreationOptions, ScheduledTaskClient, ScheduleQuery, ScheduleStatus,
    ScheduleUpdateOptions)

from context import Context
from registry import Registry
from support import DEADLINE_SECONDS, equal, fresh_id, never, until

EVERY_SECOND = timedelta(seconds=1)
EVERY_HOUR = timedelta(hours=1)

# Longer than one interval: what does not run meanwhile does not run.
QUIET_SECONDS = 2


def register(registry: Registry) -> None:
    registry.orchestrator(scheduled_work, other_work)
    registry.first(
        "schedules", schedule_is_described_and_runs, paused_schedule_does_not_run,
        update_changes_what_runs, schedules_are_listed_and_deleted,
        schedule_with_a_fixed_id_runs_again, schedule_begins_and_ends_at_its_times,
        forbidden_changes_of_a_schedule_fail)
    registry.second("schedules", schedules_go_on_after_the_restart)


def scheduled_work(ctx: task.OrchestrationContext, text: str):
    return ["work", text]


def other_work(ctx: task.OrchestrationContext, text: str):
    return ["other", text]


def schedules_of(context: Context) -> ScheduledTaskClient:
    return ScheduledTaskClient(context.client, operation_timeout=DEADLINE_SECONDS)


def options(schedule_id: str, **given) -> ScheduleCreationOptions:
    defaults = {"orchestration_name": "scheduled_work", "interval": EVERY_SECOND,
                "orchestration_input": "first", "start_immediately_if_late": True}
    return ScheduleCreationOptions(schedule_id=schedule_id, **{**defaults, **given})


def runs(context: Context, schedule_id: str) -> list:
    """The finished runs, oldest first."""
    states = context.client.get_all_orchestration_states(OrchestrationQuery(
        instance_id_prefix=f"{schedule_id}-", fetch_inputs_and_outputs=True,
        runtime_status=[OrchestrationStatus.COMPLETED]))
    return sorted(states, key=lambda state: state.created_at)


def until_runs(context: Context, schedule_id: str, count: int) -> list:
    return until(lambda: len(found := runs(context, schedule_id)) >= count and found,
                 f"{count} runs of {schedule_id}")


def schedule_is_described_and_runs(context: Context) -> None:
    schedule_id = fresh_id("schedule")
    schedule = schedules_of(context).create_schedule(options(schedule_id))
    description = schedule.describe()
    equal([description.schedule_id, description.orchestration_name, description.interval,
           description.orchestration_input, description.status],
          [schedule_id, "scheduled_work", EVERY_SECOND, "first", ScheduleStatus.ACTIVE])
    done = until_runs(context, schedule_id, 3)
    equal([run.get_output() for run in done], [["work", "first"]] * len(done))
    due = [datetime.fromisoformat(run.instance_id.removeprefix(f"{schedule_id}-")) for run in done]
    for run, time in zip(done, due):
        assert run.created_at.replace(tzinfo=timezone.utc) >= time, f"too early: {run}"
    first, second = due[1:3]  # the very first is due at once
    equal((second - first) % EVERY_SECOND, timedelta(0), "off the beat")
    description = schedule.describe()
    assert description.last_run_at, description
    assert description.next_run_at > description.last_run_at, description
    schedule.delete()


def paused_schedule_does_not_run(context: Context) -> None:
    schedule_id = fresh_id("paused")
    schedule = schedules_of(context).create_schedule(options(schedule_id))
    until_runs(context, schedule_id, 1)
    schedule.pause()
    description = schedule.describe()
    equal([description.status, description.next_run_at], [ScheduleStatus.PAUSED, None])
    count = len(runs(context, schedule_id))
    never(lambda: len(runs(context, schedule_id)) > count + 1, QUIET_SECONDS,
          "a paused schedule ran")
    count = len(runs(context, schedule_id))
    schedule.resume()
    equal(schedule.describe().status, ScheduleStatus.ACTIVE)
    until_runs(context, schedule_id, count + 2)
    schedule.delete()


def update_changes_what_runs(context: Context) -> None:
    schedule_id = fresh_id("updated")
    schedule = schedules_of(context).create_schedule(options(schedule_id, interval=EVERY_HOUR))
    until_runs(context, schedule_id, 1)
    schedule.update(ScheduleUpdateOptions(
        interval=EVERY_SECOND, orchestration_name="other_work", orchestration_input="second"))
    description = schedule.describe()
    equal([description.interval, description.orchestration_name, description.orchestration_input],
          [EVERY_SECOND, "other_work", "second"])
    done = until_runs(context, schedule_id, 3)
    equal([run.get_output() for run in done[:3]],
          [["work", "first"], ["other", "second"], ["other", "second"]])
    schedule.delete()


def schedules_are_listed_and_deleted(context: Context) -> None:
    prefix = fresh_id("listed")
    client = schedules_of(context)
    ids = [f"{prefix}-{n}" for n in range(3)]
    for schedule_id in ids:
        client.create_schedule(options(schedule_id, interval=EVERY_HOUR))
    client.get_schedule_client(ids[1]).pause()

    def listed(**query) -> list[str]:
        wanted = ScheduleQuery(schedule_id_prefix=prefix, page_size=2, **query)
        return [description.schedule_id for description in client.list_schedules(wanted)]

    equal(listed(), ids)
    equal(listed(status=ScheduleStatus.PAUSED), [ids[1]])
    equal(listed(created_to=datetime.now(timezone.utc) - EVERY_HOUR), [])
    client.get_schedule_client(ids[0]).delete()
    equal(client.get_schedule(ids[0]), None, "a deleted schedule")
    equal(listed(), ids[1:])
    equal(client.get_schedule(f"{prefix}-9"), None, "a schedule that never was")
    for schedule_id in ids[1:]:
        client.get_schedule_client(schedule_id).delete()
    equal(listed(), [])


def schedule_with_a_fixed_id_runs_again(context: Context) -> None:
    schedule_id, instance = fresh_id("fixed"), fresh_id("fixed-run")
    schedule = schedules_of(context).create_schedule(
        options(schedule_id, orchestration_instance_id=instance))
    first = context.existing(instance).created_at
    until(lambda: context.state(instance).created_at > first, "it ran again")
    schedule.delete()
    equal(context.output(instance), ["work", "first"])


def schedule_begins_and_ends_at_its_times(context: Context) -> None:
    schedule_id = fresh_id("window")
    start_at = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    client = schedules_of(context)
    client.create_schedule(options(
        schedule_id, start_at=start_at, end_at=start_at + timedelta(seconds=2.5),
        start_immediately_if_late=False))
    equal(client.get_schedule(schedule_id).start_at, start_at)
    until(lambda: client.get_schedule(schedule_id) is None, "it deletes itself after its end")
    done = runs(context, schedule_id)
    assert 1 <= len(done) <= 3, f"{len(done)} runs, 1 s apart, in 2.5 s"
    first = done[0].created_at.replace(tzinfo=timezone.utc)
    assert first >= start_at, f"started at {first}, before {start_at}"


def forbidden_changes_of_a_schedule_fail(context: Context) -> None:
    schedule_id = fresh_id("forbidden")
    client = schedules_of(context)
    schedule = client.create_schedule(options(schedule_id, interval=EVERY_HOUR))
    schedule.pause()
    for change in (schedule.pause, client.get_schedule_client(fresh_id("missing")).resume):
        try:
            change()
        except RuntimeError as error:
            assert "Invalid state transition" in str(error), error
        else:
            raise AssertionError("a forbidden change was made")
    schedule.delete()


def schedules_go_on_after_the_restart(context: Context) -> None:
    running_id, paused_id = fresh_id("late"), fresh_id("late-paused")
    client = schedules_of(context)
    running = client.create_schedule(options(running_id))
    paused = client.create_schedule(options(paused_id, interval=EVERY_HOUR))
    paused.pause()
    until_runs(context, running_id, 1)
    context.past_checkpoint()
    equal(paused.describe().status, ScheduleStatus.PAUSED)
    until_runs(context, running_id, len(runs(context, running_id)) + 2)
    running.delete()
    paused.delete()
    equal(client.list_schedules(ScheduleQuery(schedule_id_prefix=running_id)), [])
