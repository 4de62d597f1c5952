//! `brokerctl alto` against the real broker, and against a server that we did not write (Python's), with
//! other ids and paths and fewer abilities.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Broker, Folder, first_line, run, wait_for};

/// AS1 - AS2 - AS3.
fn members() -> Folder {
    Folder::of(&[
        (
            "AS1.yaml",
            "prefixes: [192.0.2.0/25, \"2001:db8:1::/48\"]\nport: SAP1\nneighbours: [{domain: AS2, delay: 3}]\n",
        ),
        (
            "AS2.yaml",
            "prefixes: [192.0.2.128/25]\nnf: NF\ncpu: 4\nneighbours: [{domain: AS1, delay: 3}, {domain: AS3, delay: 4}]\n",
        ),
        (
            "AS3.yaml",
            "prefixes: [198.51.100.0/24]\nneighbours: [{domain: AS2, delay: 4}]\n",
        ),
    ])
}

fn start(members: &Folder) -> Broker {
    let broker = Broker::start(&format!("files.folder = {:?}\n", members.whole()));
    wait_for("all members are there", || {
        let topology = broker.ctl(&["topology", "--json"]).json();
        (topology["adjacencies"].as_array()?.len() == 2).then_some(())
    });
    broker
}

#[test]
fn maps_costs_and_properties_are_asked_for_by_what_they_are() {
    let members = members();
    let broker = start(&members);
    let text = broker.ctl(&["alto", "directory"]).good();
    assert!(
        text.contains("networkmap") && text.contains("(default)") && text.contains("Linked: "),
        "{text}"
    );
    let json = broker.ctl(&["alto", "directory", "--json"]).json();
    assert_eq!(
        json.as_object().unwrap().len(),
        2,
        "the directory and the one linked from it"
    );
    // The same as a whole URL, from a client that knows of no broker.
    let whole = run(&[
        "alto",
        "directory",
        &format!("{}/directory", broker.url),
        "--json",
    ])
    .json();
    assert_eq!(whole, json);

    let map = broker.ctl(&["alto", "networkmap", "--json"]).json();
    assert_eq!(
        map["network-map"]["AS3"],
        json!({"ipv4": ["198.51.100.0/24"]})
    );
    let part = [
        "alto",
        "networkmap",
        "--pid",
        "AS1",
        "--address-type",
        "ipv6",
        "--json",
    ];
    let expected = json!({"AS1": {"ipv6": ["2001:db8:1::/48"]}});
    assert_eq!(broker.ctl(&part).json()["network-map"], expected);
    let other = broker
        .ctl(&[
            "alto",
            "networkmap",
            "--id",
            "networkmap-role",
            "--pid",
            "transit",
            "--json",
        ])
        .json();
    assert_eq!(other["network-map"].as_object().unwrap().len(), 1);

    let costs = [
        "alto",
        "costmap",
        "--src",
        "AS1",
        "--constraint",
        "ge 1",
        "--json",
    ];
    assert_eq!(
        broker.ctl(&costs).json()["cost-map"],
        json!({"AS1": {"AS2": 1, "AS3": 2}})
    );
    let several = [
        "alto",
        "costmap",
        "--metric",
        "routingcost",
        "--metric",
        "delay-ow:cur",
        "--src",
        "AS1",
        "--or",
        "[1] ge 7000",
        "--or",
        "[0] eq 1",
        "--json",
    ];
    let answer = broker.ctl(&several).json();
    assert_eq!(
        answer["cost-map"],
        json!({"AS1": {"AS2": [1, 3000], "AS3": [2, 7000]}})
    );
    let text = broker.ctl(&several[..several.len() - 1]).good();
    assert!(
        text.contains("| AS1  | AS3 | 2           | 7000         |"),
        "{text}"
    );
    let ranks = broker
        .ctl(&[
            "alto", "costmap", "--mode", "ordinal", "--src", "AS1", "--dst", "AS3", "--json",
        ])
        .json();
    assert_eq!(ranks["meta"]["cost-type"]["cost-mode"], "ordinal");

    let pids = broker
        .ctl(&["alto", "pid", "192.0.2.200", "2001:db8:1::7", "203.0.113.1"])
        .good();
    for row in [
        "| ipv4:192.0.2.200   | AS2",
        "| ipv6:2001:db8:1::7 | AS1",
        "| outside@federation |",
    ] {
        assert!(pids.contains(row), "{row} in\n{pids}");
    }
    let told = broker
        .ctl(&[
            "alto",
            "endpointprop",
            "192.0.2.1",
            "--property",
            "networkmap.pid",
            "--json",
        ])
        .json();
    assert_eq!(
        told["endpoint-properties"]["ipv4:192.0.2.1"]["networkmap.pid"],
        "AS1"
    );
    let between = [
        "alto",
        "endpointcost",
        "--from",
        "192.0.2.1",
        "--to",
        "198.51.100.9",
        "--to",
        "192.0.2.129",
        "--json",
    ];
    let expected = json!({"ipv4:192.0.2.1": {"ipv4:198.51.100.9": 2, "ipv4:192.0.2.129": 1}});
    assert_eq!(broker.ctl(&between).json()["endpoint-cost-map"], expected);

    let cpu = broker
        .ctl(&[
            "alto",
            "propmap",
            "--entity",
            "networkmap.pid:AS2",
            "--property",
            "cpu",
            "--json",
        ])
        .json();
    assert_eq!(cpu["property-map"].as_object().unwrap().len(), 1);
    // The draft's map cannot be filtered there.
    let cpu = broker
        .ctl(&[
            "alto",
            "propmap",
            "--id",
            "inet-ucmspn",
            "--entity",
            "pid:AS2",
            "--property",
            "nf",
            "--json",
        ])
        .json();
    assert_eq!(cpu["property-map"], json!({"pid:AS2": {"nf": ["NF"]}}));

    let path = broker
        .ctl(&["alto", "pathvector", "--src", "AS1", "--dst", "AS3"])
        .good();
    // What no other pair crosses is one element; where they are to be told by lasting ids, each link is one.
    assert!(path.contains("AS1") && !path.contains(" -> "), "{path}");
    let path = broker
        .ctl(&[
            "alto",
            "pathvector",
            "--src",
            "AS1",
            "--dst",
            "AS3",
            "--ane-property",
            "persistent-entity-id",
        ])
        .good();
    assert!(
        path.contains(" -> ") && path.contains("ane-properties.ane:AS1:AS2:"),
        "{path}"
    );
}

