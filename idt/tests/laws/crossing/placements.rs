//! Placements over the net of borders, against brute force over hosts and links that reads no net:
//! transit rules, what crossing costs, refusals, and bounds on links and requirements.

use idt::search::{
    ConstraintRef, Objective, PlacementLink, PlacementNode, PlacementProblem, PlacementRequirement,
    RefusedTraffic, best_placements, explain_without_transit,
};

use super::*;

/// A service graph by positions of domains.
#[derive(Clone, Debug)]
struct Graph {
    hosts: Vec<Vec<usize>>,
    links: Vec<(usize, usize, Option<u64>, Option<u32>)>,
    walks: Vec<(Vec<usize>, Option<u64>, Option<u32>)>,
    objective: Objective,
}

fn any_bounds() -> impl Strategy<Value = (Option<u64>, Option<u32>)> {
    let delay = prop::option::weighted(0.3, 0_u64..9);
    (delay, prop::option::weighted(0.2, 0_u32..5))
}

fn any_objective() -> impl Strategy<Value = Objective> {
    prop_oneof![
        Just(Objective::Metric(Metric::Hops)),
        Just(Objective::Metric(Metric::Delay)),
        Just(Objective::Metric(Metric::Price)),
        Just(Objective::Lexicographic([
            Metric::Price,
            Metric::Delay,
            Metric::Hops
        ])),
        Just(Objective::Sum(Weights {
            hops: 1,
            delay: 700_000,
            price: 2_000
        })),
    ]
}

/// A chain, or links between whichever nodes.
fn any_graph() -> impl Strategy<Value = Graph> {
    (2_usize..=4, any::<bool>(), any_objective()).prop_flat_map(|(nodes, chain, objective)| {
        let hosts = prop::collection::vec(0..DOMAINS, 1..=3);
        let ends = match chain {
            true => Just((1..nodes).map(|at| (at - 1, at)).collect()).boxed(),
            false => prop::collection::vec((0..nodes, 0..nodes), 1..=3).boxed(),
        };
        let hosts = prop::collection::vec(hosts, nodes);
        let bounds = prop::collection::vec(any_bounds(), 3);
        let walks = prop::collection::vec(
            (prop::collection::vec(0_usize..3, 1..=3), any_bounds()),
            0..=2,
        );
        (hosts, ends, bounds, walks).prop_map(move |(hosts, ends, bounds, walks)| {
            let ends: Vec<(usize, usize)> = ends;
            let count = ends.len();
            let links = ends.into_iter().zip(bounds);
            let walks = walks.into_iter().map(|(links, (delay, hops))| {
                let links = match chain {
                    true => (0..count).collect(),
                    false => links.into_iter().map(|link| link % count).collect(),
                };
                (links, delay, hops)
            });
            Graph {
                hosts,
                links: links
                    .map(|((a, b), (delay, hops))| (a, b, delay, hops))
                    .collect(),
                walks: walks.collect(),
                objective,
            }
        })
    })
}

impl Graph {
    fn problem(&self, snapshot: &Snapshot) -> PlacementProblem {
        let domains: Vec<DomainIndex> = snapshot.graph().indices().collect();
        let node = |hosts: &Vec<usize>| PlacementNode {
            hosts: hosts.iter().map(|at| domains[*at]).collect(),
            ..PlacementNode::default()
        };
        let link = |&(src, dst, max_delay, max_hops): &(usize, usize, _, _)| PlacementLink {
            src,
            dst,
            max_delay,
            max_hops,
            bandwidth: 0,
        };
        let walk = |(links, max_delay, max_hops): &(Vec<usize>, _, _)| PlacementRequirement {
            links: links.clone(),
            max_delay: *max_delay,
            max_hops: *max_hops,
            bandwidth: 0,
        };
        let mut refused = RefusedTraffic::default();
        for (at, id) in snapshot.graph().ids().iter().enumerate() {
            let at = at as u32;
            refused.of_sources.insert(at, snapshot.refusing_source(id));
            refused
                .of_destinations
                .insert(at, snapshot.refusing_destination(id));
        }
        PlacementProblem {
            nodes: self.hosts.iter().map(node).collect(),
            links: self.links.iter().map(link).collect(),
            requirements: self.walks.iter().map(walk).collect(),
            refused,
            objective: self.objective,
            tell_edges: true,
            ..PlacementProblem::default()
        }
    }
}

