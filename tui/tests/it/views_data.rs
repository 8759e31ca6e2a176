//! Tasks for the views of an instance: a fan-out in the middle, waves, retries, and a huge one.

use std::sync::Arc;

use durascope::app::effect::Effect;
use durascope::app::event::Data;
use durascope::app::event::Event;
use durascope::app::event::Feed;
use durascope::app::event::Link;
use durascope::app::event::Mode;
use durascope::app::model::Model;
use durascope::app::topic::Told;
use durascope::app::topic::TopicData;
use durascope::app::window;
use durascope::data::tasks::Tasks;
use durascope::format::Micros;
use durascope::format::SECOND;
use durascope_proto::monitor::Task;
use durascope_proto::monitor::TasksUpdate;
use durascope_proto::monitor::task::State;
use durascope_proto::monitor::task_group::Kind;

use crate::fixtures::*;

pub(crate) const EXECUTION: &str = "6f0c6f0c6f0c6f0c6f0c6f0c6f0c6f0c";

/// Milliseconds so many seconds before the present.
pub(crate) fn before(seconds: f64) -> i64 {
    let ms = std::time::Duration::from_secs_f64(seconds).as_millis();
    NOW / 1_000 - i64::try_from(ms).expect("not that long ago")
}

/// A list of tasks in the making.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) tasks: Vec<Task>,
    names: Vec<String>,
}

impl Plan {
    pub(crate) fn name(&mut self, name: &str) -> u32 {
        let known = self.names.iter().position(|it| it == name);
        let at = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u32::try_from(at).expect("few names")
    }

    /// Scheduled, taken and finished so many seconds ago; negative for not yet.
    pub(crate) fn add(
        &mut self,
        name: &str,
        turn: u64,
        state: State,
        times: [f64; 3],
    ) -> &mut Task {
        let index = u32::try_from(self.tasks.len()).expect("few tasks");
        let ms = |it: f64| if it < 0.0 { 0 } else { before(it) };
        let name = self.name(name);
        self.tasks.push(Task {
            index,
            state: state as i32,
            task_id: i32::try_from(index).expect("few tasks") + 1,
            name,
            turn,
            scheduled_at: ms(times[0]),
            started_at: ms(times[1]),
            finished_at: ms(times[2]),
            worker: if times[1] < 0.0 { 0 } else { 1 + index % 2 },
            label: format!("item-{index:04}"),
            attempt: 1,
            ..Task::default()
        });
        self.tasks.last_mut().expect("just added")
    }

    pub(crate) fn update(self, turns: u64) -> TasksUpdate {
        TasksUpdate {
            found: true,
            reset: true,
            execution_id: EXECUTION.to_owned(),
            names: self.names,
            workers: vec!["w-7f21".to_owned(), "w-02c4".to_owned()],
            tasks: self.tasks,
            turns,
            slots: 16,
            ..TasksUpdate::default()
        }
    }
}

pub(crate) fn made(plan: Plan, turns: u64) -> Tasks {
    let mut tasks = Tasks::new(true);
    tasks.apply(plan.update(turns));
    tasks
}

/// What the tree of the fixtures tells: a thousand items, three failed, eight running.
pub(crate) fn fan_out() -> Plan {
    let mut plan = Plan::default();
    plan.add("LoadManifest", 1, State::Completed, [192.0, 191.9, 190.7]);
    for at in 0..1_000 {
        let start = 190.0 - f64::from(at / 100);
        plan.add(
            "PriceItem",
            2,
            State::Completed,
            [190.5, start, start - 0.09],
        );
    }
    for at in 0..1_000_u32 {
        let start = 177.0 - f64::from(at) * 0.235;
        let took = 1.4 + f64::from(at * 7 % 13) * 0.12;
        let (state, times) = match at {
            13 => (State::Running, [178.0, 175.0, -1.0]),
            101 | 106 => (State::Failed, [178.0, start, start - 60.0]),
            390 => (State::Failed, [178.0, start, start - 0.3]),
            0..=744 => (State::Completed, [178.0, start, (start - took).max(0.1)]),
            745..=751 => (State::Running, [178.0, f64::from(at - 744) * 0.3, -1.0]),
            _ => (State::Queued, [178.0, -1.0, -1.0]),
        };
        let task = plan.add("ProcessItem", 3, state, times);
        if state == State::Failed {
            task.failure = match at {
                390 => "HttpRequestException: 503 Service Unavailable",
                _ => "TimeoutException: The operation was canceled.",
            }
            .to_owned();
        }
    }
    for (id, state, end) in [
        ("ship-us", State::Completed, 137.0),
        ("ship-uk", State::Completed, 134.0),
        ("ship-eu", State::Failed, 51.0),
        ("ship-asia", State::Running, -1.0),
    ] {
        let task = plan.add("ShipParcel", 3, state, [178.0, 177.0, end]);
        task.kind = Kind::Child as i32;
        task.child_id = id.to_owned();
        task.label = id.to_owned();
        task.worker = 0;
        if state == State::Failed {
            task.failure = "CarrierError: no slot for NL".to_owned();
        }
    }
    plan
}

