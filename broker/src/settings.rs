//! The daemon's settings: defaults, then a TOML file, then the environment, then flags; the later
//! wins. Unknown keys are refused, since a misspelt limit is a limit that is not there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use idr::reservation::Limits as LedgerLimits;
use idt::search::PathCaps;
use nffg::DomainId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::ingest::{Rules, Times};
use crate::liveness::Timers;

mod calendar;
mod cors;
mod domain;
mod http2;
mod load;
mod notifications;
mod orders;
mod policy;
mod presto;
mod rules;
mod sof;
mod store;
mod updates;
mod work;

pub use calendar::Calendar;
pub use cors::{Cors, NoOrigin, Origin};
pub use domain::{BgpPeer, Dialect, DomainEntry, PullFrom, PullMethod, SourceUrl};
pub use http2::Http2;
pub use load::{Overrides, SettingsError, load};
pub use notifications::Notifications;
pub use orders::Orders;
pub use policy::{PolicyEntry, RelationshipWord, TermsEntry, TransitEntry};
pub use presto::{MemoryPresto, PrestoSettings, VirtualizerPresto};
pub use rules::RulesEntry;
pub use sof::{AgreementEntry, Credential, Interlude, PartnerEntry, Sof};
pub use store::StorePlace;
pub use updates::Updates;
pub use work::Work;

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
    /// Where the store is. Without it, it is beside the settings file, or in memory if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StorePlace>,
    /// Serve HTTPS with this certificate.
    pub tls: Option<Tls>,
    /// Caps of candidate path vectors.
    pub paths: Paths,
    /// How much ALTO's answers about costs and endpoints may hold.
    pub alto: Alto,
    /// Holding capacity for placements.
    pub reservations: Reservations,
    /// Fetching exports.
    pub pull: Pull,
    /// When a source counts as stale, and as gone.
    pub liveness: Liveness,
    /// Files that tell of members.
    pub files: Files,
    /// BGP-LS sessions.
    pub bgp: Bgp,
    /// What one client, and all of them, may cost us.
    pub limits: Limits,
    /// Web pages that may read.
    pub cors: Cors,
    /// The SOF.
    pub sof: Sof,
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
            store: None,
            tls: None,
            paths: Paths::default(),
            alto: Alto::default(),
            reservations: Reservations::default(),
            pull: Pull::default(),
            liveness: Liveness::default(),
            files: Files::default(),
            bgp: Bgp::default(),
            limits: Limits::default(),
            cors: Cors::default(),
            log: Log::default(),
            auth: Auth::default(),
            sof: Sof::default(),
            domains: Vec::new(),
        }
    }
}

impl Settings {
    /// The rules that all members are under.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            times: Times {
                timers: Timers {
                    hold: self.liveness.hold,
                    expire: self.liveness.expire,
                },
                settle: self.bgp.settle,
                forget: self.liveness.forget,
            },
            limits: self.limits.member,
            members: self.limits.members,
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
    /// PEM file of the authorities that clients' certificates may be signed by; without it none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
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

/// How much ALTO's answers about costs and endpoints may hold. The directory tells it to clients, but for
/// the work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alto {
    /// Pairs of PIDs in a full cost map; with more there are only filtered ones. 0 is never.
    pub full_map_pairs: usize,
    /// Pairs of PIDs or endpoints that one request may ask for.
    pub max_pairs: usize,
    /// Endpoints in one list of a request.
    pub max_endpoints: usize,
    /// Steps that finding the costs for one request may take, but for full cost maps.
    pub work: u64,
    /// Cost calendars.
    pub calendar: Calendar,
    /// Updates as they happen.
    pub updates: Updates,
}

impl Default for Alto {
    fn default() -> Self {
        let limits = alto::Limits::default();
        Self {
            full_map_pairs: limits.full_map_pairs,
            max_pairs: limits.pairs,
            max_endpoints: limits.endpoints,
            // About a second on one core.
            work: 100_000_000,
            calendar: Calendar::default(),
            updates: Updates::default(),
        }
    }
}

impl Alto {
    /// The limits that the directory tells.
    #[must_use]
    pub fn limits(&self) -> alto::Limits {
        alto::Limits {
            full_map_pairs: self.full_map_pairs,
            pairs: self.max_pairs,
            endpoints: self.max_endpoints,
            calendar: self.calendar.calendar(),
        }
    }
}

/// How capacity is held for placements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reservations {
    /// How long a hold lasts that does not say.
    #[serde(with = "humantime_serde")]
    pub default_hold: Duration,
    /// How long a hold may last in all, extended or not.
    #[serde(with = "humantime_serde")]
    pub max_hold: Duration,
    /// Holds that are not confirmed yet, of one holder.
    pub holds_per_holder: u32,
    /// The same of all together.
    pub holds: u32,
    /// Reservations of one holder, confirmed ones included.
    pub per_holder: u32,
    /// The same of all together.
    pub all: u32,
}

