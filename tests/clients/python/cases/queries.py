"""Queries: pages, filters, what they show, and the list of ended instances."""

from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationQuery, OrchestrationStatus

from support import CallCounter, Context, Registry, equal, fresh_id

INSTANCES = 5
PAGE = 2


def register(registry: Registry) -> None:
    registry.orchestrator(quick, fail_quickly, linger)
    registry.case(query_pages_until_the_end)
    registry.case(query_by_status)
    registry.case(query_by_time)
    registry.case(query_blanks_payloads_unless_asked,
                  beyond_plain="the in-memory backend shows the custom status unasked")
    registry.case(list_ids_pages_until_the_end)
    registry.case(unknown_instance_is_none)


def quick(_: task.OrchestrationContext, value):
    return value


def fail_quickly(ctx: task.OrchestrationContext, reason: str):
    ctx.set_custom_status("about to fail")
    raise ValueError(reason)


def linger(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Go")


def ids_of(states) -> list[str]:
    return [state.instance_id for state in states]


def start_some(context: Context, prefix: str, count: int = INSTANCES) -> list[str]:
    ids = [context.start(quick, input=n, instance_id=f"{prefix}-{n}") for n in range(count)]
    for instance in ids:
        context.output(instance)
    return ids


def query_pages_until_the_end(context: Context) -> None:
    prefix = fresh_id("page")
    ids = start_some(context, prefix)
    for count, pages in [(INSTANCES, 3), (4, 2)]:
        counter = CallCounter()
        with context.new_client(interceptors=[counter]) as client:
            found = client.get_all_orchestration_states(OrchestrationQuery(
                instance_id_prefix=f"{prefix}-", max_instance_count=PAGE))
        equal(sorted(ids_of(found)), sorted(ids), "instances of all pages")
        equal(counter.calls["QueryInstances"], pages, f"pages of {PAGE} for {count}")
        if not context.plain:
            equal(ids_of(found), ids, "oldest first")
        context.client.purge_orchestration(ids.pop())


def query_by_status(context: Context) -> None:
    prefix = fresh_id("status")
    start_some(context, prefix, 2)
    failed = context.start(fail_quickly, input="on purpose", instance_id=f"{prefix}-failed")
    context.ended(failed, OrchestrationStatus.FAILED)
    alive = context.start(linger, instance_id=f"{prefix}-alive")
    context.running(alive)

    def with_status(*statuses: OrchestrationStatus) -> list[str]:
        return sorted(ids_of(context.client.get_all_orchestration_states(OrchestrationQuery(
            instance_id_prefix=prefix, runtime_status=list(statuses) or None))))

    equal(with_status(OrchestrationStatus.FAILED), [failed])
    equal(with_status(OrchestrationStatus.RUNNING), [alive])
    equal(with_status(OrchestrationStatus.RUNNING, OrchestrationStatus.FAILED),
          sorted([alive, failed]))
    equal(len(with_status()), 4, "without a status filter")
    equal(with_status(OrchestrationStatus.SUSPENDED), [])
    context.client.raise_orchestration_event(alive, "Go")


def query_by_time(context: Context) -> None:
    prefix = fresh_id("time")
    ids = start_some(context, prefix, 3)
    middle = context.client.get_orchestration_state(ids[1]).created_at

    def between(**window) -> list[str]:
        return sorted(ids_of(context.client.get_all_orchestration_states(
            OrchestrationQuery(instance_id_prefix=prefix, **window))))

    equal(between(created_time_from=middle), ids[1:], "from is inclusive")
    if not context.plain:  # its clock gives one time to several
        equal(between(created_time_to=middle), ids[:1], "to is exclusive")
    equal(between(created_time_from=middle + timedelta(days=1)), [])
    equal(between(created_time_from=middle - timedelta(days=1),
                  created_time_to=middle + timedelta(days=1)), ids)


def query_blanks_payloads_unless_asked(context: Context) -> None:
    prefix = fresh_id("blank")
    done = context.start(quick, input="secret", instance_id=f"{prefix}-1")
    context.output(done)
    failed = context.start(fail_quickly, input="secret", instance_id=f"{prefix}-2")
    context.ended(failed, OrchestrationStatus.FAILED)

    def both(fetch: bool):
        states = context.client.get_all_orchestration_states(OrchestrationQuery(
            instance_id_prefix=prefix, fetch_inputs_and_outputs=fetch))
        return sorted(states, key=lambda state: state.instance_id)

    blank = both(False) + [context.client.get_orchestration_state(failed, fetch_payloads=False)]
    for state in blank:
        shown = [state.serialized_input, state.serialized_output, state.serialized_custom_status]
        equal(shown, [None, None, None], f"payloads of {state.instance_id}")
        assert state.failure_details is None, "failure details shown without being asked"
    full_done, full_failed = both(True)
    equal([full_done.get_input(), full_done.get_output()], ["secret", "secret"])
    equal(full_failed.get_custom_status(), "about to fail")
    assert "secret" in full_failed.failure_details.message, full_failed.failure_details


def list_ids_pages_until_the_end(context: Context) -> None:
    prefix = fresh_id("list")
    began = context.client.get_orchestration_state(start_some(context, f"{prefix}-early", 1)[0])
    ids = start_some(context, prefix)
    alive = context.start(linger, instance_id=f"{prefix}-alive")
    context.running(alive)
    found: list[str] = []
    token = None
    while True:
        page = context.client.list_instance_ids(
            runtime_status=[OrchestrationStatus.COMPLETED], page_size=PAGE,
            completed_time_from=began.last_updated_at, continuation_token=token)
        assert len(page.items) <= PAGE, page
        found += page.items
        token = page.continuation_token
        if not page.items or not token:
            break
    equal(sorted(i for i in found if i in ids), ids, "the ended instances of all pages")
    equal(len(found), len(set(found)), "each once")
    assert alive not in found, "a running instance was listed"
    context.client.raise_orchestration_event(alive, "Go")


def unknown_instance_is_none(context: Context) -> None:
    missing = fresh_id("missing")
    assert context.client.get_orchestration_state(missing) is None
    if context.plain:  # which waits for the instance to be created
        return
    assert context.client.wait_for_orchestration_start(missing, timeout=5) is None
    assert context.client.wait_for_orchestration_completion(missing, timeout=5) is None
    equal(context.client.get_orchestration_history(missing), [])
