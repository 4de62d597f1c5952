//! What it costs to cross domains: paths through the net of borders against brute force over domain
//! sequences and links, which reads the graph, the topologies and the policies and no net; and the net
//! of any version against that of a TED which never saw another.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

mod placements;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use idt::net::{EdgeId, Net, Role};
use idt::search::{Budget, Distances, Metric, PathStream, Restriction, Rules, Weigh, Weights};
use idt::{
    Among, BorderLink, DomainIndex, DomainPolicy, DomainTopology, InterLink, IntraLink, Link,
    Snapshot, Ted, TopologyParts, Transit, TransitRule, Update,
};
use nffg::{Delay, DomainId, RouterId, RouterRef};
use proptest::prelude::*;

use crate::federation::names;

const DOMAINS: usize = 6;

fn name(at: usize) -> DomainId {
    names(DOMAINS)[at].clone()
}

fn router(number: u8) -> RouterId {
    format!("r{number}").parse().unwrap()
}

/// A link between two domains: the domain, the router there and the delay from there, of either end.
type Between = [(usize, u8, Option<u8>); 2];

/// What one domain has and says.
#[derive(Clone, Debug)]
struct Said {
    /// Links within it, if it exports a topology.
    inside: Option<Vec<(u8, u8, Option<u8>)>>,
    policy: Option<DomainPolicy>,
}

fn nanos(delay: Option<u8>) -> Option<Delay> {
    delay.map(|delay| Delay::from_nanos(delay.into()))
}

/// The updates that make a federation of these domains, joined by these links.
fn updates(said: &[Said], links: &[Between]) -> Vec<Update> {
    let mut updates = Vec::new();
    let mut borders = Vec::new();
    for (at, said_here) in said.iter().enumerate() {
        if let Some(inside) = &said_here.inside {
            updates.push(Update::Topology(topology(at, inside, links)));
        } else {
            updates.push(Update::Join(name(at)));
        }
        let policy = said_here.policy.clone();
        updates.push(Update::Policy(name(at), policy));
    }
    for [a, b] in links {
        if said[a.0].inside.is_none() && said[b.0].inside.is_none() {
            borders.push(BorderLink {
                a: name(a.0),
                b: name(b.0),
                delay: nanos(a.2),
                bandwidth: None,
            });
        }
    }
    updates.push(Update::Borders(borders));
    updates
}

fn topology(at: usize, inside: &[(u8, u8, Option<u8>)], links: &[Between]) -> DomainTopology {
    let intra = inside.iter().map(|(src, dst, delay)| IntraLink {
        src: router(*src),
        dst: router(*dst),
        delay: nanos(*delay),
        bandwidth: None,
    });
    let ends = links.iter().flat_map(|[a, b]| [(a, b), (b, a)]);
    let inter = ends
        .filter(|(here, _)| here.0 == at)
        .map(|(here, there)| InterLink {
            router: router(here.1),
            remote: RouterRef {
                domain: name(there.0),
                router: router(there.1),
            },
            delay: nanos(here.2),
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
    let parts = TopologyParts {
        intra_links: intra.collect(),
        inter_links: inter.collect(),
        ..TopologyParts::default()
    };
    DomainTopology::new(name(at), parts)
}

fn any_delay() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.7, 0_u8..4)
}

fn any_among() -> impl Strategy<Value = Among> {
    let some = prop::collection::btree_set((0..DOMAINS).prop_map(name), 0..=3);
    prop_oneof![1 => Just(Among::Any), 2 => some.prop_map(Among::Only)]
}

fn any_terms() -> impl Strategy<Value = Transit> {
    let carry = prop::bool::weighted(0.8);
    (carry, 0_u32..3, any_delay()).prop_map(|(carry, price, delay)| Transit {
        carry,
        price,
        delay: nanos(delay),
    })
}

