# A worker for orchestrations that were started before it, until all of them have ended.

IDS = json.loads(r'''@IDS@''')


class OrderLost(Exception):
    pass


def python_echo(ctx, value):
    return value


def python_breaks(ctx, order):
    try:
        raise KeyError(order)
    except KeyError as cause:
        raise OrderLost(f"order {order} is lost") from cause


def python_child(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity("python_echo", input=value)
    return {"child": result}


def python_returns(ctx: task.OrchestrationContext, value):
    """The value, and what Rust makes of it."""
    echo = yield ctx.call_activity("RustEcho", input=value)
    child = yield ctx.call_sub_orchestrator("RustChild", input=value)
    return [value, echo, child]


def python_catches(ctx: task.OrchestrationContext, value):
    try:
        yield ctx.call_activity("RustEcho", input=value)
    except task.TaskFailedError as error:
        return told(error.details)


def python_parent(ctx: task.OrchestrationContext, names):
    """Calls the first with the others; the last is an activity. What fails is not caught."""
    name, *others = names
    if others:
        result = yield ctx.call_sub_orchestrator(name, input=others)
    else:
        result = yield ctx.call_activity(name, input="o-1")
    return result


def python_waits(ctx: task.OrchestrationContext, names):
    payloads = []
    for name in names:
        ctx.set_custom_status({"waits for": name})
        payloads.append((yield ctx.wait_for_external_event(name)))
    return payloads


worker = worker_of(
    orchestrators=[
        python_child, python_returns, python_catches, python_parent, python_waits],
    activities=[python_echo, python_breaks])
with worker:
    worker.start()
    for instance in IDS:
        tell(instance)
