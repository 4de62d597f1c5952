use std::net::Ipv4Addr;

use bytes::Bytes;

use super::super::tests::config;
use super::*;

fn family() -> Capability {
    Capability::MultiProtocol {
        afi: Afi::BgpLs,
        safi: Safi::BgpLs,
    }
}

fn open() -> OpenMessage {
    OpenMessage {
        version: 4,
        my_as: 65_002,
        hold_time: 30,
        bgp_identifier: Ipv4Addr::new(10, 0, 0, 2),
        capabilities: vec![family(), Capability::FourOctetAs { asn: 65_002 }],
    }
}

fn bring_to(state: State) -> Machine {
    let (mut machine, _) = Machine::start(&config());
    if state != State::OpenSent {
        machine.on(Event::Open(open()));
    }
    if matches!(state, State::Established | State::Closed) {
        machine.on(Event::Keepalive);
    }
    if state == State::Closed {
        machine.on(Event::HoldTimerExpired);
    }
    assert_eq!(machine.state(), state);
    machine
}

fn sent(actions: &[Action]) -> Option<(u8, u8)> {
    actions.iter().find_map(|action| match action {
        Action::SendNotification(sent) => Some((sent.code, sent.subcode)),
        _ => None,
    })
}

/// Every event in every state: where it leads, and the NOTIFICATION it costs.
#[test]
fn rfc4271_8_2_2_every_event_in_every_state() {
    use State::{Closed, Established, OpenConfirm, OpenSent};
    type Make = fn() -> Event;
    let good: Make = || Event::Open(open());
    let bad: Make = || {
        Event::Open(OpenMessage {
            my_as: 1,
            capabilities: vec![family()],
            ..open()
        })
    };
    let keepalive: Make = || Event::Keepalive;
    let update: Make = || Event::Update;
    let refresh: Make = || Event::RouteRefresh;
    let notification: Make = || Event::Notification(Notification::new(6, 2, Bytes::new()));
    let hold: Make = || Event::HoldTimerExpired;
    let tick: Make = || Event::KeepaliveTimerExpired;

    let table = [
        (OpenSent, good, OpenConfirm, None),
        (OpenSent, bad, Closed, Some((2, 2))),
        (OpenSent, keepalive, Closed, Some((5, 1))),
        (OpenSent, update, Closed, Some((5, 1))),
        (OpenSent, refresh, Closed, Some((5, 1))),
        (OpenSent, notification, Closed, None),
        (OpenSent, hold, Closed, Some((4, 0))),
        (OpenSent, tick, OpenSent, None),
        (OpenConfirm, good, Closed, Some((5, 2))),
        (OpenConfirm, bad, Closed, Some((5, 2))),
        (OpenConfirm, keepalive, Established, None),
        (OpenConfirm, update, Closed, Some((5, 2))),
        (OpenConfirm, refresh, Closed, Some((5, 2))),
        (OpenConfirm, notification, Closed, None),
        (OpenConfirm, hold, Closed, Some((4, 0))),
        (OpenConfirm, tick, OpenConfirm, None),
        (Established, good, Closed, Some((5, 3))),
        (Established, bad, Closed, Some((5, 3))),
        (Established, keepalive, Established, None),
        (Established, update, Established, None),
        (Established, refresh, Established, None),
        (Established, notification, Closed, None),
        (Established, hold, Closed, Some((4, 0))),
        (Established, tick, Established, None),
        (Closed, good, Closed, None),
        (Closed, bad, Closed, None),
        (Closed, keepalive, Closed, None),
        (Closed, update, Closed, None),
        (Closed, refresh, Closed, None),
        (Closed, notification, Closed, None),
        (Closed, hold, Closed, None),
        (Closed, tick, Closed, None),
    ];
    for (from, event, to, notification) in table {
        let mut machine = bring_to(from);
        let name = format!("{} in {from:?}", event().name());
        let actions = machine.on(event());
        assert_eq!(machine.state(), to, "{name}");
        assert_eq!(sent(&actions), notification, "{name}");
        let closes = actions.contains(&Action::Close);
        assert_eq!(closes, to == Closed && from != Closed, "{name}: closes");
        let keeps_alive = actions.contains(&Action::SendKeepalive);
        let expected = (from == OpenSent && to == OpenConfirm)
            || (matches!(from, OpenConfirm | Established)
                && matches!(event(), Event::KeepaliveTimerExpired));
        assert_eq!(keeps_alive, expected, "{name}: keepalive");
        let up = actions.iter().any(|action| matches!(action, Action::Up(_)));
        assert_eq!(up, from == OpenConfirm && to == Established, "{name}: up");
    }
}

/// RFC 4271 §4.4, §6.5: anything good restarts the hold timer; the smaller proposal holds.
#[test]
fn rfc4271_4_2_the_smaller_hold_time_runs_and_is_restarted() {
    let time = Duration::from_secs(30);
    for event in [Event::Keepalive, Event::Update, Event::RouteRefresh] {
        let actions = bring_to(State::Established).on(event);
        assert_eq!(actions, [Action::HoldTimer(Some(time))]);
    }
    let (mut machine, _) = Machine::start(&config());
    let actions = machine.on(Event::Open(open()));
    assert!(actions.contains(&Action::KeepaliveTimer(Some(time / 3))));
}

