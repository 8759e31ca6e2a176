# Each side calls an activity and a child of the other, with a value that goes through both, and
# an activity that fails.

PAYLOAD = json.loads(r'''@PAYLOAD@''')


def python_echo(ctx, value):
    return value


def python_fails(ctx, value):
    raise ValueError(f"python cannot do {value}")


def python_child(ctx: task.OrchestrationContext, value):
    result = yield ctx.call_activity("python_echo", input=value)
    return {"child": result}


def python_calls_rust(ctx: task.OrchestrationContext, value):
    echo = yield ctx.call_activity("RustEcho", input=value)
    child = yield ctx.call_sub_orchestrator("RustChild", input=value)
    try:
        yield ctx.call_activity("RustFails", input="sums")
    except task.TaskFailedError as error:
        failure = [error.details.error_type, error.details.message]
    return [echo, child, failure]


worker = worker_of(
    orchestrators=[python_child, python_calls_rust], activities=[python_echo, python_fails])
with worker:
    worker.start()
    for name in ("python_calls_rust", "RustCallsPython"):
        client.schedule_new_orchestration(name, input=PAYLOAD, instance_id=name)
        tell(name)
