// Durable timers, races against them, and instances that start later.

import { setTimeout as delay } from "node:timers/promises";

import { HistoryEventType, OrchestrationStatus, whenAll, whenAny } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { check, equal, range, until } from "../support.mjs";

const HOUR_S = 3600;

export function register(registry) {
  registry.orchestrator(sleep, sleepUntil, wakeInOrder, overdue, raceEvent, raceActivities, tellTime);
  registry.activity(answerAfter, answerAfterHalf);
  registry.first("durable timers", timersAreNeverEarly);
  registry.first("durable timers", timersFireInOrderOfTheirTimes);
  registry.first("durable timers", overdueTimersFireInTurnsOfTheirOwn);
  registry.first("durable timers", timersOfManyInstancesDueAtOnce);
  registry.second("durable timers", timersSpanTheHalf);
  registry.first("when_any with cancelled timers", eventBeatsATimer);
  registry.first("when_any with cancelled timers", timerBeatsAnEvent);
  registry.second("when_any with cancelled timers", eventBeatsATimerAcrossTheHalf);
  registry.second("when_any with cancelled timers", firstOfSeveralActivities);
  registry.first("scheduled start", scheduledStartIsNotEarly);
  registry.second("scheduled start", scheduledStartSpansTheHalf);
}

async function* sleep(ctx, seconds) {
  const before = ctx.currentUtcDateTime.getTime();
  yield ctx.createTimer(seconds);
  return ctx.currentUtcDateTime.getTime() - before;
}

async function timersAreNeverEarly({ hub }) {
  const instance = await hub.start(sleep, 0.7);
  const slept = await hub.output(instance);
  check(slept >= 700, `${slept} ms of orchestration time are at least 700`);
  const state = await hub.state(instance);
  const took = state.lastUpdatedAt - state.createdAt;
  check(took >= 700, `${took} ms from creation to end are at least 700`);
}

async function* wakeInOrder(ctx, seconds) {
  const timers = new Map(seconds.map((it) => [ctx.createTimer(it), it]));
  const order = [];
  while (timers.size > 0) {
    const woken = yield whenAny([...timers.keys()]);
    order.push(timers.get(woken));
    timers.delete(woken);
  }
  return order;
}

/** A machine that is so slow that a timer is overdue when it is created is asked again. */
async function timersFireInOrderOfTheirTimes({ hub }) {
  await until(async () => {
    const instance = await hub.start(wakeInOrder, [1.8, 0.6, 1.2]);
    const order = await hub.output(instance);
    const created = eventsOf(await hub.history(instance), HistoryEventType.TimerCreated);
    equal(created.length, 3, "timers created");
    if (created.some((event) => event.timestamp >= event.fireAt)) {
      return false;
    }
    equal(order, [0.6, 1.2, 1.8]);
    return true;
  }, "three timers that were created in time");
}

async function* overdue(ctx) {
  const times = [ctx.currentUtcDateTime.getTime()];
  for (const due of [0, -5, new Date(2001, 1, 1)]) {
    yield ctx.createTimer(due);
    times.push(ctx.currentUtcDateTime.getTime());
  }
  return times;
}

async function overdueTimersFireInTurnsOfTheirOwn({ hub }) {
  const instance = await hub.start(overdue);
  const times = await hub.output(instance);
  equal(times, [...times].sort(), "times of the turns");
  const events = await hub.history(instance);
  const types = events.map((event) => event.type);
  const turn = [HistoryEventType.OrchestratorStarted, HistoryEventType.TimerFired];
  equal(types, [
    HistoryEventType.OrchestratorStarted,
    HistoryEventType.ExecutionStarted,
    HistoryEventType.TimerCreated,
    ...turn,
    HistoryEventType.TimerCreated,
    ...turn,
    HistoryEventType.TimerCreated,
    ...turn,
    HistoryEventType.ExecutionCompleted,
  ]);
}

async function* sleepUntil(ctx, due) {
  yield ctx.createTimer(new Date(due));
  return ctx.currentUtcDateTime.getTime();
}

async function timersOfManyInstancesDueAtOnce({ hub }) {
  const due = Date.now() + 1500;
  const instances = await Promise.all(range(50).map(() => hub.start(sleepUntil, due)));
  const woken = await Promise.all(instances.map((instance) => hub.output(instance)));
  equal(woken.filter((time) => time < due), [], "times that are too early");
}

