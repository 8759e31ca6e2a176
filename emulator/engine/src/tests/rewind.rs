//! Rewind: which instances, with which history they go on, and what that leaves open.

use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::EntityOperationCalledEvent;
use durascope_proto::EntityUnlockSentEvent;
use durascope_proto::ExecutionRewoundEvent;
use durascope_proto::ExecutionSuspendedEvent;
use durascope_proto::HistoryEvent;
use durascope_proto::OrchestrationStatus as Status;
use durascope_proto::OrchestratorAction;
use durascope_proto::RewindOrchestrationAction;
use durascope_proto::SendEntityMessageAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::history_event::EventType;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::send_entity_message_action::EntityMessageType;
use prost::Message as _;

use super::NEXT_EXECUTION;
use super::Scenario;
use super::action;
use super::child;
use super::complete;
use super::kinds;
use super::name;
use super::raised;
use super::schedule;
use super::timer;
use crate::Kind;
use crate::Phase;
use crate::Rejected;
use crate::deliver::Message;
use crate::deliver::TaskResult;
use crate::history;
use crate::history::event;
use crate::instance::Outcomes;
use crate::rewind;
use crate::rewind::Rewound;
use crate::turn::Answer;
use crate::turn::Turn;
use crate::turn::TurnMessage;

/// An instance that runs and may be made to fail, with everything that was committed of it.
struct Story {
    scenario: Scenario,
    past: Vec<HistoryEvent>,
}

impl Story {
    fn begin<const N: usize>(actions: [OrchestratorAction; N]) -> Self {
        let mut story = Self {
            scenario: Scenario::started("order-1"),
            past: Vec::new(),
        };
        story.turn(actions);
        story
    }

    fn turn<const N: usize>(&mut self, actions: [OrchestratorAction; N]) {
        let commit = self.scenario.turn(actions);
        self.past.extend(super::events(&commit));
    }

    fn result(&mut self, task_id: i32, result: TaskResult) {
        let execution = self.scenario.instance.execution.clone();
        assert!(self.scenario.deliver(Message::ActivityResult {
            execution,
            task_id,
            result,
        }));
    }

    fn child_result(&mut self, task_id: i32, result: TaskResult) {
        let execution = self.scenario.instance.execution.clone();
        assert!(self.scenario.deliver(Message::ChildResult {
            execution,
            task_id,
            result,
        }));
    }

    fn fail(&mut self) {
        self.turn([complete(9, Status::Failed, "")]);
        self.scenario.inbox.clear();
    }

    fn ask(&self) -> Result<rewind::Begun, Rejected> {
        let rewound = ExecutionRewoundEvent {
            reason: Some("fixed".to_owned()),
            parent_execution_id: Some("parent-2".to_owned()),
            ..Default::default()
        };
        rewind::begin(7_000_000, &self.scenario.instance, &self.past, rewound)
    }

    /// The turn that asks for the new history.
    fn rewind_turn(&mut self) -> Turn {
        let begun = self.ask().unwrap();
        self.scenario.instance = begun.after;
        self.scenario.put(begun.entry);
        let asked = self.scenario.inbox.pop().unwrap();
        self.scenario.now_us += 1;
        Turn::new(self.scenario.now_us, &self.scenario.instance, vec![asked])
    }

    fn apply(&mut self, turn: &Turn, made: Option<Vec<HistoryEvent>>) -> Result<Rewound, String> {
        let past = match &made {
            Some(_) => Vec::new(),
            None => self.past.clone(),
        };
        let answer = Answer {
            actions: made.map(rewound).into_iter().collect(),
            ..Answer::default()
        };
        let results: Vec<TurnMessage> = self
            .scenario
            .inbox
            .iter()
            .filter(|it| matches!(it.kind, Kind::ActivityResult | Kind::ChildResult))
            .cloned()
            .collect();
        let instance = &self.scenario.instance;
        let now_us = self.scenario.now_us + 1;
        rewind::apply(
            now_us,
            instance,
            turn,
            answer,
            past,
            &results,
            NEXT_EXECUTION,
        )
    }

    /// Rewinds it with the history that is made for a worker that makes none.
    fn rewind(&mut self) -> Rewound {
        let turn = self.rewind_turn();
        self.apply(&turn, None).unwrap()
    }
}

fn rewound(new_history: Vec<HistoryEvent>) -> OrchestratorAction {
    let rewind = RewindOrchestrationAction { new_history };
    action(-1, OrchestratorActionType::RewindOrchestration(rewind))
}

