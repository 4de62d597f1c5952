//! The answers of a broker, as far as a client looks into them; each keeps the JSON as it came.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nffg::json::{Cursor, FieldError};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A property map (RFC 9240 §7.6), of either form.
#[derive(Clone, Debug)]
pub struct PropertyMap {
    /// As it came.
    pub json: Value,
    /// Entity to property to values. The draft's values are arrays of strings (§5.4.1); a plain
    /// string is an array of one, anything else stays JSON text, and `null` is no value.
    pub entities: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl PropertyMap {
    pub(crate) fn decode(json: Value) -> Result<Self, String> {
        let entities = entities(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, entities })
    }
}

fn entities(json: &Value) -> Result<BTreeMap<String, BTreeMap<String, Vec<String>>>, FieldError> {
    let map = Cursor::root(json).required("property-map")?;
    let mut entities = BTreeMap::new();
    for entity in map.object()?.keys() {
        let told = map.required(entity)?;
        let mut properties = BTreeMap::new();
        for (name, value) in told.object()? {
            properties.insert(name.clone(), values(value));
        }
        entities.insert(entity.clone(), properties);
    }
    Ok(entities)
}

fn values(value: &Value) -> Vec<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// The name of a domain without the entity domain before it: `AS1` of `pid:AS1` and of
/// `networkmap.pid:AS1`.
#[must_use]
pub fn bare_name(entity: &str) -> &str {
    entity.split_once(':').map_or(entity, |(_, name)| name)
}

/// The path vectors of a service graph (draft-brokermdo §5.4.2.2).
#[derive(Clone, Debug)]
pub struct PathVectors {
    /// The cost map part, as it came.
    pub json: Value,
    /// One entry per source and destination of requirements, in order of their names: the draft's
    /// form is an object, and an object has no order.
    pub requirements: Vec<RequirementPaths>,
    /// The part that tells about the domains on the paths, where it came along.
    pub property_map: Option<PropertyMap>,
}

/// The path vectors of the requirements from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementPaths {
    /// Where they start.
    pub src: String,
    /// Where they end.
    pub dst: String,
    /// Their service graph links, in order of names.
    pub links: Vec<LinkPaths>,
}

/// The candidate path vectors of one service graph link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPaths {
    /// The node where the link starts.
    pub src: String,
    /// The node where it ends.
    pub dst: String,
    /// Lists of domains, in the server's order.
    pub vectors: Vec<Vec<String>>,
}

impl PathVectors {
    pub(crate) fn decode(json: Value, property_map: Option<Value>) -> Result<Self, String> {
        let requirements = requirement_paths(&json).map_err(|error| error.to_string())?;
        let property_map = property_map.map(PropertyMap::decode).transpose()?;
        Ok(Self {
            json,
            requirements,
            property_map,
        })
    }

    /// Whether some link has no candidate at all, so that the service cannot be delivered.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        let mut links = self
            .requirements
            .iter()
            .flat_map(|requirement| &requirement.links);
        self.requirements.is_empty() || links.any(|link| link.vectors.is_empty())
    }
}

fn requirement_paths(json: &Value) -> Result<Vec<RequirementPaths>, FieldError> {
    let mut requirements = Vec::new();
    for (src, dst, links) in pairs(&Cursor::root(json).required("cost-map")?)? {
        let mut link_paths = Vec::new();
        for (link_src, link_dst, vectors) in pairs(&links)? {
            let vectors = vectors
                .array()?
                .map(|vector| {
                    vector
                        .array()?
                        .map(|domain| domain.string().map(str::to_owned))
                        .collect()
                })
                .collect::<Result<_, FieldError>>()?;
            link_paths.push(LinkPaths {
                src: link_src.to_owned(),
                dst: link_dst.to_owned(),
                vectors,
            });
        }
        requirements.push(RequirementPaths {
            src: src.to_owned(),
            dst: dst.to_owned(),
            links: link_paths,
        });
    }
    Ok(requirements)
}

/// `{source: {destination: value}}`, taken flat.
fn pairs<'a>(map: &Cursor<'a>) -> Result<Vec<(&'a str, &'a str, Cursor<'a>)>, FieldError> {
    let mut pairs = Vec::new();
    for src in map.object()?.keys() {
        let row = map.required(src)?;
        for dst in row.object()?.keys() {
            pairs.push((src.as_str(), dst.as_str(), row.required(dst)?));
        }
    }
    Ok(pairs)
}

/// `GET /broker/v1/domains`.
#[derive(Clone, Debug)]
pub struct Domains {
    /// As it came.
    pub json: Value,
    /// The domains, in order of their ids.
    pub domains: Vec<DomainState>,
}

