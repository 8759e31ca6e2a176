//! The commands of the palette: every action that has a name, and those that take an argument.

use durascope_proto::monitor::SortColumn;
use nucleo_matcher::Config;
use nucleo_matcher::Matcher;
use nucleo_matcher::Utf32Str;
use nucleo_matcher::pattern::CaseMatching;
use nucleo_matcher::pattern::Normalization;
use nucleo_matcher::pattern::Pattern;

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::ActionId;
use crate::app::action::Reason;
use crate::app::action::Where;
use crate::app::export;
use crate::app::hubs;
use crate::app::look::Theme;
use crate::app::model::Model;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::saved;
use crate::app::screens::overview::SORTS;

/// Instances that `open` offers.
const OFFERED_MAX: usize = 50;

/// What was used last counts this much more than what was never used.
const RECENT_BONUS: u32 = 60;

/// Statuses that can be asked for by their word alone.
const STATUSES: [&str; 7] = [
    "failed",
    "running",
    "pending",
    "suspended",
    "completed",
    "terminated",
    "ended",
];

/// What is in the table for keys alone: nobody looks for it by its name.
const KEYS_ONLY: [ActionId; 11] = [
    ActionId::Up,
    ActionId::Down,
    ActionId::PageUp,
    ActionId::PageDown,
    ActionId::HalfUp,
    ActionId::HalfDown,
    ActionId::First,
    ActionId::Last,
    ActionId::Back,
    ActionId::Palette,
    ActionId::QuitNow,
];

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    Action(ActionId),
    Command(Command),
}

/// Something with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Tab(HubTab),
    InstanceTab(InstanceTab),
    Open(String),
    Theme(Theme),
    /// Shows the instances that match.
    Filter(String),
    Sort(SortColumn),
    /// Writes what is shown to this file.
    Export(String),
    /// Shows another task hub of the server.
    Hub(String),
    /// Keeps the view under this name.
    Keep(String),
    /// Shows the kept view of this name.
    View(String),
}

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// For what was used before: an action's name, or the command as typed.
    pub id: String,
    pub title: String,
    /// Beside the title: keys of actions, examples of commands.
    pub keys: String,
    /// Why it cannot be done now.
    pub off: Option<Reason>,
    /// Absent while an argument is missing.
    pub run: Option<Run>,
    /// What Tab makes of the line.
    pub completes: String,
}

/// A command's first word and what it takes.
struct Verb {
    word: &'static str,
    title: &'static str,
    takes: &'static str,
}

const VERBS: [Verb; 9] = [
    Verb {
        word: "open",
        title: "Open instance …",
        takes: "open ID",
    },
    Verb {
        word: "filter",
        title: "Filter the instances …",
        takes: "filter name:Order* status:failed",
    },
    Verb {
        word: "sort",
        title: "Sort the instances …",
        takes: "sort COLUMN",
    },
    Verb {
        word: "tab",
        title: "Go to tab …",
        takes: "tab history",
    },
    Verb {
        word: "theme",
        title: "Theme …",
        takes: "6 themes, live preview",
    },
    Verb {
        word: "export",
        title: "Export what is shown …",
        takes: "export FILE.json|csv|txt",
    },
    Verb {
        word: "save",
        title: "Save this view …",
        takes: "save NAME: filter, sort, tab",
    },
    Verb {
        word: "view",
        title: "Show a saved view …",
        takes: "view NAME",
    },
    Verb {
        word: "hub",
        title: "Go to task hub …",
        takes: "hub NAME",
    },
];

/// The lines for what is typed, the best first.
pub fn entries(model: &Model, typed: &str) -> Vec<Entry> {
    let typed = typed.trim_start();
    if let Some((word, rest)) = typed.split_once(' ')
        && let Some(found) = with_argument(model, word, rest.trim())
    {
        return found;
    }
    let typed = typed.trim();
    if let Some(tab) = hub_tab(typed) {
        return vec![to_tab(tab)];
    }
    if typed.is_empty() {
        let mut all = recent(model);
        for it in whole(model) {
            if !all.iter().any(|known| known.id == it.id) {
                all.push(it);
            }
        }
        return all;
    }
    let mut all = whole(model);
    all.extend(elsewhere(model));
    ranked(model, all, typed)
}

/// Everything that is here, before anything is typed.
fn whole(model: &Model) -> Vec<Entry> {
    let here = action::all().filter(|it| it.is_here(model) && !KEYS_ONLY.contains(&it.id));
    // What this screen is about comes before what is the same everywhere.
    let (common, own): (Vec<_>, Vec<_>) = here.partition(|it| it.place == Where::Everywhere);
    let actions = own.into_iter().chain(common);
    let actions = actions.map(|it| of_action(model, it));
    let statuses = STATUSES.map(|it| show(it, ""));
    let verbs = VERBS.iter().map(of_verb);
    verbs.chain(actions).chain(statuses).collect()
}

