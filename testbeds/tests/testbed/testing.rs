//! Service function testing at Interlude, by a client that knows the document only.

use std::path::{Path, PathBuf};
use std::time::Duration;

use broker::lso::records::SERVICES;
use broker::settings::{Overrides, load};
use broker::store::file::{FileStore, Options};
use broker::store::{Batch, Store};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sof::mef::ReferencePoint;
use sof::service::{Service, ServiceState};
use testbeds::mdo::Misbehaviour;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::presto::{World, segment, service, world};

const BASE: &str = "/mefApi/interlude/serviceFunctionTesting/v3";
const LATE: &str = "2099-01-01T00:00:00Z";

/// MEF's document; none where it is not at hand.
struct Document(Value);

impl Document {
    fn open() -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(
            "../../shared/fixtures/third-party/mef/interlude/kylie/service-function-test.yaml",
        );
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            return None;
        };
        Some(Self(serde_saphyr::from_str(&text).unwrap()))
    }

    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let operation = &self.0["paths"][path][method];
        let told = &operation["responses"][answer.status.to_string()];
        assert!(told.is_object(), "{method} {path} has no {}", answer.status);
        for name in told["headers"]
            .as_object()
            .into_iter()
            .flat_map(|of| of.keys())
        {
            assert!(answer.header(name).is_some(), "{name} of {method} {path}");
        }
        let kind = answer.header("content-type").unwrap();
        let schema = &told["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path}: the type {kind}");
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": self.0["components"],
        });
        let validator = jsonschema::validator_for(&root).unwrap();
        let faults = validator.iter_errors(&answer.body);
        let faults: Vec<String> = faults
            .map(|of| format!("{}: {of}", of.instance_path()))
            .collect();
        assert!(
            faults.is_empty(),
            "{method} {path} {faults:#?} {:#}",
            answer.body
        );
    }
}

struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A daemon with AS2's emulator for its resources, and services in its store.
struct Sof {
    world: World,
    folder: tempfile::TempDir,
    daemon: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
    address: std::net::SocketAddr,
}

fn a_service(id: &str, buyer: &str, configuration: Value) -> Service {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let given = json!({"serviceType": "x", "serviceConfiguration": configuration});
    Service {
        id: service(id),
        buyer: buyer.to_owned(),
        reference_point: ReferencePoint::Interlude,
        state: ServiceState::Active,
        given: given.as_object().unwrap().clone(),
        ordered_by: Vec::new(),
        service_date: now,
        start_date: None,
        end_date: None,
        busy: None,
    }
}

fn configuration() -> Value {
    json!({
        "@type": "urn:brokermdo:schema:segment:v1", "domain": "AS2",
        "functions": [{"id": "NF2", "type": "NF2", "resources": {"cpu": 4}}],
        "flows": [
            {"link": "2", "from": {"border": {"neighbour": "AS1", "label": "to-AS1"}},
             "to": {"function": "NF2"}},
            {"link": "3", "from": {"function": "NF2"},
             "to": {"border": {"neighbour": "AS3", "label": "to-AS3"}}}],
    })
}