#[test]
fn rfc4271_4_2_a_hold_time_of_zero_stops_both_timers() {
    let (mut machine, _) = Machine::start(&config());
    let actions = machine.on(Event::Open(OpenMessage {
        hold_time: 0,
        ..open()
    }));
    assert_eq!(actions, [Action::SendKeepalive, Action::HoldTimer(None)]);
}

#[test]
fn rfc4271_6_2_each_fault_of_an_open_has_its_subcode() {
    let cases = [
        (
            OpenMessage {
                my_as: 65_003,
                capabilities: vec![family()],
                ..open()
            },
            (2, 2),
        ),
        (
            OpenMessage {
                my_as: 0,
                capabilities: vec![family()],
                ..open()
            },
            (2, 2),
        ),
        (
            OpenMessage {
                bgp_identifier: Ipv4Addr::UNSPECIFIED,
                ..open()
            },
            (2, 3),
        ),
        (
            OpenMessage {
                hold_time: 1,
                ..open()
            },
            (2, 6),
        ),
        (
            OpenMessage {
                hold_time: 2,
                ..open()
            },
            (2, 6),
        ),
        (
            OpenMessage {
                capabilities: vec![Capability::FourOctetAs { asn: 65_002 }],
                ..open()
            },
            (2, 7),
        ),
        (
            OpenMessage {
                version: 5,
                ..open()
            },
            (2, 1),
        ),
    ];
    for (open, expected) in cases {
        let (mut machine, _) = Machine::start(&config());
        let told = describe(&open, &config());
        assert_eq!(
            sent(&machine.on(Event::Open(open))),
            Some(expected),
            "{told}"
        );
    }
}

/// RFC 5492 §3: the data of 2/7 is the capability that is missing.
#[test]
fn rfc5492_3_a_peer_without_the_family_is_told_which() {
    let (mut machine, _) = Machine::start(&config());
    let open = OpenMessage {
        capabilities: vec![Capability::FourOctetAs { asn: 65_002 }],
        ..open()
    };
    let actions = machine.on(Event::Open(open));
    let data = actions.iter().find_map(|action| match action {
        Action::SendNotification(sent) => Some(sent.data.clone()),
        _ => None,
    });
    assert_eq!(data.as_deref(), Some(&[1, 4, 0x40, 4, 0, 71][..]));
}

#[test]
fn any_as_is_taken_where_none_is_configured_also_our_own() {
    for my_as in [1, 65_001] {
        let (mut machine, _) = Machine::start(&PeerConfig {
            remote_as: None,
            ..config()
        });
        machine.on(Event::Open(OpenMessage {
            my_as,
            capabilities: vec![family()],
            ..open()
        }));
        assert_eq!(machine.state(), State::OpenConfirm);
    }
}

#[test]
fn our_open_offers_what_we_do_and_nothing_else() {
    let config = PeerConfig {
        local_as: 4_200_000_001,
        ..config()
    };
    let (_, actions) = Machine::start(&config);
    let [Action::SendOpen(open), Action::HoldTimer(Some(_))] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!((open.my_as, open.hold_time), (23_456, 90));
    let mut out = bytes::BytesMut::new();
    super::super::wire::put_open(&mut out, open).unwrap();
    let capabilities = [
        &[1, 4, 0x40, 4, 0, 71][..], // multiprotocol
        &[2, 0],                     // route refresh
        &[6, 0],                     // extended message
        &[64, 2, 0x40, 0],           // graceful restart: N bit, no family
        &[65, 4, 0xfa, 0x56, 0xea, 0x01],
    ];
    for capability in capabilities {
        assert!(
            out.windows(capability.len())
                .any(|bytes| bytes == capability),
            "{capability:?}"
        );
    }
    assert_eq!(out.len(), 29 + 2 + capabilities.concat().len());
}

#[test]
fn rfc4724_3_graceful_restart_counts_for_our_family_only() {
    let restart = |afi, safi| Capability::GracefulRestart {
        restart_state: true,
        notification: true,
        restart_time: 120,
        families: vec![rustbgpd_wire::GracefulRestartFamily {
            afi,
            safi,
            forwarding_preserved: true,
        }],
    };
    let negotiate = |capability| {
        let (mut machine, _) = Machine::start(&config());
        let mut open = open();
        open.capabilities.push(capability);
        assert!(wants_end_of_rib(&open));
        machine.on(Event::Open(open));
        machine
            .on(Event::Keepalive)
            .into_iter()
            .find_map(|action| match action {
                Action::Up(negotiated) => Some(negotiated),
                _ => None,
            })
            .unwrap()
    };
    let ours = negotiate(restart(Afi::BgpLs, Safi::BgpLs));
    assert_eq!(
        ours.graceful_restart,
        Some(GracefulRestart {
            restart_time: Duration::from_secs(120),
            restarting: true,
            preserved: true,
            over_notification: true,
        })
    );
    assert!(ours.four_octet_as && !ours.extended_messages);
    let other = negotiate(restart(Afi::Ipv4, Safi::Unicast));
    assert_eq!(other.graceful_restart, None);
}
