//! The settings files of the broker and of the domains' SOFs, as far as a testbed needs them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::wait::topology_of;
use super::{Mdo, Plan, Sof, Way};
use crate::scenario::{Price, Scenario};

/// All of them.
#[derive(Serialize)]
pub(super) struct Settings {
    listen: SocketAddr,
    pull: Pull,
    liveness: Liveness,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bgp: Option<Bgp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sof: Option<Partners>,
    domains: Vec<Domain>,
}

/// Whom the broker orders from.
#[derive(Serialize)]
struct Partners {
    partners: Vec<Partner>,
}

#[derive(Serialize)]
struct Partner {
    id: String,
    base_url: String,
    apis: Apis,
    service_types: [&'static str; 1],
    agreements: [Agreement; 1],
}

#[derive(Serialize)]
struct Apis {
    service_ordering: u32,
    service_inventory: u32,
    service_function_testing: u32,
}

#[derive(Serialize)]
struct Agreement {
    id: &'static str,
    service_type: &'static str,
    valid_from: &'static str,
    price: Price,
}

/// What is ordered from a domain.
const SEGMENT: &str = "urn:brokermdo:schema:segment:v1";

impl Partner {
    fn of(scenario: &Scenario, sof: &Sof) -> Self {
        let order = scenario.manifest().order.as_ref();
        let price = order.and_then(|order| order.prices.get(sof.domain.as_str()));
        Self {
            id: sof.domain.to_string(),
            base_url: sof.child.url().to_string(),
            // The current ones at Interlude.
            apis: Apis {
                service_ordering: 1,
                service_inventory: 2,
                service_function_testing: 3,
            },
            service_types: [SEGMENT],
            agreements: [Agreement {
                id: "testbed",
                service_type: SEGMENT,
                valid_from: "2000-01-01T00:00:00Z",
                price: price.copied().unwrap_or_default(),
            }],
        }
    }
}

/// The settings file of a domain's own SOF.
#[derive(Serialize)]
pub(super) struct SofSettings {
    listen: SocketAddr,
    sof: OwnResources,
}

#[derive(Serialize)]
struct OwnResources {
    presto: Presto,
}

#[derive(Serialize)]
struct Presto {
    kind: &'static str,
    url: String,
    borders: BTreeMap<String, String>,
}

impl SofSettings {
    /// Of the SOF in front of this MdO, on a free port.
    pub(super) fn of(mdo: &Mdo, borders: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let url = mdo.child.url().join("/escape").context("no URL")?;
        Ok(Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            sof: OwnResources {
                presto: Presto {
                    kind: "virtualizer",
                    url: url.to_string(),
                    borders,
                },
            },
        })
    }
}

#[derive(Serialize)]
struct Pull {
    #[serde(with = "humantime_serde")]
    interval: Duration,
}

#[derive(Serialize)]
struct Liveness {
    #[serde(with = "humantime_serde")]
    hold: Duration,
    #[serde(with = "humantime_serde")]
    expire: Duration,
}

#[derive(Serialize)]
struct Files {
    folder: PathBuf,
    #[serde(with = "humantime_serde")]
    interval: Duration,
}

#[derive(Serialize)]
struct Bgp {
    listen: SocketAddr,
}

#[derive(Serialize)]
struct Domain {
    id: String,
    resources: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topology: Option<String>,
    /// BGP-LS has no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bgp_ls: Vec<Peer>,
}

#[derive(Serialize)]
struct Peer {
    address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_as: Option<u32>,
}

impl Settings {
    /// The settings of a broker that listens on `listen` and hears from the MdOs in this way. A member
    /// that pushes or has files makes itself known: the settings do not name it.
    pub(super) fn of(
        scenario: &Scenario,
        mdos: &[Mdo],
        sofs: &[Sof],
        listen: SocketAddr,
        plan: Plan,
        way: &Way,
    ) -> anyhow::Result<Self> {
        let domains: anyhow::Result<Vec<Domain>> = match way {
            Way::Pull | Way::BgpLs(_) => mdos
                .iter()
                .map(|mdo| Domain::of(scenario, mdo, way))
                .collect(),
            Way::Push { .. } | Way::Files(_) => Ok(Vec::new()),
        };
        let interval = plan.pace.pull;
        Ok(Self {
            listen,
            pull: Pull { interval },
            liveness: Liveness {
                hold: plan.pace.hold,
                expire: plan.pace.expire,
            },
            files: match way {
                Way::Files(folder) => Some(Files {
                    folder: folder.clone(),
                    interval,
                }),
                _ => None,
            },
            bgp: match way {
                Way::BgpLs(listen) => Some(Bgp { listen: *listen }),
                _ => None,
            },
            sof: (!sofs.is_empty()).then(|| Partners {
                partners: sofs.iter().map(|sof| Partner::of(scenario, sof)).collect(),
            }),
            domains: domains?,
        })
    }
}

impl Domain {
    fn of(scenario: &Scenario, mdo: &Mdo, way: &Way) -> anyhow::Result<Self> {
        let join = |path: &str| -> anyhow::Result<String> {
            Ok(mdo.child.url().join(path).context("no URL")?.to_string())
        };
        let id = mdo.domain.to_string();
        let resources = join("/escape/get-config")?;
        Ok(match way {
            Way::BgpLs(_) => Self {
                id,
                resources,
                topology: None,
                entry_point: topology_of(scenario, &mdo.domain)?.1,
                bgp_ls: vec![Peer {
                    address: mdo.address.ip(),
                    remote_as: mdo.domain.asn(),
                }],
            },
            _ => Self {
                id,
                resources,
                topology: Some(join("/restconf/data/topologyFromTADS/")?),
                entry_point: None,
                bgp_ls: Vec::new(),
            },
        })
    }
}
