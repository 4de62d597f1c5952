//! The states that a search walks through: points, all of them or those that a request allows, with
//! or without the phase of a valley-free path.

use std::collections::BTreeSet;
use std::ops::Range;

use super::cost::{Cost, Weigh};
use crate::net::{EdgeId, Net, Role, Row};

/// A graph of states. Every path through it is a path over points, with the same cost.
pub(crate) trait Space: Copy {
    /// What an edge costs in.
    type Cost: Cost;

    /// How many states there are: they are numbered from 0.
    fn len(&self) -> usize;

    /// How many domains there are.
    fn domains(&self) -> usize;

    /// Whether every point is a domain.
    fn is_plain(&self) -> bool;

    /// The point of a state.
    fn point(&self, state: u32) -> u32;

    /// The domain of a state.
    fn domain(&self, state: u32) -> u32;

    /// The point where paths that end in `domain` end: [`Net::sink`].
    fn sink(&self, domain: u32) -> u32;

    /// The state in which a path that starts at `point` is.
    fn start(&self, point: u32) -> u32;

    /// Whether a path may end in `state` if it may end at its point.
    fn may_end(&self, state: u32) -> bool;

    /// The states in which a path that ends at `point` may be.
    fn ends(&self, point: u32) -> impl Iterator<Item = u32> + use<Self>;

    /// Tells every step from `state`: where it leads, its cost, the position of its edge. Steps come
    /// in the order of the points to which they lead.
    fn forward(&self, state: u32, visit: impl FnMut(u32, Self::Cost, EdgeId));

    /// Those of the steps from `state` that lead to a point of `domain`.
    fn forward_to(&self, state: u32, domain: u32, mut visit: impl FnMut(u32, Self::Cost, EdgeId)) {
        self.forward(state, |to, cost, edge| {
            if self.domain(to) == domain {
                visit(to, cost, edge);
            }
        });
    }

    /// Tells every step to `state`: where it comes from, and its cost.
    fn backward(&self, state: u32, visit: impl FnMut(u32, Self::Cost));

    /// At least so many borders are crossed at this cost, if the cost says so.
    fn crossings(&self, cost: Self::Cost) -> Option<u64>;

    /// What a border costs, if every one costs the same and nothing else costs anything.
    fn hop(&self) -> Option<Self::Cost>;
}

/// All of a net.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open<'a, W> {
    pub(crate) net: &'a Net,
    pub(crate) weigh: W,
}

/// An edge by its start, and which it is.
fn edge_id(from: u32, nth: usize) -> EdgeId {
    EdgeId {
        from,
        nth: nth as u32,
    }
}

impl<'a, W: Weigh> Space for Open<'a, W> {
    type Cost = W::Cost;

    #[inline]
    fn len(&self) -> usize {
        self.net.len()
    }

    #[inline]
    fn domains(&self) -> usize {
        self.net.domains()
    }

    #[inline]
    fn is_plain(&self) -> bool {
        self.net.is_plain()
    }

    #[inline]
    fn point(&self, state: u32) -> u32 {
        state
    }

    #[inline]
    fn domain(&self, state: u32) -> u32 {
        self.net.domain_of(state)
    }

    #[inline]
    fn sink(&self, domain: u32) -> u32 {
        self.net.sink(domain)
    }

    #[inline]
    fn start(&self, point: u32) -> u32 {
        point
    }

    #[inline]
    fn may_end(&self, _: u32) -> bool {
        true
    }

    fn ends(&self, point: u32) -> impl Iterator<Item = u32> + use<'a, W> {
        std::iter::once(point)
    }

    #[inline]
    fn forward(&self, state: u32, mut visit: impl FnMut(u32, W::Cost, EdgeId)) {
        let row = self.net.row(state);
        for nth in 0..row.len() {
            visit(
                row.to[nth],
                self.weigh.weigh(&row, nth),
                edge_id(state, nth),
            );
        }
    }

    #[inline]
    fn forward_to(&self, state: u32, domain: u32, mut visit: impl FnMut(u32, W::Cost, EdgeId)) {
        let row = self.net.row(state);
        for nth in steps_to(self.net, &row, domain) {
            if self.domain(row.to[nth]) == domain {
                visit(
                    row.to[nth],
                    self.weigh.weigh(&row, nth),
                    edge_id(state, nth),
                );
            }
        }
    }

    #[inline]
    fn backward(&self, state: u32, mut visit: impl FnMut(u32, W::Cost)) {
        let row = self.net.back(state);
        for nth in 0..row.len() {
            visit(row.to[nth], self.weigh.weigh(&row, nth));
        }
    }

    #[inline]
    fn crossings(&self, cost: W::Cost) -> Option<u64> {
        self.weigh.crossings(cost)
    }

    #[inline]
    fn hop(&self) -> Option<W::Cost> {
        self.weigh.hop()
    }
}

