//! Configuration files: read strictly, so that a word that does nothing is no surprise later.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use durascope_proto::monitor::SortColumn;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::app::action;
use crate::app::action::ActionId;
use crate::app::event::Key;
use crate::app::keymap;
use crate::app::keymap::Keys;
use crate::app::look::Theme;
use crate::app::place::Place;
use crate::app::screens::overview::SORTS;

const SECTIONS: [&str; 2] = ["dashboard", "keys"];
const DASHBOARD: [&str; 5] = ["theme", "ascii", "mouse", "sort", "roots"];

/// Actions that must not lose their keys: they are the way out.
const FIXED: [ActionId; 2] = [ActionId::QuitNow, ActionId::StopProcess];

/// Words that are this unlike are not suggested.
const LIKE: f64 = 0.6;

/// What a file says; absent where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    pub theme: Option<Theme>,
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    pub sort: Option<SortColumn>,
    /// Roots only in the list of instances.
    pub roots: Option<bool>,
    /// Actions with the keys they have instead of their own, and where that is said.
    keys: Vec<(ActionId, Vec<Key>, Range<usize>)>,
}

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Problem {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("{}: {reason}", path.display())]
    Read { path: PathBuf, reason: String },
    #[error("{}, {problem}", path.display())]
    Wrong { path: PathBuf, problem: Problem },
}

