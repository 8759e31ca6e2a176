//! Takes the pictures of README.md from a real run of the demo: four screens as text.
//!
//! `cargo run -p durascope-tests --example screens` replaces what stands between the markers.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use durascope_tests::Binary;
use durascope_tests::Terminal;

const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];
/// Rows and columns that a page shows without scrolling to the side.
const SIZE: (u16, u16) = (26, 108);
const BEGIN: &str = "<!-- screens: cargo run -p durascope-tests --example screens -->\n";
const END: &str = "<!-- end of screens -->\n";
const ENTER: &str = "\r";

fn main() -> Result<()> {
    let pictures = take()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let page = fs::read_to_string(&path)?;
    let (head, rest) = page
        .split_once(BEGIN)
        .context("no marker for the screens")?;
    let (_, tail) = rest.split_once(END).context("no end of the screens")?;
    let mut text = format!("{head}{BEGIN}");
    for (title, picture) in pictures {
        text.push_str(&format!(
            "\n{title}\n\n```text\n{}\n```\n",
            trimmed(&picture)
        ));
    }
    text.push_str(&format!("\n{END}{tail}"));
    fs::write(&path, text)?;
    println!("README.md has new screens");
    Ok(())
}

/// Each screen as soon as there is on it what it is about.
fn take() -> Result<Vec<(&'static str, String)>> {
    let path = Binary::Dashboard.path()?;
    let mut terminal = Terminal::start(&path, &["demo"], &LOCALE, SIZE)?;
    let has = |texts: &'static [&'static str]| {
        move |screen: &str| texts.iter().all(|text| screen.contains(text))
    };
    terminal.wait_until(
        "the list",
        has(&["approval-you", "import-1", "external event?"]),
    )?;
    let list = terminal.wait_until("two rounds", has(&["import-2", "crawl-2", "running"]))?;
    terminal.send("/name:NightlyImport status:running")?;
    terminal.wait_until("an import alone", has(&["1 · sort", "import-"]))?;
    terminal.send(ENTER)?;
    terminal.send(ENTER)?;
    let tree = terminal.wait_until("its tree", has(&["[Tree]", "LoadPage ×", "running"]))?;
    terminal.send("]]")?;
    let batches = terminal.wait_until("its batches", has(&["[Batches]", "slowest #"]))?;
    terminal.send("2")?;
    let failures = terminal.wait_until("failures", has(&["[2 Failures", "OutOfStock"]))?;
    terminal.send("q")?;
    ensure!(terminal.wait_exit()? == 0, "the dashboard failed");
    Ok(vec![
        (
            "Every instance, with its fan-out as a bar and what it waits for:",
            list,
        ),
        ("One instance as a tree, its groups with their tasks:", tree),
        ("Its batches, with the slowest task of each:", batches),
        ("All failures of the task hub, by their cause:", failures),
    ])
}

/// Without the space at the ends of lines, and without the name of the machine in workers' ids.
fn trimmed(picture: &str) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let lines: Vec<_> = picture.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    let alias: String = "my-machine".chars().cycle().take(host.len()).collect();
    text.trim_end()
        .replace(&format!("{host},"), &format!("{alias},"))
}
