//! Path vectors of a net, one after the other.

use std::fmt::{self, Debug};
use std::ops::ControlFlow;

use super::budget::{Budget, Spent};
use super::cost::{Metric, Weigh};
use super::distance::Distances;
use super::paths::{self, Cuts, Finder, Guide, PathCaps, PathRun, Search, limit_after};
use super::space::{Open, Restricted, Rules};
use crate::net::{EdgeId, Net};

/// A path vector with the edges that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<C = u64> {
    /// The domains, none twice.
    pub domains: Vec<u32>,
    /// The cheapest edges along them, those within domains too; of equally cheap ones the fewest, then the
    /// lowest.
    pub edges: Vec<EdgeId>,
    /// What they cost.
    pub cost: C,
}

/// The path vectors from one domain to another, cheapest first, ties by names, each once.
///
/// The next one is searched for when it is asked for: the k-th costs the work up to it.
///
/// ```
/// use idt::net::{Edge, NetBuilder, Role, UNLIMITED};
/// use idt::search::{Budget, Metric, PathStream, Restriction, Rules};
///
/// let mut builder = NetBuilder::new(3);
/// for (from, to, delay) in [(0, 1, 2), (1, 2, 2), (0, 2, 9)] {
///     let edge = Edge { to, delay, price: 0, bandwidth: UNLIMITED, role: Role::Unknown };
///     builder.edge(from, edge);
/// }
/// let net = builder.build();
/// let rules = Rules::new(&net, &Restriction::default());
/// let mut stream = PathStream::new(&net, Metric::Delay, &rules, (0, 2), 16, Budget::unlimited());
/// let mut told = Vec::new();
/// while let Some(found) = stream.advance() {
///     let (domains, cost) = found?;
///     told.push((domains.to_vec(), cost));
/// }
/// assert_eq!(told, [(vec![0, 1, 2], 4), (vec![0, 2], 9)]);
/// # Ok::<(), idt::search::Spent>(())
/// ```
pub struct PathStream<'a, W: Weigh> {
    inner: Inner<'a, W>,
    budget: Budget,
    cost: Option<W::Cost>,
    ended: bool,
}

