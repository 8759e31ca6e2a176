//! The only place that chooses gRPC codes.

use tonic::Code;
use tonic::Status;

use crate::hub::HubError;
use crate::store::StoreError;

/// Longest text of a refusal, in bytes: on the wire most of them may take three times as much,
/// and the least that clients take for all of their trailers is 8 KiB.
const TEXT_BYTES_MAX: usize = 2_000;

/// The answer to an operation that did not succeed.
///
/// UNAVAILABLE is kept for shutdown and INTERNAL for faults of the database: the official workers
/// repeat a call that gets either.
pub(crate) fn from_hub(error: HubError) -> Status {
    let code = match &error {
        HubError::UnknownTaskHub { .. } | HubError::UnknownInstance { .. } => Code::NotFound,
        HubError::Invalid(_) => Code::InvalidArgument,
        HubError::AlreadyExists(_) => Code::AlreadyExists,
        HubError::WrongState(_) => Code::FailedPrecondition,
        HubError::LimitReached(_) => Code::ResourceExhausted,
        HubError::ShuttingDown => Code::Unavailable,
        HubError::Store(store) => of_store(store),
        HubError::NotCommitted(store) => of_store(store),
    };
    Status::new(code, bounded(error.to_string()))
}

/// A text that fits into the trailers of an answer. A caller's names are in it, and clients that
/// get more than they take see a broken connection instead of the refusal.
fn bounded(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.push('…');
    }
    text
}

fn of_store(error: &StoreError) -> Code {
    tracing::error!(%error, "the database failed");
    match error {
        StoreError::Full => Code::ResourceExhausted,
        StoreError::Busy | StoreError::Closed => Code::Unavailable,
        StoreError::Corrupt { .. } | StoreError::NotOurs => Code::DataLoss,
        StoreError::Sqlite(_)
        | StoreError::Newer { .. }
        | StoreError::Io { .. }
        | StoreError::Unsupported { .. } => Code::Internal,
    }
}

/// Metadata that cannot be read.
pub(crate) fn invalid_metadata(key: &str) -> Status {
    Status::invalid_argument(format!("metadata '{key}' is not UTF-8 text"))
}

/// A call that was waiting when the emulator was told to stop.
pub(crate) fn shutting_down() -> Status {
    from_hub(HubError::ShuttingDown)
}

/// A call whose deadline has passed. What it asked for may still happen.
pub(crate) fn too_late() -> Status {
    Status::deadline_exceeded("the deadline that the caller set has passed")
}

/// A message above the configured limit.
pub(crate) fn message_too_long(limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "the message is longer than this server accepts: the limit is {limit} bytes, \
         set by --max-message-bytes"
    ))
}

/// Bytes that are no message of the method.
pub(crate) fn malformed(detail: &str) -> Status {
    Status::invalid_argument(format!("the request is not a valid message: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code_and_says_what() {
        let text = || "what".to_owned();
        let cases = [
            (HubError::UnknownTaskHub { name: text() }, Code::NotFound),
            (
                HubError::UnknownInstance {
                    hub: "h".to_owned(),
                    id: text(),
                },
                Code::NotFound,
            ),
            (HubError::Invalid(text()), Code::InvalidArgument),
            (HubError::AlreadyExists(text()), Code::AlreadyExists),
            (HubError::WrongState(text()), Code::FailedPrecondition),
            (HubError::LimitReached(text()), Code::ResourceExhausted),
            (
                HubError::Store(StoreError::Corrupt { what: text() }),
                Code::DataLoss,
            ),
        ];
        for (error, code) in cases {
            let status = from_hub(error);
            assert_eq!(status.code(), code);
            assert!(status.message().contains("what"), "{}", status.message());
        }
        for (error, code) in [
            (HubError::ShuttingDown, Code::Unavailable),
            (HubError::Store(StoreError::Full), Code::ResourceExhausted),
            (HubError::Store(StoreError::Busy), Code::Unavailable),
            (HubError::Store(StoreError::Closed), Code::Unavailable),
            (
                HubError::Store(rusqlite::Error::InvalidQuery.into()),
                Code::Internal,
            ),
        ] {
            assert_eq!(from_hub(error).code(), code);
        }
    }

    #[test]
    fn unknown_hub_is_named_as_the_official_scheduler_names_it() {
        let status = from_hub(HubError::UnknownTaskHub {
            name: "orders".to_owned(),
        });
        assert_eq!(status.message(), "Task hub not found: orders");
    }

    #[test]
    fn endless_names_are_cut() {
        let status = from_hub(HubError::UnknownTaskHub {
            name: "ü".repeat(5_000),
        });
        assert!(status.message().starts_with("Task hub not found: ü"));
        assert!(status.message().len() < 2_100);
    }

    #[test]
    fn limit_is_named_with_its_flag() {
        let status = message_too_long(4_194_304);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("4194304"));
        assert!(status.message().contains("--max-message-bytes"));
    }
}
