# One orchestration for each kind of history, under its own name. All are started before the
# worker is, so that what they are told first does not depend on who is faster.

from datetime import datetime, timezone

BROKEN = set()


class OrderLost(Exception):
    pass


def square(ctx, number):
    return number * number


def give_nothing(ctx, _):
    return None


def break_down(ctx, order):
    try:
        raise KeyError(order)
    except KeyError as cause:
        raise OrderLost(f"order {order} is lost") from cause


def break_twice(ctx, name):
    """Fails twice for each name."""
    if f"{name} 2" in BROKEN:
        return f"{name} works"
    BROKEN.add(f"{name} 2" if f"{name} 1" in BROKEN else f"{name} 1")
    raise RuntimeError(f"{name} is broken")


def fan_out(ctx: task.OrchestrationContext, count):
    squares = yield task.when_all(
        [ctx.call_activity("square", input=number) for number in range(count)])
    return sum(squares)


def child(ctx: task.OrchestrationContext, number):
    result = yield ctx.call_activity("square", input=number)
    return {"squared": result}


def eldest(ctx: task.OrchestrationContext, number):
    result = yield ctx.call_activity("square", input=number)
    return {"squared": result}


def family(ctx: task.OrchestrationContext, numbers):
    first = yield ctx.call_sub_orchestrator("eldest", input=numbers[0], instance_id="eldest")
    others = yield task.when_all(
        [ctx.call_sub_orchestrator("child", input=number) for number in numbers[1:]])
    return [first, *others]


def timers(ctx: task.OrchestrationContext, _):
    yield ctx.create_timer(timedelta(milliseconds=30))
    slow = ctx.create_timer(timedelta(days=2))
    fast = ctx.create_timer(timedelta(milliseconds=20))
    winner = yield task.when_any([slow, fast])
    return "fast" if winner is fast else "slow"


def events(ctx: task.OrchestrationContext, _):
    first = yield ctx.wait_for_external_event("Item")
    second = yield ctx.wait_for_external_event("Item")
    done = yield ctx.wait_for_external_event("Done")
    return [first, second, done]


def generations(ctx: task.OrchestrationContext, left):
    if left == 0:
        word = yield ctx.wait_for_external_event("Word")
        return word
    yield ctx.create_timer(timedelta(milliseconds=10))
    ctx.continue_as_new(left - 1, save_events=True)


def failing_child(ctx: task.OrchestrationContext, order):
    result = yield ctx.call_activity("break_down", input=order)
    return result


def failing(ctx: task.OrchestrationContext, order):
    result = yield ctx.call_sub_orchestrator("failing_child", input=order)
    return result


def caught(ctx: task.OrchestrationContext, order):
    try:
        yield ctx.call_activity("break_down", input=order)
    except task.TaskFailedError as error:
        return error.details.message


def retried(ctx: task.OrchestrationContext, name):
    policy = task.RetryPolicy(
        first_retry_interval=timedelta(milliseconds=20), max_number_of_attempts=3,
        backoff_coefficient=2)
    result = yield ctx.call_activity("break_twice", input=name, retry_policy=policy)
    return result


def nothing(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity("give_nothing", input=value)
    return result


def account(ctx, amount):
    if ctx.operation == "melt":
        raise ValueError("accounts do not melt")
    ctx.set_state(ctx.get_state(int, 0) + (amount or 0))
    return ctx.get_state(int, 0)


def entities(ctx: task.OrchestrationContext, amount):
    tea = EntityInstanceId("account", "tea")
    ctx.signal_entity(tea, "add", amount)
    before = yield ctx.call_entity(tea, "get")
    with (yield ctx.lock_entities([tea])):
        left = yield ctx.call_entity(tea, "add", -1)
    try:
        yield ctx.call_entity(tea, "melt")
    except Exception:
        return [before, left]


def locks(ctx: task.OrchestrationContext, amount):
    """This client unlocks several in any order."""
    left, right = EntityInstanceId("account", "left"), EntityInstanceId("account", "right")
    with (yield ctx.lock_entities([right, left])):
        taken = yield ctx.call_entity(left, "add", -amount)
        given = yield ctx.call_entity(right, "add", amount)
    return [taken, given]


def suspended(ctx: task.OrchestrationContext, _):
    ctx.set_custom_status("waiting")
    go = yield ctx.wait_for_external_event("Go")
    result = yield ctx.call_activity("square", input=go)
    return result


def terminated(ctx: task.OrchestrationContext, _):
    yield ctx.call_activity("square", input=2)
    ctx.set_custom_status("waiting")
    yield ctx.wait_for_external_event("Never")


def custom_status(ctx: task.OrchestrationContext, steps):
    for step in range(steps):
        ctx.set_custom_status({"step": step, "of": steps})
        yield ctx.call_activity("square", input=step, tags={"step": str(step)})
    ctx.set_custom_status("„done“")
    return None


def sends(ctx: task.OrchestrationContext, to):
    ctx.send_event(to, "Greeting", data={"hello": "world"})
    ctx.send_event(to, "Nothing")
    return "sent"


def rewound(ctx: task.OrchestrationContext, name):
    first = yield ctx.call_activity("square", input=3)
    for _ in range(2):
        result = yield ctx.call_activity("break_twice", input=name)
    return [first, result]


INPUTS = dict(
    fan_out=6, family=[2, 3, 4], timers=None, events=None, generations=2, failing="o-1",
    caught="o-2", retried="tap", nothing=None, entities=7, locks=3, sends="nobody", suspended=None,
    terminated=None, custom_status=3, rewound="pipe")



def options_of(name):
    if name == "custom_status":
        return dict(tags={"team": "tea", "": ""}, version="1.2")
    if name == "timers":
        # A time that is past when the call arrives would not be kept.
        return dict(start_at=datetime.now(timezone.utc) + timedelta(seconds=1))
    return {}


for name, value in INPUTS.items():
    client.schedule_new_orchestration(name, input=value, instance_id=name, **options_of(name))
for name, value in (("Item", {"n": 1}), ("item", None), ("DONE", "yes")):
    client.raise_orchestration_event("events", name, data=value)
client.raise_orchestration_event("generations", "Word", data="kept")

worker = worker_of(
    orchestrators=[
        fan_out, child, eldest, family, sends, timers, events, generations, failing_child, failing,
        caught, retried, nothing, entities, locks, suspended, terminated, custom_status, rewound],
    activities=[square, give_nothing, break_down, break_twice], entities=[account])
with worker:
    worker.start()
    has_status("suspended", "waiting")
    client.suspend_orchestration("suspended", reason="lunch")
    client.raise_orchestration_event("suspended", "Go", data=5)
    client.resume_orchestration("suspended", reason="coffee is over")
    has_status("terminated", "waiting")
    client.terminate_orchestration("terminated", output={"why": "enough"})
    for reason in ("the pipe leaks", "it leaks again"):
        ended("rewound")
        client.rewind_orchestration("rewound", reason=reason)
    for name in INPUTS:
        tell(name)
