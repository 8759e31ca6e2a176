// External events: before the start, in number, in any case; and what continue-as-new keeps of them.

import { HistoryEventType, whenAny } from "@microsoft/durabletask-js";

import { check, equal, range } from "../support.mjs";

const NUMBERS = range(10);

export function register(registry) {
  registry.orchestrator(waitForThree, collectTen, sendTen, collectAnyCase, collectByGenerations);
  registry.orchestrator(dropByGenerations, countDown, callChildTwice, tellId);
  registry.activity(addOne);
  registry.first("events before start", eventsRightAfterTheStartCall);
  registry.second("events before start", eventsBeforeAScheduledStart);
  registry.second("ten events of the same name", tenEventsAreTakenInOrder);
  registry.second("ten events of the same name", tenEventsFromAnInstance);
  registry.second("event names in different case", caseOfEventNamesDoesNotMatter);
  registry.second("continue-as-new with carry-over", carriedEventsAreTakenInOrder);
  registry.first("continue-as-new with carry-over", eventsAreDroppedWithoutCarryOver);
  registry.first("continue-as-new with carry-over", manyGenerations);
  registry.first("continue-as-new with carry-over", childrenOfGenerationsDiffer);
}

async function* waitForThree(ctx) {
  const values = {};
  for (const name of ["Third", "First", "Second"]) {
    values[name] = yield ctx.waitForExternalEvent(name);
  }
  return values;
}

async function raiseThree(hub, instance) {
  await hub.raise(instance, "First", 1);
  await hub.raise(instance, "Second", { two: [2] });
  await hub.raise(instance, "Third", "");
}

const THREE = { First: 1, Second: { two: [2] }, Third: "" };

async function eventsRightAfterTheStartCall({ hub }) {
  const instance = await hub.start(waitForThree);
  await raiseThree(hub, instance);
  equal(await hub.output(instance), THREE);
}

async function eventsBeforeAScheduledStart(t) {
  const instance = await t.hub.start(waitForThree, undefined, {
    startAt: new Date(Date.now() + 8000),
  });
  await raiseThree(t.hub, instance);
  equal(await t.hub.status(instance), "PENDING", "status with events");
  await t.halfway();
  equal(await t.hub.output(instance), THREE);
}

function addOne(_, number) {
  return number + 1;
}

async function* collectTen(ctx) {
  yield ctx.waitForExternalEvent("Go");
  const values = [];
  for (const _ of NUMBERS) {
    const value = yield ctx.waitForExternalEvent("Number");
    values.push(yield ctx.callActivity(addOne, value));
  }
  return values;
}

const TEN = NUMBERS.map((number) => number + 1);

/** All ten are acknowledged before the half: a repeated call could bring one twice. */
async function tenEventsAreTakenInOrder(t) {
  const instance = await t.hub.start(collectTen);
  for (const number of NUMBERS) {
    await t.hub.raise(instance, "Number", number);
  }
  await t.halfway();
  await t.hub.raise(instance, "Go");
  equal(await t.hub.output(instance), TEN);
}

async function* sendTen(ctx, target) {
  yield ctx.waitForExternalEvent("Go");
  ctx.sendEvent(target, "Go");
  for (const number of NUMBERS) {
    ctx.sendEvent(target, "Number", number);
  }
  ctx.sendEvent(`${target}-nobody`, "Number", "into the void");
}

async function tenEventsFromAnInstance(t) {
  const target = await t.hub.start(collectTen);
  const sender = await t.hub.start(sendTen, target);
  await t.hub.running(sender);
  await t.halfway();
  await t.hub.raise(sender, "Go");
  equal(await t.hub.output(sender), undefined);
  equal(await t.hub.output(target), TEN);
  const history = await t.hub.history(target);
  const raised = history.filter((event) => event.type === HistoryEventType.EventRaised);
  equal(raised.slice(1).map((event) => event.input), NUMBERS.map(String), "events in history");
}

