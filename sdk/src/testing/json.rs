//! Events of a history as canonical protobuf JSON, and back, without loss.
//!
//! The mapping is that of the protobuf documentation: `camelCase` names, RFC 3339 times, names of
//! enum values, absent where the message has nothing. The descriptors of the contract say how, so
//! that no kind and no field can be forgotten here.

use std::sync::LazyLock;

use durascope_proto::FILE_DESCRIPTOR_SET;
use durascope_proto::HistoryEvent;
use prost_reflect::DescriptorPool;
use prost_reflect::DynamicMessage;
use prost_reflect::MessageDescriptor;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de;
use serde::ser;
use serde_json::Value;

/// Fields that are maps, whose entries have no order of their own.
const MAPS: [&str; 2] = ["tags", "properties"];

static EVENT: LazyLock<Result<MessageDescriptor, String>> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET)
        .map_err(|error| format!("the descriptors of the contract cannot be read: {error}"))?
        .get_message_by_name("HistoryEvent")
        .ok_or_else(|| "the contract has no HistoryEvent".to_owned())
});

/// An event that is written as JSON.
pub(super) struct Written<'a>(pub(super) &'a HistoryEvent);

/// An event that was read from JSON.
pub(super) struct Read(pub(super) HistoryEvent);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let descriptor = EVENT.as_ref().map_err(ser::Error::custom)?;
        let mut dynamic = DynamicMessage::new(descriptor.clone());
        dynamic.transcode_from(self.0).map_err(ser::Error::custom)?;
        let mut value = serde_json::to_value(&dynamic).map_err(ser::Error::custom)?;
        sort_maps(&mut value);
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let descriptor = EVENT.as_ref().map_err(de::Error::custom)?;
        let dynamic = DynamicMessage::deserialize(descriptor.clone(), deserializer)?;
        dynamic.transcode_to().map(Self).map_err(de::Error::custom)
    }
}

