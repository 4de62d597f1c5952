//! The answer, as it is written.

use idr::reservation::LinkKey;
use nffg::ServiceGraph;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

use super::explain::Explanation;
use super::objective::{Metric, Objective};
use super::problem::{Cost, Placed, PlacedPath, Solved, sum};
use super::request::PlacementRequest;
use super::{MoreWork, Version};

/// The k best placements, ready to be written as JSON.
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
#[schema(as = Placements)]
pub struct Answer {
    /// About the answer.
    pub meta: Meta,
    /// Best first.
    pub placements: Vec<Ranked>,
    /// How the answer came about, if the request asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub explanation: Option<Explanation>,
    #[serde(skip)]
    more_work: MoreWork,
}

/// About the answer.
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PlacementsMeta)]
pub struct Meta {
    /// What the placements are ranked by.
    pub objective: Objective,
    /// How many were asked for.
    pub k: usize,
    /// The search ended before it was sure that these are the k best.
    pub cut: bool,
    /// Metrics that some link on a path does not tell: there it counts 0.
    #[schema(value_type = Vec<Metric>)]
    pub not_told: Vec<&'static str>,
    /// The version of resources and topology that the answer is exact for: the event that brought it. What
    /// changed since is at `GET /broker/v1/events?since=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub event: Option<String>,
    /// The version of the network map that belongs to it.
    pub dependent_vtags: Vec<Vtag>,
}

/// A version of a map (RFC 7285 §10.3).
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Vtag {
    /// The map's id in the directory.
    pub resource_id: &'static str,
    /// Its version.
    pub tag: String,
}

impl Vtag {
    /// Of the network map.
    #[must_use]
    pub fn of_network_map(maps: &alto::Maps) -> Self {
        Self {
            resource_id: alto::uri::id::NETWORK_MAP,
            tag: maps.network_map().tag.to_string(),
        }
    }
}

/// What a path costs.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Cost)]
pub struct CostBody {
    /// Borders crossed.
    pub hops: u64,
    /// One-way delay in milliseconds.
    pub delay_ms: f64,
    /// Price in the federation's unit of account.
    pub price: f64,
}

impl From<Cost> for CostBody {
    #[expect(
        clippy::cast_precision_loss,
        reason = "delays and prices of interest are far below 2^53 of the smallest unit"
    )]
    fn from(cost: Cost) -> Self {
        Self {
            hops: cost.hops,
            delay_ms: cost.delay as f64 / 1e6,
            price: cost.price as f64 / 1e3,
        }
    }
}

/// One placement.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Placement)]
pub struct Ranked {
    /// From 1.
    pub rank: usize,
    /// Inter-domain links crossed, summed over the links of the graph.
    pub hops: u64,
    /// What it costs, summed over the links of the graph.
    pub cost: CostBody,
    /// Each node of the graph and its domain, in the order in which the requirements pass them.
    #[schema(value_type = BTreeMap<String, String>)]
    pub nodes: Pairs,
    /// Each requirement, placed.
    pub requirements: Vec<PlacedRequirement>,
}

/// A requirement, placed.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct PlacedRequirement {
    /// Its id; absent when it was implied by the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// Where it starts.
    pub src: String,
    /// Where it ends.
    pub dst: String,
    /// The walk as the draft's Table 2 prints it: `AS1:NF1` where a node of the graph is, `AS2` where
    /// a domain is only passed through.
    pub walk: Vec<String>,
    /// What it costs, summed over its links.
    pub cost: CostBody,
    /// Its links, in order.
    pub links: Vec<PlacedLink>,
}

/// A link of the graph, placed.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct PlacedLink {
    /// Its id.
    pub id: String,
    /// The node where it starts.
    pub src: String,
    /// The node where it ends.
    pub dst: String,
    /// The domains from the one to the other, both included.
    pub path: Vec<String>,
    /// What it costs.
    pub cost: CostBody,
    /// The links between domains that it takes, in order.
    pub borders: Vec<Border>,
}

