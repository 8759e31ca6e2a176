//! Versions: which function runs, what is asked for without one, and what is not taken.

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::StartOptions;
use durascope_sdk::TaskFailed;
use durascope_sdk::Versioning;
use durascope_sdk::testing::HostError;
use durascope_sdk::testing::ReplayError;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;

const GREET: Orchestration<(), Vec<String>> = Orchestration::named("Greet");
const NAME: Orchestration<(), String> = Orchestration::named("Name");
const SAY: Activity<(), String> = Activity::named("Say");

async fn greet(ctx: OrchestrationContext, (): ()) -> Result<Vec<String>, TaskFailed> {
    let said = ctx.call(&SAY, ()).await?;
    let child = ctx.call_sub(&NAME, ()).await?;
    Ok(vec![said, child])
}

async fn name(ctx: OrchestrationContext, (): ()) -> Result<String, TaskFailed> {
    Ok(format!("child {}", ctx.version().unwrap_or("without")))
}

fn says(
    what: &'static str,
) -> impl Fn(ActivityContext, ()) -> std::future::Ready<Result<String, String>> {
    move |_, ()| std::future::ready(Ok(what.to_owned()))
}

fn functions() -> Functions {
    Functions::new()
        .orchestration(&GREET, greet)
        .orchestration_version(&GREET, "3", |_, ()| async {
            Ok::<_, TaskFailed>(vec!["of version three".to_owned()])
        })
        .orchestration(&NAME, name)
        .activity(&SAY, says("hello"))
        .activity_version(&SAY, "2", says("good day"))
}

fn version(version: &str) -> StartOptions {
    StartOptions::new().version(version)
}

#[test]
fn the_version_chooses_the_function_of_orchestrations_and_activities() {
    let mut host = TestHost::new(functions());
    assert_eq!(host.run(&GREET, ()).unwrap(), ["hello", "child without"]);
    let mut run = |version| {
        let id = host.start_with(&GREET, (), version).unwrap();
        let state = host.run_to_end(&id).unwrap();
        replay(&host.history(&id).unwrap(), &functions()).unwrap();
        state.output::<Vec<String>>().unwrap()
    };
    assert_eq!(run(version("2")), ["good day", "child without"]);
    assert_eq!(run(version("3")), ["of version three"]);
}

#[test]
fn starts_and_sub_orchestrations_have_default_versions_of_their_own() {
    let functions = functions().default_version("1.5");
    let mut host = TestHost::new(functions).with_default_version("2");
    assert_eq!(host.run(&GREET, ()).unwrap(), ["good day", "child 1.5"]);
    assert_eq!(host.get("Greet-1").unwrap().version.as_deref(), Some("2"));
    let id = host.start_with(&GREET, (), version("3")).unwrap();
    assert_eq!(host.run_to_end(&id).unwrap().version.as_deref(), Some("3"));
}

#[test]
fn what_is_not_taken_fails_or_waits_for_another_worker() {
    let strict = || functions().versioning(Versioning::strict("2").failing_mismatches());
    let mut host = TestHost::new(strict());
    let id = host.start_with(&GREET, (), version("1")).unwrap();
    let failure = host.run_to_end(&id).unwrap().failure.unwrap();
    assert_eq!(failure.error_type, "VersionMismatch");
    let problem = "The orchestration version '1' does not match the worker version '2'.";
    assert_eq!(failure.message, problem);
    assert!(failure.non_retriable);

    let older = functions().versioning(Versioning::current_or_older("2"));
    let mut host = TestHost::new(older);
    let id = host.start_with(&GREET, (), version("3")).unwrap();
    let error = host.run_to_end(&id).unwrap_err();
    assert!(matches!(error, HostError::Stuck { .. }), "{error:?}");
    assert!(
        error.to_string().contains(
            "waits for a worker of its version: The orchestration version '3' is greater"
        ),
        "{error}"
    );
    assert_eq!(host.turns(&id), 0);
    let id = host.start_with(&GREET, (), version("2")).unwrap();
    host.run_to_end(&id).unwrap();

    // A stored history says the same before anything is deployed.
    let history = host.history(&id).unwrap();
    let newer = functions().versioning(Versioning::strict("3"));
    let error = replay(&history, &newer).unwrap_err();
    assert!(
        matches!(error, ReplayError::VersionMismatch { .. }),
        "{error}"
    );
}