/// Equal messages give equal text.
fn sort_maps(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let Value::Object(map) = field
                    && MAPS.contains(&name.as_str())
                {
                    map.sort_keys();
                } else {
                    sort_maps(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sort_maps),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message;
    use prost_reflect::FieldDescriptor;
    use prost_reflect::Kind;
    use prost_reflect::MapKey;
    use prost_reflect::Value as Field;

    use super::*;

    /// Failures and states nest in themselves; this deep is deep enough to see it.
    const DEPTH_MAX: usize = 4;

    fn to_json(event: &HistoryEvent) -> String {
        serde_json::to_string(&Written(event)).unwrap()
    }

    fn from_json(text: &str) -> HistoryEvent {
        let event: Read = serde_json::from_str(text).unwrap_or_else(|error| {
            panic!("{error}: {text}");
        });
        event.0
    }

    /// A message with every field set; of a oneof the last one, as only one can be.
    fn full(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if let Some(value) = value(&field, depth) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(field: &FieldDescriptor, depth: usize) -> Option<Field> {
        if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                return None;
            };
            let one = single(&entry.map_entry_value_field(), depth)?;
            let keys = ["zwei", "ä", "eins", "a b", ""];
            return Some(Field::Map(
                keys.iter()
                    .map(|key| (MapKey::String((*key).to_owned()), one.clone()))
                    .collect(),
            ));
        }
        let one = single(field, depth)?;
        Some(match field.is_list() {
            true => Field::List(vec![one.clone(), one]),
            false => one,
        })
    }

    fn single(field: &FieldDescriptor, depth: usize) -> Option<Field> {
        Some(match field.kind() {
            Kind::Int32 => Field::I32(-7),
            Kind::Int64 => Field::I64(1_790_000_000),
            Kind::Bool => Field::Bool(true),
            Kind::Double => Field::F64(0.1 + 0.2),
            Kind::String => Field::String("„quoted“ \"\\\n\u{1} 😀".to_owned()),
            // Not the default, which is the same as absent.
            Kind::Enum(of) => Field::EnumNumber(of.values().last()?.number()),
            Kind::Message(_) if depth == 0 => return None,
            Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => {
                let time = prost_types::Timestamp {
                    seconds: 1_790_000_000,
                    nanos: 120_000_700,
                };
                let mut message = DynamicMessage::new(of);
                message.transcode_from(&time).unwrap();
                Field::Message(message)
            }
            Kind::Message(of) => Field::Message(full(&of, depth - 1)),
            other => panic!("{}: no value for {other:?}", field.full_name()),
        })
    }

    fn kinds() -> Vec<FieldDescriptor> {
        let descriptor = EVENT.as_ref().unwrap();
        let oneof = descriptor.oneofs().find(|of| of.name() == "eventType");
        oneof.unwrap().fields().collect()
    }

    /// The event of a kind with this content, by way of the wire.
    fn event(kind: &FieldDescriptor, content: DynamicMessage) -> HistoryEvent {
        let mut dynamic = full(&kind.parent_message().clone(), 1);
        dynamic.set_field(kind, Field::Message(content));
        HistoryEvent::decode(dynamic.encode_to_vec().as_slice()).unwrap()
    }

    fn assert_lossless(event: &HistoryEvent) -> String {
        let text = to_json(event);
        assert_eq!(from_json(&text), *event, "{text}");
        assert_eq!(to_json(&from_json(&text)), text);
        text
    }

    #[test]
    fn every_field_of_every_kind_survives() {
        let mut seen = 0;
        for kind in kinds() {
            let Kind::Message(content) = kind.kind() else {
                panic!("{} is no message", kind.full_name());
            };
            let text = assert_lossless(&event(&kind, full(&content, DEPTH_MAX)));
            assert!(
                text.contains(&format!("\"{}\":{{", kind.json_name())),
                "{text}"
            );
            for field in content.fields() {
                let named = format!("\"{}\":", field.json_name());
                assert!(
                    text.contains(&named),
                    "{} is not in {text}",
                    field.full_name()
                );
            }
            // And each field alone, so that no other can stand in for it.
            for field in content.fields() {
                let mut alone = DynamicMessage::new(content.clone());
                alone.set_field(&field, value(&field, DEPTH_MAX).unwrap());
                assert_lossless(&event(&kind, alone));
            }
            assert_lossless(&event(&kind, DynamicMessage::new(content)));
            seen += 1;
        }
        assert_eq!(seen, 28, "kinds of events in the contract");
    }

    #[test]
    fn texts_that_are_there_but_empty_are_not_lost() {
        for kind in kinds() {
            let Kind::Message(content) = kind.kind() else {
                continue;
            };
            for field in content.fields().filter(is_wrapper) {
                let mut alone = DynamicMessage::new(content.clone());
                let Kind::Message(wrapper) = field.kind() else {
                    continue;
                };
                alone.set_field(&field, Field::Message(DynamicMessage::new(wrapper)));
                let text = assert_lossless(&event(&kind, alone));
                assert!(
                    text.contains(&format!("\"{}\":\"\"", field.json_name())),
                    "{text}"
                );
            }
        }
    }

    fn is_wrapper(field: &FieldDescriptor) -> bool {
        matches!(field.kind(), Kind::Message(of) if of.full_name() == "google.protobuf.StringValue")
    }

    /// What `sort_maps` knows by name is all there is.
    #[test]
    fn maps_of_histories_are_known() {
        let mut open = vec![EVENT.as_ref().unwrap().clone()];
        let mut seen = BTreeSet::new();
        let mut maps = BTreeSet::new();
        while let Some(message) = open.pop() {
            if !seen.insert(message.full_name().to_owned()) {
                continue;
            }
            for field in message.fields() {
                if field.is_map() && !message.full_name().starts_with("google.") {
                    maps.insert(field.json_name().to_owned());
                } else if let Kind::Message(of) = field.kind() {
                    open.push(of);
                }
            }
        }
        assert_eq!(maps, MAPS.map(str::to_owned).into());
    }

    #[test]
    fn numbers_of_properties_are_exact() {
        let numbers = [
            0.1 + 0.2,
            -0.0,
            5e-324,
            f64::MAX,
            9_007_199_254_740_993.0,
            1e21,
        ];
        for number in numbers {
            let value = prost_types::Value {
                kind: Some(prost_types::value::Kind::NumberValue(number)),
            };
            let details = durascope_proto::TaskFailureDetails {
                properties: [("n".to_owned(), value)].into(),
                ..Default::default()
            };
            let failed = durascope_proto::TaskFailedEvent {
                task_scheduled_id: 1,
                failure_details: Some(details),
            };
            assert_lossless(&HistoryEvent {
                event_id: -1,
                timestamp: None,
                event_type: Some(durascope_proto::history_event::EventType::TaskFailed(
                    failed,
                )),
            });
        }
    }
}
