//! The orchestrations of the recorded histories once more, in Rust, each with a change.

use std::time::Duration;

use durascope_sdk::CallOptions;
use durascope_sdk::Entity;
use durascope_sdk::EntityId;
use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::OrchestrationError;
use durascope_sdk::RetryPolicy;
use durascope_sdk::SubOptions;
use durascope_sdk::TaskFailed;
use futures_util::future::BoxFuture;
use futures_util::future::Either;
use futures_util::future::select;
use futures_util::future::try_join_all;
use serde_json::Value;
use serde_json::json;

type Code = fn(OrchestrationContext, Value) -> BoxFuture<'static, Output>;
type Output = Result<Value, OrchestrationError>;

/// An orchestration of a recorded history.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    same: Code,
    changed: Code,
    /// The first difference that the change makes: event id, and how the texts of what the
    /// history has and of what the code does begin.
    pub(crate) difference: (i32, &'static str, &'static str),
}

impl Program {
    /// With the steps of the history.
    pub(crate) fn same(&self) -> Functions {
        self.runs(self.same)
    }

    /// With other steps.
    pub(crate) fn changed(&self) -> Functions {
        self.runs(self.changed)
    }

    fn runs(&self, code: Code) -> Functions {
        let named: Orchestration<Value, Value> = Orchestration::named(self.name);
        Functions::new().orchestration(&named, code)
    }
}

const ACCOUNT: Entity = Entity::named("account");
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(2 * 24 * 3600);

const COMPLETES: &str = "the end of the orchestration (COMPLETED)";
const FAILS: &str = "the end of the orchestration (FAILED: ";

type Called = Result<Value, TaskFailed>;

async fn call(ctx: &OrchestrationContext, activity: &str, input: Value) -> Called {
    ctx.call_by_name(activity, input, CallOptions::new()).await
}

async fn child(ctx: &OrchestrationContext, name: &str, input: Value) -> Called {
    ctx.call_sub_by_name(name, input, SubOptions::new()).await
}

async fn operation(ctx: &OrchestrationContext, id: &EntityId, name: &str, input: Value) -> Called {
    ctx.call_entity_by_name(id, name, input).await
}

async fn event(ctx: &OrchestrationContext, name: &str) -> Called {
    ctx.wait_for_event_by_name(name).await
}

/// Runs an async block as the code of an orchestration.
macro_rules! code {
    (|$ctx:ident, $input:ident| $body:block) => {
        |$ctx: OrchestrationContext, $input: Value| Box::pin(async move { $body })
    };
}

async fn squares(ctx: &OrchestrationContext, count: i64) -> Output {
    let calls = (0..count).map(|n| ctx.call_by_name::<i64>("square", n, CallOptions::new()));
    Ok(try_join_all(calls).await?.into_iter().sum::<i64>().into())
}

async fn steps(ctx: &OrchestrationContext, count: i64, of: i64) -> Output {
    for step in 0..count {
        ctx.set_custom_status(&json!({"step": step, "of": of}))?;
        call(ctx, "square", step.into()).await?;
    }
    ctx.set_custom_status("„done“")?;
    Ok(Value::Null)
}

fn number(input: &Value) -> i64 {
    input.as_i64().unwrap()
}

/// One for each kind of history.
pub(crate) fn all() -> Vec<Program> {
    vec![
        fan_out(),
        eldest(),
        family(),
        timers(),
        events(),
        generations(),
        failing(),
        caught(),
        retried(),
        nothing(),
        entities(),
        locks(),
        sends(),
        suspended(),
        terminated(),
        custom_status(),
        rewound(),
    ]
}

fn fan_out() -> Program {
    Program {
        name: "fan_out",
        same: code!(|ctx, count| { squares(&ctx, number(&count)).await }),
        changed: code!(|ctx, count| { squares(&ctx, number(&count) + 1).await }),
        difference: (7, "no call", "activity \"square\""),
    }
}

fn eldest() -> Program {
    Program {
        name: "eldest",
        same: code!(|ctx, number| {
            assert_eq!(ctx.parent().unwrap().instance_id, "family");
            Ok(json!({"squared": call(&ctx, "square", number).await?}))
        }),
        changed: code!(|ctx, number| {
            let both = [call(&ctx, "square", number), call(&ctx, "square", 0.into())];
            Ok(try_join_all(both).await?.into())
        }),
        difference: (2, "no call", "activity \"square\""),
    }
}

fn family() -> Program {
    Program {
        name: "family",
        same: code!(|ctx, numbers| {
            let named = SubOptions::new().instance_id("eldest");
            let first: Value = ctx.call_sub_by_name("eldest", &numbers[0], named).await?;
            let others = [&numbers[1], &numbers[2]].map(|it| child(&ctx, "child", it.clone()));
            let others = try_join_all(others).await?;
            Ok(json!([first, others[0], others[1]]))
        }),
        changed: code!(|ctx, numbers| { Ok(call(&ctx, "eldest", numbers).await?) }),
        difference: (1, "sub-orchestration \"eldest\"", "activity \"eldest\""),
    }
}

