"""What an instance carries beside its input and output: tags, custom status, its parent."""

from durabletask import history, task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import equal, fresh_id, until


def register(registry: Registry) -> None:
    registry.orchestrator(show_status, show_and_clear_status, tag_work, tell_parent_id)
    registry.second(
        "tags, custom status and parent links",
        custom_status_is_seen_while_running,
        custom_status_is_cleared,
        tags_of_instance_and_activity_are_kept,
        child_knows_its_parent)


def show_status(ctx: task.OrchestrationContext, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("Go")
    ctx.set_custom_status({"step": 2})
    yield ctx.wait_for_external_event("End")
    return "done"


def show_and_clear_status(ctx: task.OrchestrationContext, _):
    ctx.set_custom_status("busy")
    yield ctx.wait_for_external_event("Go")
    ctx.set_custom_status(None)
    yield ctx.wait_for_external_event("End")
    return "done"


def tag_work(ctx: task.OrchestrationContext, _):
    result = yield ctx.call_activity(
        give_after_checkpoint, input="tagged", tags={"cost": "low", "empty": ""})
    return result


def tell_parent_id(ctx: task.OrchestrationContext, child: str):
    if not child:
        yield ctx.call_activity(give_after_checkpoint)
        return ctx.parent_instance_id
    result = yield ctx.call_sub_orchestrator(tell_parent_id, input="", instance_id=child)
    return [ctx.parent_instance_id, result]


def custom_status_is_seen_while_running(context: Context) -> None:
    instance = context.start(show_status)
    equal(context.running(instance).get_custom_status(), {"step": 1}, "with the first turn")
    context.past_checkpoint()
    equal(context.state(instance).get_custom_status(), {"step": 1}, "after the restart")
    context.client.raise_orchestration_event(instance, "Go")
    until(lambda: context.state(instance).get_custom_status() == {"step": 2},
          "the second status is shown")
    context.client.raise_orchestration_event(instance, "End")
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.get_custom_status(), {"step": 2}, "after the end")


def custom_status_is_cleared(context: Context) -> None:
    instance = context.start(show_and_clear_status)
    equal(context.running(instance).get_custom_status(), "busy")
    context.past_checkpoint()
    context.client.raise_orchestration_event(instance, "Go")
    until(lambda: context.state(instance).serialized_custom_status is None,
          "the status is cleared")
    context.client.raise_orchestration_event(instance, "End")
    state = context.ended(instance, OrchestrationStatus.COMPLETED)
    equal(state.serialized_custom_status, None, "after the end")


def tags_of_instance_and_activity_are_kept(context: Context) -> None:
    tags = {"team": "blue", "ünï": "→", "empty": ""}
    instance = context.start(tag_work, tags=tags)
    CHECKPOINT.until_held(instance)
    context.in_flight()
    equal(context.output(instance), "tagged")
    events = context.client.get_orchestration_history(instance)
    started = [e.tags for e in events if isinstance(e, history.ExecutionStartedEvent)]
    scheduled = [e.tags for e in events if isinstance(e, history.TaskScheduledEvent)]
    equal(started, [tags], "tags of the instance")
    equal(scheduled, [{"cost": "low", "empty": ""}], "tags of the activity")


def child_knows_its_parent(context: Context) -> None:
    child = fresh_id("child")
    instance = context.start(tell_parent_id, input=child)
    CHECKPOINT.until_held(child)
    context.in_flight()
    equal(context.output(instance), [None, instance])
    top, below = (next(e for e in context.client.get_orchestration_history(i)
                       if isinstance(e, history.ExecutionStartedEvent)) for i in (instance, child))
    equal(top.parent_instance, None, "parent of the parent")
    link = below.parent_instance
    equal([link.name, link.task_scheduled_id, link.orchestration_instance],
          ["tell_parent_id", 1, top.orchestration_instance], "parent of the child")
