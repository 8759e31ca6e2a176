//! The work that our worker does: names and the functions behind them.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;

use durascope_sdk::Activity;
use durascope_sdk::ActivityContext;
use durascope_sdk::Entity;
use durascope_sdk::EntityContext;
use durascope_sdk::EntityState;
use durascope_sdk::Operation;
use durascope_sdk::OperationError;
use durascope_sdk::Operations;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde::Serialize;

pub(crate) const ECHO: Activity<u32, u32> = Activity::named("Echo");
/// Says so when it is in the middle of its fan-out: number and size.
pub(crate) const TELL_HALF: Activity<(u32, u32), u32> = Activity::named("TellHalf");
pub(crate) const FAN_OUT: Orchestration<u32, u64> = Orchestration::named("FanOut");
pub(crate) const TELLING: Orchestration<u32, u64> = Orchestration::named("Telling");
pub(crate) const CHAIN: Orchestration<u32, u32> = Orchestration::named("Chain");
/// So many children, each with a fan-out of so many.
pub(crate) const TREE: Orchestration<(u32, u32), u64> = Orchestration::named("Tree");
/// The sum of so many counters.
pub(crate) const COUNT: Orchestration<u32, u64> = Orchestration::named("Count");

pub(crate) const COUNTER: Entity = Entity::named("Counter");
pub(crate) const ADD: Operation<u64, u64> = Operation::named("Add");
pub(crate) const GET: Operation<(), u64> = Operation::named("Get");

/// What a fan-out of this size returns.
pub(crate) fn sum_below(size: u32) -> u64 {
    u64::from(size) * u64::from(size.saturating_sub(1)) / 2
}

pub(crate) async fn echo(_ctx: ActivityContext, number: u32) -> anyhow::Result<u32> {
    Ok(number)
}

pub(crate) async fn tell_half(
    ctx: ActivityContext,
    (number, size): (u32, u32),
) -> anyhow::Result<u32> {
    if number == size / 2 {
        let line = serde_json::json!({ "half": ctx.instance_id() });
        say(&line);
    }
    Ok(number)
}

pub(crate) async fn fan_out(ctx: OrchestrationContext, size: u32) -> Result<u64, TaskFailed> {
    let calls = (0..size).map(|number| ctx.call(&ECHO, number));
    Ok(sum(try_join_all(calls).await?))
}

pub(crate) async fn telling(ctx: OrchestrationContext, size: u32) -> Result<u64, TaskFailed> {
    let calls = (0..size).map(|number| ctx.call(&TELL_HALF, (number, size)));
    Ok(sum(try_join_all(calls).await?))
}

fn sum(numbers: Vec<u32>) -> u64 {
    numbers.into_iter().map(u64::from).sum()
}

pub(crate) async fn chain(ctx: OrchestrationContext, size: u32) -> Result<u32, TaskFailed> {
    let mut last = 0;
    for number in 0..size {
        last = ctx.call(&ECHO, number).await?;
    }
    Ok(last)
}

pub(crate) async fn tree(
    ctx: OrchestrationContext,
    (children, each): (u32, u32),
) -> Result<u64, TaskFailed> {
    let calls = (0..children).map(|_| ctx.call_sub(&FAN_OUT, each));
    Ok(try_join_all(calls).await?.into_iter().sum())
}

pub(crate) async fn count(ctx: OrchestrationContext, counters: u32) -> Result<u64, TaskFailed> {
    let ids: Vec<_> = (0..counters).map(|number| COUNTER.id(number)).collect();
    let calls = ids.iter().map(|id| ctx.call_entity(id, &GET, ()));
    Ok(try_join_all(calls).await?.into_iter().sum())
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Counter {
    count: u64,
}

impl EntityState for Counter {
    fn operations(operations: &mut Operations<Self>) {
        operations.on(&ADD, Self::add).on(&GET, Self::get);
    }
}

impl Counter {
    fn add(&mut self, _ctx: &EntityContext, amount: u64) -> Result<u64, OperationError> {
        self.count += amount;
        Ok(self.count)
    }

    fn get(&mut self, _ctx: &EntityContext, (): ()) -> Result<u64, OperationError> {
        Ok(self.count)
    }
}

/// Prints a line for the program that started this one.
pub(crate) fn say(line: &serde_json::Value) {
    static SAYING: Mutex<()> = Mutex::new(());
    let _whole_lines = SAYING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut output = std::io::stdout();
    // Who does not listen any more has ended.
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .ok();
}