fn timers() -> Program {
    Program {
        name: "timers",
        same: code!(|ctx, _input| {
            ctx.timer(SHORT).await;
            let (slow, fast) = (ctx.timer(LONG), ctx.timer(SHORT));
            match select(slow, fast).await {
                Either::Left(_) => Ok("slow".into()),
                Either::Right(_) => Ok("fast".into()),
            }
        }),
        changed: code!(|ctx, _input| {
            ctx.timer(SHORT).await;
            ctx.timer(SHORT).await;
            Ok("fast".into())
        }),
        difference: (3, "a timer", "no such call"),
    }
}

fn events() -> Program {
    Program {
        name: "events",
        same: code!(|ctx, _input| {
            let first = event(&ctx, "Item").await?;
            let second = event(&ctx, "Item").await?;
            Ok(json!([first, second, event(&ctx, "Done").await?]))
        }),
        changed: code!(|ctx, _input| {
            event(&ctx, "Item").await?;
            Ok(event(&ctx, "Never").await?)
        }),
        difference: (1, COMPLETES, "a wait for event \"Never\""),
    }
}

fn generations() -> Program {
    Program {
        name: "generations",
        same: code!(|ctx, left| {
            if left == 0 {
                return Ok(event(&ctx, "Word").await?);
            }
            ctx.timer(SHORT).await;
            ctx.continue_as_new(number(&left) - 1)
        }),
        changed: code!(|ctx, left| { ctx.continue_as_new(left) }),
        difference: (
            1,
            COMPLETES,
            "the end of the orchestration (CONTINUED_AS_NEW)",
        ),
    }
}

fn failing() -> Program {
    Program {
        name: "failing",
        same: code!(|ctx, order| { Ok(child(&ctx, "failing_child", order).await?) }),
        changed: code!(|ctx, order| {
            let failed = child(&ctx, "failing_child", order).await;
            Ok(failed.is_err().into())
        }),
        difference: (2, FAILS, COMPLETES),
    }
}

fn caught() -> Program {
    Program {
        name: "caught",
        same: code!(|ctx, order| {
            let failed = call(&ctx, "break_down", order).await.unwrap_err();
            Ok(failed.details.message.clone().into())
        }),
        changed: code!(|ctx, order| { Ok(call(&ctx, "break_down", order).await?) }),
        difference: (2, COMPLETES, FAILS),
    }
}

fn retried() -> Program {
    Program {
        name: "retried",
        same: code!(|ctx, name| {
            let policy = RetryPolicy::new(3, SHORT).backoff_coefficient(2.0);
            Ok(ctx.call_by_name("break_twice", name, policy).await?)
        }),
        changed: code!(|ctx, name| { Ok(call(&ctx, "break_twice", name).await?) }),
        difference: (2, "a timer", "no such call"),
    }
}

fn nothing() -> Program {
    Program {
        name: "nothing",
        same: code!(|ctx, value| { Ok(call(&ctx, "give_nothing", value).await?) }),
        changed: code!(|ctx, value| { Ok(child(&ctx, "give_nothing", value).await?) }),
        difference: (
            1,
            "activity \"give_nothing\"",
            "sub-orchestration \"give_nothing\"",
        ),
    }
}

fn entities() -> Program {
    Program {
        name: "entities",
        same: code!(|ctx, amount| {
            let tea = ACCOUNT.id("tea");
            ctx.signal_entity_by_name(&tea, "add", amount, None)?;
            let before = operation(&ctx, &tea, "get", Value::Null).await?;
            let guard = ctx.lock([&tea]).await?;
            let left = operation(&ctx, &tea, "add", (-1).into()).await?;
            drop(guard);
            let failed = operation(&ctx, &tea, "melt", Value::Null).await;
            assert!(failed.is_err());
            Ok(json!([before, left]))
        }),
        changed: code!(|ctx, _amount| {
            Ok(operation(&ctx, &ACCOUNT.id("tea"), "add", Value::Null).await?)
        }),
        difference: (
            1,
            "signal \"add\" to entity \"@account@tea\"",
            "call of \"add\" on entity \"@account@tea\"",
        ),
    }
}