/// `GET /broker/v1/domains/{domain}`.
#[derive(Clone, Debug)]
pub struct Domain {
    /// As it came.
    pub json: Value,
    /// What it says.
    pub state: DomainState,
}

/// The broker's account of one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DomainState {
    /// The domain.
    pub id: String,
    /// Its AS number, where known.
    #[serde(default)]
    pub asn: Option<u32>,
    /// Where its orchestrator is reached.
    pub entry_point: Option<String>,
    /// `waiting`, `fresh`, `stale` or `gone`: what all its sources are, else `stale`.
    pub state: String,
    /// How the broker came to know it: `settings`, `push`, `file`.
    #[serde(default)]
    pub known_by: Option<String>,
    /// What it says of itself, if it registered.
    #[serde(default)]
    pub registration: Option<RegistrationState>,
    /// Where the broker hears from it. Members are told of their own only.
    #[serde(default)]
    pub sources: Vec<SourceState>,
    /// What nobody tells of it: `resources`, `topology`, `entry-point`.
    #[serde(default)]
    pub missing: Vec<String>,
    /// How many nodes its resource view has.
    #[serde(default)]
    pub nodes: u64,
    /// How many routers its topology has.
    #[serde(default)]
    pub routers: u64,
    /// How many links its topology has, one way each.
    #[serde(default)]
    pub links: u64,
    /// How many prefixes it tells.
    #[serde(default)]
    pub prefixes: u64,
    /// Its service access points.
    #[serde(default)]
    pub saps: Vec<String>,
    /// The NF types that it supports.
    #[serde(default)]
    pub nf_types: Vec<String>,
    /// The domains next to it.
    #[serde(default)]
    pub neighbours: Vec<String>,
    /// What it and another domain say differently.
    #[serde(default)]
    pub conflicts: Vec<ConflictState>,
    /// Inter-domain ports that no other domain names.
    #[serde(default)]
    pub open_borders: Vec<String>,
}

/// What a member says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RegistrationState {
    /// The version of what it sent.
    pub version: String,
    /// Seconds for which its word is good.
    pub lifetime: u64,
    /// Who registered it.
    pub by: String,
}

/// One source of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceState {
    /// `pull resources`, `bgp-ls 192.0.2.1`, ...: unique within the domain.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// `waiting`, `fresh`, `stale` or `gone`.
    pub state: String,
    /// When it gave its last good answer.
    #[serde(default, deserialize_with = "timestamp")]
    pub last_heard: Option<Timestamp>,
    /// What went wrong the last time that something did.
    pub last_error: Option<String>,
    /// Every fault of the document that was not taken, where there are several.
    #[serde(default)]
    pub faults: Vec<String>,
    /// How often in a row.
    #[serde(default)]
    pub failures: u64,
    /// What of the domain comes from it: `resources`, `topology`, `entry-point`.
    #[serde(default)]
    pub used_for: Vec<String>,
    /// The routes in force, if it tells routes.
    #[serde(default)]
    pub routes: Option<u64>,
    /// The document in force, if it tells documents.
    #[serde(default)]
    pub document: Option<DocumentState>,
}

/// A document in force: what it is and how much is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DocumentState {
    /// Its format.
    pub format: String,
    /// What it is written in.
    pub syntax: String,
    /// Its version.
    pub version: String,
    /// Since when it is in force.
    #[serde(deserialize_with = "timestamp")]
    pub accepted: Option<Timestamp>,
    /// Who sent it, if somebody did.
    pub by: Option<String>,
    /// Its size in octets.
    pub bytes: u64,
    /// Nodes that host NFs, and routers.
    pub nodes: u64,
    /// Links, one way each.
    pub links: u64,
    /// Prefixes.
    pub prefixes: u64,
    /// NF types on offer and NFs that run, over all nodes.
    pub nfs: u64,
    /// Windows, be they over or not.
    pub windows: u64,
    /// What was tolerated.
    pub warnings: Vec<WarningState>,
}

/// Something in a document that was tolerated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WarningState {
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// The element or JSON pointer.
    pub path: String,
    /// What was found and what was done with it.
    pub text: String,
}

/// Something that two domains say differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConflictState {
    /// `prefix`, `sap`, `half-up-link`, ...
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The other domain.
    pub with: String,
    /// What was made of it.
    pub outcome: String,
}

pub(super) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom))
        .transpose()
}

impl Domains {
    pub(crate) fn decode(json: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Wire {
            domains: Vec<DomainState>,
        }
        let Wire { domains } = Wire::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, domains })
    }
}