enum Inner<'a, W: Weigh> {
    /// The net has no such domains.
    Nothing,
    Open(Open<'a, W>, Finder<Open<'a, W>>),
    Restricted(Restricted<'a, W>, Finder<Restricted<'a, W>>),
    OpenGuided(Open<'a, W>, Box<Guided<'a, Open<'a, W>>>),
    RestrictedGuided(Restricted<'a, W>, Box<Guided<'a, Restricted<'a, W>>>),
}

impl<'a> PathStream<'a, Metric> {
    /// The same as [`PathStream::new`] over the net of `distances`, with what they know: in large nets the
    /// first path vectors come some times faster. An index helps ([`Distances::with_index`]), also one of a
    /// version shortly before, but where valley-free paths are asked for. With such a one, and under other
    /// restrictions, the distances are lower bounds, and the answers exact.
    #[must_use]
    pub fn with_distances(
        distances: &'a Distances,
        metric: Metric,
        rules: &'a Rules,
        ends: (u32, u32),
        max_domains: usize,
        budget: Budget,
    ) -> Self {
        let (net, (from, to)) = (distances.net(), ends);
        let mut stream = Self::new(net, metric, rules, ends, max_domains, budget);
        let guided = match &stream.inner {
            Inner::Open(_, finder) => finder.is_search(),
            Inner::Restricted(_, finder) => finder.is_search() && !rules.is_valley_free(),
            _ => false,
        };
        let index = guided.then(|| distances.to_domain(metric, to)).flatten();
        let Some(index) = index else {
            return stream;
        };
        stream.inner = if rules.is_none() {
            let space = Open { net, weigh: metric };
            let guide = Guide::new(space, ends, index, limit_after);
            let search = Search::new(space, guide, from, to, max_domains);
            Inner::OpenGuided(space, Box::new(search))
        } else {
            let space = Restricted {
                net,
                weigh: metric,
                rules,
            };
            let guide = Guide::new(space, ends, index, limit_after);
            let search = Search::new(space, guide, from, to, max_domains);
            Inner::RestrictedGuided(space, Box::new(search))
        };
        stream
    }
}

/// A search that asks an index.
type Guided<'a, S> = Search<S, Guide<'a, S>>;

impl<'a, W: Weigh> PathStream<'a, W> {
    /// The path vectors between the two `ends`, of at most `max_domains` domains.
    #[must_use]
    pub fn new(
        net: &'a Net,
        weigh: W,
        rules: &'a Rules,
        ends: (u32, u32),
        max_domains: usize,
        budget: Budget,
    ) -> Self {
        let (from, to) = ends;
        let inner = if from.max(to) as usize >= net.domains() {
            Inner::Nothing
        } else if rules.is_none() {
            let space = Open { net, weigh };
            Inner::Open(space, Finder::new(space, from, to, max_domains))
        } else {
            let space = Restricted { net, weigh, rules };
            Inner::Restricted(space, Finder::new(space, from, to, max_domains))
        };
        Self {
            inner,
            budget,
            cost: None,
            ended: false,
        }
    }

    /// The next path vector and its cost; `None` after the last.
    ///
    /// # Errors
    /// If the budget is spent; after that there is nothing more.
    #[expect(
        clippy::type_complexity,
        reason = "the answer of an iterator that lends"
    )]
    pub fn advance(&mut self) -> Option<Result<(&[u32], W::Cost), Spent>> {
        if self.ended {
            return None;
        }
        let found = match &mut self.inner {
            Inner::Nothing => Ok(None),
            Inner::Open(_, search) => search.advance(&mut self.budget),
            Inner::Restricted(_, search) => search.advance(&mut self.budget),
            Inner::OpenGuided(_, search) => search.advance(&mut self.budget),
            Inner::RestrictedGuided(_, search) => search.advance(&mut self.budget),
        };
        self.cost = found.as_ref().ok().copied().flatten();
        self.ended = self.cost.is_none();
        match found {
            Ok(cost) => cost.map(|cost| Ok((self.domains(), cost))),
            Err(Spent) => Some(Err(Spent)),
        }
    }

    #[inline]
    fn domains(&self) -> &[u32] {
        match &self.inner {
            Inner::Nothing => &[],
            Inner::Open(_, search) => search.answer(),
            Inner::Restricted(_, search) => search.answer(),
            Inner::OpenGuided(_, search) => search.answer(),
            Inner::RestrictedGuided(_, search) => search.answer(),
        }
    }

    /// The path vector that [`advance`](Self::advance) told last, with its edges.
    #[must_use]
    pub fn path(&self) -> Option<Path<W::Cost>> {
        self.cost?;
        let domains = self.domains();
        let (cost, edges) = match &self.inner {
            Inner::Nothing => None,
            Inner::Open(space, _) | Inner::OpenGuided(space, _) => paths::trace(*space, domains),
            Inner::Restricted(space, _) | Inner::RestrictedGuided(space, _) => {
                paths::trace(*space, domains)
            }
        }?;
        Some(Path {
            domains: domains.to_vec(),
            edges,
            cost,
        })
    }

    /// Whether a path vector is known that is left out for its length. Exact after the last one, in a net
    /// whose points are all domains; where domains have several points, a walk that passes one twice may
    /// count.
    #[must_use]
    pub fn is_cut_by_length(&self) -> bool {
        match &self.inner {
            Inner::Nothing => false,
            Inner::Open(_, search) => search.longer(),
            Inner::Restricted(_, search) => search.longer(),
            Inner::OpenGuided(_, search) => search.longer,
            Inner::RestrictedGuided(_, search) => search.longer,
        }
    }

    /// What is left of the budget.
    #[must_use]
    pub fn into_budget(self) -> Budget {
        self.budget
    }
}

/// Each path vector as values of its own.
impl<W: Weigh> Iterator for PathStream<'_, W> {
    type Item = Result<(Box<[u32]>, W::Cost), Spent>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.advance()?;
        Some(found.map(|(domains, cost)| (domains.into(), cost)))
    }
}

impl<W: Weigh> Debug for PathStream<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathStream")
            .field("domains", &self.domains())
            .field("cost", &self.cost)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// Tells the path vectors from every source to every destination, with their costs, ordered by (source,
/// destination, cost, names) and up to the caps, until `sink` breaks. None is held. Those that differ in one
/// domain only are told together where that is known.
///
/// Repeated domains and such as the net does not have count once and not at all. The steps that are
/// taken come out of `budget`; [`PathCaps::work`] is not looked at.
pub fn path_vectors<W: Weigh>(
    net: &Net,
    weigh: W,
    rules: &Rules,
    sources: &[u32],
    destinations: &[u32],
    caps: &PathCaps,
    budget: &mut Budget,
    sink: impl FnMut(PathRun<'_>, W::Cost) -> ControlFlow<()>,
) -> Cuts {
    let [sources, destinations] = [sources, destinations]
        .map(|list| paths::members(net.domains(), list.iter().map(|at| *at as usize)));
    let connected = |_, _| net.domains();
    if rules.is_none() {
        let space = Open { net, weigh };
        paths::all_pairs(
            space,
            &sources,
            &destinations,
            caps,
            connected,
            budget,
            sink,
        )
    } else {
        let space = Restricted { net, weigh, rules };
        paths::all_pairs(
            space,
            &sources,
            &destinations,
            caps,
            connected,
            budget,
            sink,
        )
    }
}
