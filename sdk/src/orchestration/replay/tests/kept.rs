//! An execution that is kept between its turns decides what a replay of its history decides, turn
//! by turn, for random code on a random server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::join_all;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;
use serde::Serializer;

use super::entities::ADD;
use super::entities::COUNTER;
use super::entities::answered;
use super::entities::confirmed;
use super::simulation::Random;
use super::*;
use crate::error::OrchestrationError;
use crate::orchestration::replay::is_replaying_here;
use crate::orchestration::replay::rewind;
use crate::retry::RetryPolicy;

const SECOND: Duration = Duration::from_secs(1);
const UNREADABLE: Activity<NoJson, u64> = Activity::named("Unreadable");

/// An input that cannot be written.
struct NoJson;

impl Serialize for NoJson {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

/// What the code saw, each time with whether it was replaying.
type Seen = Arc<Mutex<Vec<(String, bool)>>>;

/// Random code: which depends on its input alone.
async fn program(
    ctx: OrchestrationContext,
    seed: u64,
    seen: Seen,
) -> Result<Vec<String>, OrchestrationError> {
    let mut random = Random(seed);
    let mut log = Vec::new();
    let mut early = None;
    let same = ctx.clone();
    let mut guard = None;
    let [a, b] = ["a", "b"].map(|key| COUNTER.id(key));
    for step in 0..3 + random.below(8) {
        let line = match random.below(22) {
            0 => format!("{:?}", ctx.call(&CHARGE, seed).await.ok()),
            1 => {
                let policy = RetryPolicy::new(3, SECOND).backoff_coefficient(2.0);
                format!("{:?}", ctx.call_with(&REFUND, seed, policy).await.ok())
            }
            2 => {
                let count = random.below(40);
                let calls = (0..count).map(|number| ctx.call(&CHARGE, number as u64));
                format!("{:?}", join_all(calls).await.iter().flatten().sum::<u64>())
            }
            3 => match select(ctx.call(&CHARGE, 1), ctx.timer(SECOND)).await {
                Either::Left((result, _)) => format!("{:?}", result.ok()),
                Either::Right(((), late)) => format!("late {:?}", late.await.ok()),
            },
            4 => format!("{:?}", ctx.wait_for_event(&GO).await.ok()),
            5 => match select(ctx.wait_for_event(&GO), ctx.timer(SECOND)).await {
                Either::Left((event, _)) => format!("{:?}", event.ok()),
                Either::Right(_) => "no event".to_owned(),
            },
            6 => format!(
                "{:?}",
                ctx.call_sub(&CHILD, 2).await.map_err(|it| it.details)
            ),
            7 => {
                ctx.timer(SECOND * 3).await;
                format!("{:?}", ctx.current_time())
            }
            8 => {
                ctx.send_event(INSTANCE, &GO, 3)?;
                ctx.send_event("somebody", &GO, 4)?;
                "sent".to_owned()
            }
            9 => {
                ctx.set_custom_status(&log)?;
                "status".to_owned()
            }
            10 => {
                ctx.clear_custom_status();
                ctx.new_uuid().to_string()
            }
            11 => {
                let mut calls: FuturesUnordered<_> = (0..6)
                    .map(|number| {
                        let ctx = ctx.clone();
                        async move {
                            let event = ctx.wait_for_event(&GO);
                            let charged = ctx.call(&CHARGE, number).await.unwrap_or(99);
                            charged + event.await.unwrap_or(1)
                        }
                    })
                    .collect();
                // The rest is dropped, with what it waits for.
                let first = calls.next().await;
                format!("{first:?} {:?}", calls.next().await)
            }
            12 => format!(
                "{:?}",
                ctx.call(&UNREADABLE, NoJson).await.map_err(|it| it.task_id)
            ),
            13 => {
                early = Some(ctx.call(&REFUND, 5));
                "begun".to_owned()
            }
            14 => match early.take() {
                Some(call) => format!("{:?}", call.await.ok()),
                None => "nothing begun".to_owned(),
            },
            15 if random.below(4) == 0 => return ctx.continue_as_new(seed / 7),
            16 if random.below(4) == 0 => panic!("enough in step {step}"),
            17 => format!("{:?}", ctx.call_entity(&a, &ADD, seed).await),
            18 => {
                let two = [&a, &b].map(|entity| ctx.call_entity(entity, &ADD, 1));
                let told = ctx.signal_entity(&b, &ADD, seed).is_ok();
                // Whatever comes first; the other call stays open, also for the section.
                let [one, other] = two;
                match select(one, select(other, ctx.timer(SECOND))).await {
                    Either::Left((result, _)) => format!("{told} {:?}", result.ok()),
                    Either::Right((Either::Left((result, _)), _)) => format!("{:?}", result.ok()),
                    Either::Right((Either::Right(_), _)) => "nobody".to_owned(),
                }
            }
            19 => match same.lock([&b, &a]).await {
                Ok(locked) => {
                    guard = Some(locked);
                    "locked".to_owned()
                }
                Err(error) => error.to_string(),
            },
            20 => match select(same.lock([&a]), ctx.timer(SECOND)).await {
                Either::Left((Ok(locked), _)) => {
                    guard = Some(locked);
                    "locked in time".to_owned()
                }
                Either::Left((Err(error), _)) => error.to_string(),
                Either::Right(_) => "gave up".to_owned(),
            },
            21 => {
                // Not sent at all, unless there is a guard already.
                drop(same.lock([&b]));
                format!("{}", guard.take().is_some())
            }
            _ => ctx.name().to_owned(),
        };
        assert_eq!(ctx.is_replaying(), is_replaying_here());
        let entry = (format!("{step} {line}"), ctx.is_replaying());
        seen.lock().unwrap().push(entry);
        log.push(line);
    }
    if random.below(3) == 0 {
        return Err(OrchestrationError::new("Ended", "as it had to"));
    }
    Ok(log)
}

fn watched() -> (OrchestrationFn, Seen) {
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    let function = erased(move |ctx, seed| program(ctx, seed, Arc::clone(&told)));
    (function, seen)
}

/// A server of one instance.
struct Server {
    random: Random,
    history: Vec<HistoryEvent>,
    inbox: Vec<HistoryEvent>,
    open: Vec<HistoryEvent>,
    suspended: bool,
}

impl Server {
    fn new(seed: u64) -> Self {
        let mut begin = started();
        if let Some(EventType::ExecutionStarted(it)) = &mut begin.event_type {
            it.input = Some(seed.to_string());
        }
        Self {
            random: Random(seed.wrapping_mul(31)),
            history: Vec::new(),
            inbox: vec![begin],
            open: Vec::new(),
            suspended: false,
        }
    }

