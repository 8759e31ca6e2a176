// Suspend and resume, while events, timers and results arrive.

import { HistoryEventType, OrchestrationStatus, whenAll } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { persistently } from "../hub.mjs";
import { equal, refused } from "../support.mjs";

const BEHAVIOUR = "suspend with events and timers meanwhile";

// How long a suspended instance must hold back what has arrived to be believed.
const WITHHELD_S = 2;

export function register(registry) {
  registry.orchestrator(collectThree, takeTwo);
  registry.activity(answerAtHalf);
  registry.second(BEHAVIOUR, suspendedInstanceHoldsEverythingBack);
  registry.first(BEHAVIOUR, eventsComeInOrderAfterResume);
  registry.first(BEHAVIOUR, suspendAndResumeTwiceIsHarmless);
  registry.first(BEHAVIOUR, terminateOverridesSuspension);
  registry.first(BEHAVIOUR, suspendedBeforeTheStart);
}

function suspend(hub, instance) {
  return persistently(() => hub.client.suspendOrchestration(instance));
}

function resume(hub, instance) {
  return persistently(() => hub.client.resumeOrchestration(instance));
}

async function answerAtHalf() {
  await checkpoint.passed;
  return "result";
}

async function* collectThree(ctx) {
  const word = ctx.waitForExternalEvent("Word");
  const timer = ctx.createTimer(1);
  const activity = ctx.callActivity(answerAtHalf);
  return yield whenAll([word, timer, activity]);
}

/** Event, timer and result all arrive while it is suspended, and the server is killed meanwhile. */
async function suspendedInstanceHoldsEverythingBack(t) {
  const { hub } = t;
  const instance = await hub.start(collectThree);
  await hub.running(instance);
  await suspend(hub, instance);
  equal(await hub.status(instance), "SUSPENDED", "status right after suspend");
  await hub.raise(instance, "Word", "hello");
  await t.halfway();
  const wait = persistently(() =>
    hub.client.waitForOrchestrationCompletion(instance, true, WITHHELD_S),
  );
  const error = await refused(() => wait);
  equal(error.name, "TimeoutError", "end of the wait");
  equal(await hub.status(instance), "SUSPENDED", "status with all of it withheld");
  await resume(hub, instance);
  equal(await hub.output(instance), ["hello", null, "result"]);
  const types = (await hub.history(instance)).map((event) => event.type);
  const suspended = types.indexOf(HistoryEventType.ExecutionSuspended);
  const resumed = types.indexOf(HistoryEventType.ExecutionResumed);
  equal(
    types.slice(suspended, resumed),
    [HistoryEventType.ExecutionSuspended, HistoryEventType.OrchestratorStarted],
    "events of the suspension",
  );
}

async function* takeTwo(ctx) {
  const first = yield ctx.waitForExternalEvent("Word");
  const second = yield ctx.waitForExternalEvent("Word");
  return [first, second];
}

async function eventsComeInOrderAfterResume({ hub }) {
  const instance = await hub.start(takeTwo);
  await hub.running(instance);
  await suspend(hub, instance);
  await hub.raise(instance, "Word", 1);
  await hub.raise(instance, "Word", 2);
  await hub.raise(instance, "Word", 3);
  await resume(hub, instance);
  equal(await hub.output(instance), [1, 2]);
}

async function suspendAndResumeTwiceIsHarmless({ hub }) {
  const instance = await hub.start(takeTwo);
  await hub.running(instance);
  await resume(hub, instance);
  equal(await hub.status(instance), "RUNNING", "status after resume of a running one");
  await suspend(hub, instance);
  await suspend(hub, instance);
  await resume(hub, instance);
  await resume(hub, instance);
  equal(await hub.status(instance), "RUNNING", "status after resume");
  await hub.raise(instance, "Word", "a");
  await hub.raise(instance, "Word", "b");
  equal(await hub.output(instance), ["a", "b"]);
  await suspend(hub, instance);
  equal(await hub.status(instance), "COMPLETED", "status after suspend of an ended one");
}

async function terminateOverridesSuspension({ hub }) {
  const instance = await hub.start(takeTwo);
  await hub.running(instance);
  await suspend(hub, instance);
  await hub.raise(instance, "Word", 1);
  await hub.client.terminateOrchestration(instance, "over");
  const state = await hub.ended(instance, OrchestrationStatus.TERMINATED);
  equal(state.serializedOutput, '"over"');
}

async function suspendedBeforeTheStart({ hub }) {
  const startAt = new Date(Date.now() + 5000);
  const instance = await hub.start(takeTwo, undefined, { startAt });
  await suspend(hub, instance);
  await hub.raise(instance, "Word", 1);
  await hub.raise(instance, "Word", 2);
  equal(await hub.status(instance), "SUSPENDED");
  await resume(hub, instance);
  equal(await hub.output(instance), [1, 2]);
}
