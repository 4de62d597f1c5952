//! What may be asked of reservations, by whom, and how often.

use serde_json::{Value, json};

use super::broker::{Answer, Ask};
use super::federation::{Federation, RESERVATIONS, graph, request};

fn with_key(all: &Federation, key: &str, body: &Value) -> Answer {
    let ask = all.broker.ask("POST", RESERVATIONS);
    ask.header("Idempotency-Key", key).json(body).send()
}

#[test]
fn the_same_request_under_the_same_key_is_done_once() {
    let all = Federation::start("");
    let body = request(1, 10);
    let first = with_key(&all, "\"8e03978e-40d5\"", &body).must(201);
    let again = with_key(&all, "8e03978e-40d5", &body).must(200);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json(), first.json());
    let other = with_key(&all, "8e03978e-40d5", &request(2, 10)).must(409);
    assert_eq!(other.json()["title"], "Key used for another request");
    with_key(&all, "another", &body).must(201);
    assert_eq!(all.held().len(), 2);
    for wrong in ["", "\"\"", "a b", "a\\b"] {
        let problem = with_key(&all, wrong, &body).must(400).json();
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{wrong}");
    }
    // Once it is over, the key is for something new.
    let location = first.header("location").unwrap();
    all.broker.ask("DELETE", location).send().must(204);
    with_key(&all, "8e03978e-40d5", &request(2, 10)).must(201);
}

#[test]
fn nodes_go_where_the_client_chooses() {
    let all = Federation::start("");
    let mut body = request(1, 10);
    body["choice"] = json!({"A": "AS3"});
    let chosen = all.reserve(&body).must(201).json();
    assert_eq!(chosen["placement"]["nodes"]["A"], "AS3");
    for (choice, constraints, field) in [
        (json!({"B": "AS3"}), json!({}), "choice/B"),
        (json!({"A": "a.b"}), json!({}), "choice/A"),
        (
            json!({"A": "AS3"}),
            json!({"forbid-domains": ["AS3"]}),
            "choice/A",
        ),
        (
            json!({"A": "AS3"}),
            json!({"nodes": {"A": {"forbid": ["AS3"]}}}),
            "choice/A",
        ),
        (json!(["AS3"]), json!({}), "choice"),
    ] {
        let body = json!({"sg": graph(1, 10), "choice": choice, "constraints": constraints});
        let problem = all.reserve(&body).must(400).json();
        assert_eq!(problem["errors"][0]["field"], field);
    }
}

#[test]
fn a_request_that_means_nothing_here_is_refused() {
    let all = Federation::start("");
    for (name, value, field) in [
        ("k", json!(1), "k"),
        ("explain", json!(true), "explain"),
        ("holds", json!(1), "holds"),
        ("hold", json!("2h"), "hold"),
        ("hold", json!(0), "hold"),
        ("hold", json!(1.5), "hold"),
        ("hold", json!([1]), "hold"),
    ] {
        let mut body = request(1, 10);
        body[name] = value;
        let problem = all.reserve(&body).must(400).json();
        assert_eq!(problem["errors"][0]["field"], field, "{problem:#}");
    }
    all.broker
        .ask("POST", RESERVATIONS)
        .body("text/plain", "x")
        .send()
        .must(415);
    all.broker
        .ask("POST", RESERVATIONS)
        .body("application/json", "{")
        .send()
        .must(400);
    for id in ["x", "%20", &"x".repeat(200)] {
        all.broker.get(&format!("{RESERVATIONS}/{id}")).must(404);
    }
    assert!(all.held().is_empty());
}

const TOKENS: [(&str, &str); 4] = [
    ("AS1", "the-token-of-AS1s-mdo"),
    ("AS2", "the-token-of-AS2s-mdo"),
    ("operator", "the-token-of-the-operator"),
    ("auditor", "the-token-of-the-auditor"),
];

fn by(ask: Ask, name: &str) -> Ask {
    match TOKENS.iter().find(|(of, _)| *of == name) {
        Some((_, token)) => ask.token(token),
        None => ask,
    }
}

#[test]
fn a_member_sees_and_changes_its_own_operators_all_and_auditors_see() {
    let mut settings = "[reservations]\nholds_per_holder = 2\n[auth]\n".to_owned();
    for (name, token) in TOKENS {
        let role = match name {
            "operator" | "auditor" => format!("role = '{name}'"),
            _ => format!("role = 'member'\ndomain = '{name}'"),
        };
        settings += &format!("[[auth.principals]]\nname = '{name}'\n{role}\ntoken = '{token}'\n");
    }
    let all = Federation::start(&settings);
    let ask = |name: &str, method: &str, path: &str| by(all.broker.ask(method, path), name);
    let reserve = |name: &str| ask(name, "POST", RESERVATIONS).json(&request(1, 1)).send();
    let own = reserve("AS1").must(201).json();
    assert_eq!(own["holder"], "AS1");
    assert_eq!(
        reserve("operator").must(201).json()["holder"],
        "operator operator"
    );
    reserve("auditor").must(403);
    reserve("nobody").must(403);
    let path = format!("{RESERVATIONS}/{}", own["id"].as_str().unwrap());
    let sees = |name: &str| {
        let list = ask(name, "GET", RESERVATIONS).send().must(200).json();
        let one = ask(name, "GET", &path).send().status;
        (list["reservations"].as_array().unwrap().len(), one)
    };
    assert_eq!(sees("AS1"), (1, 200));
    assert_eq!(sees("AS2"), (0, 404));
    assert_eq!(sees("operator"), (2, 200));
    assert_eq!(sees("auditor"), (2, 200));
    ask("nobody", "GET", RESERVATIONS).send().must(403);
    for (name, status) in [("AS2", 404), ("auditor", 403), ("nobody", 403)] {
        for (method, what) in [("POST", "/confirm"), ("POST", "/extend"), ("DELETE", "")] {
            ask(name, method, &format!("{path}{what}"))
                .send()
                .must(status);
        }
    }
    // Two members may use one key.
    for name in ["AS1", "AS2"] {
        let ask = ask(name, "POST", RESERVATIONS).header("Idempotency-Key", "k");
        ask.json(&request(1, 1)).send().must(201);
    }
    let full = reserve("AS1").must(409).json();
    assert_eq!(full["title"], "Too many reservations");
    ask("operator", "POST", &format!("{path}/confirm"))
        .send()
        .must(200);
    reserve("AS1").must(201);
    ask("operator", "DELETE", &path).send().must(204);
    assert_eq!(sees("AS1"), (2, 404));
}
