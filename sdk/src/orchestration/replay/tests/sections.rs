//! Critical sections: locks, their rules, and their release however the code ends.

use futures_util::FutureExt;
use futures_util::future::select;

use super::entities::ADD;
use super::entities::COUNTER;
use super::entities::answered;
use super::entities::confirmed;
use super::entities::request_id;
use super::*;
use crate::error::OrchestrationError;

fn granted(turn: &Turn, index: usize) -> HistoryEvent {
    let it = proto::EntityLockGrantedEvent {
        critical_section_id: request_id(turn, index).to_owned(),
    };
    event(-1, EventType::EntityLockGranted(it))
}

/// Locks two entities, calls one of them, and then does what `then` says.
async fn section(ctx: OrchestrationContext, _: u64) -> Result<u64, OrchestrationError> {
    let (a, b) = (COUNTER.id("a"), COUNTER.id("b"));
    let guard = ctx.lock([&b, &a, &b]).await?;
    let sum = ctx.call_entity(&a, &ADD, 1).await?;
    drop(guard);
    ctx.signal_entity(&b, &ADD, sum)?;
    ctx.call(&CHARGE, sum).await?;
    Ok(sum)
}

#[test]
fn section_is_asked_for_once_in_order_and_ends_with_its_guard() {
    let scenario = Scenario::of(section);
    let asked = scenario.when([turn(1), started()]);
    assert_eq!(asked.summary(), ["lock 1 @counter@a @counter@b"]);

    let mut past = vec![turn(1), started(), confirmed(&asked, 0)];
    let new = [turn(2), granted(&asked, 0)];
    let called = Scenario::of(section).given(past.clone()).when(new.clone());
    assert_eq!(called.summary(), ["call 2 @counter@a Add"]);

    past.extend(new);
    past.push(confirmed(&called, 0));
    let new = [turn(3), answered(request_id(&called, 0), "5")];
    let ended = Scenario::of(section).given(past.clone()).when(new.clone());
    assert_eq!(
        ended.summary(),
        [
            "unlock 3 @counter@a",
            "unlock 4 @counter@b",
            "signal 5 @counter@b Add",
            "schedule 6 Charge"
        ]
    );
    assert_eq!(request_id(&ended, 0), request_id(&asked, 0));

    past.extend(new);
    past.extend((0..3).map(|index| confirmed(&ended, index)));
    past.push(scheduled(6, "Charge"));
    let new = [turn(4), completed(6, "1")];
    let done = Scenario::of(section).given(past.clone()).when(new);
    assert_eq!(done.output(), 5);
    assert_eq!(done.summary(), ["COMPLETED 7"]);

    // History without one of the unlocks differs from the code.
    past.remove(past.len() - 3);
    let differs = Scenario::of(section).given(past).when([turn(4)]);
    assert_eq!(differs.failure().error_type, "NonDeterminism");
}

