//! Documents: put, read, refused, withdrawn; and whose word counts.

use serde_json::{Value, json};

use super::broker::Broker;
use super::testbed::{
    JSON, XML, YAML, file, join, members, path, properties, put, register, resources_of,
    topology_of, versions,
};

#[test]
fn what_was_put_is_in_the_maps_before_the_answer_comes() {
    let broker = Broker::start("");
    let expected: Value = serde_json::from_str(&file("expected-propmap.json")).unwrap();
    let expected = &expected["property-map"];
    for domain in ["AS1", "AS2", "AS3"] {
        register(&broker, domain).must(201);
        assert!(members(&broker).contains(&domain.to_owned()));
        let put_resources = put(&broker, domain, "resources", XML, &resources_of(domain)).must(201);
        let seen = properties(&broker, domain);
        let of = &expected[format!("pid:{domain}")];
        assert_eq!(
            (&seen["cpu"], &seen["nf"]),
            (&of["cpu"], &of["nf"]),
            "{domain}"
        );
        let document = &put_resources.json()["document"];
        assert_eq!(
            (&document["format"], &document["syntax"]),
            (&"virtualizer".into(), &"XML".into())
        );
        assert_eq!(document["nodes"], 1);
        let put_topology = put(&broker, domain, "topology", JSON, &topology_of(domain)).must(201);
        assert_eq!(put_topology.json()["document"]["format"], "unify");
        assert_eq!(
            &properties(&broker, domain),
            of,
            "with the topology comes the entry point"
        );
    }
    let map = broker.get("/propmap/full/inet-ucmspn").must(200).json();
    assert_eq!(&map["property-map"], expected);
    let vectors = broker
        .ask("POST", "/costmap/pv")
        .header("Accept", "application/alto-costmap+json")
        .body(
            "application/alto-costmapfilter+json",
            file("request-sg.json"),
        )
        .send()
        .must(200)
        .json();
    let expected: Value = serde_json::from_str(&file("expected-costmap.json")).unwrap();
    assert_eq!(vectors["cost-map"], expected["cost-map"]);
}

#[test]
fn the_same_document_again_changes_nothing() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let before = versions(&broker);
    let publications = || {
        let metrics = broker.get("/metrics").text().to_owned();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("brokerd_map_publications_total"));
        line.unwrap().to_owned()
    };
    let published = publications();
    let of = |slot: &str| {
        broker
            .get(&format!("{}/{slot}", path("AS1")))
            .must(200)
            .etag()
            .to_owned()
    };
    let etags = ["resources", "topology"].map(of);
    let again = put(&broker, "AS1", "resources", XML, &resources_of("AS1")).must(200);
    assert_eq!(again.etag(), etags[0]);
    let again = put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(200);
    assert_eq!(again.etag(), etags[1]);
    assert_eq!(versions(&broker), before);
    assert_eq!(publications(), published);
    // Other octets that say the same are another document, and the same maps.
    let spaced = format!("{} ", topology_of("AS1"));
    assert_ne!(
        put(&broker, "AS1", "topology", JSON, &spaced)
            .must(200)
            .etag(),
        etags[1]
    );
    assert_eq!((versions(&broker), publications()), (before, published));
}

#[test]
fn a_document_is_read_as_it_was_sent() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let topology = format!("{}/topology", path("AS1"));
    let read = broker.get(&topology).must(200);
    assert_eq!(read.text(), topology_of("AS1"));
    assert_eq!(read.header("content-type"), Some(JSON));
    assert_eq!(
        read.header("accept-patch"),
        Some("application/merge-patch+json")
    );
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));
    assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
    let has_it = broker
        .ask("GET", &topology)
        .header("If-None-Match", read.etag())
        .send()
        .must(304);
    assert_eq!((has_it.etag(), has_it.text()), (read.etag(), ""));
    let resources = broker.get(&format!("{}/resources", path("AS1"))).must(200);
    assert_eq!(resources.text(), resources_of("AS1"));
    assert_eq!(resources.header("accept-patch"), Some("application/xml"));
    broker
        .ask("GET", &topology)
        .header("Accept", "application/xml")
        .send()
        .must(406);
    broker
        .ask("GET", &topology)
        .header("Accept", "text/html, application/*;q=0.1")
        .send()
        .must(200);
}

