//! The Rust SDK through TLS, tokens and lost connections, to the real emulator.

mod tls;
mod tokens;

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use durascope_sdk::BoxError;
use durascope_sdk::ConnectOptions;
use durascope_sdk::transport::AccessToken;
use durascope_sdk::transport::TokenProvider;
use durascope_tests::Front;
use durascope_tests::front::Tokens;
use futures_util::future::BoxFuture;

/// The task hub that the fronts let through.
const HUB: &str = "guarded";

/// So long that nothing ends by itself.
const LONG: Duration = Duration::from_secs(3_600);

/// Gets its tokens from the front.
struct Issuer {
    tokens: Arc<Tokens>,
    lifetime: Duration,
}

impl TokenProvider for Issuer {
    fn token<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
        let expires_at = SystemTime::now() + self.lifetime;
        let token = AccessToken::new(self.tokens.issue(self.lifetime), Some(expires_at));
        Box::pin(async move { Ok(token) })
    }
}

/// Options with which a client gets through `front`, with tokens that are good for `lifetime`.
fn options(front: &Front, lifetime: Duration) -> ConnectOptions {
    let tokens = front.tokens();
    ConnectOptions::new(&front.endpoint(), HUB)
        .unwrap()
        .with_root_certificate_pem(front.root())
        .with_token_provider(Issuer { tokens, lifetime })
}
