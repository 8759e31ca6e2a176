// Runs every case of the official JavaScript client against one server.
//
//     node suite.mjs http://127.0.0.1:8080 default [--only NAME]...
//
// One JSON object a line goes to standard output: {"name", "behaviour", "ok", "seconds", "error"},
// with "skipped" instead of "ok" for what this client does not offer, and {"checkpoint": "half"}
// once, when the first half is done and the second is in flight. The exit code is 0 only if no
// case failed.

import { parseArgs } from "node:util";

import * as activities from "./cases/activities.mjs";
import * as children from "./cases/children.mjs";
import * as crashes from "./cases/crashes.mjs";
import * as entities from "./cases/entities.mjs";
import * as entityQueries from "./cases/entity-queries.mjs";
import * as events from "./cases/events.mjs";
import * as failures from "./cases/failures.mjs";
import * as history from "./cases/history.mjs";
import * as locks from "./cases/locks.mjs";
import * as payloads from "./cases/payloads.mjs";
import * as purges from "./cases/purges.mjs";
import * as queries from "./cases/queries.mjs";
import * as restarts from "./cases/restarts.mjs";
import * as retries from "./cases/retries.mjs";
import * as rewind from "./cases/rewind.mjs";
import * as schedules from "./cases/schedules.mjs";
import * as signals from "./cases/signals.mjs";
import * as starts from "./cases/starts.mjs";
import * as suspension from "./cases/suspension.mjs";
import * as timers from "./cases/timers.mjs";
import * as workers from "./cases/workers.mjs";
import { checkpoint } from "./checkpoint.mjs";
import { Hub } from "./hub.mjs";
import { Registry } from "./support.mjs";

const THEMES = [
  activities,
  failures,
  retries,
  timers,
  events,
  children,
  suspension,
  starts,
  workers,
  crashes,
  entities,
  signals,
  entityQueries,
  locks,
  schedules,
  queries,
  history,
  rewind,
  restarts,
  purges,
  payloads,
];

const LIMIT_MS = 150_000;

// Cases mostly wait, but times are measured in this half; in the other all are in flight at once.
const FIRST_AT_ONCE = 16;

/** What a case is given: the main hub, hubs of its own, and its arrival at the checkpoint. */
class Context {
  #hubs;
  #arrived = false;

  constructor(hubs) {
    this.#hubs = hubs;
    this.hub = hubs.main;
  }

  /** A hub beside the main one, for cases that would disturb others. */
  hubNamed(name) {
    return this.#hubs.named(name);
  }

  /** The case is in flight; comes back when all are and the server may have been killed. */
  async halfway() {
    this.arrive();
    await checkpoint.passed;
  }

  arrive() {
    if (!this.#arrived) {
      this.#arrived = true;
      checkpoint.arrive();
    }
  }
}

/** The hubs of this run; all are closed at its end. */
class Hubs {
  #others = new Map();

  constructor(endpoint, taskhub) {
    this.endpoint = endpoint;
    this.main = new Hub(endpoint, taskhub);
  }

  named(name) {
    if (!this.#others.has(name)) {
      this.#others.set(name, new Hub(this.endpoint, `${this.main.name}-${name}`));
    }
    return this.#others.get(name);
  }

  async close() {
    await Promise.all([this.main, ...this.#others.values()].map((hub) => hub.close()));
  }
}

async function main() {
  const { endpoint, taskhub, only } = parseCommandLine();
  const registry = new Registry();
  THEMES.forEach((theme) => theme.register(registry));
  const chosen = registry.cases.filter((it) => only.length === 0 || only.includes(it.name));
  if (chosen.length === 0) {
    fail("no case has that name");
  }
  const unfinished = new Set(chosen);
  setTimeout(() => giveUp(unfinished), LIMIT_MS).unref();

  const hubs = new Hubs(endpoint, taskhub);
  await hubs.main.startWorker(registry);
  const halves = [1, 2].map((half) => chosen.filter((it) => it.half === half));
  const runAll = (cases, atOnce) => inPool(cases, atOnce, (it) => runOne(it, hubs, unfinished));
  const first = await runAll(halves[0], FIRST_AT_ONCE);
  checkpoint.expect(halves[1].length);
  const second = await runAll(halves[1], Infinity);
  await hubs.close();
  process.exit([...first, ...second].every(Boolean) ? 0 : 1);
}

/** Gives the results of all in any order, with so many at once. */
async function inPool(items, atOnce, run) {
  const waiting = [...items];
  const results = [];
  const lanes = waiting.splice(0, Math.min(atOnce, items.length)).map(async (first) => {
    for (let item = first; item; item = waiting.shift()) {
      results.push(await run(item));
    }
  });
  await Promise.all(lanes);
  return results;
}

function parseCommandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string", multiple: true, default: [] } },
  });
  if (positionals.length !== 2) {
    fail("usage: node suite.mjs ENDPOINT TASKHUB [--only NAME]...");
  }
  return { endpoint: positionals[0], taskhub: positionals[1], only: values.only };
}

/** Runs a case and reports it; says whether it is no failure. */
async function runOne(it, hubs, unfinished) {
  if (it.skipped) {
    unfinished.delete(it);
    report({ name: it.name, behaviour: it.behaviour, skipped: it.skipped });
    return true;
  }
  const began = performance.now();
  const context = new Context(hubs);
  let error = "";
  try {
    await it.run(context);
  } catch (failure) {
    error = describe(failure);
  }
  if (it.half === 2) {
    context.arrive();
  }
  unfinished.delete(it);
  reportEnd(it, (performance.now() - began) / 1000, error);
  return error === "";
}

/** The message of a failure, and the line of ours at which it happened. */
function describe(failure) {
  if (!(failure instanceof Error)) {
    return String(failure);
  }
  const places = (failure.stack ?? "").match(/cases\/[\w-]+\.mjs:\d+/g);
  return `${failure.name}: ${failure.message}${places ? ` (${places[0]})` : ""}`;
}

function reportEnd({ name, behaviour }, seconds, error) {
  report({ name, behaviour, ok: error === "", seconds: Number(seconds.toFixed(3)), error });
}

function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function giveUp(unfinished) {
  for (const it of unfinished) {
    reportEnd(it, LIMIT_MS / 1000, "not over when the time of the suite was up");
  }
  process.exit(1);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

await main();
