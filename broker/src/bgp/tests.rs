use bytes::Bytes;

use super::*;

/// A passive peer.
pub(super) fn config() -> PeerConfig {
    PeerConfig {
        address: Ipv4Addr::new(192, 0, 2, 1).into(),
        local_address: None,
        remote_as: Some(65_002),
        local_as: 65_001,
        router_id: Ipv4Addr::new(10, 0, 0, 1),
        hold_time: Duration::from_secs(90),
        mode: Mode::Passive,
        connect_retry: Duration::from_secs(5),
        lenient_as_path: false,
    }
}

fn negotiated(over_notification: Option<bool>) -> Negotiated {
    Negotiated {
        peer_as: 65_002,
        router_id: Ipv4Addr::new(10, 0, 0, 2),
        hold_time: Duration::from_secs(9),
        four_octet_as: true,
        route_refresh: false,
        extended_messages: false,
        graceful_restart: over_notification.map(|over_notification| GracefulRestart {
            restart_time: Duration::from_secs(120),
            restarting: false,
            preserved: true,
            over_notification,
        }),
    }
}

/// Every reason, with no graceful restart, with that of RFC 4724, with that of RFC 8538.
#[test]
fn rfc4724_4_2_rfc8538_4_which_ends_keep_the_routes() {
    let cease = Notification::new(6, 2, Bytes::new());
    let hard = Notification::new(6, 9, Bytes::new());
    let sent = |notification| DownReason::Sent {
        notification,
        cause: String::new(),
    };
    let table = [
        (DownReason::Closed, [false, true, true]),
        (DownReason::Transport("reset".into()), [false, true, true]),
        (DownReason::Replaced, [false, true, true]),
        (DownReason::Internal, [false, true, true]),
        (DownReason::Received(cease.clone()), [false, false, true]),
        (DownReason::Received(hard.clone()), [false, false, false]),
        (sent(cease), [false, false, true]),
        (sent(hard), [false, false, false]),
        (DownReason::HoldTimerExpired, [false, false, true]),
        (DownReason::SendHoldTimerExpired, [false, false, true]),
        (DownReason::Collision, [false, false, false]),
        (DownReason::Stopped, [false, false, false]),
    ];
    for (reason, expected) in table {
        let kept = [None, Some(false), Some(true)]
            .map(|offer| reason.retention(&negotiated(offer)).is_some());
        assert_eq!(kept, expected, "{reason}");
    }
}

#[test]
fn a_peer_has_one_id_however_its_address_is_written() {
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    assert_eq!(
        PeerId::new(mapped),
        PeerId::new("192.0.2.1".parse().unwrap())
    );
}

#[test]
fn reasons_are_told_in_words() {
    let reason = DownReason::Sent {
        notification: Notification::new(2, 2, Bytes::new()),
        cause: "its OPEN has AS 1 (expected 2)".into(),
    };
    assert_eq!(
        reason.to_string(),
        "we ended it: Bad Peer AS (2/2): its OPEN has AS 1 (expected 2)"
    );
}
