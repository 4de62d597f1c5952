//! One version of all that an answer depends on, and the distances over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use idr::reservation::{LinkKey, Used};
use idt::Link;
use idt::net::{Edge, EdgeId, Net, RowChange, UNLIMITED};
use idt::search::{Budget, Distances, Metric, Spent};

use super::problem::{Cost, edge_of, named};
use super::request::Policy;
use crate::events::EventId;

/// One version of all that a placement depends on. Cheap to clone.
#[derive(Clone)]
pub struct Version {
    /// The maps, and with them the databases.
    pub maps: Arc<alto::Maps>,
    /// What reservations hold.
    pub used: Arc<Used>,
    /// The event that brought these databases; `None` before the first.
    pub event: Option<EventId>,
    /// Over the net with the bandwidth that reservations leave.
    distances: Distances,
    /// Over the same with what it costs to cross domains; `None` if nobody charges or forbids anything.
    crossing: Option<Distances>,
}

/// Distances that were indexed over one version.
#[derive(Clone)]
pub struct Indexed {
    distances: Distances,
    crossing: Option<Distances>,
}

impl Indexed {
    /// Whether something has no index though one was wanted: it does not fit into one.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.all().any(Distances::is_behind)
    }

    fn all(&self) -> impl Iterator<Item = &Distances> {
        std::iter::once(&self.distances).chain(&self.crossing)
    }
}

/// The metrics that are worth an index: those by which not all links are alike.
fn worth_an_index(net: &Net) -> impl Iterator<Item = Metric> {
    let alike = |metric: Metric| {
        let points = 0..u32::try_from(net.len()).unwrap_or(u32::MAX);
        metric != Metric::Hops
            && !points.into_iter().any(|point| {
                let row = net.row(point);
                match metric {
                    Metric::Hops => false,
                    Metric::Delay => row.delay.iter().any(|delay| *delay > 0),
                    Metric::Price => (0..row.len()).any(|nth| row.edge(nth).price > 0),
                }
            })
    };
    Metric::ALL
        .into_iter()
        .filter(move |metric| !alike(*metric))
}

impl Version {
    /// The version of these maps, with what is known of distances over the version before.
    #[must_use]
    pub fn new(maps: Arc<alto::Maps>, used: Arc<Used>, previous: Option<&Self>) -> Self {
        let idt = maps.idt();
        let ids = idt.graph().ids();
        let same_domains = previous.filter(|previous| {
            let before = previous.maps.idt().graph().ids();
            std::ptr::eq(before, ids) || before == ids
        });
        let over = |net: Arc<Net>, before: Option<&Distances>| match before {
            Some(before) => before.over(net),
            None => Distances::new(net),
        };
        let plain = left(&maps, &used, idt.graph().net(), Some);
        let crossing = idt.has_crossings().then(|| {
            let net = left(&maps, &used, idt.crossing_net(), |edge| {
                idt.crossing_edge(edge)
            });
            over(
                net,
                same_domains.and_then(|before| before.crossing.as_ref()),
            )
        });
        Self {
            distances: over(plain, same_domains.map(|before| &before.distances)),
            crossing,
            event: previous.and_then(|before| before.event.clone()),
            maps,
            used,
        }
    }

    /// Distances over the net with what reservations leave, whatever domains charge and forbid in
    /// transit. Other policies are the request's restriction.
    #[must_use]
    pub fn distances(&self) -> &Distances {
        &self.distances
    }

    /// The same, and with what domains charge and forbid in transit if policies are respected.
    #[must_use]
    pub fn distances_under(&self, policy: Policy) -> &Distances {
        match (policy, &self.crossing) {
            (Policy::Respect, Some(crossing)) => crossing,
            _ => &self.distances,
        }
    }

    /// Whether the two policies have nets of their own.
    #[must_use]
    pub fn has_crossings(&self) -> bool {
        self.crossing.is_some()
    }

    /// What an edge of the net under a policy costs.
    #[must_use]
    pub fn cost_of(&self, policy: Policy, edge: EdgeId) -> Cost {
        let edge = self.distances_under(policy).net().edge(edge);
        edge.map_or_else(Cost::default, |edge: Edge| Cost {
            hops: u64::from(edge.role.hops()),
            delay: u64::from(edge.delay),
            price: u64::from(edge.price),
        })
    }

    /// The name of the link that an edge of the net under a policy is, and the link; `None` if it crosses
    /// no border.
    #[must_use]
    pub fn named(&self, policy: Policy, edge: EdgeId) -> Option<(LinkKey, &Link)> {
        let idt = self.maps.idt();
        let plain = match policy {
            Policy::Respect => idt.plain_edge(edge)?,
            Policy::Ignore => edge,
        };
        named(idt.graph(), plain)
    }

