//! What the settings say of one member domain: where its exports come from.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use idt::DomainPolicy;
use nffg::DomainId;
use nffg::export::Format;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::policy::PolicyEntry;
use super::{Bgp, domain_id, entry_point_option, format_option};
use crate::ingest::{Channel, Slot};

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
    /// Where its resources are asked for: ESCAPE's `.../get-config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<PullFrom>,
    /// Where its topology is asked for: netphony's `.../restconf/data/topologyFromTADS/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<PullFrom>,
    /// Files that tell of it, and folders of such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// It pushes what it has to tell, and may not have started yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub push: bool,
    /// Which of its channels counts before which; those left out follow in the usual order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precedence: Vec<Channel>,
    /// Its AS number, if the id does not say so: BGP-LS links to it name the AS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// BGP-LS peers that tell its topology.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bgp_ls: Vec<BgpPeer>,
    /// What it declares of its routing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyEntry>,
}

impl DomainEntry {
    /// What it declares of its routing. Of what cannot be read, which settings refuse, nothing.
    #[must_use]
    pub fn policy(&self) -> Option<DomainPolicy> {
        self.policy.as_ref()?.policy().ok()
    }
}

impl DomainEntry {
    /// The domain's AS number.
    #[must_use]
    pub fn asn(&self) -> Option<u32> {
        self.asn.or_else(|| self.id.asn())
    }

    /// What is asked for, and where.
    pub fn pulls(&self) -> impl Iterator<Item = (Slot, &PullFrom)> {
        let pulls = [
            (Slot::Resources, &self.resources),
            (Slot::Topology, &self.topology),
        ];
        pulls
            .into_iter()
            .filter_map(|(slot, from)| Some((slot, from.as_ref()?)))
    }

    /// Its channels, first that which counts before the others.
    #[must_use]
    pub fn precedence(&self) -> [Channel; 4] {
        let mut order = Channel::ALL;
        let place = |channel: &Channel| {
            let named = self.precedence.iter().position(|named| named == channel);
            named.unwrap_or(self.precedence.len())
        };
        // Stable: channels that are not named keep their order.
        order.sort_by_key(place);
        order
    }
}

/// Where an export is asked for: a URL, or a table with the URL and how to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PullFrom {
    /// Where.
    pub url: SourceUrl,
    /// In which format the answer is; without it, what its root tells.
    #[serde(with = "format_option", skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// How to ask; without it, POST for ESCAPE's `get-config` and GET for all else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<PullMethod>,
}

/// How an export is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PullMethod {
    /// `GET`.
    Get,
    /// `POST` with an empty body.
    Post,
}

impl PullFrom {
    /// From this URL, as is usual.
    #[must_use]
    pub fn url(url: SourceUrl) -> Self {
        Self {
            url,
            format: None,
            method: None,
        }
    }

    /// How to ask for what `slot` is about. ESCAPE answers GET too, but its own clients POST.
    #[must_use]
    pub fn method(&self, slot: Slot) -> PullMethod {
        let virtualizer = match self.format {
            Some(format) => format == Format::Virtualizer,
            None => slot == Slot::Resources,
        };
        let usual = if virtualizer {
            PullMethod::Post
        } else {
            PullMethod::Get
        };
        self.method.unwrap_or(usual)
    }
}

impl<'de> Deserialize<'de> for PullFrom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            url: SourceUrl,
            #[serde(default, with = "format_option")]
            format: Option<Format>,
            method: Option<PullMethod>,
        }
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = PullFrom;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a URL, or a table of url, format and method")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PullFrom, E> {
                text.parse().map(PullFrom::url).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<PullFrom, A::Error> {
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                let Table {
                    url,
                    format,
                    method,
                } = table;
                Ok(PullFrom {
                    url,
                    format,
                    method,
                })
            }
        }
        deserializer.deserialize_any(Visitor)
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
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
