//! All tasks of an instance over the wire: first as they are, then what changes.

use std::time::Duration;

use durascope_proto::ActivityResponse;
use durascope_proto::CompleteOrchestrationAction;
use durascope_proto::CreateSubOrchestrationAction;
use durascope_proto::GetWorkItemsRequest;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestratorAction;
use durascope_proto::OrchestratorResponse;
use durascope_proto::PurgeInstancesRequest;
use durascope_proto::ScheduleTaskAction;
use durascope_proto::TaskFailureDetails;
use durascope_proto::TerminateRequest;
use durascope_proto::WorkItem;
use durascope_proto::monitor::Task;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchTasksRequest;
use durascope_proto::monitor::monitor_client::MonitorClient;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;
use durascope_proto::orchestrator_action::OrchestratorActionType;
use durascope_proto::purge_instances_request::Request as Purge;
use durascope_proto::work_item::Request as Work;
use tonic::Request;
use tonic::Streaming;
use tonic::metadata::MetadataValue;

use crate::Served;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a watcher knows after the updates so far.
struct Watched {
    updates: Streaming<TasksUpdate>,
    last: TasksUpdate,
    names: Vec<String>,
    workers: Vec<String>,
    tasks: Vec<Task>,
    largest: usize,
}

impl Watched {
    async fn of(served: &Served, id: &str) -> Self {
        let request = WatchTasksRequest {
            instance_id: id.to_owned(),
        };
        let mut monitor = MonitorClient::new(served.channel.clone());
        let updates = monitor.watch_tasks(request).await.unwrap().into_inner();
        Self {
            updates,
            last: TasksUpdate::default(),
            names: Vec::new(),
            workers: Vec::new(),
            tasks: Vec::new(),
            largest: 0,
        }
    }

    async fn next(&mut self) {
        let update = self.updates.message().await.unwrap().unwrap();
        if update.reset || !update.found {
            self.names.clear();
            self.workers.clear();
            self.tasks.clear();
        }
        self.largest = self.largest.max(update.tasks.len());
        self.names.extend(update.names.iter().cloned());
        self.workers.extend(update.workers.iter().cloned());
        for task in &update.tasks {
            let index = usize::try_from(task.index).unwrap();
            assert!(index <= self.tasks.len(), "numbered without gaps");
            match self.tasks.get_mut(index) {
                Some(place) => *place = task.clone(),
                None => self.tasks.push(task.clone()),
            }
        }
        self.last = update;
    }

