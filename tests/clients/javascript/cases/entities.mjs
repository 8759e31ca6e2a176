// Entities by function and by class: calls, failures, and deletion.

import { OrchestrationStatus, TaskEntity, whenAll } from "@microsoft/durabletask-js";

import { checkpoint } from "../checkpoint.mjs";
import { persistently } from "../hub.mjs";
import { contains, equal, freshEntity, freshId, nameInRun, range, until } from "../support.mjs";

let heldBatches = 0;

export function register(registry) {
  registry.entity("Ledger", ledger);
  registry.entity("Counter", () => new Counter());
  registry.orchestrator(callInTurn, callOnce, callAndCatch, callUnknownEntity);
  registry.second("entities by function", functionEntityKeepsItsState);
  registry.first("entities by function", functionEntityDecidesOnItsState);
  registry.second("entities by class", classEntityKeepsItsState);
  registry.first("entities by class", operationNamesInAnyCase);
  registry.second("entity calls", callsOfManyOrchestrationsAreAllCounted);
  registry.second("entity calls", heldBatchIsAppliedOnce);
  registry.first("entity calls", resultsOfCallsOfEveryKind);
  registry.second("entity failures", failureOfACallCanBeCaught);
  registry.second("entity failures", unhandledFailureOfACallEndsTheOrchestration);
  registry.first("entity failures", failureUndoesStateAndMessages);
  registry.first("entity failures", unknownEntitiesAndOperationsFail);
  registry.second("entity deletion", deletedEntityIsGoneAndStartsAfresh);
  registry.first("entity deletion", entityThatNeverHasStateDoesNotExist);
  registry.first("entity deletion", purgedEntityIsGone);
}

/** An entity that is only a function: its operations are the branches. */
function ledger() {
  return {
    run(operation) {
      const entries = operation.state.getState([]);
      switch (operation.name) {
        case "append":
          operation.state.setState([...entries, operation.getInput()]);
          return entries.length + 1;
        case "read":
          return entries;
        case "input":
          return { has: operation.hasInput, value: operation.getInput() ?? null };
        case "give":
          return operation.getInput().value;
        case "clear":
          operation.state.setState(null);
          return undefined;
        case "failAfter":
          operation.state.setState(["must not stay"]);
          operation.context.signalEntity(operation.context.id, "append", "must not arrive");
          operation.context.scheduleNewOrchestration(nameInRun("callInTurn"), [], {
            instanceId: operation.getInput(),
          });
          throw new RangeError("failed on purpose");
        default:
          throw new Error(`no operation ${operation.name}`);
      }
    },
  };
}

class Counter extends TaskEntity {
  initializeState() {
    return { count: 0 };
  }

  add(number = 1) {
    this.state.count += number;
    return this.state.count;
  }

  get() {
    return this.state.count;
  }

  async addAcrossHalf(number) {
    heldBatches += 1;
    await checkpoint.passed;
    return this.add(number);
  }

  fail(message) {
    throw new TypeError(message);
  }

  whoAmI() {
    return this.context.id.toString();
  }
}

/** Calls [id, operation, input] one after the other and gives the results. */
async function* callInTurn(ctx, calls) {
  const results = [];
  for (const [entity, ...call] of calls) {
    const result = yield ctx.entities.callEntity(entity, ...call);
    results.push(result === undefined ? "nothing" : result);
  }
  return results;
}

async function* callOnce(ctx, [entity, ...call]) {
  yield ctx.waitForExternalEvent("Go");
  return yield ctx.entities.callEntity(entity, ...call);
}

async function functionEntityKeepsItsState(t) {
  const id = freshEntity("Ledger");
  for (const entry of ["a", { b: 2 }, [3]]) {
    await t.hub.client.signalEntity(id, "append", entry);
  }
  await t.halfway();
  const results = await t.hub.run(callInTurn, [
    [id, "read"],
    [id, "append", 4],
    [id, "read"],
  ]);
  equal(results, [["a", { b: 2 }, [3]], 4, ["a", { b: 2 }, [3], 4]]);
  const entity = await t.hub.entity(id);
  equal(entity.state, ["a", { b: 2 }, [3], 4], "state");
  equal([entity.id.toString(), entity.lockedBy, entity.backlogQueueSize], [id.toString(), undefined, 0]);
}

