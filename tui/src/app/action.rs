//! The action table: keys, footer, help and the read-only rule all come from it.

use durascope_proto::OrchestrationStatus;

use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::event::Link;
use crate::app::model::Model;
use crate::data::status;

/// Why an action is off, as a sentence for the screen.
pub type Reason = String;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionId {
    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    First,
    Last,
    Open,
    Fold,
    Unfold,
    Pane,
    NextFailure,
    Parent,
    Back,
    Filter,
    Sort,
    SortPrevious,
    SortNext,
    Reverse,
    Children,
    RaiseEvent,
    Terminate,
    Purge,
    SuspendResume,
    Retry,
    Help,
    Quit,
    QuitNow,
    StopProcess,
}

/// What an action can do to the task hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// Changes the screen only.
    View,
    /// Sends something that changes an instance.
    Send,
    /// Cannot be undone; asks first.
    Destroy,
}

/// Where an action exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Everywhere,
    Overview,
    Instance,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub id: ActionId,
    /// For the footer, one or two words.
    pub title: &'static str,
    /// For the help, one line.
    pub help: &'static str,
    pub keys: &'static [Key],
    pub place: Place,
    pub risk: Risk,
    /// Order in the footer from the left; 0 stays out of it.
    pub footer: u8,
    pub enabled: fn(&Model) -> Result<(), Reason>,
}

impl Action {
    /// Whether it can be done now, the read-only rule included.
    ///
    /// # Errors
    /// The reason, as a sentence.
    pub fn check(&self, model: &Model) -> Result<(), Reason> {
        if self.risk != Risk::View && model.settings.read_only {
            return Err(format!("{}: off, the dashboard is read-only", self.title));
        }
        (self.enabled)(model)
    }

    /// True on the screen that is on top now.
    pub fn is_here(&self, model: &Model) -> bool {
        match self.place {
            Everywhere => true,
            Place::Overview => model.screens.top_instance().is_none(),
            Place::Instance => model.screens.top_instance().is_some(),
        }
    }
}

/// The action that `key` means on the screen on top, if any.
pub fn find(model: &Model, key: Key) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|it| it.is_here(model) && it.keys.contains(&key))
}

const fn view(
    id: ActionId,
    place: Place,
    keys: &'static [Key],
    title: &'static str,
    help: &'static str,
    footer: u8,
) -> Action {
    Action {
        id,
        title,
        help,
        keys,
        place,
        risk: Risk::View,
        footer,
        enabled: always,
    }
}

use ActionId as A;
use Place::Everywhere;

