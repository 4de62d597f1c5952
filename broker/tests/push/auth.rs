//! Who may write, and read, what.

use serde_json::json;

use super::broker::{Answer, Broker};
use super::testbed::{JSON, members, path, topology_of};

const TOKENS: [(&str, &str); 4] = [
    ("AS1", "the-token-of-AS1s-mdo"),
    ("AS2", "the-token-of-AS2s-mdo"),
    ("operator", "the-token-of-the-operator"),
    ("auditor", "the-token-of-the-auditor"),
];

fn settings(anonymous: &str) -> String {
    let mut text = format!("[auth]\nanonymous = '{anonymous}'\n");
    for (name, token) in TOKENS {
        let role = match name {
            "operator" | "auditor" => format!("role = '{name}'"),
            _ => format!("role = 'member'\ndomain = '{name}'"),
        };
        text += &format!("[[auth.principals]]\nname = '{name}'\n{role}\ntoken = '{token}'\n");
    }
    text
}

/// All changes that there are, each of a kind of its own, by one who has `token`.
fn changes(broker: &Broker, token: Option<&str>, domain: &str) -> Vec<Answer> {
    let ask = |method: &str, what: &str| {
        let ask = broker.ask(method, &format!("{}{what}", path(domain)));
        match token {
            Some(token) => ask.token(token),
            None => ask,
        }
    };
    vec![
        ask("PUT", "").json(&json!({})).send(),
        ask("POST", "/heartbeat").send(),
        ask("PUT", "/topology")
            .body(JSON, topology_of(domain))
            .send(),
        ask("PATCH", "/topology")
            .body("application/merge-patch+json", "{}")
            .send(),
        ask("DELETE", "/topology").send(),
        ask("DELETE", "").send(),
    ]
}

fn token(name: &str) -> &'static str {
    TOKENS.iter().find(|(of, _)| *of == name).unwrap().1
}

fn statuses(answers: Vec<Answer>) -> Vec<u16> {
    answers.into_iter().map(|answer| answer.status).collect()
}

/// What [`changes`] come to for one who may.
const DONE: [u16; 6] = [201, 200, 201, 200, 204, 204];

#[test]
fn a_member_writes_for_itself_alone_and_operators_for_all() {
    let broker = Broker::start(&settings("loopback"));
    assert_eq!(statuses(changes(&broker, Some(token("AS1")), "AS1")), DONE);
    assert_eq!(
        statuses(changes(&broker, Some(token("operator")), "AS1")),
        DONE
    );
    for refused in changes(&broker, Some(token("AS1")), "AS2") {
        assert!(refused.must(403).detail().contains("'AS1' may not"));
    }
    assert_eq!(members(&broker), [""; 0]);
}

#[test]
fn an_auditor_changes_nothing() {
    let broker = Broker::start(&settings("loopback"));
    for refused in changes(&broker, Some(token("auditor")), "AS1") {
        refused.must(403);
    }
}

#[test]
fn nobody_in_particular_changes_nothing_where_there_are_principals() {
    let broker = Broker::start(&settings("loopback"));
    for refused in changes(&broker, None, "AS1") {
        refused.must(403);
    }
    let broker = Broker::start(&settings("nobody"));
    for refused in changes(&broker, None, "AS1") {
        assert_eq!(refused.must(401).header("www-authenticate"), Some("Bearer"));
    }
    for refused in changes(&broker, Some("no-such-token-at-all"), "AS1") {
        refused.must(401);
    }
}

#[test]
fn without_principals_this_machine_may() {
    let broker = Broker::start("");
    assert_eq!(statuses(changes(&broker, None, "AS1")), DONE);
}

#[test]
fn a_member_sees_its_own_documents_and_sources_only() {
    let broker = Broker::start(&settings("nobody"));
    for domain in ["AS1", "AS2"] {
        let ask = |what: &str| {
            broker
                .ask("PUT", &format!("{}{what}", path(domain)))
                .token(token(domain))
        };
        ask("").json(&json!({})).send().must(201);
        ask("/topology")
            .body(JSON, topology_of(domain))
            .send()
            .must(201);
    }
    let read = |name: &str, domain: &str, what: &str| {
        let ask = broker.ask("GET", &format!("{}{what}", path(domain)));
        ask.token(token(name)).send()
    };
    for (name, domain, status) in [
        ("AS1", "AS1", 200),
        ("AS1", "AS2", 403),
        ("AS2", "AS1", 403),
        ("auditor", "AS1", 200),
        ("operator", "AS2", 200),
    ] {
        read(name, domain, "/topology").must(status);
        let shown = read(name, domain, "").must(200).json();
        let sources = shown["sources"].as_array().unwrap().len();
        let wanted = if status == 200 { (2, true) } else { (0, false) };
        assert_eq!(
            (sources, shown["registration"].is_object()),
            wanted,
            "{name} of {domain}"
        );
        assert_eq!(shown["state"], "fresh");
    }
    // A document that is not there is nobody's business, either.
    read("AS1", "AS2", "/resources").must(403);
    let by = read("auditor", "AS1", "").json()["sources"][0]["url"].clone();
    assert_eq!(by, "AS1", "who pushed it");
}
