//! Cost of a turn: linear in its history.

use std::time::Duration;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::*;
use crate::error::TaskFailed;

async fn fan_out(ctx: OrchestrationContext, count: u64) -> Result<u64, TaskFailed> {
    let results = try_join_all((0..count).map(|number| ctx.call(&CHARGE, number))).await?;
    Ok(results.into_iter().sum())
}

fn last_turn(count: i32) -> (Duration, Value) {
    let mut begin = started();
    if let Some(EventType::ExecutionStarted(it)) = &mut begin.event_type {
        it.input = Some(count.to_string());
    }
    let mut past = vec![turn(1), begin];
    past.extend((1..=count).map(|id| scheduled(id, "Charge")));
    past.push(turn(2));
    past.extend((1..count).map(|id| completed(id, "1")));
    let scenario = Scenario::of(fan_out).given(past);
    let began = Instant::now();
    let turn = scenario.when([turn(3), completed(count, "1")]);
    (began.elapsed(), turn.output())
}

#[test]
fn a_turn_over_100_000_activities_costs_about_ten_times_one_over_10_000() {
    let (small, output) = last_turn(10_000);
    assert_eq!(output, 10_000);
    let (large, output) = last_turn(100_000);
    assert_eq!(output, 100_000);
    // Quadratic cost would be a hundredfold; other load on the machine is not.
    assert!(
        large < small * 40 + Duration::from_millis(200),
        "{small:?} then {large:?}"
    );
    println!("10,000 in {small:?}, 100,000 in {large:?}");
}
