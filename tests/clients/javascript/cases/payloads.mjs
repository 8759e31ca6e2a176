// Payloads of about a megabyte, which come back byte for byte.
//
// This client has no extension that keeps large payloads elsewhere; all of them travel inline.

import { OrchestrationStatus } from "@microsoft/durabletask-js";

import { check, equal, freshEntity, freshId, until } from "../support.mjs";
import { persistently } from "../hub.mjs";

const BEHAVIOUR = "large payloads";

const SIZE = 1_000_000;

export function register(registry) {
  registry.entity("Store", store);
  registry.orchestrator(passThrough, takeEvent, passToChild, useStore, showLargeStatus);
  registry.activity(reversed);
  registry.second(BEHAVIOUR, largeInputsAndResults);
  registry.second(BEHAVIOUR, largeEvents);
  registry.second(BEHAVIOUR, largePayloadsOfChildren);
  registry.second(BEHAVIOUR, largeEntityStates);
  registry.second(BEHAVIOUR, largeStatusAndTermination);
}

/** Text of one, two, three and four bytes a character, different for each seed. */
function large(seed) {
  const piece = `${seed} plain, ünïcødé, 漢字, 🚀 "quoted" \\ \n`;
  return piece.repeat(Math.ceil(SIZE / Buffer.byteLength(piece)));
}

function same(actual, expected, what) {
  check(actual === expected, `${what} is the same, byte for byte`);
}

function reversed(_, text) {
  return [...text].reverse().join("");
}

async function* passThrough(ctx, text) {
  yield ctx.waitForExternalEvent("Go");
  const back = yield ctx.callActivity(reversed, text);
  return yield ctx.callActivity(reversed, back);
}

async function largeInputsAndResults(t) {
  const text = large("input");
  const instance = await t.hub.start(passThrough, text);
  const started = await t.hub.running(instance);
  same(started.serializedInput, JSON.stringify(text), "the input");
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const state = await t.hub.ended(instance, OrchestrationStatus.COMPLETED);
  same(state.serializedOutput, JSON.stringify(text), "the output");
}

async function* takeEvent(ctx) {
  const first = yield ctx.waitForExternalEvent("Large");
  const second = yield ctx.waitForExternalEvent("Large");
  return first + second;
}

async function largeEvents(t) {
  const instance = await t.hub.start(takeEvent);
  await t.hub.raise(instance, "Large", large("event 1"));
  await t.halfway();
  await t.hub.raise(instance, "Large", large("event 2"));
  same(await t.hub.output(instance), large("event 1") + large("event 2"), "the output");
}

async function* passToChild(ctx, { depth, text }) {
  if (depth === 0) {
    yield ctx.waitForExternalEvent("Go");
    return text;
  }
  const child = { depth: depth - 1, text };
  return yield ctx.callSubOrchestrator(passToChild, child, { instanceId: `${ctx.instanceId}/` });
}

async function largePayloadsOfChildren(t) {
  const text = large("child");
  const instanceId = freshId("large");
  await t.hub.start(passToChild, { depth: 2, text }, { instanceId });
  await t.hub.running(`${instanceId}//`);
  await t.halfway();
  await t.hub.raise(`${instanceId}//`, "Go");
  same(await t.hub.output(instanceId), text, "the output");
}

function store() {
  return {
    run(operation) {
      if (operation.name === "put") {
        operation.state.setState(operation.getInput());
      }
      return operation.state.getState();
    },
  };
}

async function* useStore(ctx, { id, text }) {
  const before = yield ctx.entities.callEntity(id, "get");
  yield ctx.waitForExternalEvent("Go");
  const after = yield ctx.entities.callEntity(id, "put", text);
  return [before, after];
}

async function largeEntityStates(t) {
  const id = freshEntity("Store");
  await t.hub.client.signalEntity(id, "put", large("signal"));
  await until(() => t.hub.entity(id), `${id} exists`);
  const instance = await t.hub.start(useStore, { id, text: large("call") });
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const [before, after] = await t.hub.output(instance);
  same(before, large("signal"), "the state of the signal");
  same(after, large("call"), "the state of the call");
  same((await t.hub.entity(id)).state, large("call"), "the state");
}

async function* showLargeStatus(ctx, text) {
  ctx.setCustomStatus(text);
  yield ctx.waitForExternalEvent("Never");
}

async function largeStatusAndTermination(t) {
  const instance = await t.hub.start(showLargeStatus, large("status"));
  await t.hub.running(instance);
  await t.halfway();
  const client = t.hub.client;
  await persistently(() => client.terminateOrchestration(instance, large("end")));
  const state = await t.hub.ended(instance, OrchestrationStatus.TERMINATED);
  same(state.serializedOutput, JSON.stringify(large("end")), "the output");
  same(state.serializedCustomStatus, JSON.stringify(large("status")), "the custom status");
  equal(state.failureDetails, undefined, "failure");
}
