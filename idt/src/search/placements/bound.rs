//! What the nodes that are not placed yet cost at least: mini-bucket elimination.
//!
//! A node is *free* if it has more than one choice. The others are settled from the start, whatever
//! their position; a link to one is a cost of the free node at its other end alone.

use super::instance::Instance;
use crate::search::budget::{Budget, Spent};

/// The cost of what is impossible. Real costs stay far below: links times domains.
pub(super) const IMPOSSIBLE: u64 = u64::MAX;

/// A table over two earlier neighbours is filled if it takes at most this many sums, else it is
/// split into two tables, each over one.
const JOINT_SUMS: usize = 1 << 17;

/// The costs of the search, arranged by the node whose choice decides them.
///
/// The bound of no node placed is [`Bound::least`]. Placing a node replaces what the bound expects
/// of it ([`Bound::expected`]) by what its choice costs ([`Bound::cost`]), which is never less. Once
/// all nodes are placed, the bound is the hops of the placement.
pub(super) struct Bound {
    least: u64,
    /// Per choice of each node in a row: its links to settled nodes, and what later nodes cost at
    /// least then. Nothing for a settled node: its costs are its neighbours', or everyone's.
    own: Vec<u64>,
    nodes: Vec<NodeCost>,
}

/// The costs that the choice of one node decides, once the nodes before it are placed.
#[derive(Default)]
struct NodeCost {
    /// Where its own costs begin, and how many choices it has.
    start: usize,
    width: usize,
    /// Its links to earlier free nodes, in node order.
    links: Vec<Joint>,
    /// What it costs at least, whatever the nodes before it.
    least: u64,
    /// What it costs at least beyond that, by the nodes before it.
    expected: Vec<Message>,
}

/// The cost of a choice of an earlier node together with one of this node.
struct Joint {
    earlier: usize,
    /// Row by choice of `earlier`, column by choice of this node.
    cells: Vec<u64>,
}

/// What a node costs at least, by the choices of one or two earlier nodes.
struct Message {
    earlier: usize,
    /// The second earlier node, after the first, and how many choices it has.
    second: Option<(usize, usize)>,
    cells: Vec<u64>,
}

impl Bound {
    /// `None` if there is no placement at all, whatever the capacities.
    pub(super) fn new(instance: &Instance<'_>, budget: &mut Budget) -> Result<Option<Self>, Spent> {
        let nodes = (0..instance.len()).map(|node| {
            let choices = instance.choices(node);
            NodeCost {
                start: choices.start,
                width: choices.len(),
                ..NodeCost::default()
            }
        });
        let nodes: Vec<NodeCost> = nodes.collect();
        let choices = nodes.last().map_or(0, |last| last.start + last.width);
        let mut bound = Self {
            least: 0,
            own: vec![0; choices],
            nodes,
        };
        for link in instance.links() {
            bound.add_link(instance, link.0.min(link.1), link.0.max(link.1), budget)?;
        }
        for node in (0..instance.len()).rev() {
            bound.eliminate(node, budget)?;
        }
        Ok((bound.least != IMPOSSIBLE).then_some(bound))
    }

    /// The bound of no node placed.
    pub(super) fn least(&self) -> u64 {
        self.least
    }

    /// What the bound holds of `node` once the nodes before it are placed; `placed` gives the
    /// choice of each.
    #[inline]
    pub(super) fn expected(&self, node: usize, placed: impl Fn(usize) -> usize) -> u64 {
        let NodeCost {
            least, expected, ..
        } = &self.nodes[node];
        expected.iter().fold(*least, |sum, message| {
            let row = placed(message.earlier);
            let cell = message
                .second
                .map_or(row, |(second, width)| row * width + placed(second));
            sum + message.cells[cell]
        })
    }

    /// What a choice of `node` costs once the nodes before it are placed; `placed` gives the choice
    /// of each.
    #[inline]
    pub(super) fn cost(&self, node: usize, choice: usize, placed: impl Fn(usize) -> usize) -> u64 {
        let NodeCost {
            start,
            width,
            links,
            ..
        } = &self.nodes[node];
        links.iter().fold(self.own[start + choice], |sum, joint| {
            sum.saturating_add(joint.cells[placed(joint.earlier) * width + choice])
        })
    }

