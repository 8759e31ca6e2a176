"""Rewind down a family of instances, over several branches, and where a child is gone."""

from durabletask import history, task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import Attempts, equal, fresh_id

ATTEMPTS = Attempts()


def register(registry: Registry) -> None:
    registry.orchestrator(
        breaking_leaf, nest, branch_out, call_child_then_break, late_leaf, nest_late)
    registry.activity(run_branch)
    registry.first(
        "rewind of nested and several failures",
        rewind_goes_down_to_the_failed_leaf,
        rewind_repairs_every_failed_branch,
        rewind_makes_a_purged_child_again,
        rewind_leaves_a_good_child_alone)
    registry.second("rewind of nested and several failures", rewound_family_meets_the_restart)


def run_branch(ctx: task.ActivityContext, branch: list) -> str:
    """A branch that is to break does so at its first attempt."""
    name, breaks = branch
    attempt = ATTEMPTS.next(f"{ctx.orchestration_id}/{name}")
    if breaks and attempt == 1:
        raise RuntimeError(f"{name} is broken")
    return f"{name}:{attempt}"


def breaking_leaf(ctx: task.OrchestrationContext, name: str):
    good = yield ctx.call_activity(run_branch, input=["good", False])
    bad = yield ctx.call_activity(run_branch, input=[name, True])
    return [good, bad]


def nest(ctx: task.OrchestrationContext, ids: list[str]):
    """One instance below the other; the last of them breaks."""
    before = yield ctx.call_activity(run_branch, input=["before", False])
    if len(ids) == 1:
        below = yield ctx.call_sub_orchestrator(
            breaking_leaf, input="leaf", instance_id=ids[0])
    else:
        below = yield ctx.call_sub_orchestrator(nest, input=ids[1:], instance_id=ids[0])
    return [before, below]


def branch_out(ctx: task.OrchestrationContext, ids: list[str]):
    """Two of four activities break, and two of three children."""
    results = yield task.when_all([
        *[ctx.call_activity(run_branch, input=[f"b{n}", n % 2 == 1]) for n in range(4)],
        ctx.call_sub_orchestrator(breaking_leaf, input="x", instance_id=ids[0]),
        ctx.call_sub_orchestrator(call_child_then_break, input="y", instance_id=ids[1]),
        ctx.call_sub_orchestrator(late_leaf, input=False, instance_id=ids[2])])
    return results


def call_child_then_break(ctx: task.OrchestrationContext, name: str):
    child = yield ctx.call_sub_orchestrator(late_leaf, input=False)
    bad = yield ctx.call_activity(run_branch, input=[name, True])
    return [child, bad]


def late_leaf(ctx: task.OrchestrationContext, late: bool):
    result = yield ctx.call_activity(run_branch, input=["leaf", late])
    if late:
        result = yield ctx.call_activity(give_after_checkpoint, input=result)
    return result


def nest_late(ctx: task.OrchestrationContext, child: str):
    result = yield ctx.call_sub_orchestrator(late_leaf, input=True, instance_id=child)
    return [result]


def ran(instance: str, *names: str) -> list[int]:
    return [ATTEMPTS.of(f"{instance}/{name}") for name in names]


def rewind_goes_down_to_the_failed_leaf(context: Context) -> None:
    ids = [fresh_id("nested") for _ in range(3)]
    root = context.start(nest, input=ids)
    assert "leaf is broken" in context.failure(root).message
    for instance in ids:
        context.failure(instance)
    context.client.rewind_orchestration(root, reason="repaired")
    equal(context.output(root), ["before:1", ["before:1", ["before:1", ["good:1", "leaf:2"]]]])
    for instance in ids:
        context.ended(instance, OrchestrationStatus.COMPLETED)
        events = context.client.get_orchestration_history(instance)
        equal([e.reason for e in events if isinstance(e, history.ExecutionRewoundEvent)],
              ["repaired"], f"reasons of {instance}")
    equal([ran(i, "before") for i in (root, *ids[:2])], [[1]] * 3, "runs of what was good")


def rewind_repairs_every_failed_branch(context: Context) -> None:
    ids = [fresh_id("branch") for _ in range(3)]
    root = context.start(branch_out, input=ids)
    context.failure(root)
    context.client.rewind_orchestration(root, reason="all of it")
    equal(context.output(root), [
        "b0:1", "b1:2", "b2:1", "b3:2", ["good:1", "x:2"], ["leaf:1", "y:2"], "leaf:1"])
    equal(ran(root, "b0", "b1", "b2", "b3"), [1, 2, 1, 2], "runs of the activities")
    equal([ran(ids[0], "good", "x"), ran(ids[1], "y"), ran(ids[2], "leaf")], [[1, 2], [2], [1]])


def rewind_makes_a_purged_child_again(context: Context) -> None:
    child = fresh_id("purged")
    root = context.start(nest, input=[child])
    context.failure(root)
    context.failure(child)
    equal(context.client.purge_orchestration(child).deleted_instance_count, 1)
    context.client.rewind_orchestration(root, reason="child is gone")
    equal(context.output(root), ["before:1", ["good:2", "leaf:2"]], "the child ran anew")
    equal(context.output(child), ["good:2", "leaf:2"])


def rewind_leaves_a_good_child_alone(context: Context) -> None:
    root = context.start(call_child_then_break, input="step")
    context.failure(root)
    child = f"{root}:0001"  # how this client names the child of its first action
    before = context.ended(child, OrchestrationStatus.COMPLETED)
    context.client.rewind_orchestration(root)
    equal(context.output(root), ["leaf:1", "step:2"])
    equal(context.state(child), before, "the child")


def rewound_family_meets_the_restart(context: Context) -> None:
    child = fresh_id("late")
    root = context.start(nest_late, input=child)
    context.failure(root)
    context.client.rewind_orchestration(root, reason="repaired")
    CHECKPOINT.until_held(child)
    context.in_flight()
    equal(context.output(root), ["leaf:2"])
    equal(context.output(child), "leaf:2")