fn rank(objective: &Objective, amounts: Amounts) -> [u64; 3] {
    match objective {
        Objective::Metric(metric) => [metric.rank(amounts), 0, 0],
        Objective::Sum(weights) => [weights.rank(amounts), 0, 0],
        Objective::Lexicographic(metrics) => metrics.rank(amounts),
    }
}

/// What the routes from one domain to another cost, each amount once. Who refuses is not passed; with
/// `open`, everybody carries everything for nothing.
fn amounts(
    model: &Model<'_>,
    (from, to): (DomainIndex, DomainIndex),
    open: bool,
) -> BTreeSet<Amounts> {
    if from == to {
        return BTreeSet::from([[0; 3]]);
    }
    let [source, destination] = [from, to].map(|domain| model.id(domain));
    let carries = |domain: DomainIndex| {
        let policy = model.snapshot.policy(model.id(domain));
        policy.is_none_or(|policy| policy.carries(source, destination))
    };
    let mut found = BTreeSet::new();
    let mut ways: Vec<(Vec<Taken>, Amounts)> = model
        .out(from)
        .into_iter()
        .map(|link| (vec![link], model.along(link)))
        .collect();
    while let Some((links, cost)) = ways.pop() {
        let last = *links.last().unwrap();
        if last.1 == to {
            found.insert(cost);
            continue;
        }
        if !open && !carries(last.1) {
            continue;
        }
        for next in model.out(last.1) {
            let across = if open {
                Some([0; 3])
            } else {
                model.across(last, next)
            };
            if let Some(across) = across
                && links.iter().all(|link| link.0 != next.1)
            {
                let cost = sum(cost, sum(across, model.along(next)));
                ways.push(([&links[..], &[next]].concat(), cost));
            }
        }
    }
    found
}

/// Every assignment that is possible, best first.
fn by_brute_force(model: &Model<'_>, graph: &Graph, open: bool) -> Vec<([u64; 3], Vec<usize>)> {
    let mut assignments: Vec<Vec<usize>> = vec![Vec::new()];
    for hosts in &graph.hosts {
        let distinct: BTreeSet<usize> = hosts.iter().copied().collect();
        let longer = |start: &Vec<usize>| -> Vec<Vec<usize>> {
            distinct
                .iter()
                .map(|at| [&start[..], &[*at]].concat())
                .collect()
        };
        assignments = assignments.iter().flat_map(longer).collect();
    }
    let mut known = BTreeMap::new();
    let mut all = Vec::new();
    for hosts in assignments {
        let mut joined: Vec<Vec<Amounts>> = vec![Vec::new()];
        for (src, dst, max_delay, max_hops) in &graph.links {
            let ends = (model.domains[hosts[*src]], model.domains[hosts[*dst]]);
            let routes = known
                .entry(ends)
                .or_insert_with(|| amounts(model, ends, open));
            let mut routes: Vec<Amounts> = routes.iter().copied().collect();
            routes.retain(|[hops, delay, _]| {
                max_delay.is_none_or(|most| *delay <= most)
                    && max_hops.is_none_or(|most| *hops <= u64::from(most))
            });
            if graph.walks.is_empty() {
                let best = routes
                    .iter()
                    .min_by_key(|cost| rank(&graph.objective, **cost));
                routes = best.into_iter().copied().collect();
            }
            let longer = |start: &Vec<Amounts>| -> Vec<Vec<Amounts>> {
                routes
                    .iter()
                    .map(|route| [&start[..], &[*route]].concat())
                    .collect()
            };
            joined = joined.iter().flat_map(longer).collect();
        }
        joined.retain(|routes| {
            graph.walks.iter().all(|(links, max_delay, max_hops)| {
                let [hops, delay, _] = links.iter().fold([0; 3], |s, link| sum(s, routes[*link]));
                max_delay.is_none_or(|most| delay <= most)
                    && max_hops.is_none_or(|most| hops <= u64::from(most))
            })
        });
        let costs = joined.iter().map(|routes| {
            let of = routes.iter().map(|cost| rank(&graph.objective, *cost));
            of.fold([0; 3], sum)
        });
        all.extend(costs.min().map(|cost| (cost, hosts)));
    }
    all.sort();
    all
}

