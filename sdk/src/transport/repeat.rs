//! Which failed calls are made again: by what is known of the first attempt, and by what a
//! second one would do.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::Status;

use super::status::is_broken_connection;
use super::status::is_unavailable;
use super::status::with_causes;

/// What a call would do if it were carried out twice; every call says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// No more than once: it reads, or asks for a state that it then finds in place.
    Safe,
    /// More than once, like raising an event: it is only made again if the first attempt
    /// certainly did nothing.
    IfUnsent,
}

/// What is known of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It did not reach the server, or the server refused to look at it.
    Unsent,
    /// It may have been carried out: the connection broke, or the server gave up.
    Uncertain,
    /// The server has answered, and would answer the same again.
    Answered,
}

impl Repeat {
    /// Whether a call that came to `fate` may be made again.
    pub(super) fn allows(self, fate: Fate) -> bool {
        match (self, fate) {
            (Self::Safe | Self::IfUnsent, Fate::Unsent) | (Self::Safe, Fate::Uncertain) => true,
            (Self::IfUnsent, Fate::Uncertain) | (Self::Safe | Self::IfUnsent, Fate::Answered) => {
                false
            }
        }
    }

    /// `status`, which ends the call, with what the caller must know of it.
    pub(super) fn explained(self, status: Status, fate: Fate) -> Status {
        if self == Self::Safe || fate != Fate::Uncertain {
            return status;
        }
        let message = with_causes(status.message().to_owned(), &status);
        let mut explained = Status::new(status.code(), format!("{message}; {Uncertain}"));
        explained.set_source(Arc::new(Uncertain));
        explained
    }

    /// The end of a call that was given so much time.
    pub(crate) fn no_answer(self, limit: Duration) -> Status {
        let message = format!("no answer within {} ms", limit.as_millis());
        Status::deadline_exceeded(match self {
            Self::Safe => message,
            Self::IfUnsent => format!("{message}; {Uncertain}"),
        })
    }
}

/// What `status` says of the call that it ended.
pub(super) fn fate(status: &Status) -> Fate {
    if is_unsent(status) {
        Fate::Unsent
    } else if is_unavailable(status) || is_broken_connection(status) {
        Fate::Uncertain
    } else {
        Fate::Answered
    }
}

/// No connection, none that took the call, or a stream that the server refused unseen.
fn is_unsent(status: &Status) -> bool {
    let mut source = Error::source(status);
    while let Some(cause) = source {
        let unsent = cause.is::<tonic::ConnectError>()
            || cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(|it| {
                it.is_remote() && it.reason() == Some(h2::Reason::REFUSED_STREAM)
            });
        if unsent {
            return true;
        }
        source = cause.source();
    }
    false
}

/// A failure that leaves the caller in the dark. As the source of a status it also keeps that
/// told from the statuses of a server, which have none.
#[derive(Debug)]
struct Uncertain;

impl fmt::Display for Uncertain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not known whether the call was carried out")
    }
}

impl Error for Uncertain {}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::transport::ClientError;

    fn caused(code: Code, cause: impl Error + Send + Sync + 'static) -> Status {
        let mut status = Status::new(code, "why");
        status.set_source(Arc::new(cause));
        status
    }

    fn refused() -> tonic::ConnectError {
        tonic::ConnectError("connection refused".into())
    }

    fn broken() -> std::io::Error {
        std::io::ErrorKind::ConnectionReset.into()
    }

    #[test]
    fn what_is_known_of_a_call_follows_from_its_failure() {
        let rows = [
            (caused(Code::Unavailable, refused()), Fate::Unsent),
            (caused(Code::Unknown, refused()), Fate::Unsent),
            (Status::unavailable("shutting down"), Fate::Uncertain),
            (caused(Code::Unknown, broken()), Fate::Uncertain),
            (caused(Code::Cancelled, broken()), Fate::Uncertain),
            (caused(Code::Internal, broken()), Fate::Uncertain),
            // The server resets a stream on its own account: it has seen the call.
            (
                caused(Code::Internal, h2::Error::from(h2::Reason::REFUSED_STREAM)),
                Fate::Uncertain,
            ),
            (Status::unknown("of the server"), Fate::Answered),
            (Status::internal("of the server"), Fate::Answered),
            (Status::cancelled("of the server"), Fate::Answered),
            (Status::not_found("no"), Fate::Answered),
            (Status::deadline_exceeded("late"), Fate::Answered),
            (Status::resource_exhausted("quota"), Fate::Answered),
            (Status::unauthenticated("no token"), Fate::Answered),
        ];
        for (status, expected) in rows {
            assert_eq!(fate(&status), expected, "{status:?}");
        }
    }

    #[test]
    fn only_what_did_nothing_or_does_no_harm_is_repeated() {
        let rows = [
            (Repeat::Safe, Fate::Unsent, true),
            (Repeat::Safe, Fate::Uncertain, true),
            (Repeat::Safe, Fate::Answered, false),
            (Repeat::IfUnsent, Fate::Unsent, true),
            (Repeat::IfUnsent, Fate::Uncertain, false),
            (Repeat::IfUnsent, Fate::Answered, false),
        ];
        for (repeat, fate, allowed) in rows {
            assert_eq!(repeat.allows(fate), allowed, "{repeat:?} {fate:?}");
        }
    }

    #[test]
    fn a_caller_is_told_when_the_outcome_is_open() {
        let open = "it is not known whether the call was carried out";
        for status in [
            Status::unavailable("shutting down"),
            caused(Code::Unknown, broken()),
        ] {
            let fate = fate(&status);
            let error = ClientError::from(Repeat::IfUnsent.explained(status, fate));
            assert!(
                matches!(error, ClientError::Unavailable { .. }),
                "{error:?}"
            );
            let text = error.to_string();
            assert_eq!(text.matches(open).count(), 1, "{text}");
            let known = text.contains("shutting down") || text.contains("connection reset");
            assert!(known, "{text}");
        }
        let safe = Repeat::Safe.explained(Status::unavailable("down"), Fate::Uncertain);
        assert_eq!(safe.message(), "down");
        let late = Repeat::IfUnsent.no_answer(Duration::from_secs(2));
        assert_eq!(late.message(), format!("no answer within 2000 ms; {open}"));
    }
}
