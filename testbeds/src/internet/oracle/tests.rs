use super::*;
use crate::internet::random::Random;
use crate::world::synthetic;

fn federation() -> Federation {
    Federation::new(&synthetic(3, 12), 3, 3, 4).unwrap()
}

/// All simple paths, by walking everywhere.
fn all(oracle: &Oracle, path: &mut Vec<u32>, dst: u32, found: &mut Vec<Vec<u32>>) {
    let at = path[path.len() - 1];
    if at == dst {
        found.push(path.clone());
        return;
    }
    for arc in oracle.arcs(at) {
        if !path.contains(&arc.to) {
            path.push(arc.to);
            all(oracle, path, dst, found);
            path.pop();
        }
    }
}

#[test]
fn candidates_are_the_first_of_all_simple_paths() {
    let federation = federation();
    let up = vec![true; federation.links().len()];
    let mut oracle = Oracle::new(&federation, &up, Objective::Hops);
    for src in 0..12 {
        for dst in 0..12 {
            let mut found = Vec::new();
            all(&oracle, &mut vec![src], dst, &mut found);
            found.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
            found.retain(|path| path.len() <= 6);
            let shortest = found.first().cloned();
            assert_eq!(oracle.shortest(src, dst), shortest);
            let cost = oracle.cost_of(&shortest.unwrap());
            assert_eq!(cost, Some(oracle.cost_to(dst)[src as usize]));
            found.truncate(7);
            let candidates = oracle.candidates(src, dst, 7, 6);
            assert_eq!(candidates, Some(found), "{src} to {dst}");
        }
    }
}

/// A customer with one provider: from the provider to it there is one path and many dead ends.
#[test]
fn dead_ends_are_got_out_of() {
    let federation = Federation::new(&synthetic(5, 400), 5, 3, 4).unwrap();
    let stub = (0..400)
        .find(|domain| federation.links_of(*domain).len() == 1)
        .unwrap();
    let (provider, ..) = federation.way_out(federation.links_of(stub)[0], stub);
    let up = vec![true; federation.links().len()];
    let mut oracle = Oracle::new(&federation, &up, Objective::Hops);
    let candidates = oracle.candidates(provider, stub, 4, 16);
    assert_eq!(candidates, Some(vec![vec![provider, stub]]));
}

#[test]
fn placements_are_the_first_of_all_assignments() {
    let federation = federation();
    let mut random = Random::new(7);
    let up: Vec<bool> = federation
        .links()
        .iter()
        .map(|_| random.below(8) > 0)
        .collect();
    for objective in [Objective::Hops, Objective::Delay] {
        let mut oracle = Oracle::new(&federation, &up, objective);
        let host = |domain| (domain, Some([domain % 3 + 1; 3]));
        let node = |takes| ChainNode {
            hosts: (0..12).map(host).collect(),
            takes: [takes; 3],
        };
        let chain = [node(1), node(2), node(1)];
        let mut right = Vec::new();
        for a in 0..12 {
            for b in 0..12 {
                for c in 0..12 {
                    let taken = |domain| {
                        let on = |host, takes| if host == domain { takes } else { 0 };
                        on(a, 1) + on(b, 2) + on(c, 1)
                    };
                    let costs = [oracle.cost_to(b)[a as usize], oracle.cost_to(c)[b as usize]];
                    if costs.contains(&FAR) || [a, b, c].iter().any(|of| taken(*of) > of % 3 + 1) {
                        continue;
                    }
                    let cost = u64::from(costs[0]) + u64::from(costs[1]);
                    right.push((cost, vec![a, b, c]));
                }
            }
        }
        right.sort();
        right.truncate(9);
        assert_eq!(place(&mut oracle, &chain, 9), right);
    }
}

#[test]
fn delays_are_those_of_the_direction() {
    let federation = federation();
    let up = vec![true; federation.links().len()];
    let mut oracle = Oracle::new(&federation, &up, Objective::Delay);
    for dst in 0..12 {
        let costs = oracle.cost_to(dst);
        for src in (0..12).filter(|src| *src != dst) {
            // Bellman: the cost of the best first step.
            let best = oracle
                .arcs(src)
                .iter()
                .map(|arc| arc.there + costs[arc.to as usize]);
            assert_eq!(best.min(), Some(costs[src as usize]));
        }
    }
}
