//! Answers of a real broker, held against the document.

use serde_json::{Value, json};

use super::broker::{Answer, Ask, Broker};
use super::document::served;
use super::schema::Document;
use super::testbed::{JSON, XML, file, resources_of, topology_of};

const MERGE: &str = "application/merge-patch+json";

/// A broker whose answers are all held against its document.
pub(crate) struct Checked {
    pub(crate) broker: Broker,
    pub(crate) document: Document,
}

impl Checked {
    pub(crate) fn start(settings: &str) -> Self {
        let broker = Broker::start(settings);
        let document = Document::new(served(&broker));
        Self { broker, document }
    }

    #[track_caller]
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        status: u16,
        make: impl FnOnce(Ask) -> Ask,
    ) -> Answer {
        let answer = make(self.broker.ask(method, path)).send().must(status);
        self.document.check(method, path, &answer);
        answer
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str, status: u16) -> Answer {
        self.ask("GET", path, status, |ask| ask)
    }
}

#[test]
fn answers_of_success_are_as_described_each_at_least_once() {
    let mut broker = Checked::start("");
    let empty = broker.get("/broker/v1/domains", 200);
    assert_eq!(empty.json(), json!({"domains": []}));
    for domain in ["AS1", "AS2", "AS3"] {
        let path = format!("/broker/v1/domains/{domain}");
        let told = json!({"entry-point": "http://mdo.example/", "asn": null, "lifetime": 60});
        for status in [201, 200] {
            broker.ask("PUT", &path, status, |ask| ask.json(&told));
            broker.get(&path, 200);
        }
        for (slot, media_type, body) in [
            ("resources", XML, resources_of(domain)),
            ("topology", JSON, topology_of(domain)),
        ] {
            let path = format!("{path}/{slot}");
            for status in [201, 200] {
                broker.ask("PUT", &path, status, |ask| ask.body(media_type, &body));
            }
            let read = broker.get(&path, 200);
            assert_eq!(read.text(), body);
            let version = read.etag().to_owned();
            broker.ask("GET", &path, 304, |ask| {
                ask.header("If-None-Match", version)
            });
            let (patch_type, patch) = if media_type == JSON {
                (MERGE, "{}")
            } else {
                (XML, "<virtualizer/>")
            };
            broker.ask("PATCH", &path, 200, |ask| ask.body(patch_type, patch));
        }
    }
    broker.ask("POST", "/broker/v1/domains/AS1/heartbeat", 200, |ask| ask);
    let more = json!({"lifetime": 90});
    broker.ask("POST", "/broker/v1/domains/AS1/heartbeat", 200, |ask| {
        ask.json(&more)
    });
    // With sources of every kind that there is without peers, of good and of bad news.
    let list = broker.get("/broker/v1/domains", 200).json();
    assert_eq!(list["domains"].as_array().unwrap().len(), 3);
    let events = broker.get("/broker/v1/events", 200).json();
    assert_eq!(events["reset"], false);
    assert!(events["events"].as_array().unwrap().len() > 3);
    let latest = events["latest"].as_str().unwrap();
    let since = broker
        .get(&format!("/broker/v1/events?since={latest}"), 200)
        .json();
    assert_eq!(since["events"], json!([]));
    assert_eq!(
        broker.get("/broker/v1/events?since=x", 200).json()["reset"],
        true
    );
    let request: Value = serde_json::from_str(&file("request-sg.json")).unwrap();
    let request = json!({"sg": request["sg"], "k": 4, "objective": "hops"});
    broker.document.check_body(
        &json!({"$ref": "#/components/schemas/PlacementsRequest"}),
        &request,
    );
    let placed = broker.ask("POST", "/broker/v1/placements", 200, |ask| {
        ask.json(&request)
    });
    assert_eq!(placed.json()["placements"].as_array().unwrap().len(), 4);
    let asked = json!({"sg": request["sg"], "k": 2, "objective": ["price", "hops"]});
    let schema = json!({"$ref": "#/components/schemas/PathsRequest"});
    broker.document.check_body(&schema, &asked);
    let paths = broker.ask("POST", "/broker/v1/paths", 200, |ask| ask.json(&asked));
    assert_eq!(paths.json()["meta"]["cut"], false);
    let wanted = json!({"sg": request["sg"], "hold": "5m", "choice": {"NF1": "AS1"}});
    broker.document.check_body(
        &json!({"$ref": "#/components/schemas/ReservationRequest"}),
        &wanted,
    );
    let reservations = "/broker/v1/reservations";
    let mut path = String::new();
    for status in [201, 200] {
        let made = broker.ask("POST", reservations, status, |ask| {
            ask.header("Idempotency-Key", "key").json(&wanted)
        });
        path = made.header("location").unwrap().to_owned();
    }
    broker.get(reservations, 200);
    broker.get(&path, 200);
    broker.ask("POST", &format!("{path}/extend"), 200, |ask| ask);
    broker.ask("POST", &format!("{path}/confirm"), 200, |ask| ask);
    broker.get(&path, 200);
    broker.ask("DELETE", &path, 204, |ask| ask);
    broker.get("/broker/v1/topology", 200);
    broker.ask("DELETE", "/broker/v1/domains/AS1/topology", 204, |ask| ask);
    broker.ask("DELETE", "/broker/v1/domains/AS1", 204, |ask| ask);
    for path in ["/directory", "/openapi.json"] {
        let version = broker.get(path, 200).etag().to_owned();
        broker.ask("GET", path, 304, |ask| ask.header("If-None-Match", version));
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        broker.get(path, 200);
    }
    broker.get("/broker/v1/rules", 200);
    let hub = "/mefApi/legato/serviceOrderingManagement/v6/hub";
    let callback = json!({"callback": "http://127.0.0.1:9"});
    let subscribed = broker.broker.ask("POST", hub).json(&callback).send();
    assert_eq!(subscribed.status, 201, "{subscribed}");
    let list = broker.get("/broker/v1/notifications", 200).json();
    assert_eq!(list["subscriptions"][0]["callback"], callback["callback"]);
    broker.get("/broker/v1/dead-letters", 200);
    super::partners::successes(&mut broker);
    // Letters that there are, are in tests/notifications: it takes a while to give one up.
    let letters = [
        "DELETE /broker/v1/dead-letters/{letter} 204",
        "POST /broker/v1/dead-letters/{letter}/retry 204",
    ];
    // Those of orders are held against the document where there are orders: tests/orders.
    let of_orders = [
        "/broker/v1/orders/",
        "/broker/v1/selections/",
        "/broker/v1/decomposition",
    ];
    let mut unseen = broker.document.unseen();
    unseen.retain(|one| !of_orders.iter().any(|path| one.contains(path)));
    assert_eq!(unseen, letters);
}

