//! Small nets with all that an edge has, and the brute force over them: every simple route of every
//! link of every assignment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use idt::net::{Edge, EdgeId, Net, NetBuilder, Role, UNLIMITED};
use idt::search::{
    Disjoint, Metric, Objective, Placement, PlacementLink, PlacementNode, PlacementProblem,
    PlacementRequirement, RESOURCE_KINDS, Weights,
};
use idt::{DomainIndex, Snapshot, Ted, Update};
use proptest::prelude::*;

static MANY: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let mut ted = Ted::new();
    let name = |at: usize| format!("D{at:03}").parse().expect("a valid id");
    ted.apply((0..64).map(name).map(Update::Join));
    ted.snapshot()
});

/// The domain at a position.
pub(crate) fn domain(at: usize) -> DomainIndex {
    MANY.graph().indices().nth(at).expect("one of 64")
}

/// A route: by what routes are in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(crate) cost: [u64; 3],
    pub(crate) domains: Vec<usize>,
    pub(crate) edges: Vec<EdgeId>,
    pub(crate) delay: u64,
    pub(crate) hops: u64,
}

/// The route over these edges.
pub(crate) fn route_of(
    net: &Net,
    problem: &PlacementProblem,
    from: usize,
    edges: &[EdgeId],
) -> Route {
    let mut route = Route {
        cost: [0; 3],
        domains: vec![from],
        edges: edges.to_vec(),
        delay: 0,
        hops: 0,
    };
    for id in edges {
        let edge = net.edge(*id).expect("of the net");
        route.domains.push(net.domain_of(edge.to) as usize);
        route.cost = plus(route.cost, weigh(&edge, &problem.objective));
        route.delay += u64::from(edge.delay);
        route.hops += u64::from(edge.role.hops());
    }
    route.domains.dedup();
    route
}

/// The hosts of a node that its own rules leave, and those of nodes that must be where it is.
pub(crate) fn hosts_of(net: &Net, problem: &PlacementProblem, node: usize) -> Vec<usize> {
    let alone = |node: usize| -> BTreeSet<usize> {
        let of = &problem.nodes[node];
        let has_room = |at: &usize| {
            let capacity = problem.capacity.get(&domain(*at));
            capacity.is_none_or(|has| of.demand.iter().zip(has).all(|(asks, has)| asks <= has))
        };
        let all = (0..net.domains()).filter(|at| may_host(problem, of, *at));
        all.filter(has_room).collect()
    };
    let mut hosts = alone(node);
    for group in problem
        .affinity
        .iter()
        .filter(|group| group.contains(&node))
    {
        for other in group {
            hosts = hosts.intersection(&alone(*other)).copied().collect();
        }
    }
    hosts.into_iter().collect()
}

fn weigh(edge: &Edge, objective: &Objective) -> [u64; 3] {
    let of = |metric: Metric| match metric {
        Metric::Hops => u64::from(edge.role.hops()),
        Metric::Delay => u64::from(edge.delay),
        Metric::Price => u64::from(edge.price),
    };
    match objective {
        Objective::Metric(metric) => [of(*metric), 0, 0],
        Objective::Sum(weights) => {
            let Weights { hops, delay, price } = *weights;
            let sum = of(Metric::Hops) * 1_000_000 * u64::from(hops)
                + of(Metric::Delay) * u64::from(delay)
                + of(Metric::Price) * 1000 * u64::from(price);
            [sum, 0, 0]
        }
        Objective::Lexicographic(metrics) => metrics.map(of),
    }
}

fn plus(a: [u64; 3], b: [u64; 3]) -> [u64; 3] {
    std::array::from_fn(|at| a[at] + b[at])
}

