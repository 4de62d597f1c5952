//! `testbed 3as --check` and its like from outside: what they print and how they end.

use std::net::TcpListener;
use std::path::PathBuf;

use crate::common::*;

/// RFC 9112 and editors aside, a terminal has 100 columns.
pub(crate) fn assert_readable(text: &str) {
    for line in text.lines() {
        let is_table = line.starts_with(['|', '+']);
        assert!(
            !is_table || line.chars().count() <= 100,
            "wider than 100 columns: {line}"
        );
        assert!(!line.contains('\u{1b}'), "an escape sequence: {line:?}");
    }
}

/// The folder that was left for somebody to look into.
fn kept(text: &str) -> PathBuf {
    let path = text.lines().find_map(|line| line.split_once(" kept in "));
    path.expect("a folder that is kept").1.into()
}

#[test]
fn the_draft_comes_true() {
    let ended = check(&["3as"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for line in [
        "| AS1 | http://172.25.0.10:8888/escape | SAP1 | {NF1, NF3}   | 50.0 | 60.0 | 70.0    |",
        "| AS2 | http://172.26.0.10:8888/escape | -    | {NF2}        | 10.0 | 20.0 | 30.0    |",
        "| AS3 | http://172.27.0.10:8888/escape | SAP2 | {NF1, NF3}   | 80.0 | 90.0 | 100.0   |",
        "| NF1 -> NF2         | [AS1, AS2]             |",
        "|                    | [AS3, AS2]             |",
        "1:{AS1:SAP1->AS1:NF1->AS2:NF2->AS3:NF3->AS3:SAP2}",
        "2:{AS1:SAP1->AS1:NF1->AS2:NF2->AS1:NF3->AS2->AS3:SAP2}",
        "3:{AS1:SAP1->AS2->AS3:NF1->AS2:NF2->AS3:NF3->AS3:SAP2}",
        "4:{AS1:SAP1->AS2->AS3:NF1->AS2:NF2->AS1:NF3->AS2->AS3:SAP2}",
        "3as: all 6 checks passed",
    ] {
        assert!(
            ended.stdout.contains(line),
            "{line}\nnot in\n{}",
            ended.stdout
        );
    }
    assert_eq!(
        ended.stdout.matches("=> equals the draft").count(),
        4,
        "{}",
        ended.stdout
    );
    assert_eq!(
        ended.stdout.matches("=> refused by its name").count(),
        2,
        "{}",
        ended.stdout
    );
    assert_eq!(ended.stderr, "");
    assert_readable(&ended.stdout);
}

#[test]
fn seven_domains_give_the_expected_answers() {
    let ended = check(&["7as"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(
        ended
            .stdout
            .matches("=> equals the expected answer")
            .count(),
        4,
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("7as: all 4 checks passed"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("DIFFERS"), "{}", ended.stdout);
    assert_readable(&ended.stdout);
}

#[test]
fn the_document_says_the_same() {
    let ended = check(&["3as", "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["equal"], true);
    let checks = document["checks"].as_array().unwrap();
    assert!(
        checks.iter().all(|check| check["equal"] == true),
        "{document:#}"
    );
    assert_eq!(checks[2]["got"], json("3as", "expected-placements.json"));
}

/// A check that cannot fail is worse than none.
#[test]
fn a_wrong_expectation_fails_and_the_difference_is_shown() {
    let folder = copy_of("3as");
    let file = |name: &str| folder.path().join(name);
    edit(&file("expected-propmap.json"), "50.0", "51.0");
    edit(&file("expected-costmap.json"), "\"AS2\"", "\"AS9\"");
    edit(&file("expected-placements.json"), "AS1:NF3", "AS2:NF3");
    edit(&file("scenario.toml"), "E_SYNTAX", "E_MISSING_FIELD");
    let ended = check(&["run", "--scenario", folder.path().to_str().unwrap()]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    for line in [
        "   property-map/pid:AS1/cpu: missing: \"51.0\"\n",
        "   property-map/pid:AS1/cpu: not expected: \"50.0\"\n",
        "   cost-map/SAP1/SAP2/SAP1/NF1: missing: [\"AS1\",\"AS9\",\"AS3\"]\n",
        "   code: expected \"E_MISSING_FIELD\"\n",
        "5 of 6 checks FAILED:\n",
        // The answers are shown all the same.
        "| AS1 | http://172.25.0.10:8888/escape | SAP1 | {NF1, NF3}   | 50.0 |",
    ] {
        assert!(
            ended.stdout.contains(line),
            "{line}\nnot in\n{}",
            ended.stdout
        );
    }
    let kept = kept(&ended.stdout);
    assert!(kept.join("broker.log").is_file());
    std::fs::remove_dir_all(kept).unwrap();
}

#[test]
fn an_mdo_that_exports_nonsense_is_named_when_the_time_is_up() {
    let folder = copy_of("3as");
    std::fs::write(folder.path().join("AS2.get-config.xml"), "<html>").unwrap();
    let scenario = folder.path().to_str().unwrap();
    let ended = check(&["run", "--scenario", scenario, "--patience", "3s"]);
    assert_eq!(ended.code, Some(1));
    for words in [
        "has not heard from everybody within 3s",
        "\n  AS2, pull resources from http://127.",
    ] {
        assert!(
            ended.stderr.contains(words),
            "{words}\nnot in\n{}",
            ended.stderr
        );
    }
    assert!(!ended.stderr.contains("\n  AS1, "), "{}", ended.stderr);
    std::fs::remove_dir_all(kept(&ended.stderr)).unwrap();
}

#[test]
fn a_listen_address_that_is_taken_is_an_error_if_it_was_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&["3as", "--check", "--free-ports", "--listen", &address]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("the broker ended at once"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains(&address), "{}", ended.stderr);
    std::fs::remove_dir_all(kept(&ended.stderr)).unwrap();
}

#[test]
fn the_default_address_is_replaced_if_it_is_taken() {
    // If it is not we who take it, it is somebody else.
    let _taken = TcpListener::bind("127.0.0.1:8181");
    let ended = run(&["3as", "--check", "--free-ports"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("(127.0.0.1:8181 is taken, so "),
        "{}",
        ended.stdout
    );
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    for args in [
        &["9as"][..],
        &[],
        &["3as", "--listen", "nowhere"],
        &["mdo", "--domain", "AS1"],
    ] {
        assert_eq!(run(args).code, Some(2), "{args:?}");
    }
    let ended = run(&["run"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(1), "testbed: name a folder: --scenario DIR\n")
    );
    let ended = run(&[
        "mdo",
        "--domain",
        "AS9",
        "--scenario",
        "3as",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "testbed: scenario 3as has no domain AS9; it has AS1, AS2, AS3\n"
    );
}
