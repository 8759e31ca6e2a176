//! Forms: fields of one line and one of JSON below. Starting an orchestration and signalling an
//! entity are forms.

use std::collections::BTreeMap;

use crate::app::command::Line;
use crate::app::effect::Call;
use crate::app::effect::Start;
use crate::app::event::Code;
use crate::app::event::Key;
use crate::app::field::Field;
use crate::app::memory;
use crate::app::memory::Sent;
use crate::data::json;

/// What is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Start {
        /// The instance whose start it repeats.
        from: Option<String>,
        /// The call that reads how that was started.
        reading: Option<u64>,
    },
    Signal {
        entity_id: String,
    },
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub label: &'static str,
    /// What it may be, shown while it is empty.
    pub hint: &'static str,
    pub field: Field,
}

/// The dialog. The last row is the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub kind: Kind,
    pub rows: Vec<Row>,
    /// A row, or one more for the button.
    pub focus: usize,
    /// Why it was not sent.
    pub refused: Option<String>,
    /// Completions of the first row.
    pub known: Vec<String>,
    sent: Sent,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Stay,
    Close,
    /// The command goes to the clipboard.
    Copy,
    /// The JSON goes to the user's editor.
    Edit,
    Send(Call),
}

fn row(label: &'static str, hint: &'static str, field: Field) -> Row {
    Row { label, hint, field }
}

const NAME: usize = 0;
const ID: usize = 1;
const VERSION: usize = 2;
const TAGS: usize = 3;

impl Form {
    /// Starts an orchestration; `known` are names that were seen.
    pub fn start(known: Vec<String>) -> Self {
        Self {
            kind: Kind::Start {
                from: None,
                reading: None,
            },
            rows: vec![
                row("Name", "of the orchestration", Field::line()),
                row("Id", "one is made", Field::line()),
                row("Version", "none", Field::line()),
                row("Tags", "key=value, …", Field::line()),
                row("Input", "JSON, may be empty", Field::area()),
            ],
            focus: NAME,
            refused: None,
            known,
            sent: Sent::default(),
        }
    }

    /// Signals `entity_id`; `known` are operations that were seen.
    pub fn signal(entity_id: String, known: Vec<String>, sent: Sent) -> Self {
        Self {
            kind: Kind::Signal { entity_id },
            rows: vec![
                row("Operation", "its name", Field::line()),
                row("Input", "JSON, may be empty", Field::area()),
            ],
            focus: NAME,
            refused: None,
            known,
            sent,
        }
    }

    /// Fills in how another instance was started; its id stays its own.
    pub fn fill(&mut self, start: &Start) {
        self.rows[NAME].field.set(&start.name);
        self.rows[VERSION]
            .field
            .set(start.version.as_deref().unwrap_or_default());
        let tags: Vec<_> = start
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let typed = tags.join(", ");
        self.rows[TAGS].field.set(&typed);
        if read_tags(&typed).as_ref() != Ok(&start.tags) {
            self.refused =
                Some("its tags have commas or spaces that cannot be typed here".to_owned());
        }
        let input = start.input.as_deref().unwrap_or_default();
        let shown = json::pretty(input).unwrap_or_else(|| input.to_owned());
        let at = self.rows.len() - 1;
        self.rows[at].field.set(&shown);
        self.focus = at;
        // A field holds so much and no more: a part of an input is another input.
        if self.rows[at].field.text().len() < shown.len() {
            self.rows[at].field.set("");
            self.refused = Some(format!(
                "its input of {} bytes is too large for this field",
                input.len()
            ));
        }
    }

    fn text(&self, at: usize) -> &str {
        self.rows.get(at).map_or("", |it| it.field.text().trim())
    }

    fn json(&self) -> &str {
        self.text(self.rows.len() - 1)
    }

    /// Why the JSON is none; empty is allowed.
    pub fn json_error(&self) -> Option<String> {
        let text = self.json();
        if text.is_empty() {
            None
        } else {
            json::error_in(text)
        }
    }

    /// What would be sent.
    ///
    /// # Errors
    /// The row that is wrong, and why.
    pub fn call(&self) -> Result<Call, (usize, String)> {
        if let Kind::Start {
            reading: Some(_), ..
        } = self.kind
        {
            return Err((self.focus, "its input is still being read".to_owned()));
        }
        let name = self.text(NAME).to_owned();
        if name.is_empty() {
            let what = self.rows[NAME].label.to_lowercase();
            return Err((NAME, format!("not sent: the {what} is empty")));
        }
        let last = self.rows.len() - 1;
        if let Some(error) = self.json_error() {
            return Err((last, format!("not sent: the input is not JSON: {error}")));
        }
        let input = (!self.json().is_empty()).then(|| self.json().to_owned());
        match &self.kind {
            Kind::Signal { entity_id } => Ok(Call::SignalEntity {
                entity_id: entity_id.clone(),
                operation: name,
                input,
            }),
            Kind::Start { .. } => {
                let version = self.text(VERSION);
                Ok(Call::Start(Box::new(Start {
                    name,
                    instance_id: self.text(ID).to_owned(),
                    version: (!version.is_empty()).then(|| version.to_owned()),
                    tags: read_tags(self.text(TAGS)).map_err(|why| (TAGS, why))?,
                    input,
                })))
            }
        }
    }