    /// Takes updates until all is as expected.
    async fn until(&mut self, expected: impl Fn(&Self) -> bool) {
        let wait = async {
            loop {
                self.next().await;
                if !self.last.more && expected(self) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    fn states(&self) -> Vec<State> {
        self.tasks.iter().map(Task::state).collect()
    }

    fn worker(&self, task: &Task) -> Option<&str> {
        let at = usize::try_from(task.worker.checked_sub(1)?).ok()?;
        self.workers.get(at).map(String::as_str)
    }
}

async fn worker(served: &Served, id: &'static str, activities: i32) -> Streaming<WorkItem> {
    let mut request = Request::new(GetWorkItemsRequest {
        max_concurrent_activity_work_items: activities,
        ..GetWorkItemsRequest::default()
    });
    let id = MetadataValue::from_static(id);
    request.metadata_mut().insert("workerid", id);
    let items = served.client().get_work_items(request).await;
    items.unwrap().into_inner()
}

async fn next_item(items: &mut Streaming<WorkItem>) -> (Work, String) {
    let wait = async {
        loop {
            let item = items.message().await.unwrap().unwrap();
            match item.request {
                Some(Work::HealthPing(_)) | None => {}
                Some(work) => return (work, item.completion_token),
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

fn schedule(id: i32) -> OrchestratorAction {
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::ScheduleTask(ScheduleTaskAction {
            name: "Process".to_owned(),
            input: Some(format!(r#"{{"id":"item-{id}"}}"#)),
            ..ScheduleTaskAction::default()
        })),
    }
}

fn child(id: i32) -> OrchestratorAction {
    let action = CreateSubOrchestrationAction {
        instance_id: format!("child-{id}"),
        name: "Ship".to_owned(),
        ..CreateSubOrchestrationAction::default()
    };
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::CreateSubOrchestration(action)),
    }
}

fn complete(id: i32, status: OrchestrationStatus) -> OrchestratorAction {
    let action = CompleteOrchestrationAction {
        orchestration_status: status.into(),
        ..CompleteOrchestrationAction::default()
    };
    OrchestratorAction {
        id,
        orchestrator_action_type: Some(OrchestratorActionType::CompleteOrchestration(action)),
    }
}

async fn turn(served: &Served, items: &mut Streaming<WorkItem>, actions: Vec<OrchestratorAction>) {
    let (work, completion_token) = next_item(items).await;
    let Work::OrchestratorRequest(request) = work else {
        panic!("{work:?}")
    };
    let response = OrchestratorResponse {
        instance_id: request.instance_id,
        completion_token,
        actions,
        ..OrchestratorResponse::default()
    };
    let mut client = served.client();
    client.complete_orchestrator_task(response).await.unwrap();
}

fn answer(instance_id: &str, (work, completion_token): (Work, String)) -> ActivityResponse {
    let Work::ActivityRequest(request) = work else {
        panic!("{work:?}")
    };
    ActivityResponse {
        instance_id: instance_id.to_owned(),
        task_id: request.task_id,
        completion_token,
        result: Some("done".to_owned()),
        ..ActivityResponse::default()
    }
}

#[tokio::test]
async fn tasks_are_told_as_they_are_and_then_as_they_change() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut items = worker(&served, "bench-1", 2).await;
    turn(&served, &mut items, (1..=4).map(schedule).collect()).await;
    let held = [next_item(&mut items).await, next_item(&mut items).await];

    let mut watched = Watched::of(&served, "order").await;
    watched.until(|it| it.tasks.len() == 4).await;
    assert!(watched.last.found && watched.last.reset);
    assert_eq!(watched.last.turns, 1);
    assert_eq!(watched.names, ["Process"]);
    let expected = [State::Running, State::Running, State::Queued, State::Queued];
    assert_eq!(watched.states(), expected);
    let first = &watched.tasks[0];
    assert_eq!((first.task_id, first.label.as_str()), (1, "item-1"));
    assert!(first.started_at >= first.scheduled_at && first.finished_at == 0);
    assert_eq!(watched.worker(first), Some("bench-1"));

    let first_seen = watched.tasks[0].started_at;

    // Results count when they are accepted, though no turn has consumed them; who had the task
    // and since when stays known.
    let [first, second] = held;
    let mut client = served.client();
    client
        .complete_activity_task(answer("order", first))
        .await
        .unwrap();
    let mut failed = answer("order", second);
    failed.failure_details = Some(TaskFailureDetails {
        error_type: "Jammed".to_owned(),
        error_message: "paper\nin tray 2".to_owned(),
        ..TaskFailureDetails::default()
    });
    client.complete_activity_task(failed).await.unwrap();
    let over =
        |it: &Watched| it.states()[..2] == [State::Completed, State::Failed] && it.last.slots == 2;
    watched.until(over).await;
    assert!(!watched.last.reset);
    assert_eq!(watched.tasks[1].failure, "Jammed: paper");
    assert_eq!(watched.tasks[0].started_at, first_seen);
    assert_eq!(watched.worker(&watched.tasks[0]), Some("bench-1"));
    // Somebody who comes now learns the same.
    let mut late = Watched::of(&served, "order").await;
    late.until(over).await;
    assert_eq!(late.tasks[0].started_at, watched.tasks[0].started_at);
    assert_eq!(late.worker(&late.tasks[1]), Some("bench-1"));

    // The worker goes, and with it what it held: those two wait again.
    next_item(&mut items).await;
    watched
        .until(|it| it.states()[2..].contains(&State::Running))
        .await;
    drop(items);
    watched
        .until(|it| it.states()[2..] == [State::Queued, State::Queued] && it.last.slots == 0)
        .await;
    assert!(
        watched.tasks[2..]
            .iter()
            .all(|it| it.started_at == 0 && it.worker == 0)
    );
    served.running.stop().await;
}

#[tokio::test]
async fn repeats_children_and_the_end_are_told() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut items = worker(&served, "w", 10).await;
    let mut watched = Watched::of(&served, "order").await;
    turn(
        &served,
        &mut items,
        vec![schedule(1), child(2), schedule(3)],
    )
    .await;
    let mut out = Vec::new();
    for _ in 0..3 {
        out.push(next_item(&mut items).await);
    }
    // The child's turn is out, so it has not begun.
    watched.until(|it| it.tasks.len() == 3).await;
    let shipped = &watched.tasks[1];
    assert_eq!(
        (shipped.kind(), shipped.child_id.as_str()),
        (Kind::Child, "child-2")
    );
    assert_eq!(shipped.state(), State::Queued);
    let mut activities = Vec::new();
    for (work, token) in out {
        match work {
            Work::OrchestratorRequest(request) => {
                let response = OrchestratorResponse {
                    instance_id: request.instance_id,
                    completion_token: token,
                    ..OrchestratorResponse::default()
                };
                let mut client = served.client();
                client.complete_orchestrator_task(response).await.unwrap();
            }
            work => activities.push((work, token)),
        }
    }
    watched.until(|it| it.states()[1] == State::Running).await;

    let mut failed = answer("order", activities.remove(0));
    failed.failure_details = Some(TaskFailureDetails::default());
    assert_eq!(failed.task_id, 1);
    served
        .client()
        .complete_activity_task(failed)
        .await
        .unwrap();
    let mut again = schedule(4);
    if let Some(OrchestratorActionType::ScheduleTask(task)) = &mut again.orchestrator_action_type {
        task.input = Some(r#"{"id":"item-1"}"#.to_owned());
    }
    turn(&served, &mut items, vec![again]).await;
    watched.until(|it| it.tasks.len() == 4).await;
    assert_eq!(watched.tasks[3].attempt, 2);
    let (Work::ActivityRequest(_), _) = next_item(&mut items).await else {
        panic!("the repeated activity comes before the next turn")
    };

    let terminate = TerminateRequest {
        instance_id: "order".to_owned(),
        ..TerminateRequest::default()
    };
    served.client().terminate_instance(terminate).await.unwrap();
    turn(&served, &mut items, Vec::new()).await;
    watched.until(|it| it.states()[2] == State::Abandoned).await;
    assert_eq!(
        watched.states(),
        [
            State::Failed,
            State::Abandoned,
            State::Abandoned,
            State::Abandoned
        ]
    );
    served.running.stop().await;
}

#[tokio::test]
async fn instance_may_appear_go_and_appear_anew() {
    let served = Served::ephemeral().await;
    let mut watched = Watched::of(&served, "later").await;
    watched.next().await;
    assert!(!watched.last.found && watched.last.tasks.is_empty());
    served.start("later", "Order").await;
    watched.until(|it| it.last.found).await;
    assert!(watched.last.reset);
    let mut items = worker(&served, "w", 10).await;
    let done = complete(2, OrchestrationStatus::Completed);
    turn(&served, &mut items, vec![schedule(1), done]).await;
    watched.until(|it| it.states() == [State::Abandoned]).await;
    let purge = PurgeInstancesRequest {
        request: Some(Purge::InstanceId("later".to_owned())),
        ..PurgeInstancesRequest::default()
    };
    served.client().purge_instances(purge).await.unwrap();
    watched.until(|it| !it.last.found).await;
    served.start("later", "Order").await;
    watched.until(|it| it.last.found).await;
    assert!(watched.last.reset && watched.tasks.is_empty());
    served.running.stop().await;
}

#[tokio::test]
async fn continue_as_new_voids_what_was_known() {
    let served = Served::ephemeral().await;
    served.start("loop", "Order").await;
    let mut items = worker(&served, "w", 10).await;
    let mut watched = Watched::of(&served, "loop").await;
    turn(&served, &mut items, vec![schedule(1)]).await;
    watched.until(|it| it.states() == [State::Running]).await;
    let before = watched.last.execution_id.clone();
    let out = next_item(&mut items).await;
    let mut client = served.client();
    client
        .complete_activity_task(answer("loop", out))
        .await
        .unwrap();
    let renewed = complete(2, OrchestrationStatus::ContinuedAsNew);
    turn(&served, &mut items, vec![renewed]).await;
    turn(&served, &mut items, vec![schedule(1), schedule(2)]).await;
    watched.until(|it| it.states() == [State::Running; 2]).await;
    assert_ne!(watched.last.execution_id, before);
    assert_eq!(watched.names, ["Process"]);
    served.running.stop().await;
}

#[tokio::test]
async fn five_thousand_tasks_come_in_parts() {
    let served = Served::ephemeral().await;
    served.start("wide", "Order").await;
    let mut items = worker(&served, "w", 3).await;
    turn(&served, &mut items, (1..=5_000).map(schedule).collect()).await;
    let mut watched = Watched::of(&served, "wide").await;
    watched.until(|it| it.tasks.len() == 5_000).await;
    assert!(
        (1..=2_000).contains(&watched.largest),
        "{}",
        watched.largest
    );
    assert_eq!(watched.tasks[4_999].label, "item-5000");
    let out = next_item(&mut items).await;
    let mut client = served.client();
    client
        .complete_activity_task(answer("wide", out))
        .await
        .unwrap();
    watched.largest = 0;
    watched.until(|it| it.states()[0] == State::Completed).await;
    assert!(watched.largest < 10, "only what changes");
    served.running.stop().await;
}

#[tokio::test]
async fn quiet_stream_gives_signs_of_life_and_ends_with_the_emulator() {
    let served = Served::ephemeral().await;
    served.start("order", "Order").await;
    let mut watched = Watched::of(&served, "order").await;
    watched.until(|it| it.last.found).await;
    let begun = std::time::Instant::now();
    watched.next().await;
    watched.next().await;
    assert!(
        begun.elapsed() >= Duration::from_millis(1_500),
        "{:?}",
        begun.elapsed()
    );
    assert!(!watched.last.reset && watched.last.tasks.is_empty());
    let ends = async { while let Ok(Some(_)) = watched.updates.message().await {} };
    let both = async { tokio::join!(ends, served.running.stop()) };
    tokio::time::timeout(PATIENCE, both).await.unwrap();
}
