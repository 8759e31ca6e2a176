# This client watches an orchestration of Rust by its custom status, and raises its events.

client.schedule_new_orchestration("RustWaits", input=["Approved", "Empty"], instance_id="waits")
has_status("waits", {"waits for": "Approved", "„seen“": []})
client.raise_orchestration_event("waits", "approved", data=json.loads(r'''@PAYLOAD@'''))
has_status("waits", {"waits for": "Empty", "„seen“": ["Approved"]})
client.raise_orchestration_event("waits", "Empty")
tell("waits")
