//! Failure details: what is durable of an error, and how it is made from Rust errors.

use std::any::type_name;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use durascope_proto::TaskFailureDetails;
use prost_types::value::Kind;
use serde::Deserialize;
use serde::Serialize;

use crate::error::TaskFailed;

/// Any error that user code may return.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// What is recorded of a failure in an instance's history, readable by every SDK.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FailureDetails {
    /// Kind of error: the Rust type's path, or what another SDK put there.
    pub error_type: String,
    /// The error's text.
    pub message: String,
    /// Stack trace, or in failures of this SDK the chain of causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
    /// The failure that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<Box<Self>>,
    /// Retry policies give up at once on such a failure.
    pub non_retriable: bool,
    /// Further data of the error.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, serde_json::Value>,
}

impl FailureDetails {
    /// Details with a type and a text.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Details that no retry policy retries.
    pub fn non_retriable(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            non_retriable: true,
            ..Self::new(error_type, message)
        }
    }

    /// The details of an error that user code returned as type `E`.
    pub(crate) fn of<E: Into<BoxError>>(error: E) -> Self {
        Self::of_boxed(type_name::<E>(), &*error.into())
    }

    fn of_boxed(error_type: &str, error: &(dyn Error + 'static)) -> Self {
        if let Some(Carried(details)) = error.downcast_ref::<Carried>() {
            return details.clone();
        }
        Self {
            error_type: readable_type(error_type).to_owned(),
            message: error.to_string(),
            stack_trace: cause_chain(error),
            inner: inner_of(error, CAUSES_MAX),
            ..Self::default()
        }
    }

    pub(crate) fn from_proto(details: TaskFailureDetails) -> Self {
        Self {
            error_type: details.error_type,
            message: details.error_message,
            stack_trace: details.stack_trace,
            inner: details
                .inner_failure
                .map(|inner| Box::new(Self::from_proto(*inner))),
            non_retriable: details.is_non_retriable,
            properties: details
                .properties
                .into_iter()
                .map(|(k, v)| (k, json_of(v)))
                .collect(),
        }
    }

    pub(crate) fn into_proto(self) -> TaskFailureDetails {
        TaskFailureDetails {
            error_type: self.error_type,
            error_message: self.message,
            stack_trace: self.stack_trace,
            inner_failure: self.inner.map(|inner| Box::new(inner.into_proto())),
            is_non_retriable: self.non_retriable,
            properties: self
                .properties
                .into_iter()
                .map(|(k, v)| (k, value_of(v)))
                .collect(),
        }
    }
}

impl fmt::Display for FailureDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

/// Carries finished details through a `BoxError`.
#[derive(Debug)]
pub(crate) struct Carried(pub(crate) FailureDetails);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for Carried {}

/// Longest chain of causes that is recorded; a cyclic `source` must not hang a worker.
const CAUSES_MAX: usize = 16;

/// A failed task, also in a box, as errors that are made of one carry it.
fn task_failed<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TaskFailed> {
    let boxed = || error.downcast_ref::<Box<TaskFailed>>().map(AsRef::as_ref);
    error.downcast_ref::<TaskFailed>().or_else(boxed)
}

fn inner_of(error: &(dyn Error + 'static), depth: usize) -> Option<Box<FailureDetails>> {
    // A failed task already carries what went wrong inside it, with its own type.
    if let Some(failed) = task_failed(error) {
        return Some(failed.details.clone());
    }
    let source = error.source().filter(|_| depth > 0)?;
    let mut details = FailureDetails::new("Error", source.to_string());
    if let Some(failed) = task_failed(source) {
        details.error_type = readable_type(type_name::<TaskFailed>()).to_owned();
        details.inner = Some(failed.details.clone());
    } else {
        details.inner = inner_of(source, depth - 1);
    }
    Some(Box::new(details))
}

fn cause_chain(error: &(dyn Error + 'static)) -> Option<String> {
    let mut source = error.source()?;
    let mut text = error.to_string();
    for _ in 0..CAUSES_MAX {
        text.push_str("\n  caused by: ");
        text.push_str(&source.to_string());
        let Some(next) = source.source() else { break };
        source = next;
    }
    Some(text)
}

/// Boxes and strings say nothing about the kind of error; of ours the last part says it all.
fn readable_type(name: &str) -> &str {
    if name.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::")) {
        return name.rsplit("::").next().unwrap_or(name);
    }
    if name.starts_with("alloc::") || name.starts_with('&') {
        "Error"
    } else {
        name
    }
}

fn json_of(value: prost_types::Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(it)) => it.into(),
        Some(Kind::NumberValue(it)) => it.into(),
        Some(Kind::StringValue(it)) => it.into(),
        Some(Kind::ListValue(it)) => it.values.into_iter().map(json_of).collect(),
        Some(Kind::StructValue(it)) => serde_json::Value::Object(
            it.fields
                .into_iter()
                .map(|(k, v)| (k, json_of(v)))
                .collect(),
        ),
    }
}

fn value_of(value: serde_json::Value) -> prost_types::Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(it) => Kind::BoolValue(it),
        serde_json::Value::Number(it) => Kind::NumberValue(it.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(it) => Kind::StringValue(it),
        serde_json::Value::Array(it) => Kind::ListValue(prost_types::ListValue {
            values: it.into_iter().map(value_of).collect(),
        }),
        serde_json::Value::Object(it) => Kind::StructValue(prost_types::Struct {
            fields: it.into_iter().map(|(k, v)| (k, value_of(v))).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("card declined")]
    struct Declined;

    #[derive(Debug, thiserror::Error)]
    #[error("order failed")]
    struct OrderFailed(#[source] Declined);

    #[test]
    fn causes_become_inner_failures_and_a_readable_chain() {
        let details = FailureDetails::of(OrderFailed(Declined));
        assert!(
            details.error_type.ends_with("OrderFailed"),
            "{}",
            details.error_type
        );
        assert_eq!(details.message, "order failed");
        assert_eq!(details.inner.unwrap().message, "card declined");
        assert_eq!(
            details.stack_trace.unwrap(),
            "order failed\n  caused by: card declined"
        );
    }

    #[test]
    fn every_field_survives_the_wire() {
        let mut details = FailureDetails::non_retriable("T", "m");
        details.inner = Some(Box::new(FailureDetails::new("I", "n")));
        details.stack_trace = Some("s".into());
        details
            .properties
            .insert("a".into(), serde_json::json!({"b": [1.5, null, true, "x"]}));
        assert_eq!(
            FailureDetails::from_proto(details.clone().into_proto()),
            details
        );
    }

    #[test]
    fn plain_text_errors_have_a_plain_type() {
        assert_eq!(FailureDetails::of("boom").error_type, "Error");
        assert_eq!(FailureDetails::of(String::from("boom")).error_type, "Error");
        assert_eq!(
            FailureDetails::of(anyhow::anyhow!("boom")).error_type,
            "anyhow::Error"
        );
    }
}
