//! Why the answer is what it is: who could host each node and what struck them out, what each bound rules
//! out, why each placement costs what it does; and where nothing is left, what would have to go.
//!
//! The engine finds all of it by asking itself again ([`idt::search::explain`]); here it gets names.

use std::collections::BTreeSet;

use idt::DomainIndex;
use idt::search::{self, ConstraintRef, best_placements, explain_without_transit};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::CostBody;
use super::problem::{Cost, Effort, KINDS, Solved, Stated, has_room};
use super::request::{NodeRule, PlacementRequest, Policy};
use super::{PlaceError, Version, cancel};

/// The rule that is about what domains charge and forbid in transit.
const TRANSIT: &str = "transit";

/// How an answer came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// Who could host each node, in the order of the graph.
    pub nodes: Vec<HostsOfNode>,
    /// Which pairs of hosts each link could join, in the order of the graph. Empty if some node has no
    /// host, or if that was too much work.
    pub links: Vec<PairsOfLink>,
    /// Why each placement is where it is; fewer than placements if that was too much work.
    pub placements: Vec<Reason>,
    /// Where there is no placement: sets of rules, all of one size and as small as can be. Without all
    /// rules of a set there is a placement. None, if it is hosts or links that are missing.
    pub relaxations: Vec<Vec<Rule>>,
    /// What the search did.
    pub search: Search,
    /// Not everything could be found out.
    pub cut: bool,
}

/// What a search did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Search {
    /// Windows of cost that were walked through.
    pub windows: u64,
    /// Nodes placed in all of them.
    pub expansions: u64,
    /// Assignments whose routes were worked out.
    pub routed: u64,
}

/// Who could host a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HostsOfNode {
    /// The node.
    pub node: String,
    /// How many domains have the SAP or support the NF's type.
    pub offered: usize,
    /// How many of these the rules leave.
    pub left: usize,
    /// What struck out the others.
    pub struck: Vec<Struck>,
}

/// Domains that a rule struck out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Struck {
    /// `allow`, `forbid`, `forbid-domains` or `resources`.
    pub rule: &'static str,
    /// How many: a domain counts for the first rule that strikes it out.
    pub domains: usize,
}

/// Which pairs of hosts a link could join.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PairsOfLink {
    /// The link.
    pub link: String,
    /// Pairs of hosts of its two nodes.
    pub pairs: usize,
    /// Pairs that no path joins: none at all, or none that policies and forbidden domains allow.
    pub unreachable: usize,
    /// Of these, the pairs that only paths join through domains that refuse to carry it.
    pub refused: usize,
    /// Pairs that only paths without the bandwidth join.
    pub bandwidth: usize,
    /// Pairs too far apart for `max-delay`.
    pub max_delay: usize,
    /// Pairs too far apart for `max-hops`.
    pub max_hops: usize,
    /// Pairs left once each is looked at alone.
    pub left: usize,
}

/// Why a placement is where it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// Its rank.
    pub rank: usize,
    /// Its links, in the order of the graph.
    pub links: Vec<LinkReason>,
    /// Rules that it takes to the limit.
    pub tight: Vec<Rule>,
}

/// Why a link takes the path that it takes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LinkReason {
    /// The link.
    pub link: String,
    /// What its path costs.
    pub cost: CostBody,
    /// It is the best path between the two hosts, whatever the bounds.
    pub is_best: bool,
    /// If not: the rules, without any one of which it would be; or, if no single one would do, a
    /// smallest set.
    pub forced_by: Vec<Rule>,
}

/// A rule of the request, its graph's own included.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Rule {
    /// What it is about: `node NF1`, `link 2`, `requirement 1`, `domain AS1`, or the list that it stands
    /// in.
    pub subject: String,
    /// What it says: `allow`, `bandwidth`, `max-delay`, `transit`, ...
    pub rule: &'static str,
    /// The same for people.
    pub text: String,
}

/// Explains an answer: finds it again, and asks why.
///
/// # Errors
/// As for [`super::problem::solve`].
pub fn explain(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
) -> Result<(Solved, Explanation), PlaceError> {
    let stated = Stated::new(version, request)?;
    let transit = request.policy == Policy::Respect && version.has_crossings();
    let why = explain_without_transit(
        version.distances_under(request.policy),
        transit.then(|| version.distances()),
        &stated.problem,
        request.k,
        effort.budget(),
        effort.budget(),
    );
    cancel::check(effort.cancelled)?;
    let solved = stated.solved(version, &why.found);
    let words = Words {
        version,
        request,
        stated: &stated,
    };
    let lacks_relaxations = why.found.placements.is_empty() && request.k > 0;
    let sets = why.relaxations.as_ref();
    let explanation = Explanation {
        nodes: hosts(version, request)?,
        links: words.links(&why.links),
        placements: why
            .placements
            .iter()
            .enumerate()
            .map(|(at, reason)| words.reason(at + 1, reason))
            .collect(),
        relaxations: sets
            .map(|found| {
                let sets = found.sets.iter();
                sets.map(|set| words.relaxation(set, effort)).collect()
            })
            .unwrap_or_default(),
        search: Search {
            windows: why.effort.windows,
            expansions: why.effort.expansions,
            routed: why.effort.routed,
        },
        cut: why.placements.len() < why.found.placements.len()
            || (lacks_relaxations && !sets.is_some_and(|found| found.smallest)),
    };
    Ok((solved, explanation))
}

