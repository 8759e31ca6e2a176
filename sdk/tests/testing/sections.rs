//! Critical sections in memory: in the order of asking, never in a circle, and over with their owner.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::Entity;
use durascope_sdk::EntityOperation;
use durascope_sdk::Functions;
use durascope_sdk::Operation;
use durascope_sdk::OperationError;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::StartOptions;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;

const SECOND: Duration = Duration::from_secs(1);

const ACCOUNT: Entity = Entity::named("Account");
const ADD: Operation<i64, i64> = Operation::named("Add");
const CHECK: Activity<i64, bool> = Activity::named("Check");
/// From, to, amount.
const TRANSFER: Orchestration<(String, String, i64), bool> = Orchestration::named("Transfer");
const FORGETFUL: Orchestration<u32, u32> = Orchestration::named("Forgetful");

async fn account(operation: EntityOperation) -> Result<i64, OperationError> {
    let balance = operation.state::<i64>()?.unwrap_or_default() + operation.input::<i64>()?;
    operation.set_state(&balance)?;
    Ok(balance)
}

/// Between taking and giving somebody else is asked, which takes its time.
async fn transfer(
    ctx: OrchestrationContext,
    (from, to, amount): (String, String, i64),
) -> Result<bool, OrchestrationError> {
    let (from, to) = (ACCOUNT.id(from), ACCOUNT.id(to));
    let guard = ctx.lock([&from, &to]).await?;
    ctx.set_custom_status("inside")?;
    let rest = ctx.call_entity(&from, &ADD, -amount).await?;
    if rest < 0 || !ctx.call(&CHECK, amount).await? {
        ctx.call_entity(&from, &ADD, amount).await?;
        return Ok(false);
    }
    ctx.call_entity(&to, &ADD, amount).await?;
    drop(guard);
    Ok(true)
}

async fn forgetful(ctx: OrchestrationContext, round: u32) -> Result<u32, OrchestrationError> {
    if round == 1 {
        return Ok(round);
    }
    let guard = ctx.lock([&ACCOUNT.id("a")]).await?;
    // A clone gets round the compiler, and the lock is released all the same.
    let next = ctx.clone().continue_as_new(round + 1);
    drop(guard);
    next
}

fn functions() -> Functions {
    Functions::new()
        .entity_fn(&ACCOUNT, account)
        .orchestration(&TRANSFER, transfer)
        .orchestration(&FORGETFUL, forgetful)
}

/// Each account begins with 100.
fn host() -> TestHost {
    let mut host = TestHost::new(functions());
    host.fake(&CHECK, Fake::returning(true).taking(10 * SECOND));
    for key in ["a", "b", "c"] {
        host.signal_entity(&ACCOUNT.id(key), &ADD, 100).unwrap();
    }
    host.settle().unwrap();
    host
}

fn start(host: &mut TestHost, id: &str, from: &str, to: &str, amount: i64) {
    let input = (from.to_owned(), to.to_owned(), amount);
    let options = StartOptions::new().instance_id(id);
    host.start_with(&TRANSFER, input, options).unwrap();
}

fn balance(host: &TestHost, key: &str) -> i64 {
    let balance = host.entity_state(&ACCOUNT.id(key)).unwrap();
    balance.unwrap_or_default()
}

fn is_inside(host: &TestHost, id: &str) -> bool {
    host.get(id).unwrap().raw_custom_status.is_some()
}

#[test]
fn second_section_over_the_same_entities_waits_for_the_first() {
    let mut host = host();
    start(&mut host, "one", "a", "b", 70);
    start(&mut host, "two", "b", "a", 150);
    host.settle().unwrap();
    assert!(is_inside(&host, "one") && !is_inside(&host, "two"));
    let holder = host.entity(&ACCOUNT.id("a")).unwrap().locked_by;
    assert_eq!(holder.as_deref(), Some("one"));
    // It sees nothing of what is half done: 150 is there when the first has ended.
    host.advance(10 * SECOND).unwrap();
    assert!(is_inside(&host, "two"));
    assert!(host.run_to_end("one").unwrap().output::<bool>().unwrap());
    assert!(host.run_to_end("two").unwrap().output::<bool>().unwrap());
    assert_eq!((balance(&host, "a"), balance(&host, "b")), (180, 20));
    assert_eq!(host.elapsed(), 20 * SECOND);
    host.settle().unwrap();
    assert_eq!(host.entity(&ACCOUNT.id("a")).unwrap().locked_by, None);
    for id in ["one", "two"] {
        replay(&host.history(id).unwrap(), &functions()).unwrap();
    }
}

#[test]
fn sections_begin_in_the_order_of_asking_even_where_one_entity_is_free() {
    let mut host = host();
    start(&mut host, "ab", "a", "b", 1);
    start(&mut host, "bc", "b", "c", 1);
    // Its entities are free, but "bc" asked for c before.
    start(&mut host, "ca", "c", "a", 1);
    start(&mut host, "cc", "c", "c", 1);
    let order = [("ab", 10), ("bc", 20), ("ca", 30), ("cc", 40)];
    for (id, seconds) in order {
        assert!(host.run_to_end(id).unwrap().output::<bool>().unwrap());
        assert_eq!(host.elapsed(), seconds * SECOND, "{id}");
    }
}

#[test]
fn signals_and_calls_of_others_wait_outside() {
    let mut host = host();
    start(&mut host, "one", "a", "b", 70);
    host.settle().unwrap();
    host.signal_entity(&ACCOUNT.id("a"), &ADD, 1_000).unwrap();
    host.settle().unwrap();
    let held = host.entity(&ACCOUNT.id("a")).unwrap();
    assert_eq!((held.state::<i64>().unwrap(), held.backlog), (Some(30), 1));
    host.run_to_end("one").unwrap();
    host.settle().unwrap();
    assert_eq!(balance(&host, "a"), 1_030);
}

#[test]
fn locks_end_with_their_owner() {
    let mut host = host();
    host.fake(&CHECK, Fake::never());
    start(&mut host, "one", "a", "b", 70);
    start(&mut host, "two", "b", "c", 10);
    host.settle().unwrap();
    // One waits for ever with its locks, and the other for these.
    let stuck = host.run_to_end("two").unwrap_err().to_string();
    assert!(
        stuck.contains(r#"and entity @account@b is locked by instance "one""#),
        "{stuck}"
    );
    host.fake(&CHECK, Fake::returning(false));
    host.terminate("one", ()).unwrap();
    assert!(!host.run_to_end("two").unwrap().output::<bool>().unwrap());

    // One that is terminated while it waits lets those behind it by.
    host.fake(&CHECK, Fake::returning(true).taking(10 * SECOND));
    start(&mut host, "three", "a", "b", 1);
    start(&mut host, "four", "b", "c", 1);
    start(&mut host, "five", "c", "c", 1);
    host.settle().unwrap();
    assert!(!is_inside(&host, "five"));
    host.terminate("four", ()).unwrap();
    host.settle().unwrap();
    assert!(is_inside(&host, "five"));

    let rounds = host.run(&FORGETFUL, 0).unwrap();
    assert_eq!(rounds, 1);
    host.settle().unwrap();
    assert_eq!(host.entity(&ACCOUNT.id("a")).unwrap().locked_by, None);
}
