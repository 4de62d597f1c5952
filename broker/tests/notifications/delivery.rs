//! In order, at least once, and none waits for another's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use broker::lso::outbox::{MISSED_EVENTS, REFUSALS, Rules};
use broker::store::Batch;
use serde_json::{Value, json};
use sof::mef::ReferencePoint;
use sof::notification::{Event, EventKind};
use sof::order::OrderId;

use crate::post::{Post, event, listener, number, numbers, rules, state_change, until};
use crate::server::{Response, Server};

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_each_once_with_the_body_of_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let listener = listener(204);
    let lane = post.subscribe(&listener.url("/behind/"), "").await;
    post.run(rules());
    post.tell((0..100).map(event)).await;
    until("all are told", || async { listener.asked().len() >= 100 }).await;
    until("nothing waits", || async { post.waiting(&lane).await == 0 }).await;
    let asked = listener.asked();
    assert_eq!(numbers(&asked), (0..100).collect::<Vec<_>>());
    let first = &asked[0];
    assert_eq!(first.method, "POST");
    assert_eq!(
        first.path,
        "/behind/mefApi/interlude/serviceOrderingNotification/v1/listener/serviceOrderStateChangeEvent"
    );
    assert_eq!(
        first.header("content-type"),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(first.header("missed-events"), None);
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(body["eventType"], "serviceOrderStateChangeEvent");
    let about = json!({
        "id": "order-0",
        "href": "/mefApi/interlude/serviceOrderingManagement/v1/serviceOrder/order-0",
        "state": "inProgress",
    });
    assert_eq!(body["event"], about);
    let text = post.metrics.encode();
    assert!(
        text.contains("brokerd_notifications_total{outcome=\"delivered\"} 100"),
        "{text}"
    );
    post.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_hears_of_the_types_that_it_asked_for_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let (creations, all) = (listener(204), listener(204));
    post.subscribe(&creations.url(""), "eventType = serviceOrderCreateEvent")
        .await;
    post.subscribe(&all.url(""), "").await;
    post.run(rules());
    let now = broker::clock::now().timestamp;
    let created = |id: &str, buyer: &str, at| {
        Event::new(
            id,
            now,
            buyer,
            at,
            EventKind::OrderCreate(OrderId("o".to_owned())),
        )
    };
    let of_others = [
        created("91", "AS2", ReferencePoint::Interlude),
        created("92", "AS1", ReferencePoint::Legato),
    ];
    post.tell(of_others).await;
    post.tell([
        event(1),
        created("2", "AS1", ReferencePoint::Interlude),
        event(3),
    ])
    .await;
    until("all are told", || async { all.asked().len() >= 3 }).await;
    until("creations are told", || async {
        !creations.asked().is_empty()
    })
    .await;
    post.stop().await;
    assert_eq!(numbers(&all.asked()), [1, 2, 3]);
    assert_eq!(numbers(&creations.asked()), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_nothing_overtakes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    // Every third answer is good; the others are of many kinds, none of which is about the notification.
    let count = AtomicUsize::new(0);
    let listener = Server::start(move |_| {
        let count = count.fetch_add(1, Ordering::SeqCst);
        let bad = [500, 503, 401, 404, 302, 410][count % 6];
        Response::status(if count % 3 == 2 { 200 } else { bad }).with("Location", "/elsewhere")
    });
    let lane = post.subscribe(&listener.url(""), "").await;
    post.run(rules());
    post.tell((0..8).map(event)).await;
    until("all are taken", || async { post.waiting(&lane).await == 0 }).await;
    post.stop().await;
    let asked = listener.asked();
    let expected: Vec<_> = (0..8).flat_map(|number| [number; 3]).collect();
    assert_eq!(numbers(&asked), expected);
    assert!(
        asked
            .iter()
            .all(|request| request.path.contains("/listener/")),
        "redirects were followed"
    );
    assert_eq!(post.subscriber(&lane).await.delivery, Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_listener_refuses_is_given_up_and_the_next_one_says_that_it_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let listener =
        Server::start(|request| Response::status(if number(request) == 1 { 422 } else { 204 }));
    let lane = post.subscribe(&listener.url(""), "").await;
    post.run(rules());
    post.tell((0..4).map(event)).await;
    until("the lane goes on", || async {
        post.waiting(&lane).await == 0
    })
    .await;
    post.stop().await;
    let tries = usize::try_from(REFUSALS).unwrap();
    let expected: Vec<_> = [vec![0], vec![1; tries], vec![2, 3]].concat();
    let asked = listener.asked();
    assert_eq!(numbers(&asked), expected);
    let missed: Vec<_> = asked
        .iter()
        .map(|request| request.header("missed-events"))
        .collect();
    assert_eq!(missed[tries + 1..], [Some("1"), None], "{MISSED_EVENTS}");
    let dead = post.dead(&lane).await;
    assert_eq!(dead.len(), 1);
    let letter = &dead[0].message;
    assert_eq!((letter.event.id.as_str(), letter.tries), ("1", REFUSALS));
    assert_eq!(letter.last_error.as_deref(), Some("HTTP 422"));
    assert!(letter.given_up.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_for_long_loses_what_is_as_old_and_hears_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let listener = listener(503);
    let lane = post.subscribe(&listener.url(""), "").await;
    post.run(Rules {
        give_up_after: Duration::from_millis(600),
        ..rules()
    });
    let long_ago = broker::clock::now().timestamp - jiff::SignedDuration::from_hours(1);
    post.tell((0..5).map(|number| state_change(number, long_ago)))
        .await;
    until("the old ones are given up", || async {
        post.dead(&lane).await.len() == 5
    })
    .await;
    let first = broker::clock::instant();
    // One that has just happened waits for its own time, however long the subscriber has been silent.
    post.tell([event(5)]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(first.elapsed() > Duration::from_millis(600) || post.waiting(&lane).await == 1);
    listener.answer(|_| Response::status(204));
    until("it is taken or given up", || async {
        post.waiting(&lane).await == 0
    })
    .await;
    post.stop().await;
    let last = listener.asked().last().unwrap().clone();
    assert_eq!(number(&last), 5);
    assert_eq!(last.header("missed-events"), Some("5"));
    let dead = post.dead(&lane).await;
    let tries: Vec<_> = dead.iter().map(|entry| entry.message.tries).collect();
    assert!(tries[0] > 1 && tries[1..] == [0, 0, 0, 0], "{tries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_dead_subscribers_do_not_delay_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    // Many that never answer, one whose port is closed, and one that is well.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let mut lanes = Vec::new();
    for _ in 0..12 {
        lanes.push(post.subscribe(&silent_url, "").await);
    }
    lanes.push(post.subscribe("http://127.0.0.1:1", "").await);
    let listener = listener(204);
    let well = post.subscribe(&listener.url(""), "").await;
    post.run(Rules {
        timeout: Duration::from_secs(1),
        longest_backoff: Duration::from_millis(20),
        at_once: 8,
        ..rules()
    });
    // The silent ones show themselves first; from then on they have half of the places at most.
    post.tell([event(0)]).await;
    until("the first is told", || async {
        post.waiting(&well).await == 0
    })
    .await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let began = broker::clock::instant();
    for number in 1..=50 {
        post.tell([event(number)]).await;
        until("it is told", || async { post.waiting(&well).await == 0 }).await;
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "{took:?} for 50 notifications beside 12 silent subscribers"
    );
    println!("50 notifications, one after the other, beside 12 silent subscribers: {took:?}");
    for lane in &lanes {
        assert_eq!(post.waiting(lane).await, 51);
    }
    post.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_is_too_long_loses_the_oldest_and_the_subscriber_learns_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let listener = listener(503);
    let lane = post.subscribe(&listener.url(""), "").await;
    let mut batch = Batch::new();
    for number in 0..1_700 {
        post.lso.notify(&mut batch, &event(number));
    }
    post.lso.store.commit(batch).await.unwrap();
    post.run(Rules {
        queue: 20,
        ..rules()
    });
    until("the lane is cut", || async {
        post.waiting(&lane).await <= 20
    })
    .await;
    listener.answer(|_| Response::status(204));
    until("the rest is told", || async {
        post.waiting(&lane).await == 0
    })
    .await;
    post.stop().await;
    let asked = listener.asked();
    let taken: Vec<_> = asked
        .iter()
        .filter(|request| number(request) >= 1_600)
        .collect();
    let missed: usize = taken
        .iter()
        .find_map(|request| request.header("missed-events"))
        .map(|missed| missed.parse().unwrap())
        .unwrap();
    assert!(missed >= 1_680, "{missed}");
    assert_eq!(number(asked.last().unwrap()), 1_699, "the newest is told");
    assert_eq!(post.dead(&lane).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_subscription_that_ends_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let refuses = listener(422);
    let lane = post.subscribe(&refuses.url(""), "").await;
    let mut batch = Batch::new();
    for number in 0..1_200 {
        post.lso.notify(&mut batch, &event(number));
    }
    post.lso.store.commit(batch).await.unwrap();
    post.run(rules());
    until("a dead letter", || async {
        !post.dead(&lane).await.is_empty()
    })
    .await;
    let removed = post
        .lso
        .subscriptions
        .remove(post.lso.store.as_ref(), &lane);
    assert!(removed.await.unwrap());
    until("all is gone", || async {
        post.waiting(&lane).await == 0 && post.dead(&lane).await.is_empty()
    })
    .await;
    // Events after that have nobody to hear them, and cost nothing.
    let mut batch = Batch::new();
    post.lso.notify(&mut batch, &event(1));
    assert!(batch.writes().is_empty());
    post.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_subscription_that_ends_while_nothing_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let refuses = listener(422);
    let lane = post.subscribe(&refuses.url(""), "").await;
    post.run(rules());
    post.tell([event(0)]).await;
    until("a dead letter", || async {
        !post.dead(&lane).await.is_empty()
    })
    .await;
    assert_eq!(post.waiting(&lane).await, 0);
    let removed = post
        .lso
        .subscriptions
        .remove(post.lso.store.as_ref(), &lane);
    assert!(removed.await.unwrap());
    let claim = || async {
        let snapshot = post.lso.store.snapshot().await.unwrap();
        let name = format!("outbox/{lane}");
        let found = broker::store::claim::look(snapshot.as_ref(), &name).await;
        found.unwrap()
    };
    until("all is gone", || async {
        post.dead(&lane).await.is_empty() && claim().await.is_none()
    })
    .await;
    post.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_a_subscriber_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let listener = listener(503);
    let lane = post.subscribe(&listener.url(""), "").await;
    let long_ago = broker::clock::now().timestamp - jiff::SignedDuration::from_hours(1);
    post.tell((0..30).map(|number| state_change(number, long_ago)))
        .await;
    post.run(Rules {
        give_up_after: Duration::from_millis(100),
        dead_letters: 10,
        ..rules()
    });
    until("all are given up", || async {
        post.waiting(&lane).await == 0
    })
    .await;
    post.stop().await;
    let dead = post.dead(&lane).await;
    let kept: Vec<_> = dead
        .iter()
        .map(|entry| entry.message.event.id.as_str())
        .collect();
    assert_eq!(kept.len(), 10);
    assert_eq!(kept[9], "29", "the newest are kept");
    assert_eq!(post.subscriber(&lane).await.delivery.missed, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_made_while_events_happen_misses_none_after_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let post = Arc::new(Post::open(folder.path()).await);
    let told = Arc::new(AtomicUsize::new(0));
    let teller = tokio::spawn({
        let (post, told) = (Arc::clone(&post), Arc::clone(&told));
        async move {
            for number in 0..300 {
                // The number is out before the event is made.
                told.store(number, Ordering::SeqCst);
                post.tell([event(number)]).await;
            }
        }
    });
    let mut lanes = Vec::new();
    while !teller.is_finished() && lanes.len() < 40 {
        let lane = post.subscribe("http://127.0.0.1:1", "").await;
        lanes.push((lane, told.load(Ordering::SeqCst)));
    }
    teller.await.unwrap();
    for (lane, at) in lanes {
        let snapshot = post.lso.store.snapshot().await.unwrap();
        let head = crate::post::OUTBOX
            .head(snapshot.as_ref(), &lane, 10_000)
            .await
            .unwrap();
        let first: usize = head
            .first()
            .map_or(300, |entry| entry.message.event.id.parse().unwrap());
        assert!(
            first <= at + 1,
            "the first event is {first}, the answer came during {at}"
        );
        let numbers: Vec<usize> = head
            .iter()
            .map(|entry| entry.message.event.id.parse().unwrap())
            .collect();
        assert_eq!(numbers, (first..300).collect::<Vec<_>>());
    }
}
