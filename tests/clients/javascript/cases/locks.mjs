// Critical sections over two entities, and locks whose holder ends without giving them back.

import { EntityInstanceId, OrchestrationStatus, TaskEntity } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { persistently } from "../hub.mjs";
import { equal, freshEntity, range, sum, until } from "../support.mjs";

const LOCKS = "locks over two entities";
const FREED = "locks freed when the holder ends";

export function register(registry) {
  registry.entity("Account", () => new Account());
  registry.orchestrator(transfer, holdUntilGo, lockOnce, endHolding, lockAgain);
  registry.activity(pauseUntilHalf);
  registry.second(LOCKS, contendersLoseNoUpdate);
  registry.second(LOCKS, holderIsShownAndOthersWait);
  registry.first(LOCKS, lockIsFreeWhenTheHolderIsSeenToEnd);
  registry.first(LOCKS, equalIdsAreLockedOnce);
  registry.second(FREED, holderThatReturns);
  registry.second(FREED, holderThatThrows);
  registry.second(FREED, holderThatContinuesAsNew);
  registry.second(FREED, holderThatIsTerminated);
  registry.first(FREED, waiterThatIsTerminated);
}

class Account extends TaskEntity {
  initializeState() {
    return 0;
  }

  get() {
    return this.state;
  }

  set(value) {
    this.state = value;
  }

  add(value) {
    this.state += value;
  }
}

function entitiesOf(ids) {
  return ids.map((id) => EntityInstanceId.fromString(id));
}

async function twoAccounts(hub) {
  const pair = [freshEntity("Account", "a"), freshEntity("Account", "b")];
  for (const id of pair) {
    await hub.client.signalEntity(id, "add", 100);
    await until(() => hub.entity(id), `${id} exists`);
  }
  return pair;
}

async function lockedBy(hub, id) {
  return (await hub.entity(id)).lockedBy;
}

async function pauseUntilHalf() {
  await checkpoint.passed;
}

/** Reads both, pauses, and writes both: without the locks an update would be lost. */
async function* transfer(ctx, { ids, amount }) {
  const [from, to] = entitiesOf(ids);
  const lock = yield ctx.entities.lockEntities(from, to);
  const inSection = ctx.entities.isInCriticalSection().inSection;
  const before = [
    yield ctx.entities.callEntity(from, "get"),
    yield ctx.entities.callEntity(to, "get"),
  ];
  yield ctx.callActivity(pauseUntilHalf);
  yield ctx.createTimer(0.05);
  yield ctx.entities.callEntity(from, "set", before[0] - amount);
  yield ctx.entities.callEntity(to, "set", before[1] + amount);
  lock.release();
  return { inSection, after: ctx.entities.isInCriticalSection().inSection, total: before[0] + before[1] };
}

/** The client sorts what is locked, whatever the order of the call. */
async function contendersLoseNoUpdate(t) {
  const { hub } = t;
  const [a, b] = await twoAccounts(hub);
  const amounts = range(8).map((number) => number + 1);
  const starts = amounts.map((amount, index) =>
    hub.start(transfer, { ids: index % 2 === 0 ? [a, b] : [b, a], amount }),
  );
  const instances = await Promise.all(starts);
  const holder = await until(() => lockedBy(hub, a), "somebody holds the first account");
  equal([instances.includes(holder), await lockedBy(hub, b)], [true, holder], "holder of both");
  await t.halfway();
  for (const instance of instances) {
    equal(await hub.output(instance), { inSection: true, after: false, total: 200 });
  }
  const moved = sum(amounts.map((amount, index) => (index % 2 === 0 ? amount : -amount)));
  for (const [id, state] of [[a, 100 - moved], [b, 100 + moved]]) {
    const entity = await hub.entity(id);
    equal([entity.state, entity.lockedBy], [state, undefined], `state and lock of ${id}`);
  }
}

async function* holdUntilGo(ctx, ids) {
  const lock = yield ctx.entities.lockEntities(...entitiesOf(ids));
  yield ctx.waitForExternalEvent("Go");
  yield ctx.entities.callEntity(entitiesOf(ids)[0], "set", 1000);
  lock.release();
}

async function holds(hub, ids, orchestrator = holdUntilGo, input = ids) {
  const instance = await hub.start(orchestrator, input);
  for (const id of ids) {
    await until(async () => (await lockedBy(hub, id)) === instance, `${instance} holds ${id}`);
  }
  return instance;
}

