//! Members that push: the same answers from a broker whose settings name nobody, and what becomes of a
//! member that is killed, leaves, or finds another broker than it knew.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::*;

/// A process that prints where it listens, and the URL.
fn start(command: &mut Command) -> (Killed, String) {
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = process.stdout.take().unwrap();
    let process = Killed(process);
    let line = BufReader::new(stdout).lines().next();
    let line = line.expect("a line before the end").unwrap();
    let url = line.split_once("listening on ").expect("an address").1;
    (process, url.to_owned())
}

fn pid(running: &Running, domain: &str) -> u64 {
    running.mdo(domain)["pid"].as_u64().unwrap()
}

const ALL: [&str; 3] = ["pid:AS1", "pid:AS2", "pid:AS3"];

#[test]
fn both_scenarios_give_the_same_answers() {
    let heard = "AS2 is fresh    heard by push: registration, resources, topology\n";
    gives_the_same_answers("push", heard);
}

#[test]
fn what_is_in_the_maps_was_pushed() {
    let running = Running::start(&["3as", "--feed", "push"]);
    for domain in ["AS1", "AS2", "AS3"] {
        let domain = running.ask(&["domain", domain]);
        assert_eq!(domain["known-by"], "push", "{domain:#}");
        let sources = domain["sources"].as_array().unwrap();
        assert!(
            sources.iter().all(|source| source["channel"] == "push"),
            "{domain:#}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_member_that_is_killed_ages_leaves_and_comes_back_with_the_same_vtag() {
    let feed = ["3as", "--feed", "push", "--hold", "3s", "--expire", "12s"];
    let running = Running::start(&feed);
    let before = running.ask(&["propmap", "--rfc9240"]);
    signal("KILL", pid(&running, "AS2"));
    wait_for("AS2 is stale", || {
        (running.state("AS2") == "stale").then_some(())
    });
    assert_eq!(
        running.ask(&["propmap", "--rfc9240"]),
        before,
        "what is stale is served"
    );
    wait_for("AS2 has left the maps", || {
        (members(&running) == ["pid:AS1", "pid:AS3"]).then_some(())
    });
    assert_eq!(running.state("AS2"), "gone");
    let _mdo = revive(&running, "AS2");
    // What it pushed before is still known, and the versions that it had are told to it.
    wait_for("AS2 is back", || {
        (running.state("AS2") == "fresh" && members(&running) == ALL).then_some(())
    });
    wait_for("the same content has the same tag", || {
        (running.ask(&["propmap", "--rfc9240"]) == before).then_some(())
    });
}

#[cfg(unix)]
#[test]
fn a_member_that_is_told_to_stop_takes_leave_and_comes_back_with_the_same_vtag() {
    // Nothing ages here: who is not in the maps has left them.
    let feed = ["3as", "--feed", "push", "--hold", "1h", "--expire", "2h"];
    let running = Running::start(&feed);
    let before = running.ask(&["propmap", "--rfc9240"]);
    signal("TERM", pid(&running, "AS2"));
    wait_for("AS2 is forgotten", || {
        (known(&running) == ["AS1", "AS3"]).then_some(())
    });
    assert_eq!(members(&running), ["pid:AS1", "pid:AS3"]);
    let _mdo = revive(&running, "AS2");
    wait_for("AS2 is back", || {
        (running.ask(&["propmap", "--rfc9240"]) == before).then_some(())
    });
}

#[test]
fn an_edit_of_an_export_is_pushed_and_a_wrong_one_refused() {
    let folder = copy_of("3as");
    let path = folder.path().to_str().unwrap();
    let running = Running::start(&["run", "--scenario", path, "--feed", "push"]);
    let cpu = || running.ask(&["propmap"])["property-map"]["pid:AS1"]["cpu"][0].clone();
    let export = folder.path().join("AS1.get-config.xml");
    assert_eq!(cpu(), "50.0");
    edit(&export, "<cpu>50.0</cpu>", "<cpu>many</cpu>");
    // Whom the broker refuses it tells why, and he logs it.
    let log = running.document["broker"]["log"].as_str().unwrap();
    let log = Path::new(log).with_file_name("mdo-AS1.log");
    let refusal = wait_for("the refusal", || {
        let text = std::fs::read_to_string(&log).unwrap();
        let mut lines = text.lines().filter(|line| line.contains("HTTP 422"));
        lines.next().map(str::to_owned)
    });
    assert!(
        refusal.contains("/AS1/resources: ") && refusal.contains("'many' is not allowed"),
        "{refusal}"
    );
    assert_eq!(cpu(), "50.0", "what was in force stays in force");
    edit(&export, "<cpu>many</cpu>", "<cpu>12.5</cpu>");
    wait_for("the edit", || (cpu() == "12.5").then_some(()));

    let entry_point =
        || running.ask(&["propmap"])["property-map"]["pid:AS1"]["entry-point"][0].clone();
    let topology = folder.path().join("AS1.topology.json");
    edit(
        &topology,
        "http://172.25.0.10:8888/escape",
        "http://192.0.2.1/moved",
    );
    wait_for("the entry point that it registered anew", || {
        (entry_point() == "http://192.0.2.1/moved").then_some(())
    });
}

#[test]
fn a_member_that_cannot_be_heard_is_named_with_its_own_last_words() {
    let folder = copy_of("3as");
    std::fs::write(folder.path().join("AS2.get-config.xml"), "<html>").unwrap();
    let scenario = folder.path().to_str().unwrap();
    let ended = check(&[
        "run",
        "--scenario",
        scenario,
        "--feed",
        "push",
        "--patience",
        "5s",
    ]);
    assert_eq!(ended.code, Some(1));
    for words in ["\n  AS2", "HTTP 422: the document cannot be taken"] {
        assert!(
            ended.stderr.contains(words),
            "{words}\nnot in\n{}",
            ended.stderr
        );
    }
    assert!(!ended.stderr.contains("\n  AS1"), "{}", ended.stderr);
    let kept = ended
        .stderr
        .lines()
        .find_map(|line| line.split_once(" kept in "));
    std::fs::remove_dir_all(kept.unwrap().1).unwrap();
}

/// MdOs that are there before the broker, and outlive it.
#[cfg(unix)]
#[test]
fn members_register_with_a_broker_that_comes_later_and_anew_with_one_that_was_restarted() {
    // A port that is free now, and that the next broker has again: it is the MdOs that know it.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let server = format!("http://{address}");
    let mdos: Vec<Killed> = ["AS1", "AS2", "AS3"]
        .iter()
        .map(|domain| {
            let mut command = testbed();
            command
                .args(["mdo", "--domain", domain, "--scenario", "3as"])
                .args(["--listen", "127.0.0.1:0", "--push", &server])
                .args(["--lifetime", "3s"]);
            start(&mut command).0
        })
        .collect();
    let broker = || {
        let mut command = testbed();
        command.args(["brokerd", "--", "--listen", &address.to_string()]);
        start(&mut command).0
    };
    let ask = |args: &[&str]| -> Option<Value> {
        let mut command = testbed();
        command
            .args(["brokerctl", "--json", "--server", &server])
            .args(args);
        let ended: Ended = command.output().unwrap().into();
        serde_json::from_str(&ended.stdout).ok()
    };
    let expected = json("3as", "expected-propmap.json");
    let whole = || {
        let map = ask(&["propmap"])?;
        let request = file("3as", "request-sg.json");
        let placements = ask(&["placements", "--sg", &request])?;
        let is_whole = map["property-map"] == expected["property-map"]
            && placements["placements"].as_array()?.len() == 4;
        is_whole.then(|| ask(&["propmap", "--rfc9240"])).flatten()
    };
    let first = broker();
    let before = wait_for("everybody registers", whole);
    drop(first);
    assert_eq!(ask(&["domains"]), None, "there is no broker now");
    let _second = broker();
    let after = wait_for("everybody registers anew", whole);
    assert_eq!(after, before, "the same content has the same tag");
    drop(mdos);
}

/// Two writers of one entry: the MdO's own word is what stays.
#[test]
fn what_somebody_else_put_in_between_is_put_right() {
    let folder = copy_of("3as");
    let path = folder.path().to_str().unwrap();
    let running = Running::start(&["run", "--scenario", path, "--feed", "push"]);
    let cpu = || running.ask(&["propmap"])["property-map"]["pid:AS1"]["cpu"][0].clone();
    let export = folder.path().join("AS1.get-config.xml");
    let text = std::fs::read_to_string(&export).unwrap();
    let other = text.replace("<cpu>50.0</cpu>", "<cpu>1.0</cpu>");
    let url = format!("{}/broker/v1/domains/AS1/resources", running.server());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.put(&url).header("content-type", "application/xml");
        request.body(other).send().await.unwrap().status()
    });
    assert_eq!(status, 200);
    wait_for("the other version", || (cpu() == "1.0").then_some(()));
    // The next change of its own depends on a version that is not in force any more.
    edit(&export, "<cpu>50.0</cpu>", "<cpu>2.0</cpu>");
    wait_for("its own version", || (cpu() == "2.0").then_some(()));
}

