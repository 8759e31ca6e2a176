// Queries for instances and the list of ended ones, on a hub of its own.

import { OrchestrationStatus } from "@microsoft/durabletask-js";

import { persistently } from "../hub.mjs";
import { check, equal, freshId, nameInRun, range, refused } from "../support.mjs";

const BEHAVIOUR = "query and list with paging";

const HOUR_MS = 3_600_000;

export function register(registry) {
  registry.first(BEHAVIOUR, queryInPagesOfAnySize);
  registry.first(BEHAVIOUR, queryByStatus);
  registry.first(BEHAVIOUR, queryByTimeOfCreation);
  registry.first(BEHAVIOUR, queryShowsPayloadsOnRequest);
  registry.first(BEHAVIOUR, queryByTaskHub);
  registry.first(BEHAVIOUR, listOfEndedInstances);
  registry.second(BEHAVIOUR, queryPagesGoOnAfterTheHalf);
}

let starting;

/** The hub of these cases with its worker, which is started once. */
async function ownHub(t) {
  const hub = t.hubNamed("queries");
  starting ??= hub.startWorker({
    orchestrators: {
      [nameInRun("give")]: async (_, input) => input,
      [nameInRun("fail")]: async () => {
        throw new Error("failed for the query");
      },
      [nameInRun("wait")]: async function* waitForWord(ctx) {
        ctx.setCustomStatus("waiting");
        return yield ctx.waitForExternalEvent("Word");
      },
    },
  });
  await starting;
  return hub;
}

/** Ended instances, started one after the other, under ids of one prefix. */
async function ended(hub, prefix, count) {
  const ids = [];
  for (const number of range(count)) {
    const id = `${prefix}${9 - number}`;
    await hub.run(nameInRun("give"), number, { instanceId: id });
    ids.push(id);
  }
  return ids;
}

async function idsOf(hub, filter) {
  const ids = [];
  for await (const state of hub.client.getAllInstances(filter)) {
    ids.push(state.instanceId);
  }
  return ids;
}

async function pagesOf(pageable) {
  const pages = [];
  for await (const page of pageable) {
    pages.push({ ids: page.values.map((state) => state.instanceId), token: page.continuationToken });
  }
  return pages;
}

