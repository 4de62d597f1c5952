//! One version of all that an answer depends on, and the distances over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use idr::reservation::Used;
use idt::net::{Edge, EdgeId, Net, RowChange, UNLIMITED};
use idt::search::{Budget, Distances, Metric, Spent};

use super::problem::{Cost, edge_of};

/// One version of all that a placement depends on. Cheap to clone.
#[derive(Clone)]
pub struct Version {
    /// The maps, and with them the databases.
    pub maps: Arc<alto::Maps>,
    /// What reservations hold.
    pub used: Arc<Used>,
    /// Over the net with the bandwidth that reservations leave.
    distances: Distances,
    worth: Worth,
    /// Some domain tells a policy: paths may have to be valley-free.
    pub has_relationships: bool,
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

impl Version {
    /// The version of these maps, with what is known of distances over the version before.
    #[must_use]
    pub fn new(maps: Arc<alto::Maps>, used: Arc<Used>, previous: Option<&Self>) -> Self {
        let net = left(&maps, &used);
        let graph = maps.idt().graph();
        let ids = graph.ids();
        let same_domains = previous.filter(|previous| {
            let before = previous.maps.idt().graph().ids();
            std::ptr::eq(before, ids) || before == ids
        });
        let before = same_domains.map(|previous| (previous.distances.net(), previous.worth));
        let worth = worth_an_index(&net, before);
        let distances = match same_domains {
            Some(previous) => previous.distances.over(net),
            None => Distances::new(net),
        };
        Self {
            has_relationships: maps.idt().has_policies(),
            maps,
            used,
            distances,
            worth,
        }
    }

    /// The metrics that are worth an index.
    fn indexable(&self) -> impl Iterator<Item = Metric> {
        let metrics = Metric::ALL.into_iter().zip(self.worth);
        metrics.filter_map(|(metric, is_worth)| is_worth.then_some(metric))
    }

    /// Distances over the net with what reservations leave. Policies are the request's restriction.
    #[must_use]
    pub fn distances(&self) -> &Distances {
        &self.distances
    }

    /// What an edge costs.
    #[must_use]
    pub fn cost_of(&self, edge: EdgeId) -> Cost {
        let edge = self.distances.net().edge(edge);
        edge.map_or_else(Cost::default, |edge: Edge| Cost {
            hops: u64::from(edge.role.hops()),
            delay: u64::from(edge.delay),
            price: u64::from(edge.price),
        })
    }

    /// Whether [`Version::indexed`] has something to do.
    #[must_use]
    pub fn lacks_index(&self) -> bool {
        let lacks = |metric| !self.distances.is_indexed(metric);
        self.distances.is_behind() || self.indexable().any(lacks)
    }

    /// The distances with every index that is worth it, made or repaired. It can take seconds.
    ///
    /// # Errors
    /// The budget is spent, or somebody cancelled it.
    pub fn indexed(&self, budget: &mut Budget) -> Result<Distances, Spent> {
        let wanting = self
            .indexable()
            .fold(self.distances.clone(), Distances::wanting);
        wanting.repaired(budget)
    }

    /// The same version with distances that were indexed over it, or over one before it with the same
    /// domains; `None` if they are of other domains.
    #[must_use]
    pub fn with_index(&self, indexed: &Distances, of: &Self) -> Option<Self> {
        let [now, then] = [self, of].map(|version| version.maps.idt().graph().ids());
        if !std::ptr::eq(now, then) && now != then {
            return None;
        }
        Some(Self {
            distances: indexed.over(Arc::clone(self.distances.shared_net())),
            ..self.clone()
        })
    }

    /// The metrics that are worth an index, and how many bytes it takes; `None` if there is none.
    pub fn indexes(&self) -> impl Iterator<Item = (Metric, Option<usize>)> {
        let distances = &self.distances;
        self.indexable().map(|metric| {
            let bytes = || distances.index_bytes(metric);
            (metric, distances.is_indexed(metric).then(bytes))
        })
    }
}

/// The net of the domain graph with the bandwidth that is left.
fn left(maps: &alto::Maps, used: &Used) -> Arc<Net> {
    let graph = maps.idt().graph();
    let net = graph.net();
    let mut rows: BTreeMap<u32, Vec<Edge>> = BTreeMap::new();
    for (key, held) in used.links() {
        // A link that is gone has nothing left.
        let Some(id) = edge_of(graph, key) else {
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
