use proptest::prelude::*;

use super::*;

const REALM: &str = "brokerd";
const PASSWORD: &str = "Circle of Life";

fn mufasa() -> Principal {
    Principal::Operator {
        name: "Mufasa".to_owned(),
    }
}

fn digest_of(realm: &str) -> Digest {
    let user = (
        "Mufasa".to_owned(),
        ha1("Mufasa", realm, PASSWORD),
        mufasa(),
    );
    Digest::new(realm, Duration::from_secs(300), [user].into_iter())
}

fn get(target: &str, now: u64) -> Request<'_> {
    Request {
        method: "GET",
        target,
        now,
    }
}

/// The example of RFC 7616 §3.9.1.
#[test]
fn rfc7616_3_9_1_the_response_of_the_example() {
    let text = "username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
                opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    let told = Credentials::parse(text).unwrap();
    let ha1 = ha1("Mufasa", "http-auth@example.org", PASSWORD);
    assert_eq!(told.expected(&ha1, "GET"), told.response);
    assert_ne!(told.expected(&ha1, "POST"), told.response);
}

#[test]
fn rfc7616_3_4_a_challenge_that_is_met_names_the_user() {
    let digest = digest_of(REALM);
    let challenge = digest.challenge(1_000, false);
    let sent = |password: &str, method: &str, target: &str| {
        answer(&challenge, ("Mufasa", password), (method, target), "abc").unwrap()
    };
    let right = sent(PASSWORD, "GET", "/tips?x=1");
    let check = |text: &str, request: Request<'_>| digest.check(text.as_bytes(), request);
    assert_eq!(check(&right, get("/tips?x=1", 1_000)), Ok(mufasa()));
    assert_eq!(
        check(
            &right.replace("Digest ", "dIGEST "),
            get("/tips?x=1", 1_300)
        ),
        Ok(mufasa())
    );
    for wrong in [
        sent("Circle of life", "GET", "/tips?x=1"),
        sent(PASSWORD, "POST", "/tips?x=1"),
        sent(PASSWORD, "GET", "/tips"),
        right.replace("Mufasa", "Scar"),
        right.replace("nc=00000001", "nc=00000002"),
        right.replace("cnonce=\"abc\"", "cnonce=\"abd\""),
        right.replace("realm=\"brokerd\"", "realm=\"other\""),
    ] {
        let refused = check(&wrong, get("/tips?x=1", 1_000));
        assert_eq!(refused, Err(Refusal::WrongDigest), "{wrong}");
    }
}

#[test]
fn rfc7616_3_3_a_nonce_is_of_this_server_and_goes_stale() {
    let digest = digest_of(REALM);
    let sent =
        |challenge: &str| answer(challenge, ("Mufasa", PASSWORD), ("GET", "/"), "abc").unwrap();
    let own = sent(&digest.challenge(1_000, false));
    let at = |text: &str, now| digest.check(text.as_bytes(), get("/", now));
    assert_eq!(at(&own, 1_300), Ok(mufasa()));
    assert_eq!(at(&own, 1_301), Err(Refusal::StaleNonce));
    assert!(digest.challenge(1_301, true).ends_with(", stale=true"));
    // A clock that is set back makes no nonce stale.
    assert_eq!(at(&own, 900), Ok(mufasa()));
    // That of another process, and one that somebody made younger, are none.
    let other = sent(&digest_of(REALM).challenge(1_000, false));
    assert_eq!(at(&other, 1_000), Err(Refusal::WrongDigest));
    let nonce = digest.nonce(1_000);
    let younger = format!("{:016x}{}", 2_000, &nonce[16..]);
    let younger = sent(&digest.challenge(1_000, false).replace(&nonce, &younger));
    assert_eq!(at(&younger, 2_000), Err(Refusal::WrongDigest));
}

#[test]
fn rfc7616_3_4_credentials_that_are_malformed_or_of_another_kind() {
    let right = "username=\"a\", realm=\"b\", uri=\"/\", algorithm=SHA-256, nonce=\"n\", \
                 nc=00000001, cnonce=\"c\", qop=auth, response=\"r\"";
    assert!(Credentials::parse(right).is_some());
    // Lists may have empty elements, and parameters space around them.
    assert!(Credentials::parse(&right.replace(", ", " ,,\t").replace('=', " = ")).is_some());
    assert!(Credentials::parse(&right.replace("qop=auth", "qop=\"auth\"")).is_some());
    for wrong in [
        "",
        "username",
        "username=\"a",
        "username=\"a\\",
        &right.replace("algorithm=SHA-256, ", ""),
        &right.replace("SHA-256", "MD5"),
        &right.replace("SHA-256", "SHA-256-sess"),
        &right.replace("qop=auth", "qop=auth-int"),
        &right.replace("nc=00000001", "nc=1"),
        &right.replace("nc=00000001", "nc=0000000g"),
        &right.replace("username=", "username*="),
        &format!("{right}, username=\"b\""),
        &format!("{right}, userhash=true"),
        &format!("{right} more"),
        &right.replace(", nonce", " nonce"),
    ] {
        assert_eq!(Credentials::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn challenges_that_cannot_be_met_are_not() {
    let met =
        |challenge: &str, user: &str| answer(challenge, (user, "p"), ("GET", "/"), "c").is_some();
    let right = "Digest realm=\"r\", qop=\"auth-int, auth\", algorithm=SHA-256, nonce=\"n\"";
    assert!(met(right, "u"));
    // Another challenge after it, in one line.
    assert!(met(&format!("{right}, Basic realm=\"r\""), "u"));
    for wrong in [
        "Bearer",
        "Digest",
        &right.replace("SHA-256", "MD5"),
        &right.replace("auth-int, auth", "auth-int"),
        &right.replace("nonce", "once"),
    ] {
        assert!(!met(wrong, "u"), "{wrong}");
    }
    assert!(!met(right, "u\""));
}

proptest! {
    /// Whoever answers a challenge is who he is, whatever his name, realm and password have in them.
    #[test]
    fn who_answers_a_challenge_is_known(
        user in "[ -!#-\\[\\]-~]{1,20}",
        realm in "[ -!#-\\[\\]-~]{0,20}",
        password in ".{0,20}",
        target in "/[!-~&&[^\"\\\\]]{0,20}",
        now in 0_u64..1 << 40,
    ) {
        let entry = (user.clone(), ha1(&user, &realm, &password), mufasa());
        let digest = Digest::new(&realm, Duration::from_secs(1), [entry].into_iter());
        let challenge = digest.challenge(now, false);
        let sent = answer(&challenge, (&user, &password), ("POST", &target), "c").unwrap();
        let request = Request { method: "POST", target: &target, now };
        prop_assert_eq!(digest.check(sent.as_bytes(), request), Ok(mufasa()));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z=\", \\\\\u{e9}]{0,40}", octets in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Credentials::parse(&text);
        let _ = answer(&text, ("u", "p"), ("GET", "/"), "c");
        let digest = digest_of(REALM);
        prop_assert!(digest.check(&octets, get("/", 0)).is_err());
    }
}
