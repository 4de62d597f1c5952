//! The traffic engineering database (TED): the members' topologies, and the snapshots made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use ipnet::IpNet;
use nffg::{Bandwidth, Delay, DomainId, Window};

use crate::crossing::Crossings;
use crate::graph::{State, Strangers};
use crate::net::{EdgeId, Net};
use crate::policy::{self, DomainPolicy, Policies, Refusals, Relationship};
use crate::risk::{self, RiskGroups};
use crate::window::Windows;
use crate::{DomainGraph, DomainIndex, DomainTopology, Link};

/// A link between two domains that resource views tell (both tag a port with one SAP), in both
/// directions alike. It has no routers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BorderLink {
    /// One end.
    pub a: DomainId,
    /// The other end.
    pub b: DomainId,
    /// One-way delay, where told.
    pub delay: Option<Delay>,
    /// Bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
}

impl BorderLink {
    /// The same link with its ends in order.
    fn ordered(self) -> Self {
        let Self {
            a,
            b,
            delay,
            bandwidth,
        } = self;
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self {
            a,
            b,
            delay,
            bandwidth,
        }
    }
}

/// A change of the TED. An update that says what is so already changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The domain is a member. One that becomes a member so has no topology of its own: its
    /// neighbours may speak for it. One that has a topology keeps it.
    Join(DomainId),
    /// The domain is a member and this is its topology.
    Topology(DomainTopology),
    /// The domain's topology is gone. A member stays one; a domain that is none does not become one.
    Silent(DomainId),
    /// The domain is no longer a member, and its topology is gone.
    Leave(DomainId),
    /// The borders that resource views tell. The list replaces the earlier one whole.
    Borders(Vec<BorderLink>),
    /// The domain's policy, in place of an earlier one. It stays when the domain leaves and counts when
    /// it is a member.
    Policy(DomainId, Option<DomainPolicy>),
    /// What the domain announces of its links, in place of what it announced earlier. Only a member
    /// announces anything.
    Windows(DomainId, Vec<Window>),
}

/// Versions of it share what did not change.
pub(crate) type Members = OrdMap<DomainId, Option<Arc<DomainTopology>>>;

/// The domains that a batch of updates is about.
#[derive(Default)]
struct Touched {
    /// Their membership or topology.
    exports: Vec<DomainId>,
    policies: Vec<DomainId>,
    windows: Vec<DomainId>,
}

/// Each once, in order.
fn sorted(mut domains: Vec<DomainId>) -> Vec<DomainId> {
    if !domains.is_sorted_by(|a, b| a < b) {
        domains.sort_unstable();
        domains.dedup();
    }
    domains
}

/// The single writer of the inter-domain topology.
#[derive(Clone, Debug, Default)]
pub struct Ted {
    members: Members,
    /// Sorted, the ends of each in order.
    borders: Arc<[BorderLink]>,
    policies: Policies,
    windows: Windows,
    strangers: Strangers,
    current: Arc<Snapshot>,
}

