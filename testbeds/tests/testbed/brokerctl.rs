//! `brokerctl` against a real broker: every command, every exit code.

use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::*;

fn graph_file(graph: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(graph.to_string().as_bytes()).unwrap();
    file
}

#[test]
fn every_command_answers() {
    let running = Running::start(&["3as"]);
    let request = file("3as", "request-sg.json");
    let nffg = file("3as", "request-sg.nffg");

    for (args, words) in [
        (
            &["directory"][..],
            &[
                "| networkmap ",
                "GET /propmap/full/inet-ucmspn",
                "(default)",
            ][..],
        ),
        (
            &["domains"],
            &[
                "| AS1    | fresh | pull resources | fresh |",
                "| AS3    | fresh |",
            ],
        ),
        (
            &["domain", "AS2"],
            &[
                "domain        AS2\n",
                "NF types      NF2\n",
                "neighbours    AS1, AS3\n",
            ],
        ),
        (&["domain", "2"], &["domain        AS2\n"]),
        (
            &["propmap"],
            &["| AS2 | http://172.26.0.10:8888/escape | -    | {NF2} "],
        ),
        (
            &["propmap", "--rfc9240"],
            &["| AS2 | http://172.26.0.10:8888/escape | -    | {NF2} "],
        ),
        (
            &["paths", "--sg", &request],
            &[
                "Requirement SAP1 -> SAP2",
                "[AS1, AS2, AS3]",
                "AS3     http://172.27",
            ],
        ),
        (
            &["paths", "--sg", &nffg],
            &["| NF3 -> SAP2        | [AS1, AS2, AS3]        |"],
        ),
        (
            &["placements", "--sg", &request],
            &["| 6    | 4:{AS1:SAP1->AS2->AS3:NF1->"],
        ),
        (
            &["placements", "--sg", &nffg, "--k", "1"],
            &["| 2    | 1:{AS1:SAP1->AS1:NF1->"],
        ),
    ] {
        let ended = running.brokerctl(args);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
        for words in words {
            assert!(
                ended.stdout.contains(words),
                "{args:?}: {words}\nnot in\n{}",
                ended.stdout
            );
        }
    }

    assert_eq!(
        running.ask(&["propmap"])["property-map"],
        json("3as", "expected-propmap.json")["property-map"]
    );
    let paths = running.ask(&["paths", "--sg", &nffg]);
    assert_eq!(
        paths["cost-map"],
        json("3as", "expected-costmap.json")["cost-map"]
    );
    let one = running.ask(&["placements", "--sg", &request, "-k", "1"]);
    assert_eq!(one["placements"].as_array().unwrap().len(), 1);
    assert_eq!(
        one["placements"][0]["requirements"][0]["walk"],
        json("3as", "expected-placements.json")[0]
    );
    assert!(running.ask(&["directory"])["resources"]["pv"].is_object());
    assert_eq!(
        running.ask(&["domains"])["domains"][1],
        running.ask(&["domain", "AS2"])
    );
}

#[test]
fn a_graph_may_come_from_standard_input() {
    let running = Running::start(&["3as"]);
    let mut process = testbed()
        .args(["brokerctl", "placements", "--sg", "-"])
        .env("BROKERCTL_SERVER", running.server())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bare = json("3as", "request-sg.json")["sg"].to_string();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(bare.as_bytes())
        .unwrap();
    let ended: Ended = process.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("1:{AS1:SAP1->"), "{}", ended.stdout);
}

#[test]
fn every_exit_code_comes_with_plain_words() {
    let running = Running::start(&["3as"]);
    let unknown = graph_file(&json!({
        "nfs": ["NF9"], "saps": ["SAP1"],
        "sg_links": [{"id": 1, "src-node": "SAP1", "dst-node": "NF9"}],
        "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "NF9", "sg-path": [1]}],
    }));
    let unknown = unknown.path().to_str().unwrap().to_owned();
    let printed = file("3as", "request-as-printed.json");
    let twice = file("3as", "request-link-id-twice.json");
    for (args, code, words) in [
        (
            &["placements", "--sg", &unknown][..],
            1,
            &[" refused the request: ", "NF9"][..],
        ),
        (
            &["paths", "--sg", &unknown],
            1,
            &["E_INVALID_FIELD_VALUE", "NF9"],
        ),
        (
            &["paths", "--sg", &twice],
            1,
            &["field  sg/sg_links[1]/id", "value  2"],
        ),
        (
            &["paths", "--sg", &printed],
            2,
            &["is not JSON: trailing comma at line 14"],
        ),
        (
            &["paths", "--sg", "/no/such/file"],
            2,
            &["cannot read /no/such/file"],
        ),
        (&["placements", "--sg", &twice, "--k", "0"], 2, &["--k"]),
        (&["--timeout", "soon", "domains"], 2, &["--timeout"]),
        (&["domain", "AS9"], 5, &["AS9"]),
        (
            &["--directory", "/metrics", "directory"],
            4,
            &["is not understood"],
        ),
        (&["--directory", "/no/such", "propmap"], 5, &["no/such"]),
    ] {
        let ended = running.brokerctl(args);
        assert_eq!(
            ended.code,
            Some(code),
            "{args:?}: {}{}",
            ended.stdout,
            ended.stderr
        );
        for words in words {
            assert!(
                ended.stderr.contains(words),
                "{args:?}: {words}\nnot in\n{}",
                ended.stderr
            );
        }
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}

#[test]
fn nobody_there_is_told() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ended = run(&[
        "brokerctl",
        "--server",
        &format!("http://{free}"),
        "propmap",
    ]);
    assert_eq!(ended.code, Some(3));
    let expected = format!(
        "brokerctl: http://{free} does not answer: connection refused; is a server running there?\n"
    );
    assert_eq!(ended.stderr, expected);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let ended = run(&[
        "brokerctl",
        "--server",
        &server,
        "--timeout",
        "200ms",
        "domains",
    ]);
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.contains("did not answer within 200ms"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_mdo_is_no_broker() {
    let running = Running::start(&["3as"]);
    let mdo = running.mdo("AS1")["url"].as_str().unwrap();
    let ended = run(&["brokerctl", "--server", mdo, "directory"]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
}
