//! The net of some time other than now, and the costs over it.

use std::sync::Arc;

use idt::net::Net;
use idt::search::{Budget, Distances, Spent};
use idt::{DomainGraph, Outlook};

use super::measure::{Measure, Measures, NONE, Over};

/// The net of some time, and what tells the costs over it, made when somebody asks first.
pub(crate) struct State {
    graph: DomainGraph,
    distances: Distances,
    /// Of a time to come: the net of now, and what is announced of it.
    to_come: Option<(Arc<Net>, Outlook)>,
    measures: Measures,
}

impl State {
    /// As it was: the net of `graph`, with the bandwidth that reservations left.
    pub(crate) fn past(graph: DomainGraph, net: Arc<Net>) -> Self {
        Self {
            graph,
            // An index is large, and the past is asked for little.
            distances: Distances::new(net),
            to_come: None,
            measures: Measures::default(),
        }
    }

    /// As it will be by what is announced of the net of `distances`.
    pub(crate) fn to_come(graph: DomainGraph, distances: &Distances, outlook: Outlook) -> Self {
        let now = distances.shared_net();
        let net = Arc::new(outlook.apply(&graph, now));
        Self {
            distances: distances.over(net),
            to_come: Some((Arc::clone(now), outlook)),
            graph,
            measures: Measures::default(),
        }
    }

    /// What the amounts are over.
    pub(crate) fn over(&self) -> Over<'_> {
        Over {
            distances: &self.distances,
            graph: &self.graph,
            to_come: self.to_come.as_ref().map(|(net, told)| (&**net, told)),
        }
    }

    /// The net.
    #[cfg(test)]
    pub(crate) fn net(&self) -> &Arc<Net> {
        self.distances.shared_net()
    }

    /// The amounts between points of the net of `now`; see [`Measures::table`]. Domains that were not there
    /// have none.
    pub(crate) fn amounts(
        &self,
        now: &DomainGraph,
        measure: Measure,
        (from, to): (&[u32], &[u32]),
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let over = self.over();
        if std::ptr::eq(now.ids(), self.graph.ids()) || now.ids() == self.graph.ids() {
            return self.measures.table(measure, &over, from, to, budget);
        }
        let (rows, were_from) = self.were(now, from);
        let (columns, were_to) = self.were(now, to);
        let found = (self.measures).table(measure, &over, &were_from, &were_to, budget)?;
        budget.spend(from.len() * to.len())?;
        let mut amounts = vec![NONE; from.len() * to.len()];
        for (row, amounts_found) in rows.iter().zip(found.chunks(columns.len().max(1))) {
            for (column, amount) in columns.iter().zip(amounts_found) {
                amounts[row * to.len() + column] = *amount;
            }
        }
        Ok(amounts)
    }

    /// Of points of `now` those that were there: their positions in the list, and which points they were.
    pub(super) fn were(&self, now: &DomainGraph, points: &[u32]) -> (Vec<usize>, Vec<u32>) {
        let was = |point: u32| {
            let id = now.id(now.index_of(point)?);
            Some(self.graph.index(id)?.as_usize() as u32)
        };
        let were = points.iter().enumerate();
        were.filter_map(|(at, point)| Some((at, was(*point)?)))
            .unzip()
    }
}
