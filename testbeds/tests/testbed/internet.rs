//! `testbed internet` on worlds of a few hundred domains.

use serde_json::Value;

use crate::common::{Ended, run};

fn internet(args: &[&str]) -> (Ended, Value) {
    let mut all = vec!["internet", "--json", "--listen", "127.0.0.1:0"];
    all.extend(["--duration", "1s", "--checks", "2", "--sample", "3"]);
    all.extend(args);
    let ended = run(&all);
    let document = serde_json::from_str(&ended.stdout).unwrap_or_default();
    (ended, document)
}

fn assert_exact(ended: &Ended, document: &Value) {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stderr, ended.stdout);
    let exactness = &document["exactness"];
    assert_eq!(exactness["wrong"], 0, "{exactness:#}");
    assert_eq!(exactness["not-compared"], 0, "{exactness:#}");
    for kind in [
        "candidate paths of a service graph",
        "path vectors between PIDs",
        "placements",
    ] {
        assert_eq!(exactness["right"][kind], 6, "{exactness:#}");
    }
}

#[test]
fn a_made_internet_is_loaded_flaps_and_answers_exactly() {
    let (ended, document) = internet(&["--synthetic", "300", "--hosts", "20"]);
    assert_exact(&ended, &document);
    assert_eq!(document["world"]["domains"], 300);
    let links = document["world"]["links"].as_u64().unwrap();
    assert_eq!(document["load"]["routes"], 300 + 2 * links);
    assert!(document["flaps"]["count"].as_u64() > Some(0));
    assert!(document["flaps"]["visible"]["count"].as_u64() > Some(0));
    for kind in ["service-graph", "pids", "placements"] {
        let of = &document["requests"][kind];
        assert!(of["count"].as_u64() > Some(0), "{of:#}");
        assert_eq!(of["errors"], serde_json::json!({}), "{of:#}");
    }
}

/// AS relationships as they are published, with parallel links and customers of one provider.
#[test]
fn a_world_from_a_file_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("as-rel.txt");
    let mut text = "# source: made for this test\n".to_owned();
    for customer in 3..40 {
        let provider = customer / 3 + 1;
        text.push_str(&format!("{provider}|{customer}|-1\n"));
    }
    text.push_str("1|2|0\n7|9|0\n8|12|0\n");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (ended, document) = internet(&["--as-rel", file, "--hosts", "5", "--k", "4"]);
    assert_exact(&ended, &document);
    assert_eq!(document["world"]["domains"], 39);
}

/// A network whose places have names and no AS numbers.
#[test]
fn a_network_of_places_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ring.edges");
    // A ring with a hub: `nodes links`, then `a b delay`.
    let mut text = "13 24\n".to_owned();
    for place in 1..13 {
        let next = place % 12 + 1;
        text.push_str(&format!("{place} {next} 5\n0 {place} {}\n", place + 3));
    }
    std::fs::write(&file, text).unwrap();
    let (ended, document) = internet(&["--graph", file.to_str().unwrap(), "--hosts", "4"]);
    assert_exact(&ended, &document);
    assert_eq!(document["world"]["links"], 24);
}

#[test]
fn a_world_must_be_named_and_be_one() {
    let ended = run(&["internet"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--synthetic"), "{}", ended.stderr);
    let ended = run(&["internet", "--synthetic", "300", "--graph", "x"]);
    assert_eq!(ended.code, Some(2));
    let ended = run(&["internet", "--graph", "/no/such/file"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("/no/such/file"), "{}", ended.stderr);
}
