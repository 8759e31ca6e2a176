"""Queries of entities: pages, prefixes, times, with and without state."""

from datetime import datetime, timedelta, timezone

from durabletask.client import EntityQuery
from durabletask.entities import EntityContext, EntityInstanceId

from context import Context
from registry import Registry
from support import CallCounter, equal, fresh_id, until

ENTITIES = 5
PAGE = 2


def register(registry: Registry) -> None:
    registry.entity(shelf, shelf_2)
    registry.first(
        "entity query and paging", entity_query_pages_until_the_end,
        entity_query_takes_prefixes_literally, entity_query_shows_state_if_asked,
        entity_query_by_time, entity_query_leaves_out_what_has_no_state)
    registry.second("entity query and paging", entities_are_found_after_the_restart)


def shelf(ctx: EntityContext, content):
    ctx.set_state(None if ctx.operation == "clear" else content)


def shelf_2(ctx: EntityContext, content):
    ctx.set_state(content)


def fill(context: Context, prefix: str, count: int = ENTITIES) -> list[str]:
    entities = [EntityInstanceId("shelf", f"{prefix}-{n}") for n in range(count)]
    for number, entity in enumerate(entities):
        context.client.signal_entity(entity, "fill", number)
    for number, entity in enumerate(entities):
        context.until_state(entity, number)
    return [str(entity) for entity in entities]


def found(context: Context, **query) -> list[str]:
    return [str(e.id) for e in context.client.get_all_entities(EntityQuery(**query))]


def entity_query_pages_until_the_end(context: Context) -> None:
    prefix = fresh_id("pages")
    ids = fill(context, prefix)
    for count, pages in ((ENTITIES, 3), (4, 2)):
        counter = CallCounter()
        with context.new_client(interceptors=[counter]) as client:
            entities = client.get_all_entities(EntityQuery(
                instance_id_starts_with=f"@shelf@{prefix}-", page_size=PAGE))
        equal([str(e.id) for e in entities], ids, "entities of all pages in order")
        equal(counter.calls["QueryEntities"], pages, f"pages of {PAGE} for {count}")
        gone = EntityInstanceId.parse(ids.pop())
        context.client.signal_entity(gone, "clear")
        until(lambda: context.client.get_entity(gone) is None, f"{gone} is gone")


def entity_query_takes_prefixes_literally(context: Context) -> None:
    prefix = fresh_id("literal")
    keys = [f"{prefix}_a%b", f"{prefix}xa%b", f"{prefix}_axb", f"{prefix.upper()}_a%b"]
    for key in keys:
        context.client.signal_entity(EntityInstanceId("shelf_2", key), "fill", 1)
        context.until_state(EntityInstanceId("shelf_2", key), 1)
    equal(found(context, instance_id_starts_with=f"@shelf_2@{prefix}_a%"),
          [f"@shelf_2@{keys[0]}"], "_ and % stand for themselves, case counts")
    equal(len(found(context, instance_id_starts_with=f"@shelf_2@{prefix}")), 3, "by key")
    assert not found(context, instance_id_starts_with=f"@shelf@{prefix}"), "another name"


def entity_query_shows_state_if_asked(context: Context) -> None:
    prefix = fresh_id("state")
    fill(context, prefix, 2)
    for include, states in ((True, [0, 1]), (False, [None, None])):
        entities = context.client.get_all_entities(EntityQuery(
            instance_id_starts_with=f"@shelf@{prefix}", include_state=include))
        equal([e.get_typed_state() for e in entities], states, f"states, asked: {include}")
        equal([(e.backlog_queue_size, e.get_locked_by()) for e in entities], [(0, None)] * 2)


def entity_query_by_time(context: Context) -> None:
    prefix = fresh_id("time")
    ids = fill(context, prefix, 3)
    middle = context.entity(EntityInstanceId.parse(ids[1])).last_modified

    def between(**window) -> list[str]:
        return found(context, instance_id_starts_with=f"@shelf@{prefix}", **window)

    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    equal(between(last_modified_from=now - hour, last_modified_to=now + hour), ids)
    equal(between(last_modified_from=now + hour), [])
    equal(between(last_modified_to=now - hour), [])
    late = between(last_modified_from=middle)
    assert ids[1] in late and set(late) <= set(ids), f"from {middle}: {late}"
    assert ids[1] not in between(last_modified_to=middle), "to is exclusive"


def entity_query_leaves_out_what_has_no_state(context: Context) -> None:
    prefix = fresh_id("empty")
    ids = fill(context, prefix, 3)
    gone = EntityInstanceId.parse(ids[1])
    context.client.signal_entity(gone, "clear")
    until(lambda: context.client.get_entity(gone) is None, f"{gone} is gone")
    equal(found(context, instance_id_starts_with=f"@shelf@{prefix}"), [ids[0], ids[2]])


def entities_are_found_after_the_restart(context: Context) -> None:
    prefix = fresh_id("found")
    ids = fill(context, prefix)
    context.past_checkpoint()
    equal(found(context, instance_id_starts_with=f"@shelf@{prefix}", page_size=PAGE), ids)
    equal([context.entity_state(EntityInstanceId.parse(i)) for i in ids], list(range(ENTITIES)))