/// An import in waves with a long pause, retries and one wave that is still on its way.
pub(crate) fn waves() -> Plan {
    let mut plan = Plan::default();
    plan.add(
        "ListSources",
        1,
        State::Completed,
        [1_400.0, 1_399.9, 1_399.1],
    );
    let mut begin = 1_399.0;
    for wave in 0..6_u32 {
        let turn = 2 + u64::from(wave) * 100;
        for at in 0..96_u32 {
            let start = begin - f64::from(at / 16) * 3.2;
            let took = 2.4 + f64::from(at * 5 % 11) * 0.1;
            let fails = wave == 3 && at % 40 == 20;
            let state = if fails {
                State::Failed
            } else {
                State::Completed
            };
            let took = if fails { 20.0 } else { took };
            let task = plan.add("LoadPage", turn, state, [begin, start, start - took]);
            task.label = format!("page-{}", wave * 96 + at);
            if fails {
                task.failure = "Timeout: no answer within 20 s".to_owned();
            }
        }
        if wave == 3 {
            for at in [20, 60] {
                let retry = begin - 45.0;
                let times = [retry, retry - 0.2, retry - 3.0];
                let task = plan.add("LoadPage", turn + 50, State::Completed, times);
                task.label = format!("page-{}", wave * 96 + at);
                task.attempt = 2;
            }
            begin -= 900.0;
        } else {
            begin -= 60.0;
        }
    }
    for at in 0..96_u32 {
        let start = 19.0 - f64::from(at / 16) * 3.3;
        let (state, times) = match at {
            0..=78 => (State::Completed, [19.5, start, (start - 2.6).max(0.0)]),
            79..=90 => (State::Running, [19.5, 2.0, -1.0]),
            _ => (State::Queued, [19.5, -1.0, -1.0]),
        };
        plan.add("LoadPage", 700, state, times);
    }
    plan
}

/// A few items, one of which was tried three times, with idle minutes between.
pub(crate) fn few() -> Plan {
    let mut plan = Plan::default();
    plan.add("Reserve", 1, State::Completed, [600.0, 599.0, 570.0]);
    for (attempt, times, state) in [
        (1, [569.0, 568.0, 550.0], State::Failed),
        (2, [520.0, 515.0, 490.0], State::Failed),
        (3, [90.0, 88.0, -1.0], State::Running),
    ] {
        let task = plan.add("Charge", u64::from(attempt) + 1, state, times);
        task.label = "order-77".to_owned();
        task.attempt = attempt;
        if state == State::Failed {
            task.failure = "CardDeclined: try later".to_owned();
        }
    }
    plan.add("Notify", 5, State::Queued, [60.0, -1.0, -1.0]);
    plan
}

/// A hundred thousand tasks in ten waves, all with hostile names and labels.
pub(crate) fn huge() -> Plan {
    let mut plan = Plan::default();
    for at in 0..100_000_u32 {
        let wave = at / 10_000;
        let start = 9_000.0 - f64::from(at) * 0.09;
        let (state, times) = match at {
            50_007 => (State::Failed, [9_000.0, start, start - 2.0]),
            99_900..=99_949 => (State::Running, [900.0, 3.0, -1.0]),
            99_950.. => (State::Queued, [900.0, -1.0, -1.0]),
            _ => {
                let took = 0.5 + f64::from(at % 17) * 0.1;
                (
                    State::Completed,
                    [start + 20.0, start, (start - took).max(0.0)],
                )
            }
        };
        let name = if wave % 2 == 0 {
            "名前のとても長いアクティビティ"
        } else {
            "A\x1b[2J"
        };
        let task = plan.add(name, u64::from(wave) + 1, state, times);
        task.label = format!("\u{202e}label-{at}-{}", "x".repeat(40));
        if state == State::Failed {
            task.failure = "Boom: \x1b]0;owned\x07".to_owned();
        }
    }
    plan
}

/// The feed brings `told` as the answer to what is asked now, with what it brought before.
pub(crate) fn told(model: &mut Model, told: Told) -> Vec<Effect> {
    let topic = TopicData {
        topic: window::topic(model),
        told,
        received_at: model.now,
    };
    let data = model.data.clone();
    happens(
        model,
        Event::Feed(Feed {
            link: Link::Live(Mode::Feed),
            data,
            topic: Some(Arc::new(topic)),
        }),
    )
}

/// The instance of the fixtures on the tab that is `steps` to the right of the tree, with `tasks`.
pub(crate) fn on_tab(width: u16, height: u16, steps: usize, tasks: Tasks) -> Model {
    let mut model = on_instance(width, height, tree());
    press(&mut model, &"]".repeat(steps));
    told(&mut model, Told::Tasks(tasks));
    model
}

/// As [`on_instance`], for whoever only needs a moment later.
pub(crate) fn later(model: &mut Model, seconds: i64) {
    let by: Micros = seconds * SECOND;
    model.now += by;
    let mut update = (*model.data.as_ref().expect("it has data").update).clone();
    update.server_time = ago(-seconds);
    let data = Data {
        update: Arc::new(update),
        received_at: model.now,
    };
    let topic = model.topic.clone();
    happens(
        model,
        Event::Feed(Feed {
            link: Link::Live(Mode::Feed),
            data: Some(data),
            topic,
        }),
    );
}
