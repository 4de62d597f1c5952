//! The ALTO resources of costs and endpoints, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Daemon, settings};

const COST_MAP: &str = "application/alto-costmap+json";
const COST_FILTER: &str = "application/alto-costmapfilter+json";
const ENDPOINT_COST: &str = "application/alto-endpointcostparams+json";

/// A topology in UNIFY's JSON: a domain, its prefix, and its links as their two ends.
fn topology(domain: &str, prefix: (&str, &str), links: &[(&str, &str, &str, &str)]) -> String {
    let port = |id: &&str| json!({"id": id, "metadata": []});
    let node = |id: &str, metadata: Value, ports: Vec<&str>| {
        json!({
            "id": id, "metadata": metadata, "links": {"link": []},
            "ports": {"port": ports.iter().map(port).collect::<Vec<_>>()},
        })
    };
    let metadata = json!([
        {"key": "reachability_ipv4_address", "value": prefix.0},
        {"key": "reachability_prefix", "value": prefix.1},
    ]);
    let own = links.iter().map(|link| link.1).collect();
    let mut nodes = vec![node(domain, metadata, own)];
    nodes.extend(
        links
            .iter()
            .map(|link| node(link.2, json!([]), vec![link.3])),
    );
    let links: Vec<Value> = links
        .iter()
        .map(|(from, port, to, remote)| {
            let end =
                |node: &str, port: &str| format!("/nodes/node[id={node}]/ports/port[id={port}]");
            json!({
                "src": end(from, port), "dst": end(to, remote),
                "resources": {"delay": "1500", "bandwidth": "1000"},
            })
        })
        .collect();
    json!({"name": domain, "metadata": [], "nodes": {"node": nodes}, "links": {"link": links}})
        .to_string()
}

/// A daemon with AS1 - AS2; this machine is in AS1.
struct Running {
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "AS1.json",
            topology(
                "AS1",
                ("127.0.0.0", "8"),
                &[("AS1", "192.0.2.1", "AS2", "192.0.2.2")],
            ),
        );
        write(
            "AS2.json",
            topology(
                "AS2",
                ("198.51.100.0", "24"),
                &[("AS2", "192.0.2.2", "AS1", "192.0.2.1")],
            ),
        );
        let path = folder.path().to_str().unwrap().to_owned();
        let mut pairs = vec![("files.folder", path.as_str()), ("files.interval", "10ms")];
        pairs.extend(more);
        let running = Self {
            daemon: Daemon::start(settings(&pairs)),
            _folder: folder,
        };
        let there = |running: &Self| {
            let map = running.daemon.get("/networkmap", "").json();
            map["network-map"]["AS2"].is_object()
        };
        for _ in 0..1000 {
            if there(&running) {
                return running;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the members are not there");
    }
}

fn routing_cost() -> Value {
    json!({"cost-mode": "numerical", "cost-metric": "routingcost"})
}

#[test]
fn rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says() {
    let Running { daemon, _folder } = &Running::start(&[]);
    let root = daemon.get("/directory", "").json();
    let linked = daemon
        .get(root["resources"]["costmaps"]["uri"].as_str().unwrap(), "")
        .json();
    let mut seen = 0;
    for directory in [&root, &linked] {
        for (id, entry) in directory["resources"].as_object().unwrap() {
            let (uri, kind) = (
                entry["uri"].as_str().unwrap(),
                entry["media-type"].as_str().unwrap(),
            );
            seen += 1;
            let Some(accepts) = entry["accepts"].as_str() else {
                let answer = daemon.get(
                    uri,
                    &format!("Accept: {kind}, application/alto-error+json\n"),
                );
                assert_eq!(
                    (answer.status, answer.header("content-type")),
                    (200, Some(kind)),
                    "{id}"
                );
                assert!(answer.json()["meta"].is_object(), "{id}");
                // RFC 9110 §15.5.6: the method that there is, and no other.
                let wrong = daemon.post(uri, COST_FILTER, "{}");
                assert_eq!(
                    (wrong.status, wrong.header("allow")),
                    (405, Some("GET,HEAD")),
                    "{id}"
                );
                let wrong = daemon.get(uri, "Accept: application/alto-error+json\n");
                assert_eq!(wrong.status, 406, "{id}");
                continue;
            };
            let wrong = daemon.get(uri, "");
            assert_eq!(
                (wrong.status, wrong.header("allow")),
                (405, Some("POST")),
                "{id}"
            );
            assert_eq!(
                daemon.post(uri, "application/json", "{}").status,
                415,
                "{id}"
            );
            // RFC 7285 §8.5: an error of ALTO's own, with the status of HTTP.
            let wrong = daemon.post(uri, accepts, "{");
            let error = Some("application/alto-error+json");
            assert_eq!(
                (wrong.status, wrong.header("content-type")),
                (400, error),
                "{id}"
            );
            assert_eq!(wrong.json()["meta"]["code"], "E_SYNTAX", "{id}");
        }
    }
    assert_eq!(seen, alto::resources().len() - 1);
}

