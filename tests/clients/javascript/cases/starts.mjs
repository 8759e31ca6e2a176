// Starting instances: ids that exist already, tags, custom status, and links to the parent.

import { status as Code } from "@grpc/grpc-js";
import { HistoryEventType, OrchestrationStatus } from "@microsoft/durabletask-js";

import { persistently } from "../hub.mjs";
import { check, equal, freshId, refused, until } from "../support.mjs";

const REUSE = "reuse policies";
const LINKS = "tags, custom status and parent links";

export function register(registry) {
  registry.orchestrator(takeWord, giveInput, failInput, tellParent, callTeller, showStatus, emptyStatus);
  registry.activity(pass);
  registry.first(REUSE, idOfALiveInstanceIsRefused);
  registry.first(REUSE, idOfAnEndedInstanceIsReplaced);
  registry.second(REUSE, idStaysTakenAcrossTheHalf);
  registry.lacking(
    REUSE,
    "reuse_policy_of_choice",
    "scheduleNewOrchestration takes no reuse policy, so only the default one can be asked for",
  );
  registry.first(LINKS, idsAndNamesHaveLimits);
  registry.second(LINKS, tagsOfInstancesChildrenAndActivities);
  registry.second(LINKS, childKnowsItsParent);
  registry.second(LINKS, customStatusIsSeenAndCleared);
}

async function* takeWord(ctx, input) {
  return [input, yield ctx.waitForExternalEvent("Word")];
}

function giveInput(_, input) {
  return input;
}

function failInput(_, input) {
  throw new Error(input);
}

function taken(hub, instanceId, orchestrator = giveInput) {
  const call = () => hub.client.scheduleNewOrchestration(orchestrator, "second", instanceId);
  return refused(call, { code: Code.ALREADY_EXISTS, texts: ["already exists"] });
}

async function idOfALiveInstanceIsRefused({ hub }) {
  const startAt = new Date(Date.now() + 3_600_000);
  const pending = await hub.start(takeWord, "first", { startAt });
  await taken(hub, pending);
  const running = await hub.start(takeWord, "first");
  await hub.running(running);
  await taken(hub, running);
  await hub.client.suspendOrchestration(running);
  await taken(hub, running);
  await hub.client.resumeOrchestration(running);
  await hub.raise(running, "Word", "word");
  equal(await hub.output(running), ["first", "word"], "output of the undisturbed one");
  await hub.client.terminateOrchestration(pending);
}

async function idOfAnEndedInstanceIsReplaced({ hub }) {
  const instanceId = freshId("again");
  const executions = new Set();
  let created = new Date(0);
  const generations = [
    [giveInput, OrchestrationStatus.COMPLETED],
    [failInput, OrchestrationStatus.FAILED],
    [giveInput, OrchestrationStatus.COMPLETED],
  ];
  for (const [index, [orchestrator, end]] of generations.entries()) {
    await hub.start(orchestrator, `input ${index}`, { instanceId });
    const state = await hub.ended(instanceId, end);
    equal(state.serializedInput, `"input ${index}"`);
    equal(state.failureDetails?.message, index === 1 ? "input 1" : undefined, "failure");
    check(state.createdAt > created, "each is newer than the one before");
    created = state.createdAt;
    const history = await hub.history(instanceId);
    equal(history.length, 3, "events of this execution only");
    executions.add(history[1].orchestrationInstance.executionId);
  }
  equal(executions.size, 3, "execution ids");
}

async function idStaysTakenAcrossTheHalf(t) {
  const instance = await t.hub.start(takeWord, "first");
  await t.hub.running(instance);
  await t.halfway();
  await persistently(() => t.hub.client.getOrchestrationState(instance));
  await taken(t.hub, instance);
  await t.hub.raise(instance, "Word", "word");
  equal(await t.hub.output(instance), ["first", "word"]);
}

async function idsAndNamesHaveLimits({ hub }) {
  const start = (id) => () => hub.client.scheduleNewOrchestration(giveInput, 1, id);
  const invalid = { code: Code.INVALID_ARGUMENT };
  await refused(start("x".repeat(101)), invalid);
  await refused(start("@counter@key"), invalid);
  const longest = freshId("long").padEnd(100, "x");
  equal(await hub.run(giveInput, 1, { instanceId: longest }), 1);
}

