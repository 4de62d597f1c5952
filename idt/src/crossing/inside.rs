//! The ways between the border routers of a domain, by its own topology.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use nffg::{Delay, RouterId};

use super::MOST;
use crate::DomainTopology;

/// Delays between border routers. A router is known by its position here and one more; 0 is a router that
/// the topology does not know.
#[derive(Clone, Debug)]
pub(super) struct Inside {
    topology: Arc<DomainTopology>,
    routers: Box<[RouterId]>,
    /// Whether any of its links has a delay.
    tells_delays: bool,
    ways: Ways,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ways {
    /// From each router to each: `u64::MAX` where there is none.
    Exact(Box<[u64]>),
    /// From any to any at most so much; `None` if there may be two that no way joins.
    AtMost(Option<u64>),
}

/// A way between two routers of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The topology does not say.
    Untold,
    /// There is none.
    None,
    /// There is one, and its links do not tell delays.
    Some,
    /// The shortest has this delay, in nanoseconds.
    Delay(u64),
    /// Routers are not told apart, and the shortest has at most this delay.
    AtMost(u64),
}

impl Inside {
    /// Of a topology with links within the domain, for these border routers, which are sorted and of it.
    /// With `exact` the delays between each two of them, else a bound of all.
    pub(super) fn new(topology: &Arc<DomainTopology>, routers: Vec<RouterId>, exact: bool) -> Self {
        let graph = Graph::new(topology);
        let at: Vec<usize> = routers
            .iter()
            .filter_map(|router| graph.at(router))
            .collect();
        let ways = if exact {
            let rows = at.iter().flat_map(|from| {
                let delays = graph.delays(&graph.ahead, *from);
                at.iter().map(move |to| delays[*to])
            });
            Ways::Exact(rows.collect())
        } else {
            // Over the first of them, which is no shorter than the direct way.
            Ways::AtMost(at.first().and_then(|hub| {
                let farthest = |links| {
                    let delays = graph.delays(links, *hub);
                    at.iter().map(|router| delays[*router]).max()
                };
                let far = farthest(&graph.back)?.checked_add(farthest(&graph.ahead)?)?;
                (far < u64::MAX).then_some(far)
            }))
        };
        Self {
            tells_delays: topology
                .intra_links()
                .iter()
                .any(|link| link.delay.is_some()),
            topology: Arc::clone(topology),
            routers: routers.into(),
            ways,
        }
    }

    /// Whether this is of the same topology and for the same routers.
    pub(super) fn is_of(
        &self,
        topology: &Arc<DomainTopology>,
        routers: &[RouterId],
        exact: bool,
    ) -> bool {
        Arc::ptr_eq(&self.topology, topology)
            && *self.routers == *routers
            && exact == matches!(self.ways, Ways::Exact(_))
    }

    /// The position of a router and one more; 0 if it is not known, or routers are not told apart.
    pub(super) fn router(&self, router: &RouterId) -> u32 {
        match self.ways {
            Ways::AtMost(_) => 0,
            // Routers are numbered by `u32`: each takes memory, so there are fewer.
            Ways::Exact(_) => match self.routers.binary_search(router) {
                Ok(at) => at as u32 + 1,
                Err(_) => 0,
            },
        }
    }

    /// The way from one router to another.
    pub(super) fn way(&self, from: u32, to: u32) -> Way {
        let delay = match &self.ways {
            Ways::AtMost(None) => return Way::None,
            Ways::AtMost(Some(delay)) if self.tells_delays => return Way::AtMost(*delay),
            Ways::AtMost(Some(_)) => return Way::Some,
            Ways::Exact(delays) => match (from.checked_sub(1), to.checked_sub(1)) {
                (Some(from), Some(to)) => delays[from as usize * self.routers.len() + to as usize],
                _ => return Way::Untold,
            },
        };
        match delay {
            u64::MAX => Way::None,
            delay if self.tells_delays => Way::Delay(delay),
            _ => Way::Some,
        }
    }
}

/// Equal ways, whatever else the topology says.
impl PartialEq for Inside {
    fn eq(&self, other: &Self) -> bool {
        self.routers == other.routers
            && self.tells_delays == other.tells_delays
            && self.ways == other.ways
    }
}

/// Whether delays between each two of so many routers are found with reasonable work.
pub(super) fn is_small(routers: usize, topology: &DomainTopology) -> bool {
    let links = topology.intra_links().len();
    routers.saturating_mul(routers) <= MOST && routers.saturating_mul(links) <= 64 * MOST
}

/// The routers of a domain by position, and the links between them.
struct Graph<'a> {
    routers: &'a [RouterId],
    ahead: Links,
    back: Links,
}

/// By router, where each link leads and its delay.
type Links = Vec<Vec<(usize, u64)>>;

impl<'a> Graph<'a> {
    fn new(topology: &'a DomainTopology) -> Self {
        let routers = topology.routers();
        let none = vec![Vec::new(); routers.len()];
        let mut graph = Self {
            routers,
            ahead: none.clone(),
            back: none,
        };
        for link in topology.intra_links() {
            if let (Some(src), Some(dst)) = (graph.at(&link.src), graph.at(&link.dst)) {
                let delay = link.delay.map_or(0, Delay::as_nanos);
                graph.ahead[src].push((dst, delay));
                graph.back[dst].push((src, delay));
            }
        }
        graph
    }

    fn at(&self, router: &RouterId) -> Option<usize> {
        self.routers.binary_search(router).ok()
    }

    /// From one router to all, over these links; `u64::MAX` to those that no way leads to.
    fn delays(&self, links: &Links, from: usize) -> Vec<u64> {
        let mut delays = vec![u64::MAX; self.routers.len()];
        let mut open = BinaryHeap::from([Reverse((0, from))]);
        delays[from] = 0;
        while let Some(Reverse((delay, at))) = open.pop() {
            if delay > delays[at] {
                continue;
            }
            for (to, step) in &links[at] {
                // The longest that is told is a way still.
                let delay = delay.saturating_add(*step).min(u64::MAX - 1);
                if delay < delays[*to] {
                    delays[*to] = delay;
                    open.push(Reverse((delay, *to)));
                }
            }
        }
        delays
    }
}