#[test]
fn rfc7285_11_2_3_a_full_cost_map_is_sent_whole_and_not_twice() {
    let Running { daemon, _folder } = &Running::start(&[]);
    let first = daemon.get("/costmap/full/delay-ow", "");
    assert_eq!(
        first.json()["cost-map"],
        json!({"AS1": {"AS1": 0, "AS2": 1500}, "AS2": {"AS1": 1500, "AS2": 0}})
    );
    let length = first.header("content-length").unwrap();
    assert_eq!(length, first.body.len().to_string());
    let etag = first.header("etag").unwrap();
    let again = daemon.get(
        "/costmap/full/delay-ow",
        &format!("If-None-Match: {etag}\n"),
    );
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.header("etag"), Some(etag));
    let other = daemon.get("/costmap/full/hopcount", "");
    assert_ne!(other.header("etag"), Some(etag));
    let head = daemon.ask("HEAD /costmap/full/delay-ow HTTP/1.1\nHost: b\nConnection: close\n\n");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some(length))
    );
    assert_eq!(head.body, "");
}

#[test]
fn rfc7285_11_3_2_costs_between_some_pids() {
    let Running { daemon, _folder } = &Running::start(&[]);
    let request = json!({"cost-type": routing_cost(), "pids": {"srcs": ["AS1"], "dsts": ["AS2"]}});
    let answer = daemon.post("/costmap/filtered", COST_FILTER, &request.to_string());
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(COST_MAP))
    );
    assert_eq!(answer.json()["cost-map"], json!({"AS1": {"AS2": 1}}));
    // RFC 9439 §5: bytes per second.
    let request = json!({"cost-type": {"cost-mode": "numerical", "cost-metric": "bw-available"}});
    let answer = daemon.post("/costmap/filtered", COST_FILTER, &request.to_string());
    let width = answer.json()["cost-map"]["AS1"]["AS2"].as_f64().unwrap();
    let links = daemon.get("/broker/v1/topology", "").json();
    let bits = links["adjacencies"][0]["links"][0].to_string();
    assert!(
        bits.contains(&format!("{}", width * 8.0)),
        "{width} of {bits}"
    );
}

#[test]
fn rfc7285_11_5_1_3_an_empty_list_is_the_client_of_the_connection() {
    let Running { daemon, _folder } = &Running::start(&[]);
    let request =
        json!({"cost-type": routing_cost(), "endpoints": {"dsts": ["ipv4:198.51.100.9"]}});
    // What a proxy might say of others is not believed.
    let body = request.to_string();
    let answer = daemon.ask(&format!(
        "POST /endpointcost/lookup HTTP/1.1\nHost: b\nConnection: close\nX-Forwarded-For: 198.51.100.1\n\
         Forwarded: for=198.51.100.1\nContent-Type: {ENDPOINT_COST}\nContent-Length: {}\n\n{body}",
        body.len()
    ));
    let expected = json!({"ipv4:127.0.0.1": {"ipv4:198.51.100.9": 1}});
    assert_eq!(answer.json()["endpoint-cost-map"], expected);
    assert_eq!(
        answer.header("content-type"),
        Some("application/alto-endpointcost+json")
    );
}