#[test]
fn a_document_in_yaml_is_taken_and_takes_no_patch() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let brief = "cpu: 4\nnf: [nat]\nport: [SAP9]\n";
    let answer = put(&broker, "AS1", "resources", YAML, brief).must(201);
    assert_eq!(answer.json()["document"]["format"], "brief");
    assert_eq!(properties(&broker, "AS1")["nf"], json!(["nat"]));
    let resources = format!("{}/resources", path("AS1"));
    let read = broker.get(&resources).must(200);
    assert_eq!(
        (read.header("content-type"), read.header("accept-patch")),
        (Some(YAML), None)
    );
    let merge = "application/merge-patch+json";
    let refused = broker
        .ask("PATCH", &resources)
        .body(merge, "{}")
        .send()
        .must(415);
    assert_eq!(refused.header("accept-patch"), None);
    assert!(refused.detail().contains("PUT it whole"), "{refused}");
}

#[test]
fn the_same_octets_of_another_type_are_another_document() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    put(&broker, "AS1", "topology", YAML, &topology_of("AS1")).must(201);
    let answer = put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(200);
    assert_eq!(answer.json()["document"]["syntax"], "JSON");
    let read = broker.get(&format!("{}/topology", path("AS1"))).must(200);
    assert_eq!(read.header("content-type"), Some(JSON));
}

#[test]
fn of_very_many_faults_the_first_are_told_and_all_are_counted() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let document = |faults: usize| json!({"prefixes": vec!["x"; faults]}).to_string();
    for (faults, told, total) in [(100, 100, Value::Null), (250, 100, json!(250))] {
        let refused = put(&broker, "AS1", "topology", JSON, &document(faults));
        let refused = refused.must(422).json();
        assert_eq!(refused["errors"].as_array().unwrap().len(), told);
        assert_eq!(refused["total"], total, "{faults}");
    }
}

#[test]
fn a_refused_document_is_told_with_every_fault_and_the_one_before_stays() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let before = versions(&broker);
    // JSON: two faults, each with its line, column, pointer, value and rule.
    let wrong = topology_of("AS1")
        .replace("\"50\"", "\"-50\"")
        .replace("\"AS2\"", "\"A S 2\"");
    let refused = put(&broker, "AS1", "topology", JSON, &wrong)
        .must(422)
        .json();
    let errors = refused["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{refused}");
    for (error, pointer, value) in [
        (&errors[0], "/nodes/node/0/resources/cpu", "-50"),
        (&errors[1], "/nodes/node/1/id", "A S 2"),
    ] {
        assert_eq!(
            (&error["field"], &error["value"]),
            (&pointer.into(), &value.into()),
            "{refused}"
        );
        assert!(!error["rule"].as_str().unwrap().is_empty());
        let (line, column) = (
            error["line"].as_u64().unwrap(),
            error["column"].as_u64().unwrap(),
        );
        let there = wrong
            .lines()
            .nth(usize::try_from(line).unwrap() - 1)
            .unwrap();
        let there: String = there
            .chars()
            .skip(usize::try_from(column).unwrap() - 1)
            .collect();
        assert!(
            there.contains(value),
            "line {line}, column {column}: {there}"
        );
    }
    // XML.
    let wrong = resources_of("AS1")
        .replace("50.0", "-50.0")
        .replace("60.0", "many");
    let refused = put(&broker, "AS1", "resources", XML, &wrong)
        .must(422)
        .json();
    let errors = refused["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{refused}");
    assert!(
        errors
            .iter()
            .all(|e| e["line"].is_u64() && e["column"].is_u64()),
        "{refused}"
    );
    assert!(
        errors[0]["field"].as_str().unwrap().ends_with("/cpu"),
        "{refused}"
    );
    // What is in force is what was.
    assert_eq!(versions(&broker), before);
    let read = |slot: &str| {
        broker
            .get(&format!("{}/{slot}", path("AS1")))
            .text()
            .to_owned()
    };
    assert_eq!(read("topology"), topology_of("AS1"));
    assert_eq!(read("resources"), resources_of("AS1"));
    // And the first of its kind leaves nothing.
    register(&broker, "AS2").must(201);
    put(&broker, "AS2", "resources", XML, &wrong).must(422);
    broker.get(&format!("{}/resources", path("AS2"))).must(404);
}

