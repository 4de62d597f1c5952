//! What clients ask.

use serde_json::{Value, json};

use super::federation::Federation;
use super::oracle::Objective;
use super::random::Random;

/// Destinations of a request with PIDs.
const DESTINATIONS: usize = 4;
/// NFs of a placement's chain.
const CHAIN: usize = 3;

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Service,
    Pids,
    Placements,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Service, Self::Pids, Self::Placements];

    /// In words.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "candidate paths of a service graph",
            Self::Pids => "path vectors between PIDs",
            Self::Placements => "placements",
        }
    }

    /// In documents.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Service => "service-graph",
            Self::Pids => "pids",
            Self::Placements => "placements",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Service | Self::Pids => "/costmap/pv",
            Self::Placements => "/broker/v1/placements",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Service | Self::Pids => "application/alto-costmapfilter+json",
            Self::Placements => "application/json",
        }
    }

    /// The cost map alone: the property map of the domains on the paths is another matter.
    pub(super) const fn accept(self) -> &'static str {
        match self {
            Self::Service | Self::Pids => "application/alto-costmap+json",
            Self::Placements => "application/json",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// From one SAP over an NF to the other.
    Service { nf: usize },
    /// From a domain to some.
    Pids { src: u32, dsts: Vec<u32> },
    /// A chain of NFs between the SAPs: type, and what it takes.
    Placements {
        nfs: Vec<(usize, [u32; 3])>,
        k: usize,
        objective: Objective,
    },
}

impl Question {
    /// Some question of this kind.
    pub(super) fn draw(
        kind: Kind,
        federation: &Federation,
        random: &mut Random,
        types: usize,
        k: usize,
        objective: Objective,
    ) -> Self {
        let domain =
            |random: &mut Random| u32::try_from(random.below(federation.len())).unwrap_or(0);
        match kind {
            Kind::Service => Self::Service {
                nf: random.below(types),
            },
            Kind::Pids => {
                let src = domain(random);
                let mut dsts: Vec<u32> = (0..DESTINATIONS).map(|_| domain(random)).collect();
                dsts.sort_unstable();
                dsts.dedup();
                Self::Pids { src, dsts }
            }
            Kind::Placements => {
                let all: Vec<u32> = (0..).take(types).collect();
                let nfs = random.draw(&all, CHAIN).into_iter().map(|nf| {
                    let takes =
                        [2, 4, 8].map(|most| u32::try_from(random.below(most)).unwrap_or(0) + 1);
                    (nf as usize, takes)
                });
                Self::Placements {
                    nfs: nfs.collect(),
                    k,
                    objective,
                }
            }
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Service { .. } => Kind::Service,
            Self::Pids { .. } => Kind::Pids,
            Self::Placements { .. } => Kind::Placements,
        }
    }

    /// What is posted.
    pub(super) fn body(&self, federation: &Federation) -> Value {
        let cost_type = json!({"cost-mode": "array", "cost-metric": "ane-path"});
        match self {
            Self::Service { nf } => json!({
                "cost-type": cost_type,
                "sg": {
                    "nfs": [nf_type(*nf)],
                    "saps": SAPS,
                    "sg_links": [
                        {"id": 1, "src-node": SAPS[0], "dst-node": nf_type(*nf)},
                        {"id": 2, "src-node": nf_type(*nf), "dst-node": SAPS[1]},
                    ],
                    "reqs": [{"id": 1, "src-node": SAPS[0], "dst-node": SAPS[1], "sg-path": [1, 2]}],
                },
            }),
            Self::Pids { src, dsts } => {
                let names = dsts.iter().map(|dst| federation.id(*dst).as_str());
                let dsts: Vec<&str> = names.collect();
                json!({
                    "cost-type": cost_type,
                    "pids": {"srcs": [federation.id(*src).as_str()], "dsts": dsts},
                })
            }
            Self::Placements { nfs, k, objective } => {
                let node = |(nf, takes): &(usize, [u32; 3])| {
                    let [cpu, mem, storage] = takes;
                    json!({
                        "id": nf_type(*nf),
                        "functional_type": nf_type(*nf),
                        "specification": {"resources": {"cpu": cpu, "mem": mem, "storage": storage}},
                    })
                };
                let names = self.nodes();
                let links = (1..)
                    .zip(names.windows(2))
                    .map(|(id, pair)| json!({"id": id, "src_node": pair[0], "dst_node": pair[1]}));
                let links: Vec<Value> = links.collect();
                let path: Vec<usize> = (1..=links.len()).collect();
                json!({
                    "k": k,
                    "objective": objective.as_str(),
                    "sg": {
                        "node_nfs": nfs.iter().map(node).collect::<Vec<_>>(),
                        "node_saps": SAPS.map(|id| json!({"id": id})),
                        "edge_sg_nexthops": links,
                        "edge_reqs": [
                            {"id": "r", "src_node": SAPS[0], "dst_node": SAPS[1], "sg_path": path},
                        ],
                    },
                })
            }
        }
    }

    /// The nodes of a chain, in order; none if it is no chain.
    pub(super) fn nodes(&self) -> Vec<String> {
        let Self::Placements { nfs, .. } = self else {
            return Vec::new();
        };
        let [first, last] = SAPS.map(str::to_owned);
        let nfs = nfs.iter().map(|(nf, _)| nf_type(*nf));
        std::iter::once(first).chain(nfs).chain([last]).collect()
    }
}

/// What the SAPs are called.
pub(super) const SAPS: [&str; 2] = ["SAP1", "SAP2"];

/// What an NF type is called.
pub(super) fn nf_type(number: usize) -> String {
    format!("NF{}", number + 1)
}
