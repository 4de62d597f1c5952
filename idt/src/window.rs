//! What members announce of their links for a time to come, and what that makes of a net.
//!
//! ```text
//! Window of a member ──Snapshot::edge_windows──> EdgeWindow, per edge of the graph's net
//!                                                    │ Outlook::of(from, until)
//!                                                    ▼
//! net as it is ──────────────────────────────────> Outlook::apply ──> net as it is at worst in that time
//! ```
//!
//! A window is about a link, so about both directions of it. Where several are about one edge, and where one
//! is for a part of the time only, each edge is as it is at its worst: out of service if it ever is, its
//! least bandwidth, its longest delay.

use std::sync::Arc;

use imbl::OrdMap;
use jiff::Timestamp;
use nffg::{Announced, Bandwidth, Delay, DomainId, LinkState, RouterId, Window};

use crate::net::{Edge, EdgeId, Net, RowChange, UNLIMITED};
use crate::search::{Budget, Spent};
use crate::{Adjacency, DomainGraph, DomainIndex, Link, Snapshot};

/// What members announce, in versions that share what is equal. Sorted, never empty.
pub(crate) type Windows = OrdMap<DomainId, Arc<[Window]>>;

/// A time in which an edge is announced to be like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeWindow {
    /// The edge of [`DomainGraph::net`].
    pub edge: EdgeId,
    /// From when on.
    pub start: Timestamp,
    /// Until before when.
    pub end: Timestamp,
    /// How it is then.
    pub state: LinkState,
}

impl Snapshot {
    /// What a member announces of its links, sorted; nothing of a domain that is none.
    #[must_use]
    pub fn windows(&self, domain: &DomainId) -> &[Window] {
        let told = self.all_windows().get(domain);
        told.map_or(&[], |windows| &**windows)
    }

    /// Whether some member announces anything.
    #[must_use]
    pub fn has_windows(&self) -> bool {
        !self.all_windows().is_empty()
    }

