// This client watches an orchestration of Rust by its custom status, and raises its events; the
// second one is sent by an orchestration.

async function* javascript_sends(ctx, instance) {
  ctx.sendEvent(instance, "Empty");
  return "sent";
}

const worker = workerOf({ orchestrators: [javascript_sends] });
await worker.start();
await client.scheduleNewOrchestration("RustWaits", ["Approved", "Empty"], "waits");
await hasStatus("waits", { "waits for": "Approved", "„seen“": [] });
await client.raiseOrchestrationEvent("waits", "approved", JSON.parse(String.raw`@PAYLOAD@`));
await hasStatus("waits", { "waits for": "Empty", "„seen“": ["Approved"] });
await client.scheduleNewOrchestration("javascript_sends", "waits", "sends");
await tell("waits");
await worker.stop();
await client.stop();
