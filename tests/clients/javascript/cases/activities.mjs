// Fan-outs of activities, and results of every kind.

import { setTimeout as delay } from "node:timers/promises";

import { whenAll } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { Counts, check, equal, freshId, nameInRun, range, until } from "../support.mjs";

const COUNT = 1000;

// So many of the held fan-out have a result at the checkpoint; the rest waits for it.
const FREE = 200;

const runs = new Counts();

export function register(registry) {
  registry.orchestrator(squares, mixture);
  registry.activity(square, giveBack, giveNothing);
  registry.first("fan-out of 1,000", fanOutRunsEachActivityOnce);
  registry.second("fan-out of 1,000", fanOutOf1000InFlight);
  registry.second("heterogeneous results", resultsOfEveryKind);
}

function square(_, { key, number }) {
  runs.next(`${key} ${number}`);
  return number * number;
}

async function* squares(ctx, key) {
  const tasks = range(COUNT).map((number) => ctx.callActivity(square, { key, number }));
  return yield whenAll(tasks);
}

const SQUARES = range(COUNT).map((number) => number * number);

async function fanOutRunsEachActivityOnce({ hub }) {
  const key = freshId("squares");
  equal(await hub.run(squares, key), SQUARES, "results in order");
  const often = range(COUNT).filter((number) => runs.of(`${key} ${number}`) !== 1);
  equal(often, [], "activities that did not run exactly once");
}

/** On a hub of its own: its activities take all that a worker may hold. */
async function fanOutOf1000InFlight(t) {
  const hub = t.hubNamed("fan-out");
  let begun = 0;
  const name = nameInRun("heldSquare");
  async function heldSquare(_, number) {
    begun += 1;
    if (number >= FREE) {
      await checkpoint.passed;
      await delay(20);
    }
    return number * number;
  }
  async function* heldSquares(ctx) {
    return yield whenAll(range(COUNT).map((number) => ctx.callActivity(name, number)));
  }
  const orchestrator = nameInRun("heldSquares");
  await hub.startWorker({
    orchestrators: { [orchestrator]: heldSquares },
    activities: { [name]: heldSquare },
  });
  const instance = await hub.start(orchestrator);
  await until(() => begun > FREE, "activities are held");
  await t.halfway();
  equal(await hub.output(instance), SQUARES, "results in order");
  check(begun >= COUNT, "every activity has run");
}

function giveBack(_, value) {
  return value;
}

function giveNothing() {}

const VALUES = [
  "",
  "text with \"quotes\", \\ and a\nline",
  "ünïcødé 漢字 🚀 \u0000",
  0,
  -1.5,
  1e21,
  Number.MAX_SAFE_INTEGER,
  true,
  false,
  null,
  [],
  {},
  [[], [null], ["nested", { deep: [1, "2", false] }]],
  { "": "empty key", a: { b: { c: [] } } },
];

async function* mixture(ctx, asChild) {
  if (asChild) {
    return { child: ctx.instanceId };
  }
  const results = yield whenAll([
    ...VALUES.map((value) => ctx.callActivity(giveBack, value)),
    ctx.callActivity(giveNothing),
    ctx.createTimer(0.1),
    ctx.callSubOrchestrator(mixture, true, { instanceId: `${ctx.instanceId}-child` }),
    ctx.waitForExternalEvent("Word"),
  ]);
  return results.map((result) => (result === undefined ? "nothing" : result));
}

async function resultsOfEveryKind(t) {
  const instance = await t.hub.start(mixture, false);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Word", { said: ["hello"] });
  equal(await t.hub.output(instance), [
    ...VALUES,
    "nothing",
    "nothing",
    { child: `${instance}-child` },
    { said: ["hello"] },
  ]);
}
