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