async function timersSpanTheHalf(t) {
  const starts = [1, 2, 3, 4, 5].map(async (seconds) => {
    const instance = await t.hub.start(sleep, seconds);
    await t.hub.running(instance);
    return [instance, seconds];
  });
  const sleepers = await Promise.all(starts);
  // These waits are open when the server is killed.
  const waits = sleepers.map(async ([instance, seconds]) => {
    const slept = await t.hub.output(instance);
    check(slept >= seconds * 1000, `${slept} ms are at least ${seconds} s`);
  });
  await Promise.all([t.halfway(), ...waits]);
}

async function* raceEvent(ctx, seconds) {
  const event = ctx.waitForExternalEvent("Answer");
  const timer = ctx.createTimer(seconds);
  // Made and cancelled within one turn: the server must never hear of it.
  ctx.createTimer(HOUR_S).cancel();
  ctx.setCustomStatus("racing");
  const winner = yield whenAny([event, timer]);
  if (winner === timer) {
    return "timeout";
  }
  timer.cancel();
  const { isCanceled, isCompleted } = timer;
  return { answer: winner.getResult(), isCanceled, isCompleted };
}

function eventsOf(history, type) {
  return history.filter((event) => event.type === type);
}

async function eventBeatsATimer({ hub }) {
  const instance = await hub.start(raceEvent, HOUR_S);
  await hub.running(instance);
  await hub.raise(instance, "Answer", 42);
  equal(await hub.output(instance), { answer: 42, isCanceled: true, isCompleted: false });
  const history = await hub.history(instance);
  equal(eventsOf(history, HistoryEventType.TimerCreated).length, 1, "timers created");
  equal(eventsOf(history, HistoryEventType.TimerFired).length, 0, "timers fired");
}

async function timerBeatsAnEvent({ hub }) {
  const instance = await hub.start(raceEvent, 0.3);
  equal(await hub.output(instance), "timeout");
  await hub.raise(instance, "Answer", "too late");
  equal(await hub.output(instance), "timeout", "output after the late event");
  equal(eventsOf(await hub.history(instance), HistoryEventType.EventRaised), [], "events");
}

async function eventBeatsATimerAcrossTheHalf(t) {
  const instance = await t.hub.start(raceEvent, HOUR_S);
  const state = await t.hub.running(instance);
  equal(state.serializedCustomStatus, '"racing"');
  await t.halfway();
  await t.hub.raise(instance, "Answer", { late: false });
  equal(await t.hub.output(instance), {
    answer: { late: false },
    isCanceled: true,
    isCompleted: false,
  });
}

async function answerAfter(_, ms) {
  await delay(ms);
  return ms;
}

async function answerAfterHalf(_, ms) {
  await checkpoint.passed;
  await delay(ms);
  return ms;
}

async function* raceActivities(ctx) {
  const slow = ctx.callActivity(answerAfterHalf, 400);
  const quick = ctx.callActivity(answerAfter, 10);
  const first = yield whenAny([slow, quick]);
  const rest = yield whenAll([slow, quick]);
  return [first === quick, first.getResult(), rest];
}

async function firstOfSeveralActivities(t) {
  const instance = await t.hub.start(raceActivities);
  await t.hub.running(instance);
  await t.halfway();
  equal(await t.hub.output(instance), [true, 10, [400, 10]]);
}

async function* tellTime(ctx) {
  yield ctx.createTimer(0);
  return ctx.currentUtcDateTime.getTime();
}

async function startsAt(hub, startAt) {
  const instance = await hub.start(tellTime, undefined, { startAt });
  equal(await hub.status(instance), "PENDING", "status before the start");
  equal(await hub.history(instance), [], "history before the start");
  return instance;
}

async function startedAt(hub, instance, startAt) {
  const told = await hub.output(instance);
  check(told >= startAt.getTime(), `${told} is not before ${startAt.getTime()}`);
  const [turn, started] = await hub.history(instance);
  check(turn.timestamp >= startAt, "the first turn is not before the start");
  equal(started.scheduledStartTimestamp, startAt, "time of the start in history");
}

async function scheduledStartIsNotEarly({ hub }) {
  const startAt = new Date(Date.now() + 5000);
  const instance = await startsAt(hub, startAt);
  const neighbour = await hub.start(tellTime, undefined, { startAt: new Date(2001, 1, 1) });
  await hub.ended(neighbour, OrchestrationStatus.COMPLETED);
  await startedAt(hub, instance, startAt);
}

async function scheduledStartSpansTheHalf(t) {
  const startAt = new Date(Date.now() + 8000);
  const instance = await startsAt(t.hub, startAt);
  await t.halfway();
  await startedAt(t.hub, instance, startAt);
}