/// Where in a row steps to a domain may be.
#[inline]
fn steps_to(net: &Net, row: &Row<'_>, domain: u32) -> Range<usize> {
    if net.is_plain() {
        row.edges_to(domain)
    } else {
        0..row.len()
    }
}

/// What of a net a request may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restriction {
    /// Edges with less bandwidth (bits per second) are not used. What is left of an edge is in the
    /// net's column.
    pub min_bandwidth: u64,
    /// Domains that no path enters, leaves or passes. The path of one domain does none of these.
    pub closed_domains: BTreeSet<u32>,
    /// Domains that no path passes: it may start or end there
    /// ([`Snapshot::refusing`](crate::Snapshot::refusing) names such domains).
    pub closed_transit: BTreeSet<u32>,
    /// Edges that are not used.
    pub closed_edges: BTreeSet<EdgeId>,
    /// Business relationships are respected: up, then at most one peer, then down (Gao, "On
    /// inferring autonomous system relationships in the Internet", 2001). Edges whose relationship is
    /// not known are free: in any phase, and the phase stays.
    pub valley_free: bool,
}

impl Restriction {
    /// Whether everything is allowed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A [`Restriction`] made ready for searches over one net: what is asked per edge is looked up in bits.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    min_bandwidth: u64,
    valley_free: bool,
    /// A bit per domain; empty if all are open.
    closed_domains: Vec<u64>,
    /// A bit per domain; empty if all may be passed.
    closed_transit: Vec<u64>,
    /// The points of the domains that may not be passed, sorted.
    entered: Vec<u32>,
    /// A bit per point at which a closed edge starts; empty if all are open.
    closed_from: Vec<u64>,
    closed_edges: Vec<EdgeId>,
}

fn bit(bits: &[u64], at: u32) -> bool {
    bits.get(at as usize / 64)
        .is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn bits(len: usize, set: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut bits = Vec::new();
    for at in set.filter(|at| (*at as usize) < len) {
        bits.resize(len.div_ceil(64), 0);
        bits[at as usize / 64] |= 1 << (at % 64);
    }
    bits
}

impl Rules {
    /// The restriction for searches over `net`. Domains and edges that it does not have are left out.
    #[must_use]
    pub fn new(net: &Net, restriction: &Restriction) -> Self {
        let edges = &restriction.closed_edges;
        let transit = restriction.closed_transit.iter().copied();
        let closed_transit = bits(net.domains(), transit);
        let mut entered = Vec::new();
        if !closed_transit.is_empty() {
            // The net numbers its points by `u32`.
            let points = 0..net.len() as u32;
            entered.extend(points.filter(|point| bit(&closed_transit, net.domain_of(*point))));
        }
        Self {
            min_bandwidth: restriction.min_bandwidth,
            valley_free: restriction.valley_free,
            closed_domains: bits(net.domains(), restriction.closed_domains.iter().copied()),
            closed_transit,
            entered,
            closed_from: bits(net.len(), edges.iter().map(|edge| edge.from)),
            closed_edges: edges.iter().copied().collect(),
        }
    }

    /// Whether everything is allowed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.min_bandwidth == 0
            && !self.valley_free
            && self.closed_domains.is_empty()
            && self.closed_transit.is_empty()
            && self.closed_from.is_empty()
    }

    /// Whether business relationships are respected: paths have phases.
    #[must_use]
    pub fn is_valley_free(&self) -> bool {
        self.valley_free
    }

    /// These and the respect for business relationships.
    pub(crate) fn valley_free(&self) -> Self {
        Self {
            valley_free: true,
            ..self.clone()
        }
    }

    /// Whether there is a domain that no path passes.
    pub(crate) fn closes_transit(&self) -> bool {
        !self.closed_transit.is_empty()
    }

    /// Whether no path enters, leaves or passes the domain.
    #[inline]
    pub(crate) fn is_closed(&self, domain: u32) -> bool {
        !self.closed_domains.is_empty() && bit(&self.closed_domains, domain)
    }
}

