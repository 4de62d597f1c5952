//! Reading the settings from where they stand, and checking what one field alone cannot show.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use toml::{Table, Value};
use url::Url;

use super::{BgpPeer, PolicyEntry, PrestoSettings, Role, Settings, StorePlace};
use crate::lso::{orchestrator, orders};
use crate::store::MAX_OPERATIONS;

/// What overrides the file: `BROKERD_...` variables and flags.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Dotted keys and their values as typed, the later wins.
    pub pairs: Vec<(String, String)>,
}

/// Every variable of the environment that begins so is a setting: `BROKERD_PULL__INTERVAL=5s`.
const PREFIX: &str = "BROKERD_";

impl Overrides {
    /// The settings of the environment: `BROKERD_` and the key, `__` for a dot. Other variables may hold
    /// anything.
    ///
    /// # Errors
    /// A setting's value is no UTF-8 text.
    pub fn from_environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut pairs = Vec::new();
        for (name, value) in variables {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            let key = key.to_ascii_lowercase().replace("__", ".");
            // The file's own place is not a setting.
            if key == "config" {
                continue;
            }
            let value = value.into_string();
            let value = value.map_err(|value| rule(&key, value.display(), "must be UTF-8 text"))?;
            pairs.push((key, value));
        }
        pairs.sort();
        Ok(Self { pairs })
    }

    /// Adds `key=value` pairs, as `--set` takes them.
    ///
    /// # Errors
    /// A pair has no `=`.
    pub fn add(&mut self, typed: &[String]) -> Result<(), SettingsError> {
        for pair in typed {
            let (key, value) = pair.split_once('=').ok_or_else(|| SettingsError::Rule {
                key: pair.clone(),
                value: String::new(),
                rule: "--set takes KEY=VALUE, such as pull.interval=5s".to_owned(),
            })?;
            self.pairs.push((key.trim().to_owned(), value.to_owned()));
        }
        Ok(())
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be; the source has line and column.
    #[error("the settings file {path} is wrong")]
    File {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A setting of the environment or a flag is wrong.
    #[error("a setting from the environment or a flag is wrong: {0}")]
    Override(Box<toml::de::Error>),
    /// A value breaks a rule.
    #[error("settings: {key} = '{value}': {rule}")]
    Rule {
        /// The dotted key.
        key: String,
        /// Its value.
        value: String,
        /// The rule.
        rule: String,
    },
}

fn rule(key: &str, value: impl ToString, rule: impl Into<String>) -> SettingsError {
    SettingsError::Rule {
        key: key.to_owned(),
        value: value.to_string(),
        rule: rule.into(),
    }
}

/// How the store beside a settings file is called: `broker.toml` has `broker.store`.
const STORE: &str = "store";

/// Reads and checks the settings.
///
/// # Errors
/// The file cannot be read, is not TOML, has an unknown key or a wrong type, or a value breaks a rule.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Settings, SettingsError> {
    let mut table = Table::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |source| SettingsError::File {
            path: path.to_owned(),
            source: Box::new(source),
        };
        // Once as settings, for an error that shows the line; once as a table, to be overridden.
        toml::from_str::<Settings>(&text).map_err(wrong)?;
        table = toml::from_str(&text).map_err(wrong)?;
    }
    for (key, text) in &overrides.pairs {
        insert(&mut table, key, typed(text)).map_err(|why| rule(key, text, why))?;
    }
    let mut settings: Settings = Value::Table(table)
        .try_into()
        .map_err(|e| SettingsError::Override(Box::new(e)))?;
    read_passwords(&mut settings)?;
    check(&settings)?;
    let beside = file.map(|path| StorePlace::File(path.with_extension(STORE)));
    settings.store = settings.store.or(beside);
    Ok(settings)
}