#[test]
fn domains_with_every_kind_of_source_are_as_described() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("AS4.yaml"), "cpu: 1\nodd\n").unwrap();
    std::fs::write(
        folder.path().join("AS5.yaml"),
        "cpu: 1\nnf: [a]\nneighbours: [{domain: AS1}]\n",
    )
    .unwrap();
    let mut broker = Checked::start(&format!(
        "files.folder = {:?}\n[pull]\ntimeout = '1s'\n[bgp]\nlisten = '127.0.0.1:0'\n\
         [[domains]]\nid = 'AS1'\npush = true\n\
         [[domains]]\nid = 'mdo'\nresources = 'http://127.0.0.1:1/get-config'\n\
         [[domains]]\nid = 'AS3'\nbgp_ls = [{{address = '127.0.0.9'}}]\n",
        folder.path().display().to_string()
    ));
    super::broker::eventually("every source was asked", || {
        let is_known = broker.broker.get("/broker/v1/domains/AS5").status == 200;
        (is_known && broker.broker.get("/readyz").status == 200).then_some(())
    });
    let list = broker.get("/broker/v1/domains", 200).json();
    let of = |id: &str| {
        let domains = list["domains"].as_array().unwrap().iter();
        domains
            .clone()
            .find(|domain| domain["id"] == id)
            .unwrap_or_else(|| panic!("{id}: {list:#}"))
    };
    assert_eq!(of("AS1")["sources"], json!([]));
    assert!(of("mdo")["sources"][0]["last-error"].is_string());
    assert_eq!(of("AS3")["sources"][0]["routes"], 0);
    assert_eq!(of("AS5")["known-by"], "file");
    for id in ["AS1", "mdo", "AS3", "AS4", "AS5"] {
        broker.get(&format!("/broker/v1/domains/{id}"), 200);
    }
}

