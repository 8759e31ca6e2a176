// A worker for orchestrations that were started before it, until all of them have ended.

const IDS = JSON.parse(String.raw`@IDS@`);

const javascript_echo = async (_, value) => value;
const javascript_breaks = async (_, order) => {
  throw Object.assign(new Error(`order ${order} is lost`, { cause: new RangeError(order) }), {
    name: "OrderLost",
  });
};

async function* javascript_child(ctx, value) {
  return { child: yield ctx.callActivity("javascript_echo", value) };
}

/** The value, and what Rust makes of it. */
async function* javascript_returns(ctx, value) {
  const echo = yield ctx.callActivity("RustEcho", value);
  const child = yield ctx.callSubOrchestrator("RustChild", value);
  return [value, echo, child];
}

async function* javascript_catches(ctx, value) {
  try {
    yield ctx.callActivity("RustEcho", value);
  } catch (error) {
    return { type: error.details.errorType, message: error.details.message };
  }
}

/** Calls the first with the others; the last is an activity. What fails is not caught. */
async function* javascript_parent(ctx, [name, ...others]) {
  return others.length > 0
    ? yield ctx.callSubOrchestrator(name, others)
    : yield ctx.callActivity(name, "o-1");
}

async function* javascript_waits(ctx, names) {
  const payloads = [];
  for (const name of names) {
    ctx.setCustomStatus({ "waits for": name });
    payloads.push(yield ctx.waitForExternalEvent(name));
  }
  return payloads;
}

const worker = workerOf({
  orchestrators: [
    javascript_child, javascript_returns, javascript_catches, javascript_parent, javascript_waits,
  ],
  activities: [javascript_echo, javascript_breaks],
});
await worker.start();
for (const instance of IDS) {
  await tell(instance);
}
await worker.stop();
await client.stop();
