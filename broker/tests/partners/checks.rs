//! The look at a partner's API.

use broker::lso::partners::check::look;
use serde_json::{Value, json};
use sof::mef::Api;
use sof::partner::Check;

use super::fake::{DATE, Fake, Wrong};
use super::world::{client, partner, settings};

const PUBLIC: &str = "https://broker.example";

async fn looked(fake: &Fake, public_url: Option<&str>) -> Vec<Check> {
    let (client, partner) = (client(&settings()), partner(fake));
    look(&client, &partner, public_url).await.checks
}

fn faults(checks: &[Check]) -> Vec<(&str, &str)> {
    let wrong = checks.iter().filter_map(|check| {
        let fault = check.fault.as_deref()?;
        Some((check.what.as_str(), fault))
    });
    wrong.collect()
}

#[tokio::test]
async fn a_partner_that_does_all_as_the_documents_say_passes_and_nothing_is_left_there() {
    let fake = Fake::start();
    for _ in 0..3 {
        fake.has_order("x", DATE, "held");
    }
    fake.has_service("s-1", "active");
    let checks = looked(&fake, Some(PUBLIC)).await;
    assert_eq!(faults(&checks), []);
    assert_eq!(checks.len(), 12);
    fake.with(|world| {
        assert_eq!(world.orders.len(), 3, "nothing is ordered");
        assert_eq!((world.hubs.len(), world.jobs.len()), (0, 0));
    });
    let hub = fake.asked("POST /mefApi/interlude/serviceOrderingManagement/v1/hub");
    let callback = hub[0].body.as_ref().unwrap()["callback"].as_str().unwrap();
    assert!(
        callback.starts_with("https://broker.example/broker/v1/callbacks/"),
        "{callback}"
    );
    let secret = "Bearer partner-secret-0123456789";
    assert!(
        fake.asked("")
            .iter()
            .all(|asked| asked.authorization.as_deref() == Some(secret))
    );
    // Without an address of ours there is nothing to register.
    assert_eq!(looked(&fake, None).await.len(), 8);
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_found_and_told() {
    let error = |code: &str| json!({"code": code, "reason": "r"}).to_string();
    let cases: [(&str, Wrong, &str); 20] = [
        (
            "serviceOrder?limit",
            Wrong::Says(500, error("internalError")),
            "HTTP 500 instead of 200",
        ),
        (
            "serviceOrder?limit",
            Wrong::Says(200, "{}".to_owned()),
            "no array",
        ),
        (
            "serviceOrder?limit",
            Wrong::Says(200, "<p>".to_owned()),
            "not JSON",
        ),
        (
            "serviceOrder?limit",
            Wrong::Says(200, "[{\"id\": \"a\", \"state\": \"b\"}, 2]".to_owned()),
            "limit is 1",
        ),
        (
            "serviceOrder?limit",
            Wrong::Says(200, "[{\"id\": \"a\"}]".to_owned()),
            "no 'state'",
        ),
        (
            "serviceOrder/brokermdo",
            Wrong::Says(200, "{}".to_owned()),
            "instead of 404",
        ),
        (
            "serviceOrder/brokermdo",
            Wrong::Says(404, error("unknown")),
            "notFound",
        ),
        (
            "serviceOrder/brokermdo",
            Wrong::Says(404, json!({"code": "notFound"}).to_string()),
            "no reason",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(201, "{}".to_owned()),
            "took an order without items",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(400, error("invalidBody")),
            "instead of 422",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(422, error("missingProperty")),
            "no array",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(422, "[]".to_owned()),
            "empty",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(422, format!("[{}]", error("wrong"))),
            "no code of Error422",
        ),
        (
            "POST /mefApi/interlude/serviceOrderingManagement/v1/serviceOrder",
            Wrong::Says(422, format!("[{}]", error("otherIssue"))),
            "no fault has a propertyPath",
        ),
        (
            "/v101/serviceOrder",
            Wrong::Says(200, "[]".to_owned()),
            "version in the path",
        ),
        (
            "service?limit",
            Wrong::Says(404, error("notFound")),
            "HTTP 404 instead of 200",
        ),
        (
            "testJob?limit",
            Wrong::Says(501, error("notImplemented")),
            "HTTP 501",
        ),
        (
            "/hub",
            Wrong::Says(201, "{\"id\": \"h\"}".to_owned()),
            "the callback is null",
        ),
        (
            "DELETE",
            Wrong::Says(200, "{}".to_owned()),
            "instead of 204",
        ),
        (
            "/hub",
            Wrong::Says(422, "[]".to_owned()),
            "does not say why",
        ),
    ];
    for (request, wrong, told) in cases {
        let fake = Fake::start();
        fake.next(request, wrong.clone());
        let checks = looked(&fake, Some(PUBLIC)).await;
        let found = faults(&checks);
        assert!(
            found.iter().any(|(_, fault)| fault.contains(told)),
            "{request} {wrong:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_partner_that_refuses_our_callback_with_a_reason_is_polled_and_passes() {
    let fake = Fake::start();
    let refusal: Value = json!([{"code": "invalidValue", "propertyPath": "/callback", "reason": "internal address"}]);
    fake.next("/hub", Wrong::Says(422, refusal.to_string()));
    assert_eq!(faults(&looked(&fake, Some(PUBLIC)).await), []);
}

#[tokio::test]
async fn a_partner_that_does_not_answer_is_asked_no_more() {
    let fake = Fake::start();
    fake.next("GET", Wrong::Nothing);
    fake.next("GET", Wrong::Resets);
    let checks = looked(&fake, Some(PUBLIC)).await;
    assert_eq!(checks.len(), 2);
    let found = faults(&checks);
    assert!(
        matches!(found.as_slice(), [(_, fault)] if fault.contains("the rest was not looked at")),
        "{found:?}"
    );
    assert_eq!(fake.asked("").len(), 2);
}

#[tokio::test]
async fn every_url_is_looked_at_and_a_silent_server_holds_up_its_own_apis_alone() {
    let (orders, tests) = (Fake::start(), Fake::start());
    let mut of = partner(&orders);
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for (api, url) in [
        (Api::ServiceInventory, &nowhere),
        (Api::ServiceFunctionTesting, &tests.url()),
    ] {
        of.apis.get_mut(&api).unwrap().url = url.parse().unwrap();
    }
    let checks = look(&client(&settings()), &of, Some(PUBLIC)).await.checks;
    let found = faults(&checks);
    assert!(
        matches!(found.as_slice(), [(what, _)] if what.starts_with("GET service?limit")),
        "{found:?}"
    );
    // Of ordering with the callback eight, of inventory the one that failed, of testing two.
    assert_eq!(checks.len(), 8 + 1 + 2);
    let at = |check: &Check| check.at.clone().unwrap();
    let wrong = checks.iter().find(|check| check.fault.is_some()).unwrap();
    assert_eq!(
        at(wrong),
        format!("{nowhere}/mefApi/interlude/serviceInventory/v2")
    );
    let tested = tests.asked("").len();
    assert_eq!(
        (tested, tests.asked("serviceFunctionTesting/v3").len()),
        (2, 2)
    );
    assert!(orders.asked("serviceFunctionTesting").is_empty());
    assert!(
        checks
            .iter()
            .any(|check| at(check).starts_with(&tests.url()))
    );
}

#[tokio::test]
async fn each_version_that_is_said_to_be_there_is_looked_at() {
    let fake = Fake::start();
    let mut of = partner(&fake);
    let inventory = of.apis.get_mut(&Api::ServiceInventory).unwrap();
    inventory.versions = [1, 2, 9].into();
    let checks = look(&client(&settings()), &of, None).await.checks;
    assert_eq!(faults(&checks), []);
    // The newest that is spoken here twice, the one before once, one that is not spoken not at all.
    let asked = |version: &str| fake.asked(&format!("serviceInventory/{version}/")).len();
    assert_eq!([asked("v2"), asked("v1"), asked("v9")], [2, 1, 0]);
    fake.next("serviceInventory/v1", Wrong::Says(404, "{}".to_owned()));
    let checks = look(&client(&settings()), &of, None).await.checks;
    let wrong = checks.iter().find(|check| check.fault.is_some()).unwrap();
    assert!(wrong.at.as_ref().unwrap().ends_with("/serviceInventory/v1"));
}