async function queryInPagesOfAnySize(t) {
  const hub = await ownHub(t);
  const prefix = freshId("page_");
  const ids = await ended(hub, prefix, 6);
  const filter = { instanceIdPrefix: prefix, pageSize: 2 };
  const pages = await pagesOf(hub.client.getAllInstances(filter).asPages());
  equal(pages.map((page) => page.ids), [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  equal(pages.at(-1).token, undefined, "token of the last page");
  equal(await idsOf(hub, filter), ids, "in order of creation");
  const rest = hub.client.getAllInstances(filter).asPages(pages[0].token, 3);
  equal((await pagesOf(rest)).map((page) => page.ids), [ids.slice(2, 5), ids.slice(5)]);
  const resumed = { ...filter, continuationToken: pages[1].token };
  const [last] = await pagesOf(hub.client.getAllInstances(resumed).asPages());
  equal(last.ids, ids.slice(4), "token in the filter");
  equal(await idsOf(hub, { instanceIdPrefix: `${prefix}none` }), [], "no instance");
  equal(await idsOf(hub, { instanceIdPrefix: prefix.replace("_", "%") }), [], "literal prefix");
  const wrong = { ...filter, continuationToken: "not a token" };
  await refused(() => idsOf(hub, wrong));
}

async function queryByStatus(t) {
  const hub = await ownHub(t);
  const prefix = freshId("status");
  const start = async (name, suffix, options) =>
    hub.start(nameInRun(name), undefined, { instanceId: `${prefix}${suffix}`, ...options });
  const completed = await start("give", "completed");
  const failed = await start("fail", "failed");
  const running = await start("wait", "running");
  const terminated = await start("wait", "terminated");
  const suspended = await start("wait", "suspended");
  const startAt = new Date(Date.now() + HOUR_MS);
  const pending = await start("give", "pending", { startAt });
  for (const instance of [running, terminated, suspended]) {
    await hub.running(instance);
  }
  await hub.client.terminateOrchestration(terminated);
  await hub.client.suspendOrchestration(suspended);
  const { COMPLETED, FAILED, RUNNING, TERMINATED, SUSPENDED, PENDING } = OrchestrationStatus;
  await hub.ended(completed, COMPLETED);
  await hub.ended(failed, FAILED);
  await hub.ended(terminated, TERMINATED);
  const expected = [
    [[COMPLETED], [completed]],
    [[FAILED], [failed]],
    [[RUNNING], [running]],
    [[TERMINATED], [terminated]],
    [[SUSPENDED], [suspended]],
    [[PENDING], [pending]],
    [[COMPLETED, PENDING], [completed, pending]],
    [[], [completed, failed, running, terminated, suspended, pending]],
  ];
  for (const [statuses, ids] of expected) {
    equal(await idsOf(hub, { instanceIdPrefix: prefix, statuses }), ids, `statuses ${statuses}`);
  }
  for (const instance of [running, suspended, pending]) {
    await hub.client.terminateOrchestration(instance);
  }
}

async function queryByTimeOfCreation(t) {
  const hub = await ownHub(t);
  const prefix = freshId("time");
  const ids = await ended(hub, prefix, 3);
  const times = await Promise.all(ids.map(async (id) => (await hub.state(id)).createdAt.getTime()));
  const query = (from, to) =>
    idsOf(hub, {
      instanceIdPrefix: prefix,
      createdFrom: from && new Date(from),
      createdTo: to && new Date(to),
    });
  check(times[0] < times[1] && times[1] < times[2], `times of creation are ${times}`);
  equal(await query(times[0]), ids, "from the first");
  equal(await query(times[1]), ids.slice(1), "from the second");
  equal(await query(undefined, times[2]), ids.slice(0, 2), "to the third");
  equal(await query(times[1], times[2]), ids.slice(1, 2), "from the second to the third");
  equal(await query(times[2] + 1), [], "after all of them");
  equal(await query(undefined, times[0]), [], "before all of them");
}

async function queryShowsPayloadsOnRequest(t) {
  const hub = await ownHub(t);
  const instanceIdPrefix = freshId("payload");
  const tags = { of: "query" };
  const ids = ["a", "b"].map((suffix) => `${instanceIdPrefix}${suffix}`);
  await hub.start(nameInRun("wait"), { the: "input" }, { instanceId: ids[0], tags });
  await hub.start(nameInRun("fail"), 2, { instanceId: ids[1] });
  await hub.running(ids[0]);
  await hub.ended(ids[1], OrchestrationStatus.FAILED);
  const look = async (fetchInputsAndOutputs) => {
    const found = [];
    const filter = { instanceIdPrefix, fetchInputsAndOutputs };
    for await (const state of hub.client.getAllInstances(filter)) {
      found.push(state);
    }
    return found;
  };
  const [waiting, failed] = await look(true);
  equal(waiting, await hub.state(ids[0]), "the same state as by id");
  equal(failed, await hub.state(ids[1]), "the same state as by id");
  equal([waiting.serializedInput, waiting.serializedCustomStatus], ['{"the":"input"}', '"waiting"']);
  equal(failed.failureDetails.message, "failed for the query");
  const [bare, bareFailed] = await look(false);
  equal([bare.serializedInput, bare.serializedCustomStatus, bare.tags], [undefined, undefined, tags]);
  equal([bareFailed.serializedInput, bareFailed.failureDetails], [undefined, undefined]);
  await hub.raise(ids[0], "Word", "done");
  equal(await hub.output(ids[0]), "done");
}

async function queryByTaskHub(t) {
  const hub = await ownHub(t);
  const prefix = freshId("hub");
  const ids = await ended(hub, prefix, 1);
  const query = (taskHubNames) => idsOf(hub, { instanceIdPrefix: prefix, taskHubNames });
  equal(await query([hub.name]), ids, "this hub");
  equal(await query([t.hub.name]), [], "another hub");
  equal(await query([t.hub.name, hub.name]), ids, "both");
  equal(await idsOf(t.hub, { instanceIdPrefix: prefix }), [], "asked for in another hub");
}

async function listOfEndedInstances(t) {
  const hub = await ownHub(t);
  const prefix = freshId("list");
  const ids = await ended(hub, prefix, 5);
  const alive = await hub.start(nameInRun("wait"), undefined, { instanceId: `${prefix}alive` });
  await hub.running(alive);
  const listed = [];
  const options = { runtimeStatus: [OrchestrationStatus.COMPLETED], pageSize: 3 };
  let lastInstanceKey;
  for (;;) {
    const page = await hub.client.listInstanceIds({ ...options, lastInstanceKey });
    check(page.values.length <= 3, "pages have the asked size at most");
    listed.push(...page.values);
    if (!page.hasMoreResults) {
      break;
    }
    lastInstanceKey = page.continuationToken;
  }
  equal(new Set(listed).size, listed.length, "each is listed once");
  equal(listed.filter((id) => id.startsWith(prefix)), ids, "in order of their ends");
  const first = await hub.state(ids[1]);
  const last = await hub.state(ids[3]);
  const window = await hub.client.listInstanceIds({
    completedTimeFrom: first.lastUpdatedAt,
    completedTimeTo: last.lastUpdatedAt,
  });
  equal(window.values.filter((id) => id.startsWith(prefix)), ids.slice(1, 3), "ended in a window");
  const failed = await hub.client.listInstanceIds({ runtimeStatus: [OrchestrationStatus.FAILED] });
  equal(failed.values.filter((id) => id.startsWith(prefix)), [], "failed ones");
  await hub.raise(alive, "Word");
  await hub.output(alive);
}

async function queryPagesGoOnAfterTheHalf(t) {
  const hub = await ownHub(t);
  const prefix = freshId("half");
  const ids = await ended(hub, prefix, 5);
  const pageable = hub.client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 2 });
  const page = async (token) => (await pageable.asPages(token)[Symbol.asyncIterator]().next()).value;
  const first = await page();
  const listed = await hub.client.listInstanceIds({ pageSize: 1 });
  await t.halfway();
  const second = await persistently(() => page(first.continuationToken));
  const third = await persistently(() => page(second.continuationToken));
  const pages = [first, second, third].map((it) => it.values.map((state) => state.instanceId));
  equal(pages, [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  const lastInstanceKey = listed.continuationToken;
  const next = await persistently(() => hub.client.listInstanceIds({ pageSize: 1, lastInstanceKey }));
  check(next.values.length === 1 && next.values[0] !== listed.values[0], "the list goes on");
}
