// Rewind of what failed, after its cause is repaired.

import { HistoryEventType as Type, OrchestrationStatus, whenAll } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { Counts, check, contains, equal, freshId, refused, until } from "../support.mjs";

const REPAIR = "rewind after repair";
const NESTED = "rewind of nested and several failures";

const { COMPLETED, FAILED, TERMINATED } = OrchestrationStatus;

const runs = new Counts();
const repaired = new Set();

export function register(registry) {
  registry.orchestrator(soundThenFragile, throwUntilRepaired, waitToRewind, severalFragile, family);
  registry.activity(sound, fragile, fragileAcrossHalf);
  registry.first(REPAIR, rewindRunsOnlyWhatFailed);
  registry.first(REPAIR, rewindTwice);
  registry.first(REPAIR, orchestratorThatThrewItself);
  registry.first(REPAIR, rewindIsRefusedUnlessFailed);
  registry.second(REPAIR, rewindSpansTheHalf);
  registry.first(NESTED, severalFailuresOfOneOrchestration);
  registry.first(NESTED, failuresOfChildrenAndGrandchildren);
  registry.first(NESTED, purgedChildIsMadeAgain);
  registry.second(NESTED, nestedRewindSpansTheHalf);
}

function sound(_, key) {
  runs.next(`sound ${key}`);
  return "sound";
}

function fragile(_, key) {
  runs.next(`fragile ${key}`);
  if (!repaired.has(key)) {
    throw new Error(`${key} is broken`);
  }
  return "repaired";
}

async function fragileAcrossHalf(_, key) {
  if (repaired.has(key)) {
    runs.next(`held ${key}`);
    await checkpoint.passed;
  }
  return fragile(_, key);
}

function rewind(hub, instance, reason) {
  return hub.client.rewindInstance(instance, reason);
}

async function failed(hub, orchestrator, input, options) {
  const instance = await hub.start(orchestrator, input, options);
  const state = await hub.ended(instance, FAILED);
  return { instance, message: state.failureDetails.message };
}

async function* soundThenFragile(ctx, { key, last }) {
  const first = yield ctx.callActivity(sound, key);
  yield ctx.createTimer(0.1);
  const second = yield ctx.callActivity(fragile, key);
  const third = last ? yield ctx.callActivity(fragile, last) : undefined;
  return [first, second, third ?? "none"];
}

async function rewindRunsOnlyWhatFailed({ hub }) {
  const key = freshId("part");
  const options = { tags: { of: "rewind" } };
  const { instance, message } = await failed(hub, soundThenFragile, { key }, options);
  equal(message, `Activity task #3 failed: ${key} is broken`);
  const execution = (await hub.history(instance))[1].orchestrationInstance.executionId;
  repaired.add(key);
  await rewind(hub, instance, "the part was replaced");
  equal(await hub.output(instance), ["sound", "repaired", "none"]);
  equal([runs.of(`sound ${key}`), runs.of(`fragile ${key}`)], [1, 2], "runs");
  const state = await hub.state(instance);
  equal([state.failureDetails, state.tags], [undefined, { of: "rewind" }], "failure and tags");
  const events = await hub.history(instance);
  const rewound = events.filter((event) => event.type === Type.ExecutionRewound);
  equal(rewound.map((event) => event.reason), ["the part was replaced"]);
  equal(events.filter((event) => event.type === Type.TaskFailed), [], "failures in history");
  equal(events.filter((event) => event.type === Type.ExecutionCompleted).length, 1, "ends");
  check(events[1].orchestrationInstance.executionId !== execution, "a new execution id");
}

async function rewindTwice({ hub }) {
  const [key, last] = [freshId("part"), freshId("part")];
  const { instance } = await failed(hub, soundThenFragile, { key, last });
  repaired.add(key);
  await rewind(hub, instance, "first");
  const state = await hub.ended(instance, FAILED);
  equal(state.failureDetails.message, `Activity task #4 failed: ${last} is broken`);
  repaired.add(last);
  await rewind(hub, instance, "second");
  equal(await hub.output(instance), ["sound", "repaired", "repaired"]);
  const often = [`sound ${key}`, `fragile ${key}`, `fragile ${last}`].map((it) => runs.of(it));
  equal(often, [1, 2, 2], "runs");
  const events = await hub.history(instance);
  const rewound = events.filter((event) => event.type === Type.ExecutionRewound);
  equal(rewound.map((event) => event.reason), ["first", "second"]);
}

async function* throwUntilRepaired(ctx, key) {
  const first = yield ctx.callActivity(sound, key);
  if (!repaired.has(key)) {
    throw new Error("the orchestrator itself is broken");
  }
  return first;
}

async function orchestratorThatThrewItself({ hub }) {
  const key = freshId("part");
  const { instance } = await failed(hub, throwUntilRepaired, key);
  repaired.add(key);
  await rewind(hub, instance);
  equal(await hub.output(instance), "sound");
  equal(runs.of(`sound ${key}`), 1, "runs of the activity");
}

async function* waitToRewind(ctx) {
  return yield ctx.waitForExternalEvent("Word");
}

async function rewindIsRefusedUnlessFailed({ hub }) {
  const instance = await hub.start(waitToRewind);
  await hub.running(instance);
  const notNow = async (id) => {
    const { message } = await refused(() => rewind(hub, id, "no reason"));
    check(/not allow|precondition|running|completed|terminated|state/i.test(message), message);
  };
  await notNow(instance);
  await hub.raise(instance, "Word", "undisturbed");
  equal(await hub.output(instance), "undisturbed");
  await notNow(instance);
  equal(await hub.output(instance), "undisturbed", "output after the refusal");
  const other = await hub.start(waitToRewind);
  await hub.client.terminateOrchestration(other);
  await hub.ended(other, TERMINATED);
  await notNow(other);
  const nobody = freshId("nobody");
  const { message } = await refused(() => rewind(hub, nobody, "no reason"));
  contains(message, `'${nobody}' was not found`, "refusal");
}

