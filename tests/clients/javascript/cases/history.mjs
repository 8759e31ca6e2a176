// Histories: every event, in order, with its ids; and the export that is built on them.

import {
  EntityInstanceId,
  HistoryEventType as Type,
  OrchestrationStatus,
  whenAll,
} from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { persistently } from "../hub.mjs";
import { check, equal, freshEntity, freshId, nameInRun, range, until } from "../support.mjs";

const BEHAVIOUR = "history in full and in order";
const EXPORT = "history export";

export function register(registry) {
  registry.entity("Register", entityRegister);
  registry.orchestrator(oneStep, threeSteps, heldTurn, double, talk, listen, callEntityInSection, many);
  registry.activity(addOneToIt, addOneAcrossHalf);
  registry.first(BEHAVIOUR, historyOfOneActivity);
  registry.second(BEHAVIOUR, historyOfThreeStepsAcrossTheHalf);
  registry.second(BEHAVIOUR, historyOfATurnThatWasHeld);
  registry.first(BEHAVIOUR, historyOfEventsAndSuspension);
  registry.first(BEHAVIOUR, historyOfEntitiesAndLocks);
  registry.second(BEHAVIOUR, longHistoryIsInOrder);
  registry.first(BEHAVIOUR, historyOfAnUnknownInstanceIsEmpty);
  registry.second(EXPORT, endedInstancesAreExported);
  registry.lacking(
    EXPORT,
    "history_export_package",
    "the export package of this client is not in the registry; the calls that it is built on are " +
      "covered by ended_instances_are_exported",
  );
}

function entityRegister() {
  return {
    run(operation) {
      operation.state.setState(operation.getInput());
      return operation.getInput();
    },
  };
}

function addOneToIt(_, number) {
  return number + 1;
}

async function addOneAcrossHalf(_, number) {
  await checkpoint.passed;
  return number + 1;
}

function types(events) {
  return events.map((event) => event.type);
}

/** Every event has its time, and no turn is before the one that went before it. */
function goesForward(events) {
  const turns = events.filter((event) => event.type === Type.OrchestratorStarted);
  const times = turns.map((event) => event.timestamp.getTime());
  equal(times, [...times].sort((a, b) => a - b), "turns in order of time");
  check(events.every((event) => event.timestamp > new Date(2020, 1, 1)), "times of all events");
  const ids = events.map((event) => event.eventId).filter((id) => id > 0);
  check(ids.every((id, index) => index === 0 || id > ids[index - 1]), `ids ${ids} go up`);
}

async function* oneStep(ctx, number) {
  return yield ctx.callActivity(addOneToIt, number);
}

async function historyOfOneActivity({ hub }) {
  const tags = { team: "blue" };
  const instance = await hub.start(oneStep, 1, { tags, version: "1.2" });
  equal(await hub.output(instance), 2);
  const events = await hub.history(instance);
  equal(types(events), [
    Type.OrchestratorStarted,
    Type.ExecutionStarted,
    Type.TaskScheduled,
    Type.OrchestratorStarted,
    Type.TaskCompleted,
    Type.ExecutionCompleted,
  ]);
  equal(events.map((event) => event.eventId), [-1, 0, 1, -1, -1, 2], "event ids");
  goesForward(events);
  const [, started, scheduled, , completed, end] = events;
  const { instanceId, executionId } = started.orchestrationInstance;
  equal([started.name, started.input, started.version], [oneStep.name, "1", "1.2"]);
  equal([started.tags, started.parentInstance, instanceId], [tags, undefined, instance]);
  check(/^[0-9a-f]{32}$/.test(executionId), `execution id ${executionId}`);
  equal([scheduled.name, scheduled.input], [addOneToIt.name, "1"]);
  equal([completed.taskScheduledId, completed.result], [1, "2"]);
  equal([end.orchestrationStatus, end.result], ["ORCHESTRATION_STATUS_COMPLETED", "2"]);
  equal(end.failureDetails, undefined, "failure of a success");
}

async function* double(ctx, number) {
  return number * 2;
}

async function* threeSteps(ctx) {
  const number = yield ctx.callActivity(addOneAcrossHalf, 20);
  yield ctx.createTimer(0.2);
  return yield ctx.callSubOrchestrator(double, number);
}

