//! The settings file of `brokerd`, as far as a testbed needs it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::wait::topology_of;
use super::{Mdo, Plan, Way};
use crate::scenario::Scenario;

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
    domains: Vec<Domain>,
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
