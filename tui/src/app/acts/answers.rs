//! What the server answered, in words, for one and for many.

use crate::app::acts::opening::ask_count;
use crate::app::acts::sending::fill;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::confirm::Count;
use crate::app::dialogs::form::Kind as FormKind;
use crate::app::effect::Call;
use crate::app::effect::Effect;
use crate::app::event::Answer;
use crate::app::event::Reply;
use crate::app::model::Model;
use crate::app::model::Pending;
use crate::app::purge_query::PurgeQuery;
use crate::app::run::Outcome;
use crate::app::toast::Kind;
use crate::format;
use crate::format::SECOND;

/// Takes the answer to a call.
pub(crate) fn on_reply(model: &mut Model, reply: Reply, effects: &mut Vec<Effect>) {
    let Some(at) = model.calls.iter().position(|it| it.id == reply.id) else {
        return;
    };
    let pending = model.calls.remove(at);
    if let (Call::Purge { instance_id, .. }, Ok(_)) = (&pending.call, &reply.outcome) {
        // Nothing more can be done to it.
        model.marks.remove(instance_id);
    }
    if let (Call::PurgeMatching { .. }, Ok(_)) = (&pending.call, &reply.outcome) {
        model.marks.clear();
    }
    if let Some(run) = model.run.as_mut().filter(|it| it.owns(reply.id)) {
        let outcome = match reply.outcome {
            Ok(answer) => Outcome::Done(said(&pending.call, &answer)),
            Err(reason) => Outcome::Failed(reason),
        };
        run.answered(reply.id, outcome);
        fill(model, effects);
        return;
    }
    if pending.call.only_asks() {
        on_asked(model, &pending, reply, effects);
        return;
    }
    let call = pending.call;
    let what = about(&call);
    match reply.outcome {
        Err(reason) => {
            let verb = call.verb();
            let text = match what {
                "" => format!("{verb}: {reason}"),
                what => format!("{verb} {what}: {reason}"),
            };
            model.toast(Kind::Bad, text);
        }
        Ok(answer) => {
            let text = toast(&call, &answer);
            model.toast(Kind::Done, text);
        }
    }
}

fn about(call: &Call) -> &str {
    match call {
        Call::Start(it) if it.instance_id.is_empty() => &it.name,
        _ => call.instance_id(),
    }
}

fn plural(count: i64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!(
        "{} {noun}",
        format::count(u64::try_from(count).unwrap_or(0))
    )
}

/// What happened, in a list of many.
fn said(call: &Call, answer: &Answer) -> String {
    match (call, answer) {
        (Call::Purge { .. }, Answer::Purged { deleted: 0 }) => "it was gone already".to_owned(),
        (Call::Purge { .. }, Answer::Purged { deleted }) => {
            format!("deleted {}", plural(*deleted, "instance", "instances"))
        }
        (Call::Restart { new_id: true, .. }, Answer::Started { instance_id }) => {
            format!("runs as {instance_id}")
        }
        (Call::Restart { .. }, _) => "runs again".to_owned(),
        (Call::ForceTerminate { .. }, _) => "ended".to_owned(),
        (Call::RaiseEvent { .. }, _) => "raised".to_owned(),
        _ => "accepted".to_owned(),
    }
}

/// What happened, as one sentence.
fn toast(call: &Call, answer: &Answer) -> String {
    let id = about(call);
    match (call, answer) {
        (Call::RaiseEvent { name, .. }, _) => format!("event “{name}” raised on {id}"),
        (
            Call::Terminate {
                recursive: true, ..
            },
            _,
        ) => format!("terminate accepted for {id} and its sub-orchestrations"),
        (Call::ForceTerminate { .. }, _) => format!("{id} was ended in storage"),
        (Call::Terminate { .. } | Call::Suspend { .. } | Call::Resume { .. }, _) => {
            format!("{} accepted for {id}", call.verb())
        }
        (Call::Rewind { .. }, _) => format!("rewind accepted for {id}"),
        (Call::Purge { .. }, Answer::Purged { deleted: 0 }) => {
            format!("purge {id}: nothing was deleted")
        }
        (Call::Purge { .. }, Answer::Purged { deleted: 1 }) => format!("purged {id}"),
        (Call::Purge { .. }, Answer::Purged { deleted }) => {
            format!("purged {deleted} instances with {id}")
        }
        (Call::PurgeMatching { .. }, Answer::Purged { deleted }) => {
            let them = plural(*deleted, "instance", "instances");
            format!("purged {them} by one call")
        }
        (Call::Restart { .. }, Answer::Started { instance_id }) if instance_id != id => {
            format!("{id} runs again as {instance_id}")
        }
        (Call::Restart { .. }, _) => format!("{id} runs again"),
        (Call::Start(it), Answer::Started { instance_id }) => {
            format!("{} started as {instance_id}", it.name)
        }
        (Call::SignalEntity { operation, .. }, _) => format!("signal “{operation}” sent to {id}"),
        (Call::CleanEntities { .. }, Answer::Cleaned { removed, released }) => {
            let removed = plural(*removed, "empty entity", "empty entities");
            let released = plural(*released, "lock", "locks");
            format!(
                "entity storage is clean; the server tells of {removed} removed, {released} released"
            )
        }
        _ => format!("{} {id}: done", call.verb()),
    }
}

