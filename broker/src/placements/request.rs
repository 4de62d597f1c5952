//! What a client asks for: a service graph, how many placements, by what they are ranked, and under
//! which constraints. What the graph itself says and what the constraints add is one rule from here on,
//! the stricter of the two.

use std::collections::{BTreeMap, BTreeSet};

use nffg::json::{Cursor, FieldError};
use nffg::{
    Bandwidth, Delay, DomainId, GraphForm, NodeKind, Resources, ServiceGraph, decode_service_graph,
};
use serde_json::{Value, json};
use sof::mef::Faults;
use sof::partner::{Availability, decode_availability};

use super::objective::Objective;

mod read;

use read::{flag, groups, names};
pub(crate) use read::{known, of_one};

/// The members of a request for placements.
pub const MEMBERS: [&str; 7] = [
    "sg",
    "k",
    "objective",
    "constraints",
    "policy",
    "disjoint",
    "explain",
];

/// How many placements a request gets that does not say how many.
pub const DEFAULT_K: usize = 10;

/// How large the constraints of a request may be: they come from outside, and bound our work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits;

impl Limits {
    /// Domains that one list may name: no federation of today has as many.
    pub const DOMAINS: usize = 1000;
    /// Groups of nodes, of each kind.
    pub const GROUPS: usize = 64;
    /// The largest `max-hops`: longer than any path vector of the Internet.
    pub const HOPS: u64 = 255;
}

/// A request for placements.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacementRequest {
    /// The service graph.
    pub sg: ServiceGraph,
    /// The form in which it came: errors name the fields of that form.
    pub form: GraphForm,
    /// How many placements.
    pub k: usize,
    /// What they are ranked by.
    pub objective: Objective,
    /// What they have to keep.
    pub constraints: Constraints,
    /// What becomes of the domains' routing policies.
    pub policy: Policy,
    /// What alternatives may not share: each placement is the best one that shares none of it with an
    /// earlier one.
    pub disjoint: Option<Disjoint>,
    /// Say how the answer came about.
    pub explain: bool,
    /// The share of the time in which it has to work: agreements with partners promise that, and the maps tell nothing of
    /// it, so it is asked for in orders alone.
    pub availability: Option<Availability>,
}

/// What becomes of the domains' routing policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Paths keep them.
    #[default]
    Respect,
    /// Paths need not: what would be possible if they were others.
    Ignore,
}

/// What alternatives may not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disjoint {
    /// Domains.
    Domains,
    /// Links between domains.
    Links,
    /// Groups of links that fail together (shared risk link groups).
    Srlg,
}

/// What a placement has to keep, by the graph's own indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Per node of the graph.
    pub nodes: Vec<NodeRule>,
    /// Per link of the graph.
    pub links: Vec<Bounds>,
    /// Per requirement of the graph.
    pub requirements: Vec<Bounds>,
    /// Groups of nodes that go to one domain.
    pub affinity: Vec<Vec<usize>>,
    /// Groups of nodes of which no two go to one domain.
    pub anti_affinity: Vec<Vec<usize>>,
    /// Domains that host nothing and that no path crosses.
    pub forbid_domains: BTreeSet<DomainId>,
}

/// Where a node may go, and what it takes there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRule {
    /// Only to one of these.
    pub allow: Option<BTreeSet<DomainId>>,
    /// To none of these.
    pub forbid: BTreeSet<DomainId>,
    /// What the graph says that it takes, and what the constraints say. Of each kind and unit the
    /// larger amount counts: amounts in unlike units are not compared.
    pub demands: [Resources; 2],
}

impl NodeRule {
    /// Whether the rule lets the node go to a domain.
    #[must_use]
    pub fn admits(&self, domain: &DomainId) -> bool {
        let allowed = self.allow.as_ref().is_none_or(|set| set.contains(domain));
        allowed && !self.forbid.contains(domain)
    }
}