/// All routes from one domain to another that the restriction allows, in order.
pub(crate) fn routes(net: &Net, problem: &PlacementProblem, from: usize, to: usize) -> Vec<Route> {
    fn go(
        net: &Net,
        problem: &PlacementProblem,
        route: &mut Route,
        points: &mut Vec<u32>,
        descending: bool,
        (to, refused): (usize, &BTreeSet<u32>),
        found: &mut Vec<Route>,
    ) {
        let at = points[points.len() - 1];
        if at == net.sink(to as u32) {
            found.push(route.clone());
            return;
        }
        let row = net.row(at);
        for nth in 0..row.len() {
            let edge = row.edge(nth);
            let id = EdgeId {
                from: at,
                nth: nth as u32,
            };
            let restriction = &problem.restriction;
            let into = net.domain_of(edge.to) as usize;
            let moved = into != route.domains[route.domains.len() - 1];
            let here = route.domains[route.domains.len() - 1];
            if edge.bandwidth < restriction.min_bandwidth
                || (moved
                    && here != route.domains[0]
                    && restriction.closed_transit.contains(&(here as u32)))
                || refused.contains(&(into as u32))
                || restriction.closed_domains.contains(&(into as u32))
                || restriction.closed_edges.contains(&id)
                || points.contains(&edge.to)
                || (moved && route.domains.contains(&into))
            {
                continue;
            }
            let mut down = descending;
            if restriction.valley_free {
                match edge.role {
                    Role::Unknown | Role::Within => {}
                    Role::ToProvider if !descending => {}
                    Role::ToPeer if !descending => down = true,
                    Role::ToCustomer => down = true,
                    Role::ToProvider | Role::ToPeer => continue,
                }
            }
            let before = route.clone();
            if moved {
                route.domains.push(into);
            }
            route.edges.push(id);
            route.cost = plus(route.cost, weigh(&edge, &problem.objective));
            route.delay += u64::from(edge.delay);
            route.hops += u64::from(edge.role.hops());
            points.push(edge.to);
            go(net, problem, route, points, down, (to, refused), found);
            points.pop();
            *route = before;
        }
    }
    let mut route = Route {
        cost: [0; 3],
        domains: vec![from],
        edges: Vec::new(),
        delay: 0,
        hops: 0,
    };
    if from == to {
        return vec![route];
    }
    let mut found = Vec::new();
    let start = net.source(from as u32);
    let said = &problem.refused;
    let of_source = said.of_sources.get(&(from as u32)).into_iter().flatten();
    let of_destination = said.of_destinations.get(&(to as u32)).into_iter().flatten();
    let mut refused: BTreeSet<u32> = of_source.chain(of_destination).copied().collect();
    for end in [from, to] {
        refused.remove(&(end as u32));
    }
    go(
        net,
        problem,
        &mut route,
        &mut vec![start],
        false,
        (to, &refused),
        &mut found,
    );
    found.sort();
    found
}

/// A placement by positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) hosts: Vec<usize>,
    pub(crate) cost: [u64; 3],
    pub(crate) domains: Vec<Vec<usize>>,
    /// Empty if the problem does not bound routes.
    pub(crate) edges: Vec<Vec<EdgeId>>,
}

pub(crate) fn row(placement: &Placement) -> Row {
    let at = |domain: &DomainIndex| domain.as_usize();
    Row {
        hosts: placement.hosts.iter().map(at).collect(),
        cost: placement.cost,
        domains: placement
            .segments
            .iter()
            .map(|segment| segment.iter().map(at).collect())
            .collect(),
        edges: placement.edges.clone(),
    }
}

/// The cheapest routes of an assignment that keep to all bounds.
fn joint(
    net: &Net,
    problem: &PlacementProblem,
    all: &[Vec<Route>],
) -> Option<([u64; 3], Vec<Route>)> {
    fn go<'r>(
        all: &'r [Vec<Route>],
        taken: &mut Vec<&'r Route>,
        holds: &dyn Fn(&[&Route]) -> bool,
        best: &mut Option<([u64; 3], Vec<Route>)>,
    ) {
        let Some(routes) = all.get(taken.len()) else {
            let cost = taken
                .iter()
                .fold([0; 3], |sum, route| plus(sum, route.cost));
            if best.as_ref().is_none_or(|best| cost < best.0) && holds(taken) {
                *best = Some((cost, taken.iter().map(|route| (*route).clone()).collect()));
            }
            return;
        };
        for route in routes {
            // What costs more already never costs less.
            let cost = taken
                .iter()
                .fold(route.cost, |sum, route| plus(sum, route.cost));
            if best.as_ref().is_some_and(|best| cost >= best.0) {
                return;
            }
            taken.push(route);
            go(all, taken, holds, best);
            taken.pop();
        }
    }
    let needs = problem.needs();
    let holds = |taken: &[&Route]| {
        let mut loads: BTreeMap<EdgeId, u64> = BTreeMap::new();
        for (at, route) in taken.iter().enumerate() {
            let link = &problem.links[at];
            if link.max_delay.is_some_and(|most| route.delay > most)
                || link
                    .max_hops
                    .is_some_and(|most| route.hops > u64::from(most))
            {
                return false;
            }
            for edge in &route.edges {
                *loads.entry(*edge).or_default() += needs[at];
            }
        }
        let has = |edge: &EdgeId| net.row(edge.from).bandwidth[edge.nth as usize];
        loads.iter().all(|(edge, load)| *load <= has(edge))
            && problem.requirements.iter().all(|walk| {
                let delay: u64 = walk.links.iter().map(|link| taken[*link].delay).sum();
                let hops: u64 = walk.links.iter().map(|link| taken[*link].hops).sum();
                walk.max_delay.is_none_or(|most| delay <= most)
                    && walk.max_hops.is_none_or(|most| hops <= u64::from(most))
            })
    };
    let alone = |(at, routes): (usize, &Vec<Route>)| -> Vec<Route> {
        let link = &problem.links[at];
        let mut routes = routes.clone();
        routes.retain(|route| {
            let has = |edge: &EdgeId| net.row(edge.from).bandwidth[edge.nth as usize];
            link.max_delay.is_none_or(|most| route.delay <= most)
                && link
                    .max_hops
                    .is_none_or(|most| route.hops <= u64::from(most))
                && route.edges.iter().all(|edge| has(edge) >= needs[at])
        });
        routes
    };
    let all: Vec<Vec<Route>> = all.iter().enumerate().map(alone).collect();
    let mut best = None;
    go(&all, &mut Vec::new(), &holds, &mut best);
    best
}

