//! Distances between hosts, and the trees that they come from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::amount::Amount;
use super::grow::{Room, tree};
use super::instance::Instance;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::{Cost, Metric, Objective, Weigh};
use crate::search::distance::Distances;
use crate::search::space::{Open, Restricted, Rules, Space};

/// Without an index, a tree is grown per host if all together look at most at this many edges.
/// Beyond, only what cannot do without a tree gets one.
const TREE_STEPS: usize = 1 << 24;

/// Trees towards hosts, by one weight under one restriction.
pub(super) struct Trees<C> {
    /// States per tree: the places, or twice as many with phases, see [`Restricted`].
    stride: usize,
    doubled: bool,
    /// Per host, which tree in `costs` is its own, counted from 1.
    slots: Vec<u32>,
    costs: Vec<C>,
}

impl<C: Cost> Trees<C> {
    fn new(states: usize, doubled: bool) -> Self {
        Self {
            stride: states,
            doubled,
            slots: Vec::new(),
            costs: Vec::new(),
        }
    }

    /// The cost from a point, in the phase that a path starts in.
    #[inline]
    pub(super) fn from(&self, host: u32, point: u32) -> C {
        self.at(host, point << u32::from(self.doubled))
    }

    /// The cost from a state of [`Restricted`]; [`Cost::FAR`] if there is no tree.
    #[inline]
    pub(super) fn at(&self, host: u32, state: u32) -> C {
        self.tree(host)
            .get(state as usize)
            .copied()
            .unwrap_or(C::FAR)
    }

    /// The costs from each state of [`Restricted`] to a host; nothing if there is no tree.
    #[inline]
    pub(super) fn tree(&self, host: u32) -> &[C] {
        match self.slots.get(host as usize) {
            Some(slot) if *slot > 0 => {
                &self.costs[(*slot as usize - 1) * self.stride..][..self.stride]
            }
            _ => &[],
        }
    }
}

/// Where costs come from: a net, seen by the weight of the objective and by the metrics of bounds,
/// for each bandwidth that some link needs.
pub(super) struct World<'a, W: Weigh> {
    pub(super) instance: &'a Instance<'a>,
    pub(super) distances: &'a Distances,
    pub(super) weigh: W,
    /// What the links of each class may use; the first class needs no bandwidth. There are as many for
    /// each set of domains that refuse to carry something, the first set being empty.
    pub(super) classes: Vec<Rules>,
    /// The class of each link where nobody refuses; empty if all are of the first.
    class_of: Vec<usize>,
    /// How many classes there are of one set.
    bandwidths: usize,
    /// By pair of hosts, the set that does not carry traffic from the one to the other, unless it is
    /// the empty one.
    refusing: BTreeMap<(u32, u32), usize>,
    pub(super) needs: Vec<u64>,
    pub(super) objective: Vec<Trees<W::Cost>>,
    pub(super) delay: Vec<Trees<u64>>,
    pub(super) hops: Vec<Trees<u64>>,
    room: Room<W::Cost>,
}

impl<'a, W: Weigh> World<'a, W> {
    pub(super) fn new(
        instance: &'a Instance<'a>,
        distances: &'a Distances,
        weigh: W,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let problem = instance.problem;
        let (mut needs, mut class_of) = (Vec::new(), Vec::new());
        // Other than none.
        let mut distinct = Vec::new();
        if instance.bounds_routes {
            needs = problem.needs();
            distinct.extend(needs.iter().copied().filter(|need| *need > 0));
            distinct.sort_unstable();
            distinct.dedup();
            let class = |need: &u64| distinct.partition_point(|other| other <= need);
            class_of = needs.iter().map(class).collect();
        }
        let (sets, refusing) = refusing(instance, budget)?;
        let bandwidths = 1 + distinct.len();
        let mut classes = Vec::with_capacity((1 + sets.len()) * bandwidths);
        for set in std::iter::once(&BTreeSet::new()).chain(&sets) {
            for need in std::iter::once(&0).chain(&distinct) {
                if !set.is_empty() {
                    // A bit per domain, and what the trees note per host.
                    budget.spend(instance.net.domains() / 64 + instance.all().len())?;
                }
                let mut restriction = Cow::Borrowed(&problem.restriction);
                if *need > restriction.min_bandwidth {
                    restriction.to_mut().min_bandwidth = *need;
                }
                if !set.is_empty() {
                    restriction.to_mut().closed_domains.extend(set);
                }
                classes.push(Rules::new(instance.net, &restriction));
            }
        }
        let mut world = Self {
            instance,
            distances,
            weigh,
            classes,
            class_of,
            bandwidths,
            refusing,
            needs,
            objective: Vec::new(),
            delay: Vec::new(),
            hops: Vec::new(),
            room: Room::default(),
        };
        for rules in &world.classes {
            let doubled = rules.is_valley_free();
            let net = instance.net;
            let states = Restricted { net, weigh, rules }.len();
            world.objective.push(Trees::new(states, doubled));
            if instance.bounds_routes {
                world.delay.push(Trees::new(states, doubled));
                world.hops.push(Trees::new(states, doubled));
            }
        }
        Ok(world)
    }

