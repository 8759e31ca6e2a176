// Restart of ended instances under the same id, and of any under a new one.

import { OrchestrationStatus } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { Counts, check, contains, equal, freshId, refused, until } from "../support.mjs";

const BEHAVIOUR = "restart";

const runs = new Counts();

export function register(registry) {
  registry.orchestrator(countRun, waitForNews, failByInput, countAcrossHalf);
  registry.activity(nextRun, nextRunAcrossHalf);
  registry.first(BEHAVIOUR, restartUnderTheSameId);
  registry.first(BEHAVIOUR, restartUnderANewId);
  registry.first(BEHAVIOUR, restartOfFailedAndTerminated);
  registry.first(BEHAVIOUR, restartOfALiveInstance);
  registry.second(BEHAVIOUR, restartSpansTheHalf);
}

function nextRun(_, key) {
  return runs.next(key);
}

async function* countRun(ctx, key) {
  return yield ctx.callActivity(nextRun, key);
}

async function restartUnderTheSameId({ hub }) {
  const key = freshId("key");
  const tags = { of: "restart" };
  const instance = await hub.start(countRun, key, { tags, version: "7.0" });
  equal(await hub.output(instance), 1);
  const before = await hub.state(instance);
  const execution = (await hub.history(instance))[1].orchestrationInstance.executionId;
  equal(await hub.client.restartOrchestration(instance), instance, "answered id");
  equal(await hub.output(instance), 2, "output of the second run");
  const state = await hub.state(instance);
  equal([state.name, state.serializedInput, state.tags], [before.name, JSON.stringify(key), tags]);
  check(state.createdAt > before.createdAt, "created anew");
  const events = await hub.history(instance);
  equal(events.length, 6, "events of the second run only");
  const [, started] = events;
  check(started.orchestrationInstance.executionId !== execution, "a new execution id");
  equal(started.version, "7.0");
}

async function restartUnderANewId({ hub }) {
  const key = freshId("key");
  const instance = await hub.start(countRun, key);
  equal(await hub.output(instance), 1);
  const before = await hub.state(instance);
  const copy = await hub.client.restartOrchestration(instance, true);
  check(/^[0-9a-f]{32}$/.test(copy), `${copy} is a new id`);
  equal(await hub.output(copy), 2);
  equal((await hub.state(copy)).serializedInput, JSON.stringify(key));
  equal(await hub.state(instance), before, "the original");
}

function failByInput(_, message) {
  throw new Error(message);
}

async function* waitForNews(ctx) {
  return yield ctx.waitForExternalEvent("News");
}

async function restartOfFailedAndTerminated({ hub }) {
  const { FAILED, TERMINATED } = OrchestrationStatus;
  const failed = await hub.start(failByInput, "again and again");
  await hub.ended(failed, FAILED);
  await hub.client.restartOrchestration(failed);
  const state = await hub.ended(failed, FAILED);
  equal(state.failureDetails.message, "again and again");
  const terminated = await hub.start(waitForNews);
  await hub.client.terminateOrchestration(terminated, "enough");
  await hub.ended(terminated, TERMINATED);
  await hub.client.restartOrchestration(terminated);
  await hub.raise(terminated, "News", "kept, even before the first turn");
  equal(await hub.output(terminated), "kept, even before the first turn");
}

async function restartOfALiveInstance({ hub }) {
  const instance = await hub.start(waitForNews);
  await hub.running(instance);
  const again = () => hub.client.restartOrchestration(instance);
  await refused(again, { texts: [instance, "cannot be restarted"] });
  await hub.client.suspendOrchestration(instance);
  await refused(again, { texts: [instance, "cannot be restarted"] });
  await hub.client.resumeOrchestration(instance);
  const copy = await hub.client.restartOrchestration(instance, true);
  for (const id of [copy, instance]) {
    await hub.raise(id, "News", id);
    equal(await hub.output(id), id);
  }
  const nobody = freshId("nobody");
  for (const underNewId of [false, true]) {
    const call = () => hub.client.restartOrchestration(nobody, underNewId);
    const { message } = await refused(call);
    contains(message, `'${nobody}' was not found`, "refusal");
  }
}

async function nextRunAcrossHalf(_, key) {
  const run = runs.next(key);
  if (run > 1) {
    await checkpoint.passed;
  }
  return "done";
}

async function* countAcrossHalf(ctx, key) {
  return yield ctx.callActivity(nextRunAcrossHalf, key);
}

async function restartSpansTheHalf(t) {
  const key = freshId("key");
  const instance = await t.hub.start(countAcrossHalf, key);
  equal(await t.hub.output(instance), "done");
  await t.hub.client.restartOrchestration(instance);
  const copy = await t.hub.client.restartOrchestration(instance, true);
  await until(() => runs.of(key) >= 3, "both run again");
  await t.halfway();
  equal([await t.hub.output(instance), await t.hub.output(copy)], ["done", "done"]);
}