fn may_host(problem: &PlacementProblem, node: &PlacementNode, at: usize) -> bool {
    let host = domain(at);
    node.hosts.contains(&host)
        && node.allowed.as_ref().is_none_or(|set| set.contains(&host))
        && !node.forbidden.contains(&host)
        && !problem.restriction.closed_domains.contains(&(at as u32))
}

/// Every placement, best first; of disjoint ones the first `k`.
pub(crate) fn by_brute_force(net: &Net, problem: &PlacementProblem, k: usize) -> Vec<Row> {
    let Some(kind) = problem.disjoint else {
        let mut all = every(net, problem);
        all.truncate(k);
        return all;
    };
    let mut answers: Vec<Row> = Vec::new();
    let mut rest = problem.clone();
    let kept: BTreeSet<usize> = problem
        .nodes
        .iter()
        .filter_map(|node| {
            let mut can = (0..net.domains()).filter(|at| may_host(problem, node, *at));
            can.next().filter(|_| can.next().is_none())
        })
        .collect();
    while answers.len() < k {
        let all = every(net, &rest);
        let Some(next) = all.into_iter().find(|row| !answers.contains(row)) else {
            break;
        };
        match kind {
            Disjoint::Domains => {
                let used = next.hosts.iter().chain(next.domains.iter().flatten());
                let used = used.filter(|at| !kept.contains(at)).map(|at| *at as u32);
                rest.restriction.closed_domains.extend(used);
            }
            Disjoint::Links | Disjoint::Srlg => {
                let mut links: BTreeSet<BTreeSet<EdgeId>> = BTreeSet::new();
                let used = next.edges.iter().flatten();
                links.extend(used.filter_map(|edge| link_of(net, *edge)));
                if kind == Disjoint::Srlg {
                    let groups = |link: &BTreeSet<EdgeId>| -> BTreeSet<u32> {
                        let told = link.iter().filter_map(|edge| problem.risk_groups.get(edge));
                        told.flatten().copied().collect()
                    };
                    let used: BTreeSet<u32> = links.iter().flat_map(groups).collect();
                    for from in 0..net.len() as u32 {
                        for nth in 0..net.row(from).len() as u32 {
                            let link = link_of(net, EdgeId { from, nth });
                            links.extend(link.filter(|link| !groups(link).is_disjoint(&used)));
                        }
                    }
                }
                rest.restriction
                    .closed_edges
                    .extend(links.into_iter().flatten());
            }
        }
        answers.push(next);
    }
    answers
}

/// Both directions of an inter-domain link.
fn link_of(net: &Net, edge: EdgeId) -> Option<BTreeSet<EdgeId>> {
    let row = net.row(edge.from);
    if row.role(edge.nth as usize) == Role::Within {
        return None;
    }
    let to = row.to[edge.nth as usize];
    let before = |from: u32, to: u32, nth: usize| {
        net.row(from).to[..nth]
            .iter()
            .filter(|other| **other == to)
            .count()
    };
    let position = before(edge.from, to, edge.nth as usize);
    let back = net.row(to);
    let nth = (0..back.len())
        .filter(|nth| back.to[*nth] == edge.from)
        .nth(position);
    let back = nth.map(|nth| EdgeId {
        from: to,
        nth: nth as u32,
    });
    Some([edge].into_iter().chain(back).collect())
}

