//! Path vectors of any net, by any objective, under any restriction and caps equal a brute-force
//! enumeration; and the first ones in nets of some dozen domains cost what Yen's algorithm says.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use idt::net::{Edge, EdgeId, Net, NetBuilder, Role, UNLIMITED};
use idt::search::{
    Budget, Cost, Cuts, Metric, PathCaps, PathStream, Restriction, Rules, Weigh, Weights,
    path_vectors,
};
use proptest::prelude::*;

/// Per path vector its least cost, and the fewest, lowest edges that cost it.
type Whole<C> = BTreeMap<Vec<u32>, (C, usize, Vec<EdgeId>)>;

/// All path vectors between two domains, by trying every walk.
pub(crate) fn brute_force<W: Weigh>(
    net: &Net,
    weigh: W,
    restriction: &Restriction,
    (from, to): (u32, u32),
) -> Vec<(W::Cost, Vec<u32>, Vec<EdgeId>)> {
    let mut whole = Whole::new();
    if from == to {
        whole.insert(vec![from], (W::Cost::ZERO, 0, vec![]));
    } else {
        let mut walk = Walk {
            net,
            weigh,
            restriction,
            to,
            points: vec![from],
            domains: vec![from],
            edges: vec![],
            whole: &mut whole,
        };
        walk.on(from, true, W::Cost::ZERO);
    }
    let mut all: Vec<_> = whole
        .into_iter()
        .map(|(domains, (cost, _, edges))| (cost, domains, edges))
        .collect();
    all.sort();
    all
}

struct Walk<'a, W: Weigh> {
    net: &'a Net,
    weigh: W,
    restriction: &'a Restriction,
    to: u32,
    points: Vec<u32>,
    domains: Vec<u32>,
    edges: Vec<EdgeId>,
    whole: &'a mut Whole<W::Cost>,
}

impl<W: Weigh> Walk<'_, W> {
    fn on(&mut self, point: u32, climbing: bool, cost: W::Cost) {
        if point == self.net.sink(self.to) {
            let found = (cost, self.edges.len(), self.edges.clone());
            let known = self
                .whole
                .entry(self.domains.clone())
                .or_insert_with(|| found.clone());
            *known = found.min(known.clone());
            return;
        }
        let row = self.net.row(point);
        let here = self.net.domain_of(point);
        for nth in 0..row.len() {
            let edge = row.edge(nth);
            let id = EdgeId {
                from: point,
                nth: u32::try_from(nth).unwrap(),
            };
            let there = self.net.domain_of(edge.to);
            let rules = self.restriction;
            let closed = [here, there]
                .iter()
                .any(|d| rules.closed_domains.contains(d))
                || rules.closed_edges.contains(&id)
                || edge.bandwidth < rules.min_bandwidth;
            let passes =
                there != here && self.domains.len() > 1 && rules.closed_transit.contains(&here);
            let valley = rules.valley_free
                && !climbing
                && matches!(edge.role, Role::ToProvider | Role::ToPeer);
            let again =
                self.points.contains(&edge.to) || there != here && self.domains.contains(&there);
            if closed || passes || valley || again {
                continue;
            }
            let climbing = climbing && !matches!(edge.role, Role::ToPeer | Role::ToCustomer);
            self.points.push(edge.to);
            self.edges.push(id);
            if there != here {
                self.domains.push(there);
            }
            self.on(edge.to, climbing, cost.plus(self.weigh.weigh(&row, nth)));
            if there != here {
                self.domains.pop();
            }
            self.edges.pop();
            self.points.pop();
        }
    }
}

pub(crate) fn any_role() -> impl Strategy<Value = Role> {
    prop_oneof![
        Just(Role::Unknown),
        Just(Role::ToProvider),
        Just(Role::ToPeer),
        Just(Role::ToCustomer),
    ]
}

/// Small numbers, so that ties are common; at least `least`.
pub(crate) fn any_edge(points: u32, least: u32) -> impl Strategy<Value = (u32, Edge)> {
    let bandwidth = prop_oneof![Just(10_u64), Just(100), Just(UNLIMITED)];
    let costs = (least..=least + 3, least..=least + 2);
    ((0..points, 0..points), costs, bandwidth, any_role()).prop_map(
        |((from, to), (delay, price), bandwidth, role)| {
            let edge = Edge {
                to,
                delay,
                price,
                bandwidth,
                role,
            };
            (from, edge)
        },
    )
}