    /// The class of a link where nobody refuses.
    fn common_class(&self, link: usize) -> usize {
        self.class_of.get(link).copied().unwrap_or(0)
    }

    /// The class of a link between two hosts.
    pub(super) fn class(&self, link: usize, from: u32, to: u32) -> usize {
        self.free_class(from, to) + self.common_class(link)
    }

    /// The class of routes from one host to another whatever the bounds of links.
    pub(super) fn free_class(&self, from: u32, to: u32) -> usize {
        let set = self.refusing.get(&(from, to)).copied();
        set.map_or(0, |set| set * self.bandwidths)
    }

    /// Whether some pair of hosts has routes that not everybody carries.
    pub(super) fn is_refused(&self) -> bool {
        !self.refusing.is_empty()
    }

    /// Whether trees are affordable for all that somebody refuses to carry.
    fn is_small_where_refused(&self) -> bool {
        let trees = self.refusing.iter().map(|((_, to), set)| (*set, *to));
        let trees: BTreeSet<_> = trees.collect();
        let edges = self.instance.net.edges();
        self.is_small() && trees.len().saturating_mul(edges) <= TREE_STEPS
    }

    /// The index that answers for the objective in a class, if one does.
    pub(super) fn index(&self, class: usize) -> Option<Metric> {
        match self.instance.problem.objective {
            Objective::Metric(metric) if self.classes[class].is_none() => {
                Some(metric).filter(|metric| self.distances.is_indexed(*metric))
            }
            _ => None,
        }
    }

    /// Whether trees to all hosts are affordable.
    pub(super) fn is_small(&self) -> bool {
        let hosts = self.instance.all().len();
        hosts.saturating_mul(self.instance.net.edges()) <= TREE_STEPS
    }

    /// Grows the tree of a host by the objective.
    pub(super) fn grow(
        &mut self,
        class: usize,
        host: u32,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let trees = &mut self.objective[class];
        let rules = &self.classes[class];
        grow(
            self.instance,
            rules,
            self.weigh,
            trees,
            host,
            &mut self.room,
            budget,
        )
    }

    /// Grows the trees of a host by the metrics of bounds.
    pub(super) fn grow_bounds(
        &mut self,
        class: usize,
        host: u32,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let rules = &self.classes[class];
        let mut room = Room::default();
        for (metric, trees) in [
            (Metric::Delay, &mut self.delay[class]),
            (Metric::Hops, &mut self.hops[class]),
        ] {
            grow(self.instance, rules, metric, trees, host, &mut room, budget)?;
        }
        Ok(())
    }
}

