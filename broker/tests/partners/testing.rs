//! Service function testing at partners (Mplify 149).

use std::time::Duration;

use broker::lso::partners::Partners;
use serde_json::{Value, json};
use sof::interlude::CallError;
use sof::service::ServiceId;

use super::fake::{Fake, Wrong};
use super::world::{client, partner, settings};

fn service() -> ServiceId {
    ServiceId("s-1".to_owned())
}

#[tokio::test]
async fn a_service_is_tested_and_the_result_read() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    fake.with(|world| world.test_polls = 3);
    let outcome = client.test(&partner, &service()).await.unwrap();
    assert!(outcome.passed);
    assert_eq!(outcome.delay, Some(1_200_000));
    assert_eq!(outcome.detail, "all flows come through");
    let job = fake.asked("POST")[0].body.clone().unwrap();
    assert_eq!(job["relatedServiceFrom"]["id"], "s-1");
    assert_eq!(job["relatedServiceTo"]["id"], "s-1");
    let urn = "urn:brokermdo:schema:segment-test:v1";
    assert_eq!(job["serviceSpecificTestJobConfiguration"]["@type"], urn);
    assert_eq!(job["testProfile"]["@type"], "TestProfileValue");
    // An immediate test has no start (Mplify 149).
    assert_eq!(job.get("requestedStartDateTime"), None);
    assert_eq!(
        fake.asked("GET /mefApi/interlude/serviceFunctionTesting/v3/testJob/")
            .len(),
        4
    );
}

#[tokio::test]
async fn a_test_that_finds_fault_has_not_passed() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    let urn = "urn:brokermdo:schema:segment-test-result:v1";
    fake.with(|world| world.test_result = json!({"@type": urn, "passed": false, "detail": "lost"}));
    let outcome = client.test(&partner, &service()).await.unwrap();
    assert_eq!(
        (outcome.passed, outcome.delay, outcome.detail.as_str()),
        (false, None, "lost")
    );
    fake.with(|world| world.test_state = "cancelled".to_owned());
    let outcome = client.test(&partner, &service()).await.unwrap();
    assert!(!outcome.passed && outcome.detail.contains("ended the test"));
}

#[tokio::test]
async fn a_test_that_is_refused_or_does_not_end_is_no_result() {
    let fake = Fake::start();
    let mut limits = settings();
    limits.interlude.test_timeout = Duration::from_millis(200);
    let (client, partner) = (client(&limits), partner(&fake));
    fake.with(|world| world.test_state = "rejected".to_owned());
    let error = client.test(&partner, &service()).await.unwrap_err();
    assert!(matches!(error, CallError::Refused { .. }), "{error}");
    fake.with(|world| world.test_polls = usize::MAX);
    let error = client.test(&partner, &service()).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Unknown(why) if why.contains("no result")),
        "{error}"
    );
}

#[tokio::test]
async fn a_partner_without_the_api_has_no_tests() {
    let fake = Fake::start();
    let (client, mut partner) = (client(&settings()), partner(&fake));
    for status in [404, 501] {
        fake.next("POST", Wrong::Says(status, "{}".to_owned()));
        assert_eq!(
            client.test(&partner, &service()).await,
            Err(CallError::NotFound)
        );
    }
    partner.apis.remove(&sof::mef::Api::ServiceFunctionTesting);
    assert_eq!(
        client.test(&partner, &service()).await,
        Err(CallError::NotFound)
    );
    assert_eq!(fake.asked("").len(), 2);
}

#[tokio::test]
async fn a_result_that_makes_no_sense_is_nonsense() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    let results: [Value; 3] = [
        json!({"@type": "urn:other:thing", "passed": true}),
        json!({"@type": "urn:brokermdo:schema:segment-test-result:v1"}),
        json!(null),
    ];
    for result in results {
        fake.with(|world| world.test_result = result);
        let error = client.test(&partner, &service()).await.unwrap_err();
        assert!(matches!(error, CallError::Nonsense(_)), "{error}");
    }
    fake.next("GET", Wrong::Nothing);
    fake.next("testResult?", Wrong::Says(200, "[]".to_owned()));
    let error = client.test(&partner, &service()).await.unwrap_err();
    assert!(matches!(error, CallError::Nonsense(_)), "{error}");
}
