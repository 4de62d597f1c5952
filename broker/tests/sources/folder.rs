//! `files.folder`: a folder of exports whose names say whose they are.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::documents::{unify, virtualizer};
use crate::files::put;
use crate::process::{Broker, wait_for};

fn settings(folder: &Path) -> String {
    format!("[files]\nfolder = {folder:?}\n")
}

fn broker(prepare: impl FnOnce(&Path)) -> (Broker, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    (Broker::start(&settings(folder.path())), folder)
}

#[test]
fn the_names_say_whose_the_files_are() {
    let (broker, folder) = broker(|folder| {
        put(&folder.join("AS7.resources.xml"), &virtualizer("7"));
        put(&folder.join("0.0.0.7.json"), &unify(7, &[8]));
        put(&folder.join("AS8.yaml"), "cpu: 8\nneighbours: [AS7]\n");
        put(&folder.join("operator-1.yml"), "cpu: 1\n");
        for name in [".AS9.yaml", "README", "AS10", "two words.yaml"] {
            fs::write(folder.join(name), "cpu: 4\n").unwrap();
        }
        fs::create_dir(folder.join("AS11.yaml")).unwrap();
    });
    wait_for("everybody", || {
        (broker.domains() == ["AS7", "AS8", "operator-1"]).then_some(())
    });
    let as7 = broker.wait_until("AS7", "missing", &json!([]));
    assert_eq!((&as7["known-by"], &as7["asn"]), (&json!("file"), &json!(7)));
    assert_eq!(as7["sources"].as_array().unwrap().len(), 2);
    wait_for("the graph", || (broker.edges() == ["7-8"]).then_some(()));
    assert_eq!(broker.cpu("AS8"), Some(8));
    // Each oddity is told once, however often it is looked at.
    put(&folder.path().join("AS8.yaml"), "cpu: 9\n");
    wait_for("another look", || {
        (broker.cpu("AS8") == Some(9)).then_some(())
    });
    let log = broker.log();
    let path = |name: &str| format!("{} is ", folder.path().join(name).display());
    for name in ["README", "AS10", "AS11.yaml", "two words.yaml"] {
        assert_eq!(log.matches(&path(name)).count(), 1, "{name}\n{log}");
    }
    assert_eq!(log.matches(&path(".AS9.yaml")).count(), 0, "{log}");
}

#[test]
fn a_file_makes_a_member_and_its_removal_ends_it() {
    let (broker, folder) = broker(|_| {});
    wait_for("it is ready", || {
        (broker.get("/readyz").0 == 200).then_some(())
    });
    assert!(broker.domains().is_empty());
    let path = folder.path().join("AS7.yaml");
    put(&path, "cpu: 7\n");
    broker.wait_until("AS7", "state", &json!("fresh"));
    assert_eq!(broker.cpu("AS7"), Some(7));
    fs::remove_file(&path).unwrap();
    wait_for("nobody", || broker.domains().is_empty().then_some(()));
    assert!(
        !broker.get("/metrics").1.contains("AS7.yaml"),
        "its labels go with it"
    );
    put(&path, "cpu: 8\n");
    wait_for("it again", || (broker.cpu("AS7") == Some(8)).then_some(()));
}

/// A domain whose only file is wrong is to be seen, or nobody would find the fault.
#[test]
fn a_wrong_file_makes_its_domain_known_but_no_member() {
    let (broker, folder) = broker(|folder| put(&folder.join("AS7.yaml"), "cpu: 7\ncpus: 8\n"));
    let error = broker.error(
        "AS7",
        &format!("file {}", folder.path().join("AS7.yaml").display()),
    );
    assert!(error.contains("line 2, "), "{error}");
    let domain = broker.domain("AS7").unwrap();
    assert_eq!(
        (&domain["state"], &domain["known-by"]),
        (&json!("waiting"), &json!("file"))
    );
    assert_eq!(broker.cpu("AS7"), None);
    assert_eq!(broker.get("/readyz").0, 200);
}

/// Those of whom nothing is served are forgotten some time; who has a file is not.
#[test]
fn a_wrong_file_is_not_forgotten_while_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("AS7.yaml"), "cpu: [\n");
    let pace = "[pull]\ninterval = '50ms'\n\
        [liveness]\nhold = '100ms'\nexpire = '200ms'\nforget = '100ms'\n";
    let broker = Broker::with_pace(pace, &settings(folder.path()));
    let kind = format!("file {}", folder.path().join("AS7.yaml").display());
    let error = broker.error("AS7", &kind);
    // One who comes later and is forgotten before.
    assert_eq!(
        broker.put("/broker/v1/domains/AS9", "{\"lifetime\": 1}"),
        201
    );
    wait_for("AS9 is known", || broker.domain("AS9").map(drop));
    wait_for("AS9 is forgotten", || {
        broker.domain("AS9").is_none().then_some(())
    });
    assert_eq!(broker.error("AS7", &kind), error);
}

#[test]
fn a_folder_that_appears_later_is_found_and_one_that_goes_takes_all_along() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("exports");
    let broker = Broker::start(&settings(&folder));
    wait_for("it is ready all the same", || {
        (broker.get("/readyz").0 == 200).then_some(())
    });
    wait_for("the complaint", || {
        broker
            .log()
            .contains("cannot look into files.folder")
            .then_some(())
    });
    fs::create_dir(&folder).unwrap();
    put(&folder.join("AS7.yaml"), "cpu: 7\n");
    broker.wait_until("AS7", "state", &json!("fresh"));
    fs::remove_dir_all(&folder).unwrap();
    wait_for("nobody", || broker.domains().is_empty().then_some(()));
    assert_eq!(
        broker
            .log()
            .matches("cannot look into files.folder")
            .count(),
        2
    );
}

#[test]
fn members_over_the_limit_are_told_in_the_log() {
    let (broker, folder) = {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("AS1.yaml"), "cpu: 1\n");
        put(&folder.path().join("AS2.yaml"), "cpu: 2\n");
        let settings = format!("{}[limits]\nmembers = 1\n", settings(folder.path()));
        (Broker::start(&settings), folder)
    };
    wait_for("it is ready all the same", || {
        (broker.get("/readyz").0 == 200).then_some(())
    });
    assert_eq!(broker.domains(), ["AS1"]);
    let log = broker.log();
    let told = log
        .lines()
        .filter(|line| line.contains("there are 1 members already (limits.members)"));
    let told: Vec<_> = told.collect();
    assert!(told.len() == 1 && told[0].contains("domain=AS2"), "{log}");
    drop(folder);
}

/// Until every file has been looked at, the maps would look as if members were missing.
#[test]
fn who_finds_the_broker_ready_finds_thousands_of_files_in_the_maps() {
    const FILES: usize = 3000;
    let (broker, folder) = broker(|folder| {
        for asn in 1..=FILES {
            fs::write(
                folder.join(format!("AS{asn}.yaml")),
                format!("cpu: {asn}\n"),
            )
            .unwrap();
        }
    });
    wait_for("it is ready", || {
        (broker.get("/readyz").0 == 200).then_some(())
    });
    assert_eq!(broker.domains().len(), FILES);
    assert_eq!(broker.cpu("AS2999"), Some(2999));
    put(&folder.path().join("AS2999.yaml"), "cpu: 1\n");
    wait_for("a change", || {
        (broker.cpu("AS2999") == Some(1)).then_some(())
    });
}