    /// What happens before the next turn.
    fn pass_time(&mut self) {
        for _ in 0..self.random.below(4) {
            let event = match self.random.below(12) {
                0..3 => raised(["Go", "GO", "Other"][self.random.below(3)], "8"),
                // Twice, or never asked for.
                3 => completed(1 + i32::try_from(self.random.below(60)).unwrap(), "1"),
                4 => {
                    self.suspended = !self.suspended;
                    if self.suspended {
                        suspended()
                    } else {
                        resumed()
                    }
                }
                _ if self.open.is_empty() => raised("Go", "9"),
                _ => {
                    let at = self.random.below(self.open.len());
                    let asked = self.open.swap_remove(at);
                    self.answer(&asked)
                }
            };
            self.inbox.push(event);
        }
        if self.inbox.is_empty() {
            self.inbox.push(if self.suspended {
                resumed()
            } else {
                raised("Go", "7")
            });
            self.suspended = false;
        }
        if self.random.below(150) == 0 {
            self.inbox.push(terminated("\"stop\""));
        }
    }

    fn answer(&mut self, asked: &HistoryEvent) -> HistoryEvent {
        let (id, fails) = (asked.event_id, self.random.below(4) == 0);
        let value = self.random.below(50).to_string();
        match &asked.event_type {
            Some(EventType::TimerCreated(_)) => timer_fired(id),
            Some(EventType::EntityOperationCalled(it)) if fails => {
                let it = proto::EntityOperationFailedEvent {
                    request_id: it.request_id.clone(),
                    failure_details: details("x"),
                };
                event(-1, EventType::EntityOperationFailed(it))
            }
            Some(EventType::EntityOperationCalled(it)) => answered(&it.request_id, &value),
            Some(EventType::EntityLockRequested(it)) => {
                let it = proto::EntityLockGrantedEvent {
                    critical_section_id: it.critical_section_id.clone(),
                };
                event(-1, EventType::EntityLockGranted(it))
            }
            Some(EventType::SubOrchestrationInstanceCreated(_)) if fails => child_failed(id, "x"),
            Some(EventType::SubOrchestrationInstanceCreated(_)) => child_completed(id, &value),
            _ if fails => failed(id, "x"),
            _ => completed(id, &value),
        }
    }

