//! The daemon's settings: defaults, then a TOML file, then the environment, then flags; the later
//! wins. Unknown keys are refused, since a misspelt limit is a limit that is not there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use idt::search::PathCaps;
use nffg::DomainId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

mod load;

pub use load::{Overrides, SettingsError, load};

/// Everything that can be set. `brokerd --print-settings` prints it with the secrets masked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen. Other than loopback it needs `tls`, or `insecure`.
    pub listen: SocketAddr,
    /// Serve plain HTTP on an address that is not loopback.
    pub insecure: bool,
    /// The server's domain name, as the Content-IDs of RFC 9275 §6.6 show it: a dot-atom.
    #[serde(with = "server_name")]
    pub server_name: alto::ServerName,
    /// Serve HTTPS with this certificate.
    pub tls: Option<Tls>,
    /// Caps of candidate path vectors.
    pub paths: Paths,
    /// Fetching exports.
    pub pull: Pull,
    /// When a source counts as stale, and as gone.
    pub liveness: Liveness,
    /// BGP-LS sessions.
    pub bgp: Bgp,
    /// What one client, and all of them, may cost us.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
    /// Who may ask.
    pub auth: Auth,
    /// The members, one `[[domains]]` each.
    pub domains: Vec<DomainEntry>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Loopback: a fresh install must not open a port to the world.
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8181),
            insecure: false,
            server_name: alto::ServerName::default(),
            tls: None,
            paths: Paths::default(),
            pull: Pull::default(),
            liveness: Liveness::default(),
            bgp: Bgp::default(),
            limits: Limits::default(),
            log: Log::default(),
            auth: Auth::default(),
            domains: Vec::new(),
        }
    }
}

/// PEM files of the server's certificate chain and private key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, server certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Caps of candidate path vectors and placements. The directory tells them to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// Path vectors for one pair of domains; the shortest are kept.
    pub per_pair: usize,
    /// Domains in one path vector.
    pub max_domains: usize,
    /// Steps of search that one request may cost.
    pub work: u64,
    /// Requests whose search outgrew the network threads, running at once; twice as many may wait.
    pub heavy_requests: usize,
    /// Placements that one request may ask for.
    pub max_placements: usize,
}

impl Default for Paths {
    fn default() -> Self {
        // A million steps are about a tenth of a second on one core.
        Self {
            per_pair: 1000,
            max_domains: 16,
            work: 1_000_000,
            heavy_requests: 2,
            max_placements: 100,
        }
    }
}

impl Paths {
    /// The caps for the search.
    #[must_use]
    pub fn caps(&self) -> PathCaps {
        PathCaps {
            per_pair: self.per_pair,
            max_domains: self.max_domains,
            work: self.work,
        }
    }
}

/// How exports are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pull {
    /// From one good answer to the next request, plus or minus a tenth.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// For one whole request and answer.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// The first pause after a failure; doubled after each, up to `interval`.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// The largest document taken, in bytes.
    pub max_bytes: usize,
    /// PEM file of further certificate authorities that MdOs' certificates may be signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for Pull {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            retry_after: Duration::from_millis(250),
            // The largest dump of ESCAPE seen is a quarter of a megabyte.
            max_bytes: 16 << 20,
            ca_file: None,
        }
    }
}

/// When a source that gives no good answer counts as stale, and as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Liveness {
    /// Stale after this long; still served.
    #[serde(with = "humantime_serde")]
    pub hold: Duration,
    /// Gone after this long: it leaves the maps. Counted from the last good answer too.
    #[serde(with = "humantime_serde")]
    pub expire: Duration,
}

impl Default for Liveness {
    fn default() -> Self {
        // Three and nine of the default pull interval.
        Self {
            hold: Duration::from_secs(30),
            expire: Duration::from_secs(90),
        }
    }
}

/// Our side of all BGP-LS sessions; the peers are with their domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bgp {
    /// Where peers connect to; without it we only dial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Our AS number.
    pub local_as: u32,
    /// Our BGP identifier.
    pub router_id: Ipv4Addr,
    /// How long after a session came back what the peer told before may stay without being told again,
    /// if the peer does not say when it has told all.
    #[serde(with = "humantime_serde")]
    pub settle: Duration,
}

impl Default for Bgp {
    fn default() -> Self {
        Self {
            listen: None,
            // The first number for private use (RFC 6996): a broker is nobody's network.
            local_as: 64512,
            router_id: Ipv4Addr::LOCALHOST,
            settle: Duration::from_secs(30),
        }
    }
}

/// A BGP-LS peer of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BgpPeer {
    /// Where it connects from, and where it is dialled.
    pub address: IpAddr,
    /// Its AS number; without it any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_as: Option<u32>,
    /// Dial it at this port; without it only wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The address to dial from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_address: Option<IpAddr>,
    /// Our proposal: 0 (no keepalives) or 3 to 65535 whole seconds.
    #[serde(default = "default_hold_time", with = "humantime_serde")]
    pub hold_time: Duration,
    /// Least pause between two attempts to dial.
    #[serde(default = "default_connect_retry", with = "humantime_serde")]
    pub connect_retry: Duration,
    /// How it speaks.
    #[serde(default)]
    pub dialect: Dialect,
    /// Routes that are kept of it.
    #[serde(default = "default_max_routes")]
    pub max_routes: usize,
}

/// RFC 4271 §10 suggests 90 seconds.
fn default_hold_time() -> Duration {
    Duration::from_secs(90)
}

fn default_connect_retry() -> Duration {
    Duration::from_secs(5)
}

