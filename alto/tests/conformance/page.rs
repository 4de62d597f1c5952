//! docs/alto-conformance.md, held against the tests: it names no test that is not there, misses no test of
//! the RFCs that it is about, and misses no requirement.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The RFCs that the page is about, as the names of their tests begin.
const TOLD: [&str; 11] = [
    "rfc7285_", "rfc7286_", "rfc8189_", "rfc8686_", "rfc8895_", "rfc8896_", "rfc9240_", "rfc9274_",
    "rfc9275_", "rfc9439_", "rfc9569_",
];

/// Sections of the list of requirements that the page has whole.
const SECTIONS: [&str; 10] = [
    "### C1 ", "### C2 ", "### C3 ", "### C4 ", "### C5 ", "### C6 ", "### C7 ", "### C8 ",
    "### C9 ", "### C10 ",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of all tests of both crates. A test is a function below `#[test]`, with attributes and
/// comments between.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["alto/src", "alto/tests", "broker/src", "broker/tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line == "#[test]" || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") {
                if is_test {
                    names.extend(rest.split(['(', '<']).next().map(str::to_owned));
                }
                is_test = false;
            }
        }
    }
    names
}

/// The rows of the page: the requirement, and what it is shown by.
fn rows() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(root().join("docs/alto-conformance.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |"))
    {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, level, _, shown] = cells.as_slice() else {
            panic!("a row has four cells: {line}");
        };
        assert!(["M", "S", "Y", "H"].contains(level), "{line}");
        assert_eq!(
            rows.insert((*id).to_owned(), (*shown).to_owned()),
            None,
            "{id} twice"
        );
    }
    rows
}

/// The test names in a cell: what is in backquotes and looks like one.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        name.contains('_')
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let tests = tests();
    for (id, shown) in rows() {
        let names: Vec<&str> = named(&shown).collect();
        for name in &names {
            assert!(tests.contains(*name), "{id}: no test is called {name}");
        }
        let says_why = shown.contains("not ");
        assert!(
            !names.is_empty() || says_why,
            "{id} is neither shown nor explained"
        );
    }
}

#[test]
fn every_test_of_these_rfcs_is_on_the_page() {
    let rows = rows();
    let on_page: BTreeSet<&str> = rows.values().flat_map(|shown| named(shown)).collect();
    let missing: Vec<String> = tests()
        .into_iter()
        .filter(|name| TOLD.iter().any(|rfc| name.starts_with(rfc)))
        .filter(|name| !on_page.contains(name.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_requirement_of_the_list_is_on_the_page() {
    let list = root().join("../shared/specs/checklists/alto-conformance.md");
    let Ok(list) = std::fs::read_to_string(list) else {
        println!("skipped: the list of requirements is not at hand");
        return;
    };
    let rows = rows();
    let mut is_told = false;
    let mut wanted = BTreeSet::new();
    for line in list.lines() {
        if line.starts_with("### ") {
            is_told = SECTIONS.iter().any(|section| line.starts_with(section));
        }
        if let Some(id) = line
            .strip_prefix("- ")
            .and_then(|line| line.split(' ').next())
            && is_told
        {
            wanted.insert(id.to_owned());
        }
    }
    assert!(wanted.len() > 70, "{wanted:?}");
    assert_eq!(rows.into_keys().collect::<BTreeSet<_>>(), wanted);
}