#[test]
fn what_is_no_export_is_422_in_any_syntax() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let cases: [(&str, &[u8], &str); 9] = [
        (JSON, b"", "not JSON"),
        (JSON, b"{", "not JSON"),
        (JSON, b"{\"a\": 1}", "no format has these"),
        (JSON, b"\xff", "not UTF-8"),
        (XML, b"<a/>", "virtualizer"),
        (XML, b"<virtualizer>", ""),
        (XML, b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><virtualizer>&a;</virtualizer>", ""),
        (YAML, b"a: [", ""),
        (YAML, b"- 1", "no object"),
    ];
    for (media_type, body, words) in cases {
        let ask = broker.ask("PUT", &format!("{}/topology", path("AS1")));
        let refused = ask.body(media_type, body).send().must(422);
        let error = refused.json()["errors"][0].clone();
        let told = format!("{} {}", error["rule"], error["value"]);
        assert!(told.contains(words), "{media_type} {body:?}: {refused}");
    }
}

#[test]
fn a_document_that_tells_something_else_is_refused() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let refused = put(&broker, "AS1", "topology", XML, &resources_of("AS1")).must(422);
    assert!(refused.detail().contains("tells no topology"), "{refused}");
    assert_eq!(
        refused.json()["errors"][0]["rule"],
        refused.json()["detail"]
    );
    put(&broker, "AS1", "resources", JSON, &topology_of("AS1")).must(422);
    // Somebody else's.
    let cop = "{\"nodes\": {\"node\": [{\"id\": \"AS7\"}]}}";
    let refused = put(&broker, "AS1", "topology", JSON, cop).must(422);
    assert!(refused.detail().contains("AS1"), "{refused}");
}

#[test]
fn rfc9110_15_5_16_a_type_that_is_no_documents_is_415() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let topology = format!("{}/topology", path("AS1"));
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "json",
        "image/png",
    ] {
        let refused = broker
            .ask("PUT", &topology)
            .body(media_type, topology_of("AS1"))
            .send()
            .must(415);
        assert!(refused.detail().contains(media_type), "{refused}");
        assert!(refused.detail().contains("application/yaml"), "{refused}");
    }
    let untyped = format!(
        "PUT {topology} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert!(read_all(&broker, &untyped).starts_with("HTTP/1.1 415 "));
    let registration = broker
        .ask("PUT", &path("AS1"))
        .body("text/plain", "{}")
        .send()
        .must(415);
    assert!(registration.detail().contains("application/json"));
    let heartbeat = broker.ask("POST", &format!("{}/heartbeat", path("AS1")));
    heartbeat.body("text/plain", "{}").send().must(415);
    for media_type in [
        "application/json; charset=utf-8",
        "Text/JSON",
        "application/vnd.unify+json",
    ] {
        let ask = broker.ask("PUT", &topology);
        assert!(
            ask.body(media_type, topology_of("AS1")).send().status < 300,
            "{media_type}"
        );
    }
    // Packed, or a part of it.
    let packed = broker
        .ask("PUT", &topology)
        .header("Content-Encoding", "gzip")
        .body(JSON, "x")
        .send();
    assert!(packed.must(415).detail().contains("gzip"));
    let part = broker
        .ask("PUT", &topology)
        .header("Content-Range", "bytes 0-1/9")
        .body(JSON, "{}")
        .send();
    assert_eq!(part.must(400).json()["errors"][0]["field"], "Content-Range");
}

fn read_all(broker: &Broker, request: &str) -> String {
    use std::io::Read;
    let mut text = String::new();
    broker.connect(request).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_query_names_a_format_that_the_document_must_have() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let with = |query: &str, body: &str| {
        let ask = broker.ask("PUT", &format!("{}/topology?{query}", path("AS1")));
        ask.body(JSON, body).send()
    };
    let unknown = with("format=html", &topology_of("AS1")).must(400).json();
    assert_eq!(
        (
            &unknown["errors"][0]["field"],
            &unknown["errors"][0]["value"]
        ),
        (&"format".into(), &"html".into())
    );
    for query in ["formt=unify", "format=unify&format=cop", "format=unify&x"] {
        let refused = with(query, &topology_of("AS1")).must(400).json();
        assert_eq!(refused["errors"][0]["field"], "query", "{query}");
    }
    with("format=cop", &topology_of("AS1")).must(422);
    let xml = with("format=virtualizer", &topology_of("AS1")).must(422);
    assert!(xml.detail().contains("written in XML"), "{xml}");
    assert_eq!(
        with("format=unify", &topology_of("AS1")).must(201).json()["document"]["format"],
        "unify"
    );
    with("", &topology_of("AS1")).must(200);
}

