//! Exact distances over one version of a net, by the means that fits its size.
//!
//! | the net has | means | a distance costs |
//! |---|---|---|
//! | at most 4,096 points | a matrix | a look-up |
//! | more | pruned landmark labels | some tenths of a microsecond |
//! | no index yet, or a distance from [`u32::MAX`] on | a search from both ends | up to milliseconds |
//!
//! When the net changes, [`Distances::after`] answers at once for the new version. It keeps the
//! index of the version before and knows what changed since ([`Overlay`]): where the change cannot
//! matter, or its effect follows from a few distances, that is the answer, else a search is.
//! [`Distances::repaired`] makes an index of the new version. No answer is ever of another version.

mod all;
mod overlay;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::budget::{Budget, Spent};
use super::cost::Metric;
use super::labels::{Labels, Scattered};
use super::matrix::{LARGEST, Matrix};
use super::space::Open;
use super::tree::{PairScratch, Way, fixed, pair};
use crate::net::{EdgeId, Net, Row};
use overlay::Overlay;

/// Exact distances over one version of a net. Cheap to clone.
#[derive(Clone)]
pub struct Distances {
    net: Arc<Net>,
    /// By metric, in the order of [`Metric::ALL`].
    indexes: [Index; 3],
    /// Spaces that searches work in, kept for the next.
    spaces: Arc<Mutex<Vec<PairScratch<u64>>>>,
}

/// Tells the distance of a point; [`u64::MAX`] if there is no path.
pub(super) type ToDomain<'a> = Box<dyn Fn(u32) -> u64 + Send + Sync + 'a>;

/// What answers for a metric.
#[derive(Clone, Default)]
enum Index {
    /// Searches.
    #[default]
    None,
    /// Searches, until [`Distances::repaired`] makes an index.
    Wanted,
    /// An index of this version.
    Current(Base),
    /// An index of a version before, and what changed since.
    Behind(Base, Arc<Overlay>),
}

/// Distances of the version of which it was made.
#[derive(Clone)]
enum Base {
    Matrix(Arc<Matrix>),
    Labels(Arc<Labels>),
}

impl Base {
    fn build(net: &Net, metric: Metric, budget: &mut Budget) -> Result<Option<Self>, Spent> {
        if net.len() <= LARGEST {
            Self::matrix(net, metric, budget)
        } else {
            Self::labels(net, metric, budget)
        }
    }

    fn matrix(net: &Net, metric: Metric, budget: &mut Budget) -> Result<Option<Self>, Spent> {
        let matrix = Matrix::build(net, metric, budget)?;
        Ok(matrix.map(|matrix| Self::Matrix(Arc::new(matrix))))
    }

    fn labels(net: &Net, metric: Metric, budget: &mut Budget) -> Result<Option<Self>, Spent> {
        let labels = Labels::build(net, metric, budget)?;
        Ok(labels.map(|labels| Self::Labels(Arc::new(labels))))
    }

    /// The index of `new`, which differs from that of this one between the `changed` pairs.
    fn repair(
        &self,
        new: &Net,
        metric: Metric,
        changed: &[(u32, u32)],
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        match self {
            Self::Matrix(matrix) => {
                let matrix = matrix.repair(new, changed, budget)?;
                Ok(matrix.map(|matrix| Self::Matrix(Arc::new(matrix))))
            }
            Self::Labels(labels) => match labels.repair(new, changed, budget)? {
                Some(labels) => Ok(Some(Self::Labels(Arc::new(labels)))),
                None => Self::labels(new, metric, budget),
            },
        }
    }

    fn net(&self) -> &Net {
        match self {
            Self::Matrix(matrix) => matrix.net(),
            Self::Labels(labels) => labels.net(),
        }
    }

    /// Between points; [`u64::MAX`] if there is no path.
    #[inline]
    fn distance(&self, from: u32, to: u32) -> u64 {
        match self {
            Self::Matrix(matrix) => matrix.distance(from, to),
            Self::Labels(labels) => labels.distance(from, to),
        }
    }

