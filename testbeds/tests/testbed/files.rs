//! Members whose exports lie in a folder: the same answers, and what becomes of a member whose files go,
//! stay, or change.

use crate::common::*;

#[test]
fn both_scenarios_give_the_same_answers() {
    let heard = "AS2 is fresh    heard by file: AS2.resources.xml, AS2.topology.json\n";
    gives_the_same_answers("file", heard);
}

#[cfg(unix)]
#[test]
fn a_member_that_takes_its_files_away_leaves_and_comes_back_with_the_same_vtag() {
    let running = Running::start(&["3as", "--feed", "file"]);
    assert_eq!(running.ask(&["domain", "AS2"])["known-by"], "file");
    let before = running.ask(&["propmap", "--rfc9240"]);
    signal("TERM", running.mdo("AS2")["pid"].as_u64().unwrap());
    wait_for("AS2 is forgotten", || {
        (known(&running) == ["AS1", "AS3"]).then_some(())
    });
    assert_eq!(members(&running), ["pid:AS1", "pid:AS3"]);
    let _mdo = revive(&running, "AS2");
    wait_for("AS2 is back", || {
        (running.ask(&["propmap", "--rfc9240"]) == before).then_some(())
    });
}

#[cfg(unix)]
#[test]
fn files_do_not_age() {
    let feed = ["3as", "--feed", "file", "--hold", "2s", "--expire", "3s"];
    let running = Running::start(&feed);
    let before = running.ask(&["propmap", "--rfc9240"]);
    let killed = running.mdo("AS2")["pid"].as_u64().unwrap();
    signal("KILL", killed);
    wait_for("the MdO's end", || (!lives(killed)).then_some(()));
    // AS3's leave takes two looks, so AS2's files have been looked at as often.
    signal("TERM", running.mdo("AS3")["pid"].as_u64().unwrap());
    wait_for("AS3 is forgotten", || {
        (known(&running) == ["AS1", "AS2"]).then_some(())
    });
    assert_eq!(running.state("AS2"), "fresh");
    let _mdo = revive(&running, "AS3");
    wait_for("AS3 is back", || {
        (running.ask(&["propmap", "--rfc9240"]) == before).then_some(())
    });
    assert_eq!(running.state("AS2"), "fresh");
}

#[test]
fn an_edit_of_an_export_shows_and_a_wrong_one_is_told_with_its_line() {
    let folder = copy_of("3as");
    let path = folder.path().to_str().unwrap();
    let running = Running::start(&["run", "--scenario", path, "--feed", "file"]);
    let cpu = || running.ask(&["propmap"])["property-map"]["pid:AS1"]["cpu"][0].clone();
    let export = folder.path().join("AS1.get-config.xml");
    assert_eq!(cpu(), "50.0");
    edit(&export, "<cpu>50.0</cpu>", "<cpu>many</cpu>");
    let error = wait_for("the fault", || {
        let source = running.ask(&["domain", "AS1"])["sources"][0].clone();
        source["last-error"].as_str().map(str::to_owned)
    });
    assert!(
        error.contains("line ") && error.contains("'many'"),
        "{error}"
    );
    assert_eq!(cpu(), "50.0", "what was in force stays in force");
    edit(&export, "<cpu>many</cpu>", "<cpu>12.5</cpu>");
    wait_for("the edit", || (cpu() == "12.5").then_some(()));
}
