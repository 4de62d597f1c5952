//! Several brokers over one store, and restarts.

use std::sync::Arc;

use broker::lso::outbox::Rules;
use broker::store::memory::MemoryStore;

use crate::post::{Post, event, listener, numbers, rules, until};

fn shared() -> Rules {
    Rules {
        is_sole: false,
        ..rules()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_brokers_over_one_store_send_each_event_once_and_in_order() {
    let store = Arc::new(MemoryStore::new());
    let mut one = Post::over(store.clone()).await;
    let mut other = Post::over(store).await;
    one.run(shared());
    other.run(shared());
    let listener = listener(204);
    // The subscription is made at one, and events happen at both once the other has heard of it.
    let lane = one.subscribe(&listener.url(""), "").await;
    let mut probe = broker::store::Batch::new();
    until("the other knows it", || {
        other.lso.notify(&mut probe, &event(0));
        let knows = !probe.writes().is_empty();
        async move { knows }
    })
    .await;
    for number in 0..40 {
        let post = if number % 2 == 0 { &one } else { &other };
        post.tell([event(number)]).await;
    }
    until("all are told", || async { one.waiting(&lane).await == 0 }).await;
    assert_eq!(numbers(&listener.asked()), (0..40).collect::<Vec<_>>());
    // One stops in order: its claim ends at once, and the other goes on.
    one.stop().await;
    other.tell((40..60).map(event)).await;
    until("the other goes on", || async {
        other.waiting(&lane).await == 0
    })
    .await;
    assert_eq!(numbers(&listener.asked()), (0..60).collect::<Vec<_>>());
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_delivery_stood() {
    let folder = tempfile::tempdir().unwrap();
    let listener = listener(503);
    let lane = {
        let mut post = Post::open(folder.path()).await;
        let lane = post.subscribe(&listener.url(""), "").await;
        post.run(rules());
        post.tell((0..10).map(event)).await;
        until("a try", || async {
            post.subscriber(&lane).await.delivery.failures > 0
        })
        .await;
        // Not in order: the claim is left behind, and so is the pause.
        post.kill().await;
        lane
    };
    listener.answer(|_| crate::server::Response::status(204));
    let before = listener.asked().len();
    let mut post = Post::open(folder.path()).await;
    assert_eq!(post.waiting(&lane).await, 10);
    post.run(rules());
    until("all are told", || async { post.waiting(&lane).await == 0 }).await;
    post.stop().await;
    assert_eq!(
        numbers(&listener.asked()[before..]),
        (0..10).collect::<Vec<_>>()
    );
}
