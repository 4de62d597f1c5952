//! docs/alto-conformance.md: written from [`crate::requirements`], which is held against the tests. It names no
//! test that is not there, misses no test of the RFCs that it is about, and misses no requirement.
//!
//! After a change that is meant: `RENEW=1 cargo test -p alto --test conformance page`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::requirements::{Requirement, SPECIFICATIONS, Specification, State};

const PAGE: &str = "docs/alto-conformance.md";

/// What the page begins with.
const HEAD: &str = "# ALTO: requirement by requirement

What the specifications want of a server, and the test that shows it here. M is a MUST, S a SHOULD, Y a MAY, H what
HTTP wants (RFC 9110). Tests are named after their clauses; `cargo test -p alto` and `cargo test -p broker`
run them.

This page is written from the list of requirements beside the tests (`alto/tests/conformance/requirements`), by
`RENEW=1 cargo test -p alto --test conformance page`. A test fails where the two differ, where a test that is
named is not there, where a test of these RFCs is named nowhere, and where a requirement is neither shown nor
explained.
";

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

fn requirements() -> impl Iterator<Item = &'static Requirement> {
    SPECIFICATIONS
        .iter()
        .flat_map(|specification| specification.requirements)
}

/// The test names in a text: what is in backquotes and looks like one.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        name.contains('_')
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}

/// All tests that a requirement names.
fn named(requirement: &Requirement) -> impl Iterator<Item = &str> {
    let shown = requirement.tests.iter().copied();
    shown.chain(quoted(requirement.note))
}

fn counts(requirements: &[Requirement]) -> [usize; State::ALL.len()] {
    State::ALL.map(|state| {
        let of_it = requirements.iter().filter(|one| one.state == state);
        of_it.count()
    })
}

/// The whole page.
fn page() -> String {
    let mut out = HEAD.to_owned();
    summary(&mut out);
    for specification in &SPECIFICATIONS {
        table(&mut out, specification);
    }
    out
}

/// How many requirements are in which state, and those that are not done wholly.
fn summary(out: &mut String) {
    let states = State::ALL.map(State::name).join(" | ");
    writeln!(
        out,
        "\n| | requirements | {states} |\n|---|---|---|---|---|"
    )
    .unwrap();
    let mut all = [0; State::ALL.len()];
    for specification in &SPECIFICATIONS {
        let counts = counts(specification.requirements);
        let [done, in_part, not_done] = counts;
        let (title, of) = (specification.title, specification.requirements.len());
        writeln!(out, "| {title} | {of} | {done} | {in_part} | {not_done} |").unwrap();
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [done, in_part, not_done] = all;
    let of = requirements().count();
    writeln!(out, "| all | {of} | {done} | {in_part} | {not_done} |").unwrap();
    for state in [State::InPart, State::NotDone] {
        let of_it = requirements().filter(|one| one.state == state);
        let ids: Vec<String> = of_it
            .map(|one| format!("{} ({})", one.id, one.level.letter()))
            .collect();
        if !ids.is_empty() {
            let name = state.name();
            writeln!(
                out,
                "\n{}{}, each with its reason in its row: {}.",
                name[..1].to_uppercase(),
                &name[1..],
                ids.join(", ")
            )
            .unwrap();
        }
    }
}

fn table(out: &mut String, specification: &Specification) {
    writeln!(out, "\n## {}\n", specification.title).unwrap();
    if !specification.about.is_empty() {
        writeln!(out, "{}\n", specification.about).unwrap();
    }
    out.push_str("| | | | requirement | shown by |\n|---|---|---|---|---|\n");
    for one in specification.requirements {
        let mut shown: Vec<String> = vec![];
        if !one.tests.is_empty() {
            let tests = one.tests.iter().map(|test| format!("`{test}`"));
            shown.push(tests.collect::<Vec<_>>().join(", "));
        }
        if !one.note.is_empty() {
            shown.push(one.note.to_owned());
        }
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            one.id,
            one.level.letter(),
            one.state.name(),
            one.text,
            shown.join("; ")
        )
        .unwrap();
    }
    if !specification.after.is_empty() {
        writeln!(out, "\n{}", specification.after).unwrap();
    }
}

#[test]
fn the_page_is_what_is_written_from_the_requirements() {
    let path = root().join(PAGE);
    let page = page();
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = kept.lines().zip(page.lines());
    let differ = lines.position(|(kept, written)| kept != written);
    assert!(
        kept == page,
        "{PAGE} is not what the requirements say (line {}): if that is meant, \
         RENEW=1 cargo test -p alto --test conformance page",
        differ.unwrap_or_else(|| kept.lines().count()) + 1
    );
}

#[test]
fn every_requirement_is_shown_by_tests_that_are_there_or_says_why_not() {
    let tests = tests();
    for one in requirements() {
        let id = one.id;
        for name in named(one) {
            assert!(tests.contains(name), "{id}: no test is called {name}");
        }
        match one.state {
            State::Done => assert!(!one.tests.is_empty(), "{id} is shown by no test"),
            State::InPart => {
                assert!(!one.tests.is_empty(), "{id} is shown by no test");
                assert!(!one.note.is_empty(), "{id} does not say what is not done");
            }
            State::NotDone => assert!(!one.note.is_empty(), "{id} does not say why"),
        }
        // Else the row would have more cells, or less.
        for text in [id, one.text, one.note] {
            assert!(!text.contains(['|', '\n']), "{id}: {text}");
        }
    }
}

#[test]
fn what_is_said_around_the_tables_names_tests_that_are_there() {
    let tests = tests();
    for specification in &SPECIFICATIONS {
        for name in quoted(specification.about).chain(quoted(specification.after)) {
            assert!(tests.contains(name), "no test is called {name}");
        }
    }
}

#[test]
fn no_requirement_is_there_twice_or_is_lost() {
    let mut ids = BTreeSet::new();
    for one in requirements() {
        assert!(ids.insert(one.id), "{} twice", one.id);
    }
    for specification in &SPECIFICATIONS {
        let title = specification.title;
        assert_eq!(
            specification.requirements.len(),
            specification.count,
            "{title}"
        );
    }
}

#[test]
fn every_test_of_these_rfcs_is_named() {
    let named: BTreeSet<&str> = requirements().flat_map(named).collect();
    let missing: Vec<String> = tests()
        .into_iter()
        .filter(|name| TOLD.iter().any(|rfc| name.starts_with(rfc)))
        .filter(|name| !named.contains(name.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_requirement_of_the_checklist_is_there() {
    let list = root().join("../shared/specs/checklists/alto-conformance.md");
    let Ok(list) = std::fs::read_to_string(list) else {
        println!("skipped: the checklist is not at hand");
        return;
    };
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
    let ids: BTreeSet<String> = requirements().map(|one| one.id.to_owned()).collect();
    assert_eq!(ids, wanted);
}