fn every(net: &Net, problem: &PlacementProblem) -> Vec<Row> {
    let mut assignments: Vec<Vec<usize>> = vec![Vec::new()];
    for node in &problem.nodes {
        let longer = |start: &Vec<usize>| -> Vec<Vec<usize>> {
            let can = (0..net.domains()).filter(|at| may_host(problem, node, *at));
            can.map(|at| [&start[..], &[at]].concat()).collect()
        };
        assignments = assignments.iter().flat_map(longer).collect();
    }
    let fits = |hosts: &Vec<usize>| {
        (0..net.domains()).all(|at| {
            let Some(capacity) = problem.capacity.get(&domain(at)) else {
                return true;
            };
            !hosts.contains(&at)
                || (0..RESOURCE_KINDS).all(|kind| {
                    let mut used = 0.0;
                    for (host, node) in hosts.iter().zip(&problem.nodes) {
                        if *host == at {
                            used += node.demand[kind];
                        }
                    }
                    used <= capacity[kind]
                })
        })
    };
    let tied = |hosts: &Vec<usize>| {
        let same = |group: &Vec<usize>| group.iter().all(|node| hosts[*node] == hosts[group[0]]);
        let apart = |group: &Vec<usize>| {
            let nodes: BTreeSet<usize> = group.iter().copied().collect();
            let on: BTreeSet<usize> = nodes.iter().map(|node| hosts[*node]).collect();
            on.len() == nodes.len()
        };
        problem.affinity.iter().all(same) && problem.anti_affinity.iter().all(apart)
    };
    let mut known: BTreeMap<(usize, usize), Vec<Route>> = BTreeMap::new();
    let mut rows = Vec::new();
    for hosts in assignments {
        if !fits(&hosts) || !tied(&hosts) {
            continue;
        }
        let mut between = |link: &PlacementLink| {
            let (from, to) = (hosts[link.src], hosts[link.dst]);
            let routes = known.entry((from, to));
            routes
                .or_insert_with(|| routes_of(net, problem, from, to))
                .clone()
        };
        let mut all: Vec<Vec<Route>> = problem.links.iter().map(&mut between).collect();
        if !problem.bounds_routes() {
            // Nothing joins them: the first of each will do.
            all.iter_mut().for_each(|routes| routes.truncate(1));
        }
        let Some((cost, routes)) = joint(net, problem, &all) else {
            continue;
        };
        let told = problem.bounds_routes() || problem.disjoint.is_some();
        rows.push(Row {
            hosts,
            cost,
            domains: routes.iter().map(|route| route.domains.clone()).collect(),
            edges: match told {
                true => routes.iter().map(|route| route.edges.clone()).collect(),
                false => Vec::new(),
            },
        });
    }
    rows.sort_by(|a, b| (a.cost, &a.hosts).cmp(&(b.cost, &b.hosts)));
    rows
}

use routes as routes_of;

/// Which constraints a problem has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct With {
    pub(crate) capacity: bool,
    pub(crate) bandwidth: bool,
    pub(crate) link_bounds: bool,
    pub(crate) walk_bounds: bool,
    pub(crate) affinity: bool,
    pub(crate) anti_affinity: bool,
    pub(crate) closed: bool,
    pub(crate) valley_free: bool,
    pub(crate) bordered: bool,
    pub(crate) refused: bool,
    pub(crate) disjoint: Option<Disjoint>,
}

pub(crate) fn any_with() -> impl Strategy<Value = With> {
    let kinds = vec![Disjoint::Domains, Disjoint::Links, Disjoint::Srlg];
    let disjoint = prop_oneof![3 => Just(None), 1 => prop::sample::select(kinds).prop_map(Some)];
    (prop::array::uniform10(any::<bool>()), disjoint).prop_map(|(b, disjoint)| With {
        capacity: b[0],
        bandwidth: b[1],
        link_bounds: b[2],
        walk_bounds: b[3],
        affinity: b[4] && b[5],
        anti_affinity: b[5],
        closed: b[6],
        valley_free: b[7],
        bordered: b[8] && b[0],
        refused: b[9],
        disjoint,
    })
}

