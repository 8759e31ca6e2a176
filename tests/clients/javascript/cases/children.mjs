// Sub-orchestrations: ids, failures, and what a termination reaches.

import { HistoryEventType, OrchestrationStatus, terminateOptions, whenAll } from "@microsoft/durabletask-js";

import { persistently } from "../hub.mjs";
import { check, contains, equal, freshId, range } from "../support.mjs";

const { COMPLETED, FAILED, TERMINATED } = OrchestrationStatus;

export function register(registry) {
  registry.orchestrator(double, doubleByIds, waitForWord, callInUse, failNow, catchChild, letChildFail);
  registry.orchestrator(nest, callAndSleep);
  registry.activity(twice);
  registry.second("sub-orchestrations by explicit id", childrenHaveTheGivenIds);
  registry.second("sub-orchestrations by explicit id", idOfARunningInstanceIsRefused);
  registry.second("failing sub-orchestrations", failureOfAChildCanBeCaught);
  registry.second("failing sub-orchestrations", failureOfAChildEndsTheParent);
  registry.second("failing sub-orchestrations", terminatedChildIsAFailure);
  registry.second("recursive terminate", terminateReachesAllDescendants);
  registry.first("recursive terminate", terminateReachesBelowEndedChildren);
  registry.second("non-recursive terminate", terminateSparesChildren);
  registry.first("non-recursive terminate", terminateWhilePending);
  registry.first("non-recursive terminate", terminateOfAnEndedInstanceChangesNothing);
}

function twice(_, number) {
  return number * 2;
}

async function* double(ctx, number) {
  return yield ctx.callActivity(twice, number);
}

async function* doubleByIds(ctx, ids) {
  yield ctx.waitForExternalEvent("Go");
  const children = ids.map((instanceId, index) => ctx.callSubOrchestrator(double, index, { instanceId }));
  return yield whenAll(children);
}

async function childrenHaveTheGivenIds(t) {
  const ids = range(20).map(() => freshId("child"));
  const parent = await t.hub.start(doubleByIds, ids);
  await t.hub.running(parent);
  await t.halfway();
  await t.hub.raise(parent, "Go");
  equal(await t.hub.output(parent), range(20).map((number) => number * 2));
  for (const [index, id] of ids.entries()) {
    const state = await t.hub.ended(id, COMPLETED);
    equal([state.name, state.serializedOutput], [double.name, String(index * 2)], `child ${id}`);
  }
}

async function* waitForWord(ctx) {
  return yield ctx.waitForExternalEvent("Word");
}

async function* callInUse(ctx, instanceId) {
  try {
    yield ctx.callSubOrchestrator(double, 1, { instanceId });
  } catch (error) {
    return error.message;
  }
  return "accepted";
}

async function idOfARunningInstanceIsRefused(t) {
  const taken = await t.hub.start(waitForWord);
  await t.hub.running(taken);
  await t.halfway();
  const message = await t.hub.run(callInUse, taken);
  contains(message, "Sub-orchestration task #1 failed: ", "failure");
  contains(message, taken, "failure");
  await t.hub.raise(taken, "Word", "undisturbed");
  equal(await t.hub.output(taken), "undisturbed");
}

async function* failNow(ctx) {
  yield ctx.waitForExternalEvent("Go");
  throw new SyntaxError("broken on purpose");
}

async function* catchChild(ctx, instanceId) {
  try {
    yield ctx.callSubOrchestrator(failNow, undefined, { instanceId });
  } catch (error) {
    const { errorType, message, stackTrace } = error.details;
    return { text: error.message, errorType, message, stackTrace };
  }
  return "no failure";
}

async function failureOfAChildCanBeCaught(t) {
  const child = freshId("child");
  const parent = await t.hub.start(catchChild, child);
  await t.hub.running(child);
  await t.halfway();
  await t.hub.raise(child, "Go");
  const { stackTrace, ...failure } = await t.hub.output(parent);
  equal(failure, {
    text: "Sub-orchestration task #1 failed: broken on purpose",
    errorType: "SyntaxError",
    message: "broken on purpose",
  });
  contains(stackTrace, "SyntaxError: broken on purpose\n", "stack trace");
  const state = await t.hub.ended(child, FAILED);
  equal(state.failureDetails.message, "broken on purpose");
}

async function* letChildFail(ctx, { child, depth }) {
  const options = { instanceId: child };
  if (depth === 0) {
    yield ctx.callSubOrchestrator(failNow, undefined, options);
  }
  yield ctx.callSubOrchestrator(letChildFail, { child, depth: depth - 1 });
}

