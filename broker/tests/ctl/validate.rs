//! `brokerctl validate`, with no broker there.

use std::path::Path;

use serde_json::Value;

use super::{BRIEF, Broker, Ended, Folder, run, run_with, virtualizer};

/// Nobody is asked: the server is one that cannot be.
fn validate(args: &[&str]) -> Ended {
    let all = ["--server", "http://127.0.0.1:1", "validate"];
    run(&[&all[..], args].concat())
}

/// The standard output of a run that found faults.
fn faults(args: &[&str]) -> String {
    let ended = validate(args);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(1), ""),
        "{}",
        ended.stdout
    );
    ended.stdout
}

#[test]
fn a_good_file_is_good() {
    let folder = Folder::of(&[("AS7.yaml", BRIEF), ("AS8.xml", &virtualizer(4))]);
    let path = folder.path("AS7.yaml");
    let text = validate(&[&path]).good();
    assert!(
        text.starts_with(&format!("{path}: good\n  document    brief in YAML, ")),
        "{text}"
    );
    assert!(
        text.contains("  links       0 within, 1 to AS2\n"),
        "{text}"
    );
    let text = validate(&[&path, &folder.path("AS8.xml")]).good();
    assert!(
        text.ends_with("\n2 files: 2 good, 0 with faults\n"),
        "{text}"
    );
    assert_eq!(
        text,
        validate(&[folder.whole()]).good(),
        "a folder is its exports"
    );
}

