//! The order of the house, checked: which crate may use which, and that all keep the rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate may use of ours.
const MAY_USE: &[(&str, &[&str])] = &[
    ("nffg", &[]),
    ("idr", &["nffg"]),
    ("idt", &["nffg"]),
    ("alto", &["idr", "idt", "nffg"]),
    ("sof", &["alto", "idr", "idt", "nffg"]),
    ("broker", &["sof", "alto", "idr", "idt", "nffg"]),
    ("testbeds", &["broker", "sof", "alto", "idr", "idt", "nffg"]),
];

/// Crates that are plain data in, plain data out.
const CORES: &[&str] = &["nffg", "idr", "idt", "alto", "sof"];

/// What a core has no business with: sockets, clocks, threads of others, logs.
const NOT_IN_CORES: &[&str] = &[
    "tokio",
    "tokio-util",
    "axum",
    "hyper",
    "hyper-util",
    "reqwest",
    "tower",
    "tower-http",
    "tracing",
    "tracing-subscriber",
    "dashmap",
    "governor",
    "clap",
    "prometheus-client",
];

struct Crate {
    name: String,
    folder: PathBuf,
    /// Name and kind (`dev`, `build`, or nothing).
    dependencies: Vec<(String, Option<String>)>,
}

fn crates() -> Vec<Crate> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--no-deps",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| Crate {
            name: text(&package["name"]),
            folder: Path::new(&text(&package["manifest_path"]))
                .parent()
                .unwrap()
                .to_owned(),
            dependencies: package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (text(&one["name"]), one["kind"].as_str().map(str::to_owned)))
                .collect(),
        })
        .collect()
}

fn may_use(name: &str) -> Option<&'static [&'static str]> {
    MAY_USE
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, may)| *may)
}

fn is_ours(name: &str) -> bool {
    may_use(name).is_some()
}

#[test]
fn dependencies_point_downward() {
    let mut faults = Vec::new();
    for one in crates() {
        let Some(may) = may_use(&one.name) else {
            faults.push(format!(
                "crate {} is not in the table of tests/house.rs: give it a place",
                one.name
            ));
            continue;
        };
        for (used, kind) in one.dependencies.iter().filter(|(used, _)| is_ours(used)) {
            if !may.contains(&used.as_str()) {
                let kind = kind.as_deref().unwrap_or("normal");
                faults.push(format!(
                    "{} must not use {used} ({kind} dependency); it may use: {}",
                    one.name,
                    if may.is_empty() {
                        "none of ours".to_owned()
                    } else {
                        may.join(", ")
                    }
                ));
            }
        }
        for (used, _) in one.dependencies.iter().filter(|(_, kind)| kind.is_none()) {
            if CORES.contains(&one.name.as_str()) && NOT_IN_CORES.contains(&used.as_str()) {
                faults.push(format!(
                    "{} is a core, without I/O and clock; it must not use {used}",
                    one.name
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "the house's order is broken:\n  {}",
        faults.join("\n  ")
    );
}

/// The table itself must have an order: an arrow goes to a crate that stands before.
#[test]
fn the_table_has_no_circle() {
    let place: BTreeMap<&str, usize> = MAY_USE
        .iter()
        .enumerate()
        .map(|(place, (name, _))| (*name, place))
        .collect();
    for (name, may) in MAY_USE {
        for used in *may {
            assert!(place[used] < place[name], "{name} -> {used} points upward");
        }
    }
}

#[test]
fn every_crate_keeps_the_workspaces_rules() {
    for one in crates() {
        let manifest = std::fs::read_to_string(one.folder.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let inherits = |table: &str, key: &str| {
            manifest
                .get(table)
                .and_then(|table| table.get(key)?.as_bool())
                == Some(true)
        };
        assert!(
            inherits("lints", "workspace"),
            "{}: [lints] workspace = true is missing",
            one.name
        );
        for field in ["edition", "license", "rust-version", "version"] {
            let inherited = manifest["package"]
                .get(field)
                .and_then(|field| field.get("workspace"));
            assert!(
                inherited.and_then(toml::Value::as_bool) == Some(true),
                "{}: package.{field} must come from the workspace",
                one.name
            );
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(section).and_then(toml::Value::as_table);
            for (name, value) in table.into_iter().flatten() {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool);
                assert!(
                    inherited == Some(true),
                    "{}: {section}.{name} must be versioned in [workspace.dependencies]",
                    one.name
                );
            }
        }
    }
}

/// A path to a crate above, in code: a dependency smuggled in by `extern crate` or a re-export would
/// not show in the manifests.
#[test]
fn no_source_file_names_a_crate_above() {
    let mut faults = Vec::new();
    for one in crates() {
        let may = may_use(&one.name).unwrap_or_default();
        let forbidden: Vec<&str> = MAY_USE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| *name != one.name && !may.contains(name))
            .collect();
        for file in rust_files(&one.folder.join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                for name in forbidden.iter().filter(|name| names(line, name)) {
                    faults.push(format!(
                        "{}:{}: {} names {name}",
                        file.display(),
                        number + 1,
                        one.name
                    ));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "the house's order is broken:\n  {}",
        faults.join("\n  ")
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether code (not a comment) has `name` at the start of a path: `name::x`, `use name;`.
fn names(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(start, _)| {
        let (before, after) = (&code[..start], &code[start + name.len()..]);
        let begins_a_path =
            !before.ends_with(word) && !before.ends_with("::") && !before.ends_with('.');
        let is_a_crate = after.starts_with("::")
            || ["use ", "extern crate "]
                .iter()
                .any(|lead| before.trim_start().ends_with(lead))
                && after.starts_with([';', ' ']);
        begins_a_path && is_a_crate
    })
}

#[test]
fn the_search_for_names_finds_what_it_should() {
    for line in [
        "use broker::x;",
        "    broker::x()",
        "extern crate broker;",
        "use broker;",
        "(broker::A)",
    ] {
        assert!(names(line, "broker"), "{line}");
    }
    for line in [
        "// broker::x",
        "crate::broker::x",
        "my_broker::x",
        "let broker = 1;",
        "self.broker",
        "x // broker::",
    ] {
        assert!(!names(line, "broker"), "{line}");
    }
}