impl File {
    /// Reads `path`; a file that is not there says nothing.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be read, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(FileError::Read {
                    path: path.to_owned(),
                    reason: error.to_string(),
                });
            }
        };
        Self::parse(&text).map_err(|problem| FileError::Wrong {
            path: path.to_owned(),
            problem,
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |at: Range<usize>, message: String| at_place(text, at.start, message);
        let whole = DeTable::parse(text)
            .map_err(|error| problem(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        let mut file = Self::default();
        for (name, value) in whole.get_ref() {
            let wrong = |message: String| problem(name.span(), message);
            let table = |kind: &str| {
                let table = value.get_ref().as_table();
                table.ok_or_else(|| wrong(format!("“{kind}” is a section: [{kind}]")))
            };
            match name.get_ref().as_ref() {
                "dashboard" => file.read_dashboard(table("dashboard")?, &problem)?,
                "keys" => file.read_keys(table("keys")?, &problem)?,
                other => {
                    let known = SECTIONS.map(str::to_owned);
                    return Err(wrong(unknown("section", other, &known)));
                }
            }
        }
        file.check_keys(&problem)?;
        Ok(file)
    }

    fn read_dashboard(
        &mut self,
        table: &DeTable<'_>,
        problem: &impl Fn(Range<usize>, String) -> Problem,
    ) -> Result<(), Problem> {
        for (name, value) in table {
            let wrong = |expected: String| {
                let found = value.get_ref().type_str();
                let message = format!("{} is {expected}, not {found}", name.get_ref());
                problem(value.span(), message)
            };
            let flag = || {
                let flag = value.get_ref().as_bool();
                flag.ok_or_else(|| wrong("true or false".to_owned()))
            };
            let word = || {
                let word = value.get_ref().as_str();
                word.ok_or_else(|| wrong("a word in quotes".to_owned()))
            };
            match name.get_ref().as_ref() {
                "theme" => {
                    let word = word()?;
                    let known = Theme::ALL.map(|it| it.name().to_owned());
                    let theme = Theme::named(word)
                        .ok_or_else(|| problem(value.span(), unknown("theme", word, &known)))?;
                    self.theme = Some(theme);
                }
                "ascii" => self.ascii = Some(flag()?),
                "mouse" => self.mouse = Some(flag()?),
                "roots" => self.roots = Some(flag()?),
                "sort" => {
                    let word = word()?;
                    let found = SORTS.iter().find(|(_, name)| *name == word);
                    let known: Vec<_> = SORTS.iter().map(|it| it.1.to_owned()).collect();
                    let (sort, _) = found.ok_or_else(|| {
                        problem(value.span(), unknown("sort column", word, &known))
                    })?;
                    self.sort = Some(*sort);
                }
                other => {
                    let known = DASHBOARD.map(str::to_owned);
                    let message = unknown("key of [dashboard]", other, &known);
                    return Err(problem(name.span(), message));
                }
            }
        }
        Ok(())
    }

    fn read_keys(
        &mut self,
        table: &DeTable<'_>,
        problem: &impl Fn(Range<usize>, String) -> Problem,
    ) -> Result<(), Problem> {
        let mut known: Vec<(String, ActionId)> = Vec::new();
        for it in action::all() {
            if !known.iter().any(|(_, id)| *id == it.id) {
                known.push((action::name(it.id), it.id));
            }
        }
        for (name, value) in table {
            let word = name.get_ref().as_ref();
            let found = known.iter().find(|(known, _)| known == word);
            let Some((_, id)) = found else {
                let names: Vec<_> = known.iter().map(|it| it.0.clone()).collect();
                return Err(problem(name.span(), unknown("action", word, &names)));
            };
            if FIXED.contains(id) {
                let message = format!("{word} keeps its key: it is the way out");
                return Err(problem(name.span(), message));
            }
            let keys = keys_of(word, value, problem)?;
            self.keys.push((*id, keys, name.span()));
        }
        Ok(())
    }

    /// Two actions on one key are wrong at the one that the file gave it to.
    fn check_keys(
        &self,
        problem: &impl Fn(Range<usize>, String) -> Problem,
    ) -> Result<(), Problem> {
        let Some(it) = self.keys().conflict() else {
            return Ok(());
        };
        let named = |wanted: &String| {
            let mut all = self.keys.iter();
            all.find(|(id, ..)| action::name(*id) == *wanted)
        };
        // The later one is what was added last.
        let places = it.actions.iter().filter_map(named);
        let span = places.map(|it| it.2.clone()).max_by_key(|it| it.start);
        let [one, other] = &it.actions;
        let message = format!(
            "the key “{}” means both {one} and {other} {}: give one of them another key",
            keymap::name(it.key),
            screen(it.place)
        );
        Err(problem(span.unwrap_or(0..0), message))
    }

    /// The keys of all actions.
    pub fn keys(&self) -> Keys {
        let mut keys = Keys::default();
        for (id, its, _) in &self.keys {
            keys.set(*id, its.clone());
        }
        keys
    }
}

fn screen(place: Place) -> String {
    match place {
        Place::Hub(tab) => format!("on the tab {}", tab.title()),
        Place::Instance(tab) => format!("on an instance's tab {}", tab.title()),
        Place::Compare => "in a comparison".to_owned(),
    }
}

fn keys_of(
    action: &str,
    value: &Spanned<DeValue<'_>>,
    problem: &impl Fn(Range<usize>, String) -> Problem,
) -> Result<Vec<Key>, Problem> {
    let key = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str().ok_or_else(|| {
            let message = format!("the keys of {action} are words, like [\"x\", \"ctrl-y\"]");
            problem(value.span(), message)
        })?;
        keymap::parse(text).map_err(|message| problem(value.span(), message))
    };
    match value.get_ref() {
        DeValue::Array(all) => all.iter().map(key).collect(),
        _ => Ok(vec![key(value)?]),
    }
}

/// That there is no such word, and what may have been meant.
fn unknown(kind: &str, word: &str, known: &[String]) -> String {
    let likest = known
        .iter()
        .map(|it| (strsim::jaro_winkler(word, it), it))
        .filter(|(like, _)| *like >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match likest {
        Some((_, it)) => format!("; did you mean “{it}”?"),
        None if known.len() <= 10 => format!("; there are {}", known.join(", ")),
        None => "; docs/keys.md has them all".to_owned(),
    };
    format!("there is no {kind} “{word}”{hint}")
}

/// Line and column of a byte, from 1; columns are characters.
fn at_place(text: &str, offset: usize, message: String) -> Problem {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Problem {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_file_may_say_is_taken() {
        let text = r#"
            [dashboard]
            theme = "light"
            ascii = true
            mouse = false
            sort = "instance id"
            roots = false

            [keys]
            purge = ["D", "ctrl-y"]
            zoom = "ctrl-f"
            children = []
        "#;
        let file = File::parse(text).unwrap();
        assert_eq!(file.theme, Some(Theme::Light));
        assert_eq!((file.ascii, file.mouse), (Some(true), Some(false)));
        assert_eq!(file.sort, Some(SortColumn::InstanceId));
        assert_eq!(file.roots, Some(false));
        let keys = file.keys();
        let of = |id| {
            let action = action::all().find(|it| it.id == id).unwrap();
            keys.of(action).to_vec()
        };
        assert_eq!(of(ActionId::Purge), [Key::char('D'), Key::ctrl('y')]);
        assert_eq!(of(ActionId::Zoom), [Key::ctrl('f')]);
        assert_eq!(of(ActionId::Children), []);
        assert_eq!(of(ActionId::Help), [Key::char('?')]);
        assert_eq!(File::parse(""), Ok(File::default()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_was_meant() {
        let rows = [
            (
                "[dashbord]",
                "line 1, column 2: there is no section “dashbord”; did you mean “dashboard”?",
            ),
            (
                "[dashboard]\ntheem = 1",
                "line 2, column 1: there is no key of [dashboard] “theem”; did you mean “theme”?",
            ),
            (
                "[dashboard]\ntheme = \"ligth\"",
                "line 2, column 9: there is no theme “ligth”; did you mean “light”?",
            ),
            (
                "[dashboard]\ntheme = 7",
                "line 2, column 9: theme is a word in quotes, not integer",
            ),
            (
                "[dashboard]\n  mouse = \"on\"",
                "line 2, column 11: mouse is true or false, not string",
            ),
            (
                "[dashboard]\nsort = \"sise\"",
                "line 2, column 8: there is no sort column “sise”",
            ),
            (
                "[keys]\npurg = [\"x\"]",
                "line 2, column 1: there is no action “purg”; did you mean “purge”?",
            ),
            (
                "[keys]\npurge = [\"hyper-x\"]",
                "line 2, column 10: there is no key “hyper-x”",
            ),
            (
                "[keys]\npurge = [\"x\", 7]",
                "line 2, column 15: the keys of purge are words",
            ),
            (
                "[keys]\nzoom = \"ctrl-m\"",
                "line 2, column 8: a terminal cannot tell “ctrl-m” from Enter",
            ),
            (
                "[keys]\nquit-now = \"x\"",
                "line 2, column 1: quit-now keeps its key",
            ),
            ("keys = 3", "line 1, column 1: “keys” is a section"),
            ("[keys]\nzoom = [\"x", "line 2, column "),
            ("[keys]\nzoom = \"a\"\nzoom = \"b\"", "line 3, column 1"),
        ];
        for (text, words) in rows {
            let found = File::parse(text).unwrap_err().to_string();
            assert!(found.starts_with(words), "{text:?}: {found}");
        }
    }

    #[test]
    fn one_key_for_two_actions_names_both_and_where_they_meet() {
        let found = File::parse("[keys]\nchildren = \"x\"")
            .unwrap_err()
            .to_string();
        assert!(
            found.starts_with("line 2, column 1: the key “x” means both "),
            "{found}"
        );
        for word in ["children", "purge", "on the tab Instances"] {
            assert!(found.contains(word), "{found}");
        }
        // Nothing meets where the screens differ.
        let apart = "[keys]\nchildren = \"F\"\n";
        assert!(File::parse(apart).is_ok());
        let exchanged = "[keys]\npurge = \"t\"\nterminate = \"x\"\n";
        assert!(File::parse(exchanged).is_ok());
        let out = File::parse("[keys]\nzoom = \"ctrl-c\"")
            .unwrap_err()
            .to_string();
        assert!(out.contains("quit-now") && out.contains("zoom"), "{out}");
    }
}
