//! `POST /broker/v1/paths`.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::broker::{Broker, eventually};
use super::federation::{Federation, graph};

const PATHS: &str = "/broker/v1/paths";

/// The paths of each link with what they cost, by a metric's name.
fn told(answer: &Value, metric: &str) -> Vec<Vec<String>> {
    let links = answer["links"].as_array().unwrap().iter();
    let path = |found: &Value| {
        let domains = found["path"].as_array().unwrap().iter();
        let domains: Vec<_> = domains.map(|domain| domain.as_str().unwrap()).collect();
        assert_eq!(
            found["borders"].as_array().unwrap().len(),
            domains.len() - 1
        );
        format!("{} {}", domains.join(" "), found["cost"][metric])
    };
    links
        .map(|link| link["paths"].as_array().unwrap().iter().map(path).collect())
        .collect()
}

#[test]
fn each_link_has_the_best_paths_between_each_two_hosts() {
    let all = Federation::start("");
    let ask = |members: Value| {
        let mut body = json!({"sg": graph(1, 10)});
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        all.post(PATHS, &body).must(200).json()
    };
    let answer = ask(json!({"k": 2, "objective": "delay"}));
    let ids: Vec<_> = answer["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["id"].clone())
        .collect();
    assert_eq!(ids, ["1", "2"]);
    let first = [
        "AS1 AS2 1.0",
        "AS1 AS3 AS4 AS2 12.0",
        "AS1 AS3 5.0",
        "AS1 AS2 AS4 AS3 8.0",
    ];
    let second = [
        "AS2 AS4 2.0",
        "AS2 AS1 AS3 AS4 11.0",
        "AS3 AS4 5.0",
        "AS3 AS1 AS2 AS4 8.0",
    ];
    assert_eq!(told(&answer, "delay-ms"), [first, second]);
    let meta = &answer["meta"];
    assert_eq!((&meta["cut"], &meta["k"]), (&json!(false), &json!(2)));
    assert_eq!(meta["objective"], "delay");
    assert_eq!(meta["not-told"], json!(["price"]));
    assert!(meta["dependent-vtags"][0]["tag"].is_string());
    // Each link keeps its own bounds, the bandwidth that it needs, and by itself those of requirements.
    let near = json!({"links": {"1": {"max-hops": 1}}, "requirements": {"r": {"max-delay": 10}}});
    let answer = ask(json!({"k": 9, "constraints": near}));
    assert_eq!(
        told(&answer, "hops"),
        [
            vec!["AS1 AS2 1", "AS1 AS3 1"],
            vec!["AS2 AS4 1", "AS3 AS4 1", "AS3 AS1 AS2 AS4 3"]
        ]
    );
    let wide = json!({"links": {"2": {"bandwidth": 500}}, "nodes": {"A": {"forbid": ["AS2"]}}});
    let answer = ask(json!({"constraints": wide}));
    assert_eq!(
        told(&answer, "hops"),
        [vec!["AS1 AS3 1", "AS1 AS2 AS4 AS3 3"], vec!["AS3 AS4 1"]]
    );
    let around = json!({"forbid-domains": ["AS1"]});
    assert_eq!(
        told(&ask(json!({"constraints": around})), "hops"),
        [[""; 0]; 2]
    );
}

#[test]
fn what_domains_do_not_carry_is_no_path_unless_the_request_ignores_policies() {
    let policies = "[[domains]]\nid = 'AS2'\npush = true\n[domains.policy]\n\
        transit = [{from = ['AS1'], to = ['AS4'], carry = false}]\n\
        [[domains]]\nid = 'AS1'\npush = true\n[domains.policy]\nrefuses_sources = ['AS3']\n";
    let all = Federation::start(policies);
    let ask = |policy: &str| {
        let body = json!({"sg": graph(1, 10), "k": 9, "policy": policy});
        told(&all.post(PATHS, &body).must(200).json(), "hops")
    };
    let first = vec!["AS1 AS2 1", "AS1 AS3 AS4 AS2 3", "AS1 AS3 1"];
    let second = vec!["AS2 AS4 1", "AS2 AS1 AS3 AS4 3", "AS3 AS4 1"];
    assert_eq!(ask("respect"), [first, second]);
    let first = vec![
        "AS1 AS2 1",
        "AS1 AS3 AS4 AS2 3",
        "AS1 AS3 1",
        "AS1 AS2 AS4 AS3 3",
    ];
    let second = vec![
        "AS2 AS4 1",
        "AS2 AS1 AS3 AS4 3",
        "AS3 AS4 1",
        "AS3 AS1 AS2 AS4 3",
    ];
    assert_eq!(ask("ignore"), [first, second]);
}

#[test]
fn what_is_wrong_is_refused_with_field_and_rule() {
    let all = Federation::start("[paths]\nper_pair = 50\n");
    for (members, field) in [
        (json!({"k": 0}), "k"),
        (json!({"k": 51}), "k"),
        (json!({"k": 1.5}), "k"),
        (json!({"disjoint": "links"}), "disjoint"),
        (json!({"explain": true}), "explain"),
        (json!({"objective": "speed"}), "objective"),
        (
            json!({"constraints": {"links": {"9": {}}}}),
            "constraints/links/9",
        ),
        (
            json!({"constraints": {"links": {"1": {"max-delay": -1}}}}),
            "constraints/links/1/max-delay",
        ),
        (json!({"policy": "break"}), "policy"),
        (json!({"sg": null}), "sg"),
    ] {
        let mut body = json!({"sg": graph(1, 10)});
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        let problem = all.post(PATHS, &body).must(400).json();
        assert_eq!(problem["errors"][0]["field"], field, "{members}");
    }
    let unknown = json!({"sg": {"nfs": ["NF9"], "saps": ["SAP1"],
        "sg_links": [{"id": 1, "src-node": "SAP1", "dst-node": "NF9"}]}});
    all.post(PATHS, &unknown).must(400);
}

/// Every domain joined with every other; each has the NF.
fn mesh(domains: usize, settings: &str) -> (tempfile::TempDir, Broker) {
    let folder = tempfile::tempdir().unwrap();
    let name = |at: usize| format!("AS{}", 10 + at);
    for at in 0..domains {
        let others = (0..domains).filter(|other| *other != at).map(name);
        let document = json!({"nf": ["NF"], "neighbours": others.collect::<Vec<_>>()});
        let path = folder.path().join(format!("{}.json", name(at)));
        std::fs::write(path, document.to_string()).unwrap();
    }
    let path = folder.path().display().to_string();
    let broker = Broker::start(&format!("files.folder = {path:?}\n{settings}"));
    eventually("the broker is ready", || {
        (broker.get("/readyz").status == 200).then_some(())
    });
    (folder, broker)
}

/// A link from one NF to another, each of which may be anywhere.
fn anywhere(k: usize) -> Value {
    json!({"k": k, "sg": {
        "node_nfs": [{"id": "A", "functional_type": "NF"}, {"id": "B", "functional_type": "NF"}],
        "node_saps": [],
        "edge_sg_nexthops": [{"id": 1, "src_node": "A", "dst_node": "B"}]}})
}

#[test]
fn a_long_answer_comes_whole_and_a_spent_budget_tells_that_it_is_cut() {
    let (_folder, broker) = mesh(7, "[paths]\nwork = 5000000\n");
    let answer = broker
        .ask("POST", PATHS)
        .json(&anywhere(1000))
        .send()
        .must(200);
    assert!(answer.body.len() > 2_000_000, "{}", answer.body.len());
    let answer = answer.json();
    assert_eq!(answer["meta"]["cut"], false);
    let paths = answer["links"][0]["paths"].as_array().unwrap();
    // Between two of seven there are 1 + 5 + 20 + 60 + 120 + 120 simple paths; from one to itself one.
    assert_eq!(paths.len(), 42 * 326 + 7);
    let keys: Vec<_> = paths
        .iter()
        .map(|found| {
            let domains: Vec<&str> = found["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|d| d.as_str().unwrap())
                .collect();
            let distinct: std::collections::BTreeSet<_> = domains.iter().collect();
            assert_eq!(distinct.len(), domains.len());
            assert_eq!(found["cost"]["hops"], domains.len() - 1);
            let domains: Vec<String> = domains.iter().map(|d| (*d).to_owned()).collect();
            (
                domains[0].clone(),
                domains[domains.len() - 1].clone(),
                domains.len(),
                domains,
            )
        })
        .collect();
    assert!(keys.is_sorted_by(|a, b| a < b));

    let (_folder, broker) = mesh(7, "[paths]\nwork = 20000\n");
    let cut = broker
        .ask("POST", PATHS)
        .json(&anywhere(1000))
        .send()
        .must(200)
        .json();
    assert_eq!(cut["meta"]["cut"], true);
    let some = cut["links"][0]["paths"].as_array().unwrap();
    assert!(!some.is_empty() && some.len() < paths.len());
    assert_eq!(some[..], paths[..some.len()]);
}

/// The request on a connection of its own, of which only the beginning is read.
fn begun(broker: &Broker, body: &Value) -> std::net::TcpStream {
    let body = body.to_string();
    let head = format!(
        "POST {PATHS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = broker.connect("");
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 512];
    let read = stream.read(&mut first).unwrap();
    assert!(first[..read].starts_with(b"HTTP/1.1 200 "));
    stream
}

#[test]
fn who_leaves_or_does_not_read_holds_up_nobody() {
    let settings =
        "[paths]\nwork = 1000000000\nheavy_requests = 1\n[limits]\nrequest_timeout = '2s'\n";
    let (_folder, broker) = mesh(10, settings);
    let much = anywhere(1000);
    // One running and two waiting are all there is room for; they leave.
    for _ in 0..3 {
        drop(begun(&broker, &much));
    }
    let small = anywhere(20);
    eventually("there is room again", || {
        let answer = broker.ask("POST", PATHS).json(&small).send();
        (answer.status == 200).then_some(())
    });
    // Who does not read is cut off when the time is over, and can tell that it is not the whole.
    let mut silent = begun(&broker, &much);
    std::thread::sleep(Duration::from_secs(3));
    broker.ask("POST", PATHS).json(&small).send().must(200);
    let mut rest = Vec::new();
    silent
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let ended = silent.read_to_end(&mut rest);
    assert!(ended.is_err() || !rest.ends_with(b"0\r\n\r\n"));
    assert!(!String::from_utf8_lossy(&rest).contains("\"meta\""));
}
