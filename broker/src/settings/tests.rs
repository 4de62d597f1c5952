use std::time::Duration;

use nffg::DomainId;

use secrecy::ExposeSecret;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn error_chain(text: &str) -> String {
    let error = load(Some(file(text).path()), &Overrides::default()).unwrap_err();
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    chain
}

const ONE_DOMAIN: &str =
    "[[domains]]\nid = 'AS1'\nresources = 'http://user:pw@127.0.0.1/get-config'\n";

#[test]
fn the_later_source_wins() {
    let file = file(&format!(
        "{ONE_DOMAIN}[pull]\ninterval = '7s'\ntimeout = '1s'\n"
    ));
    let environment = [
        ("BROKERD_PULL__INTERVAL", "8s"),
        ("BROKERD_PULL__MAX_BYTES", "1000"),
        ("BROKERD_CONFIG", "ignored"),
        ("PATH", "ignored"),
    ];
    let environment = environment.map(|(name, value)| (name.into(), value.into()));
    let mut overrides = Overrides::from_environment(environment).unwrap();
    overrides.add(&["pull.interval=9s".to_owned()]).unwrap();
    let settings = load(Some(file.path()), &overrides).unwrap();
    assert_eq!(settings.pull.interval, Duration::from_secs(9));
    assert_eq!(settings.pull.timeout, Duration::from_secs(1));
    assert_eq!(settings.pull.max_bytes, 1000);
    assert_eq!(settings.limits, Limits::default());
}

/// The environment of a process need not be text; what is a setting has to be.
#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused_only_where_it_is_a_setting() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let set = |name: &[u8]| {
        (
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(vec![0xff]),
        )
    };
    let overrides = Overrides::from_environment([set(b"LESSOPEN"), set(b"\xff")]).unwrap();
    assert_eq!(overrides.pairs, []);
    let error = Overrides::from_environment([set(b"BROKERD_LISTEN")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "settings: listen = '\u{fffd}': must be UTF-8 text"
    );
}

#[test]
fn without_a_file_the_defaults_are_valid() {
    let settings = load(None, &Overrides::default()).unwrap();
    assert!(settings.listen.ip().is_loopback());
}

#[test]
fn printed_settings_mask_secrets_and_load_again() {
    let text = format!(
        "{ONE_DOMAIN}[[auth.principals]]\nname = 'ops'\nrole = 'operator'\ntoken = 'sixteen-characters'\n"
    );
    let settings = load(Some(file(&text).path()), &Overrides::default()).unwrap();
    let printed = toml::to_string(&settings).unwrap();
    assert!(
        !printed.contains("sixteen") && !printed.contains("pw@"),
        "{printed}"
    );
    assert!(
        printed.contains("token = \"***\"") && printed.contains("user:***@"),
        "{printed}"
    );
    assert!(!format!("{settings:?}").contains("sixteen"));
    let again = load(
        Some(file(&printed.replace("***", "another-long-token")).path()),
        &Overrides::default(),
    );
    assert_eq!(again.unwrap().pull, settings.pull);
}

