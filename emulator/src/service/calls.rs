//! The log of calls: one line for each call of the official service that is over, for whoever
//! must know which rpc a client used and what it was answered.
//!
//! Lines are at debug level under their own target; while nobody reads it, a call costs one look
//! at whether somebody does.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use http_body::Frame;
use http_body::SizeHint;
use tonic::Code;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::codegen::Service;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::Request;
use tonic::codegen::http::Response;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;

use crate::service::metadata;

/// What `RUST_LOG` names to read the calls.
const TARGET: &str = "durascope_emulator::calls";

/// Methods that answer with a stream, which may last as long as its worker.
const STREAMING: [&str; 2] = ["GetWorkItems", "StreamInstanceHistory"];

/// A service whose calls are logged.
#[derive(Clone, Debug)]
pub(crate) struct LoggedCalls<S> {
    inner: S,
}

impl<S> LoggedCalls<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: NamedService> NamedService for LoggedCalls<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for LoggedCalls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            return Either::Left(self.inner.call(request));
        }
        let call = Call::begun(&request);
        let answer = self.inner.call(request);
        Either::Right(async move { Ok(call.answered(answer.await?)) }.boxed())
    }
}

/// A call that is not over. When it is dropped before its status is known, the caller has left.
struct Call {
    method: String,
    user_agent: String,
    begun: Instant,
    told: bool,
}

impl Call {
    fn begun(request: &Request<Body>) -> Self {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        // The labels of the metadata, without a copy of the rest.
        let mut labels = HeaderMap::new();
        for name in ["x-user-agent", "user-agent"] {
            if let Some(value) = request.headers().get(name) {
                labels.insert(name, value.clone());
            }
        }
        Self {
            method: method.to_owned(),
            user_agent: metadata::user_agent(&MetadataMap::from_headers(labels)),
            begun: Instant::now(),
            told: false,
        }
    }

    /// An answer that is only a status has it in its headers; one with messages in the trailers
    /// behind them. Those of a stream may come days later, so its beginning counts.
    fn answered(mut self, response: Response<Body>) -> Response<Body> {
        let status = status_in(response.headers());
        if status.is_some() || STREAMING.contains(&self.method.as_str()) {
            self.over(status.unwrap_or(Code::Ok));
            return response;
        }
        response.map(|body| Body::new(Logged { body, call: self }))
    }

    fn over(&mut self, status: Code) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: TARGET,
            method = self.method,
            status = &*name(status),
            user_agent = self.user_agent,
            micros,
            "call"
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.over(Code::Cancelled);
    }
}

/// A body whose trailers end the call.
struct Logged {
    body: Body,
    call: Call,
}

impl http_body::Body for Logged {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(status) = frame.trailers_ref().and_then(status_in) {
                    self.call.over(status);
                }
            }
            Some(Err(error)) => self.call.over(error.code()),
            None => self.call.over(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn status_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|code| Code::from_bytes(code.as_bytes()))
}

/// The name of a code as the gRPC documents write it.
fn name(code: Code) -> Cow<'static, str> {
    let words = format!("{code:?}");
    if code == Code::Ok {
        return "OK".into();
    }
    let mut name = String::with_capacity(words.len() + 4);
    for (place, symbol) in words.char_indices() {
        if symbol.is_uppercase() && place > 0 {
            name.push('_');
        }
        name.push(symbol.to_ascii_uppercase());
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_documents() {
        for (code, expected) in [
            (Code::Ok, "OK"),
            (Code::Cancelled, "CANCELLED"),
            (Code::NotFound, "NOT_FOUND"),
            (Code::FailedPrecondition, "FAILED_PRECONDITION"),
        ] {
            assert_eq!(name(code), expected);
        }
    }
}
