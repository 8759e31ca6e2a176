//! An event as a file.

use durascope_proto::monitor::HistoryEntry;

use crate::data::history;
use crate::data::json;
use crate::data::outline::Body;
use crate::data::sections;

/// The event as JSON for a file: payloads as they are, all else as text.
pub fn as_json(entry: &HistoryEntry) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut members = Vec::new();
    if let Some(event) = &entry.event {
        members.push(format!("\"kind\": {}", quoted(history::kind(event))));
    }
    members.push(format!("\"number\": {}", entry.number));
    for section in sections::of_event(entry) {
        match &section.body {
            Body::Facts(facts) => members.extend(
                facts
                    .iter()
                    .map(|it| format!("{}: {}", quoted(&it.name), quoted(&it.value))),
            ),
            Body::Text { text, .. } => {
                members.push(format!("{}: {}", quoted(&section.title), quoted(text)));
            }
            Body::Payload { text, is_cut } => {
                let value = match json::error_in(text) {
                    None => text.clone(),
                    Some(_) => quoted(text),
                };
                members.push(format!("{}: {value}", quoted(&section.title)));
                if *is_cut {
                    members.push(format!("{}: true", quoted("cut")));
                }
            }
        }
    }
    let text = format!("{{{}}}", members.join(","));
    json::pretty(&text).unwrap_or(text) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use durascope_proto::HistoryEvent;
    use durascope_proto::TaskScheduledEvent;
    use durascope_proto::history_event::EventType;

    #[test]
    fn payloads_stay_as_they_are_and_nothing_breaks_the_json() {
        let entry = |input: &str| HistoryEntry {
            number: 7,
            event: Some(HistoryEvent {
                event_id: 4,
                event_type: Some(EventType::TaskScheduled(TaskScheduledEvent {
                    name: "a\"b\n\u{1b}[2J".to_owned(),
                    input: Some(input.to_owned()),
                    ..TaskScheduledEvent::default()
                })),
                ..HistoryEvent::default()
            }),
            ..HistoryEntry::default()
        };
        let text = as_json(&entry("{\"price\":12.340000000000000001}"));
        assert!(text.contains("\"price\": 12.340000000000000001"), "{text}");
        assert!(text.contains("\"kind\": \"TaskScheduled\""), "{text}");
        for input in ["no json", "{\"a\":", ""] {
            let text = as_json(&entry(input));
            assert_eq!(json::error_in(&text), None, "{text}");
            assert!(!text.contains('\u{1b}'));
        }
    }
}
