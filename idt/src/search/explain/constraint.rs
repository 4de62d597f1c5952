//! The constraints of a problem, one by one.

use std::collections::BTreeSet;

use crate::DomainIndex;
use crate::net::EdgeId;
use crate::search::placements::PlacementProblem;

/// One constraint of a problem, by its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConstraintRef {
    /// Only some domains may host a node.
    Allowed {
        /// The node.
        node: usize,
    },
    /// Some domains may not host a node.
    Forbidden {
        /// The node.
        node: usize,
    },
    /// What a domain has of a kind of resource.
    Capacity {
        /// The domain.
        domain: DomainIndex,
        /// The position of the kind in demands and capacities.
        kind: usize,
    },
    /// The nodes of a group are in one domain.
    Affinity {
        /// The group.
        group: usize,
    },
    /// The nodes of a group are in different domains.
    AntiAffinity {
        /// The group.
        group: usize,
    },
    /// A link's own bandwidth.
    LinkBandwidth {
        /// The link.
        link: usize,
    },
    /// A link's longest delay.
    LinkDelay {
        /// The link.
        link: usize,
    },
    /// A link's most hops.
    LinkHops {
        /// The link.
        link: usize,
    },
    /// What a requirement carries over each of its links.
    RequirementBandwidth {
        /// The requirement.
        requirement: usize,
    },
    /// A requirement's longest delay.
    RequirementDelay {
        /// The requirement.
        requirement: usize,
    },
    /// A requirement's most hops.
    RequirementHops {
        /// The requirement.
        requirement: usize,
    },
    /// A closed domain.
    ClosedDomain {
        /// Its position.
        domain: u32,
    },
    /// A closed edge.
    ClosedEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// The least bandwidth of an edge, for all links.
    MinBandwidth,
    /// Business relationships are respected.
    ValleyFree,
    /// What a domain refuses to carry.
    Refusal {
        /// The domain's position.
        domain: u32,
    },
    /// What domains charge and forbid in transit. It is of the net and not of the problem: see
    /// [`explain_without_transit`](super::explain_without_transit).
    Transit,
    /// Alternatives share nothing with earlier ones.
    Disjoint,
}

impl PlacementProblem {
    /// The constraints that the problem has, each one that could make a difference. In order.
    #[must_use]
    pub fn constraints(&self) -> Vec<ConstraintRef> {
        let mut all = BTreeSet::new();
        for (node, of) in self.nodes.iter().enumerate() {
            if of.allowed.is_some() {
                all.insert(ConstraintRef::Allowed { node });
            }
            if !of.forbidden.is_empty() {
                all.insert(ConstraintRef::Forbidden { node });
            }
            for domain in &of.hosts {
                let Some(capacity) = self.capacity.get(domain) else {
                    continue;
                };
                for (kind, (has, demand)) in capacity.iter().zip(&of.demand).enumerate() {
                    let asks = *demand > 0.0 || demand.is_nan();
                    // What is negative or no number has no room for nothing.
                    let none = *has < 0.0 || has.is_nan();
                    if *has != f64::INFINITY && (asks || none) {
                        all.insert(ConstraintRef::Capacity {
                            domain: *domain,
                            kind,
                        });
                    }
                }
            }
        }
        all.extend((0..self.affinity.len()).map(|group| ConstraintRef::Affinity { group }));
        let apart = 0..self.anti_affinity.len();
        all.extend(apart.map(|group| ConstraintRef::AntiAffinity { group }));
        for (link, of) in self.links.iter().enumerate() {
            let has = [
                (of.bandwidth > 0, ConstraintRef::LinkBandwidth { link }),
                (of.max_delay.is_some(), ConstraintRef::LinkDelay { link }),
                (of.max_hops.is_some(), ConstraintRef::LinkHops { link }),
            ];
            all.extend(has.into_iter().filter(|has| has.0).map(|has| has.1));
        }
        for (requirement, of) in self.requirements.iter().enumerate() {
            let has = [
                (
                    of.bandwidth > 0,
                    ConstraintRef::RequirementBandwidth { requirement },
                ),
                (
                    of.max_delay.is_some(),
                    ConstraintRef::RequirementDelay { requirement },
                ),
                (
                    of.max_hops.is_some(),
                    ConstraintRef::RequirementHops { requirement },
                ),
            ];
            all.extend(has.into_iter().filter(|has| has.0).map(|has| has.1));
        }
        let closed = self.restriction.closed_domains.iter();
        all.extend(closed.map(|domain| ConstraintRef::ClosedDomain { domain: *domain }));
        let closed = self.restriction.closed_edges.iter();
        all.extend(closed.map(|edge| ConstraintRef::ClosedEdge { edge: *edge }));
        if self.restriction.min_bandwidth > 0 {
            all.insert(ConstraintRef::MinBandwidth);
        }
        if self.restriction.valley_free {
            all.insert(ConstraintRef::ValleyFree);
        }
        let refusing = self.refused.refusing().into_iter();
        all.extend(refusing.map(|domain| ConstraintRef::Refusal { domain }));
        if self.disjoint.is_some() {
            all.insert(ConstraintRef::Disjoint);
        }
        all.into_iter().collect()
    }

