// Several workers on one hub: filters, versions, work that nobody accepts, and shared work.
//
// Each case has a hub of its own, and names of its own, so that its workers disturb nobody.

import { setTimeout as delay } from "node:timers/promises";

import {
  EntityInstanceId,
  HistoryEventType,
  OrchestrationStatus,
  VersionFailureStrategy,
  VersionMatchStrategy,
  whenAll,
} from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { check, contains, equal, freshId, nameInRun, range, until } from "../support.mjs";

const VERSIONS = "versioned workers with filters";
const PENDING = "work that no worker accepts stays pending";
const SPLIT = "two workers that split the work";

export function register(registry) {
  registry.first(VERSIONS, eachVersionGoesToItsWorker);
  registry.first(VERSIONS, childrenAndActivitiesHaveVersionsOfTheirOwn);
  registry.first(VERSIONS, newerVersionFailsAtAnOlderWorker);
  registry.first(VERSIONS, rejectedVersionWaitsForAnotherWorker);
  registry.second(PENDING, orchestrationWaitsForItsWorker);
  registry.first(PENDING, activityWaitsForItsWorker);
  registry.first(PENDING, entityWaitsForItsWorker);
  registry.first(SPLIT, twoWorkersShareAFanOut);
  registry.second(SPLIT, orchestrationsHereActivitiesThere);
}

const strict = (version, failureStrategy = VersionFailureStrategy.Reject) => ({
  version,
  matchStrategy: VersionMatchStrategy.Strict,
  failureStrategy,
});

/** A worker of one version that says so in its results. */
function versionedParts(version) {
  const who = nameInRun("who");
  async function* report(ctx) {
    return [ctx.version, version, yield ctx.callActivity(who)];
  }
  return {
    orchestrators: { [nameInRun("report")]: report },
    activities: { [who]: () => version },
  };
}

async function eachVersionGoesToItsWorker(t) {
  const hub = t.hubNamed("versions");
  const filtered = (version) => ({ versioning: strict(version), workItemFilters: "auto" });
  await hub.startWorker(versionedParts("1.0"), filtered("1.0"));
  await hub.startWorker(versionedParts("2.0"), filtered("2.0"));
  const name = nameInRun("report");
  const versions = range(20).map((number) => (number % 2 === 0 ? "1.0" : "2.0"));
  const starts = versions.map((version) => hub.start(name, undefined, { version }));
  for (const [index, instance] of (await Promise.all(starts)).entries()) {
    const version = versions[index];
    equal(await hub.output(instance), [version, version, version]);
  }
  const client = hub.newClient({ defaultVersion: "2.0" });
  const byDefault = await client.scheduleNewOrchestration(name, undefined, freshId("default"));
  equal(await hub.output(byDefault), ["2.0", "2.0", "2.0"], "version of the client");
  const started = (await hub.history(byDefault))[1];
  equal([started.type, started.version], [HistoryEventType.ExecutionStarted, "2.0"]);
}

async function childrenAndActivitiesHaveVersionsOfTheirOwn(t) {
  const hub = t.hubNamed("mixed");
  const report = nameInRun("report");
  const who = nameInRun("who");
  const parent = nameInRun("parent");
  async function* mixedParent(ctx) {
    return yield whenAll([
      ctx.callSubOrchestrator(report, undefined, { version: "2.0" }),
      ctx.callActivity(who, undefined, { version: "2.0" }),
      ctx.callActivity(who),
    ]);
  }
  const first = versionedParts("1.0");
  first.orchestrators[parent] = mixedParent;
  const names = [parent, report].map((name) => ({ name, versions: ["1.0"] }));
  await hub.startWorker(first, {
    workItemFilters: { orchestrations: names, activities: [{ name: who, versions: ["1.0"] }] },
  });
  await hub.startWorker(versionedParts("2.0"), {
    workItemFilters: {
      orchestrations: [{ name: report, versions: ["2.0"] }],
      activities: [{ name: who, versions: ["2.0", "3.0"] }],
    },
  });
  equal(await hub.run(parent, undefined, { version: "1.0" }), [
    ["2.0", "2.0", "2.0"],
    "2.0",
    "1.0",
  ]);
}

async function newerVersionFailsAtAnOlderWorker(t) {
  const hub = t.hubNamed("older");
  const versioning = {
    version: "2.0",
    matchStrategy: VersionMatchStrategy.CurrentOrOlder,
    failureStrategy: VersionFailureStrategy.Fail,
  };
  await hub.startWorker(versionedParts("2.0"), { versioning });
  const name = nameInRun("report");
  equal(await hub.run(name), ["", "2.0", "2.0"], "without a version");
  equal(await hub.run(name, undefined, { version: "1.5" }), ["1.5", "2.0", "2.0"]);
  const newer = await hub.start(name, undefined, { version: "2.1" });
  const state = await hub.ended(newer, OrchestrationStatus.FAILED);
  equal(state.failureDetails.errorType, "VersionMismatch");
  contains(state.failureDetails.message, "'2.1' is greater than the worker version '2.0'", "failure");
}

