//! Reading the settings from where they stand, and checking what one field alone cannot show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use toml::{Table, Value};

use super::{BgpPeer, Role, Settings};

/// What overrides the file: `BROKERD_...` variables and flags.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Dotted keys and their values as typed, the later wins.
    pub pairs: Vec<(String, String)>,
}

/// Every variable of the environment that begins so is a setting: `BROKERD_PULL__INTERVAL=5s`.
const PREFIX: &str = "BROKERD_";

impl Overrides {
    /// The settings of the environment: `BROKERD_` and the key, `__` for a dot.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut pairs: Vec<_> = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let key = name
                    .strip_prefix(PREFIX)?
                    .to_ascii_lowercase()
                    .replace("__", ".");
                // The file's own place is not a setting.
                (key != "config").then_some((key, value))
            })
            .collect();
        pairs.sort();
        Self { pairs }
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
    let settings: Settings = Value::Table(table)
        .try_into()
        .map_err(|e| SettingsError::Override(Box::new(e)))?;
    check(&settings)?;
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
    let member = &settings.limits.member;
    let positive: [(&str, u128); 24] = [
        ("files.interval", settings.files.interval.as_millis()),
        ("limits.members", settings.limits.members as u128),
        ("limits.member.bytes", member.bytes as u128),
        ("limits.member.nodes", member.nodes as u128),
        ("limits.member.links", member.links as u128),
        ("limits.member.prefixes", member.prefixes as u128),
        ("limits.member.nfs", member.nfs as u128),
        ("liveness.forget", settings.liveness.forget.as_millis()),
        ("paths.per_pair", settings.paths.per_pair as u128),
        ("paths.max_domains", settings.paths.max_domains as u128),
        ("paths.work", u128::from(settings.paths.work)),
        (
            "paths.heavy_requests",
            settings.paths.heavy_requests as u128,
        ),
        (
            "paths.max_placements",
            settings.paths.max_placements as u128,
        ),
        ("pull.interval", settings.pull.interval.as_millis()),
        ("pull.timeout", settings.pull.timeout.as_millis()),
        ("pull.retry_after", settings.pull.retry_after.as_millis()),
        (
            "limits.requests_per_second",
            u128::from(settings.limits.requests_per_second),
        ),
        ("limits.burst", u128::from(settings.limits.burst)),
        ("limits.body_bytes", settings.limits.body_bytes as u128),
        ("limits.connections", settings.limits.connections as u128),
        (
            "limits.connections_per_client",
            settings.limits.connections_per_client as u128,
        ),
        (
            "limits.header_timeout",
            settings.limits.header_timeout.as_millis(),
        ),
        (
            "limits.request_timeout",
            settings.limits.request_timeout.as_millis(),
        ),
        (
            "limits.write_timeout",
            settings.limits.write_timeout.as_millis(),
        ),
    ];
    if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
        return Err(rule(key, 0, "must be more than 0"));
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
        if is_silent {
            let why = "a domain needs a source: resources, topology, bgp_ls, files, or push = true";
            return Err(rule("domains.id", &domain.id, why));
        }
    }
    check_bgp(settings)?;
    let mut tokens = BTreeSet::new();
    for principal in &settings.auth.principals {
        let key = "auth.principals.token";
        if principal.token.expose_secret().len() < 16 {
            return Err(rule(
                key,
                "***",
                format!(
                    "the token of '{}' must have 16 characters or more",
                    principal.name
                ),
            ));
        }
        if !tokens.insert(principal.token.expose_secret()) {
            return Err(rule(
                key,
                "***",
                format!("'{}' has the token of another principal", principal.name),
            ));
        }
        if (principal.role == Role::Member) != principal.domain.is_some() {
            let why = "role 'member' needs a domain, and only that role has one";
            return Err(rule("auth.principals.role", &principal.name, why));
        }
    }
    Ok(())
}

fn humantime(duration: std::time::Duration) -> String {
    format!("{duration:?}")
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