/// A net under a restriction. A state is a place, and with `valley_free` also a phase: climbing (even)
/// or descending (odd).
///
/// A place is a point. A point of a domain that no path passes is two: the one by its number, for
/// paths that start in the domain and have not left it, and one after all points, for those that
/// entered the domain and may not leave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restricted<'a, W> {
    pub(crate) net: &'a Net,
    pub(crate) weigh: W,
    pub(crate) rules: &'a Rules,
}

impl<W: Weigh> Restricted<'_, W> {
    #[inline]
    fn shift(&self) -> u32 {
        u32::from(self.rules.valley_free)
    }

    #[inline]
    fn split(&self, state: u32) -> (u32, u32) {
        (state >> self.shift(), state & self.shift())
    }

    /// The point of a place, and whether it is for paths that entered its domain.
    #[inline]
    fn point_at(&self, place: u32) -> (u32, bool) {
        match (place as usize).checked_sub(self.net.len()) {
            None => (place, false),
            Some(at) => (self.rules.entered[at], true),
        }
    }

    /// The place for paths that entered the domain of a point; `None` if they may pass it.
    #[inline]
    fn entered(&self, point: u32) -> Option<u32> {
        if !self.rules.closes_transit() {
            return None;
        }
        let at = self.rules.entered.binary_search(&point).ok()?;
        // Places are numbered by `u32`, as points are: at most two for each.
        Some((self.net.len() + at) as u32)
    }

    /// The place to which an edge leads; `None` if it leaves a domain that was entered and may not be
    /// passed.
    #[inline]
    fn place_after(&self, point: u32, entered: bool, to: u32) -> Option<u32> {
        if !self.rules.closes_transit() {
            return Some(to);
        }
        let stays = self.net.domain_of(point) == self.net.domain_of(to);
        match self.entered(to) {
            _ if entered && !stays => None,
            Some(place) if entered || !stays => Some(place),
            _ => Some(to),
        }
    }

    /// The place from which an edge leads to the place of `point`; `None` if there is none.
    #[inline]
    fn place_before(&self, point: u32, entered: bool, from: u32) -> Option<u32> {
        if !self.rules.closes_transit() {
            return Some(from);
        }
        let stays = self.net.domain_of(point) == self.net.domain_of(from);
        match (stays, entered) {
            (true, true) => self.entered(from),
            (false, false) if self.entered(point).is_some() => None,
            _ => Some(from),
        }
    }

    /// Whether an edge may be used whose other end is `to`, the domain of this end being open.
    #[inline]
    fn allows(&self, row: &Row<'_>, nth: usize, edge: impl Fn() -> EdgeId) -> bool {
        row.bandwidth[nth] >= self.rules.min_bandwidth
            && (self.rules.closed_domains.is_empty()
                || !self.rules.is_closed(self.net.domain_of(row.to[nth])))
            && (self.rules.closed_from.is_empty() || !self.is_closed(edge()))
    }

    fn is_closed(&self, edge: EdgeId) -> bool {
        bit(&self.rules.closed_from, edge.from)
            && self.rules.closed_edges.binary_search(&edge).is_ok()
    }

    /// The forward position of an edge of the backward row of `point`. Which of parallel edges it is
    /// matters only if they differ: of equal ones, the first here is the first there.
    fn edge_back(&self, point: u32, row: &Row<'_>, nth: usize) -> EdgeId {
        let from = row.to[nth];
        let edge = row.edge(nth);
        let before = row.edges_to(from).start..nth;
        let rank = before.filter(|nth| row.edge(*nth) == edge).count();
        let there = self.net.row(from);
        let same = crate::net::Edge { to: point, ..edge };
        let mut equal = there.edges_to(point).filter(|nth| there.edge(*nth) == same);
        EdgeId {
            from,
            nth: equal.nth(rank).map_or(u32::MAX, |nth| nth as u32),
        }
    }

    /// The phase after an edge; `None` if the edge may not be taken in this phase.
    #[inline]
    fn step(&self, phase: u32, role: Role) -> Option<u32> {
        if !self.rules.valley_free {
            return Some(0);
        }
        match (role, phase) {
            (Role::Unknown | Role::Within, phase) => Some(phase),
            (Role::ToProvider, 0) => Some(0),
            (Role::ToPeer, 0) | (Role::ToCustomer, _) => Some(1),
            (Role::ToProvider | Role::ToPeer, _) => None,
        }
    }

    #[inline]
    fn steps(
        &self,
        state: u32,
        within: impl Fn(&Row<'_>) -> Range<usize>,
        mut visit: impl FnMut(u32, W::Cost, EdgeId),
    ) {
        let (place, phase) = self.split(state);
        let (point, entered) = self.point_at(place);
        if self.rules.is_closed(self.net.domain_of(point)) {
            return;
        }
        let row = self.net.row(point);
        for nth in within(&row) {
            let edge = edge_id(point, nth);
            if let Some(phase) = self.step(phase, row.role(nth))
                && self.allows(&row, nth, || edge)
                && let Some(place) = self.place_after(point, entered, row.to[nth])
            {
                let to = (place << self.shift()) + phase;
                visit(to, self.weigh.weigh(&row, nth), edge);
            }
        }
    }
}