fn on_asked(model: &mut Model, pending: &Pending, reply: Reply, effects: &mut Vec<Effect>) {
    match pending.call {
        Call::PreviewPurge { .. } => on_count(model, reply),
        Call::ListMatching(ref window) => {
            // What came after it was asked is not marked.
            let passed = model.now.saturating_sub(pending.since);
            let asked_at = model.server_now().saturating_sub(passed);
            let query = PurgeQuery::of(window, asked_at.saturating_add(SECOND));
            on_matching(model, reply, query);
        }
        Call::Look { .. } => on_looked(model, reply, effects),
        // Not every server lists them.
        Call::ListHubs => {
            if let Ok(Answer::Hubs(names)) = reply.outcome {
                model.hubs.on_names(names);
            }
        }
        Call::ReadStart { .. } => on_start_read(model, reply),
        _ => {}
    }
}

fn on_count(model: &mut Model, reply: Reply) {
    let asks = |it: &Count| *it == Count::Asked(reply.id);
    for dialog in &mut model.dialogs {
        if let Dialog::Confirm(it) = dialog
            && asks(&it.count)
        {
            it.count = match &reply.outcome {
                Ok(Answer::PurgePreview(count)) => Count::Known(*count),
                Ok(_) => Count::Unknown("the server did not tell".to_owned()),
                Err(reason) => Count::Unknown(reason.clone()),
            };
        }
    }
}

fn on_matching(model: &mut Model, reply: Reply, query: Result<PurgeQuery, String>) {
    // The marks were cleared, or something else is marked now.
    if model.marks.asked != Some(reply.id) {
        return;
    }
    model.marks.asked = None;
    match reply.outcome {
        Ok(Answer::Matching { targets, more }) => {
            let count = targets.len();
            let filter = model.screens.overview.filter.text().to_owned();
            // Of more, not all are on the screen of the dialog.
            let query = (!more).then_some(query);
            model.marks.set_matching(filter, targets, query);
            if more {
                let count = format::count(u64::try_from(count).unwrap_or(u64::MAX));
                model.toast(Kind::Note, format!("the first {count} of more are marked"));
            }
        }
        Ok(_) => {}
        Err(reason) => model.toast(Kind::Bad, format!("not marked: {reason}")),
    }
}

fn on_looked(model: &mut Model, reply: Reply, effects: &mut Vec<Effect>) {
    if let Ok(Answer::Looked { targets, gone }) = &reply.outcome {
        model.marks.on_targets(targets, gone);
    }
    let of_marks = model.acts_on_marks();
    let mut dialogs = std::mem::take(&mut model.dialogs);
    for dialog in &mut dialogs {
        if let Dialog::Confirm(it) = dialog
            && it.looking == Some(reply.id)
        {
            it.looking = None;
            if of_marks {
                it.plan = model.marks.plan();
            } else if let Ok(Answer::Looked { targets, gone }) = &reply.outcome {
                it.plan = it.plan.looked(targets, gone);
            }
            it.typed.set("");
            ask_count(model, it, effects);
        }
    }
    model.dialogs = dialogs;
}

fn on_start_read(model: &mut Model, reply: Reply) {
    for dialog in &mut model.dialogs {
        let Dialog::Form(form) = dialog else {
            continue;
        };
        let FormKind::Start { reading, .. } = &mut form.kind else {
            continue;
        };
        if *reading != Some(reply.id) {
            continue;
        }
        *reading = None;
        match &reply.outcome {
            Ok(Answer::StartedWith(start)) => form.fill(start),
            Ok(_) => {}
            Err(reason) => form.refused = Some(format!("its input could not be read: {reason}")),
        }
    }
}
