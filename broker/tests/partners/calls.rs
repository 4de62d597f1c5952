//! The client: what each thing that a partner may do means, and that nothing is sent twice that changes something.

use std::sync::Arc;
use std::time::Duration;

use broker::lso::breaker::Circuit;
use broker::lso::partners::Partners;
use serde_json::{Value, json};
use sof::interlude::CallError;
use sof::mef::Api;
use sof::order::{OrderId, OrderState};
use sof::partner::Partner;
use sof::service::{ServiceId, ServiceState};

use super::fake::{DATE, Fake, Wrong};
use super::world::{client, partner, settings};

fn wanted(external_id: &str) -> Value {
    json!({
        "externalId": external_id, "requestedStartDate": DATE, "requestedCompletionDate": "2026-12-01T00:00:00Z",
        "serviceOrderItem": [{"id": "1", "action": "add", "service": {"state": "inactive"}}],
    })
}

fn since() -> jiff::Timestamp {
    DATE.parse().unwrap()
}

#[tokio::test]
async fn an_order_is_placed_followed_and_its_service_seen() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    let placed = client
        .order(&partner, &wanted("svc/1/AS2/add"))
        .await
        .unwrap();
    assert_eq!(placed.state, OrderState::Acknowledged);
    assert_eq!(placed.external_id.as_deref(), Some("svc/1/AS2/add"));
    fake.with(|world| world.orders[0]["state"] = "completed".into());
    let seen = client.look(&partner, &placed.id).await.unwrap();
    assert_eq!(
        (seen.id.clone(), seen.state),
        (placed.id, OrderState::Completed)
    );
    fake.has_service("s-1", "active");
    let service = client
        .service(&partner, &seen.service.unwrap())
        .await
        .unwrap();
    assert_eq!(service.state, ServiceState::Active);
    let sent = fake.asked("");
    assert_eq!(sent.len(), 3);
    let token = "Bearer partner-secret-0123456789";
    assert!(
        sent.iter()
            .all(|asked| asked.authorization.as_deref() == Some(token))
    );
}

/// What an order came to that met this, and how often it was sent.
async fn ordered(wrong: Wrong) -> (CallError, usize) {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    fake.next("POST", wrong);
    let error = client.order(&partner, &wanted("x")).await.unwrap_err();
    (error, fake.asked("POST").len())
}

fn says(status: u16, body: Value) -> Wrong {
    Wrong::Says(status, body.to_string())
}

#[tokio::test]
async fn an_order_of_which_nobody_knows_is_unknown_and_sent_once() {
    let error = json!({"code": "internalError", "reason": "the disk is full"});
    for wrong in [
        Wrong::Resets,
        Wrong::Forgets,
        Wrong::Late(Duration::from_secs(2)),
        Wrong::Floods,
        Wrong::Answers(201, "not json".to_owned()),
        Wrong::Answers(201, "{}".to_owned()),
        Wrong::Answers(204, String::new()),
        Wrong::Answers(303, String::new()),
        Wrong::Answers(201, json!({"id": "o", "externalId": "another", "state": "held", "serviceOrderItem": [{"state": "held"}]}).to_string()),
        says(408, json!({})),
        says(500, error.clone()),
        says(502, json!({})),
        says(503, error),
    ] {
        let (error, sent) = ordered(wrong.clone()).await;
        assert!(matches!(error, CallError::Unknown(_)), "{wrong:?}: {error}");
        assert_eq!(sent, 1, "{wrong:?}");
    }
}

#[tokio::test]
async fn an_order_that_is_refused_is_refused_with_the_faults_and_sent_once() {
    for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 501] {
        let faults = json!([{"code": "invalidValue", "propertyPath": "/a", "reason": "no"}]);
        let (error, sent) = ordered(says(status, faults)).await;
        let CallError::Refused {
            status: told,
            faults,
        } = error
        else {
            panic!("{status}: {error}");
        };
        assert_eq!((told, sent), (status, 1));
        assert_eq!(faults[0].reason, "no");
        assert_eq!(faults[0].property_path.as_deref(), Some("/a"));
    }
    // Of what is not MEF's, the text is the reason.
    let (error, _) = ordered(Wrong::Says(403, "<b>go\naway</b>".to_owned())).await;
    assert!(error.to_string().contains("<b>goaway</b>"), "{error}");
}

/// All of its APIs are there now.
fn move_to(partner: &mut Partner, url: &str) {
    for endpoint in partner.apis.values_mut() {
        endpoint.url = url.parse().unwrap();
    }
}