fn events(rewound: &Rewound) -> Vec<HistoryEvent> {
    let chunks = rewound.chunks.iter();
    chunks
        .flat_map(|chunk| history::events(&chunk.data))
        .map(|event| HistoryEvent::decode(event).unwrap())
        .collect()
}

fn shape(rewound: &Rewound) -> Vec<(i32, &'static str)> {
    let events = events(rewound);
    events.iter().map(|it| (it.event_id, name(it))).collect()
}

fn ok() -> TaskResult {
    TaskResult::Completed(Some("1".to_owned()))
}

fn failed() -> TaskResult {
    TaskResult::Failed(TaskFailureDetails::default())
}

fn outcomes(scheduled: u64, completed: u64, failed: u64) -> Outcomes {
    Outcomes {
        scheduled,
        completed,
        failed,
    }
}

#[test]
fn only_what_has_failed_is_rewound_and_a_refusal_names_the_state() {
    let mut story = Story::begin([]);
    for status in [Status::Running, Status::Completed, Status::Suspended] {
        story.scenario.instance.status = status;
        let Err(Rejected::WrongState(text)) = story.ask() else {
            panic!("{status:?} was rewound")
        };
        assert!(text.contains("not allowed"), "{text}");
        assert!(text.contains(crate::status::word(status)), "{text}");
    }
}

#[test]
fn a_rewind_makes_it_run_and_asks_the_worker() {
    let mut story = Story::begin([schedule(1, "A")]);
    story.result(1, failed());
    story.fail();
    let begun = story.ask().unwrap();
    assert_eq!(begun.after.status, Status::Running);
    assert_eq!(begun.after.phase, Phase::Rewinding);
    assert_eq!(begun.after.completed_us, None);
    assert_eq!(begun.after.failure_line, None);
    assert_eq!(begun.after.counters.messages_waiting, 1);
    assert_eq!(begun.entry.kind, Kind::Rewind);
    let asked = HistoryEvent::decode(begun.entry.event).unwrap();
    let Some(EventType::ExecutionRewound(asked)) = asked.event_type else {
        panic!("{asked:?}")
    };
    assert_eq!(asked.reason.as_deref(), Some("fixed"));
}

#[test]
fn results_that_were_accepted_and_never_told_do_not_count_any_more() {
    let mut story = Story::begin([schedule(1, "A"), schedule(2, "B")]);
    let turn = Turn::new(1, &story.scenario.instance, Vec::new());
    // It fails in a turn that was out when the result came.
    story.result(1, ok());
    let answer = Answer {
        actions: vec![complete(9, Status::Failed, "")],
        ..Answer::default()
    };
    let commit = story
        .scenario
        .apply(&turn, answer, crate::turn::Surroundings::default());
    story.scenario.instance = commit.after.clone();
    assert_eq!(commit.after.counters.activities, outcomes(2, 1, 0));
    story.past.extend(super::events(&commit));
    let begun = story.ask().unwrap();
    assert_eq!(begun.after.counters.activities, outcomes(2, 0, 0));
}

#[test]
fn for_a_worker_that_makes_no_history_it_is_made_without_the_failures() {
    let mut story = Story::begin([
        schedule(1, "A"),
        schedule(2, "B"),
        child(3, "kid"),
        child(4, "other"),
    ]);
    story.result(1, ok());
    story.result(2, failed());
    story.child_result(3, failed());
    story.child_result(4, ok());
    story.fail();
    let rewound = story.rewind();
    assert_eq!(
        shape(&rewound),
        [
            (-1, "turn"),
            (0, "started"),
            (1, "task"),
            (3, "child"),
            (4, "child"),
            (-1, "turn"),
            (-1, "task completed"),
            (-1, "child completed"),
            (-1, "turn"),
        ]
    );
    assert_eq!(&*rewound.after.execution, NEXT_EXECUTION);
    let Some(EventType::ExecutionStarted(started)) = &events(&rewound)[1].event_type else {
        panic!("no start")
    };
    let identity = started.orchestration_instance.clone().unwrap();
    assert_eq!(identity.execution_id.as_deref(), Some(NEXT_EXECUTION));
    assert_eq!(started.parent_instance, None, "it has no parent");
    let counters = rewound.after.counters;
    assert_eq!(counters.turns, 3);
    assert_eq!(counters.activities, outcomes(1, 1, 0));
    assert_eq!(counters.children, outcomes(2, 1, 0));
    assert_eq!(counters.batch, outcomes(3, 2, 0));
    assert_eq!((counters.batch_turn, counters.batch_first_task), (1, 1));
    assert_eq!(counters.history_events, 9);
    assert_eq!(counters.history_bytes, rewound.chunks[0].data.len() as u64);
    assert_eq!(counters.history_chunks, 1);
    assert_eq!(counters.messages_waiting, 1, "the replay");
    assert_eq!(rewound.after.phase, Phase::Running);
    let open: Vec<_> = rewound.children.iter().map(|it| it.task_id).collect();
    assert_eq!(open, [3]);
    assert_eq!(rewound.activities, []);
    assert_eq!(rewound.first.kind, Kind::Replay);
    assert_eq!(rewound.reason.as_deref(), Some("fixed"));
}

