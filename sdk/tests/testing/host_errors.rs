//! Mistakes of a test: each is an error that says what was forgotten.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::ActivityError;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::HostError;
use durascope_sdk::testing::TestHost;

const WORK: Activity<u64, u64> = Activity::named("Work");
const GO: ExternalEvent<u64> = ExternalEvent::named("GoAhead");
const CALLS: Orchestration<u64, u64> = Orchestration::named("Calls");
const WAITS: Orchestration<u64, u64> = Orchestration::named("Waits");
const PARENT: Orchestration<u64, u64> = Orchestration::named("Parent");
const ETERNAL: Orchestration<u64, u64> = Orchestration::named("Eternal");
const UNKNOWN: Orchestration<u64, u64> = Orchestration::named("Unknown");

async fn work(_: ActivityContext, number: u64) -> Result<u64, ActivityError> {
    Ok(number)
}

async fn calls(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    ctx.call(&WORK, number).await
}

async fn waits(ctx: OrchestrationContext, _: u64) -> Result<u64, TaskFailed> {
    ctx.wait_for_event(&GO).await
}

async fn parent(ctx: OrchestrationContext, number: u64) -> Result<u64, TaskFailed> {
    match number {
        0 => ctx.call_sub(&UNKNOWN, 0).await,
        1 => ctx.call_sub(&WAITS, 0).await,
        _ => {
            let id = "x".repeat(101);
            let options = durascope_sdk::SubOptions::new().instance_id(id);
            ctx.call_sub_with(&WAITS, 0, options).await
        }
    }
}

async fn eternal(ctx: OrchestrationContext, number: u64) -> Result<u64, OrchestrationError> {
    ctx.timer(Duration::from_secs(3_600)).await;
    ctx.continue_as_new(number + 1)
}

fn functions() -> Functions {
    Functions::new()
        .orchestration(&CALLS, calls)
        .orchestration(&WAITS, waits)
        .orchestration(&PARENT, parent)
        .orchestration(&ETERNAL, eternal)
}

fn host() -> TestHost {
    TestHost::new(functions())
}

#[test]
fn stuck_instance_is_an_error_that_says_what_it_waits_for() {
    let stuck = host().run(&WAITS, 0).unwrap_err();
    assert!(matches!(stuck, HostError::Stuck { .. }), "{stuck:?}");
    let expected = r#"instance "Waits-1" is stuck; it waits for event "GoAhead""#;
    assert_eq!(stuck.to_string(), expected);

    let mut host = host();
    host.fake(&WORK, Fake::never());
    let stuck = host.run(&CALLS, 0).unwrap_err().to_string();
    assert!(
        stuck.ends_with(r#"it waits for activity "Work" #1"#),
        "{stuck}"
    );

    let stuck = host.run(&PARENT, 1).unwrap_err().to_string();
    assert!(
        stuck.contains(r#"sub-orchestration "Waits" #1, instance "#),
        "{stuck}"
    );
    assert!(
        stuck.ends_with(r#", which waits for event "GoAhead""#),
        "{stuck}"
    );
}

#[test]
fn what_is_neither_registered_nor_faked_is_an_error_and_no_failure_of_the_code() {
    let error = host().run(&CALLS, 0).unwrap_err().to_string();
    let expected =
        r#"activity "Work" is neither registered nor faked; instance "Calls-1" calls it"#;
    assert_eq!(error, expected);
    let error = host().run(&PARENT, 0).unwrap_err().to_string();
    assert!(
        error.starts_with(r#"orchestration "Unknown" is neither"#),
        "{error}"
    );
    let error = host().start(&UNKNOWN, 0).unwrap_err();
    assert!(
        matches!(error, HostError::NotRegistered { .. }),
        "{error:?}"
    );
}

#[test]
fn eternal_orchestrations_make_no_eternal_tests() {
    let mut host = host().max_turns(100);
    let error = host.run(&ETERNAL, 0).unwrap_err();
    assert!(
        matches!(error, HostError::TooManyTurns { limit: 100 }),
        "{error:?}"
    );
    assert_eq!(host.turns("Eternal-1"), 100);
    // A bound of time is one as well.
    let mut host = self::host();
    let id = host.start(&ETERNAL, 0).unwrap();
    host.advance(Duration::from_secs(10 * 3_600)).unwrap();
    assert_eq!(host.get(&id).unwrap().input::<u64>().unwrap(), 10);
}

#[test]
fn fake_without_outcomes_left_is_named() {
    let mut host = host();
    host.fake(&WORK, Fake::outcomes([Ok::<_, String>(1)]));
    assert_eq!(host.run(&CALLS, 0).unwrap(), 1);
    let error = host.run(&CALLS, 0).unwrap_err().to_string();
    assert_eq!(
        error,
        r#"the fake of activity "Work" had 1 outcomes, and is called once more"#
    );
}

#[test]
fn ids_are_checked_as_servers_do() {
    let mut host = host();
    for id in ["", "@entity@x", &"x".repeat(101)] {
        let options = StartOptions::new().instance_id(id);
        let error = host.start_with(&WAITS, 0, options).unwrap_err();
        assert!(matches!(error, HostError::InvalidId { .. }), "{error:?}");
    }
    let taken = StartOptions::new().instance_id("taken");
    host.start_with(&WAITS, 0, taken.clone()).unwrap();
    let error = host.start_with(&WAITS, 0, taken).unwrap_err();
    assert!(
        matches!(error, HostError::AlreadyExists { .. }),
        "{error:?}"
    );
    // Where an orchestration chooses it, the call fails.
    let id = host.start(&PARENT, 2).unwrap();
    let inner = host
        .run_to_end(&id)
        .unwrap()
        .failure
        .unwrap()
        .inner
        .unwrap();
    assert_eq!(inner.error_type, "InstanceIdError");
    assert!(
        inner.message.contains("101 characters, limit 100"),
        "{inner}"
    );
}

#[test]
fn unknown_instances_and_double_registrations_are_named() {
    let mut host = host();
    let error = host.raise_event("nobody", &GO, 1).unwrap_err().to_string();
    assert_eq!(error, r#"there is no instance "nobody""#);
    assert!(matches!(
        host.run_to_end("nobody"),
        Err(HostError::NotFound { .. })
    ));
    host.after(Duration::from_secs(1))
        .raise_event("nobody", &GO, 1)
        .unwrap();
    assert!(matches!(
        host.advance(Duration::from_secs(2)),
        Err(HostError::NotFound { .. })
    ));

    let twice = functions()
        .activity(&WORK, work)
        .and(Functions::new().activity(&WORK, work));
    let error = TestHost::new(twice)
        .start(&WAITS, 0)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(r#"activity "Work" is registered twice"#),
        "{error}"
    );
}

#[test]
fn instance_that_failed_has_no_output_and_says_why() {
    let mut host = host();
    host.fake(&WORK, Fake::failing(ActivityError::new("Broken", "no way")));
    let error = host.run(&CALLS, 0).unwrap_err();
    assert!(matches!(error, HostError::Output(_)), "{error:?}");
    assert!(error.to_string().contains("no way"), "{error}");
}
