"""Sub-orchestrations: results, ids, fan-out and failure."""

from durabletask import task
from durabletask.client import OrchestrationStatus

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import equal, fresh_id

CHILDREN = 20


def register(registry: Registry) -> None:
    registry.orchestrator(
        double, call_double, call_double_by_id, call_twice, double_many, tree, wait_and_fail,
        call_failing, fail_unheard)
    registry.activity(times_two, times_two_busily)
    registry.second(
        "sub-orchestrations by explicit id", child_has_the_given_id,
        child_without_id_gets_one_from_its_parent, id_of_an_ended_child_is_used_again,
        fan_out_of_children, tree_of_children)
    registry.second(
        "failing sub-orchestrations", child_failure_reaches_the_parent,
        child_failure_fails_the_parent)


def times_two(_: task.ActivityContext, number: int) -> int:
    return number * 2


def times_two_busily(ctx: task.ActivityContext, number: int) -> int:
    """Some of many are under way at the checkpoint."""
    if number % 10 == 0:
        CHECKPOINT.hold(ctx.orchestration_id)
    return number * 2


def double(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_activity(times_two_busily, input=number)
    return result


def call_double(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_sub_orchestrator(double, input=number)
    return result


def call_double_by_id(ctx: task.OrchestrationContext, child: str):
    result = yield ctx.call_sub_orchestrator(double, input=10, instance_id=child)
    return result


def call_twice(ctx: task.OrchestrationContext, child: str):
    first = yield ctx.call_sub_orchestrator(double, input=3, instance_id=child)
    second = yield ctx.call_sub_orchestrator(double, input=20, instance_id=child)
    return [first, second]


def double_many(ctx: task.OrchestrationContext, children: list[str]):
    results = yield task.when_all([
        ctx.call_sub_orchestrator(double, input=number, instance_id=child)
        for number, child in enumerate(children)])
    return results


def tree(ctx: task.OrchestrationContext, depth: int):
    if depth == 0:
        leaf = yield ctx.call_activity(give_after_checkpoint, input=1)
        return leaf
    below = yield task.when_all(
        [ctx.call_sub_orchestrator(tree, input=depth - 1) for _ in range(2)])
    return 1 + sum(below)


def wait_and_fail(ctx: task.OrchestrationContext, reason: str):
    yield ctx.call_activity(give_after_checkpoint)
    raise RuntimeError(reason)


def call_failing(ctx: task.OrchestrationContext, names: list[str]):
    try:
        yield ctx.call_sub_orchestrator(
            wait_and_fail, input="broken on purpose", instance_id=names[0])
    except task.TaskFailedError as error:
        details = error.details
        return [details.message, details.error_type, bool(details.stack_trace)]
    return None


def fail_unheard(ctx: task.OrchestrationContext, child: str):
    yield ctx.call_sub_orchestrator(wait_and_fail, input="nobody cares", instance_id=child)


def child_has_the_given_id(context: Context) -> None:
    child = fresh_id("child")
    instance = context.start(call_double_by_id, input=child)
    CHECKPOINT.until_held(child)
    context.in_flight()
    equal(context.output(instance), 20)
    state = context.ended(child, OrchestrationStatus.COMPLETED)
    equal([state.name, state.get_input(), state.get_output()], ["double", 10, 20], "the child")


def child_without_id_gets_one_from_its_parent(context: Context) -> None:
    instance = context.start(call_double, input=30)
    child = f"{instance}:0001"  # how this client names the child of its first action
    CHECKPOINT.until_held(child)
    context.in_flight()
    equal(context.output(instance), 60)
    equal(context.output(child), 60, "output of the child")


def id_of_an_ended_child_is_used_again(context: Context) -> None:
    child = fresh_id("again")
    instance = context.start(call_twice, input=child)
    CHECKPOINT.until_held(child)
    context.in_flight()
    equal(context.output(instance), [6, 40])
    equal(context.output(child), 40, "output of the second child")


def fan_out_of_children(context: Context) -> None:
    children = [fresh_id("many") for _ in range(CHILDREN)]
    instance = context.start(double_many, input=children)
    for number in range(0, CHILDREN, 10):
        CHECKPOINT.until_held(children[number])
    context.in_flight()
    equal(context.output(instance), [2 * n for n in range(CHILDREN)])


def tree_of_children(context: Context) -> None:
    instance = context.start(tree, input=3)
    CHECKPOINT.until_held(f"{instance}:0001:0002:0001")
    context.in_flight()
    equal(context.output(instance), 15, "instances in the tree")


def child_failure_reaches_the_parent(context: Context) -> None:
    child = fresh_id("failing")
    instance = context.start(call_failing, input=[child])
    CHECKPOINT.until_held(child)
    context.in_flight()
    message, error_type, has_stack = context.output(instance)
    equal([message, error_type.rsplit(".", 1)[-1], has_stack],
          ["broken on purpose", "RuntimeError", True])
    equal(context.failure(child).message, "broken on purpose", "failure of the child")


def child_failure_fails_the_parent(context: Context) -> None:
    child = fresh_id("failing")
    instance = context.start(fail_unheard, input=child)
    CHECKPOINT.until_held(child)
    context.in_flight()
    details = context.failure(instance)
    assert "nobody cares" in details.message, details
    equal(details.inner_failure.message, "nobody cares", "message of the inner failure")
