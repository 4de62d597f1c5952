//! Records, checks at their time, and one subscription per partner.

use std::sync::Arc;

use broker::ingest::Precondition;
use broker::lso::Wake;
use broker::lso::partners::book::{Book, BookError};
use broker::lso::partners::keeper::{load, sweep};
use broker::store::Store;
use broker::store::file::{FileStore, Options};
use nffg::DomainId;
use nffg::json::Cursor;
use serde_json::json;
use sof::partner::{PartnerEvent, PartnerState, decode_agreement};

use super::fake::{Fake, Wrong};
use super::world::{book, book_over, details};

const PUBLIC: Option<&str> = Some("http://127.0.0.1:8181/");
const ANY: Precondition = Precondition::None;

fn two() -> DomainId {
    "AS2".parse().unwrap()
}

async fn state(book: &Book) -> PartnerState {
    book.partner(&two()).await.unwrap().value.state
}

async fn known(book: &Book, fake: &Fake) {
    book.put(&two(), details(&fake.url()), &ANY).await.unwrap();
}

fn token_of(fake: &Fake) -> String {
    fake.with(|world| {
        assert_eq!(world.hubs.len(), 1);
        let callback = world.hubs[0]["callback"].as_str().unwrap();
        let token = callback.strip_prefix("http://127.0.0.1:8181/broker/v1/callbacks/");
        token.unwrap().to_owned()
    })
}

#[tokio::test]
async fn a_partner_is_checked_subscribed_to_once_and_left_when_it_is_retired() {
    let fake = Fake::start();
    let (book, mut wakes) = book(PUBLIC);
    known(&book, &fake).await;
    assert_eq!(wakes.try_recv(), Ok(Wake::Agreements(two())));
    // Without the time for it, nobody is checked.
    sweep(&book, false).await.unwrap();
    assert_eq!(state(&book).await, PartnerState::Candidate);
    sweep(&book, true).await.unwrap();
    assert_eq!(state(&book).await, PartnerState::Active);
    assert_eq!(wakes.try_recv(), Ok(Wake::Agreements(two())));
    for is_time in [false, false, true] {
        sweep(&book, is_time).await.unwrap();
    }
    let token = token_of(&fake);
    assert_eq!(book.callbacks().partner(&token), Some(two()));
    let hub = book.hub(&two()).await.unwrap().unwrap().value;
    assert!(hub.registered.is_some() && hub.error.is_none());
    // One for the check, one to stay.
    assert_eq!(
        fake.asked("POST /mefApi/interlude/serviceOrderingManagement/v1/hub")
            .len(),
        2
    );

    book.step(&two(), PartnerEvent::Suspend, &ANY)
        .await
        .unwrap();
    sweep(&book, true).await.unwrap();
    assert_eq!(
        token_of(&fake),
        token,
        "what it does goes on, and so do notifications"
    );

    book.step(&two(), PartnerEvent::Retire, &ANY).await.unwrap();
    fake.next("DELETE", Wrong::Resets);
    sweep(&book, false).await.unwrap();
    assert!(
        book.hub(&two())
            .await
            .unwrap()
            .unwrap()
            .value
            .error
            .is_some()
    );
    sweep(&book, true).await.unwrap();
    fake.with(|world| assert_eq!(world.hubs.len(), 0));
    assert_eq!(book.hub(&two()).await.unwrap(), None);
    assert_eq!(book.callbacks().partner(&token), None);
}

#[tokio::test]
async fn a_subscription_that_the_partner_lost_is_made_again() {
    let fake = Fake::start();
    let (book, _wakes) = book(PUBLIC);
    known(&book, &fake).await;
    sweep(&book, true).await.unwrap();
    sweep(&book, false).await.unwrap();
    let token = token_of(&fake);
    fake.with(|world| world.hubs.clear());
    sweep(&book, true).await.unwrap();
    assert_eq!(token_of(&fake), token);
    // One that cannot be looked at is not made twice.
    for _ in 0..3 {
        fake.next("GET", Wrong::Resets);
    }
    sweep(&book, true).await.unwrap();
    token_of(&fake);
    assert!(
        book.hub(&two())
            .await
            .unwrap()
            .unwrap()
            .value
            .error
            .is_some()
    );
    sweep(&book, true).await.unwrap();
    assert_eq!(book.hub(&two()).await.unwrap().unwrap().value.error, None);
}

#[tokio::test]
async fn a_refused_subscription_is_told_and_tried_again_at_its_time() {
    let fake = Fake::start();
    let (book, _wakes) = book(PUBLIC);
    known(&book, &fake).await;
    sweep(&book, true).await.unwrap();
    fake.next(
        "/hub",
        Wrong::Says(
            422,
            json!([{"code": "invalidValue", "reason": "not you"}]).to_string(),
        ),
    );
    sweep(&book, false).await.unwrap();
    let hub = book.hub(&two()).await.unwrap().unwrap().value;
    assert!(hub.error.unwrap().contains("not you"));
    assert_eq!(hub.registered, None);
    let asked = fake.asked("").len();
    sweep(&book, false).await.unwrap();
    assert_eq!(fake.asked("").len(), asked);
    sweep(&book, true).await.unwrap();
    token_of(&fake);
}