impl Ted {
    /// A TED without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies `updates` in order, then publishes a snapshot if anything is now other than before.
    /// Returns whether it is. A batch makes one snapshot, whatever its length.
    ///
    /// The cost is that of what changed: for the topology of one domain, of its links and the rows of
    /// its neighbours. Where domains join or leave, all are numbered anew.
    pub fn apply(&mut self, updates: impl IntoIterator<Item = Update>) -> bool {
        let mut touched = Touched::default();
        for update in updates {
            self.apply_one(update, &mut touched);
        }
        let [mut windows_touched, mut touched, mut policies_touched] =
            [touched.windows, touched.exports, touched.policies].map(sorted);
        let before = &self.current.members;
        touched.retain(
            |domain| match (before.get(domain), self.members.get(domain)) {
                (None, None) => false,
                (Some(old), Some(new)) if old == new => {
                    // It left and came back within the batch: snapshots share what is equal.
                    self.members.insert(domain.clone(), old.clone());
                    false
                }
                _ => true,
            },
        );
        let policies_before = &self.current.policies;
        policies_touched.retain(|domain| policies_before.get(domain) != self.policies.get(domain));
        let windows_before = &self.current.windows;
        windows_touched.retain(|domain| windows_before.get(domain) != self.windows.get(domain));
        if self.borders == self.current.borders {
            self.borders = Arc::clone(&self.current.borders);
            if touched.is_empty() && policies_touched.is_empty() && windows_touched.is_empty() {
                return false;
            }
        }
        let after = State {
            members: &self.members,
            borders: &self.borders,
            policies: &self.policies,
        };
        let graph = if 2 * (touched.len() + policies_touched.len()) > self.members.len() {
            // Most of what there is, is new.
            let (graph, strangers) = DomainGraph::derive(after);
            self.strangers = strangers;
            graph
        } else {
            let before = State {
                members: before,
                borders: &self.current.borders,
                policies: policies_before,
            };
            let graph = &self.current.graph;
            graph.next(
                before,
                after,
                &touched,
                &policies_touched,
                &mut self.strangers,
            )
        };
        let mut refusals = self.current.refusals.clone();
        let mut related = self.current.related;
        for domain in &policies_touched {
            let [before, after] = [policies_before, &self.policies]
                .map(|policies| policies.get(domain).map(|policy| &**policy));
            refusals.replace(domain, before, after);
            let tells = |policy: Option<&DomainPolicy>| {
                usize::from(policy.is_some_and(|told| !told.relationships.is_empty()))
            };
            related = related + tells(after) - tells(before);
        }
        let crossings = self.current.crossings.next(
            &self.current.graph,
            &graph,
            after,
            [&touched, &policies_touched],
        );
        self.current = Arc::new(Snapshot {
            generation: self.current.generation + 1,
            members: self.members.clone(),
            borders: Arc::clone(&self.borders),
            policies: self.policies.clone(),
            windows: self.windows.clone(),
            refusals,
            related,
            graph,
            crossings,
            risks: OnceLock::new(),
        });
        true
    }

    fn apply_one(&mut self, update: Update, touched: &mut Touched) {
        match update {
            Update::Join(domain) => {
                if !self.members.contains_key(&domain) {
                    self.members.insert(domain.clone(), None);
                }
                touched.exports.push(domain);
            }
            Update::Topology(topology) => {
                let domain = topology.domain().clone();
                let told = self.members.get(&domain).and_then(Option::as_deref);
                // An equal topology keeps the old allocation, so that snapshots share it.
                if told != Some(&topology) {
                    self.members
                        .insert(domain.clone(), Some(Arc::new(topology)));
                }
                touched.exports.push(domain);
            }
            Update::Silent(domain) => {
                if let Some(Some(_)) = self.members.get(&domain) {
                    self.members.insert(domain.clone(), None);
                }
                touched.exports.push(domain);
            }
            Update::Leave(domain) => {
                self.members.remove(&domain);
                if self.windows.remove(&domain).is_some() {
                    touched.windows.push(domain.clone());
                }
                touched.exports.push(domain);
            }
            Update::Borders(borders) => {
                let mut borders: Vec<_> = borders.into_iter().map(BorderLink::ordered).collect();
                borders.sort_unstable();
                self.borders = borders.into();
            }
            Update::Policy(domain, policy) => {
                match policy {
                    Some(policy) => {
                        let told = self.policies.get(&domain).map(|told| &**told);
                        if told != Some(&policy) {
                            self.policies.insert(domain.clone(), Arc::new(policy));
                        }
                    }
                    None => {
                        self.policies.remove(&domain);
                    }
                }
                touched.policies.push(domain);
            }
            Update::Windows(domain, mut windows) => {
                windows.sort_unstable();
                windows.dedup();
                if windows.is_empty() || !self.members.contains_key(&domain) {
                    self.windows.remove(&domain);
                } else if self.windows.get(&domain).map(|told| &**told) != Some(&*windows) {
                    self.windows.insert(domain.clone(), windows.into());
                }
                touched.windows.push(domain);
            }
        }
    }

    /// The latest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current)
    }
}

/// The inter-domain topology at one moment. Immutable; topologies that did not change are shared
/// with the snapshot before.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    generation: u64,
    members: Members,
    borders: Arc<[BorderLink]>,
    policies: Policies,
    windows: Windows,
    refusals: Refusals,
    /// How many policies tell a relationship.
    related: usize,
    graph: DomainGraph,
    crossings: Crossings,
    /// Found when somebody asks.
    risks: OnceLock<RiskGroups>,
}