/// What other screens have, and this one has not.
fn elsewhere(model: &Model) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for it in action::all().filter(|it| !it.is_here(model)) {
        let is_here = action::all().any(|other| other.id == it.id && other.is_here(model));
        let id = action::name(it.id);
        if is_here || found.iter().any(|known| known.id == id) {
            continue;
        }
        let mut entry = of_action(model, it);
        entry.off = Some(match it.place {
            Where::Hub(tab) => format!("only among the {}", tab.title().to_lowercase()),
            Where::Instance(tab) => format!("only on an instance's tab {}", tab.title()),
            Where::AnyInstance => "only on an instance".to_owned(),
            Where::Compare | Where::Everywhere => "only in a comparison".to_owned(),
        });
        entry.run = None;
        found.push(entry);
    }
    found
}

fn of_action(model: &Model, action: &Action) -> Entry {
    let id = action::name(action.id);
    let mut title = action.help.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Entry {
        title,
        keys: model.choices.keys.names(action),
        off: action.check(model).err(),
        run: Some(Run::Action(action.id)),
        completes: id.clone(),
        id,
    }
}

fn of_verb(verb: &Verb) -> Entry {
    Entry {
        id: verb.word.to_owned(),
        title: verb.title.to_owned(),
        keys: verb.takes.to_owned(),
        off: None,
        run: None,
        completes: format!("{} ", verb.word),
    }
}

fn command(text: String, title: String, note: &str, command: Command) -> Entry {
    Entry {
        id: text.clone(),
        title,
        keys: note.to_owned(),
        off: None,
        run: Some(Run::Command(command)),
        completes: text,
    }
}

fn to_tab(tab: HubTab) -> Entry {
    let at = HubTab::ALL.iter().position(|it| *it == tab).unwrap_or(0) + 1;
    let title = format!("Go to: {}", tab.title());
    let text = format!("tab {}", tab.title().to_lowercase());
    command(text, title, &at.to_string(), Command::Tab(tab))
}

fn hub_tab(number: &str) -> Option<HubTab> {
    let at: usize = number.parse().ok()?;
    HubTab::ALL.get(at.checked_sub(1)?).copied()
}

/// `failed Order*`: a status, and a name or text.
fn show(status: &str, rest: &str) -> Entry {
    let filter = match rest {
        "" => format!("status:{status}"),
        name if name.contains('*') && !name.contains([' ', ':']) => {
            format!("status:{status} name:{name}")
        }
        text => format!("status:{status} {text}"),
    };
    let text = format!("{status} {rest}").trim_end().to_owned();
    let title = format!("Show: {text}");
    let note = format!("filter {filter}");
    command(text, title, &note, Command::Filter(filter))
}

/// The lines for a command whose argument is being typed; nothing for an unknown word.
fn with_argument(model: &Model, word: &str, rest: &str) -> Option<Vec<Entry>> {
    if let Some(status) = STATUSES.iter().find(|it| **it == word) {
        return Some(vec![show(status, rest)]);
    }
    Some(match word {
        "open" => open(model, rest),
        "filter" => {
            let text = format!("filter {rest}");
            let title = if rest.is_empty() {
                "Show all instances".to_owned()
            } else {
                format!("Show the instances that match {rest}")
            };
            vec![command(text, title, "", Command::Filter(rest.to_owned()))]
        }
        "sort" => {
            let all = SORTS.iter().map(|(sort, name)| {
                let text = format!("sort {name}");
                command(text, format!("Sort by {name}"), "", Command::Sort(*sort))
            });
            ranked(model, all.collect(), rest)
        }
        "tab" => {
            let hub = HubTab::ALL.into_iter().map(to_tab);
            let all = hub.chain(InstanceTab::ALL.into_iter().map(|it| {
                let name = it.title();
                let text = format!("tab {}", name.to_lowercase());
                let title = format!("Go to: {name} of the instance");
                let mut entry = command(text, title, "", Command::InstanceTab(it));
                if model.screens.top_instance().is_none() {
                    entry.off = Some("no instance is open".to_owned());
                }
                entry
            }));
            ranked(model, all.collect(), rest)
        }
        "theme" => ranked(model, themes(model), rest),
        "export" => {
            let mut entry = command(
                format!("export {rest}"),
                format!("Export {} to {rest}", export::title(model)),
                "new file, for you alone",
                Command::Export(rest.to_owned()),
            );
            entry.off = export::Format::of(rest).err();
            vec![entry]
        }
        "save" => vec![save(model, rest)],
        "view" => {
            let all = model.saved.iter().map(|it| {
                let note = saved::words(it);
                let title = format!("Show the view “{}”", it.name);
                let text = format!("view {}", it.name);
                command(text, title, &note, Command::View(it.name.clone()))
            });
            ranked(model, all.collect(), rest)
        }
        "hub" => task_hubs(model, rest),
        _ => return None,
    })
}