    /// The shared risk link groups of the edges of the net under a policy.
    #[must_use]
    pub fn risk_groups(&self, policy: Policy) -> BTreeMap<EdgeId, BTreeSet<u32>> {
        let idt = self.maps.idt();
        let groups = idt.risk_groups();
        match policy {
            Policy::Ignore => groups.clone(),
            Policy::Respect => {
                let own = |(edge, groups): (&EdgeId, &BTreeSet<u32>)| {
                    Some((idt.crossing_edge(*edge)?, groups.clone()))
                };
                groups.iter().filter_map(own).collect()
            }
        }
    }

    /// Whether [`Version::indexed`] has something to do.
    #[must_use]
    pub fn lacks_index(&self) -> bool {
        self.all().any(|distances| {
            let lacks = |metric| !distances.is_indexed(metric);
            distances.is_behind() || worth_an_index(distances.net()).any(lacks)
        })
    }

    fn all(&self) -> impl Iterator<Item = &Distances> {
        std::iter::once(&self.distances).chain(&self.crossing)
    }

    /// The distances with every index that is worth it, made or repaired. It can take seconds.
    ///
    /// # Errors
    /// The budget is spent, or somebody cancelled it.
    pub fn indexed(&self, budget: &mut Budget) -> Result<Indexed, Spent> {
        let mut indexed = |distances: &Distances| {
            let wanted = worth_an_index(distances.net());
            let wanting = wanted.fold(distances.clone(), Distances::wanting);
            wanting.repaired(budget)
        };
        Ok(Indexed {
            distances: indexed(&self.distances)?,
            crossing: self.crossing.as_ref().map(indexed).transpose()?,
        })
    }

    /// The same version with distances that were indexed over it, or over one before it with the same
    /// domains; `None` if they are of other domains.
    #[must_use]
    pub fn with_index(&self, indexed: &Indexed, of: &Self) -> Option<Self> {
        let ids = |version: &Self| Arc::clone(version.maps.idt());
        if ids(self).graph().ids() != ids(of).graph().ids() {
            return None;
        }
        let over = |own: &Distances, made: &Distances| made.over(Arc::clone(own.shared_net()));
        Some(Self {
            distances: over(&self.distances, &indexed.distances),
            crossing: match (&self.crossing, &indexed.crossing) {
                (Some(own), Some(made)) => Some(over(own, made)),
                (own, _) => own.clone(),
            },
            ..self.clone()
        })
    }

    /// The metrics that are worth an index, and how many bytes it takes; `None` if there is none.
    pub fn indexes(&self) -> impl Iterator<Item = (Metric, Option<usize>)> {
        let worth = |distances: &Distances, metric| {
            worth_an_index(distances.net()).any(|worth| worth == metric)
        };
        Metric::ALL.into_iter().filter_map(move |metric| {
            let mut all = self.all().filter(|one| worth(one, metric)).peekable();
            all.peek()?;
            let bytes = all.map(|distances| {
                let bytes = || distances.index_bytes(metric);
                distances.is_indexed(metric).then(bytes)
            });
            Some((metric, bytes.sum()))
        })
    }
}

/// A net of the maps with the bandwidth that is left. `of` tells which of its edges is one of the domain
/// graph's own net.
fn left(
    maps: &alto::Maps,
    used: &Used,
    net: &Arc<Net>,
    of: impl Fn(EdgeId) -> Option<EdgeId>,
) -> Arc<Net> {
    let graph = maps.idt().graph();
    let mut rows: BTreeMap<u32, Vec<Edge>> = BTreeMap::new();
    for (key, held) in used.links() {
        // A link that is gone has nothing left.
        let Some(id) = edge_of(graph, key).and_then(&of) else {
            continue;
        };
        let row = rows.entry(id.from).or_insert_with(|| {
            let row = net.row(id.from);
            (0..row.len()).map(|nth| row.edge(nth)).collect()
        });
        if let Some(edge) = row.get_mut(id.nth as usize)
            && edge.bandwidth != UNLIMITED
        {
            edge.bandwidth = edge.bandwidth.saturating_sub(held.bits_per_second());
        }
    }
    if rows.is_empty() {
        return Arc::clone(net);
    }
    let changes = rows
        .into_iter()
        .map(|(point, edges)| RowChange { point, edges });
    Arc::new(net.with(changes))
}
