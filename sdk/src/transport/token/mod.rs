//! Bearer tokens: a hook for credentials, and a cache that keeps calls from waiting for them.

mod cache;

use std::fmt;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use crate::failure::BoxError;

pub(super) use cache::TokenCache;
pub(super) use cache::is_missing;

/// Scope that the Durable Task Scheduler of the public cloud asks for.
pub const TOKEN_SCOPE: &str = "https://durabletask.io/.default";

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
/// Called for the first call to the server, and again in the background when a token has less
/// than five minutes left, or half of its time if that is less; never twice at a time. A failure
/// fails the calls that have no token, and nothing as long as the old token is good.
pub trait TokenProvider: Send + Sync {
    /// A token for `scope`.
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>>;

    /// The server has refused the last token. A provider that keeps tokens must not give the
    /// same one again.
    fn forget(&self) {}
}
