//! Stored histories against code that is the same, and against code that is not.

use std::time::Duration;

use durascope_sdk::Activity;
use durascope_sdk::ExternalEvent;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::OrchestrationStatus;
use durascope_sdk::proto;
use durascope_sdk::proto::HistoryEvent;
use durascope_sdk::proto::history_event::EventType;
use durascope_sdk::testing::Fake;
use durascope_sdk::testing::History;
use durascope_sdk::testing::NonDeterminism;
use durascope_sdk::testing::ReplayError;
use durascope_sdk::testing::TestHost;
use durascope_sdk::testing::replay;

const CHARGE: Activity<u64, u64> = Activity::named("Charge");
const REFUND: Activity<u64, u64> = Activity::named("Refund");
const CHILD: Orchestration<u64, u64> = Orchestration::named("Child");
const GO: ExternalEvent<u64> = ExternalEvent::named("Go");
const ORDER: Orchestration<u64, u64> = Orchestration::named("Order");

/// Four turns: a charge, a nap, and the word to go on. 1 charges more, 2 fails, 3 is new.
async fn order(ctx: OrchestrationContext, number: u64) -> Result<u64, OrchestrationError> {
    let charged = ctx.call(&CHARGE, number).await?;
    ctx.set_custom_status(&charged)?;
    ctx.timer(Duration::from_secs(1)).await;
    match ctx.wait_for_event(&GO).await? {
        0 => Ok(charged),
        1 => Ok(ctx.call(&CHARGE, charged).await?),
        2 => Err(OrchestrationError::new("Declined", "no")),
        other => ctx.continue_as_new(other),
    }
}