#[test]
fn each_kind_of_fault_has_its_place() {
    let folder = Folder::of(&[
        ("syntax.json", "{\"cpu\": 1,\n}"),
        ("syntax.yaml", "cpu: [1\n"),
        ("syntax.xml", "<virtualizer>\n<nodes>"),
        ("format.json", "{\n\"x\": 1}"),
        ("value.yaml", "mem: 1 GB\ncpu: -1\n"),
        ("name.yaml", "cpu: 1\nnff: []\n"),
        ("number.xml", &virtualizer(4).replace(">4<", ">x<")),
        ("url.yaml", "cpu: 1\nentry-point: mdo.example\n"),
        ("whose.json", r#"{"nodes": {"node": [{"id": "AS7"}]}}"#),
    ]);
    for (name, words) in [
        ("syntax.json", ":2:1: error: not JSON"),
        ("syntax.yaml", ": error: not YAML"),
        ("syntax.xml", ": error: not well-formed XML"),
        ("format.json", "no format has these"),
        ("value.yaml", ":2:6: error: /cpu: '-1' is not allowed: "),
        ("name.yaml", ":2:1: error: /nff: 'nff' is not allowed: "),
        (
            "number.xml",
            ":6:18: error: /virtualizer/nodes/node/resources/cpu: 'x' is not",
        ),
        (
            "url.yaml",
            ":2:14: error: entry-point: 'mdo.example' is not allowed: an absolute",
        ),
        (
            "whose.json",
            ": error: the topology has no node of domain 'whose': it tells of AS7",
        ),
    ] {
        let text = faults(&[&folder.path(name)]);
        assert!(text.contains(words), "{name}: {words} in\n{text}");
        assert!(text.starts_with(&folder.path(name)), "{text}");
    }
    let edited = folder.path("number.xml");
    let base = Folder::of(&[("AS7.xml", &virtualizer(4))]);
    let text = faults(&["--against", &base.path("AS7.xml"), &edited]);
    assert!(
        text.contains("(in what the edit makes, line 6, column "),
        "{text}"
    );
}

#[test]
fn a_wrong_command_line_is_told_as_such() {
    let folder = Folder::of(&[("AS7.yaml", BRIEF), ("a b.yaml", BRIEF)]);
    let (good, unnamed) = (folder.path("AS7.yaml"), folder.path("a b.yaml"));
    let empty = Folder::of(&[]);
    for (args, words) in [
        (&[][..], "required"),
        (&["--format", "csv", &good], "'csv' is no format"),
        (
            &["--syntax", "toml", &good],
            "possible values: xml, json, yaml",
        ),
        (&["--domain", "a b", &good], "not a valid domain id"),
        (&[&unnamed], "whose export is it? Say --domain AS7"),
        (
            &[&folder.path("missing.yaml")],
            "cannot be read: No such file",
        ),
        (
            &["--against", &folder.path("missing.yaml"), &good],
            "cannot read",
        ),
        (&["--against", &good, &good], "takes no edits"),
        (&[empty.whole()], "has no exports"),
        (&["-", "-"], "once only"),
    ] {
        let text = validate(args).failed(2);
        assert!(text.contains(words), "{args:?}: {words} in\n{text}");
    }
    // The others are checked all the same, and what cannot be done weighs more than faults.
    let text = validate(&[&folder.path("missing.yaml"), &good]);
    assert!(text.stdout.contains("AS7.yaml: good"), "{}", text.stdout);
    text.failed(2);
}

#[test]
fn standard_input_is_a_file_too() {
    let xml = virtualizer(4);
    let text = run_with(&["validate", "-"], &xml).good();
    assert!(
        text.starts_with("-: good\n  document    virtualizer in XML"),
        "{text}"
    );
    run_with(&["validate", "-"], BRIEF).failed(2);
    run_with(&["validate", "--domain", "AS7", "-"], BRIEF).good();
    let ended = run_with(&["validate", "--domain", "AS7", "-"], "cpu: x\n");
    assert!(
        ended.stdout.starts_with("-:1:6: error: /cpu: 'x'"),
        "{}",
        ended.stdout
    );
    ended.failed(1);
}

#[test]
fn a_file_of_20_mb_is_too_large_however_good() {
    let folder = Folder::of(&[]);
    let path = folder.path("AS7.yaml");
    std::fs::write(&path, format!("cpu: 1\n#{}\n", " ".repeat(20_000_000))).unwrap();
    let text = faults(&[&path]);
    assert!(text.contains("it is larger than 16777216 bytes"), "{text}");
}

#[test]
fn json_is_for_programs() {
    let folder = Folder::of(&[("AS7.yaml", BRIEF), ("AS8.yaml", "cpu: x\n")]);
    let told = validate(&["--json", &folder.path("AS7.yaml")]).json();
    assert_eq!(told["files"][0]["topology"]["links"]["to"]["AS2"], 1);
    let missing = folder.path("none.yaml");
    let ended = validate(&["--json", &folder.path("AS8.yaml"), &missing]);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["files"][0]["faults"][0]["line"], 1);
    assert_eq!(
        (&told["faulty"], &told["unchecked"]),
        (&1.into(), &1.into())
    );
    assert!(
        told["files"][1]["unchecked"]
            .as_str()
            .unwrap()
            .contains("No such file")
    );
    ended.failed(2);
}

/// What is good here the broker takes, and what is not it does not.
#[test]
fn the_broker_says_the_same() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/formats/examples");
    let broker = Broker::start("");
    let mut agreed = [0, 0];
    for domain in ["AS1", "AS65001"] {
        broker.ctl(&["register", domain]).good();
        for entry in Path::new(examples).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let path = path.to_str().unwrap();
            let ended = validate(&["--json", "--domain", domain, path]);
            let told: Value = serde_json::from_str(&ended.stdout).unwrap();
            let told = &told["files"][0];
            let is_good = ended.code == Some(0);
            assert_eq!(told["good"], is_good);
            for slot in ["resources", "topology"] {
                let pushed = broker.ctl(&["push", domain, slot, path]);
                let is_told = is_good && !told[slot].is_null();
                let expected = if is_told { 0 } else { 1 };
                assert_eq!(
                    pushed.code,
                    Some(expected),
                    "{path}: {told:#}\n{}",
                    pushed.stderr
                );
                agreed[usize::from(is_told)] += 1;
            }
        }
        broker.ctl(&["leave", domain]).good();
    }
    assert!(agreed.iter().all(|number| *number > 0), "{agreed:?}");
}
