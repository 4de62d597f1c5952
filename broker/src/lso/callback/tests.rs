use super::*;

fn guard(allow: &[&str]) -> AddressGuard {
    AddressGuard::new(allow.iter().map(|net| net.parse().unwrap()).collect())
}

/// An address of each class, at the edges of its network.
const REFUSED: [&str; 41] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "ff02::1",
];

#[test]
fn every_class_of_special_address_is_refused_with_its_name() {
    let guard = guard(&[]);
    for text in REFUSED {
        let address: IpAddr = text.parse().unwrap();
        for is_tls in [true, false] {
            let refused = guard.check(address, is_tls);
            assert!(
                matches!(refused, Err(Refused::Special { .. })),
                "{text}: {refused:?}"
            );
        }
    }
    let class = |text: &str| match guard.check(text.parse().unwrap(), true) {
        Err(Refused::Special { class, .. }) => class,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(class("::ffff:127.0.0.1"), "loopback");
    assert_eq!(class("100.100.0.1"), "of carrier-grade NAT");
    assert_eq!(class("255.255.255.255"), "broadcast");
    assert_eq!(class("fe80::1"), "link-local");
}

#[test]
fn public_addresses_pass_by_https_alone() {
    let guard = guard(&[]);
    for text in [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "2606:4700::1",
        "2a00::1",
    ] {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(guard.check(address, true), Ok(()), "{text}");
        assert_eq!(
            guard.check(address, false),
            Err(Refused::PlainHttp { address }),
            "{text}"
        );
    }
}

#[test]
fn a_listed_network_is_let_through_by_both_schemes_and_no_other() {
    let guard = guard(&["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"]);
    for text in ["127.0.0.1", "10.1.255.1", "::ffff:10.1.0.1", "fd00::1"] {
        let address = text.parse().unwrap();
        assert_eq!(guard.check(address, true), Ok(()), "{text}");
        assert_eq!(guard.check(address, false), Ok(()), "{text}");
    }
    for text in ["10.2.0.1", "::1", "fc00::1", "169.254.169.254"] {
        assert!(guard.check(text.parse().unwrap(), true).is_err(), "{text}");
    }
}

#[test]
fn an_address_in_any_spelling_of_a_url_is_checked_and_a_name_waits() {
    let check = |guard: &AddressGuard, url: &str| guard.check_url(&Url::parse(url).unwrap());
    let strict = guard(&[]);
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://0/",
    ] {
        assert!(
            matches!(check(&strict, url), Err(Refused::Special { .. })),
            "{url}"
        );
    }
    assert_eq!(check(&strict, "https://client.example/"), Ok(()));
    assert_eq!(
        check(&strict, "http://client.example/"),
        Err(Refused::PlainHttpAnywhere)
    );
    assert_eq!(
        check(&guard(&["10.0.0.0/8"]), "http://client.example/"),
        Ok(())
    );
}

/// Tells the addresses of one name.
#[derive(Debug)]
struct Fixed(Vec<IpAddr>);

impl Names for Fixed {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

async fn resolve(addresses: &[&str], allow: &[&str], is_tls: bool) -> Result<Vec<IpAddr>, String> {
    let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let guarded = Guarded {
        names: Arc::new(Fixed(addresses)),
        guard: guard(allow),
        is_tls,
    };
    let found = guarded.resolve("client.example".parse().unwrap()).await;
    found
        .map(|found| found.map(|address| address.ip()).collect())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_name_gives_only_the_addresses_that_pass() {
    let found = resolve(&["1.1.1.1", "10.0.0.1", "::1"], &[], true)
        .await
        .unwrap();
    assert_eq!(found, ["1.1.1.1".parse::<IpAddr>().unwrap()]);
    let refused = resolve(&["127.0.0.1"], &[], true).await.unwrap_err();
    assert!(refused.contains("127.0.0.1 is loopback"), "{refused}");
    let refused = resolve(&["1.1.1.1"], &["10.0.0.0/8"], false)
        .await
        .unwrap_err();
    assert!(refused.contains("plain http"), "{refused}");
    assert!(
        resolve(&[], &[], true)
            .await
            .unwrap_err()
            .contains("no address")
    );
}