/** Without filters the worker gets the item, and gives it back. */
async function rejectedVersionWaitsForAnotherWorker(t) {
  const hub = t.hubNamed("rejected");
  const name = nameInRun("report");
  await hub.startWorker(versionedParts("1.0"), { versioning: strict("1.0") });
  const other = await hub.start(name, undefined, { version: "2.0" });
  equal(await hub.run(name, undefined, { version: "1.0" }), ["1.0", "1.0", "1.0"]);
  equal(await hub.status(other), "PENDING", "status of the rejected one");
  await hub.startWorker(versionedParts("2.0"), { versioning: strict("2.0") });
  const [version, worker] = await hub.output(other);
  equal([version, worker], ["2.0", "2.0"]);
}

function named(name, run) {
  return { orchestrators: { [nameInRun(name)]: run } };
}

async function orchestrationWaitsForItsWorker(t) {
  const hub = t.hubNamed("pending");
  const parts = (name) => named(name, async () => name);
  await hub.startWorker(parts("known"), { workItemFilters: "auto" });
  const waiting = await hub.start(nameInRun("unknown"), undefined);
  // Started later and done first, so the other one has been passed over.
  equal(await hub.run(nameInRun("known")), "known");
  equal(await hub.status(waiting), "PENDING", "status before the half");
  await t.halfway();
  equal(await hub.run(nameInRun("known")), "known");
  equal(await hub.status(waiting), "PENDING", "status after the half");
  await hub.startWorker(parts("unknown"), { workItemFilters: "auto" });
  equal(await hub.output(waiting), "unknown");
}

async function activityWaitsForItsWorker(t) {
  const hub = t.hubNamed("pending-activity");
  const known = nameInRun("known");
  const unknown = nameInRun("unknown");
  const relay = nameInRun("relay");
  async function* callByName(ctx, name) {
    return yield ctx.callActivity(name);
  }
  await hub.startWorker(
    { orchestrators: { [relay]: callByName }, activities: { [known]: () => "known" } },
    { workItemFilters: "auto" },
  );
  const waiting = await hub.start(relay, unknown);
  await hub.running(waiting);
  equal(await hub.run(relay, known), "known");
  equal(await hub.status(waiting), "RUNNING", "status with a waiting activity");
  await hub.startWorker({ activities: { [unknown]: () => "found" } }, { workItemFilters: "auto" });
  equal(await hub.output(waiting), "found");
}

async function entityWaitsForItsWorker(t) {
  const hub = t.hubNamed("pending-entity");
  const id = (name) => new EntityInstanceId(nameInRun(name), freshId("key"));
  const keep = () => ({
    run(operation) {
      operation.state.setState(operation.getInput());
    },
  });
  const entities = (name) => ({ entities: { [nameInRun(name)]: keep } });
  await hub.startWorker(entities("Known"), { workItemFilters: "auto" });
  const [waiting, passed] = [id("Unknown"), id("Known")];
  await hub.client.signalEntity(waiting, "set", "late");
  await hub.client.signalEntity(passed, "set", "early");
  await until(() => hub.entity(passed), "the known entity exists");
  equal(await hub.entity(waiting), undefined, "the entity without a worker");
  await hub.startWorker(entities("Unknown"), { workItemFilters: "auto" });
  const found = await until(() => hub.entity(waiting), "the other entity exists");
  equal(found.state, "late");
}

/** Each worker takes part, and each activity runs once. */
async function twoWorkersShareAFanOut(t) {
  const hub = t.hubNamed("split");
  const count = 300;
  const ran = [[], []];
  const [work, fanOut] = [nameInRun("work"), nameInRun("fanOut")];
  async function* callAll(ctx) {
    return yield whenAll(range(count).map((number) => ctx.callActivity(work, number)));
  }
  const parts = (worker) => ({
    orchestrators: { [fanOut]: callAll },
    activities: {
      async [work](_, number) {
        ran[worker].push(number);
        await delay(20);
        return number;
      },
    },
  });
  await hub.startWorker(parts(0));
  await hub.startWorker(parts(1));
  await bothConnected(hub, fanOut, ran);
  ran.forEach((numbers) => numbers.splice(0));
  equal(await hub.run(fanOut), range(count));
  const all = [...ran[0], ...ran[1]].sort((a, b) => a - b);
  equal(all, range(count), "activities that ran");
  const shares = ran.map((numbers) => numbers.length);
  check(Math.min(...shares) >= count / 4, `shares of the workers are ${shares}`);
}

/** A worker does not say when it is connected; its first activity does. */
async function bothConnected(hub, fanOut, ran) {
  await until(async () => {
    await hub.run(fanOut);
    return ran.every((numbers) => numbers.length > 0);
  }, "both workers take part");
}

async function orchestrationsHereActivitiesThere(t) {
  const hub = t.hubNamed("apart");
  const [work, relay] = [nameInRun("work"), nameInRun("relay")];
  async function* callTwo(ctx) {
    return yield whenAll([ctx.callActivity(work, 1), ctx.callActivity(work, 2)]);
  }
  let begun = 0;
  async function workAcrossHalf(_, number) {
    begun += 1;
    await checkpoint.passed;
    return number * 10;
  }
  await hub.startWorker({ orchestrators: { [relay]: callTwo } }, { workItemFilters: "auto" });
  await hub.startWorker({ activities: { [work]: workAcrossHalf } }, { workItemFilters: "auto" });
  const instance = await hub.start(relay);
  await until(() => begun >= 2, "both activities have begun");
  await t.halfway();
  equal(await hub.output(instance), [10, 20]);
}