fn default_max_routes() -> usize {
    idt::bgpls::Limits::default().nlris
}

impl BgpPeer {
    /// What the peer may cost.
    #[must_use]
    pub fn limits(&self) -> idt::bgpls::Limits {
        idt::bgpls::Limits {
            nlris: self.max_routes,
            ..idt::bgpls::Limits::default()
        }
    }

    /// The session with it.
    #[must_use]
    pub fn session(&self, bgp: &Bgp) -> crate::bgp::PeerConfig {
        crate::bgp::PeerConfig {
            address: self.address,
            local_address: self.local_address,
            remote_as: self.remote_as,
            local_as: bgp.local_as,
            router_id: bgp.router_id,
            hold_time: self.hold_time,
            mode: match self.port {
                Some(port) => crate::bgp::Mode::Active { port },
                None => crate::bgp::Mode::Passive,
            },
            connect_retry: self.connect_retry,
            lenient_as_path: self.dialect == Dialect::Netphony,
        }
    }
}

/// How a BGP-LS peer speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// RFC 9552.
    #[default]
    Standard,
    /// Stock netphony-topology.
    Netphony,
}

impl From<Dialect> for idt::bgpls::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Standard => Self::Standard,
            Dialect::Netphony => Self::Netphony,
        }
    }
}

/// What one client, and all of them together, may cost us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests that one client may make a second, in the long run.
    pub requests_per_second: u32,
    /// Requests that one client may make at once.
    pub burst: u32,
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_client: usize,
    /// For a complete request head, from the connection's start or the last answer's end; so also how
    /// long a kept-alive connection may be idle.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    /// For reading a request's body and working out the answer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// For a client to take some part of an answer.
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    /// At shutdown, for requests that are under way.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 100,
            burst: 200,
            // A service graph at its limits is about 200 kB.
            body_bytes: 1 << 20,
            connections: 4096,
            connections_per_client: 512,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

/// Logs, on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// What to log, in the syntax of tracing's `EnvFilter`: `info`, `broker=debug`, ...
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line of text.
    Text,
    /// A JSON object.
    Json,
}

/// Who may ask.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// From where no token is needed.
    pub anonymous: Anonymous,
    /// Those with a token.
    pub principals: Vec<PrincipalEntry>,
}

/// From where no token is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Anonymous {
    /// From this machine.
    #[default]
    Loopback,
    /// From anywhere.
    Everyone,
    /// From nowhere.
    Nobody,
}

/// One principal.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalEntry {
    /// For logs.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// A member's domain.
    #[serde(
        default,
        with = "domain_id_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub domain: Option<DomainId>,
    /// The bearer token, at least 16 characters.
    #[serde(serialize_with = "masked")]
    pub token: SecretString,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A member's orchestrator; needs a domain.
    Member,
    /// Runs the broker.
    Operator,
    /// May look at everything.
    Auditor,
}

/// One member domain and where its exports come from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DomainEntry {
    /// An AS number or a name.
    #[serde(with = "domain_id")]
    pub id: DomainId,
    /// The entry point that the maps show; without it, what the topology export says.
    #[serde(
        default,
        with = "entry_point_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub entry_point: Option<idr::EntryPoint>,
    /// Virtualizer XML, by POST: ESCAPE's `.../get-config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<SourceUrl>,
    /// UNIFY JSON, by GET: netphony's `.../restconf/data/topologyFromTADS/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<SourceUrl>,
    /// Its AS number, if the id does not say so: BGP-LS links to it name the AS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// BGP-LS peers that tell its topology.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bgp_ls: Vec<BgpPeer>,
}

impl DomainEntry {
    /// The domain's AS number.
    #[must_use]
    pub fn asn(&self) -> Option<u32> {
        self.asn.or_else(|| self.id.asn())
    }
}

/// The URL of a source, http or https. A password in it is shown as `***` everywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(url::Url);

impl SourceUrl {
    /// The URL with its password, for the request only.
    #[must_use]
    pub fn expose(&self) -> &url::Url {
        &self.0
    }
}

impl std::str::FromStr for SourceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|e| format!("'{text}' is not a URL: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("'{text}' must be an http or https URL with a host"));
        }
        Ok(Self(url))
    }
}

impl std::fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.password().is_none() {
            return f.write_str(self.0.as_str());
        }
        let mut shown = self.0.clone();
        // Cannot fail: the URL has a host.
        let _ = shown.set_password(Some("***"));
        f.write_str(shown.as_str())
    }
}

impl std::fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceUrl({self})")
    }
}

impl Serialize for SourceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SourceUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn masked<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("***")
}

/// serde for types of the cores, which know no serde: by `FromStr` and `Display`.
macro_rules! by_text {
    ($module:ident, $type:ty) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(value: &$type, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(value)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<$type, D::Error> {
                String::deserialize(d)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
    ($module:ident, Option $type:ty) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(
                value: &Option<$type>,
                s: S,
            ) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => s.collect_str(value),
                    None => s.serialize_none(),
                }
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                d: D,
            ) -> Result<Option<$type>, D::Error> {
                Option::<String>::deserialize(d)?
                    .map(|text| text.parse().map_err(serde::de::Error::custom))
                    .transpose()
            }
        }
    };
}
by_text!(server_name, alto::ServerName);
by_text!(domain_id, nffg::DomainId);
by_text!(domain_id_option, Option nffg::DomainId);
by_text!(entry_point_option, Option idr::EntryPoint);

#[cfg(test)]
mod tests;