async function holderIsShownAndOthersWait(t) {
  const { hub } = t;
  const [a, b] = await twoAccounts(hub);
  const instance = await holds(hub, [a, b]);
  await hub.client.signalEntity(a, "add", 5);
  const entity = await hub.entity(a);
  equal([entity.state, entity.backlogQueueSize], [100, 1], "state and backlog while locked");
  await t.halfway();
  equal([await lockedBy(hub, a), await lockedBy(hub, b)], [instance, instance], "holder");
  equal((await hub.entity(a)).state, 100, "state while locked");
  await hub.raise(instance, "Go");
  await hub.ended(instance, OrchestrationStatus.COMPLETED);
  equal([await lockedBy(hub, a), await lockedBy(hub, b)], [undefined, undefined], "after the end");
  await until(async () => (await hub.entity(a)).state === 1005, "the signal comes after the unlock");
}

async function* lockOnce(ctx, ids) {
  const lock = yield ctx.entities.lockEntities(...entitiesOf(ids));
  const { lockedEntities } = ctx.entities.isInCriticalSection();
  lock.release();
  lock.release();
  return lockedEntities.map(String);
}

async function lockIsFreeWhenTheHolderIsSeenToEnd({ hub }) {
  const [a, b] = await twoAccounts(hub);
  for (const _ of range(5)) {
    equal(await hub.run(lockOnce, [b, a]), [a.toString(), b.toString()], "locked");
    equal([await lockedBy(hub, a), await lockedBy(hub, b)], [undefined, undefined], "after the end");
  }
}

async function equalIdsAreLockedOnce({ hub }) {
  const [a, b] = await twoAccounts(hub);
  equal(await hub.run(lockOnce, [a, b, a, a]), [a.toString(), b.toString()], "locked");
  equal(await lockedBy(hub, a), undefined);
}

/** Ends inside the section, and this client gives nothing back by itself. */
async function* endHolding(ctx, { ids, how }) {
  yield ctx.entities.lockEntities(...entitiesOf(ids));
  yield ctx.waitForExternalEvent("Go");
  if (how === "throw") {
    throw new Error("ended in the section");
  }
  return how;
}

async function* lockAgain(ctx, { ids, generation }) {
  if (generation === 1) {
    yield ctx.entities.lockEntities(...entitiesOf(ids));
    yield ctx.waitForExternalEvent("Go");
    ctx.continueAsNew({ ids, generation: 2 }, true);
    return undefined;
  }
  yield ctx.waitForExternalEvent("End");
  return "second generation";
}

/** Another orchestration, that may have waited already, gets both locks now. */
async function freedFor(hub, ids, waiter) {
  equal((await hub.output(waiter)).length, 2, "locks of the waiter");
  for (const id of ids) {
    equal(await lockedBy(hub, id), undefined, `lock of ${id}`);
  }
}

async function heldAndWanted(t, orchestrator, input) {
  const ids = await twoAccounts(t.hub);
  const instance = await holds(t.hub, ids, orchestrator, { ids, ...input });
  const waiter = await t.hub.start(lockOnce, ids);
  await t.hub.running(waiter);
  await t.halfway();
  return { ids, instance, waiter };
}

async function holderThatReturns(t) {
  const { ids, instance, waiter } = await heldAndWanted(t, endHolding, { how: "return" });
  await t.hub.raise(instance, "Go");
  equal(await t.hub.output(instance), "return");
  await freedFor(t.hub, ids, waiter);
}

async function holderThatThrows(t) {
  const { ids, instance, waiter } = await heldAndWanted(t, endHolding, { how: "throw" });
  await t.hub.raise(instance, "Go");
  const state = await t.hub.ended(instance, OrchestrationStatus.FAILED);
  equal(state.failureDetails.message, "ended in the section");
  await freedFor(t.hub, ids, waiter);
}

async function holderThatContinuesAsNew(t) {
  const { ids, instance, waiter } = await heldAndWanted(t, lockAgain, { generation: 1 });
  await t.hub.raise(instance, "Go");
  await freedFor(t.hub, ids, waiter);
  await t.hub.raise(instance, "End");
  equal(await t.hub.output(instance), "second generation");
}

async function holderThatIsTerminated(t) {
  const { ids, instance, waiter } = await heldAndWanted(t, endHolding, { how: "return" });
  await persistently(() => t.hub.client.terminateOrchestration(instance, "enough"));
  await t.hub.ended(instance, OrchestrationStatus.TERMINATED);
  await freedFor(t.hub, ids, waiter);
}

/** Its place in the queue goes with it. */
async function waiterThatIsTerminated({ hub }) {
  const ids = await twoAccounts(hub);
  const holder = await holds(hub, ids);
  const waiter = await hub.start(endHolding, { ids, how: "return" });
  await hub.running(waiter);
  const last = await hub.start(lockOnce, ids);
  await hub.running(last);
  await hub.client.terminateOrchestration(waiter);
  await hub.ended(waiter, OrchestrationStatus.TERMINATED);
  await hub.raise(holder, "Go");
  await hub.ended(holder, OrchestrationStatus.COMPLETED);
  await freedFor(hub, ids, last);
}
