//! What a session does when the other side does not mean well, or is broken.

use std::time::Duration;

use broker::bgp::{DownReason, Remedy};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::raw::{
    Open, Raw, announce, attribute, keepalive, mandatory, message, node, open, reach, update,
};
use crate::{Broker, PATIENCE, connected, established, eventually, nlris, peer};

#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_6_2_a_peer_of_another_as_is_told_2_2() {
    let (mut broker, mut raw) = connected().await;
    let open = Open {
        number: 65_099,
        ..Open::default()
    };
    raw.send(&open.bytes()).await;
    let (code, subcode, _) = raw.notified().await;
    assert_eq!((code, subcode), (2, 2));
    let told = broker.failed().await.to_string();
    assert!(told.contains("AS 65099 (expected 65002)"), "{told}");
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc5492_3_a_peer_without_the_family_is_told_2_7_and_which() {
    let (mut broker, mut raw) = connected().await;
    let open = Open {
        link_state: false,
        ..Open::default()
    };
    raw.send(&open.bytes()).await;
    assert_eq!(raw.notified().await, (2, 7, vec![1, 4, 0x40, 4, 0, 71]));
    let told = broker.failed().await.to_string();
    assert!(told.contains("link-state family not offered"), "{told}");
    broker.stopped().await;
}

/// Each first message that is wrong, and what it is answered with.
#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_6_1_6_2_6_6_wrong_first_messages() {
    let mut marker = keepalive();
    marker[3] = 0;
    let mut short = message(1, &[0; 5]);
    short[17] = 24;
    let hold = Open {
        hold_time: 2,
        ..Open::default()
    };
    let identifier = Open {
        identifier: "0.0.0.0".parse().unwrap(),
        ..Open::default()
    };
    let cases = [
        (marker, (1, 1)),
        (short, (1, 2)),
        (message(9, &[]), (1, 3)),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            (1, 1),
        ),
        (hold.bytes(), (2, 6)),
        (identifier.bytes(), (2, 3)),
    ];
    let count = cases.len();
    let mut broker = Broker::start(vec![peer("127.0.0.2")]).await;
    for (bytes, expected) in cases {
        let mut raw = Raw::dial("127.0.0.2", broker.address).await;
        raw.send(&bytes).await;
        let (code, subcode, _) = raw.notified().await;
        assert_eq!((code, subcode), expected, "{bytes:?}");
        broker.failed().await;
    }
    assert_eq!(broker.counters.failed.get(), u64::try_from(count).unwrap());
    broker.stopped().await;
}

