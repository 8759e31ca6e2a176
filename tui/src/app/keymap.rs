//! Keys by their names for people, and the keys that the user has given to actions.

use crate::app::action;
use crate::app::action::Action;
use crate::app::action::ActionId;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::place::HubTab;
use crate::app::place::InstanceTab;
use crate::app::place::Place;

/// Stands at keys that the user has changed.
const CHANGED: &str = "*";

/// Control with these is another key to a terminal.
const CTRL_SAME: [(char, &str); 4] = [
    ('i', "Tab"),
    ('m', "Enter"),
    ('h', "Backspace"),
    ('[', "Esc"),
];

const CODES: [(Code, &str); 14] = [
    (Code::Enter, "Enter"),
    (Code::Esc, "Esc"),
    (Code::Backspace, "Backspace"),
    (Code::Delete, "Delete"),
    (Code::Tab, "Tab"),
    (Code::BackTab, "shift-Tab"),
    (Code::Up, "Up"),
    (Code::Down, "Down"),
    (Code::Left, "Left"),
    (Code::Right, "Right"),
    (Code::Home, "Home"),
    (Code::End, "End"),
    (Code::PageUp, "PgUp"),
    (Code::PageDown, "PgDn"),
];

/// The name of a key, as the help and the footer show it.
pub fn name(key: Key) -> String {
    let base = match key.code {
        Code::Char(' ') => "Space".to_owned(),
        Code::Char(it) => it.to_string(),
        code => CODES
            .iter()
            .find(|(it, _)| *it == code)
            .map_or_else(String::new, |(_, name)| (*name).to_owned()),
    };
    match (key.ctrl, key.alt) {
        (true, _) => format!("ctrl-{base}"),
        (false, true) => format!("alt-{base}"),
        (false, false) => base,
    }
}

/// All names of an action's keys.
pub fn names(keys: &[Key]) -> String {
    keys.iter()
        .map(|it| name(*it))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The key with this name.
///
/// # Errors
/// A sentence when there is no such key, or a terminal cannot tell it from another one.
pub fn parse(text: &str) -> Result<Key, String> {
    let lower = text.to_ascii_lowercase();
    let (ctrl, alt, base) = if lower.starts_with("ctrl-") && text.len() > 5 {
        (true, false, &text[5..])
    } else if lower.starts_with("alt-") && text.len() > 4 {
        (false, true, &text[4..])
    } else {
        (false, false, text)
    };
    let mut chars = base.chars();
    let code = match (chars.next(), chars.next()) {
        (Some(it), None) if !it.is_control() => {
            Code::Char(if ctrl { it.to_ascii_lowercase() } else { it })
        }
        _ if base.eq_ignore_ascii_case("space") => Code::Char(' '),
        _ => CODES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(base))
            .map(|(code, _)| *code)
            .ok_or_else(|| {
                let known = CODES.map(|(_, name)| name).join(", ");
                format!(
                    "there is no key “{text}”; a key is one character, Space, {known}, or one of \
                     them after ctrl- or alt-"
                )
            })?,
    };
    let same = CTRL_SAME
        .iter()
        .find(|(it, _)| ctrl && code == Code::Char(*it));
    if let Some((_, same)) = same {
        return Err(format!("a terminal cannot tell “{text}” from {same}"));
    }
    Ok(Key { code, ctrl, alt })
}

/// The keys of all actions: those of the table, unless the user has changed them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    changed: Vec<(ActionId, Vec<Key>)>,
}

/// Two actions on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub key: Key,
    /// Names of the actions.
    pub actions: [String; 2],
    /// The screen on which both are.
    pub place: Place,
}

impl Keys {
    /// Gives `action` these keys instead of its own; none leaves it to the palette.
    pub fn set(&mut self, action: ActionId, keys: Vec<Key>) {
        self.changed.retain(|(it, _)| *it != action);
        self.changed.push((action, keys));
    }

    /// The keys of `action`.
    pub fn of<'a>(&'a self, action: &'a Action) -> &'a [Key] {
        self.changed
            .iter()
            .find(|(it, _)| *it == action.id)
            .map_or(action.keys, |(_, keys)| keys)
    }

    /// True when the user has changed them.
    pub fn is_changed(&self, action: &Action) -> bool {
        self.changed.iter().any(|(it, _)| *it == action.id)
    }

    /// How many actions have other keys than the table says.
    pub fn changes(&self) -> usize {
        self.changed.len()
    }

    /// All names of the keys of `action`, marked when they are the user's.
    pub fn names(&self, action: &Action) -> String {
        let mark = if self.is_changed(action) { CHANGED } else { "" };
        format!("{}{mark}", names(self.of(action)))
    }

    /// The name of its first key, marked when it is the user's; absent when it has none.
    pub fn first(&self, action: &Action) -> Option<String> {
        let mark = if self.is_changed(action) { CHANGED } else { "" };
        let key = self.of(action).first()?;
        Some(format!("{}{mark}", name(*key)))
    }

    /// The first key that means two things on one screen.
    pub fn conflict(&self) -> Option<Conflict> {
        places().find_map(|place| {
            let here: Vec<_> = action::all().filter(|it| it.place.holds(place)).collect();
            here.iter().enumerate().find_map(|(index, one)| {
                here[index + 1..].iter().find_map(|other| {
                    let mut keys = self.of(one).iter();
                    let key = keys.find(|it| self.of(other).contains(it))?;
                    Some(Conflict {
                        key: *key,
                        actions: [action::name(one.id), action::name(other.id)],
                        place,
                    })
                })
            })
        })
    }
}

/// All screens.
pub fn places() -> impl Iterator<Item = Place> {
    let tabs = HubTab::ALL.map(Place::Hub);
    let instance = InstanceTab::ALL.map(Place::Instance);
    tabs.into_iter().chain(instance).chain([Place::Compare])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_on_one_screen() {
        assert_eq!(Keys::default().conflict(), None);
    }

    #[test]
    fn the_name_of_each_key_reads_as_that_key() {
        for action in action::all() {
            for key in action.keys {
                assert_eq!(parse(&name(*key)), Ok(*key));
            }
        }
        assert_eq!(parse("CTRL-Y"), Ok(Key::ctrl('y')));
        assert_eq!(parse("-"), Ok(Key::char('-')));
        for (wrong, why) in [
            ("", "no key “”"),
            ("ctrl-", "no key “ctrl-”"),
            ("Escape", "no key “Escape”"),
            ("ctrl-i", "from Tab"),
            ("xy", "no key “xy”"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn two_actions_on_one_key_are_named_where_they_meet() {
        let mut keys = Keys::default();
        keys.set(ActionId::Children, vec![Key::char('x')]);
        let found = keys.conflict().expect("both are in the list of instances");
        assert_eq!(found.key, Key::char('x'));
        assert_eq!(found.place, Place::Hub(HubTab::Instances));
        assert!(found.actions.contains(&"children".to_owned()), "{found:?}");
        assert!(found.actions.contains(&"purge".to_owned()), "{found:?}");
        keys.set(ActionId::Purge, vec![]);
        assert_eq!(keys.conflict(), None);
    }
}
