//! What a session does when both sides mean well.

use std::net::Ipv4Addr;
use std::time::Duration;

use broker::bgp::{DownReason, Mode, PeerEvent, PeerId};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::raw::{
    Open, Raw, announce, keepalive, mandatory, name, node, open, reach, tlv, unreach, update,
};
use crate::{Broker, PATIENCE, THEIR_AS, connected, established, nlris, peer};

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_dials_us_comes_up_announces_and_withdraws() {
    let (mut broker, mut raw) = connected().await;
    raw.establish(&open()).await;
    let negotiated = broker.up().await;
    assert_eq!(negotiated.peer_as, THEIR_AS);
    assert_eq!(negotiated.router_id, Ipv4Addr::new(10, 255, 0, 2));
    assert_eq!(negotiated.hold_time, Duration::from_secs(90));
    assert!(negotiated.four_octet_as);

    raw.send(&announce(1)).await;
    let heard = broker.update().await;
    assert_eq!(nlris(&heard.announced), [node(1)]);
    assert_eq!(heard.attribute.as_deref(), Some(&tlv(1026, b"r1")[..]));

    raw.send(&update(&[reach(&[node(2), node(3)]), mandatory()]))
        .await;
    let heard = broker.update().await;
    assert_eq!(nlris(&heard.announced), [node(2), node(3)]);
    assert_eq!(heard.attribute, None);

    raw.send(&update(&[unreach(&[])])).await;
    assert!(broker.update().await.end_of_rib);

    raw.send(&update(&[unreach(&[node(1), node(3)])])).await;
    let heard = broker.update().await;
    assert_eq!(nlris(&heard.withdrawn), [node(1), node(3)]);
    assert!(heard.announced.is_empty() && !heard.end_of_rib);

    drop(raw);
    let (reason, kept) = broker.down().await;
    assert!(
        matches!(reason, DownReason::Closed | DownReason::Transport(_)),
        "{reason}"
    );
    assert_eq!(kept, None);
    broker.stopped().await;
}

