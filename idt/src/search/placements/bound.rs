//! What the nodes that are not placed yet cost at least: mini-bucket elimination.
//!
//! A node is *free* if it has more than one choice. The others are settled from the start, whatever
//! their position; a link to one is a cost of the free node at its other end alone.

use std::cmp::Ordering;

use super::amount::Amount;
use super::instance::Instance;
use super::tables::Tables;
use crate::net::EdgeId;
use crate::search::budget::{Budget, Spent};

/// A table over two earlier neighbours is filled if it takes at most this many sums, else it is
/// split into two tables, each over one.
const JOINT_SUMS: usize = 1 << 17;

/// What the search asks of the costs. The bound of no node placed is [`Costs::least`]. Placing a
/// node replaces what the bound expects of it ([`Costs::expected`]) by what its choice costs
/// ([`Costs::add`]), which is never less. Once all nodes are placed, the bound is the cost of the
/// placement when every link takes its cheapest route. `placed` gives the choice of each node before.
pub(super) trait Costs<C> {
    /// Nodes that have one choice only decide nothing: what they cost is in the others' costs.
    const SKIPS_SETTLED: bool;

    /// The bound of no node placed.
    fn least(&self) -> C;

    /// What the bound holds of `node`.
    fn expected(&self, node: usize, placed: impl Fn(usize) -> usize) -> C;

    /// Makes the costs of all choices of `node` known that `wanted` says yes to. Returns what those
    /// cost at least that stay unknown: none if [`crate::search::cost::Cost::FAR`].
    fn reach(
        &mut self,
        node: usize,
        placed: impl Fn(usize) -> usize,
        wanted: impl Fn(C) -> bool,
        budget: &mut Budget,
    ) -> Result<C, Spent>;

    /// Writes what each choice of `node` costs on top of `base`; [`crate::search::cost::Cost::FAR`] too if it
    /// is unknown.
    fn add(&self, node: usize, placed: impl Fn(usize) -> usize, base: C, costs: &mut [C]);

    /// The first of the cheapest routes of the link to a node, given the choice of each node; `None`
    /// if that is for others to find.
    fn route(&mut self, _: usize, _: &[u32], _: &mut Budget) -> Result<Option<Vec<EdgeId>>, Spent> {
        Ok(None)
    }
}

/// The costs of the search in tables, arranged by the node whose choice decides them.
pub(super) struct Bound<C> {
    least: C,
    /// Per choice of each node in a row: its links to settled nodes, and what later nodes cost at
    /// least then. Nothing for a settled node: its costs are its neighbours', or everyone's.
    own: Vec<C>,
    nodes: Vec<NodeCost<C>>,
}

/// The costs that the choice of one node decides, once the nodes before it are placed.
struct NodeCost<C> {
    /// Where its own costs begin, and how many choices it has.
    start: usize,
    width: usize,
    /// Its links to earlier free nodes, in node order.
    links: Vec<Joint<C>>,
    /// What it costs at least, whatever the nodes before it.
    least: C,
    /// What it costs at least beyond that, by the nodes before it.
    expected: Vec<Message<C>>,
}

/// The cost of a choice of an earlier node together with one of this node.
struct Joint<C> {
    earlier: usize,
    /// Row by choice of `earlier`, column by choice of this node.
    cells: Vec<C>,
}

/// What a node costs at least, by the choices of one or two earlier nodes.
struct Message<C> {
    earlier: usize,
    /// The second earlier node, after the first, and how many choices it has.
    second: Option<(usize, usize)>,
    cells: Vec<C>,
}