#[test]
fn problems_are_as_described() {
    let mut broker = Checked::start("limits.members = 1\n[limits.member]\nbytes = 5000\n");
    let (own, topology) = ("/broker/v1/domains/AS1", "/broker/v1/domains/AS1/topology");
    let none = |ask: Ask| ask;
    let nothing = json!({});
    broker.ask("PUT", own, 201, |ask| ask.json(&nothing));
    broker.ask("PUT", topology, 201, |ask| {
        ask.body(JSON, topology_of("AS1"))
    });
    let wrong = topology_of("AS1").replace("\"50\"", "\"-50\"");
    broker.ask("PUT", topology, 422, |ask| ask.body(JSON, &wrong));
    broker.ask("PUT", topology, 413, |ask| ask.body(JSON, " ".repeat(5001)));
    broker.ask("PUT", topology, 415, |ask| ask.body("text/plain", "x"));
    broker.ask("PUT", topology, 412, |ask| {
        ask.header("If-Match", "\"x\"")
            .body(JSON, wrong.replace("-50", "50"))
    });
    broker.ask("PUT", topology, 400, |ask| {
        ask.header("If-Match", "x").body(JSON, "{}")
    });
    broker.ask("PUT", &format!("{topology}?format=x"), 400, |ask| {
        ask.body(JSON, "{}")
    });
    broker.ask("PATCH", topology, 415, |ask| ask.body(JSON, "{}"));
    broker.ask("PATCH", topology, 422, |ask| ask.body(MERGE, "{"));
    broker.ask("GET", topology, 406, |ask| {
        ask.header("Accept", "text/html")
    });
    broker.ask("PUT", own, 400, |ask| ask.body(JSON, "{\"lifetime\": -1}"));
    broker.ask("PUT", own, 400, |ask| ask.body(JSON, "{"));
    broker.ask("PUT", own, 415, |ask| ask.body("text/plain", "{}"));
    broker.ask("PUT", own, 412, |ask| {
        ask.header("If-None-Match", "*").json(&nothing)
    });
    broker.ask("PUT", "/broker/v1/domains/AS2", 507, |ask| {
        ask.json(&nothing)
    });
    broker.ask("PUT", "/broker/v1/domains/name", 409, |ask| {
        ask.json(&json!({"asn": 1}))
    });
    broker.ask("DELETE", "/broker/v1/domains/AS2", 404, none);
    broker.ask("DELETE", "/broker/v1/domains/AS1/resources", 404, none);
    broker.ask("POST", "/broker/v1/domains/AS2/heartbeat", 404, none);
    broker.ask("POST", "/broker/v1/domains/AS1/heartbeat", 400, |ask| {
        ask.body(JSON, "[]")
    });
    broker.get("/broker/v1/domains/AS2", 404);
    broker.get("/broker/v1/domains/%ff", 400);
    broker.get("/broker/v1/events?sinse=x", 400);
    broker.ask("GET", "/broker/v1/domains", 406, |ask| {
        ask.header("Accept", "text/html")
    });
    broker.ask("POST", "/broker/v1/placements", 400, |ask| {
        ask.json(&nothing)
    });
    broker.ask("POST", "/broker/v1/placements", 415, |ask| {
        ask.body("text/plain", "x")
    });
    broker.ask("POST", "/broker/v1/paths", 400, |ask| ask.json(&nothing));
    broker.ask("POST", "/broker/v1/paths", 415, |ask| {
        ask.body("text/plain", "x")
    });
    let full = json!({"objective": {"weights": {"hops": 1, "delay": 0.2}}, "policy": "ignore",
        "sg": {}, "disjoint": "srlg", "explain": true, "k": 1, "constraints": {
        "nodes": {"NF1": {"allow": ["AS1"], "forbid": ["AS2"], "resources": {"cpu": 2, "mem": "4 GB"}}},
        "links": {"2": {"bandwidth": "100 Mbit/s", "max-delay": 10, "max-hops": 3}},
        "requirements": {"1": {"max-delay": "10 ms"}}, "affinity": [["NF1", "NF2"]],
        "anti-affinity": [["NF1", "NF3"]], "forbid-domains": ["AS9"]}});
    broker.document.check_body(
        &json!({"$ref": "#/components/schemas/PlacementsRequest"}),
        &full,
    );
    for path in ["/broker/v1/reservations/x", "/broker/v1/reservations/%ff"] {
        let status = if path.ends_with('x') { 404 } else { 400 };
        broker.get(path, status);
    }
    broker.ask("POST", "/broker/v1/reservations/x/confirm", 404, none);
    broker.ask("POST", "/broker/v1/reservations/x/extend", 404, none);
    broker.ask("DELETE", "/broker/v1/reservations/x", 404, none);
    broker.ask("POST", "/broker/v1/reservations", 400, |ask| {
        ask.json(&nothing)
    });
    broker.get("/broker/v1/topology?around=AS9", 400);
    broker.ask("POST", "/broker/v1/placements", 413, |ask| {
        ask.body(JSON, " ".repeat(2 << 20))
    });

    let settings = "[auth]\nanonymous = 'nobody'\n[[auth.principals]]\nname = 'x'\nrole = 'auditor'\n\
                    token = 'sixteen characters'\n[limits]\nrequests_per_second = 1\nburst = 100\n";
    let mut broker = Checked::start(settings);
    let operations: Vec<(String, String)> = broker.document.operations().into_keys().collect();
    let open = ["/healthz", "/readyz", "/openapi.json"];
    // Whose token in the path is wrong finds nothing.
    let is_callback = |path: &str| path.starts_with("/broker/v1/callbacks/");
    for (path, method) in &operations {
        let real = path
            .replace("{domain}", "AS1")
            .replace("{document}", "topology");
        if !open.contains(&path.as_str()) && !is_callback(path) {
            broker.ask(method, &real, 401, |ask| ask);
            // What changes nothing, auditors may ask.
            let asks = [
                "/broker/v1/placements",
                "/broker/v1/paths",
                "/broker/v1/decomposition",
            ];
            if method != "GET" && !asks.contains(&path.as_str()) {
                broker.ask(method, &real, 403, |ask| ask.token("sixteen characters"));
            }
        }
    }
    let refused = (0..200)
        .map(|_| broker.broker.get("/metrics"))
        .find(|answer| answer.status == 429);
    broker
        .document
        .check("GET", "/metrics", &refused.expect("the bucket is empty"));
}