impl Default for Reservations {
    fn default() -> Self {
        // The ledger says why.
        let limits = LedgerLimits::default();
        Self {
            default_hold: Duration::from_secs(300),
            max_hold: limits.longest_hold,
            holds_per_holder: limits.holds_per_holder,
            holds: limits.holds,
            per_holder: limits.reservations_per_holder,
            all: limits.reservations,
        }
    }
}

impl Reservations {
    /// The limits for the ledger.
    #[must_use]
    pub fn limits(&self) -> LedgerLimits {
        LedgerLimits {
            longest_hold: self.max_hold,
            holds_per_holder: self.holds_per_holder,
            holds: self.holds,
            reservations_per_holder: self.per_holder,
            reservations: self.all,
            ..LedgerLimits::default()
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
    /// How long a member that only pushed, or had a file, is remembered after it is gone.
    #[serde(with = "humantime_serde")]
    pub forget: Duration,
}

impl Default for Liveness {
    fn default() -> Self {
        // Three and nine of the default pull interval.
        Self {
            hold: Duration::from_secs(30),
            expire: Duration::from_secs(90),
            forget: Duration::from_secs(3600),
        }
    }
}

/// Our side of all BGP-LS sessions, and the peers that are no domain's own; the others are with their
/// domains.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
    /// Peers that pass on what many domains tell (RFC 9552 §3): each route is the word of the AS that its
    /// local node is of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub propagators: Vec<BgpPeer>,
}

impl Default for Bgp {
    fn default() -> Self {
        Self {
            listen: None,
            // The first number for private use (RFC 6996): a broker is nobody's network.
            local_as: 64512,
            router_id: Ipv4Addr::LOCALHOST,
            settle: Duration::from_secs(30),
            propagators: Vec::new(),
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
    /// Members, also those that the settings do not name.
    pub members: usize,
    /// What one member may have.
    pub member: MemberLimits,
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
    /// HTTP/2 connections.
    pub http2: Http2,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 100,
            burst: 200,
            // A service graph at its limits is about 200 kB.
            body_bytes: 1 << 20,
            members: 10_000,
            member: MemberLimits::default(),
            connections: 4096,
            connections_per_client: 512,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(5),
            http2: Http2::default(),
        }
    }
}

/// What one document of a member may hold, so that none can drown the others. What a BGP-LS peer may
/// tell is `max_routes` of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemberLimits {
    /// Octets.
    pub bytes: usize,
    /// Nodes that host NFs, and routers.
    pub nodes: usize,
    /// Links, one way each.
    pub links: usize,
    /// Prefixes.
    pub prefixes: usize,
    /// NF types on offer and NFs that run, over all nodes.
    pub nfs: usize,
    /// Windows.
    pub windows: usize,
}

impl Default for MemberLimits {
    fn default() -> Self {
        // Ten times what the largest members of today have (a thousand routers, ten thousand links).
        Self {
            bytes: nffg::MAX_BYTES,
            nodes: 10_000,
            links: 200_000,
            prefixes: 250_000,
            nfs: 100_000,
            // Three a day, for a year.
            windows: 1_000,
        }
    }
}

/// Files that tell of members.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// A folder of exports. The domain of `AS7.yaml` and of `AS7.resources.xml` is AS7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// How often files are looked at.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            folder: None,
            interval: Duration::from_secs(1),
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
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// From where no token is needed.
    pub anonymous: Anonymous,
    /// Where passwords of HTTP Digest are good (RFC 7616 §3.3): part of what is kept of them.
    pub realm: String,
    /// How long a challenge of HTTP Digest may be answered.
    #[serde(with = "humantime_serde")]
    pub nonce_lifetime: Duration,
    /// Those who are known.
    pub principals: Vec<PrincipalEntry>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            anonymous: Anonymous::default(),
            realm: "brokerd".to_owned(),
            // So long may a request that somebody recorded be sent again.
            nonce_lifetime: Duration::from_secs(300),
            principals: Vec::new(),
        }
    }
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

/// One principal. By one at least of a token, a password and a certificate it is known.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalEntry {
    /// For logs; with a password, the user's name.
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
    #[serde(
        default,
        serialize_with = "masked",
        skip_serializing_if = "Option::is_none"
    )]
    pub token: Option<SecretString>,
    /// What HTTP Digest wants to know of the password (RFC 7616 §3.4.2): the SHA-256 hash of name, realm and
    /// password with `:` between them, in hexadecimal digits.
    #[serde(
        default,
        serialize_with = "masked",
        skip_serializing_if = "Option::is_none"
    )]
    pub digest_ha1: Option<SecretString>,
    /// The file that has it, in place of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_ha1_file: Option<PathBuf>,
    /// A DNS name or a URI that the client's certificate has as a subject alternative name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
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
    /// Orders services, and sees its own.
    Buyer,
}

fn masked<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
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
by_text!(format_option, Option nffg::export::Format);
by_text!(quantity_option, Option nffg::Quantity);

#[cfg(test)]
mod tests;
