//! Stock netphony-topology: its exporters of UNIFY, COP and IETF forms, pulled as `topology`.

use std::path::Path;

use serde_json::json;

use crate::documents::{cop, ietf, unify};
use crate::process::{Broker, wait_for};
use crate::server::{Response, Server};

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/fixtures/third-party/netphony/rest"
);

/// The exporters' paths, by the form that they tell.
fn path(form: &str) -> &'static str {
    match form {
        "unify" => "/restconf/data/virtualizer/",
        "cop" => "/restconf/data/topologies/",
        _ => "/restconf/data/networks/",
    }
}

/// netphony of one domain: one exporter, which takes GET alone and answers at its own path.
struct Netphony {
    asn: u32,
    form: &'static str,
    server: Server,
}

impl Netphony {
    fn start(asn: u32, form: &'static str, document: String) -> Self {
        let server = Server::start(move |request| {
            match (request.method.as_str(), request.path == path(form)) {
                ("GET", true) => Response::json(document.clone()),
                (_, true) => Response::status(405).with("Allow", "GET"),
                _ => Response::status(404),
            }
        });
        Self { asn, form, server }
    }
}

/// A broker that pulls from all of them.
fn broker(federation: &[Netphony]) -> Broker {
    let mut settings = String::new();
    for Netphony { asn, form, server } in federation {
        let url = server.url(path(form));
        settings.push_str(&format!(
            "[[domains]]\nid = 'AS{asn}'\ntopology = '{url}'\n"
        ));
    }
    let broker = Broker::start(&settings);
    for Netphony { asn, form, .. } in federation {
        broker.wait_until(&format!("AS{asn}"), "state", &json!("fresh"));
        let source = broker.source(&format!("AS{asn}"), "pull topology").unwrap();
        assert_eq!(source["document"]["format"], *form);
    }
    broker
}

#[test]
fn every_form_reaches_the_graph() {
    let federation = [
        Netphony::start(1, "unify", unify(1, &[2])),
        Netphony::start(2, "cop", cop(2, &[1, 3])),
        Netphony::start(3, "ietf", ietf(3)),
    ];
    let broker = broker(&federation);
    // AS3's exporter knows no links, so AS2's word is enough.
    wait_for("the graph", || {
        (broker.edges() == ["1-2", "2-3"]).then_some(())
    });
    for id in ["AS1", "AS2", "AS3"] {
        assert_eq!(broker.domain(id).unwrap()["routers"], 1);
    }
}

#[test]
fn one_that_knows_no_links_does_not_deny_them_and_one_that_does_does() {
    let speaker = || Netphony::start(1, "cop", cop(1, &[2]));
    let silent = broker(&[speaker(), Netphony::start(2, "ietf", ietf(2))]);
    wait_for("the graph", || (silent.edges() == ["1-2"]).then_some(()));
    let other = broker(&[speaker(), Netphony::start(2, "cop", cop(2, &[]))]);
    assert_eq!(
        other.domain("AS1").unwrap()["links"],
        1,
        "it tells the link"
    );
    assert!(other.edges().is_empty(), "AS2 does not");
    let both = broker(&[
        Netphony::start(1, "ietf", ietf(1)),
        Netphony::start(2, "ietf", ietf(2)),
    ]);
    assert!(both.edges().is_empty(), "nobody tells it");
}

/// The domains of the captures, and the ends of their names.
const DOMAINS: [(u32, &str); 7] = [
    (1, "1"),
    (2, "2"),
    (3, "3"),
    (121, "-td121"),
    (122, "-td122"),
    (123, "-td123"),
    (231, "-td231"),
];

/// The links between them, by `checklists/exporter-formats.md`, section 3.2.
const EDGES: [&str; 8] = [
    "1-121", "1-123", "121-122", "122-2", "123-2", "123-3", "2-231", "231-3",
];

/// What netphony served for each domain, in the form that is wanted of it.
fn captures(form: impl Fn(u32) -> &'static str) -> Option<Vec<Netphony>> {
    if !Path::new(FOLDER).is_dir() {
        println!("skipped: there is no folder of fixtures");
        return None;
    }
    let all = DOMAINS.iter().map(|(asn, end)| {
        let form = form(*asn);
        let file = format!("{FOLDER}/{form}-network{end}.json");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
        Netphony::start(*asn, form, text)
    });
    Some(all.collect())
}

#[test]
fn seven_domains_of_netphony_itself_make_its_graph() {
    for form in ["unify", "cop"] {
        let Some(federation) = captures(|_| form) else {
            return;
        };
        let broker = broker(&federation);
        wait_for(form, || {
            let mut expected = EDGES.to_vec();
            expected.sort_unstable();
            (broker.edges() == expected).then_some(())
        });
    }
}

#[test]
fn neighbours_speak_for_those_of_netphony_that_know_no_links() {
    // Of each link at least one end is a transit provider's.
    let Some(federation) = captures(|asn| if asn < 100 { "ietf" } else { "cop" }) else {
        return;
    };
    let broker = broker(&federation);
    wait_for("the graph", || {
        let mut expected = EDGES.to_vec();
        expected.sort_unstable();
        (broker.edges() == expected).then_some(())
    });
    let Some(federation) = captures(|_| "ietf") else {
        return;
    };
    assert!(self::broker(&federation).edges().is_empty());
}