#[tokio::test]
async fn each_call_goes_to_the_url_of_the_api_that_it_is_of() {
    let (orders, services, tests) = (Fake::start(), Fake::start(), Fake::start());
    let (client, mut partner) = (client(&settings()), partner(&orders));
    for (api, fake) in [
        (Api::ServiceInventory, &services),
        (Api::ServiceFunctionTesting, &tests),
    ] {
        partner.apis.get_mut(&api).unwrap().url = fake.url().parse().unwrap();
    }
    services.has_service("s-1", "active");
    let service = ServiceId("s-1".to_owned());
    client.order(&partner, &wanted("x")).await.unwrap();
    client.service(&partner, &service).await.unwrap();
    assert!(client.test(&partner, &service).await.unwrap().passed);
    for (fake, api) in [
        (&orders, "serviceOrderingManagement"),
        (&services, "serviceInventory"),
        (&tests, "serviceFunctionTesting"),
    ] {
        assert!(!fake.asked("").is_empty());
        assert_eq!(fake.asked("").len(), fake.asked(api).len());
    }
    // Of an API that is there in an older version too, the newer is spoken; of one that has only that, that.
    let inventory = partner.apis.get_mut(&Api::ServiceInventory).unwrap();
    inventory.versions = [1].into();
    client.service(&partner, &service).await.unwrap();
    assert_eq!(services.asked("serviceInventory/v1").len(), 1);
}

#[tokio::test]
async fn an_order_that_did_not_reach_the_partner_is_not_sent() {
    for status in [425, 429] {
        let (error, sent) = ordered(says(status, json!({"code": "x", "reason": "later"}))).await;
        assert!(matches!(error, CallError::NotSent(_)), "{error}");
        assert_eq!(sent, 1);
    }
    let client = client(&settings());
    let mut unreachable = partner(&Fake::start());
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    for url in [
        format!("http://127.0.0.1:{port}"),
        "http://no-such-host.invalid".to_owned(),
    ] {
        move_to(&mut unreachable, &url);
        let error = client.order(&unreachable, &wanted("x")).await.unwrap_err();
        assert!(matches!(error, CallError::NotSent(_)), "{url}: {error}");
    }
    // Plain HTTP where TLS is wanted: the handshake ends it.
    let fake = Fake::start();
    move_to(&mut unreachable, &format!("https://{}", fake.address));
    let error = client.order(&unreachable, &wanted("x")).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error}");
    assert_eq!(fake.asked("").len(), 0);
}

#[tokio::test]
async fn credentials_that_are_not_in_the_settings_send_nothing() {
    let fake = Fake::start();
    let (client, mut partner) = (client(&settings()), partner(&fake));
    partner.credentials = Some("other".to_owned());
    let error = client.order(&partner, &wanted("x")).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotSent(why) if why.contains("sof.credentials.other")),
        "{error}"
    );
    partner.credentials = None;
    client.order(&partner, &wanted("x")).await.unwrap();
    let sent = fake.asked("");
    assert_eq!((sent.len(), sent[0].authorization.clone()), (1, None));
}

#[tokio::test]
async fn a_question_is_asked_again_and_what_it_means_in_the_end_is_told() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    let id = OrderId(fake.has_order("x", DATE, "inProgress"));
    for wrong in [
        Wrong::Resets,
        says(503, json!({})),
        says(429, json!({})),
        Wrong::Late(Duration::from_secs(2)),
    ] {
        fake.next("GET", wrong);
        client.look(&partner, &id).await.unwrap();
    }
    assert_eq!(fake.asked("GET").len(), 8);
    for _ in 0..3 {
        fake.next("GET", Wrong::Resets);
    }
    let error = client.look(&partner, &id).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error}");
    assert_eq!(fake.asked("GET").len(), 11);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_a_page_of_a_proxy_says_nothing() {
    let fake = Fake::start();
    let mut limits = settings();
    limits.interlude.failures = 100;
    let (client, partner) = (client(&limits), partner(&fake));
    let id = OrderId("none".to_owned());
    assert_eq!(client.look(&partner, &id).await, Err(CallError::NotFound));
    fake.next("GET", Wrong::Says(404, String::new()));
    assert_eq!(client.look(&partner, &id).await, Err(CallError::NotFound));
    let service = ServiceId("none".to_owned());
    assert_eq!(
        client.service(&partner, &service).await,
        Err(CallError::NotFound)
    );
    for nonsense in [
        Wrong::Says(404, "<html>".to_owned()),
        Wrong::Says(200, "<html>".to_owned()),
        Wrong::Says(200, "[]".to_owned()),
        Wrong::Says(302, String::new()),
        Wrong::Floods,
    ] {
        fake.next("GET", nonsense.clone());
        let error = client.look(&partner, &id).await.unwrap_err();
        assert!(
            matches!(error, CallError::Nonsense(_)),
            "{nonsense:?}: {error}"
        );
    }
    // Another order than was asked for is nonsense, too; and so is another service.
    let other = fake.has_order("x", DATE, "held");
    let body = fake.with(|world| world.orders.last().unwrap().to_string());
    fake.next("GET", Wrong::Says(200, body));
    let error = client.look(&partner, &id).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Nonsense(why) if why.contains(&other)),
        "{error}"
    );
    fake.next("GET", says(200, json!({"id": "other", "state": "active"})));
    let error = client.service(&partner, &service).await.unwrap_err();
    assert!(matches!(error, CallError::Nonsense(_)), "{error}");
}

