use std::time::Duration;

use super::*;

/// An emulator of AS1 of the draft's example, and a client for it.
async fn emulator() -> (Emulator, Http) {
    let scenario = Scenario::open("3as").unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap(), Fallback::None)
        .await
        .unwrap();
    let emulator = Emulator::start(scenario, &"AS1".parse().unwrap(), listener).unwrap();
    let http = Http {
        client: reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap(),
        base: format!("http://{}", emulator.address()),
    };
    (emulator, http)
}

struct Http {
    client: reqwest::Client,
    base: String,
}

impl Http {
    async fn send(&self, method: Method, path: &str) -> (u16, String, String) {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let answer = request
            .timeout(Duration::from_secs(20))
            .send()
            .await
            .unwrap();
        let header = |name| {
            let value = answer
                .headers()
                .get(name)
                .map(|value: &HeaderValue| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let (status, kind) = (answer.status().as_u16(), header("content-type"));
        (status, kind, answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn escape_answers_in_both_layouts() {
    let (_emulator, http) = emulator().await;
    for prefix in ["/escape", "/escape/orchestration"] {
        for method in [Method::GET, Method::POST] {
            let (status, kind, body) = http.send(method.clone(), &format!("{prefix}/ping")).await;
            assert_eq!(
                (status, kind.as_str(), body.as_str()),
                (200, "text/plain", "OK")
            );
            let (status, kind, body) = http.send(method, &format!("{prefix}/get-config")).await;
            assert_eq!((status, kind.as_str()), (200, "application/xml"));
            assert!(body.contains("<cpu>50.0</cpu>"), "{body}");
        }
        for rpc in ["version", "operations"] {
            let (status, kind, body) = http.send(Method::GET, &format!("{prefix}/{rpc}")).await;
            assert_eq!((status, kind.as_str()), (200, "application/json"));
            serde_json::from_str::<Value>(&body).unwrap();
        }
    }
}

#[tokio::test]
async fn escape_names_its_answer_by_the_message_id() {
    let (_emulator, http) = emulator().await;
    let url = format!("{}/escape/get-config?message-id=42", http.base);
    let answer = http.client.post(url).send().await.unwrap();
    assert_eq!(answer.headers().get("message-id").unwrap(), "42");
    let answer = http
        .client
        .post(format!("{}/escape/get-config", http.base))
        .send()
        .await
        .unwrap();
    assert!(answer.headers().contains_key("message-id"));
}

#[tokio::test]
async fn escape_refuses_as_escape_does() {
    let (_emulator, http) = emulator().await;
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/other/ping", 404),
        (Method::GET, "/escape/adaptation/get-config", 404),
        (Method::GET, "/escape/edit-config", 406),
        (Method::POST, "/escape/version", 406),
        (Method::PUT, "/escape/get-config", 406),
        (Method::DELETE, "/escape/get-config", 501),
        (Method::PATCH, "/escape/ping", 501),
    ] {
        assert_eq!(
            http.send(method.clone(), path).await.0,
            status,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn netphony_answers_with_and_without_what_unify_loses() {
    let (_emulator, http) = emulator().await;
    let (status, kind, full) = http
        .send(Method::GET, "/restconf/data/topologyFromTADS/")
        .await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    assert!(full.contains("reachability_prefix") && full.contains("unify-slor"));
    let (status, _, plain) = http.send(Method::GET, "/restconf/data/virtualizer/").await;
    assert_eq!(status, 200);
    assert!(!plain.contains("reachability_") && plain.contains("unify-slor"));
    assert_eq!(
        http.send(Method::POST, "/restconf/data/virtualizer/")
            .await
            .0,
        405
    );
    for (path, member) in [("topologies", "topology"), ("networks", "network")] {
        let (status, kind, body) = http
            .send(Method::GET, &format!("/restconf/data/{path}/"))
            .await;
        assert_eq!((status, kind.as_str()), (200, "application/json"));
        let document: Value = serde_json::from_str(&body).unwrap();
        assert!(document[member].is_array(), "{body}");
    }
    assert_eq!(
        http.send(Method::GET, "/restconf/data/others/").await.0,
        404
    );
}

#[tokio::test]
async fn plain_unify_has_no_delay_between_domains() {
    let mut document = json!({
        "links": {"link": [{"src": "a", "dst": "b", "resources": {"delay": "230"}}]},
        "nodes": {"node": [{"links": {"link": [{"resources": {"delay": "99"}}]}}]},
    });
    netphony::to_plain_unify(&mut document);
    assert_eq!(
        document["links"]["link"][0],
        json!({"src": "a", "dst": "b"})
    );
    assert_eq!(
        document["nodes"]["node"][0]["links"]["link"][0]["resources"]["delay"],
        "99"
    );
}

#[tokio::test]
async fn an_edit_of_the_file_shows_and_a_lost_file_is_no_view() {
    let folder = tempfile::tempdir().unwrap();
    let built_in = Scenario::open("3as").unwrap();
    for file in ["scenario.toml", "AS1.get-config.xml"] {
        std::fs::write(folder.path().join(file), built_in.read(file).unwrap()).unwrap();
    }
    let scenario = Scenario::open(folder.path().to_str().unwrap()).unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap(), Fallback::None)
        .await
        .unwrap();
    let emulator = Emulator::start(scenario, &"AS1".parse().unwrap(), listener).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let http = Http {
        client,
        base: format!("http://{}", emulator.address()),
    };

    assert!(
        http.send(Method::POST, "/escape/get-config")
            .await
            .2
            .contains("50.0")
    );
    std::fs::write(folder.path().join("AS1.get-config.xml"), "<virtualizer/>").unwrap();
    assert_eq!(
        http.send(Method::POST, "/escape/get-config").await.2,
        "<virtualizer/>"
    );
    let (status, _, body) = http.send(Method::GET, "/restconf/data/virtualizer/").await;
    assert_eq!(
        (status, body.as_str()),
        (404, "no view: cannot read AS1.topology.json")
    );
}

#[tokio::test]
async fn it_misbehaves_on_demand_and_recovers() {
    let (emulator, http) = emulator().await;
    emulator.misbehave(Some(Misbehaviour::Html));
    let (status, kind, body) = http.send(Method::POST, "/escape/get-config").await;
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(body.contains("<html>"));

    emulator.misbehave(Some(Misbehaviour::Huge { bytes: 1_000_000 }));
    let (status, kind, body) = http
        .send(Method::GET, "/restconf/data/topologyFromTADS/")
        .await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    assert!(body.len() >= 1_000_000);
    serde_json::from_str::<Value>(&body).unwrap();

    emulator.misbehave(Some(Misbehaviour::ServerError));
    assert_eq!(http.send(Method::GET, "/escape/ping").await.0, 500);

    emulator.misbehave(Some(Misbehaviour::CutOff));
    let cut = http
        .client
        .get(format!("{}/escape/get-config", http.base))
        .send()
        .await
        .unwrap();
    assert!(cut.bytes().await.is_err());

    for how in [
        Misbehaviour::Silence,
        Misbehaviour::Slow {
            pause: Duration::from_millis(5),
        },
    ] {
        emulator.misbehave(Some(how));
        let request = http.client.get(format!("{}/escape/get-config", http.base));
        let answer = request.timeout(Duration::from_millis(200)).send().await;
        let ended = match answer {
            Ok(answer) => answer.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(ended.unwrap_err().is_timeout());
    }

    emulator.misbehave(None);
    assert_eq!(http.send(Method::GET, "/escape/ping").await.2, "OK");
    assert!(emulator.requests() >= 7);
}

#[tokio::test]
async fn an_address_that_is_taken_is_replaced_only_if_that_is_wanted() {
    let first = bind("127.0.0.1:0".parse().unwrap(), Fallback::None)
        .await
        .unwrap();
    let taken = first.local_addr().unwrap();
    let error = bind(taken, Fallback::None).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let second = bind(taken, Fallback::FreePort)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert!(second.ip().is_loopback() && second.port() != taken.port());
    // TEST-NET-1 (RFC 5737) is nobody's address: what a system without 127/8 says of 127.0.0.11.
    let nobodys = "192.0.2.1:8888".parse().unwrap();
    assert!(bind(nobodys, Fallback::None).await.is_err());
    assert!(bind(nobodys, Fallback::FreePort).await.is_ok());
}