fn any_policy() -> impl Strategy<Value = DomainPolicy> {
    let rule = (any_among(), any_among(), any_terms());
    let rule = rule.prop_map(|(from, to, terms)| TransitRule { from, to, terms });
    let otherwise = prop_oneof![2 => Just(Transit::default()), 1 => any_terms()];
    let refused = || prop::collection::btree_set((0..DOMAINS).prop_map(name), 0..=2);
    let prices = prop::collection::btree_map((0..DOMAINS).prop_map(name), 0_u32..3, 0..=2);
    let rules = prop::collection::vec(rule, 0..=3);
    (rules, otherwise, prices, refused(), refused()).prop_map(
        |(transit, otherwise, link_prices, refuses_sources, refuses_destinations)| DomainPolicy {
            transit,
            otherwise,
            link_prices,
            refuses_sources,
            refuses_destinations,
            ..DomainPolicy::default()
        },
    )
}

fn any_inside() -> impl Strategy<Value = Vec<(u8, u8, Option<u8>)>> {
    let links = || prop::collection::vec((0_u8..3, 0_u8..3, any_delay()), 1..=6);
    let silent = links().prop_map(|links| {
        let links = links.into_iter().map(|(a, b, _)| (a, b, None));
        links.collect()
    });
    prop_oneof![2 => Just(Vec::new()), 3 => links(), 1 => silent]
}

fn any_said() -> impl Strategy<Value = Said> {
    let inside = prop::option::weighted(0.7, any_inside());
    let policy = prop::option::weighted(0.7, any_policy());
    (inside, policy).prop_map(|(inside, policy)| Said { inside, policy })
}

fn any_links() -> impl Strategy<Value = Vec<Between>> {
    let end = || (0..DOMAINS, 0_u8..3, any_delay());
    let links = prop::collection::vec((end(), end()).prop_map(|(a, b)| [a, b]), 3..=11);
    links.prop_map(|mut links| {
        links.retain(|[a, b]| a.0 != b.0);
        links
    })
}

fn any_federation() -> impl Strategy<Value = Vec<Update>> {
    let said = prop::collection::vec(any_said(), DOMAINS);
    (said, any_links()).prop_map(|(said, links)| updates(&said, &links))
}

/// Borders crossed, delay, price: what is added up.
type Amounts = [u64; 3];

fn sum(a: Amounts, b: Amounts) -> Amounts {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// A rule to compare amounts by, and the same for a search.
trait Rank {
    type Weigh: Weigh;
    fn weigh(&self) -> Self::Weigh;
    fn rank(&self, amounts: Amounts) -> <Self::Weigh as Weigh>::Cost;
}

impl Rank for Metric {
    type Weigh = Self;
    fn weigh(&self) -> Self {
        *self
    }
    fn rank(&self, amounts: Amounts) -> u64 {
        amounts[*self as usize]
    }
}

impl Rank for [Metric; 3] {
    type Weigh = Self;
    fn weigh(&self) -> Self {
        *self
    }
    fn rank(&self, amounts: Amounts) -> [u64; 3] {
        self.map(|metric| amounts[metric as usize])
    }
}

impl Rank for Weights {
    type Weigh = Self;
    fn weigh(&self) -> Self {
        *self
    }
    fn rank(&self, [hops, delay, price]: Amounts) -> u64 {
        let [by_hops, by_delay, by_price] = [self.hops, self.delay, self.price].map(u64::from);
        hops * by_hops * 1_000_000 + delay * by_delay + price * by_price * 1_000
    }
}

/// A link by its ends and its place among the parallel ones.
type Taken = (DomainIndex, DomainIndex, usize);

/// What crossing costs, read from a snapshot and no net.
struct Model<'a> {
    snapshot: &'a Snapshot,
    domains: Vec<DomainIndex>,
    /// By domain, the shortest delays by its topology (Floyd and Warshall).
    ways: Vec<BTreeMap<(RouterId, RouterId), u64>>,
}

