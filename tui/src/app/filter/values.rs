//! Values of the filter's conditions, and what is said about those that are none.

use bytesize::ByteSize;
use durascope_proto::OrchestrationStatus;
use jiff::Span;
use jiff::SpanRelativeTo;

use crate::format::Micros;
use crate::format::SECOND;

/// Fields, with what follows them.
const FIELDS: &[(&str, &str)] = &[
    ("status", "takes a :, like status:failed,pending"),
    ("name", "takes a :, like name:Order*"),
    ("id", "takes a :, like id:chk-*"),
    ("age", "is compared with > or <, like age>5m"),
    ("idle", "is compared with >, like idle>10m"),
    ("hist", "is compared with >, like hist>1MB"),
    ("failed", "is compared with >, like failed>0"),
    ("tag", "takes a :, like tag:key=value"),
    ("roots", "takes a :, like roots:no"),
];

const STATUSES: &[(&str, &[OrchestrationStatus])] = {
    use OrchestrationStatus as S;
    &[
        ("running", &[S::Running]),
        ("pending", &[S::Pending]),
        ("suspended", &[S::Suspended]),
        ("failed", &[S::Failed]),
        ("completed", &[S::Completed]),
        ("terminated", &[S::Terminated]),
        ("open", &[S::Running, S::Pending, S::Suspended]),
        (
            "ended",
            &[S::Completed, S::Failed, S::Terminated, S::Canceled],
        ),
    ]
};

/// A name that is so near, with how near.
const NEAR: usize = 2;

pub(super) fn statuses(list: &str, into: &mut Vec<OrchestrationStatus>) -> Result<(), String> {
    for name in list.split(',').filter(|it| !it.is_empty()) {
        for status in status(name)? {
            if !into.contains(status) {
                into.push(*status);
            }
        }
    }
    Ok(())
}

fn status(name: &str) -> Result<&'static [OrchestrationStatus], String> {
    let wanted = name.to_ascii_lowercase();
    let found = STATUSES
        .iter()
        .find(|(known, _)| known.starts_with(&wanted));
    found.map(|(_, list)| *list).ok_or_else(|| {
        let known = STATUSES.iter().map(|(known, _)| *known);
        match nearest(&wanted, known.clone()) {
            Some(near) => format!("no status “{name}”; did you mean “{near}”?"),
            None => {
                let known: Vec<_> = known.collect();
                format!("no status “{name}”; there are {}", known.join(", "))
            }
        }
    })
}

/// A length of time; a number alone is seconds.
pub(super) fn time(word: &str, value: &str) -> Result<Micros, String> {
    if let Ok(seconds) = value.parse::<u32>() {
        return Ok(Micros::from(seconds) * SECOND);
    }
    let micros = value
        .parse::<Span>()
        .and_then(|it| it.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .and_then(|it| Micros::try_from(it.as_micros()).ok())
        .filter(|it| *it >= 0);
    micros.ok_or_else(|| format!("“{value}” in “{word}” is no time, like 90s, 5m, 2h or 3d"))
}

pub(super) fn size(word: &str, value: &str) -> Result<u64, String> {
    let Ok(size) = value.parse::<ByteSize>() else {
        return Err(format!(
            "“{value}” in “{word}” is no size, like 500kB or 2MB"
        ));
    };
    Ok(size.as_u64())
}

pub(super) fn number(word: &str, value: &str) -> Result<u64, String> {
    let Ok(number) = value.parse() else {
        return Err(format!("“{value}” in “{word}” is no number, like 0"));
    };
    Ok(number)
}

pub(super) fn yes(word: &str, value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" => Ok(true),
        "no" | "n" | "false" => Ok(false),
        _ => Err(format!("“{word}” is neither roots:yes nor roots:no")),
    }
}

pub(super) fn is_field(name: &str) -> bool {
    name == "history" || FIELDS.iter().any(|(known, _)| *known == name)
}

pub(super) fn wrong_sign(word: &str, field: &str) -> String {
    let field = if field == "history" { "hist" } else { field };
    let rule = FIELDS.iter().find(|(known, _)| *known == field);
    match rule {
        Some((known, rule)) => format!("“{known}” {rule}"),
        None => format!("“{word}” is no condition"),
    }
}

/// What is said about a field that is almost one; ids may have colons too.
pub(super) fn near_miss(word: &str, field: &str) -> Option<String> {
    if field.len() < 3 || !field.chars().all(|it| it.is_ascii_alphabetic()) {
        return None;
    }
    let near = nearest(field, FIELDS.iter().map(|(known, _)| *known))?;
    Some(format!(
        "no field “{}”; did you mean “{near}”?",
        &word[..field.len()]
    ))
}

pub(super) fn no_field(field: &str) -> String {
    let known: Vec<_> = FIELDS.iter().map(|(known, _)| *known).collect();
    format!("no field “{field}”; there are {}", known.join(", "))
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|it| (strsim::damerau_levenshtein(name, it), it))
        .filter(|(distance, it)| *distance <= NEAR && *distance < it.len().min(name.len()) - 1)
        .min()
        .map(|(_, it)| it)
}
