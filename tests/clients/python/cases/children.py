"""Sub-orchestrations: results, ids, fan-out, failure, and messages between instances."""

from durabletask import task
from durabletask.client import OrchestrationStatus

from support import Context, Registry, equal, fresh_id

CHILDREN = 20


def register(registry: Registry) -> None:
    registry.orchestrator(
        double, call_double, call_double_by_id, double_many, tree, fail_always, call_failing,
        tell_parent_id, wait_for_word, send_word)
    registry.activity(times_two)
    registry.case(child_gives_its_result)
    registry.case(child_has_the_given_id)
    registry.case(fan_out_of_children)
    registry.case(tree_of_children)
    registry.case(child_failure_reaches_the_parent)
    registry.case(child_knows_its_parent, beyond_plain="the in-memory backend keeps no parent")
    registry.case(event_from_one_instance_to_another)


def times_two(_: task.ActivityContext, number: int) -> int:
    return number * 2


def double(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_activity(times_two, input=number)
    return result


def call_double(ctx: task.OrchestrationContext, number: int):
    result = yield ctx.call_sub_orchestrator(double, input=number)
    return result


def call_double_by_id(ctx: task.OrchestrationContext, child: str):
    result = yield ctx.call_sub_orchestrator(double, input=4, instance_id=child)
    return result


def double_many(ctx: task.OrchestrationContext, count: int):
    results = yield task.when_all(
        [ctx.call_sub_orchestrator(double, input=n) for n in range(count)])
    return results


def tree(ctx: task.OrchestrationContext, depth: int):
    if depth == 0:
        return 1
    below = yield task.when_all(
        [ctx.call_sub_orchestrator(tree, input=depth - 1) for _ in range(2)])
    return 1 + sum(below)


def fail_always(_: task.OrchestrationContext, reason: str):
    raise RuntimeError(reason)


def call_failing(ctx: task.OrchestrationContext, reason: str):
    try:
        yield ctx.call_sub_orchestrator(fail_always, input=reason)
    except task.TaskFailedError as error:
        return error.details.message
    return None


def tell_parent_id(ctx: task.OrchestrationContext, deep: bool):
    if not deep:
        return ctx.parent_instance_id
    result = yield ctx.call_sub_orchestrator(tell_parent_id, input=False)
    return [ctx.parent_instance_id, result]


def wait_for_word(ctx: task.OrchestrationContext, _):
    word = yield ctx.wait_for_external_event("Word")
    return word


def send_word(ctx: task.OrchestrationContext, target: str):
    ctx.send_event(target, "Word", data={"from": ctx.instance_id})
    ctx.send_event(fresh_id_of(ctx), "Word", data="into the void")
    return "sent"


def fresh_id_of(ctx: task.OrchestrationContext) -> str:
    return f"nobody-{ctx.instance_id}"


def child_gives_its_result(context: Context) -> None:
    equal(context.output(context.start(call_double, input=21)), 42)


def child_has_the_given_id(context: Context) -> None:
    child = fresh_id("child")
    equal(context.output(context.start(call_double_by_id, input=child)), 8)
    state = context.ended(child, OrchestrationStatus.COMPLETED)
    equal(state.name, "double", "name of the child")
    equal(state.get_output(), 8, "output of the child")


def fan_out_of_children(context: Context) -> None:
    instance = context.start(double_many, input=CHILDREN)
    equal(context.output(instance), [2 * n for n in range(CHILDREN)])


def tree_of_children(context: Context) -> None:
    equal(context.output(context.start(tree, input=3)), 15, "instances in the tree")


def child_failure_reaches_the_parent(context: Context) -> None:
    message = context.output(context.start(call_failing, input="broken on purpose"))
    assert "broken on purpose" in message, message


def child_knows_its_parent(context: Context) -> None:
    instance = context.start(tell_parent_id, input=True)
    equal(context.output(instance), [None, instance])


def event_from_one_instance_to_another(context: Context) -> None:
    target = context.start(wait_for_word)
    context.running(target)
    sender = context.start(send_word, input=target)
    equal(context.output(sender), "sent")
    equal(context.output(target), {"from": sender})
