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
    plain: Measured,
    /// Over the same with what it costs to cross domains; `None` if nobody charges or forbids anything.
    crossing: Option<Measured>,
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

/// Of each metric, whether it is worth an index: not all links are alike by it.
type Worth = [bool; Metric::ALL.len()];

/// Which metrics are worth an index over a net. What was so over the net before stays so: only rows that
/// are other are looked at.
fn worth_an_index(net: &Net, before: Option<(&Net, Worth)>) -> Worth {
    let changed = before.and_then(|(before, worth)| Some((net.changed_since(before)?, worth)));
    let (points, worth): (Box<dyn Iterator<Item = u32>>, Worth) = match changed {
        Some((changed, worth)) => (Box::new(changed.into_iter()), worth),
        None => {
            let points = 0..u32::try_from(net.len()).unwrap_or(u32::MAX);
            (
                Box::new(points),
                Metric::ALL.map(|metric| metric == Metric::Hops),
            )
        }
    };
    points.fold(worth, |mut worth, point| {
        let row = net.row(point);
        for (metric, is_worth) in Metric::ALL.into_iter().zip(&mut worth) {
            *is_worth = *is_worth
                || match metric {
                    Metric::Hops => false,
                    Metric::Delay => row.delay.iter().any(|delay| *delay > 0),
                    Metric::Price => (0..row.len()).any(|nth| row.edge(nth).price > 0),
                };
        }
        worth
    })
}

/// Distances over a net, and the metrics that are worth an index of it.
#[derive(Clone)]
struct Measured {
    distances: Distances,
    worth: Worth,
}

impl Measured {
    /// Over a net, with what is known of the one before.
    fn new(net: Arc<Net>, before: Option<&Self>) -> Self {
        let known = before.map(|before| (before.distances.net(), before.worth));
        let worth = worth_an_index(&net, known);
        let distances = match before {
            Some(before) => before.distances.over(net),
            None => Distances::new(net),
        };
        Self { distances, worth }
    }

    fn indexable(&self) -> impl Iterator<Item = Metric> {
        let metrics = Metric::ALL.into_iter().zip(self.worth);
        metrics.filter_map(|(metric, is_worth)| is_worth.then_some(metric))
    }

    fn lacks_index(&self) -> bool {
        let lacks = |metric| !self.distances.is_indexed(metric);
        self.distances.is_behind() || self.indexable().any(lacks)
    }

    fn indexed(&self, budget: &mut Budget) -> Result<Distances, Spent> {
        let wanting = self
            .indexable()
            .fold(self.distances.clone(), Distances::wanting);
        wanting.repaired(budget)
    }

    fn with_index(&self, indexed: &Distances) -> Self {
        Self {
            distances: indexed.over(Arc::clone(self.distances.shared_net())),
            worth: self.worth,
        }
    }
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
        let plain = left(&maps, &used, idt.graph().net(), Some);
        let crossing = idt.has_crossings().then(|| {
            let net = left(&maps, &used, idt.crossing_net(), |edge| {
                idt.crossing_edge(edge)
            });
            let before = same_domains.and_then(|before| before.crossing.as_ref());
            Measured::new(net, before)
        });
        Self {
            plain: Measured::new(plain, same_domains.map(|before| &before.plain)),
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
        &self.plain.distances
    }

    /// The same, and with what domains charge and forbid in transit if policies are respected.
    #[must_use]
    pub fn distances_under(&self, policy: Policy) -> &Distances {
        match (policy, &self.crossing) {
            (Policy::Respect, Some(crossing)) => &crossing.distances,
            _ => &self.plain.distances,
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
        self.all().any(Measured::lacks_index)
    }

    fn all(&self) -> impl Iterator<Item = &Measured> {
        std::iter::once(&self.plain).chain(&self.crossing)
    }

    /// The distances with every index that is worth it, made or repaired. It can take seconds.
    ///
    /// # Errors
    /// The budget is spent, or somebody cancelled it.
    pub fn indexed(&self, budget: &mut Budget) -> Result<Indexed, Spent> {
        Ok(Indexed {
            distances: self.plain.indexed(budget)?,
            crossing: match &self.crossing {
                Some(crossing) => Some(crossing.indexed(budget)?),
                None => None,
            },
        })
    }

    /// The same version with distances that were indexed over it, or over one before it with the same
    /// domains; `None` if they are of other domains.
    #[must_use]
    pub fn with_index(&self, indexed: &Indexed, of: &Self) -> Option<Self> {
        let [now, then] = [self, of].map(|version| version.maps.idt().graph().ids());
        if !std::ptr::eq(now, then) && now != then {
            return None;
        }
        Some(Self {
            plain: self.plain.with_index(&indexed.distances),
            crossing: match (&self.crossing, &indexed.crossing) {
                (Some(own), Some(made)) => Some(own.with_index(made)),
                (own, _) => own.clone(),
            },
            ..self.clone()
        })
    }

    /// The metrics that are worth an index, and how many bytes it takes; `None` if there is none.
    pub fn indexes(&self) -> impl Iterator<Item = (Metric, Option<usize>)> {
        Metric::ALL.into_iter().filter_map(move |metric| {
            let is_worth = |one: &&Measured| one.indexable().any(|worth| worth == metric);
            let mut all = self.all().filter(is_worth).peekable();
            all.peek()?;
            let bytes = all.map(|Measured { distances, .. }| {
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
