// A worker process that is killed while it holds activities, a turn, or an entity batch.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { EntityInstanceId, whenAll } from "@microsoft/durabletask-js";

import { RUN, equal, freshId, nameInRun, range, until } from "../support.mjs";

const BEHAVIOUR = "a worker killed in the middle";

const HELD_WORKER = fileURLToPath(new URL("../held-worker.mjs", import.meta.url));

const WORK = nameInRun("work");
const RELAY = nameInRun("relay");
const TALLY = nameInRun("Tally");

export function register(registry) {
  registry.first(BEHAVIOUR, killedWhileItHoldsActivities);
  registry.first(BEHAVIOUR, killedWhileItHoldsATurn);
  registry.first(BEHAVIOUR, killedWhileItHoldsAnEntityBatch);
  registry.second(BEHAVIOUR, killedTogetherWithTheServer);
}

/** What both workers know. The killed one holds at its place; the other one never does. */
export function heldParts(holdAt) {
  async function* relay(ctx, key) {
    await holdAt("turn");
    const tasks = range(3).map((number) => ctx.callActivity(WORK, number));
    const workers = yield whenAll(tasks);
    const tally = yield ctx.entities.callEntity(new EntityInstanceId(TALLY, key), "add", 5);
    return { worker: process.pid, workers, tally };
  }
  async function work() {
    await holdAt("activity");
    return process.pid;
  }
  const makeTally = () => ({
    async run(operation) {
      await holdAt("batch");
      const total = operation.state.getState(0) + operation.getInput();
      operation.state.setState(total);
      return total;
    },
  });
  return {
    orchestrators: { [RELAY]: relay },
    activities: { [WORK]: work },
    entities: { [TALLY]: makeTally },
  };
}

/** Starts the process, and an instance that it takes; comes back when it holds `count` items. */
async function heldBy(hub, kind, count) {
  const child = spawn(process.execPath, [HELD_WORKER, hub.endpoint, hub.name, kind], {
    env: { ...process.env, SUITE_RUN: RUN },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let held = 0;
  createInterface({ input: child.stdout }).on("line", () => {
    held += 1;
  });
  const killed = async () => {
    child.kill("SIGKILL");
    await (child.signalCode ?? once(child, "exit"));
  };
  try {
    const instance = await hub.start(RELAY, freshId("key"));
    await until(() => held >= count, `the other process holds ${count} of ${kind}`);
    return { instance, kill: killed, pid: child.pid };
  } catch (failure) {
    await killed();
    throw failure;
  }
}

function takeOver(hub) {
  return hub.startWorker(heldParts(() => undefined));
}

async function killedWhileItHoldsActivities(t) {
  const hub = t.hubNamed("killed-activity");
  const { instance, kill } = await heldBy(hub, "activity", 3);
  await kill();
  await takeOver(hub);
  const workers = range(3).map(() => process.pid);
  equal(await hub.output(instance), { worker: process.pid, workers, tally: 5 });
}

async function killedWhileItHoldsATurn(t) {
  const hub = t.hubNamed("killed-turn");
  const { instance, kill } = await heldBy(hub, "turn", 1);
  equal(await hub.status(instance), "PENDING", "status in the first turn");
  await kill();
  await takeOver(hub);
  const workers = range(3).map(() => process.pid);
  equal(await hub.output(instance), { worker: process.pid, workers, tally: 5 });
}

async function killedWhileItHoldsAnEntityBatch(t) {
  const hub = t.hubNamed("killed-batch");
  const { instance, kill, pid } = await heldBy(hub, "batch", 1);
  await kill();
  await takeOver(hub);
  const workers = range(3).map(() => pid);
  equal(await hub.output(instance), { worker: process.pid, workers, tally: 5 });
}

async function killedTogetherWithTheServer(t) {
  const hub = t.hubNamed("killed-both");
  const { instance, kill } = await heldBy(hub, "activity", 3);
  await t.halfway();
  await kill();
  await takeOver(hub);
  const { worker, tally } = await hub.output(instance);
  equal([worker, tally], [process.pid, 5]);
}