/// The turn in which a section over one entity begins.
fn turn_of_grant<F, Fut>(code: F, more: impl IntoIterator<Item = HistoryEvent>) -> Turn
where
    F: Fn(OrchestrationContext, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u64, OrchestrationError>> + Send + 'static,
{
    let scenario = Scenario::of(code);
    let asked = scenario.when([turn(1), started()]);
    assert_eq!(asked.summary(), ["lock 1 @counter@a"]);
    let new = [turn(2), granted(&asked, 0)].into_iter().chain(more);
    scenario
        .given([turn(1), started(), confirmed(&asked, 0)])
        .when(new)
}

#[test]
fn locks_are_released_before_the_end_whatever_it_is() {
    async fn returns(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        let _guard = ctx.lock([&COUNTER.id("a")]).await?;
        Ok(n)
    }
    async fn forgets(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        std::mem::forget(ctx.lock([&COUNTER.id("a")]).await?);
        Ok(n)
    }
    async fn fails(ctx: OrchestrationContext, _: u64) -> Result<u64, OrchestrationError> {
        let _guard = ctx.lock([&COUNTER.id("a")]).await?;
        Err(OrchestrationError::new("Boom", "no"))
    }
    async fn panics(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        let _guard = ctx.lock([&COUNTER.id("a")]).await?;
        assert_eq!(n, 0, "boom");
        Ok(n)
    }
    async fn renews(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        let same = ctx.clone();
        let _guard = same.lock([&COUNTER.id("a")]).await?;
        ctx.continue_as_new(n)
    }
    async fn goes_on(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        let _guard = ctx.lock([&COUNTER.id("a")]).await?;
        Ok(ctx.call(&CHARGE, n).await?)
    }
    let unlock = "unlock 2 @counter@a";
    let none = std::iter::empty;
    assert_eq!(
        turn_of_grant(returns, none()).summary(),
        [unlock, "COMPLETED 3"]
    );
    assert_eq!(
        turn_of_grant(forgets, none()).summary(),
        [unlock, "COMPLETED 3"]
    );
    assert_eq!(turn_of_grant(fails, none()).summary(), [unlock, "FAILED 3"]);
    assert_eq!(
        turn_of_grant(panics, none()).summary(),
        [unlock, "FAILED 3"]
    );
    assert_eq!(
        turn_of_grant(renews, none()).summary(),
        [unlock, "CONTINUED_AS_NEW 3"]
    );
    // The activity that was only just asked for is dropped, the unlock is not.
    assert_eq!(
        turn_of_grant(goes_on, [terminated("null")]).summary(),
        ["unlock 3 @counter@a", "TERMINATED 4"]
    );
    // Code that differs from its history releases what it holds, and sends nothing else.
    assert_eq!(
        turn_of_grant(goes_on, [timer_created(2)]).summary(),
        ["unlock 3 @counter@a", "FAILED 4"]
    );
}

#[test]
fn lock_that_is_given_up_before_it_was_sent_is_not_sent() {
    async fn code(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        drop(ctx.lock([&COUNTER.id("a")]));
        let again = ctx.lock([&COUNTER.id("b")]).await?;
        drop(again);
        Ok(n)
    }
    let scenario = Scenario::of(code);
    let asked = scenario.when([turn(1), started()]);
    assert_eq!(asked.summary(), ["lock 2 @counter@b"]);
    let done = scenario
        .given([turn(1), started(), confirmed(&asked, 0)])
        .when([turn(2), granted(&asked, 0)]);
    assert_eq!(done.summary(), ["unlock 3 @counter@b", "COMPLETED 4"]);
}

/// Waits for a lock or for an event, and then for an activity.
async fn impatient(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
    let a = COUNTER.id("a");
    drop(select(ctx.lock([&a]), ctx.wait_for_event(&GO)).await);
    ctx.signal_entity(&a, &ADD, n)?;
    Ok(ctx.call(&CHARGE, n).await?)
}

#[test]
fn lock_that_is_given_up_while_it_is_on_its_way_ends_when_it_begins() {
    let scenario = Scenario::of(impatient);
    let asked = scenario.when([turn(1), started()]);
    let mut past = vec![turn(1), started(), confirmed(&asked, 0)];
    let new = [turn(2), raised("Go", "1")];
    let gave_up = Scenario::of(impatient)
        .given(past.clone())
        .when(new.clone());
    assert_eq!(
        gave_up.summary(),
        ["signal 2 @counter@a Add", "schedule 3 Charge"]
    );

    past.extend(new);
    past.extend([confirmed(&gave_up, 0), scheduled(3, "Charge")]);
    let scenario = Scenario::of(impatient).given(past.clone());
    let begun = scenario.when([turn(3), granted(&asked, 0)]);
    assert_eq!(begun.summary(), ["unlock 4 @counter@a"]);

    // Whoever ends before that does not leave a lock behind either.
    let done = scenario.when([turn(3), completed(3, "9")]);
    assert_eq!(done.summary(), ["unlock 4 @counter@a", "COMPLETED 5"]);

    past.extend([turn(3), granted(&asked, 0), confirmed(&begun, 0)]);
    let done = Scenario::of(impatient)
        .given(past)
        .when([turn(4), completed(3, "9")]);
    assert_eq!(done.summary(), ["COMPLETED 5"]);
}

#[test]
fn rules_of_a_section_are_kept_and_named() {
    async fn code(ctx: OrchestrationContext, n: u64) -> Result<u64, OrchestrationError> {
        let (a, b, c) = (COUNTER.id("a"), COUNTER.id("b"), COUNTER.id("c"));
        let none: [&crate::EntityId; 0] = [];
        let mut texts = vec![ctx.lock(none).await.unwrap_err().to_string()];
        let lock = ctx.lock([&a, &b]);
        texts.push(ctx.call_entity(&a, &ADD, n).await.unwrap_err().to_string());
        let guard = lock.await?;
        texts.push(ctx.lock([&c]).await.unwrap_err().to_string());
        texts.push(ctx.call_sub(&CHILD, n).await.unwrap_err().to_string());
        texts.push(ctx.call_entity(&c, &ADD, n).await.unwrap_err().to_string());
        texts.push(ctx.signal_entity(&a, &ADD, n).unwrap_err().to_string());
        ctx.signal_entity(&c, &ADD, n)?;
        let first = ctx.call_entity(&a, &ADD, n);
        texts.push(ctx.call_entity(&a, &ADD, n).await.unwrap_err().to_string());
        let mut other = ctx.call_entity(&b, &ADD, n);
        first.await?;
        // Free again, now that the answer is there.
        assert!(ctx.call_entity(&a, &ADD, n).now_or_never().is_none());
        assert!((&mut other).now_or_never().is_none());
        drop(guard);
        ctx.set_custom_status(&texts)?;
        assert!(ctx.call_entity(&c, &ADD, n).now_or_never().is_none());
        Ok(n)
    }
    let asked = Scenario::of(code).when([turn(1), started()]);
    assert_eq!(asked.summary(), ["lock 2 @counter@a @counter@b"]);
    let mut past = vec![turn(1), started(), confirmed(&asked, 0)];
    let new = [turn(2), granted(&asked, 0)];
    let called = Scenario::of(code).given(past.clone()).when(new.clone());
    assert_eq!(
        called.summary(),
        [
            "signal 8 @counter@c Add",
            "call 9 @counter@a Add",
            "call 11 @counter@b Add"
        ]
    );
    past.extend(new);
    past.extend((0..3).map(|index| confirmed(&called, index)));
    let done = Scenario::of(code)
        .given(past)
        .when([turn(3), answered(request_id(&called, 1), "1")]);
    assert_eq!(
        done.summary(),
        [
            "call 12 @counter@a Add",
            "unlock 13 @counter@a",
            "unlock 14 @counter@b",
            "call 15 @counter@c Add",
            "COMPLETED 16"
        ]
    );
    let texts: Vec<String> = serde_json::from_str(&done.custom_status.unwrap()).unwrap();
    let expected = [
        "needs at least one entity",
        "\"@counter@a\" cannot be called before the lock that was asked for is granted",
        "holds [\"@counter@a\", \"@counter@b\"]: drop its guard",
        "sub-orchestration \"Child\" cannot be called within",
        "\"@counter@c\" cannot be called within a critical section that has not locked it",
        "locked entity \"@counter@a\" cannot be signalled",
        "locked entity \"@counter@a\" cannot be called while an earlier call",
    ];
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (text, expected) in texts.iter().zip(expected) {
        assert!(text.contains(expected), "{text}");
    }
}