/// The sets of domains that refuse to carry what some link may be, numbered from 1, and the pairs of
/// hosts that have another one.
#[expect(clippy::type_complexity, reason = "read in one place")]
fn refusing(
    instance: &Instance<'_>,
    budget: &mut Budget,
) -> Result<(Vec<BTreeSet<u32>>, BTreeMap<(u32, u32), usize>), Spent> {
    let problem = instance.problem;
    let refused = &problem.refused;
    let (mut sets, mut pairs) = (Vec::new(), BTreeMap::new());
    if refused.is_empty() {
        return Ok((sets, pairs));
    }
    let mut known = BTreeMap::from([(BTreeSet::new(), 0)]);
    for link in &problem.links {
        if link.src == link.dst {
            continue;
        }
        for src in instance.hosts(link.src) {
            let from = instance.domain(*src);
            let all = refused.of_sources.contains_key(&from);
            budget.spend(instance.hosts(link.dst).len())?;
            for dst in instance.hosts(link.dst) {
                let to = instance.domain(*dst);
                let some = all || refused.of_destinations.contains_key(&to);
                if src == dst || !some || pairs.contains_key(&(*src, *dst)) {
                    continue;
                }
                let set = refused.between(from, to);
                budget.spend(set.len())?;
                let next = sets.len() + 1;
                let at = *known.entry(set).or_insert_with_key(|set| {
                    sets.push(set.clone());
                    next
                });
                if at > 0 {
                    pairs.insert((*src, *dst), at);
                }
            }
        }
    }
    Ok((sets, pairs))
}

fn grow<W: Weigh>(
    instance: &Instance<'_>,
    rules: &Rules,
    weigh: W,
    trees: &mut Trees<W::Cost>,
    host: u32,
    room: &mut Room<W::Cost>,
    budget: &mut Budget,
) -> Result<(), Spent> {
    if trees.slots.is_empty() {
        trees.slots = vec![0; instance.all().len()];
    }
    if trees.slots[host as usize] > 0 {
        return Ok(());
    }
    budget.spend(trees.stride)?;
    let net = instance.net;
    let start = trees.costs.len();
    if start == 0 && instance.all().len() * trees.stride < 1 << 16 {
        trees
            .costs
            .reserve_exact(instance.all().len() * trees.stride);
    }
    trees.costs.resize(start + trees.stride, W::Cost::FAR);
    trees.slots[host as usize] = (start / trees.stride.max(1)) as u32 + 1;
    let costs = &mut trees.costs[start..];
    let sink = net.sink(instance.domain(host));
    if rules.is_none() {
        let space = Open { net, weigh };
        let seeds = [(sink, W::Cost::ZERO)];
        tree(space, seeds, costs, room, budget, |_| false)?;
    } else {
        let space = Restricted { net, weigh, rules };
        let seeds = space.ends(sink).map(|state| (state, W::Cost::ZERO));
        tree(space, seeds, costs, room, budget, |_| false)?;
    }
    Ok(())
}

/// What links cost and measure, for every pair of hosts. Rows are by choice of the source, columns
/// by choice of the destination.
pub(super) struct Tables<C> {
    objective: Vec<C>,
    /// Per link, where its cells are; empty for a link of a node with itself.
    starts: Vec<usize>,
    /// The same for the metrics of bounds: delay, then hops. Empty if they are not known, which says
    /// nothing.
    bounds: [Vec<u64>; 2],
}

/// The metrics of bounds.
pub(super) const BOUNDS: [Metric; 2] = [Metric::Delay, Metric::Hops];

impl<C: Amount> Tables<C> {
    /// The cells of a link.
    pub(super) fn objective(&self, link: usize) -> &[C] {
        &self.objective[self.starts[link]..self.starts[link + 1]]
    }

    /// The cells of a link by a metric of [`BOUNDS`], if they are known.
    pub(super) fn bound(&self, metric: usize, link: usize) -> Option<&[u64]> {
        let cells = &self.bounds[metric];
        (!cells.is_empty()).then(|| &cells[self.starts[link]..self.starts[link + 1]])
    }