/** Reading leaves a function's entity without state; setting null takes the state away. */
async function functionEntityDecidesOnItsState({ hub }) {
  const id = freshEntity("Ledger");
  equal(await hub.run(callInTurn, [[id, "read"]]), [[]]);
  equal(await hub.entity(id), undefined, "entity that was only read");
  equal(await hub.run(callInTurn, [[id, "append", 1]]), [1]);
  equal((await hub.entity(id)).state, [1]);
  equal(await hub.run(callInTurn, [[id, "clear"], [id, "read"]]), ["nothing", []]);
  equal(await hub.entity(id), undefined, "entity with its state taken away");
}

async function classEntityKeepsItsState(t) {
  const id = freshEntity("Counter");
  await t.hub.client.signalEntity(id, "add", 40);
  await t.hub.client.signalEntity(id, "add");
  await t.halfway();
  equal(await t.hub.run(callInTurn, [[id, "add", 1], [id, "get"]]), [42, 42]);
  equal((await t.hub.entity(id)).state, { count: 42 });
}

async function operationNamesInAnyCase({ hub }) {
  const id = freshEntity("Counter", "Key-With-CASE@and@signs");
  const calls = [[id, "ADD", 2], [id, "wHoAmI"], [id, "Get"]];
  equal(await hub.run(callInTurn, calls), [2, id.toString(), 2]);
  const other = freshEntity("Counter");
  equal(await hub.run(callInTurn, [[other, "get"]]), [0], "state of another key");
}

async function callsOfManyOrchestrationsAreAllCounted(t) {
  const id = freshEntity("Counter");
  const starts = range(20).map(() => t.hub.start(callOnce, [id, "add", 1]));
  const instances = await Promise.all(starts);
  await Promise.all(instances.map((instance) => t.hub.running(instance)));
  await t.halfway();
  await Promise.all(instances.map((instance) => t.hub.raise(instance, "Go")));
  const counts = await Promise.all(instances.map((instance) => t.hub.output(instance)));
  const sorted = counts.sort((a, b) => a - b);
  equal(sorted, range(20).map((number) => number + 1), "each call sees its own count");
  equal((await t.hub.entity(id)).state, { count: 20 });
}

async function heldBatchIsAppliedOnce(t) {
  const id = freshEntity("Counter");
  const instance = await t.hub.start(callInTurn, [[id, "addAcrossHalf", 7], [id, "get"]]);
  await until(() => heldBatches > 0, "the batch has begun");
  await t.hub.client.signalEntity(id, "add", 100);
  await t.halfway();
  const [first, second] = await t.hub.output(instance);
  equal(first, 7, "result of the held call");
  equal(second, 107, "what came meanwhile is applied after it, and once");
}

async function resultsOfCallsOfEveryKind({ hub }) {
  const id = freshEntity("Ledger");
  const values = ["", "text", 0, 1.5, false, true, [], {}, [[1], { a: null }], "漢字 🚀"];
  const calls = values.map((value) => [id, "give", { value }]);
  equal(await hub.run(callInTurn, calls), values);
  const inputs = [[id, "input"], [id, "input", null], [id, "input", 0], [id, "clear"]];
  equal(await hub.run(callInTurn, inputs), [
    { has: false, value: null },
    { has: true, value: null },
    { has: true, value: 0 },
    "nothing",
  ]);
}

async function* callAndCatch(ctx, { call: [entity, ...call], wait }) {
  if (wait) {
    yield ctx.waitForExternalEvent("Go");
  }
  try {
    return { result: yield ctx.entities.callEntity(entity, ...call) };
  } catch (error) {
    const { errorType, errorMessage, stackTrace } = error.failureDetails;
    return { name: error.name, text: error.message, errorType, errorMessage, stackTrace };
  }
}