fn of<F, Fut>(code: F) -> Functions
where
    F: Fn(OrchestrationContext, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u64, OrchestrationError>> + Send + 'static,
{
    Functions::new().orchestration(&ORDER, code)
}

/// The history after the word `go`; without one it still waits.
fn history(go: Option<u64>) -> History {
    let mut host = TestHost::new(of(order));
    host.fake(&CHARGE, Fake::with(|number| number * 2));
    let id = host.start(&ORDER, 7).unwrap();
    host.advance(Duration::from_secs(1)).unwrap();
    if let Some(go) = go {
        host.raise_event(&id, &GO, go).unwrap();
        host.settle().unwrap();
    }
    host.generations(&id).remove(0)
}

/// The same events up to the end of a turn.
fn cut(history: &History, turns: usize) -> History {
    let mut seen = 0;
    let events = history.events().iter().take_while(|event| {
        let begins = matches!(event.event_type, Some(EventType::OrchestratorStarted(_)));
        seen += usize::from(begins);
        seen <= turns
    });
    History::of(events.cloned()).unwrap()
}

#[test]
fn same_code_replays_every_history_up_to_every_turn() {
    let rows = [
        (None, 3, OrchestrationStatus::Running),
        (Some(0), 4, OrchestrationStatus::Completed),
        (Some(1), 5, OrchestrationStatus::Completed),
        (Some(2), 4, OrchestrationStatus::Failed),
        (Some(3), 4, OrchestrationStatus::ContinuedAsNew),
    ];
    for (go, turns, status) in rows {
        let history = history(go);
        for turn in 1..turns {
            let state = replay(&cut(&history, turn), &of(order)).unwrap();
            assert_eq!(
                state.status,
                OrchestrationStatus::Running,
                "{go:?}, turn {turn}"
            );
        }
        let state = replay(&history, &of(order)).unwrap();
        assert_eq!(state.status, status, "{go:?}");
        assert_eq!(state.custom_status::<u64>().unwrap(), Some(14));
    }
    let state = replay(&history(Some(1)), &of(order)).unwrap();
    assert_eq!(state.output::<u64>().unwrap(), 28);
    assert_eq!(
        (state.instance_id.as_str(), state.name.as_str()),
        ("Order-1", "Order")
    );
    let state = replay(&history(Some(2)), &of(order)).unwrap();
    assert_eq!(state.failure.unwrap().error_type, "Declined");
}

/// The first difference, with its turn.
fn difference(history: &History, functions: &Functions) -> (usize, NonDeterminism) {
    match replay(history, functions) {
        Err(ReplayError::NonDeterminism {
            turn, difference, ..
        }) => (turn, difference),
        other => panic!("no difference: {other:?}"),
    }
}

/// What is changed, the code, the word in the history; turn, event id, expected and found.
type Row = (
    &'static str,
    Functions,
    Option<u64>,
    usize,
    i32,
    &'static str,
    &'static str,
);

#[test]
fn every_change_of_the_code_is_found_in_its_turn() {
    let rows: [Row; 10] = [
        (
            "another activity",
            of(|ctx, n| async move { Ok(ctx.call(&REFUND, n).await?) }),
            None,
            1,
            1,
            "activity \"Charge\"",
            "activity \"Refund\"",
        ),
        (
            "a child instead",
            of(|ctx, n| async move { Ok(ctx.call_sub(&CHILD, n).await?) }),
            None,
            1,
            1,
            "activity \"Charge\"",
            "sub-orchestration \"Child\"",
        ),
        (
            "one call more",
            of(|ctx, n| async move {
                let more = ctx.call(&REFUND, n);
                let charged = ctx.call(&CHARGE, n).await?;
                Ok(more.await? + charged)
            }),
            None,
            1,
            1,
            "activity \"Charge\"",
            "activity \"Refund\"",
        ),
        (
            "one call more, behind",
            of(|ctx, n| async move {
                let charge = ctx.call(&CHARGE, n);
                let more = ctx.call(&REFUND, n);
                Ok(more.await? + charge.await?)
            }),
            None,
            1,
            2,
            "no call",
            "activity \"Refund\"",
        ),
        (
            "no nap",
            of(|ctx, n| async move {
                ctx.call(&CHARGE, n).await?;
                Ok(ctx.wait_for_event(&GO).await?)
            }),
            Some(0),
            2,
            2,
            "a timer",
            "no such call",
        ),
        (
            "an end in the middle",
            of(|ctx, n| async move { Ok(ctx.call(&CHARGE, n).await?) }),
            Some(0),
            2,
            2,
            "a timer",
            "no such call",
        ),
        (
            "a call in a turn that had none",
            of(|ctx, n| async move {
                ctx.call(&CHARGE, n).await?;
                ctx.timer(Duration::from_secs(1)).await;
                ctx.call(&REFUND, n).await?;
                Ok(ctx.wait_for_event(&GO).await?)
            }),
            Some(0),
            3,
            3,
            "no call",
            "activity \"Refund\"",
        ),
        (
            "an end before the last turn",
            of(|ctx, n| async move {
                let charged = ctx.call(&CHARGE, n).await?;
                ctx.timer(Duration::from_secs(1)).await;
                Ok(charged)
            }),
            Some(0),
            3,
            3,
            "another turn",
            "the end of the orchestration (COMPLETED)",
        ),
        (
            "an end where the history waits",
            of(|ctx, n| async move {
                ctx.call(&CHARGE, n).await?;
                ctx.timer(Duration::from_secs(1)).await;
                Err(OrchestrationError::new("Odd", "why not"))
            }),
            None,
            3,
            3,
            "a wait",
            "the end of the orchestration (FAILED: Odd: why not)",
        ),
        (
            "a wait where the history ends",
            of(|ctx, n| async move {
                ctx.call(&CHARGE, n).await?;
                ctx.timer(Duration::from_secs(1)).await;
                ctx.wait_for_event(&GO).await?;
                Ok(ctx.wait_for_event(&GO).await?)
            }),
            Some(2),
            4,
            3,
            "the end of the orchestration (FAILED: Declined: no)",
            "a wait for event \"Go\"",
        ),
    ];
    for (name, functions, go, turn, event_id, expected, found) in rows {
        let (in_turn, difference) = difference(&history(go), &functions);
        let NonDeterminism {
            event_id: at,
            expected: was,
            found: is,
            ..
        } = difference;
        assert_eq!(
            (in_turn, at, was.as_str(), is.as_str()),
            (turn, event_id, expected, found),
            "{name}"
        );
    }
}

#[test]
fn another_end_is_a_difference_but_another_output_is_the_callers_to_compare() {
    let brave = of(|ctx, n| async move {
        match order(ctx, n).await {
            Err(_) => Ok(99),
            ok => ok,
        }
    });
    let (_, difference) = difference(&history(Some(2)), &brave);
    assert_eq!(difference.found, "the end of the orchestration (COMPLETED)");
    let generous = of(|ctx, n| async move { Ok(order(ctx, n).await? + 1) });
    let state = replay(&history(Some(0)), &generous).unwrap();
    assert_eq!(state.output::<u64>().unwrap(), 15);
}

#[test]
fn code_that_behaves_otherwise_while_it_replays_is_found() {
    let shy = of(|ctx, n| async move {
        if ctx.is_replaying() {
            ctx.call(&REFUND, n).await?;
        }
        order(ctx, n).await
    });
    let (turn, difference) = difference(&history(None), &shy);
    assert_eq!((turn, difference.event_id), (1, 1));
    assert_eq!(difference.found, "activity \"Refund\"");
}

#[test]
fn panics_and_waits_for_what_is_not_durable_are_ends() {
    let panics = of(|ctx, n| async move {
        ctx.call(&CHARGE, n).await?;
        panic!("no more");
    });
    let (turn, difference) = difference(&cut(&history(None), 3), &panics);
    assert_eq!((turn, difference.expected.as_str()), (2, "a timer"));
    let sleeps = of(|ctx, n| async move {
        ctx.call(&CHARGE, n).await?;
        ctx.timer(Duration::from_secs(1)).await;
        std::future::pending().await
    });
    let (_, difference) = self::difference(&history(None), &sleeps);
    assert!(
        difference.found.contains("FAILED: NotDurable"),
        "{difference:?}"
    );
}

/// What a worker made of a history that its code did not repeat.
#[test]
fn history_that_ended_by_a_non_determinism_replays_with_the_code_that_is_right() {
    let mut events = cut(&history(None), 2).into_events();
    events.pop();
    let failure = proto::TaskFailureDetails {
        error_type: "NonDeterminism".to_owned(),
        ..Default::default()
    };
    events.push(HistoryEvent {
        event_id: 2,
        timestamp: None,
        event_type: Some(EventType::ExecutionCompleted(
            proto::ExecutionCompletedEvent {
                orchestration_status: proto::OrchestrationStatus::Failed.into(),
                failure_details: Some(failure),
                result: None,
            },
        )),
    });
    let history = History::of(events).unwrap();
    // The timer that the right code sets in this turn was never written down.
    let state = replay(&history, &of(order)).unwrap();
    assert_eq!(state.status, OrchestrationStatus::Running);
}

/// A rewind cuts what failed out of the past and asks for it anew.
#[test]
fn rewound_history_replays_from_its_rewind_on() {
    let mut host = TestHost::new(of(order));
    host.fake(&CHARGE, Fake::with(|number| number * 2));
    let id = host.start(&ORDER, 7).unwrap();
    host.advance(Duration::from_secs(1)).unwrap();
    host.raise_event(&id, &GO, 1).unwrap();
    host.run_to_end(&id).unwrap();
    let mut events = host.history(&id).unwrap().into_events();
    // As if the second charge had failed: it was cut out, and its turn made again.
    let at = events.iter().position(|event| event.event_id == 3).unwrap();
    let again = events.remove(at);
    let rewound = EventType::ExecutionRewound(proto::ExecutionRewoundEvent::default());
    let told = |event_type| HistoryEvent {
        event_id: -1,
        timestamp: events[0].timestamp,
        event_type: Some(event_type),
    };
    let begins = || {
        told(EventType::OrchestratorStarted(
            proto::OrchestratorStartedEvent {},
        ))
    };
    let between = [begins(), told(rewound), begins(), again];
    events.splice(at..at, between);
    let history = History::of(events.clone()).unwrap();
    assert_eq!(
        replay(&history, &of(order))
            .unwrap()
            .output::<u64>()
            .unwrap(),
        28
    );
    // Before anything was asked for anew.
    let history = History::of(events.drain(..at + 2)).unwrap();
    assert_eq!(
        replay(&history, &of(order)).unwrap().status,
        OrchestrationStatus::Running
    );
}

#[test]
fn code_that_is_not_there_is_named() {
    let error = replay(&history(None), &Functions::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no orchestration named \"Order\" is registered"
    );
    let twice = of(order).and(of(order));
    let error = replay(&history(None), &twice).unwrap_err().to_string();
    assert!(error.contains("registered twice"), "{error}");
}
