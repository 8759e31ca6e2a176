//! Failure details as they are kept: whole, but never nested deeper than any peer can read.

use durascope_proto::TaskFailureDetails;
use prost_types::Value;
use prost_types::value::Kind;

/// Inner failures kept. Decoders give up at a depth of about 100 messages, and a failure lies
/// deeper in a history, and deeper still in a work item, than in the answer that brought it.
const INNER_MAX: usize = 32;

/// Depth of lists and structures kept in a property; each takes up to three messages.
const VALUE_DEPTH_MAX: usize = 8;

const CUT: &str = "… (cut: nested too deep)";

/// The same details, cut where they nest too deep; the place says so.
pub fn bounded(details: TaskFailureDetails) -> TaskFailureDetails {
    let mut levels = Vec::new();
    let mut next = Some(details);
    while let Some(mut level) = next {
        next = level.inner_failure.take().map(|inner| *inner);
        for value in level.properties.values_mut() {
            bound_value(value, VALUE_DEPTH_MAX);
        }
        if levels.len() <= INNER_MAX {
            levels.push(level);
        }
        if levels.len() > INNER_MAX && next.is_some() {
            next = None;
            if let Some(last) = levels.last_mut() {
                last.error_message.push_str(CUT);
            }
        }
    }
    let whole = levels.into_iter().rev().reduce(|inner, mut outer| {
        outer.inner_failure = Some(Box::new(inner));
        outer
    });
    whole.unwrap_or_default()
}

fn bound_value(value: &mut Value, depth: usize) {
    match &mut value.kind {
        Some(Kind::ListValue(_) | Kind::StructValue(_)) if depth == 0 => {
            value.kind = Some(Kind::StringValue(CUT.to_owned()));
        }
        Some(Kind::ListValue(list)) => {
            for item in &mut list.values {
                bound_value(item, depth - 1);
            }
        }
        Some(Kind::StructValue(structure)) => {
            for field in structure.fields.values_mut() {
                bound_value(field, depth - 1);
            }
        }
        Some(
            Kind::NullValue(_) | Kind::NumberValue(_) | Kind::StringValue(_) | Kind::BoolValue(_),
        )
        | None => {}
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use prost_types::ListValue;

    fn nested(levels: usize) -> TaskFailureDetails {
        let innermost = TaskFailureDetails {
            error_message: "0".to_owned(),
            ..Default::default()
        };
        (1..=levels).fold(innermost, |inner, level| TaskFailureDetails {
            error_message: level.to_string(),
            inner_failure: Some(Box::new(inner)),
            ..Default::default()
        })
    }

    fn depth(details: &TaskFailureDetails) -> usize {
        details
            .inner_failure
            .as_ref()
            .map_or(0, |inner| 1 + depth(inner))
    }

    #[test]
    fn ordinary_failures_stay_as_they_are() {
        for levels in [0, 1, 5, INNER_MAX] {
            assert_eq!(bounded(nested(levels)), nested(levels));
        }
    }

    #[test]
    fn deep_failures_are_cut_and_say_so() {
        let cut = bounded(nested(99));
        assert_eq!(depth(&cut), INNER_MAX);
        let mut last = &cut;
        while let Some(inner) = &last.inner_failure {
            last = inner;
        }
        assert!(last.error_message.ends_with(CUT), "{}", last.error_message);
    }

    #[test]
    fn deep_properties_are_cut() {
        let list = |value| Value {
            kind: Some(Kind::ListValue(ListValue {
                values: vec![value],
            })),
        };
        let deep = (0..30).fold(Value::default(), |value, _| list(value));
        let details = TaskFailureDetails {
            properties: [("p".to_owned(), deep)].into(),
            ..Default::default()
        };
        let cut = format!("{:?}", bounded(details));
        assert!(cut.contains(CUT), "{cut}");
    }
}