async function* collectAnyCase(ctx) {
  const values = [];
  for (const name of ["approved", "APPROVED", "Approved"]) {
    values.push(yield ctx.waitForExternalEvent(name));
  }
  return values;
}

async function caseOfEventNamesDoesNotMatter(t) {
  const instance = await t.hub.start(collectAnyCase);
  await t.hub.raise(instance, "aPPROVED", 1);
  await t.hub.raise(instance, "approved", 2);
  await t.halfway();
  // A repeat after the kill may bring it twice; the orchestrator is over by then.
  await t.hub.raise(instance, "ApPrOvEd", 3);
  equal(await t.hub.output(instance), [1, 2, 3]);
  const history = await t.hub.history(instance);
  const names = history
    .filter((event) => event.type === HistoryEventType.EventRaised)
    .map((event) => event.name);
  equal(names.slice(0, 3), ["aPPROVED", "approved", "ApPrOvEd"], "names as they were raised");
}

async function* collectByGenerations(ctx, taken) {
  if (taken.length === 0) {
    yield ctx.waitForExternalEvent("Go");
  }
  const value = yield ctx.waitForExternalEvent("Value");
  const now = [...taken, value];
  if (now.length === 5) {
    return now;
  }
  ctx.continueAsNew(now, true);
}

async function carriedEventsAreTakenInOrder(t) {
  const instance = await t.hub.start(collectByGenerations, []);
  const values = ["a", { b: 2 }, [3], "", 5];
  for (const value of values) {
    await t.hub.raise(instance, "Value", value);
  }
  await t.halfway();
  await t.hub.raise(instance, "Go");
  equal(await t.hub.output(instance), values);
  const state = await t.hub.state(instance);
  equal(JSON.parse(state.serializedInput), values.slice(0, 4), "input of the last generation");
}

async function* dropByGenerations(ctx, generation) {
  if (generation === 1) {
    yield ctx.waitForExternalEvent("Go");
    ctx.continueAsNew(2, false);
    return undefined;
  }
  const value = ctx.waitForExternalEvent("Value");
  const timer = ctx.createTimer(0.2);
  const winner = yield whenAny([value, timer]);
  return winner === timer ? "nothing was carried over" : value.getResult();
}

async function eventsAreDroppedWithoutCarryOver({ hub }) {
  const instance = await hub.start(dropByGenerations, 1);
  await hub.raise(instance, "Value", "left behind");
  await hub.raise(instance, "Go");
  equal(await hub.output(instance), "nothing was carried over");
}

async function* countDown(ctx, { left, ids }) {
  const next = yield ctx.callActivity(addOne, left - 2);
  if (next === 0) {
    return ids.length;
  }
  ctx.continueAsNew({ left: next, ids: [...ids, ctx.newGuid()] }, true);
}

async function manyGenerations({ hub }) {
  const tags = { run: "generations" };
  const instance = await hub.start(countDown, { left: 30, ids: [] }, { tags });
  const created = (await hub.state(instance)).createdAt;
  equal(await hub.output(instance), 29);
  const state = await hub.state(instance);
  const input = JSON.parse(state.serializedInput);
  equal([input.left, new Set(input.ids).size], [1, 29], "input of the last generation");
  equal([state.createdAt, state.tags], [created, tags], "what stays through all generations");
  const history = await hub.history(instance);
  equal(history.length, 6, "events of the last generation only");
}

function tellId(ctx) {
  return ctx.instanceId;
}

async function* callChildTwice(ctx, before) {
  const child = yield ctx.callSubOrchestrator(tellId);
  if (before) {
    return [before, child];
  }
  ctx.continueAsNew(child, false);
}

async function childrenOfGenerationsDiffer({ hub }) {
  const [first, second] = await hub.run(callChildTwice);
  for (const id of [first, second]) {
    check(/^[0-9a-f]{32}:[0-9a-f]{4}$/.test(id), `${id} is an execution id and a number`);
  }
  check(first !== second, "each generation has an execution id of its own");
}