/// What a path has to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// At least so much, on every link that it takes.
    pub bandwidth: Option<Bandwidth>,
    /// At most so long, one way.
    pub max_delay: Option<Delay>,
    /// At most so many borders.
    pub max_hops: Option<u32>,
}

impl Bounds {
    /// Both, the stricter of each.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        fn stricter<T>(a: Option<T>, b: Option<T>, choose: impl Fn(T, T) -> T) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(choose(a, b)),
                (a, b) => a.or(b),
            }
        }
        Self {
            bandwidth: stricter(self.bandwidth, other.bandwidth, Ord::max),
            max_delay: stricter(self.max_delay, other.max_delay, Ord::min),
            max_hops: stricter(self.max_hops, other.max_hops, Ord::min),
        }
    }

    /// Whether they bound nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads a request for placements, of which there may be at most `max_k`.
///
/// # Errors
/// The first fault found: a member that means nothing, one that is wrong or over a limit, or two that
/// contradict each other.
pub fn decode(value: &Value, max_k: usize) -> Result<PlacementRequest, FieldError> {
    let root = Cursor::root(value);
    known(&root, &MEMBERS)?;
    let k = match root.optional("k")? {
        Some(k) => k.integer(1, max_k as u64)?,
        None => DEFAULT_K.min(max_k) as u64,
    };
    let k = usize::try_from(k).unwrap_or(max_k);
    Ok(PlacementRequest {
        k,
        ..decode_common(&root)?
    })
}

/// Reads what requests for placements and for reservations have in common; of these there is one.
///
/// # Errors
/// As for [`decode`]. Members of `root` that are not of a request are the caller's.
pub fn decode_common(root: &Cursor<'_>) -> Result<PlacementRequest, FieldError> {
    let objective = match root.optional("objective")? {
        Some(objective) => Objective::decode(&objective)?,
        None => Objective::default(),
    };
    let policy = match root.optional("policy")? {
        Some(word) => of_one(
            &word,
            &[("respect", Policy::Respect), ("ignore", Policy::Ignore)],
        )?,
        None => Policy::default(),
    };
    let disjoint = root.optional("disjoint")?.map(|word| {
        let words = [
            ("domains", Disjoint::Domains),
            ("links", Disjoint::Links),
            ("srlg", Disjoint::Srlg),
        ];
        of_one(&word, &words)
    });
    let disjoint = disjoint.transpose()?;
    let explain = flag(root, "explain")?;
    let graph = root.required("sg")?;
    let (form, sg) = (GraphForm::of(&graph)?, decode_service_graph(&graph)?);
    let constraints = match root.optional("constraints")? {
        Some(constraints) => Constraints::decode(&constraints, &sg)?,
        None => Constraints::of_graph(&sg),
    };
    Ok(PlacementRequest {
        sg,
        form,
        k: 1,
        objective,
        constraints,
        policy,
        disjoint,
        explain,
        availability: None,
    })
}

/// Reads what an order says of a whole service: a request for placements, and the service level.
///
/// # Errors
/// Of the graph itself the first fault; of the objective, the policy, the service level and each entry of the constraints, all.
pub fn decode_order(root: &Cursor<'_>) -> Result<PlacementRequest, Vec<FieldError>> {
    let mut faults = Vec::new();
    let availability = decode_sls(root).map_err(|error| faults.push(error)).ok();
    let request = decode_common(root);
    match (availability, request) {
        (Some(availability), Ok(request)) => Ok(PlacementRequest {
            availability,
            ..request
        }),
        (_, Ok(_)) => Err(faults),
        (_, Err(first)) => {
            faults.extend(faults_of(root));
            // One that comes of several members together.
            if !faults.contains(&first) {
                faults.push(first);
            }
            faults.truncate(Faults::TOLD);
            Err(faults)
        }
    }
}

