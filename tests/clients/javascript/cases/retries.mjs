// Retry policies and handlers: how often, how late, and when no more.

import { HistoryEventType, OrchestrationStatus, RetryPolicy } from "@microsoft/durabletask-js";

import { Counts, check, equal, freshId, until } from "../support.mjs";

const BEHAVIOUR = "retry policies";

// The client cuts times to whole milliseconds, at both ends of an interval.
const ROUNDING_MS = 2;

const attempts = new Counts();
const times = new Map();

export function register(registry) {
  registry.orchestrator(callFlaky, callFlakyChild, flakyChild, retryByHandler);
  registry.activity(flaky);
  registry.first(BEHAVIOUR, retrySucceedsAtLast);
  registry.first(BEHAVIOUR, retriesEndWithTheLastFailure);
  registry.first(BEHAVIOUR, retryDelaysGrow);
  registry.first(BEHAVIOUR, retriesStopAtAnErrorOfAnotherKind);
  registry.first(BEHAVIOUR, retriesStopWhenTheirTimeIsUp);
  registry.first(BEHAVIOUR, handlerDecidesOnRetries);
  registry.first(BEHAVIOUR, childIsRetriedUnderItsId);
  registry.second(BEHAVIOUR, retryDelaySpansTheHalf);
}

/** Fails the first times; the last failures have a type of their own. */
function flaky(_, { key, failures, fatal }) {
  const attempt = attempts.next(key);
  times.set(key, [...(times.get(key) ?? []), Date.now()]);
  if (attempt > failures) {
    return attempt;
  }
  throw attempt === fatal ? new TypeError(`fatal ${attempt}`) : new Error(`attempt ${attempt}`);
}

async function* callFlaky(ctx, { policy, ...work }) {
  const handleFailure = (failure) => failure.errorType !== "TypeError";
  const retry = new RetryPolicy({ ...policy, handleFailure });
  return yield ctx.callActivity(flaky, work, { retry });
}

function work(policy, failures, fatal) {
  return { key: freshId("flaky"), policy, failures, fatal };
}

const QUICK = { maxNumberOfAttempts: 4, firstRetryIntervalInMilliseconds: 50 };

async function retrySucceedsAtLast({ hub }) {
  const input = work(QUICK, 3);
  equal(await hub.run(callFlaky, input), 4, "attempt that succeeded");
  equal(attempts.of(input.key), 4, "attempts");
}

async function retriesEndWithTheLastFailure({ hub }) {
  const input = work({ ...QUICK, maxNumberOfAttempts: 3 }, 99);
  const state = await hub.ended(await hub.start(callFlaky, input), OrchestrationStatus.FAILED);
  // Each attempt and each delay has an id: 1, 3 and 5 are the attempts.
  equal(state.failureDetails.message, "Activity task #5 failed: attempt 3");
  equal(attempts.of(input.key), 3, "attempts");
}

async function retryDelaysGrow({ hub }) {
  const policy = {
    maxNumberOfAttempts: 5,
    firstRetryIntervalInMilliseconds: 150,
    backoffCoefficient: 2,
    maxRetryIntervalInMilliseconds: 400,
  };
  const input = work(policy, 4);
  equal(await hub.run(callFlaky, input), 5);
  const began = times.get(input.key);
  const gaps = began.slice(1).map((time, index) => time - began[index]);
  [150, 300, 400, 400].forEach((least, index) => {
    check(gaps[index] >= least - ROUNDING_MS, `delays ${gaps} are at least 150, 300, 400, 400`);
  });
}

async function retriesStopAtAnErrorOfAnotherKind({ hub }) {
  const input = work(QUICK, 99, 2);
  const state = await hub.ended(await hub.start(callFlaky, input), OrchestrationStatus.FAILED);
  equal(state.failureDetails.message, "Activity task #3 failed: fatal 2");
  equal(attempts.of(input.key), 2, "attempts");
}

/** How many attempts fit depends on the machine; the last failure leaves no time for one more. */
async function retriesStopWhenTheirTimeIsUp({ hub }) {
  const policy = {
    maxNumberOfAttempts: 99,
    firstRetryIntervalInMilliseconds: 500,
    retryTimeoutInMilliseconds: 2000,
  };
  const input = work(policy, 99);
  const instance = await hub.start(callFlaky, input);
  await hub.ended(instance, OrchestrationStatus.FAILED);
  const turns = (await hub.history(instance))
    .filter((event) => event.type === HistoryEventType.OrchestratorStarted)
    .map((event) => event.timestamp.getTime());
  const elapsed = turns.at(-1) - turns[0];
  check(elapsed > 1500, `the last failure after ${elapsed} ms leaves no time for a retry`);
  const count = attempts.of(input.key);
  check(count >= 1 && count <= 4, `${count} attempts of at most 4`);
}

async function* retryByHandler(ctx, { key, failures }) {
  const seen = [];
  // A number is a delay in milliseconds, true is at once, false is no more.
  const answers = [60, true, false];
  const retry = ({ lastAttemptNumber, lastFailure }) => {
    seen[lastAttemptNumber - 1] = lastFailure.message;
    return answers[lastAttemptNumber - 1];
  };
  try {
    yield ctx.callActivity(flaky, { key, failures }, { retry });
  } catch (error) {
    return { seen, last: error.message };
  }
  return { seen };
}

async function handlerDecidesOnRetries({ hub }) {
  const key = freshId("flaky");
  equal(await hub.run(retryByHandler, { key, failures: 99 }), {
    seen: ["attempt 1", "attempt 2", "attempt 3"],
    last: "Activity task #4 failed: attempt 3",
  });
  equal(attempts.of(key), 3, "attempts");
}

async function* flakyChild(ctx, { key, failures }) {
  return [yield ctx.callActivity(flaky, { key, failures }), ctx.instanceId];
}

async function* callFlakyChild(ctx, { policy, ...child }) {
  const retry = new RetryPolicy(policy);
  return yield ctx.callSubOrchestrator(flakyChild, child, { retry });
}

async function childIsRetriedUnderItsId({ hub }) {
  const input = work(QUICK, 2);
  const parent = await hub.start(callFlakyChild, input);
  const [attempt, child] = await hub.output(parent);
  equal(attempt, 3, "attempt that succeeded");
  equal(attempts.of(input.key), 3, "attempts");
  const created = (await hub.history(parent)).filter(
    (event) => event.type === HistoryEventType.SubOrchestrationInstanceCreated,
  );
  equal(created.map((event) => event.instanceId), [child, child, child], "id of the child");
  await hub.ended(child, OrchestrationStatus.COMPLETED);
}

async function retryDelaySpansTheHalf(t) {
  const input = work({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 2000 }, 1);
  const instance = await t.hub.start(callFlaky, input);
  await until(() => attempts.of(input.key) === 1, "the first attempt has failed");
  await t.halfway();
  equal(await t.hub.output(instance), 2, "attempt that succeeded");
}