#[tokio::test]
async fn a_partner_that_moves_is_subscribed_to_where_it_is_under_another_token() {
    let (old, new) = (Fake::start(), Fake::start());
    let (book, _wakes) = book(PUBLIC);
    known(&book, &old).await;
    sweep(&book, true).await.unwrap();
    sweep(&book, false).await.unwrap();
    let token = token_of(&old);
    known(&book, &new).await;
    sweep(&book, false).await.unwrap();
    old.with(|world| assert_eq!(world.hubs.len(), 0));
    assert_ne!(token_of(&new), token);
    let left = old.asked("DELETE").pop().unwrap();
    assert_eq!(left.authorization, None, "credentials are for where it is");
    assert!(
        new.asked("POST")
            .iter()
            .all(|asked| asked.authorization.is_some())
    );
    assert_eq!(book.callbacks().partner(&token), None);
}

#[tokio::test]
async fn without_an_address_of_ours_nobody_is_subscribed_to() {
    let fake = Fake::start();
    let (book, _wakes) = book(None);
    known(&book, &fake).await;
    sweep(&book, true).await.unwrap();
    sweep(&book, true).await.unwrap();
    assert_eq!(state(&book).await, PartnerState::Active);
    assert_eq!(fake.asked("hub").len(), 0);
}

#[tokio::test]
async fn a_slow_or_failing_partner_does_not_keep_the_others_waiting() {
    let (slow, quick) = (Fake::start(), Fake::start());
    let (book, _wakes) = book(PUBLIC);
    known(&book, &slow).await;
    let three: DomainId = "AS3".parse().unwrap();
    book.put(&three, details(&quick.url()), &ANY).await.unwrap();
    slow.next("GET", Wrong::Says(500, "{}".to_owned()));
    sweep(&book, true).await.unwrap();
    assert_eq!(state(&book).await, PartnerState::Failing);
    assert_eq!(
        book.partner(&three).await.unwrap().value.state,
        PartnerState::Active
    );
    // A look that passes later makes it one that is ordered from.
    sweep(&book, true).await.unwrap();
    assert_eq!(state(&book).await, PartnerState::Active);
}

#[tokio::test]
async fn one_failed_look_does_not_end_what_works() {
    let fake = Fake::start();
    let (book, _wakes) = book(PUBLIC);
    known(&book, &fake).await;
    book.check(&two()).await.unwrap();
    fake.next("GET", Wrong::Says(500, "{}".to_owned()));
    let checked = book.check(&two()).await.unwrap().record.value;
    assert_eq!(checked.state, PartnerState::Active);
    assert!(!checked.conformance.unwrap().is_passed());
}

#[tokio::test]
async fn a_retired_partner_is_left_alone_and_begins_anew_when_it_is_told_again() {
    let fake = Fake::start();
    let (book, _wakes) = book(PUBLIC);
    known(&book, &fake).await;
    book.step(&two(), PartnerEvent::Retire, &ANY).await.unwrap();
    assert!(matches!(book.check(&two()).await, Err(BookError::State(_))));
    sweep(&book, true).await.unwrap();
    assert_eq!(fake.asked("").len(), 0);
    known(&book, &fake).await;
    assert_eq!(state(&book).await, PartnerState::Candidate);
}

#[tokio::test]
async fn changes_that_meet_are_all_kept_or_told() {
    let fake = Fake::start();
    let (book, _wakes) = book(None);
    known(&book, &fake).await;
    let terms = json!({"service-type": "urn:a1:b", "valid-from": "2026-01-01T00:00:00Z"});
    let terms = decode_agreement(&Cursor::root(&terms)).unwrap();
    let mut made = tokio::task::JoinSet::new();
    for at in 0..20 {
        let (book, terms) = (Arc::clone(&book), terms.clone());
        made.spawn(async move {
            let id = format!("a{}", at / 2);
            book.put_agreement(&two(), &id, &terms, &Precondition::Absent)
                .await
        });
    }
    let all: Vec<_> = made.join_all().await;
    // Of two who make the same one, one is told that it is there.
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 10);
    let told = |one: &Result<_, BookError>| matches!(one, Err(BookError::Version(Some(_))));
    assert_eq!(all.iter().filter(|one| told(one)).count(), 10);
    let listed = book.agreements(&two()).await.unwrap();
    let ids: Vec<_> = listed
        .records
        .iter()
        .map(|of| of.value.id.clone())
        .collect();
    assert_eq!(ids, (0..10).map(|at| format!("a{at}")).collect::<Vec<_>>());
    book.step(&two(), PartnerEvent::Retire, &ANY).await.unwrap();
    let refused = book.put_agreement(&two(), "b", &terms, &ANY).await;
    assert_eq!(refused, Err(BookError::Retired(two())));
    // What there is can still be ended.
    book.delete_agreement(&two(), "a0", &ANY).await.unwrap();
}

#[tokio::test]
async fn records_and_callbacks_outlive_the_process() {
    let fake = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let open =
        || -> Arc<dyn Store> { Arc::new(FileStore::open(&path, Options::default()).unwrap()) };
    {
        let (book, _wakes) = book_over(open(), PUBLIC);
        known(&book, &fake).await;
        sweep(&book, true).await.unwrap();
        sweep(&book, false).await.unwrap();
    }
    let token = token_of(&fake);
    let (book, _wakes) = book_over(open(), PUBLIC);
    load(&book).await.unwrap();
    assert_eq!(book.callbacks().partner(&token), Some(two()));
    assert_eq!(state(&book).await, PartnerState::Active);
    sweep(&book, true).await.unwrap();
    assert_eq!(token_of(&fake), token, "not registered twice");
}