/// The names of what the engine knows by position.
struct Words<'a> {
    version: &'a Version,
    request: &'a PlacementRequest,
    stated: &'a Stated,
}

impl Words<'_> {
    fn links(&self, counts: &[search::PairCounts]) -> Vec<PairsOfLink> {
        let links = self.request.sg.links().iter().zip(counts);
        links
            .map(|(link, counts)| PairsOfLink {
                link: link.id.to_string(),
                pairs: counts.pairs,
                unreachable: counts.unreachable,
                refused: counts.refused,
                bandwidth: counts.bandwidth,
                max_delay: counts.delay,
                max_hops: counts.hops,
                left: counts.left,
            })
            .collect()
    }

    fn reason(&self, rank: usize, reason: &search::PlacementReason) -> Reason {
        let links = self.request.sg.links().iter().zip(&reason.links);
        Reason {
            rank,
            links: links
                .map(|(link, why)| LinkReason {
                    link: link.id.to_string(),
                    cost: CostBody::from(Cost {
                        hops: why.hops,
                        delay: why.delay,
                        price: why.price,
                    }),
                    is_best: why.free,
                    forced_by: self.rules(&why.forced_by),
                })
                .collect(),
            tight: self.rules(&reason.tight),
        }
    }

    /// The rules of a set; of transit it says whose terms are in the way of the placement without it.
    fn relaxation(&self, set: &[ConstraintRef], effort: &Effort<'_>) -> Vec<Rule> {
        let mut rules = self.rules(set);
        if set.contains(&ConstraintRef::Transit)
            && let Some(rule) = rules.iter_mut().find(|rule| rule.rule == TRANSIT)
        {
            let mut rest = self.stated.problem.without(set);
            rest.disjoint = None;
            let found = best_placements(self.version.distances(), &rest, 1, effort.budget());
            let refusals: BTreeSet<String> = found
                .placements
                .iter()
                .flat_map(|placement| &placement.segments)
                .flat_map(|segment| segment.windows(3))
                .filter_map(|three| self.not_carried(three))
                .collect();
            if !refusals.is_empty() {
                let all = refusals.into_iter().collect::<Vec<_>>().join(", ");
                rule.text = format!("{}: {all}", rule.text);
            }
        }
        rules
    }

    /// That the second of three domains does not carry from the first to the third.
    fn not_carried(&self, three: &[DomainIndex]) -> Option<String> {
        let [from, by, to] = three else { return None };
        let idt = self.version.maps.idt();
        let [from, by, to] = [from, by, to].map(|domain| idt.graph().id(*domain));
        let policy = idt.policy(by)?;
        (!policy.crossing(from, to).carry)
            .then(|| format!("{by} does not carry from {from} to {to}"))
    }

    /// Each once: several constraints of the engine may come from one rule.
    fn rules(&self, constraints: &[ConstraintRef]) -> Vec<Rule> {
        let mut rules: Vec<Rule> = constraints.iter().map(|one| self.rule(*one)).collect();
        rules.sort();
        rules.dedup();
        rules
    }

    fn rule(&self, constraint: ConstraintRef) -> Rule {
        let sg = &self.request.sg;
        // The node of the graph that has a place in the problem.
        let node = |place: usize| {
            let found = self.stated.position.iter().position(|at| *at == place);
            found.map_or_else(String::new, |node| sg.nodes()[node].id.to_string())
        };
        let group = |groups: &[Vec<usize>], at: usize| {
            let of_group = groups.get(at).into_iter().flatten();
            let names = of_group.map(|place| node(*place));
            names.collect::<Vec<_>>().join(", ")
        };
        let link = |at: usize| {
            let link = sg.links().get(at);
            format!("link {}", link.map_or("", |link| link.id.as_str()))
        };
        let requirement = |at: usize| {
            let id = sg.requirements().get(at).and_then(|one| one.id.as_ref());
            format!("requirement {}", id.map_or("", |id| id.as_str()))
        };
        let graph = self.version.maps.idt().graph();
        let of = |subject: String, rule: &'static str, what: &str| Rule {
            text: format!("{what} of {subject}"),
            subject,
            rule,
        };
        let about = |subject: &str, rule: &'static str, text: String| Rule {
            subject: subject.to_owned(),
            rule,
            text,
        };
        match constraint {
            ConstraintRef::Allowed { node: at } => {
                of(format!("node {}", node(at)), "allow", "the domains allowed")
            }
            ConstraintRef::Forbidden { node: at } => of(
                format!("node {}", node(at)),
                "forbid",
                "the domains forbidden",
            ),
            ConstraintRef::Capacity { domain, kind } => {
                let kind = KINDS.get(kind).copied().unwrap_or_default();
                let subject = format!("domain {}", graph.id(domain));
                let text = format!("the {kind} that {subject} has left");
                about(&subject, "resources", text)
            }
            ConstraintRef::Affinity { group: at } => {
                let names = group(&self.stated.problem.affinity, at);
                let text = format!("that {names} go to one domain");
                about("affinity", "affinity", text)
            }
            ConstraintRef::AntiAffinity { group: at } => {
                let names = group(&self.stated.problem.anti_affinity, at);
                let text = format!("that {names} go to different domains");
                about("anti-affinity", "anti-affinity", text)
            }
            ConstraintRef::LinkBandwidth { link: at } => of(link(at), "bandwidth", "the bandwidth"),
            ConstraintRef::LinkDelay { link: at } => of(link(at), "max-delay", "the delay"),
            ConstraintRef::LinkHops { link: at } => of(link(at), "max-hops", "the hops"),
            ConstraintRef::RequirementBandwidth { requirement: at } => {
                of(requirement(at), "bandwidth", "the bandwidth")
            }
            ConstraintRef::RequirementDelay { requirement: at } => {
                of(requirement(at), "max-delay", "the delay")
            }
            ConstraintRef::RequirementHops { requirement: at } => {
                of(requirement(at), "max-hops", "the hops")
            }
            ConstraintRef::ClosedDomain { domain } => {
                let id = graph.index_of(domain).map(|index| graph.id(index));
                let id = id.map_or("", |id| id.as_str());
                let text = format!("that {id} is forbidden");
                about("forbid-domains", "forbid-domains", text)
            }
            ConstraintRef::Disjoint => {
                let text = "that alternatives share nothing".to_owned();
                about("disjoint", "disjoint", text)
            }
            ConstraintRef::ValleyFree => {
                let text = "that paths keep to business relationships".to_owned();
                about("policy", "policy", text)
            }
            ConstraintRef::Refusal { domain } => {
                let id = graph.index_of(domain).map(|index| graph.id(index));
                let id = id.map_or("", |id| id.as_str());
                let text = format!("that {id} refuses to carry from or to some domains");
                about(&format!("domain {id}"), "refusal", text)
            }
            ConstraintRef::Transit => {
                let text = "what domains charge and forbid in transit".to_owned();
                about("policy", TRANSIT, text)
            }
            // Requests state none of these.
            ConstraintRef::ClosedEdge { .. } | ConstraintRef::MinBandwidth => {
                about("links", "links", "the links that may be used".to_owned())
            }
        }
    }
}

