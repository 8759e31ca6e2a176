// Queries for entities: prefixes, pages, times, and what they show.

import { EntityInstanceId } from "@microsoft/durabletask-js";

import { persistently } from "../hub.mjs";
import { check, equal, freshId, nameInRun, range } from "../support.mjs";

const BEHAVIOUR = "entity query and paging";

export function register(registry) {
  registry.entity("Box", box);
  registry.orchestrator(fill);
  registry.first(BEHAVIOUR, queryByPrefixInPages);
  registry.first(BEHAVIOUR, prefixesAreTakenLiterally);
  registry.first(BEHAVIOUR, queryByTimeOfChange);
  registry.first(BEHAVIOUR, queryShowsNoOtherKinds);
  registry.first(BEHAVIOUR, cleaningFindsNothingToDo);
  registry.second(BEHAVIOUR, pagesGoOnAfterTheHalf);
}

function box() {
  return {
    run(operation) {
      operation.state.setState(operation.name === "empty" ? null : operation.getInput());
    },
  };
}

async function* fill(ctx, contents) {
  for (const [id, value] of contents) {
    yield ctx.entities.callEntity(id, "put", value);
  }
}

function boxes(keys) {
  return keys.map((key) => new EntityInstanceId(nameInRun("Box"), key));
}

/** Fills boxes of these keys, whose states are their positions. */
async function filled(hub, keys) {
  const ids = boxes(keys);
  await hub.run(fill, ids.map((id, index) => [id, index]));
  return ids.map(String);
}

async function all(pageable) {
  const found = [];
  for await (const entity of pageable) {
    found.push(entity);
  }
  return found;
}

async function pages(hub, query) {
  const found = [];
  for await (const page of hub.client.getEntities(query).asPages()) {
    found.push(page.values.map((entity) => entity.id.toString()));
  }
  return found;
}

async function queryByPrefixInPages({ hub }) {
  const key = freshId("page");
  const ids = await filled(hub, range(7).map((number) => `${key}-${number}`));
  const name = nameInRun("Box");
  for (const prefix of [`@${name}@${key}`, `${name.toUpperCase()}@${key}`, `@${name}@${key}-`]) {
    const found = await all(hub.client.getEntities({ instanceIdStartsWith: prefix }));
    equal(found.map((entity) => entity.id.toString()), ids, `entities of ${prefix}`);
    equal(found.map((entity) => entity.state), range(7), "states");
  }
  const query = { instanceIdStartsWith: `@${name}@${key}`, pageSize: 3 };
  equal(await pages(hub, query), [ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
  const bare = await all(hub.client.getEntities({ ...query, includeState: false }));
  equal(bare.map((entity) => entity.includesState), range(7).map(() => false), "states unasked for");
  equal(await pages(hub, { instanceIdStartsWith: `@${name}@${key}-9` }), [[]], "no entity");
}

async function prefixesAreTakenLiterally({ hub }) {
  const key = freshId("sign");
  await filled(hub, ["_a", "%a", "xa", "Xa"].map((rest) => `${key}${rest}`));
  for (const rest of ["_", "%", "x", "X"]) {
    const [id] = boxes([`${key}${rest}`]);
    equal(await pages(hub, { instanceIdStartsWith: id.toString() }), [[`${id}a`]]);
  }
}

async function queryByTimeOfChange({ hub }) {
  const key = freshId("time");
  const ids = await filled(hub, [`${key}-1`, `${key}-2`]);
  const prefix = { instanceIdStartsWith: `${nameInRun("Box")}@${key}` };
  const [older, latest] = await all(hub.client.getEntities(prefix));
  equal([older.id.toString(), latest.id.toString()], ids, "in order of their ids");
  check(older.lastModifiedTime <= latest.lastModifiedTime, "times of change in order");
  check(latest.lastModifiedTime <= new Date(), "times of change are not in the future");
  const before = new Date(older.lastModifiedTime.getTime());
  const after = new Date(latest.lastModifiedTime.getTime() + 1);
  const window = { lastModifiedFrom: before, lastModifiedTo: after };
  equal((await pages(hub, { ...prefix, ...window })).flat().length, 2, "within the time");
  equal(await pages(hub, { ...prefix, lastModifiedTo: before }), [[]], "before");
  equal(await pages(hub, { ...prefix, lastModifiedFrom: after }), [[]], "after");
}

async function queryShowsNoOtherKinds({ hub }) {
  const key = freshId("kinds");
  await filled(hub, [`${key}-full`, `${key}-empty`]);
  const [full, empty] = boxes([`${key}-full`, `${key}-empty`]);
  await hub.run(fill, [[empty, null]]);
  const found = await pages(hub, { instanceIdStartsWith: `${nameInRun("Box")}@${key}` });
  equal(found, [[full.toString()]], "only entities with a state");
  for await (const instance of hub.client.getAllInstances({ instanceIdPrefix: "@" })) {
    throw new Error(`an entity is among the instances: ${instance.instanceId}`);
  }
}

/** The server keeps nothing that could be cleaned, so it reports zeros and no token. */
async function cleaningFindsNothingToDo({ hub }) {
  const key = freshId("clean");
  const [kept, emptied] = boxes([`${key}-kept`, `${key}-emptied`]);
  await hub.run(fill, [[kept, "stays"], [emptied, "goes"], [emptied, null]]);
  equal(await hub.client.cleanEntityStorage(), {
    continuationToken: undefined,
    emptyEntitiesRemoved: 0,
    orphanedLocksReleased: 0,
  });
  equal((await hub.entity(kept)).state, "stays");
  equal(await hub.entity(emptied), undefined);
}

async function pagesGoOnAfterTheHalf(t) {
  const key = freshId("half");
  const ids = await filled(t.hub, range(5).map((number) => `${key}-${number}`));
  const query = { instanceIdStartsWith: `${nameInRun("Box")}@${key}`, pageSize: 2 };
  const page = async (token) => {
    const pageable = t.hub.client.getEntities(query).asPages(token);
    return (await pageable[Symbol.asyncIterator]().next()).value;
  };
  const first = await page();
  await t.halfway();
  const second = await persistently(() => page(first.continuationToken));
  const third = await persistently(() => page(second.continuationToken));
  equal(third.continuationToken, undefined, "token of the last page");
  const found = [first, second, third].flatMap((it) => it.values.map(({ id }) => id.toString()));
  equal(found, ids);
}
