//! The attempts at one call: again where that does no harm, within the time that it has.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tonic::Response;
use tonic::Status;

use super::backoff;
use super::repeat::Repeat;
use super::repeat::fate;

/// As many as the official clients make of a call.
const ATTEMPTS_MAX: u32 = 10;

/// Longer than any call takes; beyond it the clock has no times.
const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Makes `call` until it succeeds, as `repeat` allows, all its attempts together in the time
/// `limit`. Once more at once after a failure that `may_renew_token` is true of.
pub(super) async fn attempts<R, F>(
    limit: Duration,
    repeat: Repeat,
    may_renew_token: impl Fn(&Status) -> bool,
    call: impl Fn() -> F,
) -> Result<R, Status>
where
    F: Future<Output = Result<Response<R>, Status>>,
{
    let deadline = Instant::now() + limit.min(CALL_TIMEOUT_MAX);
    let mut token_renewed = false;
    let mut attempt = 1;
    let mut failed = None;
    loop {
        let status = match tokio::time::timeout_at(deadline, call()).await {
            Ok(Ok(response)) => return Ok(response.into_inner()),
            Ok(Err(status)) => status,
            // Of a call that may be repeated the last failure tells more than the clock.
            Err(_elapsed) => {
                let known = failed.filter(|_| repeat == Repeat::Safe);
                return Err(known.unwrap_or_else(|| repeat.no_answer(limit)));
            }
        };
        if !token_renewed && may_renew_token(&status) {
            token_renewed = true;
            continue;
        }
        let fate = fate(&status);
        let pause = backoff::call(attempt, backoff::random());
        let in_time = Instant::now() + pause < deadline;
        if !repeat.allows(fate) || attempt >= ATTEMPTS_MAX || !in_time {
            return Err(repeat.explained(status, fate));
        }
        failed = Some(status);
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}
