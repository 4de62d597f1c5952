//! `kill -9` while notifications are made and delivered: every one comes, in order, some twice.
//!
//! The parent starts this test binary again as the child, which makes events and delivers to the parent's listener.
//! Rounds: `NOTIFICATIONS_CRASH_ROUNDS`, 12 by default.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::post::{Post, event, listener, numbers, rules, until};

const FOLDER: &str = "NOTIFICATIONS_CRASH_FOLDER";
const FIRST: &str = "NOTIFICATIONS_CRASH_FIRST";

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_was_kept_comes_in_order_whenever_the_broker_is_killed() {
    let rounds =
        std::env::var("NOTIFICATIONS_CRASH_ROUNDS").map_or(12, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let listener = listener(204);
    let mut random = fastrand::Rng::with_seed(0x0b20_5e12);
    let lane = {
        let post = Post::open(folder.path()).await;
        post.subscribe(&listener.url(""), "").await
    };
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(FIRST, (round * 100_000).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let before = listener.asked().len();
        until("the child is at work", || async {
            listener.asked().len() > before
        })
        .await;
        tokio::time::sleep(Duration::from_millis(random.u64(0..60))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut post = Post::open(folder.path()).await;
    post.run(rules());
    until("all are told", || async { post.waiting(&lane).await == 0 }).await;
    post.stop().await;
    let told = numbers(&listener.asked());
    let mut once = told.clone();
    once.dedup();
    // A repetition is of the last one before a kill, so once it is taken out all rise, and within a round by one.
    assert!(once.windows(2).all(|two| two[0] < two[1]), "{once:?}");
    let gaps = once.windows(2).filter(|two| two[1] != two[0] + 1);
    assert!(gaps.clone().all(|two| two[1] % 100_000 == 0), "{once:?}");
    println!(
        "{} events of {rounds} lives, {} of them twice",
        once.len(),
        told.len() - once.len()
    );
    assert!(told.len() - once.len() <= rounds);
    assert!(once.len() >= rounds);
}

#[test]
#[ignore = "the other test starts it"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut post = Post::open(folder.as_ref()).await;
        post.run(rules());
        for number in first.. {
            post.tell([event(number)]).await;
        }
    });
}
