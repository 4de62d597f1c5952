use super::super::tests::config as peer;
use super::*;

#[test]
fn a_peer_that_cannot_be_is_refused_with_the_rule() {
    type Change = fn(&mut PeerConfig);
    let active = Mode::Active { port: 179 };
    let cases: [(Change, &str); 11] = [
        (
            |peer| peer.hold_time = Duration::from_secs(2),
            "hold_time is 2s",
        ),
        (
            |peer| peer.hold_time = Duration::from_millis(3_500),
            "hold_time is 3.5s",
        ),
        (
            |peer| peer.hold_time = Duration::from_secs(65_536),
            "hold_time is 65536s",
        ),
        (|peer| peer.local_as = 0, "local_as is 0"),
        (|peer| peer.remote_as = Some(0), "remote_as is 0"),
        (
            |peer| peer.router_id = Ipv4Addr::UNSPECIFIED,
            "router_id is 0.0.0.0",
        ),
        (
            |peer| peer.address = "0.0.0.0".parse().unwrap(),
            "not the address of one host",
        ),
        (
            |peer| peer.address = "ff02::1".parse().unwrap(),
            "not the address of one host",
        ),
        (|peer| peer.mode = Mode::Active { port: 0 }, "port is 0"),
        (
            |peer| {
                peer.mode = Mode::Active { port: 179 };
                peer.connect_retry = Duration::ZERO;
            },
            "connect_retry is zero",
        ),
        (
            |peer| peer.local_address = Some("::1".parse().unwrap()),
            "other address family",
        ),
    ];
    for (change, words) in cases {
        let mut peer = peer();
        change(&mut peer);
        let error = check(true, &[peer]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(check(true, &[peer()]), Ok(()));
    assert_eq!(
        check(false, &[peer()]),
        Err(ConfigError::NoListener(peer().id()))
    );
    let dialled = PeerConfig {
        mode: active,
        ..peer()
    };
    assert_eq!(check(false, &[dialled]), Ok(()));
    let mapped = PeerConfig {
        address: "::ffff:192.0.2.1".parse().unwrap(),
        ..peer()
    };
    assert_eq!(
        check(true, &[peer(), mapped]),
        Err(ConfigError::Twice(peer().id()))
    );
}
