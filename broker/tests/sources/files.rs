//! Files that the settings name for a domain.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::documents::{unify, virtualizer};
use crate::process::{Broker, wait_for};
use crate::server::{Response, Server};

/// A file in place as a whole, as an exporter should put it.
pub(crate) fn put(path: &Path, text: &str) {
    let new = path.with_file_name(".new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

/// A broker that looks at these files, or folders, of AS1, and where they are.
fn broker(names: &[&str], prepare: impl FnOnce(&Path)) -> (Broker, TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    let settings = format!("[[domains]]\nid = 'AS1'\nfiles = {paths:?}\n");
    (Broker::start(&settings), folder, paths)
}

#[test]
fn a_file_makes_its_domain_a_member_and_a_change_of_it_shows() {
    let (broker, _folder, paths) = broker(&["as1.yaml"], |folder| {
        put(
            &folder.join("as1.yaml"),
            "entry-point: http://a.example/\ncpu: 4\nneighbours: []\n",
        );
    });
    let domain = broker.wait_until("AS1", "state", &json!("fresh"));
    assert_eq!(domain["known-by"], "settings");
    assert_eq!(domain["missing"], json!([]));
    assert_eq!(
        domain["sources"][0]["used-for"],
        json!(["resources", "topology", "entry-point"])
    );
    assert_eq!(broker.cpu("AS1"), Some(4));
    put(&paths[0], "entry-point: http://a.example/\ncpu: 5\n");
    wait_for("the change", || {
        (broker.cpu("AS1") == Some(5)).then_some(())
    });
    assert_eq!(
        broker.domain("AS1").unwrap()["missing"],
        json!([]),
        "brief tells a topology without links"
    );
}

#[test]
fn a_wrong_file_is_told_with_its_line_and_the_old_content_stays_in_force() {
    let (broker, _folder, paths) = broker(&["as1.xml"], |folder| {
        put(&folder.join("as1.xml"), &virtualizer("4"));
    });
    broker.wait_until("AS1", "nodes", &json!(1));
    let version = broker.file("AS1", &paths[0]).unwrap()["document"]["version"].clone();
    put(&paths[0], &virtualizer("lots"));
    let error = broker.error("AS1", &format!("file {}", paths[0].display()));
    assert!(
        error.starts_with("the document cannot be taken: line 2, column "),
        "{error}"
    );
    assert!(error.contains("'lots' is not allowed"), "{error}");
    let source = broker.file("AS1", &paths[0]).unwrap();
    assert_eq!(
        (&source["state"], &source["failures"]),
        (&json!("fresh"), &json!(1))
    );
    assert_eq!(source["document"]["version"], version);
    assert_eq!(broker.cpu("AS1"), Some(4));
    // Back to what it was: the fault is forgotten.
    put(&paths[0], &virtualizer("4"));
    wait_for("the recovery", || {
        (broker.file("AS1", &paths[0])?["failures"] == 0).then_some(())
    });
    assert_eq!(
        broker.file("AS1", &paths[0]).unwrap()["document"]["version"],
        version
    );
}

/// What the writer refuses, it refuses again when the file was only touched.
#[test]
fn a_document_that_is_refused_stays_refused_when_the_file_is_touched() {
    let (broker, _folder, paths) = broker(&["as1.json"], |folder| {
        put(&folder.join("as1.json"), &unify(9, &[]));
    });
    let kind = format!("file {}", paths[0].display());
    let error = broker.error("AS1", &kind);
    for count in 2..4 {
        put(&paths[0], &unify(9, &[]));
        wait_for("the next refusal", || {
            (broker.file("AS1", &paths[0])?["failures"] == count).then_some(())
        });
    }
    assert_eq!(broker.error("AS1", &kind), error);
    assert_eq!(broker.domain("AS1").unwrap()["state"], "waiting");
}

#[test]
fn a_file_that_is_removed_is_withdrawn_and_missed() {
    let (broker, _folder, paths) = broker(&["as1.xml"], |folder| {
        put(&folder.join("as1.xml"), &virtualizer("4"));
    });
    broker.wait_until("AS1", "nodes", &json!(1));
    fs::remove_file(&paths[0]).unwrap();
    broker.wait_until("AS1", "nodes", &json!(0));
    let error = broker.error("AS1", &format!("file {}", paths[0].display()));
    assert!(
        error.starts_with("cannot read ") && error.contains("No such file"),
        "{error}"
    );
    put(&paths[0], &virtualizer("5"));
    broker.wait_until("AS1", "nodes", &json!(1));
}

#[test]
fn an_editor_s_replace_is_not_seen_in_the_maps() {
    let (broker, _folder, paths) = broker(&["as1.xml"], |folder| {
        put(&folder.join("as1.xml"), &virtualizer("0"));
    });
    broker.wait_until("AS1", "nodes", &json!(1));
    for cpu in 1..=30 {
        fs::remove_file(&paths[0]).unwrap();
        put(&paths[0], &virtualizer(&cpu.to_string()));
    }
    wait_for("the last version", || {
        (broker.cpu("AS1") == Some(30)).then_some(())
    });
    let log = broker.log();
    assert!(!log.contains("withdrawn"), "{log}");
}

#[test]
fn of_two_files_one_may_tell_resources_and_one_topology() {
    let (broker, _folder, paths) = broker(&["exports"], |folder| {
        fs::create_dir(folder.join("exports")).unwrap();
        put(&folder.join("exports/resources.xml"), &virtualizer("4"));
        put(&folder.join("exports/topology.json"), &unify(1, &[2]));
    });
    let domain = broker.wait_until("AS1", "missing", &json!([]));
    let uses: Vec<_> = domain["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["used-for"])
        .collect();
    assert_eq!(
        uses,
        [&json!(["resources"]), &json!(["topology", "entry-point"])]
    );
    fs::remove_file(paths[0].join("resources.xml")).unwrap();
    let domain = broker.wait_until("AS1", "missing", &json!(["resources"]));
    assert_eq!(
        (&domain["state"], &domain["links"]),
        (&json!("fresh"), &json!(1))
    );
    let series = |name: &str| {
        let source = format!("file {}", paths[0].join(name).display());
        format!(r#"brokerd_source_state{{domain="AS1",source="{source}",state="fresh"}}"#)
    };
    assert_eq!(broker.metric(&series("topology.json")), Some(1.0));
    wait_for("the metrics to forget the other", || {
        broker
            .metric(&series("resources.xml"))
            .is_none()
            .then_some(())
    });
}

#[test]
fn a_file_that_grows_beyond_the_limit_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("as1.yaml");
    put(&path, "cpu: 4\n");
    let settings =
        format!("limits.member.bytes = 100\n[[domains]]\nid = 'AS1'\nfiles = [{path:?}]\n");
    // Before the tables.
    let broker = Broker::with_pace("", &settings);
    broker.wait_until("AS1", "nodes", &json!(1));
    put(&path, &format!("cpu: 5 #{}\n", "x".repeat(100)));
    let error = broker.error("AS1", &format!("file {}", path.display()));
    assert!(
        error.ends_with("it is larger than 100 bytes (limits.member.bytes)"),
        "{error}"
    );
    assert_eq!(broker.cpu("AS1"), Some(4));
    put(&path, "cpu: 6\n");
    wait_for("the recovery", || {
        (broker.cpu("AS1") == Some(6)).then_some(())
    });
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_told_and_taken_when_it_can() {
    use std::os::unix::fs::symlink;
    let (broker, _folder, paths) = broker(&["later", "loop.yaml"], |folder| {
        symlink("loop.yaml", folder.join("loop.yaml")).unwrap();
    });
    for path in &paths {
        let error = broker.error("AS1", &format!("file {}", path.display()));
        assert!(
            error.starts_with(&format!("cannot read {}: ", path.display())),
            "{error}"
        );
    }
    assert_eq!(broker.get("/readyz").0, 200, "both have been looked at");
    fs::create_dir(&paths[0]).unwrap();
    put(&paths[0].join("a.yaml"), "cpu: 4\n");
    broker.wait_until("AS1", "nodes", &json!(1));
    wait_for("the folder not to be missed", || {
        broker.file("AS1", &paths[0]).is_none().then_some(())
    });
    fs::remove_file(&paths[1]).unwrap();
    put(&paths[1], "neighbours: []\n");
    wait_for("the other file", || {
        (broker.file("AS1", &paths[1])?["state"] == "fresh").then_some(())
    });
}

/// Permissions are the usual reason; they do not hold for who may do everything.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let may = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let (broker, _folder, paths) = broker(&["as1.yaml"], |folder| {
        put(&folder.join("as1.yaml"), "cpu: 4\n");
        may(&folder.join("as1.yaml"), 0);
    });
    if fs::read(&paths[0]).is_ok() {
        println!("skipped: whoever runs this may read everything");
        return;
    }
    let error = broker.error("AS1", &format!("file {}", paths[0].display()));
    assert!(error.contains("ermission denied"), "{error}");
    may(&paths[0], 0o600);
    broker.wait_until("AS1", "nodes", &json!(1));
}

/// A file is what is left when nobody else tells anything, unless the settings say otherwise.
#[test]
fn a_file_counts_after_what_is_pulled_or_before_it_if_it_shall() {
    let server = Server::start(|_| Response::ok("application/xml", virtualizer("1")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("as1.yaml");
    put(&path, "cpu: 2\n");
    let url = server.url("/escape/get-config");
    let base = format!("[[domains]]\nid = 'AS1'\nresources = '{url}'\nfiles = [{path:?}]\n");
    for (precedence, cpu) in [("", 1), ("precedence = ['file']\n", 2)] {
        let broker = Broker::start(&format!("{base}{precedence}"));
        broker.wait_until("AS1", "state", &json!("fresh"));
        wait_for("what counts", || {
            (broker.cpu("AS1") == Some(cpu)).then_some(())
        });
    }
}
