// Each side calls an activity and a child of the other, with a value that goes through both, and
// an activity that fails.

const payload = JSON.parse(String.raw`@PAYLOAD@`);

const javascript_echo = async (_, value) => value;
const javascript_fails = async (_, what) => {
  throw new RangeError(`javascript cannot do ${what}`);
};

async function* javascript_child(ctx, value) {
  return { child: yield ctx.callActivity("javascript_echo", value) };
}

async function* javascript_calls_rust(ctx, value) {
  const echo = yield ctx.callActivity("RustEcho", value);
  const child = yield ctx.callSubOrchestrator("RustChild", value);
  try {
    yield ctx.callActivity("RustFails", "sums");
  } catch (error) {
    return [echo, child, [error.details.errorType, error.details.message]];
  }
}

const worker = workerOf({
  orchestrators: [javascript_child, javascript_calls_rust],
  activities: [javascript_echo, javascript_fails],
});
await worker.start();
for (const name of ["javascript_calls_rust", "RustCallsJavaScript"]) {
  await client.scheduleNewOrchestration(name, payload, name);
  await tell(name);
}
await worker.stop();
await client.stop();