/// What is wrong with the members, each by itself.
fn faults_of(root: &Cursor<'_>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let objective = root.optional("objective").and_then(|objective| {
        let read = objective.map(|objective| Objective::decode(&objective));
        read.transpose()
    });
    faults.extend(objective.err());
    let policy = root.optional("policy").and_then(|word| {
        let words = [("respect", Policy::Respect), ("ignore", Policy::Ignore)];
        word.map(|word| of_one(&word, &words)).transpose()
    });
    faults.extend(policy.err());
    let graph = root
        .required("sg")
        .and_then(|graph| decode_service_graph(&graph));
    let sg = match graph {
        Ok(sg) => sg,
        Err(error) => {
            faults.push(error);
            return faults;
        }
    };
    let constraints = root.value().get("constraints").and_then(Value::as_object);
    for (name, value) in constraints.into_iter().flatten() {
        let entries = match (name.as_str(), value) {
            ("nodes" | "links" | "requirements", Value::Object(entries)) => {
                let each = entries.iter().map(|(id, rule)| json!({name: {id: rule}}));
                each.collect()
            }
            _ => vec![json!({name: value})],
        };
        for alone in entries {
            // What is right costs as much as the graph is large, and there are no more of these than the graph has parts.
            if faults.len() >= Faults::TOLD {
                return faults;
            }
            let alone = Constraints::decode(&Cursor::at("constraints", &alone), &sg);
            faults.extend(alone.err());
        }
    }
    faults
}

/// Reads the service level that an order asks for, beside what the graph and the constraints say: its availability.
///
/// # Errors
/// A member is wrong, or means nothing.
pub fn decode_sls(root: &Cursor<'_>) -> Result<Option<Availability>, FieldError> {
    let Some(sls) = root.optional("sls")? else {
        return Ok(None);
    };
    known(&sls, &["availability"])?;
    let told = sls.optional("availability")?;
    told.map(|told| decode_availability(&told)).transpose()
}

impl Constraints {
    /// What the graph itself says.
    #[must_use]
    pub fn of_graph(sg: &ServiceGraph) -> Self {
        let bounds = |bandwidth, max_delay| Bounds {
            bandwidth,
            max_delay,
            max_hops: None,
        };
        let nodes = sg.nodes().iter().map(|node| match &node.kind {
            NodeKind::Nf { demand, .. } => NodeRule {
                demands: [*demand, Resources::default()],
                ..NodeRule::default()
            },
            NodeKind::Sap { .. } => NodeRule::default(),
        });
        let links = sg.links().iter();
        let requirements = sg.requirements().iter();
        Self {
            nodes: nodes.collect(),
            links: links
                .map(|link| bounds(link.bandwidth, link.delay))
                .collect(),
            requirements: requirements
                .map(|requirement| bounds(requirement.bandwidth, requirement.delay))
                .collect(),
            ..Self::default()
        }
    }

    fn decode(constraints: &Cursor<'_>, sg: &ServiceGraph) -> Result<Self, FieldError> {
        known(
            constraints,
            &[
                "nodes",
                "links",
                "requirements",
                "affinity",
                "anti-affinity",
                "forbid-domains",
            ],
        )?;
        let mut all = Self::of_graph(sg);
        if let Some(list) = constraints.optional("forbid-domains")? {
            all.forbid_domains = names(&list, Limits::DOMAINS)?;
        }
        let nodes: BTreeMap<&str, usize> = index(sg.nodes().iter().map(|n| n.id.as_str()));
        if let Some(rules) = constraints.optional("nodes")? {
            for (name, at, rule) in entries(&rules, &nodes, "node")? {
                all.read_node(&rule, sg, name, at)?;
            }
        }
        let links = index(sg.links().iter().map(|link| link.id.as_str()));
        if let Some(rules) = constraints.optional("links")? {
            for (_, at, rule) in entries(&rules, &links, "link")? {
                all.links[at] = all.links[at].and(read::bounds(&rule)?);
            }
        }
        // One that the links imply has no id, and cannot be named.
        let ids = sg.requirements().iter().map(|one| match &one.id {
            Some(id) => id.as_str(),
            None => "",
        });
        let mut requirements = index(ids);
        requirements.remove("");
        if let Some(rules) = constraints.optional("requirements")? {
            for (_, at, rule) in entries(&rules, &requirements, "requirement")? {
                all.requirements[at] = all.requirements[at].and(read::bounds(&rule)?);
            }
        }
        if let Some(list) = constraints.optional("affinity")? {
            all.affinity = groups(&list, &nodes)?;
        }
        if let Some(list) = constraints.optional("anti-affinity")? {
            all.anti_affinity = groups(&list, &nodes)?;
            all.check_groups(&list, sg)?;
        }
        Ok(all)
    }