impl<C: Amount> Bound<C> {
    /// `None` if there is no placement at all, whatever the capacities.
    pub(super) fn new(
        instance: &Instance<'_>,
        tables: &Tables<C>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let nodes = (0..instance.len()).map(|node| {
            let choices = instance.choices(node);
            NodeCost {
                start: choices.start,
                width: choices.len(),
                links: Vec::new(),
                least: C::ZERO,
                expected: Vec::new(),
            }
        });
        let nodes: Vec<NodeCost<C>> = nodes.collect();
        let choices = nodes.last().map_or(0, |last| last.start + last.width);
        let mut bound = Self {
            least: C::ZERO,
            own: vec![C::ZERO; choices],
            nodes,
        };
        for (at, link) in instance.problem.links.iter().enumerate() {
            let cells = tables.objective(at);
            budget.spend(cells.len())?;
            let width = instance.hosts(link.dst).len();
            match link.src.cmp(&link.dst) {
                Ordering::Less if width > 1 && cells.len() > width => {
                    bound.nodes[link.dst].join(link.src, cells.to_vec());
                }
                Ordering::Less => bound.add_pair(link.src, link.dst, |a, b| cells[a * width + b]),
                Ordering::Greater => {
                    bound.add_pair(link.dst, link.src, |a, b| cells[b * width + a]);
                }
                Ordering::Equal => {}
            }
        }
        for &(earlier, later, same) in instance.ties() {
            if same {
                let (rows, columns) = (instance.hosts(earlier), instance.hosts(later));
                budget.spend(rows.len().saturating_mul(columns.len()))?;
                let cost = |a: usize, b: usize| match rows[a] == columns[b] {
                    true => C::ZERO,
                    false => C::FAR,
                };
                bound.add_pair(earlier, later, cost);
            }
        }
        for node in (0..instance.len()).rev() {
            bound.eliminate(node, budget)?;
        }
        Ok((bound.least != C::FAR).then_some(bound))
    }

    /// What two nodes cost together, by their choices, for the node that decides it.
    fn add_pair(&mut self, earlier: usize, later: usize, cost: impl Fn(usize, usize) -> C) {
        let (rows, columns) = (self.nodes[earlier].width, self.nodes[later].width);
        match (rows, columns) {
            (1, 1) => self.least = self.least.plus(cost(0, 0)),
            (1, _) => {
                let start = self.nodes[later].start;
                let costs = (0..columns).map(|column| cost(0, column));
                add(&mut self.own[start..start + columns], costs);
            }
            (_, 1) => {
                let start = self.nodes[earlier].start;
                let costs = (0..rows).map(|row| cost(row, 0));
                add(&mut self.own[start..start + rows], costs);
            }
            _ => {
                let mut cells = Vec::with_capacity(rows * columns);
                for row in 0..rows {
                    cells.extend((0..columns).map(|column| cost(row, column)));
                }
                self.nodes[later].join(earlier, cells);
            }
        }
    }

    /// Turns the costs that a node decides into costs of the nodes before it.
    fn eliminate(&mut self, node: usize, budget: &mut Budget) -> Result<(), Spent> {
        let (before, from) = self.nodes.split_at_mut(node);
        let NodeCost {
            start,
            width,
            links,
            least,
            expected,
        } = &mut from[0];
        let width = *width;
        if width == 1 {
            return Ok(());
        }
        let (others, own) = self.own.split_at_mut(*start);
        let mut own = &own[..width];
        if links.is_empty() {
            budget.spend(width)?;
            *least = cheapest(own, own.iter().map(|_| C::ZERO));
            self.least = self.least.plus(*least);
        }
        // What the node costs alone counts once: in the first message.
        let nothing = if links.len() > 1 {
            vec![C::ZERO; width]
        } else {
            Vec::new()
        };
        let mut links = &links[..];
        while let Some((first, mut rest)) = links.split_first() {
            let rows = first.cells.chunks_exact(width);
            let sums =
                |joint: &Joint<C>| first.cells.len().saturating_mul(joint.cells.len() / width);
            let message = match rest
                .split_first()
                .filter(|(joint, _)| sums(joint) <= JOINT_SUMS)
            {
                Some((second, after)) => {
                    rest = after;
                    budget.spend(sums(second))?;
                    let columns = second.cells.chunks_exact(width);
                    let mut cells = Vec::with_capacity(rows.len() * columns.len());
                    let mut sum = vec![C::ZERO; width];
                    for row in rows {
                        sum.copy_from_slice(own);
                        add(&mut sum, row.iter().copied());
                        cells.extend(columns.clone().map(|c| cheapest(&sum, c.iter().copied())));
                    }
                    before[second.earlier].join(first.earlier, cells.clone());
                    let second = Some((second.earlier, columns.len()));
                    Message {
                        earlier: first.earlier,
                        second,
                        cells,
                    }
                }
                None => {
                    budget.spend(first.cells.len())?;
                    let cells = rows.map(|row| cheapest(own, row.iter().copied())).collect();
                    let message = Message {
                        earlier: first.earlier,
                        second: None,
                        cells,
                    };
                    let target = &before[first.earlier];
                    let choices = &mut others[target.start..][..target.width];
                    add(choices, message.cells.iter().copied());
                    message
                }
            };
            expected.push(message);
            links = rest;
            own = &nothing;
        }
        Ok(())
    }
}

