//! A testbed that serves: what comes and goes while it does, and what it leaves behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::common::*;

#[cfg(unix)]
#[test]
fn no_child_outlives_the_testbed() {
    for (name, code) in [("INT", Some(0)), ("TERM", Some(0)), ("KILL", None)] {
        let mut running = Running::start(&["3as"]);
        let children = running.children();
        assert!(children.iter().all(|pid| lives(*pid)));
        signal(name, running.process.0.id().into());
        let status = wait_for("the testbed's end", || {
            running.process.0.try_wait().unwrap()
        });
        assert_eq!(status.code(), code, "SIG{name}");
        for pid in children {
            wait_for("a child's end", || (!lives(pid)).then_some(()));
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut process = testbed()
        .args(["3as", "--free-ports", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("3as: "));
    let status = wait_for("the testbed's end", || process.try_wait().unwrap());
    let stderr = read_all(&mut process.stderr.take().unwrap());
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn an_mdo_that_dies_ages_leaves_and_comes_back_with_the_same_vtag() {
    let running = Running::start(&["3as", "--hold", "3s", "--expire", "12s"]);
    let entities = || {
        let map = running.ask(&["propmap"]);
        map["property-map"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let all = ["pid:AS1", "pid:AS2", "pid:AS3"];
    let rfc9240 = running.ask(&["propmap", "--rfc9240"]);
    assert!(
        rfc9240["meta"]["dependent-vtags"][0]["tag"].is_string(),
        "{rfc9240:#}"
    );

    signal("TERM", running.mdo("AS2")["pid"].as_u64().unwrap());
    wait_for("AS2 is stale", || {
        (running.state("AS2") == "stale").then_some(())
    });
    assert_eq!(entities(), all, "what is stale is served");
    assert_eq!(running.ask(&["propmap", "--rfc9240"]), rfc9240);
    assert!(
        running.brokerctl(&["domains"]).stdout.contains("refused"),
        "the error is told"
    );

    wait_for("AS2 is gone", || {
        (running.state("AS2") == "gone").then_some(())
    });
    wait_for("AS2 has left the maps", || {
        (entities() == ["pid:AS1", "pid:AS3"]).then_some(())
    });
    let without = running.ask(&["propmap", "--rfc9240"]);
    assert_ne!(
        without["meta"], rfc9240["meta"],
        "another network map has another tag"
    );
    let placed = running.brokerctl(&["placements", "--sg", &file("3as", "request-sg.json")]);
    assert_eq!(placed.code, Some(1), "nobody has NF2: {}", placed.stdout);
    assert!(placed.stderr.contains("NF2"), "{}", placed.stderr);

    // As a person brings it back: by the line that was shown.
    let command = running.mdo("AS2")["command"].as_str().unwrap();
    let mdo = Command::new("sh")
        .args(["-c", &format!("exec {command}")])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _mdo = Killed(mdo);
    wait_for("AS2 is fresh again", || {
        (running.state("AS2") == "fresh").then_some(())
    });
    wait_for("AS2 is back in the maps", || {
        (entities() == all).then_some(())
    });
    assert_eq!(
        running.ask(&["propmap", "--rfc9240"]),
        rfc9240,
        "the same content has the same tag"
    );
}

#[test]
fn an_edit_of_an_export_shows_while_it_runs() {
    let folder = copy_of("3as");
    let running = Running::start(&["run", "--scenario", folder.path().to_str().unwrap()]);
    let cpu = || running.ask(&["propmap"])["property-map"]["pid:AS1"]["cpu"][0].clone();
    assert_eq!(cpu(), "50.0");
    edit(
        &folder.path().join("AS1.get-config.xml"),
        "<cpu>50.0</cpu>",
        "<cpu>12.5</cpu>",
    );
    wait_for("the edit", || (cpu() == "12.5").then_some(()));
}