/// A value as typed: TOML where it is TOML (`5`, `true`, `["a"]`), else a string.
fn typed(text: &str) -> Value {
    let probe = format!("value = {text}");
    let parsed = toml::from_str::<Table>(&probe)
        .ok()
        .filter(|table| table.len() == 1);
    parsed
        .and_then(|mut table| table.remove("value"))
        // A date is nothing that any setting wants, and a version or address may look like one.
        .filter(|value| !matches!(value, Value::Datetime(_)))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn insert(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    let (path, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut at = table;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        at = at
            .entry(part)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("'{part}' is not a section"))?;
    }
    at.insert(name.to_owned(), value);
    Ok(())
}

fn check(settings: &Settings) -> Result<(), SettingsError> {
    let loopback = settings.listen.ip().to_canonical().is_loopback();
    if !loopback && settings.tls.is_none() && !settings.insecure {
        let why = "an address that is not loopback needs [tls], or insecure = true (--insecure)";
        return Err(rule("listen", settings.listen, why));
    }
    check_bounds(settings)?;
    if let Some(StorePlace::File(path)) = &settings.store
        && path.file_name().is_none()
    {
        let why = "a file, or 'memory'";
        return Err(rule("store", path.display(), why));
    }
    check_presto(settings)?;
    if let Some((key, value, why)) = settings.alto.calendar.fault() {
        return Err(rule(key, value, why));
    }
    if let Some((key, value, why)) = settings.sof.work.fault() {
        return Err(rule(&key, value, why));
    }
    let liveness = &settings.liveness;
    if liveness.hold <= settings.pull.interval {
        let why =
            "must be longer than pull.interval, or every source would be stale between two pulls";
        return Err(rule("liveness.hold", humantime(liveness.hold), why));
    }
    if liveness.expire <= liveness.hold {
        return Err(rule(
            "liveness.expire",
            humantime(liveness.expire),
            "must be longer than liveness.hold",
        ));
    }
    let mut domains = BTreeSet::new();
    for domain in &settings.domains {
        if !domains.insert(&domain.id) {
            return Err(rule("domains.id", &domain.id, "two domains have this id"));
        }
        let is_silent = domain.pulls().next().is_none()
            && domain.bgp_ls.is_empty()
            && domain.files.is_empty()
            && !domain.push;
        if let Some(Err((key, value, why))) = domain.policy.as_ref().map(PolicyEntry::policy) {
            return Err(rule(key, value, why));
        }
        if is_silent {
            let why = "a domain needs a source: resources, topology, bgp_ls, files, or push = true";
            return Err(rule("domains.id", &domain.id, why));
        }
    }
    check_base("sof.public_url", settings.sof.public_url.as_ref())?;
    check_base(
        "alto.updates.public_url",
        settings.alto.updates.public_url.as_ref(),
    )?;
    check_bgp(settings)?;
    check_notifications(settings)?;
    settings
        .sof
        .check()
        .map_err(|(key, value, why)| rule(&key, value, why))?;
    check_auth(settings)?;
    Ok(())
}

/// Reads the files that have what HTTP Digest wants to know.
fn read_passwords(settings: &mut Settings) -> Result<(), SettingsError> {
    for principal in &mut settings.auth.principals {
        let Some(path) = &principal.digest_ha1_file else {
            continue;
        };
        if principal.digest_ha1.is_some() {
            let why = "'digest_ha1' or 'digest_ha1_file', not both";
            return Err(rule("auth.principals.digest_ha1", "***", why));
        }
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.clone(),
            source,
        })?;
        principal.digest_ha1 = Some(text.trim().to_owned().into());
    }
    Ok(())
}