fn save(model: &Model, name: &str) -> Entry {
    let is_known = model.saved.iter().any(|it| it.name == name);
    let title = match is_known {
        true => format!("Save this view in place of “{name}”"),
        false => format!("Save this view as “{name}”"),
    };
    let note = saved::words(&saved::present(model, name));
    let text = format!("save {name}");
    let mut entry = command(text, title, &note, Command::Keep(name.to_owned()));
    entry.off = saved::check_name(name).err();
    entry
}

/// Task hubs that are known, and the name as typed: not every server lists them.
fn task_hubs(model: &Model, typed: &str) -> Vec<Entry> {
    let off = hubs::refusal(model);
    let to = |name: &str, note: &str| {
        let text = format!("hub {name}");
        let title = format!("Go to task hub {name}");
        let mut entry = command(text, title, note, Command::Hub(name.to_owned()));
        entry.off.clone_from(&off);
        if name == model.settings.task_hub {
            entry.off = Some("it is this one".to_owned());
        }
        entry
    };
    let known = model.hubs.names();
    let all = known.iter().map(|it| to(it, "")).collect();
    let mut found = ranked(model, all, typed);
    if !typed.is_empty() && !known.contains(&typed) {
        let mut as_typed = to(typed, "the name as typed");
        if !typed.bytes().all(|it| it.is_ascii_graphic()) {
            as_typed.off = Some("a task hub has no such name".to_owned());
        }
        // Whoever types the start of a name means one of those that begin so.
        let begins = known.iter().any(|it| it.starts_with(typed));
        found.insert(if begins { found.len() } else { 0 }, as_typed);
    }
    found
}

fn themes(model: &Model) -> Vec<Entry> {
    let off = model
        .choices
        .colors_off
        .then(|| "colours are off: NO_COLOR, --color never, or a terminal without them".to_owned());
    let all = Theme::ALL.into_iter().map(|it| {
        let text = format!("theme {}", it.name());
        let note = match it {
            Theme::Color => "the terminal's own 16 colours",
            Theme::Mono => "no colours",
            _ => "",
        };
        let mut entry = command(
            text,
            format!("Theme: {}", it.name()),
            note,
            Command::Theme(it),
        );
        entry.off.clone_from(&off);
        entry
    });
    all.collect()
}

/// The id as typed, and the loaded instances that are like it.
fn open(model: &Model, typed: &str) -> Vec<Entry> {
    let open = |id: &str, note: &str| {
        let text = format!("open {id}");
        command(
            text,
            format!("Open {id}"),
            note,
            Command::Open(id.to_owned()),
        )
    };
    let rows = model.page().map_or(&[][..], |it| &it.rows);
    let found: Vec<_> = rows
        .iter()
        .map(|it| open(&it.instance_id, &it.name))
        .collect();
    let mut found = ranked(model, found, typed);
    found.truncate(OFFERED_MAX);
    let is_known = found.iter().any(|it| it.id == format!("open {typed}"));
    if !typed.is_empty() && !is_known {
        let as_typed = open(typed, "the id as typed");
        // Whoever types the start of an id means one of those that begin so.
        let begins = rows.iter().any(|it| it.instance_id.starts_with(typed));
        found.insert(if begins { found.len() } else { 0 }, as_typed);
    }
    found
}

/// What was used before, as far as it can be made again.
fn recent(model: &Model) -> Vec<Entry> {
    let all = whole(model);
    let again = |id: &String| {
        let known = all.iter().find(|it| it.id == *id).cloned();
        known.or_else(|| {
            let (word, rest) = id.split_once(' ')?;
            let mut found = with_argument(model, word, rest)?.into_iter();
            found.find(|it| it.id == *id)
        })
    };
    model.choices.recent.iter().filter_map(again).collect()
}

/// Those of `entries` that match what is typed: what can be done first, then by likeness.
fn ranked(model: &Model, entries: Vec<Entry>, typed: &str) -> Vec<Entry> {
    if typed.is_empty() {
        return entries;
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(bool, u32, Entry)> = entries
        .into_iter()
        .filter_map(|it| {
            let text = format!("{} {}", it.id, it.title);
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            let used = model.choices.recent.iter().position(|id| *id == it.id);
            let bonus = used.map_or(0, |at| {
                RECENT_BONUS.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX).saturating_mul(4))
            });
            // The name of a thing, or its beginning, means that thing.
            let name = it
                .id
                .split_once(' ')
                .map_or(it.id.as_str(), |(_, name)| name);
            let named = it.id.starts_with(typed) || name.starts_with(typed);
            let exact = u32::from(it.id == typed) * 1_000 + u32::from(named) * 500;
            Some((
                it.run.is_none() && it.off.is_some(),
                score + bonus + exact,
                it,
            ))
        })
        .collect();
    scored.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    scored.into_iter().map(|it| it.2).collect()
}
