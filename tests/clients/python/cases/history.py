"""The history as the scheduler writes it: kinds, order, ids, times."""

from datetime import timedelta

from durabletask import history, task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId

from context import Context
from registry import Registry
from support import equal, fresh_id, until

LONG = 60

# The id of events that no action of the orchestrator made.
ARRIVED = -1


def register(registry: Registry) -> None:
    registry.orchestrator(one_activity, three_steps, answer, wait_long, use_entities)
    registry.activity(plus_one)
    registry.entity(counter)
    registry.first(
        "history in full and in order", history_of_one_activity,
        history_of_activity_timer_and_child, history_of_suspend_resume_terminate,
        history_of_entity_work, history_of_another_execution_is_empty)
    registry.second("history in full and in order", long_history_is_read_in_order)


def plus_one(_: task.ActivityContext, number: int) -> int:
    return number + 1


def one_activity(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_activity(plus_one, input=number)
    return result


def answer(_: task.OrchestrationContext, __):
    return 42


def three_steps(ctx: task.OrchestrationContext, _):
    first = yield ctx.call_activity(plus_one, input=1)
    yield ctx.create_timer(timedelta(milliseconds=50))
    child = yield ctx.call_sub_orchestrator(answer)
    return [first, child]


def wait_long(ctx: task.OrchestrationContext, count: int):
    for number in range(count):
        yield ctx.call_activity(plus_one, input=number)
    ctx.set_custom_status("long enough")
    yield ctx.wait_for_external_event("Go")
    return count


def counter(ctx: EntityContext, amount: int):
    ctx.set_state(ctx.get_state(int, 0) + amount)
    return ctx.get_state(int)


def use_entities(ctx: task.OrchestrationContext, key: str):
    entity = EntityInstanceId("counter", key)
    ctx.signal_entity(entity, "add", 1)
    with (yield ctx.lock_entities([entity])):
        total = yield ctx.call_entity(entity, "add", 2)
    return total


def kinds(events) -> list[str]:
    return [type(event).__name__.removesuffix("Event") for event in events]


def turns_go_forward(events) -> None:
    """What happened between two turns has the time at which it happened, so only the turns
    are in order of time; no two events that arrived have the same one. What one turn did has
    the time of its end."""
    turns = [e.timestamp for e in events if isinstance(e, history.OrchestratorStartedEvent)]
    equal(turns, sorted(turns), "turns in order of time")
    arrived = [e.timestamp for e in events if e.event_id == ARRIVED]
    equal(len(set(arrived)), len(arrived), "distinct times")


def history_of_one_activity(context: Context) -> None:
    instance = context.start(one_activity, input=1, tags={"team": "blue"})
    equal(context.output(instance), 2)
    events = context.client.get_orchestration_history(instance)
    equal(kinds(events), [
        "OrchestratorStarted", "ExecutionStarted", "TaskScheduled",
        "OrchestratorStarted", "TaskCompleted", "ExecutionCompleted"])
    equal([event.event_id for event in events], [-1, 0, 1, -1, -1, 2], "event ids")
    started, scheduled, completed, ended = events[1], events[2], events[4], events[5]
    equal([started.name, started.input, started.parent_instance], ["one_activity", "1", None])
    equal(started.tags, {"team": "blue"}, "tags")
    equal(started.orchestration_instance.instance_id, instance)
    execution = started.orchestration_instance.execution_id
    assert len(execution) == 32 and set(execution) <= set("0123456789abcdef"), execution
    equal([scheduled.name, scheduled.input], ["plus_one", "1"])
    equal([completed.task_scheduled_id, completed.result], [1, "2"])
    equal([ended.orchestration_status, ended.result],
          [OrchestrationStatus.COMPLETED.value, "2"])
    turns_go_forward(events)


def history_of_activity_timer_and_child(context: Context) -> None:
    instance = context.start(three_steps)
    equal(context.output(instance), [2, 42])
    events = context.client.get_orchestration_history(instance)
    equal(kinds(events), [
        "OrchestratorStarted", "ExecutionStarted", "TaskScheduled",
        "OrchestratorStarted", "TaskCompleted", "TimerCreated",
        "OrchestratorStarted", "TimerFired", "SubOrchestrationInstanceCreated",
        "OrchestratorStarted", "SubOrchestrationInstanceCompleted", "ExecutionCompleted"])
    created, turn, fired, child = events[5], events[6], events[7], events[8]
    equal([fired.timer_id, fired.fire_at], [created.event_id, created.fire_at], "timer")
    assert turn.timestamp > fired.fire_at, "the turn is not later than its timer"
    below = context.client.get_orchestration_history(child.instance_id)
    parent = below[1].parent_instance
    equal([parent.orchestration_instance.instance_id, parent.task_scheduled_id, parent.name],
          [instance, child.event_id, "three_steps"], "parent of the child")
    turns_go_forward(events)


def history_of_suspend_resume_terminate(context: Context) -> None:
    instance = context.start(wait_long, input=0)
    context.running(instance)
    context.client.suspend_orchestration(instance, reason="pause")
    context.client.resume_orchestration(instance, reason="go on")
    context.client.terminate_orchestration(instance, output="end")
    context.ended(instance, OrchestrationStatus.TERMINATED)
    events = context.client.get_orchestration_history(instance)
    interesting = [event for event in events if event.event_id == ARRIVED and not isinstance(
        event, history.OrchestratorStartedEvent)]
    equal(kinds(interesting), ["ExecutionSuspended", "ExecutionResumed", "ExecutionTerminated"])
    equal([event.input for event in interesting], ["pause", "go on", '"end"'])
    equal(kinds(events)[-1], "ExecutionCompleted")


def history_of_entity_work(context: Context) -> None:
    key = fresh_id("counter")
    instance = context.start(use_entities, input=key)
    equal(context.output(instance), 3)
    events = context.client.get_orchestration_history(instance)
    equal(kinds(events), [
        "OrchestratorStarted", "ExecutionStarted", "EntityOperationSignaled", "EntityLockRequested",
        "OrchestratorStarted", "EntityLockGranted", "EntityOperationCalled",
        "OrchestratorStarted", "EntityOperationCompleted", "EntityUnlockSent",
        "ExecutionCompleted"])
    signaled, requested, granted, called, completed, unlocked = (
        events[n] for n in (2, 3, 5, 6, 8, 9))
    equal([e.event_id for e in (signaled, requested, called, unlocked)], [1, 2, 3, 4], "event ids")
    entity = f"@counter@{key}"
    equal([signaled.target_instance_id, requested.lock_set, called.target_instance_id,
           unlocked.target_instance_id], [entity, [entity], entity, entity], "targets")
    equal([signaled.input, called.input, completed.output], ["1", "2", "3"], "payloads")
    equal(completed.request_id, called.request_id, "request")
    equal({requested.critical_section_id}, {granted.critical_section_id,
                                            unlocked.critical_section_id}, "section")
    turns_go_forward(events)


def history_of_another_execution_is_empty(context: Context) -> None:
    instance = context.start(answer)
    context.output(instance)
    client = context.client
    execution = client.get_orchestration_history(instance)[1].orchestration_instance.execution_id
    equal(len(client.get_orchestration_history(instance, execution_id=execution)), 3)
    equal(client.get_orchestration_history(instance, execution_id="0" * 32), [])


def long_history_is_read_in_order(context: Context) -> None:
    instance = context.start(wait_long, input=LONG)
    until(lambda: context.state(instance).get_custom_status(), "the history is long")
    before = context.client.get_orchestration_history(instance)
    context.past_checkpoint()
    equal(context.client.get_orchestration_history(instance)[:len(before)], before,
          "the history from before the restart")
    context.client.raise_orchestration_event(instance, "Go", data="x" * 100_000)
    equal(context.output(instance), LONG)
    events = context.client.get_orchestration_history(instance)
    scheduled = [e.input for e in events if isinstance(e, history.TaskScheduledEvent)]
    equal(scheduled, [str(number) for number in range(LONG)], "order of the activities")
    completed = [e.result for e in events if isinstance(e, history.TaskCompletedEvent)]
    equal(completed, [str(number + 1) for number in range(LONG)], "order of the results")
    raised = [len(e.input) for e in events if isinstance(e, history.EventRaisedEvent)]
    assert raised and set(raised) == {100_002}, f"payloads of the event: {raised}"
    turns_go_forward(events)