    fn read_node(
        &mut self,
        rule: &Cursor<'_>,
        sg: &ServiceGraph,
        name: &str,
        at: usize,
    ) -> Result<(), FieldError> {
        known(rule, &["allow", "forbid", "resources"])?;
        let node = &mut self.nodes[at];
        if let Some(list) = rule.optional("forbid")? {
            node.forbid = names(&list, Limits::DOMAINS)?;
        }
        if let Some(list) = rule.optional("allow")? {
            let allow = names(&list, Limits::DOMAINS)?;
            let forbidden = |domain: &DomainId| {
                node.forbid.contains(domain) || self.forbid_domains.contains(domain)
            };
            if allow.iter().all(forbidden) {
                let rule = format!(
                    "no domain is left for '{name}': each that is allowed is forbidden, too"
                );
                return Err(list.invalid(rule));
            }
            node.allow = Some(allow);
        }
        if let Some(resources) = rule.optional("resources")? {
            if matches!(sg.nodes()[at].kind, NodeKind::Sap { .. }) {
                let rule = format!("'{name}' is a SAP, and a SAP takes no resources");
                return Err(resources.invalid(rule));
            }
            node.demands[1] = read::resources(&resources)?;
        }
        Ok(())
    }

    /// Refuses two nodes that are to be together and apart.
    fn check_groups(&self, list: &Cursor<'_>, sg: &ServiceGraph) -> Result<(), FieldError> {
        let together = together(&self.affinity, sg.nodes().len());
        for (group, cursor) in self.anti_affinity.iter().zip(list.array()?) {
            let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
            for node in group {
                if let Some(other) = seen.insert(together[*node], *node) {
                    let [a, b] = [other, *node].map(|node| sg.nodes()[node].id.as_str());
                    let rule = format!("'{a}' and '{b}' are in one domain by affinity");
                    return Err(cursor.invalid(rule));
                }
            }
        }
        Ok(())
    }
}

/// The node that stands for each node's group, all groups that share a node being one.
#[must_use]
pub fn together(affinity: &[Vec<usize>], nodes: usize) -> Vec<usize> {
    let mut stands: Vec<usize> = (0..nodes).collect();
    for group in affinity {
        let Some(lowest) = group.iter().map(|node| stands[*node]).min() else {
            continue;
        };
        let joined: BTreeSet<usize> = group.iter().map(|node| stands[*node]).collect();
        for stand in stands.iter_mut().filter(|stand| joined.contains(stand)) {
            *stand = lowest;
        }
    }
    stands
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    names.enumerate().map(|(at, name)| (name, at)).collect()
}

/// The members of an object whose names are ids of the graph: name, index, value.
fn entries<'a>(
    object: &Cursor<'a>,
    ids: &BTreeMap<&str, usize>,
    what: &str,
) -> Result<Vec<(&'a str, usize, Cursor<'a>)>, FieldError> {
    let mut entries = Vec::new();
    for name in object.object()?.keys() {
        let value = object.required(name)?;
        let Some(at) = ids.get(name.as_str()) else {
            let rule = format!("the service graph has no {what} of this id");
            return Err(FieldError::invalid(value.path(), name, rule));
        };
        entries.push((name.as_str(), *at, value));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