async function failureOfAChildEndsTheParent(t) {
  const child = freshId("child");
  const root = await t.hub.start(letChildFail, { child, depth: 2 });
  await t.hub.running(child);
  await t.halfway();
  await t.hub.raise(child, "Go");
  const state = await t.hub.ended(root, FAILED);
  const levels = "Sub-orchestration task #1 failed: ".repeat(3);
  equal(state.failureDetails.message, `${levels}broken on purpose`);
  equal(state.failureDetails.errorType, "TaskFailedError");
}

async function terminatedChildIsAFailure(t) {
  const child = freshId("child");
  const parent = await t.hub.start(catchChild, child);
  await t.hub.running(child);
  await t.halfway();
  await persistently(() => t.hub.client.terminateOrchestration(child, "enough"));
  const failure = await t.hub.output(parent);
  contains(failure.text, "Sub-orchestration task #1 failed: ", "failure");
  check(failure.errorType !== "", "the failure has a type");
  equal((await t.hub.ended(child, TERMINATED)).serializedOutput, '"enough"');
}

/** One level for each id; the last one waits. */
async function* nest(ctx, ids) {
  if (ids.length === 0) {
    return yield ctx.waitForExternalEvent("Word");
  }
  const [instanceId, ...below] = ids;
  return yield ctx.callSubOrchestrator(nest, below, { instanceId });
}

async function nested(hub, levels) {
  const ids = range(levels).map((level) => freshId(`level${level}`));
  const root = await hub.start(nest, ids);
  await hub.running(ids.at(-1));
  return { root, ids };
}

function terminate(hub, instance, options) {
  return persistently(() => hub.client.terminateOrchestration(instance, options));
}

async function terminateReachesAllDescendants(t) {
  const { root, ids } = await nested(t.hub, 3);
  await t.halfway();
  await terminate(t.hub, root, terminateOptions({ output: { all: "of you" }, recursive: true }));
  for (const id of [root, ...ids]) {
    const state = await t.hub.ended(id, TERMINATED);
    equal(state.serializedOutput, '{"all":"of you"}', `output of ${id}`);
    equal(state.failureDetails, undefined, `failure of ${id}`);
  }
}

async function* callAndSleep(ctx, { middle, leaf }) {
  if (leaf) {
    // Started and not waited for: the middle one ends while its child goes on.
    ctx.callSubOrchestrator(waitForWord, undefined, { instanceId: leaf });
    return "ended";
  }
  yield ctx.callSubOrchestrator(callAndSleep, { leaf: `${middle}-leaf` }, { instanceId: middle });
  yield ctx.waitForExternalEvent("Word");
}

async function terminateReachesBelowEndedChildren({ hub }) {
  const middle = freshId("middle");
  const root = await hub.start(callAndSleep, { middle });
  await hub.running(`${middle}-leaf`);
  await hub.ended(middle, COMPLETED);
  await terminate(hub, root, terminateOptions({ output: "down", recursive: true }));
  await hub.ended(root, TERMINATED);
  equal((await hub.ended(`${middle}-leaf`, TERMINATED)).serializedOutput, '"down"');
  equal((await hub.ended(middle, COMPLETED)).serializedOutput, '"ended"');
}

async function terminateSparesChildren(t) {
  const { root, ids } = await nested(t.hub, 1);
  await t.halfway();
  await terminate(t.hub, root, { recursive: true, output: "is only data without the helper" });
  const state = await t.hub.ended(root, TERMINATED);
  equal(JSON.parse(state.serializedOutput).recursive, true, "output");
  equal(await t.hub.status(ids[0]), "RUNNING", "status of the child");
  await t.hub.raise(ids[0], "Word", "spared");
  equal(await t.hub.output(ids[0]), "spared");
}

async function terminateWhilePending({ hub }) {
  const startAt = new Date(Date.now() + 3_600_000);
  const later = await hub.start(waitForWord, undefined, { startAt });
  await terminate(hub, later, "never mind");
  equal((await hub.ended(later, TERMINATED)).serializedOutput, '"never mind"');
  const now = await hub.start(waitForWord);
  await terminate(hub, now);
  equal((await hub.ended(now, TERMINATED)).serializedOutput, "null");
  const types = (await hub.history(now)).map((event) => event.type);
  equal(types.slice(-2), [
    HistoryEventType.ExecutionTerminated,
    HistoryEventType.ExecutionCompleted,
  ]);
}

async function terminateOfAnEndedInstanceChangesNothing({ hub }) {
  const instance = await hub.start(double, 4);
  equal(await hub.output(instance), 8);
  const before = await hub.state(instance);
  await terminate(hub, instance, "too late");
  equal(await hub.state(instance), before, "state");
}
