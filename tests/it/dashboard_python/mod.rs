//! The dashboard on hubs that the official Python client fills: its own in-memory backend, which
//! is polled, and our emulator, of which every tab is looked at.

mod hub;
mod in_memory;

use std::path::Path;

use durascope_tests::Binary;
use durascope_tests::Terminal;
use durascope_tests::terminal::Modes;

const SIZE: (u16, u16) = (36, 130);
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";
const TAB: &str = "\t";

fn dashboard(arguments: &[&str]) -> Terminal {
    Terminal::start(&Binary::Dashboard.path().unwrap(), arguments, &LOCALE, SIZE).unwrap()
}

/// Waits for a screen on which all of these are.
fn shows(terminal: &Terminal, texts: &[&str]) -> String {
    let all = |screen: &str| texts.iter().all(|text| screen.contains(text));
    terminal.wait_until(&format!("{texts:?}"), all).unwrap()
}

/// Waits for a line on which all of these are, in this order.
fn shows_line(terminal: &Terminal, texts: &[&str]) {
    let is_it = |line: &str| {
        let mut rest = line;
        texts.iter().all(|text| match rest.split_once(text) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    terminal
        .wait_until(&format!("a line with {texts:?}"), |screen| {
            screen.lines().any(is_it)
        })
        .unwrap();
}

fn press(terminal: &Terminal, keys: &[&str]) {
    for key in keys {
        terminal.send(key).unwrap();
    }
}

/// From the list of instances to one of them.
fn open(terminal: &Terminal, id: &str) {
    press(terminal, &["1"]);
    terminal.wait_for("[1").unwrap();
    press(terminal, &["/", "\x15", id, ENTER]);
    // The row, and not the filter.
    shows_line(terminal, &["▌", id]);
    shows(terminal, &[" 1 · sort"]);
    press(terminal, &[ENTER]);
    shows(terminal, &["[Tree]", id]);
}

fn leaves_clean(mut terminal: Terminal) {
    press(&terminal, &["q"]);
    assert_eq!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}
