//! The dialog that asks before something is done to one or many.

use crate::app::command::SHOWN_IDS;
use crate::app::deed::Deed;
use crate::app::deed::Scope;
use crate::app::dialogs::confirm::Confirm;
use crate::app::dialogs::confirm::Count;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::model::Model;
use crate::format;
use crate::ui::dialogs::parts;
use crate::ui::dialogs::parts::Around;
use crate::ui::dialogs::parts::Part;
use crate::ui::dialogs::parts::check;
use crate::ui::dialogs::plan_lines;
use crate::ui::pen::Pen;
use crate::ui::pen::Piece;
use crate::ui::pen::button;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// Draws the dialog.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, dialog: &Confirm) {
    let deed = dialog.deed();
    let acting = dialog.plan.acting_count(&deed);
    let mut them: Vec<Part<'_>> = plan_lines(&dialog.plan, &deed)
        .into_iter()
        .map(Part::Line)
        .collect();
    them.extend(choices(dialog, &deed));
    if dialog.takes_reason() {
        them.push(Part::Gap);
        them.push(Part::Field(
            "Reason",
            &dialog.reason,
            dialog.editing,
            "Tab types one",
        ));
    }
    if dialog.plan.to_type(&deed).is_some() {
        them.push(Part::Gap);
        let at = !dialog.editing;
        let hint = "the number of those it is done to, then y";
        them.push(Part::Field("Type", &dialog.typed, at, hint));
    }
    them.push(Part::Gap);
    let line = dialog.plan.command(&deed, SHOWN_IDS);
    them.push(Part::Line(parts::command(model, line)));
    them.push(Part::Gap);
    let note = match dialog.not_yet() {
        Some(why) => piece(why, Role::Warn),
        None if deed.destroys() => piece("This cannot be undone.", Role::Warn),
        None => piece("", Role::Text),
    };
    let title = title(dialog, &deed, acting);
    let act = match dialog.plan.single() {
        Some(_) => format!("  [ {}  y ]", capital(deed.verb())),
        None => format!("  [ {} {}  y ]", capital(deed.verb()), count(acting)),
    };
    let around = Around {
        title: &title,
        keys: keys(dialog, &deed),
        last: (
            vec![note],
            vec![
                button("[ Cancel ]", Role::Caret, Key::plain(Code::Esc)),
                button(act, Role::Text, Key::char('y')),
            ],
        ),
    };
    parts::draw(pen, them, around);
}

fn count(it: usize) -> String {
    format::count(u64::try_from(it).unwrap_or(u64::MAX))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn title(dialog: &Confirm, deed: &Deed, acting: usize) -> String {
    let verb = capital(deed.verb());
    match dialog.plan.scope {
        _ if dialog.plan.single().is_some() => format!("{verb} this orchestration?"),
        Scope::Matching => format!("{verb} {} of all that match?", count(acting)),
        Scope::One | Scope::Marked => format!("{verb} {} orchestrations?", count(acting)),
    }
}

fn keys(dialog: &Confirm, deed: &Deed) -> &'static str {
    if dialog.editing {
        return "Enter leaves the reason";
    }
    match deed {
        Deed::Terminate { .. } => {
            "y terminate · Space children · f force · Tab reason · Y copy · Esc"
        }
        Deed::Purge { .. } => "y purge · Space children · Y copy command · n Esc cancel",
        Deed::Restart { .. } => "y restart · Space same or new id · Y copy command · n Esc cancel",
        Deed::Suspend { .. } => "y suspend · Space resume instead · Tab reason · Y copy · Esc",
        Deed::Resume { .. } => "y resume · Space suspend instead · Tab reason · Y copy · Esc",
        Deed::Rewind { .. } => "y rewind · Tab reason · Y copy command · n Esc cancel",
        Deed::RaiseEvent { .. } => "y · n Esc cancel",
    }
}

/// What goes with the deed, and what can be chosen.
fn choices<'a>(dialog: &'a Confirm, deed: &Deed) -> Vec<Part<'a>> {
    let sum = |of: fn(&crate::app::deed::Group) -> u64| -> u64 {
        dialog
            .plan
            .acting_groups(deed)
            .map(of)
            .fold(0, u64::saturating_add)
    };
    let text = |it: String| Part::Line(vec![piece(it, Role::Text)]);
    let mut them = Vec::new();
    match deed {
        Deed::Terminate {
            recursive, force, ..
        } => {
            let activities = sum(|it| it.open_activities);
            if activities > 0 {
                them.push(text(format!(
                    "          {} open activities keep running; their results are ignored",
                    format::count(activities)
                )));
            }
            let children = sum(|it| it.open_children);
            if *force {
                them.push(text(format!(
                    "children  {} open, they go on: force ends no children",
                    format::count(children)
                )));
            } else {
                them.push(text(format!(
                    "children  {} also terminate sub-orchestrations ({} open)",
                    check(*recursive),
                    format::count(children)
                )));
            }
            them.push(text(format!(
                "force     {} end at once in storage, without its code, if no worker answers",
                check(*force)
            )));
        }
        Deed::Purge { recursive } => {
            them.push(text(format!(
                "children  {} also purge sub-orchestrations",
                check(*recursive)
            )));
            them.extend(how(dialog).into_iter().map(text));
            them.push(Part::Gap);
            them.push(Part::Line(count_line(dialog)));
        }
        Deed::Restart { new_id } => them.push(text(format!(
            "id        {} a new one; {}",
            check(*new_id),
            if *new_id {
                "what is there stays as it is"
            } else {
                "under the old one, history and output are replaced"
            }
        ))),
        Deed::Rewind { .. } => {
            them.push(text(
                "          what failed runs again, what has a result keeps it".to_owned(),
            ));
            them.push(text(
                "          the worker does it: not every SDK knows how".to_owned(),
            ));
        }
        Deed::Suspend { .. } | Deed::Resume { .. } | Deed::RaiseEvent { .. } => {}
    }
    them
}

/// In how many calls it is done, where that is a question.
fn how(dialog: &Confirm) -> Vec<String> {
    if dialog.plan.single().is_some() {
        return Vec::new();
    }
    match &dialog.plan.query {
        None => Vec::new(),
        Some(Err(missing)) => {
            let text = format!("          one call for each: a purge by query has no {missing}");
            vec![text]
        }
        Some(Ok(query)) => vec![
            format!(
                "one call  {} by query: all that match when it arrives (o: a call for each)",
                check(!dialog.each)
            ),
            format!("          {}", query.words()),
        ],
    }
}

fn count_line(dialog: &Confirm) -> Vec<Piece<'_>> {
    match &dialog.count {
        Count::None => Vec::new(),
        Count::Asked(_) => vec![piece("counting what goes …", Role::Dim)],
        Count::Unknown(reason) => vec![
            piece("the count is not known: ", Role::Warn),
            piece(reason, Role::Text),
        ],
        Count::Known(it) => {
            let noun = if it.deleted == 1 {
                "instance"
            } else {
                "instances"
            };
            let mut text = format!(
                "deletes {} {noun} with all their data",
                format::count(it.deleted)
            );
            if it.kept > 0 {
                text.push_str(&format!("; {} have not ended and stay", it.kept));
            }
            match it.unknown {
                0 => {}
                1 if dialog.plan.single().is_some() => {
                    text.push_str("; it does not exist any more");
                }
                gone => text.push_str(&format!("; {gone} do not exist any more")),
            }
            vec![piece(text, Role::Head)]
        }
    }
}
