//! What a screen asks beside window and tree, from servers with the monitor feed: tasks come as
//! a stream, the rest is asked again as often as its cost allows.

use std::sync::Arc;
use std::time::Duration;

use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::WatchTasksRequest;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Code;
use tonic::Status;

use crate::app::effect::WatchSpec;
use crate::app::topic::Told;
use crate::app::topic::Topic;
use crate::data::tasks::Tasks;
use crate::io::source::Sink;
use crate::io::wire::Hub;

/// Shortest pause between two questions, and how much longer than its cost a pause is.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const COST_FACTOR: u32 = 10;
/// While nothing happens in the hub, it is asked so seldom: what the hub's counters do not show,
/// like the cleaning of entities, shows then.
const PAUSE_STILL: Duration = Duration::from_secs(10);
/// How long an answer is waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// Answers the newest topic of `spec` until the dashboard closes.
pub async fn run(hub: Hub, mut spec: watch::Receiver<WatchSpec>, sink: &Sink) {
    loop {
        let topic = spec.borrow_and_update().topic.clone();
        let answering = answer(&hub, &topic, sink);
        tokio::select! {
            () = answering => {}
            changed = other_topic(&mut spec, &topic) => {
                if !changed {
                    return;
                }
            }
        }
    }
}

/// Waits until another topic is asked; false when the dashboard closes.
pub async fn other_topic(spec: &mut watch::Receiver<WatchSpec>, topic: &Topic) -> bool {
    spec.wait_for(|it| it.topic != *topic).await.is_ok()
}

/// Answers `topic` again and again; it is dropped when another one is asked.
async fn answer(hub: &Hub, topic: &Topic, sink: &Sink) {
    loop {
        let begun = Instant::now();
        let before = sink.hub();
        let answered = match topic {
            Topic::None => return std::future::pending().await,
            Topic::Tasks { instance_id } => tasks(hub, topic, instance_id, sink).await,
            Topic::Compare { left, right } => compare(hub, topic, left, right, sink).await,
            _ => match tokio::time::timeout(DEADLINE, ask(hub, topic)).await {
                Ok(Ok(told)) => {
                    sink.topic(topic.clone(), told);
                    Ok(())
                }
                Ok(Err(status)) => Err(status),
                Err(_) => Err(Status::deadline_exceeded("no answer")),
            },
        };
        let is_answered = answered.is_ok();
        if let Err(status) = answered {
            sink.topic(topic.clone(), Told::Refused(refusal(hub, &status)));
        }
        let pause = (begun.elapsed() * COST_FACTOR).max(PAUSE_MIN);
        tokio::time::sleep(pause).await;
        if is_answered {
            let moves = sink.hub_moves(before.as_ref());
            tokio::time::timeout(PAUSE_STILL, moves).await.ok();
        }
    }
}

fn refusal(hub: &Hub, status: &Status) -> String {
    match status.code() {
        Code::Unimplemented => {
            "this server does not tell that; the durascope emulator does".to_owned()
        }
        _ => hub.words(status),
    }
}

async fn ask(hub: &Hub, topic: &Topic) -> Result<Told, Status> {
    let mut client = hub.monitor();
    Ok(match topic {
        Topic::History(it) => Told::History(Arc::new(
            client.read_history(it.clone()).await?.into_inner(),
        )),
        Topic::Failures(it) => Told::Failures(Arc::new(
            client.list_failures(it.clone()).await?.into_inner(),
        )),
        Topic::Entities(it) => Told::Entities(Arc::new(
            client.list_entities(it.clone()).await?.into_inner(),
        )),
        Topic::Work(it) => Told::Work(Arc::new(client.list_work(it.clone()).await?.into_inner())),
        Topic::None | Topic::Tasks { .. } | Topic::Compare { .. } => {
            return Err(Status::internal("these are streams"));
        }
    })
}

async fn tasks(hub: &Hub, topic: &Topic, id: &str, sink: &Sink) -> Result<(), Status> {
    let mut tasks = Tasks::new(true);
    let mut updates = watch_tasks(hub, id).await?;
    while let Some(update) = updates.message().await? {
        sink.tasks(id, &update);
        tasks.apply(update);
        if tasks.is_whole {
            sink.topic(topic.clone(), Told::Tasks(tasks.clone()));
        }
    }
    Ok(())
}

/// Both are watched; whichever moves first tells the pair anew.
async fn compare(
    hub: &Hub,
    topic: &Topic,
    left: &str,
    right: &str,
    sink: &Sink,
) -> Result<(), Status> {
    let (mut one, mut other) = (Tasks::new(true), Tasks::new(true));
    let mut ones = watch_tasks(hub, left).await?;
    let mut others = watch_tasks(hub, right).await?;
    loop {
        let (id, tasks, update) = tokio::select! {
            it = ones.message() => (left, &mut one, it?),
            it = others.message() => (right, &mut other, it?),
        };
        let Some(update) = update else {
            return Ok(());
        };
        sink.tasks(id, &update);
        tasks.apply(update);
        if one.is_whole && other.is_whole {
            sink.topic(topic.clone(), Told::Compare(one.clone(), other.clone()));
        }
    }
}

async fn watch_tasks(hub: &Hub, id: &str) -> Result<tonic::Streaming<TasksUpdate>, Status> {
    let request = WatchTasksRequest {
        instance_id: id.to_owned(),
    };
    Ok(hub.monitor().watch_tasks(request).await?.into_inner())
}