/// RFC 6608: a message out of place is told with the state it came in.
#[tokio::test(flavor = "multi_thread")]
async fn rfc6608_3_messages_out_of_place() {
    let (mut broker, mut raw) = connected().await;
    raw.send(&announce(1)).await;
    assert_eq!(raw.notified().await, (5, 1, vec![]));
    broker.failed().await;

    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    raw.send(&[open(), announce(1)].concat()).await;
    assert_eq!(raw.notified().await, (5, 2, vec![]));
    broker.failed().await;

    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    raw.establish(&open()).await;
    broker.up().await;
    raw.send(&open()).await;
    assert_eq!(raw.notified().await, (5, 3, vec![]));
    let (reason, _) = broker.down().await;
    assert!(
        reason.to_string().contains("an OPEN does not belong"),
        "{reason}"
    );
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc9552_8_2_2_a_malformed_attribute_29_keeps_session_and_nlri() {
    let (mut broker, mut raw) = established().await;
    let broken = attribute(0x80, 29, &[4, 2, 0, 200, b'r']);
    for attributes in [
        [broken.clone(), reach(&[node(1)]), mandatory()],
        [reach(&[node(1)]), mandatory(), broken],
    ] {
        raw.send(&update(&attributes)).await;
        let heard = broker.update().await;
        assert_eq!(nlris(&heard.announced), [node(1)]);
        assert_eq!(heard.attribute, None);
        assert_eq!(heard.faults[0].remedy, Remedy::Discard);
    }
    // An unknown NLRI type and one with nonsense inside do not cost their neighbours.
    let odd = [
        crate::raw::tlv(99, b"?"),
        crate::raw::tlv(1, b"nonsense"),
        node(2),
    ];
    raw.send(&update(&[reach(&odd), mandatory()])).await;
    assert_eq!(nlris(&broker.update().await.announced), odd);
    // A malformed ORIGIN withdraws what stands beside it.
    raw.send(&update(&[
        reach(&[node(1)]),
        attribute(0x40, 1, &[9]),
        attribute(0x40, 2, &[]),
    ]))
    .await;
    let heard = broker.update().await;
    assert_eq!(nlris(&heard.withdrawn), [node(1)]);
    assert!(heard.announced.is_empty());
    raw.stays_up().await;
    assert_eq!(broker.counters.malformed.get(), 3);
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc7606_5_3_nlri_that_overrun_mp_reach_end_the_session_with_3_9() {
    let (mut broker, mut raw) = established().await;
    let bad = attribute(0x80, 14, &[0x40, 4, 71, 4, 127, 0, 0, 2, 0, 0, 1, 0, 50, 1]);
    raw.send(&update(&[mandatory(), bad.clone()])).await;
    assert_eq!(raw.notified().await, (3, 9, bad));
    let (reason, kept) = broker.down().await;
    assert!(reason.to_string().contains("do not add up"), "{reason}");
    assert_eq!(kept, None);
    broker.stopped().await;
}

/// Nobody reads events for twice the hold time while the peer sends and sends: its session stays up,
/// its writes are slowed, and in the end every update is there, once and in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_into_a_full_channel_waits_and_the_session_holds() {
    const UPDATES: u32 = 60_000;
    let mut broker = Broker::start_at("127.0.0.1", vec![peer("127.0.0.2")], 8).await;
    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    let open = Open {
        hold_time: 3,
        ..Open::default()
    };
    raw.establish(&open.bytes()).await;
    broker.up().await;
    let (mut from_us, mut to_us) = raw.stream.into_split();
    let flood = tokio::spawn(async move {
        let mut bytes = Vec::new();
        for number in 0..UPDATES {
            bytes.extend(announce(number));
            if bytes.len() > 64 * 1024 || number + 1 == UPDATES {
                to_us.write_all(&bytes).await.unwrap();
                bytes.clear();
            }
        }
        to_us
    });
    // The peer's side of the hold timer: a KEEPALIVE of ours every second or so.
    let listening = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        let start = Instant::now();
        let mut last = start;
        let mut buffer = [0; 4096];
        while start.elapsed() < Duration::from_secs(6) {
            let read = timeout(
                Duration::from_secs(3),
                tokio::io::AsyncReadExt::read(&mut from_us, &mut buffer),
            )
            .await
            .expect("a KEEPALIVE within the hold time")
            .unwrap();
            assert_eq!(read % 19, 0, "only KEEPALIVEs, and no end");
            assert_ne!(read, 0, "it hung up");
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
        from_us
    });
    let _from_us = listening.await.unwrap();
    assert!(!flood.is_finished(), "11 MB went somewhere");
    for number in 0..UPDATES {
        let heard = broker.update().await;
        let mut nlris = heard.announced.iter();
        assert_eq!(nlris.next(), Some(&node(number)[..]));
    }
    let _to_us = flood.await.unwrap();
    assert_eq!(broker.counters.updates.get(), u64::from(UPDATES));
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_6_8_a_second_connection_is_refused_with_6_7_while_the_session_is_up() {
    let (mut broker, mut first) = established().await;
    for _ in 0..2 {
        let mut second = Raw::dial("127.0.0.2", broker.address).await;
        second.send(&open()).await;
        assert_eq!(second.notified().await, (6, 7, vec![]));
    }
    first.send(&announce(1)).await;
    broker.update().await;
    assert_eq!(broker.counters.collisions.get(), 2);
    broker.stopped().await;
}

/// One peer opens and closes as fast as it can, half of the time with a whole session; it gets its
/// burst and then waits, and another peer notices nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_opens_and_closes_without_end_is_slowed_down() {
    let mut broker = Broker::start(vec![peer("127.0.0.2"), peer("127.0.0.3")]).await;
    let address = broker.address;
    let storm = tokio::spawn(async move {
        let start = Instant::now();
        let (mut tries, mut answered) = (0_u32, 0_u32);
        while start.elapsed() < Duration::from_secs(4) {
            let Ok(mut raw) = Raw::try_dial("127.0.0.2", address).await else {
                continue;
            };
            tries += 1;
            let heard = timeout(Duration::from_millis(100), async {
                raw.stream.write_all(&open()).await.ok()?;
                raw.receive().await
            });
            answered += u32::from(matches!(heard.await, Ok(Some(_))));
        }
        (tries, answered)
    });
    let reader = tokio::spawn(async move {
        let mut quiet = Raw::dial("127.0.0.3", address).await;
        quiet.establish(&open()).await;
        quiet
    });
    let mut quiet = timeout(PATIENCE, reader).await.unwrap().unwrap();
    let (tries, answered) = storm.await.unwrap();
    println!("{tries} connections, {answered} answered");
    assert!(
        tries > 2 * answered,
        "{tries} connections, {answered} answered"
    );
    assert!((1..=7).contains(&answered), "{answered} answered");
    assert!(broker.counters.slowed.get() > 0);
    quiet.send(&announce(1)).await;
    broker.up().await;
    broker.update().await;
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_closed_and_counted() {
    let broker = Broker::start(vec![peer("127.0.0.2")]).await;
    for expected in 1..=3 {
        let mut stranger = Raw::dial("127.0.0.77", broker.address).await;
        assert!(stranger.closed().await);
        let counters = &broker.counters;
        eventually("counted", || counters.strangers.get() == expected).await;
    }
    assert_eq!(broker.counters.failed.get(), 0);
    broker.stopped().await;
}

/// The reader of the events goes away: the speaker ends by itself, with a Cease.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_reader_of_events_the_speaker_stops() {
    let (broker, mut raw) = established().await;
    drop(broker.events);
    let (code, subcode, _) = raw.notified().await;
    assert_eq!((code, subcode), (6, 2));
    timeout(PATIENCE, broker.task).await.unwrap().unwrap();
}

/// A stop must not hang on a channel that is full and will stay so.
#[tokio::test(flavor = "multi_thread")]
async fn stopping_with_a_full_channel_ends() {
    let mut broker = Broker::start_at("127.0.0.1", vec![peer("127.0.0.2")], 1).await;
    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    raw.establish(&open()).await;
    broker.up().await;
    for number in 0..10 {
        raw.send(&announce(number)).await;
    }
    let counters = broker.counters.clone();
    eventually("the channel is full", || counters.updates.get() >= 2).await;
    broker.stop.cancel();
    let (code, subcode, _) = raw.notified().await;
    assert_eq!((code, subcode), (6, 2));
    timeout(PATIENCE, broker.task).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn extended_messages_are_taken() {
    let (mut broker, mut raw) = established().await;
    let nodes: Vec<_> = (0..1_000).map(node).collect();
    let long = update(&[reach(&nodes), mandatory()]);
    assert!(long.len() > 40_000);
    raw.send(&long).await;
    assert_eq!(nlris(&broker.update().await.announced), nodes);
    drop(raw);
    assert!(matches!(
        broker.down().await.0,
        DownReason::Closed | DownReason::Transport(_)
    ));
    broker.stopped().await;
}