#[test]
fn wrong_settings_are_refused_with_key_value_and_rule() {
    let cases = [
        ("listen = '0.0.0.0:80'", "not loopback needs [tls]"),
        ("lisen = '127.0.0.1:80'", "unknown field `lisen`"),
        ("[pull]\ninterval = 5", "invalid type"),
        ("[pull]\ninterval = '0s'", "pull.interval = '0s'"),
        (
            "[pull]\ntimeout = '500us'",
            "pull.timeout = '500us': must be 1ms",
        ),
        (
            "[limits]\nheader_timeout = '11y'",
            "limits.header_timeout = '11years': must be ten years or less",
        ),
        (
            "[[domains]]\nid = 'AS1'\nbgp_ls = [{address = '192.0.2.1', connect_retry = '11y'}]",
            "domains.bgp_ls.connect_retry = '11years'",
        ),
        ("[liveness]\nhold = '1s'", "longer than pull.interval"),
        ("[liveness]\nexpire = '20s'", "longer than liveness.hold"),
        ("[[domains]]\nid = 'AS1'", "needs a source"),
        ("[[domains]]\nid = 'A S'\n", "not a valid domain id"),
        (
            "[[domains]]\nid = 'AS1'\ntopology = 'ftp://x/'",
            "http or https",
        ),
        (
            "[[domains]]\nid = 'AS1'\nentry_point = 'nonsense'\ntopology = 'http://x/'",
            "nonsense",
        ),
        ("server_name = 'a b'", "server_name"),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'operator'\ntoken = 'short'",
            "16 characters",
        ),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'member'\ntoken = 'sixteen-characters'",
            "needs a domain",
        ),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'operator'",
            "needs 'token', 'digest_ha1' or 'certificate'",
        ),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'operator'\ndigest_ha1 = 'secret'",
            "64 hexadecimal digits",
        ),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'operator'\ndigest_ha1_file = '/nowhere'",
            "/nowhere",
        ),
        (
            "[[auth.principals]]\nname = 'x'\nrole = 'operator'\ncertificate = 'x.example.com'",
            "only where 'tls.client_ca' is set",
        ),
        ("[auth]\nrealm = 'a\"b'", "auth.realm"),
        (
            "[[domains]]\nid = 'AS1'\ntopology = {url = 'http://x/', format = 'xml'}",
            "'xml' is no format",
        ),
        (
            "[[domains]]\nid = 'AS1'\ntopology = {url = 'http://x/', method = 'put'}",
            "unknown variant `put`",
        ),
        (
            "[[domains]]\nid = 'AS1'\npush = true\nprecedence = ['pigeon']",
            "unknown variant `pigeon`",
        ),
        ("[limits.member]\nnodes = 0", "limits.member.nodes = '0'"),
    ];
    for (text, expected) in cases {
        let chain = error_chain(text);
        assert!(chain.contains(expected), "{text}\n -> {chain}");
    }
    let twice = format!("{ONE_DOMAIN}{}", ONE_DOMAIN.replace("AS1", "0.0.0.1"));
    assert!(error_chain(&twice).contains("two domains have this id"));
}

#[test]
fn a_password_is_kept_as_a_hash_in_the_settings_or_in_a_file_of_its_own() {
    let ha1 = crate::auth::digest::ha1("ops", "brokerd", "a password");
    let kept = file(&format!("{ha1}\n"));
    let user = |name: &str, more: &str| {
        format!("[[auth.principals]]\nname = '{name}'\nrole = 'operator'\n{more}\n")
    };
    let in_file = format!("digest_ha1_file = '{}'", kept.path().display());
    let here = format!("digest_ha1 = '{ha1}'");
    for more in [&in_file, &here] {
        let text = user("ops", more);
        let settings = load(Some(file(&text).path()), &Overrides::default()).unwrap();
        let found = settings.auth.principals[0].digest_ha1.as_ref().unwrap();
        assert_eq!(found.expose_secret(), ha1);
        let printed = toml::to_string(&settings).unwrap();
        assert!(!printed.contains(&ha1), "{printed}");
    }
    let both = user("ops", &format!("{in_file}\n{here}"));
    assert!(error_chain(&both).contains("not both"));
    // The name is that of the user.
    assert!(error_chain(&user("a:b", &here)).contains("colon"));
    let twice = format!("{}{}", user("ops", &here), user("ops", &here));
    assert!(error_chain(&twice).contains("a name of his own"));
}

#[test]
fn a_policy_says_what_neighbours_are() {
    let with = |policy: &str| format!("{ONE_DOMAIN}[domains.policy]\n{policy}\n");
    let text =
        with("relationships = {AS2 = 'customer', north = 'peer'}\nlink_prices = {AS2 = 1.5}");
    let settings = load(Some(file(&text).path()), &Overrides::default()).unwrap();
    let policy = settings.domains[0].policy().unwrap();
    let id = |text: &str| text.parse::<DomainId>().unwrap();
    assert_eq!(
        policy.relationships[&id("AS2")],
        idt::Relationship::Customer
    );
    assert_eq!(policy.relationships[&id("north")], idt::Relationship::Peer);
    assert_eq!(policy.link_prices[&id("AS2")], 1500);
    for (wrong, key) in [
        (
            "relationships = {'a b' = 'peer'}",
            "domains.policy.relationships",
        ),
        ("link_prices = {AS2 = -1}", "domains.policy.link_prices"),
        ("link_prices = {AS2 = 1e300}", "domains.policy.link_prices"),
        ("relationships = {AS2 = 'friend'}", "friend"),
        ("relations = {AS2 = 'peer'}", "relations"),
    ] {
        let chain = error_chain(&with(wrong));
        assert!(chain.contains(key), "{wrong}\n -> {chain}");
    }
}