#[test]
fn a_resource_is_fetched_as_it_is_and_only_if_it_has_changed() {
    let members = members();
    let broker = start(&members);
    let told = broker.ctl(&["alto", "get", "networkmap", "--json"]).json();
    assert_eq!(told["media-type"], "application/alto-networkmap+json");
    let etag = told["etag"].as_str().unwrap();
    let ended = broker.ctl(&["alto", "get", "networkmap", "--etag", etag]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(5), ""),
        "{ended:?}"
    );
    let raw = broker
        .ctl(&["alto", "get", "networkmap", "--etag", "another"])
        .good();
    assert_eq!(
        serde_json::from_str::<Value>(&raw).unwrap(),
        told["content"]
    );
    let body = r#"{"pids": ["AS1"]}"#;
    let part = broker
        .ctl(&["alto", "get", "networkmap-filtered", "--input", body])
        .good();
    assert!(part.contains("AS1") && !part.contains("AS2"), "{part}");
}

#[test]
fn what_cannot_be_is_told_with_its_exit_code() {
    let members = members();
    let broker = start(&members);
    for (args, code, words) in [
        (
            &["alto", "get", "nothing"][..],
            5,
            "has no resource 'nothing'",
        ),
        (
            &["alto", "costmap", "--metric", "colour"],
            5,
            "no cost colour, but the costs",
        ),
        (
            &["alto", "watch", "networkmap-filtered", "--input", "[1"],
            2,
            "[1",
        ),
        (
            &["alto", "get", "costmap-filtered", "--input", "{}"],
            1,
            "field  cost-type",
        ),
        (
            &["alto", "get", "costmap-filtered"],
            2,
            "say what is asked of it",
        ),
        (
            &["alto", "costmap", "--constraint", "le much"],
            2,
            "expected an operator",
        ),
        (
            &["alto", "costmap", "--constraint", "[1] le 5"],
            2,
            "about cost [1]",
        ),
        (&["alto", "pid", "example.net"], 2, "expected an IP address"),
        (
            &["alto", "directory", "ftp://127.0.0.1/"],
            2,
            "expected http or https",
        ),
        (&["alto", "directory", "/nothing"], 5, ""),
        (
            &["alto", "costmap", "--src", "AS1", "--constraint", "ge 99"],
            5,
            "",
        ),
    ] {
        let error = broker.ctl(args).failed(code);
        assert!(error.contains(words), "{args:?}: {error}");
    }
}