    /// All windows of members, for each edge that they are about; sorted. One about a link that there is not
    /// is about none. A step is a window or an edge looked at.
    ///
    /// # Errors
    /// If the budget is spent.
    pub fn edge_windows(&self, budget: &mut Budget) -> Result<Vec<EdgeWindow>, Spent> {
        let graph = self.graph();
        let mut found = Vec::new();
        for (domain, windows) in self.all_windows() {
            let Some(at) = graph.index(domain) else {
                continue;
            };
            for window in windows.iter() {
                budget.spend(1)?;
                let mut edges = Vec::new();
                match &window.links {
                    Announced::All => {
                        for adjacency in graph.neighbours(at) {
                            budget.spend(2 * adjacency.links.len())?;
                            between(graph, at, adjacency, &|_| true, &mut edges);
                        }
                    }
                    Announced::Neighbour {
                        domain,
                        router,
                        remote,
                    } => {
                        let to = graph.index(domain);
                        if let Some(adjacency) = to.and_then(|to| graph.adjacency(at, to)) {
                            budget.spend(2 * adjacency.links.len())?;
                            let is_meant = |link: &Link| is_at(link, router, remote);
                            between(graph, at, adjacency, &is_meant, &mut edges);
                        }
                    }
                }
                found.extend(edges.into_iter().map(|edge| EdgeWindow {
                    edge,
                    start: window.start,
                    end: window.end,
                    state: window.state,
                }));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Whether a link has the routers that are told.
fn is_at(link: &Link, router: &Option<RouterId>, remote: &Option<RouterId>) -> bool {
    let fits =
        |wanted: &Option<RouterId>, found: &Option<RouterId>| wanted.is_none() || wanted == found;
    fits(router, &link.local) && fits(remote, &link.remote)
}

/// The edges, in both directions, of the links over an adjacency of `from` that are meant.
fn between(
    graph: &DomainGraph,
    from: DomainIndex,
    there: Adjacency<'_>,
    is_meant: &dyn Fn(&Link) -> bool,
    edges: &mut Vec<EdgeId>,
) {
    let back = graph.links(there.to, from);
    let mirrors = |a: &Link, b: &Link| a.local == b.remote && a.remote == b.local;
    let is_named_alike = there
        .links
        .iter()
        .any(|link| back.iter().any(|other| mirrors(link, other)));
    let edge = |from: DomainIndex, to: DomainIndex, nth: usize| {
        let first = graph.net().row(from.point()).edges_to(to.point()).start;
        // A row has fewer edges than `u32` can count.
        EdgeId {
            from: from.point(),
            nth: (first + nth) as u32,
        }
    };
    for (nth, link) in there.links.iter().enumerate() {
        if !is_meant(link) {
            continue;
        }
        edges.push(edge(from, there.to, nth));
        if is_named_alike {
            let alike = back.iter().enumerate();
            let alike = alike.filter(|(_, other)| mirrors(link, other));
            edges.extend(alike.map(|(nth, _)| edge(there.to, from, nth)));
        } else if nth < back.len() {
            // Who names ends differently is paired in order (`graph`).
            edges.push(edge(there.to, from, nth));
        }
    }
}

/// The worst of what is announced of an attribute over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worst<T> {
    /// The worst that is announced.
    pub told: T,
    /// Something is announced for each moment: what the link is without windows does not count.
    pub always: bool,
}

/// What is announced of an edge over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeOutlook {
    /// It is out of service, at least for a while.
    Out,
    /// It is up.
    Up {
        /// One-way delay.
        delay: Option<Worst<Delay>>,
        /// Bandwidth.
        bandwidth: Option<Worst<Bandwidth>>,
    },
}

impl EdgeOutlook {
    /// What is announced in `windows` of one edge from `from` until before `until`; `None` if nothing is.
    fn of(windows: &[EdgeWindow], from: Timestamp, until: Timestamp) -> Option<Self> {
        let overlapping = windows
            .iter()
            .filter(|window| window.start < until && from < window.end);
        let (mut delays, mut bandwidths) = (Vec::new(), Vec::new());
        let mut is_any = false;
        for window in overlapping {
            is_any = true;
            let time = (window.start, window.end);
            match window.state {
                LinkState::Out => return Some(Self::Out),
                LinkState::Up { delay, bandwidth } => {
                    delays.extend(delay.map(|delay| (time, delay)));
                    bandwidths.extend(bandwidth.map(|bandwidth| (time, bandwidth)));
                }
            }
        }
        is_any.then(|| Self::Up {
            delay: worst(&mut delays, (from, until), Ord::max),
            bandwidth: worst(&mut bandwidths, (from, until), Ord::min),
        })
    }

    /// An edge that is like `edge` without windows, and tells this bandwidth: more than there is of it if
    /// reservations hold some. They hold as much of what is announced. `None` if it is out of service.
    #[must_use]
    pub fn at_worst(&self, edge: Edge, told: Option<Bandwidth>) -> Option<Edge> {
        let Self::Up { delay, bandwidth } = self else {
            return None;
        };
        let mut worst = edge;
        if let Some(delay) = delay {
            let announced = u32::try_from(delay.told.as_nanos()).unwrap_or(u32::MAX);
            worst.delay = if delay.always {
                announced
            } else {
                announced.max(edge.delay)
            };
        }
        if let Some(bandwidth) = bandwidth {
            let held = match (told, edge.bandwidth) {
                (Some(told), left) if left != UNLIMITED => {
                    told.bits_per_second().saturating_sub(left)
                }
                _ => 0,
            };
            let announced = bandwidth.told.bits_per_second().saturating_sub(held);
            let announced = announced.min(UNLIMITED - 1);
            worst.bandwidth = if bandwidth.always {
                announced
            } else {
                announced.min(edge.bandwidth)
            };
        }
        Some(worst)
    }
}

/// The worst of `told`, each over a time, and whether these times cover all of `from` to `until`.
fn worst<T: Copy>(
    told: &mut [((Timestamp, Timestamp), T)],
    (from, until): (Timestamp, Timestamp),
    worse: impl Fn(T, T) -> T,
) -> Option<Worst<T>> {
    told.sort_unstable_by_key(|(time, _)| *time);
    let mut covered = from;
    for ((start, end), _) in told.iter() {
        if *start <= covered {
            covered = covered.max(*end);
        }
    }
    let values = told.iter().map(|(_, value)| *value);
    Some(Worst {
        told: values.reduce(worse)?,
        always: covered >= until,
    })
}

/// What is announced of all edges of a net over some time. Of two times in which the same is announced it is
/// the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outlook(Vec<(EdgeId, EdgeOutlook)>);

impl Outlook {
    /// What `windows`, as [`Snapshot::edge_windows`] has them, announce from `from` until before `until`.
    #[must_use]
    pub fn of(windows: &[EdgeWindow], from: Timestamp, until: Timestamp) -> Self {
        let groups = windows.chunk_by(|a, b| a.edge == b.edge);
        let outlook = |group: &[EdgeWindow]| {
            let edge = group.first()?.edge;
            Some((edge, EdgeOutlook::of(group, from, until)?))
        };
        Self(groups.filter_map(outlook).collect())
    }

    /// Whether nothing is announced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of how many edges something is announced.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What is announced of an edge.
    #[must_use]
    pub fn get(&self, edge: EdgeId) -> Option<&EdgeOutlook> {
        let at = self.0.binary_search_by_key(&edge, |(edge, _)| *edge);
        at.ok().and_then(|at| self.0.get(at)).map(|(_, told)| told)
    }

    /// The edges of a point that are announced to be out of service, sorted.
    pub fn out_of(&self, from: u32) -> impl Iterator<Item = EdgeId> {
        let first = self.0.partition_point(|(edge, _)| edge.from < from);
        let rest = self.0.get(first..).unwrap_or_default().iter();
        rest.take_while(move |(edge, _)| edge.from == from)
            .filter(|(_, told)| *told == EdgeOutlook::Out)
            .map(|(edge, _)| *edge)
    }

    /// An edge of `net`, which is the net of `graph` with the bandwidth that reservations leave, as it is at
    /// its worst; `None` if it is out of service or there is no such edge.
    #[must_use]
    pub fn edge(&self, graph: &DomainGraph, net: &Net, id: EdgeId) -> Option<Edge> {
        let edge = net.edge(id)?;
        match self.get(id) {
            None => Some(edge),
            Some(told) => told.at_worst(edge, graph.link(id).and_then(|link| link.bandwidth)),
        }
    }

    /// `net`, which is the net of `graph` with the bandwidth that reservations leave, with each edge as it is
    /// at its worst. Pages without such an edge are shared.
    #[must_use]
    pub fn apply(&self, graph: &DomainGraph, net: &Net) -> Net {
        let points = self.0.chunk_by(|(a, _), (b, _)| a.from == b.from);
        let rows = points.filter_map(|point| {
            let from = point.first()?.0.from;
            // A row has fewer edges than `u32` can count.
            let row = 0..net.row(from).len() as u32;
            let edges = row.filter_map(|nth| self.edge(graph, net, EdgeId { from, nth }));
            Some(RowChange {
                point: from,
                edges: edges.collect(),
            })
        });
        net.with(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn window(start: i64, end: i64, state: LinkState) -> EdgeWindow {
        EdgeWindow {
            edge: EdgeId { from: 0, nth: 0 },
            start: at(start),
            end: at(end),
            state,
        }
    }

    fn up(delay: Option<u64>, bandwidth: Option<u64>) -> LinkState {
        LinkState::Up {
            delay: delay.map(Delay::from_nanos),
            bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
        }
    }

    const EDGE: Edge = Edge {
        to: 1,
        delay: 50,
        price: 0,
        bandwidth: 60,
        role: crate::net::Role::Unknown,
    };

    /// Delay and bandwidth at worst of an edge that tells 50 ns and 100 bit/s, of which 40 are held.
    fn found(windows: &[EdgeWindow], from: i64, until: i64) -> Option<Option<(u32, u64)>> {
        let outlook = EdgeOutlook::of(windows, at(from), at(until))?;
        let told = Some(Bandwidth::from_bits_per_second(100));
        let worst = outlook.at_worst(EDGE, told);
        Some(worst.map(|edge| (edge.delay, edge.bandwidth)))
    }

    #[test]
    fn a_link_is_as_at_its_worst_of_all_that_is_announced() {
        let less = [window(10, 20, up(None, Some(70)))];
        assert_eq!(found(&less, 0, 10), None);
        assert_eq!(found(&less, 20, 30), None);
        // 40 are held of the 70, too.
        assert_eq!(found(&less, 10, 20), Some(Some((50, 30))));
        assert_eq!(found(&less, 0, 30), Some(Some((50, 30))));
        // More than now counts only if it is so all the time.
        let more = [window(10, 20, up(Some(20), Some(500)))];
        assert_eq!(found(&more, 10, 20), Some(Some((20, 460))));
        assert_eq!(found(&more, 10, 21), Some(Some((50, 60))));
        // Two windows one after the other are all the time.
        let two = [
            window(10, 20, up(Some(20), None)),
            window(20, 30, up(Some(30), None)),
        ];
        assert_eq!(found(&two, 10, 30), Some(Some((30, 60))));
        assert_eq!(found(&[two[0]], 10, 30), Some(Some((50, 60))));
        let out = [less[0], window(19, 25, LinkState::Out)];
        assert_eq!(found(&out, 10, 19), Some(Some((50, 30))));
        assert_eq!(found(&out, 10, 20), Some(None));
        // No more can be held than there is.
        let none = [window(10, 20, up(None, Some(10)))];
        assert_eq!(found(&none, 10, 20), Some(Some((50, 0))));
    }
}