impl<C: Amount> NodeCost<C> {
    /// Adds to what choices of this node cost together with those of an earlier one.
    fn join(&mut self, earlier: usize, cells: Vec<C>) {
        match self
            .links
            .binary_search_by_key(&earlier, |joint| joint.earlier)
        {
            Ok(at) => add(&mut self.links[at].cells, cells.into_iter()),
            Err(at) => self.links.insert(at, Joint { earlier, cells }),
        }
    }
}

impl<C: Amount> Costs<C> for Bound<C> {
    const SKIPS_SETTLED: bool = true;

    fn least(&self) -> C {
        self.least
    }

    #[inline]
    fn expected(&self, node: usize, placed: impl Fn(usize) -> usize) -> C {
        let NodeCost {
            least, expected, ..
        } = &self.nodes[node];
        expected.iter().fold(*least, |sum, message| {
            let row = placed(message.earlier);
            let cell = message
                .second
                .map_or(row, |(second, width)| row * width + placed(second));
            sum.plus(message.cells[cell])
        })
    }

    fn reach(
        &mut self,
        _: usize,
        _: impl Fn(usize) -> usize,
        _: impl Fn(C) -> bool,
        _: &mut Budget,
    ) -> Result<C, Spent> {
        Ok(C::FAR)
    }

    #[inline]
    fn add(&self, node: usize, placed: impl Fn(usize) -> usize, base: C, costs: &mut [C]) {
        let NodeCost {
            start,
            width,
            links,
            ..
        } = &self.nodes[node];
        for (cost, own) in costs.iter_mut().zip(&self.own[*start..start + width]) {
            *cost = base.plus(*own);
        }
        for joint in links {
            let row = &joint.cells[placed(joint.earlier) * width..][..*width];
            add(costs, row.iter().copied());
        }
    }
}

fn add<C: Amount>(sums: &mut [C], more: impl Iterator<Item = C>) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.plus(more);
    }
}

