//! The document itself: the copy in docs/, the routes, an outside validator.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::broker::Broker;
use super::schema::Document;

/// The document of a running broker.
pub(crate) fn served(broker: &Broker) -> Value {
    let answer = broker.get("/openapi.json").must(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// After a change that is meant: `RENEW=1 cargo test -p broker --test openapi`.
#[test]
fn the_copy_in_docs_is_what_is_served() {
    let broker = Broker::start("");
    let served = format!("{:#}\n", served(&broker));
    let path = file("../docs/openapi.json");
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = kept
        .lines()
        .zip(served.lines())
        .position(|(kept, served)| kept != served);
    assert!(
        kept == served,
        "docs/openapi.json is not what the broker serves (line {}): if that is meant, \
         RENEW=1 cargo test -p broker --test openapi",
        differ.unwrap_or_else(|| kept.lines().count()) + 1
    );
}

#[test]
fn the_document_is_served_to_everybody_with_its_version() {
    let broker = Broker::start("[auth]\nanonymous = 'nobody'\n");
    let first = broker.get("/openapi.json").must(200);
    assert_eq!(first.json()["openapi"], "3.1.0");
    let again = broker
        .ask("GET", "/openapi.json")
        .header("If-None-Match", first.etag());
    assert_eq!(again.send().must(304).etag(), first.etag());
    broker.get("/broker/v1/domains").must(401);
}

/// The paths of `.route("...")` in the table of routes.
fn routes() -> BTreeSet<String> {
    let text = std::fs::read_to_string(file("src/http/routes.rs")).unwrap();
    let quoted = text.split(".route(").skip(1).filter_map(|route| {
        let path = route.trim_start().strip_prefix('"')?;
        Some(path.split_once('"')?.0.to_owned())
    });
    quoted.collect()
}

#[test]
fn every_route_is_in_the_document_with_all_its_methods_and_nothing_else_is() {
    let broker = Broker::start("");
    let document = Document::new(served(&broker));
    let operations = document.operations();
    let mut told: BTreeSet<String> = operations.keys().map(|(path, _)| path.clone()).collect();
    // ALTO resources are in ALTO's directory.
    assert!(told.remove(alto::uri::DIRECTORY));
    let routes = routes();
    assert!(routes.len() >= 9, "{routes:?}");
    assert_eq!(told, routes);
    for path in told {
        let methods = operations.keys().filter(|(of, _)| *of == path);
        let methods: BTreeSet<&str> = methods.map(|(_, method)| method.as_str()).collect();
        let real = path
            .replace("{domain}", "AS1")
            .replace("{document}", "topology");
        let refused = broker.ask("BREW", &real).send().must(405);
        let allowed: BTreeSet<&str> = refused.header("allow").unwrap().split(',').collect();
        // Who has GET has HEAD.
        let allowed = allowed
            .into_iter()
            .filter(|method| *method != "HEAD")
            .collect();
        assert_eq!(methods, allowed, "{path}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_reference_leads_somewhere() {
    let broker = Broker::start("");
    let document = served(&broker);
    let operations = Document::new(document.clone()).operations();
    let names: BTreeSet<&str> = operations
        .values()
        .filter_map(|o| o["operationId"].as_str())
        .collect();
    assert_eq!(names.len(), operations.len());
    let text = document.to_string();
    let mut used = BTreeSet::new();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        used.insert(pointer);
    }
    for (section, kept) in document["components"].as_object().unwrap() {
        for name in kept.as_object().unwrap().keys() {
            let pointer = format!("/components/{section}/{name}");
            assert!(
                section == "securitySchemes" || used.contains(pointer.as_str()),
                "{pointer} is not used"
            );
        }
    }
}

#[test]
fn openapi_spec_validator_finds_no_fault() {
    let checker = "openapi-spec-validator";
    let run = |args: &[&str]| Command::new(checker).args(args).output();
    if !run(&["--version"]).is_ok_and(|output| output.status.success()) {
        println!("skipped: {checker} is not installed (pip install {checker})");
        return;
    }
    let broker = Broker::start("");
    let document = served(&broker).to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openapi.json");
    let check = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let output = run(&[path.to_str().unwrap()]).unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.success(), told)
    };
    let (is_good, told) = check(&document);
    assert!(is_good, "{told}");
    // It would find one.
    let (is_good, _) = check(&document.replacen("\"responses\":", "\"answers\":", 1));
    assert!(!is_good);
}