impl Domain {
    pub(crate) fn decode(json: Value) -> Result<Self, String> {
        let state = DomainState::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, state })
    }
}

/// `POST /broker/v1/placements`.
#[derive(Clone, Debug)]
pub struct Placements {
    /// As it came.
    pub json: Value,
    /// How the broker worked.
    pub meta: PlacementMeta,
    /// Best first.
    pub placements: Vec<Placement>,
    /// How the answer came about, where it was asked for.
    pub explanation: Option<Explanation>,
}

/// How the broker worked out placements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PlacementMeta {
    /// What was made small: a metric, several, or a weighted sum.
    pub objective: Value,
    /// How many were asked for.
    pub k: u64,
    /// Whether the search stopped before that many were proven to be the best.
    pub cut: bool,
    /// Metrics that some link on a path does not tell.
    pub not_told: Vec<String>,
}

/// What a path costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Cost {
    /// Borders crossed.
    pub hops: u64,
    /// One-way delay in milliseconds.
    pub delay_ms: f64,
    /// Price in the federation's unit of account.
    pub price: f64,
}

/// How an answer came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Explanation {
    /// Who could host each node.
    pub nodes: Vec<HostsOfNode>,
    /// Why each placement is where it is.
    pub placements: Vec<Reason>,
    /// Where there is no placement: sets of rules, without all of one set there is one.
    pub relaxations: Vec<Vec<Rule>>,
    /// Whether not everything could be found out.
    pub cut: bool,
}

/// Why a placement is where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reason {
    /// Its rank.
    pub rank: u64,
    /// Its links.
    pub links: Vec<LinkReason>,
    /// Rules that it takes to the limit.
    pub tight: Vec<Rule>,
}

/// Why a link takes the path that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct LinkReason {
    /// The link.
    pub link: String,
    /// Whether it is the best path between the two hosts, whatever the bounds.
    pub is_best: bool,
    /// If not: the rules that keep it from that one.
    pub forced_by: Vec<Rule>,
}

/// Who could host a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HostsOfNode {
    /// The node.
    pub node: String,
    /// How many domains offer it.
    pub offered: u64,
    /// How many of these are left.
    pub left: u64,
    /// What struck out the others.
    pub struck: Vec<Struck>,
}

/// Domains that a rule struck out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Struck {
    /// The rule.
    pub rule: String,
    /// How many.
    pub domains: u64,
}

/// A rule of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub rule: String,
    /// The same for people.
    pub text: String,
}

/// One placement: a domain for every node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Placement {
    /// 1 is the best.
    pub rank: u64,
    /// Inter-domain links crossed, summed over the service graph's links.
    pub hops: u64,
    /// What it costs, summed over the service graph's links.
    #[serde(default)]
    pub cost: Cost,
    /// The domain of every node of the service graph.
    pub nodes: BTreeMap<String, String>,
    /// What it means for each requirement.
    pub requirements: Vec<PlacedRequirement>,
}

/// A requirement in a placement.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlacedRequirement {
    /// Its id; absent for one that the graph only implies.
    #[serde(default)]
    pub id: Option<String>,
    /// Where it starts.
    pub src: String,
    /// Where it ends.
    pub dst: String,
    /// A row of the draft's Table 2: `AS1:NF1` where a node is, `AS2` where the way only passes.
    pub walk: Vec<String>,
    /// Its links, in order.
    #[serde(default)]
    pub links: Vec<PlacedLink>,
}

/// A link of the service graph in a placement.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
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
    pub cost: Cost,
}

impl Placements {
    pub(crate) fn decode(json: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default)]
            meta: PlacementMeta,
            placements: Vec<Placement>,
            explanation: Option<Explanation>,
        }
        let Wire {
            meta,
            placements,
            explanation,
        } = Wire::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            meta,
            placements,
            explanation,
        })
    }
}

/// The best paths of the links of a service graph.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct BestPaths {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The links, in the order of the graph.
    pub links: Vec<PathsOfLink>,
    /// About the answer.
    pub meta: PlacementMeta,
}

/// The paths of one link.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PathsOfLink {
    /// Its id.
    pub id: String,
    /// The node where it starts.
    pub src: String,
    /// The node where it ends.
    pub dst: String,
    /// The best first, for each two hosts.
    pub paths: Vec<PathFound>,
}

/// A path.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PathFound {
    /// The domains from host to host.
    pub path: Vec<String>,
    /// What it costs.
    pub cost: Cost,
}

impl BestPaths {
    pub(crate) fn decode(json: Value) -> Result<Self, String> {
        let found = Self::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, ..found })
    }

    /// Whether some link has no path.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.links.iter().any(|link| link.paths.is_empty())
    }
}
