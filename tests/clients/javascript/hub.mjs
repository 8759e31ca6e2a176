// The connection to one task hub: official clients and workers, and calls that outlive a restart
// of the server.

import { setTimeout as delay } from "node:timers/promises";

import { InterceptingCall, Metadata, status as Code } from "@grpc/grpc-js";
import { OrchestrationStatus, TaskHubGrpcClient, TaskHubGrpcWorker } from "@microsoft/durabletask-js";

import { DEADLINE_MS, equal, freshId, until } from "./support.mjs";

// Longer than the server takes to come back; the client's channel waits a second by itself.
const REPEAT_MS = 100;

// What a stopping worker may still have in hand belongs to cases that are over.
const SHUTDOWN_MS = 1000;

// Deliberate failures are logged as well; all of it is for the eye.
const logger = {
  error: complain,
  warn: complain,
  info() {},
  debug() {},
};

function complain(message) {
  process.stderr.write(`${String(message).split("\n", 1)[0]}\n`);
}

/** Repeats a call while the server cannot be reached. The call is told whether it is a repeat. */
export async function persistently(call) {
  const deadline = Date.now() + DEADLINE_MS;
  for (let repeated = false; ; repeated = true) {
    try {
      return await call(repeated);
    } catch (error) {
      if (error.code !== Code.UNAVAILABLE || Date.now() > deadline) {
        throw error;
      }
      await delay(REPEAT_MS);
    }
  }
}

/** A gRPC interceptor that shows each answer of the server before the client reads it. */
function onAnswers(show) {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        next(metadata, {
          onReceiveMessage(message, proceed) {
            if (message) {
              show(options.method_definition.path.split("/").pop(), message);
            }
            proceed(message);
          },
        });
      },
    });
}

export class Hub {
  #clients = [];
  #workers = [];

  constructor(endpoint, name) {
    this.endpoint = endpoint;
    this.name = name;
    this.client = this.newClient();
  }

  /**
   * The plain client is given the task hub as the metadata that the companion package for the
   * managed scheduler would send: that package is not in the registry.
   */
  #connection() {
    const metadata = new Metadata();
    metadata.set("taskhub", this.name);
    return {
      hostAddress: new URL(this.endpoint).host,
      metadataGenerator: async () => metadata,
      logger,
    };
  }

  newClient({ showAnswers, ...options } = {}) {
    const interceptors = showAnswers ? [onAnswers(showAnswers)] : [];
    const client = new TaskHubGrpcClient({
      ...this.#connection(),
      ...options,
      options: { interceptors },
    });
    this.#clients.push(client);
    return client;
  }

  /**
   * Starts a worker for functions by name. The official worker connects again after a break but
   * does not repeat its first connection, so the server has to be there.
   */
  async startWorker({ orchestrators = {}, activities = {}, entities = {} }, options = {}) {
    const worker = new TaskHubGrpcWorker({
      ...this.#connection(),
      shutdownTimeoutMs: SHUTDOWN_MS,
      ...options,
    });
    for (const [name, run] of Object.entries(orchestrators)) {
      worker.addNamedOrchestrator(name, run);
    }
    for (const [name, run] of Object.entries(activities)) {
      worker.addNamedActivity(name, run);
    }
    for (const [name, make] of Object.entries(entities)) {
      worker.addNamedEntity(name, make);
    }
    await this.state(freshId("nobody"));
    await worker.start();
    this.#workers.push(worker);
    return worker;
  }

  async close() {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await Promise.all(this.#clients.map((client) => client.stop()));
  }

  /** Starts an instance. One of that id at a repeat means that the first try had arrived. */
  async start(orchestrator, input, options = {}) {
    const instanceId = options.instanceId ?? freshId(orchestrator.name ?? orchestrator);
    await persistently(async (repeated) => {
      if (repeated && (await this.client.getOrchestrationState(instanceId))) {
        return;
      }
      const answered = await this.client.scheduleNewOrchestration(orchestrator, input, {
        ...options,
        instanceId,
      });
      equal(answered, instanceId, "id of the started instance");
    });
    return instanceId;
  }

  state(instanceId) {
    return persistently(() => this.client.getOrchestrationState(instanceId));
  }

  async status(instanceId) {
    const state = await this.state(instanceId);
    return state && OrchestrationStatus[state.runtimeStatus];
  }

  raise(instanceId, name, data) {
    return persistently(() => this.client.raiseOrchestrationEvent(instanceId, name, data));
  }

  history(instanceId) {
    return persistently(() => this.client.getOrchestrationHistory(instanceId));
  }

  entity(id) {
    return persistently(() => this.client.getEntity(id));
  }

  /** Waits until the instance has left PENDING; its parent may yet have to create it. */
  async running(instanceId) {
    await until(() => this.state(instanceId), `${instanceId} exists`);
    const state = await persistently(() =>
      this.client.waitForOrchestrationStart(instanceId, true, DEADLINE_MS / 1000),
    );
    return state;
  }

  /** Waits for the end, which must be `expected`. */
  async ended(instanceId, expected) {
    const state = await persistently(() =>
      this.client.waitForOrchestrationCompletion(instanceId, true, DEADLINE_MS / 1000),
    );
    if (!state) {
      throw new Error(`${instanceId} is unknown`);
    }
    if (state.runtimeStatus !== expected) {
      const failure = state.failureDetails;
      throw new Error(
        `${instanceId} ended ${OrchestrationStatus[state.runtimeStatus]}, ` +
          `not ${OrchestrationStatus[expected]}: ${failure?.errorType} ${failure?.message}`,
      );
    }
    return state;
  }

  /** Waits for success and gives the output. */
  async output(instanceId) {
    const state = await this.ended(instanceId, OrchestrationStatus.COMPLETED);
    equal(state.failureDetails, undefined, `failure of ${instanceId}`);
    return state.serializedOutput === undefined ? undefined : JSON.parse(state.serializedOutput);
  }

  /** Starts an instance and gives its output. */
  async run(orchestrator, input, options) {
    return this.output(await this.start(orchestrator, input, options));
  }
}
