// One orchestration for each kind of history, under its own name. All are started before the
// worker is, so that what they are told first does not depend on who is faster.

const broken = new Map();

const square = async (_, number) => number * number;
const give_nothing = async () => null;
const break_down = async (_, order) => {
  throw Object.assign(new Error(`order ${order} is lost`, { cause: new RangeError(order) }), {
    name: "OrderLost",
  });
};
/** Fails twice for each name. */
const break_twice = async (_, name) => {
  broken.set(name, (broken.get(name) ?? 0) + 1);
  if (broken.get(name) > 2) {
    return `${name} works`;
  }
  throw new Error(`${name} is broken`);
};

async function* fan_out(ctx, count) {
  const calls = Array.from({ length: count }, (_, number) => ctx.callActivity("square", number));
  const squares = yield whenAll(calls);
  return squares.reduce((sum, number) => sum + number, 0);
}

async function* child(ctx, number) {
  return { squared: yield ctx.callActivity("square", number) };
}

async function* eldest(ctx, number) {
  return { squared: yield ctx.callActivity("square", number) };
}

async function* family(ctx, [number, ...others]) {
  const first = yield ctx.callSubOrchestrator("eldest", number, { instanceId: "eldest" });
  const rest = yield whenAll(others.map((number) => ctx.callSubOrchestrator("child", number)));
  return [first, ...rest];
}

async function* timers(ctx) {
  yield ctx.createTimer(0.03);
  const slow = ctx.createTimer(2 * 24 * 3600);
  const fast = ctx.createTimer(0.02);
  const winner = yield whenAny([slow, fast]);
  return winner === fast ? "fast" : "slow";
}

async function* events(ctx) {
  const first = yield ctx.waitForExternalEvent("Item");
  const second = yield ctx.waitForExternalEvent("Item");
  const done = yield ctx.waitForExternalEvent("Done");
  return [first, second ?? null, done];
}

async function* generations(ctx, left) {
  if (left === 0) {
    return yield ctx.waitForExternalEvent("Word");
  }
  yield ctx.createTimer(0.01);
  ctx.continueAsNew(left - 1, true);
}

async function* failing_child(ctx, order) {
  return yield ctx.callActivity("break_down", order);
}

async function* failing(ctx, order) {
  return yield ctx.callSubOrchestrator("failing_child", order);
}

async function* caught(ctx, order) {
  try {
    yield ctx.callActivity("break_down", order);
  } catch (error) {
    return error.details.message;
  }
}

async function* retried(ctx, name) {
  const retry = new RetryPolicy({
    maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 20, backoffCoefficient: 2,
  });
  return yield ctx.callActivity("break_twice", name, { retry });
}

async function* nothing(ctx, value) {
  return yield ctx.callActivity("give_nothing", value);
}

class Account extends TaskEntity {
  initializeState() {
    return 0;
  }

  get() {
    return this.state;
  }

  add(amount) {
    this.state += amount;
    return this.state;
  }

  melt() {
    throw new TypeError("accounts do not melt");
  }
}

async function* entities(ctx, amount) {
  const tea = new EntityInstanceId("account", "tea");
  ctx.entities.signalEntity(tea, "add", amount);
  const before = yield ctx.entities.callEntity(tea, "get");
  const lock = yield ctx.entities.lockEntities(tea);
  const left = yield ctx.entities.callEntity(tea, "add", -1);
  lock.release();
  try {
    yield ctx.entities.callEntity(tea, "melt");
  } catch {
    return [before, left];
  }
}

async function* locks(ctx, amount) {
  const [left, right] = ["left", "right"].map((key) => new EntityInstanceId("account", key));
  const lock = yield ctx.entities.lockEntities(right, left);
  const taken = yield ctx.entities.callEntity(left, "add", -amount);
  const given = yield ctx.entities.callEntity(right, "add", amount);
  lock.release();
  return [taken, given];
}

async function* suspended(ctx) {
  ctx.setCustomStatus("waiting");
  const go = yield ctx.waitForExternalEvent("Go");
  return yield ctx.callActivity("square", go);
}

async function* terminated(ctx) {
  yield ctx.callActivity("square", 2);
  ctx.setCustomStatus("waiting");
  yield ctx.waitForExternalEvent("Never");
}

async function* custom_status(ctx, steps) {
  for (let step = 0; step < steps; step += 1) {
    ctx.setCustomStatus({ step, of: steps });
    yield ctx.callActivity("square", step, { tags: { step: String(step) } });
  }
  ctx.setCustomStatus("„done“");
  return null;
}

async function* sends(ctx, to) {
  ctx.sendEvent(to, "Greeting", { hello: "world" });
  ctx.sendEvent(to, "Nothing");
  return "sent";
}

async function* rewound(ctx, name) {
  const first = yield ctx.callActivity("square", 3);
  yield ctx.callActivity("break_twice", name);
  const last = yield ctx.callActivity("break_twice", name);
  return [first, last];
}

const INPUTS = {
  fan_out: 6, family: [2, 3, 4], timers: undefined, events: undefined, generations: 2,
  failing: "o-1", caught: "o-2", retried: "tap", nothing: null, entities: 7, locks: 3,
  sends: "nobody", suspended: undefined, terminated: undefined, custom_status: 3, rewound: "pipe",
};
const OPTIONS = {
  custom_status: () => ({ tags: { team: "tea", "": "" }, version: "1.2" }),
  // A time that is past when the call arrives would not be kept.
  timers: () => ({ startAt: new Date(Date.now() + 1000) }),
};

for (const [name, value] of Object.entries(INPUTS)) {
  await client.scheduleNewOrchestration(name, value, {
    instanceId: name, ...OPTIONS[name]?.(),
  });
}
for (const [name, value] of [["Item", { n: 1 }], ["item", undefined], ["DONE", "yes"]]) {
  await client.raiseOrchestrationEvent("events", name, value);
}
await client.raiseOrchestrationEvent("generations", "Word", "kept");

const worker = workerOf({
  orchestrators: [
    fan_out, child, eldest, family, sends, timers, events, generations, failing_child, failing,
    caught, retried, nothing, entities, locks, suspended, terminated, custom_status, rewound,
  ],
  activities: [square, give_nothing, break_down, break_twice],
  entities: { account: () => new Account() },
});
await worker.start();
await hasStatus("suspended", "waiting");
await client.suspendOrchestration("suspended");
await client.raiseOrchestrationEvent("suspended", "Go", 5);
await client.resumeOrchestration("suspended");
await hasStatus("terminated", "waiting");
await client.terminateOrchestration("terminated", { why: "enough" });
for (const reason of ["the pipe leaks", "it leaks again"]) {
  await ended("rewound");
  await client.rewindInstance("rewound", reason);
}
for (const name of Object.keys(INPUTS)) {
  await tell(name);
}
await worker.stop();
await client.stop();
