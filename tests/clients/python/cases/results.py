"""Results of every kind, and values that are easily lost."""

from datetime import timedelta

from durabletask import task

from checkpoint import CHECKPOINT, give_after_checkpoint
from context import Context
from registry import Registry
from support import equal

VALUES = [0, False, "", [], {}, None, -1.5, "ünï→\u0000\n\"", {"a": [1, {"b": None}]}]


def register(registry: Registry) -> None:
    registry.orchestrator(echo_all, give_list, wait_for_all_kinds)
    registry.activity(echo)
    registry.second(
        "heterogeneous results", values_survive_unchanged, results_of_all_kinds_in_one_wait)


def echo(_: task.ActivityContext, value):
    return value


def echo_all(ctx: task.OrchestrationContext, values: list):
    results = []
    for value in values:
        results.append((yield ctx.call_activity(echo, input=value)))
    late = yield task.when_all(
        [ctx.call_activity(give_after_checkpoint, input=value) for value in values])
    return [results, late]


def give_list(_: task.OrchestrationContext, values: list):
    return values


def wait_for_all_kinds(ctx: task.OrchestrationContext, _):
    results = yield task.when_all([
        ctx.call_activity(give_after_checkpoint, input={"text": "first"}),
        ctx.create_timer(timedelta(milliseconds=20)),
        ctx.call_sub_orchestrator(give_list, input=[None, 0, ""]),
        ctx.wait_for_external_event("Number"),
        ctx.call_activity(echo, input=2.5),
        ctx.wait_for_external_event("Nothing"),
        ctx.call_activity(echo, input=True),
    ])
    return results


def values_survive_unchanged(context: Context) -> None:
    instance = context.start(echo_all, input=VALUES)
    CHECKPOINT.until_held(instance, len(VALUES))
    context.in_flight()
    equal(context.output(instance), [VALUES, VALUES])


def results_of_all_kinds_in_one_wait(context: Context) -> None:
    instance = context.start(wait_for_all_kinds)
    CHECKPOINT.until_held(instance)
    context.past_checkpoint()
    context.client.raise_orchestration_event(instance, "Nothing")
    context.client.raise_orchestration_event(instance, "Number", data=17)
    equal(context.output(instance),
          [{"text": "first"}, None, [None, 0, ""], 17, 2.5, None, True])