/// The least sum of the two at one position.
fn cheapest<C: Amount>(some: &[C], more: impl Iterator<Item = C>) -> C {
    let sums = some.iter().zip(more).map(|(some, more)| some.plus(more));
    sums.min().unwrap_or(C::FAR)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tables::World;
    use super::super::{PlacementNode, PlacementProblem, best_placements};
    use super::*;
    use crate::search::Distances;
    use crate::search::cost::Metric;
    use crate::{BorderLink, DomainIndex, Snapshot, Ted, Update};

    /// A ring of domains with one chord.
    fn ring(len: usize) -> Arc<Snapshot> {
        let name = |at: usize| format!("D{:02}", at % len).parse().unwrap();
        let chord = [(0, len / 2)];
        let pairs = (0..len).map(|at| (at, at + 1)).chain(chord);
        let border = |(a, b)| BorderLink {
            a: name(a),
            b: name(b),
            delay: None,
            bandwidth: None,
        };
        let mut ted = Ted::new();
        ted.apply((0..len).map(|at| Update::Join(name(at))));
        ted.apply([Update::Borders(pairs.map(border).collect())]);
        ted.snapshot()
    }

    /// Nodes with these hosts, by position, joined by `links`.
    fn problem(
        snapshot: &Snapshot,
        hosts: &[Vec<usize>],
        links: &[(usize, usize)],
    ) -> PlacementProblem {
        let all: Vec<DomainIndex> = snapshot.graph().indices().collect();
        let node = |hosts: &Vec<usize>| PlacementNode {
            hosts: hosts.iter().map(|at| all[at % all.len()]).collect(),
            ..PlacementNode::default()
        };
        PlacementProblem {
            nodes: hosts.iter().map(node).collect(),
            links: links.iter().copied().map(Into::into).collect(),
            ..PlacementProblem::default()
        }
    }

    /// The bound before anything is placed, and what the best placement costs.
    fn least_and_best(snapshot: &Snapshot, problem: &PlacementProblem) -> (u64, u64) {
        let budget = &mut Budget::new(u64::MAX);
        let distances = Distances::new(Arc::clone(snapshot.graph().net()));
        let instance = Instance::new(distances.net(), problem, None, budget)
            .ok()
            .flatten()
            .unwrap();
        let mut world = World::new(&instance, &distances, Metric::Hops, budget)
            .ok()
            .unwrap();
        let tables = Tables::new(&mut world, budget).ok().unwrap();
        let bound = Bound::new(&instance, &tables, budget)
            .ok()
            .flatten()
            .unwrap();
        let best = best_placements(&distances, problem, 1, u64::MAX);
        (bound.least(), best.placements[0].hops)
    }

    #[test]
    fn chains_and_rings_in_any_order_and_trees_from_the_root_have_an_exact_bound() {
        let ring_of_domains = ring(11);
        let shapes: [&[(usize, usize)]; 6] = [
            &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)],
            &[(5, 0), (0, 3), (3, 1), (1, 4), (4, 2)],
            &[(0, 5), (5, 1), (1, 4), (4, 3), (3, 2)],
            &[(0, 3), (3, 1), (1, 4), (4, 5), (5, 0)],
            &[(0, 1), (0, 3), (1, 4), (1, 5), (2, 5)],
            // There and back, and a link of a node with itself.
            &[(0, 1), (1, 3), (3, 1), (1, 0), (3, 4), (4, 4)],
        ];
        for links in shapes {
            for seed in 0..40 {
                // One of them is settled.
                let hosts = |node: usize| match node {
                    2 => vec![seed],
                    _ => (0..3)
                        .map(|n| seed * 7 + node * 5 + n * (node + 2))
                        .collect(),
                };
                let hosts: Vec<_> = (0..6).map(hosts).collect();
                let problem = problem(&ring_of_domains, &hosts, links);
                let (least, best) = least_and_best(&ring_of_domains, &problem);
                assert_eq!(least, best, "{links:?}, seed {seed}");
            }
        }
    }

    #[test]
    fn elsewhere_the_bound_is_never_too_high() {
        // Four nodes around the ring, then one that is linked to all of them and to a settled one.
        // Its two tables may choose different hosts for it.
        let ring_of_domains = ring(16);
        let links = [(0, 4), (1, 4), (2, 4), (3, 4), (4, 5), (5, 4)];
        let mut loose = 0;
        for seed in 0..16 {
            let mut hosts: Vec<Vec<usize>> = (0..4).map(|n| vec![4 * n, 4 * n + seed]).collect();
            hosts.extend([(0..16).collect(), vec![seed / 2]]);
            let problem = problem(&ring_of_domains, &hosts, &links);
            let (least, best) = least_and_best(&ring_of_domains, &problem);
            assert!(least <= best, "seed {seed}");
            loose += u32::from(least < best);
        }
        assert!(loose > 0, "the tables were not split");
    }
}