/// Bits that decide a world: drawn by need, from one seed that shrinks by length.
struct Draw<'d>(&'d [u8], usize);

impl Draw<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let byte = self
            .0
            .get(self.1 % self.0.len().max(1))
            .copied()
            .unwrap_or(0);
        let turn = self.1 / self.0.len().max(1);
        self.1 += 1;
        (usize::from(byte) + turn * 31) % limit.max(1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}

/// A net and a problem on it, small enough for brute force.
pub(crate) fn any_world(with: With) -> impl Strategy<Value = (Net, PlacementProblem)> {
    prop::collection::vec(any::<u8>(), 40..160).prop_map(move |bytes| {
        let draw = &mut Draw(&bytes, 0);
        let net = net(draw, with);
        let problem = problem(draw, &net, with);
        (net, problem)
    })
}

fn net(draw: &mut Draw<'_>, with: With) -> Net {
    let domains = 3 + draw.below(if with.bordered { 2 } else { 3 });
    let mut builder = NetBuilder::new(domains as u32);
    // Of a domain with borders, a point per neighbour.
    let mut bordered = vec![false; domains];
    let mut points: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    let mut pairs = Vec::new();
    for a in 0..domains {
        for b in a + 1..domains {
            let count = [0, 1, 1, 0, 2][draw.below(if domains > 4 { 4 } else { 5 })];
            pairs.extend(std::iter::repeat_n((a, b), count));
        }
    }
    if with.bordered {
        for (at, bordered) in bordered.iter_mut().enumerate() {
            *bordered = draw.one_in(3);
            if *bordered {
                let near: BTreeSet<usize> = pairs
                    .iter()
                    .filter(|pair| pair.0 == at || pair.1 == at)
                    .map(|pair| pair.0 + pair.1 - at)
                    .collect();
                for other in near {
                    points.insert((at, other), builder.border(at as u32));
                }
                let sink = builder.sink(at as u32);
                let own: Vec<u32> = points.range((at, 0)..(at + 1, 0)).map(|p| *p.1).collect();
                let within = |to: u32, delay: u32| Edge {
                    to,
                    delay,
                    price: delay,
                    bandwidth: UNLIMITED,
                    role: Role::Within,
                };
                for a in &own {
                    builder.edge(at as u32, within(*a, 0));
                    builder.edge(*a, within(sink, 0));
                    for b in &own {
                        if a != b && !draw.one_in(4) {
                            builder.edge(*a, within(*b, draw.below(4) as u32));
                        }
                    }
                }
            }
        }
    }
    for (a, b) in pairs {
        let roles = [
            Role::Unknown,
            Role::ToProvider,
            Role::ToPeer,
            Role::ToCustomer,
        ];
        let role = roles[draw.below(if with.valley_free { 4 } else { 1 })];
        let point =
            |at: usize, other: usize| points.get(&(at, other)).copied().unwrap_or(at as u32);
        let ways = [(a, b, role), (b, a, role.reverse())];
        let both = [3, 3, 3, 1, 2][draw.below(5)];
        let mut last = None;
        for (way, (from, to, role)) in ways.into_iter().enumerate() {
            if both & (1 << way) == 0 {
                continue;
            }
            let mut edge = Edge {
                to: point(to, from),
                delay: draw.below(4) as u32,
                price: draw.below(3) as u32,
                bandwidth: [1, 2, 3, 5, UNLIMITED][draw.below(5)],
                role,
            };
            if let Some(Edge {
                delay,
                price,
                bandwidth,
                ..
            }) = last
                && draw.one_in(2)
            {
                edge = Edge {
                    delay,
                    price,
                    bandwidth,
                    ..edge
                };
            }
            last = Some(edge);
            builder.edge(point(from, to), edge);
        }
    }
    builder.build()
}

