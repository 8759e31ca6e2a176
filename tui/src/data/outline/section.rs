//! What an outline is made of: sections of facts, payloads and texts.

/// How a piece of a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Head,
    Plain,
    Dim,
    Bad,
    Key,
    String,
    Number,
    Word,
    /// Names an instance that can be opened.
    Link,
}

/// A name and a value on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    pub name: String,
    pub value: String,
    /// The instance that it names.
    pub opens: Option<String>,
}

/// What a section holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Facts(Vec<Fact>),
    /// JSON as a tree, or text when it is none.
    Payload {
        text: String,
        is_cut: bool,
    },
    Text {
        text: String,
        ink: Ink,
    },
}

/// One part under its own title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    /// Beside the title.
    pub note: String,
    pub body: Body,
}

impl Section {
    /// A section of facts.
    pub fn facts(title: impl Into<String>, facts: Vec<Fact>) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            body: Body::Facts(facts),
        }
    }

    /// A section of text.
    pub fn text(title: impl Into<String>, text: impl Into<String>, ink: Ink) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            body: Body::Text {
                text: text.into(),
                ink,
            },
        }
    }
}

/// A fact without an instance.
pub fn fact(name: impl Into<String>, value: impl Into<String>) -> Fact {
    Fact {
        name: name.into(),
        value: value.into(),
        opens: None,
    }
}

/// A fact whose value is an instance.
pub fn instance_fact(name: impl Into<String>, id: impl Into<String>) -> Fact {
    let value = id.into();
    Fact {
        name: name.into(),
        opens: Some(value.clone()),
        value,
    }
}