/// A net of a few domains, plain or with borders, with the same edges both ways or not.
pub(crate) fn any_net() -> impl Strategy<Value = Net> {
    (
        2_u32..=6,
        prop::collection::vec(0_u32..6, 0..=4),
        0_u32..=1,
        any::<bool>(),
    )
        .prop_flat_map(|(domains, borders, least, both_ways)| {
            // In half of all nets every point is a domain.
            let borders = if both_ways { vec![] } else { borders };
            let points = domains + u32::try_from(borders.len()).unwrap();
            let edges = prop::collection::vec(any_edge(points, least), 0..=14);
            (Just((domains, borders)), edges, any::<bool>(), any::<u8>()).prop_map(
                |((domains, borders), edges, both_ways, sinks)| {
                    let mut builder = NetBuilder::new(domains);
                    let mut of: Vec<u32> = (0..domains).collect();
                    let mut borders: Vec<u32> = borders.iter().map(|at| at % domains).collect();
                    borders.sort_unstable();
                    for (at, domain) in borders.iter().enumerate() {
                        let last = borders.get(at + 1) != Some(domain);
                        if last && sinks >> (at % 8) & 1 == 1 {
                            builder.sink(*domain);
                        } else {
                            builder.border(*domain);
                        }
                        of.push(*domain);
                    }
                    for (from, mut edge) in edges {
                        if from == edge.to {
                            continue;
                        }
                        if of[from as usize] == of[edge.to as usize] {
                            edge.role = Role::Within;
                        }
                        builder.edge(from, edge);
                        if both_ways {
                            let role = edge.role.reverse();
                            builder.edge(
                                edge.to,
                                Edge {
                                    to: from,
                                    role,
                                    ..edge
                                },
                            );
                        }
                    }
                    builder.build()
                },
            )
        })
}

pub(crate) fn any_restriction(net: &Net) -> impl Strategy<Value = Restriction> + use<> {
    let mut ids = Vec::new();
    for from in 0..u32::try_from(net.len()).unwrap() {
        let nths = 0..u32::try_from(net.row(from).len()).unwrap();
        ids.extend(nths.map(|nth| EdgeId { from, nth }));
    }
    let closed_edges: BoxedStrategy<BTreeSet<EdgeId>> = match ids.is_empty() {
        true => Just(BTreeSet::new()).boxed(),
        false => prop::collection::btree_set(prop::sample::select(ids), 0..=3).boxed(),
    };
    let domains = u32::try_from(net.domains()).unwrap();
    let part = (
        prop_oneof![3 => Just(0_u64), 1 => Just(50), 1 => Just(UNLIMITED)],
        prop_oneof![
            3 => Just(BTreeSet::new()).boxed(),
            1 => prop::collection::btree_set(0..domains, 0..=2).boxed(),
        ],
        prop_oneof![
            2 => Just(BTreeSet::new()).boxed(),
            1 => prop::collection::btree_set(0..domains + 1, 0..=3).boxed(),
        ],
        closed_edges,
        any::<bool>(),
    );
    let some = part.prop_map(
        |(min_bandwidth, closed_domains, closed_transit, closed_edges, valley_free)| Restriction {
            min_bandwidth,
            closed_domains,
            closed_transit,
            closed_edges,
            valley_free,
        },
    );
    prop_oneof![1 => Just(Restriction::default()), 3 => some]
}

fn any_world() -> impl Strategy<Value = (Net, Restriction)> {
    any_net().prop_flat_map(|net| {
        let restriction = any_restriction(&net);
        (Just(net), restriction)
    })
}

