//! The pages of the patterns say what the programs do.

use std::fs;
use std::path::Path;

use durascope_tests::binaries::workspace_dir;

fn texts(folder: &Path, ending: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.extension().is_some_and(|it| it == ending));
    wanted
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn code_on_the_pages_is_that_of_the_programs() {
    let root = workspace_dir();
    let mut programs = texts(&root.join("sdk/patterns/src"), "rs");
    programs.extend(texts(&root.join("sdk/patterns/examples"), "rs"));
    let mut unknown = Vec::new();
    for (page, text) in texts(&root.join("docs/patterns"), "md") {
        let blocks = text.split("```rust\n").skip(1);
        for line in blocks
            .filter_map(|it| it.split("```").next())
            .flat_map(str::lines)
        {
            let line = line.trim();
            if !line.is_empty() && !programs.iter().any(|(_, program)| program.contains(line)) {
                unknown.push(format!("{page}: {line}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_pattern_has_its_page_and_every_page_is_in_the_index() {
    let folder = workspace_dir().join("docs/patterns");
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    let pages = texts(&folder, "md");
    assert_eq!(pages.len(), 18 + 1);
    for (page, _) in pages.iter().filter(|(page, _)| page != "README.md") {
        assert!(
            index.contains(&format!("({page})")),
            "{page} is not in the index"
        );
    }
    for (program, _) in texts(&workspace_dir().join("sdk/patterns/src"), "rs") {
        let is_pattern =
            !["lib.rs", "main.rs", "catalog.rs", "pace.rs"].contains(&program.as_str());
        assert!(
            !is_pattern || index.contains(&program),
            "{program} is not in the index"
        );
    }
}

#[test]
fn lines_in_the_index_are_those_of_the_programs() {
    let root = workspace_dir();
    let index = fs::read_to_string(root.join("docs/patterns/README.md")).unwrap();
    let rows = |table: &str| -> Vec<Vec<String>> {
        let cells = |line: &str| line.split('|').map(|it| it.trim().to_owned()).collect();
        let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| #");
        table.lines().filter(is_row).map(cells).collect()
    };
    let (programs, lines) = index.split_once("## Lines").unwrap();
    let (programs, lines) = (rows(programs), rows(lines));
    assert_eq!((programs.len(), lines.len()), (18, 18));
    for (program, lines) in programs.iter().zip(&lines) {
        let path = program[5].split("../../").nth(1).unwrap();
        let text = fs::read_to_string(root.join(path.trim_end_matches(')'))).unwrap();
        let count = text.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(lines[4], count.to_string(), "row {}: {path}", lines[1]);
    }
}