#[test]
fn rfc7285_11_4_1_the_pids_of_endpoints() {
    let Running { daemon, _folder } = &Running::start(&[]);
    let request = r#"{"properties":["networkmap.pid","networkmap-role.pid"],"endpoints":["ipv4:198.51.100.9"]}"#;
    let kind = "application/alto-endpointpropparams+json";
    let answer = daemon.post("/endpointprop/lookup", kind, request);
    assert_eq!(
        answer.header("content-type"),
        Some("application/alto-endpointprop+json")
    );
    let expected =
        json!({"ipv4:198.51.100.9": {"networkmap.pid": "AS2", "networkmap-role.pid": "transit"}});
    assert_eq!(answer.json()["endpoint-properties"], expected);
}

#[test]
fn limits_of_the_settings_are_in_the_directory_and_kept() {
    let limits = [
        ("alto.full_map_pairs", "3"),
        ("alto.max_pairs", "1"),
        ("alto.max_endpoints", "2"),
    ];
    let Running { daemon, _folder } = &Running::start(&limits);
    let root = daemon.get("/directory", "").json();
    assert_eq!(root["resources"].get("costmap-routingcost"), None);
    let capabilities = &root["resources"]["endpoint-costs"]["capabilities"];
    assert_eq!(
        (&capabilities["max-pairs"], &capabilities["max-endpoints"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(daemon.get("/costmap/full/routingcost", "").status, 404);
    assert_eq!(daemon.get("/directory/costmaps", "").status, 404);
    let request =
        json!({"cost-type": routing_cost(), "pids": {"srcs": ["AS1"], "dsts": ["AS1", "AS2"]}});
    let answer = daemon.post("/costmap/filtered", COST_FILTER, &request.to_string());
    assert_eq!(answer.status, 400);
    let meta = answer.json()["meta"].clone();
    assert_eq!(
        (&meta["field"], &meta["value"]),
        (&json!("pids"), &json!("1 x 2"))
    );
}

/// What outgrows a network thread is answered by another, and says the same.
#[test]
fn costs_that_take_long_are_found_on_a_thread_of_their_own() {
    // More members without links than a network thread looks at pairs of.
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=150 {
        let name = format!("AS{number}");
        let (third, text) = (number.to_string(), format!("10.{number}.0.0"));
        let next = format!("AS{}", number % 150 + 1);
        let before = format!("AS{}", (number + 148) % 150 + 1);
        let port = |from: &str, to: &str| format!("{from}-{to}");
        let [out, back, into, from] = [
            port(&name, &next),
            port(&next, &name),
            port(&name, &before),
            port(&before, &name),
        ];
        let links = [
            (name.as_str(), out.as_str(), next.as_str(), back.as_str()),
            (name.as_str(), into.as_str(), before.as_str(), from.as_str()),
        ];
        let text = topology(&name, (text.as_str(), "16"), &links);
        std::fs::write(folder.path().join(format!("AS{third}.json")), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let daemon = Daemon::start(settings(&[
        ("files.folder", path),
        ("files.interval", "10ms"),
    ]));
    let pairs = |map: &Value| {
        let rows = map["cost-map"].as_object().unwrap().values();
        rows.map(|row| row.as_object().unwrap().len())
            .sum::<usize>()
    };
    let full = || daemon.get("/costmap/full/routingcost", "").json();
    let all = 150 * 150;
    for _ in 0..1000 {
        if pairs(&full()) == all {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let full = full();
    assert_eq!(pairs(&full), all);
    // Half way round.
    assert_eq!(full["cost-map"]["AS1"]["AS76"], 75);
    let request = json!({"cost-type": routing_cost()});
    let filtered = daemon
        .post("/costmap/filtered", COST_FILTER, &request.to_string())
        .json();
    assert_eq!(filtered["cost-map"], full["cost-map"]);
}