impl Sof {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(&folder.path().join("store"), Options::default()).unwrap();
        let mut batch = Batch::new();
        let graph = json!({"@type": "urn:brokermdo:schema:service-graph:v1", "sg": {}});
        for one in [
            a_service("a", "AS1", configuration()),
            a_service("graph", "AS1", graph),
            a_service("other", "AS9", configuration()),
        ] {
            SERVICES
                .create(&mut batch, &one.id.0.clone(), &one)
                .unwrap();
        }
        store.commit(batch).await.unwrap();
        tokio::task::spawn_blocking(|| store.close())
            .await
            .unwrap()
            .unwrap();
        Self::over(world().await, folder).await
    }

    async fn over(world: World, folder: tempfile::TempDir) -> Self {
        let path: PathBuf = folder.path().join("store");
        let mut set = world.settings.clone();
        set.extend([
            "listen=127.0.0.1:0".to_owned(),
            format!("store={}", path.display()),
            r#"auth.principals=[{name="as1", role="member", domain="AS1", token="0123456789abcdef"}, {name="as9", role="member", domain="AS9", token="9123456789abcdef"}]"#.to_owned(),
        ]);
        let mut overrides = Overrides::default();
        overrides.add(&set).unwrap();
        let settings = load(None, &overrides).unwrap();
        let stop = CancellationToken::new();
        let (send, address) = tokio::sync::oneshot::channel();
        let daemon = tokio::spawn(broker::daemon::run(settings, stop.clone(), |at, _| {
            send.send(at).unwrap();
        }));
        let address = address.await.unwrap();
        Self {
            world,
            folder,
            daemon,
            stop,
            address,
        }
    }

    async fn restart(self) -> Self {
        self.stop.cancel();
        self.daemon.await.unwrap().unwrap();
        Self::over(self.world, self.folder).await
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("http://{}{BASE}{path}", self.address);
        let mut request = self.world.client.request(method, url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json;charset=utf-8")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("0123456789abcdef", Method::GET, path, None).await
    }

    async fn post(&self, body: &Value) -> Answer {
        self.ask("0123456789abcdef", Method::POST, "/testJob", Some(body))
            .await
    }

    /// The job when it is as is waited for.
    async fn when(&self, id: &str, state: &str) -> Answer {
        for _ in 0..1_000 {
            let job = self.get(&format!("/testJob/{id}")).await;
            if job.body["state"] == state {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("job {id} does not become {state}");
    }
}

fn job(of: &str) -> Value {
    json!({
        "name": "a test", "requestedEndDateTime": LATE,
        "relatedServiceFrom": {"id": of}, "relatedServiceTo": {"id": of},
        "testProfile": {
            "@type": "TestProfileValue",
            "serviceSpecificTestProfileConfiguration": {"@type": "urn:brokermdo:schema:segment-test:v1"},
            "relatedServiceSpecification": {"id": "urn:brokermdo:schema:segment:v1"},
        },
        "serviceSpecificTestJobConfiguration": {"@type": "urn:brokermdo:schema:segment-test:v1"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_tested_and_the_result_is_what_the_domain_has() {
    let document = Document::open();
    let check = |method: &str, path: &str, answer: &Answer| {
        document
            .iter()
            .for_each(|of| of.check(method, path, answer));
    };
    let sof = Sof::start().await;
    let mut last = String::new();
    for (is_there, passed) in [(false, false), (true, true)] {
        if is_there {
            let wish = segment("NF2", 4.0);
            sof.world
                .presto
                .apply(&service("a"), Some(&wish), true)
                .await
                .unwrap();
        }
        let taken = sof.post(&job("a")).await;
        check("post", "/testJob", &taken);
        assert_eq!(
            (taken.status, &taken.body["state"]),
            (201, &json!("acknowledged"))
        );
        let id = taken.body["id"].as_str().unwrap().to_owned();
        assert_eq!(taken.body["href"], format!("{BASE}/testJob/{id}"));
        assert_eq!(taken.header("location"), taken.body["href"].as_str());
        let done = sof.when(&id, "completed").await;
        check("get", "/testJob/{id}", &done);
        let results = sof.get(&format!("/testResult?testJobId={id}")).await;
        check("get", "/testResult", &results);
        assert_eq!(results.header("x-total-count"), Some("1"));
        let result = results.body[0]["id"].as_str().unwrap();
        let result = sof.get(&format!("/testResult/{result}")).await;
        check("get", "/testResult/{id}", &result);
        let found = &result.body["serviceSpecificTestResultConfiguration"];
        assert_eq!(
            found["@type"],
            "urn:brokermdo:schema:segment-test-result:v1"
        );
        assert_eq!(found["passed"], passed, "{found}");
        assert_eq!(result.body["testJob"]["id"], id);
        last = id;
    }
    let list = sof.get("/testJob?limit=1&name=a%20test").await;
    check("get", "/testJob", &list);
    assert_eq!(list.header("x-total-count"), Some("2"));
    assert_eq!(list.body.as_array().unwrap().len(), 1);
    assert_eq!(sof.get("/testJob?name=other").await.body, json!([]));
    let later = sof
        .get("/testJob?requestedEndDateTime.gt=2099-01-01T00:00:00Z")
        .await;
    assert_eq!(later.body, json!([]));
    // Both are there after a restart.
    let before = sof.get(&format!("/testResult/{last}")).await.body;
    let sof = sof.restart().await;
    assert_eq!(sof.get(&format!("/testResult/{last}")).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tested_is_told_with_every_fault() {
    let document = Document::open();
    let check = |method: &str, path: &str, answer: &Answer| {
        document
            .iter()
            .for_each(|of| of.check(method, path, answer));
    };
    let sof = Sof::start().await;
    let mut wrong = job("a");
    wrong["name"] = 1.into();
    wrong["requestedEndDateTime"] = "soon".into();
    wrong["relatedServiceTo"] = json!({"id": "b"});
    wrong["testProfile"] = json!({"@type": "TestProfileRef", "id": "p"});
    wrong["serviceSpecificTestJobConfiguration"] = json!({});
    wrong["a/b"] = 1.into();
    let refused = sof.post(&wrong).await;
    check("post", "/testJob", &refused);
    assert_eq!(refused.status, 422);
    let told = refused.body.as_array().unwrap().iter();
    let told: Vec<String> = told
        .map(|of| {
            format!(
                "{} {}",
                of["code"].as_str().unwrap(),
                of["propertyPath"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "unexpectedProperty /a~1b",
            "invalidFormat /name",
            "invalidValue /relatedServiceTo/id",
            "missingProperty /serviceSpecificTestJobConfiguration/@type",
            "referenceNotFound /testProfile",
            "invalidFormat /requestedEndDateTime",
        ]
    );
    // Another's is not there; a whole service graph is not tested here.
    for (of, code) in [
        ("other", "referenceNotFound"),
        ("nothing", "referenceNotFound"),
        ("graph", "invalidValue"),
    ] {
        let refused = sof.post(&job(of)).await;
        check("post", "/testJob", &refused);
        assert_eq!(
            (refused.status, &refused.body[0]["code"]),
            (422, &json!(code)),
            "{of}"
        );
    }
    let mut past = job("a");
    past["requestedEndDateTime"] = "2020-01-01T00:00:00Z".into();
    assert_eq!(
        sof.post(&past).await.body[0]["propertyPath"],
        "/requestedEndDateTime"
    );
    for (path, status, code) in [
        ("/testJob?color=red", 400, "invalidQuery"),
        ("/testJob?limit=x", 400, "invalidQuery"),
        ("/testJob?name=a&name=b", 400, "invalidQuery"),
        ("/testJob?offset=", 400, "missingQueryValue"),
        ("/testJob/nothing", 404, "notFound"),
        (
            "/testResult/018f3c1e-7d2a-7b4e-9c5d-0123456789ab",
            404,
            "notFound",
        ),
        ("/testProfile", 501, "notImplemented"),
        ("/cancelTestJob/x", 501, "notImplemented"),
    ] {
        let answer = sof.get(path).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code)),
            "{path}"
        );
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/json;charset=utf-8"), "{path}");
    }
    let negative = sof.get("/testJob?limit=-1").await;
    check("get", "/testJob", &negative);
    assert_eq!(
        (negative.status, &negative.body[0]["code"]),
        (422, &json!("invalidValue"))
    );
    let all = sof
        .ask(
            "0123456789abcdef",
            Method::PATCH,
            "/testJob",
            Some(&json!({})),
        )
        .await;
    assert_eq!(all.status, 501);
    for (token, status, code) in [
        ("", 403, "accessDenied"),
        ("wrong", 401, "invalidCredentials"),
    ] {
        let answer = sof.ask(token, Method::GET, "/testJob", None).await;
        check("get", "/testJob", &answer);
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code))
        );
    }
    // One's own only.
    let id = sof.post(&job("a")).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = "9123456789abcdef";
    let answer = sof
        .ask(other, Method::GET, &format!("/testJob/{id}"), None)
        .await;
    check("get", "/testJob/{id}", &answer);
    assert_eq!(answer.status, 404);
    assert_eq!(
        sof.ask(other, Method::GET, "/testJob", None).await.body,
        json!([])
    );
}

/// Jobs outlive the process, wait for a domain that does not answer, and end with their time.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_a_restart_and_ends_with_its_time() {
    let sof = Sof::start().await;
    sof.world
        .emulator
        .misbehave(Some(Misbehaviour::ServerError));
    let taken = sof.post(&job("a")).await;
    let id = taken.body["id"].as_str().unwrap().to_owned();
    let mut hasty = job("a");
    let soon = Timestamp::from_second(Timestamp::UNIX_EPOCH.as_second() + now_s() + 2).unwrap();
    hasty["requestedEndDateTime"] = soon.to_string().into();
    let late = sof.post(&hasty).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut scheduled = job("a");
    scheduled["requestedStartDateTime"] = "2098-01-01T00:00:00Z".into();
    let scheduled = sof.post(&scheduled).await;
    assert_eq!(scheduled.body["state"], "scheduled");
    sof.when(&id, "inProgress").await;
    let cancelled = sof.when(&late, "cancelled").await;
    let why = cancelled.body["terminationError"][0]["value"]
        .as_str()
        .unwrap();
    assert!(why.contains("500"), "{why}");
    assert_eq!(sof.get(&format!("/testResult/{late}")).await.status, 404);
    let sof = sof.restart().await;
    sof.world.emulator.misbehave(None);
    sof.when(&id, "completed").await;
    let scheduled = scheduled.body["id"].as_str().unwrap();
    sof.when(scheduled, "scheduled").await;
}

/// The clock of the test, not of the daemon.
fn now_s() -> i64 {
    broker::clock::now().timestamp.as_second()
}

/// What is done makes room; what is not, does not.
#[tokio::test(flavor = "multi_thread")]
async fn of_each_buyer_so_many_are_kept() {
    let sof = Sof::start().await;
    let first = sof.post(&job("a")).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    sof.when(&first, "completed").await;
    for _ in 0..100 {
        assert_eq!(sof.post(&job("a")).await.status, 201);
    }
    assert_eq!(sof.get(&format!("/testJob/{first}")).await.status, 404);
    assert_eq!(
        sof.get("/testJob?limit=5").await.header("x-total-count"),
        Some("100")
    );
}
