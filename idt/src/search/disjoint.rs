//! Sets of disjoint paths: what is left when a domain, a link or what several links share fails.
//!
//! In a net whose points are all domains and without the rule of valley-free paths, [`disjoint_paths`]
//! is exact: no set of as many disjoint paths costs less in all. It augments a flow along cheapest paths
//! of the residual graph, with reduced costs so that none is negative (Suurballe, "Disjoint paths in a
//! network", 1974; Suurballe and Tarjan, 1984; Bhandari, "Survivable networks", 1999). That is not what
//! one gets by taking the cheapest path and then the cheapest one that is disjoint from it: the cheapest
//! may be in the way of all others.
//!
//! In other nets, and for shared risks, where the problem is NP-hard (Hu, "Diverse routing in optical
//! mesh networks", 2003), paths are taken greedily, the cheapest that is left first: they are
//! disjoint, but another set may cost less, or have more paths.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::budget::{Budget, Spent};
use super::cost::Weigh;
use super::paths::Map;
use super::space::{Restricted, Restriction, Rules, Space};
use super::stream::{Path, PathStream};
use crate::net::{EdgeId, Net, Role};

/// What no two paths of a set share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisjointBy {
    /// A domain, other than the two ends; nor an edge.
    Domains,
    /// An edge between domains, in either direction.
    Links,
}

/// Up to `k` disjoint paths from one domain to another, ordered by cost, then names. There are fewer only if
/// no `k` paths are disjoint (or, where this is greedy, if none is left).
///
/// In a plain net and without [`Restriction::valley_free`] their total cost is the least of all sets of
/// as many. Else each is the cheapest that is disjoint from those taken before it. Between a domain
/// and itself there is one path. A step of the budget is an edge looked at.
///
/// # Errors
/// If the budget is spent.
pub fn disjoint_paths<W: Weigh<Cost = u64>>(
    net: &Net,
    weigh: W,
    restriction: &Restriction,
    ends: (u32, u32),
    k: usize,
    by: DisjointBy,
    budget: &mut Budget,
) -> Result<Vec<Path>, Spent> {
    let (from, to) = ends;
    if k == 0 || from.max(to) as usize >= net.domains() {
        return Ok(Vec::new());
    }
    if !net.is_plain() || restriction.valley_free || from == to {
        return greedy(net, weigh, restriction, ends, k, budget, |path, left| {
            close(net, path, by, left);
        });
    }
    let rules = Rules::new(net, &without_transit(restriction, ends));
    let space = Restricted {
        net,
        weigh,
        rules: &rules,
    };
    let mut flow = Flow::new(space, ends, by);
    for _ in 0..k {
        if !flow.augment(budget)? {
            break;
        }
    }
    Ok(flow.paths())
}

/// The same restriction for simple paths between two domains: who is not passed and is no end is closed.
fn without_transit(restriction: &Restriction, (from, to): (u32, u32)) -> Restriction {
    let mut same = restriction.clone();
    let transit = std::mem::take(&mut same.closed_transit).into_iter();
    same.closed_domains
        .extend(transit.filter(|domain| *domain != from && *domain != to));
    same
}

/// Up to `k` paths from one domain to another of which no two have edges that share a risk, greedily: each is
/// the cheapest that is left by those before it. `groups` tells the risk groups of an edge, such as
/// the ducts or the power supplies on which it depends; an edge without any is in one of its own.
///
/// A step of the budget is an edge looked at.
///
/// # Errors
/// If the budget is spent.
pub fn risk_disjoint_paths<W: Weigh<Cost = u64>>(
    net: &Net,
    weigh: W,
    restriction: &Restriction,
    ends: (u32, u32),
    k: usize,
    groups: &BTreeMap<EdgeId, Vec<u32>>,
    budget: &mut Budget,
) -> Result<Vec<Path>, Spent> {
    let mut members: BTreeMap<u32, Vec<EdgeId>> = BTreeMap::new();
    for (edge, groups) in groups {
        for group in groups {
            members.entry(*group).or_default().push(*edge);
        }
    }
    greedy(net, weigh, restriction, ends, k, budget, |path, left| {
        let of_path = path.edges.iter().filter_map(|edge| groups.get(edge));
        let groups: BTreeSet<u32> = of_path.flatten().copied().collect();
        let shared = groups.iter().filter_map(|group| members.get(group));
        left.closed_edges.extend(shared.flatten());
        close(net, path, DisjointBy::Links, left);
    })
}