/// Where the broker wants tokens, a member writes its own entry and no other.
#[test]
fn a_member_shows_its_token_and_writes_its_own_entry_alone() {
    const TOKEN: &str = "the-token-of-as1";
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("broker.toml");
    let principal = format!("name = 'as1'\nrole = 'member'\ndomain = 'AS1'\ntoken = '{TOKEN}'\n");
    std::fs::write(&settings, format!("[[auth.principals]]\n{principal}")).unwrap();
    let mut command = testbed();
    command
        .args(["brokerd", "--", "--listen", "127.0.0.1:0", "--config"])
        .arg(&settings);
    let (_broker, server) = start(&mut command);
    let mdo = |domain: &str| {
        let log = std::fs::File::create(folder.path().join(domain)).unwrap();
        let process = testbed()
            .args(["mdo", "--domain", domain, "--scenario", "3as"])
            .args(["--listen", "127.0.0.1:0", "--push", &server])
            .env("MDO_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Killed(process.unwrap())
    };
    let log = |domain: &str| std::fs::read_to_string(folder.path().join(domain)).unwrap();
    let _mdos = ["AS1", "AS2"].map(mdo);
    wait_for("AS1 is taken", || {
        log("AS1").contains("topology taken").then_some(())
    });
    wait_for("AS2 is refused", || {
        log("AS2")
            .contains("HTTP 403: 'as1' may not do this")
            .then_some(())
    });
    assert!(!log("AS2").contains("registered at"), "{}", log("AS2"));
}