#[test]
fn a_policy_says_whom_it_carries_and_on_which_terms() {
    let with = |policy: &str| format!("{ONE_DOMAIN}[domains.policy]\n{policy}\n");
    let text = with(
        "refuses_sources = ['AS7']\nrefuses_destinations = ['AS8', 'north']\n\
         otherwise = {price = 0.25}\n\
         transit = [{from = ['AS2', 'AS3'], to = ['AS4'], carry = false},\n\
                    {to = ['AS4'], price = 2, delay = '3ms'}]",
    );
    let settings = load(Some(file(&text).path()), &Overrides::default()).unwrap();
    let policy = settings.domains[0].policy().unwrap();
    let id = |text: &str| text.parse::<DomainId>().unwrap();
    assert_eq!(policy.refuses_sources, [id("AS7")].into());
    assert_eq!(policy.refuses_destinations, [id("AS8"), id("north")].into());
    let terms = |from: &str, to: &str| policy.crossing(&id(from), &id(to));
    assert!(!terms("AS2", "AS4").carry);
    let priced = terms("AS9", "AS4");
    assert_eq!((priced.carry, priced.price), (true, 2000));
    assert_eq!(priced.delay, Some(nffg::Delay::from_nanos(3_000_000)));
    assert_eq!(
        (terms("AS4", "AS2").price, terms("AS4", "AS2").delay),
        (250, None)
    );
    // What is shown can be read again.
    let shown = toml::to_string(&settings.domains[0].policy).unwrap();
    let again: PolicyEntry = toml::from_str(&shown).unwrap();
    assert_eq!(Some(again), settings.domains[0].policy);
    for (wrong, key) in [
        ("transit = [{from = []}]", "domains.policy.transit.from"),
        ("transit = [{to = ['a b']}]", "domains.policy.transit.to"),
        ("transit = [{price = -1}]", "domains.policy.transit.price"),
        ("transit = [{delay = '5s'}]", "domains.policy.transit.delay"),
        (
            "transit = [{carry = false, price = 1}]",
            "domains.policy.transit.price",
        ),
        (
            "transit = [{carry = false, delay = '1ms'}]",
            "domains.policy.transit.delay",
        ),
        ("transit = [{via = ['AS2']}]", "via"),
        (
            "otherwise = {price = nan}",
            "domains.policy.otherwise.price",
        ),
        (
            "otherwise = {delay = '1h'}",
            "domains.policy.otherwise.delay",
        ),
        ("refuses_sources = ['']", "domains.policy.refuses_sources"),
        (
            "refuses_destinations = ['x y']",
            "domains.policy.refuses_destinations",
        ),
    ] {
        let chain = error_chain(&with(wrong));
        assert!(chain.contains(key), "{wrong}\n -> {chain}");
    }
}

#[test]
fn a_source_is_a_url_or_a_table() {
    let text = "[[domains]]\nid = 'AS1'\nresources = 'http://a/'\n\
        topology = {url = 'http://b/', format = 'cop'}\nprecedence = ['file', 'pull']\n";
    let settings = load(Some(file(text).path()), &Overrides::default()).unwrap();
    let domain = &settings.domains[0];
    let methods: Vec<_> = domain
        .pulls()
        .map(|(slot, from)| (slot, from.method(slot)))
        .collect();
    use crate::ingest::{Channel, Slot};
    // ESCAPE's get-config is a POST; nothing else is.
    assert_eq!(
        methods,
        [
            (Slot::Resources, PullMethod::Post),
            (Slot::Topology, PullMethod::Get)
        ]
    );
    assert_eq!(
        domain.precedence(),
        [Channel::File, Channel::Pull, Channel::BgpLs, Channel::Push]
    );
    let printed = toml::to_string(&settings).unwrap();
    let again = load(Some(file(&printed).path()), &Overrides::default()).unwrap();
    assert_eq!(again.domains[0].topology, domain.topology);
}