/// A server in Python's standard library, with documents of the shapes of RFC 7285 §9.2.3, §11.2.1.7 and
/// §11.2.3.7 and RFC 8895 §8.2: full maps alone, and one update stream.
const PEER: &str = r#"
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALTO = "application/alto-%s+json"
NET = {"meta": {"vtag": {"resource-id": "where", "tag": "one"}}, "network-map": {
    "west": {"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]},
    "south": {"ipv4": ["198.51.100.128/25"]},
    "rest": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}}
COSTS = {"meta": {"cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
                  "dependent-vtags": [NET["meta"]["vtag"]]},
         "cost-map": {"west": {"west": 1, "south": 5, "rest": 10.0}, "south": {"west": 5}}}
HOPS = {"meta": {"cost-type": {"cost-mode": "numerical", "cost-metric": "hopcount"}},
        "cost-map": {"west": {"south": 2, "rest": 3}}}
def cost(metric): return {"cost-mode": "numerical", "cost-metric": metric}
IRD = {"meta": {"cost-types": {"a": cost("routingcost"), "b": cost("hopcount")}, "default-alto-network-map": "where"},
       "resources": {
    "where": {"uri": "x/n", "media-type": ALTO % "networkmap"},
    "far": {"uri": "x/c", "media-type": ALTO % "costmap", "uses": ["where"], "capabilities": {"cost-type-names": ["a"]}},
    "hops": {"uri": "x/h", "media-type": ALTO % "costmap", "uses": ["where"], "capabilities": {"cost-type-names": ["b"]}},
    "news": {"uri": "x/s", "media-type": "text/event-stream", "accepts": ALTO % "updatestreamparams", "uses": ["far"],
             "capabilities": {"incremental-change-media-types": {"far": "application/merge-patch+json"}}}}}
PAGES = {"/here/ird": ("directory", IRD), "/here/x/n": ("networkmap", NET), "/here/x/c": ("costmap", COSTS),
         "/here/x/h": ("costmap", HOPS)}

class Peer(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def head(self, status, kind, length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None: self.send_header("Content-Length", str(length))
        self.end_headers()
    def do_GET(self):
        kind, page = PAGES[self.path]
        body = json.dumps(page).encode()
        self.head(200, ALTO % kind, len(body))
        self.wfile.write(body)
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, = [name for name, add in asked["add"].items() if add["resource-id"] == "far"]
        self.head(200, "text/event-stream")
        def event(kind, data):
            lines = json.dumps(data, indent=1).split("\n")
            self.wfile.write((f"event: {kind},{name}\n" + "".join(f"data: {line}\n" for line in lines) + "\n").encode())
        event(ALTO % "costmap", COSTS)
        COSTS["cost-map"]["west"]["south"] = 9
        COSTS["cost-map"]["south"].pop("west", None)
        event("application/merge-patch+json", {"cost-map": {"west": {"south": 9}, "south": {"west": None}}})
        event("application/merge-patch+json", {"cost-map": {"west": {"south": 8}}})
        time.sleep(60)

server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// Killed when dropped.
struct Peer(Child, String);

impl Peer {
    /// `None`, with a plain message, where Python is not installed (which CI does not allow).
    fn start() -> Option<Self> {
        let spawned = Command::new("python3")
            .args(["-u", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "python3 must be there in CI: {error}"
                );
                println!("skipped: python3 is not installed");
                return None;
            }
        };
        child
            .stdin
            .take()
            .unwrap()
            .write_all(PEER.as_bytes())
            .unwrap();
        let port = first_line(child.stdout.as_mut().unwrap());
        Some(Self(child, format!("http://127.0.0.1:{port}/here/ird")))
    }

    fn ask(&self, args: &[&str]) -> super::Ended {
        let all: Vec<&str> = ["alto"]
            .iter()
            .chain(args)
            .copied()
            .chain(["--directory", &self.1])
            .collect();
        run(&all)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_of_another_make_is_followed_by_its_directory() {
    let Some(peer) = Peer::start() else { return };
    let text = peer.ask(&["directory"]).good();
    assert!(
        text.contains("where") && text.contains("hopcount"),
        "{text}"
    );
    // It filters nothing: all of it is filtered here.
    let map = peer
        .ask(&[
            "networkmap",
            "--pid",
            "rest",
            "--address-type",
            "ipv6",
            "--json",
        ])
        .json();
    assert_eq!(map["network-map"], json!({"rest": {"ipv6": ["::/0"]}}));
    let costs = peer
        .ask(&[
            "costmap",
            "--src",
            "west",
            "--constraint",
            "gt 1",
            "--constraint",
            "lt 10",
            "--json",
        ])
        .json();
    assert_eq!(costs["cost-map"], json!({"west": {"south": 5}}));
    let pids = peer
        .ask(&["pid", "198.51.100.200", "2001:db8::1", "--json"])
        .json();
    let expected = json!({"ipv4:198.51.100.200": {"where.pid": "south"}, "ipv6:2001:db8::1": {"where.pid": "rest"}});
    assert_eq!(pids["endpoint-properties"], expected);
    // Nor does it tell several costs at once.
    let both = peer
        .ask(&[
            "costmap",
            "--metric",
            "routingcost",
            "--metric",
            "hopcount",
            "--constraint",
            "[1] ge 3",
        ])
        .good();
    assert!(
        both.contains("| west | rest | 10.0        | 3        |"),
        "{both}"
    );
    let none = peer.ask(&["endpointcost", "--to", "192.0.2.1"]).failed(5);
    assert!(
        none.contains("no application/alto-endpointcost+json"),
        "{none}"
    );
}

#[test]
fn a_watch_that_goes_wrong_is_found_out_by_its_check() {
    let Some(peer) = Peer::start() else { return };
    let text = peer.ask(&["watch", "far", "--once", "2", "--check"]).good();
    let lines: Vec<&str> = text.lines().map(|line| &line[9..]).collect();
    assert!(
        lines[0].starts_with("far: replacement, ") && lines[0].ends_with(", 4 pairs changed"),
        "{text}"
    );
    assert!(lines[1].ends_with(", 2 pairs changed"), "{text}");
    // The third update says 8, and the server itself says 9.
    let error = peer
        .ask(&[
            "watch",
            "far",
            "--once",
            "3",
            "--check",
            "--transport",
            "sse",
        ])
        .failed(4);
    assert!(error.contains("is not what the server says"), "{error}");
    let error = peer.ask(&["watch", "where"]).failed(5);
    assert!(
        error.contains("neither update streams nor TIPS views of 'where'"),
        "{error}"
    );
}
