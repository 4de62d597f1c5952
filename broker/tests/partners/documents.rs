//! What we send, and what the fake partner answers where it does nothing wrong, against MEF's documents.

use std::path::Path;

use broker::lso::partners::Partners;
use broker::lso::partners::check::look;
use serde_json::{Value, json};
use sof::service::ServiceId;

use super::fake::{DATE, Fake};
use super::world::{client, partner, settings};

const FOLDER: &str = "../../shared/fixtures/third-party/mef/interlude/kylie";

/// A document; `None` where it is not at hand.
fn document(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(FOLDER)
        .join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_saphyr::from_str(&text).unwrap())
}

#[track_caller]
fn holds(document: &Value, schema: &str, body: &Value) {
    let schema = match schema.strip_suffix("[]") {
        Some(of) => {
            json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{of}")}})
        }
        None => json!({"$ref": format!("#/components/schemas/{schema}")}),
    };
    let mut whole = schema;
    whole["components"] = document["components"].clone();
    let validator = jsonschema::draft4::new(&whole).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(body)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert_eq!(faults, [""; 0], "{body:#}");
}

/// What the fake answers to a request.
async fn answer(fake: &Fake, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let client = broker::egress::client(std::time::Duration::from_secs(5), false, None).unwrap();
    let url = format!("{}/mefApi/interlude/{path}", fake.url());
    let mut request = client.request(method.parse().unwrap(), url);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    (
        answer.status().as_u16(),
        answer.json().await.unwrap_or_default(),
    )
}

#[tokio::test]
async fn mplify99_1_what_is_sent_to_order_and_to_subscribe_is_as_the_document_says() {
    let Some(document) = document("service-ordering-management.yaml") else {
        return;
    };
    let fake = Fake::start();
    fake.has_order("x", DATE, "held");
    let (client, partner) = (client(&settings()), partner(&fake));
    look(&client, &partner, Some("https://b.example")).await;
    let hub = fake.asked("POST /mefApi/interlude/serviceOrderingManagement/v1/hub");
    holds(
        &document,
        "EventSubscriptionInput",
        hub[0].body.as_ref().unwrap(),
    );
    // The order that cannot be taken is one that the document refuses.
    let order = fake.asked("POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder");
    let mut schema = json!({"$ref": "#/components/schemas/ServiceOrder_Create"});
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft4::new(&schema).unwrap();
    assert!(!validator.is_valid(order[0].body.as_ref().unwrap()));
    // Query parameters are those of the document.
    let parameters = document["paths"]["/serviceOrder"]["get"]["parameters"]
        .as_array()
        .unwrap();
    let since = DATE.parse().unwrap();
    client.find(&partner, "y", since).await.unwrap();
    for asked in fake.asked("serviceOrder?") {
        let url = url::Url::parse(&format!("http://x{}", asked.path)).unwrap();
        for (name, _) in url.query_pairs() {
            assert!(
                parameters.iter().any(|of| of["name"] == name.as_ref()),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn mplify99_1_and_135_1_the_fake_partner_answers_as_the_documents_say() {
    let fake = Fake::start();
    fake.has_order("x", DATE, "inProgress");
    fake.has_service("s-1", "active");
    let ordering = "serviceOrderingManagement/v1";
    if let Some(document) = document("service-ordering-management.yaml") {
        let invalid = json!({"serviceOrderItem": []});
        let good = json!({"externalId": "a", "serviceOrderItem": [{"id": "1", "action": "add", "service": {}}]});
        let hub = json!({"callback": "https://b.example/x"});
        for (method, path, body, status, schema) in [
            ("GET", "serviceOrder?limit=1", None, 200, "ServiceOrder[]"),
            ("GET", "serviceOrder/o-1", None, 200, "ServiceOrder"),
            ("GET", "serviceOrder/none", None, 404, "Error404"),
            ("POST", "serviceOrder", Some(&invalid), 422, "Error422[]"),
            ("POST", "serviceOrder", Some(&good), 201, "ServiceOrder"),
            ("POST", "hub", Some(&hub), 201, "EventSubscription"),
            ("GET", "hub/h-3", None, 200, "EventSubscription"),
        ] {
            let (found, answered) =
                answer(&fake, method, &format!("{ordering}/{path}"), body).await;
            assert_eq!(found, status, "{method} {path}: {answered}");
            holds(&document, schema, &answered);
        }
    }
    if let Some(document) = document("service-inventory-management.yaml") {
        for (path, schema) in [("service", "Service[]"), ("service/s-1", "Service")] {
            let path = format!("serviceInventory/v2/{path}");
            let (_, answered) = answer(&fake, "GET", &path, None).await;
            holds(&document, schema, &answered);
        }
    }
}

#[tokio::test]
async fn mplify149_tests_are_asked_for_and_answered_as_the_document_says() {
    let Some(document) = document("service-function-test.yaml") else {
        return;
    };
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    client
        .test(&partner, &ServiceId("s-1".to_owned()))
        .await
        .unwrap();
    let sent = fake.asked("POST")[0].body.clone().unwrap();
    // The document makes a job of what jobs have in common.
    holds(&document, "TestJob_Common", &sent);
    holds(&document, "TestProfileValue", &sent["testProfile"]);
    for (path, schema) in [
        ("testJob/j-1", "TestJob"),
        ("testResult?testJobId=j-1", "TestResult_Common[]"),
        ("testResult/r-2", "TestResult"),
    ] {
        let path = format!("serviceFunctionTesting/v3/{path}");
        let (status, answered) = answer(&fake, "GET", &path, None).await;
        assert_eq!(status, 200, "{path}");
        holds(&document, schema, &answered);
    }
}