impl Snapshot {
    /// Which snapshot of this process's [`Ted`] this is. For caches only: it starts anew with the
    /// process and must not leave it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The members, in order.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &DomainId> {
        self.members.keys()
    }

    /// The topology of a member that exports one.
    #[must_use]
    pub fn topology(&self, domain: &DomainId) -> Option<&Arc<DomainTopology>> {
        self.members.get(domain)?.as_ref()
    }

    /// What the members export, in versions that share what is equal.
    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// Whether a policy of some domain is known, be it a member's or not.
    #[must_use]
    pub fn has_policies(&self) -> bool {
        !self.policies.is_empty()
    }

    /// Whether some domain, be it a member or not, tells a relationship.
    #[must_use]
    pub fn has_relationships(&self) -> bool {
        self.related > 0
    }

    /// Whether some domain, be it a member or not, refuses to carry something.
    #[must_use]
    pub fn has_refusals(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Whether some member charges or forbids crossing it: [`Self::crossing_net`] is a net of its own.
    #[must_use]
    pub fn has_crossings(&self) -> bool {
        self.crossings.net().is_some()
    }

    /// Whether it has the members of `other`, each with the prefixes that it has there. Costs what is
    /// different between the two.
    #[must_use]
    pub fn has_prefixes_of(&self, other: &Self) -> bool {
        fn prefixes(topology: Option<&Arc<DomainTopology>>) -> &[IpNet] {
            topology.map_or(&[], |told| told.prefixes())
        }
        let same = |item: DiffItem<'_, '_, DomainId, Option<Arc<DomainTopology>>>| match item {
            DiffItem::Update { old, new } => prefixes(old.1.as_ref()) == prefixes(new.1.as_ref()),
            DiffItem::Add(..) | DiffItem::Remove(..) => false,
        };
        other.members.diff(&self.members).all(same)
    }

    /// What a domain declares, member or not.
    #[must_use]
    pub fn policy(&self, domain: &DomainId) -> Option<&Arc<DomainPolicy>> {
        self.policies.get(domain)
    }

    /// What `b` is to `a` by the word of either; `None` if neither tells it, or they contradict each
    /// other.
    #[must_use]
    pub fn relationship(&self, a: &DomainId, b: &DomainId) -> Option<Relationship> {
        policy::relationship(&self.policies, a, b)
    }

    /// The pairs of domains that contradict each other about their relationship, which is taken as not
    /// known then: each once, the first by id first, sorted.
    #[must_use]
    pub fn contradictions(&self) -> Vec<(DomainId, DomainId)> {
        policy::contradictions(&self.policies)
    }

    /// The members that do not carry traffic from `source` to `destination`, by their index in
    /// [`Self::graph`]. The two themselves are not among them: what starts or ends there is not carried
    /// on. It is what [`Restriction::closed_transit`](crate::search::Restriction::closed_transit) is for.
    ///
    /// The cost is that of the answer.
    #[must_use]
    pub fn refusing(&self, source: &DomainId, destination: &DomainId) -> BTreeSet<u32> {
        let refusing = self.refusals.of(source, destination);
        self.points(refusing.filter(|domain| *domain != source && *domain != destination))
    }

    /// The members that carry no traffic from `source`, by their index in [`Self::graph`]; the cost is
    /// that of the answer. See [`RefusedTraffic`](crate::search::RefusedTraffic).
    #[must_use]
    pub fn refusing_source(&self, source: &DomainId) -> BTreeSet<u32> {
        self.points(self.refusals.of_source(source))
    }

    /// The members that carry no traffic to `destination`, as [`Self::refusing_source`] tells them.
    #[must_use]
    pub fn refusing_destination(&self, destination: &DomainId) -> BTreeSet<u32> {
        self.points(self.refusals.of_destination(destination))
    }

    fn points<'a>(&self, domains: impl Iterator<Item = &'a DomainId>) -> BTreeSet<u32> {
        let indices = domains.filter_map(|domain| self.graph.index(domain));
        indices.map(|index| index.point()).collect()
    }

    /// What members announce, in versions that share what is equal.
    pub(crate) fn all_windows(&self) -> &Windows {
        &self.windows
    }

    /// What policies declare, in versions that share what is equal.
    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The domain graph.
    #[must_use]
    pub fn graph(&self) -> &DomainGraph {
        &self.graph
    }

    /// The net of the domain graph in which it costs what domains charge to cross them, from border to
    /// border. It is [`DomainGraph::net`] itself if none charges or forbids anything. Domains have the
    /// same numbers in both.
    ///
    /// A domain charges in transit only, what starts or ends there crosses nothing. The delay from one
    /// of its border routers to another is the shortest by its own topology where that tells delays of
    /// links, else what its transit rule declares, else 0; the price is that of the rule
    /// ([`DomainPolicy::crossing`]). Traffic does not cross where the rule says so, nor where the
    /// topology tells links within the domain and no way between the two border routers. Bandwidth
    /// within domains is not told.
    ///
    /// A distance over this net is that of the cheapest walk. A walk that passes a domain twice may be
    /// cheaper than each path vector, where a domain forbids or charges one crossing and not two others
    /// that lead to the same: then it is a lower bound, and only a
    /// [`PathStream`](crate::search::PathStream) tells the cheapest path vector.
    #[must_use]
    pub fn crossing_net(&self) -> &Arc<Net> {
        self.crossings.net().unwrap_or_else(|| self.graph.net())
    }

    /// The link that an edge of [`Self::crossing_net`] stands for; `None` if it is within a domain, or
    /// the net has no such edge.
    #[must_use]
    pub fn link_of(&self, edge: EdgeId) -> Option<&Link> {
        let [from, to] = self.crossing_ends(edge)?;
        let position = self.crossings.position(&self.graph, edge)?;
        self.graph.links(from, to).get(position)
    }

    /// The edge of the graph's own net for the link that an edge of [`Self::crossing_net`] stands for;
    /// `None` if it is within a domain, or the net has no such edge.
    #[must_use]
    pub fn plain_edge(&self, edge: EdgeId) -> Option<EdgeId> {
        let [from, to] = self.crossing_ends(edge)?.map(DomainIndex::point);
        let position = self.crossings.position(&self.graph, edge)?;
        let links = self.graph.net().row(from).edges_to(to);
        let nth = u32::try_from(links.start + position).ok()?;
        (links.len() > position).then_some(EdgeId { from, nth })
    }

    /// The edge of [`Self::crossing_net`] that stands for the link of an edge of the graph's own net;
    /// `None` if there is no such edge.
    #[must_use]
    pub fn crossing_edge(&self, plain: EdgeId) -> Option<EdgeId> {
        let net = self.graph.net();
        let to = net.edge(plain)?.to;
        let position = plain.nth as usize - net.row(plain.from).edges_to(to).start;
        let [from, to] = [plain.from, to].map(|point| self.graph.index_of(point));
        self.crossings.edge(&self.graph, (from?, to?), position)
    }

    /// The shared risk link groups of links between domains, by edges of the graph's own net; those in none
    /// are left out. A group is who tells it and its number, as numbers are unique within one domain (RFC
    /// 4202 §2.3); where both ends of a link tell the same number, the two are one. Numbers here are of
    /// this snapshot only. The first question costs a pass over all links.
    #[must_use]
    pub fn risk_groups(&self) -> &BTreeMap<EdgeId, BTreeSet<u32>> {
        self.risks.get_or_init(|| risk::groups(&self.graph))
    }

    /// The domains that an edge of the crossing net leads from and to.
    fn crossing_ends(&self, edge: EdgeId) -> Option<[DomainIndex; 2]> {
        let net = self.crossing_net();
        let ends = [edge.from, net.edge(edge)?.to].map(|point| net.domain_of(point));
        let [from, to] = ends.map(|domain| self.graph.index_of(domain));
        Some([from?, to?])
    }

    /// The domains with too many borders to know the terms of each pair, in order: more than 65,536
    /// pairs of a border where traffic comes in and one where it goes out, or a topology so large that the
    /// ways between 256 border routers take too much work. There [`Self::crossing_net`] charges at least what they ask for: no
    /// less delay than the longest between any two border routers and, if there are too many kinds of
    /// neighbours, the dearest of all terms; nothing crosses if some crossing is forbidden.
    pub fn coarse_crossings(&self) -> impl Iterator<Item = &DomainId> {
        let domains = self.crossings.coarse();
        domains.map(|domain| self.graph.id(domain))
    }
}

/// Equal content. The generation is no part of it.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
            && self.borders == other.borders
            && self.policies == other.policies
            && self.windows == other.windows
            && self.graph == other.graph
    }
}

impl Eq for Snapshot {}
