//! `testbed 3as --order` from outside: what becomes of orders, what is printed, and whether what is printed works.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::*;
use crate::scenarios::assert_readable;

#[test]
fn the_drafts_service_is_ordered_changed_and_ended() {
    let ended = check(&["3as", "--order"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for line in [
        // By price the third of Table 2, since AS1 asks three times as much for a function.
        "| * | NF1:AS3 NF2:AS2 NF3:AS3 | AS1 AS2 AS3 | 6     |",
        "  AS2      NF of type NF2; 3 flow entries\n",
        "  AS3      NF of type NF1, NF3; 4 flow entries\n",
        "  failure in try 1: AS3, to add its segment: ",
        "| * | NF1:AS1 NF2:AS2 SAP1:AS1 | AS1 AS2  | 6     |",
        "closed: AS3: to add its segment: ",
        "no room: it has cpu 10, NFs ask for 12",
        "choosing partners: no chain is left without the partners that have failed",
        "3as: all 6 orders ended as they must\n",
    ] {
        assert!(
            ended.stdout.contains(line),
            "{line}\nnot in\n{}",
            ended.stdout
        );
    }
    let all = ended.stdout.matches("=> as it must be\n").count();
    assert_eq!(all, 6, "{}", ended.stdout);
    let nothing = "nothing is left at the MdOs, nothing is held, every service is terminated";
    assert_eq!(ended.stdout.matches(nothing).count(), 3, "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
    assert_readable(&ended.stdout);
}

#[test]
fn seven_domains_are_ordered_from_too() {
    let ended = check(&["7as", "--order"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let all = "7as: all 3 orders ended as they must";
    assert!(ended.stdout.contains(all), "{}", ended.stdout);
}

#[test]
fn the_document_has_every_order() {
    let ended = check(&["3as", "--order", "--json", "--feed", "file"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["passed"], true);
    let orders = document["orders"].as_array().unwrap();
    let states: Vec<&str> = orders
        .iter()
        .map(|of| of["state"].as_str().unwrap())
        .collect();
    let done = "completed";
    assert_eq!(states, [done, done, done, done, done, "failed"]);
    assert!(
        orders
            .iter()
            .all(|of| of["faults"] == serde_json::json!([]))
    );
    assert_eq!(document["sofs"].as_array().unwrap().len(), 3);
}

/// A check that cannot fail is worse than none.
#[test]
fn an_order_that_ends_otherwise_fails_the_check() {
    let folder = copy_of("3as");
    let manifest = folder.path().join("scenario.toml");
    edit(&manifest, "ends = \"failed\"", "ends = \"completed\"");
    let ended = check(&[
        "run",
        "--order",
        "--scenario",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    for line in [
        "=> NOT as it must be:\n   the order: 'failed', not 'completed'\n",
        "1 of 6 orders did NOT end as they must:\n  AS2 has no room left",
        " kept in ",
    ] {
        assert!(
            ended.stdout.contains(line),
            "{line}\nnot in\n{}",
            ended.stdout
        );
    }
}

#[test]
fn what_cannot_be_ordered_is_said_before_anything_starts_or_at_once() {
    let told = check(&["3as", "--order", "--feed", "push"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("use another feed"), "{}", told.stderr);
    let folder = copy_of("3as");
    let manifest = folder.path().join("scenario.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let start = text.find("[order]").unwrap();
    let end = text.find("[[domains]]").unwrap();
    std::fs::write(&manifest, format!("{}{}", &text[..start], &text[end..])).unwrap();
    let told = check(&[
        "run",
        "--order",
        "--scenario",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("has no [order]"), "{}", told.stderr);
}

#[cfg(unix)]
#[test]
fn no_sof_outlives_the_testbed() {
    let mut running = Running::start(&["3as", "--order"]);
    let children = running.children();
    assert_eq!(children.len(), 7);
    assert!(children.iter().all(|pid| lives(*pid)));
    signal("KILL", running.process.0.id().into());
    wait_for("the testbed's end", || {
        running.process.0.try_wait().unwrap()
    });
    for pid in children {
        wait_for("a child's end", || (!lives(pid)).then_some(()));
    }
}

/// Runs lines as a person would; what they print.
fn shell(script: &str, folder: &Path) -> String {
    let output = Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env_remove("BROKERCTL_TOKEN")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let ended = Ended::from(output);
    assert_eq!(
        ended.code,
        Some(0),
        "{script}\n{}\n{}",
        ended.stdout,
        ended.stderr
    );
    ended.stdout
}

#[test]
fn the_lines_that_are_printed_work_as_printed() {
    if if_installed("curl", &["--version"]).is_none() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut process = testbed()
        .env("TMPDIR", scratch.path())
        .args(["3as", "--order", "--free-ports", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let _process = Killed(process);
    let mut script = String::new();
    let mut is_by_hand = false;
    for line in lines.by_ref() {
        let line = line.unwrap();
        is_by_hand |= line.starts_with("To order by hand");
        if is_by_hand && let Some(command) = line.strip_prefix("  ") {
            script.push_str(command);
            script.push('\n');
        }
        if line.ends_with("/progress") {
            break;
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    assert!(script.lines().count() >= 9, "{script}");
    let told = shell(&script, scratch.path());
    for word in [
        "state         completed\n",
        "AS2      modify    ",
        "| AS2     | active | closed",
        "\"state\":\"acknowledged\"",
        "\"externalId\":\"mine\"",
    ] {
        assert!(told.contains(word), "{word}\nnot in\n{told}");
    }
    assert_eq!(told.matches("order is completed\n").count(), 3, "{told}");
}

#[test]
fn the_pages_lines_on_ordering_by_hand_work_as_written() {
    if if_installed("curl", &["--version"]).is_none() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/sof.md")).unwrap();
    let (_, section) = page.split_once("\n## Ordering by hand\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("\n```sh\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|block| block.split("\n```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 2, "{section}");
    let running = Running::start(&["3as", "--order"]);
    let server = running.server();
    let address = server.strip_prefix("http://").unwrap();
    let program = env!("CARGO_BIN_EXE_testbed");
    let told: Vec<String> = blocks
        .iter()
        .map(|block| {
            let block = block.replace("127.0.0.1:8181", address);
            let script = format!(
                "brokerctl() {{ '{program}' brokerctl --server {server} \"$@\"; }}\n\
                 curl() {{ command curl -sS --fail-with-body \"$@\"; }}\n{block}\n"
            );
            shell(&script, &folder_of("3as"))
        })
        .collect();
    assert_eq!(
        told[0].matches("order is completed\n").count(),
        3,
        "{}",
        told[0]
    );
    assert!(
        told[0].contains("| * | NF1:AS3 NF2:AS2 NF3:AS3"),
        "{}",
        told[0]
    );
    assert!(told[1].contains("\"action\":\"add\""), "{}", told[1]);
    // What was ordered by curl comes about, too.
    wait_for("the second service is active", || {
        let services = running.ask(&["services", "--state", "active"]);
        (services.as_array()?.len() == 2).then_some(())
    });
}

#[test]
fn an_order_waits_for_a_partner_and_for_an_agreement_and_goes_on() {
    if if_installed("curl", &["--version"]).is_none() {
        return;
    }
    let running = Running::start(&["3as", "--order"]);
    let partners = format!("{}/broker/v1/partners", running.server());
    let terms = r#"{"service-type": "urn:brokermdo:schema:segment:v1", "valid-from": "2026-01-01T00:00:00Z"}"#;
    let request = file("3as", "request-sg.json");
    for (stop, why, go_on) in [
        (
            format!("-X POST {partners}/AS2/suspend"),
            "  waits for AS2: the partner is suspended",
            format!("-X POST {partners}/AS2/resume"),
        ),
        (
            format!("-X DELETE {partners}/AS3/agreements/testbed"),
            "  waits for AS3: there is no agreement",
            format!(
                "-X PUT -H 'Content-Type: application/json' -d '{terms}' {partners}/AS3/agreements/new"
            ),
        ),
    ] {
        let curl = |what: &str| shell(&format!("curl -sS --fail-with-body {what}"), Path::new("."));
        curl(&stop);
        let mut watching = testbed()
            .args(["brokerctl", "--server", running.server()])
            .args(["order", "--sg", &request, "--watch"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
        let mut watching = Killed(watching);
        let mut told = Vec::new();
        for line in lines {
            let line = line.unwrap();
            if line.ends_with(why) {
                curl(&go_on);
            }
            told.push(line);
        }
        assert_eq!(watching.0.wait().unwrap().code(), Some(0), "{told:#?}");
        assert!(told.iter().any(|line| line.ends_with(why)), "{told:#?}");
    }
}