#[test]
fn an_insecure_address_is_allowed_when_asked_for() {
    let overrides = Overrides {
        pairs: vec![
            ("listen".to_owned(), "0.0.0.0:8181".to_owned()),
            ("insecure".to_owned(), "true".to_owned()),
        ],
    };
    assert!(load(None, &overrides).is_ok());
    let only_listen = Overrides {
        pairs: overrides.pairs[..1].to_vec(),
    };
    assert!(matches!(
        load(None, &only_listen),
        Err(SettingsError::Rule { .. })
    ));
}

#[test]
fn an_unreadable_file_names_itself() {
    let error = load(
        Some(std::path::Path::new("/nonexistent/broker.toml")),
        &Overrides::default(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("/nonexistent/broker.toml")
    );
}

#[test]
fn the_store_is_beside_the_settings_file_unless_they_say_otherwise() {
    let place = |text: &str, set: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broker.toml");
        std::fs::write(&path, text).unwrap();
        let mut overrides = Overrides::default();
        let set: Vec<String> = set.iter().map(|&set| set.to_owned()).collect();
        overrides.add(&set).unwrap();
        let settings = load(Some(&path), &overrides).unwrap();
        (settings.store.unwrap(), folder.path().join("broker.store"))
    };
    let (store, beside) = place("", &[]);
    assert_eq!(store, StorePlace::File(beside));
    assert_eq!(place("store = 'memory'", &[]).0, StorePlace::Memory);
    let there = StorePlace::File("/var/lib/broker/store".into());
    assert_eq!(place("store = '/var/lib/broker/store'", &[]).0, there);
    assert_eq!(
        place("store = 'memory'", &["store=/var/lib/broker/store"]).0,
        there
    );
    assert_eq!(
        place("", &["store=./memory"]).0,
        StorePlace::File("./memory".into())
    );
    // Without a file there is no place beside it.
    assert_eq!(load(None, &Overrides::default()).unwrap().store, None);
    let printed = toml::to_string(&load(None, &Overrides::default()).unwrap()).unwrap();
    assert!(!printed.contains("store"), "{printed}");
    for wrong in ["store = ''", "store = '/'", "store = '..'"] {
        let error = error_chain(wrong);
        assert!(error.contains("settings: store = "), "{error}");
    }
}

#[test]
fn notifications_go_to_this_machine_by_default_only_where_whoever_is_here_runs_the_broker() {
    let ops =
        "[[auth.principals]]\nname = 'ops'\nrole = 'operator'\ntoken = 'sixteen-characters'\n";
    let allows_loopback = |text: &str| {
        let settings = load(Some(file(text).path()), &Overrides::default()).unwrap();
        let guard = settings.callback_guard();
        ["127.0.0.1", "::1"].map(|address| guard.check(address.parse().unwrap(), false).is_ok())
    };
    assert_eq!(allows_loopback(""), [true, true]);
    assert_eq!(allows_loopback(ops), [false, false]);
    assert_eq!(
        allows_loopback("listen = '0.0.0.0:8181'\ninsecure = true\n"),
        [false, false]
    );
    let listed = "[sof.notifications]\nallow = ['127.0.0.0/8']\n";
    assert_eq!(allows_loopback(&format!("{listed}{ops}")), [true, false]);
    assert_eq!(
        allows_loopback("[sof.notifications]\nallow = []\n"),
        [false, false]
    );
}

#[test]
fn settings_of_notifications_are_checked() {
    for (text, told) in [
        (
            "[sof.notifications]\nallow = ['10.0.0.1/8']\n",
            "'10.0.0.1/8' is no network",
        ),
        (
            "[sof.notifications]\nallow = ['inside']\n",
            "'inside' is no network",
        ),
        (
            "[sof.notifications]\nat_once = 1\n",
            "sof.notifications.at_once = '1': must be 2 to 5000",
        ),
        (
            "[sof.notifications]\nqueue = 100000\n",
            "sof.notifications.queue",
        ),
        (
            "[sof.notifications]\ntimeout = '0s'\n",
            "sof.notifications.timeout",
        ),
        (
            "[sof.notifications]\nlongest_backoff = '1ms'\n",
            "must not be shorter",
        ),
        (
            "[sof]\npublic_url = 'https://u@a.example'\n",
            "sof.public_url",
        ),
        ("[sof]\npublic_url = 'ftp://a.example'\n", "sof.public_url"),
        (
            "[alto.updates]\npublic_url = 'https://a.example/?q'\n",
            "alto.updates.public_url",
        ),
    ] {
        let chain = error_chain(text);
        assert!(chain.contains(told), "{text}: {chain}");
    }
}