    /// Commits a turn that does not end the execution.
    fn commit(&mut self, new: Vec<HistoryEvent>, turn: &Turn) {
        self.history.extend(new);
        for (index, action) in turn.actions.iter().enumerate() {
            let event = match action.orchestrator_action_type.as_ref().unwrap() {
                OrchestratorActionType::ScheduleTask(it) => scheduled(action.id, &it.name),
                OrchestratorActionType::CreateTimer(_) => timer_created(action.id),
                OrchestratorActionType::CreateSubOrchestration(it) => {
                    child_created(action.id, &it.name)
                }
                OrchestratorActionType::SendEvent(it) => {
                    let target = it.instance.clone().unwrap().instance_id;
                    if target == INSTANCE {
                        self.inbox
                            .push(raised(&it.name, it.data.as_deref().unwrap()));
                    }
                    self.history.push(sent(action.id, &target, &it.name));
                    continue;
                }
                OrchestratorActionType::SendEntityMessage(_) => confirmed(turn, index),
                other => panic!("{other:?}"),
            };
            self.history.push(event.clone());
            if is_asked(&event) {
                self.open.push(event);
            }
        }
    }

    /// The instance has failed and goes on; false if that cannot be.
    fn rewind(&mut self, new: Vec<HistoryEvent>) {
        self.history.extend(new);
        let completed = proto::ExecutionCompletedEvent::default();
        self.history
            .push(event(-1, EventType::ExecutionCompleted(completed)));
        let rewound = proto::ExecutionRewoundEvent::default();
        let new = vec![turn(0), event(-1, EventType::ExecutionRewound(rewound))];
        let answer = rewind(std::mem::take(&mut self.history), new, "e2");
        let Some(OrchestratorActionType::RewindOrchestration(it)) =
            answer.actions[0].orchestrator_action_type.clone()
        else {
            panic!("{answer:?}");
        };
        self.history = it.new_history;
        // Some of it has an answer already: that comes twice, as far as the code can tell.
        let asked = self.history.iter().filter(|event| is_asked(event));
        self.open = asked.cloned().collect();
        self.inbox.clear();
    }
}

/// Whether something is to come of what an event says was sent.
fn is_asked(event: &HistoryEvent) -> bool {
    matches!(
        event.event_type,
        Some(
            EventType::TaskScheduled(_)
                | EventType::TimerCreated(_)
                | EventType::SubOrchestrationInstanceCreated(_)
                | EventType::EntityOperationCalled(_)
                | EventType::EntityLockRequested(_)
        )
    )
}

/// Runs one orchestration to its end; says how many turns it took and how many were rewound.
fn run(seed: u64) -> (usize, usize) {
    let (by_replay, seen_by_replay) = watched();
    let (by_keeping, seen_by_keeping) = watched();
    let mut server = Server::new(seed);
    let mut kept: Option<Replay> = None;
    let (mut turns, mut rewinds) = (0, 0);
    for second in 1..400 {
        let mut new = vec![turn(second)];
        new.append(&mut server.inbox);
        let whole = replay_of(&by_replay).turn(server.history.clone(), new.clone());
        let (mut execution, past) = match kept.take() {
            // It has been dropped, or the worker was started anew.
            Some(kept) if server.random.below(10) > 0 => (kept, Vec::new()),
            Some(_) | None => (replay_of(&by_keeping), server.history.clone()),
        };
        let went_on = past.is_empty();
        let decided = execution.turn(past, new.clone());
        let (told, expected) = (without_traces(&decided), without_traces(&whole));
        assert_eq!(told, expected, "seed {seed}, turn {second}");
        let mut replayed = std::mem::take(&mut *seen_by_replay.lock().unwrap());
        let mut in_order = std::mem::take(&mut *seen_by_keeping.lock().unwrap());
        if went_on {
            replayed.retain(|(_, replaying)| !replaying);
        }
        assert_eq!(in_order, replayed, "seed {seed}, turn {second}");
        in_order.clear();
        turns += 1;
        if execution.keep() {
            assert!(execution.is_still(), "seed {seed}, turn {second}");
            kept = Some(execution);
            server.commit(new, &decided);
        } else {
            let completion = decided.completion();
            let failed = completion.orchestration_status() == proto::OrchestrationStatus::Failed;
            if !failed || rewinds == 2 {
                return (turns, rewinds);
            }
            rewinds += 1;
            server.rewind(new);
            continue;
        }
        server.pass_time();
    }
    panic!("seed {seed} does not end");
}

/// A backtrace tells by whom the code was polled, which differs.
fn without_traces(turn: &Turn) -> Turn {
    let mut actions = turn.actions.clone();
    for action in &mut actions {
        if let Some(OrchestratorActionType::CompleteOrchestration(it)) =
            &mut action.orchestrator_action_type
            && let Some(details) = &mut it.failure_details
        {
            details.stack_trace = None;
        }
    }
    Turn {
        actions,
        custom_status: turn.custom_status.clone(),
    }
}

#[test]
fn kept_execution_and_full_replay_make_the_same_turns_of_any_code() {
    let (mut turns, mut rewinds) = (0, 0);
    for seed in 1..1_500_u64 {
        let (more, rewound) = run(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16);
        turns += more;
        rewinds += rewound;
    }
    assert!(
        turns > 5_000 && rewinds > 100,
        "{turns} turns, {rewinds} rewinds"
    );
}

/// Waits for something that no event brings, as a sleep of the runtime does.
#[derive(Clone, Default)]
struct Foreign(Arc<Mutex<Option<Waker>>>);

impl Future for Foreign {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        *self.0.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[test]
fn execution_that_something_foreign_has_woken_is_not_what_a_replay_would_come_to() {
    let foreign = Foreign::default();
    let given = foreign.clone();
    let mut execution = replay_of(&erased(move |ctx, _| {
        let foreign = given.clone();
        async move {
            select(foreign, ctx.wait_for_event(&GO)).await;
            Ok::<_, OrchestrationError>(())
        }
    }));
    execution.turn(vec![], vec![turn(1), started()]);
    assert!(execution.keep());
    assert!(execution.is_still());
    foreign.0.lock().unwrap().take().unwrap().wake();
    assert!(!execution.is_still());
}

#[test]
fn execution_that_is_over_is_not_kept() {
    let mut execution = replay_of(&erased(|_, _| async { Ok::<_, OrchestrationError>(1) }));
    execution.turn(vec![], vec![turn(1), started()]);
    assert!(!execution.keep());
}
