// Purge: what goes, what stays, and how many are counted.

import { OrchestrationStatus, PurgeInstanceCriteria, whenAll } from "@microsoft/durabletask-js";

import { persistently } from "../hub.mjs";
import { equal, freshId, nameInRun, range } from "../support.mjs";

const BY_ID = "purge by id";
const BY_FILTER = "purge by filter";

const { COMPLETED, FAILED, TERMINATED, RUNNING } = OrchestrationStatus;

export function register(registry) {
  registry.orchestrator(giveBackInput, parentOf, stayAlive);
  registry.first(BY_ID, purgeOfOneInstance);
  registry.first(BY_ID, purgeWithAndWithoutChildren);
  registry.first(BY_ID, purgeOfLiveAndUnknownInstances);
  registry.second(BY_ID, purgedInstanceStaysAway);
  registry.first(BY_FILTER, purgeByTimeAndStatus);
  registry.lacking(
    "purge of a batch",
    "purge_of_a_batch",
    "purgeOrchestration takes one id or a filter; this client has no call for a batch of ids",
  );
}

function giveBackInput(_, input) {
  return input;
}

async function* parentOf(ctx, children) {
  const calls = children.map((instanceId) =>
    ctx.callSubOrchestrator(giveBackInput, instanceId, { instanceId }),
  );
  return yield whenAll(calls);
}

async function* stayAlive(ctx) {
  return yield ctx.waitForExternalEvent("Go");
}

async function purged(hub, what, options) {
  return (await hub.client.purgeOrchestration(what, options)).deletedInstanceCount;
}

async function gone(hub, instance) {
  equal(await hub.state(instance), undefined, `state of ${instance}`);
  equal(await hub.history(instance), [], `history of ${instance}`);
  const wait = () => hub.client.waitForOrchestrationCompletion(instance);
  equal(await persistently(wait), undefined, `wait for ${instance}`);
}

async function purgeOfOneInstance({ hub }) {
  const instanceId = freshId("purged");
  for (const input of ["first", "second"]) {
    equal(await hub.run(giveBackInput, input, { instanceId }), input);
    equal(await purged(hub, instanceId), 1, "purged");
    await gone(hub, instanceId);
  }
  equal(await purged(hub, instanceId), 0, "purged again");
}

async function purgeWithAndWithoutChildren({ hub }) {
  for (const recursive of [true, false]) {
    const children = range(3).map(() => freshId("child"));
    const root = await hub.start(parentOf, children);
    equal(await hub.output(root), children);
    equal(await purged(hub, root, { recursive }), recursive ? 4 : 1, "purged");
    await gone(hub, root);
    for (const child of children) {
      if (recursive) {
        await gone(hub, child);
      } else {
        await hub.ended(child, COMPLETED);
      }
    }
  }
}

async function purgeOfLiveAndUnknownInstances({ hub }) {
  equal(await purged(hub, freshId("nobody")), 0, "unknown");
  const instance = await hub.start(stayAlive);
  await hub.running(instance);
  equal(await purged(hub, instance), 0, "running");
  await hub.client.suspendOrchestration(instance);
  equal(await purged(hub, instance, { recursive: true }), 0, "suspended");
  await hub.client.resumeOrchestration(instance);
  await hub.raise(instance, "Go", "still there");
  equal(await hub.output(instance), "still there");
}

async function purgedInstanceStaysAway(t) {
  const children = range(2).map(() => freshId("child"));
  const root = await t.hub.start(parentOf, children);
  await t.hub.output(root);
  equal(await purged(t.hub, root, { recursive: true }), 3, "purged");
  await t.halfway();
  for (const instance of [root, ...children]) {
    await gone(t.hub, instance);
  }
}

function criteria({ from, to, statuses = [] }) {
  const filter = new PurgeInstanceCriteria();
  filter.setCreatedTimeFrom(from);
  filter.setCreatedTimeTo(to);
  filter.setRuntimeStatusList(statuses);
  return filter;
}

/** On a hub of its own, where nothing else ends in the time. */
async function purgeByTimeAndStatus(t) {
  const hub = t.hubNamed("purge");
  const [give, fail, wait] = ["give", "fail", "wait"].map(nameInRun);
  await hub.startWorker({
    orchestrators: {
      [give]: giveBackInput,
      [fail]: async () => {
        throw new Error("to be purged");
      },
      [wait]: stayAlive,
    },
  });
  const done = [];
  for (const number of range(3)) {
    done.push(await hub.start(give, number, { instanceId: freshId("done") }));
    await hub.output(done.at(-1));
  }
  const failed = await hub.start(fail, undefined, { instanceId: freshId("failed") });
  await hub.ended(failed, FAILED);
  const killed = await hub.start(wait, undefined, { instanceId: freshId("killed") });
  await hub.running(killed);
  await hub.client.terminateOrchestration(killed);
  await hub.ended(killed, TERMINATED);
  const alive = await hub.start(wait, undefined, { instanceId: freshId("alive") });
  await hub.running(alive);

  const first = (await hub.state(done[0])).createdAt;
  const second = (await hub.state(done[1])).createdAt;
  const purge = (filter) => purged(hub, criteria(filter));
  equal(await purge({ from: new Date(2001, 1, 1), to: first }), 0, "created before all");
  equal(await purge({ from: first, statuses: [RUNNING] }), 0, "running ones");
  equal(await purge({ from: first, to: second, statuses: [FAILED] }), 0, "failed in the time");
  equal(await purge({ from: first, to: second }), 1, "created before the second");
  await gone(hub, done[0]);
  equal(await purge({ from: first, statuses: [COMPLETED] }), 2, "completed ones");
  equal(await purge({ from: first, statuses: [COMPLETED, FAILED] }), 1, "the failed one");
  equal(await purge({ from: first }), 1, "the terminated one; the running one stays");
  for (const instance of [...done, failed, killed]) {
    await gone(hub, instance);
  }
  await hub.raise(alive, "Go", "spared");
  equal(await hub.output(alive), "spared");
}
