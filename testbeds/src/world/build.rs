//! Putting a world together: links by column, and two directions paired to one link.

use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;

use nffg::{Bandwidth, Delay};

use super::{Link, Names, Nodes, Position, Relationship, World, delay_over};

/// One value for each link; what is missing at the end is nothing.
#[derive(Clone, Debug)]
pub(super) struct Column<T>(pub(super) Vec<T>);

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Default + PartialEq> Column<T> {
    fn get(&self, at: usize) -> T {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// `at` is not below any that was put before.
    fn put(&mut self, at: usize, value: T) {
        if value != T::default() {
            self.0.resize(at, T::default());
            self.0.push(value);
        }
    }
}

/// Columns are equal that say the same of every link, however many nothings stand at their ends.
impl<T: Copy + Default + PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        (0..self.0.len().max(other.0.len())).all(|at| self.get(at) == other.get(at))
    }
}

/// The links of a world, by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Columns {
    pub(super) ends: Vec<(u32, u32)>,
    pub(super) relationships: Column<Option<Relationship>>,
    pub(super) one_way: Column<bool>,
    /// There and back.
    pub(super) delays: Column<[Option<Delay>; 2]>,
    /// There and back.
    pub(super) bandwidths: Column<[Option<Bandwidth>; 2]>,
}

impl Columns {
    pub(super) fn get(&self, at: usize) -> Option<Link> {
        let (a, b) = *self.ends.get(at)?;
        let [delay_there, delay_back] = self.delays.get(at);
        let [bandwidth_there, bandwidth_back] = self.bandwidths.get(at);
        Some(Link {
            a,
            b,
            one_way: self.one_way.get(at),
            delay_there,
            delay_back,
            bandwidth_there,
            bandwidth_back,
            relationship: self.relationships.get(at),
        })
    }

    fn push(&mut self, link: Link) {
        let at = self.ends.len();
        self.ends.push((link.a, link.b));
        self.relationships.put(at, link.relationship);
        self.one_way.put(at, link.one_way);
        self.delays.put(at, [link.delay_there, link.delay_back]);
        let bandwidths = [link.bandwidth_there, link.bandwidth_back];
        self.bandwidths.put(at, bandwidths);
    }
}

impl World {
    /// A world of its parts. The caller has seen to it that every end is a node and that no link leads
    /// from a node to itself.
    pub(super) fn of(names: Names, positions: Vec<Option<Position>>, links: Columns) -> Self {
        let known = positions.iter().any(Option::is_some);
        let positions = if known { positions } else { Vec::new() };
        Self {
            nodes: Nodes { names, positions },
            links,
            adjacency: OnceLock::new(),
            ids: OnceLock::new(),
        }
    }

    /// A world of labelled nodes. A link without any delay has that of the great circle, if both ends
    /// have a position; a link of a node to itself is left out.
    pub(super) fn labelled(nodes: Vec<(String, Option<Position>)>, links: Vec<Link>) -> Self {
        let (labels, positions): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
        let place = |node: u32| positions.get(node as usize).copied().flatten();
        let mut columns = Columns::default();
        for mut link in links.into_iter().filter(|link| link.a != link.b) {
            if link.delay_there.is_none() && link.delay_back.is_none() {
                let over = place(link.a).zip(place(link.b));
                link.delay_there = over.map(|(from, to)| delay_over(from, to));
                link.delay_back = link.delay_there.filter(|_| !link.one_way);
            }
            columns.push(link);
        }
        Self::of(Names::Labels(labels), positions, columns)
    }
}

/// Directions that a source tells one by one, paired to links: the first from x to y with the first from y
/// to x and so on. What has no partner is one way.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    links: Vec<Link>,
    /// The links that wait for their way back, by source and destination.
    waiting: BTreeMap<(u32, u32), VecDeque<usize>>,
}

impl Pairing {
    /// A direction.
    pub(super) fn there(
        &mut self,
        src: u32,
        dst: u32,
        delay: Option<Delay>,
        bandwidth: Option<Bandwidth>,
    ) {
        let partner = self
            .waiting
            .get_mut(&(dst, src))
            .and_then(VecDeque::pop_front)
            .and_then(|at| self.links.get_mut(at));
        if let Some(link) = partner {
            link.one_way = false;
            link.delay_back = delay;
            link.bandwidth_back = bandwidth;
            return;
        }
        let waiting = self.waiting.entry((src, dst)).or_default();
        waiting.push_back(self.links.len());
        self.links.push(Link {
            a: src,
            b: dst,
            one_way: true,
            delay_there: delay,
            bandwidth_there: bandwidth,
            ..Link::default()
        });
    }

    /// A link both ways.
    pub(super) fn both(&mut self, link: Link) {
        self.links.push(link);
    }

    /// The links, in the order in which each was told first.
    pub(super) fn finish(self) -> Vec<Link> {
        self.links
    }
}