fn locks() -> Program {
    Program {
        name: "locks",
        same: code!(|ctx, amount| {
            let (left, right) = (ACCOUNT.id("left"), ACCOUNT.id("right"));
            let guard = ctx.lock([&right, &left]).await?;
            let taken = operation(&ctx, &left, "add", (-number(&amount)).into()).await?;
            let given = operation(&ctx, &right, "add", amount).await?;
            drop(guard);
            Ok(json!([taken, given]))
        }),
        changed: code!(|ctx, _amount| {
            let _guard = ctx.lock([&ACCOUNT.id("right")]).await?;
            Ok(Value::Null)
        }),
        difference: (
            1,
            "lock of entities [\"@account@left\", \"@account@right\"]",
            "lock of entities [\"@account@right\"]",
        ),
    }
}

fn sends() -> Program {
    Program {
        name: "sends",
        same: code!(|ctx, to| {
            let to = to.as_str().unwrap();
            ctx.send_event_by_name(to, "Greeting", json!({"hello": "world"}))?;
            ctx.send_event_by_name(to, "Nothing", ())?;
            Ok("sent".into())
        }),
        changed: code!(|ctx, to| {
            ctx.send_event_by_name(to.as_str().unwrap(), "Nothing", ())?;
            Ok("sent".into())
        }),
        difference: (
            1,
            "event \"Greeting\" sent to \"nobody\"",
            "event \"Nothing\" sent to \"nobody\"",
        ),
    }
}

fn suspended() -> Program {
    Program {
        name: "suspended",
        same: code!(|ctx, _input| {
            ctx.set_custom_status("waiting")?;
            let go = event(&ctx, "Go").await?;
            Ok(call(&ctx, "square", go).await?)
        }),
        changed: code!(|ctx, _input| {
            event(&ctx, "Go").await?;
            ctx.timer(SHORT).await;
            Ok(Value::Null)
        }),
        difference: (1, "activity \"square\"", "a timer"),
    }
}

fn terminated() -> Program {
    Program {
        name: "terminated",
        same: code!(|ctx, _input| {
            call(&ctx, "square", 2.into()).await?;
            ctx.set_custom_status("waiting")?;
            Ok(event(&ctx, "Never").await?)
        }),
        changed: code!(|ctx, _input| {
            call(&ctx, "square", 2.into()).await?;
            Ok(call(&ctx, "square", 3.into()).await?)
        }),
        difference: (2, "no call", "activity \"square\""),
    }
}

fn custom_status() -> Program {
    Program {
        name: "custom_status",
        same: code!(|ctx, count| { steps(&ctx, number(&count), number(&count)).await }),
        changed: code!(|ctx, count| { steps(&ctx, number(&count) - 1, number(&count)).await }),
        difference: (3, "activity \"square\"", "no such call"),
    }
}

fn rewound() -> Program {
    Program {
        name: "rewound",
        same: code!(|ctx, name| {
            let first = call(&ctx, "square", 3.into()).await?;
            call(&ctx, "break_twice", name.clone()).await?;
            Ok(json!([first, call(&ctx, "break_twice", name).await?]))
        }),
        changed: code!(|ctx, _name| {
            call(&ctx, "square", 3.into()).await?;
            Ok(call(&ctx, "square", 4.into()).await?)
        }),
        difference: (2, "activity \"break_twice\"", "activity \"square\""),
    }
}

/// Theirs that calls ours.
pub(crate) fn calls_rust(name: &'static str) -> Program {
    Program {
        name,
        same: code!(|ctx, value| {
            let echo = call(&ctx, "RustEcho", value.clone()).await?;
            let child = child(&ctx, "RustChild", value).await?;
            let failed = call(&ctx, "RustFails", "sums".into()).await.unwrap_err();
            let details = failed.details;
            Ok(json!([echo, child, [details.error_type, details.message]]))
        }),
        changed: code!(|ctx, value| { Ok(child(&ctx, "RustChild", value).await?) }),
        difference: (
            1,
            "activity \"RustEcho\"",
            "sub-orchestration \"RustChild\"",
        ),
    }
}

/// Ours that calls theirs.
pub(crate) fn rust_calls(name: &'static str) -> Program {
    Program {
        name,
        same: code!(|ctx, value| {
            let language = if ctx.name() == "RustCallsPython" {
                "python"
            } else {
                "javascript"
            };
            let named = |part: &str| format!("{language}_{part}");
            let echo = call(&ctx, &named("echo"), value.clone()).await?;
            let child = child(&ctx, &named("child"), value).await?;
            let failed = call(&ctx, &named("fails"), "sums".into())
                .await
                .unwrap_err();
            let details = failed.details;
            let trace = details.stack_trace.unwrap();
            let has_trace = trace.contains(&named("fails"));
            let failure = json!([details.error_type, details.message]);
            Ok(json!([echo, child, failure, has_trace]))
        }),
        changed: code!(|ctx, _value| {
            ctx.timer(SHORT).await;
            Ok(Value::Null)
        }),
        difference: (1, "activity \"", "a timer"),
    }
}