#[test]
fn rules_for_a_type_of_service_are_checked() {
    let text = "[sof.work.rules]\nforbid_domains = ['AS9']\n\
        [sof.work.rules_of.gold]\nallow_domains = ['AS1', '2']\nmax_price = 12.5\n\
        min_sls_margin = 0.2\ncandidates = 50\nattempts = 5\n";
    let settings = load(Some(file(text).path()), &Overrides::default()).unwrap();
    let work = &settings.sof.work;
    let (gold, other) = (work.rules(Some("gold")), work.rules(Some("silver")));
    let two: DomainId = "AS2".parse().unwrap();
    assert!(gold.forbid_domains.is_empty() && gold.allow_domains.unwrap().contains(&two));
    assert_eq!(gold.max_price, Some(12_500));
    assert_eq!(other.forbid_domains, ["AS9".parse().unwrap()].into());
    assert_eq!(work.limits_of(Some("gold")).attempts, 5);
    assert_eq!(work.limits_of(None).attempts, work.attempts);
    let printed = toml::to_string(&settings).unwrap();
    let again = load(Some(file(&printed).path()), &Overrides::default()).unwrap();
    assert_eq!(again.sof.work, settings.sof.work);

    for (wrong, told) in [
        (
            "max_price = -1.0",
            "sof.work.rules_of.gold.max_price = '-1'",
        ),
        ("max_price = nan", "sof.work.rules_of.gold.max_price"),
        (
            "min_sls_margin = 20.0",
            "sof.work.rules_of.gold.min_sls_margin = '20': a part of the delay share, from 0 to 1",
        ),
        (
            "candidates = 0",
            "sof.work.rules_of.gold.candidates = '0': must be from 1 to 100000",
        ),
        ("attempts = 0", "sof.work.rules_of.gold.attempts = '0'"),
        (
            "allow_domains = []",
            "sof.work.rules_of.gold.allow_domains = '[]': one domain or more",
        ),
        (
            "allow_domains = ['AS1']\nforbid_domains = ['AS1']",
            "sof.work.rules_of.gold.forbid_domains = 'AS1': is in allow_domains, too",
        ),
        ("forbid_domains = ['A S']", "not a valid domain id"),
        ("forbid = ['AS1']", "unknown field `forbid`"),
    ] {
        let chain = error_chain(&format!("[sof.work.rules_of.gold]\n{wrong}\n"));
        assert!(chain.contains(told), "{wrong}: {chain}");
    }
    let chain = error_chain("[sof.work.rules]\nmax_price = -1.0\n");
    assert!(chain.contains("sof.work.rules.max_price = '-1'"), "{chain}");
}

#[test]
fn an_order_with_its_notifications_has_to_fit_into_a_batch_of_the_store() {
    let of = |items: usize, subscriptions: usize| {
        format!(
            "[sof.orders]\nitems = {items}\n[sof.notifications]\nsubscriptions_per_buyer = {subscriptions}\n"
        )
    };
    let chain = error_chain(&of(100, 200));
    let told = "settings: sof.orders.items = '100': with sof.notifications.subscriptions_per_buyer = 200 one batch \
        of the store may have 20402 operations, and it takes 10000: at most 12 items, or 97 subscriptions";
    assert_eq!(chain, told);
    for (items, subscriptions) in [(12, 200), (100, 97), (1, 1_990), (3_000, 1)] {
        let text = of(items, subscriptions);
        let loaded = load(Some(file(&text).path()), &Overrides::default());
        assert!(loaded.is_ok(), "{text}");
    }
    for (items, subscriptions) in [(13, 200), (100, 98), (1, 5_000), (10_000, 1)] {
        let chain = error_chain(&of(items, subscriptions));
        assert!(chain.contains("sof.orders.items"), "{chain}");
    }
}