/// Nobody there, then a listener, then the session lost: each time it is dialled again.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_we_dial_is_dialled_until_it_is_there() {
    let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut active = peer("127.0.0.3");
    active.mode = Mode::Active { port };
    active.local_address = Some("127.0.0.4".parse().unwrap());
    let mut broker = Broker::start(vec![active]).await;
    let reason = broker.failed().await;
    assert!(matches!(reason, DownReason::Transport(_)), "{reason}");

    let listener = TcpListener::bind(("127.0.0.3", port)).await.unwrap();
    for _ in 0..2 {
        let mut raw = Raw::accept(&listener).await;
        assert_eq!(
            raw.stream.peer_addr().unwrap().ip().to_string(),
            "127.0.0.4"
        );
        raw.establish(&open()).await;
        broker.up().await;
        drop(raw);
        broker.down().await;
    }
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_as_with_four_octets_and_peers_of_our_own_as() {
    for number in [4_200_000_001, crate::OUR_AS] {
        let mut config = peer("127.0.0.2");
        config.remote_as = None;
        let mut broker = Broker::start(vec![config]).await;
        let mut raw = Raw::dial("127.0.0.2", broker.address).await;
        let open = Open {
            number,
            ..Open::default()
        };
        raw.establish(&open.bytes()).await;
        assert_eq!(broker.up().await.peer_as, number);
        broker.stopped().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_6_5_a_silent_peer_is_told_4_0_after_the_hold_time() {
    let (mut broker, mut raw) = connected().await;
    let open = Open {
        hold_time: 3,
        ..Open::default()
    };
    raw.establish(&open.bytes()).await;
    let start = Instant::now();
    assert_eq!(broker.up().await.hold_time, Duration::from_secs(3));
    let (code, subcode, _) = raw.notified().await;
    assert_eq!((code, subcode), (4, 0));
    assert!(
        start.elapsed() >= Duration::from_millis(2_900),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(broker.down().await.0, DownReason::HoldTimerExpired);
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_4_4_keepalives_hold_a_session_that_says_nothing_else() {
    let (mut broker, mut raw) = connected().await;
    let open = Open {
        hold_time: 3,
        ..Open::default()
    };
    raw.establish(&open.bytes()).await;
    broker.up().await;
    let start = Instant::now();
    let mut heard = 0;
    // Twice the hold time; each of ours is answered by one of theirs.
    while start.elapsed() < Duration::from_secs(6) {
        let (kind, _) = raw.receive().await.expect("it stays up");
        assert_eq!(kind, crate::raw::KEEPALIVE);
        heard += 1;
        raw.send(&keepalive()).await;
    }
    assert!(heard >= 5, "{heard}");
    raw.send(&announce(1)).await;
    broker.update().await;
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_peers_have_sessions_of_their_own() {
    let mut broker = Broker::start(vec![peer("127.0.0.2"), peer("127.0.0.3")]).await;
    for (address, number) in [("127.0.0.2", 2), ("127.0.0.3", 3)] {
        let mut raw = Raw::dial(address, broker.address).await;
        raw.establish(&open()).await;
        raw.send(&announce(number)).await;
        let id = PeerId::new(address.parse().unwrap());
        let (from, event) = broker.event().await;
        assert!(
            from == id && matches!(event, PeerEvent::Up { .. }),
            "{event:?}"
        );
        let (from, event) = broker.event().await;
        assert_eq!(from, id);
        match event {
            PeerEvent::Update(update) => assert_eq!(nlris(&update.announced), [node(number)]),
            other => panic!("{other:?}"),
        }
        drop(raw);
        broker.down().await;
    }
    broker.stopped().await;
}

/// Killed and back at once, again and again, as in a restart: up within a moment each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_restarts_is_up_again_at_once() {
    let mut broker = Broker::start(vec![peer("127.0.0.2")]).await;
    for number in 0..5 {
        let start = Instant::now();
        let mut raw = Raw::dial("127.0.0.2", broker.address).await;
        raw.establish(&open()).await;
        broker.up().await;
        raw.send(&announce(number)).await;
        broker.update().await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "slowed: {:?}",
            start.elapsed()
        );
        drop(raw);
        if number % 2 == 0 {
            broker.down().await;
            continue;
        }
        // And here it is back before its end was even looked at.
        let mut raw = Raw::dial("127.0.0.2", broker.address).await;
        raw.establish(&open()).await;
        broker.down().await;
        broker.up().await;
        drop(raw);
        broker.down().await;
        break;
    }
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc4724_4_2_a_graceful_peer_keeps_its_routes_for_its_restart_time() {
    let mut broker = Broker::start(vec![peer("127.0.0.2")]).await;
    let open = Open {
        graceful: Some((120, true)),
        ..Open::default()
    };
    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    raw.establish(&open.bytes()).await;
    let restart = broker.up().await.graceful_restart.unwrap();
    assert!(restart.preserved && !restart.over_notification);
    // RFC 4724 §4.2: our End-of-RIB, though we have nothing to tell.
    let (kind, body) = raw.receive().await.unwrap();
    assert_eq!(
        (kind, body),
        (2, vec![0, 0, 0, 6, 0x80, 15, 3, 0x40, 4, 71])
    );

    drop(raw);
    let (_, kept) = broker.down().await;
    assert_eq!(kept, Some(Duration::from_secs(120)));

    // A NOTIFICATION is an end on purpose (the peer has no N bit).
    let mut raw = Raw::dial("127.0.0.2", broker.address).await;
    raw.establish(&open.bytes()).await;
    broker.up().await;
    raw.send(&crate::raw::message(3, &[6, 2, 4, b'd', b'o', b'n', b'e']))
        .await;
    let (reason, kept) = broker.down().await;
    assert_eq!(
        reason.to_string(),
        "the peer ended it: Administrative Shutdown (6/2) saying \"done\""
    );
    assert_eq!(kept, None);
    broker.stopped().await;
}

/// The peer's machine died without a FIN; it is back and the old session looks alive.
#[tokio::test(flavor = "multi_thread")]
async fn rfc4724_4_2_a_graceful_peer_that_comes_back_replaces_its_old_session() {
    let mut broker = Broker::start(vec![peer("127.0.0.2")]).await;
    let open = Open {
        graceful: Some((60, true)),
        ..Open::default()
    };
    let mut old = Raw::dial("127.0.0.2", broker.address).await;
    old.establish(&open.bytes()).await;
    broker.up().await;
    let mut new = Raw::dial("127.0.0.2", broker.address).await;
    new.establish(&open.bytes()).await;
    let (reason, kept) = broker.down().await;
    assert_eq!(
        (reason, kept),
        (DownReason::Replaced, Some(Duration::from_secs(60)))
    );
    broker.up().await;
    // No NOTIFICATION on the old one: our End-of-RIB and then its end.
    while let Some((kind, body)) = old.receive().await {
        assert_ne!(kind, crate::raw::NOTIFICATION, "{body:?}");
    }
    new.send(&announce(1)).await;
    assert_eq!(nlris(&broker.update().await.announced), [node(1)]);
    broker.stopped().await;
}

/// Both dial at once: the connection of the higher identifier is kept, on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn rfc4271_6_8_of_two_connections_that_of_the_higher_identifier_lives() {
    for theirs_is_higher in [true, false] {
        let listener = TcpListener::bind("127.0.0.5:0").await.unwrap();
        let mut config = peer("127.0.0.5");
        config.mode = Mode::Active {
            port: listener.local_addr().unwrap().port(),
        };
        let mut broker = Broker::start(vec![config]).await;
        let open = Open {
            identifier: Ipv4Addr::new(10, 255, if theirs_is_higher { 9 } else { 0 }, 0),
            ..Open::default()
        };
        let mut ours = Raw::accept(&listener).await;
        let mut theirs = Raw::dial("127.0.0.5", broker.address).await;
        for raw in [&mut ours, &mut theirs] {
            assert_eq!(raw.receive().await.unwrap().0, crate::raw::OPEN);
        }
        ours.send(&open.bytes()).await;
        assert_eq!(ours.receive().await.unwrap().0, crate::raw::KEEPALIVE);
        theirs.send(&open.bytes()).await;
        let (mut loser, mut winner) = if theirs_is_higher {
            (ours, theirs)
        } else {
            (theirs, ours)
        };
        let (code, subcode, _) = loser.notified().await;
        assert_eq!((code, subcode), (6, 7));
        if theirs_is_higher {
            assert_eq!(winner.receive().await.unwrap().0, crate::raw::KEEPALIVE);
        }
        winner.send(&keepalive()).await;
        winner.send(&announce(1)).await;
        broker.up().await;
        broker.update().await;
        broker.stopped().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_every_session_with_a_cease_and_tells_it() {
    let mut broker = Broker::start(vec![peer("127.0.0.2"), peer("127.0.0.3")]).await;
    let mut raws = Vec::new();
    for address in ["127.0.0.2", "127.0.0.3"] {
        let mut raw = Raw::dial(address, broker.address).await;
        raw.establish(&open()).await;
        broker.up().await;
        raws.push(raw);
    }
    broker.stop.cancel();
    for mut raw in raws {
        let (code, subcode, data) = raw.notified().await;
        assert_eq!((code, subcode), (6, 2));
        assert_eq!(data[1..], *b"the broker is stopping");
    }
    for _ in 0..2 {
        let (reason, kept) = broker.down().await;
        assert_eq!((reason, kept), (DownReason::Stopped, None));
    }
    tokio::time::timeout(PATIENCE, broker.task)
        .await
        .unwrap()
        .unwrap();
}

/// A re-announcement replaces; the attribute may come first, as Junos sends it.
#[tokio::test(flavor = "multi_thread")]
async fn attribute_29_is_taken_before_the_nlri_too() {
    let (mut broker, mut raw) = established().await;
    raw.send(&update(&[name("first"), mandatory(), reach(&[node(1)])]))
        .await;
    assert_eq!(
        broker.update().await.attribute.as_deref(),
        Some(&tlv(1026, b"first")[..])
    );
    broker.stopped().await;
}