#[test]
fn the_history_of_the_worker_is_taken_as_it_is() {
    let mut story = Story::begin([schedule(1, "A")]);
    story.result(1, failed());
    story.fail();
    let turn = story.rewind_turn();
    let mut made = vec![story.past[0].clone(), story.past[1].clone()];
    let Some(EventType::ExecutionStarted(started)) = &mut made[1].event_type else {
        panic!("{made:?}")
    };
    let identity = started.orchestration_instance.as_mut().unwrap();
    identity.execution_id = Some("named-by-the-worker".to_owned());
    made.push(HistoryEvent::decode(turn.started.clone()).unwrap());
    made.push(HistoryEvent::decode(turn.messages[0].event.clone()).unwrap());
    let rewound = story.apply(&turn, Some(made.clone())).unwrap();
    assert_eq!(events(&rewound), made);
    assert_eq!(&*rewound.after.execution, "named-by-the-worker");
    assert_eq!(rewound.after.counters.turns, 2);
}

#[test]
fn a_history_that_names_no_execution_is_refused() {
    let mut story = Story::begin([]);
    story.fail();
    let turn = story.rewind_turn();
    for made in [vec![], vec![story.past[0].clone()]] {
        let problem = story.apply(&turn, Some(made)).unwrap_err();
        assert!(problem.contains("executionId"), "{problem}");
    }
}

#[test]
fn what_was_open_when_it_failed_goes_on() {
    let mut story = Story::begin([
        schedule(1, "A"),
        timer(2, 60_000_000),
        timer(3, 0),
        child(4, "kid"),
        schedule(5, "B"),
    ]);
    let fired = std::mem::take(&mut story.scenario.inbox);
    story.scenario.inbox = fired
        .into_iter()
        .filter(|it| it.at_us < 1_000_000)
        .collect();
    story.turn([]);
    story.fail();
    let rewound = story.rewind();
    let open: Vec<_> = rewound.activities.iter().map(|it| it.task_id).collect();
    assert_eq!(open, [1, 5]);
    assert_eq!(kinds(&rewound.timers), [Kind::Timer]);
    assert_eq!(rewound.timers[0].visible_us, Some(60_001_000));
    assert_eq!(rewound.after.counters.timers_pending, 1);
    assert_eq!(rewound.children[0].created.instance_id, "kid");
}

#[test]
fn results_that_come_before_the_new_history_count_if_it_waits_for_them() {
    let mut story = Story::begin([
        schedule(1, "A"),
        schedule(2, "B"),
        child(3, "kid"),
        child(4, "other"),
    ]);
    story.result(2, failed());
    story.fail();
    let turn = story.rewind_turn();
    story.result(1, ok());
    // Of an attempt that the new history has forgotten.
    story.result(2, ok());
    story.child_result(3, failed());
    story.child_result(4, ok());
    story.scenario.deliver(raised("Waits"));
    let rewound = story.apply(&turn, None).unwrap();
    let stale: Vec<_> = rewound.stale.iter().map(|(_, seq)| *seq).collect();
    let inbox = &story.scenario.inbox;
    assert_eq!(stale, [inbox[1].seq, inbox[2].seq]);
    assert_eq!(rewound.activities, [], "its result is there");
    let open: Vec<_> = rewound.children.iter().map(|it| it.task_id).collect();
    assert_eq!(open, [3], "it is to be rewound");
    let counters = rewound.after.counters;
    assert_eq!(counters.activities, outcomes(1, 1, 0));
    assert_eq!(counters.children, outcomes(2, 1, 0));
    // The replay, two results and the event.
    assert_eq!(counters.messages_waiting, 4);
}