#[tokio::test]
async fn an_identifier_of_a_partner_cannot_lead_elsewhere() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    let id = OrderId("../../hub?a=b#c/%2e".to_owned());
    assert_eq!(client.look(&partner, &id).await, Err(CallError::NotFound));
    let path = fake.asked("GET")[0].path.clone();
    let last = path.rsplit_once("/serviceOrder/").unwrap().1;
    assert!(!last.contains(['/', '?', '#']), "{path}");
}

#[tokio::test]
async fn an_api_that_the_partner_does_not_have_is_not_asked() {
    let fake = Fake::start();
    let (client, mut partner) = (client(&settings()), partner(&fake));
    partner.apis.remove(&Api::ServiceInventory);
    let error = client
        .service(&partner, &ServiceId("s".to_owned()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Refused { status: 501, .. }),
        "{error}"
    );
    assert_eq!(fake.asked("").len(), 0);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_on_whichever_page_it_is() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    for at in 0..7 {
        fake.has_order(&format!("other-{at}"), DATE, "completed");
    }
    fake.next("POST", Wrong::Forgets);
    client
        .order(&partner, &wanted("svc/1/AS2/add"))
        .await
        .unwrap_err();
    for at in 7..9 {
        fake.has_order(&format!("other-{at}"), DATE, "completed");
    }
    for (page, tells_total) in [(100, true), (3, true), (3, false), (1, false)] {
        fake.with(|world| (world.page, world.tells_total) = (page, tells_total));
        let found = client
            .find(&partner, "svc/1/AS2/add", since())
            .await
            .unwrap();
        assert_eq!(found.unwrap().external_id.as_deref(), Some("svc/1/AS2/add"));
        let none = client
            .find(&partner, "svc/2/AS2/add", since())
            .await
            .unwrap();
        assert_eq!(none, None);
    }
    // Our clock and the partner's differ: what is a little older is looked at, what is much older is not.
    fake.has_order("a little older", "2026-11-29T11:56:00Z", "held");
    fake.has_order("much older", "2026-11-29T11:00:00Z", "held");
    let found = client
        .find(&partner, "a little older", since())
        .await
        .unwrap();
    assert!(found.is_some());
    assert_eq!(client.find(&partner, "much older", since()).await, Ok(None));
}

#[tokio::test]
async fn a_list_that_cannot_be_looked_through_is_not_an_order_that_is_not_there() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    for at in 0..5 {
        fake.has_order(&format!("other-{at}"), DATE, "held");
    }
    fake.with(|world| (world.page, world.repeats) = (2, true));
    let error = client.find(&partner, "x", since()).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Nonsense(why) if why.contains("offset")),
        "{error}"
    );
    fake.with(|world| (world.page, world.repeats) = (2, false));
    // A page that is lost is asked for again.
    fake.next("offset=2", Wrong::Resets);
    assert_eq!(client.find(&partner, "x", since()).await, Ok(None));
    for wrong in [
        Wrong::Says(200, "{}".to_owned()),
        Wrong::Says(404, "<p>".to_owned()),
    ] {
        fake.next("offset=2", wrong);
        client.find(&partner, "x", since()).await.unwrap_err();
    }
}

#[tokio::test]
async fn who_looks_while_others_do_shares_one_look_through_the_list() {
    let fake = Fake::start();
    let (client, partner) = (Arc::new(client(&settings())), Arc::new(partner(&fake)));
    for at in 0..40 {
        fake.has_order(&format!("svc-{at}"), DATE, "held");
    }
    fake.with(|world| world.page = 10);
    let mut looks = tokio::task::JoinSet::new();
    for at in 0..60 {
        let (client, partner) = (Arc::clone(&client), Arc::clone(&partner));
        looks.spawn(async move {
            let name = format!("svc-{at}");
            let found = client.find(&partner, &name, since()).await.unwrap();
            assert_eq!(found.is_some(), at < 40, "{name}");
            assert!(found.is_none_or(|found| found.external_id == Some(name)));
        });
    }
    looks.join_all().await;
    // The first alone, then the others: four pages each.
    let pages = fake.asked("GET").len();
    assert!(pages <= 12, "{pages}");
}