/// Everything that holds of one pair by one objective.
fn check<W: Weigh>(
    net: &Net,
    weigh: W,
    restriction: &Restriction,
    ends: (u32, u32),
    (per_pair, max_domains): (usize, usize),
) -> Result<(), TestCaseError> {
    let rules = Rules::new(net, restriction);
    let whole = brute_force(net, weigh, restriction, ends);
    let mut stream = PathStream::new(net, weigh, &rules, ends, usize::MAX, Budget::unlimited());
    let mut told = Vec::new();
    while let Some(found) = stream.advance() {
        let (domains, cost) = found.unwrap();
        let domains = domains.to_vec();
        let path = stream.path().unwrap();
        prop_assert_eq!(&path.domains, &domains);
        prop_assert_eq!(path.cost, cost);
        told.push((cost, domains, path.edges));
    }
    prop_assert_eq!(&told, &whole, "from end to end");
    prop_assert!(!stream.is_cut_by_length());
    prop_assert!(stream.advance().is_none());

    let short: Vec<_> = whole
        .iter()
        .map(|(cost, domains, _)| (domains.clone(), *cost))
        .filter(|(domains, _)| domains.len() <= max_domains)
        .collect();
    let longer = short.len() < whole.len();
    let stream = PathStream::new(net, weigh, &rules, ends, max_domains, Budget::unlimited());
    let told: Vec<_> = stream.map(|found| found.unwrap()).collect();
    let told: Vec<_> = told
        .into_iter()
        .map(|(d, cost)| (d.to_vec(), cost))
        .collect();
    prop_assert_eq!(&told, &short, "within {}", max_domains);

    let caps = PathCaps {
        per_pair,
        max_domains,
        work: 0,
    };
    let collect = |budget: &mut Budget| {
        let mut told = Vec::new();
        let cuts = path_vectors(
            net,
            weigh,
            &rules,
            &[ends.0],
            &[ends.1],
            &caps,
            budget,
            |run, cost| {
                run.for_each(|domains| told.push((domains.to_vec(), cost)));
                ControlFlow::Continue(())
            },
        );
        (told, cuts)
    };
    let (told, cuts) = collect(&mut Budget::unlimited());
    let first: Vec<_> = short.iter().take(per_pair).cloned().collect();
    prop_assert_eq!(&told, &first, "the first {}", per_pair);
    prop_assert_eq!(cuts.per_pair, short.len() > per_pair);
    prop_assert!(!cuts.work);
    prop_assert!(cuts.length || !longer);
    if !cuts.per_pair && net.is_plain() {
        prop_assert_eq!(cuts.length, longer);
    }
    for work in [0, 3, 10, 30, 100] {
        let (told, spent) = collect(&mut Budget::new(work));
        prop_assert!(first.starts_with(&told));
        if !spent.work {
            prop_assert_eq!((told, spent), (first.clone(), cuts));
        } else {
            prop_assert!(spent.length || !longer);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn path_vectors_are_those_of_brute_force(
        (net, restriction) in any_world(),
        per_pair in 0_usize..6,
        max_domains in 0_usize..6,
        objective in 0..6,
        ends in (0_u32..6, 0_u32..6),
    ) {
        let domains = u32::try_from(net.domains()).unwrap();
        let ends = (ends.0 % domains, ends.1 % domains);
        let caps = (per_pair, max_domains);
        let weights = Weights { hops: 1, delay: 2_000_000, price: 3_000 };
        match objective {
            0 => check(&net, Metric::Hops, &restriction, ends, caps)?,
            1 => check(&net, Metric::Delay, &restriction, ends, caps)?,
            2 => check(&net, Metric::Price, &restriction, ends, caps)?,
            3 => check(&net, weights, &restriction, ends, caps)?,
            4 => check(&net, [Metric::Delay, Metric::Price, Metric::Hops], &restriction, ends, caps)?,
            _ => check(&net, [Metric::Hops, Metric::Price, Metric::Delay], &restriction, ends, caps)?,
        }
    }

    #[test]
    fn all_pairs_are_told_in_order(
        (net, restriction) in any_world(),
        sources in prop::collection::vec(0_u32..7, 0..=3),
        destinations in prop::collection::vec(0_u32..7, 0..=3),
    ) {
        let rules = Rules::new(&net, &restriction);
        let caps = PathCaps { per_pair: usize::MAX, max_domains: usize::MAX, work: 0 };
        let mut told = Vec::new();
        let cuts = path_vectors(
            &net, Metric::Delay, &rules, &sources, &destinations, &caps, &mut Budget::unlimited(),
            |run, cost| {
                run.for_each(|domains| told.push((cost, domains.to_vec())));
                ControlFlow::Continue(())
            },
        );
        prop_assert_eq!(cuts, Cuts::default());
        let inside = |list: &[u32]| -> BTreeSet<u32> {
            list.iter().copied().filter(|at| (*at as usize) < net.domains()).collect()
        };
        let mut expected = Vec::new();
        for from in inside(&sources) {
            for to in inside(&destinations) {
                let all = brute_force(&net, Metric::Delay, &restriction, (from, to));
                expected.extend(all.into_iter().map(|(cost, domains, _)| (cost, domains)));
            }
        }
        prop_assert_eq!(told, expected);
    }
}

/// A net of some dozen domains.
pub(crate) fn any_larger_net() -> impl Strategy<Value = Net> {
    (40_u32..=100, 0_u32..=1).prop_flat_map(|(domains, least)| {
        let edges = prop::collection::vec(any_edge(domains, least), 150..=400);
        edges.prop_map(move |edges| {
            let mut builder = NetBuilder::new(domains);
            for (from, edge) in edges.into_iter().filter(|(from, edge)| *from != edge.to) {
                builder.edge(from, edge);
            }
            builder.build()
        })
    })
}

/// The cheapest path by Bellman and Ford, without the domains of `root` but its last, and without the
/// steps from there to `taken`.
fn cheapest(net: &Net, root: &[u32], taken: &BTreeSet<u32>, to: u32) -> Option<(u64, Vec<u32>)> {
    let (last, before) = root.split_last()?;
    let mut best: BTreeMap<u32, (u64, Vec<u32>)> = [(*last, (0, vec![]))].into();
    loop {
        let mut again = false;
        for (from, (cost, path)) in best.clone() {
            let row = net.row(from);
            for nth in 0..row.len() {
                let next = row.to[nth];
                if root.contains(&next) || before.contains(&next) {
                    continue;
                }
                if from == *last && taken.contains(&next) {
                    continue;
                }
                let cost = cost + u64::from(row.delay[nth]);
                if best.get(&next).is_none_or(|known| cost < known.0) {
                    best.insert(next, (cost, [&path[..], &[next]].concat()));
                    again = true;
                }
            }
        }
        if !again {
            break;
        }
    }
    best.remove(&to)
}

/// The costs of the k cheapest simple paths (Yen 1971).
fn yen(net: &Net, from: u32, to: u32, k: usize) -> Vec<u64> {
    let cost_of = |path: &[u32]| -> u64 {
        let step = |step: &[u32]| {
            let row = net.row(step[0]);
            let parallel = row.edges_to(step[1]);
            parallel.map(|nth| u64::from(row.delay[nth])).min().unwrap()
        };
        path.windows(2).map(step).sum()
    };
    let mut found: Vec<Vec<u32>> = Vec::new();
    let mut open: BTreeSet<(u64, Vec<u32>)> = BTreeSet::new();
    if let Some((cost, rest)) = cheapest(net, &[from], &BTreeSet::new(), to) {
        open.insert((cost, [&[from][..], &rest].concat()));
    }
    let mut costs = Vec::new();
    while let Some((cost, path)) = open.pop_first() {
        costs.push(cost);
        if costs.len() == k {
            break;
        }
        found.push(path.clone());
        for at in 1..path.len() {
            let root = &path[..at];
            let same = found
                .iter()
                .filter(|other| other.len() > at && &other[..at] == root);
            let taken: BTreeSet<u32> = same.map(|other| other[at]).collect();
            if let Some((_, rest)) = cheapest(net, root, &taken, to) {
                let path = [root, &rest].concat();
                open.insert((cost_of(&path), path));
            }
        }
    }
    costs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_twenty_cheapest_cost_what_yen_says(net in any_larger_net(), to in 1_u32..40) {
        let rules = Rules::new(&net, &Restriction::default());
        let stream = PathStream::new(&net, Metric::Delay, &rules, (0, to), 100, Budget::unlimited());
        let told: Vec<(u64, Vec<u32>)> = stream
            .take(20)
            .map(|found| {
                let (domains, cost) = found.unwrap();
                (cost, domains.to_vec())
            })
            .collect();
        prop_assert!(told.is_sorted_by(|a, b| a < b), "in order, each once");
        for (cost, domains) in &told {
            let once: BTreeSet<&u32> = domains.iter().collect();
            prop_assert_eq!(once.len(), domains.len());
            let steps = domains.windows(2).map(|step| {
                let row = net.row(step[0]);
                row.edges_to(step[1]).map(|nth| u64::from(row.delay[nth])).min()
            });
            prop_assert_eq!(steps.sum::<Option<u64>>(), Some(*cost));
        }
        let costs: Vec<u64> = told.iter().map(|told| told.0).collect();
        prop_assert_eq!(costs, yen(&net, 0, to, 20));
    }
}

#[test]
fn one_of_equal_parallel_edges_may_be_closed() {
    let mut builder = NetBuilder::new(2);
    let edge = Edge {
        to: 1,
        delay: 3,
        price: 0,
        bandwidth: UNLIMITED,
        role: Role::Unknown,
    };
    builder.edge(0, edge);
    builder.edge(0, edge);
    let net = builder.build();
    for closed in 0..2 {
        let restriction = Restriction {
            closed_edges: [EdgeId {
                from: 0,
                nth: closed,
            }]
            .into(),
            ..Restriction::default()
        };
        let rules = Rules::new(&net, &restriction);
        let mut stream =
            PathStream::new(&net, Metric::Delay, &rules, (0, 1), 9, Budget::unlimited());
        assert_eq!(stream.advance().unwrap().unwrap(), (&[0, 1][..], 3));
        let edges = stream.path().unwrap().edges;
        assert_eq!(
            edges,
            [EdgeId {
                from: 0,
                nth: 1 - closed
            }]
        );
        assert!(stream.advance().is_none());
    }
}
