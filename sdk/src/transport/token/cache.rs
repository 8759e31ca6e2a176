//! The last token: used while the next one is fetched, and forgotten when it is refused.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tonic::Status;
use tonic::codegen::http::HeaderValue;

use super::AccessToken;
use super::TokenProvider;
use crate::transport::status::with_causes;

/// A token is asked for again when it has less than this left, or half of its time.
const REFRESH_BEFORE: Duration = Duration::from_secs(5 * 60);

/// A provider that takes longer is given up; the next call asks again.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(120);

/// Pause after a refresh that failed while the old token was still good.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// The last token, and how to get the next one. Clones share both.
#[derive(Clone)]
pub(in crate::transport) struct TokenCache(Arc<Inner>);

struct Inner {
    provider: Arc<dyn TokenProvider>,
    scope: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The refresh that is under way, for all who need its result.
    refresh: Option<Refresh>,
    /// When a refresh that failed may be tried again, as long as the old token is good.
    retry_at: Option<Instant>,
}

type Refresh = Shared<BoxFuture<'static, Result<HeaderValue, Arc<NoToken>>>>;

/// A token in the form in which it is sent, marked as one that is not to be shown.
struct Held {
    header: HeaderValue,
    expires_at: Option<SystemTime>,
    refresh_at: Option<SystemTime>,
}

/// Why there is no token to send.
#[derive(Debug)]
struct NoToken(String);

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no token: {}", self.0)
    }
}

impl Error for NoToken {}

impl Held {
    fn new(token: &AccessToken, now: SystemTime) -> Result<Self, NoToken> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.secret))
            .map_err(|_invalid| NoToken("it has characters that cannot be sent".to_owned()))?;
        header.set_sensitive(true);
        let refresh_at = token.expires_at.map(|at| {
            let left = at.duration_since(now).unwrap_or_default();
            at - REFRESH_BEFORE.min(left / 2)
        });
        Ok(Self {
            header,
            expires_at: token.expires_at,
            refresh_at,
        })
    }

    fn is_good(&self, now: SystemTime) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.refresh_at.is_some_and(|at| at <= now)
    }
}

impl TokenCache {
    pub(in crate::transport) fn new(provider: Arc<dyn TokenProvider>, scope: String) -> Self {
        Self(Arc::new(Inner {
            provider,
            scope,
            state: Mutex::default(),
        }))
    }

    /// The value of the `authorization` header. Waits only where there is no token that is good.
    pub(in crate::transport) async fn header(&self) -> Result<HeaderValue, Status> {
        let refresh = {
            let now = SystemTime::now();
            let mut state = self.0.lock();
            match &state.held {
                Some(held) if held.is_good(now) => {
                    let header = held.header.clone();
                    if held.is_due(now) && state.may_refresh() {
                        // Nobody waits for it.
                        drop(self.refresh(&mut state));
                    }
                    return Ok(header);
                }
                Some(_) | None => self.refresh(&mut state),
            }
        };
        refresh.await.map_err(|error| {
            let mut status = Status::unauthenticated(error.to_string());
            status.set_source(error);
            status
        })
    }

    /// The server refused this token; the next call asks for another. Nothing happens if there
    /// is another one by now.
    pub(in crate::transport) fn forget(&self, refused: &HeaderValue) {
        let mut state = self.0.lock();
        let is_held = state.held.as_ref().is_some_and(|it| it.header == refused);
        if is_held {
            state.held = None;
            drop(state);
            self.0.provider.forget();
        }
    }

    /// Joins the refresh that is under way, or begins one. It runs in a task of its own: a
    /// caller that loses patience does not end it for the others.
    fn refresh(&self, state: &mut State) -> Refresh {
        // One that has ended and is here still went down with its runtime.
        let under_way = state.refresh.as_ref().filter(|it| it.peek().is_none());
        if let Some(refresh) = under_way {
            return refresh.clone();
        }
        let inner = Arc::clone(&self.0);
        let task = tokio::spawn(async move { inner.fetch().await });
        let refresh = task
            .map(|ended| ended.unwrap_or_else(|error| Err(Arc::new(NoToken(error.to_string())))))
            .boxed()
            .shared();
        state.refresh = Some(refresh.clone());
        refresh
    }
}

impl State {
    fn may_refresh(&self) -> bool {
        self.refresh.is_none() && self.retry_at.is_none_or(|at| at <= Instant::now())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Result<HeaderValue, Arc<NoToken>> {
        let fetched = self.ask().await.and_then(|token| {
            let now = SystemTime::now();
            if token.expires_at.is_some_and(|at| at <= now) {
                tracing::warn!("the new token has expired already; is this machine's clock right?");
            }
            Held::new(&token, now)
        });
        let mut state = self.lock();
        state.refresh = None;
        match fetched {
            Ok(held) => {
                let header = held.header.clone();
                state.retry_at = None;
                state.held = Some(held);
                Ok(header)
            }
            Err(error) => {
                let left = state.held.as_ref().and_then(|held| held.expires_at);
                let left = left.and_then(|at| at.duration_since(SystemTime::now()).ok());
                if let Some(left) = left {
                    let seconds = left.as_secs();
                    tracing::warn!(%error, seconds, "token not refreshed, the old one is good still");
                    state.retry_at = Some(Instant::now() + PAUSE_AFTER_FAILURE.min(left / 4));
                }
                Err(Arc::new(error))
            }
        }
    }

    async fn ask(&self) -> Result<AccessToken, NoToken> {
        let asked = async { self.provider.token(&self.scope).await };
        let asked = AssertUnwindSafe(asked).catch_unwind();
        match tokio::time::timeout(PROVIDER_TIMEOUT, asked).await {
            Ok(Ok(Ok(token))) => Ok(token),
            Ok(Ok(Err(error))) => Err(NoToken(with_causes(error.to_string(), error.as_ref()))),
            Ok(Err(_panic)) => Err(NoToken("the token provider panicked".to_owned())),
            Err(_elapsed) => Err(NoToken(format!(
                "the token provider gave none within {} s",
                PROVIDER_TIMEOUT.as_secs()
            ))),
        }
    }
}

/// Whether a status says that this side has no token to send: another attempt has none either.
pub(in crate::transport) fn is_missing(status: &Status) -> bool {
    Error::source(status).is_some_and(|cause| cause.is::<NoToken>())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
