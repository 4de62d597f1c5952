//! A domain graph as a space: every step crosses one border.
//!
//! For the lead: with `DomainGraph::net` this is `Open` by [`Metric::Hops`](crate::search::Metric), and goes.

use crate::net::EdgeId;
use crate::search::space::Space;
use crate::{DomainGraph, DomainIndex};

#[derive(Clone, Copy, Debug)]
pub(super) struct Graph<'a> {
    graph: &'a DomainGraph,
    indices: &'a [DomainIndex],
}

impl<'a> Graph<'a> {
    /// `indices` are those of the graph, in order.
    pub(super) fn new(graph: &'a DomainGraph, indices: &'a [DomainIndex]) -> Self {
        Self { graph, indices }
    }

    #[inline]
    fn targets(self, state: u32) -> &'a [DomainIndex] {
        let index = self.indices.get(state as usize);
        index.map_or(&[], |index| self.graph.targets(*index))
    }
}

impl<'a> Space for Graph<'a> {
    type Cost = u32;

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn domains(&self) -> usize {
        self.indices.len()
    }

    fn is_plain(&self) -> bool {
        true
    }

    #[inline]
    fn point(&self, state: u32) -> u32 {
        state
    }

    #[inline]
    fn domain(&self, state: u32) -> u32 {
        state
    }

    fn sink(&self, domain: u32) -> u32 {
        domain
    }

    fn start(&self, point: u32) -> u32 {
        point
    }

    fn may_end(&self, _: u32) -> bool {
        true
    }

    fn ends(&self, point: u32) -> impl Iterator<Item = u32> + use<'a> {
        std::iter::once(point)
    }

    #[inline]
    fn forward(&self, state: u32, mut visit: impl FnMut(u32, u32, EdgeId)) {
        for (nth, to) in self.targets(state).iter().enumerate() {
            let nth = nth as u32;
            visit(to.as_usize() as u32, 1, EdgeId { from: state, nth });
        }
    }

    #[inline]
    fn forward_to(&self, state: u32, domain: u32, mut visit: impl FnMut(u32, u32, EdgeId)) {
        let targets = self.targets(state);
        if let Ok(nth) = targets.binary_search_by_key(&(domain as usize), |to| to.as_usize()) {
            let nth = nth as u32;
            visit(domain, 1, EdgeId { from: state, nth });
        }
    }

    #[inline]
    fn backward(&self, state: u32, mut visit: impl FnMut(u32, u32)) {
        for from in self.targets(state) {
            visit(from.as_usize() as u32, 1);
        }
    }

    #[inline]
    fn crossings(&self, cost: u32) -> Option<u64> {
        Some(u64::from(cost))
    }

    fn hop(&self) -> Option<u32> {
        Some(1)
    }
}
