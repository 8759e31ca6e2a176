# This client watches an orchestration of Rust by its custom status, and raises its events; the
# second one is sent by an orchestration.



def python_sends(ctx: task.OrchestrationContext, instance):
    ctx.send_event(instance, "Empty")
    return "sent"


client.schedule_new_orchestration("RustWaits", input=["Approved", "Empty"], instance_id="waits")
has_status("waits", {"waits for": "Approved", "„seen“": []})
client.raise_orchestration_event("waits", "approved", data=json.loads(r'''@PAYLOAD@'''))
has_status("waits", {"waits for": "Empty", "„seen“": ["Approved"]})
with worker_of(orchestrators=[python_sends]) as worker:
    worker.start()
    client.schedule_new_orchestration("python_sends", input="waits")
    tell("waits")
