//! The check of every call, what was seen of them, and who gives out tokens.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::Frame;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::Request;
use tonic::codegen::http::Response;
use tonic::transport::Channel;

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Such as `GetInstance`.
    pub method: String,
    pub headers: HeaderMap,
    /// Whether the token was good.
    pub let_through: bool,
}

impl Seen {
    /// A header as text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default()
    }
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is not carried out, and the answer is UNAVAILABLE.
    Unavailable,
    /// It is carried out, and the answer is UNAVAILABLE all the same.
    AnswerLost,
    /// It is not carried out, and there is no answer.
    Silence,
}

/// Gives out the tokens that the front lets through, as long as they are good.
#[derive(Default)]
pub struct Tokens {
    state: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    count: usize,
    good: BTreeMap<String, Instant>,
    /// Ends the streams that were opened so far.
    streams: CancellationToken,
}

impl Tokens {
    /// A token that is good for this time.
    pub fn issue(&self, lifetime: Duration) -> String {
        let mut state = self.state();
        state.count += 1;
        let token = format!("token-{}", state.count);
        state.good.insert(token.clone(), Instant::now() + lifetime);
        token
    }

    /// How many were given out.
    pub fn count(&self) -> usize {
        self.state().count
    }

    /// None of those given out so far is good any more, and streams opened with them end.
    pub fn revoke(&self) {
        let mut state = self.state();
        state.good.clear();
        std::mem::take(&mut state.streams).cancel();
    }

    fn is_good(&self, header: &str) -> bool {
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let state = self.state();
        state
            .good
            .get(token)
            .is_some_and(|end| Instant::now() < *end)
    }

    fn state(&self) -> MutexGuard<'_, Issued> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service of the front. Clones share everything.
#[derive(Clone)]
pub(super) struct Gate {
    behind: Channel,
    shared: Arc<Shared>,
}

struct Shared {
    hub: String,
    tokens: Arc<Tokens>,
    seen: Mutex<Vec<Seen>>,
    plans: Mutex<BTreeMap<String, VecDeque<Mishap>>>,
    calls: watch::Sender<usize>,
}

impl Gate {
    pub(super) fn new(behind: Channel, hub: &str) -> Self {
        let shared = Shared {
            hub: hub.to_owned(),
            tokens: Arc::default(),
            seen: Mutex::default(),
            plans: Mutex::default(),
            calls: watch::Sender::new(0),
        };
        Self {
            behind,
            shared: Arc::new(shared),
        }
    }

    pub(super) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.shared.tokens)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        locked(&self.shared.seen).clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.shared.calls.subscribe()
    }

    pub(super) fn plan(&self, method: &str, mishap: Mishap) {
        let mut plans = locked(&self.shared.plans);
        plans
            .entry(method.to_owned())
            .or_default()
            .push_back(mishap);
    }

    /// Notes the call and says why it may not pass, or what is to happen to it.
    fn check(&self, request: &Request<Body>) -> Result<Option<Mishap>, Status> {
        let path = request.uri().path();
        let method = path.rsplit('/').next().unwrap_or(path).to_owned();
        let mut call = Seen {
            method,
            headers: request.headers().clone(),
            let_through: false,
        };
        let shared = &self.shared;
        call.let_through = shared.tokens.is_good(call.header("authorization"));
        let verdict = if !call.let_through {
            Err(Status::unauthenticated("the token is not good"))
        } else if call.header("taskhub") != shared.hub {
            let hub = call.header("taskhub");
            Err(Status::not_found(format!("Task hub not found: {hub}")))
        } else {
            let mut plans = locked(&shared.plans);
            Ok(plans.get_mut(&call.method).and_then(VecDeque::pop_front))
        };
        locked(&shared.seen).push(call);
        shared.calls.send_modify(|count| *count += 1);
        verdict
    }
}

impl Service<Request<Body>> for Gate {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.behind.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let next = self.behind.clone();
        let mut behind = std::mem::replace(&mut self.behind, next);
        let checked = self.check(&request);
        let over = self.shared.tokens.state().streams.clone();
        Box::pin(async move {
            let mishap = match checked {
                Ok(mishap) => mishap,
                Err(status) => return Ok(status.into_http()),
            };
            match mishap {
                Some(Mishap::Unavailable) => {
                    return Ok(Status::unavailable("not now").into_http());
                }
                Some(Mishap::Silence) => std::future::pending().await,
                Some(Mishap::AnswerLost) | None => {}
            }
            let response = behind.call(request).await?;
            if mishap == Some(Mishap::AnswerLost) {
                return Ok(Status::unavailable("the answer is lost").into_http());
            }
            Ok(response.map(|body| Body::new(Lasting::new(body, over))))
        })
    }
}

/// A body that ends with UNAUTHENTICATED when the token of its call is no longer good.
struct Lasting {
    body: Body,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl Lasting {
    fn new(body: Body, over: CancellationToken) -> Self {
        Self {
            body,
            over: Box::pin(over.cancelled_owned()),
            ended: false,
        }
    }
}

impl http_body::Body for Lasting {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.over.as_mut().poll(context).is_ready() {
            self.ended = true;
            let mut trailers = HeaderMap::new();
            // A status of our own always has headers.
            Status::unauthenticated("the token has expired")
                .add_header(&mut trailers)
                .ok();
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
