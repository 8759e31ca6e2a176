"""Queries: pages, filters, what they show, and the list of ended instances."""

from datetime import timedelta

from durabletask import task
from durabletask.client import OrchestrationQuery, OrchestrationStatus

from context import Context
from registry import Functions, Registry
from support import CallCounter, equal, fresh_id

INSTANCES = 5
PAGE = 2


def register(registry: Registry) -> None:
    registry.orchestrator(quick, fail_quickly, linger)
    registry.first(
        "query and list with paging", query_pages_until_the_end, query_by_time,
        list_ids_pages_until_the_end, list_ids_within_a_window, unknown_instance_is_none)
    registry.second(
        "query and list with paging", query_by_status, query_blanks_payloads_unless_asked,
        page_token_outlives_the_restart, task_hubs_are_separate)


def quick(_: task.OrchestrationContext, value):
    return value


def fail_quickly(ctx: task.OrchestrationContext, reason: str):
    ctx.set_custom_status("about to fail")
    raise ValueError(reason)


def linger(ctx: task.OrchestrationContext, _):
    yield ctx.wait_for_external_event("Go")


OWN = Functions()
OWN.orchestrator(quick, fail_quickly, linger)


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
        equal(ids_of(found), ids, "oldest first")
        context.client.purge_orchestration(ids.pop())


def query_by_status(context: Context) -> None:
    prefix = fresh_id("status")
    start_some(context, prefix, 2)
    failed = context.start(fail_quickly, input="on purpose", instance_id=f"{prefix}-failed")
    context.failure(failed)
    alive = context.start(linger, instance_id=f"{prefix}-alive")
    context.running(alive)

    def with_status(*statuses: OrchestrationStatus) -> list[str]:
        return sorted(ids_of(context.client.get_all_orchestration_states(OrchestrationQuery(
            instance_id_prefix=prefix, runtime_status=list(statuses) or None))))

    def look() -> None:
        equal(with_status(OrchestrationStatus.FAILED), [failed])
        equal(with_status(OrchestrationStatus.RUNNING), [alive])
        equal(with_status(OrchestrationStatus.RUNNING, OrchestrationStatus.FAILED),
              sorted([alive, failed]))
        equal(len(with_status()), 4, "without a status filter")
        equal(with_status(OrchestrationStatus.SUSPENDED), [])

    look()
    context.past_checkpoint()
    look()
    context.client.raise_orchestration_event(alive, "Go")
    context.output(alive)


def query_by_time(context: Context) -> None:
    prefix = fresh_id("time")
    ids = start_some(context, prefix, 3)
    middle = context.state(ids[1]).created_at

    def between(**window) -> list[str]:
        return sorted(ids_of(context.client.get_all_orchestration_states(
            OrchestrationQuery(instance_id_prefix=prefix, **window))))

    equal(between(created_time_from=middle), ids[1:], "from is inclusive")
    equal(between(created_time_to=middle), ids[:1], "to is exclusive")
    equal(between(created_time_from=middle + timedelta(days=1)), [])
    equal(between(created_time_from=middle - timedelta(days=1),
                  created_time_to=middle + timedelta(days=1)), ids)


def query_blanks_payloads_unless_asked(context: Context) -> None:
    prefix = fresh_id("blank")
    done = context.start(quick, input="secret", instance_id=f"{prefix}-1")
    context.output(done)
    failed = context.start(fail_quickly, input="secret", instance_id=f"{prefix}-2")
    context.failure(failed)
    context.past_checkpoint()

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


def list_from(context: Context, token: str | None = None, **filters) -> list[str]:
    """The ids of all pages from the token on."""
    found: list[str] = []
    while True:
        page = context.client.list_instance_ids(
            page_size=PAGE, continuation_token=token, **filters)
        assert len(page.items) <= PAGE, page
        found += page.items
        token = page.continuation_token
        if not page.items or not token:
            return found


def list_ids_pages_until_the_end(context: Context) -> None:
    prefix = fresh_id("list")
    began = context.state(start_some(context, f"{prefix}-early", 1)[0])
    ids = start_some(context, prefix)
    alive = context.start(linger, instance_id=f"{prefix}-alive")
    context.running(alive)
    found = list_from(context, runtime_status=[OrchestrationStatus.COMPLETED],
                      completed_time_from=began.last_updated_at)
    # Each once; what others restart meanwhile may come twice.
    equal(sorted(i for i in found if i in ids), ids, "the ended instances of all pages")
    assert alive not in found, "a running instance was listed"
    context.client.raise_orchestration_event(alive, "Go")


def list_ids_within_a_window(context: Context) -> None:
    with context.hub("window") as hub, hub.worker(OWN):
        ids = start_some(hub, fresh_id("window"))
        failed = hub.start(fail_quickly, input="on purpose")
        hub.failure(failed)
        ended = {i: hub.state(i).last_updated_at for i in [*ids, failed]}
        in_order = sorted(ended, key=ended.get)
        equal(list_from(hub), in_order, "in the order of their ends")
        equal(list_from(hub, runtime_status=[OrchestrationStatus.FAILED]), [failed])
        equal(list_from(hub, completed_time_from=ended[in_order[2]]), in_order[2:], "from")
        equal(list_from(hub, completed_time_to=ended[in_order[0]] - timedelta(seconds=1)), [])


def page_token_outlives_the_restart(context: Context) -> None:
    with context.hub("tokens") as hub, hub.worker(OWN):
        ids = start_some(hub, fresh_id("token"))
        first = hub.client.list_instance_ids(page_size=PAGE)
        equal(len(first.items), PAGE, "items of the first page")
        hub.past_checkpoint()
        found = first.items + list_from(hub, first.continuation_token)
        equal(sorted(found), ids, "the ended instances of all pages")


def unknown_instance_is_none(context: Context) -> None:
    missing = fresh_id("missing")
    assert context.client.get_orchestration_state(missing) is None
    assert context.client.wait_for_orchestration_start(missing, timeout=5) is None
    assert context.client.wait_for_orchestration_completion(missing, timeout=5) is None
    equal(context.client.get_orchestration_history(missing), [])


def task_hubs_are_separate(context: Context) -> None:
    instance = context.start(quick, input="here")
    context.output(instance)
    context.past_checkpoint()
    with context.hub("elsewhere") as elsewhere:
        assert elsewhere.client.get_orchestration_state(instance) is None, "seen elsewhere"
        equal(elsewhere.client.get_all_orchestration_states(), [])
    equal(context.output(instance), "here")