/// One cheapest path after the other, each under what `close` adds for the one before.
fn greedy<W: Weigh<Cost = u64>>(
    net: &Net,
    weigh: W,
    restriction: &Restriction,
    ends: (u32, u32),
    k: usize,
    budget: &mut Budget,
    close: impl Fn(&Path, &mut Restriction),
) -> Result<Vec<Path>, Spent> {
    let mut left = restriction.clone();
    let mut paths: Vec<Path> = Vec::new();
    while paths.len() < k {
        let rules = Rules::new(net, &left);
        let all = std::mem::replace(budget, Budget::new(0));
        let mut stream = PathStream::new(net, weigh, &rules, ends, usize::MAX, all);
        let found = stream.advance().transpose().map(|found| found.is_some());
        let path = stream.path();
        *budget = stream.into_budget();
        let Some(path) = found.map(|_| path)? else {
            break;
        };
        close(&path, &mut left);
        let alone = path.edges.is_empty();
        paths.push(path);
        if alone {
            break;
        }
    }
    paths.sort_by(|a, b| (a.cost, &a.domains, &a.edges).cmp(&(b.cost, &b.domains, &b.edges)));
    Ok(paths)
}

/// Closes what a path uses up.
fn close(net: &Net, path: &Path, by: DisjointBy, left: &mut Restriction) {
    let inner = path.domains.get(1..path.domains.len().saturating_sub(1));
    if by == DisjointBy::Domains {
        left.closed_domains.extend(inner.unwrap_or_default());
    }
    for id in &path.edges {
        let Some(edge) = net.edge(*id).filter(|edge| edge.role != Role::Within) else {
            continue;
        };
        left.closed_edges.insert(*id);
        // Which of parallel edges is the same link the other way is not known: all count as that.
        let back = net.row(edge.to).edges_to(id.from);
        left.closed_edges.extend(back.map(|nth| EdgeId {
            from: edge.to,
            // A row has fewer edges than `u32` counts.
            nth: nth as u32,
        }));
    }
}

/// What is known of a node of the residual graph in one search: its reduced cost, the node before, the
/// edge between, and whether it is settled.
type Label = (i128, u32, Option<EdgeId>, bool);

/// Disjoint paths as a flow of one unit each. Where paths share no domain, a domain is two nodes, in
/// and out, and a unit passes between them once.
struct Flow<'a, W> {
    space: Restricted<'a, W>,
    from: u32,
    to: u32,
    split: bool,
    /// The edges that are used, where they lead, and their costs.
    used: BTreeMap<EdgeId, (u32, u64)>,
    /// By domain, the used edges that lead there.
    into: BTreeMap<u32, Vec<EdgeId>>,
    /// By node: what makes the reduced costs of all edges not negative.
    potential: Vec<i128>,
    labels: Map<Label>,
}

impl<'a, W: Weigh<Cost = u64>> Flow<'a, W> {
    fn new(space: Restricted<'a, W>, (from, to): (u32, u32), by: DisjointBy) -> Self {
        let split = by == DisjointBy::Domains;
        let nodes = space.len() << u32::from(split);
        Self {
            space,
            from,
            to,
            split,
            used: BTreeMap::new(),
            into: BTreeMap::new(),
            potential: vec![0; nodes],
            labels: Map::new(nodes),
        }
    }

    fn inward(&self, domain: u32) -> u32 {
        domain << u32::from(self.split)
    }

    fn outward(&self, domain: u32) -> u32 {
        self.inward(domain) + u32::from(self.split)
    }

    /// Tells every edge of the residual graph that leaves a node: where it leads, its cost, and the edge of
    /// the net that it takes, or gives back if it leads to where that starts.
    fn residual(&self, node: u32, mut visit: impl FnMut(u32, i128, Option<EdgeId>)) -> usize {
        let domain = node >> u32::from(self.split);
        let (is_in, is_out) = (node == self.inward(domain), node == self.outward(domain));
        let mut steps = 1;
        if is_in {
            let back = self.into.get(&domain);
            for id in back.into_iter().flatten() {
                steps += 1;
                let cost = self.used.get(id).map_or(0, |used| i128::from(used.1));
                visit(self.outward(id.from), -cost, Some(*id));
            }
        }
        if self.split {
            let passed = self.into.get(&domain).is_some_and(|into| !into.is_empty());
            if is_in && !passed {
                visit(self.outward(domain), 0, None);
            } else if is_out && passed {
                visit(self.inward(domain), 0, None);
            }
        }
        if is_out {
            self.space.forward(domain, |next, cost, id| {
                steps += 1;
                // No path comes back to its start, or goes on from its end.
                let useful = next != self.from && domain != self.to && next != domain;
                if useful && cost < u64::MAX && !self.used.contains_key(&id) {
                    visit(self.inward(next), i128::from(cost), Some(id));
                }
            });
        }
        steps
    }