#[tokio::test]
async fn of_two_orders_with_one_name_the_one_counts_that_does_something() {
    let fake = Fake::start();
    let (client, partner) = (client(&settings()), partner(&fake));
    fake.has_order("x", DATE, "failed");
    let working = fake.has_order("x", DATE, "inProgress");
    let found = client.find(&partner, "x", since()).await.unwrap().unwrap();
    assert_eq!(found.id.0, working);
}

#[tokio::test]
async fn a_partner_that_does_not_answer_is_left_alone_and_tried_again_later() {
    let fake = Fake::start();
    let mut limits = settings();
    limits.interlude.failures = 2;
    limits.interlude.tries = 1;
    let (client, partner) = (client(&limits), partner(&fake));
    let domain = partner.domain.clone();
    assert_eq!(client.status(&domain), None);
    for _ in 0..2 {
        assert!(!client.is_left_alone(&domain));
        fake.next("POST", Wrong::Resets);
        client.order(&partner, &wanted("x")).await.unwrap_err();
    }
    assert!(client.is_left_alone(&domain));
    let error = client.order(&partner, &wanted("x")).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotSent(why) if why.contains("left alone")),
        "{error}"
    );
    let error = client
        .look(&partner, &OrderId("o".to_owned()))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error}");
    assert_eq!(fake.asked("").len(), 2);
    let status = client.status(&domain).unwrap();
    assert_eq!(status.circuit, Circuit::Open);
    assert_eq!(
        (
            status.counts.failures,
            status.counts.refused,
            status.counts.opened
        ),
        (2, 2, 1)
    );
    assert!(status.last_error.unwrap().1.starts_with("order: "));
    tokio::time::sleep(limits.interlude.open).await;
    // Who refuses is there.
    fake.next("POST", says(422, json!([])));
    client.order(&partner, &wanted("x")).await.unwrap_err();
    assert_eq!(client.status(&domain).unwrap().circuit, Circuit::Closed);
    client.order(&partner, &wanted("x")).await.unwrap();
    client.forget(&domain);
    assert_eq!(client.status(&domain), None);
}

#[tokio::test]
async fn so_many_calls_go_to_a_partner_at_once_and_the_others_wait_bounded() {
    let fake = Fake::start();
    let mut limits = settings();
    limits.interlude.in_flight = 1;
    limits.interlude.waiting = 1;
    limits.interlude.wait = Duration::from_millis(50);
    let client = Arc::new(client(&limits));
    let partner = partner(&fake);
    let id = OrderId(fake.has_order("x", DATE, "held"));
    let look = || {
        let (client, partner, id) = (client.clone(), partner.clone(), id.clone());
        tokio::spawn(async move { client.look(&partner, &id).await })
    };
    fake.next("GET", Wrong::Late(Duration::from_millis(300)));
    let first = look();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(client.status(&partner.domain).unwrap().in_flight, 1);
    let second = look();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let third = look().await.unwrap().unwrap_err();
    assert!(
        matches!(&third, CallError::NotSent(why) if why.contains("too many")),
        "{third}"
    );
    let second = second.await.unwrap().unwrap_err();
    assert!(
        matches!(&second, CallError::NotSent(why) if why.contains("waited")),
        "{second}"
    );
    first.await.unwrap().unwrap();
    look().await.unwrap().unwrap();
    // That calls wait is not the partner's fault.
    assert_eq!(client.status(&partner.domain).unwrap().counts.failures, 0);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place() {
    let fake = Fake::start();
    let mut limits = settings();
    limits.interlude.in_flight = 1;
    let (client, partner) = (client(&limits), partner(&fake));
    let id = OrderId(fake.has_order("x", DATE, "held"));
    fake.next("GET", Wrong::Late(Duration::from_millis(400)));
    let short = Duration::from_millis(50);
    tokio::time::timeout(short, client.look(&partner, &id))
        .await
        .unwrap_err();
    client.look(&partner, &id).await.unwrap();
    let status = client.status(&partner.domain).unwrap();
    assert_eq!((status.in_flight, status.counts.failures), (0, 0));
}