    /// The cost of a link, for the node that decides it.
    fn add_link(
        &mut self,
        instance: &Instance<'_>,
        earlier: usize,
        later: usize,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        if earlier == later {
            return Ok(());
        }
        let hops = |from, to| instance.distance(from, to).map_or(IMPOSSIBLE, u64::from);
        let (rows, columns) = (instance.hosts(earlier), instance.hosts(later));
        budget.spend(rows.len().saturating_mul(columns.len()))?;
        match (rows, columns) {
            ([row], [column]) => self.least = self.least.saturating_add(hops(*row, *column)),
            ([row], columns) => {
                let costs = columns.iter().map(|column| hops(*row, *column));
                add(&mut self.own[instance.choices(later)], costs);
            }
            (rows, [column]) => {
                let costs = rows.iter().map(|row| hops(*row, *column));
                add(&mut self.own[instance.choices(earlier)], costs);
            }
            (rows, columns) => {
                let row = |row: &u32| {
                    let row = *row;
                    columns.iter().map(move |column| hops(row, *column))
                };
                self.nodes[later].join(earlier, rows.iter().flat_map(row));
            }
        }
        Ok(())
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
            *least = cheapest(own, own.iter().map(|_| 0));
            self.least = self.least.saturating_add(*least);
        }
        // What the node costs alone counts once: in the first message.
        let nothing = if links.len() > 1 {
            vec![0; width]
        } else {
            Vec::new()
        };
        let mut links = &links[..];
        while let Some((first, mut rest)) = links.split_first() {
            let rows = first.cells.chunks_exact(width);
            let sums = |joint: &Joint| first.cells.len().saturating_mul(joint.cells.len() / width);
            let message = match rest
                .split_first()
                .filter(|(joint, _)| sums(joint) <= JOINT_SUMS)
            {
                Some((second, after)) => {
                    rest = after;
                    budget.spend(sums(second))?;
                    let columns = second.cells.chunks_exact(width);
                    let mut cells = Vec::with_capacity(rows.len() * columns.len());
                    let mut sum = vec![0; width];
                    for row in rows {
                        sum.copy_from_slice(own);
                        add(&mut sum, row.iter().copied());
                        cells.extend(columns.clone().map(|c| cheapest(&sum, c.iter().copied())));
                    }
                    before[second.earlier].join(first.earlier, cells.iter().copied());
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

impl NodeCost {
    /// Adds to what choices of this node cost together with those of an earlier one.
    fn join(&mut self, earlier: usize, cells: impl Iterator<Item = u64>) {
        match self
            .links
            .binary_search_by_key(&earlier, |joint| joint.earlier)
        {
            Ok(at) => add(&mut self.links[at].cells, cells),
            Err(at) => self.links.insert(
                at,
                Joint {
                    earlier,
                    cells: cells.collect(),
                },
            ),
        }
    }
}

fn add(sums: &mut [u64], more: impl Iterator<Item = u64>) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

/// The least sum of the two at one position.
fn cheapest(some: &[u64], more: impl Iterator<Item = u64>) -> u64 {
    let sums = some
        .iter()
        .zip(more)
        .map(|(some, more)| some.saturating_add(more));
    sums.min().unwrap_or(IMPOSSIBLE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{PlacementNode, PlacementProblem, RESOURCE_KINDS, placements};
    use super::*;
    use crate::{BorderLink, DomainIndex, Snapshot, Ted, Update};

    /// A ring of domains with one chord.
    fn ring(len: usize) -> std::sync::Arc<Snapshot> {
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
            demand: [0.0; RESOURCE_KINDS],
        };
        PlacementProblem {
            nodes: hosts.iter().map(node).collect(),
            links: links.to_vec(),
            capacity: BTreeMap::new(),
        }
    }

    /// The bound before anything is placed, and what the best placement costs.
    fn least_and_best(snapshot: &Snapshot, problem: &PlacementProblem) -> (u64, u64) {
        let budget = &mut Budget::new(u64::MAX);
        let instance = Instance::new(snapshot.graph(), problem, budget)
            .ok()
            .flatten()
            .unwrap();
        let bound = Bound::new(&instance, budget).ok().flatten().unwrap();
        let best = placements(snapshot.graph(), problem, 1, u64::MAX);
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