async function failureOfACallCanBeCaught(t) {
  const id = freshEntity("Counter");
  const call = [id, "fail", "failed on purpose"];
  const instance = await t.hub.start(callAndCatch, { call, wait: true });
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const { stackTrace, ...failure } = await t.hub.output(instance);
  equal(failure, {
    name: "EntityOperationFailedException",
    text: `Operation 'fail' of entity '${id}' failed: failed on purpose`,
    errorType: "TypeError",
    errorMessage: "failed on purpose",
  });
  contains(stackTrace, "TypeError: failed on purpose\n", "stack trace");
}

async function unhandledFailureOfACallEndsTheOrchestration(t) {
  const id = freshEntity("Counter");
  const instance = await t.hub.start(callOnce, [id, "fail", "nobody catches it"]);
  await t.hub.running(instance);
  await t.halfway();
  await t.hub.raise(instance, "Go");
  const state = await t.hub.ended(instance, OrchestrationStatus.FAILED);
  equal(state.failureDetails.errorType, "EntityOperationFailedException");
  equal(
    state.failureDetails.message,
    `Operation 'fail' of entity '${id}' failed: nobody catches it`,
  );
}

async function failureUndoesStateAndMessages({ hub }) {
  const id = freshEntity("Ledger");
  const never = freshId("never");
  const caught = () => hub.run(callAndCatch, { call: [id, "failAfter", never] });
  equal((await caught()).errorMessage, "failed on purpose");
  equal(await hub.entity(id), undefined, "entity whose first operation failed");
  await hub.client.signalEntity(id, "append", 1);
  await hub.client.signalEntity(id, "failAfter", never);
  await hub.client.signalEntity(id, "append", 2);
  equal((await caught()).errorType, "RangeError");
  equal(await hub.run(callInTurn, [[id, "read"]]), [[1, 2]], "entries");
  equal(await hub.state(never), undefined, "orchestration of a failed operation");
}

async function* callUnknownEntity(ctx, entities) {
  const calls = entities.map((entity) => ctx.entities.callEntity(entity, "noSuchOperation"));
  try {
    yield whenAll(calls);
  } catch (error) {
    return error.errors.map((each) => each.failureDetails.errorMessage);
  }
  return "no failure";
}

async function unknownEntitiesAndOperationsFail({ hub }) {
  const [unknown, known] = [freshEntity("Nobody"), freshEntity("Counter")];
  equal(await hub.run(callUnknownEntity, [unknown, known]), [
    `No entity task named '${unknown.name}' was found.`,
    "No suitable method found for entity operation 'noSuchOperation'.",
  ]);
  equal(await hub.entity(unknown), undefined);
}

async function deletedEntityIsGoneAndStartsAfresh(t) {
  const id = freshEntity("Counter");
  equal(await t.hub.run(callInTurn, [[id, "add", 5]]), [5]);
  await t.halfway();
  equal(await t.hub.run(callInTurn, [[id, "delete"]]), ["nothing"]);
  equal(await t.hub.entity(id), undefined, "deleted entity");
  equal(await t.hub.run(callInTurn, [[id, "add", 1]]), [1], "state after the deletion");
  equal((await t.hub.entity(id)).state, { count: 1 });
}

async function entityThatNeverHasStateDoesNotExist({ hub }) {
  const id = freshEntity("Ledger");
  equal(await hub.entity(id), undefined, "entity that nobody used");
  const before = await hub.client.getEntity(id, false);
  equal(before, undefined);
}

async function purgedEntityIsGone({ hub }) {
  const id = freshEntity("Counter");
  equal(await hub.run(callInTurn, [[id, "add", 5]]), [5]);
  const purge = () => persistently(() => hub.client.purgeOrchestration(id.toString()));
  equal((await purge()).deletedInstanceCount, 1, "purged");
  equal(await hub.entity(id), undefined, "purged entity");
  equal((await purge()).deletedInstanceCount, 0, "purged again");
  equal(await hub.run(callInTurn, [[id, "get"]]), [0], "state after the purge");
}