    /// Adds one path to the flow. `false` if there is no more.
    fn augment(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        let (start, end) = (self.outward(self.from), self.inward(self.to));
        let mut labels = std::mem::replace(&mut self.labels, Map::new(0));
        labels.clear();
        let mut queue = BinaryHeap::new();
        labels.add(start, (0, start, None, false));
        queue.push(Reverse((0_i128, start)));
        let mut found = None;
        while let Some(Reverse((cost, node))) = queue.pop() {
            match labels.get_mut(node) {
                Some(label) if !label.3 && label.0 == cost => label.3 = true,
                _ => continue,
            }
            if node == end {
                found = Some(cost);
                break;
            }
            let steps = self.residual(node, |next, step, id| {
                let step = step + self.potential[node as usize] - self.potential[next as usize];
                let label = (cost + step, node, id, false);
                match labels.get_mut(next) {
                    None => labels.add(next, label),
                    Some(known) if label.0 < known.0 => *known = label,
                    Some(_) => return,
                }
                queue.push(Reverse((label.0, next)));
            });
            budget.spend(steps)?;
        }
        if let Some(found) = found {
            for (node, (cost, _, _, settled)) in labels.entries() {
                if *settled {
                    self.potential[*node as usize] += cost - found;
                }
            }
            let mut node = end;
            while node != start
                && let Some((_, before, id, _)) = labels.get(node)
            {
                if let Some(id) = id {
                    self.turn(id);
                }
                node = before;
            }
        }
        self.labels = labels;
        Ok(found.is_some())
    }

    /// Uses an edge, or gives it back if it is in use.
    fn turn(&mut self, id: EdgeId) {
        if let Some((to, _)) = self.used.remove(&id) {
            self.into
                .entry(to)
                .or_default()
                .retain(|other| *other != id);
            return;
        }
        let mut edge = None;
        self.space.forward(id.from, |to, cost, other| {
            if other == id {
                edge = Some((to, cost));
            }
        });
        if let Some(edge) = edge {
            self.used.insert(id, edge);
            self.into.entry(edge.0).or_default().push(id);
        }
    }

    /// The flow as paths.
    fn paths(mut self) -> Vec<Path> {
        self.cancel();
        let first = EdgeId {
            from: self.from,
            nth: 0,
        };
        let starts = self
            .used
            .range(first..)
            .filter(|(id, _)| id.from == self.from);
        let count = starts.count();
        let mut paths: Vec<Path> = (0..count).map(|_| self.take()).collect();
        paths.sort_by(|a, b| (a.cost, &a.domains, &a.edges).cmp(&(b.cost, &b.domains, &b.edges)));
        paths
    }

    /// Leaves out edges that are used both ways: without them the paths are no dearer.
    fn cancel(&mut self) {
        let both = |used: &BTreeMap<EdgeId, (u32, u64)>| {
            used.iter().find_map(|(id, (to, _))| {
                let first = EdgeId { from: *to, nth: 0 };
                let mut back = used.range(first..).take_while(|(back, _)| back.from == *to);
                let back = back.find(|(_, (there, _))| *there == id.from)?;
                Some([*id, *back.0])
            })
        };
        while let Some(pair) = both(&self.used) {
            for id in pair {
                self.used.remove(&id);
            }
        }
    }

    /// Takes one path out of the flow. Where it comes by a domain again, the way between is left out: in a
    /// flow of least cost it costs nothing.
    fn take(&mut self) -> Path {
        let mut path = Path {
            domains: vec![self.from],
            edges: Vec::new(),
            cost: 0,
        };
        let mut costs: Vec<u64> = Vec::new();
        let mut here = self.from;
        while here != self.to {
            let first = EdgeId { from: here, nth: 0 };
            let Some((id, (to, cost))) = self.used.range(first..).next().map(|(id, to)| (*id, *to))
            else {
                break;
            };
            self.used.remove(&id);
            if let Some(at) = path.domains.iter().position(|domain| *domain == to) {
                path.domains.truncate(at + 1);
                path.edges.truncate(at);
                costs.truncate(at);
            } else {
                path.domains.push(to);
                path.edges.push(id);
                costs.push(cost);
            }
            here = to;
        }
        path.cost = costs.into_iter().fold(0, u64::saturating_add);
        path
    }
}
