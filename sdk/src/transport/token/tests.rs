//! When a token is asked for, who waits for it, and what a failure does.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::sync::Semaphore;

use super::*;
use crate::failure::BoxError;
use crate::transport::TOKEN_SCOPE;

/// Gives `t1`, `t2` and so on, each when it may, or fails.
#[derive(Clone, Default)]
struct Numbered(Arc<Given>);

struct Given {
    asked: AtomicUsize,
    forgotten: AtomicUsize,
    gate: Semaphore,
    lifetime: Mutex<Duration>,
    fails: Mutex<bool>,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            asked: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            lifetime: Mutex::new(Duration::from_secs(3_600)),
            fails: Mutex::new(false),
        }
    }
}

impl TokenProvider for Numbered {
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
        let number = self.0.asked.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            assert_eq!(scope, TOKEN_SCOPE);
            self.0.gate.acquire().await.unwrap().forget();
            if *self.0.fails.lock().unwrap() {
                return Err("the directory is closed".into());
            }
            let expires_at = SystemTime::now() + *self.0.lifetime.lock().unwrap();
            Ok(AccessToken::new(format!("t{number}"), Some(expires_at)))
        })
    }

    fn forget(&self) {
        self.0.forgotten.fetch_add(1, Ordering::SeqCst);
    }
}

impl Numbered {
    fn cache(&self) -> TokenCache {
        TokenCache::new(Arc::new(self.clone()), TOKEN_SCOPE.to_owned())
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    fn lets(&self, requests: usize) {
        self.0.gate.add_permits(requests);
    }
}

impl TokenCache {
    async fn sent(&self) -> String {
        let header = self.header().await.unwrap();
        header.to_str().unwrap().to_owned()
    }

    /// Makes the token one that is to be replaced, though it is good.
    fn make_due(&self) {
        let mut state = self.0.lock();
        state.held.as_mut().unwrap().refresh_at = Some(SystemTime::UNIX_EPOCH);
    }

    fn make_expired(&self) {
        let mut state = self.0.lock();
        state.held.as_mut().unwrap().expires_at = Some(SystemTime::UNIX_EPOCH);
    }

    async fn settled(&self) {
        let refresh = self.0.lock().refresh.clone();
        if let Some(refresh) = refresh {
            // Its result is what the next call is asked for.
            refresh.await.ok();
        }
    }
}

#[test]
fn a_token_is_due_five_minutes_before_its_end_or_at_half_of_its_time() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let after = |seconds| now + Duration::from_secs(seconds);
    let rows = [
        (Some(3_600), Some(3_300)),
        (Some(600), Some(300)),
        (Some(60), Some(30)),
        (Some(0), Some(0)),
        (None, None),
    ];
    for (lifetime, due) in rows {
        let held = Held::new(&AccessToken::new("t", lifetime.map(after)), now).unwrap();
        assert_eq!(held.refresh_at, due.map(after), "{lifetime:?}");
        if let (Some(lifetime), Some(due)) = (lifetime.filter(|it| *it > 0), due) {
            assert!(!held.is_due(after(due - 1)) && held.is_due(after(due)));
            assert!(held.is_good(after(lifetime - 1)) && !held.is_good(after(lifetime)));
        }
    }
}

#[tokio::test]
async fn calls_that_have_no_token_share_one_request() {
    let provider = Numbered::default();
    let cache = provider.cache();
    provider.lets(1);
    let (first, second) = tokio::join!(cache.sent(), cache.sent());
    assert_eq!([first, second], ["Bearer t1", "Bearer t1"]);
    assert_eq!(cache.sent().await, "Bearer t1");
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn a_token_that_is_due_is_used_while_the_next_one_is_fetched_once() {
    let provider = Numbered::default();
    let cache = provider.cache();
    provider.lets(1);
    assert_eq!(cache.sent().await, "Bearer t1");
    cache.make_due();
    // The provider lets nobody through: whoever waited for it would wait for ever.
    for _ in 0..3 {
        assert_eq!(cache.sent().await, "Bearer t1");
    }
    provider.lets(1);
    cache.settled().await;
    assert_eq!(cache.sent().await, "Bearer t2");
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn a_refresh_that_fails_harms_nobody_while_the_old_token_is_good() {
    let provider = Numbered::default();
    let cache = provider.cache();
    provider.lets(1);
    assert_eq!(cache.sent().await, "Bearer t1");
    *provider.0.fails.lock().unwrap() = true;
    cache.make_due();
    provider.lets(1);
    assert_eq!(cache.sent().await, "Bearer t1");
    cache.settled().await;
    // Not at once again with each call.
    assert_eq!(cache.sent().await, "Bearer t1");
    assert_eq!(provider.asked(), 2);
    cache.make_expired();
    provider.lets(1);
    let status = cache.header().await.unwrap_err();
    assert!(is_missing(&status));
    assert_eq!(status.message(), "no token: the directory is closed");
    *provider.0.fails.lock().unwrap() = false;
    provider.lets(1);
    assert_eq!(cache.sent().await, "Bearer t4");
}

#[tokio::test]
async fn only_the_token_that_was_refused_is_forgotten() {
    let provider = Numbered::default();
    let cache = provider.cache();
    provider.lets(2);
    let refused = cache.header().await.unwrap();
    cache.forget(&refused);
    assert_eq!(cache.sent().await, "Bearer t2");
    // Another call that had sent the same one.
    cache.forget(&refused);
    assert_eq!(cache.sent().await, "Bearer t2");
    assert_eq!(provider.asked(), 2);
    assert_eq!(provider.0.forgotten.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_the_request_along() {
    let provider = Numbered::default();
    let cache = provider.cache();
    let impatient = tokio::time::timeout(Duration::ZERO, cache.header());
    impatient.await.unwrap_err();
    provider.lets(1);
    assert_eq!(cache.sent().await, "Bearer t1");
    assert_eq!(provider.asked(), 1);
}

struct Panics;

impl TokenProvider for Panics {
    fn token<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
        panic!("no directory");
    }
}

#[tokio::test]
async fn a_provider_that_panics_fails_the_call_and_no_later_one() {
    let cache = TokenCache::new(Arc::new(Panics), TOKEN_SCOPE.to_owned());
    for _ in 0..2 {
        let status = cache.header().await.unwrap_err();
        assert_eq!(status.message(), "no token: the token provider panicked");
    }
}

#[tokio::test]
async fn a_token_is_never_printed() {
    let token = AccessToken::new("secret", None);
    assert!(!format!("{token:?}").contains("secret"));
    let held = Held::new(&token, SystemTime::now()).unwrap();
    assert!(!format!("{:?}", held.header).contains("secret"));
    let bad = AccessToken::new("secret\n", None);
    let error = Held::new(&bad, SystemTime::now()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "no token: it has characters that cannot be sent"
    );
}
