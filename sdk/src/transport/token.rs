//! Bearer tokens: a hook for credentials, and a cache that asks once at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::failure::BoxError;

/// Scope that the Durable Task Scheduler asks for.
pub const TOKEN_SCOPE: &str = "https://durabletask.io/.default";

/// A token is asked for again when it has less than this left.
const REFRESH_BEFORE: Duration = Duration::from_secs(5 * 60);

/// A bearer token. It is never printed.
#[derive(Clone)]
pub struct AccessToken {
    secret: String,
    expires_at: Option<SystemTime>,
}

impl AccessToken {
    /// A token that is good until `expires_at`, or as long as the client lives.
    pub fn new(secret: impl Into<String>, expires_at: Option<SystemTime>) -> Self {
        Self {
            secret: secret.into(),
            expires_at,
        }
    }

    fn is_fresh(&self) -> bool {
        self.expires_at
            .is_none_or(|at| SystemTime::now() + REFRESH_BEFORE < at)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Gets bearer tokens for a scope, [`TOKEN_SCOPE`] as a rule.
///
/// Called for the first call to the server and again shortly before a token expires, never
/// twice at a time.
pub trait TokenProvider: Send + Sync {
    /// A token for `scope`.
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>>;
}

pub(super) struct TokenCache {
    provider: Arc<dyn TokenProvider>,
    cached: Mutex<Option<AccessToken>>,
}

impl TokenCache {
    pub(super) fn new(provider: Arc<dyn TokenProvider>) -> Self {
        Self {
            provider,
            cached: Mutex::new(None),
        }
    }

    /// The value of the `authorization` header. Waiters for a refresh share its result.
    pub(super) async fn header(&self) -> Result<String, BoxError> {
        let mut cached = self.cached.lock().await;
        let token = match cached.as_ref().filter(|token| token.is_fresh()) {
            Some(token) => token,
            None => cached.insert(self.provider.token(TOKEN_SCOPE).await?),
        };
        Ok(format!("Bearer {}", token.secret))
    }

    /// The server refused the token; the next call asks for another.
    pub(super) async fn forget(&self) {
        *self.cached.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use super::*;

    struct Counting(Arc<AtomicUsize>, Duration);

    impl TokenProvider for Counting {
        fn token<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
            let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            let token = AccessToken::new(format!("t{count}"), Some(SystemTime::now() + self.1));
            Box::pin(async move { Ok(token) })
        }
    }

    #[tokio::test]
    async fn tokens_are_kept_until_shortly_before_their_end() {
        let count = Arc::new(AtomicUsize::new(0));
        let long = TokenCache::new(Arc::new(Counting(count.clone(), Duration::from_secs(3600))));
        assert_eq!(long.header().await.unwrap(), "Bearer t1");
        assert_eq!(long.header().await.unwrap(), "Bearer t1");
        long.forget().await;
        assert_eq!(long.header().await.unwrap(), "Bearer t2");
        let short = TokenCache::new(Arc::new(Counting(count, Duration::from_secs(60))));
        assert_eq!(short.header().await.unwrap(), "Bearer t3");
        assert_eq!(short.header().await.unwrap(), "Bearer t4");
    }
}