function pass() {}

async function* tellParent(ctx) {
  yield ctx.callActivity(pass, undefined, { tags: { of: "activity", empty: "" } });
  return ctx.parent ?? "none";
}

async function* callTeller(ctx, instanceId) {
  yield ctx.waitForExternalEvent("Go");
  const tags = { of: "child" };
  return [ctx.parent ?? "none", yield ctx.callSubOrchestrator(tellParent, undefined, { instanceId, tags })];
}

async function tagsOfInstancesChildrenAndActivities(t) {
  const { hub } = t;
  const child = freshId("child");
  const tags = { of: "parent", run: child, "with space": "ünïcode" };
  const parent = await hub.start(callTeller, child, { tags });
  equal((await hub.state(parent)).tags, tags, "tags while it runs");
  await t.halfway();
  await hub.raise(parent, "Go");
  await hub.output(parent);
  equal((await hub.state(parent)).tags, tags, "tags of the parent");
  equal((await hub.state(child)).tags, { of: "child" }, "tags of the child");
  const above = await hub.history(parent);
  const below = await hub.history(child);
  const find = (events, type) => events.find((event) => event.type === type);
  equal(find(above, HistoryEventType.ExecutionStarted).tags, tags, "tags in history");
  const created = find(above, HistoryEventType.SubOrchestrationInstanceCreated);
  equal(created.tags, { of: "child" }, "tags of the child in history");
  const scheduled = find(below, HistoryEventType.TaskScheduled);
  equal(scheduled.tags, { of: "activity", empty: "" }, "tags of the activity in history");
}

async function childKnowsItsParent(t) {
  const { hub } = t;
  const child = freshId("child");
  const parent = await hub.start(callTeller, child);
  await t.halfway();
  await hub.raise(parent, "Go");
  const told = { name: callTeller.name, instanceId: parent, taskScheduledId: 1 };
  equal(await hub.output(parent), ["none", told]);
  const execution = (await hub.history(parent))[1].orchestrationInstance.executionId;
  const { parentInstance } = (await hub.history(child))[1];
  equal(parentInstance, {
    name: callTeller.name,
    version: undefined,
    taskScheduledId: 1,
    orchestrationInstance: { instanceId: parent, executionId: execution },
  });
}

async function* showStatus(ctx) {
  ctx.setCustomStatus({ step: 1, of: ["two"] });
  yield ctx.waitForExternalEvent("Next");
  ctx.setCustomStatus("");
  yield ctx.waitForExternalEvent("Clear");
  ctx.setCustomStatus(null);
  yield ctx.waitForExternalEvent("End");
  ctx.setCustomStatus(0);
}

function emptyStatus(ctx) {
  ctx.setCustomStatus("set without a wait");
}

async function customStatusIsSeenAndCleared(t) {
  const { hub } = t;
  const instance = await hub.start(showStatus);
  const started = await hub.running(instance);
  equal(started.serializedCustomStatus, '{"step":1,"of":["two"]}', "status of the first turn");
  await t.halfway();
  const shows = async (text) => (await hub.state(instance)).serializedCustomStatus === text;
  await raiseUntil(hub, instance, "Next", () => shows('""'));
  await raiseUntil(hub, instance, "Clear", () => shows(undefined));
  await hub.raise(instance, "End");
  const ended = await hub.ended(instance, OrchestrationStatus.COMPLETED);
  equal(ended.serializedCustomStatus, "0");
  const quick = await hub.start(emptyStatus);
  const state = await hub.ended(quick, OrchestrationStatus.COMPLETED);
  equal(state.serializedCustomStatus, '"set without a wait"');
  const bare = await persistently(() => hub.client.getOrchestrationState(quick, false));
  equal(bare.serializedCustomStatus, undefined, "status when no payloads are asked for");
}

async function raiseUntil(hub, instance, name, shown) {
  await hub.raise(instance, name);
  await until(shown, `the custom status after ${name}`);
}