impl<'a, W: Weigh> Space for Restricted<'a, W> {
    type Cost = W::Cost;

    #[inline]
    fn len(&self) -> usize {
        (self.net.len() + self.rules.entered.len()) << self.shift()
    }

    #[inline]
    fn domains(&self) -> usize {
        self.net.domains()
    }

    #[inline]
    fn is_plain(&self) -> bool {
        self.net.is_plain()
    }

    #[inline]
    fn point(&self, state: u32) -> u32 {
        self.point_at(state >> self.shift()).0
    }

    #[inline]
    fn domain(&self, state: u32) -> u32 {
        self.net.domain_of(self.point(state))
    }

    #[inline]
    fn sink(&self, domain: u32) -> u32 {
        self.net.sink(domain)
    }

    #[inline]
    fn start(&self, point: u32) -> u32 {
        point << self.shift()
    }

    #[inline]
    fn may_end(&self, _: u32) -> bool {
        true
    }

    fn ends(&self, point: u32) -> impl Iterator<Item = u32> + use<'a, W> {
        let shift = self.shift();
        // One that is not entered is the end of the path of one domain.
        let places = std::iter::once(point).chain(self.entered(point));
        places.flat_map(move |place| (place << shift)..=(place << shift) + shift)
    }

    #[inline]
    fn forward(&self, state: u32, visit: impl FnMut(u32, W::Cost, EdgeId)) {
        self.steps(state, |row| 0..row.len(), visit);
    }

    fn forward_to(&self, state: u32, domain: u32, mut visit: impl FnMut(u32, W::Cost, EdgeId)) {
        self.steps(
            state,
            |row| steps_to(self.net, row, domain),
            |to, cost, edge| {
                if self.domain(to) == domain {
                    visit(to, cost, edge);
                }
            },
        );
    }

    #[inline]
    fn backward(&self, state: u32, mut visit: impl FnMut(u32, W::Cost)) {
        let (place, phase) = self.split(state);
        let (point, entered) = self.point_at(place);
        if self.rules.is_closed(self.net.domain_of(point)) {
            return;
        }
        let row = self.net.back(point);
        for nth in 0..row.len() {
            if !self.allows(&row, nth, || self.edge_back(point, &row, nth)) {
                continue;
            }
            let Some(place) = self.place_before(point, entered, row.to[nth]) else {
                continue;
            };
            for before in 0..=self.shift() {
                if self.step(before, row.role(nth)) == Some(phase) {
                    let from = (place << self.shift()) + before;
                    visit(from, self.weigh.weigh(&row, nth));
                }
            }
        }
    }

    #[inline]
    fn crossings(&self, cost: W::Cost) -> Option<u64> {
        self.weigh.crossings(cost)
    }

    #[inline]
    fn hop(&self) -> Option<W::Cost> {
        self.weigh.hop()
    }
}
