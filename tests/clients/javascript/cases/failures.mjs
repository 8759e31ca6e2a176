// Failures of activities and orchestrations: messages, types, stack traces, and inner errors.

import { OrchestrationStatus, whenAll } from "@microsoft/durabletask-js";

import { contains, equal, nameInRun, range } from "../support.mjs";
import { persistently } from "../hub.mjs";

const BEHAVIOUR = "failures with inner errors and stack traces";

export function register(registry) {
  registry.orchestrator(catchFailure, failWithChain, letItFail, callUnknown, failSome);
  registry.activity(breakDown, failIfOdd);
  registry.second(BEHAVIOUR, activityFailureHasTypeMessageAndStack);
  registry.second(BEHAVIOUR, innerErrorsPassThrough);
  registry.second(BEHAVIOUR, unhandledFailureEndsTheOrchestration);
  registry.second(BEHAVIOUR, unknownFunctionsFail);
  registry.second(BEHAVIOUR, failuresOfAFanOutAreAllThere);
}

function brokenChain() {
  const root = new RangeError("the root of it");
  const middle = new TypeError("between them", { cause: root });
  return new Error("what was seen", { cause: middle });
}

function breakDown() {
  throw brokenChain();
}

async function* catchFailure(ctx) {
  yield ctx.waitForExternalEvent("Go");
  try {
    yield ctx.callActivity(breakDown);
  } catch (error) {
    const { errorType, message, stackTrace } = error.details;
    return { name: error.name, text: error.message, errorType, message, stackTrace };
  }
  return "no failure";
}

async function activityFailureHasTypeMessageAndStack(t) {
  const instance = await t.hub.start(catchFailure);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const { stackTrace, ...seen } = await t.hub.output(instance);
  equal(seen, {
    name: "TaskFailedError",
    text: "Activity task #1 failed: what was seen",
    errorType: "Error",
    message: "what was seen",
  });
  contains(stackTrace, "Error: what was seen\n", "stack trace");
  contains(stackTrace, "failures.mjs", "stack trace");
}

async function* failWithChain(ctx) {
  try {
    yield ctx.callActivity(breakDown);
  } catch {
    throw brokenChain();
  }
}

/** Type and message of a failure on the wire and of all that are inside it. */
function chainOf(details) {
  const inner = details.getInnerfailure();
  const stack = details.getStacktrace()?.getValue() ?? "";
  contains(stack, `${details.getErrortype()}: ${details.getErrormessage()}`, "stack trace");
  const own = [details.getErrortype(), details.getErrormessage()];
  return inner ? [own, ...chainOf(inner)] : [own];
}

/** The client sends inner errors and never shows them, so the server's answers are looked at. */
async function innerErrorsPassThrough(t) {
  const seen = {};
  const client = t.hub.newClient({
    showAnswers(method, message) {
      if (method === "GetInstance") {
        seen.instance = message.getOrchestrationstate().getFailuredetails();
      }
      if (method === "StreamInstanceHistory") {
        const events = message.getEventsList();
        const activity = events.find((event) => event.hasTaskfailed());
        const end = events.find((event) => event.hasExecutioncompleted());
        seen.activity = activity.getTaskfailed().getFailuredetails();
        seen.end = end.getExecutioncompleted().getFailuredetails();
      }
    },
  });
  const instance = await t.hub.start(failWithChain);
  await t.hub.ended(instance, OrchestrationStatus.FAILED);
  await t.halfway();
  await persistently(() => client.getOrchestrationState(instance));
  await persistently(() => client.getOrchestrationHistory(instance));
  const chain = [
    ["Error", "what was seen"],
    ["TypeError", "between them"],
    ["RangeError", "the root of it"],
  ];
  equal(chainOf(seen.activity), chain, "failure of the activity");
  equal(chainOf(seen.end), chain, "failure in the last event");
  equal(chainOf(seen.instance), chain, "failure of the instance");
}

async function* letItFail(ctx) {
  yield ctx.waitForExternalEvent("Go");
  yield ctx.callActivity(breakDown);
}

async function unhandledFailureEndsTheOrchestration(t) {
  const instance = await t.hub.start(letItFail);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const state = await t.hub.ended(instance, OrchestrationStatus.FAILED);
  equal(state.failureDetails.errorType, "TaskFailedError");
  equal(state.failureDetails.message, "Activity task #1 failed: what was seen");
  contains(state.failureDetails.stackTrace, "TaskFailedError: Activity task #1", "stack trace");
  equal(state.serializedOutput, undefined, "output");
  const bare = await persistently(() => t.hub.client.getOrchestrationState(instance, false));
  equal(bare.failureDetails, undefined, "failure when no payloads are asked for");
}

async function* callUnknown(ctx) {
  const seen = [];
  for (const call of [ctx.callActivity, ctx.callSubOrchestrator]) {
    try {
      yield call.call(ctx, "NobodyHasThis");
    } catch (error) {
      seen.push([error.details.errorType, error.details.message]);
    }
  }
  return seen;
}

async function unknownFunctionsFail(t) {
  const unknown = nameInRun("Unknown");
  const root = await t.hub.start(unknown);
  await t.halfway();
  equal(await t.hub.run(callUnknown), [
    ["ActivityNotRegisteredError", "Activity function 'NobodyHasThis' is not registered."],
    ["OrchestratorNotRegisteredError", "Orchestrator 'NobodyHasThis' does not exist."],
  ]);
  const state = await t.hub.ended(root, OrchestrationStatus.FAILED);
  equal(state.failureDetails.errorType, "OrchestratorNotRegisteredError");
  equal(state.failureDetails.message, `Orchestrator '${unknown}' does not exist.`);
}

function failIfOdd(_, number) {
  if (number % 2 === 1) {
    throw new Error(`odd ${number}`);
  }
  return number;
}

async function* failSome(ctx, count) {
  yield ctx.waitForExternalEvent("Go");
  yield whenAll(range(count).map((number) => ctx.callActivity(failIfOdd, number)));
}

async function failuresOfAFanOutAreAllThere(t) {
  const instance = await t.hub.start(failSome, 6);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const state = await t.hub.ended(instance, OrchestrationStatus.FAILED);
  equal(state.failureDetails.errorType, "AggregateError");
  equal(
    state.failureDetails.message,
    "3 of 6 tasks in the whenAll failed: Activity task #2 failed: odd 1; " +
      "Activity task #4 failed: odd 3; Activity task #6 failed: odd 5",
  );
}