async function historyOfThreeStepsAcrossTheHalf(t) {
  const instance = await t.hub.start(threeSteps);
  await t.hub.running(instance);
  equal(types(await t.hub.history(instance)), [
    Type.OrchestratorStarted,
    Type.ExecutionStarted,
    Type.TaskScheduled,
  ]);
  await t.halfway();
  equal(await t.hub.output(instance), 42);
  const events = await t.hub.history(instance);
  equal(types(events), [
    Type.OrchestratorStarted,
    Type.ExecutionStarted,
    Type.TaskScheduled,
    Type.OrchestratorStarted,
    Type.TaskCompleted,
    Type.TimerCreated,
    Type.OrchestratorStarted,
    Type.TimerFired,
    Type.SubOrchestrationInstanceCreated,
    Type.OrchestratorStarted,
    Type.SubOrchestrationInstanceCompleted,
    Type.ExecutionCompleted,
  ]);
  goesForward(events);
  const [created, turn, fired, child, , completed] = events.slice(5);
  equal([fired.timerId, fired.fireAt], [created.eventId, created.fireAt], "timer");
  check(turn.timestamp >= fired.fireAt, "the turn is not before its timer");
  equal([child.name, child.input, child.instanceId.slice(32)], [double.name, "21", ":0003"]);
  equal([completed.taskScheduledId, completed.result], [child.eventId, "42"]);
  const below = await t.hub.history(child.instanceId);
  equal(below[1].parentInstance.taskScheduledId, child.eventId, "link of the child");
}

let heldTurns = 0;

/** Its second turn is in the hands of the worker when the server is killed. */
async function* heldTurn(ctx) {
  const number = yield ctx.callActivity(addOneToIt, 1);
  heldTurns += 1;
  await checkpoint.passed;
  ctx.setCustomStatus("held");
  return yield ctx.callActivity(addOneToIt, number);
}

async function historyOfATurnThatWasHeld(t) {
  const instance = await t.hub.start(heldTurn);
  await until(() => heldTurns > 0, "the turn is held");
  equal((await t.hub.history(instance)).length, 3, "events while the turn is held");
  await t.halfway();
  equal(await t.hub.output(instance), 3);
  const events = await t.hub.history(instance);
  const turn = [Type.OrchestratorStarted, Type.TaskCompleted];
  equal(types(events), [
    Type.OrchestratorStarted,
    Type.ExecutionStarted,
    Type.TaskScheduled,
    ...turn,
    Type.TaskScheduled,
    ...turn,
    Type.ExecutionCompleted,
  ]);
  goesForward(events);
}

async function* listen(ctx) {
  return yield ctx.waitForExternalEvent("Word");
}

async function* talk(ctx, target) {
  yield ctx.waitForExternalEvent("Go");
  ctx.sendEvent(target, "Word", { said: 1 });
  ctx.sendEvent(target, "Silence");
  yield ctx.waitForExternalEvent("Never");
}

async function historyOfEventsAndSuspension({ hub }) {
  const target = await hub.start(listen);
  const talker = await hub.start(talk, target);
  await hub.running(talker);
  await hub.raise(talker, "Go", "go");
  equal(await hub.output(target), { said: 1 });
  await hub.client.suspendOrchestration(talker);
  await hub.client.resumeOrchestration(talker);
  await hub.client.terminateOrchestration(talker, { the: "end" });
  await hub.ended(talker, OrchestrationStatus.TERMINATED);
  const events = await hub.history(talker);
  const turn = Type.OrchestratorStarted;
  const told = types(events).filter((type) => type !== turn);
  equal(told, [
    Type.ExecutionStarted,
    Type.EventRaised,
    Type.EventSent,
    Type.EventSent,
    Type.ExecutionSuspended,
    Type.ExecutionResumed,
    Type.ExecutionTerminated,
    Type.ExecutionCompleted,
  ]);
  goesForward(events);
  const find = (type) => events.filter((event) => event.type === type);
  const [raised] = find(Type.EventRaised);
  equal([raised.name, raised.input], ["Go", '"go"']);
  const sent = find(Type.EventSent).map(({ name, instanceId, input }) => [name, instanceId, input]);
  equal(sent, [["Word", target, '{"said":1}'], ["Silence", target, undefined]]);
  const [terminated] = find(Type.ExecutionTerminated);
  equal([terminated.input, terminated.recurse], ['{"the":"end"}', false]);
  const [end] = find(Type.ExecutionCompleted);
  equal(end.orchestrationStatus, "ORCHESTRATION_STATUS_TERMINATED");
}

async function* callEntityInSection(ctx, key) {
  const [a, b] = ["a", "b"].map((suffix) => EntityInstanceId.fromString(`${key}${suffix}`));
  ctx.entities.signalEntity(a, "set", 1);
  const lock = yield ctx.entities.lockEntities(a, b);
  yield ctx.entities.callEntity(b, "set", 2);
  lock.release();
}