fn hosts(version: &Version, request: &PlacementRequest) -> Result<Vec<HostsOfNode>, PlaceError> {
    let idr = version.maps.idr();
    let rules = &request.constraints;
    let offered = idr.hosts(&request.sg)?;
    let nodes = request.sg.nodes().iter().zip(&rules.nodes).zip(offered);
    let of_node = |((node, rule), offered): ((&nffg::Node, &NodeRule), Vec<nffg::DomainId>)| {
        let words = ["allow", "forbid", "forbid-domains", "resources"];
        let mut struck = [0; 4];
        let mut left = 0;
        for domain in &offered {
            let room = idr
                .domain(domain)
                .is_none_or(|domain| has_room(domain, rule));
            let is_allowed = rule.allow.as_ref().is_none_or(|set| set.contains(domain));
            if !is_allowed {
                struck[0] += 1;
            } else if rule.forbid.contains(domain) {
                struck[1] += 1;
            } else if rules.forbid_domains.contains(domain) {
                struck[2] += 1;
            } else if !room {
                struck[3] += 1;
            } else {
                left += 1;
            }
        }
        let struck = words.into_iter().zip(struck);
        HostsOfNode {
            node: node.id.to_string(),
            offered: offered.len(),
            left,
            struck: struck
                .filter(|(_, domains)| *domains > 0)
                .map(|(rule, domains)| Struck { rule, domains })
                .collect(),
        }
    };
    Ok(nodes.map(of_node).collect())
}
