//! Clients that we did not write, or that use nothing of ours: curl, and one in Python over its own library.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::watched::{Federation, PARAMS, TIPS_PARAMS, topology};

/// Starts a program; `None`, with a plain message, where it is not installed (which CI does not allow).
fn start(program: &str, args: &[&str]) -> Option<Peer> {
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    match child {
        Ok(mut child) => Some(Peer {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{program} must be there in CI: {error}"
            );
            println!("skipped: {program} is not installed");
            None
        }
    }
}

/// A program that runs, killed when this is dropped.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "it ended");
        line.trim_end().to_owned()
    }

    fn ask(&mut self, word: &str) -> String {
        writeln!(self.input, "{word}").unwrap();
        self.line()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn curl_reads_an_update_stream_as_it_comes() {
    let federation = Federation::start(&[]);
    let url = format!("http://{}/updates", federation.daemon.address);
    let kind = format!("Content-Type: {PARAMS}");
    let add = json!({"add": {"costs": {"resource-id": "costmap-delay-ow"}}}).to_string();
    let args = [
        "--silent",
        "--no-buffer",
        "--max-time",
        "60",
        "--header",
        &kind,
        "--data-binary",
        &add,
        &url,
    ];
    let Some(mut curl) = start("curl", &args) else {
        return;
    };
    assert_eq!(
        curl.line(),
        "event: application/alto-updatestreamcontrol+json"
    );
    let control: Value = serde_json::from_str(curl.line().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(curl.line(), "");
    assert_eq!(curl.line(), "event: application/alto-costmap+json,costs");
    assert!(curl.line().starts_with("data: {\"meta\""));
    assert_eq!(curl.line(), "");
    federation.delay(123);
    let event = curl.line();
    assert!(event.ends_with("-patch+json,costs"), "{event}");
    let told = curl.line();
    assert!(told.starts_with("data: ") && told.contains("123"), "{told}");
    assert_eq!(curl.line(), "");
    let uri = control["control-uri"].as_str().unwrap();
    assert_eq!(federation.control(uri, &json!({"remove": []})).status, 204);
    assert_eq!(
        curl.line(),
        "event: application/alto-updatestreamcontrol+json"
    );
    assert!(curl.line().contains("\"stopped\":[\"costs\"]"));
    assert_eq!(curl.line(), "");
    assert!(
        curl.child.wait().unwrap().success(),
        "the body ends as it should"
    );
}

#[test]
fn curl_pulls_a_tips_view_and_waits_for_the_next_edge() {
    let federation = Federation::start(&[]);
    let kind = format!("Content-Type: {TIPS_PARAMS}");
    let url = format!("http://{}/tips", federation.daemon.address);
    let request = json!({"resource-id": "costmap-delay-ow"}).to_string();
    let args = [
        "--silent",
        "--header",
        &kind,
        "--data-binary",
        &request,
        "--write-out",
        "\n",
        &url,
    ];
    let Some(mut curl) = start("curl", &args) else {
        return;
    };
    let opened: Value = serde_json::from_str(&curl.line()).unwrap();
    let view = opened["tips-view-uri"].as_str().unwrap();
    let end = &opened["tips-view-summary"]["updates-graph-summary"]["end-seq"];
    let next = end.as_u64().unwrap() + 1;
    let edge = format!("{view}/ug/{end}/{next}");
    let args = [
        "--silent",
        "--max-time",
        "60",
        "--write-out",
        "\n%{http_code} %{content_type}\n",
        &edge,
    ];
    let mut poll = start("curl", &args).unwrap();
    federation.until_metric("brokerd_tips_polls", 1.0);
    federation.delay(124);
    assert!(poll.line().contains("124"));
    let status = poll.line();
    assert!(
        status.starts_with("200 application/") && status.ends_with("-patch+json"),
        "{status}"
    );
}

/// 8895-24, 9569-07: whatever changes, a client that applies what it is told has what a fresh GET gives, on both
/// transports, and with patches of both forms.
#[test]
fn rfc8895_and_rfc9569_a_client_of_python_has_what_a_fresh_get_gives() {
    let federation = Federation::start(&[("alto.updates.versions", "8")]);
    let host = federation.daemon.address.to_string();
    let resources = [
        ("costmap-delay-ow", "/costmap/full/delay-ow"),
        ("costmap-hopcount", "/costmap/full/hopcount"),
        (
            "costmap-routingcost-ordinal",
            "/costmap/full/routingcost/ordinal",
        ),
        ("networkmap", "/networkmap"),
        ("networkmap-role", "/networkmap/role"),
        ("networkmap-pid", "/propmap/full/networkmap-pid"),
    ];
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/daemon/updates_client.py"
    );
    let directory = federation.get("/directory/costmaps");
    let uri_of = |id: &str, uri: &'static str| {
        let told = directory["resources"][id]["uri"].as_str();
        told.map_or_else(|| uri.to_owned(), str::to_owned)
    };
    let mut args = vec![script, host.as_str()];
    args.extend(resources.iter().map(|(id, _)| *id));
    let Some(mut client) = start("python3", &args) else {
        return;
    };
    let mut random = 7_u64;
    let mut draw = |bound: u32| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(random >> 33).unwrap() % bound
    };
    let mut there = std::collections::BTreeSet::new();
    for round in 0..6 {
        for _ in 0..12 {
            // A domain with some prefixes and links, or none.
            let domain = 2 + draw(6);
            if draw(6) == 0 && domain > 3 && there.remove(&domain) {
                federation.leave(domain);
            } else {
                there.insert(domain);
                let prefixes: Vec<String> = (0..=draw(4))
                    .map(|at| format!("10.{domain}.{}.0/24", at * (1 + draw(3))))
                    .collect();
                let links: Vec<(u32, u32)> = (1..8)
                    .filter(|other| *other != domain)
                    .filter(|_| draw(2) == 0)
                    .map(|other| (other, 1 + draw(40)))
                    .collect();
                federation.tell(domain, &topology(domain, &prefixes, &links));
            }
            std::thread::sleep(Duration::from_millis(u64::from(draw(40))));
        }
        // This one ends the round: whoever has it has all.
        let last = 1_000 + round;
        federation.delay_and_wait(last);
        let mut wanted = json!({});
        for (id, uri) in resources {
            wanted[id] = federation.get(&uri_of(id, uri));
        }
        let mut told = Value::Null;
        for _ in 0..500 {
            told = serde_json::from_str(&client.ask("show")).unwrap();
            if told["sse"] == wanted && told["tips"] == wanted {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(told["sse"], wanted, "round {round}");
        assert_eq!(told["tips"], wanted, "round {round}");
    }
    let told: Value = serde_json::from_str(&client.ask("end")).unwrap();
    assert_eq!(
        told["forms"].as_array().unwrap().len(),
        2,
        "{}",
        told["forms"]
    );
}