/// Everything that can be done with a key, in the order of the help.
pub const ACTIONS: &[Action] = &[
    view(
        A::Up,
        Everywhere,
        &[Key::char('k'), Key::plain(Code::Up)],
        "up",
        "one line up",
        0,
    ),
    view(
        A::Down,
        Everywhere,
        &[Key::char('j'), Key::plain(Code::Down)],
        "down",
        "one line down",
        0,
    ),
    view(
        A::PageUp,
        Everywhere,
        &[Key::plain(Code::PageUp)],
        "page up",
        "one page up",
        0,
    ),
    view(
        A::PageDown,
        Everywhere,
        &[Key::plain(Code::PageDown)],
        "page down",
        "one page down",
        0,
    ),
    view(
        A::HalfUp,
        Everywhere,
        &[Key::ctrl('u')],
        "half up",
        "half a page up",
        0,
    ),
    view(
        A::HalfDown,
        Everywhere,
        &[Key::ctrl('d')],
        "half down",
        "half a page down",
        0,
    ),
    view(
        A::First,
        Everywhere,
        &[Key::char('g'), Key::plain(Code::Home)],
        "first",
        "first line",
        0,
    ),
    view(
        A::Last,
        Everywhere,
        &[Key::char('G'), Key::plain(Code::End)],
        "last",
        "last line",
        0,
    ),
    Action {
        enabled: has_target,
        ..view(
            A::Open,
            Place::Overview,
            &[Key::plain(Code::Enter)],
            "open",
            "open the instance",
            1,
        )
    },
    view(
        A::Open,
        Place::Instance,
        &[Key::plain(Code::Enter)],
        "open",
        "open the child, fold a group, or go to its text",
        1,
    ),
    view(
        A::Fold,
        Place::Instance,
        &[Key::char('h'), Key::plain(Code::Left)],
        "fold",
        "fold, or go to the line above",
        0,
    ),
    view(
        A::Unfold,
        Place::Instance,
        &[Key::char('l'), Key::plain(Code::Right)],
        "unfold",
        "unfold",
        0,
    ),
    view(
        A::Pane,
        Place::Instance,
        &[Key::plain(Code::Tab)],
        "pane",
        "between the tree and the text of the selected line",
        2,
    ),
    view(
        A::NextFailure,
        Place::Instance,
        &[Key::char('F')],
        "failure",
        "to the next failure",
        3,
    ),
    Action {
        enabled: has_parent,
        ..view(
            A::Parent,
            Place::Instance,
            &[Key::char('P')],
            "parent",
            "open the parent",
            4,
        )
    },
    view(
        A::Back,
        Everywhere,
        &[Key::plain(Code::Esc), Key::plain(Code::Backspace)],
        "back",
        "close, clear the filter, or go back",
        0,
    ),
    view(
        A::Filter,
        Place::Overview,
        &[Key::char('/')],
        "filter",
        "by id or name; also status:failed,pending",
        2,
    ),
    view(
        A::Sort,
        Place::Overview,
        &[Key::char('s')],
        "sort",
        "choose the sort column",
        3,
    ),
    view(
        A::SortPrevious,
        Place::Overview,
        &[Key::char('<')],
        "sort ‹",
        "previous sort column",
        0,
    ),
    view(
        A::SortNext,
        Place::Overview,
        &[Key::char('>')],
        "sort ›",
        "next sort column",
        0,
    ),
    view(
        A::Reverse,
        Place::Overview,
        &[Key::char('i')],
        "reverse",
        "reverse the order",
        0,
    ),
    view(
        A::Children,
        Place::Overview,
        &[Key::char('c')],
        "children",
        "show sub-orchestrations too, or roots only",
        4,
    ),
    Action {
        risk: Risk::Send,
        enabled: is_open,
        ..view(
            A::RaiseEvent,
            Everywhere,
            &[Key::char('e')],
            "raise event",
            "raise an external event",
            5,
        )
    },
    Action {
        risk: Risk::Send,
        enabled: can_suspend_or_resume,
        ..view(
            A::SuspendResume,
            Everywhere,
            &[Key::char('z')],
            "suspend",
            "suspend, or resume",
            6,
        )
    },
    Action {
        risk: Risk::Destroy,
        enabled: is_open,
        ..view(
            A::Terminate,
            Everywhere,
            &[Key::char('t')],
            "terminate",
            "terminate; asks first",
            7,
        )
    },
    Action {
        risk: Risk::Destroy,
        enabled: has_ended,
        ..view(
            A::Purge,
            Everywhere,
            &[Key::char('x')],
            "purge",
            "delete an ended instance; asks first",
            8,
        )
    },
    Action {
        enabled: is_lost,
        ..view(
            A::Retry,
            Everywhere,
            &[Key::char('r')],
            "retry",
            "connect again now",
            0,
        )
    },
    view(
        A::Help,
        Everywhere,
        &[Key::char('?')],
        "help",
        "this help",
        9,
    ),
    view(
        A::Quit,
        Everywhere,
        &[Key::char('q')],
        "quit",
        "leave the dashboard",
        10,
    ),
    view(
        A::QuitNow,
        Everywhere,
        &[Key::ctrl('c')],
        "quit",
        "leave from anywhere",
        0,
    ),
    view(
        A::StopProcess,
        Everywhere,
        &[Key::ctrl('z')],
        "stop",
        "to the shell; fg comes back",
        0,
    ),
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "a row of the table; others refuse"
)]
fn always(_: &Model) -> Result<(), Reason> {
    Ok(())
}

fn has_target(model: &Model) -> Result<(), Reason> {
    match model.target() {
        Some(_) => Ok(()),
        None => Err("no instance is selected".to_owned()),
    }
}

fn live_target(model: &Model) -> Result<OrchestrationStatus, Reason> {
    has_target(model)?;
    if !model.is_live() {
        return Err("not connected: nothing can be sent now".to_owned());
    }
    Ok(model
        .target_status()
        .unwrap_or(OrchestrationStatus::Running))
}

fn is_open(model: &Model) -> Result<(), Reason> {
    let it = live_target(model)?;
    if status::has_ended(it) {
        return Err(format!(
            "{} has ended: it is {}",
            target_id(model),
            status::word(it)
        ));
    }
    Ok(())
}

fn has_ended(model: &Model) -> Result<(), Reason> {
    let it = live_target(model)?;
    if status::has_ended(it) {
        return Ok(());
    }
    Err(format!(
        "{} is {}: only ended instances can be purged; terminate it first (t)",
        target_id(model),
        status::word(it)
    ))
}

fn can_suspend_or_resume(model: &Model) -> Result<(), Reason> {
    match live_target(model)? {
        OrchestrationStatus::Running
        | OrchestrationStatus::Suspended
        | OrchestrationStatus::Pending => Ok(()),
        it => Err(format!(
            "{} has ended: it is {}",
            target_id(model),
            status::word(it)
        )),
    }
}

fn has_parent(model: &Model) -> Result<(), Reason> {
    match model.target() {
        Some(row) if !row.parent_instance_id.is_empty() => Ok(()),
        _ => Err("this instance has no parent".to_owned()),
    }
}

fn is_lost(model: &Model) -> Result<(), Reason> {
    match model.link {
        Link::Lost { .. } => Ok(()),
        _ => Err("nothing to retry: the connection is not lost".to_owned()),
    }
}

fn target_id(model: &Model) -> &str {
    model.target().map_or("it", |it| it.instance_id.as_str())
}