impl<'a> Model<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let domains: Vec<DomainIndex> = snapshot.graph().indices().collect();
        let ways = domains.iter().map(|domain| {
            let mut ways = BTreeMap::new();
            let Some(told) = snapshot.topology(snapshot.graph().id(*domain)) else {
                return ways;
            };
            let mut shorter = |from: &RouterId, to: &RouterId, delay: u64| {
                let known = ways.entry((from.clone(), to.clone())).or_insert(delay);
                *known = delay.min(*known);
            };
            for at in told.routers() {
                shorter(at, at, 0);
            }
            for link in told.intra_links() {
                shorter(&link.src, &link.dst, link.delay.map_or(0, Delay::as_nanos));
            }
            for via in told.routers() {
                for from in told.routers() {
                    for to in told.routers() {
                        let first = ways.get(&(from.clone(), via.clone()));
                        let second = ways.get(&(via.clone(), to.clone()));
                        if let (Some(first), Some(second)) = (first, second) {
                            let delay = first + second;
                            let known = ways.entry((from.clone(), to.clone())).or_insert(delay);
                            *known = delay.min(*known);
                        }
                    }
                }
            }
            ways
        });
        let ways = ways.collect();
        Self {
            snapshot,
            domains,
            ways,
        }
    }

    fn id(&self, domain: DomainIndex) -> &'a DomainId {
        self.snapshot.graph().id(domain)
    }

    fn links(&self, from: DomainIndex, to: DomainIndex) -> &'a [Link] {
        let adjacency = self.snapshot.graph().adjacency(from, to);
        adjacency.map_or(&[], |adjacency| adjacency.links)
    }

    fn link(&self, (from, to, nth): Taken) -> &'a Link {
        &self.links(from, to)[nth]
    }

    /// Of a link itself.
    fn along(&self, taken: Taken) -> Amounts {
        let policy = self.snapshot.policy(self.id(taken.0));
        let price = policy.and_then(|policy| policy.link_prices.get(self.id(taken.1)));
        let delay = self.link(taken).delay.map_or(0, Delay::as_nanos);
        [1, delay, price.copied().unwrap_or(0).into()]
    }

    /// From one link to the next, through the domain between; `None` if traffic does not cross.
    fn across(&self, inward: Taken, outward: Taken) -> Option<Amounts> {
        let here = inward.1;
        assert_eq!(here, outward.0);
        let default = DomainPolicy::default();
        let policy = self.snapshot.policy(self.id(here));
        let policy = policy.map_or(&default, |policy| &**policy);
        let terms = policy.crossing(self.id(inward.0), self.id(outward.1));
        if !terms.carry {
            return None;
        }
        let declared = terms.delay.map_or(0, Delay::as_nanos);
        let price = terms.price.into();
        let told = self.snapshot.topology(self.id(here));
        let Some(told) = told.filter(|told| !told.intra_links().is_empty()) else {
            return Some([0, declared, price]);
        };
        let known = |router: &&RouterId| told.routers().contains(router);
        // Whose link comes in at a router that nobody here knows: at the one that links back start at.
        let back: BTreeSet<_> = self
            .links(here, inward.0)
            .iter()
            .map(|link| link.local.as_ref())
            .collect();
        let named = self.link(inward).remote.as_ref();
        let only = back.first().copied().flatten().filter(|_| back.len() == 1);
        let entry = named
            .filter(known)
            .or_else(|| only.filter(|_| named.is_some()));
        let exit = self.link(outward).local.as_ref().filter(known);
        let (Some(entry), Some(exit)) = (entry.filter(known), exit) else {
            return Some([0, declared, price]);
        };
        let way = self.ways[here.as_usize()].get(&(entry.clone(), exit.clone()))?;
        let tells = told.intra_links().iter().any(|link| link.delay.is_some());
        Some([0, if tells { *way } else { declared }, price])
    }

    /// The links that leave a domain.
    fn out(&self, from: DomainIndex) -> Vec<Taken> {
        let to = self.snapshot.graph().neighbours(from);
        to.flat_map(|near| (0..near.links.len()).map(move |nth| (from, near.to, nth)))
            .collect()
    }

    /// What these links cost with all crossings between them.
    fn cost(&self, links: &[Taken]) -> Option<Amounts> {
        let mut cost = links
            .iter()
            .fold([0; 3], |cost, link| sum(cost, self.along(*link)));
        for pair in links.windows(2) {
            cost = sum(cost, self.across(pair[0], pair[1])?);
        }
        Some(cost)
    }

    /// Per path vector the least that any choice of links costs.
    fn path_vectors<R: Rank>(
        &self,
        by: &R,
        (from, to): (DomainIndex, DomainIndex),
    ) -> Vec<(<R::Weigh as Weigh>::Cost, Vec<u32>)> {
        let mut found = BTreeMap::new();
        if from == to {
            found.insert(vec![from.as_usize() as u32], [0; 3]);
        }
        let mut open: Vec<Vec<Taken>> = match from == to {
            true => vec![],
            false => self.out(from).into_iter().map(|link| vec![link]).collect(),
        };
        while let Some(links) = open.pop() {
            let last = *links.last().unwrap();
            let Some(cost) = self.cost(&links) else {
                continue;
            };
            if last.1 == to {
                let domains = links.iter().map(|link| link.0).chain([to]);
                let domains = domains.map(|domain| domain.as_usize() as u32).collect();
                let known = found.entry(domains).or_insert(cost);
                if by.rank(cost) < by.rank(*known) {
                    *known = cost;
                }
                continue;
            }
            for next in self.out(last.1) {
                if links.iter().all(|link| link.0 != next.1) {
                    open.push([&links[..], &[next]].concat());
                }
            }
        }
        let found = found.into_iter();
        let mut found: Vec<_> = found
            .map(|(domains, cost)| (by.rank(cost), domains))
            .collect();
        found.sort();
        found
    }

    /// The cheapest walk between each two domains, which may pass a domain twice. Who turns back at a
    /// domain without another neighbour is not charged.
    fn walks(&self, metric: Metric, from: DomainIndex) -> BTreeMap<DomainIndex, u64> {
        let mut least: BTreeMap<Taken, u64> = BTreeMap::new();
        for link in self.out(from) {
            least.insert(link, metric.rank(self.along(link)));
        }
        loop {
            let mut again = false;
            for (link, cost) in least.clone() {
                for next in self.out(link.1) {
                    let turns = self.snapshot.graph().neighbours(link.1).len() < 2;
                    let across = if turns {
                        Some([0; 3])
                    } else {
                        self.across(link, next)
                    };
                    let Some(across) = across else { continue };
                    let cost = cost + metric.rank(sum(across, self.along(next)));
                    let known = least.entry(next).or_insert(u64::MAX);
                    if cost < *known {
                        *known = cost;
                        again = true;
                    }
                }
            }
            if !again {
                break;
            }
        }
        let mut ends = BTreeMap::from([(from, 0)]);
        for (link, cost) in least {
            let known = ends.entry(link.1).or_insert(cost);
            *known = cost.min(*known);
        }
        ends
    }
}

