//! Candidate path vectors equal a brute-force enumeration, whole or cut.

use idt::search::{PathCaps, candidate_paths, shortest_path};
use proptest::prelude::*;

use crate::federation::{Federation, any_federation, positions};

const WHOLE: PathCaps = PathCaps {
    per_pair: usize::MAX,
    max_domains: usize::MAX,
    work: u64::MAX,
};

/// Per pair, in order, the paths by brute force.
fn by_pair(
    federation: &Federation,
    sources: &[usize],
    destinations: &[usize],
) -> Vec<Vec<Vec<usize>>> {
    let in_order = |list: &[usize]| -> Vec<usize> {
        (0..federation.len())
            .filter(|position| list.contains(position))
            .collect()
    };
    let destinations = in_order(destinations);
    in_order(sources)
        .into_iter()
        .flat_map(|src| destinations.iter().map(move |dst| (src, *dst)))
        .map(|(src, dst)| federation.simple_paths(src, dst))
        .collect()
}

fn search(
    federation: &Federation,
    sources: &[usize],
    destinations: &[usize],
    caps: &PathCaps,
) -> (Vec<Vec<usize>>, idt::search::Cuts) {
    let (sources, destinations) = (federation.at(sources), federation.at(destinations));
    let found = candidate_paths(federation.graph(), &sources, &destinations, caps);
    (
        found
            .vectors
            .iter()
            .map(|vector| positions(vector))
            .collect(),
        found.cuts,
    )
}

/// A federation, sources and destinations in any order and with repetitions.
fn any_request() -> impl Strategy<Value = (Federation, Vec<usize>, Vec<usize>)> {
    any_federation(7).prop_flat_map(|federation| {
        let some = prop::collection::vec(0..federation.len(), 0..=4);
        (Just(federation), some.clone(), some)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn without_caps_all_simple_paths_come_in_order((federation, sources, destinations) in any_request()) {
        let (vectors, cuts) = search(&federation, &sources, &destinations, &WHOLE);
        prop_assert_eq!(vectors, by_pair(&federation, &sources, &destinations).concat());
        prop_assert!(!cuts.any());
    }

    #[test]
    fn capped_answers_are_the_first_of_the_whole_and_say_what_was_cut(
        (federation, sources, destinations) in any_request(),
        per_pair in prop_oneof![0_usize..6, Just(usize::MAX)],
        max_domains in 0_usize..9,
    ) {
        let caps = PathCaps { per_pair, max_domains, work: u64::MAX };
        let (vectors, cuts) = search(&federation, &sources, &destinations, &caps);

        let whole = by_pair(&federation, &sources, &destinations);
        let short = |pair: &Vec<Vec<usize>>| -> Vec<Vec<usize>> {
            pair.iter().filter(|path| path.len() <= max_domains).cloned().collect()
        };
        let expected: Vec<_> =
            whole.iter().flat_map(|pair| short(pair).into_iter().take(per_pair)).collect();
        prop_assert_eq!(vectors, expected);

        prop_assert!(!cuts.work);
        prop_assert_eq!(cuts.per_pair, whole.iter().any(|pair| short(pair).len() > per_pair));
        let longer = whole.iter().flatten().any(|path| path.len() > max_domains);
        if cuts.per_pair {
            prop_assert!(cuts.length || !longer, "a longer path exists");
        } else {
            prop_assert_eq!(cuts.length, longer);
        }
    }

    #[test]
    fn an_answer_cut_by_work_is_the_beginning_of_the_whole(
        (federation, sources, destinations) in any_request(),
        per_pair in prop_oneof![0_usize..6, Just(usize::MAX)],
        max_domains in 0_usize..9,
        work in 0_u64..3000,
    ) {
        let caps = PathCaps { per_pair, max_domains, work: u64::MAX };
        let (whole, all_cuts) = search(&federation, &sources, &destinations, &caps);
        let (vectors, cuts) = search(&federation, &sources, &destinations, &PathCaps { work, ..caps });
        prop_assert!(whole.starts_with(&vectors));
        if cuts.work {
            let longer = by_pair(&federation, &sources, &destinations)
                .iter().flatten().any(|path| path.len() > max_domains);
            prop_assert!(cuts.length || !longer, "a longer path exists");
            prop_assert!(all_cuts.per_pair || !cuts.per_pair, "no pair has more");
        } else {
            prop_assert_eq!(vectors, whole);
            prop_assert_eq!(cuts, all_cuts);
        }
    }

    #[test]
    fn the_shortest_path_is_the_first_of_all(federation in any_federation(7)) {
        for src in 0..federation.len() {
            for dst in 0..federation.len() {
                let ends = federation.at(&[src, dst]);
                let path = shortest_path(federation.graph(), ends[0], ends[1]);
                let expected = federation.simple_paths(src, dst).into_iter().next();
                prop_assert_eq!(path.map(|path| positions(&path)), expected);
            }
        }
    }
}

#[test]
fn a_domain_reaches_itself_by_one_path_only() {
    let ring = Federation::new(3, &[(0, 1), (1, 2), (2, 0)]);
    let (vectors, cuts) = search(&ring, &[1], &[1], &WHOLE);
    assert_eq!(vectors, [[1]]);
    assert!(!cuts.any());
}

#[test]
fn an_index_of_a_larger_graph_is_on_no_path() {
    let (small, large) = (Federation::new(2, &[(0, 1)]), Federation::new(5, &[(0, 1)]));
    let foreign = large.at(&[4]);
    let own = small.at(&[0]);
    for (from, to) in [(&foreign, &own), (&own, &foreign), (&foreign, &foreign)] {
        assert_eq!(
            candidate_paths(small.graph(), from, to, &WHOLE)
                .vectors
                .len(),
            0
        );
        assert_eq!(shortest_path(small.graph(), from[0], to[0]), None);
    }
    assert_eq!(small.graph().neighbours(foreign[0]).count(), 0);
    assert!(!small.graph().connected(foreign[0], foreign[0]));
}
