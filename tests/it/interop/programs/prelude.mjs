// What the JavaScript programs begin with: the official client and worker on the emulator.

import { setTimeout as delay } from "node:timers/promises";

import {
  EntityInstanceId, OrchestrationStatus, RetryPolicy, TaskEntity, TaskHubGrpcClient,
  TaskHubGrpcWorker, whenAll, whenAny,
} from "@microsoft/durabletask-js";

const DEADLINE_SECONDS = 40;
// Failures on purpose are no news.
const logger = { error() {}, warn() {}, info() {}, debug() {} };
const hub = { hostAddress: new URL("@ENDPOINT@").host, logger };

const client = new TaskHubGrpcClient(hub);

/** A worker that takes only what it has, as others on the hub have the rest. */
function workerOf({ orchestrators = [], activities = [], entities = {} }) {
  const options = { workItemFilters: "auto", shutdownTimeoutMs: 1000 };
  const worker = new TaskHubGrpcWorker({ ...hub, ...options });
  orchestrators.forEach((run) => worker.addNamedOrchestrator(run.name, run));
  activities.forEach((run) => worker.addNamedActivity(run.name, run));
  for (const [name, make] of Object.entries(entities)) {
    worker.addNamedEntity(name, make);
  }
  return worker;
}

async function until(ask, what) {
  const deadline = Date.now() + DEADLINE_SECONDS * 1000;
  while (!(await ask())) {
    if (Date.now() > deadline) {
      throw new Error(`never happened: ${what}`);
    }
    await delay(20);
  }
}

function ended(instance) {
  return client.waitForOrchestrationCompletion(instance, true, DEADLINE_SECONDS);
}

/** Waits until the instance shows a custom status. */
async function hasStatus(instance, expected) {
  const text = JSON.stringify(expected);
  const shows = async () =>
    (await client.getOrchestrationState(instance, true))?.serializedCustomStatus === text;
  await until(shows, `${instance} shows ${text}`);
}

/** A line for the test: what an instance came to. */
async function tell(instance) {
  const state = await ended(instance);
  const { errorType, message, stackTrace } = state.failureDetails ?? {};
  console.log(JSON.stringify({
    id: instance,
    status: OrchestrationStatus[state.runtimeStatus],
    output: state.serializedOutput ?? null,
    customStatus: state.serializedCustomStatus ?? null,
    failure: state.failureDetails ? { type: errorType, message, stack: stackTrace } : null,
  }));
}