/// A link between two domains, one way.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BorderCrossed)]
pub struct Border {
    /// The domain where it starts.
    pub from: String,
    /// The router where it starts, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub from_router: Option<String>,
    /// The domain where it ends.
    pub to: String,
    /// The router where it ends, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub to_router: Option<String>,
}

impl From<&LinkKey> for Border {
    fn from(key: &LinkKey) -> Self {
        Self {
            from: key.src.to_string(),
            from_router: key.src_router.as_ref().map(ToString::to_string),
            to: key.dst.to_string(),
            to_router: key.dst_router.as_ref().map(ToString::to_string),
        }
    }
}

/// A JSON object that keeps its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row;
        impl<'de> Visitor<'de> for Row {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Row)
    }
}

impl Answer {
    /// What was found, in words of the request.
    #[must_use]
    pub fn new(
        version: &Version,
        request: &PlacementRequest,
        solved: &Solved,
        explanation: Option<Explanation>,
    ) -> Self {
        let ranked = solved.placements.iter().enumerate();
        Self {
            placements: ranked
                .map(|(at, placed)| Ranked::new(at + 1, &request.sg, placed))
                .collect(),
            meta: Meta {
                objective: request.objective.clone(),
                k: request.k,
                cut: solved.cut,
                not_told: solved
                    .not_told
                    .iter()
                    .map(|metric| metric.as_str())
                    .collect(),
                event: version.event.as_ref().map(ToString::to_string),
                dependent_vtags: vec![Vtag::of_network_map(&version.maps)],
            },
            more_work: MoreWork::of(solved, explanation.as_ref()),
            explanation,
        }
    }

    /// What a larger effort could do for it.
    #[must_use]
    pub fn more_work(&self) -> MoreWork {
        self.more_work
    }
}

impl Ranked {
    /// A placement at this rank.
    #[must_use]
    pub fn new(rank: usize, sg: &ServiceGraph, placed: &Placed) -> Self {
        let order = sg.traversal_order();
        let pair = |node: &usize| {
            let name = sg.nodes()[*node].id.to_string();
            (name, placed.hosts[*node].to_string())
        };
        Self {
            rank,
            hops: placed.cost.hops,
            cost: placed.cost.into(),
            nodes: Pairs(order.iter().map(pair).collect()),
            requirements: requirements(sg, &placed.paths),
        }
    }
}

fn requirements(sg: &ServiceGraph, paths: &[PlacedPath]) -> Vec<PlacedRequirement> {
    let name = |node: usize| sg.nodes()[node].id.as_str();
    let placed = sg.requirements().iter().map(|requirement| {
        let mut walk = Vec::new();
        for (hop, link) in requirement.path.iter().enumerate() {
            let (sg_link, path) = (&sg.links()[*link], &paths[*link].domains);
            if let (0, Some(first)) = (hop, path.first()) {
                walk.push(format!("{first}:{}", name(sg_link.src)));
            }
            // The path's first domain ends the path before; its last hosts the link's end.
            if let [_, transit @ .., last] = path.as_slice() {
                walk.extend(transit.iter().map(ToString::to_string));
                walk.push(format!("{last}:{}", name(sg_link.dst)));
            } else if let [only] = path.as_slice() {
                walk.push(format!("{only}:{}", name(sg_link.dst)));
            }
        }
        let links = requirement.path.iter().map(|link| {
            let (sg_link, path) = (&sg.links()[*link], &paths[*link]);
            PlacedLink {
                id: sg_link.id.to_string(),
                src: name(sg_link.src).to_owned(),
                dst: name(sg_link.dst).to_owned(),
                path: path.domains.iter().map(ToString::to_string).collect(),
                cost: path.cost.into(),
                borders: path.borders.iter().map(Border::from).collect(),
            }
        });
        PlacedRequirement {
            id: requirement.id.as_ref().map(ToString::to_string),
            src: name(requirement.src).to_owned(),
            dst: name(requirement.dst).to_owned(),
            walk,
            cost: sum(requirement.path.iter().map(|link| paths[*link].cost)).into(),
            links: links.collect(),
        }
    });
    placed.collect()
}
