//! Answers to messages that cannot be taken, and to calls whose time is over: the transport's own
//! words made exact.
//!
//! Decoding happens inside the generated code, whose refusals say neither which setting limits
//! the size nor that a malformed message is the caller's fault; workers would repeat it.

use std::convert::Infallible;
use std::task::Context;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tonic::Code;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::Request;
use tonic::codegen::http::Response;
use tonic::server::NamedService;

use crate::service::deadline;
use crate::service::status;

/// A service whose refusals to decode, and whose deadlines, are put in our words.
#[derive(Clone, Debug)]
pub(crate) struct ExactRefusals<S> {
    inner: S,
    message_bytes_max: usize,
}

impl<S> ExactRefusals<S> {
    pub(crate) fn new(inner: S, message_bytes_max: usize) -> Self {
        Self {
            inner,
            message_bytes_max,
        }
    }
}

impl<S: NamedService> NamedService for ExactRefusals<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for ExactRefusals<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let limit = self.message_bytes_max;
        let deadline = deadline::of(request.headers());
        let answer = self.inner.call(request);
        async move {
            let response = match deadline {
                None => answer.await?,
                Some(deadline) => match tokio::time::timeout(deadline, answer).await {
                    Ok(response) => response?,
                    Err(_elapsed) => return Ok(status::too_late().into_http()),
                },
            };
            // Only an answer that is nothing but a status has it in its headers.
            let refusal = Status::from_header_map(response.headers())
                .and_then(|status| exact(&status, limit));
            Ok(refusal.map_or(response, |status| status.into_http()))
        }
        .boxed()
    }
}

/// What to say instead of a refusal of the decoder; `None` when it is none.
fn exact(refusal: &Status, limit: usize) -> Option<Status> {
    let text = refusal.message();
    match refusal.code() {
        Code::OutOfRange if text.contains("message length too large") => {
            Some(status::message_too_long(limit))
        }
        Code::ResourceExhausted if text.contains("exceeded while decompressing") => {
            Some(status::message_too_long(limit))
        }
        Code::Internal if text.contains("failed to decode Protobuf message") => {
            Some(status::malformed(text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_of_the_decoder_are_replaced() {
        let too_long = Status::out_of_range("Error, decoded message length too large: found 9");
        assert_eq!(exact(&too_long, 5).unwrap().code(), Code::ResourceExhausted);
        let malformed = Status::internal("failed to decode Protobuf message: invalid varint");
        assert_eq!(exact(&malformed, 5).unwrap().code(), Code::InvalidArgument);
        for other in [
            Status::internal("the database failed: x"),
            Status::out_of_range("page"),
            Status::ok(""),
        ] {
            assert!(exact(&other, 5).is_none());
        }
    }

    /// Never answers.
    #[derive(Clone)]
    struct Waiting;

    impl Service<Request<Body>> for Waiting {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Pending<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _request: Request<Body>) -> Self::Future {
            std::future::pending()
        }
    }

    #[tokio::test]
    async fn a_call_whose_time_is_over_gets_the_status_that_clients_take_for_it() {
        let mut service = ExactRefusals::new(Waiting, 5);
        let mut request = Request::new(Body::default());
        request
            .headers_mut()
            .insert("grpc-timeout", "20m".parse().unwrap());
        let Ok(response) = service.call(request).await;
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }
}