    /// Tells the distances from all of `from` to one point.
    fn column(
        &self,
        from: &[u32],
        to: u32,
        space: &mut Scattered,
        mut tell: impl FnMut(usize, u64),
    ) {
        match self {
            Self::Matrix(matrix) => {
                for (at, from) in from.iter().enumerate() {
                    tell(at, matrix.distance(*from, to));
                }
            }
            Self::Labels(labels) => {
                labels.scatter_target(to, space);
                for (at, from) in from.iter().enumerate() {
                    tell(at, labels.to_scattered(*from, space));
                }
            }
        }
    }
}

impl Distances {
    /// Distances without an index: every question is a search.
    #[must_use]
    pub fn new(net: Arc<Net>) -> Self {
        Self {
            net,
            indexes: Default::default(),
            spaces: Arc::default(),
        }
    }

    /// These with the index for `metric` that fits the size of the net, unless a distance is not
    /// less than [`u32::MAX`]. A step is an edge or an entry of the index looked at.
    ///
    /// # Errors
    /// If the budget is spent before the index is whole.
    pub fn with_index(self, metric: Metric, budget: &mut Budget) -> Result<Self, Spent> {
        let base = Base::build(&self.net, metric, budget)?;
        Ok(self.having(metric, base))
    }

    /// As [`Distances::with_index`], with a matrix, unless the net has more than 4,096 points.
    ///
    /// # Errors
    /// If the budget is spent before the matrix is whole.
    pub fn with_matrix(self, metric: Metric, budget: &mut Budget) -> Result<Self, Spent> {
        let base = Base::matrix(&self.net, metric, budget)?;
        Ok(self.having(metric, base))
    }

    /// As [`Distances::with_index`], with labels, of whatever size the net is.
    ///
    /// # Errors
    /// If the budget is spent before the labels are whole.
    pub fn with_labels(self, metric: Metric, budget: &mut Budget) -> Result<Self, Spent> {
        let base = Base::labels(&self.net, metric, budget)?;
        Ok(self.having(metric, base))
    }

    fn having(mut self, metric: Metric, base: Option<Base>) -> Self {
        self.indexes[metric as usize] = base.map_or(Index::Wanted, Index::Current);
        self
    }

    /// The net whose distances these are.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The same, to share.
    #[must_use]
    pub fn shared_net(&self) -> &Arc<Net> {
        &self.net
    }

    /// These, for which [`Distances::repaired`] is to make an index for `metric` if there is none.
    #[must_use]
    pub fn wanting(mut self, metric: Metric) -> Self {
        let index = &mut self.indexes[metric as usize];
        if matches!(index, Index::None) {
            *index = Index::Wanted;
        }
        self
    }

    /// The distances over another version of the net, in which a point means the same: usable at once.
    /// What the two versions share is not looked at. Where the points are others, indexes are wanted
    /// anew.
    #[must_use]
    pub fn over(&self, net: Arc<Net>) -> Self {
        if Arc::ptr_eq(&self.net, &net) {
            return self.clone();
        }
        match changed_costs(&self.net, &net) {
            Some(changed) => self.after(net, &changed),
            None => self.anew(net),
        }
    }

    /// No index yet over `net`, but one is wanted for each metric that has one here.
    #[must_use]
    pub fn anew(&self, net: Arc<Net>) -> Self {
        let has_or_wants = |metric: &Metric| !matches!(self.indexes[*metric as usize], Index::None);
        let wanted = Metric::ALL.into_iter().filter(has_or_wants);
        wanted.fold(Self::new(net), Self::wanting)
    }

    /// Whether distances by `metric` come from an index, if only one of a version before and with
    /// a search where a change since then matters.
    #[must_use]
    pub fn is_indexed(&self, metric: Metric) -> bool {
        match &self.indexes[metric as usize] {
            Index::None | Index::Wanted => false,
            Index::Current(_) => true,
            Index::Behind(_, overlay) => overlay.is_usable(),
        }
    }