/// The links that edges of a path stand for.
fn taken(snapshot: &Snapshot, net: &Net, edges: &[EdgeId]) -> Vec<Taken> {
    let graph = snapshot.graph();
    let mut links = Vec::new();
    for id in edges {
        let edge = net.edge(*id).unwrap();
        let ends = [id.from, edge.to].map(|point| graph.index_of(net.domain_of(point)).unwrap());
        match snapshot.link_of(*id) {
            None => {
                assert_eq!(edge.role, Role::Within);
                assert_eq!(ends[0], ends[1]);
            }
            Some(link) => {
                let all = graph.adjacency(ends[0], ends[1]).unwrap().links;
                let nth = all.iter().position(|one| std::ptr::eq(one, link)).unwrap();
                links.push((ends[0], ends[1], nth));
            }
        }
    }
    links
}

fn check<R: Rank>(model: &Model<'_>, by: &R) -> Result<(), TestCaseError> {
    let snapshot = model.snapshot;
    let net = snapshot.crossing_net();
    let rules = Rules::new(net, &Restriction::default());
    for from in &model.domains {
        for to in &model.domains {
            let expected = model.path_vectors(by, (*from, *to));
            let ends = (from.as_usize() as u32, to.as_usize() as u32);
            let budget = Budget::unlimited();
            let mut stream = PathStream::new(net, by.weigh(), &rules, ends, usize::MAX, budget);
            let mut told = Vec::new();
            while let Some(found) = stream.advance() {
                let (domains, cost) = found.unwrap();
                told.push((cost, domains.to_vec()));
                let path = stream.path().unwrap();
                let once: BTreeSet<_> = path.domains.iter().collect();
                prop_assert_eq!(once.len(), path.domains.len());
                let links = taken(snapshot, net, &path.edges);
                prop_assert_eq!(links.len() + 1, path.domains.len());
                prop_assert_eq!(model.cost(&links).map(|cost| by.rank(cost)), Some(cost));
            }
            prop_assert_eq!(told, expected);
        }
    }
    Ok(())
}