/// That everybody is known by something, and nobody by what is another's.
fn check_auth(settings: &Settings) -> Result<(), SettingsError> {
    let is_quotable = |text: &str| {
        let legal = |octet: u8| {
            (octet == b' ' || octet.is_ascii_graphic()) && octet != b'"' && octet != b'\\'
        };
        text.bytes().all(legal)
    };
    let auth = &settings.auth;
    if !is_quotable(&auth.realm) || auth.realm.is_empty() {
        let why = "one or more characters of ASCII, no quotes and no backslash";
        return Err(rule("auth.realm", &auth.realm, why));
    }
    let (mut tokens, mut users, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for principal in &auth.principals {
        let name = &principal.name;
        if principal.token.is_none()
            && principal.digest_ha1.is_none()
            && principal.certificate.is_none()
        {
            let why = "needs 'token', 'digest_ha1' or 'certificate', by which it is known";
            return Err(rule("auth.principals.name", name, why));
        }
        if let Some(token) = &principal.token {
            let key = "auth.principals.token";
            if token.expose_secret().len() < 16 {
                let why = format!("the token of '{name}' must have 16 characters or more");
                return Err(rule(key, "***", why));
            }
            if !tokens.insert(token.expose_secret()) {
                let why = format!("'{name}' has the token of another principal");
                return Err(rule(key, "***", why));
            }
        }
        if let Some(ha1) = &principal.digest_ha1 {
            let ha1 = ha1.expose_secret();
            if ha1.len() != 64 || !ha1.bytes().all(|octet| octet.is_ascii_hexdigit()) {
                let why = format!(
                    "that of '{name}' must be the 64 hexadecimal digits of the SHA-256 hash of \
                     'name:realm:password'"
                );
                return Err(rule("auth.principals.digest_ha1", "***", why));
            }
            if !is_quotable(name) || name.contains(':') || !users.insert(name) {
                let why = "a user of HTTP Digest has a name of his own, in ASCII, without quotes, \
                           backslash and colon";
                return Err(rule("auth.principals.name", name, why));
            }
        }
        if let Some(certificate) = &principal.certificate {
            let key = "auth.principals.certificate";
            if settings
                .tls
                .as_ref()
                .is_none_or(|tls| tls.client_ca.is_none())
            {
                let why = "clients show certificates only where 'tls.client_ca' is set";
                return Err(rule(key, certificate, why));
            }
            if certificate.is_empty() || !names.insert(certificate.to_ascii_lowercase()) {
                let why = "a name that no other principal's certificate has";
                return Err(rule(key, certificate, why));
            }
        }
        if (principal.role == Role::Member) != principal.domain.is_some() {
            let why = "role 'member' needs a domain, and only that role has one";
            return Err(rule("auth.principals.role", name, why));
        }
    }
    Ok(())
}

/// What no back end of the domain's resources can be like.
fn check_presto(settings: &Settings) -> Result<(), SettingsError> {
    match &settings.sof.presto {
        Some(PrestoSettings::Memory(memory)) => {
            let rate = memory.failure_rate;
            if !(0.0..=1.0).contains(&rate) {
                return Err(rule("sof.presto.failure_rate", rate, "a share from 0 to 1"));
            }
            if memory.delay > LONGEST {
                let delay = humantime(memory.delay);
                return Err(rule("sof.presto.delay", delay, "must be ten years or less"));
            }
        }
        Some(PrestoSettings::Virtualizer(of)) => {
            let short = Duration::from_millis(1);
            if !(short..=LONGEST).contains(&of.timeout) {
                let why = "must be 1ms or more, and ten years or less";
                return Err(rule("sof.presto.timeout", humantime(of.timeout), why));
            }
        }
        None => {}
    }
    Ok(())
}

/// No time is longer: what begins now still ends at some moment that a clock has.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Counts and times that would be of no use, or that no clock can count.
fn check_bounds(settings: &Settings) -> Result<(), SettingsError> {
    let Settings {
        paths,
        pull,
        limits,
        reservations,
        sof,
        ..
    } = settings;
    let member = &limits.member;
    let is_zero = [
        ("limits.members", limits.members == 0),
        ("limits.member.bytes", member.bytes == 0),
        ("limits.member.nodes", member.nodes == 0),
        ("limits.member.links", member.links == 0),
        ("limits.member.prefixes", member.prefixes == 0),
        ("limits.member.nfs", member.nfs == 0),
        (
            "limits.requests_per_second",
            limits.requests_per_second == 0,
        ),
        ("limits.burst", limits.burst == 0),
        ("limits.body_bytes", limits.body_bytes == 0),
        ("limits.connections", limits.connections == 0),
        (
            "limits.connections_per_client",
            limits.connections_per_client == 0,
        ),
        ("paths.per_pair", paths.per_pair == 0),
        ("paths.max_domains", paths.max_domains == 0),
        ("paths.work", paths.work == 0),
        ("paths.heavy_requests", paths.heavy_requests == 0),
        ("paths.max_placements", paths.max_placements == 0),
        ("alto.max_pairs", settings.alto.max_pairs == 0),
        ("alto.max_endpoints", settings.alto.max_endpoints == 0),
        ("alto.work", settings.alto.work == 0),
        (
            "reservations.holds_per_holder",
            reservations.holds_per_holder == 0,
        ),
        ("reservations.holds", reservations.holds == 0),
        ("reservations.per_holder", reservations.per_holder == 0),
        ("reservations.all", reservations.all == 0),
        ("sof.orders.items", sof.orders.items == 0),
        ("sof.orders.references", sof.orders.references == 0),
        ("sof.orders.listed", sof.orders.listed == 0),
    ];
    let mut is_zero = is_zero
        .into_iter()
        .chain(limits.http2.counts())
        .chain(settings.sof.interlude.counts())
        .chain(settings.alto.updates.counts());
    if let Some((key, _)) = is_zero.find(|(_, is_zero)| *is_zero) {
        return Err(rule(key, 0, "must be more than 0"));
    }
    let times = [
        ("files.interval", settings.files.interval),
        ("limits.header_timeout", limits.header_timeout),
        ("limits.request_timeout", limits.request_timeout),
        ("limits.write_timeout", limits.write_timeout),
        ("liveness.forget", settings.liveness.forget),
        ("pull.interval", pull.interval),
        ("pull.retry_after", pull.retry_after),
        ("pull.timeout", pull.timeout),
    ];
    let times: Vec<_> = times
        .into_iter()
        .chain(limits.http2.times())
        .chain(settings.sof.interlude.times())
        .chain(settings.alto.updates.times())
        .collect();
    let short = Duration::from_millis(1);
    if let Some((key, time)) = times.iter().find(|(_, time)| *time < short) {
        return Err(rule(key, humantime(*time), "must be 1ms or more"));
    }
    let holds = [
        ("reservations.default_hold", reservations.default_hold),
        ("reservations.max_hold", reservations.max_hold),
    ];
    if let Some((key, time)) = holds.iter().find(|(_, time)| time.as_secs() == 0) {
        return Err(rule(key, humantime(*time), "must be 1s or more"));
    }
    if reservations.default_hold > reservations.max_hold {
        return Err(rule(
            "reservations.default_hold",
            humantime(reservations.default_hold),
            "must not be longer than reservations.max_hold",
        ));
    }
    let peers = settings.domains.iter().flat_map(|domain| &domain.bgp_ls);
    let times = times.into_iter().chain(holds).chain([
        ("bgp.settle", settings.bgp.settle),
        ("limits.shutdown_grace", limits.shutdown_grace),
        ("cors.max_age", settings.cors.max_age),
        ("liveness.expire", settings.liveness.expire),
    ]);
    let mut times =
        times.chain(peers.map(|peer| ("domains.bgp_ls.connect_retry", peer.connect_retry)));
    match times.find(|(_, time)| *time > LONGEST) {
        Some((key, time)) => Err(rule(key, humantime(time), "must be ten years or less")),
        None => Ok(()),
    }
}

/// A URL that others begin with.
fn check_base(key: &str, url: Option<&Url>) -> Result<(), SettingsError> {
    let Some(url) = url else { return Ok(()) };
    let is_base = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if is_base {
        return Ok(());
    }
    let why = "must be http or https with a host, and without user, query and fragment";
    Err(rule(key, url, why))
}

fn check_notifications(settings: &Settings) -> Result<(), SettingsError> {
    let told = &settings.sof.notifications;
    let counts = [
        // One for those that answer well, one for the others.
        ("sof.notifications.at_once", told.at_once, 2),
        ("sof.notifications.queue", told.queue, 10),
        ("sof.notifications.dead_letters", told.dead_letters, 1),
        (
            "sof.notifications.subscriptions_per_buyer",
            told.subscriptions_per_buyer,
            1,
        ),
    ];
    for (key, count, least) in counts {
        if !(least..=MOST_NOTIFICATIONS).contains(&count) {
            let why = format!("must be {least} to {MOST_NOTIFICATIONS}");
            return Err(rule(key, count, why));
        }
    }
    let times = [
        ("sof.notifications.timeout", told.timeout),
        ("sof.notifications.first_backoff", told.first_backoff),
        ("sof.notifications.longest_backoff", told.longest_backoff),
        ("sof.notifications.give_up_after", told.give_up_after),
    ];
    for (key, time) in times {
        if time < Duration::from_millis(1) || time > LONGEST {
            return Err(rule(key, humantime(time), "must be 1ms to ten years"));
        }
    }
    check_batches(settings)?;
    if told.longest_backoff < told.first_backoff {
        return Err(rule(
            "sof.notifications.longest_backoff",
            humantime(told.longest_backoff),
            "must not be shorter than sof.notifications.first_backoff",
        ));
    }
    Ok(())
}

/// What an order changes is one batch with the notifications of it, and a batch of the store has a bound.
fn check_batches(settings: &Settings) -> Result<(), SettingsError> {
    let items = settings.sof.orders.items;
    let subscriptions = settings.sof.notifications.subscriptions_per_buyer;
    let sum = |items: usize, subscriptions: usize| {
        orders::operations(items, subscriptions).max(orchestrator::operations(items, subscriptions))
    };
    let all = sum(items, subscriptions);
    if all <= MAX_OPERATIONS {
        return Ok(());
    }
    let most = |fits: &dyn Fn(usize) -> bool| {
        let counts = (1..=MAX_OPERATIONS).take_while(|count| fits(*count));
        counts.last().unwrap_or_default()
    };
    let items_at_most = most(&|count| sum(count, subscriptions) <= MAX_OPERATIONS);
    let at_most = most(&|count| sum(items, count) <= MAX_OPERATIONS);
    let why = format!(
        "with sof.notifications.subscriptions_per_buyer = {subscriptions} one batch of the store may have {all} \
         operations, and it takes {MAX_OPERATIONS}: at most {items_at_most} items, or {at_most} subscriptions"
    );
    Err(rule("sof.orders.items", items, why))
}

/// Notifications or subscriptions beyond which a number is a mistake: the store reads so many at once.
const MOST_NOTIFICATIONS: usize = 5_000;

pub(super) fn humantime(duration: Duration) -> String {
    humantime_serde::re::humantime::format_duration(duration).to_string()
}

/// What the sessions themselves refuse is told when they start; here what concerns several peers.
fn check_bgp(settings: &Settings) -> Result<(), SettingsError> {
    let (mut addresses, mut asns) = (BTreeSet::new(), BTreeSet::new());
    let mut check = |key: &str, peer: &BgpPeer| {
        if !addresses.insert(peer.address.to_canonical()) {
            let why = "two BGP-LS peers have this address; a session is known by it";
            return Err(rule(&format!("{key}.address"), peer.address, why));
        }
        if peer.port.is_none() && settings.bgp.listen.is_none() {
            let why = "without a port the peer has to connect, and bgp.listen is not set";
            return Err(rule(&format!("{key}.port"), peer.address, why));
        }
        Ok(())
    };
    for peer in &settings.bgp.propagators {
        check("bgp.propagators", peer)?;
    }
    for domain in &settings.domains {
        if let Some(asn) = domain.asn().filter(|asn| !asns.insert(*asn)) {
            return Err(rule("domains.asn", asn, "two domains have this AS number"));
        }
        for peer in &domain.bgp_ls {
            check("domains.bgp_ls", peer)?;
        }
    }
    Ok(())
}