    pub(super) fn new<W: Weigh<Cost = C>>(
        world: &mut World<'_, W>,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let instance = world.instance;
        let problem = instance.problem;
        let mut starts = Vec::with_capacity(problem.links.len() + 1);
        let mut sum = 0_usize;
        starts.push(0);
        for link in &problem.links {
            if link.src != link.dst {
                let (src, dst) = (instance.hosts(link.src), instance.hosts(link.dst));
                sum = sum.saturating_add(src.len().saturating_mul(dst.len()));
            }
            starts.push(sum);
        }
        budget.spend(sum)?;
        let mut tables = Self {
            objective: Vec::with_capacity(sum),
            starts,
            bounds: [Vec::new(), Vec::new()],
        };
        let small = world.is_small();
        for (at, link) in problem.links.iter().enumerate() {
            if link.src == link.dst {
                continue;
            }
            let class = world.common_class(at);
            // On a large net a bound that knows nothing of bandwidth is better than a tree per host.
            let index = world.index(class).or_else(|| match small {
                true => None,
                false => world.index(0),
            });
            if let Some(metric) = index {
                let (from, to) = (instance.domains_of(link.src), instance.domains_of(link.dst));
                let cells = world.distances.table(metric, from, to, budget)?;
                tables.objective.extend(cells.into_iter().map(C::single));
                continue;
            }
            for host in instance.hosts(link.dst) {
                world.grow(class, *host, budget)?;
            }
            let trees = &world.objective[class];
            for src in instance.hosts(link.src) {
                let point = instance.net.source(instance.domain(*src));
                let cell = |dst: &u32| match src == dst {
                    true => C::ZERO,
                    false => trees.from(*dst, point),
                };
                tables
                    .objective
                    .extend(instance.hosts(link.dst).iter().map(cell));
            }
        }
        if world.is_refused() && world.is_small_where_refused() {
            tables.refuse(world, budget)?;
        }
        if instance.bounds_routes {
            tables.measure(world, small, budget)?;
        }
        Ok(tables)
    }

    /// Puts right the pairs whose routes not everybody carries. Without it, costs are too low at worst.
    fn refuse<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'_, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let instance = world.instance;
        for (at, link) in instance.problem.links.iter().enumerate() {
            if link.src == link.dst {
                continue;
            }
            let (from, to) = (instance.hosts(link.src), instance.hosts(link.dst));
            budget.spend(from.len() * to.len())?;
            for (row, src) in from.iter().enumerate() {
                let point = instance.net.source(instance.domain(*src));
                for (column, dst) in to.iter().enumerate() {
                    if world.free_class(*src, *dst) > 0 {
                        let class = world.class(at, *src, *dst);
                        world.grow(class, *dst, budget)?;
                        let cell = self.starts[at] + row * to.len() + column;
                        self.objective[cell] = world.objective[class].from(*dst, point);
                    }
                }
            }
        }
        Ok(())
    }

    /// Fills the metrics of bounds, and strikes out the pairs that bounds of single links forbid.
    fn measure<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'_, W>,
        small: bool,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let instance = world.instance;
        let problem = instance.problem;
        let indexed = world.classes[0].is_none()
            && BOUNDS
                .iter()
                .all(|metric| world.distances.is_indexed(*metric));
        if !small && !indexed {
            return Ok(());
        }
        for (at, link) in problem.links.iter().enumerate() {
            if link.src == link.dst {
                continue;
            }
            let (from, to) = (instance.hosts(link.src), instance.hosts(link.dst));
            budget.spend(2 * from.len() * to.len())?;
            if small {
                let class = world.common_class(at);
                for host in to {
                    world.grow_bounds(class, *host, budget)?;
                }
                for src in from {
                    let point = instance.net.source(instance.domain(*src));
                    for dst in to {
                        let [delay, hops] = match src == dst {
                            true => [0, 0],
                            false => {
                                [&world.delay, &world.hops].map(|t| t[class].from(*dst, point))
                            }
                        };
                        self.bounds[0].push(delay);
                        self.bounds[1].push(hops);
                    }
                }
            } else {
                let (from, to) = (instance.domains_of(link.src), instance.domains_of(link.dst));
                for (metric, cells) in BOUNDS.iter().zip(&mut self.bounds) {
                    cells.extend(world.distances.table(*metric, from, to, budget)?);
                }
            }
            let most = [link.max_delay, link.max_hops.map(u64::from)];
            for (most, measured) in most.iter().zip(&self.bounds) {
                let Some(most) = most else { continue };
                let range = self.starts[at]..self.starts[at + 1];
                for (cost, measured) in self.objective[range.clone()]
                    .iter_mut()
                    .zip(&measured[range])
                {
                    if measured > most {
                        *cost = C::FAR;
                    }
                }
            }
        }
        Ok(())
    }
}
