// One fan-out with the official JavaScript client: on its in-memory backend, in this process, or
// as a worker against a server.
//
//     memory            no server
//     work ENDPOINT     the hub `default` of a server
//
// Prints {"ready"}; then each line of standard input is a size and each answer {"seconds", "id"}.
// Ends when its standard input does.

import { createInterface } from "node:readline";

import * as sdk from "@microsoft/durabletask-js";

const PATIENCE_SECONDS = 600;
const HISTORY_MAX = 10_000_000;

const [mode, endpoint] = process.argv.slice(1).filter((word) => word !== "--");

// The library tells each event, which would be most of its time.
for (const name of ["log", "info", "warn", "error", "debug"]) {
  console[name] = () => {};
}

const silent = { error() {}, warn() {}, info() {}, debug() {} };

async function echo(_context, number) {
  return number;
}

async function* fanOut(context, size) {
  const calls = [];
  for (let number = 0; number < size; number += 1) {
    calls.push(context.callActivity(echo, number));
  }
  const numbers = yield sdk.whenAll(calls);
  return numbers.reduce((sum, number) => sum + number, 0);
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sides() {
  if (mode === "memory") {
    const backend = new sdk.InMemoryOrchestrationBackend(HISTORY_MAX);
    return [new sdk.TestOrchestrationClient(backend), new sdk.TestOrchestrationWorker(backend)];
  }
  const hostAddress = endpoint.replace("http://", "");
  return [
    new sdk.TaskHubGrpcClient({ hostAddress, logger: silent }),
    new sdk.TaskHubGrpcWorker({ hostAddress, logger: silent }),
  ];
}

async function once(client, size) {
  const began = performance.now();
  const id = await client.scheduleNewOrchestration(fanOut, size);
  const state = await client.waitForOrchestrationCompletion(id, true, PATIENCE_SECONDS);
  const seconds = (performance.now() - began) / 1000;
  const expected = String((size * (size - 1)) / 2);
  if (state?.serializedOutput !== expected) {
    return { error: `it ended with ${state?.serializedOutput}` };
  }
  return { seconds, id };
}

const [client, worker] = sides();
worker.addOrchestrator(fanOut);
worker.addActivity(echo);
await worker.start();
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  say(await once(client, Number(line)).catch((error) => ({ error: String(error) })));
}
process.exit(0);