#[test]
fn what_the_document_says_of_requests_is_what_is_taken() {
    let mut broker = Checked::start("");
    let registration = json!({"$ref": "#/components/schemas/RegistrationRequest"});
    let heartbeat = json!({"$ref": "#/components/schemas/HeartbeatRequest"});
    let path = "/broker/v1/domains/mdo";
    for (body, is_good) in [
        (json!({}), true),
        (json!({"lifetime": 1}), true),
        (json!({"lifetime": 86_400}), true),
        (json!({"asn": 1}), true),
        (json!({"asn": 4_294_967_295_u32}), true),
        (
            json!({"asn": null, "lifetime": null, "entry-point": null}),
            true,
        ),
        (json!({"entry-point": "https://mdo.example/x"}), true),
        (json!({"lifetime": 0}), false),
        (json!({"lifetime": 86_401}), false),
        (json!({"lifetime": "1"}), false),
        (json!({"asn": 0}), false),
        (json!({"asn": 4_294_967_296_u64}), false),
        (json!({"entry-point": "mdo"}), false),
        (json!({"entry-point": 1}), false),
        (json!({"other": 1}), false),
        (json!([]), false),
    ] {
        assert_eq!(
            broker.document.faults(&registration, &body).is_empty(),
            is_good,
            "{body}"
        );
        let answer = broker.broker.ask("PUT", path).json(&body).send();
        assert_eq!(answer.status < 300, is_good, "{body}: {answer}");
        broker.document.check("PUT", path, &answer);
        let is_lifetime = body
            .as_object()
            .is_some_and(|o| o.keys().all(|name| name == "lifetime"));
        if is_lifetime {
            broker.broker.ask("PUT", path).json(&json!({})).send();
            assert_eq!(
                broker.document.faults(&heartbeat, &body).is_empty(),
                is_good,
                "{body}"
            );
            let answer = broker
                .broker
                .ask("POST", &format!("{path}/heartbeat"))
                .json(&body)
                .send();
            assert_eq!(answer.status < 300, is_good, "{body}: {answer}");
        }
    }
}