fn snapshot_of(updates: Vec<Update>) -> Arc<Snapshot> {
    let mut ted = Ted::new();
    ted.apply(updates);
    ted.snapshot()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn path_vectors_cost_what_brute_force_says(updates in any_federation()) {
        let snapshot = snapshot_of(updates);
        let model = Model::new(&snapshot);
        for metric in Metric::ALL {
            check(&model, &metric)?;
        }
        check(&model, &[Metric::Price, Metric::Delay, Metric::Hops])?;
        check(&model, &[Metric::Hops, Metric::Delay, Metric::Price])?;
        check(&model, &Weights { hops: 1, delay: 700_000, price: 2_000 })?;
    }

    #[test]
    fn distances_are_those_of_walks(updates in any_federation()) {
        let snapshot = snapshot_of(updates);
        let model = Model::new(&snapshot);
        let net = snapshot.crossing_net();
        for metric in Metric::ALL {
            let searched = Distances::new(Arc::clone(net));
            let budget = &mut Budget::unlimited();
            let indexed = searched.clone().with_matrix(metric, budget).unwrap();
            let labelled = searched.clone().with_labels(metric, budget).unwrap();
            for from in &model.domains {
                let walks = model.walks(metric, *from);
                for to in &model.domains {
                    let ends = [*from, *to].map(|domain| domain.as_usize() as u32);
                    let simple = model.path_vectors(&metric, (*from, *to));
                    for distances in [&searched, &indexed, &labelled] {
                        let distance = distances.distance(metric, ends[0], ends[1]);
                        prop_assert_eq!(distance, walks.get(to).copied());
                        let path = distances.path(metric, ends[0], ends[1]);
                        prop_assert_eq!(path.as_ref().map(|path| path.0), distance);
                        let Some((cost, points)) = path else {
                            prop_assert_eq!(&simple, &[]);
                            continue;
                        };
                        let mut domains: Vec<u32> =
                            points.iter().map(|point| net.domain_of(*point)).collect();
                        domains.dedup();
                        let once: BTreeSet<_> = domains.iter().collect();
                        let cheapest = simple.first().map(|found| found.0);
                        if once.len() == domains.len() {
                            prop_assert_eq!(Some(cost), cheapest);
                        } else {
                            prop_assert!(cheapest.is_none_or(|cheapest| cost <= cheapest));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn who_refuses_is_not_passed(updates in any_federation()) {
        let snapshot = snapshot_of(updates);
        let model = Model::new(&snapshot);
        let net = snapshot.crossing_net();
        let by = [Metric::Delay, Metric::Hops, Metric::Price];
        for from in &model.domains {
            for to in &model.domains {
                let [source, destination] = [*from, *to].map(|domain| model.id(domain));
                let refuses = |domain: &u32| {
                    let id = &snapshot.graph().ids()[*domain as usize];
                    let policy = snapshot.policy(id);
                    id != source
                        && id != destination
                        && policy.is_some_and(|policy| !policy.carries(source, destination))
                };
                let all = 0..DOMAINS as u32;
                let refusing = snapshot.refusing(source, destination);
                prop_assert_eq!(&refusing, &all.filter(refuses).collect::<BTreeSet<_>>());
                let restriction = Restriction {
                    closed_transit: refusing,
                    ..Restriction::default()
                };
                let rules = Rules::new(net, &restriction);
                let ends = (from.as_usize() as u32, to.as_usize() as u32);
                let stream =
                    PathStream::new(net, by, &rules, ends, usize::MAX, Budget::unlimited());
                let told: Vec<_> = stream
                    .map(|found| found.unwrap())
                    .map(|(domains, cost)| (cost, domains.to_vec()))
                    .collect();
                let mut expected = model.path_vectors(&by, (*from, *to));
                expected.retain(|(_, domains)| !domains.iter().any(refuses));
                prop_assert_eq!(told, expected);
            }
        }
    }
}

/// A chain of three, in the middle a domain that asks a price.
fn chain(price: u32) -> Ted {
    let said = |policy| Said {
        inside: Some(vec![]),
        policy,
    };
    let otherwise = Transit {
        price,
        ..Transit::default()
    };
    let policy = DomainPolicy {
        otherwise,
        ..DomainPolicy::default()
    };
    let said = [said(None), said(Some(policy)), said(None)];
    let links = [
        [(0, 0, Some(1)), (1, 0, Some(1))],
        [(1, 0, Some(1)), (2, 0, Some(1))],
    ];
    let mut ted = Ted::new();
    ted.apply(updates(&said, &links));
    ted
}

#[test]
fn what_does_not_concern_the_net_leaves_it_as_it_is() {
    let mut ted = chain(5);
    let before = ted.snapshot();
    assert!(!before.crossing_net().is_plain());
    let told = before.topology(&name(0)).unwrap();
    let parts = TopologyParts {
        inter_links: told.inter_links().to_vec(),
        prefixes: vec!["10.0.0.0/8".parse().unwrap()],
        ..TopologyParts::default()
    };
    assert!(ted.apply([Update::Topology(DomainTopology::new(name(0), parts))]));
    let refuses = DomainPolicy {
        refuses_sources: BTreeSet::from([name(0)]),
        ..DomainPolicy::default()
    };
    assert!(ted.apply([Update::Policy(name(2), Some(refuses))]));
    let after = ted.snapshot();
    assert!(Arc::ptr_eq(before.crossing_net(), after.crossing_net()));
    // A domain that asks nothing has the plain net.
    let free = chain(0).snapshot();
    assert!(Arc::ptr_eq(free.crossing_net(), free.graph().net()));
}

#[test]
fn who_charges_is_paid_in_transit_only() {
    let snapshot = chain(5).snapshot();
    let distances = Distances::new(Arc::clone(snapshot.crossing_net()));
    let price = |from, to| distances.distance(Metric::Price, from, to);
    assert_eq!(
        [price(0, 1), price(1, 2), price(0, 2)],
        [Some(0), Some(0), Some(5)]
    );
    assert_eq!(distances.distance(Metric::Hops, 0, 2), Some(2));
}

/// A domain with many neighbours, each at a router of its own, and links from each router to one in the
/// middle and back, which take longer the later the neighbour.
fn star(neighbours: usize, policy: DomainPolicy) -> Arc<Snapshot> {
    let id = |at: usize| format!("D{at:05}").parse::<DomainId>().unwrap();
    let border = |at: usize| format!("b{at:05}").parse::<RouterId>().unwrap();
    let center = neighbours;
    let mut parts = TopologyParts::default();
    let mut ted = Ted::new();
    let mut updates = Vec::new();
    for at in 0..neighbours {
        parts.inter_links.push(InterLink {
            router: border(at),
            remote: RouterRef {
                domain: id(at),
                router: router(0),
            },
            delay: None,
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
        for (src, dst) in [(border(at), router(0)), (router(0), border(at))] {
            parts.intra_links.push(IntraLink {
                src,
                dst,
                delay: Some(Delay::from_nanos(at as u64)),
                bandwidth: None,
            });
        }
        updates.push(Update::Join(id(at)));
    }
    updates.push(Update::Topology(DomainTopology::new(id(center), parts)));
    updates.push(Update::Policy(id(center), Some(policy)));
    ted.apply(updates);
    ted.snapshot()
}

#[test]
fn many_border_routers_are_charged_the_longest_way() {
    let delay = |snapshot: &Snapshot, from, to| {
        let distances = Distances::new(Arc::clone(snapshot.crossing_net()));
        distances.distance(Metric::Delay, from, to)
    };
    let exact = star(250, DomainPolicy::default());
    assert_eq!(exact.coarse_crossings().count(), 0);
    assert_eq!(delay(&exact, 3, 4), Some(7));
    let coarse = star(300, DomainPolicy::default());
    let names: Vec<_> = coarse.coarse_crossings().map(DomainId::as_str).collect();
    assert_eq!(names, ["D00300"]);
    let charged = delay(&coarse, 3, 4).unwrap();
    assert!((299 + 298..=2 * 299).contains(&charged), "{charged}");
    assert_eq!(delay(&coarse, 3, 300), Some(0));
}

#[test]
fn many_kinds_of_neighbours_are_charged_the_dearest() {
    let id = |at: usize| format!("D{at:05}").parse::<DomainId>().unwrap();
    // No two neighbours are charged the same.
    let rules = |neighbours: usize, carry| -> Vec<TransitRule> {
        let from = (0..neighbours).map(|at| {
            let terms = Transit {
                carry: carry || at > 0,
                price: at as u32,
                delay: None,
            };
            TransitRule {
                from: Among::Only(BTreeSet::from([id(at)])),
                to: Among::Only((at..neighbours).map(id).collect()),
                terms,
            }
        });
        from.collect()
    };
    let price = |neighbours, carry| {
        let policy = DomainPolicy {
            transit: rules(neighbours, carry),
            ..DomainPolicy::default()
        };
        let snapshot = star(neighbours, policy);
        let net = snapshot.crossing_net();
        // A walk may turn at the first neighbour and pay nothing.
        let rules = Rules::new(net, &Restriction::default());
        let budget = Budget::unlimited();
        let mut stream = PathStream::new(net, Metric::Price, &rules, (3, 4), 3, budget);
        let price = stream.next().map(|found| found.unwrap().1);
        (price, snapshot.coarse_crossings().count())
    };
    assert_eq!(price(60, true), (Some(3), 0));
    assert_eq!(price(60, false), (Some(3), 0));
    assert_eq!(price(300, true), (Some(299), 1));
    assert_eq!(price(300, false), (None, 1));
}

#[test]
fn a_link_comes_in_where_the_domain_says_whatever_its_neighbour_calls_that() {
    // The domain in the middle names border routers, its neighbours name addresses of theirs.
    let told = |at: usize, links: &[(usize, &str, &str)], inside: &[(&str, &str, u64)]| {
        let inter = links.iter().map(|(to, local, remote)| InterLink {
            router: local.parse().unwrap(),
            remote: RouterRef {
                domain: name(*to),
                router: remote.parse().unwrap(),
            },
            delay: None,
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
        let intra = inside.iter().map(|(src, dst, delay)| IntraLink {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            delay: Some(Delay::from_nanos(*delay)),
            bandwidth: None,
        });
        let parts = TopologyParts {
            inter_links: inter.collect(),
            intra_links: intra.collect(),
            ..TopologyParts::default()
        };
        Update::Topology(DomainTopology::new(name(at), parts))
    };
    let west = told(0, &[(1, "w", "10.0.0.1")], &[]);
    let east = told(2, &[(1, "e", "10.0.0.2")], &[]);
    let inside = [("b1", "b2", 9), ("b2", "b1", 4), ("b3", "b1", 1)];
    let middle = told(1, &[(0, "b1", "10.0.0.3"), (2, "b2", "10.0.0.4")], &inside);
    let snapshot = snapshot_of(vec![west.clone(), middle, east.clone()]);
    let distances = Distances::new(Arc::clone(snapshot.crossing_net()));
    assert_eq!(distances.distance(Metric::Delay, 0, 2), Some(9));
    assert_eq!(distances.distance(Metric::Delay, 2, 0), Some(4));
    check(&Model::new(&snapshot), &Metric::Delay).unwrap();
    // Over two routers nobody knows at which a link comes in: nothing is charged.
    let links = [
        (0, "b1", "10.0.0.3"),
        (0, "b3", "10.0.0.5"),
        (2, "b2", "10.0.0.4"),
    ];
    let west = told(0, &[(1, "w", "10.0.0.1"), (1, "w", "10.0.0.6")], &[]);
    let snapshot = snapshot_of(vec![west, told(1, &links, &inside), east]);
    let distances = Distances::new(Arc::clone(snapshot.crossing_net()));
    assert_eq!(distances.distance(Metric::Delay, 0, 2), Some(0));
    assert_eq!(distances.distance(Metric::Delay, 2, 0), Some(4));
    check(&Model::new(&snapshot), &Metric::Delay).unwrap();
}