async function rewindSpansTheHalf(t) {
  const keys = [freshId("part"), freshId("part")];
  const { instance } = await failed(t.hub, severalFragile, { keys, held: true });
  keys.forEach((key) => repaired.add(key));
  await rewind(t.hub, instance, "across");
  await until(() => keys.every((key) => runs.of(`held ${key}`) > 0), "the repaired parts run");
  await t.halfway();
  equal(await t.hub.output(instance), [["sound", "repaired"], ["sound", "repaired"]]);
  equal(keys.map((key) => runs.of(`sound ${key}`)), [1, 1], "runs of what had not failed");
}

/** For each key a sound and a fragile activity, all at once. */
async function* severalFragile(ctx, { keys, held }) {
  const broken = held ? fragileAcrossHalf : fragile;
  const pairs = keys.map((key) => [ctx.callActivity(sound, key), ctx.callActivity(broken, key)]);
  const results = yield whenAll(pairs.flat());
  return keys.map((_, index) => results.slice(2 * index, 2 * index + 2));
}

async function severalFailuresOfOneOrchestration({ hub }) {
  const keys = [freshId("part"), freshId("part"), freshId("part")];
  repaired.add(keys[1]);
  const { instance, message } = await failed(hub, severalFragile, { keys });
  contains(message, "2 of 6 tasks in the whenAll failed", "failure");
  repaired.add(keys[0]).add(keys[2]);
  await rewind(hub, instance, "both repaired");
  const pair = ["sound", "repaired"];
  equal(await hub.output(instance), [pair, pair, pair]);
  equal(keys.map((key) => runs.of(`sound ${key}`)), [1, 1, 1], "runs of sound parts");
  equal(keys.map((key) => runs.of(`fragile ${key}`)), [2, 1, 2], "runs of fragile parts");
}

/** Calls its children, named after itself, and a fragile activity of its own. */
async function* family(ctx, { depth, width, held }) {
  const children = Array.from({ length: depth === 0 ? 0 : width }, (_, index) =>
    ctx.callSubOrchestrator(
      family,
      { depth: depth - 1, width, held },
      { instanceId: `${ctx.instanceId}/${index}` },
    ),
  );
  const own = ctx.callActivity(held ? fragileAcrossHalf : fragile, ctx.instanceId);
  const results = yield whenAll([own, ctx.callActivity(sound, ctx.instanceId), ...children]);
  return { own: results[0], children: results.slice(2) };
}

function membersOf(root, depth, width) {
  if (depth === 0) {
    return [root];
  }
  const below = Array.from({ length: width }, (_, index) =>
    membersOf(`${root}/${index}`, depth - 1, width),
  );
  return [root, ...below.flat()];
}

async function failuresOfChildrenAndGrandchildren({ hub }) {
  const root = freshId("root");
  const members = membersOf(root, 2, 2);
  // One of the grandchildren is whole from the start.
  const whole = `${root}/1/0`;
  repaired.add(whole);
  await failed(hub, family, { depth: 2, width: 2 }, { instanceId: root });
  for (const member of members) {
    await hub.ended(member, member === whole ? COMPLETED : FAILED);
  }
  members.forEach((member) => repaired.add(member));
  await rewind(hub, root, "all repaired");
  const leaf = { own: "repaired", children: [] };
  const middle = { own: "repaired", children: [leaf, leaf] };
  equal(await hub.output(root), { own: "repaired", children: [middle, middle] });
  for (const member of members) {
    await hub.ended(member, COMPLETED);
    equal(runs.of(`sound ${member}`), 1, `runs of the sound part of ${member}`);
    equal(runs.of(`fragile ${member}`), member === whole ? 1 : 2, `runs for ${member}`);
  }
}

async function purgedChildIsMadeAgain({ hub }) {
  const root = freshId("root");
  await failed(hub, family, { depth: 1, width: 2 }, { instanceId: root });
  equal((await hub.client.purgeOrchestration(`${root}/1`)).deletedInstanceCount, 1, "purged");
  membersOf(root, 1, 2).forEach((member) => repaired.add(member));
  await rewind(hub, root, "one is missing");
  const leaf = { own: "repaired", children: [] };
  equal(await hub.output(root), { own: "repaired", children: [leaf, leaf] });
  equal([runs.of(`sound ${root}/0`), runs.of(`sound ${root}/1`)], [1, 2], "runs of sound parts");
}

async function nestedRewindSpansTheHalf(t) {
  const root = freshId("root");
  const members = membersOf(root, 2, 1);
  await failed(t.hub, family, { depth: 2, width: 1, held: true }, { instanceId: root });
  members.forEach((member) => repaired.add(member));
  await rewind(t.hub, root, "across");
  await until(() => members.every((it) => runs.of(`held ${it}`) > 0), "all levels run again");
  await t.halfway();
  const leaf = { own: "repaired", children: [] };
  const middle = { own: "repaired", children: [leaf] };
  equal(await t.hub.output(root), { own: "repaired", children: [middle] });
  const history = await t.hub.history(members[2]);
  check(history.some((event) => event.type === Type.ExecutionRewound), "the leaf was rewound");
}
