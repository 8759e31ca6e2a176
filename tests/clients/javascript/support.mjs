// What every case uses: the registry of cases and of the worker's functions, ids, and assertions.

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";

import { EntityInstanceId } from "@microsoft/durabletask-js";

// Longer than any case needs on a busy machine; a case that meets it has failed.
export const DEADLINE_MS = 45_000;

const POLL_MS = 25;

/** In every id, name and key of this run, so that one hub can be used by several. */
export const RUN = process.env.SUITE_RUN ?? randomBytes(4).toString("hex");

let ids = 0;

export function freshId(prefix) {
  ids += 1;
  return `${RUN}-${prefix.replace(`_${RUN}`, "")}-${ids}`;
}

/** The name under which functions and entities of this run are known. */
export function nameInRun(name) {
  return `${name}_${RUN}`;
}

/** An entity with a key of its own. */
export function freshEntity(name, prefix = "key") {
  return new EntityInstanceId(nameInRun(name), freshId(prefix));
}

/** The cases, and the functions that the worker of the main hub must know for them. */
export class Registry {
  cases = [];
  orchestrators = {};
  activities = {};
  entities = {};

  /** A case that counts, measures time or starts workers: it runs while nothing is killed. */
  first(behaviour, run) {
    this.cases.push({ name: snake(run.name), behaviour, run, half: 1 });
  }

  /** A case that is in flight at the checkpoint. */
  second(behaviour, run) {
    this.cases.push({ name: snake(run.name), behaviour, run, half: 2 });
  }

  /** Something that this client does not offer. */
  lacking(behaviour, name, reason) {
    this.cases.push({ name, behaviour, skipped: reason, half: 1 });
  }

  orchestrator(...functions) {
    functions.forEach((run) => addInRun(this.orchestrators, run));
  }

  activity(...functions) {
    functions.forEach((run) => addInRun(this.activities, run));
  }

  entity(name, make) {
    this.entities[nameInRun(name)] = make;
  }
}

/** The client takes a function's own name, so the function gets the one that is registered. */
function addInRun(functions, run) {
  const name = nameInRun(run.name);
  Object.defineProperty(run, "name", { value: name });
  functions[name] = run;
}

function snake(name) {
  return name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);
}

/** Counts how often something ran, by key. */
export class Counts {
  #counts = new Map();

  next(key) {
    const count = this.of(key) + 1;
    this.#counts.set(key, count);
    return count;
  }

  of(key) {
    return this.#counts.get(key) ?? 0;
  }
}

export function range(count) {
  return Array.from({ length: count }, (_, index) => index);
}

export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

export function equal(actual, expected, what = "value") {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: expected ${short(expected)}, got ${short(actual)}`);
  }
}

export function check(condition, what) {
  if (!condition) {
    throw new Error(`not so: ${what}`);
  }
}

export function contains(text, part, what = "text") {
  if (typeof text !== "string" || !text.includes(part)) {
    throw new Error(`${what}: ${short(part)} is not in ${short(text)}`);
  }
}

function short(value) {
  const text = inspect(value, { depth: 6, breakLength: Infinity, maxStringLength: 300 });
  return text.length > 1500 ? `${text.slice(0, 1500)}...` : text;
}

/** Asks again and again until the answer is something; fails at the deadline. */
export async function until(ask, what) {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer) {
      return answer;
    }
    await delay(POLL_MS); // between two questions; the answer decides, not the time
  }
  throw new Error(`never happened: ${what}`);
}

/** The call must be refused; gives the error, whose message must hold all the texts. */
export async function refused(call, { code, texts = [] } = {}) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    if (code !== undefined) {
      equal(error.code, code, `code of ${error.message}`);
    }
    texts.forEach((text) => contains(error.message.toLowerCase(), text.toLowerCase(), "refusal"));
    return error;
  }
  throw new Error(`accepted with ${short(answer)}`);
}