async function historyOfEntitiesAndLocks({ hub }) {
  const key = freshEntity("Register").toString();
  const instance = await hub.start(callEntityInSection, key);
  await hub.output(instance);
  const events = await hub.history(instance);
  equal(types(events), [
    Type.OrchestratorStarted,
    Type.ExecutionStarted,
    Type.EntityOperationSignaled,
    Type.EntityLockRequested,
    Type.OrchestratorStarted,
    Type.EntityLockGranted,
    Type.EntityOperationCalled,
    Type.OrchestratorStarted,
    Type.EntityOperationCompleted,
    Type.EntityUnlockSent,
    Type.EntityUnlockSent,
    Type.ExecutionCompleted,
  ]);
  goesForward(events);
  const [signaled, requested, , granted, called, , completed, ...unlocks] = events.slice(2, -1);
  equal([signaled.operation, signaled.input, signaled.targetInstanceId], ["set", "1", `${key}a`]);
  equal(requested.lockSet, [`${key}a`, `${key}b`], "lock set");
  equal(granted.criticalSectionId, requested.criticalSectionId, "critical section");
  equal([called.operation, called.input, called.targetInstanceId], ["set", "2", `${key}b`]);
  equal([completed.requestId, completed.output], [called.requestId, "2"]);
  const freed = unlocks.map((event) => [event.criticalSectionId, event.targetInstanceId]);
  equal(freed, [
    [requested.criticalSectionId, `${key}a`],
    [requested.criticalSectionId, `${key}b`],
  ]);
}

async function* many(ctx, count) {
  const text = yield ctx.waitForExternalEvent("Text");
  yield whenAll(range(count).map((number) => ctx.callActivity(addOneToIt, number)));
  yield ctx.waitForExternalEvent("Go");
  return text.length;
}

/** Longer than one chunk of the stream in number and in size. */
async function longHistoryIsInOrder(t) {
  const count = 300;
  const instance = await t.hub.start(many, count);
  const text = "long ".repeat(60_000);
  await t.hub.raise(instance, "Text", text);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  equal(await t.hub.output(instance), text.length);
  const events = await t.hub.history(instance);
  const scheduled = events.filter((event) => event.type === Type.TaskScheduled);
  equal(scheduled.map((event) => event.input), range(count).map(String), "order of the activities");
  equal(scheduled.map((event) => event.eventId), range(count).map((number) => number + 1), "ids");
  const completed = events.filter((event) => event.type === Type.TaskCompleted);
  const results = completed.map((event) => [event.taskScheduledId, Number(event.result)]);
  check(results.every(([id, result]) => id === result), "each result belongs to its activity");
  equal(new Set(results.map(([id]) => id)).size, count, "activities with a result");
  equal(completed.length, count, "results");
  const raised = events.find((event) => event.type === Type.EventRaised);
  check(raised.input === JSON.stringify(text), "the payload of the event");
  goesForward(events);
}

async function historyOfAnUnknownInstanceIsEmpty({ hub }) {
  equal(await hub.history(freshId("nobody")), []);
}

/** What an export does: lists what has ended, page by page, and reads each history. */
async function endedInstancesAreExported(t) {
  const hub = t.hubNamed("export");
  const step = nameInRun("step");
  const work = nameInRun("work");
  async function* callWork(ctx, number) {
    return yield ctx.callActivity(work, number);
  }
  await hub.startWorker({
    orchestrators: { [step]: callWork },
    activities: { [work]: (_, number) => number * 3 },
  });
  const ids = [];
  for (const number of range(5)) {
    const instance = await hub.start(step, number, { instanceId: freshId("export") });
    await hub.output(instance);
    ids.push(instance);
  }
  const completedTimeFrom = (await hub.state(ids[0])).lastUpdatedAt;
  await t.halfway();
  const exported = {};
  let lastInstanceKey;
  for (;;) {
    const options = { completedTimeFrom, pageSize: 2, lastInstanceKey };
    const page = await persistently(() => hub.client.listInstanceIds(options));
    for (const id of page.values) {
      const events = await hub.history(id);
      equal(events.map((event) => event.eventId), [-1, 0, 1, -1, -1, 2], `event ids of ${id}`);
      exported[id] = events.at(-1).result;
    }
    lastInstanceKey = page.continuationToken;
    if (!page.hasMoreResults) {
      break;
    }
  }
  equal(ids.map((id) => exported[id]), range(5).map((number) => String(number * 3)));
}