#[test]
fn a_child_of_several_attempts_under_one_id_is_waited_for_once() {
    let mut story = Story::begin([child(1, "kid")]);
    story.child_result(1, failed());
    story.turn([child(1, "kid")]);
    story.child_result(1, failed());
    story.fail();
    let rewound = story.rewind();
    assert_eq!(rewound.children.len(), 1);
    let parent = &rewound.after;
    let told = rewound.children[0].rewound(parent, rewound.reason.clone());
    assert_eq!(told.instance_id.as_deref(), Some("kid"));
    assert_eq!(told.parent_execution_id.as_deref(), Some(NEXT_EXECUTION));
    let link = told.parent_instance.unwrap();
    assert_eq!(link.task_scheduled_id, 1);
    let link = link.orchestration_instance.unwrap();
    assert_eq!(link.instance_id, "order-1");
    assert_eq!(link.execution_id.as_deref(), Some(NEXT_EXECUTION));
}

#[test]
fn a_critical_section_that_was_not_released_is_refused() {
    let mut story = Story::begin([]);
    story.fail();
    let requested = EntityLockRequestedEvent {
        critical_section_id: "section-1".to_owned(),
        lock_set: vec!["@Counter@a".to_owned(), "@counter@b".to_owned()],
        ..Default::default()
    };
    let unlocked = |id: &str| {
        let unlock = EntityUnlockSentEvent {
            critical_section_id: "section-1".to_owned(),
            target_instance_id: Some(id.to_owned()),
            ..Default::default()
        };
        event(-1, 5, EventType::EntityUnlockSent(unlock))
    };
    let requested = event(-1, 5, EventType::EntityLockRequested(requested));
    story.past.extend([requested, unlocked("@counter@a")]);
    let Err(Rejected::WrongState(text)) = story.ask() else {
        panic!("it holds b")
    };
    assert!(text.contains("section-1"), "{text}");
    story.past.push(unlocked("@counter@b"));
    story.ask().unwrap();
}

#[test]
fn what_failed_when_it_was_suspended_is_suspended_again() {
    let mut story = Story::begin([]);
    story.fail();
    let suspended = EventType::ExecutionSuspended(ExecutionSuspendedEvent::default());
    story.past.insert(2, event(-1, 5, suspended));
    let rewound = story.rewind();
    assert_eq!(rewound.after.status, Status::Suspended);
    assert_eq!(rewound.after.phase, Phase::Suspended);
}

#[test]
fn a_suspend_that_came_meanwhile_stays_in_force() {
    let mut story = Story::begin([]);
    story.fail();
    let turn = story.rewind_turn();
    story.scenario.deliver(Message::Suspend { reason: None });
    let rewound = story.apply(&turn, None).unwrap();
    assert_eq!(rewound.after.status, Status::Suspended);
    // The code has not been told.
    assert_eq!(rewound.after.phase, Phase::Running);
}

#[test]
fn a_rewind_that_nobody_asked_for_fails_the_instance() {
    let mut scenario = Scenario::running("order-1");
    let commit = scenario.turn([rewound(vec![])]);
    assert_eq!(commit.after.status, Status::Failed);
    let line = commit.after.failure_line.unwrap();
    assert!(line.contains("rewindOrchestration"), "{line}");
}

#[test]
fn calls_to_entities_whose_results_went_to_the_failed_execution_are_known() {
    let call = |id: i32, request: &str| {
        let called = EntityOperationCalledEvent {
            request_id: request.to_owned(),
            target_instance_id: Some("@counter@a".to_owned()),
            ..Default::default()
        };
        let send = SendEntityMessageAction {
            entity_message_type: Some(EntityMessageType::EntityOperationCalled(called)),
        };
        action(id, OrchestratorActionType::SendEntityMessage(send))
    };
    let mut story = Story::begin([call(1, "answered"), call(2, "open")]);
    let answer = Message::EntityReply {
        execution: story.scenario.instance.execution.clone(),
        request: "answered".into(),
        result: TaskResult::Completed(None),
    };
    story.scenario.deliver(answer);
    story.turn([]);
    story.fail();
    let rewound = story.rewind();
    let calls: Vec<&str> = rewound.calls.iter().map(|call| &**call).collect();
    assert_eq!(calls, ["open"]);
}