fn few_links() -> impl Strategy<Value = Vec<Update>> {
    let said = prop::collection::vec(any_said(), DOMAINS);
    (said, any_links()).prop_map(|(said, mut links)| {
        links.truncate(8);
        updates(&said, &links)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn placements_cost_what_brute_force_says(
        updates in few_links(),
        graph in any_graph(),
        k in 1_usize..9,
        by_index in any::<bool>(),
    ) {
        let snapshot = snapshot_of(updates);
        let model = Model::new(&snapshot);
        let net = snapshot.crossing_net();
        let problem = graph.problem(&snapshot);
        let mut distances = Distances::new(Arc::clone(net));
        if by_index {
            for metric in Metric::ALL {
                distances = distances.with_index(metric, &mut Budget::unlimited()).unwrap();
            }
        }
        let found = best_placements(&distances, &problem, k, u64::MAX);
        prop_assert!(!found.cut && found.proven == found.placements.len());
        let mut expected = by_brute_force(&model, &graph, false);
        expected.truncate(k);
        let told: Vec<_> = found.placements.iter().map(|placement| {
            let hosts = placement.hosts.iter().map(|host| host.as_usize());
            (placement.cost, hosts.collect::<Vec<_>>())
        }).collect();
        prop_assert_eq!(told, expected);
        for placement in &found.placements {
            let mut totals = [0; 3];
            for ((edges, domains), link) in placement.edges.iter().zip(&placement.segments).zip(&problem.links) {
                let links = taken(&snapshot, net, edges);
                let walk: Vec<_> = links.iter().map(|link| link.0).collect();
                prop_assert_eq!(&walk[..], &domains[..domains.len() - 1]);
                prop_assert_eq!(domains.first(), Some(&placement.hosts[link.src]));
                prop_assert_eq!(domains.last(), Some(&placement.hosts[link.dst]));
                let passed = &domains[1..domains.len().max(2) - 1];
                let (from, to) = (placement.hosts[link.src], placement.hosts[link.dst]);
                let refusing = snapshot.refusing(model.id(from), model.id(to));
                prop_assert!(passed.iter().all(|one| !refusing.contains(&(one.as_usize() as u32))));
                totals = sum(totals, model.cost(&links).unwrap());
            }
            prop_assert_eq!(totals, [placement.hops, placement.delay, placement.price]);
        }
    }

    /// An infeasible request is told of the transit that is in its way, and only if it is.
    #[test]
    fn an_explanation_names_transit_where_it_is_in_the_way(
        updates in few_links(),
        mut graph in any_graph(),
    ) {
        // Without bounds and with all refusals dropped, nothing else can be in the way.
        for (_, _, delay, hops) in &mut graph.links {
            (*delay, *hops) = (None, None);
        }
        graph.walks.clear();
        let snapshot = snapshot_of(updates);
        let model = Model::new(&snapshot);
        let problem = graph.problem(&snapshot);
        let distances = Distances::new(Arc::clone(snapshot.crossing_net()));
        let plain = Distances::new(Arc::clone(snapshot.graph().net()));
        let budgets = (Budget::unlimited(), Budget::unlimited());
        let why = explain_without_transit(&distances, Some(&plain), &problem, 1, budgets.0, budgets.1);
        let feasible = !by_brute_force(&model, &graph, false).is_empty();
        prop_assert_eq!(why.relaxations.is_none(), feasible);
        let Some(relaxations) = why.relaxations else { return Ok(()) };
        prop_assert!(relaxations.smallest);
        let possible = !by_brute_force(&model, &graph, true).is_empty();
        prop_assert_eq!(!relaxations.sets.is_empty(), possible);
        for set in &relaxations.sets {
            let policy = |one: &ConstraintRef| {
                matches!(one, ConstraintRef::Transit | ConstraintRef::Refusal { .. })
            };
            prop_assert!(set.iter().all(policy));
        }
        // Where refusals alone are dropped and it is not possible, transit is named.
        let carried = PlacementProblem { refused: RefusedTraffic::default(), ..problem.clone() };
        let alone = best_placements(&distances, &carried, 1, u64::MAX);
        if alone.placements.is_empty() {
            let names_it = |set: &Vec<ConstraintRef>| set.contains(&ConstraintRef::Transit);
            prop_assert!(relaxations.sets.iter().all(names_it));
        }
    }
}
