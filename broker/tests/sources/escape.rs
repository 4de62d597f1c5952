//! ESCAPE's `get-config`, in the layout of 2017 (a port of its own) and that of 2018 (one port for all).

use serde_json::json;

use crate::documents::{unify, virtualizer};
use crate::process::Broker;
use crate::server::{Request, Response, Server};

/// What ESCAPE of 2017 answers where its prefix is `prefix`: 404 elsewhere, 406 for an RPC that the verb
/// does not have, 501 for verbs that it does not know.
fn escape(prefix: &'static str) -> impl Fn(&Request) -> Response + Send {
    move |request| {
        let Some(rpc) = request.path.strip_prefix(prefix) else {
            return Response::status(404);
        };
        match (request.method.as_str(), rpc) {
            ("POST" | "GET", "/get-config") => {
                Response::ok("application/xml", virtualizer("7")).with("message-id", "1")
            }
            ("POST" | "GET", _) => Response::status(406),
            _ => Response::status(501),
        }
    }
}

#[test]
fn both_layouts_are_asked_as_escape_s_own_clients_ask() {
    for prefix in ["/escape", "/escape/orchestration"] {
        let server = Server::start(escape(prefix));
        let url = server.url(&format!("{prefix}/get-config"));
        let broker = Broker::start(&format!("[[domains]]\nid = 'AS1'\nresources = '{url}'\n"));
        broker.wait_until("AS1", "nodes", &json!(1));
        assert_eq!(broker.cpu("AS1"), Some(7));
        let request = &server.asked()[0];
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-length"), Some("0"));
        assert!(request.header("transfer-encoding").is_none());
        assert!(
            request
                .header("accept")
                .unwrap()
                .starts_with("application/xml")
        );
        let source = broker.source("AS1", "pull resources").unwrap();
        assert_eq!(source["document"]["format"], "virtualizer");
    }
}

#[test]
fn the_method_may_be_set() {
    let server = Server::start(|request| {
        if request.method == "GET" {
            Response::ok("application/xml", virtualizer("7"))
        } else {
            Response::status(405).with("Allow", "GET")
        }
    });
    let url = server.url("/escape/get-config");
    let table =
        |rest: &str| format!("[[domains]]\nid = 'AS1'\nresources = {{ url = '{url}'{rest} }}\n");
    let broker = Broker::start(&table(""));
    assert_eq!(
        broker.error("AS1", "pull resources"),
        "the answer is HTTP 405: not by this method, the other may do (domains: method)"
    );
    drop(broker);
    let broker = Broker::start(&table(", method = 'get'"));
    broker.wait_until("AS1", "nodes", &json!(1));
    assert_eq!(server.asked().last().unwrap().method, "GET");
}

/// ESCAPE that is set not to speak UNIFY answers with its own NFFG, in JSON.
#[test]
fn an_nffg_is_taken_where_a_virtualizer_is_usual() {
    let nffg = json!({
        "parameters": {"id": "AS1", "name": "AS1"},
        "node_infras": [{"id": "bisbis", "type": "BiSBiS", "resources": {"cpu": 9.0, "mem": 1.0, "storage": 1.0}}],
    });
    let body = nffg.to_string();
    let server = Server::start(move |_| Response::json(body.clone()));
    let url = server.url("/escape/get-config");
    let broker = Broker::start(&format!("[[domains]]\nid = 'AS1'\nresources = '{url}'\n"));
    broker.wait_until("AS1", "nodes", &json!(1));
    let source = broker.source("AS1", "pull resources").unwrap();
    assert_eq!(source["document"]["format"], "nffg");
}

#[test]
fn a_document_that_does_not_tell_what_it_is_asked_for_is_refused_in_words() {
    for (slot, body, media_type, words) in [
        (
            "topology",
            virtualizer("7"),
            "application/xml",
            "the document (format 'virtualizer') tells no topology",
        ),
        (
            "resources",
            unify(1, &[]),
            "application/json",
            "the document (format 'unify') tells no resources",
        ),
    ] {
        let server = Server::start(move |_| Response::ok(media_type, body.clone()));
        let url = server.url("/export");
        let broker = Broker::start(&format!("[[domains]]\nid = 'AS1'\n{slot} = '{url}'\n"));
        assert_eq!(broker.error("AS1", &format!("pull {slot}")), words);
        assert_eq!(broker.domain("AS1").unwrap()["state"], "waiting");
    }
}

#[test]
fn a_format_that_is_set_is_what_the_document_must_be() {
    let server = Server::start(|_| Response::json(unify(1, &[])));
    let url = server.url("/export");
    for (format, words) in [
        ("cop", "the document cannot be taken: "),
        (
            "virtualizer",
            "a document of format 'virtualizer' is written in XML, this is JSON",
        ),
    ] {
        let settings = format!(
            "[[domains]]\nid = 'AS1'\ntopology = {{ url = '{url}', format = '{format}' }}\n"
        );
        let error = Broker::start(&settings).error("AS1", "pull topology");
        assert!(error.contains(words), "{error}");
    }
    let settings =
        format!("[[domains]]\nid = 'AS1'\ntopology = {{ url = '{url}', format = 'unify' }}\n");
    Broker::start(&settings).wait_until("AS1", "routers", &json!(1));
}

/// One document may tell all; it is asked for once.
#[test]
fn yaml_that_tells_all_is_enough() {
    let text = "entry-point: http://as1.example/\ncpu: 5\nneighbours: []\n";
    let server = Server::start(move |_| Response::ok("application/yaml; charset=utf-8", text));
    let url = server.url("/as1.yaml");
    let broker = Broker::start(&format!("[[domains]]\nid = 'AS1'\ntopology = '{url}'\n"));
    let domain = broker.wait_until("AS1", "state", &json!("fresh"));
    assert_eq!(domain["missing"], json!([]), "{domain:#}");
    let source = broker.source("AS1", "pull topology").unwrap();
    assert_eq!(
        source["used-for"],
        json!(["resources", "topology", "entry-point"])
    );
    assert_eq!(source["document"]["syntax"], "YAML");
    assert_eq!(broker.cpu("AS1"), Some(5));
}
