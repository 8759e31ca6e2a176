// Signals to entities: from clients, orchestrations and entities, at once and later.

import { setTimeout as delay } from "node:timers/promises";

import { status as Code } from "@grpc/grpc-js";
import { EntityInstanceId, OrchestrationStatus } from "@microsoft/durabletask-js";

import { check, equal, freshEntity, freshId, nameInRun, range, refused, until } from "../support.mjs";

const SIGNALS = "entity signals";
const DELAYED = "delayed entity signals";

export function register(registry) {
  registry.entity("Log", log);
  registry.orchestrator(signalMany, signalLater, noteStart);
  registry.first(SIGNALS, signalsAreTakenInOrder);
  registry.first(SIGNALS, signalsAtOnceAreAllTaken);
  registry.first(SIGNALS, signalsToOverlongIdsAreRefused);
  registry.second(SIGNALS, signalsOfAnOrchestrationThatEnds);
  registry.second(SIGNALS, entitySignalsAnother);
  registry.second(SIGNALS, entityStartsAnOrchestration);
  registry.first(DELAYED, delayedSignalIsNotEarly);
  registry.second(DELAYED, delayedSignalSpansTheHalf);
  registry.second(DELAYED, delayedSignalOfAnEndedOrchestration);
  registry.second(DELAYED, entitySignalsItselfLater);
}

/** Keeps what it is told, in order. */
function log() {
  return {
    async run(operation) {
      const entries = operation.state.getState([]);
      const input = operation.getInput();
      switch (operation.name) {
        case "note":
          operation.state.setState([...entries, input]);
          break;
        case "noteSlowly":
          await delay(5);
          operation.state.setState([...entries, input]);
          break;
        case "noteTime":
          operation.state.setState([...entries, Date.now()]);
          break;
        case "tell":
          operation.context.signalEntity(EntityInstanceId.fromString(input.target), "note", input.word);
          operation.state.setState([...entries, `told ${input.word}`]);
          break;
        case "start":
          return operation.context.scheduleNewOrchestration(nameInRun("noteStart"), input.input, {
            instanceId: input.instanceId,
          });
        case "tick":
          operation.state.setState([...entries, Date.now()]);
          if (input > 1) {
            const signalTime = new Date(Date.now() + 700);
            operation.context.signalEntity(operation.context.id, "tick", input - 1, { signalTime });
          }
          break;
        default:
          throw new Error(`no operation ${operation.name}`);
      }
      return undefined;
    },
  };
}

/** Waits until the entity has so many entries, and gives them. */
async function entries(hub, id, count) {
  const entity = await until(async () => {
    const found = await hub.entity(id);
    return found?.state.length >= count && found;
  }, `${id} has ${count} entries`);
  return entity.state;
}

async function signalsAreTakenInOrder({ hub }) {
  const id = freshEntity("Log");
  for (const number of range(50)) {
    await hub.client.signalEntity(id, number % 3 === 0 ? "noteSlowly" : "note", number);
  }
  equal(await entries(hub, id, 50), range(50));
}

async function signalsAtOnceAreAllTaken({ hub }) {
  const id = freshEntity("Log");
  await Promise.all(range(40).map((number) => hub.client.signalEntity(id, "note", number)));
  const seen = await entries(hub, id, 40);
  equal(seen.sort((a, b) => a - b), range(40));
}

async function signalsToOverlongIdsAreRefused({ hub }) {
  const room = 100 - new EntityInstanceId(nameInRun("Log"), "").toString().length;
  const longest = new EntityInstanceId(nameInRun("Log"), freshId("long").padEnd(room, "x"));
  equal(longest.toString().length, 100);
  await hub.client.signalEntity(longest, "note", "fits");
  equal(await entries(hub, longest, 1), ["fits"]);
  const tooLong = new EntityInstanceId(longest.name, `${longest.key}x`);
  const call = () => hub.client.signalEntity(tooLong, "note", 1);
  await refused(call, { code: Code.INVALID_ARGUMENT });
}

async function* signalMany(ctx, { target, count }) {
  yield ctx.waitForExternalEvent("Go");
  for (const number of range(count)) {
    ctx.entities.signalEntity(EntityInstanceId.fromString(target), "note", number);
  }
}

async function signalsOfAnOrchestrationThatEnds(t) {
  const id = freshEntity("Log");
  const instance = await t.hub.start(signalMany, { target: id, count: 10 });
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  equal(await t.hub.output(instance), undefined);
  equal(await entries(t.hub, id, 10), range(10));
}

async function entitySignalsAnother(t) {
  const [first, second] = [freshEntity("Log"), freshEntity("Log")];
  const words = ["one", "two", "three"];
  for (const word of words) {
    await t.hub.client.signalEntity(first, "tell", { target: second, word });
  }
  await t.halfway();
  equal(await entries(t.hub, first, 3), words.map((word) => `told ${word}`));
  equal(await entries(t.hub, second, 3), words);
}

async function* noteStart(ctx, input) {
  yield ctx.createTimer(0.1);
  return [input, ctx.parent ?? "no parent"];
}

async function entityStartsAnOrchestration(t) {
  const id = freshEntity("Log");
  const instanceId = `${freshId("started")}-2026-01-01T00:00:00+00:00`;
  await t.hub.client.signalEntity(id, "start", { instanceId, input: { from: "entity" } });
  await t.halfway();
  await t.hub.running(instanceId);
  equal(await t.hub.output(instanceId), [{ from: "entity" }, "no parent"]);
}

async function delayedSignalIsNotEarly({ hub }) {
  const id = freshEntity("Log");
  const signalTime = new Date(Date.now() + 1500);
  await hub.client.signalEntity(id, "noteTime", undefined, { signalTime });
  const other = freshEntity("Log");
  await hub.client.signalEntity(other, "note", 1, { signalTime: new Date(2001, 1, 1) });
  equal(await entries(hub, other, 1), [1], "signal of the past");
  const [time] = await entries(hub, id, 1);
  check(time >= signalTime.getTime(), `${time} is not before ${signalTime.getTime()}`);
}

async function delayedSignalSpansTheHalf(t) {
  const id = freshEntity("Log");
  const signalTime = new Date(Date.now() + 8000);
  await t.hub.client.signalEntity(id, "noteTime", undefined, { signalTime });
  equal(await t.hub.entity(id), undefined, "entity before the time");
  await t.halfway();
  const times = await entries(t.hub, id, 1);
  equal(times.length, 1, "signals");
  check(times[0] >= signalTime.getTime(), "the signal is not early");
}

function signalLater(ctx, target) {
  const due = ctx.currentUtcDateTime.getTime() + 2000;
  ctx.entities.signalEntity(EntityInstanceId.fromString(target), "noteTime", undefined, {
    signalTime: new Date(due),
  });
  return due;
}

async function delayedSignalOfAnEndedOrchestration(t) {
  const id = freshEntity("Log");
  const instance = await t.hub.start(signalLater, id);
  const state = await t.hub.ended(instance, OrchestrationStatus.COMPLETED);
  await t.halfway();
  const [time] = await entries(t.hub, id, 1);
  check(time >= Number(state.serializedOutput), "the signal is not early");
}

async function entitySignalsItselfLater(t) {
  const id = freshEntity("Log");
  await t.hub.client.signalEntity(id, "tick", 4);
  await entries(t.hub, id, 1);
  await t.halfway();
  const times = await entries(t.hub, id, 4);
  equal(times.length, 4, "ticks");
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  check(Math.min(...gaps) >= 700, `gaps between ticks are ${gaps}`);
}