#[test]
fn what_is_withdrawn_is_out_of_the_maps_at_once() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let slot = |slot: &str| format!("{}/{slot}", path("AS1"));
    broker.ask("DELETE", &slot("resources")).send().must(204);
    broker.get(&slot("resources")).must(404);
    broker.ask("DELETE", &slot("resources")).send().must(404);
    let seen = properties(&broker, "AS1");
    assert_eq!(seen.get("nf"), None, "{seen}");
    assert_eq!(seen["cpu"], json!(["50.0"]), "the sums of the topology");
    broker.ask("DELETE", &slot("topology")).send().must(204);
    assert_eq!(properties(&broker, "AS1"), Value::Null);
    assert_eq!(members(&broker), ["AS1"], "it is still registered");
    let shown = broker.get(&path("AS1")).json();
    assert_eq!(shown["sources"].as_array().unwrap().len(), 1, "{shown}");
    assert!(!broker.get("/metrics").text().contains("push topology"));
}

#[test]
fn pushed_counts_before_pulled_and_pulled_again_after_it_is_withdrawn() {
    let mdo = Mdo::serve(resources_of("AS1"), topology_of("AS1"));
    let settings = |more: &str| {
        format!(
            "[[domains]]\nid = 'AS1'\nresources = 'http://{0}/get-config'\ntopology = 'http://{0}/topology'\n{more}",
            mdo.0
        )
    };
    let used = |broker: &Broker| -> Vec<String> {
        let shown = broker.get(&path("AS1")).json();
        let of = |source: &Value| {
            let uses = source["used-for"].as_array().unwrap();
            let kind = source["kind"].as_str().unwrap().to_owned();
            uses.iter()
                .map(move |part| format!("{}: {kind}", part.as_str().unwrap()))
                .collect::<Vec<_>>()
        };
        let mut used: Vec<String> = shown["sources"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(of)
            .collect();
        used.sort();
        used
    };
    let pulled = [
        "entry-point: pull topology",
        "resources: pull resources",
        "topology: pull topology",
    ];

    let broker = Broker::start(&settings(""));
    super::broker::eventually("pulled", || {
        (broker.get("/readyz").status == 200).then_some(())
    });
    assert_eq!(used(&broker), pulled);
    let before = versions(&broker);
    let entry_point = json!({"entry-point": "http://pushed.example/"});
    broker
        .ask("PUT", &path("AS1"))
        .json(&entry_point)
        .send()
        .must(201);
    assert_eq!(
        properties(&broker, "AS1")["entry-point"],
        json!(["http://pushed.example/"])
    );
    put(&broker, "AS1", "resources", YAML, "cpu: 1\nnf: [pushed]").must(201);
    assert_eq!(
        properties(&broker, "AS1")["nf"],
        json!(["pushed"]),
        "whole: nothing of the other"
    );
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(201);
    assert_eq!(
        used(&broker),
        [
            "entry-point: push registration",
            "resources: push resources",
            "topology: push topology"
        ]
    );
    broker
        .ask("DELETE", &format!("{}/resources", path("AS1")))
        .send()
        .must(204);
    assert_eq!(properties(&broker, "AS1")["nf"], json!(["NF1", "NF3"]));
    broker.ask("DELETE", &path("AS1")).send().must(204);
    assert_eq!(used(&broker), pulled);
    assert_eq!(versions(&broker), before, "as if nothing had been pushed");

    let broker = Broker::start(&settings("precedence = ['pull']\n"));
    super::broker::eventually("pulled", || {
        (broker.get("/readyz").status == 200).then_some(())
    });
    broker
        .ask("PUT", &path("AS1"))
        .json(&entry_point)
        .send()
        .must(201);
    put(&broker, "AS1", "resources", YAML, "cpu: 1\nnf: [pushed]").must(201);
    assert_eq!(used(&broker), pulled, "the settings say so");
}

/// An orchestrator that is asked: two documents, for ever.
struct Mdo(std::net::SocketAddr);

impl Mdo {
    fn serve(resources: String, topology: String) -> Self {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let is_config = head[..read].windows(11).any(|part| part == b"/get-config");
                let (kind, body) = if is_config {
                    (XML, &resources)
                } else {
                    (JSON, &topology)
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self(address)
    }
}