    /// Whether [`Distances::repaired`] has something to do.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let behind = |index: &Index| matches!(index, Index::Wanted | Index::Behind(..));
        self.indexes.iter().any(behind)
    }

    /// The memory that the index for `metric` takes, in bytes, 0 if there is none. What it shares
    /// with that of another version is counted too.
    #[must_use]
    pub fn index_bytes(&self, metric: Metric) -> usize {
        match &self.indexes[metric as usize] {
            Index::None | Index::Wanted => 0,
            Index::Current(base) | Index::Behind(base, _) => match base {
                Base::Matrix(matrix) => 4 * matrix.net().len() * matrix.net().len(),
                Base::Labels(labels) => labels.bytes(),
            },
        }
    }

    /// The distances over `net`, which differs from the net of these in edges between the
    /// `changed` pairs of points only, from the first to the second. They are usable at once.
    #[must_use]
    pub fn after(&self, net: Arc<Net>, changed: &[(u32, u32)]) -> Self {
        let index = |(metric, index): (Metric, &Index)| {
            let (base, before) = match index {
                Index::None => return Index::None,
                Index::Wanted => return Index::Wanted,
                Index::Current(base) => (base, &[][..]),
                Index::Behind(base, overlay) => (base, overlay.changed()),
            };
            if base.net().len() != net.len() {
                return Index::Wanted;
            }
            let changed = before.iter().chain(changed).copied().collect();
            let distance = |from, to| base.distance(from, to);
            let overlay = Overlay::new(base.net(), &net, metric, changed, distance);
            Index::Behind(base.clone(), Arc::new(overlay))
        };
        let mut indexes = Metric::ALL.into_iter().zip(&self.indexes).map(index);
        Self {
            indexes: std::array::from_fn(|_| indexes.next().unwrap_or_default()),
            spaces: Arc::clone(&self.spaces),
            net,
        }
    }

    /// The distances over the same net with an index of its own wherever there was one of a version
    /// before: repaired where that is cheaper, else made from nothing. It can take seconds: a caller
    /// runs it where nobody waits and uses these meanwhile.
    ///
    /// # Errors
    /// If the budget is spent before all is whole.
    pub fn repaired(&self, budget: &mut Budget) -> Result<Self, Spent> {
        let mut next = self.clone();
        for (metric, index) in Metric::ALL.into_iter().zip(&mut next.indexes) {
            let base = match &*index {
                Index::None | Index::Current(_) => continue,
                Index::Wanted => Base::build(&self.net, metric, budget)?,
                Index::Behind(base, overlay) => {
                    base.repair(&self.net, metric, overlay.changed(), budget)?
                }
            };
            *index = base.map_or(Index::Wanted, Index::Current);
        }
        Ok(next)
    }

    /// The points where a path between two domains starts and ends.
    fn ends(&self, from: u32, to: u32) -> Option<(u32, u32)> {
        let inside = (from.max(to) as usize) < self.net.domains();
        inside.then(|| (self.net.source(from), self.net.sink(to)))
    }

    /// The distance from one domain to another, exact; `None` if there is no path. A domain is at
    /// no distance from itself.
    #[must_use]
    pub fn distance(&self, metric: Metric, from: u32, to: u32) -> Option<u64> {
        let (source, sink) = self.ends(from, to)?;
        let distance = if from == to {
            0
        } else {
            self.between(metric, source, sink)
        };
        (distance < u64::MAX).then_some(distance)
    }

    /// The distance from one point to another; [`u64::MAX`] if there is no path. Points that the net
    /// does not have make it panic.
    pub(crate) fn between(&self, metric: Metric, from: u32, to: u32) -> u64 {
        let floor = match &self.indexes[metric as usize] {
            Index::Current(base) => return base.distance(from, to),
            Index::Behind(base, overlay) if overlay.is_usable() => {
                let (bound, exact) = overlay.bound(from, to, |from, to| base.distance(from, to));
                if exact {
                    return bound;
                }
                bound
            }
            _ => 0,
        };
        let found = self.search(&self.net, metric, from, to, floor);
        found.map_or(u64::MAX, |(cost, _)| cost)
    }

    /// One cheapest path from one domain to another, as points, and its cost; no point is on it
    /// twice. With a matrix it is the first by its points, which in a plain net are in the order of
    /// names; else it is the one that the labels or the search come upon, the same each time.
    #[must_use]
    pub fn path(&self, metric: Metric, from: u32, to: u32) -> Option<(u64, Vec<u32>)> {
        let (source, sink) = self.ends(from, to)?;
        if from == to {
            return Some((0, vec![source]));
        }
        let floor = match &self.indexes[metric as usize] {
            Index::Current(base) => return self.told(base, metric, source, sink),
            Index::Behind(base, overlay) if overlay.is_usable() => {
                let before = base.distance(source, sink);
                let (bound, exact) =
                    overlay.bound(source, sink, |from, to| base.distance(from, to));
                // A path as cheap as then meets no changed edge: one raised is not on it, and one
                // lowered would have made it cheaper.
                if exact && bound == before {
                    return self.told(base, metric, source, sink);
                }
                bound
            }
            _ => 0,
        };
        self.search(&self.net, metric, source, sink, floor)
    }

    /// Writes the edges of the path that [`Distances::path`] tells, of parallel ones the first of the
    /// cheapest; false if there is no path.
    pub(crate) fn edges(
        &self,
        metric: Metric,
        from: u32,
        to: u32,
        edges: &mut Vec<EdgeId>,
    ) -> bool {
        if let Index::Current(Base::Matrix(matrix)) = &self.indexes[metric as usize]
            && let Some((source, sink)) = self.ends(from, to)
            && from != to
        {
            return matrix.edges(source, sink, edges).is_some();
        }
        edges.clear();
        let Some((_, points)) = self.path(metric, from, to) else {
            return false;
        };
        for pair in points.windows(2) {
            let row = self.net.row(pair[0]);
            let parallel = row.edges_to(pair[1]);
            let cheapest = parallel.min_by_key(|nth| metric.of(&row, *nth));
            edges.extend(cheapest.map(|nth| EdgeId {
                from: pair[0],
                nth: nth as u32,
            }));
        }
        true
    }

    /// Tells one cheapest path from each of `from` to each of `to`, as [`Distances::path`] does, in this
    /// order: the positions of the two in the lists, the cost, the points. Pairs without a path are left
    /// out. With labels a pair costs some tenths of a microsecond. A step is a pair looked at.
    ///
    /// # Errors
    /// If the budget is spent.
    pub fn paths(
        &self,
        metric: Metric,
        from: &[u32],
        to: &[u32],
        budget: &mut Budget,
        mut visit: impl FnMut(usize, usize, u64, &[u32]),
    ) -> Result<(), Spent> {
        let inside = |domain: &u32| (*domain as usize) < self.net.domains();
        let mut labelled = match &self.indexes[metric as usize] {
            Index::Current(Base::Labels(labels)) if to.iter().all(inside) => {
                let sinks = to.iter().map(|to| self.net.sink(*to)).collect();
                labels.batch(sinks)
            }
            _ => None,
        };
        for (row, source) in from.iter().enumerate() {
            budget.spend(to.len())?;
            if let Some(batch) = labelled.as_mut().filter(|_| inside(source)) {
                batch.source(self.net.source(*source));
            }
            for (column, target) in to.iter().enumerate() {
                match &mut labelled {
                    Some(batch) if inside(source) && source != target => {
                        if let Some((cost, path)) = batch.path(column) {
                            visit(row, column, cost, path);
                        }
                    }
                    _ => {
                        if let Some((cost, path)) = self.path(metric, *source, *target) {
                            visit(row, column, cost, &path);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What tells the distances of all points to a domain; `None` if there is no index. With one of a
    /// version before they are lower bounds: distances in the net in which each edge costs the less of
    /// before and now, so that no edge lowers them by more than it costs.
    pub(crate) fn to_domain(&self, metric: Metric, to: u32) -> Option<ToDomain<'_>> {
        let (base, overlay) = match &self.indexes[metric as usize] {
            Index::Current(base) => (base, None),
            Index::Behind(base, overlay) if overlay.is_usable() => (base, Some(overlay)),
            _ => return None,
        };
        let sink = self.net.sink(to);
        let before: ToDomain<'_> = match base {
            Base::Matrix(matrix) => Box::new(move |from| matrix.distance(from, sink)),
            Base::Labels(labels) => {
                let mut space = Scattered::default();
                labels.scatter_target(sink, &mut space);
                Box::new(move |from| labels.to_scattered(from, &space))
            }
        };
        let distance = |from, to| base.distance(from, to);
        let over = overlay.map(|overlay| overlay.over_lowered(sink, distance));
        Some(match over.filter(|over| !over.is_empty()) {
            None => before,
            Some(over) => Box::new(move |from| {
                let mut least = before(from);
                for (start, rest) in &over {
                    // The rest alone is too much, of all that follow too.
                    if *rest >= least {
                        break;
                    }
                    least = least.min(base.distance(from, *start).saturating_add(*rest));
                }
                least
            }),
        })
    }

    /// The path that an index tells, over the net of that index.
    fn told(&self, base: &Base, metric: Metric, from: u32, to: u32) -> Option<(u64, Vec<u32>)> {
        match base {
            Base::Matrix(matrix) => matrix.path(from, to),
            Base::Labels(labels) => labels.path(from, to, |from, to, floor| {
                let found = self.search(labels.net(), metric, from, to, floor);
                found.map(|(_, path)| path)
            }),
        }
    }

    /// A path by a search. `floor`: none is cheaper.
    fn search(
        &self,
        net: &Net,
        metric: Metric,
        from: u32,
        to: u32,
        floor: u64,
    ) -> Option<(u64, Vec<u32>)> {
        let budget = &mut Budget::unlimited();
        let found = self.spaced(|scratch| {
            fixed!(metric, weigh => pair(Open { net, weigh }, from, to, floor, budget, scratch))
        });
        // The budget has no end.
        found.ok().flatten()
    }

    /// Runs `work` in a space of the pool.
    fn spaced<T>(&self, work: impl FnOnce(&mut PairScratch<u64>) -> T) -> T {
        let spaces = || self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = spaces().pop();
        let mut space = kept.unwrap_or_default();
        let answer = work(&mut space);
        spaces().push(space);
        answer
    }

    /// The distances from each of `from` to each of `to`: that of `from[i]` to `to[j]` is at
    /// `i * to.len() + j`; [`u64::MAX`] if there is no path. A step is an edge or a pair looked at.
    ///
    /// # Errors
    /// If the budget is spent.
    pub fn table(
        &self,
        metric: Metric,
        from: &[u32],
        to: &[u32],
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let inside = |domain: &u32| (*domain as usize) < self.net.domains();
        if !from.iter().chain(to).all(inside) {
            // Rare, and not worth a fast way: those that are no domains have no paths.
            let pairs = from
                .iter()
                .flat_map(|from| to.iter().map(move |to| (*from, *to)));
            let distance = |(from, to)| self.distance(metric, from, to).unwrap_or(u64::MAX);
            return Ok(pairs.map(distance).collect());
        }
        if let Index::Current(Base::Matrix(matrix)) = &self.indexes[metric as usize]
            && self.net.is_plain()
        {
            budget.spend(from.len() * to.len())?;
            return Ok(matrix.table(from, to.iter().copied()));
        }
        let mut rows = vec![u64::MAX; from.len() * to.len()];
        // The pairs that the index cannot answer.
        let mut open = match &self.indexes[metric as usize] {
            Index::Current(base) => {
                let mut space = Scattered::default();
                for (at, target) in to.iter().enumerate() {
                    budget.spend(from.len())?;
                    let sink = self.net.sink(*target);
                    base.column(from, sink, &mut space, |row, distance| {
                        rows[row * to.len() + at] = distance;
                    });
                }
                Vec::new()
            }
            Index::Behind(base, overlay) if overlay.is_usable() => {
                self.bounded(base, overlay, from, to, &mut rows, budget)?
            }
            _ => (0..rows.len()).collect(),
        };
        for (row, source) in from.iter().enumerate() {
            for (column, target) in to.iter().enumerate() {
                if source == target {
                    rows[row * to.len() + column] = 0;
                }
            }
        }
        open.retain(|at| rows[*at] != 0 || from[at / to.len()] != to[at % to.len()]);
        self.fill(metric, from, to, &open, &mut rows, budget)?;
        Ok(rows)
    }

    /// Writes what the index and the overlay tell into `rows`; answers the positions that are open.
    fn bounded(
        &self,
        base: &Base,
        overlay: &Overlay,
        from: &[u32],
        to: &[u32],
        rows: &mut [u64],
        budget: &mut Budget,
    ) -> Result<Vec<usize>, Spent> {
        let mut space = Scattered::default();
        let distance = |from, to| base.distance(from, to);
        let sources: Vec<_> = from
            .iter()
            .map(|from| overlay.source(*from, distance))
            .collect();
        let mut open = Vec::new();
        for (at, target) in to.iter().enumerate() {
            budget.spend(from.len())?;
            let sink = self.net.sink(*target);
            let target = overlay.target(sink, distance);
            base.column(from, sink, &mut space, |row, before| {
                let (bound, exact) = overlay.join(&sources[row], &target, before);
                let at = row * to.len() + at;
                rows[at] = bound;
                if !exact {
                    open.push(at);
                }
            });
        }
        open.sort_unstable();
        Ok(open)
    }

    /// Searches the distances at the `open` positions: one tree per source or per target, whichever
    /// are fewer.
    fn fill(
        &self,
        metric: Metric,
        from: &[u32],
        to: &[u32],
        open: &[usize],
        rows: &mut [u64],
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        if open.is_empty() {
            return Ok(());
        }
        let ends = |at: &usize| (from[at / to.len()], to[at % to.len()]);
        let mut sources: Vec<u32> = open.iter().map(|at| ends(at).0).collect();
        let mut targets: Vec<u32> = open.iter().map(|at| ends(at).1).collect();
        for list in [&mut sources, &mut targets] {
            list.sort_unstable();
            list.dedup();
        }
        let forward = sources.len() <= targets.len();
        let way = if forward { Way::Forward } else { Way::Backward };
        // By root of a tree: the points to which distances are wanted, and their positions.
        let mut wanted: Vec<(u32, u32, usize)> = open
            .iter()
            .map(|at| {
                let (source, target) = ends(at);
                let (source, sink) = (self.net.source(source), self.net.sink(target));
                let (root, end) = if forward {
                    (source, sink)
                } else {
                    (sink, source)
                };
                (root, end, *at)
            })
            .collect();
        wanted.sort_unstable();
        let net = &*self.net;
        self.spaced(|scratch| {
            let scratch = scratch.one();
            for wanted in wanted.chunk_by(|one, other| one.0 == other.0) {
                let root = wanted[0].0;
                let mut points: Vec<u32> = wanted.iter().map(|(_, end, _)| *end).collect();
                points.dedup();
                // Where nearly all are wanted, looking for the end costs more than going on.
                let mut left = points.len();
                let asks = left <= net.len() / ASKING;
                let done = |point: u32, _| {
                    asks && {
                        left -= usize::from(points.binary_search(&point).is_ok());
                        left == 0
                    }
                };
                let seeds = [(root, 0)];
                fixed!(metric, weigh => scratch.run(Open { net, weigh }, way, seeds, budget, done))?;
                for (_, end, at) in wanted {
                    rows[*at] = scratch.cost(*end);
                }
            }
            Ok(())
        })
    }
}

/// A tree ends early only if at most one in so many points is asked for.
const ASKING: usize = 8;

impl fmt::Debug for Distances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indexed = Metric::ALL.map(|metric| self.is_indexed(metric));
        f.debug_struct("Distances")
            .field("points", &self.net.len())
            .field("indexed", &indexed)
            .finish_non_exhaustive()
    }
}

/// The pairs of points between which edges cost something else than before, from the first to the
/// second; `None` if the nets have other points. Their bandwidth is no cost.
fn changed_costs(before: &Net, now: &Net) -> Option<Vec<(u32, u32)>> {
    changed_pairs(before, now, |row, nth| {
        Metric::ALL.map(|metric| metric.of(row, nth))
    })
}

/// The pairs of points between which `cost` of some edge is another than before, from the first to the
/// second; `None` if the nets have other points.
pub(super) fn changed_pairs<C: Ord>(
    before: &Net,
    now: &Net,
    cost: impl Fn(&Row<'_>, usize) -> C,
) -> Option<Vec<(u32, u32)>> {
    // What edges cost, by where they lead.
    let costs = |row: Row<'_>| {
        let cost = |nth| (row.to[nth], cost(&row, nth));
        let mut costs: Vec<(u32, C)> = (0..row.len()).map(cost).collect();
        costs.sort_unstable();
        costs
    };
    let mut changed = Vec::new();
    for point in now.changed_since(before)? {
        let (then, now) = (costs(before.row(point)), costs(now.row(point)));
        let (mut then, mut now) = (&then[..], &now[..]);
        // Merged by where they lead.
        while let Some(to) = then.iter().chain(now).map(|cost| cost.0).min() {
            let split = |costs: &[(u32, C)]| costs.partition_point(|cost| cost.0 == to);
            let (old, rest_then) = then.split_at(split(then));
            let (new, rest_now) = now.split_at(split(now));
            if old != new {
                changed.push((point, to));
            }
            (then, now) = (rest_then, rest_now);
        }
    }
    Some(changed)
}
