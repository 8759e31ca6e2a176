//! `docs/keys.md` is made from the action table, and so cannot drift.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

use std::fmt::Write;
use std::path::Path;

use durascope::app::action;
use durascope::app::action::Action;
use durascope::app::action::Risk;
use durascope::app::action::Where;
use durascope::app::keymap;

/// Set to write the file anew.
const WRITE: &str = "DURASCOPE_KEYS";

const HEAD: &str = "\
# Keys of the dashboard

<!-- Made from the action table: DURASCOPE_KEYS=write cargo test -p durascope --test it keys -->

Every action has a name. In `durascope.toml` (in the folder `durascope` of `$XDG_CONFIG_HOME`,
`~/.config` without it) it can get other keys:

```toml
[keys]
purge = [\"D\", \"ctrl-y\"]
children = []            # no key: only in the palette
```

A key is one character, `Space`, `Enter`, `Esc`, `Backspace`, `Delete`, `Tab`, `shift-Tab`, `Up`,
`Down`, `Left`, `Right`, `Home`, `End`, `PgUp` or `PgDn`, alone or after `ctrl-` or `alt-`. One key
for two actions of the same screen is an error. `quit-now` and `stop-process` keep theirs. In a
replay Space, Left and Right stop it and go 10 seconds, whatever else they mean.

\u{201c}sends\u{201d} changes an instance and is off with `--read-only`; \u{201c}destroys\u{201d} asks \
first.
";

fn written() -> String {
    let mut out = HEAD.to_owned();
    let mut places: Vec<Where> = Vec::new();
    for it in action::all() {
        if !places.contains(&it.place) {
            places.push(it.place);
        }
    }
    for place in places {
        let title = match place {
            Where::Everywhere => "Everywhere".to_owned(),
            Where::Hub(tab) => format!("On the tab {}", tab.title()),
            Where::Instance(tab) => format!("On an instance's tab {}", tab.title()),
            Where::AnyInstance => "On every tab of an instance".to_owned(),
            Where::Compare => "In a comparison".to_owned(),
        };
        writeln!(
            out,
            "\n## {title}\n\n| keys | action | what it does |\n| --- | --- | --- |"
        )
        .unwrap();
        for action in action::all().filter(|it| it.place == place) {
            writeln!(out, "{}", line(action)).unwrap();
        }
    }
    out
}

fn line(action: &Action) -> String {
    let keys: Vec<_> = action
        .keys
        .iter()
        .map(|it| format!("`{}`", keymap::name(*it).replace('|', "\\|")))
        .collect();
    let risk = match action.risk {
        Risk::View => "",
        Risk::Send => " (sends)",
        Risk::Destroy => " (destroys)",
    };
    format!(
        "| {} | `{}` | {}{risk} |",
        keys.join(" "),
        action::name(action.id),
        action.help
    )
}

#[test]
fn the_list_of_keys_is_what_the_action_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/keys.md");
    let expected = written();
    if std::env::var(WRITE).is_ok_and(|it| it == "write") {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/keys.md is not what the action table says; {WRITE}=write writes it"
    );
}