    /// The command that does the same, as far as it is filled in.
    pub fn command(&self) -> Line {
        let filled = |at| (!self.text(at).is_empty()).then(|| self.text(at));
        let input = Some(self.json()).filter(|it| !it.is_empty());
        match &self.kind {
            Kind::Signal { entity_id } => Line::new("entities signal")
                .subject(entity_id)
                .subject(self.text(NAME))
                .option("--input", input),
            Kind::Start { .. } => {
                let mut line = Line::new("instances start")
                    .subject(self.text(NAME))
                    .option("--id", filled(ID))
                    .option("--version", filled(VERSION));
                for (key, value) in read_tags(self.text(TAGS)).unwrap_or_default() {
                    line = line.option("--tag", Some(&format!("{key}={value}")));
                }
                line.option("--input", input)
            }
        }
    }

    fn send(&mut self) -> Step {
        match self.call() {
            Ok(call) => {
                self.refused = None;
                Step::Send(call)
            }
            Err((at, why)) => {
                self.focus = at;
                self.refused = Some(why);
                Step::Stay
            }
        }
    }

    /// Takes a key.
    pub fn on_key(&mut self, key: Key) -> Step {
        let button = self.rows.len();
        let is_area = self.focus + 1 == button;
        match key.code {
            Code::Esc => return Step::Close,
            Code::Char('s') if key.ctrl => return self.send(),
            Code::Char('y') if key.ctrl => return Step::Copy,
            Code::Char('e') if key.ctrl => {
                self.focus = button - 1;
                return Step::Edit;
            }
            Code::Char('Y') if self.focus == button => return Step::Copy,
            Code::Char('l') if key.ctrl => {
                if let Some(text) = json::pretty(self.json()) {
                    self.rows[button - 1].field.set(&text);
                }
            }
            Code::Char('r') if key.ctrl => {
                let last = self.sent.payload(self.text(NAME)).map(str::to_owned);
                if let Some(text) = last {
                    self.rows[button - 1].field.set(&text);
                }
            }
            Code::Tab => match self.completion() {
                Some(name) => self.rows[NAME].field.set(&name),
                None => self.focus = (self.focus + 1) % (button + 1),
            },
            Code::BackTab => self.focus = (self.focus + button) % (button + 1),
            Code::Up | Code::Down if self.focus == NAME => {
                let delta = if key.code == Code::Up { -1 } else { 1 };
                let name = memory::step(&self.known, self.text(NAME), delta);
                if let Some(name) = name.map(str::to_owned) {
                    self.rows[NAME].field.set(&name);
                }
            }
            Code::Enter if self.focus == button => return self.send(),
            Code::Enter if !is_area => self.focus += 1,
            _ => {
                if let Some(row) = self.rows.get_mut(self.focus)
                    && row.field.on_key(key)
                {
                    self.refused = None;
                }
            }
        }
        Step::Stay
    }

    fn completion(&self) -> Option<String> {
        if self.focus != NAME {
            return None;
        }
        memory::complete(&self.known, self.text(NAME)).map(str::to_owned)
    }

    /// The field of the JSON.
    pub fn json_field(&self) -> &Field {
        &self.rows[self.rows.len() - 1].field
    }

    /// Takes the JSON from the editor; false when it is too large.
    pub fn on_edited(&mut self, text: &str) -> bool {
        self.refused = None;
        let last = self.rows.len() - 1;
        self.rows[last].field.replace(text)
    }

    /// Takes pasted text.
    pub fn on_paste(&mut self, text: &str) {
        if let Some(row) = self.rows.get_mut(self.focus) {
            row.field.insert(text);
            self.refused = None;
        }
    }
}

/// Reads `key=value, …`.
fn read_tags(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut tags = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                tags.insert(key.trim().to_owned(), value.trim().to_owned());
            }
            _ => return Err(format!("not sent: the tag “{part}” is not key=value")),
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(form: &mut Form, text: &str) {
        for it in text.chars() {
            form.on_key(Key::char(it));
        }
    }

    #[test]
    fn a_start_is_made_of_its_fields() {
        let mut form = Form::start(vec!["OrderBatch".to_owned()]);
        type_in(&mut form, "Ord");
        form.on_key(Key::plain(Code::Tab));
        form.on_key(Key::plain(Code::Tab));
        type_in(&mut form, "b-1");
        form.on_key(Key::plain(Code::Enter));
        type_in(&mut form, "2.0");
        form.on_key(Key::plain(Code::Enter));
        type_in(&mut form, "team=a b, bad");
        form.on_key(Key::plain(Code::Enter));
        type_in(&mut form, "[1]");
        let Step::Stay = form.on_key(Key::ctrl('s')) else {
            panic!("a tag without a value was sent")
        };
        assert_eq!(form.focus, TAGS);
        type_in(&mut form, "=1");
        let Step::Send(Call::Start(start)) = form.on_key(Key::ctrl('s')) else {
            panic!("{:?}", form.refused)
        };
        assert_eq!(
            (start.name.as_str(), start.instance_id.as_str()),
            ("OrderBatch", "b-1")
        );
        assert_eq!(start.tags.len(), 2);
        assert_eq!(start.input.as_deref(), Some("[1]"));
        let line = form.command().text(&Default::default());
        assert!(
            line.starts_with(
                "durascope instances start OrderBatch --id b-1 --version 2.0 --tag bad=1 \
             --tag 'team=a b' --input '[1]'"
            ),
            "{line}"
        );
    }
}