fn problem(draw: &mut Draw<'_>, net: &Net, with: With) -> PlacementProblem {
    let domains = net.domains();
    let count = 2 + draw.below(3);
    let mut problem = PlacementProblem::default();
    for _ in 0..count {
        let most = if draw.one_in(3) { 1 } else { 3 };
        let hosts = (0..=draw.below(most)).map(|_| domain(draw.below(domains)));
        let mut node = PlacementNode {
            hosts: hosts.collect(),
            ..PlacementNode::default()
        };
        if with.capacity {
            node.demand[0] = [0.0, 0.1, 0.2, 0.7][draw.below(4)];
            node.demand[3] = [0.0, 1.0][draw.below(2)];
        }
        if with.closed && draw.one_in(4) {
            node.forbidden.insert(domain(draw.below(domains)));
        }
        if with.closed && draw.one_in(5) {
            node.allowed = Some(
                (0..domains - 1)
                    .map(|_| domain(draw.below(domains)))
                    .collect(),
            );
        }
        problem.nodes.push(node);
    }
    let chain = draw.below(2) == 0;
    let links = if chain { count - 1 } else { 1 + draw.below(3) };
    for at in 0..links {
        let (src, dst) = match chain {
            true => (at, at + 1),
            false => (draw.below(count), draw.below(count)),
        };
        let mut link = PlacementLink::from((src, dst));
        if with.bandwidth {
            link.bandwidth = [0, 1, 2, 3][draw.below(4)];
        }
        if with.link_bounds {
            link.max_delay = draw.one_in(2).then(|| draw.below(5) as u64);
            link.max_hops = draw.one_in(3).then(|| draw.below(4) as u32);
        }
        problem.links.push(link);
    }
    if with.walk_bounds || with.bandwidth {
        for _ in 0..=draw.below(2) {
            let walk = (0..=draw.below(3)).map(|_| draw.below(links)).collect();
            problem.requirements.push(PlacementRequirement {
                links: if chain { (0..links).collect() } else { walk },
                bandwidth: if with.bandwidth {
                    draw.below(3) as u64
                } else {
                    0
                },
                max_delay: (with.walk_bounds && draw.one_in(2)).then(|| draw.below(8) as u64),
                max_hops: (with.walk_bounds && draw.one_in(2)).then(|| draw.below(6) as u32),
            });
        }
    }
    if with.capacity {
        for at in 0..domains {
            if draw.one_in(2) {
                let mut capacity = [f64::INFINITY; RESOURCE_KINDS];
                capacity[0] = [0.3, 0.5, 1.0][draw.below(3)];
                capacity[3] = [1.0, 2.0][draw.below(2)];
                problem.capacity.insert(domain(at), capacity);
            }
        }
    }
    if with.affinity {
        problem
            .affinity
            .push(vec![draw.below(count), draw.below(count)]);
    }
    if with.anti_affinity {
        problem
            .anti_affinity
            .push(vec![draw.below(count), draw.below(count)]);
        if draw.one_in(3) {
            problem.anti_affinity.push((0..count).collect());
        }
    }
    if with.closed {
        if draw.one_in(2) {
            problem
                .restriction
                .closed_domains
                .insert(draw.below(domains) as u32);
        }
        for _ in 0..draw.below(3) {
            let from = draw.below(net.len()) as u32;
            let nth = draw.below(net.row(from).len()) as u32;
            problem
                .restriction
                .closed_edges
                .insert(EdgeId { from, nth });
        }
        if draw.one_in(3) {
            problem.restriction.min_bandwidth = 2;
        }
        if draw.one_in(4) {
            let transit = &mut problem.restriction.closed_transit;
            transit.insert(draw.below(domains) as u32);
        }
    }
    if with.refused {
        for turn in 0..=draw.below(5) {
            let said = &mut problem.refused;
            let map = match turn % 2 {
                0 => &mut said.of_sources,
                _ => &mut said.of_destinations,
            };
            let of = map.entry(draw.below(domains) as u32).or_default();
            of.insert(draw.below(domains) as u32);
        }
    }
    problem.restriction.valley_free = with.valley_free;
    problem.objective = match draw.below(6) {
        0 => Objective::Metric(Metric::Hops),
        1 | 2 => Objective::Metric(Metric::Delay),
        3 => Objective::Metric(Metric::Price),
        4 => Objective::Sum(Weights {
            hops: 1,
            delay: 1_000_000,
            price: 500,
        }),
        _ => Objective::Lexicographic([Metric::Delay, Metric::Hops, Metric::Price]),
    };
    problem.disjoint = with.disjoint;
    if with.disjoint == Some(Disjoint::Srlg) {
        for _ in 0..4 {
            let from = draw.below(net.len()) as u32;
            if !net.row(from).is_empty() {
                let nth = draw.below(net.row(from).len()) as u32;
                let groups = problem.risk_groups.entry(EdgeId { from, nth }).or_default();
                groups.insert(draw.below(2) as u32);
            }
        }
    }
    problem
}