    /// The problem without some of its constraints. What it does not have is not missed.
    #[must_use]
    pub fn without(&self, constraints: &[ConstraintRef]) -> Self {
        let mut rest = self.clone();
        // Groups keep their positions: one that is dropped is empty.
        for constraint in constraints {
            match *constraint {
                ConstraintRef::Allowed { node } => {
                    if let Some(node) = rest.nodes.get_mut(node) {
                        node.allowed = None;
                    }
                }
                ConstraintRef::Forbidden { node } => {
                    if let Some(node) = rest.nodes.get_mut(node) {
                        node.forbidden.clear();
                    }
                }
                ConstraintRef::Capacity { domain, kind } => {
                    if let Some(amount) = rest
                        .capacity
                        .get_mut(&domain)
                        .and_then(|has| has.get_mut(kind))
                    {
                        *amount = f64::INFINITY;
                    }
                }
                ConstraintRef::Affinity { group } => {
                    if let Some(group) = rest.affinity.get_mut(group) {
                        group.clear();
                    }
                }
                ConstraintRef::AntiAffinity { group } => {
                    if let Some(group) = rest.anti_affinity.get_mut(group) {
                        group.clear();
                    }
                }
                ConstraintRef::LinkBandwidth { link } => {
                    if let Some(link) = rest.links.get_mut(link) {
                        link.bandwidth = 0;
                    }
                }
                ConstraintRef::LinkDelay { link } => {
                    if let Some(link) = rest.links.get_mut(link) {
                        link.max_delay = None;
                    }
                }
                ConstraintRef::LinkHops { link } => {
                    if let Some(link) = rest.links.get_mut(link) {
                        link.max_hops = None;
                    }
                }
                ConstraintRef::RequirementBandwidth { requirement } => {
                    if let Some(walk) = rest.requirements.get_mut(requirement) {
                        walk.bandwidth = 0;
                    }
                }
                ConstraintRef::RequirementDelay { requirement } => {
                    if let Some(walk) = rest.requirements.get_mut(requirement) {
                        walk.max_delay = None;
                    }
                }
                ConstraintRef::RequirementHops { requirement } => {
                    if let Some(walk) = rest.requirements.get_mut(requirement) {
                        walk.max_hops = None;
                    }
                }
                ConstraintRef::ClosedDomain { domain } => {
                    rest.restriction.closed_domains.remove(&domain);
                }
                ConstraintRef::ClosedEdge { edge } => {
                    rest.restriction.closed_edges.remove(&edge);
                }
                ConstraintRef::MinBandwidth => rest.restriction.min_bandwidth = 0,
                ConstraintRef::ValleyFree => rest.restriction.valley_free = false,
                ConstraintRef::Refusal { domain } => rest.refused.admit(domain),
                ConstraintRef::Transit => {}
                ConstraintRef::Disjoint => rest.disjoint = None,
            }
        }
        rest
    }
}
